//! May this patron place this hold, and how long does it wait?

use crate::blocks::{self, Block};
use crate::facts::{Card, Patron};
use crate::policy::{DerivedBlockPolicy, PlacingPolicy};
use crate::{Decision, Moment, Reason, validity};
use chrono::{Days, NaiveDate};

/// What somebody wants to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// For each collection that has an item which could serve the hold one day, what applies to placing it. An item that
    /// is lost, withdrawn or for use in the library serves none.
    pub servable: &'a [PlacingPolicy],
    /// Whether the patron waits for it in the same way already, or has an item of it on loan.
    pub already: bool,
    /// Holds of the patron that wait, travel or are ready.
    pub open_holds: u64,
    /// Whether branch, stop or locker exist and hand holds out.
    pub pickup_place_known: bool,
}

/// A patron who wants to place a hold.
#[derive(Debug, Clone, Copy)]
pub struct Placing<'a> {
    /// The card of the session.
    pub card: &'a Card,
    /// Its patron.
    pub patron: &'a Patron,
    /// What is wanted; none where no title or item is called so.
    pub wanted: Option<&'a Wanted<'a>>,
    /// What blocks lending at the pickup branch.
    pub blocks: &'a DerivedBlockPolicy,
    /// The pickup branch.
    pub branch: i64,
    /// When it is asked.
    pub moment: &'a Moment,
}

/// Decides, with every reason that holds.
///
/// Of the card and the patron: `CardExpired`, `CardNotInForce`, and where the policy says so what blocks lending:
/// `LendingBan`, `DebtLimit`, `YearTurnDebt`, `OverdueItems`, `WardBlocked`. Of the hold: `TitleUnknown` alone, or
/// `HoldNotAllowed`, `HoldLimit`, `HoldAlreadyYours`, `PickupPlaceUnknown`.
#[must_use]
pub fn decide(placing: &Placing<'_>) -> Decision {
    if let Some(decision) = validity::neutral_refusal(placing.patron) {
        return decision;
    }
    let Placing { card, patron, branch, moment, .. } = *placing;
    let mut reasons = Vec::new();
    validity::push_reasons(card, patron, moment.today(), &mut reasons);
    let Some(wanted) = placing.wanted else {
        reasons.push(Reason::TitleUnknown);
        return Decision::from_reasons(reasons);
    };
    let applies = wanted.servable.iter().find(|policy| policy.allowed);
    if applies.is_none() {
        reasons.push(Reason::HoldNotAllowed);
    }
    if applies.is_some_and(|policy| policy.blocked_with_lending) {
        reasons.extend(blocks::of_lending(patron, placing.blocks, branch, moment).iter().map(Block::reason));
    }
    let limit = applies.and_then(|policy| policy.max_total);
    if limit.is_some_and(|max| wanted.open_holds >= u64::from(max)) {
        reasons.push(Reason::HoldLimit);
    }
    if wanted.already {
        reasons.push(Reason::HoldAlreadyYours);
    }
    if !wanted.pickup_place_known {
        reasons.push(Reason::PickupPlaceUnknown);
    }
    Decision::from_reasons(reasons)
}

/// The last day on which a hold waits in its queue: what the patron asked for, within the policy.
#[must_use]
pub fn last_day(policy: &PlacingPolicy, asked: Option<NaiveDate>, today: NaiveDate) -> NaiveDate {
    let latest = after(today, policy.validity_days);
    asked.map_or(latest, |asked| asked.min(latest))
}

/// The day until which a hold is frozen: what the patron asked for, within the policy. Nothing is handed out to it
/// before; its place in the queue stays.
#[must_use]
pub fn frozen_until(policy: &PlacingPolicy, asked: NaiveDate, today: NaiveDate) -> NaiveDate {
    asked.min(after(today, policy.freeze_days_max))
}

