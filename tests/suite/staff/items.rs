//! Items and titles at a desk: what is put is shown, what is set by hand holds, and what moves is left alone.

use super::world::World;
use crate::coverage::rpc::{fault, reason};
use chrono::{DateTime, TimeDelta, Utc};
use kortisto::{
    common::v1::{ErrorReason, Money, RefusalReason, Verdict},
    device::v1::ItemRouting,
    staff::v1 as wire,
};
use kortisto_domain::{DeviceKind, HoldState, Purpose, StaffRole};
use kortisto_store::entities::{audit, audit_values};
use kortisto_testkit::{
    on_both_engines,
    register::{BRANCH_EAST, BRANCH_MAIN, Bearer, ItemSeed, Staff, TestItem, new_id},
};
use prost_types::Timestamp;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _};
use tonic::{Status, service::interceptor::InterceptedService, transport::Channel};
use wire::{ItemReport, ItemState, item_service_client::ItemServiceClient};

fn client(staff: &Staff) -> ItemServiceClient<InterceptedService<Channel, Bearer>> {
    ItemServiceClient::new(staff.channel())
}

fn euros(cents: i64) -> Option<Money> {
    Some(Money { minor_units: cents, currency_code: "EUR".to_owned() })
}

fn stamp(at: DateTime<Utc>) -> Option<Timestamp> {
    Some(Timestamp { seconds: at.timestamp(), nanos: i32::try_from(at.timestamp_subsec_nanos()).unwrap() })
}

fn title(number: &str) -> wire::Title {
    wire::Title {
        number: number.to_owned(),
        label: "Virta, Aino: Joki".to_owned(),
        material: "dvd".to_owned(),
        language: "fi".to_owned(),
        age_rating: 12,
        price: euros(1_990),
    }
}

fn item(title_number: &str) -> wire::Item {
    wire::Item {
        barcode: new_id(),
        title_number: title_number.to_owned(),
        home_branch: "main".to_owned(),
        collection: "adult".to_owned(),
        price: euros(3_500),
        note: "signed by the author".to_owned(),
    }
}

async fn put_title(staff: &Staff, title: wire::Title) -> Result<bool, Status> {
    let request = wire::PutTitleRequest { request_id: new_id(), title: Some(title) };
    Ok(client(staff).put_title(request).await?.into_inner().created)
}

async fn put_item(staff: &Staff, item: wire::Item) -> Result<bool, Status> {
    let request = wire::PutItemRequest { request_id: new_id(), item: Some(item) };
    Ok(client(staff).put_item(request).await?.into_inner().created)
}

async fn get(staff: &Staff, barcode: &str) -> wire::GetItemResponse {
    let purpose = wire::Purpose::CustomerService.into();
    let request = wire::GetItemRequest { item_barcode: barcode.to_owned(), purpose };
    client(staff).get_item(request).await.unwrap().into_inner()
}

async fn set(staff: &Staff, barcode: &str, report: ItemReport) -> Result<ItemState, Status> {
    Ok(report_of(staff, barcode, report).await?.state())
}

async fn report_of(
    staff: &Staff,
    barcode: &str,
    report: ItemReport,
) -> Result<wire::SetItemStateResponse, Status> {
    let request = wire::SetItemStateRequest {
        request_id: new_id(),
        item_barcode: barcode.to_owned(),
        report: report.into(),
    };
    client(staff).set_item_state(request).await.map(tonic::Response::into_inner)
}

async fn list(staff: &Staff, number: &str, page_size: i32, token: &str) -> wire::GetTitleResponse {
    let (title_number, page_token) = (number.to_owned(), token.to_owned());
    let request = wire::GetTitleRequest { title_number, page_size, page_token };
    client(staff).get_title(request).await.unwrap().into_inner()
}

/// The newest row of an action, with its values in their order.
async fn trail(w: &World, action: &str) -> (audit::Model, Vec<(String, Option<String>, Option<String>)>) {
    let rows = w.audit().await.into_iter().filter(|row| row.action == action);
    let row = rows.max_by_key(|row| (row.at, row.id)).unwrap();
    let values = audit_values::Entity::find()
        .filter(audit_values::Column::AuditId.eq(row.id))
        .order_by_asc(audit_values::Column::Position)
        .all(w.t.store.writer())
        .await
        .unwrap();
    (row, values.into_iter().map(|value| (value.field, value.old_value, value.new_value)).collect())
}

