//! Nothing is lost and nothing is recorded twice, whatever ends in the middle; a repeat has the same id.

use super::{PAST_LEASE, Post, deliver, order, rows};
use kortisto_domain::DeviceKind;
use kortisto_domain::NoticeState;
use kortisto_register::{
    jobs::JobOrder,
    notices::{Consignment, Courier, Couriers, Delivering, Delivery, Halt},
};
use kortisto_testkit::{
    Engine, TestOptions, TestRegister, on_both_engines,
    register::{BRANCH_MAIN, TestPatron},
};
use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};
use tokio::sync::Notify;
use uuid::Uuid;

/// Takes notices in, and then does not answer for as long as it is told.
#[derive(Default)]
struct Stalling {
    taken: Mutex<Vec<(Uuid, Option<Uuid>)>>,
    stalls: AtomicBool,
    reached: Notify,
    goes_on: Notify,
}

impl Courier for Stalling {
    fn deliver<'a>(&'a self, consignment: &'a Consignment) -> Delivering<'a> {
        Box::pin(async move {
            for message in &consignment.messages {
                self.taken.lock().unwrap().push((message.id, message.earlier));
            }
            let stalls = self.stalls.load(SeqCst);
            self.reached.notify_one();
            if stalls {
                self.goes_on.notified().await;
            }
            vec![Delivery::Sent { proof: "taken".to_owned() }; consignment.messages.len()]
        })
    }
}

impl Stalling {
    fn options(self: &Arc<Self>) -> TestOptions {
        let courier: Arc<dyn Courier> = self.clone();
        TestOptions {
            couriers: Couriers { email: Some(courier), ..Couriers::default() },
            ..TestOptions::default()
        }
    }
}

async fn ready(t: &TestRegister, notices: usize) -> TestPatron {
    let kiosk = t.device(DeviceKind::SelfCheckout).await;
    let patron = t.patron().await;
    t.email(&patron, "aino@example.fi").await;
    for _ in 0..notices {
        let item = t.item().await;
        t.hold(&patron, item.title, BRANCH_MAIN).await;
        kiosk.take_back(&item.barcode).await.unwrap();
    }
    patron
}

