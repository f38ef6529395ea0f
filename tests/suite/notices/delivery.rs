//! A delivery that fails is tried again with growing pauses, and given up in the end for staff to see.

use super::{Post, order};
use chrono::TimeDelta;
use kortisto_domain::{NoticeReason, NoticeState, notices::retry};
use kortisto_register::{
    jobs::JobOrder,
    notices::{Delivery, Halt},
};
use kortisto_store::entities::notice_templates;
use kortisto_testkit::on_both_engines;
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, EntityTrait as _};

on_both_engines! {
    async fn a_notice_is_tried_again_until_it_is_given_up(engine: Engine) {
        let post = Post::open(engine).await;
        // Long enough on the shelf to be tried to the end.
        post.t.policy("hold.pickup_days", "30").await;
        post.ready(&post.patron().await).await;
        post.recorder.answer(Some(Delivery::Later(NoticeReason::NoAnswer)));
        for tries in 1..retry::TRIES_MAX {
            assert_eq!(post.deliver().await.later, 1, "try {tries}");
            let row = post.notices().await.remove(0);
            let pause = retry::pause(tries).unwrap();
            assert_eq!((row.tries, row.next_try_at), (tries, Some(post.t.clock.now() + pause)));
            assert_eq!(row.reason, Some(NoticeReason::NoAnswer.code()));
            post.t.clock.advance(pause - TimeDelta::seconds(1));
            assert_eq!(post.deliver().await.later, 0, "not before its time");
            post.t.clock.advance(TimeDelta::seconds(1));
        }
        assert_eq!(post.deliver().await.failed, 1);
        let row = post.notices().await.remove(0);
        assert_eq!((row.state, row.tries), (NoticeState::Failed.code(), retry::TRIES_MAX));
        assert_eq!((row.next_try_at, row.sent_at, row.proof), (None, None, None));
        let sent = post.recorder.empty();
        assert!(sent.len() == 9 && sent.iter().all(|message| message.id == row.id), "one id for every try");
        post.t.clock.advance(TimeDelta::days(9));
        post.recorder.answer(None);
        assert_eq!(post.deliver().await.sent, 0);
        post.t.probe().await;
    }

    async fn what_is_refused_for_good_is_not_tried_again(engine: Engine) {
        let post = Post::open(engine).await;
        post.ready(&post.patron().await).await;
        post.recorder.answer(Some(Delivery::Refused));
        assert_eq!(post.deliver().await.failed, 1);
        let row = post.notices().await.remove(0);
        assert_eq!((row.state, row.reason), (NoticeState::Failed.code(), Some(NoticeReason::Refused.code())));
        post.t.probe().await;
    }

    async fn a_template_that_makes_no_text_waits_to_be_mended(engine: Engine) {
        let post = Post::open(engine).await;
        // Behind the back of the check: as if a later version took a placeholder away.
        let broken = notice_templates::ActiveModel {
            kind: Set(3),
            step: Set(0),
            channel: Set(3),
            language: Set("fi".to_owned()),
            subject: Set("Varaus".to_owned()),
            body: Set("{{ gone }}".to_owned()),
            changed_at: Set(post.t.clock.now()),
            changed_by: Set("test".to_owned()),
            ..Default::default()
        };
        let broken = broken.insert(post.t.store.writer()).await.unwrap();
        post.ready(&post.patron().await).await;
        assert_eq!(post.deliver().await.later, 1);
        assert_eq!(post.notices().await[0].reason, Some(NoticeReason::Text.code()));
        notice_templates::Entity::delete_by_id(broken.id).exec(post.t.store.writer()).await.unwrap();
        post.t.clock.advance(TimeDelta::minutes(1));
        assert_eq!(post.deliver().await.sent, 1);
        post.t.probe().await;
    }

    async fn more_than_a_batch_goes_out_in_one_run(engine: Engine) {
        let post = Post::open(engine).await;
        let patron = post.patron().await;
        for _ in 0..7 {
            post.ready(&patron).await;
        }
        let run = JobOrder { batch: 3, ..order() };
        let done = post.t.register.deliver_notices(run, &Halt::default()).await.unwrap();
        assert_eq!((done.sent, done.finished), (7, true));
        assert_eq!(post.recorder.empty().len(), 7);
        post.t.probe().await;
    }
}