fn after(today: NaiveDate, days: u16) -> NaiveDate {
    today.checked_add_days(Days::new(days.into())).unwrap_or(NaiveDate::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::DebtComparator;
    use crate::samples::{OUR_BRANCH, arb_patron, ban, blocks, card, date, local, patron};
    use crate::{BanKind, CardState, PatronState};
    use proptest::prelude::*;

    const POLICY: PlacingPolicy = PlacingPolicy {
        allowed: true,
        max_total: Some(50),
        blocked_with_lending: true,
        validity_days: 730,
        freeze_days_max: 365,
    };
    const NEVER: PlacingPolicy = PlacingPolicy { allowed: false, ..POLICY };

    fn wanted(servable: &[PlacingPolicy]) -> Wanted<'_> {
        Wanted { servable, already: false, open_holds: 0, pickup_place_known: true }
    }

    fn ask(card: &Card, patron: &Patron, wanted: Option<&Wanted<'_>>) -> Vec<Reason> {
        let placing = Placing {
            card,
            patron,
            wanted,
            blocks: &blocks(DebtComparator::AtLeast),
            branch: OUR_BRANCH,
            moment: &local("2026-05-20 12:00"),
        };
        decide(&placing).reasons().to_vec()
    }

    #[test]
    fn one_collection_that_may_be_held_is_enough() {
        let table: [(&[PlacingPolicy], &[Reason]); 4] = [
            (&[POLICY], &[]),
            (&[NEVER, POLICY], &[]),
            (&[NEVER], &[Reason::HoldNotAllowed]),
            (&[], &[Reason::HoldNotAllowed]),
        ];
        for (servable, expected) in table {
            assert_eq!(ask(&card(), &patron(), Some(&wanted(servable))), expected, "{servable:?}");
        }
        assert_eq!(ask(&card(), &patron(), None), [Reason::TitleUnknown]);
    }

    #[test]
    fn every_reason_that_holds_is_told() {
        let lost = Card { state: CardState::Lost, ..card() };
        let debtor = Patron { debt_cents: 1_000, bans: vec![ban(BanKind::Lending, None)], ..patron() };
        let all = Wanted { already: true, open_holds: 50, pickup_place_known: false, ..wanted(&[POLICY]) };
        assert_eq!(
            ask(&lost, &debtor, Some(&all)),
            [
                Reason::CardNotInForce,
                Reason::LendingBan,
                Reason::DebtLimit,
                Reason::HoldLimit,
                Reason::HoldAlreadyYours,
                Reason::PickupPlaceUnknown,
            ]
        );
        let lenient = PlacingPolicy { blocked_with_lending: false, ..POLICY };
        assert_eq!(ask(&card(), &debtor, Some(&wanted(&[lenient]))), []);
    }

    #[test]
    fn the_limit_counts_at_equality() {
        for (open_holds, expected) in [(49, &[][..]), (50, &[Reason::HoldLimit]), (51, &[Reason::HoldLimit])]
        {
            let wanted = Wanted { open_holds, ..wanted(&[POLICY]) };
            assert_eq!(ask(&card(), &patron(), Some(&wanted)), expected, "{open_holds}");
        }
        let open = PlacingPolicy { max_total: None, ..POLICY };
        assert_eq!(ask(&card(), &patron(), Some(&Wanted { open_holds: 10_000, ..wanted(&[open]) })), []);
    }

    #[test]
    fn a_restricted_patron_gets_the_neutral_refusal() {
        let restricted = Patron { state: PatronState::Restricted, debt_cents: 9_999, ..patron() };
        assert_eq!(ask(&card(), &restricted, Some(&wanted(&[]))), [Reason::CardNotInForce]);
    }

    #[test]
    fn days_stay_within_the_policy() {
        let today = date("2026-05-20");
        let table =
            [(None, "2028-05-19"), (Some("2026-08-01"), "2026-08-01"), (Some("2040-01-01"), "2028-05-19")];
        for (asked, last) in table {
            assert_eq!(last_day(&POLICY, asked.map(date), today), date(last), "{asked:?}");
        }
        assert_eq!(frozen_until(&POLICY, date("2026-07-01"), today), date("2026-07-01"));
        assert_eq!(frozen_until(&POLICY, date("2030-07-01"), today), date("2027-05-20"));
    }

    proptest! {
        #[test]
        fn reasons_are_in_order(patron in arb_patron(), open_holds in 0_u64..60, already: bool) {
            let wanted = Wanted { open_holds, already, ..wanted(&[POLICY]) };
            prop_assert!(ask(&card(), &patron, Some(&wanted)).is_sorted_by(|a, b| a < b));
        }
    }
}
