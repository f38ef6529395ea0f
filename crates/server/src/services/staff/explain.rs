//! `ExplainService`.

use super::fields;
use crate::{
    services::{Api, reply},
    status::Fault,
};
use kortisto::{
    common::v1 as common,
    staff::v1::{self as wire, explain_decision_request as request, explain_service_server::ExplainService},
};
use kortisto_domain::{DeviceKind, PatronCategory, policy::AppliedPolicy};
use kortisto_register::staff::explain::{Cause, ExplainDecision, Question, Who};
use tonic::{Request, Response, Status, async_trait};

#[async_trait]
impl ExplainService for Api {
    async fn explain_decision(
        &self,
        request: Request<wire::ExplainDecisionRequest>,
    ) -> Result<Response<wire::ExplainDecisionResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let ask = ExplainDecision {
            who: who(message.who.as_ref())?,
            branch: fields::code("branch", &message.branch)?,
            question: question(&message)?,
            purpose: fields::purpose(message.purpose)?,
        };
        let explained = desk.view(ask).await?;
        let language = self.language_of(Some(&explained.language));
        let refusal = |why: &kortisto_domain::Reason| {
            let said = self.texts.reason(language, *why);
            common::Refusal {
                reason: reply::reason(*why).into(),
                text: said.text.clone(),
                remedy: said.remedy.clone(),
            }
        };
        let facts = explained.facts.into_iter();
        Ok(Response::new(wire::ExplainDecisionResponse {
            verdict: reply::verdict(&explained.decision),
            refusals: explained.decision.reasons().iter().map(refusal).collect(),
            causes: explained.causes.into_iter().map(cause).collect(),
            facts: facts
                .map(|fact| wire::DecisionFact { name: fact.name.to_owned(), value: fact.value })
                .collect(),
            policies: explained
                .policies
                .into_iter()
                .map(|(applied, branch)| policy(applied, branch))
                .collect(),
            decided_at: Some(reply::timestamp(explained.decided_at)),
        }))
    }
}

fn who(who: Option<&request::Who>) -> Result<Who, Fault> {
    match who {
        Some(request::Who::CardNumber(number)) => fields::code("card_number", number).map(Who::Card),
        Some(request::Who::PatronNumber(number)) => fields::code("patron_number", number).map(Who::Patron),
        None => Err(Fault::field("who", "card_number or patron_number")),
    }
}

/// The question, with the one thing that it is about and nothing else.
fn question(message: &wire::ExplainDecisionRequest) -> Result<Question, Fault> {
    let kind = wire::Question::try_from(message.question).unwrap_or(wire::Question::Unspecified);
    let about = [
        ("resource", !message.resource.is_empty(), kind == wire::Question::Enter),
        ("item_barcode", !message.item_barcode.is_empty(), kind == wire::Question::Lend),
        ("hold_id", !message.hold_id.is_empty(), kind == wire::Question::PickUp),
    ];
    if let Some((field, ..)) = about.into_iter().find(|(_, given, asked)| *given && !asked) {
        return Err(Fault::field(field, "empty: this question is not about one"));
    }
    match kind {
        wire::Question::Unspecified => {
            Err(Fault::field("question", "one of the values of its enum, not unspecified"))
        }
        wire::Question::Lend => fields::code("item_barcode", &message.item_barcode).map(Question::Lend),
        wire::Question::Enter => fields::code("resource", &message.resource).map(Question::Enter),
        wire::Question::PickUp => fields::id("hold_id", &message.hold_id).map(Question::PickUp),
        wire::Question::Authenticate => Ok(Question::Authenticate(DeviceKind::SelfCheckout)),
        wire::Question::AuthenticateAtPc => Ok(Question::Authenticate(DeviceKind::PcBooking)),
    }
}

fn cause(cause: Cause) -> wire::RefusalCause {
    wire::RefusalCause {
        reason: reply::reason(cause.reason).into(),
        ward_number: cause.ward_number.unwrap_or_default(),
        ban_id: cause.ban_id.unwrap_or_default(),
        to_pay: cause.to_pay_cents.map(reply::amount),
        since: cause.since.map(|day| day.to_string()).unwrap_or_default(),
        lifts_at: cause.lifts_at.map(reply::timestamp),
    }
}

pub(super) fn policy(applied: AppliedPolicy, branch: Option<String>) -> wire::DecisionPolicy {
    let row = applied.row.map(|row| wire::DecisionPolicyRow {
        municipality: row.scope.municipality.unwrap_or_default(),
        branch: branch.unwrap_or_default(),
        category: row.scope.category.map(PatronCategory::word).unwrap_or_default().to_owned(),
        material: row.scope.material.unwrap_or_default(),
        collection: row.scope.collection.unwrap_or_default(),
        valid_from: row.valid_from.to_string(),
        valid_until: row.valid_until.map(|day| day.to_string()).unwrap_or_default(),
        decision: row.decision,
    });
    wire::DecisionPolicy { key: applied.key.to_owned(), value: applied.value, row }
}
