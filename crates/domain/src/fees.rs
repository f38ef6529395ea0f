//! What is owed, and how it is paid (A68 to A70): cents, counted in whole ones.
//!
//! | question | rule |
//! |---|---|
//! | what does this late loan cost? | [`overdue`] |
//! | which fees does this payment pay? | [`payment`] |
//! | from which fees is it paid back? | [`refund`] |
//! | when does a fee lapse? | [`lapse`] |

pub mod lapse;
pub mod overdue;
pub mod payment;
pub mod refund;

use crate::policy::{ChargePolicy, REMINDERS_MAX};
use crate::{FeeKind, FeeLaw};
use chrono::NaiveDate;

/// The law by which a fee of this kind lapses. What replaces or sells a thing is private; every other fee is a charge
/// of a public service.
#[must_use]
pub const fn law(kind: FeeKind) -> FeeLaw {
    match kind {
        FeeKind::Compensation | FeeKind::Other => FeeLaw::Private,
        FeeKind::Overdue
        | FeeKind::Reminder
        | FeeKind::UncollectedHold
        | FeeKind::ReplacementCard
        | FeeKind::Billing => FeeLaw::Public,
    }
}

/// What a hold costs that was not picked up, in cents.
#[must_use]
pub fn uncollected_hold(policy: &ChargePolicy, birth: Option<NaiveDate>, today: NaiveDate) -> i64 {
    let exempt = policy.uncollected_hold_exempt_under_age;
    if is_under(birth, exempt, today) { 0 } else { policy.uncollected_hold_cents.into() }
}

/// What a card costs in place of a lost one, in cents.
#[must_use]
pub fn replacement_card(policy: &ChargePolicy, is_child: bool) -> i64 {
    policy.card_child_cents.filter(|_| is_child).unwrap_or(policy.card_cents).into()
}

/// The step in the ledger of a reminder's fee: a loan that was renewed and is late anew is reminded, and charged, anew.
/// `step` is 1 for the first reminder.
#[must_use]
pub fn reminder_step(renewals: i16, step: u8) -> i16 {
    renewals.saturating_mul(REMINDERS_MAX as i16).saturating_add(step.into())
}

/// Whether somebody is known to be younger.
fn is_under(birth: Option<NaiveDate>, years: u8, today: NaiveDate) -> bool {
    birth.is_some_and(|birth| !crate::age::has_reached(birth, years, today))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::date;

    const POLICY: ChargePolicy = ChargePolicy {
        uncollected_hold_cents: 150,
        uncollected_hold_exempt_under_age: 15,
        card_cents: 300,
        card_child_cents: Some(150),
    };

    #[test]
    fn children_pay_less_or_nothing_by_policy() {
        let today = date("2026-05-20");
        for (birth, cents) in [(None, 150), (Some("2011-05-20"), 150), (Some("2011-05-21"), 0)] {
            assert_eq!(uncollected_hold(&POLICY, birth.map(date), today), cents, "{birth:?}");
        }
        assert_eq!((replacement_card(&POLICY, false), replacement_card(&POLICY, true)), (300, 150));
        let same = ChargePolicy { card_child_cents: None, ..POLICY };
        assert_eq!(replacement_card(&same, true), 300);
    }

    #[test]
    fn no_two_reminders_of_a_loan_have_one_step() {
        let mut steps: Vec<_> =
            (0..4).flat_map(|renewals| [1, 2, 3].map(|step| reminder_step(renewals, step))).collect();
        assert_eq!(steps[..4], [1, 2, 3, 4]);
        steps.dedup();
        assert_eq!(steps.len(), 12);
    }

    #[test]
    fn compensations_and_sales_are_private_and_the_rest_is_public() {
        let private: Vec<_> = FeeKind::ALL.iter().filter(|kind| law(**kind) == FeeLaw::Private).collect();
        assert_eq!(private, [&FeeKind::Compensation, &FeeKind::Other]);
    }
}
