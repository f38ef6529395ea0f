//! Every answer leaves its row in the audit trail, and no row names a person.

use super::{question::World, rpc::methods};
use kortisto::common::v1::Verdict;
use kortisto_domain::DeviceKind;
use kortisto_register::permissions;
use kortisto_store::entities::audit;
use kortisto_testkit::{TestRegister, on_both_engines, register::new_id};
use sea_orm::{EntityTrait as _, QueryOrder as _};
use std::collections::BTreeSet;

/// The rows that are there now, oldest first.
async fn rows(t: &TestRegister) -> Vec<audit::Model> {
    audit::Entity::find().order_by_asc(audit::Column::Id).all(t.store.writer()).await.unwrap()
}

fn new_rows(before: &[audit::Model], after: Vec<audit::Model>) -> Vec<audit::Model> {
    let known: BTreeSet<_> = before.iter().map(|row| row.id).collect();
    after.into_iter().filter(|row| !known.contains(&row.id)).collect()
}

on_both_engines! {
    async fn every_answer_has_its_row(engine: Engine) {
        let w = World::start(engine).await;
        for kind in DeviceKind::ALL {
            let device = w.t.device(*kind).await;
            for method in methods().into_iter().filter(|method| permissions::may_call(*kind, method.rpc)) {
                let question = w.question(&method, &device, *kind).await;
                let before = rows(&w.t).await;
                let answer = method.ask(&device.channel, &question.request).await.unwrap();
                let found = new_rows(&before, rows(&w.t).await);
                // The clock stands still, so their ids do not tell which came first.
                let mut actions: Vec<_> = found.iter().map(|row| row.action.as_str()).collect();
                actions.sort_unstable();
                let with_pin = question.request.has_field_by_name("pin") && question.action == "check_access";
                let expected: &[_] = match question.ward {
                    _ if with_pin => &["check_access", "verify_pin"],
                    Some(_) => &[question.action, question.action],
                    None => &[question.action],
                };
                let subjects: BTreeSet<_> = found.iter().map(|row| row.subject).collect();
                let concerned = question.ward.map(Some).into_iter().chain([question.subject]);
                assert_eq!(subjects, concerned.collect(), "{} as {kind:?}", method.name);
                assert_eq!(actions, expected, "{} as {kind:?}", method.name);
                for row in &found {
                    assert_eq!((row.actor.as_str(), row.device_id), ("device", Some(device.id)));
                    assert_eq!(row.branch_id, Some(kortisto_testkit::register::BRANCH_MAIN));
                    assert_eq!(row.request_id, question.id().map(|(_, id)| id), "{}", method.name);
                    assert_eq!((row.granted, row.reasons.as_str()), (true, "[]"));
                    assert_eq!(row.at, w.t.clock.now());
                }
                if let Some(verdict) = answer.get_field_by_name("verdict") {
                    assert_eq!(verdict.as_enum_number(), Some(Verdict::Granted.into()), "{}", method.name);
                }
            }
        }
    }

    async fn every_refusal_has_its_row_with_its_reasons(engine: Engine) {
        let w = World::start(engine).await;
        let patron = w.patron().await;
        let stale = w.kiosk.sign_in(&patron.card, patron.pin).await;
        w.t.clock.advance(chrono::TimeDelta::minutes(6));
        let (worthless, nobodys) = (w.t.worthless_token(), new_id());
        let mut refused = 0;
        for kind in DeviceKind::ALL {
            let device = w.t.device(*kind).await;
            for method in methods().into_iter().filter(|method| permissions::may_call(*kind, method.rpc)) {
                let mut question = w.question(&method, &device, *kind).await;
                let names_patron = ["pin", "card_number"].iter().find(|field| question.request.has_field_by_name(field));
                let wrong = match (names_patron, method.name.as_str()) {
                    (_, "PatronService.EndPatronSession" | "DeviceService.GetDevice" | "DeviceService.RenewCertificate") => continue,
                    (_, "HoldService.WatchHoldShelf") => continue,
                    (Some(&"pin"), _) => ("pin", "0000", "[\"CredentialsNotAccepted\"]"),
                    (Some(_), _) => ("card_number", "853A0000000", "[\"CredentialsNotAccepted\"]"),
                    (None, "LoanService.CancelCheckout") => ("loan_id", "0b2a4a5e-8f5e-4d57-a7e5-6d1f5e0c9a11", "[\"LoanUnknown\"]"),
                    (None, "HoldService.StockCompartment") => ("hold_id", nobodys.as_str(), "[\"HoldUnknown\"]"),
                    // They report what has happened, also after the session.
                    (None, "HoldService.ConfirmPickup" | "HoldService.RevertPickup") => {
                        ("patron_token", worthless.as_str(), "[\"SessionEnded\"]")
                    }
                    (None, "LoanService.Return") => ("item_barcode", "none", "[\"ItemUnknown\"]"),
                    (None, _) => ("patron_token", stale.as_str(), "[\"SessionEnded\"]"),
                };
                question.set(wrong.0, wrong.1);
                let before = rows(&w.t).await;
                let answer = method.ask(&device.channel, &question.request).await.unwrap();
                let verdict = answer.get_field_by_name("verdict").unwrap().as_enum_number();
                assert_eq!(verdict, Some(Verdict::Denied.into()), "{} as {kind:?}", method.name);
                let found = new_rows(&before, rows(&w.t).await);
                assert!(found.iter().all(|row| !row.granted && row.reasons == wrong.2), "{found:?}");
                let own = found.iter().find(|row| row.action == question.action);
                let own = own.unwrap_or_else(|| panic!("{} as {kind:?}: {found:?}", method.name));
                assert_eq!(own.request_id, question.id().map(|(_, id)| id));
                refused += 1;
            }
        }
        assert!(refused > 10, "only {refused} refusals were looked at");
    }

    async fn no_row_names_a_person(engine: Engine) {
        let w = World::start(engine).await;
        let patron = w.patron().await;
        let (item, hold) = (w.t.item().await, w.ready_hold(&patron).await);
        let token = w.kiosk.sign_in(&patron.card, patron.pin).await;
        w.kiosk.checkout(&token, &item.barcode).await.unwrap();
        w.kiosk.pick_up(&token, hold.id).await.unwrap();
        w.kiosk.take_back(&item.barcode).await.unwrap();
        let door = w.t.device(DeviceKind::Door).await;
        door.ask_door(&patron.card, Some(patron.pin), "pin-door").await.unwrap();
        door.ask_door("853A7654321", Some("9876"), "pin-door").await.unwrap();
        w.t.ban(&patron, kortisto_domain::BanKind::SelfService).await;
        let lines = &w.t.dump().await["audit"];
        assert!(lines.len() >= 9, "{lines:?}");
        let known = [
            &patron.card, patron.pin, &token, &item.barcode, "Testaaja", "Aino", "853A7654321", "9876", "1980-05-17",
        ];
        for line in lines {
            // Digits of ids and times may spell a PIN by chance: only whole columns count.
            let columns: Vec<_> = line.split([',', '(', ')', '\'', '"']).collect();
            for secret in known {
                assert!(!columns.contains(&secret), "{secret} in {line}");
            }
        }
    }
}
