//! May this check-out be undone?
//!
//! Undoing is no return: the loan never was. The item goes back to the shelf or the hold from which it was taken, and
//! so a locker whose door did not open gives nothing to the next in the queue.

use crate::facts::OpenLoan;
use crate::policy::DeskPolicy;
use crate::{LoanState, Moment, Reason};
use chrono::TimeDelta;

/// A check-out or a renewal to be undone.
#[derive(Debug, Clone, Copy)]
pub struct Undo<'a> {
    /// The loan, if it is still open.
    pub loan: Option<&'a OpenLoan>,
    /// Whether the same device made it.
    pub made_here: bool,
    /// Whether something of what it cost has been paid or written off.
    pub is_settled: bool,
    /// What applies at the branch.
    pub policy: &'a DeskPolicy,
    /// When it is asked.
    pub moment: &'a Moment,
}

/// Why the check-out stays; none where it is undone.
#[must_use]
pub fn refusal(undo: &Undo<'_>) -> Option<Reason> {
    let Some(loan) = undo.loan else { return Some(Reason::LoanUnknown) };
    let age = undo.moment.at() - loan.last_event_at;
    let in_time = age <= TimeDelta::minutes(undo.policy.undo_minutes.into());
    let stands = loan.state == LoanState::Open;
    (!(in_time && stands && undo.made_here && !undo.is_settled)).then_some(Reason::UndoTooLate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{instant, loan, utc};

    const POLICY: DeskPolicy = DeskPolicy { rescan_renews: false, undo_minutes: 15 };

    #[test]
    fn a_check_out_is_undone_in_time_where_it_was_made() {
        let made = OpenLoan { last_event_at: instant("2026-05-20T09:00:00Z"), ..loan() };
        let late = Some(Reason::UndoTooLate);
        let table = [
            ("2026-05-20T09:00:00Z", true, LoanState::Open, None),
            ("2026-05-20T09:15:00Z", true, LoanState::Open, None),
            ("2026-05-20T09:15:01Z", true, LoanState::Open, late),
            ("2026-05-20T09:01:00Z", false, LoanState::Open, late),
            ("2026-05-20T09:01:00Z", true, LoanState::Lost, late),
            ("2026-05-20T09:01:00Z", true, LoanState::Billed, late),
        ];
        for (at, made_here, state, expected) in table {
            let loan = OpenLoan { state, ..made.clone() };
            let moment = utc(at);
            let asked =
                Undo { loan: Some(&loan), made_here, is_settled: false, policy: &POLICY, moment: &moment };
            assert_eq!(refusal(&asked), expected, "{at} {made_here} {state:?}");
            assert_eq!(refusal(&Undo { is_settled: true, ..asked }), late, "what was paid stays paid");
        }
        let none = Undo {
            loan: None,
            made_here: true,
            is_settled: false,
            policy: &POLICY,
            moment: &utc("2026-05-20T09:00:00Z"),
        };
        assert_eq!(refusal(&none), Some(Reason::LoanUnknown));
    }
}
