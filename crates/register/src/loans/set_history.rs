//! `LoanService.SetLoanHistory`: the patron of a session decides whether a loan history is kept (A78, A79).

use crate::{
    Ask, Register, RegisterError, Rpc,
    audit::About,
    consents::{self, Answer, Signature},
    patrons::at_device::{Concluded, PatronChange, PatronDesk},
};
use kortisto_domain::{ConsentForm, ConsentPurpose, ConsentState, Decision, Reason, history};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tokio::time::Instant;

/// What the patron has decided.
#[derive(Debug, Clone)]
pub struct SetLoanHistory {
    /// Who asks.
    pub ask: Ask,
    /// The version of the text that was consented to, 1 to 100 characters; none where no history is to be kept.
    pub consented_to: Option<String>,
}

/// Whether it is so.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HistorySet {
    /// Refused where the policy keeps no history for patrons.
    pub decision: Decision,
    /// The patron's language, where the patron is known.
    pub language: Option<String>,
}

impl Register {
    /// Keeps the patron's consent to a loan history, or withdraws it and erases the history.
    ///
    /// # Errors
    /// [`RegisterError`]; a refusal is in the answer.
    pub async fn set_loan_history(
        self: &Arc<Self>,
        set: SetLoanHistory,
        deadline: Instant,
    ) -> Result<HistorySet, RegisterError> {
        self.patron_change(set, deadline).await
    }
}

impl PatronChange for SetLoanHistory {
    const RPC: Rpc = Rpc::SetLoanHistory;
    const ACTION: &'static str = "set_loan_history";
    type Answer = HistorySet;

    fn ask(&self) -> &Ask {
        &self.ask
    }

    fn body(&self) -> Vec<&[u8]> {
        self.consented_to.iter().map(String::as_bytes).collect()
    }

    fn refused(decision: Decision, language: Option<String>) -> HistorySet {
        HistorySet { decision, language }
    }

    async fn apply(&self, desk: &mut PatronDesk<'_>) -> Result<Concluded<HistorySet>, RegisterError> {
        let standing = desk.standing_alone();
        let decision = match &self.consented_to {
            _ if !standing.is_granted() => standing,
            Some(text_version) => consent(desk, text_version).await?,
            None => withdraw(desk).await?,
        };
        let language = Some(desk.party.language.clone());
        let answer = HistorySet { decision: decision.clone(), language };
        Ok(Concluded { decision, answer, about: About::default() })
    }
}

/// Keeps the consent, unless one stands.
async fn consent(desk: &PatronDesk<'_>, text_version: &str) -> Result<Decision, RegisterError> {
    let about = ConsentPurpose::LoanHistory;
    let policy = desk.rulebook.policies.retention(desk.moment.today()).history;
    if !history::allows(policy, about) {
        return Ok(Decision::refused(Reason::HistoryNotKept));
    }
    let patron_id = desk.party.patron_id;
    if consents::standing(desk.transaction, patron_id, about).await?.is_empty() {
        let (state, form) = (ConsentState::Granted, ConsentForm::Online);
        let answer = Answer { patron_id, about, state, form, text_version, given_by: None };
        answer.keep(desk.transaction, signature(desk)).await?;
    }
    Ok(Decision::granted())
}

/// Withdraws whatever stands, and erases what was kept by it.
async fn withdraw(desk: &PatronDesk<'_>) -> Result<Decision, RegisterError> {
    let about = ConsentPurpose::LoanHistory;
    for consent in consents::standing(desk.transaction, desk.party.patron_id, about).await? {
        consents::withdraw(desk.transaction, consent, signature(desk)).await?;
    }
    Ok(Decision::granted())
}

fn signature(desk: &PatronDesk<'_>) -> Signature {
    Signature { by: format!("device:{}", desk.device.id), at: desk.moment.at() }
}
