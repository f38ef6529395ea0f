//! `PatronService`.

use crate::staff::{
    patrons::good,
    world::{World, dynamic},
};
use kortisto::staff::v1 as wire;
use kortisto_domain::PatronCategory;
use prost_reflect::DynamicMessage;

pub(super) async fn question(world: &World, method: &str) -> Option<DynamicMessage> {
    let (t, patron) = (&world.t, world.t.patron().await);
    let number = patron.number.clone();
    Some(match method {
        "GetPatron" => dynamic("GetPatronRequest", &wire::GetPatronRequest { number, ..Default::default() }),
        "SearchPatrons" => {
            let card_number = patron.card;
            let ask = wire::SearchPatronsRequest { card_number, ..Default::default() };
            dynamic("SearchPatronsRequest", &ask)
        }
        "CreatePatron" => {
            let details = wire::PatronDetails { call_name: Some(number), ..good::person() };
            let ask = wire::CreatePatronRequest { details: Some(details), ..Default::default() };
            dynamic("CreatePatronRequest", &ask)
        }
        "UpdatePatron" => {
            let etag = format!("{:x}", t.patron_row(&patron).await.changed_at.timestamp_micros());
            let details = wire::PatronDetails { call_name: Some(number.clone()), ..Default::default() };
            let ask =
                wire::UpdatePatronRequest { number, etag, details: Some(details), ..Default::default() };
            dynamic("UpdatePatronRequest", &ask)
        }
        "SetAddress" => {
            let address = Some(wire::Address { street: number.clone(), ..good::address() });
            dynamic("SetAddressRequest", &wire::SetAddressRequest { number, address, ..Default::default() })
        }
        "RemoveAddress" => {
            t.address(&patron, "Kirjastokatu 1").await;
            let kind = wire::AddressKind::Home.into();
            dynamic(
                "RemoveAddressRequest",
                &wire::RemoveAddressRequest { number, kind, ..Default::default() },
            )
        }
        "SetPhone" => {
            let phone = Some(good::phone());
            dynamic("SetPhoneRequest", &wire::SetPhoneRequest { number, phone, ..Default::default() })
        }
        "RemovePhone" => {
            let phone = good::phone().phone;
            t.phone(&patron, &phone).await;
            dynamic("RemovePhoneRequest", &wire::RemovePhoneRequest { number, phone, ..Default::default() })
        }
        "SetEmail" => {
            let (email, identity_document) = (Some(good::email()), wire::IdentityDocument::Passport.into());
            let ask = wire::SetEmailRequest { number, email, identity_document, ..Default::default() };
            dynamic("SetEmailRequest", &ask)
        }
        "RemoveEmail" => {
            let email = good::email().email;
            t.email(&patron, &email).await;
            dynamic("RemoveEmailRequest", &wire::RemoveEmailRequest { number, email, ..Default::default() })
        }
        "SetNoticePreference" => {
            t.email(&patron, &good::email().email).await;
            let preference = Some(good::preference());
            let ask = wire::SetNoticePreferenceRequest { number, preference, ..Default::default() };
            dynamic("SetNoticePreferenceRequest", &ask)
        }
        "SetServiceInUse" => {
            let service = wire::ServiceInUse { service: wire::Service::Locker.into(), ..Default::default() };
            let ask = wire::SetServiceInUseRequest { number, service: Some(service), ..Default::default() };
            dynamic("SetServiceInUseRequest", &ask)
        }
        "SetStops" => {
            t.bookmobile_stop(&number).await;
            let stop =
                wire::StopInUse { branch: "main".to_owned(), stop: number.clone(), ..Default::default() };
            dynamic(
                "SetStopsRequest",
                &wire::SetStopsRequest { number, stops: vec![stop], ..Default::default() },
            )
        }
        "ListCategories" => {
            t.category(&number, PatronCategory::Person).await;
            dynamic("ListCategoriesRequest", &wire::ListCategoriesRequest::default())
        }
        "PutCategory" => {
            let category = Some(wire::Category { code: number, ..good::category() });
            dynamic("PutCategoryRequest", &wire::PutCategoryRequest { category, ..Default::default() })
        }
        _ => return None,
    })
}
