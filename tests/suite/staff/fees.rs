//! Fees and payments at a desk.

use super::questions::relations::child;
use crate::coverage::rpc::{fault, reason};
use chrono::{Months, TimeDelta};
use kortisto::{
    common::v1::{ErrorReason, Money},
    staff::v1 as wire,
};
use kortisto_domain::{
    CardState, ConsentForm, ConsentPurpose, ConsentState, DeviceKind, FeeEntryKind as Entry, FeeKind,
    RelationKind, StaffRole,
};
use kortisto_store::entities::{audit, audit_values, consents};
use kortisto_testkit::{
    TestRegister, on_both_engines,
    register::{Bearer, FeeSeed, PatronSeed, Staff, TestPatron, new_card_number, new_id},
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _,
};
use tonic::{Status, service::interceptor::InterceptedService, transport::Channel};
use uuid::Uuid;
use wire::{card_service_client::CardServiceClient, fee_service_client::FeeServiceClient};

fn client(staff: &Staff) -> FeeServiceClient<InterceptedService<Channel, Bearer>> {
    FeeServiceClient::new(staff.channel())
}

fn eur(cents: i64) -> Option<Money> {
    Some(Money { minor_units: cents, currency_code: "EUR".to_owned() })
}

fn cents(money: Option<&Money>) -> i64 {
    money.unwrap().minor_units
}

fn cash(patron: &TestPatron, amount: i64, fees: &[Uuid]) -> wire::RecordDeskPaymentRequest {
    wire::RecordDeskPaymentRequest {
        request_id: new_id(),
        patron_number: patron.number.clone(),
        means: wire::PaymentMeans::Cash.into(),
        fee_ids: fees.iter().map(Uuid::to_string).collect(),
        amount: eur(amount),
        ..Default::default()
    }
}

async fn pay(
    staff: &Staff,
    request: wire::RecordDeskPaymentRequest,
) -> Result<wire::RecordDeskPaymentResponse, Status> {
    client(staff).record_desk_payment(request).await.map(tonic::Response::into_inner)
}

async fn waive(staff: &Staff, fee: Uuid, amount: Option<i64>) -> Result<i64, Status> {
    let request = wire::WaiveFeeRequest {
        request_id: new_id(),
        fee_id: fee.to_string(),
        amount: amount.and_then(eur),
        grounds: "Ill for weeks.\nCalled on Monday.".to_owned(),
    };
    let answer = client(staff).waive_fee(request).await?.into_inner();
    Ok(cents(answer.open.as_ref()))
}

async fn refund(
    staff: &Staff,
    payment: &str,
    amount: Option<i64>,
    also_waive: bool,
) -> Result<wire::RefundPaymentResponse, Status> {
    let request = wire::RefundPaymentRequest {
        request_id: new_id(),
        payment_id: payment.to_owned(),
        amount: amount.and_then(eur),
        grounds: "Paid twice.".to_owned(),
        also_waive,
        ..Default::default()
    };
    client(staff).refund_payment(request).await.map(tonic::Response::into_inner)
}

async fn list(staff: &Staff, patron: &TestPatron, include_settled: bool) -> wire::ListPatronFeesResponse {
    let request = wire::ListPatronFeesRequest {
        patron_number: patron.number.clone(),
        purpose: wire::Purpose::CustomerService.into(),
        include_settled,
        ..Default::default()
    };
    client(staff).list_patron_fees(request).await.unwrap().into_inner()
}

fn shares(shares: &[wire::FeeShare]) -> Vec<(String, i64)> {
    shares.iter().map(|share| (share.fee_id.clone(), cents(share.amount.as_ref()))).collect()
}

/// The values of one field in the trail, the old and the new one.
async fn trail(t: &TestRegister, field: &str) -> Vec<(Option<String>, Option<String>)> {
    let rows = audit_values::Entity::find().filter(audit_values::Column::Field.eq(field));
    let rows = rows.all(t.store.writer()).await.unwrap();
    rows.into_iter().map(|row| (row.old_value, row.new_value)).collect()
}

fn text(cents: i64) -> Option<String> {
    Some(cents.to_string())
}

