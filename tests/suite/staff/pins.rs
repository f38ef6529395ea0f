//! `PinService`, and what a patron does with the PIN: change it, set a password, get locked out.

use crate::coverage::rpc::{fault, reason};
use chrono::TimeDelta;
use kortisto::{
    common::v1::{ErrorReason, RefusalReason, Verdict},
    device::v1::{
        AuthenticatePatronRequest, AuthenticatePatronResponse, ChangePinRequest, SetWebPasswordRequest,
    },
    staff::v1::{
        IdentityDocument, IssuePinRequest, ReleasePinRequest, ResetPinRequest,
        pin_service_client::PinServiceClient,
    },
};
use kortisto_domain::{CardState, DeviceKind, PatronCategory, StaffRole};
use kortisto_store::entities::{pins, remembered_answers, web_passwords};
use kortisto_testkit::{
    Engine, TestRegister, on_both_engines,
    register::{Bearer, Device, PatronSeed, Staff, TestPatron, new_id},
};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, EntityTrait as _};
use tonic::{Status, service::interceptor::InterceptedService, transport::Channel};

const PASSPORT: i32 = IdentityDocument::Passport as i32;
const NEW_PIN: &str = "739518";
const PASSWORD: &str = "hauki on kala";

struct World {
    t: TestRegister,
    staff: Staff,
    kiosk: Device,
    online: Device,
}

impl World {
    async fn start(engine: Engine) -> Self {
        let t = TestRegister::start(engine).await;
        let staff = t.staff(&[StaffRole::Desk]).await;
        let (kiosk, online) =
            (t.device(DeviceKind::SelfCheckout).await, t.device(DeviceKind::OnlineLibrary).await);
        Self { t, staff, kiosk, online }
    }

    fn client(&self) -> PinServiceClient<InterceptedService<Channel, Bearer>> {
        PinServiceClient::new(self.staff.channel())
    }

    async fn issue(&self, card: &str) -> Result<String, Status> {
        let ask = IssuePinRequest {
            request_id: new_id(),
            card_number: card.to_owned(),
            identity_document: PASSPORT,
        };
        self.client().issue_pin(ask).await.map(|answer| answer.into_inner().pin)
    }

    async fn reset(&self, card: &str) -> Result<String, Status> {
        let ask = ResetPinRequest {
            request_id: new_id(),
            card_number: card.to_owned(),
            identity_document: PASSPORT,
        };
        self.client().reset_pin(ask).await.map(|answer| answer.into_inner().pin)
    }

    async fn release(&self, card: &str) -> Result<(), Status> {
        let ask = ReleasePinRequest { request_id: new_id(), card_number: card.to_owned() };
        self.client().release_pin(ask).await.map(|_| ())
    }

    /// Whether the kiosk gives nothing to the holder of this token any more.
    async fn is_over(&self, device: &Device, token: &str) -> bool {
        let answer = device.checkout(token, &self.t.item().await.barcode).await.unwrap();
        answer.refusals.first().is_some_and(|refusal| refusal.reason() == RefusalReason::SessionEnded)
    }

    async fn pin_row(&self, patron: &TestPatron) -> pins::Model {
        pins::Entity::find_by_id(patron.card_id).one(self.t.store.writer()).await.unwrap().unwrap()
    }
}

async fn sign_in(device: &Device, card: &str, pin: &str, password: &str) -> AuthenticatePatronResponse {
    let ask = AuthenticatePatronRequest {
        attempt_id: new_id(),
        card_number: card.to_owned(),
        pin: pin.to_owned(),
        password: password.to_owned(),
        ..Default::default()
    };
    device.patrons().authenticate_patron(ask).await.unwrap().into_inner()
}

fn change(card: &str, pin: &str, new_pin: &str) -> ChangePinRequest {
    let (card_number, pin, new_pin) = (card.to_owned(), pin.to_owned(), new_pin.to_owned());
    ChangePinRequest { request_id: new_id(), card_number, pin, new_pin }
}

