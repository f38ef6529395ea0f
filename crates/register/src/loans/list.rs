//! `LoanService.ListLoans`: what the patron of a session has on loan.

use super::{
    LoanDetails,
    fees::{Charging, due_of},
    open_loans_of::{OpenLoans, Question},
    renewing,
};
use crate::{
    Caller, Register, RegisterError, Rpc,
    devices::outside_lane::{Asking, record},
    rulings::Asker,
};
use chrono::NaiveDate;
use kortisto_domain::{Decision, LoanState, Reason, authenticate};
use sea_orm::DatabaseTransaction;
use std::{fmt, str::FromStr, sync::Arc};
use tokio::time::Instant;

/// Whose loans, and which page.
#[derive(Debug, Clone)]
pub struct ListLoans {
    /// The device.
    pub caller: Caller,
    /// SHA-256 of the patron token.
    pub token_hash: [u8; 32],
    /// How many at most, 1 to 100.
    pub page_size: usize,
    /// The last loan of the page before.
    pub after: Option<LoanPlace>,
}

/// A loan's place in the list: those due first come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoanPlace {
    /// Its last day.
    pub due_on: NaiveDate,
    /// The key of its item.
    pub item_id: i64,
}

/// As a page token carries it.
impl fmt::Display for LoanPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.due_on, self.item_id)
    }
}

/// What is written like no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoLoanPlace;

impl FromStr for LoanPlace {
    type Err = NoLoanPlace;

    fn from_str(text: &str) -> Result<Self, NoLoanPlace> {
        let (due_on, item_id) = text.split_once('.').ok_or(NoLoanPlace)?;
        let (due_on, item_id) = (due_on.parse(), item_id.parse());
        Ok(Self { due_on: due_on.map_err(|_| NoLoanPlace)?, item_id: item_id.map_err(|_| NoLoanPlace)? })
    }
}

/// A page of loans.
#[derive(Debug, Clone)]
pub struct LoanList {
    /// Refused when the session is over.
    pub decision: Decision,
    /// The patron's language.
    pub language: Option<String>,
    /// The loans of this page.
    pub loans: Vec<ListedLoan>,
    /// Where the next page begins; none on the last.
    pub next: Option<LoanPlace>,
}

/// A loan in the list.
#[derive(Debug, Clone)]
pub struct ListedLoan {
    /// The loan.
    pub loan: LoanDetails,
    /// How it stands.
    pub state: LoanState,
    /// Whether it is late at this moment.
    pub late: bool,
    /// What being late would cost if it came back now, in cents.
    pub accrued_cents: i64,
    /// Why it cannot be renewed now; granted when it can.
    pub renewal: Decision,
}

impl Register {
    /// Lists the loans of the patron of a session, those due first before.
    ///
    /// # Errors
    /// [`RegisterError`]; a session that is over is a refusal in the answer.
    pub async fn list_loans(
        self: &Arc<Self>,
        ask: ListLoans,
        deadline: Instant,
    ) -> Result<LoanList, RegisterError> {
        let register = Arc::clone(self);
        self.store
            .unit_of_work("list_loans", deadline, move |transaction| {
                let (register, ask) = (Arc::clone(&register), ask.clone());
                Box::pin(async move { list(&register, &ask, transaction).await })
            })
            .await
    }
}

async fn list(
    register: &Register,
    ask: &ListLoans,
    transaction: &DatabaseTransaction,
) -> Result<LoanList, RegisterError> {
    let asking = Asking::load(register, transaction, &ask.caller, Some(&ask.token_hash), None).await?;
    let device = asking.admit(Rpc::ListLoans)?.clone();
    let Some(party) = asking.party_of_running_session() else {
        let decision = Decision::refused(Reason::SessionEnded);
        record(register, transaction, &asking, "list_loans", &decision, None).await?;
        return Ok(LoanList { decision, language: None, loans: Vec::new(), next: None });
    };
    let language = Some(party.language.clone());
    // A card that was blocked or reported lost since ends what its session may see.
    let decision =
        authenticate::decide(&party.card, &party.patron, device.kind, device.branch_id, &asking.moment);
    record(register, transaction, &asking, "list_loans", &decision, Some(party.pseudonym)).await?;
    if !decision.is_granted() {
        return Ok(LoanList { decision, language, loans: Vec::new(), next: None });
    }
    let question = Question { patron_id: party.patron_id, page_size: ask.page_size, after: ask.after };
    let OpenLoans { items, next } = question.page(transaction, &asking.moment).await?;
    let rulebook = register.rulebook_in(transaction).await?;
    let moment = asking.moment;
    let asker = Asker {
        card: &party.card,
        patron: &party.patron,
        patron_id: party.patron_id,
        card_id: party.card_id,
        branch: device.branch_id,
        rulebook: &rulebook,
        moment: &moment,
    };
    let charging = Charging { rulebook: &rulebook, surroundings: &register.surroundings, moment: &moment };
    let mut loans = Vec::with_capacity(items.len());
    for item in &items {
        let Some(loan) = &item.loan else { continue };
        loans.push(ListedLoan {
            loan: LoanDetails::of(item, loan),
            state: loan.state,
            late: moment.at() > due_of(loan, &rulebook, &moment).at,
            accrued_cents: charging.late_cents_at_return(item, loan, loan.borrower.owed_overdue_cents),
            renewal: renewing::decide(&asker, Some(item)).decision,
        });
    }
    Ok(LoanList { decision, language, loans, next })
}
