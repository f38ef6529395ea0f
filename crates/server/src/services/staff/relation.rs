//! `RelationService`.

use super::fields;
use crate::services::{Api, page_token, reply};
use kortisto::staff::v1::{self as wire, relation_service_server::RelationService};
use kortisto_domain::{
    consents::TEXT_VERSION_CHARS_MAX,
    relations::{BondState, END_REASON_CHARS_MAX, ErasureHold},
};
use kortisto_register::staff::relations::{
    AddRelation, ConsentRecord, EndRelation, ListConsents, ListRelations, RecordConsent, RelatedPerson,
    RelationRecord, WithdrawConsent,
};
use tonic::{Request, Response, Status, async_trait};

#[async_trait]
impl RelationService for Api {
    async fn add_relation(
        &self,
        request: Request<wire::AddRelationRequest>,
    ) -> Result<Response<wire::AddRelationResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let add = AddRelation {
            request_id: fields::id("request_id", &message.request_id)?,
            ward_number: fields::code("ward_number", &message.ward_number)?,
            other_number: fields::code("other_number", &message.other_number)?,
            kind: fields::coded("kind", message.kind)?,
            valid_from: fields::optional_date("valid_from", &message.valid_from)?,
            valid_until: fields::optional_date("valid_until", &message.valid_until)?,
        };
        let relation_id = desk.change(add).await?;
        Ok(Response::new(wire::AddRelationResponse { relation_id }))
    }

    async fn end_relation(
        &self,
        request: Request<wire::EndRelationRequest>,
    ) -> Result<Response<wire::EndRelationResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let request_id = fields::id("request_id", &message.request_id)?;
        let relation_id = fields::key("relation_id", message.relation_id)?;
        let reason = fields::prose("reason", &message.reason, END_REASON_CHARS_MAX)?;
        desk.change(EndRelation { request_id, relation_id, reason }).await?;
        Ok(Response::new(wire::EndRelationResponse {}))
    }

    async fn list_relations(
        &self,
        request: Request<wire::ListRelationsRequest>,
    ) -> Result<Response<wire::ListRelationsResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let ask = ListRelations {
            patron_number: fields::code("patron_number", &message.patron_number)?,
            purpose: fields::purpose(message.purpose)?,
            page: fields::page(message.page_size, &message.page_token)?,
        };
        let page = desk.view(ask).await?;
        let next_page_token = page_token::of(page.next);
        Ok(Response::new(wire::ListRelationsResponse {
            relations: page.rows.into_iter().map(relation).collect(),
            next_page_token,
        }))
    }

    async fn record_consent(
        &self,
        request: Request<wire::RecordConsentRequest>,
    ) -> Result<Response<wire::RecordConsentResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let record = RecordConsent {
            request_id: fields::id("request_id", &message.request_id)?,
            patron_number: fields::code("patron_number", &message.patron_number)?,
            about: fields::coded("about", message.about)?,
            state: fields::coded("state", message.state)?,
            form: fields::coded("form", message.form)?,
            text_version: fields::text("text_version", &message.text_version, TEXT_VERSION_CHARS_MAX)?,
            given_by_number: fields::optional_code("given_by_number", &message.given_by_number)?,
        };
        let consent_id = desk.change(record).await?;
        Ok(Response::new(wire::RecordConsentResponse { consent_id }))
    }

    async fn withdraw_consent(
        &self,
        request: Request<wire::WithdrawConsentRequest>,
    ) -> Result<Response<wire::WithdrawConsentResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let request_id = fields::id("request_id", &message.request_id)?;
        let consent_id = fields::key("consent_id", message.consent_id)?;
        let withdrawn_rights = desk.change(WithdrawConsent { request_id, consent_id }).await?;
        Ok(Response::new(wire::WithdrawConsentResponse { withdrawn_rights }))
    }

    async fn list_consents(
        &self,
        request: Request<wire::ListConsentsRequest>,
    ) -> Result<Response<wire::ListConsentsResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let ask = ListConsents {
            patron_number: fields::code("patron_number", &message.patron_number)?,
            purpose: fields::purpose(message.purpose)?,
            page: fields::page(message.page_size, &message.page_token)?,
        };
        let page = desk.view(ask).await?;
        let next_page_token = page_token::of(page.next);
        Ok(Response::new(wire::ListConsentsResponse {
            consents: page.rows.into_iter().map(consent).collect(),
            next_page_token,
        }))
    }
}