on_both_engines! {
    async fn a_fee_is_charged_let_off_and_shown_with_its_ledger(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let desk = t.staff(&[StaffRole::Desk]).await;
        let billing = t.staff(&[StaffRole::Billing]).await;
        let (patron, item) = (t.patron().await, t.item().await);
        let charge = wire::ChargeFeeRequest {
            request_id: new_id(),
            patron_number: patron.number.clone(),
            kind: wire::FeeKind::Compensation.into(),
            amount: eur(2_500),
            note: "Coffee on every page".to_owned(),
            item_barcode: item.barcode.clone(),
        };
        let fee = client(&desk).charge_fee(charge.clone()).await.unwrap().into_inner().fee_id;
        for kind in [wire::FeeKind::Overdue, wire::FeeKind::Billing, wire::FeeKind::Unspecified] {
            let wrong = wire::ChargeFeeRequest { request_id: new_id(), kind: kind.into(), ..charge.clone() };
            let (reason, metadata) = fault(&client(&desk).charge_fee(wrong).await.unwrap_err());
            assert_eq!((reason, metadata["field"].as_str()), (ErrorReason::FieldInvalid, "kind"), "{kind:?}");
        }
        let unknown = wire::ChargeFeeRequest { request_id: new_id(), item_barcode: "none".to_owned(), ..charge };
        let (why, metadata) = fault(&client(&desk).charge_fee(unknown).await.unwrap_err());
        assert_eq!((why, metadata["what"].as_str()), (ErrorReason::NotFound, "item"));

        let id: Uuid = fee.parse().unwrap();
        t.clock.advance(TimeDelta::seconds(1));
        assert_eq!(waive(&billing, id, Some(1_000)).await.unwrap(), 1_500);
        let too_much = waive(&billing, id, Some(1_501)).await.unwrap_err();
        assert_eq!(reason(&too_much), ErrorReason::RuleBroken);
        let listed = list(&desk, &patron, false).await;
        assert_eq!((listed.fees.len(), cents(listed.balance.as_ref())), (1, 1_500));
        let shown = &listed.fees[0];
        assert_eq!((shown.kind(), shown.law()), (wire::FeeKind::Compensation, wire::FeeLaw::Private));
        assert_eq!(shown.municipality, "153");
        assert!(shown.item_label.starts_with("Kirjailija: Teos"));
        assert_eq!((shown.note.as_str(), shown.rule.as_str()), ("Coffee on every page", ""));
        let entries: Vec<_> = shown.entries.iter().map(|entry| (entry.kind(), cents(entry.amount.as_ref()))).collect();
        assert_eq!(entries, [(wire::FeeEntryKind::Charge, 2_500), (wire::FeeEntryKind::Waiver, -1_000)]);
        assert_eq!(shown.entries[1].recorded_by, format!("staff:{}", billing.id));
        assert!(shown.entries[1].grounds.contains("Monday"));

        assert_eq!(waive(&billing, id, None).await.unwrap(), 0);
        assert_eq!(reason(&waive(&billing, id, None).await.unwrap_err()), ErrorReason::RuleBroken);
        assert!(list(&desk, &patron, false).await.fees.is_empty());
        assert_eq!(list(&desk, &patron, true).await.fees[0].entries.len(), 3);
        let mut changes = trail(&t, "fee.open_cents").await;
        changes.sort();
        assert_eq!(changes, [(None, text(2_500)), (text(1_500), text(0)), (text(2_500), text(1_500))]);
        let grounds = trail(&t, "fee.grounds").await;
        assert!(grounds.iter().all(|values| *values == (None, None)), "they stand in the ledger");
        t.probe().await;
    }

    async fn a_desk_takes_any_part_and_billed_fees_too(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let desk = t.staff(&[StaffRole::Desk]).await;
        let patron = t.patron().await;
        let old = t.clock.now() - TimeDelta::days(1);
        let lost = FeeSeed { kind: FeeKind::Compensation, cents: 2_500, ..FeeSeed::default() };
        let seed = FeeSeed { billed: true, created_at: Some(old), ..lost };
        let billed = t.fee_with(&patron, seed).await;
        let late = t.fee(patron.id, 600).await;
        let paid = pay(&desk, cash(&patron, 2_600, &[])).await.unwrap();
        assert_eq!(shares(&paid.paid), [(billed.to_string(), 2_500), (late.to_string(), 100)]);
        assert_eq!(cents(paid.balance.as_ref()), 500);
        t.probe().await;

        let stranger = t.fee(t.patron().await.id, 100).await;
        for wrong in [cash(&patron, 501, &[]), cash(&patron, 100, &[billed]), cash(&patron, 100, &[stranger])] {
            assert_eq!(reason(&pay(&desk, wrong).await.unwrap_err()), ErrorReason::RuleBroken);
        }
        t.policy("pay.partial", "whole_fees").await;
        assert_eq!(reason(&pay(&desk, cash(&patron, 100, &[])).await.unwrap_err()), ErrorReason::RuleBroken);
        let terminal = wire::RecordDeskPaymentRequest {
            means: wire::PaymentMeans::Terminal.into(),
            operator: "T1".to_owned(),
            order_id: "17".to_owned(),
            ..cash(&patron, 500, &[late])
        };
        let by_terminal = pay(&desk, terminal.clone()).await.unwrap();
        t.fee(patron.id, 500).await;
        let again = wire::RecordDeskPaymentRequest { request_id: new_id(), fee_ids: Vec::new(), ..terminal };
        let (why, metadata) = fault(&pay(&desk, again).await.unwrap_err());
        assert_eq!((why, metadata["field"].as_str()), (ErrorReason::Duplicate, "order_id"));

        let request = wire::ListPaymentsRequest {
            patron_number: patron.number.clone(),
            purpose: wire::Purpose::SubjectAccess.into(),
            ..Default::default()
        };
        let listed = client(&desk).list_payments(request.clone()).await.unwrap().into_inner().payments;
        assert_eq!(listed.len(), 2);
        let of_terminal = listed.iter().find(|payment| payment.payment_id == by_terminal.payment_id).unwrap();
        let order = (of_terminal.operator.as_str(), of_terminal.order_id.as_str());
        assert_eq!((of_terminal.channel(), order), (wire::PaymentChannel::Desk, ("T1", "17")));
        assert_eq!(of_terminal.branch, "main");
        assert_eq!(of_terminal.recorded_by, format!("staff:{}", desk.id));
        assert_eq!(listed.iter().find(|payment| payment.operator == "cash").unwrap().paid.len(), 2);
        let first = wire::ListPaymentsRequest { page_size: 1, ..request };
        let page = client(&desk).list_payments(first.clone()).await.unwrap().into_inner();
        let second = wire::ListPaymentsRequest { page_token: page.next_page_token, ..first };
        let rest = client(&desk).list_payments(second).await.unwrap().into_inner();
        assert_eq!((rest.payments.len(), rest.next_page_token.as_str()), (1, ""));
        t.probe().await;
    }

    async fn a_payment_is_paid_back_and_owed_again_unless_let_off(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let (desk, billing) = (t.staff(&[StaffRole::Desk]).await, t.staff(&[StaffRole::Billing]).await);
        let patron = t.patron().await;
        let first = t.fee(patron.id, 600).await;
        t.clock.advance(TimeDelta::seconds(1));
        let second = t.fee(patron.id, 150).await;
        let paid = pay(&desk, cash(&patron, 700, &[])).await.unwrap().payment_id;
        let denied = refund(&desk, &paid, None, false).await.unwrap_err();
        assert_eq!(reason(&denied), ErrorReason::DutyForbidden, "the desk alone does not");

        let back = refund(&billing, &paid, Some(200), false).await.unwrap();
        assert_eq!(shares(&back.refunded), [(second.to_string(), 100), (first.to_string(), 100)]);
        assert_eq!((cents(back.left.as_ref()), t.debt(&patron).await), (500, 250));
        t.probe().await;
        let too_much = refund(&billing, &paid, Some(501), false).await.unwrap_err();
        assert_eq!(reason(&too_much), ErrorReason::RuleBroken);

        let back = refund(&billing, &paid, None, true).await.unwrap();
        assert_eq!((cents(back.left.as_ref()), t.debt(&patron).await), (0, 250), "let off at once");
        assert!(t.ledger(first).await.contains(&(Entry::Waiver, -500)));
        assert_eq!(reason(&refund(&billing, &paid, None, false).await.unwrap_err()), ErrorReason::RuleBroken);
        assert_eq!(reason(&refund(&billing, &new_id(), None, false).await.unwrap_err()), ErrorReason::NotFound);
        t.probe().await;
    }

    async fn a_payment_of_any_channel_is_paid_back_once_under_an_order_id_of_its_operator(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let billing = t.staff(&[StaffRole::Billing]).await;
        let patron = t.patron().await;
        for _ in 0..3 {
            t.fee(patron.id, 1_000).await;
            t.clock.advance(TimeDelta::seconds(1));
        }
        let mut paid = Vec::new();
        for kind in [DeviceKind::SelfCheckout, DeviceKind::OnlineLibrary] {
            let device = t.device(kind).await;
            let request = kortisto::device::v1::RecordPaymentRequest {
                request_id: new_id(),
                patron_token: device.sign_in(&patron.card, patron.pin).await,
                operator: "operator".to_owned(),
                order_id: format!("{kind:?}"),
                fee_ids: Vec::new(),
                amount: eur(1_000),
            };
            let answer = device.fees().record_payment(request).await.unwrap().into_inner();
            assert_eq!(answer.refusals, [], "{kind:?}");
            paid.push(answer.payment_id);
        }
        let terminal = wire::RecordDeskPaymentRequest {
            means: wire::PaymentMeans::Terminal.into(),
            operator: "operator".to_owned(),
            order_id: "desk".to_owned(),
            ..cash(&patron, 1_000, &[])
        };
        paid.push(pay(&billing, terminal).await.unwrap().payment_id);
        for (back, payment) in (1_i64..).zip(&paid) {
            let request = |order_id: &str| wire::RefundPaymentRequest {
                request_id: new_id(),
                payment_id: payment.clone(),
                amount: eur(300),
                grounds: "Paid at two places.".to_owned(),
                refund_order_id: order_id.to_owned(),
                ..Default::default()
            };
            let told = request("refund-1");
            for _ in 0..2 {
                client(&billing).refund_payment(told.clone()).await.unwrap();
            }
            let (why, metadata) = fault(&client(&billing).refund_payment(request("refund-1")).await.unwrap_err());
            assert_eq!((why, metadata["field"].as_str()), (ErrorReason::Duplicate, "refund_order_id"));
            assert_eq!(t.debt(&patron).await, back * 900 - 600);
            let left = client(&billing).refund_payment(request("refund-2")).await.unwrap().into_inner().left;
            assert_eq!((cents(left.as_ref()), t.debt(&patron).await), (400, back * 900 - 300));
            // Where the operator knows its refunds by nothing, each request is one of its own.
            client(&billing).refund_payment(request("")).await.unwrap();
            assert_eq!(t.debt(&patron).await, back * 900);
            t.probe().await;
        }
    }

    async fn a_guardians_payment_is_paid_back_on_the_wards_fee(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let billing = t.staff(&[StaffRole::Billing]).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let guardian = t.patron().await;
        let ward = child(&t).await;
        t.relate(&ward, &guardian, RelationKind::Guardian).await;
        let fee = t.fee(ward.id, 300).await;
        let request = kortisto::device::v1::RecordPaymentRequest {
            request_id: new_id(),
            patron_token: kiosk.sign_in(&guardian.card, guardian.pin).await,
            operator: "T1".to_owned(),
            order_id: new_id(),
            fee_ids: vec![fee.to_string()],
            amount: eur(300),
        };
        let paid = kiosk.fees().record_payment(request).await.unwrap().into_inner().payment_id;
        refund(&billing, &paid, None, false).await.unwrap();
        assert_eq!((t.debt(&ward).await, t.debt(&guardian).await), (300, 0));
        let rows = audit::Entity::find().filter(audit::Column::Action.eq("refund_payment"));
        let subjects: Vec<_> = rows.all(t.store.writer()).await.unwrap().into_iter().map(|row| row.subject).collect();
        assert_eq!(subjects.len(), 2);
        assert!(subjects.contains(&Some(ward.pseudonym)) && subjects.contains(&Some(guardian.pseudonym)));
        t.probe().await;
    }

    async fn sixty_four_desks_let_off_and_pay_back_no_more_than_there_is(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let (desk, billing) = (t.staff(&[StaffRole::Desk]).await, t.staff(&[StaffRole::Billing]).await);
        let patron = t.patron().await;
        let fee = t.fee(patron.id, 1_000).await;
        let payment = t.pay(fee, 500).await.to_string();
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..64 {
            let (desk, billing, patron, payment) = (desk.clone(), billing.clone(), patron.clone(), payment.clone());
            tasks.spawn(async move {
                loop {
                    let answer = match number % 3 {
                        0 => pay(&desk, cash(&patron, 100, &[])).await.map(|_| ()),
                        1 => waive(&billing, fee, Some(100)).await.map(|_| ()),
                        _ => refund(&billing, &payment, Some(100), false).await.map(|_| ()),
                    };
                    match answer.map_err(|status| reason(&status)) {
                        Err(ErrorReason::RegisterUnavailable) => {}
                        Ok(()) => break true,
                        Err(why) => {
                            assert_eq!(why, ErrorReason::RuleBroken);
                            break false;
                        }
                    }
                }
            });
        }
        assert!(tasks.join_all().await.contains(&true));
        t.probe().await;
        let row = t.fee_row(fee).await;
        assert!((0..=1_000).contains(&row.open_cents), "{}", row.open_cents);
    }

    async fn a_card_in_place_of_a_lost_one_costs_what_the_policy_says(engine: Engine) {
        let t = TestRegister::start(engine).await;
        t.policy("fee.card_replacement_cents", "300").await;
        t.policy("fee.card_replacement_child_cents", "150").await;
        let staff = t.staff(&[StaffRole::Desk]).await;
        let replace = async |patron: &TestPatron| {
            let request = wire::ReplaceCardRequest {
                request_id: new_id(),
                card_number: patron.card.clone(),
                new_card_number: new_card_number(),
                identity_document: wire::IdentityDocument::Passport.into(),
            };
            CardServiceClient::new(staff.channel()).replace_card(request).await.unwrap().into_inner()
        };
        let lost = PatronSeed { card_state: CardState::Lost, ..PatronSeed::default() };
        let (grown, worn) = (t.patron_with(lost).await, t.patron().await);
        let answer = replace(&grown).await;
        assert_eq!(answer.fee, eur(300));
        let fee = t.fee_row(answer.fee_id.parse().unwrap()).await;
        assert_eq!((fee.patron_id, fee.municipality.as_str()), (grown.id, "153"));
        assert_eq!(fee.kind, "replacement-card");
        assert_eq!(fee.rule.as_deref(), Some("fee.card_replacement_cents"));
        assert!(fee.card_id.is_some_and(|card| card != grown.card_id), "it is for the new card");
        let answer = replace(&worn).await;
        assert_eq!((answer.fee, answer.fee_id.as_str(), t.debt(&worn).await), (None, "", 0));
        let born = t.surroundings.moment().today().checked_sub_months(Months::new(12 * 15 - 1));
        let lost = PatronSeed { card_state: CardState::Lost, born, ..PatronSeed::default() };
        let child = t.patron_with(lost).await;
        let consent = consents::ActiveModel {
            patron_id: Set(child.id),
            purpose: Set(ConsentPurpose::Card.code()),
            state: Set(ConsentState::Granted.code()),
            form: Set(ConsentForm::Paper.code()),
            text_version: Set("1".to_owned()),
            recorded_at: Set(t.clock.now()),
            recorded_by: Set("test".to_owned()),
            ..Default::default()
        };
        consent.insert(t.store.writer()).await.unwrap();
        assert_eq!(replace(&child).await.fee, eur(150));
        let mut charged = trail(&t, "fee.open_cents").await;
        charged.sort();
        assert_eq!(charged, [(None, text(150)), (None, text(300))]);
        t.probe().await;
    }
}
