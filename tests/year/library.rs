//! The library: people, books, kiosks, and what costs what.

use super::tally::Tally;
use chrono::NaiveDate;
use kortisto_domain::DeviceKind;
use kortisto_testkit::{
    Engine, TestRegister,
    register::{Device, ItemSeed, TestItem, TestPatron},
};
use sea_orm::sqlx::raw_sql;
use std::{collections::HashMap, sync::Mutex};

/// Items for each patron.
const ITEMS_PER_PATRON: u64 = 6;

/// Copies of one title.
const COPIES: u64 = 3;

/// The first days, on which everything grows fast.
const DAYS_OF_GROWTH: u64 = 3;

/// Days after which dead rows are cleared away and statistics are gathered anew.
const STATISTICS_DAYS: u64 = 7;

/// Days after which kiosks get new certificates.
const KIOSK_DAYS: u64 = 100;

/// What is decided in this library.
const POLICIES: [(&str, &str); 12] = [
    ("fee.overdue_cents", "20"),
    ("fee.overdue_cap_cents", "600"),
    ("fee.overdue_grace_days", "1"),
    ("fee.uncollected_hold_cents", "150"),
    ("fee.compensation_cents", "2500"),
    ("fee.bill_cents", "500"),
    ("notice.bill_days", "49"),
    ("loan.rescan_renews", "true"),
    ("renew.max", "3"),
    ("ban.debt_limit_cents", "4000"),
    ("hold.validity_days", "120"),
    // Longer than the 18 days between two visits of a reader, whom no notice brings here.
    ("hold.pickup_days", "21"),
];

pub(super) struct Library {
    pub(super) register: TestRegister,
    pub(super) patrons: Vec<TestPatron>,
    pub(super) items: Vec<TestItem>,
    /// The place of each item among them, by its barcode.
    pub(super) places: HashMap<String, usize>,
    /// The number of each title, by its key.
    pub(super) titles: HashMap<i64, String>,
    kiosks: Mutex<Vec<Device>>,
    /// The items that each patron has at home, as the people know it.
    pub(super) at_home: Mutex<HashMap<usize, Vec<usize>>>,
    pub(super) tally: Mutex<Tally>,
}

impl Library {
    pub(super) async fn found(patrons: u64, first: NaiveDate) -> Self {
        let register = TestRegister::start(Engine::Postgres).await;
        register.clock.set(register.surroundings.moment().at_minute(first, 9 * 60));
        for (key, value) in POLICIES {
            register.policy(key, value).await;
        }
        let mut people = Vec::new();
        for _ in 0..patrons {
            people.push(register.patron().await);
        }
        let (mut items, mut titles) = (Vec::new(), HashMap::new());
        for _ in 0..patrons * ITEMS_PER_PATRON / COPIES {
            let first = register.item().await;
            titles.insert(first.title, register.title_number(&first).await);
            for _ in 1..COPIES {
                items.push(
                    register.item_with(ItemSeed { title: Some(first.title), ..ItemSeed::default() }).await,
                );
            }
            items.push(first);
        }
        let places = items.iter().enumerate().map(|(place, item)| (item.barcode.clone(), place)).collect();
        Self {
            register,
            patrons: people,
            items,
            places,
            titles,
            kiosks: Mutex::default(),
            at_home: Mutex::default(),
            tally: Mutex::default(),
        }
    }

    /// Two kiosks, with certificates that last, and what a cluster does by itself that runs for days: the throw-away one of
    /// the tests gathers no statistics and clears nothing away.
    pub(super) async fn new_day(&self, nth: u64) {
        if nth < DAYS_OF_GROWTH || nth.is_multiple_of(STATISTICS_DAYS) {
            let mut session =
                self.register.store.writer().get_postgres_connection_pool().acquire().await.unwrap();
            for sql in ["set statement_timeout = 0", "vacuum analyze", "reset statement_timeout"] {
                raw_sql(sql).execute(&mut *session).await.unwrap();
            }
        }
        if nth.is_multiple_of(KIOSK_DAYS) {
            let one = self.register.device(DeviceKind::SelfCheckout).await;
            let other = self.register.device(DeviceKind::SelfCheckout).await;
            *self.kiosks.lock().unwrap() = vec![one, other];
        }
    }

    pub(super) fn kiosk(&self, visit: u64) -> Device {
        let kiosks = self.kiosks.lock().unwrap();
        kiosks[usize::try_from(visit).unwrap() % kiosks.len()].clone()
    }

    /// Turns the clock to this minute of the day; it never goes back.
    pub(super) fn set_clock(&self, day: NaiveDate, minute: u16) {
        let at = self.register.surroundings.moment().at_minute(day, minute);
        self.register.clock.set(at.max(self.register.clock.now()));
    }
}
