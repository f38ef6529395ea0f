//! The same small library in a real register: whom and what it calls how, and how everything stands in its tables.

use super::{
    op::{Branch, CHILD, ITEMS, PATRONS, Span, Spot, TWO_CARDS, Who},
    plain::{
        BILL_CENTS, COMPENSATION_CENTS, DEBT_LIMIT_CENTS, Fee, HELD_PERIOD_DAYS, HOLDS_MAX, Item, LOANS_MAX,
        OVERDUE_CAP_CENTS, OVERDUE_CENTS, OVERDUE_DAYS, Patron, Plain, RENEWALS_MAX, SCARCE_MAX,
        UNCOLLECTED_CENTS, VALIDITY_DAYS,
    },
};
use chrono::{DateTime, Days, Months, TimeDelta, Utc};
use kortisto_domain::{
    CardState, DeviceKind, FeeKind, HoldState, ItemState, LoanState, RelationKind, StaffRole,
};
use kortisto_store::entities::{
    cards, device_certificates, fees, holds, items, open_loans, payments, staff_sessions, year_counters,
};
use kortisto_testkit::{
    Engine, TestRegister,
    register::{
        BRANCH_EAST, BRANCH_MAIN, Device, FeeSeed, ItemSeed, PatronSeed, Staff, TestItem, TestPatron,
        new_card_number,
    },
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, sea_query::Expr,
};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The morning of the first day, UTC.
const START: &str = "2026-11-02T10:00:00Z";
/// How long a session of staff lasts from the last time it is used on.
const STAFF_SESSION: TimeDelta = TimeDelta::minutes(20);
/// The material of which little is lent.
const SCARCE: &str = "dvd";
/// Titles and homes of the items; the last title is scarce.
const COPIES: [(usize, Branch); ITEMS] = [
    (0, Branch::Main),
    (0, Branch::Main),
    (0, Branch::East),
    (1, Branch::Main),
    (1, Branch::East),
    (2, Branch::East),
];
/// Private fees of this many cents that lapse some days after the start.
const OLD_CENTS: i64 = 60;

/// A register, and by what it calls everything that the model numbers.
pub(super) struct World {
    pub(super) t: TestRegister,
    pub(super) staff: Staff,
    devices: Vec<Device>,
    pub(super) patrons: Vec<TestPatron>,
    second_card: i64,
    pub(super) items: Vec<TestItem>,
    pub(super) loans: Vec<Uuid>,
    pub(super) item_of_loan: Vec<usize>,
    pub(super) holds: Vec<Uuid>,
    pub(super) fees: Vec<Uuid>,
    pub(super) payments: Vec<Uuid>,
}

const fn branch_id(branch: Branch) -> i64 {
    match branch {
        Branch::Main => BRANCH_MAIN,
        Branch::East => BRANCH_EAST,
    }
}

pub(super) const fn branch_code(branch: Branch) -> &'static str {
    match branch {
        Branch::Main => "main",
        Branch::East => "east",
    }
}

fn branch_of(id: i64) -> Branch {
    if id == BRANCH_MAIN { Branch::Main } else { Branch::East }
}

/// The place of an id among the ids that were given before.
pub(super) fn name_in<T: PartialEq + std::fmt::Debug>(ids: &[T], id: &T) -> usize {
    ids.iter().position(|known| known == id).unwrap_or_else(|| panic!("{id:?} was never told of"))
}

