//! The database is gone: every device is told so in time, no door opens, health says so, and when the
//! database is back everything goes on by itself.

use crate::coverage::rpc::send;
use kortisto::{common::v1::Verdict, device::v1::GetDeviceRequest};
use kortisto_domain::DeviceKind;
use kortisto_testkit::{
    TestOptions, TestRegister,
    chaos_proxy::ChaosProxy,
    postgres::{Cluster, PrivateCluster, Settings},
    register::{Device, Home, TestDatabase, TestPatron, new_id},
};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};
use tonic::{Code, Request, Status, transport::Channel};

/// The deadline of a door, from the contract.
const DOOR_DEADLINE: Duration = Duration::from_secs(2);

/// The deadline of what a device asks about itself, from the contract.
const DEVICE_DEADLINE: Duration = Duration::from_secs(2);

/// The deadline of a loan, from the contract.
const LOAN_DEADLINE: Duration = Duration::from_secs(5);

/// How soon health has to tell of an outage or of its end.
const HEALTH_MAX: Duration = Duration::from_secs(12);

/// How soon devices are answered again.
const HEALING_MAX: Duration = Duration::from_secs(8);

/// Whether health says SERVING of the whole server: its reply is one field, 1, of which 1 means that.
async fn is_serving(channel: &Channel) -> bool {
    let path = "/grpc.health.v1.Health/Check".parse().unwrap();
    send(channel, path, Request::new(Vec::new())).await.unwrap() == [0x08, 1]
}

async fn wait_for_health(channel: &Channel, serving: bool) {
    let waiting = async {
        while is_serving(channel).await != serving {
            sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(HEALTH_MAX, waiting).await.unwrap_or_else(|_| panic!("health does not say {serving}"));
}

/// Who asks, all of them known to the server already.
struct Devices {
    door: Device,
    kiosk: Device,
    patron: TestPatron,
    token: String,
}

impl Devices {
    async fn of(t: &TestRegister) -> Self {
        let (door, kiosk) = (t.device(DeviceKind::Door).await, t.device(DeviceKind::SelfCheckout).await);
        let patron = t.patron().await;
        let token = kiosk.sign_in(&patron.card, patron.pin).await;
        let devices = Self { door, kiosk, patron, token };
        assert!(devices.opens().await.unwrap(), "the door opens while all is well");
        devices
    }

    async fn opens(&self) -> Result<bool, Status> {
        Ok(self.door.ask_door(&self.patron.card, None, "door").await?.verdict() == Verdict::Granted)
    }
}

fn is_unavailable(status: &Status) {
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    let details = tonic_types::StatusExt::get_error_details(status);
    assert_eq!(details.error_info().unwrap().reason, "REGISTER_UNAVAILABLE");
    assert!(details.retry_info().is_some());
}

/// While the database is gone.
async fn everybody_is_told(t: &TestRegister, devices: &Devices) {
    for _ in 0..3 {
        let begun = Instant::now();
        is_unavailable(&devices.opens().await.unwrap_err());
        assert!(begun.elapsed() < DOOR_DEADLINE, "a door waited {:?}", begun.elapsed());
    }
    let begun = Instant::now();
    let barcode = "no matter".to_owned();
    is_unavailable(&devices.kiosk.checkout(&devices.token, &barcode).await.unwrap_err());
    assert!(begun.elapsed() < LOAN_DEADLINE, "a kiosk waited {:?}", begun.elapsed());
    let mut about = Request::new(GetDeviceRequest {});
    about.set_timeout(DEVICE_DEADLINE);
    is_unavailable(&devices.kiosk.about().get_device(about).await.unwrap_err());
    // On a new connection the device is not known yet.
    let begun = Instant::now();
    let channel = t.connect(Some(&devices.door.identity)).await.unwrap();
    let unknown = Device { channel, ..devices.door.clone() };
    let status = unknown.ask_door(&devices.patron.card, None, "door").await.unwrap_err();
    assert!(matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded), "{status:?}");
    assert!(begun.elapsed() < LOAN_DEADLINE, "{:?}", begun.elapsed());
    wait_for_health(&devices.door.channel, false).await;
    assert!(devices.opens().await.is_err());
}

/// After the database is back.
async fn everything_goes_on(t: &TestRegister, devices: &Devices) {
    let healing = async {
        while !devices.opens().await.is_ok_and(|opens| opens) {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(HEALING_MAX, healing).await.expect("the door opens again");
    wait_for_health(&devices.door.channel, true).await;
    let item = t.item().await;
    let lent = devices.kiosk.checkout(&devices.token, &item.barcode).await.unwrap();
    assert!(lent.loan.is_some(), "{:?}", lent.refusals);
    devices.kiosk.about().get_device(GetDeviceRequest {}).await.unwrap();
    t.probe().await;
}

async fn network(t: &TestRegister, proxy: &ChaosProxy) {
    let devices = Devices::of(t).await;
    wait_for_health(&devices.door.channel, true).await;
    proxy.refuse();
    proxy.refused().await;
    proxy.sever();
    everybody_is_told(t, &devices).await;
    proxy.pass();
    everything_goes_on(t, &devices).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_network_to_it_fails() {
    let (t, proxy) = TestRegister::start_behind_proxy(TestOptions::default()).await;
    network(&t, &proxy).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_killed_and_comes_back() {
    let cluster: PrivateCluster = Cluster::private(Settings::durable()).await.unwrap();
    let database = TestDatabase::fresh_in(&cluster).await;
    let t = TestRegister::start_at(database, &Home::fresh(), TestOptions::default()).await;
    let devices = Devices::of(&t).await;
    let (item, id) = (t.item().await, new_id());
    let lent = devices.kiosk.checkout_as(&id, &devices.token, &item.barcode).await.unwrap();
    cluster.kill9().await;
    everybody_is_told(&t, &devices).await;
    cluster.restart().await.unwrap();
    everything_goes_on(&t, &devices).await;
    let again = devices.kiosk.checkout_as(&id, &devices.token, &item.barcode).await.unwrap();
    assert_eq!(again, lent, "what was acknowledged is there");
    assert_eq!(t.open_loans_of(&item).await, 1);
}

/// Connections that break now and then are nobody's business but the server's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_connections_break_now_and_then() {
    let (t, proxy) = TestRegister::start_behind_proxy(TestOptions::default()).await;
    let devices = Devices::of(&t).await;
    for _ in 0..10 {
        proxy.sever();
        let (item, id) = (t_item(&t).await, new_id());
        let lent = devices.kiosk.checkout_as(&id, &devices.token, &item.barcode).await.unwrap();
        assert!(lent.loan.is_some(), "{:?}", lent.refusals);
        assert!(devices.opens().await.unwrap());
    }
    t.probe().await;
}

/// An item, put there by a test whose own connections break too.
async fn t_item(t: &TestRegister) -> kortisto_testkit::register::TestItem {
    while t.store.ping(Instant::now() + Duration::from_secs(1)).await.is_err() {}
    t.item().await
}
