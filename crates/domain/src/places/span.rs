//! Spans of days: memberships that may not overlap, seasons of which a later one takes days from an earlier one.

use crate::validity::holds_on;
use chrono::{Days, NaiveDate};

/// Days from a first to a last one, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First day.
    pub first: NaiveDate,
    /// Last day; none means no end.
    pub last: Option<NaiveDate>,
}

impl Span {
    /// Whether the day lies in it.
    #[must_use]
    pub fn holds(self, day: NaiveDate) -> bool {
        holds_on(self.first, self.last, day)
    }

    /// Whether both have a day in common.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.holds(other.first) || other.holds(self.first)
    }

    /// What is left of this span when `taken` is taken from it: at most what lies before it and what lies after it.
    #[must_use]
    pub fn without(self, taken: Self) -> Rest {
        if !self.overlaps(taken) {
            return Rest { before: Some(self), after: None };
        }
        let last_before = taken.first.checked_sub_days(Days::new(1));
        let before = last_before
            .filter(|last| self.first <= *last)
            .map(|last| Self { first: self.first, last: Some(last) });
        let first_after = taken.last.and_then(|last| last.checked_add_days(Days::new(1)));
        let after = first_after
            .filter(|first| self.last.is_none_or(|last| *first <= last))
            .map(|first| Self { first, last: self.last });
        Rest { before, after }
    }
}

/// What is left of a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rest {
    /// The days before those taken; the whole span where none was taken.
    pub before: Option<Span>,
    /// The days after those taken.
    pub after: Option<Span>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::date;
    use proptest::prelude::*;

    fn span(first: &str, last: &str) -> Span {
        Span { first: date(first), last: (!last.is_empty()).then(|| date(last)) }
    }

    #[test]
    fn what_is_taken_is_gone_and_the_rest_stays() {
        let year = span("2026-01-01", "2026-12-31");
        let table = [
            (
                span("2026-06-01", "2026-08-31"),
                Some(("2026-01-01", "2026-05-31")),
                Some(("2026-09-01", "2026-12-31")),
            ),
            (span("2026-01-01", "2026-08-31"), None, Some(("2026-09-01", "2026-12-31"))),
            (span("2026-06-01", ""), Some(("2026-01-01", "2026-05-31")), None),
            (span("2026-06-01", "2026-12-31"), Some(("2026-01-01", "2026-05-31")), None),
            (span("2025-01-01", ""), None, None),
            (span("2027-01-01", ""), Some(("2026-01-01", "2026-12-31")), None),
            (span("2025-01-01", "2025-12-31"), Some(("2026-01-01", "2026-12-31")), None),
        ];
        for (taken, before, after) in table {
            let expected = |days: Option<(&str, &str)>| days.map(|(first, last)| span(first, last));
            let rest = Rest { before: expected(before), after: expected(after) };
            assert_eq!(year.without(taken), rest, "{taken:?}");
        }
        let endless = span("2026-01-01", "").without(span("2026-06-01", "2026-06-30"));
        assert_eq!(endless.after, Some(span("2026-07-01", "")));
    }

    fn arb_span() -> impl Strategy<Value = Span> {
        (0_u64..30, proptest::option::of(0_u64..30)).prop_map(|(from, length)| {
            let first = date("2026-01-01") + Days::new(from);
            Span { first, last: length.map(|length| first + Days::new(length)) }
        })
    }

    proptest! {
        /// Every day belongs to exactly what it should.
        #[test]
        fn no_day_is_lost_or_kept_twice(whole in arb_span(), taken in arb_span(), day in 0_u64..90) {
            let day = date("2026-01-01") + Days::new(day);
            let rest = whole.without(taken);
            let parts = [rest.before, rest.after].into_iter().flatten().filter(|part| part.holds(day)).count();
            prop_assert_eq!(parts, usize::from(whole.holds(day) && !taken.holds(day)));
        }
    }
}
