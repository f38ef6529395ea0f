//! What loans cost: being late, and being found again after they were billed.

use crate::{Rulebook, Surroundings};
use chrono::{DateTime, Utc};
use kortisto_domain::{
    FeeEntryKind, FeeKind, LoanState, Moment,
    due::{self, Due},
    fees::{
        self, lapse,
        overdue::{self, LateLoan},
    },
    policy::FoundCredit,
};
use kortisto_store::queries::{
    changes::{Changes, FeeEntryRow, NewFeeRow},
    dialect::At,
    item::{Item, LoanFee, OpenLoan},
};
use uuid::Uuid;

/// Who writes entries that follow from a rule, in the ledger.
const REGISTER: &str = "register";

/// What fees are worked out with.
#[derive(Clone, Copy)]
pub(crate) struct Charging<'a> {
    pub(crate) rulebook: &'a Rulebook,
    pub(crate) surroundings: &'a Surroundings,
    pub(crate) moment: &'a Moment,
}

/// The end of a loan. Loans from before the moment was kept end with their day.
pub(crate) fn due_of(loan: &OpenLoan, rulebook: &Rulebook, moment: &Moment) -> Due {
    let closing = || due::closing(rulebook.hours(loan.branch_id), loan.due_on, moment);
    Due { on: loan.due_on, at: loan.due_at.unwrap_or_else(closing) }
}

/// What the last renewal of a loan charged.
pub(crate) fn of_last_renewal(loan: &OpenLoan) -> impl Iterator<Item = &LoanFee> {
    let of_it = |fee: &&LoanFee| fee.kind == FeeKind::Overdue.word() && fee.step == loan.renewals_made - 1;
    loan.fees.iter().filter(of_it)
}

impl Charging<'_> {
    /// What the loan costs for being late until now, in cents. `owed_cents` is what its borrower owes for being late
    /// already.
    pub(crate) fn late_cents(&self, item: &Item, loan: &OpenLoan, owed_cents: i64) -> i64 {
        self.late_cents_until(item, loan, owed_cents, self.moment.at())
    }

    fn late_cents_until(&self, item: &Item, loan: &OpenLoan, owed_cents: i64, until: DateTime<Utc>) -> i64 {
        let place = self.rulebook.place(loan.branch_id);
        let late = LateLoan {
            due: due_of(loan, self.rulebook, self.moment),
            until,
            birth_date: loan.borrower.birth_date,
            hours: self.rulebook.hours(loan.branch_id),
            owed_cents,
            moment: self.moment,
        };
        overdue::cents(&late, |day| {
            self.rulebook.policies.overdue(&place, loan.borrower.category, item.class(), day)
        })
    }

    /// What the loan would cost for being late if it came back now, in cents: nothing after a bill, which charges that.
    pub(crate) fn late_cents_at_return(&self, item: &Item, loan: &OpenLoan, owed_cents: i64) -> i64 {
        match loan.state {
            LoanState::Billed => 0,
            LoanState::Open | LoanState::ClaimedReturned | LoanState::Lost => {
                self.late_cents(item, loan, owed_cents)
            }
        }
    }

    /// Charges for a loan that ends late here and now, or is renewed late. Gives the cents charged.
    pub(crate) fn charge_late(
        &self,
        item: &Item,
        loan: &OpenLoan,
        owed_cents: i64,
        changes: &mut Changes,
    ) -> i64 {
        let cents = self.late_cents(item, loan, owed_cents);
        if cents > 0 {
            let fee = NewFeeRow {
                step: loan.renewals_made,
                rule: Some("fee.overdue_cents"),
                ..self.fee(FeeKind::Overdue, item, loan, cents)
            };
            changes.new_fees.push(fee);
        }
        cents
    }

    /// A fee for a loan.
    pub(crate) fn fee(&self, kind: FeeKind, item: &Item, loan: &OpenLoan, amount_cents: i64) -> NewFeeRow {
        let (at, law) = (self.moment.at(), fees::law(kind));
        NewFeeRow {
            id: self.surroundings.new_id(at),
            patron_id: loan.patron_id,
            municipality: self.rulebook.place(loan.branch_id).municipality.to_owned(),
            kind: kind.word(),
            amount_cents,
            at: At(at),
            loan_id: Some(loan.id),
            step: 0,
            item_id: Some(item.id),
            hold_id: None,
            card_id: None,
            rule: None,
            law: law.code(),
            lapses_on: lapse::lapses_on(law, self.moment.today()),
            note: None,
        }
    }

    /// Takes back what is open of the price of an item that has turned up, where the policy says so. What has been paid
    /// is a desk's to pay back.
    pub(crate) fn credit_found(&self, item: &Item, loan: &OpenLoan, changes: &mut Changes) {
        let place = self.rulebook.place(loan.branch_id);
        let policies = &self.rulebook.policies;
        let today = self.moment.today();
        let policy = policies.compensation(&place, loan.borrower.category, item.class(), today);
        if policy.found_credit == FoundCredit::None {
            return;
        }
        for fee in loan.fees.iter().filter(|fee| fee.kind == FeeKind::Compensation.word()) {
            self.reverse(fee.id, fee.open_cents, "item found", changes);
        }
    }

    /// Takes back the fee that the last renewal charged, of which nothing has been paid or written off.
    pub(crate) fn reverse_renewal(&self, loan: &OpenLoan, changes: &mut Changes) {
        for fee in of_last_renewal(loan) {
            self.reverse(fee.id, fee.open_cents, "renewal undone", changes);
        }
    }

    fn reverse(&self, fee_id: Uuid, open_cents: i64, grounds: &str, changes: &mut Changes) {
        if open_cents == 0 {
            return;
        }
        let at = self.moment.at();
        changes.fee_entries.push(FeeEntryRow {
            id: self.surroundings.new_id(at),
            fee_id,
            kind: FeeEntryKind::Reversal.code(),
            cents: -open_cents,
            at: At(at),
            recorded_by: REGISTER.to_owned(),
            payment_id: None,
            grounds: Some(grounds.to_owned()),
            refund_order_id: None,
        });
    }
}
