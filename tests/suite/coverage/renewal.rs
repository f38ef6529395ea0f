//! A device renews its certificate, is suspended, released and revoked.

use super::rpc::{fault, reason};
use chrono::TimeDelta;
use kortisto::{
    common::v1::ErrorReason,
    device::v1::{
        AuthenticatePatronRequest, GetDeviceRequest, RenewCertificateRequest, RenewCertificateResponse,
        device_service_client::DeviceServiceClient,
    },
};
use kortisto_domain::{DeviceKind, DeviceState};
use kortisto_register::devices::manage;
use kortisto_testkit::{
    TestRegister, on_both_engines,
    register::{Device, certificate_request, new_id},
};
use tokio::time::{Duration, Instant};
use tonic::{Status, transport::Channel};

async fn renew(channel: &Channel, id: &str, request: &str) -> Result<RenewCertificateResponse, Status> {
    let request =
        RenewCertificateRequest { request_id: id.to_owned(), certificate_request_pem: request.to_owned() };
    let mut client = DeviceServiceClient::new(channel.clone());
    client.renew_certificate(request).await.map(tonic::Response::into_inner)
}

async fn is_answered(channel: &Channel) -> Result<(), ErrorReason> {
    let mut client = DeviceServiceClient::new(channel.clone());
    client.get_device(GetDeviceRequest {}).await.map(|_| ()).map_err(|status| reason(&status))
}

async fn try_wrong_pin(device: &Device, card: String) -> Result<(), Status> {
    let request = AuthenticatePatronRequest {
        attempt_id: new_id(),
        card_number: card,
        pin: "1234".to_owned(),
        ..Default::default()
    };
    device.patrons().authenticate_patron(request).await.map(|_| ())
}

on_both_engines! {
    async fn both_certificates_hold_until_the_new_one_is_used(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let (device, bystander) = (t.device(DeviceKind::Locker).await, t.device(DeviceKind::Locker).await);
        let (id, (request, key)) = (new_id(), certificate_request());
        let renewed = renew(&device.channel, &id, &request).await.unwrap();
        assert_ne!(renewed.certificate_pem, device.identity.0);
        let replay = renew(&device.channel, &id, &request).await.unwrap();
        assert_eq!(renewed, replay);
        is_answered(&device.channel).await.unwrap();

        let new = t.connect(Some(&(renewed.certificate_pem.clone(), key))).await.unwrap();
        let old_again = t.connect(Some(&device.identity)).await.unwrap();
        is_answered(&old_again).await.unwrap();
        is_answered(&new).await.unwrap();
        assert_eq!(is_answered(&device.channel).await, Err(ErrorReason::DeviceUnknown));
        assert_eq!(is_answered(&old_again).await, Err(ErrorReason::DeviceUnknown));
        is_answered(&new).await.unwrap();
        assert_eq!(renew(&new, &id, &request).await.unwrap(), renewed, "a replay of the old request");
        is_answered(&bystander.channel).await.unwrap();
    }

    async fn a_renewal_that_was_lost_is_made_again(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let device = t.device(DeviceKind::Door).await;
        let (lost_request, lost_key) = certificate_request();
        let lost = renew(&device.channel, &new_id(), &lost_request).await.unwrap();
        let (request, key) = certificate_request();
        let kept = renew(&device.channel, &new_id(), &request).await.unwrap();
        let new = t.connect(Some(&(kept.certificate_pem, key))).await.unwrap();
        is_answered(&new).await.unwrap();
        let lost = t.connect(Some(&(lost.certificate_pem, lost_key))).await.unwrap();
        assert_eq!(is_answered(&lost).await, Err(ErrorReason::DeviceUnknown));
        assert_eq!(is_answered(&device.channel).await, Err(ErrorReason::DeviceUnknown));
    }

    async fn the_first_use_may_be_a_door_check_or_a_loan(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let (patron, item) = (t.patron().await, t.item().await);
        for kind in [DeviceKind::Door, DeviceKind::SelfCheckout] {
            let device = t.device(kind).await;
            let (request, key) = certificate_request();
            let renewed = renew(&device.channel, &new_id(), &request).await.unwrap();
            let channel = t.connect(Some(&(renewed.certificate_pem, key))).await.unwrap();
            let new = Device { channel, ..device.clone() };
            match kind {
                DeviceKind::Door => {
                    new.ask_door(&patron.card, None, "door").await.unwrap();
                }
                _ => {
                    new.take_back(&item.barcode).await.unwrap();
                }
            }
            assert_eq!(is_answered(&device.channel).await, Err(ErrorReason::DeviceUnknown), "{kind:?}");
            is_answered(&new.channel).await.unwrap();
        }
    }

    async fn a_suspended_device_waits_for_staff_and_goes_on_when_released(engine: Engine) {
        let t = TestRegister::start(engine).await;
        // Noon, so that no part of it is another day's.
        t.clock.set("2030-05-20T09:00:00Z".parse().unwrap());
        let device = t.device(DeviceKind::SelfCheckout).await;
        let mut sprayed = 0;
        let suspended = loop {
            match try_wrong_pin(&device, format!("sprayed-{sprayed}")).await {
                Ok(()) => sprayed += 1,
                Err(status) => {
                    let (reason, metadata) = fault(&status);
                    assert_eq!(reason, ErrorReason::DeviceThrottled);
                    if metadata["staffRelease"] == "true" {
                        break status;
                    }
                    t.clock.advance(TimeDelta::minutes(10));
                }
            }
            assert!(sprayed <= 60);
        };
        assert_eq!(sprayed, 60, "{suspended:?}");
        let deadline = Instant::now() + Duration::from_secs(5);
        let listed = manage::list(&t.store).await.unwrap();
        assert_eq!(listed.iter().filter(|summary| summary.pin_suspended_at.is_some()).count(), 1);
        is_answered(&device.channel).await.unwrap();

        let patron = t.patron().await;
        assert!(try_wrong_pin(&device, patron.card.clone()).await.is_err(), "also for a card that was never tried");
        manage::release(&t.store, &t.surroundings, device.name.clone(), deadline).await.unwrap();
        device.sign_in(&patron.card, patron.pin).await;
        assert!(manage::list(&t.store).await.unwrap().iter().all(|summary| summary.pin_suspended_at.is_none()));
    }

    async fn a_list_shows_every_device_and_what_became_of_it(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let (kiosk, door) = (t.device(DeviceKind::SelfCheckout).await, t.device(DeviceKind::Door).await);
        is_answered(&door.channel).await.unwrap();
        let deadline = Instant::now() + Duration::from_secs(5);
        manage::revoke(&t.store, &t.surroundings, kiosk.name.clone(), deadline).await.unwrap();
        let listed = manage::list(&t.store).await.unwrap();
        let found: Vec<_> = listed.iter().map(|row| (row.name.as_str(), row.kind, row.state)).collect();
        let mut expected = [
            (door.name.as_str(), DeviceKind::Door, DeviceState::Active),
            (kiosk.name.as_str(), DeviceKind::SelfCheckout, DeviceState::Revoked),
        ];
        expected.sort_unstable();
        assert_eq!(found, expected);
        let seen = listed.iter().find(|row| row.name == door.name).unwrap();
        assert_eq!(seen.last_seen_at, Some(t.clock.now()));
        assert!(seen.certificate_expires_at.is_some());
        let nobody = manage::revoke(&t.store, &t.surroundings, "nobody".to_owned(), deadline).await;
        assert!(matches!(nobody, Err(manage::ManageFault::NoDevice(_))));
    }
}
