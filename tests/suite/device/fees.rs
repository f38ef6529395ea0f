//! Fees at devices: what is listed, what a payment pays, and that it pays it once.

use crate::coverage::rpc::fault;
use chrono::{Months, TimeDelta};
use kortisto::{
    common::v1::{ErrorReason, Money, Refusal, RefusalReason, Verdict},
    device::v1::{FeeKind, ListFeesRequest, ListFeesResponse, RecordPaymentRequest, RecordPaymentResponse},
};
use kortisto_domain::{DeviceKind, FeeEntryKind, FeeKind as Kind, RelationKind};
use kortisto_testkit::{
    TestRegister, on_both_engines,
    register::{Device, FeeSeed, PatronSeed, TestPatron, new_id},
};
use tonic::Status;
use uuid::Uuid;

const EUR: &str = "EUR";

fn cents(money: Option<&Money>) -> i64 {
    let money = money.unwrap();
    assert_eq!(money.currency_code, EUR);
    money.minor_units
}

async fn list(device: &Device, token: &str) -> ListFeesResponse {
    let request = ListFeesRequest { patron_token: token.to_owned(), ..Default::default() };
    device.fees().list_fees(request).await.unwrap().into_inner()
}

fn payment(token: &str, amount: i64, fees: &[Uuid]) -> RecordPaymentRequest {
    RecordPaymentRequest {
        request_id: new_id(),
        patron_token: token.to_owned(),
        operator: "Testimaksu".to_owned(),
        order_id: new_id(),
        fee_ids: fees.iter().map(Uuid::to_string).collect(),
        amount: Some(Money { minor_units: amount, currency_code: EUR.to_owned() }),
    }
}

async fn send(device: &Device, request: &RecordPaymentRequest) -> Result<RecordPaymentResponse, Status> {
    device.fees().record_payment(request.clone()).await.map(tonic::Response::into_inner)
}

async fn pay(device: &Device, token: &str, amount: i64, fees: &[Uuid]) -> RecordPaymentResponse {
    let answer = send(device, &payment(token, amount, fees)).await.unwrap();
    let granted = answer.verdict() == Verdict::Granted;
    assert_eq!(granted, answer.refusals.is_empty());
    assert_eq!(granted, !answer.payment_id.is_empty());
    assert_eq!(
        answer.paid.iter().map(|paid| cents(paid.amount.as_ref())).sum::<i64>(),
        if granted { amount } else { 0 }
    );
    answer
}

fn refusals(refusals: &[Refusal]) -> Vec<RefusalReason> {
    refusals.iter().map(Refusal::reason).collect()
}

/// What a payment is answered: what it paid of which fee, or why not.
fn outcome(answer: &RecordPaymentResponse) -> Result<Vec<(Uuid, i64)>, RefusalReason> {
    match answer.refusals.first() {
        Some(refusal) => Err(refusal.reason()),
        None => Ok(answer
            .paid
            .iter()
            .map(|paid| (paid.fee_id.parse().unwrap(), cents(paid.amount.as_ref())))
            .collect()),
    }
}

/// A child who becomes 15 tomorrow, beside a guardian.
async fn almost_grown(t: &TestRegister, guardian: &TestPatron) -> TestPatron {
    let birthday = t.surroundings.moment().today().succ_opt().unwrap();
    let born = birthday.checked_sub_months(Months::new(15 * 12));
    let ward = t.patron_with(PatronSeed { born, ..PatronSeed::default() }).await;
    t.relate(&ward, guardian, RelationKind::Guardian).await;
    ward
}

