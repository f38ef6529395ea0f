//! What each kind learns: of a patron about whom there is everything to know, no field more than the
//! table allows, and every field that it allows.

use super::{
    question::World,
    rpc::{Method, dynamic, method, methods},
};
use kortisto::{
    common::v1::Verdict,
    device::v1::{
        ListFeesRequest, ListHoldsRequest, ListLoanHistoryRequest, ListLoansRequest, ListWardsRequest,
        PlaceHoldRequest, ReturnRequest,
    },
};
use kortisto_domain::{CardState, DeviceKind, RelationKind};
use kortisto_register::permissions;
use kortisto_testkit::{
    on_both_engines,
    register::{BRANCH_EAST, BRANCH_MAIN, Device, ItemSeed, PatronSeed, TestPatron, new_id},
};
use prost_reflect::{DynamicMessage, ReflectMessage as _, Value};
use std::collections::BTreeSet;

const STOP: &str = "kylä-3";
const LOCKER: &str = "lokerikko-1";

/// A patron with fees, a loan, a ready hold, a pending one, a message and a child with a fee.
async fn maximal(w: &World) -> TestPatron {
    let patron = w.patron().await;
    let token = w.kiosk.sign_in(&patron.card, patron.pin).await;
    w.kiosk.checkout(&token, &w.t.item().await.barcode).await.unwrap();
    w.ready_hold(&patron).await;
    w.ready_hold(&patron).await;
    w.t.hold(&patron, w.t.item().await.title, BRANCH_EAST).await;
    w.t.message(&patron, "Sateenvarjosi odottaa tiskillä.").await;
    let born = w.t.surroundings.moment().today().checked_sub_months(chrono::Months::new(10 * 12));
    let child = w.t.patron_with(PatronSeed { born, debt_cents: 90, ..PatronSeed::default() }).await;
    w.t.relate(&child, &patron, RelationKind::Guardian).await;
    patron
}

/// The barcode of an item that somebody waits for at a place of the main branch.
async fn waited_for_at(w: &World, patron: &TestPatron, stop: &str, locker: &str) -> String {
    let item = w.t.item().await;
    let place = PlaceHoldRequest {
        request_id: new_id(),
        patron_token: w.kiosk.sign_in(&patron.card, patron.pin).await,
        item_barcode: item.barcode.clone(),
        pickup_branch: "main".to_owned(),
        pickup_stop: stop.to_owned(),
        pickup_locker: locker.to_owned(),
        ..Default::default()
    };
    let placed = w.kiosk.holds().place_hold(place).await.unwrap().into_inner();
    assert_eq!(placed.verdict(), Verdict::Granted, "{:?}", placed.refusals);
    item.barcode
}

