//! A deadline that passes while the database stands still: DEADLINE_EXCEEDED in time, and the same
//! request id finds out later what became of it.

use super::{
    question::World,
    rpc::{Method, method, methods, reason},
};
use kortisto::common::v1::ErrorReason;
use kortisto_domain::DeviceKind;
use kortisto_register::permissions;
use kortisto_store::{Store, StoreOptions};
use kortisto_testkit::{Engine, TestOptions, TestRegister, chaos_proxy::ChaosProxy, register::Device};
use prost_reflect::DynamicMessage;
use sea_orm::ConnectionTrait as _;
use std::time::Duration;
use tokio::{task::JoinSet, time::Instant};

/// The longest deadline of these registers. The calls ask for none of their own: tonic's client would end them by
/// itself where a busy machine sends the answer late.
const PATIENCE: Duration = Duration::from_secs(1);

/// What the test allows a busy machine on top.
const SLACK: Duration = Duration::from_secs(2);

/// Calls at once while the database stands still.
const AT_ONCE: usize = 20;

/// How soon everything is answered again.
const HEALING_MAX: Duration = Duration::from_secs(10);

/// How the database is made to stand still.
enum Stall {
    /// The network between server and database swallows everything.
    Network(ChaosProxy),
    /// Somebody else holds the one writer's lock.
    Lock(Store),
}

impl Stall {
    async fn start(&self) {
        match self {
            Self::Network(proxy) => proxy.freeze(),
            Self::Lock(store) => {
                store.writer().execute_unprepared("BEGIN IMMEDIATE").await.unwrap();
            }
        }
    }

    async fn end(&self) {
        match self {
            Self::Network(proxy) => proxy.pass(),
            Self::Lock(store) => {
                store.writer().execute_unprepared("ROLLBACK").await.unwrap();
            }
        }
    }
}

async fn every_rpc_within_its_deadline(w: &World, stall: &Stall) {
    let mut asked: Vec<(Method, Device, DynamicMessage)> = Vec::new();
    for method in methods() {
        for kind in DeviceKind::ALL.iter().filter(|kind| permissions::may_call(**kind, method.rpc)).take(2) {
            // A fresh connection for half of them: the first call on it also looks the device up.
            let device = w.t.device(*kind).await;
            let question = w.question(&method, &device, *kind).await;
            asked.push((method.clone(), device, question.request));
        }
    }
    // As many at once as there are connections for: what finds none is told so, and that is another fault.
    for asked in asked.chunks(AT_ONCE) {
        stall.start().await;
        let mut calls = JoinSet::new();
        for (method, device, request) in asked.iter().cloned() {
            calls.spawn(async move {
                let begun = Instant::now();
                let status = method.ask(&device.channel, &request).await.unwrap_err();
                assert_eq!(reason(&status), ErrorReason::DeadlinePassed, "{}: {status:?}", method.name);
                assert!(begun.elapsed() < PATIENCE + SLACK, "{}: {:?}", method.name, begun.elapsed());
            });
        }
        calls.join_all().await;
        stall.end().await;
        for (method, device, request) in asked {
            let mut answer = method.ask(&device.channel, request).await;
            let healed_by = Instant::now() + HEALING_MAX;
            while answer.is_err() && Instant::now() < healed_by {
                tokio::time::sleep(Duration::from_millis(100)).await;
                answer = method.ask(&device.channel, request).await;
            }
            answer.unwrap_or_else(|status| panic!("{}: {status:?}", method.name));
        }
    }
    w.t.probe().await;
}

fn impatient() -> TestOptions {
    TestOptions { deadline_max: PATIENCE, ..TestOptions::default() }
}

/// A deadline that the device asks for, shorter than the longest.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadline_of_the_device() {
    let (t, proxy) = TestRegister::start_behind_proxy(TestOptions::default()).await;
    let w = World::around(t).await;
    let checkout = method("LoanService.Checkout");
    let question = w.question(&checkout, &w.kiosk, DeviceKind::SelfCheckout).await;
    proxy.freeze();
    let begun = Instant::now();
    let status = checkout.ask_within(&w.kiosk.channel, &question.request, PATIENCE).await.unwrap_err();
    assert_eq!(reason(&status), ErrorReason::DeadlinePassed, "{status:?}");
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
    proxy.pass();
    checkout.ask(&w.kiosk.channel, &question.request).await.unwrap();
    w.t.probe().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_network_to_postgres() {
    let (t, proxy) = TestRegister::start_behind_proxy(impatient()).await;
    let w = World::around(t).await;
    every_rpc_within_its_deadline(&w, &Stall::Network(proxy)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_sqlite_file() {
    let w = World::around(TestRegister::start_with(Engine::Sqlite, impatient()).await).await;
    let options = StoreOptions { serves: false, ..StoreOptions::new(w.t.database_url()) };
    let stall = Stall::Lock(Store::open(&options).await.unwrap());
    every_rpc_within_its_deadline(&w, &stall).await;
}
