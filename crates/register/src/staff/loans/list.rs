//! `LoanService.ListPatronLoans`: what a patron has on loan, whatever becomes of the card.

use crate::{
    LoanDetails, LoanPlace, RegisterError,
    desk::world::World,
    loans::{
        fees::{Charging, due_of},
        open_loans_of::{self, OpenLoans},
    },
    staff::{StaffDesk, StaffRpc, StaffView},
};
use kortisto_domain::{LoanState, Purpose};

/// Asks for the open loans of a patron.
pub struct ListPatronLoans {
    /// The number of the patron.
    pub patron_number: String,
    /// Why.
    pub purpose: Option<Purpose>,
    /// How many at most, 1 to 100.
    pub page_size: usize,
    /// The last loan of the page before.
    pub after: Option<LoanPlace>,
}

/// A page of loans, those due first before.
pub struct PatronLoans {
    /// The loans.
    pub loans: Vec<PatronLoan>,
    /// Where the next page begins; none on the last.
    pub next: Option<LoanPlace>,
}

/// An open loan, as staff see it.
pub struct PatronLoan {
    /// The loan.
    pub loan: LoanDetails,
    /// How it stands.
    pub state: LoanState,
    /// The code of the branch where it began.
    pub branch: String,
    /// Whether it is late at this moment.
    pub late: bool,
    /// What being late would cost if it came back now, in cents.
    pub accrued_cents: i64,
    /// Whether others wait for it.
    pub waited_for: bool,
}

impl StaffView for ListPatronLoans {
    const RPC: StaffRpc = StaffRpc::ListPatronLoans;
    type Answer = PatronLoans;

    fn purpose(&self) -> Option<Purpose> {
        self.purpose
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<PatronLoans, RegisterError> {
        let patron = desk.patron(&self.patron_number).await?;
        desk.viewed(&patron);
        let question =
            open_loans_of::Question { patron_id: patron.id, page_size: self.page_size, after: self.after };
        let OpenLoans { items, next } = question.page(desk.transaction, &desk.moment).await?;
        let rulebook = desk.rulebook().await?;
        let moment = desk.moment;
        let charging =
            Charging { rulebook: &rulebook, surroundings: &desk.register.surroundings, moment: &moment };
        let mut loans = Vec::with_capacity(items.len());
        for item in &items {
            let Some(loan) = &item.loan else { continue };
            loans.push(PatronLoan {
                loan: LoanDetails::of(item, loan),
                state: loan.state,
                branch: rulebook.branch_code(loan.branch_id).to_owned(),
                late: moment.at() > due_of(loan, &rulebook, &moment).at,
                accrued_cents: charging.late_cents_at_return(item, loan, loan.borrower.owed_overdue_cents),
                waited_for: World::is_waited_for(item, &rulebook, moment.today()),
            });
        }
        Ok(PatronLoans { loans, next })
    }
}
