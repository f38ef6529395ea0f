//! How the server stops.

use std::time::{Duration, Instant};

use kortisto_server::shutdown::{DrainLimits, Phase, Stopped};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tonic_health::ServingStatus;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::kit::{Server, Settings, check};

#[tokio::test]
async fn an_idle_device_does_not_hold_up_the_stop() {
    let server = Server::start(Settings::default()).await;
    let channel = server.channel(&server.pki.device()).await;
    check(channel.clone(), "").await.unwrap();
    let begun = Instant::now();
    assert_eq!(server.stop().await, Stopped::Drained);
    assert!(begun.elapsed() < Duration::from_millis(300), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_silent_client_does_not_hold_up_the_stop_and_is_closed() {
    let server = Server::start(Settings::default()).await;
    let device = server.pki.device();
    let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();
    let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(server.pki.client(Some(&device))));
    let mut silent = connector.connect(name, server.tcp().await).await.unwrap();
    let half_open = server.tcp().await;
    tokio::time::sleep(Duration::from_millis(50)).await;

    let begun = Instant::now();
    let stopped = server.stop().await;
    assert_eq!(stopped, Stopped::Cut);
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    let mut rest = Vec::new();
    let closed = tokio::time::timeout(Duration::from_secs(1), silent.read_to_end(&mut rest)).await;
    closed.expect("the connection is closed, not left behind").ok();
    drop(half_open);
}

#[tokio::test]
async fn calls_under_way_end_and_health_says_not_serving_before() {
    let drain = DrainLimits { lame_duck: Duration::from_millis(400), drain: Duration::from_secs(5) };
    let server = Server::start(Settings { drain, ..Settings::default() }).await;
    let (addr, stop) = (server.addr, server.stop.clone());
    let channel = server.channel(&server.pki.device()).await;
    let mut health = HealthClient::new(channel.clone());
    let mut watch = health.watch(HealthCheckRequest::default()).await.unwrap().into_inner();
    let first = watch.message().await.unwrap().unwrap();
    assert_eq!(first.status, ServingStatus::Serving as i32);

    let stopping = tokio::spawn(server.stop());
    let next = watch.message().await.unwrap().unwrap();
    assert_eq!(next.status, ServingStatus::NotServing as i32);
    assert_eq!(stop.phase(), Phase::LameDuck);
    check(channel, "").await.expect("a lame duck still answers");
    drop(watch);
    assert_eq!(stopping.await.unwrap(), Stopped::Drained);
    TcpStream::connect(addr).await.expect_err("nobody listens any more");
}
