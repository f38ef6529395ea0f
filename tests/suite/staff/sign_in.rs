//! Signing in at a desk: the right password, all that is wrong, how often, and how long a session lasts.

use super::world::World;
use crate::coverage::rpc::{fault, reason};
use chrono::TimeDelta;
use kortisto::{
    common::v1::ErrorReason,
    staff::v1::{
        ChangePasswordRequest, GetSelfRequest, GiveUndertakingRequest, SignInRequest, SignInResponse,
        SignOutRequest, staff_session_service_client::StaffSessionServiceClient,
    },
};
use kortisto_domain::{DeviceKind, StaffAccountState, StaffRole};
use kortisto_store::entities::{audit, pin_attempts, staff_accounts, staff_sessions};
use kortisto_testkit::{
    TestRegister, on_both_engines,
    register::{Device, STAFF_PASSWORD, Staff, TestOptions, new_id},
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, PaginatorTrait as _, QueryFilter as _, sea_query::Expr};
use std::time::Duration;
use tokio::time::Instant;
use tonic::{Request, Status};

fn ask(user_name: &str, password: &str) -> SignInRequest {
    SignInRequest { attempt_id: new_id(), user_name: user_name.to_owned(), password: password.to_owned() }
}

async fn send(desk: &Device, ask: SignInRequest) -> Result<SignInResponse, Status> {
    let mut client = StaffSessionServiceClient::new(desk.channel.clone());
    client.sign_in(ask).await.map(tonic::Response::into_inner)
}

async fn sign_in(desk: &Device, user_name: &str, password: &str) -> Result<SignInResponse, Status> {
    send(desk, ask(user_name, password)).await
}

/// Asks who is signed in with this token at this desk.
async fn who(desk: &Device, token: &str) -> Result<String, Status> {
    let mut request = Request::new(GetSelfRequest {});
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    let mut client = StaffSessionServiceClient::new(desk.channel.clone());
    client.get_self(request).await.map(|answer| answer.into_inner().user_name)
}

async fn change(staff: &Staff, old: &str, new: &str) -> Result<(), Status> {
    let ask = ChangePasswordRequest {
        request_id: new_id(),
        old_password: old.to_owned(),
        new_password: new.to_owned(),
    };
    StaffSessionServiceClient::new(staff.channel()).change_password(ask).await.map(drop)
}

async fn account(t: &TestRegister, id: i64) -> staff_accounts::Model {
    staff_accounts::Entity::find_by_id(id).one(t.store.writer()).await.unwrap().unwrap()
}

async fn set<T: Into<sea_orm::Value>>(t: &TestRegister, id: i64, column: staff_accounts::Column, value: T) {
    staff_accounts::Entity::update_many()
        .col_expr(column, Expr::value(value))
        .filter(staff_accounts::Column::Id.eq(id))
        .exec(t.store.writer())
        .await
        .unwrap();
}

