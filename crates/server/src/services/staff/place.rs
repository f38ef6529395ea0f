//! `PlaceService`.

use super::fields;
use crate::{
    services::{Api, page_token},
    status::Fault,
};
use kortisto::staff::v1::{
    AddMembershipRequest, AddMembershipResponse, AddOpeningExceptionRequest, AddOpeningExceptionResponse,
    Branch, Controller, EndMembershipRequest, EndMembershipResponse, ListBranchesRequest,
    ListBranchesResponse, ListControllersRequest, ListControllersResponse, ListMunicipalitiesRequest,
    ListMunicipalitiesResponse, ListOpeningRequest, ListOpeningResponse, ListResourcesRequest,
    ListResourcesResponse, ListStopsRequest, ListStopsResponse, ListedController, ListedMunicipality,
    Membership, Municipality, PutBranchRequest, PutBranchResponse, PutControllerRequest,
    PutControllerResponse, PutMunicipalityRequest, PutMunicipalityResponse, PutResourceRequest,
    PutResourceResponse, PutStopRequest, PutStopResponse, RemoveOpeningExceptionRequest,
    RemoveOpeningExceptionResponse, RemoveResourceRequest, RemoveResourceResponse, Resource,
    SetOpeningWindowsRequest, SetOpeningWindowsResponse, Stop, place_service_server::PlaceService,
};
use kortisto_domain::places::codes;
use kortisto_register::staff::{
    Page,
    places::{
        self, AddMembership, AddOpeningException, EndMembership, ListBranches, ListControllers,
        ListMunicipalities, ListOpening, ListResources, ListStops, PutBranch, PutController, PutMunicipality,
        PutResource, PutStop, RemoveOpeningException, RemoveResource, SetOpeningWindows,
    },
};
use tonic::{Request, Response, Status, async_trait};

mod hours;

/// Longest name of a place or controller, in characters.
const NAME_CHARS_MAX: usize = 200;

/// Longest name of an officer, a contact or a data protection officer with how to reach them, in characters.
const CONTACT_CHARS_MAX: usize = 300;

/// Longest name of a municipality, in characters.
const MUNICIPALITY_NAME_CHARS_MAX: usize = 100;

/// Longest reference to a decision, in characters.
const DECISION_CHARS_MAX: usize = 500;

/// The highest age limit of a resource, in years.
const MIN_AGE_MAX: i32 = 18;

