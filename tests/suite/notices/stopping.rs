//! A server that stops in the middle of a batch: what was handed out is recorded, the rest waits for the next server.

use super::{
    deliver,
    endpoint::{Behaviour, endpoint},
    gateway::{ready, texted_at, webhook},
    rows,
};
use chrono::TimeDelta;
use kortisto_domain::NoticeState;
use kortisto_register::notices::Couriers;
use kortisto_store::{Store, StoreError, StoreOptions};
use kortisto_testkit::{
    TestOptions, TestRegister, on_both_engines,
    register::{Home, TestDatabase},
};
use std::{collections::HashSet, time::Duration};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

/// Messages of the one batch.
const MESSAGES: usize = 30;

/// How long the gateway takes for one.
const EACH: Duration = Duration::from_millis(300);

/// How many it is asked to send before the server stops.
const BEFORE: usize = 4;

/// How long they may take to come.
const PATIENCE: Duration = Duration::from_secs(20);

/// Stops a server and waits until nothing has its database open: SQLite's is one server's.
async fn closed(register: TestRegister, database: &TestDatabase) {
    register.stop().await;
    drop(register);
    let give_up = Instant::now() + PATIENCE;
    let options = StoreOptions::new(database.url());
    while let Err(StoreError::Locked { .. }) = Store::open(&options).await {
        assert!(Instant::now() < give_up, "something keeps the database open");
        sleep(Duration::from_millis(20)).await;
    }
}

on_both_engines! {
    async fn a_restart_in_the_middle_of_a_batch_sends_nothing_twice(engine: Engine) {
        let (database, home, folder) = (TestDatabase::fresh(engine).await, Home::fresh(), TempDir::new().unwrap());
        let again = || TestDatabase::Elsewhere(database.url());
        let (url, asked) = endpoint(Behaviour { after: EACH, ..Behaviour::of("202 Accepted", "{}") }).await;
        let couriers = Couriers { sms: Some(webhook(&folder, &url)), ..Couriers::default() };
        let writing = TestRegister::start_at(again(), &home, TestOptions::default()).await;
        let patron = texted_at(&writing, "+358401234567").await;
        for _ in 0..MESSAGES {
            ready(&writing, &patron).await;
        }
        let now = writing.clock.now();
        closed(writing, &database).await;

        let delivers_every = Some(Duration::from_millis(20));
        let options = TestOptions { couriers: couriers.clone(), delivers_every, ..TestOptions::default() };
        let stopping = TestRegister::start_at(again(), &home, options).await;
        stopping.clock.set(now);
        let give_up = Instant::now() + PATIENCE;
        while asked.lock().unwrap().len() < BEFORE {
            assert!(Instant::now() < give_up, "nothing goes out");
            sleep(Duration::from_millis(20)).await;
        }
        let begun = Instant::now();
        stopping.stop().await;
        // The whole batch would take nine seconds.
        assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
        let before = asked.lock().unwrap().len();
        closed(stopping, &database).await;
        assert!((BEFORE..BEFORE + 3).contains(&before), "{before} went out");

        let next = TestRegister::start_at(again(), &home, TestOptions { couriers, ..TestOptions::default() }).await;
        next.clock.set(now);
        let left = rows(&next).await;
        let sent = left.iter().filter(|row| row.state == NoticeState::Sent.code()).count();
        assert_eq!(sent, before, "everything that went out is recorded");
        assert!(left.iter().all(|row| row.taken_until.is_none()), "nothing waits for a lease to end");
        next.clock.advance(TimeDelta::minutes(1));
        assert_eq!(deliver(&next).await.sent, (MESSAGES - before) as u64);
        let heads: Vec<_> = asked.lock().unwrap().iter().map(|(head, _)| head.to_lowercase()).collect();
        let ids: HashSet<_> =
            heads.iter().filter_map(|head| head.lines().find_map(|line| line.strip_prefix("idempotency-key: "))).collect();
        assert_eq!((heads.len(), ids.len()), (MESSAGES, MESSAGES), "each exactly once");
        assert!(rows(&next).await.iter().all(|row| row.tries == 1));
        next.probe().await;
    }
}
