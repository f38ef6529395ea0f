//! The hold shelf of a branch, watched.

use kortisto::{
    common::v1::ErrorReason,
    device::v1::{ShelfHold, WatchHoldShelfRequest, WatchHoldShelfResponse},
};
use kortisto_domain::DeviceKind;
use kortisto_register::devices::manage;
use kortisto_testkit::{
    Engine, TestOptions, TestRegister, on_both_engines,
    register::{BRANCH_EAST, BRANCH_MAIN, Device},
};
use tokio::time::{Duration, Instant, timeout};
use tonic::{Status, Streaming};

use crate::coverage::rpc::reason;

/// Within which a change has to show.
const AT_ONCE: Duration = Duration::from_secs(1);

/// A machine under the load of a test run is given longer, where the time is not the point.
const IN_TIME: Duration = Duration::from_secs(10);

type Watch = Streaming<WatchHoldShelfResponse>;

async fn watch(device: &Device) -> Watch {
    device.holds().watch_hold_shelf(WatchHoldShelfRequest {}).await.unwrap().into_inner()
}

async fn next(watch: &mut Watch) -> Result<WatchHoldShelfResponse, Status> {
    let message = timeout(IN_TIME, watch.message()).await.expect("the watch says nothing")?;
    Ok(message.expect("the watch is over"))
}

on_both_engines! {
    async fn a_shelf_is_told_whole_and_then_as_it_changes(engine: Engine) {
        // Looks come so seldom that only a signal can explain what is told.
        let look_interval = Duration::from_secs(3600);
        let t = TestRegister::start_with(engine, TestOptions { look_interval, ..TestOptions::default() }).await;
        let (kiosk, locker) = (t.device(DeviceKind::SelfCheckout).await, t.device(DeviceKind::Locker).await);
        let east = t.device_at(DeviceKind::SelfCheckout, BRANCH_EAST, "east").await;
        let patron = t.patron().await;
        let (one, two, three) = (t.item().await, t.item().await, t.item().await);
        let first = t.hold(&patron, one.title, BRANCH_MAIN).await;
        let second = t.hold(&patron, two.title, BRANCH_MAIN).await;
        t.hold(&patron, three.title, BRANCH_EAST).await;
        kiosk.take_back(&one.barcode).await.unwrap();

        let mut shelf = watch(&locker).await;
        let whole = next(&mut shelf).await.unwrap();
        let row = t.hold_row(first).await;
        assert!(whole.whole);
        let shown = ShelfHold {
            hold_id: first.id.to_string(),
            pickup_number: row.pickup_number.unwrap(),
            compartment: String::new(),
            alias: t.patron_row(&patron).await.hold_alias.unwrap(),
            pickup_until: row.pickup_until.unwrap().to_string(),
            gone: false,
            pickup_stop: String::new(),
            pickup_locker: String::new(),
            in_own_compartment: false,
        };
        assert_eq!(whole.holds, [shown]);

        east.take_back(&three.barcode).await.unwrap();
        kiosk.take_back(&two.barcode).await.unwrap();
        let committed = Instant::now();
        let news = next(&mut shelf).await.unwrap();
        assert!(committed.elapsed() < AT_ONCE, "it took {:?}", committed.elapsed());
        assert!(!news.whole);
        assert_eq!(news.holds.iter().map(|hold| &hold.hold_id).collect::<Vec<_>>(), [&second.id.to_string()]);
        let token = kiosk.sign_in(&patron.card, patron.pin).await;
        kiosk.pick_up(&token, first.id).await.unwrap();
        let news = next(&mut shelf).await.unwrap();
        assert_eq!((news.holds[0].hold_id.clone(), news.holds[0].gone), (first.id.to_string(), true));
        t.put_into_compartment(second, "9").await;
        let news = next(&mut shelf).await.unwrap();
        assert_eq!(news.holds[0].compartment, "9");
    }

    async fn a_watch_ends_with_its_device_and_its_server(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let (kiosk, locker) = (t.device(DeviceKind::SelfCheckout).await, t.device(DeviceKind::Locker).await);
        let (mut at_kiosk, mut at_locker) = (watch(&kiosk).await, watch(&locker).await);
        let empty = next(&mut at_kiosk).await.unwrap();
        assert_eq!((empty.whole, empty.holds.len()), (true, 0));
        next(&mut at_locker).await.unwrap();
        let deadline = Instant::now() + Duration::from_secs(5);
        manage::revoke(&t.store, &t.surroundings, locker.name.clone(), deadline).await.unwrap();
        assert_eq!(reason(&next(&mut at_locker).await.unwrap_err()), ErrorReason::DeviceRevoked);
        t.register.end_watches();
        assert_eq!(reason(&next(&mut at_kiosk).await.unwrap_err()), ErrorReason::RegisterUnavailable);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_at_one_server_shows_at_the_other_within_a_second() {
    let t = TestRegister::start(Engine::Postgres).await;
    let options = TestOptions { look_interval: Duration::from_secs(3600), ..TestOptions::default() };
    let other = t.start_beside(options).await;
    let kiosk = t.device(DeviceKind::SelfCheckout).await;
    let there = Device { channel: other.connect(Some(&kiosk.identity)).await.unwrap(), ..kiosk.clone() };
    let mut shelf = watch(&there).await;
    next(&mut shelf).await.unwrap();
    let (patron, mut slowest) = (t.patron().await, Duration::ZERO);
    for _ in 0..10 {
        let item = t.item().await;
        t.hold(&patron, item.title, BRANCH_MAIN).await;
        kiosk.take_back(&item.barcode).await.unwrap();
        let committed = Instant::now();
        next(&mut shelf).await.unwrap();
        slowest = slowest.max(committed.elapsed());
    }
    assert!(slowest < AT_ONCE, "a ready hold took {slowest:?} to show");
}