#[async_trait]
impl PlaceService for Api {
    async fn put_controller(
        &self,
        request: Request<PutControllerRequest>,
    ) -> Result<Response<PutControllerResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let controller = fields::message("controller", message.controller)?;
        let text = |field, text: &str| fields::text(field, text, CONTACT_CHARS_MAX);
        let created = desk
            .change(PutController {
                request_id: fields::id("request_id", &message.request_id)?,
                municipality: municipality("controller.municipality", &controller.municipality)?,
                name: fields::text("controller.name", &controller.name, NAME_CHARS_MAX)?,
                business_id: business_id("controller.business_id", &controller.business_id)?,
                officer: text("controller.officer", &controller.officer)?,
                contact: text("controller.contact", &controller.contact)?,
                data_protection_officer: text(
                    "controller.data_protection_officer",
                    &controller.data_protection_officer,
                )?,
            })
            .await?;
        Ok(Response::new(PutControllerResponse { created }))
    }

    async fn list_controllers(
        &self,
        request: Request<ListControllersRequest>,
    ) -> Result<Response<ListControllersResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let page = fields::page(message.page_size, &message.page_token)?;
        let page = desk.view(ListControllers { page }).await?;
        Ok(Response::new(ListControllersResponse {
            controllers: page.rows.into_iter().map(listed_controller).collect(),
            next_page_token: page_token::of(page.next),
        }))
    }

    async fn add_membership(
        &self,
        request: Request<AddMembershipRequest>,
    ) -> Result<Response<AddMembershipResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let (valid_from, valid_until) =
            fields::days("valid_from", &message.valid_from, "valid_until", &message.valid_until)?;
        desk.change(AddMembership {
            request_id: fields::id("request_id", &message.request_id)?,
            municipality: municipality("municipality", &message.municipality)?,
            valid_from,
            valid_until,
            decision: fields::text("decision", &message.decision, DECISION_CHARS_MAX)?,
        })
        .await?;
        Ok(Response::new(AddMembershipResponse {}))
    }

    async fn end_membership(
        &self,
        request: Request<EndMembershipRequest>,
    ) -> Result<Response<EndMembershipResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        desk.change(EndMembership {
            request_id: fields::id("request_id", &message.request_id)?,
            municipality: municipality("municipality", &message.municipality)?,
            last_day: fields::date("last_day", &message.last_day)?,
            decision: fields::text("decision", &message.decision, DECISION_CHARS_MAX)?,
        })
        .await?;
        Ok(Response::new(EndMembershipResponse {}))
    }

    async fn put_branch(
        &self,
        request: Request<PutBranchRequest>,
    ) -> Result<Response<PutBranchResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let branch = fields::message("branch", message.branch)?;
        let created = desk
            .change(PutBranch {
                request_id: fields::id("request_id", &message.request_id)?,
                code: fields::code("branch.code", &branch.code)?,
                name: fields::text("branch.name", &branch.name, NAME_CHARS_MAX)?,
                municipality: municipality("branch.municipality", &branch.municipality)?,
                kind: fields::coded("branch.kind", branch.kind)?,
                isil: isil("branch.isil", &branch.isil)?,
            })
            .await?;
        Ok(Response::new(PutBranchResponse { created }))
    }

    async fn list_branches(
        &self,
        request: Request<ListBranchesRequest>,
    ) -> Result<Response<ListBranchesResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let page = fields::page(message.page_size, &message.page_token)?;
        let page = desk.view(ListBranches { page }).await?;
        let branches = page.rows.into_iter().map(|row| Branch {
            code: row.code,
            name: row.name,
            municipality: row.municipality,
            kind: i32::from(row.kind),
            isil: row.isil.unwrap_or_default(),
        });
        Ok(Response::new(ListBranchesResponse {
            branches: branches.collect(),
            next_page_token: page_token::of(page.next),
        }))
    }

    async fn put_stop(&self, request: Request<PutStopRequest>) -> Result<Response<PutStopResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let stop = fields::message("stop", message.stop)?;
        let created = desk
            .change(PutStop {
                request_id: fields::id("request_id", &message.request_id)?,
                branch: fields::code("branch", &message.branch)?,
                code: fields::code("stop.code", &stop.code)?,
                name: fields::text("stop.name", &stop.name, NAME_CHARS_MAX)?,
                municipality: municipality("stop.municipality", &stop.municipality)?,
            })
            .await?;
        Ok(Response::new(PutStopResponse { created }))
    }

    async fn list_stops(
        &self,
        request: Request<ListStopsRequest>,
    ) -> Result<Response<ListStopsResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let branch = fields::code("branch", &message.branch)?;
        let page = fields::page(message.page_size, &message.page_token)?;
        let page = desk.view(ListStops { branch, page }).await?;
        let stops = page.rows.into_iter().map(|row| Stop {
            code: row.code,
            name: row.name,
            municipality: row.municipality,
        });
        Ok(Response::new(ListStopsResponse {
            stops: stops.collect(),
            next_page_token: page_token::of(page.next),
        }))
    }

    async fn put_resource(
        &self,
        request: Request<PutResourceRequest>,
    ) -> Result<Response<PutResourceResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let resource = fields::message("resource", message.resource)?;
        let created = desk
            .change(PutResource {
                request_id: fields::id("request_id", &message.request_id)?,
                branch: fields::code("branch", &message.branch)?,
                code: fields::code("resource.code", &resource.code)?,
                kind: fields::coded("resource.kind", resource.kind)?,
                min_age: resource.min_age.map(min_age).transpose()?,
                asks_pin: resource.asks_pin,
            })
            .await?;
        Ok(Response::new(PutResourceResponse { created }))
    }

    async fn remove_resource(
        &self,
        request: Request<RemoveResourceRequest>,
    ) -> Result<Response<RemoveResourceResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        desk.change(RemoveResource {
            request_id: fields::id("request_id", &message.request_id)?,
            branch: fields::code("branch", &message.branch)?,
            code: fields::code("resource", &message.resource)?,
        })
        .await?;
        Ok(Response::new(RemoveResourceResponse {}))
    }

    async fn list_resources(
        &self,
        request: Request<ListResourcesRequest>,
    ) -> Result<Response<ListResourcesResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let branch = fields::code("branch", &message.branch)?;
        let page = fields::page(message.page_size, &message.page_token)?;
        let page = desk.view(ListResources { branch, page }).await?;
        let resources = page.rows.into_iter().map(|row| Resource {
            code: row.code,
            kind: i32::from(row.kind),
            min_age: row.min_age.map(i32::from),
            asks_pin: row.asks_pin,
        });
        Ok(Response::new(ListResourcesResponse {
            resources: resources.collect(),
            next_page_token: page_token::of(page.next),
        }))
    }

    async fn set_opening_windows(
        &self,
        request: Request<SetOpeningWindowsRequest>,
    ) -> Result<Response<SetOpeningWindowsResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let season = fields::message("season", message.season)?;
        let (valid_from, valid_until) =
            fields::days("season.valid_from", &season.valid_from, "season.valid_until", &season.valid_until)?;
        desk.change(SetOpeningWindows {
            request_id: fields::id("request_id", &message.request_id)?,
            branch: fields::code("branch", &message.branch)?,
            valid_from,
            valid_until,
            windows: hours::of_week(&season.windows)?,
        })
        .await?;
        Ok(Response::new(SetOpeningWindowsResponse {}))
    }

    async fn add_opening_exception(
        &self,
        request: Request<AddOpeningExceptionRequest>,
    ) -> Result<Response<AddOpeningExceptionResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let exception = fields::message("exception", message.exception)?;
        desk.change(AddOpeningException {
            request_id: fields::id("request_id", &message.request_id)?,
            branch: fields::code("branch", &message.branch)?,
            day: fields::date("exception.day", &exception.day)?,
            windows: hours::of_day(&exception.windows)?,
            note: fields::optional_text("exception.note", &exception.note, NAME_CHARS_MAX)?
                .unwrap_or_default(),
        })
        .await?;
        Ok(Response::new(AddOpeningExceptionResponse {}))
    }

    async fn remove_opening_exception(
        &self,
        request: Request<RemoveOpeningExceptionRequest>,
    ) -> Result<Response<RemoveOpeningExceptionResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        desk.change(RemoveOpeningException {
            request_id: fields::id("request_id", &message.request_id)?,
            branch: fields::code("branch", &message.branch)?,
            day: fields::date("day", &message.day)?,
        })
        .await?;
        Ok(Response::new(RemoveOpeningExceptionResponse {}))
    }

    async fn list_opening(
        &self,
        request: Request<ListOpeningRequest>,
    ) -> Result<Response<ListOpeningResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let ask = ListOpening {
            branch: fields::code("branch", &message.branch)?,
            from_day: fields::optional_date("from_day", &message.from_day)?,
            page_size: fields::page_size(message.page_size)?,
            after: fields::optional_date("page_token", &message.page_token)?,
        };
        Ok(Response::new(hours::listed(desk.view(ask).await?)))
    }

    async fn put_municipality(
        &self,
        request: Request<PutMunicipalityRequest>,
    ) -> Result<Response<PutMunicipalityResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let entry = fields::message("municipality", message.municipality)?;
        let (valid_from, valid_until) = fields::days(
            "municipality.valid_from",
            &entry.valid_from,
            "municipality.valid_until",
            &entry.valid_until,
        )?;
        let successor = match entry.successor.as_str() {
            "" => None,
            code => Some(municipality("municipality.successor", code)?),
        };
        if successor.as_ref().is_some_and(|code| valid_until.is_none() || *code == entry.code) {
            let rule = "another code, and only where the entry has a last day";
            return Err(Fault::field("municipality.successor", rule).into());
        }
        let name = |field, text: &str| fields::text(field, text, MUNICIPALITY_NAME_CHARS_MAX);
        let created = desk
            .change(PutMunicipality {
                request_id: fields::id("request_id", &message.request_id)?,
                code: municipality("municipality.code", &entry.code)?,
                name_fi: name("municipality.name_fi", &entry.name_fi)?,
                name_sv: name("municipality.name_sv", &entry.name_sv)?,
                valid_from,
                valid_until,
                successor,
            })
            .await?;
        Ok(Response::new(PutMunicipalityResponse { created }))
    }

    async fn list_municipalities(
        &self,
        request: Request<ListMunicipalitiesRequest>,
    ) -> Result<Response<ListMunicipalitiesResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let ask = ListMunicipalities {
            day: fields::optional_date("day", &message.day)?,
            page: Page {
                size: fields::page_size(message.page_size)?,
                after: municipality_token(&message.page_token)?,
            },
        };
        let page = desk.view(ask).await?;
        Ok(Response::new(ListMunicipalitiesResponse {
            municipalities: page.rows.into_iter().map(listed_municipality).collect(),
            next_page_token: page_token::of(page.next.map(|(code, first)| format!("{code}.{first}"))),
        }))
    }
}