/// Questions whose answers together show everything that the rpc can show this kind.
async fn scenes(w: &World, method: &Method, device: &Device, kind: DeviceKind) -> Vec<DynamicMessage> {
    let patron = maximal(w).await;
    let mut question = w.question_about(method, device, kind, &patron).await;
    let mut scenes = vec![question.request.clone()];
    let mut refused = |field: &str, value: &str| {
        question.set(field, value);
        if let Some((id_field, _)) = question.id() {
            question.set(id_field, &new_id());
        }
        scenes.push(question.request.clone());
    };
    match method.name.as_str() {
        "PatronService.AuthenticatePatron" => {
            let lost = PatronSeed { card_state: CardState::Lost, debt_cents: 700, ..PatronSeed::default() };
            refused("card_number", &w.t.patron_with(lost).await.card);
            if permissions::may_ask(kind, method.rpc, "age_limits") {
                let mut ages = scenes[0].clone();
                ages.set_field_by_name("age_limits", Value::List(vec![Value::I32(18), Value::I32(120)]));
                ages.set_field_by_name("attempt_id", Value::String(new_id()));
                scenes.push(ages);
            }
        }
        "PatronService.WatchPatronSession" => refused("patron_token", &w.t.worthless_token()),
        "PatronService.ChangePin" | "PatronService.SetWebPassword" => {
            let lost = PatronSeed { card_state: CardState::Lost, ..PatronSeed::default() };
            refused("card_number", &w.t.patron_with(lost).await.card);
        }
        "LoanService.Checkout" => refused("item_barcode", "no such item"),
        "LoanService.Return" => {
            refused("item_barcode", "no such item");
            let waited_for = w.t.item().await;
            w.t.hold(&patron, waited_for.title, BRANCH_MAIN).await;
            let stranger = w.t.item_with(ItemSeed { home: BRANCH_EAST, ..ItemSeed::default() }).await;
            let mut scanned = vec![waited_for.barcode, stranger.barcode];
            for (stop, locker) in [(STOP, ""), ("", LOCKER)] {
                scanned.push(waited_for_at(w, &patron, stop, locker).await);
            }
            for item_barcode in scanned {
                scenes.push(dynamic(&method.input, &ReturnRequest { request_id: new_id(), item_barcode }));
            }
        }
        "LoanService.CancelCheckout" => refused("loan_id", &new_id()),
        "LoanService.RenewAll" => {
            let other = w.kiosk.sign_in(&patron.card, patron.pin).await;
            refused("patron_token", &other);
        }
        "LoanService.Renew" => {
            refused("item_barcode", "no such item");
            let late = w.t.item().await;
            let token = w.kiosk.sign_in(&patron.card, patron.pin).await;
            w.kiosk.checkout(&token, &late.barcode).await.unwrap();
            w.t.make_due(&late, w.t.surroundings.moment().today() - chrono::TimeDelta::days(2)).await;
            refused("item_barcode", &late.barcode);
        }
        "LoanService.ListLoans" => {
            let token = w.token(device, kind, &patron).await;
            let page = ListLoansRequest { patron_token: token, page_size: 1, page_token: String::new() };
            refused("patron_token", &w.t.worthless_token());
            scenes.push(dynamic(&method.input, &page));
        }
        "LoanService.ListLoanHistory" => {
            w.t.clock.advance(chrono::TimeDelta::seconds(1));
            w.history(&patron).await;
            let patron_token = w.token(device, kind, &patron).await;
            let page = ListLoanHistoryRequest { patron_token, page_size: 1, page_token: String::new() };
            refused("patron_token", &w.t.worthless_token());
            scenes.push(dynamic(&method.input, &page));
        }
        "PatronService.ListWards" => {
            let patron_token = w.token(device, kind, &patron).await;
            let page = ListWardsRequest { patron_token, page_size: 1, page_token: String::new() };
            refused("patron_token", &w.t.worthless_token());
            scenes.push(dynamic(&method.input, &page));
        }
        "LoanService.SetLoanHistory" | "PatronService.OpenWardSession" => {
            refused("patron_token", &w.t.worthless_token());
        }
        "HoldService.ListHolds" => {
            let token = w.token(device, kind, &patron).await;
            let page = ListHoldsRequest { patron_token: token, page_size: 1, page_token: String::new() };
            refused("patron_token", &w.kiosk.sign_in(&patron.card, patron.pin).await);
            scenes.push(dynamic(&method.input, &page));
        }
        "HoldService.PickUpHold"
        | "HoldService.ChangeHold"
        | "HoldService.CancelHold"
        | "HoldService.ReservePickup"
        | "HoldService.ConfirmPickup"
        | "HoldService.RevertPickup"
        | "HoldService.StockCompartment" => refused("hold_id", &new_id()),
        "HoldService.PlaceHold" => refused("title_number", "no such title"),
        "FeeService.ListFees" => {
            let token = w.token(device, kind, &patron).await;
            let page = ListFeesRequest { patron_token: token, page_size: 1, page_token: String::new() };
            refused("patron_token", &w.kiosk.sign_in(&patron.card, patron.pin).await);
            scenes.push(dynamic(&method.input, &page));
        }
        "FeeService.RecordPayment" => {
            refused("patron_token", &w.kiosk.sign_in(&patron.card, patron.pin).await);
        }
        "AccessService.CheckAccess" => refused("card_number", "853A0000000"),
        _ => {}
    }
    scenes
}

