//! Why a reason holds, and what lifts it: for staff who explain a refusal.
//!
//! It looks at the same facts as the decision did and decides nothing itself.

use crate::age::birthday_on;
use crate::bans::is_in_force;
use crate::blocks::{self, Cause};
use crate::facts::{Card, Item, Patron};
use crate::policy::DerivedBlockPolicy;
use crate::{BanKind, Moment, Reason};
use chrono::{DateTime, NaiveDate, Utc};

/// One thing that a reason rests on. What does not apply is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Because {
    /// The reason.
    pub reason: Reason,
    /// The ward whose block it is.
    pub ward: Option<i64>,
    /// The ban that lifting lifts.
    pub ban: Option<i64>,
    /// What has to be paid at least, in cents.
    pub to_pay_cents: Option<i64>,
    /// The day from which it counts: a due date, the day of a debt, the last day of a card.
    pub since: Option<NaiveDate>,
    /// When it goes by itself.
    pub lifts_at: Option<DateTime<Utc>>,
}

/// What a decision looked at.
#[derive(Debug, Clone, Copy)]
pub struct Looked<'a> {
    /// The card.
    pub card: &'a Card,
    /// Its patron.
    pub patron: &'a Patron,
    /// The item, where one was asked about.
    pub item: Option<&'a Item>,
    /// The branch.
    pub branch: i64,
    /// The policy of derived blocks that applied.
    pub blocks: &'a DerivedBlockPolicy,
    /// Years from which no guardian's consent is needed at a door.
    pub consent_age: u8,
    /// When it was asked.
    pub moment: &'a Moment,
}

/// What each of these reasons rests on, in their order; at least one entry for each.
#[must_use]
pub fn because(reasons: &[Reason], looked: &Looked<'_>) -> Vec<Because> {
    reasons.iter().flat_map(|reason| of_reason(*reason, looked)).collect()
}

fn of_reason(reason: Reason, looked: &Looked<'_>) -> Vec<Because> {
    let bare = Because { reason, ward: None, ban: None, to_pay_cents: None, since: None, lifts_at: None };
    let banned = |kind| {
        let counts = |ban: &&crate::facts::Ban| {
            ban.kind == kind && is_in_force(ban, looked.branch, looked.moment.at())
        };
        let bans = looked.patron.bans.iter().filter(counts);
        bans.map(|ban| Because { ban: Some(ban.id), lifts_at: ban.ends_at, ..bare }).collect()
    };
    let of_age = |years: Option<u8>| {
        let birth = looked.patron.birth_date;
        let day = birth.zip(years).and_then(|(birth, years)| birthday_on(birth, years));
        vec![Because { lifts_at: day.map(|day| looked.moment.start_of(day)), ..bare }]
    };
    let found = match reason {
        Reason::LendingBan
        | Reason::DebtLimit
        | Reason::YearTurnDebt
        | Reason::OverdueItems
        | Reason::WardBlocked => of_blocks(bare, looked),
        Reason::UseBan => banned(BanKind::Use),
        Reason::SelfServiceBan => banned(BanKind::SelfService),
        Reason::CardExpired => {
            let last_days = [looked.card.valid_until, looked.patron.valid_until];
            vec![Because { since: last_days.into_iter().flatten().min(), ..bare }]
        }
        Reason::AgeRating => of_age(looked.item.and_then(|item| item.age_rating)),
        Reason::GuardianConsentMissing => of_age(Some(looked.consent_age)),
        _ => Vec::new(),
    };
    if found.is_empty() { vec![bare] } else { found }
}

fn of_blocks(bare: Because, looked: &Looked<'_>) -> Vec<Because> {
    let all = blocks::of_lending(looked.patron, looked.blocks, looked.branch, looked.moment);
    let of_reason = all.into_iter().filter(|block| block.reason() == bare.reason);
    of_reason
        .map(|block| {
            let bare = Because { ward: block.ward, ..bare };
            match block.cause {
                Cause::Ban { ban, ends_at } => Because { ban: Some(ban), lifts_at: ends_at, ..bare },
                Cause::Debt { to_pay_cents, .. } => Because { to_pay_cents: Some(to_pay_cents), ..bare },
                Cause::YearTurnDebt { since } => Because { since: Some(since), ..bare },
                Cause::Overdue { due_on } => Because { since: Some(due_on), ..bare },
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Ward;
    use crate::policy::DebtComparator;
    use crate::samples::{
        OTHER_PATRON, OUR_BRANCH, ban, blocks, book, card, date, instant, local, patron, ward,
    };

    #[test]
    fn each_reason_says_what_it_rests_on_and_what_lifts_it() {
        let ends = Some(instant("2026-06-01T12:00:00Z"));
        let ours = crate::facts::Ban { id: 7, ends_at: ends, ..ban(BanKind::Lending, None) };
        let at_door = crate::facts::Ban { id: 8, ..ban(BanKind::SelfService, Some(OUR_BRANCH)) };
        let who = Patron {
            birth_date: Some(date("2012-02-29")),
            debt_cents: 1_500,
            earliest_due: Some(date("2026-01-07")),
            bans: vec![ours, at_door],
            wards: vec![Ward { debt_cents: 1_000, ..ward() }, Ward { patron: 9, ..ward() }],
            ..patron()
        };
        let expired = Card { valid_until: Some(date("2026-05-19")), ..card() };
        let rated = Item { age_rating: Some(16), ..book() };
        let policy = DerivedBlockPolicy {
            overdue_days: Some(28),
            inherit_to_guardian: true,
            ..blocks(DebtComparator::AtLeast)
        };
        let looked = Looked {
            card: &expired,
            patron: &who,
            item: Some(&rated),
            branch: OUR_BRANCH,
            blocks: &policy,
            consent_age: 15,
            moment: &local("2026-05-20 12:00"),
        };
        let bare = |reason| Because {
            reason,
            ward: None,
            ban: None,
            to_pay_cents: None,
            since: None,
            lifts_at: None,
        };
        let table = [
            (Reason::LendingBan, Because { ban: Some(7), lifts_at: ends, ..bare(Reason::LendingBan) }),
            (Reason::SelfServiceBan, Because { ban: Some(8), ..bare(Reason::SelfServiceBan) }),
            (Reason::DebtLimit, Because { to_pay_cents: Some(501), ..bare(Reason::DebtLimit) }),
            (Reason::OverdueItems, Because { since: Some(date("2026-01-07")), ..bare(Reason::OverdueItems) }),
            (
                Reason::WardBlocked,
                Because { ward: Some(OTHER_PATRON), to_pay_cents: Some(1), ..bare(Reason::WardBlocked) },
            ),
            (Reason::CardExpired, Because { since: Some(date("2026-05-19")), ..bare(Reason::CardExpired) }),
            // Sixteen on 29 February 2028, fifteen on 28 February 2027, each from local midnight on.
            (
                Reason::AgeRating,
                Because { lifts_at: Some(instant("2028-02-28T22:00:00Z")), ..bare(Reason::AgeRating) },
            ),
            (
                Reason::GuardianConsentMissing,
                Because {
                    lifts_at: Some(instant("2027-02-27T22:00:00Z")),
                    ..bare(Reason::GuardianConsentMissing)
                },
            ),
            (Reason::Closed, bare(Reason::Closed)),
        ];
        for (reason, expected) in table {
            assert_eq!(because(&[reason], &looked), [expected], "{reason:?}");
        }
        let every: Vec<_> = because(Reason::ALL, &looked).into_iter().map(|because| because.reason).collect();
        assert!(Reason::ALL.iter().all(|reason| every.contains(reason)), "each reason has an entry");
    }
}
