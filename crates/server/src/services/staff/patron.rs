//! `PatronService` of staff.

mod details;
mod show;

use super::fields;
use crate::{
    services::{Api, page_token},
    status::Fault,
};
use kortisto::staff::v1 as wire;
use kortisto::staff::v1::patron_service_server::PatronService;
use kortisto_domain::{contact, notices};
use kortisto_register::staff::patrons::{
    CreatePatron, Etag, GetPatron, ListCategories, PutCategory, RemoveAddress, RemoveEmail, RemovePhone,
    STOPS_MAX, SearchPatrons, SetAddress, SetEmail, SetNoticePreference, SetPhone, SetServiceInUse, SetStops,
    UpdatePatron, Wanted,
};
use std::collections::BTreeSet;
use tonic::{Request, Response, Status, async_trait};

/// Longest name of a person, an institution or a category, in characters.
const NAME_CHARS_MAX: usize = 100;

/// Longest street, in characters.
const STREET_CHARS_MAX: usize = 200;

/// Patrons on a page of a search that asks for no number: each of them is one more whose data was seen.
const HITS_DEFAULT: i32 = 20;

#[async_trait]
impl PatronService for Api {
    async fn get_patron(
        &self,
        request: Request<wire::GetPatronRequest>,
    ) -> Result<Response<wire::GetPatronResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let number = fields::code("number", &message.number)?;
        let purpose = fields::purpose(message.purpose)?;
        let record = desk.view(GetPatron { number, purpose }).await?;
        Ok(Response::new(wire::GetPatronResponse { patron: Some(show::patron(record)) }))
    }

    async fn search_patrons(
        &self,
        request: Request<wire::SearchPatronsRequest>,
    ) -> Result<Response<wire::SearchPatronsResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let purpose = fields::purpose(message.purpose)?;
        let asked = if message.page_size == 0 { HITS_DEFAULT } else { message.page_size };
        let page_size = fields::page_size(asked)?;
        let after = page_token::place(&message.page_token)?;
        let wanted = wanted(&message)?;
        let found = desk.view(SearchPatrons { wanted, page_size, after, purpose }).await?;
        Ok(Response::new(wire::SearchPatronsResponse {
            patrons: found.hits.into_iter().map(show::hit).collect(),
            next_page_token: page_token::of(found.next),
            too_many: found.too_many,
        }))
    }

    async fn create_patron(
        &self,
        request: Request<wire::CreatePatronRequest>,
    ) -> Result<Response<wire::CreatePatronResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let request_id = fields::id("request_id", &message.request_id)?;
        let details = details::details(message.details)?;
        let patron = desk.change(CreatePatron { request_id, details }).await?;
        Ok(Response::new(wire::CreatePatronResponse {
            number: patron.number,
            support_id: patron.support_id,
            hold_alias: patron.hold_alias,
            etag: patron.etag.to_string(),
        }))
    }

    async fn update_patron(
        &self,
        request: Request<wire::UpdatePatronRequest>,
    ) -> Result<Response<wire::UpdatePatronResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let request_id = fields::id("request_id", &message.request_id)?;
        let number = fields::code("number", &message.number)?;
        let etag = Etag::parse(&message.etag)
            .ok_or_else(|| Fault::field("etag", "the etag of the record that was read"))?;
        let details = details::details(message.details)?;
        let etag = desk.change(UpdatePatron { request_id, number, etag, details }).await?.to_string();
        Ok(Response::new(wire::UpdatePatronResponse { etag }))
    }

    async fn set_address(
        &self,
        request: Request<wire::SetAddressRequest>,
    ) -> Result<Response<wire::SetAddressResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let address = message.address.unwrap_or_default();
        let country = match address.country.as_str() {
            "" => contact::HOME_COUNTRY,
            country if contact::is_country(country) => country,
            _ => return Err(Fault::field("address.country", "two capital letters (ISO 3166-1)").into()),
        };
        if !contact::is_postcode(country, &address.postcode) {
            let rule =
                "five digits in Finland; elsewhere 1 to 12 capital letters, digits, blanks and hyphens";
            return Err(Fault::field("address.postcode", rule).into());
        }
        let ask = SetAddress {
            request_id: fields::id("request_id", &message.request_id)?,
            number: fields::code("number", &message.number)?,
            kind: fields::coded("address.kind", address.kind)?,
            street: fields::text("address.street", &address.street, STREET_CHARS_MAX)?,
            post_office: fields::text("address.post_office", &address.post_office, NAME_CHARS_MAX)?,
            country: country.to_owned(),
            mailing: address.mailing,
            source: fields::coded("address.source", address.source)?,
            valid_from: fields::optional_date("address.valid_from", &address.valid_from)?,
            valid_until: fields::optional_date("address.valid_until", &address.valid_until)?,
            postcode: address.postcode,
        };
        let etag = desk.change(ask).await?.to_string();
        Ok(Response::new(wire::SetAddressResponse { etag }))
    }

    async fn remove_address(
        &self,
        request: Request<wire::RemoveAddressRequest>,
    ) -> Result<Response<wire::RemoveAddressResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let ask = RemoveAddress {
            request_id: fields::id("request_id", &message.request_id)?,
            number: fields::code("number", &message.number)?,
            kind: fields::coded("kind", message.kind)?,
        };
        let etag = desk.change(ask).await?.to_string();
        Ok(Response::new(wire::RemoveAddressResponse { etag }))
    }

    async fn set_phone(
        &self,
        request: Request<wire::SetPhoneRequest>,
    ) -> Result<Response<wire::SetPhoneResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let phone = message.phone.unwrap_or_default();
        let ask = SetPhone {
            request_id: fields::id("request_id", &message.request_id)?,
            number: fields::code("number", &message.number)?,
            phone: fields::phone("phone.phone", phone.phone)?,
            sms: phone.sms,
            source: fields::coded("phone.source", phone.source)?,
        };
        let etag = desk.change(ask).await?.to_string();
        Ok(Response::new(wire::SetPhoneResponse { etag }))
    }

    async fn remove_phone(
        &self,
        request: Request<wire::RemovePhoneRequest>,
    ) -> Result<Response<wire::RemovePhoneResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let ask = RemovePhone {
            request_id: fields::id("request_id", &message.request_id)?,
            number: fields::code("number", &message.number)?,
            phone: fields::phone("phone", message.phone)?,
        };
        let etag = desk.change(ask).await?.to_string();
        Ok(Response::new(wire::RemovePhoneResponse { etag }))
    }

    async fn set_email(
        &self,
        request: Request<wire::SetEmailRequest>,
    ) -> Result<Response<wire::SetEmailResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let email = message.email.unwrap_or_default();
        let ask = SetEmail {
            request_id: fields::id("request_id", &message.request_id)?,
            number: fields::code("number", &message.number)?,
            email: fields::email("email.email", &email.email)?,
            source: fields::coded("email.source", email.source)?,
            identity_document: fields::optional_coded("identity_document", message.identity_document)?,
        };
        let etag = desk.change(ask).await?.to_string();
        Ok(Response::new(wire::SetEmailResponse { etag }))
    }

    async fn remove_email(
        &self,
        request: Request<wire::RemoveEmailRequest>,
    ) -> Result<Response<wire::RemoveEmailResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let ask = RemoveEmail {
            request_id: fields::id("request_id", &message.request_id)?,
            number: fields::code("number", &message.number)?,
            email: fields::email("email", &message.email)?,
        };
        let etag = desk.change(ask).await?.to_string();
        Ok(Response::new(wire::RemoveEmailResponse { etag }))
    }

    async fn set_notice_preference(
        &self,
        request: Request<wire::SetNoticePreferenceRequest>,
    ) -> Result<Response<wire::SetNoticePreferenceResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let preference = message.preference.unwrap_or_default();
        let days = preference.days_before.map(|days| u8::try_from(days).map_err(|_| days_fault()));
        let ask = SetNoticePreference {
            request_id: fields::id("request_id", &message.request_id)?,
            number: fields::code("number", &message.number)?,
            notice: fields::coded("preference.notice", preference.notice)?,
            channel: fields::coded("preference.channel", preference.channel)?,
            days_before: days.transpose()?,
        };
        notices::check(ask.notice, ask.channel, ask.days_before).map_err(|fault| match fault {
            notices::NoticeFault::Channel => {
                Fault::field("preference.channel", "LETTER or EMAIL for an invoice")
            }
            notices::NoticeFault::DaysNotAsked
            | notices::NoticeFault::DaysMissing
            | notices::NoticeFault::DaysOutOfRange => days_fault(),
        })?;
        let etag = desk.change(ask).await?.to_string();
        Ok(Response::new(wire::SetNoticePreferenceResponse { etag }))
    }

    async fn set_service_in_use(
        &self,
        request: Request<wire::SetServiceInUseRequest>,
    ) -> Result<Response<wire::SetServiceInUseResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let service = message.service.unwrap_or_default();
        let ask = SetServiceInUse {
            request_id: fields::id("request_id", &message.request_id)?,
            number: fields::code("number", &message.number)?,
            service: fields::coded("service.service", service.service)?,
            enabled: service.enabled,
        };
        let etag = desk.change(ask).await?.to_string();
        Ok(Response::new(wire::SetServiceInUseResponse { etag }))
    }

    async fn set_stops(
        &self,
        request: Request<wire::SetStopsRequest>,
    ) -> Result<Response<wire::SetStopsResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        if message.stops.len() > STOPS_MAX {
            return Err(Fault::field("stops", format!("at most {STOPS_MAX}")).into());
        }
        let codes = message.stops.iter().map(|stop| {
            Ok((fields::code("stops.branch", &stop.branch)?, fields::code("stops.stop", &stop.stop)?))
        });
        let ask = SetStops {
            request_id: fields::id("request_id", &message.request_id)?,
            number: fields::code("number", &message.number)?,
            stops: codes.collect::<Result<BTreeSet<_>, Fault>>()?,
        };
        let etag = desk.change(ask).await?.to_string();
        Ok(Response::new(wire::SetStopsResponse { etag }))
    }

    async fn list_categories(
        &self,
        request: Request<wire::ListCategoriesRequest>,
    ) -> Result<Response<wire::ListCategoriesResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let page = fields::page(message.page_size, &message.page_token)?;
        let found = desk.view(ListCategories { page }).await?;
        Ok(Response::new(wire::ListCategoriesResponse {
            categories: found.rows.into_iter().map(show::category).collect(),
            next_page_token: page_token::of(found.next),
        }))
    }

    async fn put_category(
        &self,
        request: Request<wire::PutCategoryRequest>,
    ) -> Result<Response<wire::PutCategoryResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let category = message.category.unwrap_or_default();
        let ask = PutCategory {
            request_id: fields::id("request_id", &message.request_id)?,
            code: fields::code("category.code", &category.code)?,
            name_fi: fields::text("category.name_fi", &category.name_fi, NAME_CHARS_MAX)?,
            name_sv: fields::text("category.name_sv", &category.name_sv, NAME_CHARS_MAX)?,
            name_en: fields::text("category.name_en", &category.name_en, NAME_CHARS_MAX)?,
            canonical: fields::coded("category.canonical", category.canonical)?,
        };
        desk.change(ask).await?;
        Ok(Response::new(wire::PutCategoryResponse {}))
    }
}

fn days_fault() -> Fault {
    let (first, last) = notices::REMINDER_DAYS;
    let rule = format!("{first} to {last} for a due-date reminder that is sent, unset for everything else");
    Fault::field("preference.days_before", rule)
}

/// What is searched by: a card number, or a name, a birth date or both.
fn wanted(message: &wire::SearchPatronsRequest) -> Result<Wanted, Fault> {
    let name = fields::optional_text("name", &message.name, NAME_CHARS_MAX)?;
    let born = fields::optional_date("birth_date", &message.birth_date)?;
    if message.card_number.is_empty() {
        return Ok(Wanted::Person { name, born });
    }
    if name.is_some() || born.is_some() {
        return Err(Fault::field("card_number", "given by itself, without a name and a birth date"));
    }
    fields::code("card_number", &message.card_number).map(Wanted::Card)
}
