//! An item with everything that hangs on it: its title, its open loan with the borrower, the hold that keeps it.

use super::{cursor::Cursor, dialect::list, hold_queue};
use crate::{Engine, StoreError};
use chrono::{DateTime, NaiveDate, Utc};
use kortisto_domain::{ItemState, LoanState, PatronCategory, policy::ItemClass};
use uuid::Uuid;

/// Joins what hangs on the item `i`.
pub(super) const ITEM_JOINS: &str = "left join titles t on t.id = i.title_id \
     left join open_loans o on o.item_id = i.id \
     left join patrons lp on lp.id = o.patron_id \
     left join holds kh on kh.id = i.kept_for_hold_id";

/// Columns of [`Item`], after [`ITEM_JOINS`] and after a join that names the patron who asks `p`. Nobody waits for an item
/// behind their own back: holds of whoever has it, or asks for it, are not looked at. A loan that was never renewed and is neither lost, claimed nor billed has
/// no fee yet, so none is looked for.
pub(super) fn item_columns(engine: Engine) -> String {
    let id = match engine {
        Engine::Postgres => "lf.id",
        Engine::Sqlite => "lower(hex(lf.id))",
    };
    let fees = list(
        engine,
        &format!("{id}, lf.kind, lf.step, lf.amount_cents, lf.open_cents"),
        "from fees lf where lf.loan_id = o.id",
    );
    let (is_served, is_without_title) = (hold_queue::is_served("w"), hold_queue::is_without_title("w"));
    format!(
        "i.id, i.barcode, i.state, i.home_branch_id, i.at_branch_id, i.title_id, i.collection, t.label, \
         t.material, t.age_rating, coalesce(i.price_cents, t.price_cents), \
         exists(select 1 from holds w where {is_served} and w.patron_id <> coalesce(o.patron_id, p.id, 0) \
           and {is_without_title}), \
         o.id, o.patron_id, o.card_id, o.branch_id, o.device_id, o.state, o.lent_at, o.due_on, o.due_at, \
         o.renewals, o.renewed_at, o.was_item_state, o.was_at_branch_id, o.was_hold_id, o.was_due_on, \
         o.was_due_at, o.was_device_id, o.renewals_made, lp.category, lp.birth_date, lp.pseudonym, \
         (select cast(coalesce(sum(f.open_cents), 0) as bigint) from fees f \
           where o.due_on <= k.today and f.patron_id = o.patron_id and f.open_cents > 0 and f.kind = 'overdue' \
           and (f.lapses_on is null or f.lapses_on > k.today)), \
         case when o.state <> 1 or o.renewals > 0 then {fees} end, kh.id, kh.patron_id, kh.card_id, kh.pickup_branch_id, kh.pickup_stop_id, kh.pickup_locker_id, \
         kh.pickup_number, kh.reserved_device_id, kh.reserved_until"
    )
}

/// An item and everything that hangs on it.
#[derive(Debug, Clone)]
pub struct Item {
    /// Its key.
    pub id: i64,
    /// Its barcode.
    pub barcode: String,
    /// Its state.
    pub state: ItemState,
    /// Where it belongs.
    pub home_branch_id: i64,
    /// Where it is.
    pub at_branch_id: i64,
    /// Key of its title.
    pub title_id: i64,
    /// Collection.
    pub collection: String,
    /// What to print.
    pub label: String,
    /// Material.
    pub material: String,
    /// Age rating in years.
    pub age_rating: Option<i16>,
    /// Its price, or that of its title, in cents.
    pub price_cents: Option<i64>,
    /// Whether somebody else than its borrower, or than whoever asks for it, waits in a queue that it can serve.
    pub waited_for: bool,
    /// The open loan.
    pub loan: Option<OpenLoan>,
    /// The hold that keeps it.
    pub kept_for: Option<KeepingHold>,
}

/// An open loan.
#[derive(Debug, Clone)]
pub struct OpenLoan {
    /// Its key.
    pub id: Uuid,
    /// Who has the item.
    pub patron_id: i64,
    /// With which card it was lent.
    pub card_id: i64,
    /// Where it was lent.
    pub branch_id: i64,
    /// At which device it was lent or last renewed.
    pub device_id: i64,
    /// How it stands.
    pub state: LoanState,
    /// When it began.
    pub lent_at: DateTime<Utc>,
    /// Its last day.
    pub due_on: NaiveDate,
    /// The moment from which it is late; none for loans from before that was kept, which end with their day.
    pub due_at: Option<DateTime<Utc>>,
    /// How often it has been renewed.
    pub renewals: i16,
    /// When it was last renewed.
    pub renewed_at: Option<DateTime<Utc>>,
    /// What lending or the last renewal replaced, for undoing it.
    pub was: Replaced,
    /// How often it has been renewed, with the renewals that were undone: numbers what they charged.
    pub renewals_made: i16,
    /// Its borrower.
    pub borrower: Borrower,
    /// What has been charged for it so far; looked up where it was renewed or is lost, claimed or billed.
    pub fees: Vec<LoanFee>,
}