on_both_engines! {
    async fn killed_between_delivery_and_record(engine: Engine) {
        let courier = Arc::new(Stalling::default());
        let t = TestRegister::start_with(engine, courier.options()).await;
        ready(&t, 1).await;
        courier.stalls.store(true, SeqCst);
        let register = Arc::clone(&t.register);
        let dying = tokio::spawn(async move { register.deliver_notices(order(), &Halt::default()).await });
        courier.reached.notified().await;
        // The mail is out, and the process is not there any more.
        dying.abort();
        assert!(dying.await.unwrap_err().is_cancelled());
        let taken = rows(&t).await.remove(0);
        assert_eq!((taken.state, taken.tries), (NoticeState::Waiting.code(), 1), "nothing says that it was sent");

        courier.stalls.store(false, SeqCst);
        assert_eq!(deliver(&t).await.sent, 0, "it is taken for a while");
        t.clock.advance(PAST_LEASE);
        assert_eq!(deliver(&t).await.sent, 1, "and not lost");
        let sent = courier.taken.lock().unwrap().clone();
        assert_eq!(sent, [(taken.id, None), (taken.id, taken.taken_by)], "a repeat can be told");
        let row = rows(&t).await.remove(0);
        assert_eq!((row.state, row.tries), (NoticeState::Sent.code(), 2));
        t.probe().await;
    }

    async fn whoever_comes_too_late_records_nothing(engine: Engine) {
        let courier = Arc::new(Stalling::default());
        let t = TestRegister::start_with(engine, courier.options()).await;
        ready(&t, 1).await;
        courier.stalls.store(true, SeqCst);
        let register = Arc::clone(&t.register);
        let slow = tokio::spawn(async move { register.deliver_notices(order(), &Halt::default()).await });
        courier.reached.notified().await;
        courier.stalls.store(false, SeqCst);
        t.clock.advance(PAST_LEASE);
        assert_eq!(deliver(&t).await.sent, 1);
        let recorded = rows(&t).await;
        courier.goes_on.notify_one();
        assert_eq!(slow.await.unwrap().unwrap().sent, 0);
        assert_eq!(rows(&t).await, recorded);
        t.probe().await;
    }

    async fn a_cause_that_comes_twice_is_told_once(engine: Engine) {
        let post = Post::open(engine).await;
        let (hold, item) = post.ready(&post.patron().await).await;
        // The clock stands still: sent on and received again at the same instant.
        post.t.set_hold(hold, kortisto_store::entities::holds::Column::PickupBranchId, kortisto_testkit::register::BRANCH_EAST).await;
        post.kiosk.take_back(&item.barcode).await.unwrap();
        post.t.set_hold(hold, kortisto_store::entities::holds::Column::PickupBranchId, BRANCH_MAIN).await;
        post.kiosk.take_back(&item.barcode).await.unwrap();
        assert_eq!(post.notices().await.len(), 1);
        assert_eq!(post.lines().await.len(), 1);
        post.t.probe().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_deliver_each_notice_once() {
    const NOTICES: usize = 40;
    let courier = Arc::new(Stalling::default());
    let one = TestRegister::start_with(Engine::Postgres, courier.options()).await;
    let other = one.start_beside(courier.options()).await;
    ready(&one, NOTICES).await;
    let run = JobOrder { batch: 3, ..order() };
    let at_once = |t: &TestRegister| {
        let register = Arc::clone(&t.register);
        tokio::spawn(async move { register.deliver_notices(run, &Halt::default()).await.unwrap().sent })
    };
    let (here, there) = (at_once(&one), at_once(&other));
    let sent = here.await.unwrap() + there.await.unwrap() + deliver(&one).await.sent;
    assert_eq!(sent, NOTICES as u64);
    let taken = courier.taken.lock().unwrap().clone();
    let distinct: HashSet<_> = taken.iter().map(|(id, _)| id).collect();
    assert_eq!((taken.len(), distinct.len()), (NOTICES, NOTICES), "none went out twice");
    one.probe().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_away_for_a_moment_makes_nothing_go_out_twice() {
    let courier = Arc::new(Stalling::default());
    let (t, proxy) = TestRegister::start_behind_proxy(courier.options()).await;
    ready(&t, 2).await;
    courier.stalls.store(true, SeqCst);
    let register = Arc::clone(&t.register);
    let delivering = tokio::spawn(async move { register.deliver_notices(order(), &Halt::default()).await });
    courier.reached.notified().await;
    // Between delivery and record.
    proxy.refuse();
    proxy.refused().await;
    proxy.sever();
    courier.stalls.store(false, SeqCst);
    courier.goes_on.notify_one();
    tokio::time::sleep(Duration::from_millis(500)).await;
    proxy.pass();
    assert_eq!(delivering.await.unwrap().unwrap().sent, 2);
    assert_eq!(courier.taken.lock().unwrap().len(), 2);
    assert!(rows(&t).await.iter().all(|row| row.state == NoticeState::Sent.code()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stops_finishes_what_is_under_way() {
    let courier = Arc::new(Stalling::default());
    let watching = TestRegister::start(Engine::Postgres).await;
    let options = TestOptions { delivers_every: Some(Duration::from_millis(20)), ..courier.options() };
    let stopping = watching.start_beside(options).await;
    courier.stalls.store(true, SeqCst);
    ready(&watching, 1).await;
    courier.reached.notified().await;
    let going_on = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        courier.goes_on.notify_one();
    };
    tokio::join!(stopping.stop(), going_on);
    assert_eq!(rows(&watching).await[0].state, NoticeState::Sent.code());
    assert_eq!(courier.taken.lock().unwrap().len(), 1);
}
