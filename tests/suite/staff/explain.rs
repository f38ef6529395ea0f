//! An explanation says what the device says, and why.

use super::questions::relations::{child, relate};
use crate::coverage::rpc::{fault, reason};
use chrono::TimeDelta;
use kortisto::{
    common::v1::{ErrorReason, Refusal, RefusalReason, Verdict},
    staff::v1::{
        ExplainDecisionRequest, ExplainDecisionResponse, Purpose, Question,
        explain_decision_request::Who::{self, CardNumber, PatronNumber},
        explain_service_client::ExplainServiceClient,
    },
};
use kortisto_domain::{BanKind, DeviceKind, HoldState, RelationKind, StaffRole};
use kortisto_store::entities::{audit, holds, patrons, policies};
use kortisto_testkit::{
    TestRegister, on_both_engines,
    register::{BRANCH_MAIN, Staff, TestPatron},
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, sea_query::Expr};
use tonic::Status;

fn ask(who: Who, question: Question) -> ExplainDecisionRequest {
    ExplainDecisionRequest {
        who: Some(who),
        branch: "main".to_owned(),
        question: question.into(),
        purpose: Purpose::CustomerService.into(),
        ..Default::default()
    }
}

async fn explain(staff: &Staff, request: ExplainDecisionRequest) -> Result<ExplainDecisionResponse, Status> {
    let answer = ExplainServiceClient::new(staff.channel()).explain_decision(request).await;
    answer.map(tonic::Response::into_inner)
}

fn reasons(refusals: &[Refusal]) -> Vec<RefusalReason> {
    refusals.iter().map(Refusal::reason).collect()
}

fn fact<'a>(explained: &'a ExplainDecisionResponse, name: &str) -> &'a str {
    let found = explained.facts.iter().find(|fact| fact.name == name);
    found.map(|fact| fact.value.as_str()).unwrap_or_else(|| panic!("no fact {name}"))
}

async fn lend(t: &TestRegister, staff: &Staff, patron: &TestPatron) -> ExplainDecisionResponse {
    let item_barcode = t.item().await.barcode;
    let request =
        ExplainDecisionRequest { item_barcode, ..ask(PatronNumber(patron.number.clone()), Question::Lend) };
    explain(staff, request).await.unwrap()
}

