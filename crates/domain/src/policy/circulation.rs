//! What the rules of loans, holds, fees and notices see of the policies.

use super::ladder::Question;
use super::trace::{AppliedPolicy, Clerk, Nobody, Witness};
use super::views::{at, everywhere};
use super::{
    CapScope, ClosedDueDay, FeeUnit, FoundCredit, LendingPolicy, PartialPayment, Place, PolicySet,
    RenewalStart,
};
use crate::PatronCategory;
use crate::debt::DebtLimit;
use crate::holders::HolderPolicy;
use chrono::NaiveDate;

/// What is borrowed, as far as policies tell it apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ItemClass<'a> {
    /// The material, for example `book`; empty where no item is meant.
    pub material: &'a str,
    /// The collection, for example `children`; empty where no item is meant.
    pub collection: &'a str,
}

/// How long a loan lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DuePolicy {
    /// Days from the loan to its due date.
    pub period_days: u16,
    /// The same where others wait for the title; none means no difference.
    pub held_period_days: Option<u16>,
    /// What becomes of a due date on which the branch is closed.
    pub closed_day: ClosedDueDay,
}

/// What applies to a renewal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RenewalPolicy {
    /// Times at most.
    pub max: u8,
    /// Whether nothing is renewed for which others wait.
    pub blocked_by_hold: bool,
    /// The debt at which nothing is renewed.
    pub debt_limit: DebtLimit,
    /// From when the days count.
    pub start: RenewalStart,
}

/// What a kiosk may do with a loan beyond lending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeskPolicy {
    /// Whether scanning a loan of one's own again renews it.
    pub rescan_renews: bool,
    /// Minutes for which a check-out can be undone.
    pub undo_minutes: u16,
}

/// What a late loan costs, on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OverduePolicy {
    /// Cents for each unit.
    pub cents: u32,
    /// What is counted.
    pub unit: FeeUnit,
    /// Days that cost nothing.
    pub grace_days: u16,
    /// Cents at most; none means no cap.
    pub cap_cents: Option<u32>,
    /// Of what the cap is.
    pub cap_scope: CapScope,
    /// Years under which nobody pays.
    pub exempt_under_age: u8,
    /// Whether days on which the branch is closed count.
    pub closed_days: bool,
    /// Whether today's values count for the days before it too.
    pub retroactive: bool,
}

/// What a lost or billed item costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompensationPolicy {
    /// Cents for an item that names no price.
    pub default_cents: u32,
    /// What billing costs.
    pub bill_cents: u32,
    /// What is taken back when the item turns up.
    pub found_credit: FoundCredit,
}

/// What a hold costs that was not picked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UncollectedPolicy {
    /// Cents.
    pub cents: u32,
    /// Years under which nobody pays for it.
    pub exempt_under_age: u8,
}

/// What a new card costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CardFeePolicy {
    /// Cents for a card in place of a lost one.
    pub card_cents: u32,
    /// The same for a child; none means the same as everybody.
    pub card_child_cents: Option<u32>,
}

/// What may be paid where, in the whole consortium.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaymentPolicy {
    /// Cents online at least.
    pub online_min_cents: u32,
    /// How a part may be paid online.
    pub online_partial: PartialPayment,
    /// How a part may be paid at a kiosk or a desk.
    pub partial: PartialPayment,
}

/// What applies to holds, at the branch where they are placed or picked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldPolicy {
    /// Days for which a ready hold waits.
    pub pickup_days: u16,
    /// Minutes for which a compartment waits for its door to be opened.
    pub locker_minutes: u16,
}

/// What applies to placing a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlacingPolicy {
    /// Whether it may be held at all.
    pub allowed: bool,
    /// Holds of the patron at once at most; none means no limit.
    pub max_total: Option<u32>,
    /// Whether whoever may not borrow may not place a hold.
    pub blocked_with_lending: bool,
    /// Days for which it waits in its queue at most.
    pub validity_days: u16,
    /// Days for which it may be frozen at most.
    pub freeze_days_max: u16,
}

/// One reminder of a late loan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReminderStep {
    /// Days after the due date; none means that it never goes.
    pub days: Option<u16>,
    /// What it costs, in cents.
    pub cents: u32,
}

/// Reminders of one loan at most.
pub const REMINDERS_MAX: usize = 3;

/// What is written to patrons about their loans, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoticePolicy {
    /// Days before the due date for those who have not chosen; none means no reminder.
    pub due_reminder_days: Option<u8>,
    /// The reminders of late loans, in order.
    pub reminders: [ReminderStep; REMINDERS_MAX],
    /// Days after the due date at which the first reminder goes where others wait; none means as ever.
    pub first_reminder_held_days: Option<u16>,
    /// Days after the due date at which the loan is billed; none means never.
    pub bill_days: Option<u16>,
}

