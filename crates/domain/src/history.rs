//! How long it is known who had an item, and whose loan history is kept beyond that (A77 to A81).

use crate::ConsentPurpose;
use crate::policy::HistoryKept;
use chrono::{DateTime, Days, NaiveDate, Utc};

/// The first day of returns whose traces are still kept: whatever was returned before it is forgotten. A trace of 0
/// days ends with the day of the return.
#[must_use]
pub fn traced_from(trace_days: u16, today: NaiveDate) -> NaiveDate {
    today.checked_sub_days(Days::new(trace_days.into())).unwrap_or(NaiveDate::MIN)
}

/// Whether the policy lets a history be kept for whoever has consented to this.
#[must_use]
pub fn allows(policy: HistoryKept, consent: ConsentPurpose) -> bool {
    match consent {
        ConsentPurpose::LoanHistory => policy == HistoryKept::OnConsent,
        ConsentPurpose::HomeServiceHistory => policy != HistoryKept::Never,
        _ => false,
    }
}

/// Whether a loan belongs to the history that was consented to at a moment: nothing from before is taken into it.
#[must_use]
pub fn includes(consented_at: DateTime<Utc>, lent_at: DateTime<Utc>) -> bool {
    consented_at <= lent_at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{date, instant};

    #[test]
    fn a_trace_lasts_its_days() {
        let today = date("2026-05-20");
        assert_eq!(traced_from(60, today), date("2026-03-21"));
        assert_eq!(traced_from(0, today), today);
    }

    #[test]
    fn a_history_is_kept_by_policy_and_consent() {
        use ConsentPurpose::{Card, HomeServiceHistory, LoanHistory};
        let table = [
            (HistoryKept::Never, [false, false]),
            (HistoryKept::HomeService, [false, true]),
            (HistoryKept::OnConsent, [true, true]),
        ];
        for (policy, expected) in table {
            assert_eq!([LoanHistory, HomeServiceHistory].map(|consent| allows(policy, consent)), expected);
            assert!(!allows(policy, Card));
        }
    }

    #[test]
    fn nothing_from_before_the_consent_is_taken_in() {
        let consented = instant("2026-05-20T09:00:00Z");
        assert!(includes(consented, consented));
        assert!(!includes(consented, instant("2026-05-20T08:59:59Z")));
    }
}
