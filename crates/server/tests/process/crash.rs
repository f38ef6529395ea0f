//! A server that is killed, and one that is told to stop.

use crate::kit::{CARD, Installation, OTHER_CARD, checkout, sign_in};
use kortisto::common::v1::{RefusalReason, Verdict};
use kortisto_testkit::{
    chaos_proxy::{ChaosProxy, Direction},
    postgres::{Cluster, Template},
    register::new_id,
};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The answer to a check-out is held back; the loan is committed; the server is killed with SIGKILL before
/// the answer arrives; the device asks again under the same request id once it is back (I5, I10).
async fn a_loan_survives_its_server(installation: &Installation) {
    let server = installation.serve().await;
    let identity = installation.enrol("kiosk", "self-checkout").await;
    let proxy = ChaosProxy::start(installation.addr).await.unwrap();
    let channel = installation.connect(proxy.address(), Some(&identity)).await;
    let token = sign_in(&channel, CARD).await;
    let id = new_id();

    proxy.delay(Direction::ToClient, Duration::from_secs(60));
    let unanswered = tokio::spawn({
        let (channel, id, token) = (channel.clone(), id.clone(), token.clone());
        async move { checkout(&channel, &id, &token).await }
    });
    let give_up = Instant::now() + Duration::from_secs(10);
    while installation.open_loans().await == 0 {
        assert!(Instant::now() < give_up, "the loan is not committed");
        sleep(Duration::from_millis(20)).await;
    }
    server.kill9();
    drop(proxy);
    assert!(unanswered.await.unwrap().is_err(), "nobody has answered");

    let server = installation.serve().await;
    let channel = installation.connect(installation.addr, Some(&identity)).await;
    let first = checkout(&channel, &id, &token).await.unwrap();
    assert_eq!(first.verdict(), Verdict::Granted, "{:?}", first.refusals);
    let second = checkout(&channel, &id, &token).await.unwrap();
    assert_eq!(first, second);
    assert_eq!(installation.open_loans().await, 1);
    let other = sign_in(&channel, OTHER_CARD).await;
    let refused = checkout(&channel, &new_id(), &other).await.unwrap();
    assert_eq!(refused.refusals[0].reason(), RefusalReason::ItemOnLoan);
    drop(channel);
    assert_eq!(server.stop(), Some(0), "SIGTERM ends it in order");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loan_survives_its_server_on_sqlite() {
    a_loan_survives_its_server(&Installation::set_up(None)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loan_survives_its_server_on_postgres() {
    let cluster = Cluster::shared().await.unwrap();
    let database = cluster.create_database_from(&Template::empty()).await.unwrap();
    a_loan_survives_its_server(&Installation::set_up(Some(database.url()))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_file_has_one_server_but_any_number_of_commands() {
    let installation = Installation::set_up(None);
    let _server = installation.serve().await;
    let second = installation.run(&["serve"]);
    assert!(!second.status.success());
    let text = String::from_utf8_lossy(&second.stderr);
    assert!(text.contains("another server has") && text.contains("PostgreSQL"), "{text}");
    assert!(installation.succeed(&["check"]).contains("Nothing is wrong"));
    assert!(installation.succeed(&["device", "list"]).contains("NAME"));
}

#[test]
fn a_server_without_keys_says_how_to_mend_it() {
    let installation = Installation::set_up(None);
    std::fs::remove_file(installation.path().join("keys.toml")).unwrap();
    let output = installation.run(&["serve"]);
    assert!(!output.status.success());
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("keys"), "{text}");
    let check = installation.run(&["check"]);
    assert!(!check.status.success());
    assert!(String::from_utf8_lossy(&check.stdout).contains("WRONG  keys"));
}
