//! `PlaceService`.

use crate::staff::world::{World, dynamic};
use kortisto::staff::v1::{
    AddMembershipRequest, AddOpeningExceptionRequest, Branch, BranchKind, Controller, EndMembershipRequest,
    ListBranchesRequest, ListControllersRequest, ListMunicipalitiesRequest, ListOpeningRequest,
    ListResourcesRequest, ListStopsRequest, Municipality, OpeningException, OpeningSeason, PutBranchRequest,
    PutControllerRequest, PutMunicipalityRequest, PutResourceRequest, PutStopRequest,
    RemoveOpeningExceptionRequest, RemoveResourceRequest, Resource, ResourceKind, SetOpeningWindowsRequest,
    Stop,
};
use kortisto_domain::BranchKind as Kind;
use kortisto_store::entities::{branches, controllers, memberships, opening_exceptions, resources};
use kortisto_testkit::register::{BRANCH_MAIN, new_id};
use prost_reflect::DynamicMessage;
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, EntityTrait as _, PaginatorTrait as _};

const BRANCH: &str = "main";
const DAY: &str = "2030-05-01";

/// A code that nothing else has.
fn fresh() -> String {
    new_id()
}

/// A municipality that is no controller yet.
async fn municipality(world: &World) -> String {
    let there = controllers::Entity::find().count(world.t.store.writer()).await.unwrap();
    format!("{:03}", 500 + there)
}

/// A controller, and a membership of it when asked for.
async fn controller(world: &World, member: bool) -> String {
    let code = municipality(world).await;
    let text = || Set("a person".to_owned());
    controllers::ActiveModel {
        municipality: Set(code.clone()),
        name: text(),
        business_id: Set(None),
        officer: text(),
        contact: text(),
        data_protection_officer: text(),
    }
    .insert(world.t.store.writer())
    .await
    .unwrap();
    if member {
        memberships::ActiveModel {
            municipality: Set(code.clone()),
            valid_from: Set("2020-01-01".parse().unwrap()),
            decision: Set("a board".to_owned()),
            ..Default::default()
        }
        .insert(world.t.store.writer())
        .await
        .unwrap();
    }
    code
}

async fn bookmobile(world: &World) -> String {
    let code = fresh();
    branches::ActiveModel {
        code: Set(code.clone()),
        name: Set("Kirjastoauto".to_owned()),
        municipality: Set("153".to_owned()),
        kind: Set(Kind::Bookmobile.code()),
        ..Default::default()
    }
    .insert(world.t.store.writer())
    .await
    .unwrap();
    code
}

pub(super) async fn question(world: &World, method: &str) -> Option<DynamicMessage> {
    let branch = BRANCH.to_owned();
    Some(match method {
        "PutController" => {
            let controller = Controller {
                municipality: municipality(world).await,
                name: "Kunta".to_owned(),
                business_id: "0129261-5".to_owned(),
                officer: fresh(),
                contact: "kirjasto@example.org".to_owned(),
                data_protection_officer: "dpo@example.org".to_owned(),
            };
            let request = PutControllerRequest { controller: Some(controller), ..Default::default() };
            dynamic("PutControllerRequest", &request)
        }
        "ListControllers" => dynamic("ListControllersRequest", &ListControllersRequest::default()),
        "AddMembership" => dynamic(
            "AddMembershipRequest",
            &AddMembershipRequest {
                municipality: controller(world, false).await,
                valid_from: DAY.to_owned(),
                decision: "a board".to_owned(),
                ..Default::default()
            },
        ),
        "EndMembership" => dynamic(
            "EndMembershipRequest",
            &EndMembershipRequest {
                municipality: controller(world, true).await,
                last_day: DAY.to_owned(),
                decision: "a board".to_owned(),
                ..Default::default()
            },
        ),
        "PutBranch" => {
            let own = Branch {
                code: fresh(),
                name: "Kirjasto".to_owned(),
                municipality: "153".to_owned(),
                kind: BranchKind::Library.into(),
                isil: String::new(),
            };
            dynamic("PutBranchRequest", &PutBranchRequest { branch: Some(own), ..Default::default() })
        }
        "ListBranches" => dynamic("ListBranchesRequest", &ListBranchesRequest::default()),
        "PutStop" => {
            let stop = Stop { code: fresh(), name: "Koulu".to_owned(), municipality: "153".to_owned() };
            let branch = bookmobile(world).await;
            dynamic("PutStopRequest", &PutStopRequest { branch, stop: Some(stop), ..Default::default() })
        }
        "ListStops" => dynamic("ListStopsRequest", &ListStopsRequest { branch, ..Default::default() }),
        "PutResource" => {
            let resource =
                Resource { code: fresh(), kind: ResourceKind::Pc.into(), min_age: Some(7), asks_pin: true };
            dynamic(
                "PutResourceRequest",
                &PutResourceRequest { branch, resource: Some(resource), ..Default::default() },
            )
        }
        "RemoveResource" => {
            let resource = fresh();
            resources::ActiveModel {
                branch_id: Set(BRANCH_MAIN),
                code: Set(resource.clone()),
                kind: Set(1),
                asks_pin: Set(false),
                ..Default::default()
            }
            .insert(world.t.store.writer())
            .await
            .unwrap();
            dynamic(
                "RemoveResourceRequest",
                &RemoveResourceRequest { branch, resource, ..Default::default() },
            )
        }
        "ListResources" => {
            dynamic("ListResourcesRequest", &ListResourcesRequest { branch, ..Default::default() })
        }
        "SetOpeningWindows" => {
            let season =
                OpeningSeason { valid_from: DAY.to_owned(), valid_until: String::new(), windows: Vec::new() };
            let branch = bookmobile(world).await;
            dynamic(
                "SetOpeningWindowsRequest",
                &SetOpeningWindowsRequest { branch, season: Some(season), ..Default::default() },
            )
        }
        "AddOpeningException" => {
            let exception = OpeningException { day: DAY.to_owned(), windows: Vec::new(), note: fresh() };
            dynamic(
                "AddOpeningExceptionRequest",
                &AddOpeningExceptionRequest { branch, exception: Some(exception), ..Default::default() },
            )
        }
        "RemoveOpeningException" => {
            let branch = bookmobile(world).await;
            let all = branches::Entity::find().all(world.t.store.writer()).await.unwrap();
            let id = all.iter().find(|row| row.code == branch).unwrap().id;
            opening_exceptions::ActiveModel {
                branch_id: Set(id),
                day: Set(DAY.parse().unwrap()),
                opens_minute: Set(0),
                closes_minute: Set(1440),
                mode: Set(3),
                note: Set(String::new()),
                ..Default::default()
            }
            .insert(world.t.store.writer())
            .await
            .unwrap();
            let day = DAY.to_owned();
            let request = RemoveOpeningExceptionRequest { branch, day, ..Default::default() };
            dynamic("RemoveOpeningExceptionRequest", &request)
        }
        "ListOpening" => dynamic("ListOpeningRequest", &ListOpeningRequest { branch, ..Default::default() }),
        "PutMunicipality" => {
            let entry = Municipality {
                code: "321".to_owned(),
                name_fi: fresh(),
                name_sv: "Namn".to_owned(),
                valid_from: DAY.to_owned(),
                ..Default::default()
            };
            let request = PutMunicipalityRequest { municipality: Some(entry), ..Default::default() };
            dynamic("PutMunicipalityRequest", &request)
        }
        "ListMunicipalities" => dynamic("ListMunicipalitiesRequest", &ListMunicipalitiesRequest::default()),
        _ => return None,
    })
}
