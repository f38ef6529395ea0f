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

use crate::policy::{CardFeePolicy, REMINDERS_MAX, UncollectedPolicy};
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
pub fn uncollected_hold(policy: &UncollectedPolicy, birth: Option<NaiveDate>, today: NaiveDate) -> i64 {
    if is_under(birth, policy.exempt_under_age, today) { 0 } else { policy.cents.into() }
}

/// What a card costs in place of a lost one, in cents.
#[must_use]
pub fn replacement_card(policy: &CardFeePolicy, is_child: bool) -> i64 {
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

    const CARDS: CardFeePolicy = CardFeePolicy { card_cents: 300, card_child_cents: Some(150) };
    const HOLDS: UncollectedPolicy = UncollectedPolicy { cents: 150, exempt_under_age: 15 };

    #[test]
    fn children_pay_less_or_nothing_by_policy() {
        let today = date("2026-05-20");
        for (birth, cents) in [(None, 150), (Some("2011-05-20"), 150), (Some("2011-05-21"), 0)] {
            assert_eq!(uncollected_hold(&HOLDS, birth.map(date), today), cents, "{birth:?}");
        }
        assert_eq!((replacement_card(&CARDS, false), replacement_card(&CARDS, true)), (300, 150));
        let same = CardFeePolicy { card_child_cents: None, ..CARDS };
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