on_both_engines! {
    async fn the_right_password_opens_a_session_at_this_desk_only(engine: Engine) {
        let w = World::start(engine).await;
        let (staff, elsewhere) = (w.staff(&[StaffRole::Desk]).await, w.t.device(DeviceKind::Desk).await);
        let session = sign_in(&w.desk, &staff.user_name, STAFF_PASSWORD).await.unwrap();
        assert_eq!(session.session_token.len(), 43);
        assert_eq!(who(&w.desk, &session.session_token).await.unwrap(), staff.user_name);
        let status = who(&elsewhere, &session.session_token).await.unwrap_err();
        assert_eq!(reason(&status), ErrorReason::StaffSessionUnknown);
        let end = session.session_expires_at.unwrap().seconds;
        assert_eq!(end, (w.t.clock.now() + TimeDelta::hours(12)).timestamp());
        // The database holds a hash of the token, never the token.
        let dump = format!("{:?}", w.t.dump().await);
        assert!(!dump.contains(&session.session_token) && !dump.contains(STAFF_PASSWORD));
        w.t.probe().await;
    }

    async fn signing_in_again_ends_the_session_before_at_this_desk(engine: Engine) {
        let w = World::start(engine).await;
        let (staff, elsewhere) = (w.staff(&[StaffRole::Desk]).await, w.t.device(DeviceKind::Desk).await);
        let there = sign_in(&elsewhere, &staff.user_name, STAFF_PASSWORD).await.unwrap();
        let first = sign_in(&w.desk, &staff.user_name, STAFF_PASSWORD).await.unwrap();
        let second = sign_in(&w.desk, &staff.user_name, STAFF_PASSWORD).await.unwrap();
        assert_ne!(first.session_token, second.session_token);
        let status = who(&w.desk, &first.session_token).await.unwrap_err();
        assert_eq!(reason(&status), ErrorReason::StaffSessionUnknown);
        who(&w.desk, &second.session_token).await.unwrap();
        who(&elsewhere, &there.session_token).await.unwrap();
    }

    async fn a_session_lasts_half_an_hour_without_a_call_and_twelve_hours_at_most(engine: Engine) {
        let w = World::start(engine).await;
        let staff = w.staff(&[StaffRole::Desk]).await;
        let idle = sign_in(&w.desk, &staff.user_name, STAFF_PASSWORD).await.unwrap();
        w.t.clock.advance(TimeDelta::minutes(30) - TimeDelta::seconds(1));
        who(&w.desk, &idle.session_token).await.unwrap();
        w.t.clock.advance(TimeDelta::minutes(30));
        assert!(who(&w.desk, &idle.session_token).await.is_err());
        let busy = sign_in(&w.desk, &staff.user_name, STAFF_PASSWORD).await.unwrap();
        let began = w.t.clock.now();
        while w.t.clock.now() - began < TimeDelta::hours(12) - TimeDelta::minutes(20) {
            w.t.clock.advance(TimeDelta::minutes(20));
            who(&w.desk, &busy.session_token).await.unwrap();
        }
        w.t.clock.advance(TimeDelta::minutes(20));
        assert!(who(&w.desk, &busy.session_token).await.is_err());
    }

    async fn an_attempt_is_answered_once_and_stands_for_one_question(engine: Engine) {
        let w = World::start(engine).await;
        let staff = w.staff(&[StaffRole::Desk]).await;
        for password in [STAFF_PASSWORD, "ahven on kala"] {
            let question = ask(&staff.user_name, password);
            let first = send(&w.desk, question.clone()).await;
            let (rows, failures) = (w.audit().await.len(), account(&w.t, staff.id).await.failures);
            let again = send(&w.desk, question.clone()).await;
            assert_eq!(first.is_ok(), password == STAFF_PASSWORD);
            assert_eq!(first.ok(), again.ok());
            assert_eq!(w.audit().await.len(), rows);
            assert_eq!(account(&w.t, staff.id).await.failures, failures);
            let other = SignInRequest { password: "kuha on kala".to_owned(), ..question };
            let (reason, metadata) = fault(&send(&w.desk, other).await.unwrap_err());
            assert_eq!((reason, metadata["field"].as_str()), (ErrorReason::RequestIdReused, "attempt_id"));
        }
    }

    async fn the_same_attempt_many_times_at_once_is_one_attempt(engine: Engine) {
        let w = World::start(engine).await;
        let staff = w.staff(&[StaffRole::Desk]).await;
        let question = ask(&staff.user_name, STAFF_PASSWORD);
        let mut asked = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let (desk, question) = (w.desk.clone(), question.clone());
            asked.spawn(async move { send(&desk, question).await });
        }
        let answers: Vec<_> = asked.join_all().await.into_iter().map(Result::unwrap).collect();
        assert!(answers.iter().all(|answer| *answer == answers[0]));
        let sessions = staff_sessions::Entity::find()
            .filter(staff_sessions::Column::AccountId.eq(staff.id))
            .count(w.t.store.writer())
            .await
            .unwrap();
        // One from the test kit, one from here.
        assert_eq!(sessions, 2);
    }

    async fn all_that_is_wrong_has_one_answer(engine: Engine) {
        let w = World::start(engine).await;
        let (wrong, shut, waits, bare) = (
            w.staff(&[StaffRole::Desk]).await,
            w.staff(&[StaffRole::Desk]).await,
            w.staff(&[StaffRole::Desk]).await,
            w.staff(&[StaffRole::Desk]).await,
        );
        set(&w.t, shut.id, staff_accounts::Column::State, StaffAccountState::Disabled.code()).await;
        let until = w.t.clock.now() + TimeDelta::minutes(5);
        set(&w.t, waits.id, staff_accounts::Column::LockedUntil, until).await;
        set(&w.t, bare.id, staff_accounts::Column::PasswordHash, None::<Vec<u8>>).await;
        let mut seen = Vec::new();
        for (name, password, account) in [
            ("nobody.here", STAFF_PASSWORD, None),
            (wrong.user_name.as_str(), "ahven on kala", Some(wrong.id)),
            (shut.user_name.as_str(), STAFF_PASSWORD, Some(shut.id)),
            (waits.user_name.as_str(), STAFF_PASSWORD, Some(waits.id)),
            (bare.user_name.as_str(), STAFF_PASSWORD, Some(bare.id)),
        ] {
            let question = ask(name, password);
            let status = send(&w.desk, question.clone()).await.unwrap_err();
            let row = audit::Entity::find()
                .filter(audit::Column::RequestId.eq(question.attempt_id.parse::<uuid::Uuid>().unwrap()))
                .one(w.t.store.writer())
                .await
                .unwrap()
                .unwrap();
            assert_eq!((row.action.as_str(), row.granted), ("sign_in", false), "{name}");
            assert_eq!((row.staff_account_id, row.detail), (account, None), "{name}");
            seen.push((status.code(), status.message().to_owned(), status.details().to_vec()));
        }
        assert!(seen.iter().all(|answer| *answer == seen[0]), "{seen:?}");
        assert_eq!(seen[0].0, tonic::Code::Unauthenticated);
        w.t.probe().await;
    }

    async fn a_refusal_leaves_in_one_rhythm(engine: Engine) {
        let floor = Duration::from_millis(200);
        let t = TestRegister::start_with(engine, TestOptions { failure_floor: floor, ..TestOptions::default() }).await;
        let staff = t.staff(&[StaffRole::Desk]).await;
        let locked = t.staff(&[StaffRole::Desk]).await;
        set(&t, locked.id, staff_accounts::Column::LockedUntil, t.clock.now() + TimeDelta::minutes(5)).await;
        for name in ["nobody.here", &staff.user_name, &locked.user_name] {
            let asked_at = Instant::now();
            sign_in(&staff.desk, name, "ahven on kala").await.unwrap_err();
            assert!(asked_at.elapsed() >= floor, "{name}: {:?}", asked_at.elapsed());
        }
    }

    async fn after_five_failures_each_one_waits_and_the_right_password_clears_them(engine: Engine) {
        let w = World::start(engine).await;
        let staff = w.staff(&[StaffRole::Desk]).await;
        for number in 1..=5 {
            sign_in(&w.desk, &staff.user_name, &format!("kala numero {number}")).await.unwrap_err();
        }
        assert_eq!(account(&w.t, staff.id).await.locked_until, None);
        // The same wrong password again is not counted.
        sign_in(&w.desk, &staff.user_name, "kala numero 5").await.unwrap_err();
        assert_eq!(account(&w.t, staff.id).await.failures, 5);
        sign_in(&w.desk, &staff.user_name, "kala numero 6").await.unwrap_err();
        let waits = account(&w.t, staff.id).await;
        assert_eq!(waits.locked_until, Some(w.t.clock.now() + TimeDelta::seconds(30)));
        sign_in(&w.desk, &staff.user_name, STAFF_PASSWORD).await.unwrap_err();
        w.t.clock.advance(TimeDelta::seconds(30));
        sign_in(&w.desk, &staff.user_name, STAFF_PASSWORD).await.unwrap();
        let cleared = account(&w.t, staff.id).await;
        assert_eq!((cleared.failures, cleared.locked_until, cleared.last_wrong), (0, None, None));
    }

    async fn guesses_at_once_do_not_outrun_the_count(engine: Engine) {
        let w = World::start(engine).await;
        let staff = w.staff(&[StaffRole::Desk]).await;
        let before = w.t.register.vault().verified();
        let mut asked = tokio::task::JoinSet::new();
        for number in 0..16 {
            let (desk, name) = (w.desk.clone(), staff.user_name.clone());
            asked.spawn(async move { sign_in(&desk, &name, &format!("kala numero {number}")).await });
        }
        assert!(asked.join_all().await.iter().all(Result::is_err));
        // Five are free, the sixth makes the others wait.
        assert_eq!(w.t.register.vault().verified() - before, 6);
        assert_eq!(account(&w.t, staff.id).await.failures, 6);
    }

    async fn a_desk_cannot_try_one_password_on_everybody(engine: Engine) {
        let w = World::start(engine).await;
        let mut throttled = 0;
        for number in 0..30 {
            let status = sign_in(&w.desk, &format!("nobody.{number}"), STAFF_PASSWORD).await.unwrap_err();
            throttled += usize::from(reason(&status) == ErrorReason::DeviceThrottled);
        }
        assert_eq!(throttled, 10);
        // A colleague at another desk is not kept out.
        let (staff, elsewhere) = (w.staff(&[StaffRole::Desk]).await, w.t.device(DeviceKind::Desk).await);
        sign_in(&elsewhere, &staff.user_name, STAFF_PASSWORD).await.unwrap();
        // No row tells the names that were tried.
        let rows = pin_attempts::Entity::find().count(w.t.store.writer()).await.unwrap();
        assert_eq!(rows, 21);
        assert!(!format!("{:?}", w.t.dump().await).contains("nobody.7"));
    }

    async fn only_a_desk_signs_anybody_in(engine: Engine) {
        let w = World::start(engine).await;
        let staff = w.staff(&[StaffRole::Desk]).await;
        for kind in DeviceKind::ALL.iter().filter(|kind| **kind != DeviceKind::Desk) {
            let device = w.t.device(*kind).await;
            let status = sign_in(&device, &staff.user_name, STAFF_PASSWORD).await.unwrap_err();
            assert_eq!(reason(&status), ErrorReason::DeskOnly);
        }
        for (bad, field) in [
            (SignInRequest { attempt_id: "x".to_owned(), ..ask("a", STAFF_PASSWORD) }, "attempt_id"),
            (ask("", STAFF_PASSWORD), "user_name"),
            (ask(&"a".repeat(65), STAFF_PASSWORD), "user_name"),
            (ask(&staff.user_name, "short"), "password"),
            (ask(&staff.user_name, &"x".repeat(129)), "password"),
        ] {
            let (reason, metadata) = fault(&send(&w.desk, bad).await.unwrap_err());
            assert_eq!((reason, metadata["field"].as_str()), (ErrorReason::FieldInvalid, field));
        }
    }

    async fn a_new_password_takes_the_place_of_the_old_and_ends_other_sessions(engine: Engine) {
        let w = World::start(engine).await;
        let staff = w.staff(&[StaffRole::Desk]).await;
        let elsewhere = w.t.device(DeviceKind::Desk).await;
        let other = sign_in(&elsewhere, &staff.user_name, STAFF_PASSWORD).await.unwrap();
        set(&w.t, staff.id, staff_accounts::Column::MustChange, true).await;
        change(&staff, STAFF_PASSWORD, "ahven on toinen kala").await.unwrap();
        assert!(!account(&w.t, staff.id).await.must_change);
        assert!(who(&elsewhere, &other.session_token).await.is_err());
        // One's own goes on.
        let mut own = StaffSessionServiceClient::new(staff.channel());
        own.get_self(GetSelfRequest {}).await.unwrap();
        sign_in(&w.desk, &staff.user_name, STAFF_PASSWORD).await.unwrap_err();
        sign_in(&w.desk, &staff.user_name, "ahven on toinen kala").await.unwrap();
        assert!(!format!("{:?}", w.t.dump().await).contains("ahven on toinen"));
    }

    async fn a_wrong_old_password_counts_and_a_weak_new_one_is_refused(engine: Engine) {
        let w = World::start(engine).await;
        let staff = w.staff(&[StaffRole::Desk]).await;
        let own = format!("{} on kala", staff.user_name);
        for weak in ["ahven 12345", "salasana12345", "aaaaaaaaaaaa", &own, STAFF_PASSWORD] {
            let (reason, metadata) = fault(&change(&staff, STAFF_PASSWORD, weak).await.unwrap_err());
            assert_eq!((reason, metadata["field"].as_str()), (ErrorReason::FieldInvalid, "new_password"));
        }
        assert_eq!(account(&w.t, staff.id).await.failures, 0);
        for number in 1..=6 {
            let status = change(&staff, &format!("kala numero {number}"), "ahven on toinen kala").await.unwrap_err();
            assert_eq!(reason(&status), ErrorReason::SignInRefused);
        }
        let rows = w.audit().await;
        let refused = rows.iter().filter(|row| row.action == "change_password" && !row.granted);
        assert_eq!(refused.count(), 6);
        // The account waits now, here and where one signs in.
        let status = change(&staff, STAFF_PASSWORD, "ahven on toinen kala").await.unwrap_err();
        assert_eq!(reason(&status), ErrorReason::SignInRefused);
        sign_in(&w.desk, &staff.user_name, STAFF_PASSWORD).await.unwrap_err();
        w.t.clock.advance(TimeDelta::seconds(30));
        change(&staff, STAFF_PASSWORD, "ahven on toinen kala").await.unwrap();
    }

    async fn whoever_has_signed_out_or_in_anew_starts_with_the_undertaking(engine: Engine) {
        let w = World::start(engine).await;
        let staff = w.staff(&[StaffRole::Desk]).await;
        set(&w.t, staff.id, staff_accounts::Column::UndertakenAt, None::<chrono::DateTime<chrono::Utc>>).await;
        let mut client = StaffSessionServiceClient::new(staff.channel());
        let ask = GiveUndertakingRequest { request_id: new_id(), text_version: "2026-1".to_owned() };
        client.give_undertaking(ask).await.unwrap();
        let row = account(&w.t, staff.id).await;
        assert_eq!(row.undertaking.as_deref(), Some("2026-1"));
        assert_eq!(row.undertaken_at, Some(w.t.clock.now()));
        client.sign_out(SignOutRequest { request_id: new_id() }).await.unwrap();
        let status = client.get_self(GetSelfRequest {}).await.unwrap_err();
        assert_eq!(reason(&status), ErrorReason::StaffSessionUnknown);
        let session = sign_in(&w.desk, &staff.user_name, STAFF_PASSWORD).await.unwrap();
        who(&w.desk, &session.session_token).await.unwrap();
    }
}
