//! May this loan be renewed, until when?

use crate::due::{self, Due};
use crate::facts::{Card, Item, OpenLoan, OpeningHours, Patron};
use crate::policy::{DuePolicy, RenewalPolicy, RenewalStart};
use crate::{BanKind, Decision, LoanState, Moment, Reason, bans, validity};

/// A patron who wants to keep an item for longer.
#[derive(Debug, Clone, Copy)]
pub struct Renewal<'a> {
    /// The card of the session.
    pub card: &'a Card,
    /// Its patron.
    pub patron: &'a Patron,
    /// The id under which loans know the patron.
    pub patron_id: i64,
    /// The loan and its item; none where the patron has no such loan.
    pub loan: Option<(&'a OpenLoan, &'a Item)>,
    /// The branch where it was lent: its hours count, and its lending bans.
    pub branch: i64,
    /// The hours of that branch.
    pub hours: &'a OpeningHours,
    /// How long it may last.
    pub due: &'a DuePolicy,
    /// What applies to renewing it.
    pub policy: &'a RenewalPolicy,
    /// When it is asked.
    pub moment: &'a Moment,
}

/// Whether the renewal is allowed, and the new end of the loan if it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenewDecision {
    /// The verdict.
    pub decision: Decision,
    /// The new end; none on a refusal.
    pub due: Option<Due>,
}

