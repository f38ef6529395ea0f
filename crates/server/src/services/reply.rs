//! What the parts of replies have in common: verdict, reasons with their texts, instants, loans.

use super::{Api, Asked};
use crate::text::Language;
use chrono::{DateTime, Utc};
use kortisto::{common::v1 as common, device::v1 as device};
use kortisto_domain::{Decision, Reason};
use kortisto_register::{LoanAnswer, LoanDetails};
use prost_types::Timestamp;

/// The currency of every fee, ISO 4217.
pub(super) const CURRENCY: &str = "EUR";

/// An instant on the wire.
pub(super) fn timestamp(at: DateTime<Utc>) -> Timestamp {
    Timestamp {
        seconds: at.timestamp(),
        // A leap second is kept as the last nanosecond of its minute.
        nanos: i32::try_from(at.timestamp_subsec_nanos().min(999_999_999)).unwrap_or(0),
    }
}

/// The verdict of a decision.
pub(super) fn verdict(decision: &Decision) -> i32 {
    if decision.is_granted() { common::Verdict::Granted } else { common::Verdict::Denied }.into()
}

/// The reason on the wire.
pub(super) const fn reason(reason: Reason) -> common::RefusalReason {
    use common::RefusalReason as Wire;
    match reason {
        Reason::CredentialsNotAccepted => Wire::CredentialsNotAccepted,
        Reason::SessionEnded => Wire::SessionEnded,
        Reason::PatronAlone => Wire::PatronAlone,
        Reason::NotInCare => Wire::NotInCare,
        Reason::ResourceUnknown => Wire::ResourceUnknown,
        Reason::SelfServiceRightMissing => Wire::SelfServiceRightMissing,
        Reason::SelfServiceBan => Wire::SelfServiceBan,
        Reason::CategoryNotAdmitted => Wire::CategoryNotAdmitted,
        Reason::BelowAgeLimit => Wire::BelowAgeLimit,
        Reason::GuardianConsentMissing => Wire::GuardianConsentMissing,
        Reason::BirthDateUnknown => Wire::BirthDateUnknown,
        Reason::CardExpired => Wire::CardExpired,
        Reason::CardNotInForce => Wire::CardNotInForce,
        Reason::LendingBan => Wire::LendingBan,
        Reason::DebtLimit => Wire::DebtLimit,
        Reason::YearTurnDebt => Wire::YearTurnDebt,
        Reason::OverdueItems => Wire::OverdueItems,
        Reason::WardBlocked => Wire::WardBlocked,
        Reason::UseBan => Wire::UseBan,
        Reason::Closed => Wire::Closed,
        Reason::ServiceSwitchedOff => Wire::ServiceSwitchedOff,
        Reason::LoanLimit => Wire::LoanLimit,
        Reason::MaterialLimit => Wire::MaterialLimit,
        Reason::ItemUnknown => Wire::ItemUnknown,
        Reason::ItemNotForLoan => Wire::ItemNotForLoan,
        Reason::ItemOnLoan => Wire::ItemOnLoan,
        Reason::ItemAlreadyYours => Wire::ItemAlreadyYours,
        Reason::ItemHeld => Wire::ItemHeld,
        Reason::AgeRating => Wire::AgeRating,
        Reason::LoanUnknown => Wire::LoanUnknown,
        Reason::LoanNotRenewable => Wire::LoanNotRenewable,
        Reason::RenewalLimit => Wire::RenewalLimit,
        Reason::ItemWaitedFor => Wire::ItemWaitedFor,
        Reason::RenewalTooEarly => Wire::RenewalTooEarly,
        Reason::UndoTooLate => Wire::UndoTooLate,
        Reason::HistoryNotKept => Wire::HistoryNotKept,
        Reason::HoldUnknown => Wire::HoldUnknown,
        Reason::HoldNotReady => Wire::HoldNotReady,
        Reason::HoldAtOtherBranch => Wire::HoldAtOtherBranch,
        Reason::HoldOtherCard => Wire::HoldOtherCard,
        Reason::HoldInOtherLocker => Wire::HoldInOtherLocker,
        Reason::HoldReserved => Wire::HoldReserved,
        Reason::ReservationEnded => Wire::ReservationEnded,
        Reason::TitleUnknown => Wire::TitleUnknown,
        Reason::HoldNotAllowed => Wire::HoldNotAllowed,
        Reason::HoldLimit => Wire::HoldLimit,
        Reason::HoldAlreadyYours => Wire::HoldAlreadyYours,
        Reason::PickupPlaceUnknown => Wire::PickupPlaceUnknown,
        Reason::HoldNotChangeable => Wire::HoldNotChangeable,
        Reason::FeeUnknown => Wire::FeeUnknown,
        Reason::FeeNotPayable => Wire::FeeNotPayable,
        Reason::PaymentTooSmall => Wire::PaymentTooSmall,
        Reason::PaymentNotWhole => Wire::PaymentNotWhole,
        Reason::PaymentTooMuch => Wire::PaymentTooMuch,
    }
}

impl Api {
    /// The language in which to speak to a patron.
    pub(super) fn language_of(&self, tag: Option<&str>) -> Language {
        tag.map_or(self.language, Language::from_tag)
    }

    /// The reasons of a decision, with the texts that this kind of device may show.
    pub(super) fn refusals(
        &self,
        asked: &Asked,
        decision: &Decision,
        language: Language,
    ) -> Vec<common::Refusal> {
        let with_remedy = asked.shows("refusals.remedy");
        let refusal = |why: &Reason| {
            let said = self.texts.reason(language, *why);
            common::Refusal {
                reason: reason(*why).into(),
                text: said.text.clone(),
                remedy: if with_remedy { said.remedy.clone() } else { String::new() },
            }
        };
        decision.reasons().iter().map(refusal).collect()
    }

    /// The parts of a reply about a loan.
    pub(super) fn loan(
        &self,
        asked: &Asked,
        answer: LoanAnswer,
    ) -> (i32, Vec<common::Refusal>, Option<device::Loan>) {
        let language = self.language_of(answer.language.as_deref());
        let refusals = self.refusals(asked, &answer.decision, language);
        (verdict(&answer.decision), refusals, answer.loan.map(loan))
    }
}

/// An amount of the one currency.
pub(super) fn amount(cents: i64) -> common::Money {
    common::Money { minor_units: cents, currency_code: CURRENCY.to_owned() }
}

/// An amount, where there is one.
pub(super) fn money(cents: i64) -> Option<common::Money> {
    (cents != 0).then(|| amount(cents))
}

/// A loan on the wire.
pub(super) fn loan(details: LoanDetails) -> device::Loan {
    device::Loan {
        loan_id: details.id.to_string(),
        item_barcode: details.barcode,
        item_label: details.label,
        due_date: details.due_on.to_string(),
        lent_at: Some(timestamp(details.lent_at)),
        overdue_at: details.due_at.map(timestamp),
        renewals: details.renewals.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_own_number_and_the_same_name() {
        for why in Reason::ALL {
            let name = reason(*why).as_str_name().replace("REFUSAL_REASON_", "").replace('_', "");
            assert_eq!(name, format!("{why:?}").to_uppercase());
        }
    }
}
