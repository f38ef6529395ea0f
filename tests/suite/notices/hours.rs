//! Text messages go out by day, everything else at any time.

use super::Post;
use chrono::{Days, TimeDelta};
use kortisto_domain::{
    NoticeChannel, NoticeKind, NoticeReason, NoticeState,
    notices::{hours::SmsHours, retry},
};
use kortisto_register::notices::{Delivery, Destination};
use kortisto_testkit::{Engine, on_both_engines, register::TestPatron};

/// 08:00 and 21:00, in minutes.
const FROM: u16 = 8 * 60;
const UNTIL: u16 = 21 * 60;

async fn open(engine: Engine) -> Post {
    Post::open_within(engine, SmsHours::new(FROM, UNTIL).unwrap()).await
}

/// Goes to this minute of the day after so many days.
fn go(post: &Post, days: u64, minute: u16) {
    let moment = post.t.surroundings.moment();
    post.t.clock.set(moment.at_minute(moment.today() + Days::new(days), minute));
}

async fn texted(post: &Post) -> TestPatron {
    let patron = post.t.patron().await;
    post.t.phone(&patron, "+358401234567").await;
    post.prefer(&patron, NoticeKind::Pickup, NoticeChannel::Sms, None).await;
    patron
}

on_both_engines! {
    async fn nobody_gets_a_text_message_at_night(engine: Engine) {
        let post = open(engine).await;
        go(&post, 1, 5);
        post.ready(&texted(&post).await).await;
        post.ready(&post.patron().await).await;
        let done = post.deliver().await;
        assert_eq!((done.sent, done.later), (1, 1), "{done:?}");
        assert!(matches!(post.recorder.empty()[..], [ref mail] if matches!(mail.destination, Destination::Email(_))));
        let row = post.notices().await.remove(0);
        assert_eq!((row.state, row.tries, row.reason), (NoticeState::Waiting.code(), 0, None));
        let moment = post.t.surroundings.moment();
        assert_eq!(row.next_try_at, Some(moment.at_minute(moment.today(), FROM)));
        assert_eq!((row.taken_by, row.taken_until), (None, None));

        go(&post, 0, FROM - 1);
        assert_eq!(post.deliver().await.later, 0, "it is not even taken");
        go(&post, 0, FROM);
        assert!(matches!(post.one().await.destination, Destination::Sms(_)));
        let row = post.notices().await.remove(0);
        assert_eq!((row.state, row.tries), (NoticeState::Sent.code(), 1));
        post.t.probe().await;
    }

    async fn a_retry_does_not_come_at_night_either(engine: Engine) {
        let post = open(engine).await;
        go(&post, 1, UNTIL - 2);
        post.ready(&texted(&post).await).await;
        post.recorder.answer(Some(Delivery::Later(NoticeReason::NoAnswer)));
        assert_eq!(post.deliver().await.later, 1);
        post.recorder.empty();
        post.recorder.answer(None);
        post.t.clock.advance(retry::pause(1).unwrap() + TimeDelta::minutes(1));
        assert_eq!(post.deliver().await.later, 1);
        assert!(post.recorder.empty().is_empty());
        let row = post.notices().await.remove(0);
        assert_eq!((row.tries, row.reason), (1, Some(NoticeReason::NoAnswer.code())), "what was tried stays counted");
        let moment = post.t.surroundings.moment();
        assert_eq!(row.next_try_at, Some(moment.at_minute(moment.today() + Days::new(1), FROM)));
        go(&post, 1, FROM);
        post.one().await;
        assert_eq!(post.notices().await[0].tries, 2);
        post.t.probe().await;
    }
}
