//! The loan history that a patron has chosen to keep: seen by the patron alone, erased when the patron says so.

use super::{open, reasons, ward_of};
use chrono::TimeDelta;
use kortisto::{
    common::v1::{RefusalReason, Verdict},
    device::v1::{
        ListLoanHistoryRequest, ListLoanHistoryResponse, ReturnedLoan, SetLoanHistoryRequest,
        SetLoanHistoryResponse,
    },
};
use kortisto_domain::{ConsentForm, ConsentPurpose, DeviceKind};
use kortisto_register::jobs::Job;
use kortisto_store::entities::{consents, kept_history};
use kortisto_testkit::{
    TestRegister, on_both_engines,
    register::{Device, TestPatron, new_id},
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _};

async fn page(web: &Device, token: &str, page_size: i32, page_token: &str) -> ListLoanHistoryResponse {
    let (patron_token, page_token) = (token.to_owned(), page_token.to_owned());
    let request = ListLoanHistoryRequest { patron_token, page_size, page_token };
    web.loans().list_loan_history(request).await.unwrap().into_inner()
}

/// What is shown: whether a history is kept, and its loans.
async fn shown(web: &Device, patron: &TestPatron) -> (bool, Vec<String>) {
    let token = web.sign_in(&patron.card, patron.pin).await;
    let history = page(web, &token, 0, "").await;
    assert_eq!(history.verdict(), Verdict::Granted, "{:?}", history.refusals);
    (history.kept, history.loans.into_iter().map(|loan| loan.loan_id).collect())
}

async fn set_as(id: &str, web: &Device, patron: &TestPatron, kept: bool) -> SetLoanHistoryResponse {
    let request = SetLoanHistoryRequest {
        request_id: id.to_owned(),
        patron_token: web.sign_in(&patron.card, patron.pin).await,
        kept,
        text_version: if kept { "2026-01" } else { "" }.to_owned(),
    };
    web.loans().set_loan_history(request).await.unwrap().into_inner()
}

async fn set(web: &Device, patron: &TestPatron, kept: bool) -> Vec<RefusalReason> {
    reasons(&set_as(&new_id(), web, patron, kept).await.refusals)
}

/// A loan that this patron has made and ended; each takes a minute.
async fn read(t: &TestRegister, kiosk: &Device, patron: &TestPatron) -> String {
    let item = t.item().await;
    let token = t.session_at(kiosk, patron).await;
    let loan = kiosk.checkout(&token, &item.barcode).await.unwrap().loan.unwrap();
    t.clock.advance(TimeDelta::seconds(30));
    kiosk.take_back(&item.barcode).await.unwrap();
    t.clock.advance(TimeDelta::seconds(30));
    loan.loan_id
}

async fn consents_of(t: &TestRegister, patron: &TestPatron) -> Vec<consents::Model> {
    let of_patron = consents::Entity::find().filter(consents::Column::PatronId.eq(patron.id));
    of_patron.order_by_asc(consents::Column::Id).all(t.store.writer()).await.unwrap()
}

async fn kept_rows(t: &TestRegister) -> u64 {
    kept_history::Entity::find().count(t.store.writer()).await.unwrap()
}

