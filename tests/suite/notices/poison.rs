//! One message that gets no answer holds nobody else up.

use super::{
    deliver,
    endpoint::{Asked, Behaviour, endpoint},
    gateway::{ready, texted_at, webhook_within},
    rows,
};
use chrono::TimeDelta;
use kortisto_domain::{
    NoticeState,
    notices::retry::{self, NOT_TRIED_PAUSE},
};
use kortisto_register::notices::Couriers;
use kortisto_testkit::{TestOptions, TestRegister, on_both_engines};
use std::time::Duration;
use tempfile::TempDir;

/// The number of somebody whose messages the gateway chokes on.
const POISON: &str = "+358409999999";

/// How often the gateway was asked to send to this number.
fn times(asked: &Asked, number: &str) -> usize {
    let asked = asked.lock().unwrap();
    asked.iter().filter(|(_, body)| String::from_utf8_lossy(body).contains(number)).count()
}

on_both_engines! {
    async fn a_message_without_an_answer_takes_no_other_one_with_it(engine: Engine) {
        let folder = TempDir::new().unwrap();
        let behaviour = Behaviour { silent_to: Some(POISON), ..Behaviour::of("202 Accepted", "{}") };
        let (url, asked) = endpoint(behaviour).await;
        let sms = Some(webhook_within(&folder, &url, Duration::from_millis(300)));
        let options = TestOptions { couriers: Couriers { sms, ..Couriers::default() }, ..TestOptions::default() };
        let t = TestRegister::start_with(engine, options).await;
        // Long enough on the shelf to be tried to the end.
        t.policy("hold.pickup_days", "30").await;
        let (poison, good) = (texted_at(&t, POISON).await, texted_at(&t, "+358401234567").await);
        ready(&t, &poison).await;
        for _ in 0..4 {
            ready(&t, &good).await;
        }

        // The oldest is the first, and the others are not tried.
        assert_eq!(deliver(&t).await.later, 5);
        let tries: Vec<_> = rows(&t).await.iter().map(|row| row.tries).collect();
        assert_eq!(tries, [1, 0, 0, 0, 0], "only what was tried counts");
        let taken: Vec<_> = rows(&t).await.iter().map(|row| (row.taken_by.is_some(), row.taken_until)).collect();
        assert_eq!(taken[1..], [(false, None); 4], "as before");
        t.clock.advance(NOT_TRIED_PAUSE);
        assert_eq!(deliver(&t).await.sent, 4, "without the one that gets no answer");

        // At each of its later tries somebody else is behind it.
        for tries in 2..=retry::TRIES_MAX {
            t.clock.advance(retry::pause(tries - 1).unwrap());
            ready(&t, &good).await;
            let done = deliver(&t).await;
            assert_eq!(done.sent, 0, "{tries}: {done:?}");
            t.clock.advance(NOT_TRIED_PAUSE);
            assert_eq!(deliver(&t).await.sent, 1, "{tries}");
        }
        let found = rows(&t).await;
        assert_eq!((found[0].state, found[0].tries), (NoticeState::Failed.code(), retry::TRIES_MAX));
        assert!(found[1..].iter().all(|row| (row.state, row.tries) == (NoticeState::Sent.code(), 1)));
        assert_eq!(times(&asked, POISON), retry::TRIES_MAX as usize);
        assert_eq!(times(&asked, "+358401234567"), found.len() - 1, "each once");
        t.clock.advance(TimeDelta::days(1));
        assert_eq!(deliver(&t).await.later, 0);
        t.probe().await;
    }
}