/// Decides about a renewal, with every reason that holds.
///
/// Of the card and the patron: `CardExpired`, `CardNotInForce`, `LendingBan`, `DebtLimit` by the limit of renewals. Of
/// the loan: `LoanUnknown` alone, or `LoanNotRenewable`, `RenewalLimit`, `ItemWaitedFor`, `RenewalTooEarly`.
///
/// Being late stands against nothing: renewing is what a late borrower is asked to do. A loan of somebody else is
/// answered like one that does not exist.
#[must_use]
pub fn decide(renewal: &Renewal<'_>) -> RenewDecision {
    let refused = |decision| RenewDecision { decision, due: None };
    if let Some(decision) = validity::neutral_refusal(renewal.patron) {
        return refused(decision);
    }
    let Renewal { card, patron, patron_id, branch, policy, moment, .. } = *renewal;
    let mut reasons = Vec::new();
    validity::push_reasons(card, patron, moment.today(), &mut reasons);
    if bans::is_banned(patron, BanKind::Lending, branch, moment.at()) {
        reasons.push(Reason::LendingBan);
    }
    if policy.debt_limit.is_reached(patron.debt_cents) {
        reasons.push(Reason::DebtLimit);
    }
    let Some((loan, item)) = renewal.loan.filter(|(loan, _)| loan.patron == patron_id) else {
        reasons.push(Reason::LoanUnknown);
        return refused(Decision::from_reasons(reasons));
    };
    if loan.state != LoanState::Open {
        reasons.push(Reason::LoanNotRenewable);
    }
    if loan.renewals >= u16::from(policy.max) {
        reasons.push(Reason::RenewalLimit);
    }
    if item.waited_for && policy.blocked_by_hold {
        reasons.push(Reason::ItemWaitedFor);
    }
    let start = match policy.start {
        RenewalStart::Today => moment.today(),
        RenewalStart::DueDate => loan.due.on.max(moment.today()),
    };
    let due = due::after(renewal.due, renewal.hours, start, item.waited_for, moment);
    if due.on <= loan.due.on {
        reasons.push(Reason::RenewalTooEarly);
    }
    let decision = Decision::from_reasons(reasons);
    let due = Some(due).filter(|_| decision.is_granted());
    RenewDecision { decision, due }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::debt::DebtLimit;
    use crate::policy::{ClosedDueDay, DebtComparator};
    use crate::samples::{
        OTHER_PATRON, OUR_BRANCH, OUR_PATRON, arb_patron, ban, book, card, date, loan, local, patron, week,
    };
    use crate::{CardState, PatronState};
    use proptest::prelude::*;

    const POLICY: RenewalPolicy = RenewalPolicy {
        max: 5,
        blocked_by_hold: true,
        debt_limit: DebtLimit { limit_cents: Some(2_000), comparator: DebtComparator::AtLeast },
        start: RenewalStart::Today,
    };

    fn ask(
        card: &Card,
        patron: &Patron,
        loan: Option<(&OpenLoan, &Item)>,
        policy: &RenewalPolicy,
    ) -> RenewDecision {
        decide(&Renewal {
            card,
            patron,
            patron_id: OUR_PATRON,
            loan,
            branch: OUR_BRANCH,
            hours: &week([]),
            due: &DuePolicy { period_days: 28, held_period_days: None, closed_day: ClosedDueDay::Keep },
            policy,
            moment: &local("2026-05-20 12:00"),
        })
    }

    fn ours() -> OpenLoan {
        OpenLoan { due: Due { on: date("2026-05-22"), ..loan().due }, ..loan() }
    }

    #[test]
    fn a_renewed_loan_counts_from_today_or_from_its_due_date() {
        let table = [
            (RenewalStart::Today, "2026-05-22", "2026-06-17"),
            (RenewalStart::Today, "2026-05-10", "2026-06-17"),
            (RenewalStart::DueDate, "2026-05-22", "2026-06-19"),
            (RenewalStart::DueDate, "2026-05-10", "2026-06-17"),
        ];
        for (start, due_on, renewed) in table {
            let loan = OpenLoan { due: Due { on: date(due_on), ..loan().due }, ..loan() };
            let asked = ask(&card(), &patron(), Some((&loan, &book())), &RenewalPolicy { start, ..POLICY });
            assert_eq!(asked.decision.reasons(), [], "{start:?} {due_on}");
            assert_eq!(asked.due.unwrap().on, date(renewed), "{start:?} {due_on}");
        }
    }

    #[test]
    fn every_reason_that_holds_is_told() {
        let lost = Card { state: CardState::Lost, ..card() };
        let debtor = Patron { debt_cents: 2_000, bans: vec![ban(BanKind::Lending, None)], ..patron() };
        let worn = OpenLoan { state: LoanState::Billed, renewals: 5, ..ours() };
        let waited = Item { waited_for: true, ..book() };
        assert_eq!(
            ask(&lost, &debtor, Some((&worn, &waited)), &POLICY).decision.reasons(),
            [
                Reason::CardNotInForce,
                Reason::LendingBan,
                Reason::DebtLimit,
                Reason::LoanNotRenewable,
                Reason::RenewalLimit,
                Reason::ItemWaitedFor,
            ]
        );
        let fresh = OpenLoan { due: Due { on: date("2026-06-17"), ..loan().due }, ..loan() };
        let early = ask(&card(), &patron(), Some((&fresh, &book())), &POLICY);
        assert_eq!(early.decision.reasons(), [Reason::RenewalTooEarly]);
    }

    #[test]
    fn limits_count_at_equality() {
        for (renewals, debt_cents, reasons) in
            [(4, 1_999, &[][..]), (5, 1_999, &[Reason::RenewalLimit]), (4, 2_000, &[Reason::DebtLimit])]
        {
            let loan = OpenLoan { renewals, ..ours() };
            let patron = Patron { debt_cents, ..patron() };
            let asked = ask(&card(), &patron, Some((&loan, &book())), &POLICY);
            assert_eq!(asked.decision.reasons(), reasons, "{renewals} {debt_cents}");
        }
        let unlimited =
            RenewalPolicy { debt_limit: DebtLimit { limit_cents: None, ..POLICY.debt_limit }, ..POLICY };
        let debtor = Patron { debt_cents: 100_000, ..patron() };
        assert!(ask(&card(), &debtor, Some((&ours(), &book())), &unlimited).decision.is_granted());
        let never = RenewalPolicy { max: 0, ..POLICY };
        let quick = ask(&card(), &patron(), Some((&ours(), &book())), &never);
        assert_eq!(quick.decision.reasons(), [Reason::RenewalLimit]);
    }

    #[test]
    fn who_waits_matters_by_policy() {
        let waited = Item { waited_for: true, ..book() };
        let open = RenewalPolicy { blocked_by_hold: false, ..POLICY };
        assert!(ask(&card(), &patron(), Some((&ours(), &waited)), &open).decision.is_granted());
    }

    #[test]
    fn a_loan_of_somebody_else_is_answered_like_none() {
        let theirs = OpenLoan { patron: OTHER_PATRON, renewals: 9, ..ours() };
        let none = ask(&card(), &patron(), None, &POLICY);
        assert_eq!(none.decision.reasons(), [Reason::LoanUnknown]);
        assert_eq!(ask(&card(), &patron(), Some((&theirs, &book())), &POLICY), none);
    }

    #[test]
    fn a_restricted_patron_gets_the_neutral_refusal() {
        let restricted = Patron { state: PatronState::Restricted, ..patron() };
        let asked = ask(&card(), &restricted, Some((&ours(), &book())), &POLICY);
        assert_eq!(asked.decision.reasons(), [Reason::CardNotInForce]);
    }

    proptest! {
        #[test]
        fn a_granted_renewal_lasts_longer_and_reasons_are_in_order(
            patron in arb_patron(), renewals in 0_u16..8, waited_for: bool,
        ) {
            let (loan, item) = (OpenLoan { renewals, ..ours() }, Item { waited_for, ..book() });
            let asked = ask(&card(), &patron, Some((&loan, &item)), &POLICY);
            prop_assert!(asked.decision.reasons().is_sorted_by(|a, b| a < b));
            prop_assert_eq!(asked.due.is_some(), asked.decision.is_granted());
            prop_assert!(asked.due.is_none_or(|due| due.on > loan.due.on));
        }
    }
}
