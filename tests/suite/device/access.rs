//! Doors and PCs.

use chrono::TimeDelta;
use kortisto::{
    common::v1::{RefusalReason, Verdict},
    device::v1::CheckAccessResponse,
};
use kortisto_domain::{BanKind, DeviceKind, RightKind};
use kortisto_testkit::{TestRegister, on_both_engines, register::PatronSeed};

fn reasons(response: &CheckAccessResponse) -> Vec<RefusalReason> {
    assert_eq!(response.verdict() == Verdict::Granted, response.refusals.is_empty());
    let valid = response.valid_for.map_or(0, |duration| duration.seconds);
    assert_eq!(valid, if response.refusals.is_empty() { 5 } else { 0 });
    response.refusals.iter().map(kortisto::common::v1::Refusal::reason).collect()
}

on_both_engines! {
    async fn a_ban_closes_the_door_at_once_and_opens_it_at_its_end(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let door = t.device(DeviceKind::Door).await;
        let patron = t.patron().await;
        assert_eq!(reasons(&door.ask_door(&patron.card, None, "door").await.unwrap()), []);
        t.ban(&patron, BanKind::SelfService).await;
        let banned = door.ask_door(&patron.card, None, "door").await.unwrap();
        assert_eq!(reasons(&banned), [RefusalReason::SelfServiceBan]);
        assert!(banned.refusals[0].remedy.is_empty(), "a door does not know what lifts a ban");
        t.end_bans(&patron, t.clock.now() + TimeDelta::seconds(10)).await;
        t.clock.advance(TimeDelta::microseconds(9_999_999));
        assert_eq!(reasons(&door.ask_door(&patron.card, None, "door").await.unwrap()), [RefusalReason::SelfServiceBan]);
        t.clock.advance(TimeDelta::microseconds(1));
        assert_eq!(reasons(&door.ask_door(&patron.card, None, "door").await.unwrap()), []);
    }

    async fn a_door_that_asks_a_pin_wants_the_right_one(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let door = t.device(DeviceKind::Door).await;
        let patron = t.patron().await;
        for pin in [None, Some("0000")] {
            let answer = door.ask_door(&patron.card, pin, "pin-door").await.unwrap();
            assert_eq!(reasons(&answer), [RefusalReason::CredentialsNotAccepted], "{pin:?}");
        }
        assert_eq!(reasons(&door.ask_door(&patron.card, Some(patron.pin), "pin-door").await.unwrap()), []);
        let unknown = door.ask_door("853A0000000", None, "door").await.unwrap();
        assert_eq!(reasons(&unknown), [RefusalReason::CredentialsNotAccepted]);
        let nowhere = door.ask_door(&patron.card, None, "cellar").await.unwrap();
        assert_eq!(reasons(&nowhere), [RefusalReason::ResourceUnknown]);
    }

    async fn children_come_in_with_consent_and_others_with_a_right(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let door = t.device(DeviceKind::Door).await;
        let child = "2015-01-01".parse().ok();
        let alone = PatronSeed { born: child, right: None, ..PatronSeed::default() };
        let with_consent = PatronSeed { right: Some(RightKind::GuardianConsent), ..alone.clone() };
        let no_right = PatronSeed { right: None, ..PatronSeed::default() };
        for (seed, expected) in [
            (alone, vec![RefusalReason::GuardianConsentMissing]),
            (with_consent, vec![]),
            (no_right, vec![RefusalReason::SelfServiceRightMissing]),
        ] {
            let patron = t.patron_with(seed).await;
            let answer = door.ask_door(&patron.card, None, "door").await.unwrap();
            let given: Vec<_> = reasons(&answer);
            assert!(expected.iter().all(|reason| given.contains(reason)) && expected.is_empty() == given.is_empty(), "{given:?}");
        }
        t.policy("self_service.grant_mode", "all").await;
        let patron = t.patron_with(PatronSeed { right: None, ..PatronSeed::default() }).await;
        let answer = door.ask_door(&patron.card, None, "door").await.unwrap();
        assert_eq!(reasons(&answer), [], "a policy holds from the next question on");
    }

    async fn a_pc_asks_ages_and_learns_no_birth_date(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let pc = t.device(DeviceKind::PcBooking).await;
        let patron = t.patron_with(PatronSeed { born: "2012-06-01".parse().ok(), ..PatronSeed::default() }).await;
        let request = kortisto::device::v1::AuthenticatePatronRequest {
            attempt_id: kortisto_testkit::register::new_id(),
            card_number: patron.card.clone(),
            pin: patron.pin.to_owned(),
            age_limits: vec![7, 13, 18], ..Default::default()
        };
        let answer = pc.patrons().authenticate_patron(request).await.unwrap().into_inner();
        let ages: Vec<_> = answer.age_assertions.iter().map(|age| (age.age_limit, age.reached)).collect();
        assert_eq!(ages, [(7, true), (13, true), (18, false)]);
        assert_eq!((answer.display_name.as_str(), answer.balance, answer.loan_count), ("", None, None));
        assert_eq!(reasons(&pc.ask_door(&patron.card, Some(patron.pin), "pc").await.unwrap()), []);
        let door = pc.ask_door(&patron.card, Some(patron.pin), "door").await.unwrap();
        assert_eq!(reasons(&door), [RefusalReason::ResourceUnknown]);
    }
}