fn relation(record: RelationRecord) -> wire::Relation {
    let state = match record.state {
        BondState::Ahead => wire::RelationState::Ahead,
        BondState::InForce => wire::RelationState::InForce,
        BondState::Lapsed => wire::RelationState::Lapsed,
        BondState::Outgrown => wire::RelationState::Outgrown,
        BondState::Dissolved => wire::RelationState::Dissolved,
    };
    wire::Relation {
        relation_id: record.id,
        kind: record.kind.code().into(),
        ward: Some(person(record.ward)),
        other: Some(person(record.other)),
        state: state.into(),
        valid_from: record.valid_from.to_string(),
        valid_until: record.valid_until.map(|day| day.to_string()).unwrap_or_default(),
        erasure_holds: record.holds.into_iter().map(|why| hold(why).into()).collect(),
        recorded_by: record.recorded_by,
        recorded_at: Some(reply::timestamp(record.recorded_at)),
        ended_by: record.ended_by.unwrap_or_default(),
        ended_at: record.ended_at.map(reply::timestamp),
        ended_reason: record.ended_reason.unwrap_or_default(),
    }
}

const fn hold(why: ErasureHold) -> wire::ErasureHold {
    match why {
        ErasureHold::RelationStands => wire::ErasureHold::RelationStands,
        ErasureHold::WardIsChild => wire::ErasureHold::WardIsChild,
        ErasureHold::WardAgeUnknown => wire::ErasureHold::WardAgeUnknown,
    }
}

fn person(person: RelatedPerson) -> wire::RelatedPerson {
    let RelatedPerson { number, family_name, given_names } = person;
    wire::RelatedPerson { number, family_name, given_names }
}

fn consent(record: ConsentRecord) -> wire::Consent {
    wire::Consent {
        consent_id: record.id,
        about: record.about.code().into(),
        state: record.state.code().into(),
        form: record.form.code().into(),
        text_version: record.text_version,
        given_by_number: record.given_by_number.unwrap_or_default(),
        relation_id: record.relation_id.unwrap_or_default(),
        recorded_by: record.recorded_by,
        recorded_at: Some(reply::timestamp(record.recorded_at)),
        withdrawn_by: record.withdrawn_by.unwrap_or_default(),
        withdrawn_at: record.withdrawn_at.map(reply::timestamp),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kortisto_domain::{ConsentForm, ConsentPurpose, ConsentState, RelationKind};

    #[test]
    fn codes_of_contract_and_register_have_the_same_numbers() {
        let name = |prefix: &str, word: &str| format!("{prefix}_{}", word.to_uppercase().replace('-', "_"));
        for kind in RelationKind::ALL {
            let theirs = wire::RelationKind::from_str_name(&name("RELATION_KIND", kind.word()));
            assert_eq!(theirs.map(i32::from), Some(kind.code().into()));
        }
        for about in ConsentPurpose::ALL {
            let theirs = wire::ConsentPurpose::from_str_name(&name("CONSENT_PURPOSE", about.word()));
            assert_eq!(theirs.map(i32::from), Some(about.code().into()));
        }
        for state in ConsentState::ALL {
            let theirs = wire::ConsentState::from_str_name(&name("CONSENT_STATE", state.word()));
            assert_eq!(theirs.map(i32::from), Some(state.code().into()));
        }
        for form in ConsentForm::ALL {
            let theirs = wire::ConsentForm::from_str_name(&name("CONSENT_FORM", form.word()));
            assert_eq!(theirs.map(i32::from), Some(form.code().into()));
        }
        for why in [ErasureHold::RelationStands, ErasureHold::WardIsChild, ErasureHold::WardAgeUnknown] {
            assert_eq!(hold(why).as_str_name(), name("ERASURE_HOLD", why.word()));
        }
    }
}
