//! Stopping does not wait for those who never go, and loses nothing of those who are being answered.

use kortisto_domain::DeviceKind;
use kortisto_server::shutdown::DrainLimits;
use kortisto_testkit::{TestOptions, TestRegister, on_both_engines, register::new_id};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
    time::Instant,
};

/// Time that the servers of these tests give calls under way.
const DRAIN: Duration = Duration::from_millis(700);

/// What the test allows on top: cutting what is left, closing, a busy machine.
const SLACK: Duration = Duration::from_secs(2);

/// The first bytes of a TLS record that announces a ClientHello of 512 bytes, which never come.
const HALF_A_HELLO: [u8; 9] = [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc];

fn options() -> TestOptions {
    let drain = DrainLimits { lame_duck: Duration::from_millis(50), drain: DRAIN };
    TestOptions { drain, ..TestOptions::default() }
}

/// Whether the other end has closed.
async fn is_closed(stream: &mut TcpStream) -> bool {
    let mut buffer = [0; 64];
    let read = tokio::time::timeout(Duration::from_secs(1), stream.read(&mut buffer)).await;
    matches!(read, Ok(Ok(0) | Err(_)))
}

on_both_engines! {
    async fn those_who_say_nothing_are_not_waited_for(engine: Engine) {
        let t = TestRegister::start_with(engine, options()).await;
        let idle = t.device(DeviceKind::Door).await;
        idle.ask_door("853A1", None, "door").await.unwrap();
        let mut silent = Vec::new();
        for addr in [t.addr, t.enrolment_addr] {
            silent.push(TcpStream::connect(addr).await.unwrap());
            let mut half = TcpStream::connect(addr).await.unwrap();
            half.write_all(&HALF_A_HELLO).await.unwrap();
            silent.push(half);
        }
        let begun = Instant::now();
        t.stop().await;
        assert!(begun.elapsed() < DRAIN + SLACK, "{:?}", begun.elapsed());
        for stream in &mut silent {
            assert!(is_closed(stream).await);
        }
        assert!(TcpStream::connect(t.addr).await.is_err());
    }

    async fn calls_under_way_are_answered(engine: Engine) {
        let t = TestRegister::start_with(engine, options()).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let patron = t.patron().await;
        let token = kiosk.sign_in(&patron.card, patron.pin).await;
        let mut calls = JoinSet::new();
        for _ in 0..24 {
            let (kiosk, token, item) = (kiosk.clone(), token.clone(), t.item().await);
            calls.spawn(async move { (kiosk.checkout_as(&new_id(), &token, &item.barcode).await, item) });
        }
        let stopping = t.stop();
        let (answers, ()) = tokio::join!(calls.join_all(), stopping);
        let mut lent = 0;
        for (answer, item) in &answers {
            let open = t.open_loans_of(item).await;
            if let Ok(answer) = answer {
                assert!(answer.loan.is_some(), "{:?}", answer.refusals);
                assert_eq!(open, 1, "an acknowledged loan");
                lent += 1;
            }
            assert!(open <= 1);
        }
        assert!(lent > 0, "some were under way: {answers:?}");
        t.probe().await;
    }
}