fn listed_controller(listed: places::ListedController) -> ListedController {
    let row = listed.controller;
    let controller = Controller {
        municipality: row.municipality,
        name: row.name,
        business_id: row.business_id.unwrap_or_default(),
        officer: row.officer,
        contact: row.contact,
        data_protection_officer: row.data_protection_officer,
    };
    let memberships = listed.memberships.into_iter().map(|row| Membership {
        valid_from: row.valid_from.to_string(),
        valid_until: row.valid_until.map(|day| day.to_string()).unwrap_or_default(),
        decision: row.decision,
        end_decision: row.end_decision.unwrap_or_default(),
    });
    ListedController {
        controller: Some(controller),
        memberships: memberships.collect(),
        member_today: listed.member_today,
    }
}

fn listed_municipality(listed: places::ListedMunicipality) -> ListedMunicipality {
    let row = listed.entry;
    let municipality = Municipality {
        code: row.code,
        name_fi: row.name_fi,
        name_sv: row.name_sv,
        valid_from: row.valid_from.to_string(),
        valid_until: row.valid_until.map(|day| day.to_string()).unwrap_or_default(),
        successor: row.successor.unwrap_or_default(),
    };
    ListedMunicipality { municipality: Some(municipality), stands_for: listed.stands_for.unwrap_or_default() }
}

