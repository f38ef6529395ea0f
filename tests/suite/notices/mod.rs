//! What the library writes to patrons: into the outbox with its cause, out of it once, with proof.

mod crashes;
mod delivery;
mod endpoint;
mod gateway;
mod hours;
mod mail_server;
mod outbox;
mod poison;
mod recipients;
mod reminders;
mod smtp;
mod stopping;

use chrono::TimeDelta;
use kortisto_domain::{DeviceKind, NoticeChannel, NoticeKind, notices::hours::SmsHours};
use kortisto_register::{
    jobs::JobOrder,
    notices::{
        Consignment, Courier, Couriers, DELIVERY_BATCH_MAX, Delivered, Delivering, Delivery, Destination,
        Halt, Message,
    },
};
use kortisto_store::entities::{notice_lines, notice_preferences, notices};
use kortisto_testkit::{
    Engine, TestOptions, TestRegister,
    register::{BRANCH_MAIN, Device, TestHold, TestItem, TestPatron},
};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, EntityTrait as _, QueryOrder as _};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

/// Takes notices in and answers as it is told.
#[derive(Default)]
struct Recorder {
    taken: Mutex<Vec<Message>>,
    /// What to answer in place of yes.
    answer: Mutex<Option<Delivery>>,
}

impl Courier for Recorder {
    fn deliver<'a>(&'a self, consignment: &'a Consignment) -> Delivering<'a> {
        Box::pin(async move {
            let answer = self.answer.lock().unwrap().clone();
            self.taken.lock().unwrap().extend(consignment.messages.iter().cloned());
            let answer = answer.unwrap_or_else(|| Delivery::Sent { proof: "taken".to_owned() });
            vec![answer; consignment.messages.len()]
        })
    }
}

impl Recorder {
    fn answer(&self, answer: Option<Delivery>) {
        *self.answer.lock().unwrap() = answer;
    }

    /// What has come since the last look.
    fn empty(&self) -> Vec<Message> {
        std::mem::take(&mut *self.taken.lock().unwrap())
    }
}

/// A register whose notices all go to one recorder.
struct Post {
    t: TestRegister,
    recorder: Arc<Recorder>,
    kiosk: Device,
}

impl Post {
    async fn open(engine: Engine) -> Self {
        Self::open_within(engine, SmsHours::ALL_DAY).await
    }

    /// One that sends text messages within these hours only.
    async fn open_within(engine: Engine, sms_hours: SmsHours) -> Self {
        let recorder = Arc::new(Recorder::default());
        let all: Arc<dyn Courier> = recorder.clone();
        let couriers = Couriers { letter: Some(all.clone()), email: Some(all.clone()), sms: Some(all) };
        let options = TestOptions { couriers, sms_hours, ..TestOptions::default() };
        let t = TestRegister::start_with(engine, options).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        Self { t, recorder, kiosk }
    }

    /// A patron with an e-mail address.
    async fn patron(&self) -> TestPatron {
        let patron = self.t.patron().await;
        self.t.email(&patron, "aino@example.fi").await;
        patron
    }

    /// A hold that has just become ready, of an item that was returned for it.
    async fn ready(&self, patron: &TestPatron) -> (TestHold, TestItem) {
        // Ids are in the order of time.
        self.t.clock.advance(TimeDelta::seconds(1));
        let item = self.t.item().await;
        let hold = self.t.hold(patron, item.title, BRANCH_MAIN).await;
        self.kiosk.take_back(&item.barcode).await.unwrap();
        (hold, item)
    }

    async fn deliver(&self) -> Delivered {
        deliver(&self.t).await
    }

    /// Delivers, and gives the one message that came of it.
    async fn one(&self) -> Message {
        self.deliver().await;
        let mut came = self.recorder.empty();
        assert_eq!(came.len(), 1);
        came.remove(0)
    }

    async fn prefer(
        &self,
        patron: &TestPatron,
        notice: NoticeKind,
        channel: NoticeChannel,
        days: Option<i16>,
    ) {
        let row = notice_preferences::ActiveModel {
            patron_id: Set(patron.id),
            notice: Set(notice.code()),
            channel: Set(channel.code()),
            days_before: Set(days),
        };
        row.insert(self.t.store.writer()).await.unwrap();
    }

    /// The notices in the order in which they came about.
    async fn notices(&self) -> Vec<notices::Model> {
        rows(&self.t).await
    }

    async fn lines(&self) -> Vec<notice_lines::Model> {
        let lines = notice_lines::Entity::find().order_by_asc(notice_lines::Column::Cause);
        lines.all(self.t.store.writer()).await.unwrap()
    }
}

async fn rows(t: &TestRegister) -> Vec<notices::Model> {
    notices::Entity::find().order_by_asc(notices::Column::Id).all(t.store.writer()).await.unwrap()
}

fn order() -> JobOrder {
    JobOrder {
        batch: DELIVERY_BATCH_MAX,
        batch_limit: Duration::from_secs(5),
        ..JobOrder::within(Duration::from_secs(30))
    }
}

async fn deliver(t: &TestRegister) -> Delivered {
    t.register.deliver_notices(order(), &Halt::default()).await.unwrap()
}

fn email_of(message: &Message) -> &str {
    match &message.destination {
        Destination::Email(address) => address,
        _ => panic!("not an e-mail"),
    }
}

/// Longer than a notice is taken for.
const PAST_LEASE: TimeDelta = TimeDelta::minutes(6);
