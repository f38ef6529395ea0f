//! What holds at doors and PCs whatever the facts.

use super::*;
use crate::samples::{arb_ban, arb_patron};
use proptest::prelude::*;
use proptest::sample::select;

fn arb_policy() -> impl Strategy<Value = EntryPolicy> {
    let unknown = || select(UnknownBirthDate::ALL);
    (select(GrantMode::ALL), 0_u8..=18, any::<[bool; 6]>(), 0_u8..=18, unknown(), 0_u8..=18, unknown())
        .prop_map(
            |(
                grant_mode,
                min_age,
                flags,
                lowest_age,
                unknown_birth_date,
                pc_min_age,
                pc_unknown_birth_date,
            )| {
                EntryPolicy {
                    grant_mode,
                    min_age,
                    guardian_consent: flags[0],
                    lowest_age,
                    institutions_admitted: flags[1],
                    blocked_by_lending_ban: flags[2],
                    blocked_by_debt: flags[3],
                    blocked_by_overdue: flags[5],
                    blocks: policy().blocks,
                    unknown_birth_date,
                    pc_min_age,
                    pc_unknown_birth_date,
                    pc_blocked_by_lending_ban: flags[4],
                }
            },
        )
}

fn arb_ask() -> impl Strategy<Value = Ask> {
    let windows = select(vec![Vec::new(), always(OpeningMode::Staffed), always(OpeningMode::SelfService)]);
    let kind = select(vec![ResourceKind::Door, ResourceKind::Pc]);
    (arb_patron(), arb_policy(), kind, proptest::option::of(0_u8..=18), windows).prop_map(
        |(patron, policy, kind, min_age, windows)| Ask {
            policy,
            kind,
            min_age,
            windows,
            ..Ask::door(patron)
        },
    )
}

impl std::fmt::Debug for Ask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {:?} {:?} {:?} {:?}", self.patron, self.policy, self.kind, self.min_age, self.windows)
    }
}

proptest! {
    #[test]
    fn one_more_ban_never_grants(ask in arb_ask(), ban in arb_ban()) {
        let before = ask.reasons();
        prop_assert!(before.is_sorted_by(|a, b| a < b));
        let mut banned = ask.patron.clone();
        banned.bans.push(ban);
        let after = Ask { patron: banned, ..ask }.reasons();
        prop_assert!(before.iter().all(|reason| after.contains(reason)), "{before:?}, then {after:?}");
    }

    #[test]
    fn one_more_right_never_refuses(ask in arb_ask(), kind in select(RightKind::ALL)) {
        let before = ask.reasons();
        let mut trusted = ask.patron.clone();
        trusted.rights.push(right(kind, None));
        let after = Ask { patron: trusted, ..ask }.reasons();
        prop_assert!(after.iter().all(|reason| before.contains(reason)), "{before:?}, then {after:?}");
    }

    #[test]
    fn growing_older_never_takes_entry_away(ask in arb_ask(), years in 1_i32..40) {
        // A contract is one's own: who enters by a guardian's consent must make one when of age.
        prop_assume!(ask.policy.grant_mode != GrantMode::WrittenContract);
        prop_assume!(ask.policy.grant_mode == GrantMode::All || !ask.patron.rights.is_empty());
        let Some(birth) = ask.patron.birth_date else { return Ok(()) };
        let earlier = birth - chrono::Days::new(u64::try_from(years * 365).unwrap());
        let older = Patron { birth_date: Some(earlier), ..ask.patron.clone() };
        let before = ask.reasons();
        // A right of another branch is none here, at any age.
        prop_assume!(ask.policy.grant_mode == GrantMode::All
            || ask.patron.rights.iter().any(|right| right.branch != Some(OTHER_BRANCH)));
        let after = Ask { patron: older, ..ask }.reasons();
        // Whoever was too young for consent to help may now lack it: another reason, but no entry lost.
        let age = [Reason::BelowAgeLimit, Reason::GuardianConsentMissing];
        let known = |reason: &Reason| {
            before.contains(reason) || (age.contains(reason) && before.iter().any(|had| age.contains(had)))
        };
        prop_assert!(after.iter().all(known), "{before:?}, then {after:?}");
    }
}