impl PolicySet {
    /// What applies to a loan of this class to a patron of this category.
    #[must_use]
    pub fn lending(
        &self,
        place: &Place<'_>,
        category: PatronCategory,
        class: ItemClass<'_>,
        today: NaiveDate,
    ) -> LendingPolicy {
        self.lending_before(&mut Nobody, &of_loan(place, category, class, today))
    }

    /// The values of [`PolicySet::lending`], each with the row that gave it.
    #[must_use]
    pub fn explain_lending(
        &self,
        place: &Place<'_>,
        category: PatronCategory,
        class: ItemClass<'_>,
        today: NaiveDate,
    ) -> Vec<AppliedPolicy> {
        let mut clerk = Clerk::default();
        self.lending_before(&mut clerk, &of_loan(place, category, class, today));
        clerk.0
    }

    fn lending_before(&self, witness: &mut impl Witness, of_loan: &Question<'_>) -> LendingPolicy {
        let keys = &self.settings;
        LendingPolicy {
            due: DuePolicy {
                period_days: witness.value(&keys.loan_period, of_loan),
                held_period_days: witness.value(&keys.loan_held_period, of_loan),
                closed_day: witness.value(&keys.loan_closed_day, of_loan),
            },
            max_total: witness.value(&keys.loan_max_total, of_loan),
            max_material: witness.value(&keys.loan_max_material, of_loan),
            blocks: self.blocks_before(witness, of_loan),
            rating_unknown_birth_date: witness.value(&keys.rating_unknown_age, of_loan),
            holders: HolderPolicy {
                guardian_picks_up: witness.value(&keys.hold_guardian, of_loan),
                same_card_only: witness.value(&keys.hold_same_card, of_loan),
                guardian_end_age: witness.value(&keys.guardian_end_age, of_loan),
            },
        }
    }

    /// What applies to renewing a loan of this class.
    #[must_use]
    pub fn renewals(
        &self,
        place: &Place<'_>,
        category: PatronCategory,
        class: ItemClass<'_>,
        today: NaiveDate,
    ) -> RenewalPolicy {
        self.renewals_before(&mut Nobody, &of_loan(place, category, class, today))
    }

    /// The values of [`PolicySet::renewals`], each with the row that gave it.
    #[must_use]
    pub fn explain_renewals(
        &self,
        place: &Place<'_>,
        category: PatronCategory,
        class: ItemClass<'_>,
        today: NaiveDate,
    ) -> Vec<AppliedPolicy> {
        let mut clerk = Clerk::default();
        self.renewals_before(&mut clerk, &of_loan(place, category, class, today));
        clerk.0
    }

    fn renewals_before(&self, witness: &mut impl Witness, of_loan: &Question<'_>) -> RenewalPolicy {
        let keys = &self.settings;
        RenewalPolicy {
            max: witness.value(&keys.renew_max, of_loan),
            blocked_by_hold: witness.value(&keys.renew_hold, of_loan),
            debt_limit: DebtLimit {
                limit_cents: witness.value(&keys.renew_debt, of_loan),
                comparator: witness.value(&keys.debt_comparator, of_loan),
            },
            start: witness.value(&keys.renew_start, of_loan),
        }
    }

    /// What a kiosk may do here with a loan beyond lending.
    #[must_use]
    pub fn desk(&self, place: &Place<'_>, today: NaiveDate) -> DeskPolicy {
        let here = at(place, today);
        DeskPolicy {
            rescan_renews: self.settings.loan_rescan.value(&here),
            undo_minutes: self.settings.loan_undo.value(&here),
        }
    }

    /// What a late loan of this class costs by the policies of a day.
    #[must_use]
    pub fn overdue(
        &self,
        place: &Place<'_>,
        category: PatronCategory,
        class: ItemClass<'_>,
        day: NaiveDate,
    ) -> OverduePolicy {
        let question = of_loan(place, category, class, day);
        let keys = &self.settings;
        OverduePolicy {
            cents: keys.fee_overdue.value(&question),
            unit: keys.fee_overdue_unit.value(&question),
            grace_days: keys.fee_overdue_grace.value(&question),
            cap_cents: keys.fee_overdue_cap.value(&question),
            cap_scope: keys.fee_overdue_cap_scope.value(&question),
            exempt_under_age: keys.fee_overdue_exempt_age.value(&question),
            closed_days: keys.fee_overdue_closed_days.value(&question),
            retroactive: keys.fee_overdue_retroactive.value(&question),
        }
    }