/// A municipality code.
fn municipality(field: &'static str, text: &str) -> Result<String, Fault> {
    let fault = || Fault::field(field, "3 digits, with leading zeros");
    codes::is_municipality(text).then(|| text.to_owned()).ok_or_else(fault)
}

/// A business id, where empty means none.
fn business_id(field: &'static str, text: &str) -> Result<Option<String>, Fault> {
    let fault = || Fault::field(field, "7 digits, a hyphen and the right check digit, or empty");
    if text.is_empty() {
        return Ok(None);
    }
    codes::is_business_id(text).then(|| Some(text.to_owned())).ok_or_else(fault)
}

/// An ISIL, where empty means none.
fn isil(field: &'static str, text: &str) -> Result<Option<String>, Fault> {
    let fault = || Fault::field(field, "an ISIL (ISO 15511) of at most 16 characters, or empty");
    if text.is_empty() {
        return Ok(None);
    }
    codes::is_isil(text).then(|| Some(text.to_owned())).ok_or_else(fault)
}

fn min_age(years: i32) -> Result<u8, Fault> {
    let fault = || Fault::field("resource.min_age", "0 to 18 years, or unset");
    u8::try_from(years).ok().filter(|_| years <= MIN_AGE_MAX).ok_or_else(fault)
}

/// Code and first day of the last entry of the page before.
fn municipality_token(token: &str) -> Result<Option<(String, chrono::NaiveDate)>, Fault> {
    page_token::read(token, |text| {
        let (code, day) = text.split_once('.')?;
        Some((code.to_owned(), fields::date("page_token", day).ok()?))
    })
}