impl World {
    /// A library with its policies, as the register has it and as the model does.
    pub(super) async fn start(engine: Engine) -> (Self, Plain) {
        let t = TestRegister::start(engine).await;
        t.clock.set(START.parse().unwrap());
        for (key, value) in [
            ("loan.max_total", LOANS_MAX.to_string()),
            ("loan.held_period_days", HELD_PERIOD_DAYS.to_string()),
            ("renew.max", RENEWALS_MAX.to_string()),
            ("renew.debt_limit_cents", DEBT_LIMIT_CENTS.to_string()),
            ("ban.debt_limit_cents", DEBT_LIMIT_CENTS.to_string()),
            ("ban.overdue_days", OVERDUE_DAYS.to_string()),
            ("ban.inherit_to_guardian", "true".to_owned()),
            ("fee.overdue_cents", OVERDUE_CENTS.to_string()),
            ("fee.overdue_cap_cents", OVERDUE_CAP_CENTS.to_string()),
            ("fee.compensation_cents", COMPENSATION_CENTS.to_string()),
            ("fee.bill_cents", BILL_CENTS.to_string()),
            ("fee.uncollected_hold_cents", UNCOLLECTED_CENTS.to_string()),
            ("fee.uncollected_hold_exempt_under_age", "15".to_owned()),
            ("hold.max_total", HOLDS_MAX.to_string()),
            ("hold.validity_days", VALIDITY_DAYS.to_string()),
            ("pay.online_min_cents", super::owing::ONLINE_MIN_CENTS.to_string()),
        ] {
            t.policy(key, &value).await;
        }
        t.policy_of_material("loan.max_material", SCARCE, &SCARCE_MAX.to_string()).await;
        let staff = t.staff(&[StaffRole::Desk, StaffRole::Billing]).await;
        let mut devices = Vec::new();
        for spot in Spot::ALL {
            let kind = match spot {
                Spot::Main | Spot::East => DeviceKind::SelfCheckout,
                Spot::LockerOne | Spot::LockerTwo => DeviceKind::Locker,
                Spot::Web => DeviceKind::OnlineLibrary,
            };
            let branch = spot.branch();
            devices.push(t.device_at(kind, branch_id(branch), branch_code(branch)).await);
        }
        // Years pass in these libraries, and nobody renews certificates in them.
        device_certificates::Entity::update_many()
            .col_expr(device_certificates::Column::ExpiresAt, Expr::value(t.clock.now() + Days::new(10_000)))
            .exec(t.store.writer())
            .await
            .unwrap();
        let today = t.surroundings.moment().today();
        let mut patrons = Vec::new();
        for name in 0..PATRONS {
            let years = if name == CHILD { 8 } else { 40 };
            let born = today.checked_sub_months(Months::new(12 * years));
            patrons.push(t.patron_with(PatronSeed { born, ..PatronSeed::default() }).await);
        }
        t.relate(&patrons[CHILD], &patrons[0], RelationKind::Guardian).await;
        let second_card = cards::ActiveModel {
            number: Set(new_card_number()),
            patron_id: Set(patrons[TWO_CARDS].id),
            state: Set(CardState::Active.code()),
            state_since: Set(t.clock.now()),
            valid_from: Set(today),
            issuing_branch_id: Set(BRANCH_MAIN),
            ..Default::default()
        };
        let second_card = second_card.insert(t.store.writer()).await.unwrap().id;
        let mut rows: Vec<TestItem> = Vec::new();
        for (title, home) in COPIES {
            let first = COPIES.iter().zip(&rows).find(|((of, _), _)| *of == title);
            let seed = ItemSeed {
                title: first.map(|(_, item)| item.title),
                home: branch_id(home),
                material: if title == 2 { SCARCE } else { "book" },
                ..ItemSeed::default()
            };
            rows.push(t.item_with(seed).await);
        }
        let mut world = Self {
            t,
            staff,
            devices,
            patrons,
            second_card,
            items: rows,
            loans: Vec::new(),
            item_of_loan: Vec::new(),
            holds: Vec::new(),
            fees: Vec::new(),
            payments: Vec::new(),
        };
        let mut plain = empty(&world);
        let old = world.t.clock.now() - Months::new(36) + Days::new(5);
        for patron in [0, 3] {
            let seed = FeeSeed {
                kind: FeeKind::Other,
                cents: OLD_CENTS,
                created_at: Some(old),
                ..FeeSeed::default()
            };
            let id = world.t.fee_with(&world.patrons[patron], seed).await;
            world.fees.push(id);
            plain.owe(patron, FeeKind::Other, OLD_CENTS, None, None);
            let fee = plain.fees.last_mut().unwrap();
            (fee.at, fee.id) = (old, Some(id));
        }
        (world, plain)
    }