async fn change_pin(device: &Device, card: &str, pin: &str, new_pin: &str) -> Verdict {
    device.patrons().change_pin(change(card, pin, new_pin)).await.unwrap().into_inner().verdict()
}

async fn set_password(device: &Device, card: &str, pin: &str, password: &str) -> Verdict {
    let ask = SetWebPasswordRequest {
        request_id: new_id(),
        card_number: card.to_owned(),
        pin: pin.to_owned(),
        new_password: password.to_owned(),
    };
    device.patrons().set_web_password(ask).await.unwrap().into_inner().verdict()
}

fn without_pin() -> PatronSeed {
    PatronSeed { pin: None, ..PatronSeed::default() }
}

on_both_engines! {
    async fn an_issued_pin_opens_a_session_and_is_kept_nowhere(engine: Engine) {
        let w = World::start(engine).await;
        w.t.policy("pin.length_min", "8").await;
        let patron = w.t.patron_with(without_pin()).await;
        let ask = IssuePinRequest {
            request_id: new_id(),
            card_number: patron.card.clone(),
            identity_document: PASSPORT,
        };
        let pin = w.client().issue_pin(ask.clone()).await.unwrap().into_inner().pin;
        assert!(pin.len() == 8 && pin.bytes().all(|byte| byte.is_ascii_digit()), "the policy asks for eight");
        w.kiosk.sign_in(&patron.card, &pin).await;
        let again = w.client().issue_pin(ask.clone()).await.unwrap().into_inner().pin;
        assert_eq!(pin, again, "a repeated request gives the same PIN");
        let answers = remembered_answers::Entity::find().all(w.t.store.writer()).await.unwrap();
        assert!(answers.iter().all(|row| !row.answer.contains(&pin)));
        assert!(!format!("{:?}", w.t.dump().await).contains(&pin));
        // Another request is another PIN, and has to be a reset.
        assert_eq!(reason(&w.issue(&patron.card).await.unwrap_err()), ErrorReason::RuleBroken);
        let other = IssuePinRequest { card_number: w.t.patron_with(without_pin()).await.card, ..ask };
        assert_eq!(reason(&w.client().issue_pin(other).await.unwrap_err()), ErrorReason::RequestIdReused);
    }

    async fn only_cards_in_use_get_pins(engine: Engine) {
        let w = World::start(engine).await;
        for card_state in [CardState::Lost, CardState::Replaced, CardState::Blocked, CardState::Returned] {
            let patron = w.t.patron_with(PatronSeed { card_state, ..without_pin() }).await;
            assert_eq!(reason(&w.issue(&patron.card).await.unwrap_err()), ErrorReason::RuleBroken);
        }
        let library = PatronSeed { category: PatronCategory::InterlibraryLoan, ..without_pin() };
        let library = w.t.patron_with(library).await;
        assert_eq!(reason(&w.issue(&library.card).await.unwrap_err()), ErrorReason::RuleBroken);
        let without = w.t.patron_with(without_pin()).await;
        assert_eq!(reason(&w.reset(&without.card).await.unwrap_err()), ErrorReason::RuleBroken);
        assert_eq!(reason(&w.release(&without.card).await.unwrap_err()), ErrorReason::RuleBroken);
        assert_eq!(reason(&w.issue("no such card").await.unwrap_err()), ErrorReason::NotFound);
    }

    async fn a_reset_ends_everything_the_old_pin_opened(engine: Engine) {
        let w = World::start(engine).await;
        let patron = w.t.patron().await;
        assert_eq!(set_password(&w.online, &patron.card, patron.pin, PASSWORD).await, Verdict::Granted);
        let token = w.kiosk.sign_in(&patron.card, patron.pin).await;
        let pin = w.reset(&patron.card).await.unwrap();
        assert!(w.is_over(&w.kiosk, &token).await);
        assert_eq!(sign_in(&w.kiosk, &patron.card, patron.pin, "").await.verdict(), Verdict::Denied);
        assert_eq!(sign_in(&w.online, &patron.card, "", PASSWORD).await.verdict(), Verdict::Denied);
        w.kiosk.sign_in(&patron.card, &pin).await;
        assert_eq!(web_passwords::Entity::find_by_id(patron.card_id).one(w.t.store.writer()).await.unwrap(), None);
    }

    async fn a_disabled_pin_is_released_or_reset(engine: Engine) {
        let w = World::start(engine).await;
        for reset in [false, true] {
            let patron = w.t.patron().await;
            let mut row: pins::ActiveModel = w.pin_row(&patron).await.into();
            row.failures = Set(10);
            row.disabled_at = Set(Some(w.t.clock.now()));
            row.locked_until = Set(Some(w.t.clock.now() + TimeDelta::hours(1)));
            row.update(w.t.store.writer()).await.unwrap();
            assert_eq!(sign_in(&w.online, &patron.card, patron.pin, "").await.verdict(), Verdict::Denied);
            let pin = if reset {
                w.reset(&patron.card).await.unwrap()
            } else {
                w.release(&patron.card).await.unwrap();
                patron.pin.to_owned()
            };
            let row = w.pin_row(&patron).await;
            assert_eq!((row.failures, row.locked_until, row.disabled_at), (0, None, None));
            assert_eq!(sign_in(&w.online, &patron.card, &pin, "").await.verdict(), Verdict::Granted);
        }
    }

    async fn a_patron_changes_the_pin_and_every_session_ends(engine: Engine) {
        let w = World::start(engine).await;
        let patron = w.t.patron().await;
        let other_kiosk = w.t.device(DeviceKind::SelfCheckout).await;
        let tokens = [
            (&w.kiosk, w.kiosk.sign_in(&patron.card, patron.pin).await),
            (&other_kiosk, other_kiosk.sign_in(&patron.card, patron.pin).await),
        ];
        let set_at = w.pin_row(&patron).await.set_at;
        w.t.clock.advance(TimeDelta::seconds(5));
        let ask = change(&patron.card, patron.pin, NEW_PIN);
        let answer = w.kiosk.patrons().change_pin(ask.clone()).await.unwrap().into_inner();
        assert_eq!(answer.verdict(), Verdict::Granted);
        for (device, token) in &tokens {
            assert!(w.is_over(device, token).await);
        }
        assert_eq!(w.pin_row(&patron).await.set_at, set_at + TimeDelta::seconds(5));
        assert_eq!(sign_in(&w.kiosk, &patron.card, patron.pin, "").await.verdict(), Verdict::Denied);
        let token = w.kiosk.sign_in(&patron.card, NEW_PIN).await;
        // The same request again changes nothing and ends nothing.
        assert_eq!(w.kiosk.patrons().change_pin(ask).await.unwrap().into_inner(), answer);
        assert!(!w.is_over(&w.kiosk, &token).await);
        assert_eq!(change_pin(&w.online, &patron.card, NEW_PIN, "951847").await, Verdict::Granted);
    }

    async fn a_new_pin_is_of_the_right_length_uncommon_and_new(engine: Engine) {
        let w = World::start(engine).await;
        w.t.policy("pin.length_min", "4").await;
        w.t.policy("pin.length_max", "6").await;
        let patron = w.t.patron().await;
        for bad in [patron.pin, "1234", "2580", "1987", "7395184", "000000"] {
            let status = w.kiosk.patrons().change_pin(change(&patron.card, patron.pin, bad)).await.unwrap_err();
            let (reason, metadata) = fault(&status);
            assert_eq!((reason, metadata["field"].as_str()), (ErrorReason::FieldInvalid, "new_pin"));
            assert!(!format!("{status:?}").contains(bad));
        }
        assert_eq!(w.pin_row(&patron).await.failures, 0, "nothing was counted");
        w.kiosk.sign_in(&patron.card, patron.pin).await;
    }

    async fn every_way_spends_one_budget(engine: Engine) {
        let w = World::start(engine).await;
        let patron = w.t.patron().await;
        assert_eq!(set_password(&w.online, &patron.card, patron.pin, PASSWORD).await, Verdict::Granted);
        assert_eq!(change_pin(&w.kiosk, &patron.card, "8016", NEW_PIN).await, Verdict::Denied);
        assert_eq!(set_password(&w.online, &patron.card, "8017", "particle board").await, Verdict::Denied);
        assert_eq!(sign_in(&w.online, &patron.card, "", "hauki on ka1a").await.verdict(), Verdict::Denied);
        let row = w.pin_row(&patron).await;
        assert_eq!(row.failures, 3);
        assert!(row.locked_until.is_some(), "the third failure locks");
        // Locked for a device that does not know the patron, whatever is typed.
        let stranger = w.t.device(DeviceKind::OnlineLibrary).await;
        for (pin, password) in [(patron.pin, ""), ("", PASSWORD)] {
            let answer = sign_in(&stranger, &patron.card, pin, password).await;
            assert_eq!(answer.refusals[0].reason(), RefusalReason::CredentialsNotAccepted);
        }
        assert_eq!(change_pin(&stranger, &patron.card, patron.pin, NEW_PIN).await, Verdict::Denied);
        w.t.clock.advance(TimeDelta::hours(1));
        assert_eq!(sign_in(&stranger, &patron.card, "", PASSWORD).await.verdict(), Verdict::Granted);
        assert_eq!(w.pin_row(&patron).await.failures, 0);
    }

    async fn the_password_is_apart_from_the_pin(engine: Engine) {
        let w = World::start(engine).await;
        let patron = w.t.patron().await;
        assert_eq!(sign_in(&w.online, &patron.card, "", PASSWORD).await.verdict(), Verdict::Denied);
        let token = w.kiosk.sign_in(&patron.card, patron.pin).await;
        assert_eq!(set_password(&w.online, &patron.card, patron.pin, PASSWORD).await, Verdict::Granted);
        assert!(w.is_over(&w.kiosk, &token).await);
        assert_eq!(sign_in(&w.online, &patron.card, "", PASSWORD).await.verdict(), Verdict::Granted);
        w.kiosk.sign_in(&patron.card, patron.pin).await;
        // A new PIN leaves the password, and the other way round.
        assert_eq!(change_pin(&w.online, &patron.card, patron.pin, NEW_PIN).await, Verdict::Granted);
        assert_eq!(sign_in(&w.online, &patron.card, "", PASSWORD).await.verdict(), Verdict::Granted);
        assert_eq!(set_password(&w.online, &patron.card, NEW_PIN, "another password").await, Verdict::Granted);
        assert_eq!(sign_in(&w.online, &patron.card, "", PASSWORD).await.verdict(), Verdict::Denied);
        w.kiosk.sign_in(&patron.card, NEW_PIN).await;
        // Digits that are the PIN are no password, and a kiosk takes none at all.
        assert_eq!(sign_in(&w.online, &patron.card, "", "73951873").await.verdict(), Verdict::Denied);
        let ask = AuthenticatePatronRequest {
            attempt_id: new_id(),
            card_number: patron.card.clone(),
            password: "another password".to_owned(),
            ..Default::default()
        };
        let status = w.kiosk.patrons().authenticate_patron(ask).await.unwrap_err();
        assert_eq!(reason(&status), ErrorReason::FieldForbidden);
        let dump = format!("{:?}", w.t.dump().await);
        assert!(!dump.contains(PASSWORD) && !dump.contains("another password"));
    }

    async fn a_card_out_of_use_changes_nothing(engine: Engine) {
        let w = World::start(engine).await;
        let lost = PatronSeed { card_state: CardState::Lost, ..PatronSeed::default() };
        let patron = w.t.patron_with(lost).await;
        let before = w.pin_row(&patron).await.hash;
        let answer = w.kiosk.patrons().change_pin(change(&patron.card, patron.pin, NEW_PIN)).await.unwrap();
        assert_eq!(answer.into_inner().refusals[0].reason(), RefusalReason::CardNotInForce);
        assert_eq!(set_password(&w.online, &patron.card, patron.pin, PASSWORD).await, Verdict::Denied);
        assert!(w.pin_row(&patron).await.hash == before);
        assert_eq!(change_pin(&w.kiosk, "no such card", "4711", NEW_PIN).await, Verdict::Denied);
    }
}