/// A fee of a loan.
#[derive(Debug, Clone)]
pub struct LoanFee {
    /// Its key.
    pub id: Uuid,
    /// What it is for, as a word.
    pub kind: String,
    /// Which of its kind.
    pub step: i16,
    /// What it was, in cents.
    pub amount_cents: i64,
    /// What is open of it, in cents.
    pub open_cents: i64,
}

/// What a check-out or a renewal replaced.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Replaced {
    /// The state of the item before it was lent.
    pub item_state: Option<ItemState>,
    /// Where it was.
    pub at_branch_id: Option<i64>,
    /// The hold that it fulfilled.
    pub hold_id: Option<Uuid>,
    /// The last day before the last renewal.
    pub due_on: Option<NaiveDate>,
    /// The moment from which it was late.
    pub due_at: Option<DateTime<Utc>>,
    /// The device at which it had been lent or renewed.
    pub device_id: Option<i64>,
}

/// Whoever has an item, as far as its return concerns them.
#[derive(Debug, Clone)]
pub struct Borrower {
    /// Category.
    pub category: PatronCategory,
    /// Birth date.
    pub birth_date: Option<NaiveDate>,
    /// The name in the audit trail.
    pub pseudonym: Uuid,
    /// What they owe for being late already, in cents; looked up where the loan is due.
    pub owed_overdue_cents: i64,
}

/// The hold that keeps an item.
#[derive(Debug, Clone)]
pub struct KeepingHold {
    /// Its key.
    pub id: Uuid,
    /// Whose it is.
    pub patron_id: i64,
    /// With which card it was placed.
    pub card_id: Option<i64>,
    /// Where it is picked up.
    pub pickup_branch_id: i64,
    /// At which stop of it.
    pub pickup_stop_id: Option<i64>,
    /// In which locker of it.
    pub pickup_locker_id: Option<i64>,
    /// Its number on the shelf.
    pub pickup_number: Option<String>,
    /// The device that has reserved its pickup last, and until when.
    pub reserved: Option<(i64, DateTime<Utc>)>,
}

impl Item {
    /// What policies ask of it.
    #[must_use]
    pub fn class(&self) -> ItemClass<'_> {
        ItemClass { material: &self.material, collection: &self.collection }
    }

    /// Reads [`item_columns`].
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Option<Self>, StoreError> {
        let Some(id) = cursor.get::<Option<i64>>()? else {
            cursor.skip(43);
            return Ok(None);
        };
        Ok(Some(Self {
            id,
            barcode: cursor.get()?,
            state: cursor.code()?,
            home_branch_id: cursor.get()?,
            at_branch_id: cursor.get()?,
            title_id: cursor.get()?,
            collection: cursor.get()?,
            label: cursor.get()?,
            material: cursor.get()?,
            age_rating: cursor.get()?,
            price_cents: cursor.get()?,
            waited_for: cursor.get()?,
            loan: OpenLoan::read(cursor)?,
            kept_for: KeepingHold::read(cursor)?,
        }))
    }
}

impl OpenLoan {
    fn read(cursor: &mut Cursor<'_>) -> Result<Option<Self>, StoreError> {
        let Some(id) = cursor.get::<Option<Uuid>>()? else {
            cursor.skip(22);
            return Ok(None);
        };
        Ok(Some(Self {
            id,
            patron_id: cursor.get()?,
            card_id: cursor.get()?,
            branch_id: cursor.get()?,
            device_id: cursor.get()?,
            state: cursor.code()?,
            lent_at: cursor.get()?,
            due_on: cursor.get()?,
            due_at: cursor.get()?,
            renewals: cursor.get()?,
            renewed_at: cursor.get()?,
            was: Replaced {
                item_state: cursor.get::<Option<i16>>()?.map(TryInto::try_into).transpose()?,
                at_branch_id: cursor.get()?,
                hold_id: cursor.get()?,
                due_on: cursor.get()?,
                due_at: cursor.get()?,
                device_id: cursor.get()?,
            },
            renewals_made: cursor.get()?,
            borrower: Borrower {
                category: cursor.code()?,
                birth_date: cursor.get()?,
                pseudonym: cursor.get()?,
                owed_overdue_cents: cursor.get()?,
            },
            fees: cursor
                .list::<(Uuid, String, i16, i64, i64)>()?
                .into_iter()
                .map(|(id, kind, step, amount_cents, open_cents)| LoanFee {
                    id,
                    kind,
                    step,
                    amount_cents,
                    open_cents,
                })
                .collect(),
        }))
    }
}

impl KeepingHold {
    fn read(cursor: &mut Cursor<'_>) -> Result<Option<Self>, StoreError> {
        let Some(id) = cursor.get::<Option<Uuid>>()? else {
            cursor.skip(8);
            return Ok(None);
        };
        Ok(Some(Self {
            id,
            patron_id: cursor.get()?,
            card_id: cursor.get()?,
            pickup_branch_id: cursor.get()?,
            pickup_stop_id: cursor.get()?,
            pickup_locker_id: cursor.get()?,
            pickup_number: cursor.get()?,
            reserved: cursor.get::<Option<i64>>()?.zip(cursor.get::<Option<DateTime<Utc>>>()?),
        }))
    }
}