on_both_engines! {
    async fn a_history_is_kept_since_the_consent_and_erased_with_it(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let (kiosk, web) = (t.device(DeviceKind::SelfCheckout).await, t.device(DeviceKind::OnlineLibrary).await);
        let (patron, other) = (t.patron().await, t.patron().await);
        read(&t, &kiosk, &patron).await;
        assert_eq!(shown(&web, &patron).await, (false, vec![]), "off by default");
        assert_eq!(set(&web, &patron, true).await, []);
        assert_eq!(shown(&web, &patron).await, (true, vec![]), "nothing from before the consent");
        let first = read(&t, &kiosk, &patron).await;
        assert_eq!(set(&web, &patron, true).await, [], "once more changes nothing");
        let second = read(&t, &kiosk, &patron).await;
        read(&t, &kiosk, &other).await;
        assert_eq!(shown(&web, &patron).await, (true, vec![second.clone(), first.clone()]));
        assert_eq!(shown(&web, &other).await, (false, vec![]));

        // The trace is forgotten, what the patron keeps is not.
        t.clock.advance(TimeDelta::days(61));
        assert_eq!(t.job(Job::ForgetBorrowers).await.count("loans_kept_in_histories"), 2);
        let third = read(&t, &kiosk, &patron).await;
        assert_eq!(shown(&web, &patron).await, (true, vec![third, second, first]));

        assert_eq!(set(&web, &patron, false).await, []);
        assert_eq!((shown(&web, &patron).await, kept_rows(&t).await), ((false, vec![]), 0));
        t.clock.advance(TimeDelta::minutes(1));
        assert_eq!(set(&web, &patron, true).await, []);
        assert_eq!(shown(&web, &patron).await, (true, vec![]), "what was erased does not come back");
        let evidence = consents_of(&t, &patron).await;
        let by = format!("device:{}", web.id);
        let standing: Vec<_> = evidence.iter().map(|row| row.withdrawn_at.is_none()).collect();
        assert_eq!(standing, [false, true]);
        assert!(evidence.iter().all(|row| row.recorded_by == by && row.form == ConsentForm::Online.code()));
        assert_eq!(evidence[0].withdrawn_by, Some(by));
        t.probe().await;
    }

    async fn a_history_comes_in_pages_the_newest_first(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let (kiosk, web) = (t.device(DeviceKind::SelfCheckout).await, t.device(DeviceKind::OnlineLibrary).await);
        let patron = t.patron().await;
        set(&web, &patron, true).await;
        let mut loans = vec![read(&t, &kiosk, &patron).await];
        t.clock.advance(TimeDelta::days(61));
        t.job(Job::ForgetBorrowers).await;
        for _ in 0..4 {
            loans.push(read(&t, &kiosk, &patron).await);
        }
        loans.reverse();
        let token = web.sign_in(&patron.card, patron.pin).await;
        let (mut found, mut next) = (Vec::new(), String::new());
        loop {
            let history = page(&web, &token, 2, &next).await;
            assert!(history.kept && history.loans.len() <= 2);
            assert!(history.loans.iter().all(|loan| loan.material == "book" && !loan.item_label.is_empty()));
            let took = |loan: &ReturnedLoan| loan.returned_at.unwrap().seconds - loan.lent_at.unwrap().seconds;
            assert!(history.loans.iter().all(|loan| took(loan) == 30));
            found.extend(history.loans.into_iter().map(|loan| loan.loan_id));
            next = history.next_page_token;
            if next.is_empty() {
                break;
            }
        }
        assert_eq!(found, loans);
    }

    async fn where_the_policy_keeps_none_there_is_none(engine: Engine) {
        for policy in ["never", "home_service"] {
            let t = TestRegister::start(engine).await;
            let kiosk = t.device(DeviceKind::SelfCheckout).await;
            let web = t.device(DeviceKind::OnlineLibrary).await;
            let patron = t.patron().await;
            t.consent(&patron, ConsentPurpose::LoanHistory).await;
            let loan = read(&t, &kiosk, &patron).await;
            assert_eq!(shown(&web, &patron).await, (true, vec![loan]));
            t.policy("history.default", policy).await;
            assert_eq!(shown(&web, &patron).await, (false, vec![]), "{policy}");
            assert_eq!(set(&web, &patron, true).await, [RefusalReason::HistoryNotKept], "{policy}");
            assert_eq!(set(&web, &patron, false).await, [], "a consent from before can be withdrawn");
            assert!(consents_of(&t, &patron).await[0].withdrawn_at.is_some());
        }
    }

    async fn every_consent_that_stands_is_withdrawn(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let web = t.device(DeviceKind::OnlineLibrary).await;
        let patron = t.patron().await;
        for _ in 0..2 {
            t.consent(&patron, ConsentPurpose::LoanHistory).await;
        }
        let card = t.consent(&patron, ConsentPurpose::Card).await;
        set(&web, &patron, false).await;
        let standing = consents_of(&t, &patron).await.into_iter().filter(|row| row.withdrawn_at.is_none());
        assert_eq!(standing.map(|row| row.id).collect::<Vec<_>>(), [card.id]);
    }

    async fn a_consent_is_recorded_once_under_its_id(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let web = t.device(DeviceKind::OnlineLibrary).await;
        let patron = t.patron().await;
        let id = new_id();
        for _ in 0..2 {
            assert_eq!(set_as(&id, &web, &patron, true).await.verdict(), Verdict::Granted);
        }
        assert_eq!(consents_of(&t, &patron).await.len(), 1);
        set(&web, &patron, false).await;
        set_as(&id, &web, &patron, true).await;
        assert!(!shown(&web, &patron).await.0, "an old request does not take a decision back");
    }

    async fn nobody_but_the_patron_sees_or_decides(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let (kiosk, web) = (t.device(DeviceKind::SelfCheckout).await, t.device(DeviceKind::OnlineLibrary).await);
        let guardian = t.patron().await;
        let (ward, relation) = ward_of(&t, &guardian).await;
        t.consent(&ward, ConsentPurpose::LoanHistory).await;
        let loan = read(&t, &kiosk, &ward).await;
        let token = web.sign_in(&guardian.card, guardian.pin).await;
        let as_ward = open(&web, &token, relation).await.unwrap();
        let history = page(&web, &as_ward, 0, "").await;
        assert_eq!(reasons(&history.refusals), [RefusalReason::PatronAlone]);
        assert_eq!((history.kept, history.loans.len()), (false, 0));
        for kept in [true, false] {
            let text_version = if kept { "2026-01" } else { "" }.to_owned();
            let patron_token = as_ward.clone();
            let request = SetLoanHistoryRequest { request_id: new_id(), patron_token, kept, text_version };
            let answer = web.loans().set_loan_history(request).await.unwrap().into_inner();
            assert_eq!(reasons(&answer.refusals), [RefusalReason::PatronAlone]);
        }
        assert_eq!(shown(&web, &ward).await, (true, vec![loan]), "the child sees it");
    }
}
