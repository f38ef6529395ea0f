//! Card, PIN and session.

use chrono::TimeDelta;
use kortisto::{
    common::v1::{RefusalReason, Verdict},
    device::v1::{AuthenticatePatronRequest, AuthenticatePatronResponse, EndPatronSessionRequest},
};
use kortisto_domain::{CardState, DeviceKind};
use kortisto_testkit::{
    TestRegister, on_both_engines,
    register::{Device, PatronSeed, new_id},
};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

async fn authenticate(
    device: &Device,
    attempt: &str,
    card: &str,
    pin: &str,
) -> Result<AuthenticatePatronResponse, Status> {
    let request = AuthenticatePatronRequest {
        attempt_id: attempt.to_owned(),
        card_number: card.to_owned(),
        pin: pin.to_owned(),
        ..Default::default()
    };
    device.patrons().authenticate_patron(request).await.map(tonic::Response::into_inner)
}

fn refused(response: &AuthenticatePatronResponse) -> RefusalReason {
    assert_eq!(response.verdict(), Verdict::Denied);
    assert_eq!(response.patron_token, "");
    response.refusals[0].reason()
}

on_both_engines! {
    async fn unknown_wrong_and_locked_get_the_same_bytes(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let patron = t.patron().await;
        let without_pin = t.patron_with(PatronSeed { pin: None, ..PatronSeed::default() }).await;
        let wrong = authenticate(&kiosk, &new_id(), &patron.card, "0001").await.unwrap();
        assert_eq!(refused(&wrong), RefusalReason::CredentialsNotAccepted);
        let unknown = authenticate(&kiosk, &new_id(), "853A9999999", "0001").await.unwrap();
        let none = authenticate(&kiosk, &new_id(), &without_pin.card, "0001").await.unwrap();
        for pin in ["0002", "0003", "0004"] {
            authenticate(&kiosk, &new_id(), &patron.card, pin).await.unwrap();
        }
        let locked = authenticate(&kiosk, &new_id(), &patron.card, patron.pin).await.unwrap();
        assert_eq!(wrong, unknown);
        assert_eq!(wrong, none);
        assert_eq!(wrong, locked, "the right PIN of a locked card is answered like a wrong one");
        t.clock.advance(TimeDelta::seconds(3700));
        kiosk.sign_in(&patron.card, patron.pin).await;
    }

    async fn a_repeated_wrong_pin_counts_once(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let patron = t.patron().await;
        for _ in 0..15 {
            let answer = authenticate(&kiosk, &new_id(), &patron.card, "0001").await.unwrap();
            assert_eq!(refused(&answer), RefusalReason::CredentialsNotAccepted);
        }
        assert_eq!(t.register.vault().verified(), 1, "the others were known to be wrong");
        kiosk.sign_in(&patron.card, patron.pin).await;
    }

    async fn a_card_takes_ten_verifications_whatever_the_parallelism(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let patron = t.patron().await;
        let mut tasks = tokio::task::JoinSet::new();
        for device in 0..5_u32 {
            let kiosk = t.device(DeviceKind::SelfCheckout).await;
            for guess in 0..12_u32 {
                let (kiosk, card) = (kiosk.clone(), patron.card.clone());
                let pin = format!("{:04}", 100 * device + guess);
                tasks.spawn(async move { authenticate(&kiosk, &new_id(), &card, &pin).await });
            }
        }
        tasks.join_all().await;
        assert!(t.register.vault().verified() <= 10, "{}", t.register.vault().verified());
        for hours in 1..30 {
            t.clock.advance(TimeDelta::hours(1));
            let kiosk = t.device(DeviceKind::SelfCheckout).await;
            authenticate(&kiosk, &new_id(), &patron.card, &format!("{:04}", 9000 + hours)).await.unwrap();
        }
        assert!(t.register.vault().verified() <= 10, "{}", t.register.vault().verified());
    }

    async fn one_device_cannot_spray_many_cards(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let mut throttled = None;
        for card in 0..25 {
            if let Err(status) = authenticate(&kiosk, &new_id(), &format!("sprayed-{card}"), "1234").await {
                throttled = Some((card, status));
                break;
            }
        }
        let (card, status) = throttled.expect("the budget ends");
        assert_eq!((card, status.code()), (20, Code::ResourceExhausted));
        let retry = status.get_details_retry_info().and_then(|info| info.retry_delay).unwrap();
        assert!(retry.as_secs() <= 600);
        let other = t.device(DeviceKind::SelfCheckout).await;
        let patron = t.patron().await;
        other.sign_in(&patron.card, patron.pin).await;
        t.clock.advance(TimeDelta::minutes(11));
        kiosk.sign_in(&patron.card, patron.pin).await;
    }

    async fn a_replayed_attempt_gives_the_same_session(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let patron = t.patron().await;
        let id = new_id();
        let first = authenticate(&kiosk, &id, &patron.card, patron.pin).await.unwrap();
        let replay = authenticate(&kiosk, &id, &patron.card, patron.pin).await.unwrap();
        assert_eq!(first, replay);
        assert_eq!(first.display_name, "Aino");
        assert_eq!(t.register.vault().verified(), 1);
        let status = authenticate(&kiosk, &id, &patron.card, "0000").await.unwrap_err();
        assert_eq!(status.code(), Code::AlreadyExists);
    }

    async fn a_session_is_bound_to_its_device_and_ends(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let (kiosk, other) = (t.device(DeviceKind::SelfCheckout).await, t.device(DeviceKind::SelfCheckout).await);
        let (patron, item) = (t.patron().await, t.item().await);
        let token = kiosk.sign_in(&patron.card, patron.pin).await;
        let elsewhere = other.checkout(&token, &item.barcode).await.unwrap();
        assert_eq!(elsewhere.refusals[0].reason(), RefusalReason::SessionEnded);
        let end = EndPatronSessionRequest { request_id: new_id(), patron_token: token.clone() };
        kiosk.patrons().end_patron_session(end.clone()).await.unwrap();
        kiosk.patrons().end_patron_session(end).await.unwrap();
        let over = kiosk.checkout(&token, &item.barcode).await.unwrap();
        assert_eq!(over.refusals[0].reason(), RefusalReason::SessionEnded);
        let token = kiosk.sign_in(&patron.card, patron.pin).await;
        t.clock.advance(TimeDelta::minutes(5));
        let late = kiosk.checkout(&token, &item.barcode).await.unwrap();
        assert_eq!(late.refusals[0].reason(), RefusalReason::SessionEnded);
        assert_eq!(t.open_loans_of(&item).await, 0);
    }

    async fn a_lost_card_opens_no_session(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let lost = t.patron_with(PatronSeed { card_state: CardState::Lost, ..PatronSeed::default() }).await;
        let answer = authenticate(&kiosk, &new_id(), &lost.card, lost.pin).await.unwrap();
        assert_eq!(refused(&answer), RefusalReason::CardNotInForce);
    }
}
