//! A delivery that fails is tried again with growing pauses, and given up in the end for staff to see.

use super::{Post, order};
use chrono::TimeDelta;
use kortisto_domain::{
    NoticeChannel, NoticeKind, NoticeReason, NoticeState,
    items::LABEL_CHARS_MAX,
    notices::{retry, text::SUBJECT_CHARS_MAX},
};
use kortisto_register::{
    jobs::JobOrder,
    notices::{Delivery, Halt},
};
use kortisto_store::entities::{notice_templates, titles};
use kortisto_testkit::{on_both_engines, register::TestItem};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, EntityTrait as _};

/// A template of pickup notices in Finnish, put in force unseen; gives its key.
async fn template(post: &Post, channel: NoticeChannel, subject: &str, body: &str) -> i64 {
    let row = notice_templates::ActiveModel {
        kind: Set(NoticeKind::Pickup.code()),
        step: Set(0),
        channel: Set(channel.code()),
        language: Set("fi".to_owned()),
        subject: Set(subject.to_owned()),
        body: Set(body.to_owned()),
        changed_at: Set(post.t.clock.now()),
        changed_by: Set("test".to_owned()),
        ..Default::default()
    };
    row.insert(post.t.store.writer()).await.unwrap().id
}

/// Gives the title of an item another label.
async fn label(post: &Post, item: &TestItem, label: &str) {
    let row = titles::ActiveModel { id: Set(item.title), label: Set(label.to_owned()), ..Default::default() };
    row.update(post.t.store.writer()).await.unwrap();
}

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

    async fn a_template_that_makes_no_text_gives_way_to_the_one_built_in(engine: Engine) {
        let post = Post::open(engine).await;
        let patron = post.patron().await;
        // Behind the back of the check: as if a later version took a placeholder away.
        let broken = template(&post, NoticeChannel::Email, "Varaus", "{{ gone }}").await;
        post.ready(&patron).await;
        let message = post.one().await;
        assert_eq!(message.subject, "Varauksesi on noudettavissa");
        assert!(message.body.contains("Noutonumero: "), "{}", message.body);
        notice_templates::Entity::delete_by_id(broken).exec(post.t.store.writer()).await.unwrap();

        // Put in force before it was tried with long titles, of which it holds three.
        post.t.phone(&patron, "+358401234567").await;
        post.prefer(&patron, NoticeKind::Pickup, NoticeChannel::Sms, None).await;
        template(&post, NoticeChannel::Sms, "", "{{ title }} {{ title }} {{ title }}").await;
        post.ready(&patron).await;
        assert!(post.one().await.body.starts_with("Kirjailija: Teos"));
        let (_, long) = post.ready(&patron).await;
        label(&post, &long, &"pitkä ".repeat(33)).await;
        assert!(post.one().await.body.contains("varaus noudettavissa"), "the one built in");
        assert!(post.notices().await.iter().all(|row| (row.state, row.tries) == (NoticeState::Sent.code(), 1)));
        post.t.probe().await;
    }

    async fn a_subject_with_a_long_title_is_shortened(engine: Engine) {
        let post = Post::open(engine).await;
        template(&post, NoticeChannel::Email, "Nouda: {{ title }}", "{{ title }}").await;
        let (_, item) = post.ready(&post.patron().await).await;
        label(&post, &item, &"ä".repeat(LABEL_CHARS_MAX)).await;
        let message = post.one().await;
        assert_eq!(message.subject.chars().count(), SUBJECT_CHARS_MAX);
        assert!(message.subject.starts_with("Nouda: ää") && message.subject.ends_with("ä..."));
        assert_eq!(message.body.chars().count(), LABEL_CHARS_MAX, "the text has it whole");
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
