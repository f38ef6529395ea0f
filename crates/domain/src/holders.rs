//! Who may take what waits for a hold: its holder, and by policy the guardian of a child.

use crate::facts::{KeptFor, Patron};
use crate::relations::Bond;
use crate::{Moment, Reason, RelationKind};

/// What policies say of those who pick up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HolderPolicy {
    /// Whether a guardian may take what waits for a child.
    pub guardian_picks_up: bool,
    /// Whether only the card that placed the hold takes it.
    pub same_card_only: bool,
    /// Years of the ward at which the relation to a guardian ends by itself.
    pub guardian_end_age: u8,
}

/// Whoever stands before the shelf.
#[derive(Debug, Clone, Copy)]
pub struct Taker<'a> {
    /// The patron.
    pub patron: &'a Patron,
    /// The id under which holds know the patron.
    pub patron_id: i64,
    /// The id under which holds know the card.
    pub card_id: i64,
}

/// Why the taker may not have it; none where it waits for them. To anybody else it is `ItemHeld`, whoever holds it.
#[must_use]
pub fn refusal(kept: &KeptFor, taker: &Taker<'_>, policy: &HolderPolicy, moment: &Moment) -> Option<Reason> {
    if kept.patron == taker.patron_id {
        let other_card = kept.card.is_some_and(|card| card != taker.card_id);
        return (policy.same_card_only && other_card).then_some(Reason::HoldOtherCard);
    }
    let is_guardian = policy.guardian_picks_up
        && taker.patron.wards.iter().any(|ward| {
            let bond = Bond {
                kind: ward.relation,
                valid_from: ward.valid_from,
                valid_until: ward.valid_until,
                dissolved: false,
                ward_birth_date: ward.birth_date,
            };
            ward.patron == kept.patron
                && ward.relation == RelationKind::Guardian
                && bond.is_in_force(policy.guardian_end_age, moment.today())
        });
    (!is_guardian).then_some(Reason::ItemHeld)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Ward;
    use crate::samples::{OTHER_PATRON, OUR_BRANCH, OUR_PATRON, date, local, patron, ward};

    const POLICY: HolderPolicy =
        HolderPolicy { guardian_picks_up: true, same_card_only: false, guardian_end_age: 15 };
    const CARD: i64 = 31;

    fn kept(patron: i64) -> KeptFor {
        KeptFor { patron, pickup_branch: OUR_BRANCH, card: Some(CARD) }
    }

    fn ask(kept: &KeptFor, patron: &Patron, card_id: i64, policy: &HolderPolicy) -> Option<Reason> {
        refusal(kept, &Taker { patron, patron_id: OUR_PATRON, card_id }, policy, &local("2026-05-20 12:00"))
    }

    #[test]
    fn the_holder_comes_with_any_card_unless_the_policy_asks_for_the_same() {
        let same = HolderPolicy { same_card_only: true, ..POLICY };
        let unknown = KeptFor { card: None, ..kept(OUR_PATRON) };
        let table = [
            (kept(OUR_PATRON), CARD, &POLICY, None),
            (kept(OUR_PATRON), CARD + 1, &POLICY, None),
            (kept(OUR_PATRON), CARD, &same, None),
            (kept(OUR_PATRON), CARD + 1, &same, Some(Reason::HoldOtherCard)),
            (unknown, CARD + 1, &same, None),
            (kept(OTHER_PATRON), CARD, &POLICY, Some(Reason::ItemHeld)),
        ];
        for (kept, card, policy, expected) in table {
            assert_eq!(ask(&kept, &patron(), card, policy), expected, "{kept:?} {card}");
        }
    }

    #[test]
    fn a_guardian_comes_for_a_child_while_being_one() {
        let guardian = |ward: Ward| Patron { wards: vec![ward], ..patron() };
        let no = HolderPolicy { guardian_picks_up: false, ..POLICY };
        let held = Some(Reason::ItemHeld);
        let table = [
            (guardian(ward()), &POLICY, None),
            (guardian(ward()), &no, held),
            (guardian(Ward { birth_date: Some(date("2011-05-20")), ..ward() }), &POLICY, held),
            (guardian(Ward { birth_date: Some(date("2011-05-21")), ..ward() }), &POLICY, None),
            (guardian(Ward { valid_until: Some(date("2026-05-19")), ..ward() }), &POLICY, held),
            (guardian(Ward { relation: RelationKind::Guarantor, ..ward() }), &POLICY, held),
            (guardian(Ward { patron: 999, ..ward() }), &POLICY, held),
        ];
        for (patron, policy, expected) in table {
            assert_eq!(ask(&kept(OTHER_PATRON), &patron, CARD, policy), expected, "{:?}", patron.wards);
        }
    }
}