on_both_engines! {
    async fn fees_are_listed_and_paid_oldest_first_at_a_kiosk(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let (patron, item) = (t.patron().await, t.item().await);
        let old = t.clock.now() - TimeDelta::days(30);
        let seed = FeeSeed { cents: 150, kind: Kind::UncollectedHold, ..FeeSeed::default() };
        let young = t.fee_with(&patron, seed).await;
        let seed = FeeSeed { cents: 600, item: Some(&item), created_at: Some(old), ..FeeSeed::default() };
        let oldest = t.fee_with(&patron, seed).await;
        let token = kiosk.sign_in(&patron.card, patron.pin).await;

        let listed = list(&kiosk, &token).await;
        assert_eq!((cents(listed.balance.as_ref()), cents(listed.payable.as_ref())), (750, 750));
        let ids: Vec<_> = listed.fees.iter().map(|fee| fee.fee_id.as_str()).collect();
        assert_eq!(ids, [oldest.to_string(), young.to_string()]);
        let first = &listed.fees[0];
        let amounts = (cents(first.amount.as_ref()), cents(first.open.as_ref()));
        assert_eq!((first.kind(), amounts), (FeeKind::Overdue, (600, 600)));
        assert!(first.item_label.starts_with("Kirjailija: Teos"), "{}", first.item_label);
        assert_eq!((first.municipality.as_str(), first.payable_here, first.of_ward), ("153", true, false));
        assert_eq!((listed.fees[1].kind(), listed.fees[1].item_label.as_str()), (FeeKind::UncollectedHold, ""));

        let request = ListFeesRequest { patron_token: token.clone(), page_size: 1, ..Default::default() };
        let page = kiosk.fees().list_fees(request.clone()).await.unwrap().into_inner();
        let next = ListFeesRequest { page_token: page.next_page_token, ..request };
        let page = kiosk.fees().list_fees(next).await.unwrap().into_inner();
        assert_eq!((page.fees[0].fee_id.clone(), page.next_page_token.as_str()), (young.to_string(), ""));
        assert_eq!(cents(page.balance.as_ref()), 750, "of every page");

        let paid = pay(&kiosk, &token, 700, &[]).await;
        assert_eq!(outcome(&paid), Ok(vec![(oldest, 600), (young, 100)]));
        assert_eq!(cents(paid.balance.as_ref()), 50);
        assert_eq!(t.ledger(young).await, [(FeeEntryKind::Charge, 150), (FeeEntryKind::Payment, -100)]);
        let kept = t.payments().await;
        assert_eq!((kept.len(), kept[0].cents, kept[0].recorded_by.clone()), (1, 700, format!("device:{}", kiosk.id)));
        assert_eq!(outcome(&pay(&kiosk, &token, 51, &[]).await), Err(RefusalReason::PaymentTooMuch));
        assert_eq!(outcome(&pay(&kiosk, &token, 1, &[oldest]).await), Err(RefusalReason::FeeNotPayable));
        assert_eq!(outcome(&pay(&kiosk, &token, 50, &[young]).await), Ok(vec![(young, 50)]));
        assert_eq!(outcome(&pay(&kiosk, &token, 1, &[]).await), Err(RefusalReason::FeeNotPayable));
        assert!(list(&kiosk, &token).await.fees.is_empty());
        t.probe().await;
    }

    async fn a_part_is_paid_as_the_policy_of_the_channel_says(engine: Engine) {
        let t = TestRegister::start(engine).await;
        t.policy("pay.online_partial", "whole_fees").await;
        t.policy("pay.partial", "none").await;
        t.policy("pay.online_min_cents", "65").await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let online = t.device(DeviceKind::OnlineLibrary).await;
        let patron = t.patron().await;
        let small = t.fee(patron.id, 60).await;
        t.clock.advance(TimeDelta::seconds(1));
        let large = t.fee(patron.id, 600).await;
        let seed = FeeSeed { kind: Kind::Compensation, cents: 2_500, billed: true, ..FeeSeed::default() };
        let billed = t.fee_with(&patron, seed).await;
        let web = online.sign_in(&patron.card, patron.pin).await;
        let token = kiosk.sign_in(&patron.card, patron.pin).await;

        let listed = list(&online, &web).await;
        assert_eq!((cents(listed.balance.as_ref()), cents(listed.payable.as_ref())), (3_160, 660));
        assert!(!listed.fees.iter().find(|fee| fee.fee_id == billed.to_string()).unwrap().payable_here);

        assert_eq!(outcome(&pay(&online, &web, 60, &[small]).await), Err(RefusalReason::PaymentTooSmall));
        assert_eq!(outcome(&pay(&online, &web, 100, &[large]).await), Err(RefusalReason::PaymentNotWhole));
        assert_eq!(outcome(&pay(&online, &web, 2_500, &[billed]).await), Err(RefusalReason::FeeNotPayable));
        assert_eq!(outcome(&pay(&online, &web, 661, &[]).await), Err(RefusalReason::PaymentTooMuch));
        let strange = Uuid::from_u128(7);
        assert_eq!(outcome(&pay(&online, &web, 100, &[strange]).await), Err(RefusalReason::FeeUnknown));
        let others = t.fee(t.patron().await.id, 100).await;
        assert_eq!(outcome(&pay(&online, &web, 100, &[others]).await), Err(RefusalReason::FeeUnknown));
        assert_eq!(outcome(&pay(&kiosk, &token, 600, &[large]).await), Err(RefusalReason::PaymentNotWhole));
        t.probe().await;
        assert_eq!(outcome(&pay(&online, &web, 600, &[large]).await), Ok(vec![(large, 600)]));
        assert_eq!(outcome(&pay(&kiosk, &token, 60, &[]).await), Ok(vec![(small, 60)]));
        assert_eq!(t.debt(&patron).await, 2_500);
        t.probe().await;
    }

    async fn a_guardian_sees_and_pays_a_wards_fees_until_the_birthday(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let online = t.device(DeviceKind::OnlineLibrary).await;
        let guardian = t.patron().await;
        let ward = almost_grown(&t, &guardian).await;
        let item = t.item().await;
        let own = t.fee(guardian.id, 100).await;
        t.clock.advance(TimeDelta::seconds(1));
        let wards = t.fee_with(&ward, FeeSeed { item: Some(&item), ..FeeSeed::default() }).await;
        let stranger = t.patron().await;
        t.relate(&ward, &stranger, RelationKind::Guarantor).await;

        let token = online.sign_in(&guardian.card, guardian.pin).await;
        let listed = list(&online, &token).await;
        assert_eq!(cents(listed.balance.as_ref()), 300);
        let shown: Vec<_> = listed.fees.iter().map(|fee| (fee.of_ward, fee.ward_name.as_str())).collect();
        assert_eq!(shown, [(false, ""), (true, "Aino")]);
        assert_eq!(listed.fees[1].item_label, "", "what a child borrows is the child's own");
        let of_stranger = online.sign_in(&stranger.card, stranger.pin).await;
        assert!(list(&online, &of_stranger).await.fees.is_empty(), "a guarantor is no guardian");
        assert_eq!(outcome(&pay(&online, &of_stranger, 200, &[wards]).await), Err(RefusalReason::FeeUnknown));

        assert_eq!(outcome(&pay(&online, &token, 300, &[]).await), Ok(vec![(own, 100), (wards, 200)]));
        assert_eq!(t.debt(&ward).await, 0);
        t.probe().await;

        let later = t.fee(ward.id, 200).await;
        t.clock.advance(TimeDelta::days(1));
        let token = online.sign_in(&guardian.card, guardian.pin).await;
        assert!(list(&online, &token).await.fees.is_empty(), "the ward is grown");
        assert_eq!(outcome(&pay(&online, &token, 200, &[later]).await), Err(RefusalReason::FeeUnknown));
        let of_ward = online.sign_in(&ward.card, ward.pin).await;
        assert_eq!(outcome(&pay(&online, &of_ward, 200, &[later]).await), Ok(vec![(later, 200)]));
        t.probe().await;
    }

    async fn a_payment_counts_once_by_request_and_by_order(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let online = t.device(DeviceKind::OnlineLibrary).await;
        let second = t.device(DeviceKind::OnlineLibrary).await;
        let patron = t.patron().await;
        let fee = t.fee(patron.id, 500).await;
        t.fee(patron.id, 500).await;
        let token = online.sign_in(&patron.card, patron.pin).await;
        let request = payment(&token, 500, &[fee]);
        let first = send(&online, &request).await.unwrap();
        assert_eq!(send(&online, &request).await.unwrap(), first, "the remembered answer");

        let told_again = RecordPaymentRequest { request_id: new_id(), ..request.clone() };
        assert_eq!(send(&online, &told_again).await.unwrap(), first, "another request id");
        let elsewhere = second.sign_in(&patron.card, patron.pin).await;
        let told_again = RecordPaymentRequest { request_id: new_id(), ..request.clone() };
        let from_another = RecordPaymentRequest { patron_token: elsewhere, ..told_again };
        assert_eq!(send(&second, &from_another).await.unwrap(), first, "another device");
        assert_eq!((t.payments().await.len(), t.debt(&patron).await), (1, 500));

        let more = Some(Money { minor_units: 1_000, currency_code: EUR.to_owned() });
        let other = t.patron_with(PatronSeed { debt_cents: 500, ..PatronSeed::default() }).await;
        let of_other = online.sign_in(&other.card, other.pin).await;
        let id = new_id;
        for wrong in [
            RecordPaymentRequest { request_id: id(), amount: more, fee_ids: Vec::new(), ..request.clone() },
            RecordPaymentRequest { request_id: id(), fee_ids: vec![id()], ..request.clone() },
            RecordPaymentRequest { request_id: id(), patron_token: of_other, fee_ids: Vec::new(), ..request.clone() },
        ] {
            let (reason, metadata) = fault(&send(&online, &wrong).await.unwrap_err());
            assert_eq!((reason, metadata["field"].as_str()), (ErrorReason::RequestIdReused, "order_id"));
        }
        let operator = "Toinen".to_owned();
        let by_other = RecordPaymentRequest { request_id: id(), operator, fee_ids: Vec::new(), ..request };
        let granted = send(&online, &by_other).await.unwrap().verdict() == Verdict::Granted;
        assert!(granted, "an order id is an operator's own");
        assert_eq!((t.payments().await.len(), t.debt(&patron).await), (2, 0));
        t.probe().await;
    }

    async fn sixty_four_payments_at_once_never_pay_more_than_is_owed(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let (kiosk, online) = (t.device(DeviceKind::SelfCheckout).await, t.device(DeviceKind::OnlineLibrary).await);
        let guardian = t.patron().await;
        let ward = almost_grown(&t, &guardian).await;
        for patron in [&guardian, &ward] {
            for _ in 0..5 {
                t.fee(patron.id, 100).await;
            }
        }
        let seeds = [(&kiosk, &guardian), (&online, &guardian), (&kiosk, &ward), (&online, &ward)];
        let mut tokens = Vec::new();
        for (device, patron) in seeds {
            tokens.push((device.clone(), device.sign_in(&patron.card, patron.pin).await));
        }
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..64 {
            let (device, token) = tokens[number % tokens.len()].clone();
            tasks.spawn(async move {
                let request = payment(&token, 100, &[]);
                // Under such a crowd a unit of work may give up; its device asks again.
                loop {
                    match send(&device, &request).await {
                        Ok(answer) => break answer,
                        Err(status) => assert_eq!(fault(&status).0, ErrorReason::RegisterUnavailable),
                    }
                }
            });
        }
        let answers = tasks.join_all().await;
        let granted = answers.iter().filter(|answer| answer.verdict() == Verdict::Granted).count();
        assert_eq!(granted, 10);
        let refused = answers.iter().filter(|answer| refusals(&answer.refusals) == [RefusalReason::FeeNotPayable]);
        assert_eq!(refused.count(), 54);
        assert_eq!((t.debt(&guardian).await, t.debt(&ward).await), (0, 0));
        assert_eq!(t.payments().await.len(), 10);
        t.probe().await;
    }

    async fn one_order_told_by_many_at_once_is_one_payment(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let (patron, other) = (t.patron().await, t.patron().await);
        for who in [&patron, &other] {
            t.fee(who.id, 1_000).await;
        }
        let online = t.device(DeviceKind::OnlineLibrary).await;
        let tokens = [online.sign_in(&patron.card, patron.pin).await, online.sign_in(&other.card, other.pin).await];
        let order_id = new_id();
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..16 {
            let plain = payment(&tokens[number % 2], 1_000, &[]);
            let request = RecordPaymentRequest { order_id: order_id.clone(), ..plain };
            let online = online.clone();
            tasks.spawn(async move {
                loop {
                    match send(&online, &request).await {
                        Err(status) if fault(&status).0 == ErrorReason::RegisterUnavailable => {}
                        told => break told.map(|answer| answer.payment_id).map_err(|status| fault(&status).0),
                    }
                }
            });
        }
        let told = tasks.join_all().await;
        let kept = t.payments().await;
        assert_eq!(kept.len(), 1);
        let id = kept[0].id.to_string();
        assert_eq!(told.iter().filter(|answer| **answer == Ok(id.clone())).count(), 8);
        assert_eq!(told.iter().filter(|answer| **answer == Err(ErrorReason::RequestIdReused)).count(), 8);
        assert_eq!(t.debt(&patron).await + t.debt(&other).await, 1_000);
        t.probe().await;
    }

    async fn a_block_by_debt_goes_with_the_payment(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        t.policy("ban.debt_limit_cents", "1000").await;
        let patron = t.patron_with(PatronSeed { debt_cents: 1_500, ..PatronSeed::default() }).await;
        let token = kiosk.sign_in(&patron.card, patron.pin).await;
        let item = t.item().await;
        let refused = kiosk.checkout(&token, &item.barcode).await.unwrap();
        assert_eq!(refusals(&refused.refusals), [RefusalReason::DebtLimit]);
        assert_eq!(pay(&kiosk, &token, 600, &[]).await.verdict(), Verdict::Granted);
        assert_eq!(kiosk.checkout(&token, &item.barcode).await.unwrap().verdict(), Verdict::Granted);
        t.probe().await;
    }

    async fn a_payment_is_recorded_for_a_day_after_its_session(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let (online, kiosk) = (t.device(DeviceKind::OnlineLibrary).await, t.device(DeviceKind::SelfCheckout).await);
        let patron = t.patron_with(PatronSeed { debt_cents: 1_000, ..PatronSeed::default() }).await;
        let token = online.sign_in(&patron.card, patron.pin).await;
        t.clock.advance(TimeDelta::hours(23));
        let ended = list(&online, &token).await;
        assert_eq!(refusals(&ended.refusals), [RefusalReason::SessionEnded]);
        assert_eq!((ended.balance, ended.payable, ended.fees.len()), (None, None, 0));
        assert_eq!(outcome(&pay(&kiosk, &token, 1_000, &[]).await), Err(RefusalReason::SessionEnded));
        assert_eq!(pay(&online, &token, 1_000, &[]).await.verdict(), Verdict::Granted);
        t.fee(patron.id, 100).await;
        t.clock.advance(TimeDelta::hours(2));
        assert_eq!(outcome(&pay(&online, &token, 100, &[]).await), Err(RefusalReason::SessionEnded));
        t.probe().await;
    }
}
