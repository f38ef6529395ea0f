//! What a test puts into its register.

use super::TestRegister;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use kortisto_domain::{
    BanKind, CardState, FeeEntryKind, FeeKind, HoldState, ItemState, OpeningMode, PatronCategory,
    PatronState, ResourceKind, RightKind,
    fees::{lapse::lapses_on, law},
    names::search_name,
};
use kortisto_register::{
    bans::{self, NewBan},
    staff::bans::BanTerms,
};
use kortisto_store::{
    Store, StoreError,
    entities::{
        bans as ban_rows, branches, cards, fee_entries, fees, holds, items, open_loans, opening_windows,
        patrons, pins, resources, self_service_rights, titles,
    },
    queries::rulebook,
};
use kortisto_vault::{CardBinding, LengthRange, Pin};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, PaginatorTrait as _,
    QueryFilter as _,
};
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::time::{Duration, Instant};
use uuid::Uuid;

/// The branch of most devices, code `main`.
pub const BRANCH_MAIN: i64 = 1;
/// Another branch, code `east`.
pub const BRANCH_EAST: i64 = 2;

static NUMBERS: AtomicI64 = AtomicI64::new(1000);

fn number() -> i64 {
    NUMBERS.fetch_add(1, Ordering::Relaxed)
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

/// A card number that no card has.
#[must_use]
pub fn new_card_number() -> String {
    format!("853A{:07}", number())
}

/// A personal identity code that nobody has: of the numbers from 900, which are not given out for good.
///
/// # Panics
/// After some 1 000 000 codes.
#[must_use]
pub fn new_identity_code() -> String {
    const CHECK: &[u8; 31] = b"0123456789ABCDEFHJKLMNPRSTUVWXY";
    let number = u64::try_from(number()).expect("numbers are positive");
    let born = day("1950-01-01") + chrono::Days::new(number / 100 % 10_000);
    let digits: u64 = format!("{}9{:02}", born.format("%d%m%y"), number % 100).parse().expect("digits");
    let check = CHECK[usize::try_from(digits % 31).expect("a small number")];
    format!("{}-9{:02}{}", born.format("%d%m%y"), number % 100, char::from(check))
}

/// Two branches that are open without staff at all hours, each with a door and PCs.
pub(super) async fn places(store: &Store) -> Result<(), StoreError> {
    for (id, code, name) in [(BRANCH_MAIN, "main", "Pääkirjasto"), (BRANCH_EAST, "east", "Itäkirjasto")] {
        // The key comes from the database, as that of every later branch does.
        let branch = branches::ActiveModel {
            code: Set(code.to_owned()),
            name: Set(name.to_owned()),
            municipality: Set("153".to_owned()),
            ..Default::default()
        }
        .insert(store.writer())
        .await?;
        assert_eq!(branch.id, id, "the schema was not empty");
        for weekday in 1..=7 {
            opening_windows::ActiveModel {
                branch_id: Set(id),
                weekday: Set(weekday),
                opens_minute: Set(0),
                closes_minute: Set(1440),
                mode: Set(OpeningMode::SelfService.code()),
                valid_from: Set(day("2000-01-01")),
                ..Default::default()
            }
            .insert(store.writer())
            .await?;
        }
        for (code, kind, min_age, asks_pin) in [
            ("door", ResourceKind::Door, None, false),
            ("pin-door", ResourceKind::Door, None, true),
            ("pc", ResourceKind::Pc, Some(13), true),
        ] {
            resources::ActiveModel {
                branch_id: Set(id),
                code: Set(code.to_owned()),
                kind: Set(kind.code()),
                min_age: Set(min_age),
                asks_pin: Set(asks_pin),
                ..Default::default()
            }
            .insert(store.writer())
            .await?;
        }
    }
    rulebook::touch(store.writer()).await
}

/// A patron to be, with a card and a PIN.
#[derive(Clone)]
pub struct PatronSeed {
    /// PIN of the card; none for a card without one.
    pub pin: Option<&'static str>,
    /// Birth date.
    pub born: Option<NaiveDate>,
    /// Category.
    pub category: PatronCategory,
    /// Service language.
    pub language: &'static str,
    /// State of the card.
    pub card_state: CardState,
    /// Last day of the card.
    pub card_until: Option<NaiveDate>,
    /// A self-service right everywhere.
    pub right: Option<RightKind>,
    /// Unpaid fees in cents.
    pub debt_cents: i64,
}

impl Default for PatronSeed {
    fn default() -> Self {
        Self {
            pin: Some("4711"),
            born: Some(day("1980-05-17")),
            category: PatronCategory::Person,
            language: "fi",
            card_state: CardState::Active,
            card_until: None,
            right: Some(RightKind::Registered),
            debt_cents: 0,
        }
    }
}

/// A patron of a test.
#[derive(Debug, Clone)]
pub struct TestPatron {
    /// Key of the patron.
    pub id: i64,
    /// The number of the patron, apart from any card.
    pub number: String,
    /// Key of the card.
    pub card_id: i64,
    /// Number of the card.
    pub card: String,
    /// The PIN, or nothing.
    pub pin: &'static str,
    /// The pseudonym in the audit trail.
    pub pseudonym: Uuid,
}

/// An item to be.
#[derive(Debug, Clone)]
pub struct ItemSeed {
    /// The title it belongs to; none makes a new one.
    pub title: Option<i64>,
    /// Material of a new title.
    pub material: &'static str,
    /// Age rating of a new title.
    pub age_rating: Option<i16>,
    /// Home branch.
    pub home: i64,
    /// Collection.
    pub collection: &'static str,
    /// State.
    pub state: ItemState,
}

impl Default for ItemSeed {
    fn default() -> Self {
        Self {
            title: None,
            material: "book",
            age_rating: None,
            home: BRANCH_MAIN,
            collection: "aikuiset",
            state: ItemState::Available,
        }
    }
}

/// An item of a test.
#[derive(Debug, Clone)]
pub struct TestItem {
    /// Key of the item.
    pub id: i64,
    /// Key of its title.
    pub title: i64,
    /// Its barcode.
    pub barcode: String,
}

/// A hold of a test.
#[derive(Debug, Clone, Copy)]
pub struct TestHold {
    /// Its key.
    pub id: Uuid,
}

impl TestRegister {
    /// A patron with everything in order.
    ///
    /// # Panics
    /// When the database refuses, as do the others here.
    pub async fn patron(&self) -> TestPatron {
        self.patron_with(PatronSeed::default()).await
    }

    /// A patron.
    ///
    /// # Panics
    /// See [`TestRegister::patron`].
    pub async fn patron_with(&self, seed: PatronSeed) -> TestPatron {
        let (at, number) = (self.clock.now(), number());
        let pseudonym = self.surroundings.new_pseudonym();
        let writer = self.store.writer();
        let patron = patrons::ActiveModel {
            number: Set(format!("P{number}")),
            pseudonym: Set(pseudonym),
            category: Set(seed.category.code()),
            state: Set(PatronState::Active.code()),
            family_name: Set("Testaaja".to_owned()),
            given_names: Set("Aino Maria".to_owned()),
            birth_date: Set(seed.born),
            service_language: Set(seed.language.to_owned()),
            home_branch_id: Set(BRANCH_MAIN),
            created_at: Set(at),
            changed_at: Set(at),
            changed_by: Set("test".to_owned()),
            search_name: Set(search_name("Testaaja", "Aino Maria")),
            support_id: Set(Some(format!("TST-{:03}-{:03}", number / 1000, number % 1000))),
            hold_alias: Set(Some(format!("TSTT {number:04}"))),
            ..Default::default()
        }
        .insert(writer)
        .await
        .expect("a patron");
        let card = cards::ActiveModel {
            number: Set(new_card_number()),
            patron_id: Set(patron.id),
            state: Set(seed.card_state.code()),
            state_since: Set(at),
            valid_from: Set(day("2020-01-01")),
            valid_until: Set(seed.card_until),
            issuing_branch_id: Set(BRANCH_MAIN),
            ..Default::default()
        }
        .insert(writer)
        .await
        .expect("a card");
        if let Some(pin) = seed.pin {
            self.set_pin(card.id, pin).await;
        }
        if let Some(kind) = seed.right {
            self_service_rights::ActiveModel {
                patron_id: Set(patron.id),
                kind: Set(kind.code()),
                valid_from: Set(day("2020-01-01")),
                ..Default::default()
            }
            .insert(writer)
            .await
            .expect("a right");
        }
        if seed.debt_cents > 0 {
            self.fee(patron.id, seed.debt_cents).await;
        }
        TestPatron {
            id: patron.id,
            number: patron.number,
            card_id: card.id,
            card: card.number,
            pin: seed.pin.unwrap_or(""),
            pseudonym,
        }
    }

    /// Takes the cards of a patron away, as if none had ever been issued.
    ///
    /// # Panics
    /// See [`TestRegister::patron`].
    pub async fn take_cards(&self, patron: &TestPatron) {
        let writer = self.store.writer();
        pins::Entity::delete_by_id(patron.card_id).exec(writer).await.expect("the PIN goes");
        cards::Entity::delete_by_id(patron.card_id).exec(writer).await.expect("the card goes");
    }

    /// Sets the PIN of a card.
    ///
    /// # Panics
    /// See [`TestRegister::patron`].
    pub async fn set_pin(&self, card_id: i64, pin: &str) {
        let pin = Pin::parse(pin, LengthRange::WIDEST).expect("a PIN");
        let stored = self.register.vault().hash(pin, CardBinding(card_id)).await.expect("a hash");
        pins::ActiveModel {
            card_id: Set(card_id),
            scheme: Set(stored.scheme),
            key_id: Set(stored.key_id),
            hash: Set(stored.hash),
            set_at: Set(self.clock.now()),
            failures: Set(0),
            locked_until: Set(None),
            disabled_at: Set(None),
            last_wrong: Set(None),
        }
        .insert(self.store.writer())
        .await
        .expect("a PIN row");
    }

    /// An unpaid fee; gives its key.
    ///
    /// # Panics
    /// See [`TestRegister::patron`].
    pub async fn fee(&self, patron_id: i64, cents: i64) -> Uuid {
        let (id, at) = (self.surroundings.new_id(self.clock.now()), self.clock.now());
        fees::ActiveModel {
            id: Set(id),
            patron_id: Set(patron_id),
            municipality: Set("153".to_owned()),
            kind: Set(FeeKind::Overdue.word().to_owned()),
            amount_cents: Set(cents),
            open_cents: Set(cents),
            created_at: Set(at),
            lapses_on: Set(Some(lapses_on(law(FeeKind::Overdue), self.surroundings.moment().day_of(at)))),
            ..Default::default()
        }
        .insert(self.store.writer())
        .await
        .expect("a fee");
        fee_entries::ActiveModel {
            id: Set(self.surroundings.new_id(at)),
            fee_id: Set(id),
            kind: Set(FeeEntryKind::Charge.code()),
            cents: Set(cents),
            at: Set(at),
            recorded_by: Set("test".to_owned()),
            ..Default::default()
        }
        .insert(self.store.writer())
        .await
        .expect("its charge");
        id
    }

    /// An item that can be lent.
    ///
    /// # Panics
    /// See [`TestRegister::patron`].
    pub async fn item(&self) -> TestItem {
        self.item_with(ItemSeed::default()).await
    }

    /// An item.
    ///
    /// # Panics
    /// See [`TestRegister::patron`].
    pub async fn item_with(&self, seed: ItemSeed) -> TestItem {
        let number = number();
        let title = match seed.title {
            Some(title) => title,
            None => {
                titles::ActiveModel {
                    number: Set(format!("T{number}")),
                    label: Set(format!("Kirjailija: Teos {number}")),
                    material: Set(seed.material.to_owned()),
                    language: Set("fi".to_owned()),
                    age_rating: Set(seed.age_rating),
                    ..Default::default()
                }
                .insert(self.store.writer())
                .await
                .expect("a title")
                .id
            }
        };
        let item = items::ActiveModel {
            barcode: Set(format!("153N{number:08}")),
            title_id: Set(title),
            home_branch_id: Set(seed.home),
            collection: Set(seed.collection.to_owned()),
            state: Set(seed.state.code()),
            at_branch_id: Set(seed.home),
            kept_for_hold_id: Set(None),
            ..Default::default()
        }
        .insert(self.store.writer())
        .await
        .expect("an item");
        TestItem { id: item.id, title, barcode: item.barcode }
    }

    /// A hold in the queue of a title, behind those that are there.
    ///
    /// # Panics
    /// See [`TestRegister::patron`].
    pub async fn hold(&self, patron: &TestPatron, title: i64, pickup_branch: i64) -> TestHold {
        let id = self.surroundings.new_id(self.clock.now());
        holds::ActiveModel {
            id: Set(id),
            queue_number: Set(number()),
            patron_id: Set(patron.id),
            title_id: Set(title),
            pickup_branch_id: Set(pickup_branch),
            state: Set(HoldState::Pending.code()),
            placed_at: Set(self.clock.now()),
            ..Default::default()
        }
        .insert(self.store.writer())
        .await
        .expect("a hold");
        TestHold { id }
    }

    /// The number of an item's title.
    ///
    /// # Panics
    /// See [`TestRegister::patron`].
    pub async fn title_number(&self, item: &TestItem) -> String {
        let title = titles::Entity::find_by_id(item.title).one(self.store.writer()).await;
        title.expect("a row").expect("the title").number
    }

    /// Lets a hold lie in a compartment.
    ///
    /// # Panics
    /// See [`TestRegister::patron`].
    pub async fn put_into_compartment(&self, hold: TestHold, compartment: &str) {
        self.set_hold(hold, holds::Column::Compartment, compartment).await;
    }

    /// Sets one column of a hold.
    ///
    /// # Panics
    /// See [`TestRegister::patron`].
    pub async fn set_hold<T: Into<sea_orm::Value>>(&self, hold: TestHold, column: holds::Column, value: T) {
        holds::Entity::update_many()
            .col_expr(column, sea_orm::sea_query::Expr::value(value))
            .filter(holds::Column::Id.eq(hold.id))
            .exec(self.store.writer())
            .await
            .expect("the hold changes");
    }

    /// A locker at a branch, with this code.
    ///
    /// # Panics
    /// See [`TestRegister::patron`].
    pub async fn locker(&self, branch_id: i64, code: &str) {
        resources::ActiveModel {
            branch_id: Set(branch_id),
            code: Set(code.to_owned()),
            kind: Set(ResourceKind::Locker.code()),
            asks_pin: Set(false),
            ..Default::default()
        }
        .insert(self.store.writer())
        .await
        .expect("a locker");
        rulebook::touch(self.store.writer()).await.expect("the rulebook moves");
    }

    /// Places a ban as an operator does, until lifted; a use ban for a week at the main branch.
    ///
    /// # Panics
    /// See [`TestRegister::patron`].
    pub async fn ban(&self, patron: &TestPatron, kind: BanKind) {
        let is_use = kind == BanKind::Use;
        let ban = NewBan {
            card_number: patron.card.clone(),
            terms: BanTerms {
                branch: is_use.then(|| "main".to_owned()),
                ends_at: is_use.then(|| self.clock.now() + TimeDelta::days(7)),
                decision_maker: is_use.then(|| "test".to_owned()),
                heard: is_use.then(|| "test".to_owned()),
                appeal: is_use.then(|| "test".to_owned()),
                ..BanTerms::new(kind, "test")
            },
        };
        bans::place(&self.store, &self.surroundings, ban, Instant::now() + Duration::from_secs(5))
            .await
            .expect("a ban");
    }

    /// How many open loans an item has.
    ///
    /// # Panics
    /// See [`TestRegister::patron`].
    pub async fn open_loans_of(&self, item: &TestItem) -> u64 {
        open_loans::Entity::find()
            .filter(open_loans::Column::ItemId.eq(item.id))
            .count(self.store.writer())
            .await
            .expect("a count")
    }

    /// How many open loans a patron has.
    ///
    /// # Panics
    /// See [`TestRegister::patron`].
    pub async fn open_loans_by(&self, patron: &TestPatron) -> u64 {
        open_loans::Entity::find()
            .filter(open_loans::Column::PatronId.eq(patron.id))
            .count(self.store.writer())
            .await
            .expect("a count")
    }

    /// A hold as it stands.
    ///
    /// # Panics
    /// See [`TestRegister::patron`].
    pub async fn hold_row(&self, hold: TestHold) -> holds::Model {
        holds::Entity::find_by_id(hold.id).one(self.store.writer()).await.expect("a row").expect("the hold")
    }

    /// An item as it stands.
    ///
    /// # Panics
    /// See [`TestRegister::patron`].
    pub async fn item_row(&self, item: &TestItem) -> items::Model {
        items::Entity::find_by_id(item.id).one(self.store.writer()).await.expect("a row").expect("the item")
    }

    /// Ends every ban of a patron at an instant.
    ///
    /// # Panics
    /// See [`TestRegister::patron`].
    pub async fn end_bans(&self, patron: &TestPatron, at: DateTime<Utc>) {
        ban_rows::Entity::update_many()
            .col_expr(ban_rows::Column::EndsAt, sea_orm::sea_query::Expr::value(at))
            .filter(ban_rows::Column::PatronId.eq(patron.id))
            .exec(self.store.writer())
            .await
            .expect("bans end");
    }
}
