//! A database that goes away and comes back.

use crate::kit::{CARD, Installation, ask_door};
use kortisto::common::v1::Verdict;
use kortisto_testkit::postgres::{Cluster, Settings, Template};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};
use tonic::Code;

/// The contract's longest deadline, and some for the machine.
const ANSWER_LIMIT: Duration = Duration::from_secs(6);

/// How long the server may take to find a database that is back.
const HEAL_LIMIT: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn a_door_stays_shut_without_its_database_and_opens_again_by_itself() {
    let cluster = Cluster::private(Settings::durable()).await.unwrap();
    let database = cluster.create_database_from(&Template::empty()).await.unwrap();
    let installation = Installation::set_up(Some(database.url()));
    let _server = installation.serve().await;
    let identity = installation.enrol("door", "door").await;
    let channel = installation.connect(installation.addr, Some(&identity)).await;
    let open = ask_door(&channel, CARD).await.unwrap();
    assert_eq!(open.verdict(), Verdict::Granted, "{:?}", open.refusals);

    cluster.kill9().await;
    for _ in 0..3 {
        let status = timeout(ANSWER_LIMIT, ask_door(&channel, CARD)).await.unwrap().unwrap_err();
        assert!(matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded), "{status:?}");
    }

    cluster.restart().await.unwrap();
    let give_up = Instant::now() + HEAL_LIMIT;
    loop {
        match ask_door(&channel, CARD).await {
            Ok(answer) => {
                assert_eq!(answer.verdict(), Verdict::Granted);
                break;
            }
            Err(status) => assert!(Instant::now() < give_up, "{status:?}"),
        }
        sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_database_is_no_yes() {
    let cluster = Cluster::private(Settings::default()).await.unwrap();
    let database = cluster.create_database_from(&Template::empty()).await.unwrap();
    let installation = Installation::set_up(Some(database.url()));
    let _server = installation.serve().await;
    let identity = installation.enrol("door", "door").await;
    let channel = installation.connect(installation.addr, Some(&identity)).await;
    ask_door(&channel, CARD).await.unwrap();

    cluster.freeze().await;
    let status = timeout(ANSWER_LIMIT, ask_door(&channel, CARD)).await.unwrap().unwrap_err();
    assert!(matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded), "{status:?}");
    cluster.thaw().await;
    let give_up = Instant::now() + HEAL_LIMIT;
    while ask_door(&channel, CARD).await.is_err() {
        assert!(Instant::now() < give_up, "the server does not heal");
        sleep(Duration::from_millis(200)).await;
    }
}