fn value(field: &str, old: Option<&str>, new: Option<&str>) -> (String, Option<String>, Option<String>) {
    (field.to_owned(), old.map(str::to_owned), new.map(str::to_owned))
}

on_both_engines! {
    async fn what_is_put_is_shown_and_every_change_is_in_the_trail(engine: Engine) {
        let w = World::start(engine).await;
        let (admin, desk) = (w.staff(&[StaffRole::Administrator]).await, w.staff(&[StaffRole::Desk]).await);
        let (number, other) = (new_id(), new_id());
        assert!(put_title(&admin, title(&number)).await.unwrap());
        assert!(put_title(&admin, title(&other)).await.unwrap());
        let new = item(&number);
        assert!(put_item(&admin, new.clone()).await.unwrap());
        let shown = get(&desk, &new.barcode).await;
        let record = shown.record.clone().unwrap();
        assert_eq!((shown.title, record.item.clone()), (Some(title(&number)), Some(new.clone())));
        assert_eq!((record.state(), record.at_branch.as_str()), (ItemState::Available, "main"));
        assert_eq!(record.state_began_at, stamp(w.t.clock.now()));
        assert_eq!((shown.patron_number.as_str(), record.due_on.as_str()), ("", ""));
        w.t.clock.advance(TimeDelta::minutes(10));
        let changed = wire::Item {
            title_number: other.clone(),
            home_branch: "east".to_owned(),
            collection: String::new(),
            price: None,
            note: String::new(),
            ..new.clone()
        };
        assert!(!put_item(&admin, changed.clone()).await.unwrap());
        let record = get(&desk, &new.barcode).await.record.unwrap();
        assert_eq!(record.item, Some(changed));
        assert_eq!(record.at_branch, "main", "where it is does not follow from where it belongs");
        assert_eq!(record.state_began_at, stamp(w.t.clock.now() - TimeDelta::minutes(10)));
        let (row, values) = trail(&w, "put_item").await;
        assert_eq!((row.detail, row.subject), (Some(format!("item {}", new.barcode)), None));
        assert_eq!(values, [
            value("title", Some(&number), Some(&other)),
            value("home_branch", Some("main"), Some("east")),
            value("collection", Some("adult"), Some("")),
            value("price_cents", Some("3500"), None),
            value("note", Some("signed by the author"), None),
        ]);
        let retold = wire::Title { age_rating: 0, price: euros(2_500), ..title(&number) };
        assert!(!put_title(&admin, retold.clone()).await.unwrap());
        assert_eq!(list(&desk, &number, 0, "").await.title, Some(retold));
        let (row, values) = trail(&w, "put_title").await;
        assert_eq!(row.detail, Some(format!("title {number}")));
        assert_eq!(values, [
            value("age_rating", Some("12"), None),
            value("price_cents", Some("1990"), Some("2500")),
        ]);
        w.t.probe().await;
    }

    async fn who_has_an_item_is_a_number_and_a_row_about_the_patron(engine: Engine) {
        let w = World::start(engine).await;
        let desk = w.staff(&[StaffRole::Desk]).await;
        let (patron, item) = (w.t.patron().await, w.t.item().await);
        let kiosk = w.t.device(DeviceKind::SelfCheckout).await;
        let token = kiosk.sign_in(&patron.card, patron.pin).await;
        kiosk.checkout(&token, &item.barcode).await.unwrap();
        let shown = get(&desk, &item.barcode).await;
        let due_on = w.t.loan_row(&item).await.due_on.to_string();
        assert_eq!((shown.patron_number, shown.record.unwrap().due_on), (patron.number, due_on.clone()));
        let (row, values) = trail(&w, "get_item").await;
        assert_eq!((row.subject, row.purpose), (Some(patron.pseudonym), Some(Purpose::CustomerService.code())));
        // Nothing of it says which item: that would outlast the trace of the loan.
        assert_eq!((row.detail, row.item_id, row.loan_id, values.len()), (None, None, None, 0));
        let number = w.t.title_number(&item).await;
        let page = list(&desk, &number, 0, "").await;
        assert_eq!(page.items[0].due_on, due_on);
        let (row, _) = trail(&w, "get_title").await;
        assert_eq!(row.subject, None);
    }

    async fn what_is_lent_or_kept_is_not_set_and_what_is_promised_keeps_its_title(engine: Engine) {
        let w = World::start(engine).await;
        let staff = w.staff(&[StaffRole::Desk, StaffRole::Administrator]).await;
        let (patron, lent, kept, wanted) =
            (w.t.patron().await, w.t.item().await, w.t.item().await, w.t.item().await);
        let token = w.t.device(DeviceKind::SelfCheckout).await;
        let session = token.sign_in(&patron.card, patron.pin).await;
        token.checkout(&session, &lent.barcode).await.unwrap();
        let other = w.t.patron().await;
        let hold = w.t.hold(&other, kept.title, BRANCH_MAIN).await;
        let routed = token.take_back(&kept.barcode).await.unwrap();
        assert_eq!(routed.routing(), ItemRouting::HoldShelf);
        let waits = w.t.hold(&other, wanted.title, BRANCH_MAIN).await;
        w.t.set_hold(waits, kortisto_store::entities::holds::Column::OnlyItemId, wanted.id).await;
        let number = new_id();
        put_title(&staff, title(&number)).await.unwrap();
        for (tied, report) in [
            (&lent, ItemReport::Lost),
            (&lent, ItemReport::Available),
            (&lent, ItemReport::Found),
            (&kept, ItemReport::Available),
            (&kept, ItemReport::Found),
        ] {
            let status = set(&staff, &tied.barcode, report).await.unwrap_err();
            assert_eq!(reason(&status), ErrorReason::RuleBroken, "{report:?}");
        }
        let moved = |it: &TestItem| wire::Item { barcode: it.barcode.clone(), ..item(&number) };
        for tied in [&kept, &wanted] {
            let status = put_item(&staff, moved(tied)).await.unwrap_err();
            assert_eq!(reason(&status), ErrorReason::RuleBroken);
            let own = wire::Item { barcode: tied.barcode.clone(), ..item(&w.t.title_number(tied).await) };
            assert!(!put_item(&staff, own).await.unwrap(), "all but the title may change");
        }
        let loan = w.t.loan_row(&lent).await;
        assert!(!put_item(&staff, moved(&lent)).await.unwrap());
        assert_eq!(get(&staff, &lent.barcode).await.title, Some(title(&number)));
        assert_eq!(w.t.loan_row(&lent).await, loan, "its loan goes on");
        let waiting = w.t.hold(&other, w.t.item_row(&lent).await.title_id, BRANCH_MAIN).await;
        assert_eq!(token.take_back(&lent.barcode).await.unwrap().routing(), ItemRouting::HoldShelf);
        assert_eq!(w.t.hold_row(waiting).await.kept_item_id, Some(lent.id), "it serves those who wait for what it is");
        let record = get(&staff, &kept.barcode).await.record.unwrap();
        assert_eq!(record.kept_for_hold_id, hold.id.to_string());
        assert_eq!(record.state(), ItemState::OnHoldShelf);
        w.t.probe().await;
    }

    async fn what_is_missing_from_its_shelf_leaves_its_hold_at_its_place(engine: Engine) {
        let w = World::start(engine).await;
        let desk = w.staff(&[StaffRole::Desk]).await;
        let (kiosk, locker) = (w.t.device(DeviceKind::SelfCheckout).await, w.t.device(DeviceKind::Locker).await);
        let (patron, missing) = (w.t.patron().await, w.t.item().await);
        let first = w.t.hold(&patron, missing.title, BRANCH_MAIN).await;
        let second = w.t.hold(&w.t.patron().await, missing.title, BRANCH_MAIN).await;
        kiosk.take_back(&missing.barcode).await.unwrap();
        w.t.clock.advance(TimeDelta::seconds(1));
        // A locker that may have handed it out says first whether it has.
        let token = locker.sign_in(&patron.card, patron.pin).await;
        locker.reserve(&token, first.id).await.unwrap();
        let status = set(&desk, &missing.barcode, ItemReport::Lost).await.unwrap_err();
        assert_eq!(reason(&status), ErrorReason::RuleBroken);
        w.t.clock.advance(TimeDelta::hours(25));
        let desk = w.staff(&[StaffRole::Desk]).await;

        let answer = report_of(&desk, &missing.barcode, ItemReport::Lost).await.unwrap();
        assert_eq!((answer.state(), answer.holds_without_item), (ItemState::Lost, 2));
        let row = w.t.hold_row(first).await;
        assert_eq!((row.state, row.kept_item_id, row.pickup_number), (HoldState::Pending.code(), None, None));
        assert_eq!((row.ready_at, row.pickup_until, row.reserved_until), (None, None, None));
        assert_eq!(w.t.hold_row(second).await.state, HoldState::Pending.code(), "nobody is promised what is not there");
        let explain = wire::ExplainHoldRequest {
            hold_id: first.id.to_string(),
            purpose: wire::Purpose::CustomerService.into(),
        };
        let mut holds = wire::hold_service_client::HoldServiceClient::new(desk.channel());
        let explained = holds.explain_hold(explain).await.unwrap().into_inner();
        assert_eq!(explained.obstacle(), wire::HoldObstacle::NoItem);
        let actions: Vec<_> = explained.events.iter().map(|event| event.action.as_str()).collect();
        assert_eq!(actions, ["return", "reserve_pickup", "set_item_state"]);
        w.t.probe().await;

        let copy = w.t.item_with(ItemSeed { title: Some(missing.title), ..ItemSeed::default() }).await;
        kiosk.take_back(&copy.barcode).await.unwrap();
        assert_eq!(w.t.hold_row(first).await.kept_item_id, Some(copy.id), "the first is still the first");
        // One that travels may get lost as well.
        let east = w.t.device_at(DeviceKind::SelfCheckout, BRANCH_EAST, "east").await;
        east.take_back(&copy.barcode).await.unwrap();
        assert_eq!(w.t.hold_row(first).await.state, HoldState::InTransit.code());
        assert_eq!(set(&desk, &copy.barcode, ItemReport::InRepair).await.unwrap(), ItemState::InRepair);
        assert_eq!(w.t.hold_row(first).await.state, HoldState::Pending.code());
        w.t.probe().await;
    }

    async fn what_is_found_waits_for_its_scan_and_then_for_its_hold(engine: Engine) {
        let w = World::start(engine).await;
        let desk = w.staff(&[StaffRole::Desk]).await;
        let (patron, other, item) = (w.t.patron().await, w.t.patron().await, w.t.item().await);
        let began = w.t.clock.now();
        w.t.clock.advance(TimeDelta::minutes(10));
        assert_eq!(set(&desk, &item.barcode, ItemReport::Lost).await.unwrap(), ItemState::Lost);
        let (row, values) = trail(&w, "set_item_state").await;
        assert_eq!(row.detail, Some(format!("item {}", item.barcode)));
        assert_eq!(values, [value("state", Some("available"), Some("lost"))]);
        let kiosk = w.t.device(DeviceKind::SelfCheckout).await;
        let token = kiosk.sign_in(&patron.card, patron.pin).await;
        let refused = kiosk.checkout(&token, &item.barcode).await.unwrap();
        assert_eq!(refused.verdict(), Verdict::Denied, "a lost item is not lent");
        let hold = w.t.hold(&other, item.title, BRANCH_MAIN).await;
        for (report, what) in [
            (ItemReport::Available, "is found first"),
            (ItemReport::InRepair, "is found first"),
            (ItemReport::Lost, "is lost already"),
        ] {
            let status = set(&desk, &item.barcode, report).await.unwrap_err();
            assert_eq!(reason(&status), ErrorReason::RuleBroken, "{what}");
        }
        let record = get(&desk, &item.barcode).await.record.unwrap();
        assert_eq!((record.state(), record.state_began_at), (ItemState::Lost, stamp(began + TimeDelta::minutes(10))));
        assert_eq!(set(&desk, &item.barcode, ItemReport::Found).await.unwrap(), ItemState::Available);
        assert_eq!(w.t.hold_row(hold).await.state, HoldState::Pending.code());
        w.t.clock.advance(TimeDelta::minutes(10));
        let routed = kiosk.take_back(&item.barcode).await.unwrap();
        assert_eq!(routed.routing(), ItemRouting::HoldShelf);
        assert_eq!(w.t.hold_row(hold).await.state, HoldState::Ready.code());
        let record = get(&desk, &item.barcode).await.record.unwrap();
        assert_eq!(record.state(), ItemState::OnHoldShelf);
        assert_eq!(record.state_began_at, stamp(began + TimeDelta::minutes(20)), "a scan dates it, too");
        w.t.probe().await;
    }

    async fn what_travels_becomes_available_by_a_scan_only(engine: Engine) {
        let w = World::start(engine).await;
        let desk = w.staff(&[StaffRole::Desk]).await;
        let item = w.t.item_with(ItemSeed { home: BRANCH_EAST, ..ItemSeed::default() }).await;
        let kiosk = w.t.device(DeviceKind::SelfCheckout).await;
        assert_eq!(kiosk.take_back(&item.barcode).await.unwrap().routing(), ItemRouting::TransitHome);
        let status = set(&desk, &item.barcode, ItemReport::Available).await.unwrap_err();
        assert_eq!(fault(&status).0, ErrorReason::RuleBroken);
        assert_eq!(set(&desk, &item.barcode, ItemReport::Withdrawn).await.unwrap(), ItemState::Withdrawn);
        assert_eq!(set(&desk, &item.barcode, ItemReport::NotForLoan).await.unwrap(), ItemState::NotForLoan);
        let patron = w.t.patron().await;
        let token = kiosk.sign_in(&patron.card, patron.pin).await;
        let refused = kiosk.checkout(&token, &item.barcode).await.unwrap();
        assert_eq!(refused.refusals[0].reason(), RefusalReason::ItemNotForLoan);
        w.t.probe().await;
    }

    async fn a_title_shows_its_items_page_by_page(engine: Engine) {
        let w = World::start(engine).await;
        let desk = w.staff(&[StaffRole::Desk]).await;
        let first = w.t.item().await;
        let mut barcodes = vec![first.barcode.clone()];
        for _ in 0..4 {
            let copy = w.t.item_with(ItemSeed { title: Some(first.title), ..ItemSeed::default() }).await;
            barcodes.push(copy.barcode);
        }
        let number = w.t.title_number(&first).await;
        let (mut found, mut token) = (Vec::new(), String::new());
        loop {
            let page = list(&desk, &number, 2, &token).await;
            assert!(page.items.len() <= 2);
            found.extend(page.items.into_iter().map(|record| record.item.unwrap().barcode));
            token = page.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        assert_eq!(found, barcodes);
    }

    async fn what_is_not_well_formed_or_not_there_is_named(engine: Engine) {
        let w = World::start(engine).await;
        let staff = w.staff(&[StaffRole::Desk, StaffRole::Administrator]).await;
        let number = new_id();
        put_title(&staff, title(&number)).await.unwrap();
        let good = title(&number);
        for (field, bad) in [
            ("title.number", wire::Title { number: String::new(), ..good.clone() }),
            ("title.label", wire::Title { label: "x".repeat(201), ..good.clone() }),
            ("title.material", wire::Title { material: "boook".to_owned(), ..good.clone() }),
            ("title.language", wire::Title { language: "suomi".to_owned(), ..good.clone() }),
            ("title.age_rating", wire::Title { age_rating: 15, ..good.clone() }),
            ("title.price", wire::Title { price: euros(1_000_001), ..good.clone() }),
        ] {
            let (reason, metadata) = fault(&put_title(&staff, bad).await.unwrap_err());
            assert_eq!((reason, metadata["field"].as_str()), (ErrorReason::FieldInvalid, field));
        }
        let good = item(&number);
        for (field, bad) in [
            ("item.barcode", wire::Item { barcode: "a\nb".to_owned(), ..good.clone() }),
            ("item.collection", wire::Item { collection: "x".repeat(65), ..good.clone() }),
            ("item.note", wire::Item { note: "x".repeat(501), ..good.clone() }),
            ("item.price", wire::Item { price: euros(0), ..good.clone() }),
        ] {
            let (reason, metadata) = fault(&put_item(&staff, bad).await.unwrap_err());
            assert_eq!((reason, metadata["field"].as_str()), (ErrorReason::FieldInvalid, field));
        }
        let elsewhere = wire::Item { home_branch: "nowhere".to_owned(), ..good.clone() };
        for missing in [elsewhere, item("no such title")] {
            assert_eq!(reason(&put_item(&staff, missing).await.unwrap_err()), ErrorReason::NotFound);
        }
        let status = set(&staff, &good.barcode, ItemReport::Lost).await.unwrap_err();
        assert_eq!(reason(&status), ErrorReason::NotFound);
        let status = set(&staff, &good.barcode, ItemReport::Unspecified).await.unwrap_err();
        assert_eq!(fault(&status).1["field"], "report");
    }
}