on_both_engines! {
    async fn it_says_what_the_kiosk_says_and_where_each_block_comes_from(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let (staff, kiosk) = (t.staff(&[StaffRole::Desk]).await, t.device(DeviceKind::SelfCheckout).await);
        let (ward, patron) = (child(&t).await, t.patron().await);
        let granted = lend(&t, &staff, &patron).await;
        assert_eq!((granted.verdict(), &granted.refusals[..], &granted.causes[..]), (Verdict::Granted, &[][..], &[][..]));
        assert_eq!(fact(&granted, "card.state"), "active");
        assert_eq!(fact(&granted, "item.borrower"), "nobody");

        relate(&t, &ward, &patron, RelationKind::Guardian).await;
        t.policy("ban.inherit_to_guardian", "true").await;
        t.policy("ban.debt_limit_cents", "500").await;
        t.ban(&patron, BanKind::Lending).await;
        t.end_bans(&patron, t.clock.now() + TimeDelta::days(3)).await;
        t.fee(patron.id, 700).await;
        t.fee(ward.id, 501).await;
        let explained = lend(&t, &staff, &patron).await;
        let expected = [RefusalReason::LendingBan, RefusalReason::DebtLimit, RefusalReason::WardBlocked];
        assert_eq!(reasons(&explained.refusals), expected);
        assert!(explained.refusals.iter().all(|refusal| !refusal.text.is_empty() && !refusal.remedy.is_empty()));
        let token = kiosk.sign_in(&patron.card, patron.pin).await;
        let told = kiosk.checkout(&token, &t.item().await.barcode).await.unwrap();
        assert_eq!(reasons(&told.refusals), expected, "the kiosk says the same");

        let [ban, debt, of_ward] = explained.causes.as_slice() else { panic!("{:?}", explained.causes) };
        assert!(ban.ban_id > 0);
        assert_eq!(ban.lifts_at.unwrap().seconds, (t.clock.now() + TimeDelta::days(3)).timestamp());
        let to_pay = debt.to_pay.as_ref().unwrap();
        assert_eq!((to_pay.minor_units, to_pay.currency_code.as_str()), (201, "EUR"));
        assert_eq!((of_ward.reason(), &of_ward.ward_number), (RefusalReason::WardBlocked, &ward.number));
        assert_eq!(of_ward.to_pay.as_ref().unwrap().minor_units, 2);

        let policy = |key: &str| explained.policies.iter().find(|policy| policy.key == key).unwrap();
        let row = policy("ban.debt_limit_cents").row.as_ref().unwrap();
        assert_eq!((row.valid_from.as_str(), row.decision.as_str()), ("2000-01-01", "test"));
        assert_eq!(policy("ban.debt_limit_cents").value, "500");
        assert_eq!(policy("ban.debt_comparator").row, None, "the default of the key");
        // Both were looked at.
        for pseudonym in [patron.pseudonym, ward.pseudonym] {
            let seen = audit::Entity::find()
                .filter(audit::Column::Action.eq("explain_decision"))
                .filter(audit::Column::Subject.eq(pseudonym))
                .one(t.store.writer())
                .await
                .unwrap();
            assert!(seen.is_some());
        }
    }

    async fn it_says_what_the_door_says_and_which_row_won(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let (staff, entrance) = (t.staff(&[StaffRole::Billing]).await, t.device(DeviceKind::Door).await);
        let (patron, ward) = (t.patron().await, child(&t).await);
        t.policy("self_service.grant_mode", "all").await;
        policies::Entity::update_many()
            .col_expr(policies::Column::BranchId, Expr::value(BRANCH_MAIN))
            .exec(t.store.writer())
            .await
            .unwrap();
        t.policy("self_service.grant_mode", "written_contract").await;
        t.ban(&patron, BanKind::SelfService).await;
        t.ban(&patron, BanKind::Use).await;
        for who in [&patron, &ward] {
            let told = entrance.ask_door(&who.card, None, "door").await.unwrap();
            let resource = "door".to_owned();
            let request =
                ExplainDecisionRequest { resource, ..ask(CardNumber(who.card.clone()), Question::Enter) };
            let explained = explain(&staff, request).await.unwrap();
            assert_eq!(reasons(&explained.refusals), reasons(&told.refusals));
            let mode = explained.policies.iter().find(|policy| policy.key == "self_service.grant_mode").unwrap();
            assert_eq!((mode.value.as_str(), mode.row.as_ref().unwrap().branch.as_str()), ("all", "main"));
            assert_eq!(fact(&explained, "branch.self_service"), "true");
            for cause in &explained.causes {
                let by_itself = cause.reason() == RefusalReason::GuardianConsentMissing;
                assert!(cause.ban_id > 0 || (by_itself && cause.lifts_at.is_some()), "{cause:?}");
            }
        }
        let request = ExplainDecisionRequest {
            resource: "cellar".to_owned(), ..ask(CardNumber(patron.card.clone()), Question::Enter)
        };
        assert_eq!(reasons(&explain(&staff, request).await.unwrap().refusals), [RefusalReason::ResourceUnknown]);
    }

    async fn it_explains_sessions_and_pickups(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let staff = t.staff(&[StaffRole::Desk]).await;
        let (patron, item) = (t.patron().await, t.item().await);
        t.ban(&patron, BanKind::Use).await;
        let who = || CardNumber(patron.card.clone());
        let kiosk = explain(&staff, ask(who(), Question::Authenticate)).await.unwrap();
        assert_eq!(kiosk.verdict(), Verdict::Granted);
        let pc = explain(&staff, ask(who(), Question::AuthenticateAtPc)).await.unwrap();
        assert_eq!(reasons(&pc.refusals), [RefusalReason::UseBan]);
        let hold = t.hold(&patron, item.title, BRANCH_MAIN).await;
        let pick_up = |hold_id: String| ExplainDecisionRequest { hold_id, ..ask(who(), Question::PickUp) };
        let pending = explain(&staff, pick_up(hold.id.to_string())).await.unwrap();
        assert_eq!(reasons(&pending.refusals), [RefusalReason::UseBan, RefusalReason::HoldNotReady]);
        assert_eq!((fact(&pending, "hold.patron"), fact(&pending, "hold.state")), ("this patron", HoldState::Pending.word()));
        holds::Entity::delete_many().exec(t.store.writer()).await.unwrap();
        let gone = explain(&staff, pick_up(hold.id.to_string())).await.unwrap();
        assert_eq!(reasons(&gone.refusals), [RefusalReason::UseBan, RefusalReason::HoldUnknown]);
        // A restricted record gives its one neutral reason here too, with nothing beside it.
        patrons::Entity::update_many()
            .col_expr(patrons::Column::State, Expr::value(kortisto_domain::PatronState::Restricted.code()))
            .filter(patrons::Column::Id.eq(patron.id))
            .exec(t.store.writer())
            .await
            .unwrap();
        let restricted = lend(&t, &staff, &patron).await;
        assert_eq!(reasons(&restricted.refusals), [RefusalReason::CardNotInForce]);
    }

    async fn it_refuses_what_is_no_question(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let (staff, patron) = (t.staff(&[StaffRole::Desk]).await, t.patron().await);
        let who = || CardNumber(patron.card.clone());
        let malformed = [
            ("who", ExplainDecisionRequest { who: None, ..ask(who(), Question::Authenticate) }),
            ("question", ask(who(), Question::Unspecified)),
            ("item_barcode", ask(who(), Question::Lend)),
            ("resource", ask(who(), Question::Enter)),
            ("hold_id", ask(who(), Question::PickUp)),
            ("resource", ExplainDecisionRequest { resource: "door".to_owned(), ..ask(who(), Question::Authenticate) }),
        ];
        for (field, request) in malformed {
            let (reason, metadata) = fault(&explain(&staff, request).await.unwrap_err());
            assert_eq!((reason, metadata["field"].as_str()), (ErrorReason::FieldInvalid, field));
        }
        let cardless = t.patron().await;
        t.take_cards(&cardless).await;
        let nobody = [
            ask(CardNumber("853A0".to_owned()), Question::Authenticate),
            ask(PatronNumber("nobody".to_owned()), Question::Authenticate),
            ask(PatronNumber(cardless.number), Question::Authenticate),
            ExplainDecisionRequest { branch: "west".to_owned(), ..ask(who(), Question::Authenticate) },
        ];
        for request in nobody {
            let status = explain(&staff, request).await.unwrap_err();
            assert_eq!(reason(&status), ErrorReason::NotFound);
        }
    }
}
