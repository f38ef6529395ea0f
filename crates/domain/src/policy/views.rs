//! What a rule sees of the policies: the values for one place, one patron category, one day.

use super::ladder::Question;
use super::trace::{AppliedPolicy, Clerk, Nobody, Witness};
use super::{DuePolicy, GrantMode, HistoryKept, Place, PolicySet, UnknownBirthDate, YearTurn};
use crate::PatronCategory;
use crate::debt::DebtLimit;
use crate::holders::HolderPolicy;
use chrono::NaiveDate;

/// What applies to a loan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LendingPolicy {
    /// How long it lasts.
    pub due: DuePolicy,
    /// Open loans at most; none means no limit.
    pub max_total: Option<u32>,
    /// Open loans of the material asked about at most; none means no limit.
    pub max_material: Option<u32>,
    /// What follows from debt, overdue loans and wards.
    pub blocks: DerivedBlockPolicy,
    /// What holds for an item with an age rating where the birth date is not known.
    pub rating_unknown_birth_date: UnknownBirthDate,
    /// Who takes what waits for a hold.
    pub holders: HolderPolicy,
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
    /// Whether debt at the limit, and debt of an earlier year, close the door.
    pub blocked_by_debt: bool,
    /// Whether loans so long overdue that they block borrowing close the door.
    pub blocked_by_overdue: bool,
    /// What blocks borrowing, for the cases in which it closes door or PC.
    pub blocks: DerivedBlockPolicy,
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

/// What applies to the issue of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CardPolicy {
    /// Cards in force of one patron at most.
    pub max_per_patron: u8,
    /// Years for which a card is valid; none means no end.
    pub validity_years: Option<u8>,
    /// Months for which it is valid where the patron has no Finnish personal identity code; none means as long as
    /// any other.
    pub validity_months_without_code: Option<u16>,
    /// Years under which a guardian's consent is needed.
    pub guardian_consent_age: u8,
}

/// What applies to those who stand beside a patron, in the whole consortium.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RelationPolicy {
    /// Years of the ward at which the relation to a guardian ends by itself.
    pub guardian_end_age: u8,
}

/// What follows from debt, overdue loans and wards, without anybody's decision in the single case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DerivedBlockPolicy {
    /// The debt that blocks.
    pub debt_limit: DebtLimit,
    /// From when debt of an earlier year blocks; none means never.
    pub year_turn: Option<YearTurn>,
    /// Days after a due date from which on a loan blocks; none means never.
    pub overdue_days: Option<u16>,
    /// Whether what blocks a ward blocks its guardians too.
    pub inherit_to_guardian: bool,
    /// Years of the ward at which the relation to a guardian ends by itself.
    pub guardian_end_age: u8,
    /// Years of the ward under which its guardians answer for its debts and overdue loans.
    pub guardian_liability_age: u8,
}

/// What applies to bans that somebody places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BanPolicy {
    /// Days that a use ban lasts at most, 1 to 30.
    pub use_days_max: u16,
}

/// What is kept of a patron, and for how long, in the whole consortium.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionPolicy {
    /// Years without any event of the card after which the patron is removed.
    pub inactive_years: u8,
    /// Days after its return for which the last borrower of an item is kept; 0 means not at all.
    pub item_trace_days: u16,
    /// Whose loan history is kept.
    pub history: HistoryKept,
}

/// What applies to messages and remarks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessagePolicy {
    /// Days for which one stands that names no last day; none means until it is taken away.
    pub expiry_days: Option<u16>,
}

/// What applies to the sessions of staff accounts, in the whole consortium.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StaffPolicy {
    /// Minutes without a call after which a session ends.
    pub session_idle_minutes: u16,
}

impl PolicySet {
    /// What applies to a door or a PC for a patron of this category.
    #[must_use]
    pub fn entry(&self, place: &Place<'_>, category: PatronCategory, today: NaiveDate) -> EntryPolicy {
        self.entry_before(&mut Nobody, place, category, today)
    }

    /// The values of [`PolicySet::entry`], each with the row that gave it.
    #[must_use]
    pub fn explain_entry(
        &self,
        place: &Place<'_>,
        category: PatronCategory,
        today: NaiveDate,
    ) -> Vec<AppliedPolicy> {
        let mut clerk = Clerk::default();
        self.entry_before(&mut clerk, place, category, today);
        clerk.0
    }

