//! A real HTTP endpoint for tests: a gateway that answers as it is told, or keeps silent.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::sleep,
};

/// What an endpoint was asked: the head, and the body.
pub(super) type Asked = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// How an endpoint answers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Behaviour {
    /// The status line after the version.
    pub(super) status: &'static str,
    /// The body.
    pub(super) body: &'static str,
    /// How long it takes.
    pub(super) after: Duration,
    /// It never answers a request with this in its body.
    pub(super) silent_to: Option<&'static str>,
}

impl Behaviour {
    /// One that answers at once.
    pub(super) const fn of(status: &'static str, body: &'static str) -> Self {
        Self { status, body, after: Duration::ZERO, silent_to: None }
    }
}

/// An endpoint that behaves like this: its address, and what it is asked.
pub(super) async fn endpoint(behaviour: Behaviour) -> (String, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/kortisto?v=1", listener.local_addr().unwrap());
    let asked = Asked::default();
    let kept = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, behaviour, Arc::clone(&kept)));
        }
    });
    (url, asked)
}

async fn answer(mut stream: TcpStream, behaviour: Behaviour, kept: Asked) {
    let mut bytes = Vec::new();
    let (head, length) = loop {
        let mut part = [0; 4096];
        let read = stream.read(&mut part).await.unwrap();
        bytes.extend_from_slice(&part[..read]);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let length = head.to_lowercase().lines().find_map(|line| {
            line.strip_prefix("content-length: ").map(|length| length.parse::<usize>().unwrap())
        });
        bytes.drain(..end + 4);
        break (head, length.unwrap());
    };
    while bytes.len() < length {
        let mut part = [0; 4096];
        let read = stream.read(&mut part).await.unwrap();
        bytes.extend_from_slice(&part[..read]);
    }
    let silent = behaviour.silent_to.is_some_and(|word| String::from_utf8_lossy(&bytes).contains(word));
    kept.lock().unwrap().push((head, bytes));
    if silent {
        std::future::pending::<()>().await;
    }
    sleep(behaviour.after).await;
    let Behaviour { status, body, .. } = behaviour;
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    stream.write_all(answer.as_bytes()).await.unwrap();
}
