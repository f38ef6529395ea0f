//! Bad connections harm nobody else.

use std::time::{Duration, Instant};

use kortisto_server::accept::AcceptLimits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::kit::{Server, Settings, check};

fn with_limits(change: impl FnOnce(&mut AcceptLimits)) -> Settings {
    let mut settings = Settings::default();
    change(&mut settings.limits);
    settings
}

/// How long the server keeps a connection that says nothing more.
async fn time_until_closed(mut tcp: TcpStream) -> Duration {
    let begun = Instant::now();
    let mut rest = Vec::new();
    let _ =
        tokio::time::timeout(Duration::from_secs(5), tcp.read_to_end(&mut rest)).await.expect("it is closed");
    begun.elapsed()
}

#[tokio::test]
async fn a_handshake_that_takes_too_long_is_given_up() {
    let server = Server::start(with_limits(|limits| limits.handshake = Duration::from_millis(200))).await;
    let silent = server.tcp().await;
    let mut slow = server.tcp().await;
    slow.write_all(&[0x16, 0x03, 0x01]).await.unwrap();
    for tcp in [silent, slow] {
        assert!(time_until_closed(tcp).await < Duration::from_secs(2));
    }
    assert!(server.answers().await);
}

#[tokio::test]
async fn a_device_that_finishes_its_handshake_and_stays_silent_is_closed() {
    let server = Server::start(with_limits(|limits| limits.preface = Duration::from_millis(200))).await;
    let device = server.pki.device();
    let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();
    let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(server.pki.client(Some(&device))));
    let mut stream = connector.connect(name, server.tcp().await).await.unwrap();
    stream.write_all(b"PRI * HTTP").await.unwrap();
    let mut rest = Vec::new();
    tokio::time::timeout(Duration::from_secs(3), stream.read_to_end(&mut rest))
        .await
        .expect("it is closed")
        .ok();
    assert!(server.answers().await);
}

#[tokio::test]
async fn five_hundred_aborted_handshakes_leave_the_loop_running() {
    let server = Server::start(Settings::default()).await;
    for round in 0..500_u32 {
        let mut tcp = server.tcp().await;
        match round % 3 {
            0 => {}
            1 => tcp.write_all(&[0x16, 0x03, 0x01, 0x02]).await.unwrap(),
            _ => tcp.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap(),
        }
    }
    let begun = Instant::now();
    assert!(server.answers().await);
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn half_open_handshakes_do_not_keep_an_honest_device_out() {
    let limits = |limits: &mut AcceptLimits| {
        limits.handshakes_max = 40;
        limits.handshakes_per_address_max = 20;
    };
    let server = Server::start(with_limits(limits)).await;
    let mut half_open = Vec::new();
    for _ in 0..100 {
        half_open.push(server.tcp().await);
    }
    let begun = Instant::now();
    assert!(server.answers().await);
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn one_connection_too_many_is_closed_and_a_closed_one_makes_room() {
    let server = Server::start(with_limits(|limits| limits.connection_max = 2)).await;
    let device = server.pki.device();
    let first = server.channel(&device).await;
    let second = server.channel(&device).await;
    check(first.clone(), "").await.unwrap();
    check(second, "").await.unwrap();
    assert!(!server.answers().await, "the third is closed");
    check(first, "").await.expect("the first is not concerned");
    // Both channels are dropped by now, but for the time that it takes the server to notice.
    for _ in 0..100 {
        if server.answers().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("no room was made");
}
