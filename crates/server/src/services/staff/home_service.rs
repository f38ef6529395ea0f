//! `HomeServiceService`.

use super::fields;
use crate::{
    services::{Api, page_token, reply},
    status::Fault,
};
use kortisto::staff::v1::{self as wire, home_service_service_server::HomeServiceService};
use kortisto_domain::{
    consents::TEXT_VERSION_CHARS_MAX,
    home_service::{ADDRESS_LINE_CHARS_MAX, DOOR_NOTE_CHARS_MAX, EVERY_WEEKS_MAX, PREFERENCES_CHARS_MAX},
};
use kortisto_register::{
    HistoryRecord,
    staff::home_service::{
        CarrierStop, EndHomeService, GetCarrierManifest, GetHomeService, ListHomeServiceHistory,
        PutHomeService, SetConsent,
    },
};
use tonic::{Request, Response, Status, async_trait};

/// Longest postcode, in characters.
const POSTCODE_CHARS_MAX: usize = 10;

#[async_trait]
impl HomeServiceService for Api {
    async fn put_home_service(
        &self,
        request: Request<wire::PutHomeServiceRequest>,
    ) -> Result<Response<wire::PutHomeServiceResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let put = PutHomeService {
            request_id: fields::id("request_id", &message.request_id)?,
            patron_number: fields::code("patron_number", &message.patron_number)?,
            street: fields::text("street", &message.street, ADDRESS_LINE_CHARS_MAX)?,
            postcode: fields::text("postcode", &message.postcode, POSTCODE_CHARS_MAX)?,
            post_office: fields::text("post_office", &message.post_office, ADDRESS_LINE_CHARS_MAX)?,
            door_note: fields::optional_prose("door_note", &message.door_note, DOOR_NOTE_CHARS_MAX)?
                .unwrap_or_default(),
            first_on: fields::date("first_on", &message.first_on)?,
            every_weeks: every_weeks(message.every_weeks)?,
            preferences: fields::optional_prose("preferences", &message.preferences, PREFERENCES_CHARS_MAX)?
                .unwrap_or_default(),
        };
        desk.change(put).await?;
        Ok(Response::new(wire::PutHomeServiceResponse {}))
    }

    async fn get_home_service(
        &self,
        request: Request<wire::GetHomeServiceRequest>,
    ) -> Result<Response<wire::GetHomeServiceResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let patron_number = fields::code("patron_number", &message.patron_number)?;
        let purpose = fields::purpose(message.purpose)?;
        let held = desk.view(GetHomeService { patron_number, purpose }).await?;
        Ok(Response::new(wire::GetHomeServiceResponse {
            address_protected: held.address_protected,
            street: held.street,
            postcode: held.postcode,
            post_office: held.post_office,
            door_note: held.door_note,
            first_on: held.first_on.to_string(),
            every_weeks: held.every_weeks.into(),
            next_on: held.next_on.to_string(),
            preferences: held.preferences,
            history_consent: held.history_consent.code().into(),
            profile_consent: held.profile_consent.code().into(),
            changed_at: Some(reply::timestamp(held.changed_at)),
            changed_by: held.changed_by,
        }))
    }

    async fn end_home_service(
        &self,
        request: Request<wire::EndHomeServiceRequest>,
    ) -> Result<Response<wire::EndHomeServiceResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let request_id = fields::id("request_id", &message.request_id)?;
        let patron_number = fields::code("patron_number", &message.patron_number)?;
        desk.change(EndHomeService { request_id, patron_number }).await?;
        Ok(Response::new(wire::EndHomeServiceResponse {}))
    }

    async fn set_consent(
        &self,
        request: Request<wire::SetConsentRequest>,
    ) -> Result<Response<wire::SetConsentResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let set = SetConsent {
            request_id: fields::id("request_id", &message.request_id)?,
            patron_number: fields::code("patron_number", &message.patron_number)?,
            about: fields::coded("about", message.about)?,
            state: fields::coded("state", message.state)?,
            form: fields::coded("form", message.form)?,
            text_version: fields::text("text_version", &message.text_version, TEXT_VERSION_CHARS_MAX)?,
        };
        desk.change(set).await?;
        Ok(Response::new(wire::SetConsentResponse {}))
    }

    async fn list_home_service_history(
        &self,
        request: Request<wire::ListHomeServiceHistoryRequest>,
    ) -> Result<Response<wire::ListHomeServiceHistoryResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let ask = ListHomeServiceHistory {
            patron_number: fields::code("patron_number", &message.patron_number)?,
            purpose: fields::purpose(message.purpose)?,
            page_size: fields::page_size(message.page_size)?,
            after: page_token::place(&message.page_token)?,
        };
        let page = desk.view(ask).await?;
        Ok(Response::new(wire::ListHomeServiceHistoryResponse {
            loans: page.loans.into_iter().map(past_loan).collect(),
            next_page_token: page_token::of(page.next),
        }))
    }

    async fn get_carrier_manifest(
        &self,
        request: Request<wire::GetCarrierManifestRequest>,
    ) -> Result<Response<wire::GetCarrierManifestResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let ask = GetCarrierManifest {
            date: fields::date("date", &message.date)?,
            purpose: fields::purpose(message.purpose)?,
            page: fields::page(message.page_size, &message.page_token)?,
        };
        let manifest = desk.view(ask).await?;
        Ok(Response::new(wire::GetCarrierManifestResponse {
            stops: manifest.stops.into_iter().map(stop).collect(),
            withheld: manifest.withheld,
            expires_at: Some(reply::timestamp(manifest.expires_at)),
            next_page_token: page_token::of(manifest.next),
        }))
    }
}

fn every_weeks(weeks: u32) -> Result<u8, Fault> {
    let weeks = u8::try_from(weeks).ok().filter(|weeks| (1..=EVERY_WEEKS_MAX).contains(weeks));
    weeks.ok_or_else(|| Fault::field("every_weeks", format!("1 to {EVERY_WEEKS_MAX}")))
}

fn past_loan(record: HistoryRecord) -> wire::PastLoan {
    wire::PastLoan {
        loan_id: record.loan.to_string(),
        label: record.label,
        material: record.material,
        lent_at: Some(reply::timestamp(record.lent_at)),
        returned_at: Some(reply::timestamp(record.returned_at)),
    }
}

fn stop(stop: CarrierStop) -> wire::CarrierStop {
    let CarrierStop { parcel_id, name, street, postcode, post_office, phone } = stop;
    wire::CarrierStop { parcel_id, name, street, postcode, post_office, phone }
}
