//! Notices come about with what they are about, once, and are dropped when it is over.

use super::{Post, deliver, email_of, order, rows};
use chrono::TimeDelta;
use kortisto::{common::v1::Verdict, device::v1::StockCompartmentRequest};
use kortisto_domain::{DeviceKind, NoticeChannel, NoticeKind, NoticeReason, NoticeState};
use kortisto_register::{
    jobs::Job,
    notices::{Delivered, Halt},
};
use kortisto_store::entities::{holds, resources};
use kortisto_testkit::{
    on_both_engines,
    register::{BRANCH_EAST, BRANCH_MAIN, Device, ItemSeed, TestHold, TestPatron, new_id},
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

/// Puts the item of a hold into a compartment.
async fn stock(locker: &Device, hold: TestHold, compartment: &str) {
    let ask = StockCompartmentRequest {
        request_id: new_id(),
        hold_id: hold.id.to_string(),
        compartment: compartment.to_owned(),
    };
    let answer = locker.holds().stock_compartment(ask).await.unwrap().into_inner();
    assert_eq!(answer.verdict(), Verdict::Granted, "{:?}", answer.refusals);
}

/// A hold that is ready on the shelf, of somebody who wished to have it from the locker with this code.
async fn ready_for_locker(post: &Post, patron: &TestPatron, code: &str) -> TestHold {
    let (hold, _) = post.ready(patron).await;
    let locker = resources::Entity::find().filter(resources::Column::Code.eq(code));
    let locker = locker.one(post.t.store.writer()).await.unwrap().unwrap();
    post.t.set_hold(hold, holds::Column::PickupLockerId, locker.id).await;
    hold
}

on_both_engines! {
    async fn a_hold_that_becomes_ready_is_told_once(engine: Engine) {
        let post = Post::open(engine).await;
        let patron = post.patron().await;
        let (hold, item) = post.ready(&patron).await;
        let row = &post.notices().await[0];
        assert_eq!((row.kind, row.state), (NoticeKind::Pickup.code(), NoticeState::Waiting.code()));
        assert_eq!((row.patron_id, row.channel, row.tries), (patron.id, None, 0));
        let line = &post.lines().await[0];
        assert_eq!((line.notice_id, line.hold_id), (row.id, Some(hold.id)));

        // Scanned once more where it waits: nothing new is told.
        post.kiosk.take_back(&item.barcode).await.unwrap();
        assert_eq!(post.notices().await.len(), 1);

        let message = post.one().await;
        let ready = post.t.hold_row(hold).await;
        assert_eq!((message.id, message.language.as_str()), (row.id, "fi"));
        assert_eq!(email_of(&message), "aino@example.fi");
        assert_eq!(message.subject, "Varauksesi on noudettavissa");
        assert!(message.body.contains(&ready.pickup_number.unwrap()), "{}", message.body);
        for name in ["Testaaja", "Aino", &patron.card, &patron.number] {
            assert!(!message.body.contains(name) && !message.subject.contains(name), "A60: never the name");
        }
        let sent = &post.notices().await[0];
        assert_eq!((sent.state, sent.tries), (NoticeState::Sent.code(), 1));
        assert_eq!((sent.sent_at, sent.proof.as_deref()), (Some(post.t.clock.now()), Some("taken")));
        assert_eq!((sent.channel, sent.sent_to_id), (Some(NoticeChannel::Email.code()), Some(patron.id)));
        assert_eq!(post.deliver().await, Delivered { finished: true, ..Delivered::default() });
        post.t.probe().await;
    }

    async fn every_way_to_the_shelf_is_told(engine: Engine) {
        let post = Post::open(engine).await;
        let (late, heir) = (post.patron().await, post.patron().await);
        let (first, item) = post.ready(&late).await;
        let next = post.t.hold(&heir, item.title, BRANCH_MAIN).await;
        // Nobody picks it up, and it goes to the next one.
        post.t.clock.advance(TimeDelta::days(8));
        post.t.job(Job::ExpireHolds).await;
        // Travels, and arrives.
        let travelling = post.t.item_with(ItemSeed { home: BRANCH_EAST, ..ItemSeed::default() }).await;
        let elsewhere = post.t.hold(&heir, travelling.title, BRANCH_EAST).await;
        post.kiosk.take_back(&travelling.barcode).await.unwrap();
        assert_eq!(post.notices().await.len(), 2, "on the way is not ready");
        // Straight into a compartment.
        let locker = post.t.device_at(DeviceKind::Locker, BRANCH_EAST, "east").await;
        stock(&locker, elsewhere, "7").await;
        // Given up at the shelf, and passed on.
        let given_up = post.t.hold(&late, item.title, BRANCH_MAIN).await;
        let token = post.kiosk.sign_in(&heir.card, heir.pin).await;
        post.kiosk.cancel_hold(&token, next.id).await.unwrap();
        let told: Vec<_> = post.lines().await.into_iter().filter_map(|line| line.hold_id).collect();
        for hold in [first, next, elsewhere, given_up] {
            assert_eq!(told.iter().filter(|told| **told == hold.id).count(), 1, "{told:?}");
        }
        // The first two are over by now.
        let done = post.deliver().await;
        assert_eq!((done.sent, done.dropped), (2, 2), "{done:?}");
        post.t.probe().await;
    }

    async fn a_locker_is_named_once_the_item_lies_in_it(engine: Engine) {
        let post = Post::open(engine).await;
        let patron = post.patron().await;
        post.t.locker(BRANCH_MAIN, "Kaappi").await;
        let (locker, other) = (post.t.device(DeviceKind::Locker).await, post.t.device(DeviceKind::Locker).await);
        let hold = ready_for_locker(&post, &patron, "Kaappi").await;
        let at_shelf = post.one().await;
        assert!(!at_shelf.body.contains("Kaappi"), "it is on the shelf still: {}", at_shelf.body);
        post.t.clock.advance(TimeDelta::hours(3));
        stock(&locker, hold, "7").await;
        let in_locker = post.one().await;
        assert!(in_locker.body.contains("Kaappi") && in_locker.id != at_shelf.id, "{}", in_locker.body);
        // Moved, also to another one: it was told.
        stock(&locker, hold, "8").await;
        stock(&other, hold, "1").await;
        assert_eq!(post.deliver().await, Delivered { finished: true, ..Delivered::default() });

        // Stocked before anything was told: told once, with the locker.
        let quick = ready_for_locker(&post, &patron, "Kaappi").await;
        post.t.clock.advance(TimeDelta::seconds(1));
        stock(&locker, quick, "9").await;
        let done = post.deliver().await;
        assert_eq!((done.sent, done.dropped), (1, 1), "{done:?}");
        assert!(post.recorder.empty()[0].body.contains("Kaappi"));

        // The locker in which it really lies, where its code is the name of the device.
        post.t.locker(BRANCH_MAIN, &other.name).await;
        let elsewhere = ready_for_locker(&post, &patron, "Kaappi").await;
        stock(&other, elsewhere, "2").await;
        let done = post.deliver().await;
        assert_eq!((done.sent, done.dropped), (1, 1), "{done:?}");
        let told = post.recorder.empty().remove(0);
        assert!(told.body.contains(&other.name) && !told.body.contains("Kaappi"), "{}", told.body);

        // Nobody wished a locker: what was told of the shelf is enough.
        let (unasked, _) = post.ready(&patron).await;
        post.one().await;
        stock(&locker, unasked, "3").await;
        assert_eq!(post.deliver().await.sent, 0);
        post.t.probe().await;
    }

    async fn what_is_over_or_unwanted_is_dropped(engine: Engine) {
        let post = Post::open(engine).await;
        let (quick, quiet) = (post.patron().await, post.patron().await);
        let (hold, _) = post.ready(&quick).await;
        let token = post.kiosk.sign_in(&quick.card, quick.pin).await;
        post.kiosk.pick_up(&token, hold.id).await.unwrap();
        post.prefer(&quiet, NoticeKind::Pickup, NoticeChannel::None, None).await;
        post.ready(&quiet).await;
        let dry = post.t.register.deliver_notices(order().dry(), &Halt::default()).await.unwrap();
        assert_eq!(dry.sent, 2);
        assert_eq!(post.notices().await[0].tries, 0, "a dry run takes nothing");
        assert_eq!(post.deliver().await.dropped, 2);
        let reasons: Vec<_> = post.notices().await.iter().map(|row| row.reason).collect();
        assert_eq!(reasons, [NoticeReason::Over, NoticeReason::Unwanted].map(|reason| Some(reason.code())));
        assert!(post.recorder.empty().is_empty());

        // A hold that was sent on and is ready again elsewhere: the first number is told to nobody.
        let patron = post.patron().await;
        let (again, item) = post.ready(&patron).await;
        post.t.clock.advance(TimeDelta::minutes(1));
        post.t.set_hold(again, holds::Column::PickupBranchId, BRANCH_EAST).await;
        post.kiosk.take_back(&item.barcode).await.unwrap();
        let east = post.t.device_at(DeviceKind::SelfCheckout, BRANCH_EAST, "east").await;
        east.take_back(&item.barcode).await.unwrap();
        let done = post.deliver().await;
        assert_eq!((done.sent, done.dropped), (1, 1), "{done:?}");
        post.t.probe().await;
    }

    async fn without_any_channel_notices_wait(engine: Engine) {
        let t = kortisto_testkit::TestRegister::start(engine).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let (patron, item) = (t.patron().await, t.item().await);
        t.hold(&patron, item.title, BRANCH_MAIN).await;
        kiosk.take_back(&item.barcode).await.unwrap();
        assert_eq!(deliver(&t).await, Delivered::default());
        assert_eq!(rows(&t).await[0].state, NoticeState::Waiting.code());
    }
}
