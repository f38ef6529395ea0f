//! Every staff rpc x everything that stands around it: certificate, desk, session, undertaking, duty, purpose, audit
//! row, replay.

use super::world::{Method, World, methods, set_purpose};
use crate::coverage::rpc::{fault, reason};
use chrono::TimeDelta;
use kortisto::common::v1::ErrorReason;
use kortisto_domain::{DeviceKind, Purpose, StaffAccountState, StaffRole};
use kortisto_register::{devices::manage, staff::duties};
use kortisto_store::entities::{staff_accounts, staff_sessions};
use kortisto_testkit::{on_both_engines, register::Staff};
use prost_reflect::{Value, prost::Message as _};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, sea_query::Expr};
use std::collections::BTreeSet;
use tokio::time::{Duration, Instant};

/// Asks a good question and gives the fault.
async fn refused(world: &World, method: &Method, staff: &Staff) -> ErrorReason {
    let question = world.question(method).await;
    let status = method.ask(staff, &question).await.unwrap_err();
    reason(&status)
}

async fn set_account<T>(world: &World, staff: &Staff, column: staff_accounts::Column, value: T)
where
    T: Into<sea_orm::Value>,
{
    staff_accounts::Entity::update_many()
        .col_expr(column, Expr::value(value))
        .filter(staff_accounts::Column::Id.eq(staff.id))
        .exec(world.t.store.writer())
        .await
        .unwrap();
}

