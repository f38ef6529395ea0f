//! Who is let in.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use kortisto_server::ca::Authority;
use kortisto_server::identity::{Applicant, fingerprint};
use kortisto_server::tls::TlsReloader;
use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, HandshakeKind, ProtocolVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::kit::{Device, NAME, Pki, Server, Settings, check};

/// Connects and waits for what the server says first: with TLS 1.3 a client learns of a refused
/// certificate only when it reads.
async fn connect(server: &Server, config: ClientConfig) -> std::io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from(NAME).unwrap();
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, server.tcp().await).await?;
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await?;
    let mut first = [0];
    tokio::time::timeout(Duration::from_secs(5), stream.read_exact(&mut first)).await.expect("an answer")?;
    Ok(stream)
}

#[tokio::test]
async fn a_device_is_known_by_the_fingerprint_of_its_certificate() {
    let server = Server::start(Settings::default()).await;
    let device = server.pki.device();
    let channel = server.channel(&device).await;
    check(channel.clone(), "").await.unwrap();
    check(channel, "").await.unwrap();
    let seen = server.seen.lock().unwrap().clone();
    let [first, second] = seen.each_ref_of_two();
    let (first, second) = (first.peer.clone().unwrap(), second.peer.clone().unwrap());
    assert_eq!(first.fingerprint, device.certificate.fingerprint);
    assert_eq!(first.fingerprint, fingerprint(&device.tls().0[0]));
    assert_eq!(first.not_after, device.certificate.not_after);
    assert!(first.peer_addr.ip().is_loopback());
    assert!(
        Arc::ptr_eq(&first.device, &second.device),
        "what is known of the device stays with the connection"
    );
}

trait TwoOf<T> {
    fn each_ref_of_two(&self) -> [&T; 2];
}

impl<T> TwoOf<T> for Vec<T> {
    fn each_ref_of_two(&self) -> [&T; 2] {
        let [first, second] = self.as_slice() else { panic!("two expected, not {}", self.len()) };
        [first, second]
    }
}

#[tokio::test]
async fn without_a_certificate_nobody_is_let_in() {
    let server = Server::start(Settings::default()).await;
    let error = connect(&server, server.pki.client(None)).await.unwrap_err();
    assert!(error.to_string().contains("CertificateRequired"), "{error}");
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused() {
    let server = Server::start(Settings::default()).await;
    let now = server.pki.clock.now();
    let other = Authority::create(now, "Kirkes").unwrap();
    let stranger = Device::of(&other, now, TimeDelta::days(7));
    connect(&server, server.pki.client(Some(&stranger))).await.unwrap_err();
    assert!(server.seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_certificate_that_has_ended_is_refused_by_the_registers_clock() {
    let server = Server::start(Settings::default()).await;
    let device = server.pki.device();
    connect(&server, server.pki.client(Some(&device))).await.unwrap();
    server.pki.clock.turn(TimeDelta::days(8));
    let error = connect(&server, server.pki.client(Some(&device))).await.unwrap_err();
    assert!(error.to_string().contains("CertificateExpired"), "{error}");
}

#[tokio::test]
async fn the_servers_own_certificate_opens_nothing() {
    let server = Server::start(Settings::default()).await;
    let key_pem = std::fs::read_to_string(server.pki.path("server.key")).unwrap();
    let mut device = server.pki.device();
    device.certificate.pem = std::fs::read_to_string(server.pki.path("server.pem")).unwrap();
    device.key_pem = key_pem;
    connect(&server, server.pki.client(Some(&device))).await.unwrap_err();
}

#[tokio::test]
async fn only_tls_1_3_is_spoken() {
    let server = Server::start(Settings::default()).await;
    let device = server.pki.device();
    let stream = connect(&server, server.pki.client(Some(&device))).await.unwrap();
    assert_eq!(stream.get_ref().1.protocol_version(), Some(ProtocolVersion::TLSv1_3));
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));

    // A ClientHello of TLS 1.2: no extension offers anything newer.
    let mut hello = vec![0x03, 0x03];
    hello.extend([0x11; 32]);
    hello.extend([0, 0, 2, 0xc0, 0x2b, 1, 0]);
    let mut record = vec![0x16, 0x03, 0x01, 0, u8::try_from(hello.len() + 4).unwrap(), 0x01, 0, 0];
    record.push(u8::try_from(hello.len()).unwrap());
    record.extend(hello);
    let mut tcp = server.tcp().await;
    tcp.write_all(&record).await.unwrap();
    let mut answer = Vec::new();
    tcp.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer.first(), Some(&0x15), "an alert and nothing else: {answer:?}");
}

#[tokio::test]
async fn plaintext_is_not_spoken() {
    let server = Server::start(Settings::default()).await;
    let mut tcp = server.tcp().await;
    tcp.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    let mut answer = Vec::new();
    // Either an alert or a reset; never a SETTINGS frame of HTTP/2 (type 4).
    let _ = tcp.read_to_end(&mut answer).await;
    assert_ne!(answer.get(3), Some(&0x04), "{answer:?}");
    assert!(answer.is_empty() || answer[0] == 0x15, "{answer:?}");
}

#[tokio::test]
async fn nobody_resumes_a_session() {
    let server = Server::start(Settings::default()).await;
    let device = server.pki.device();
    let mut config = server.pki.client(Some(&device));
    config.resumption = Resumption::in_memory_sessions(8);
    config.enable_early_data = true;
    for _ in 0..3 {
        // The clone shares the client's store of sessions.
        let mut stream = connect(&server, config.clone()).await.unwrap();
        assert_eq!(stream.get_ref().1.handshake_kind(), Some(HandshakeKind::Full));
        assert!(!stream.get_ref().1.is_early_data_accepted());
        // Time for a ticket to arrive, if the server sent one.
        let mut rest = [0; 64];
        let _ = tokio::time::timeout(Duration::from_millis(50), stream.read(&mut rest)).await;
        assert_eq!(stream.get_ref().1.tls13_tickets_received(), 0);
    }
}

#[tokio::test]
async fn an_applicant_needs_no_certificate_on_the_enrolment_endpoint() {
    let pki = Pki::new();
    let tls = TlsReloader::load(pki.files(), pki.clock.reader()).unwrap();
    let in_use = Arc::clone(&tls);
    let config = Arc::new(move || in_use.for_enrolment());
    let server = Server::start_as::<Applicant>(pki, tls, config, Settings::default()).await;
    let stream = connect(&server, server.pki.client(None)).await.unwrap();
    assert_eq!(stream.get_ref().1.protocol_version(), Some(ProtocolVersion::TLSv1_3));
}