/// The fields that a reply shows; of lists of messages also the fields of the message, where the table
/// rules over them.
fn shown(reply: &DynamicMessage, paths: &[&str]) -> BTreeSet<String> {
    let mut shown = BTreeSet::new();
    for (field, value) in reply.fields() {
        shown.insert(field.name().to_owned());
        for message in value.as_list().into_iter().flatten().filter_map(Value::as_message) {
            let inner = message.fields().map(|(inner, _)| format!("{}.{}", field.name(), inner.name()));
            shown.extend(inner.filter(|path| paths.contains(&path.as_str()) || path.ends_with(".remedy")));
        }
    }
    shown
}

on_both_engines! {
    async fn a_kind_sees_what_the_table_allows_and_all_of_it(engine: Engine) {
        let w = World::start(engine).await;
        w.t.policy("fee.overdue_cents", "20").await;
        w.t.bookmobile_stop(STOP).await;
        w.t.locker(BRANCH_MAIN, LOCKER).await;
        for kind in DeviceKind::ALL {
            let device = w.t.device(*kind).await;
            for method in methods().into_iter().filter(|method| permissions::may_call(*kind, method.rpc)) {
                let (_, paths) = permissions::known_fields(method.rpc);
                let mut seen = BTreeSet::new();
                for request in scenes(&w, &method, &device, *kind).await {
                    let reply = method.ask(&device.channel, &request).await.unwrap();
                    assert_eq!(reply.unknown_fields().count(), 0, "{}", reply.descriptor().name());
                    seen.extend(shown(&reply, &paths));
                }
                let allowed: BTreeSet<_> = paths
                    .iter()
                    .filter(|path| permissions::may_show(*kind, method.rpc, path))
                    .map(|path| (*path).to_owned())
                    .collect();
                assert_eq!(seen, allowed, "{} as {kind:?}", method.name);
            }
        }
    }

    async fn a_locker_sees_the_ready_holds_of_its_branch_only(engine: Engine) {
        let w = World::start(engine).await;
        let locker = w.t.device(DeviceKind::Locker).await;
        let patron = maximal(&w).await;
        let east = w.t.device_at(DeviceKind::SelfCheckout, BRANCH_EAST, "east").await;
        let item = w.t.item_with(ItemSeed { home: BRANCH_EAST, ..ItemSeed::default() }).await;
        w.t.hold(&patron, item.title, BRANCH_EAST).await;
        east.take_back(&item.barcode).await.unwrap();
        let token = locker.sign_in(&patron.card, patron.pin).await;
        let request = ListHoldsRequest { patron_token: token, ..Default::default() };
        let list = locker.holds().list_holds(request).await.unwrap().into_inner();
        assert_eq!((list.ready.len(), list.pending.len()), (2, 0));
        assert!(list.ready.iter().all(|hold| hold.pickup_branch == "main"));
    }

    async fn pseudonyms_of_two_audiences_cannot_be_joined(engine: Engine) {
        let w = World::start(engine).await;
        let patron = w.patron().await;
        let method = method("PatronService.AuthenticatePatron");
        let mut names = BTreeSet::new();
        for _ in 0..2 {
            let platform = w.t.device(DeviceKind::ELending).await;
            let mut of_platform = BTreeSet::new();
            for _ in 0..2 {
                let question = w.question_about(&method, &platform, DeviceKind::ELending, &patron).await;
                let reply = method.ask(&platform.channel, &question.request).await.unwrap();
                let id = reply.get_field_by_name("pairwise_id").unwrap().as_str().unwrap().to_owned();
                assert_eq!(id.len(), 32);
                assert!(!patron.pseudonym.simple().to_string().contains(&id));
                of_platform.insert(id);
            }
            assert_eq!(of_platform.len(), 1, "one platform knows one patron by one name");
            names.extend(of_platform);
        }
        assert_eq!(names.len(), 2, "two platforms know one patron by two names");
    }
}