    pub(super) fn device(&self, spot: Spot) -> &Device {
        &self.devices[name_in(&Spot::ALL, &spot)]
    }

    /// A session of a patron, opened with one of the cards.
    pub(super) async fn token(&self, who: Who, spot: Spot) -> String {
        let mut patron = self.patrons[who.patron].clone();
        if who.card == 1 {
            patron.card_id = self.second_card;
        }
        self.t.session_at(self.device(spot), &patron).await
    }

    /// Turns the clock, whole days to the morning, and gives the time.
    pub(super) fn pass(&self, span: Span) -> DateTime<Utc> {
        match span {
            Span::Minutes(minutes) => self.t.clock.advance(TimeDelta::minutes(minutes)),
            Span::Days(days) => {
                let morning = START.parse::<DateTime<Utc>>().unwrap().time();
                let day = self.t.clock.now().date_naive() + TimeDelta::days(days);
                self.t.clock.set(day.and_time(morning).and_utc());
                self.t.clock.now()
            }
        }
    }

    /// Nobody has left the desk, however long it took until now.
    pub(super) async fn keep_staff_signed_in(&self) {
        let now = self.t.clock.now();
        staff_sessions::Entity::update_many()
            .col_expr(staff_sessions::Column::LastUsedAt, Expr::value(now))
            .col_expr(staff_sessions::Column::ExpiresAt, Expr::value(now + STAFF_SESSION))
            .filter(staff_sessions::Column::AccountId.eq(self.staff.id))
            .exec(self.t.store.writer())
            .await
            .unwrap();
    }

    /// Tells the model what the register calls the fees that came about, or how they differ.
    pub(super) async fn name_fees(&mut self, plain: &mut Plain) -> Result<(), String> {
        let mut found = Vec::new();
        for row in fees::Entity::find().all(self.t.store.writer()).await.unwrap() {
            if !self.fees.contains(&row.id) {
                let patron = self.patron_name(row.patron_id);
                let loan = row.loan_id.map(|id| name_in(&self.loans, &id));
                let hold = row.hold_id.map(|id| name_in(&self.holds, &id));
                found.push(((patron, row.kind, row.amount_cents, loan, hold), row.id));
            }
        }
        found.sort();
        let new = plain.fees.iter_mut().filter(|fee| fee.id.is_none());
        let mut new: Vec<_> = new
            .map(|fee| {
                let Fee { patron, kind, amount, loan, hold, .. } = &*fee;
                ((*patron, kind.word().to_owned(), *amount, *loan, *hold), fee)
            })
            .collect();
        new.sort_by(|(one, _), (other, _)| one.cmp(other));
        let keys = |keys: &mut dyn Iterator<Item = String>| keys.collect::<Vec<_>>();
        let (is, should_be) = (
            keys(&mut found.iter().map(|(key, _)| format!("{key:?}"))),
            keys(&mut new.iter().map(|(key, _)| format!("{key:?}"))),
        );
        if is != should_be {
            return Err(format!("fees came about: {is:?}\nbut should have: {should_be:?}"));
        }
        for ((_, id), (_, fee)) in found.into_iter().zip(new) {
            fee.id = Some(id);
        }
        self.fees = plain.fees.iter().filter_map(|fee| fee.id).collect();
        Ok(())
    }

    fn patron_name(&self, id: i64) -> usize {
        self.patrons.iter().position(|patron| patron.id == id).unwrap()
    }

    fn item_name(&self, id: i64) -> usize {
        self.items.iter().position(|item| item.id == id).unwrap()
    }

