//! A client that goes away at any moment loses no acknowledged write and leaves nothing half done.
//!
//! Dropping a call resets its stream. With sqlx a transaction that is dropped while it begins hands its
//! connection back with the transaction open, and what others then write on it is never committed.

use kortisto::device::v1::{GetDeviceRequest, ListHoldsRequest, RenewCertificateRequest};
use kortisto_domain::{BanKind, DeviceKind};
use kortisto_store::{Store, StoreOptions};
use kortisto_testkit::{
    Engine, TestOptions, TestRegister,
    chaos_proxy::Direction,
    register::{Device, TestItem, certificate_request, dump, new_id, probe},
};
use std::{collections::BTreeMap, time::Duration};
use tokio::{task::JoinSet, time::timeout};

/// Calls that are given up.
const CALLS: usize = 300;

/// Calls at once.
const AT_ONCE: usize = 20;

/// The longest time after which a call is given up.
const PATIENCE_MICROS_MAX: u64 = 40_000;

/// Spreads numbers over a range, the same ones in every run.
fn scattered(number: usize, below: u64) -> u64 {
    let number = u64::try_from(number).unwrap();
    number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31) % below
}

/// A call of another sort between the loans: those run as a unit of work of their own.
async fn other(kiosk: &Device, token: &str, call: usize) {
    match call % 3 {
        0 => {
            let _ = kiosk.about().get_device(GetDeviceRequest {}).await;
        }
        1 => {
            let request = ListHoldsRequest { patron_token: token.to_owned(), ..Default::default() };
            let _ = kiosk.holds().list_holds(request).await;
        }
        _ => {
            let (certificate_request_pem, _) = certificate_request();
            let request = RenewCertificateRequest { request_id: new_id(), certificate_request_pem };
            let _ = kiosk.about().renew_certificate(request).await;
        }
    }
}

async fn three_hundred_calls_are_given_up(t: &TestRegister) {
    t.policy("loan.max_total", "1000").await;
    let patron = t.patron().await;
    let mut kiosks = Vec::new();
    for _ in 0..AT_ONCE {
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let token = kiosk.sign_in(&patron.card, patron.pin).await;
        kiosks.push((kiosk, token));
    }
    let mut asked: Vec<(usize, String, TestItem)> = Vec::new();
    let mut acknowledged: BTreeMap<String, String> = BTreeMap::new();
    for round in 0..CALLS / AT_ONCE {
        let mut calls = JoinSet::new();
        for (index, (kiosk, token)) in kiosks.iter().cloned().enumerate() {
            let (item, id) = (t.item().await, new_id());
            asked.push((index, id.clone(), item.clone()));
            let call = round * AT_ONCE + index;
            // Some callers wait to the end, so that there are answers to lose on a slow machine too.
            let patience = if call.is_multiple_of(8) {
                Duration::from_secs(10)
            } else {
                Duration::from_micros(scattered(call, PATIENCE_MICROS_MAX))
            };
            calls.spawn(async move {
                let _ = timeout(patience / 2, other(&kiosk, &token, call)).await;
                let lent = timeout(patience, kiosk.checkout_as(&id, &token, &item.barcode)).await;
                // Done or given up; an error would be neither.
                lent.ok().map(|answer| (id, answer.unwrap().loan.unwrap().loan_id))
            });
        }
        acknowledged.extend(calls.join_all().await.into_iter().flatten());
    }
    let given_up = CALLS - acknowledged.len();
    assert!(given_up > CALLS / 10 && !acknowledged.is_empty(), "{given_up} calls were given up");

    let mut bans = 0;
    for _ in 0..20 {
        t.ban(&t.patron().await, BanKind::SelfService).await;
        bans += 1;
    }
    // Another pair of eyes: what only a connection of the server sees is not committed.
    let beside = StoreOptions { serves: false, ..StoreOptions::new(t.database_url()) };
    let eyes = Store::open(&beside).await.unwrap();
    assert_eq!(dump(&eyes).await["bans"].len(), bans);
    let loans = dump(&eyes).await["open_loans"].len();
    assert!(loans >= acknowledged.len(), "{loans} loans, {} acknowledged", acknowledged.len());
    probe(&eyes).await;

    for (index, id, item) in &asked {
        let (kiosk, token) = &kiosks[*index];
        let loan = kiosk.checkout_as(id, token, &item.barcode).await.unwrap().loan.unwrap().loan_id;
        if let Some(known) = acknowledged.get(id) {
            assert_eq!(*known, loan, "an acknowledged loan stays");
        }
    }
    let dumped = dump(&eyes).await;
    assert_eq!(dumped["open_loans"].len(), CALLS);
    probe(&eyes).await;
    for (lane, stats) in t.register.lane_stats() {
        assert_eq!((stats.panics, stats.failed), (0, 0), "{lane}: {stats:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_over_a_slow_network() {
    let (t, proxy) = TestRegister::start_behind_proxy(TestOptions::default()).await;
    for way in [Direction::ToServer, Direction::ToClient] {
        proxy.delay(way, Duration::from_micros(1500));
    }
    three_hundred_calls_are_given_up(&t).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite() {
    three_hundred_calls_are_given_up(&TestRegister::start(Engine::Sqlite).await).await;
}
