//! Every fault, against a server that sends back what it gets.

use super::{ChaosProxy, Direction};
use std::{
    io::ErrorKind,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy},
    net::{TcpListener, TcpStream},
    time::{Instant, timeout},
};

/// Longer than anything here takes, shorter than anybody waits.
const LIMIT: Duration = Duration::from_secs(5);

/// Long enough to be sure that nothing comes.
const SILENCE: Duration = Duration::from_millis(150);

async fn echo_server() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                _ = copy(&mut from, &mut to).await;
                _ = to.shutdown().await;
            });
        }
    });
    address
}

async fn proxy() -> ChaosProxy {
    ChaosProxy::start(echo_server().await).await.unwrap()
}

async fn client(proxy: &ChaosProxy) -> TcpStream {
    timeout(LIMIT, TcpStream::connect(proxy.address())).await.unwrap().unwrap()
}

/// Sends `text` and expects it back.
async fn exchange(stream: &mut TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut back = vec![0; text.len()];
    timeout(LIMIT, stream.read_exact(&mut back)).await.unwrap().unwrap();
    assert_eq!(back, text.as_bytes());
}

/// Reads to the end, and tells how it came.
async fn rest(stream: &mut TcpStream) -> (Vec<u8>, Option<ErrorKind>) {
    let mut bytes = Vec::new();
    let end = timeout(LIMIT, stream.read_to_end(&mut bytes)).await.unwrap();
    (bytes, end.err().map(|error| error.kind()))
}

#[tokio::test]
async fn passes_everything_and_the_end_too() {
    let proxy = proxy().await;
    let mut stream = client(&proxy).await;
    let sent: Vec<u8> = (0..1_000_000_u32).map(|number| number.to_le_bytes()[0]).collect();
    let (mut from, mut to) = stream.split();
    let send = async {
        to.write_all(&sent).await.unwrap();
        to.shutdown().await.unwrap();
    };
    let mut back = Vec::new();
    let receive = async { from.read_to_end(&mut back).await.unwrap() };
    timeout(LIMIT, async { tokio::join!(send, receive) }).await.unwrap();
    assert!(back == sent);
}

#[tokio::test]
async fn delays_each_way_by_its_own_time() {
    let proxy = proxy().await;
    let mut stream = client(&proxy).await;
    exchange(&mut stream, "warm").await;
    proxy.delay(Direction::ToServer, Duration::from_millis(60));
    proxy.delay(Direction::ToClient, Duration::from_millis(40));
    let start = Instant::now();
    exchange(&mut stream, "slow").await;
    assert!(start.elapsed() >= Duration::from_millis(100), "{:?}", start.elapsed());
    proxy.pass();
    let start = Instant::now();
    exchange(&mut stream, "fast").await;
    assert!(start.elapsed() < Duration::from_millis(100), "{:?}", start.elapsed());
}

#[tokio::test]
async fn cuts_after_so_many_bytes_once() {
    let proxy = proxy().await;
    let mut stream = client(&proxy).await;
    exchange(&mut stream, "before").await;
    let cut = proxy.cut_after(Direction::ToServer, 3);
    stream.write_all(b"abcdef").await.unwrap();
    let (bytes, end) = rest(&mut stream).await;
    assert!(b"abc".starts_with(&bytes), "no more than three came back: {bytes:?}");
    assert_eq!(end, Some(ErrorKind::ConnectionReset));
    assert!(cut.is_made());
    exchange(&mut client(&proxy).await, "the next connection is whole").await;
}

#[tokio::test]
async fn an_answer_can_be_lost_while_the_request_arrives() {
    let proxy = proxy().await;
    let mut stream = client(&proxy).await;
    let cut = proxy.cut_after(Direction::ToClient, 0);
    stream.write_all(b"question").await.unwrap();
    let (bytes, end) = rest(&mut stream).await;
    assert_eq!((bytes.len(), end, cut.is_made()), (0, Some(ErrorKind::ConnectionReset), true));
}

#[tokio::test]
async fn refuses_new_connections_only() {
    let proxy = proxy().await;
    let mut stream = client(&proxy).await;
    exchange(&mut stream, "before").await;
    proxy.refuse();
    timeout(LIMIT, proxy.refused()).await.unwrap();
    let refused = TcpStream::connect(proxy.address()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    exchange(&mut stream, "still open").await;
    proxy.pass();
    let until = Instant::now() + LIMIT;
    while TcpStream::connect(proxy.address()).await.is_err() {
        assert!(Instant::now() < until, "the port did not open again");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_freeze_holds_everything_back_and_loses_nothing() {
    let proxy = proxy().await;
    let mut old = client(&proxy).await;
    exchange(&mut old, "before").await;
    proxy.freeze();
    let mut new = client(&proxy).await;
    for stream in [&mut old, &mut new] {
        stream.write_all(b"hello").await.unwrap();
        let mut byte = [0];
        assert!(timeout(SILENCE, stream.read(&mut byte)).await.is_err(), "something came through");
    }
    proxy.pass();
    for stream in [&mut old, &mut new] {
        let mut back = [0; 5];
        timeout(LIMIT, stream.read_exact(&mut back)).await.unwrap().unwrap();
        assert_eq!(&back, b"hello");
    }
}

#[tokio::test]
async fn severs_all_at_once_even_frozen_ones() {
    let proxy = proxy().await;
    let (mut one, mut other) = (client(&proxy).await, client(&proxy).await);
    exchange(&mut one, "one").await;
    exchange(&mut other, "other").await;
    proxy.freeze();
    proxy.sever();
    assert_eq!(rest(&mut one).await.1, Some(ErrorKind::ConnectionReset));
    assert_eq!(rest(&mut other).await.1, Some(ErrorKind::ConnectionReset));
    proxy.pass();
    exchange(&mut client(&proxy).await, "again").await;
}

#[tokio::test]
async fn a_server_that_is_gone_resets_the_client() {
    let nobody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap().local_addr().unwrap();
    let proxy = ChaosProxy::start(nobody).await.unwrap();
    assert_eq!(rest(&mut client(&proxy).await).await.1, Some(ErrorKind::ConnectionReset));
}

#[tokio::test]
async fn ends_with_its_connections_when_dropped() {
    let proxy = proxy().await;
    let mut stream = client(&proxy).await;
    exchange(&mut stream, "before").await;
    let address = proxy.address();
    drop(proxy);
    rest(&mut stream).await;
    assert!(TcpStream::connect(address).await.is_err());
}