    /// Everything as it stands in the tables, line by line as [`Plain::state`] has it.
    pub(super) async fn state(&self) -> Vec<String> {
        let writer = self.t.store.writer();
        let mut lines = Vec::new();
        let loans = open_loans::Entity::find().all(writer).await.unwrap();
        let mut loan_of = BTreeMap::new();
        for row in loans {
            let (name, item) = (name_in(&self.loans, &row.id), self.item_name(row.item_id));
            loan_of.insert(item, name);
            let (patron, card) =
                (self.patron_name(row.patron_id), usize::from(row.card_id == self.second_card));
            let state = LoanState::try_from(row.state).unwrap();
            let (due, renewals) = (row.due_on, row.renewals);
            lines.push(format!(
                "loan {name}: item {item} to {patron} by card {card} until {due}, renewed {renewals}, {state:?}"
            ));
        }
        for row in items::Entity::find().all(writer).await.unwrap() {
            let name = self.item_name(row.id);
            let (state, at) = (ItemState::try_from(row.state).unwrap(), branch_of(row.at_branch_id));
            let kept_for = row.kept_for_hold_id.map(|id| name_in(&self.holds, &id));
            let loan = loan_of.get(&name);
            lines.push(format!("item {name}: {state:?} at {at:?}, kept for {kept_for:?}, loan {loan:?}"));
        }
        for row in holds::Entity::find().all(writer).await.unwrap() {
            let (name, patron) = (name_in(&self.holds, &row.id), self.patron_name(row.patron_id));
            let state = HoldState::try_from(row.state).unwrap();
            let item = row.kept_item_id.map(|id| self.item_name(id));
            let until = row.pickup_until.filter(|_| state == HoldState::Ready);
            let by = |id: i64| Spot::ALL.into_iter().find(|spot| self.device(*spot).id == id).unwrap();
            lines.push(format!(
                "hold {name}: of {patron}, {state:?} with {item:?} at {:?} until {until:?}, frozen {:?}, \
                 valid {}, reserved {:?}, in {:?}",
                branch_of(row.pickup_branch_id),
                row.frozen_until,
                row.valid_until.unwrap(),
                row.reserved_device_id.map(by),
                row.compartment_device_id.map(by).zip(row.compartment)
            ));
        }
        for row in fees::Entity::find().order_by_asc(fees::Column::Id).all(writer).await.unwrap() {
            let (name, patron) = (name_in(&self.fees, &row.id), self.patron_name(row.patron_id));
            let kind = FeeKind::from_word(&row.kind).unwrap();
            let (open, amount, billed) = (row.open_cents, row.amount_cents, row.billed_at.is_some());
            lines.push(format!("fee {name}: of {patron}, {kind:?}, {open} of {amount}, billed {billed}"));
        }
        for row in payments::Entity::find().all(writer).await.unwrap() {
            let (name, patron) = (name_in(&self.payments, &row.id), self.patron_name(row.patron_id));
            lines.push(format!("payment {name}: of {patron}, {}, back {}", row.cents, row.refunded_cents));
        }
        for row in year_counters::Entity::find().all(writer).await.unwrap() {
            let counts = [row.loans, row.holds, row.uncollected_holds];
            if counts != [0; 3] {
                lines.push(format!("year {} of {}: {counts:?}", row.year, self.patron_name(row.patron_id)));
            }
        }
        lines.sort();
        lines
    }
}

/// The model of the library before anything has happened in it.
fn empty(world: &World) -> Plain {
    let patron = |name| Patron { is_child: name == CHILD, ward: (name == 0).then_some(CHILD) };
    let item = |(title, home): (usize, Branch)| Item {
        title,
        is_scarce: title == 2,
        home,
        state: ItemState::Available,
        at: home,
        kept_for: None,
        loan: None,
    };
    Plain {
        now: world.t.clock.now(),
        patrons: (0..PATRONS).map(patron).collect(),
        items: COPIES.into_iter().map(item).collect(),
        loans: Vec::new(),
        holds: Vec::new(),
        fees: Vec::new(),
        payments: Vec::new(),
        years: BTreeMap::new(),
    }
}
