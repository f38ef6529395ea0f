//! Services that a patron has switched off, as devices answer.

use super::Library;
use kortisto::{
    common::v1::{Refusal, RefusalReason, Verdict},
    device::v1::{AuthenticatePatronRequest, CheckAccessRequest, ListHoldsRequest},
    staff::v1 as wire,
};
use kortisto_domain::{DeviceKind, Service, services};
use kortisto_testkit::{
    on_both_engines,
    register::{Device, TestPatron, new_id},
};

/// What the device says to the patron: the verdict and the reasons.
async fn ask(device: &Device, kind: DeviceKind, patron: &TestPatron) -> (Verdict, Vec<RefusalReason>) {
    let (verdict, refusals) = if kind == DeviceKind::Door {
        let ask = CheckAccessRequest {
            card_number: patron.card.clone(),
            pin: None,
            resource: "door".to_owned(),
            nonce: new_id(),
        };
        let answer = device.access().check_access(ask).await.unwrap().into_inner();
        (answer.verdict(), answer.refusals)
    } else {
        let ask = AuthenticatePatronRequest {
            attempt_id: new_id(),
            card_number: patron.card.clone(),
            pin: patron.pin.to_owned(),
            ..Default::default()
        };
        let answer = device.patrons().authenticate_patron(ask).await.unwrap().into_inner();
        (answer.verdict(), answer.refusals)
    };
    (verdict, refusals.iter().map(Refusal::reason).collect())
}

impl Library {
    async fn switch(&self, patron: &TestPatron, service: Service, enabled: bool) {
        let service = wire::ServiceInUse { service: service.code().into(), enabled, ..Default::default() };
        let ask = wire::SetServiceInUseRequest {
            request_id: new_id(),
            number: patron.number.clone(),
            service: Some(service),
        };
        self.client().set_service_in_use(ask).await.unwrap();
    }
}

on_both_engines! {
    async fn a_service_that_is_off_is_refused_there_and_nowhere_else(engine: Engine) {
        let l = Library::open(engine).await;
        let patron = l.t.patron().await;
        let granted = (Verdict::Granted, Vec::new());
        let mut devices = Vec::new();
        for service in Service::ALL {
            let kind = services::device_of(*service).unwrap();
            devices.push((*service, kind, l.t.device(kind).await));
        }
        for service in Service::ALL {
            l.switch(&patron, *service, false).await;
            for (other, kind, device) in &devices {
                let expected = if other == service {
                    (Verdict::Denied, vec![RefusalReason::ServiceSwitchedOff])
                } else {
                    granted.clone()
                };
                assert_eq!(ask(device, *kind, &patron).await, expected, "{service:?} off, at {kind:?}");
            }
            l.switch(&patron, *service, true).await;
        }
        for (_, kind, device) in &devices {
            assert_eq!(ask(device, *kind, &patron).await, granted, "{kind:?}");
        }
        let shown = l.record(&patron.number).await.services;
        assert_eq!(shown.len(), Service::ALL.len());
        assert!(shown.iter().all(|service| service.enabled && service.switched_at.is_some()));
    }

    async fn switching_off_ends_what_is_open_there(engine: Engine) {
        let l = Library::open(engine).await;
        let patron = l.t.patron().await;
        let (kiosk, web) =
            (l.t.device(DeviceKind::SelfCheckout).await, l.t.device(DeviceKind::OnlineLibrary).await);
        let at_kiosk = kiosk.sign_in(&patron.card, patron.pin).await;
        let online = web.sign_in(&patron.card, patron.pin).await;
        l.switch(&patron, Service::SelfCheckout, false).await;
        let item = l.t.item().await;
        let answer = kiosk.checkout(&at_kiosk, &item.barcode).await.unwrap();
        assert_eq!(answer.refusals[0].reason(), RefusalReason::SessionEnded);
        assert_eq!(l.t.open_loans_of(&item).await, 0);
        let ask = ListHoldsRequest { patron_token: online, ..Default::default() };
        let answer = web.holds().list_holds(ask).await.unwrap().into_inner();
        assert_eq!(answer.verdict(), Verdict::Granted, "the online library goes on");
    }

    async fn a_service_that_is_off_is_told_in_the_patrons_language(engine: Engine) {
        let l = Library::open(engine).await;
        let patron = l.t.patron().await;
        l.t.switch_off(&patron, Service::Door).await;
        let door = l.t.device(DeviceKind::Door).await;
        let ask = CheckAccessRequest {
            card_number: patron.card.clone(),
            pin: None,
            resource: "door".to_owned(),
            nonce: new_id(),
        };
        let answer = door.access().check_access(ask).await.unwrap().into_inner();
        assert_eq!(answer.refusals[0].text, "Tämä palvelu ei ole sinulla käytössä.");
        assert!(answer.screen_text.starts_with("Ovi ei aukea"), "bystanders learn nothing of it");
    }
}
