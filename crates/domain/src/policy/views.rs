//! What a rule sees of the policies: the values for one place, one patron category, one day.

use super::ladder::Question;
use super::{GrantMode, Place, PolicySet, UnknownBirthDate};
use crate::PatronCategory;
use crate::debt::DebtLimit;
use chrono::NaiveDate;

/// What applies to a loan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LendingPolicy {
    /// Days from the loan to its due date.
    pub period_days: u16,
    /// Open loans at most; none means no limit.
    pub max_total: Option<u32>,
    /// Open loans of the material asked about at most; none means no limit.
    pub max_material: Option<u32>,
    /// The debt that blocks.
    pub debt_limit: DebtLimit,
    /// What holds for an item with an age rating where the birth date is not known.
    pub rating_unknown_birth_date: UnknownBirthDate,
}

/// What applies to a door or a PC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryPolicy {
    /// What a patron needs to let themselves in.
    pub grant_mode: GrantMode,
    /// Years from which no guardian's consent is needed.
    pub min_age: u8,
    /// Whether younger patrons may enter with a guardian's consent.
    pub guardian_consent: bool,
    /// Years under which nobody may enter alone.
    pub lowest_age: u8,
    /// Whether institutions and interlibrary-loan patrons may enter.
    pub institutions_admitted: bool,
    /// Whether a lending ban closes the door.
    pub blocked_by_lending_ban: bool,
    /// Whether debt at the limit closes the door.
    pub blocked_by_debt: bool,
    /// The debt that blocks, where debt does.
    pub debt_limit: DebtLimit,
    /// What holds at a door with an age limit where the birth date is not known.
    pub unknown_birth_date: UnknownBirthDate,
    /// Years from which PCs may be used.
    pub pc_min_age: u8,
    /// What holds at a PC with an age limit where the birth date is not known.
    pub pc_unknown_birth_date: UnknownBirthDate,
    /// Whether a lending ban closes the PCs.
    pub pc_blocked_by_lending_ban: bool,
}

/// What applies to PINs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PinPolicy {
    /// Digits at least.
    pub length_min: u8,
    /// Digits at most; never less than the least.
    pub length_max: u8,
}

/// What applies to the cards of one patron category.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CardPolicy {
    /// Cards in force at once; none means no limit.
    pub max_per_patron: Option<u16>,
    /// Years of validity; none means without end.
    pub validity_years: Option<u16>,
    /// Months of validity for a person without a personal identity code; none means as for others.
    pub validity_months_without_code: Option<u16>,
    /// Age in years from which no guardian's consent is needed.
    pub guardian_consent_age: u8,
}

/// What applies to holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldPolicy {
    /// Days for which a ready hold waits.
    pub pickup_days: u16,
}

impl PolicySet {
    /// What applies to a loan of this material to a patron of this category.
    #[must_use]
    pub fn lending(
        &self,
        place: &Place<'_>,
        category: PatronCategory,
        material: &str,
        today: NaiveDate,
    ) -> LendingPolicy {
        let of_loan =
            Question { place: Some(place), category: Some(category), material: Some(material), today };
        let keys = &self.settings;
        LendingPolicy {
            period_days: keys.loan_period.value(&of_loan),
            max_total: keys.loan_max_total.value(&of_loan),
            max_material: keys.loan_max_material.value(&of_loan),
            debt_limit: self.debt_limit(&of_loan),
            rating_unknown_birth_date: keys.rating_unknown_age.value(&of_loan),
        }
    }

    /// What applies to a door or a PC for a patron of this category.
    #[must_use]
    pub fn entry(&self, place: &Place<'_>, category: PatronCategory, today: NaiveDate) -> EntryPolicy {
        let of_patron = Question { place: Some(place), category: Some(category), material: None, today };
        let keys = &self.settings;
        EntryPolicy {
            grant_mode: keys.grant_mode.value(&of_patron),
            min_age: keys.self_service_min_age.value(&of_patron),
            guardian_consent: keys.guardian_consent.value(&of_patron),
            lowest_age: keys.lowest_age.value(&of_patron),
            institutions_admitted: keys.institutions_admitted.value(&of_patron),
            blocked_by_lending_ban: keys.self_service_lending_ban.value(&of_patron),
            blocked_by_debt: keys.self_service_debt.value(&of_patron),
            debt_limit: self.debt_limit(&of_patron),
            unknown_birth_date: keys.self_service_unknown_age.value(&of_patron),
            pc_min_age: keys.pc_min_age.value(&of_patron),
            pc_unknown_birth_date: keys.pc_unknown_age.value(&of_patron),
            pc_blocked_by_lending_ban: keys.pc_lending_ban.value(&of_patron),
        }
    }

    /// What applies to PINs, in the whole consortium.
    #[must_use]
    pub fn pins(&self, today: NaiveDate) -> PinPolicy {
        let question = Question { place: None, category: None, material: None, today };
        let length_min = self.settings.pin_length_min.value(&question);
        let length_max = self.settings.pin_length_max.value(&question).max(length_min);
        PinPolicy { length_min, length_max }
    }

    /// What applies to the cards of this category, in the whole consortium.
    #[must_use]
    pub fn cards(&self, category: PatronCategory, today: NaiveDate) -> CardPolicy {
        let question = Question { place: None, category: Some(category), material: None, today };
        CardPolicy {
            max_per_patron: self.settings.card_max.value(&question),
            validity_years: self.settings.card_years.value(&question),
            validity_months_without_code: self.settings.card_months_without_code.value(&question),
            guardian_consent_age: self.settings.card_consent_age.value(&question),
        }
    }

    /// What applies to holds that are picked up here.
    #[must_use]
    pub fn holds(&self, place: &Place<'_>, today: NaiveDate) -> HoldPolicy {
        let question = Question { place: Some(place), category: None, material: None, today };
        HoldPolicy { pickup_days: self.settings.pickup_days.value(&question) }
    }

    fn debt_limit(&self, question: &Question<'_>) -> DebtLimit {
        DebtLimit {
            limit_cents: self.settings.debt_limit.value(question),
            comparator: self.settings.debt_comparator.value(question),
        }
    }
}
