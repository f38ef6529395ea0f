//! `LoanService.ListLoanHistory`: what the patron of a session has borrowed and returned since consenting to it (A78).

use super::history::{HistoryPage, HistoryQuestion};
use crate::{
    Caller, Register, RegisterError, Rpc, consents,
    devices::outside_lane::{Asking, record},
};
use kortisto_domain::{ConsentPurpose, Decision, history};
use sea_orm::DatabaseTransaction;
use std::sync::Arc;
use tokio::time::Instant;
use uuid::Uuid;

/// Whose history, and which page.
#[derive(Debug, Clone)]
pub struct ListLoanHistory {
    /// The device.
    pub caller: Caller,
    /// SHA-256 of the patron token.
    pub token_hash: [u8; 32],
    /// How many at most, 1 to 100.
    pub page_size: usize,
    /// The last loan of the page before.
    pub after: Option<Uuid>,
}

/// A page of the history.
pub struct LoanHistory {
    /// Refused when the session is over, and to a guardian who asks in a ward's place.
    pub decision: Decision,
    /// The patron's language.
    pub language: Option<String>,
    /// Whether a history is kept.
    pub kept: bool,
    /// The loans of this page; none where no history is kept.
    pub page: HistoryPage,
}

impl Register {
    /// Lists what the patron of a session has borrowed and returned, those lent last first.
    ///
    /// # Errors
    /// [`RegisterError`]; a session that is over is a refusal in the answer.
    pub async fn list_loan_history(
        self: &Arc<Self>,
        ask: ListLoanHistory,
        deadline: Instant,
    ) -> Result<LoanHistory, RegisterError> {
        let register = Arc::clone(self);
        self.store
            .unit_of_work("list_loan_history", deadline, move |transaction| {
                let (register, ask) = (Arc::clone(&register), ask.clone());
                Box::pin(async move { list(&register, &ask, transaction).await })
            })
            .await
    }
}

async fn list(
    register: &Register,
    ask: &ListLoanHistory,
    transaction: &DatabaseTransaction,
) -> Result<LoanHistory, RegisterError> {
    let asking = Asking::load(register, transaction, &ask.caller, Some(&ask.token_hash), None).await?;
    let (decision, party) = asking.patron_alone(Rpc::ListLoanHistory)?;
    let subject = party.map(|party| party.pseudonym);
    record(register, transaction, &asking, "list_loan_history", &decision, subject).await?;
    let language = party.map(|party| party.language.clone());
    let none = HistoryPage::default();
    let Some(party) = party.filter(|_| decision.is_granted()) else {
        return Ok(LoanHistory { decision, language, kept: false, page: none });
    };
    let consent = ConsentPurpose::LoanHistory;
    let policy = register.rulebook_in(transaction).await?.policies.retention(asking.moment.today()).history;
    let standing = consents::standing(transaction, party.patron_id, consent).await?;
    let since = standing.first().filter(|_| history::allows(policy, consent));
    let Some(since) = since.map(|consent| consent.recorded_at) else {
        return Ok(LoanHistory { decision, language, kept: false, page: none });
    };
    let (patron_id, page_size, after) = (party.patron_id, ask.page_size, ask.after);
    let page = HistoryQuestion { patron_id, consent, since, page_size, after }.page(transaction).await?;
    Ok(LoanHistory { decision, language, kept: true, page })
}