on_both_engines! {
    async fn without_a_token_of_this_desk_nothing_is_answered(engine: Engine) {
        let w = World::start(engine).await;
        let elsewhere = w.t.device(DeviceKind::Desk).await;
        for method in methods() {
            let staff = w.staff(&[method.role()]).await;
            let question = w.question(&method).await.encode_to_vec();
            let stray = format!("Bearer {}", w.t.worthless_token());
            let good = staff.bearer();
            let cut = good.trim_end_matches(|_| true).to_owned() + &good[..good.len() - 1];
            for bearer in [None, Some(stray.as_str()), Some("Bearer "), Some(cut.as_str())] {
                let status = method.send(&w.desk, bearer, question.clone()).await.unwrap_err();
                assert_eq!(reason(&status), ErrorReason::StaffSessionUnknown, "{}", method.name);
            }
            let status = method.send(&elsewhere, Some(&good), question).await.unwrap_err();
            assert_eq!(reason(&status), ErrorReason::StaffSessionUnknown, "{} elsewhere", method.name);
        }
    }

    async fn a_session_ends_by_its_end_by_idleness_and_with_its_account(engine: Engine) {
        let w = World::start(engine).await;
        for method in methods() {
            let disabled = w.staff(&[method.role()]).await;
            let code = StaffAccountState::Disabled.code();
            set_account(&w, &disabled, staff_accounts::Column::State, code).await;
            assert_eq!(refused(&w, &method, &disabled).await, ErrorReason::StaffSessionUnknown);
            let ended = w.staff(&[method.role()]).await;
            staff_sessions::Entity::update_many()
                .col_expr(staff_sessions::Column::EndedAt, Expr::value(w.t.clock.now()))
                .filter(staff_sessions::Column::AccountId.eq(ended.id))
                .exec(w.t.store.writer())
                .await
                .unwrap();
            assert_eq!(refused(&w, &method, &ended).await, ErrorReason::StaffSessionUnknown);
            let idle = w.staff(&[method.role()]).await;
            w.t.clock.advance(TimeDelta::minutes(30));
            assert_eq!(refused(&w, &method, &idle).await, ErrorReason::StaffSessionUnknown);
        }
    }

    async fn how_long_an_idle_session_lasts_is_a_policy(engine: Engine) {
        let w = World::start(engine).await;
        w.t.policy("staff.session_idle_minutes", "5").await;
        let method = methods().into_iter().find(|method| method.name == "StaffSessionService.GetSelf").unwrap();
        let staff = w.staff(&[method.role()]).await;
        w.t.clock.advance(TimeDelta::minutes(5) - TimeDelta::seconds(1));
        // A call begins the time anew.
        method.ask(&staff, &w.question(&method).await).await.unwrap();
        w.t.clock.advance(TimeDelta::minutes(5) - TimeDelta::seconds(1));
        method.ask(&staff, &w.question(&method).await).await.unwrap();
        w.t.clock.advance(TimeDelta::minutes(5));
        assert_eq!(refused(&w, &method, &staff).await, ErrorReason::StaffSessionUnknown);
    }

    async fn no_other_kind_of_device_reaches_a_staff_rpc(engine: Engine) {
        let w = World::start(engine).await;
        for kind in DeviceKind::ALL.iter().filter(|kind| **kind != DeviceKind::Desk) {
            let device = w.t.device(*kind).await;
            for method in methods() {
                let staff = w.t.staff_at(&[method.role()], device.clone()).await;
                assert_eq!(refused(&w, &method, &staff).await, ErrorReason::DeskOnly, "{}", method.name);
            }
        }
    }

    async fn a_revoked_desk_asks_nothing_more(engine: Engine) {
        let w = World::start(engine).await;
        let mut asked = Vec::new();
        for method in methods() {
            let staff = w.staff(&[method.role()]).await;
            asked.push((w.question(&method).await, staff, method));
        }
        let deadline = Instant::now() + Duration::from_secs(5);
        manage::revoke(&w.t.store, &w.t.surroundings, w.desk.name.clone(), deadline).await.unwrap();
        for (question, staff, method) in asked {
            let status = method.ask(&staff, &question).await.unwrap_err();
            assert_eq!(reason(&status), ErrorReason::DeviceRevoked, "{}", method.name);
        }
    }

    async fn every_role_may_do_what_the_table_says_and_a_refusal_is_in_the_trail(engine: Engine) {
        let w = World::start(engine).await;
        for role in StaffRole::ALL {
            for method in methods() {
                let staff = w.staff(&[*role]).await;
                let question = w.question_as(&method, *role).await;
                let before: BTreeSet<_> = w.audit().await.iter().map(|row| row.id).collect();
                let answer = method.ask(&staff, &question).await;
                // The clock stands still, so the ids do not tell which came first.
                let mut rows = w.audit().await;
                rows.retain(|row| !before.contains(&row.id));
                let allowed = duties::may_call(&[*role], method.rpc);
                assert_eq!(answer.is_ok(), allowed, "{} as {role:?}: {answer:?}", method.name);
                assert!(!rows.is_empty(), "{} as {role:?} left no row", method.name);
                for row in &rows {
                    assert_eq!(row.granted, allowed, "{} as {role:?}", method.name);
                    assert_eq!(row.action, method.rpc.action(), "{}", method.name);
                    assert_eq!((row.actor.as_str(), row.staff_account_id), ("staff", Some(staff.id)));
                    assert_eq!(row.device_id, Some(w.desk.id));
                    assert_eq!(row.purpose, method.purpose_of(*role).map(Purpose::code));
                    assert_eq!(row.request_id.is_some(), method.changes());
                }
                if let Err(status) = answer {
                    let (reason, metadata) = fault(&status);
                    assert_eq!(reason, ErrorReason::DutyForbidden);
                    assert_eq!(metadata["rpc"], method.name);
                    assert_eq!(rows[0].reasons, r#"["DUTY_FORBIDDEN"]"#);
                }
            }
        }
    }

    async fn nothing_is_allowed_before_the_undertaking_and_a_new_password(engine: Engine) {
        let w = World::start(engine).await;
        for method in methods() {
            let staff = w.staff(&[method.role()]).await;
            set_account(&w, &staff, staff_accounts::Column::UndertakenAt, None::<chrono::DateTime<chrono::Utc>>).await;
            let answer = method.ask(&staff, &w.question(&method).await).await;
            if duties::before_undertaking(method.rpc) {
                assert!(answer.is_ok(), "{}: {answer:?}", method.name);
            } else {
                assert_eq!(reason(&answer.unwrap_err()), ErrorReason::UndertakingRequired, "{}", method.name);
            }
            let staff = w.staff(&[method.role()]).await;
            set_account(&w, &staff, staff_accounts::Column::MustChange, true).await;
            let answer = method.ask(&staff, &w.question(&method).await).await;
            if duties::before_new_password(method.rpc) {
                assert!(answer.is_ok(), "{}: {answer:?}", method.name);
            } else {
                assert_eq!(reason(&answer.unwrap_err()), ErrorReason::PasswordChangeRequired, "{}", method.name);
            }
        }
    }

    async fn personal_data_is_shown_for_a_purpose_of_the_table_only(engine: Engine) {
        let w = World::start(engine).await;
        for method in methods() {
            let staff = w.staff(&[method.role()]).await;
            if method.input.get_field_by_name("purpose").is_none() {
                assert!(duties::purposes(method.rpc).is_empty(), "{} asks for no purpose", method.name);
                continue;
            }
            for purpose in Purpose::ALL {
                let mut question = w.question(&method).await;
                set_purpose(&mut question, *purpose);
                let answer = method.ask(&staff, &question).await;
                if duties::may_for(&[method.role()], Some(*purpose), method.rpc) {
                    assert!(answer.is_ok(), "{} for {purpose:?}: {answer:?}", method.name);
                } else {
                    let reason = reason(&answer.unwrap_err());
                    assert_eq!(reason, ErrorReason::PurposeForbidden, "{} for {purpose:?}", method.name);
                }
            }
            let mut question = w.question(&method).await;
            question.clear_field_by_name("purpose");
            let status = method.ask(&staff, &question).await.unwrap_err();
            assert_eq!(reason(&status), ErrorReason::PurposeForbidden, "{} for nothing", method.name);
        }
    }

    async fn a_request_id_is_answered_once_and_stands_for_one_body(engine: Engine) {
        let w = World::start(engine).await;
        for method in methods().into_iter().filter(Method::changes) {
            let staff = w.staff(&[method.role()]).await;
            let question = w.question(&method).await;
            let first = method.ask(&staff, &question).await.unwrap();
            let rows = w.audit().await.len();
            // Who has signed out cannot ask again.
            if method.name == "StaffSessionService.SignOut" {
                continue;
            }
            let again = method.ask(&staff, &question).await.unwrap();
            assert_eq!(first, again, "{}", method.name);
            assert_eq!(w.audit().await.len(), rows, "{} was done twice", method.name);
            let mut other = w.question(&method).await;
            let id = question.get_field_by_name("request_id").unwrap().into_owned();
            other.set_field_by_name("request_id", id);
            if other != question {
                let status = method.ask(&staff, &other).await.unwrap_err();
                assert_eq!(reason(&status), ErrorReason::RequestIdReused, "{}", method.name);
            }
            for bad in ["", "not-an-id", "00000000-0000-0000-0000-000000000000"] {
                let mut malformed = w.question(&method).await;
                malformed.set_field_by_name("request_id", Value::String(bad.to_owned()));
                let (reason, metadata) = fault(&method.ask(&staff, &malformed).await.unwrap_err());
                assert_eq!(reason, ErrorReason::FieldInvalid, "{} under {bad:?}", method.name);
                assert_eq!(metadata["field"], "request_id");
            }
        }
    }
}