    /// What a lost or billed item of this class costs.
    #[must_use]
    pub fn compensation(
        &self,
        place: &Place<'_>,
        category: PatronCategory,
        class: ItemClass<'_>,
        today: NaiveDate,
    ) -> CompensationPolicy {
        let question = of_loan(place, category, class, today);
        CompensationPolicy {
            default_cents: self.settings.fee_compensation.value(&question),
            bill_cents: self.settings.fee_bill.value(&question),
            found_credit: self.settings.fee_found_credit.value(&question),
        }
    }

    /// What a hold of an item of this class costs that was not picked up here.
    #[must_use]
    pub fn uncollected(
        &self,
        place: &Place<'_>,
        category: PatronCategory,
        class: ItemClass<'_>,
        today: NaiveDate,
    ) -> UncollectedPolicy {
        let question = of_loan(place, category, class, today);
        UncollectedPolicy {
            cents: self.settings.fee_uncollected.value(&question),
            exempt_under_age: self.settings.fee_uncollected_exempt_age.value(&question),
        }
    }

    /// What a new card costs a patron of this category here.
    #[must_use]
    pub fn card_fees(&self, place: &Place<'_>, category: PatronCategory, today: NaiveDate) -> CardFeePolicy {
        let of_patron = Question { category: Some(category), ..at(place, today) };
        let keys = &self.settings;
        CardFeePolicy {
            card_cents: keys.fee_card.value(&of_patron),
            card_child_cents: keys.fee_card_child.value(&of_patron),
        }
    }

    /// What may be paid where.
    #[must_use]
    pub fn payments(&self, today: NaiveDate) -> PaymentPolicy {
        let question = everywhere(today);
        PaymentPolicy {
            online_min_cents: self.settings.pay_online_min.value(&question),
            online_partial: self.settings.pay_online_partial.value(&question),
            partial: self.settings.pay_partial.value(&question),
        }
    }

    /// What applies to holds that are picked up here.
    #[must_use]
    pub fn holds(&self, place: &Place<'_>, today: NaiveDate) -> HoldPolicy {
        let here = at(place, today);
        let keys = &self.settings;
        HoldPolicy {
            pickup_days: keys.pickup_days.value(&here),
            locker_minutes: keys.hold_locker_minutes.value(&here),
        }
    }

    /// Whether a patron of this category may wait for this class.
    #[must_use]
    pub fn may_hold(
        &self,
        place: &Place<'_>,
        category: PatronCategory,
        class: ItemClass<'_>,
        today: NaiveDate,
    ) -> bool {
        self.settings.hold_allowed.value(&of_loan(place, category, class, today))
    }

    /// What applies to placing a hold on this class.
    #[must_use]
    pub fn placing(
        &self,
        place: &Place<'_>,
        category: PatronCategory,
        class: ItemClass<'_>,
        today: NaiveDate,
    ) -> PlacingPolicy {
        let question = of_loan(place, category, class, today);
        let keys = &self.settings;
        PlacingPolicy {
            allowed: keys.hold_allowed.value(&question),
            max_total: keys.hold_max.value(&question),
            blocked_with_lending: keys.hold_blocked.value(&question),
            validity_days: keys.hold_validity.value(&question),
            freeze_days_max: keys.hold_freeze_days.value(&question),
        }
    }

    /// What is written to a patron of this category about loans made here, and when.
    #[must_use]
    pub fn notices(&self, place: &Place<'_>, category: PatronCategory, today: NaiveDate) -> NoticePolicy {
        let of_patron = Question { category: Some(category), ..at(place, today) };
        let keys = &self.settings;
        let step = |days: Option<u16>, cents| ReminderStep { days, cents };
        NoticePolicy {
            due_reminder_days: keys.due_reminder_days.value(&of_patron),
            reminders: [
                step(keys.overdue_1_days.value(&of_patron), keys.fee_reminder_1.value(&of_patron)),
                step(keys.overdue_2_days.value(&of_patron), keys.fee_reminder_2.value(&of_patron)),
                step(keys.overdue_3_days.value(&of_patron), keys.fee_reminder_3.value(&of_patron)),
            ],
            first_reminder_held_days: keys.overdue_held_days.value(&of_patron),
            bill_days: keys.bill_days.value(&of_patron),
        }
    }
}

fn of_loan<'a>(
    place: &'a Place<'a>,
    category: PatronCategory,
    class: ItemClass<'a>,
    today: NaiveDate,
) -> Question<'a> {
    Question {
        category: Some(category),
        material: Some(class.material),
        collection: Some(class.collection),
        ..at(place, today)
    }
}

#[cfg(test)]
pub(super) mod tests;
