//! A register with so many rows of everything that a job looks for: all of them due, or none.

use super::Due;
use chrono::{Days, NaiveDate};
use kortisto_domain::{DeviceKind, HoldState, NoticeState};
use kortisto_testkit::{Engine, TestRegister, register::Words};
use sea_orm::ConnectionTrait as _;

/// First bytes of keys. Those of rows of the trail and of notices begin with their time, which is long ago or to come.
const PSEUDONYM: u8 = 0x10;
const LOAN: u8 = 0x11;
const PAST_LOAN: u8 = 0x12;
const UNDONE_LOAN: u8 = 0x13;
const UNCOLLECTED: u8 = 0x14;
const ENDED: u8 = 0x15;
const CLOSED: u8 = 0x16;
const DEBT: u8 = 0x17;
const DESK_FEE: u8 = 0x18;
const LONG_AGO: u8 = 0x00;
const TO_COME: u8 = 0xff;

/// The only kiosk.
const KIOSK: &str = "(select min(id) from devices)";

/// Writes them.
pub(super) async fn write(t: &TestRegister, engine: Engine, rows: u32, due: Due) {
    t.device(DeviceKind::SelfCheckout).await;
    let scene = Scene::of(t, Words(engine), due);
    for what in [scene.patrons(), scene.loans(), scene.holds(), scene.fees(), scene.told()].concat() {
        scene.words.write(t, rows, &what).await;
    }
    t.store.writer().execute_unprepared(scene.words.analyze()).await.unwrap();
}

/// When what there is happened, and when it is over.
struct Scene {
    words: Words,
    /// When everything happened.
    then: String,
    /// The last day of what ends.
    end: NaiveDate,
    /// When the loans that are not late fall due.
    due_on: NaiveDate,
    /// First byte of keys that begin with their time.
    time: u8,
}

impl Scene {
    fn of(t: &TestRegister, words: Words, due: Due) -> Self {
        let (long_ago, far_ahead) = ("2016-01-04".parse().unwrap(), "2098-12-31".parse().unwrap());
        let (then, end, due_on, time) = match due {
            Due::All => (long_ago, long_ago, t.clock.now().date_naive() + Days::new(3), LONG_AGO),
            Due::Nothing => (t.clock.now().date_naive(), far_ahead, far_ahead, TO_COME),
        };
        Self { words, then: format!("'{then}T00:00:00+00:00'"), end, due_on, time }
    }

    fn patrons(&self) -> Vec<String> {
        let (pseudonym, then) = (self.words.key(PSEUDONYM, "n"), &self.then);
        vec![
            format!(
                "patrons (id, number, pseudonym, category, state, family_name, given_names, birth_date, \
                 service_language, home_branch_id, created_at, changed_at, changed_by, search_name) \
                 select n, 'P' || n, {pseudonym}, 1, 1, 'Testaaja', 'Aino', '1980-05-17', 'fi', 1, {then}, {then}, \
                 'test', 'testaaja aino'"
            ),
            format!(
                "cards (id, number, patron_id, state, state_since, valid_from, issuing_branch_id) \
                 select n, 'K' || n, n, 1, {then}, '2016-01-01', 1"
            ),
            "titles (id, number, label, material, language) select n, 'T' || n, 'Teos', 'book', 'fi'"
                .to_owned(),
            "items (id, barcode, title_id, home_branch_id, collection, state, at_branch_id) \
             select n, 'B' || n, n, 1, 'aikuiset', 1, 1"
                .to_owned(),
        ]
    }

    /// Loans of which every other one is late, where something is due, and past ones.
    fn loans(&self) -> Vec<String> {
        let Self { words, then, end, due_on, .. } = self;
        let day = |day: &NaiveDate| words.days_after(&day.to_string(), "0");
        vec![
            format!(
                "open_loans (item_id, id, patron_id, card_id, branch_id, device_id, material, lent_at, due_on) \
                 select n, {}, n, n, 1, {KIOSK}, 'book', '2016-01-01T00:00:00+00:00', \
                 case when n % 2 = 0 then {} else {} end",
                words.key(LOAN, "n"),
                day(end),
                day(due_on)
            ),
            format!(
                "loan_history (id, item_id, patron_id, card_id, branch_id, device_id, material, lent_at, due_on, \
                 returned_at, returned_branch_id, returned_device_id) \
                 select {}, n, n, n, 1, {KIOSK}, 'book', {then}, '{end}', {then}, 1, {KIOSK}",
                words.key(PAST_LOAN, "n")
            ),
        ]
    }

    /// Holds that wait, are ready and are over.
    fn holds(&self) -> Vec<String> {
        let Self { words, then, end, .. } = self;
        let (ready, pending, over) =
            (HoldState::Ready.code(), HoldState::Pending.code(), HoldState::Cancelled.code());
        vec![
            format!(
                "holds (id, queue_number, patron_id, title_id, pickup_branch_id, state, placed_at, kept_item_id, \
                 ready_at, pickup_until, pickup_number) \
                 select {}, n, n, n, 1, {ready}, {then}, n, {then}, '{end}', 'A001'",
                words.key(UNCOLLECTED, "n")
            ),
            format!(
                "holds (id, queue_number, patron_id, title_id, pickup_branch_id, state, placed_at, valid_until) \
                 select {}, n, n, n, 1, {pending}, {then}, '{end}'",
                words.key(ENDED, "n")
            ),
            format!(
                "holds (id, queue_number, patron_id, title_id, pickup_branch_id, state, placed_at, closed_at) \
                 select {}, n, n, n, 1, {over}, {then}, {then}",
                words.key(CLOSED, "n")
            ),
        ]
    }

    /// Debts, and what was paid for items at a desk.
    fn fees(&self) -> Vec<String> {
        let Self { words, then, end, .. } = self;
        vec![
            format!(
                "fees (id, patron_id, municipality, kind, amount_cents, open_cents, created_at, lapses_on) \
                 select {}, n, '153', 'overdue', 100, 100, {then}, '{end}'",
                words.key(DEBT, "n")
            ),
            // Of another item than the patron has: that one is not named by a loan.
            format!(
                "fees (id, patron_id, municipality, kind, amount_cents, open_cents, created_at, lapses_on, item_id) \
                 select {}, n, '153', 'damage', 100, 0, {then}, '{end}', n + 1",
                words.key(DESK_FEE, "n")
            ),
        ]
    }

    /// What the trail says of items, and what was sent.
    fn told(&self) -> Vec<String> {
        let Self { words, then, time, .. } = self;
        vec![
            format!(
                "audit (id, at, action, granted, reasons, actor, item_id) \
                 select {}, {then}, 'return', true, '', 'test', n",
                words.key(*time, "n * 2")
            ),
            format!(
                "audit (id, at, action, granted, reasons, actor, item_id, loan_id) \
                 select {}, {then}, 'cancel_checkout', true, '', 'test', n, {}",
                words.key(*time, "n * 2 + 1"),
                words.key(UNDONE_LOAN, "n")
            ),
            format!(
                "notices (id, patron_id, kind, state, created_at) select {}, n, 1, {}, {then}",
                words.key(*time, "n"),
                NoticeState::Dropped.code()
            ),
        ]
    }
}