    fn entry_before(
        &self,
        witness: &mut impl Witness,
        place: &Place<'_>,
        category: PatronCategory,
        today: NaiveDate,
    ) -> EntryPolicy {
        let of_patron = Question { category: Some(category), ..at(place, today) };
        let keys = &self.settings;
        EntryPolicy {
            grant_mode: witness.value(&keys.grant_mode, &of_patron),
            min_age: witness.value(&keys.self_service_min_age, &of_patron),
            guardian_consent: witness.value(&keys.guardian_consent, &of_patron),
            lowest_age: witness.value(&keys.lowest_age, &of_patron),
            institutions_admitted: witness.value(&keys.institutions_admitted, &of_patron),
            blocked_by_lending_ban: witness.value(&keys.self_service_lending_ban, &of_patron),
            blocked_by_debt: witness.value(&keys.self_service_debt, &of_patron),
            blocked_by_overdue: witness.value(&keys.self_service_overdue, &of_patron),
            blocks: self.blocks_before(witness, &of_patron),
            unknown_birth_date: witness.value(&keys.self_service_unknown_age, &of_patron),
            pc_min_age: witness.value(&keys.pc_min_age, &of_patron),
            pc_unknown_birth_date: witness.value(&keys.pc_unknown_age, &of_patron),
            pc_blocked_by_lending_ban: witness.value(&keys.pc_lending_ban, &of_patron),
        }
    }

    /// What applies to PINs, in the whole consortium.
    #[must_use]
    pub fn pins(&self, today: NaiveDate) -> PinPolicy {
        let question = everywhere(today);
        let length_min = self.settings.pin_length_min.value(&question);
        let length_max = self.settings.pin_length_max.value(&question).max(length_min);
        PinPolicy { length_min, length_max }
    }

    /// What applies to a card that is issued here to a patron of this category.
    #[must_use]
    pub fn cards(&self, place: &Place<'_>, category: PatronCategory, today: NaiveDate) -> CardPolicy {
        let of_patron = Question { category: Some(category), ..at(place, today) };
        let keys = &self.settings;
        CardPolicy {
            max_per_patron: keys.cards_max.value(&of_patron),
            validity_years: keys.card_years.value(&of_patron),
            validity_months_without_code: keys.card_months_without_code.value(&of_patron),
            guardian_consent_age: keys.consent_age.value(&of_patron),
        }
    }

    /// What applies to guardians, in the whole consortium.
    #[must_use]
    pub fn relations(&self, today: NaiveDate) -> RelationPolicy {
        RelationPolicy { guardian_end_age: self.settings.guardian_end_age.value(&everywhere(today)) }
    }

    /// What blocks a patron of this category who wants to borrow here.
    #[must_use]
    pub fn derived_blocks(
        &self,
        place: &Place<'_>,
        category: PatronCategory,
        today: NaiveDate,
    ) -> DerivedBlockPolicy {
        let of_patron = Question { category: Some(category), ..at(place, today) };
        self.blocks_before(&mut Nobody, &of_patron)
    }

    pub(super) fn blocks_before(
        &self,
        witness: &mut impl Witness,
        question: &Question<'_>,
    ) -> DerivedBlockPolicy {
        let keys = &self.settings;
        DerivedBlockPolicy {
            debt_limit: DebtLimit {
                limit_cents: witness.value(&keys.debt_limit, question),
                comparator: witness.value(&keys.debt_comparator, question),
            },
            year_turn: witness.value(&keys.year_turn, question),
            overdue_days: witness.value(&keys.overdue_days, question),
            inherit_to_guardian: witness.value(&keys.inherit_to_guardian, question),
            guardian_end_age: witness.value(&keys.guardian_end_age, question),
            guardian_liability_age: witness.value(&keys.liability_age, question),
        }
    }

    /// What applies to bans that are placed here.
    #[must_use]
    pub fn bans(&self, place: &Place<'_>, today: NaiveDate) -> BanPolicy {
        BanPolicy { use_days_max: self.settings.use_ban_days.value(&at(place, today)) }
    }

    /// What is kept and for how long, in the whole consortium.
    #[must_use]
    pub fn retention(&self, today: NaiveDate) -> RetentionPolicy {
        let question = everywhere(today);
        RetentionPolicy {
            inactive_years: self.settings.inactive_years.value(&question),
            item_trace_days: self.settings.item_trace_days.value(&question),
            history: self.settings.history.value(&question),
        }
    }

    /// What applies to messages that are written here.
    #[must_use]
    pub fn messages(&self, place: &Place<'_>, today: NaiveDate) -> MessagePolicy {
        MessagePolicy { expiry_days: self.settings.message_days.value(&at(place, today)) }
    }

    /// What applies to staff, in the whole consortium.
    #[must_use]
    pub fn staff(&self, today: NaiveDate) -> StaffPolicy {
        StaffPolicy { session_idle_minutes: self.settings.staff_idle_minutes.value(&everywhere(today)) }
    }
}

pub(super) fn everywhere<'a>(today: NaiveDate) -> Question<'a> {
    Question { place: None, category: None, material: None, collection: None, today }
}

pub(super) fn at<'a>(place: &'a Place<'a>, today: NaiveDate) -> Question<'a> {
    Question { place: Some(place), ..everywhere(today) }
}
