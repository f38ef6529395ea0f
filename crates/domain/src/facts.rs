//! What a rule looks at. Facts are read at the moment of the question, never from a list made earlier.

use crate::due::Due;
use crate::policy::ItemClass;
use crate::relations::Bond;
use crate::{
    BanKind, CardState, ItemState, LoanState, OpeningMode, PatronCategory, PatronState, RelationKind,
    RightKind, Service,
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// Its state.
    pub state: CardState,
    /// First day of validity.
    pub valid_from: NaiveDate,
    /// Last day of validity; none means until the state changes.
    pub valid_until: Option<NaiveDate>,
}

/// A patron, as far as rules need one. No name, no contact, no identity code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patron {
    /// Standing.
    pub state: PatronState,
    /// Category.
    pub category: PatronCategory,
    /// Birth date, where it is known.
    pub birth_date: Option<NaiveDate>,
    /// Last day of the right to use the library; none means no end.
    pub valid_until: Option<NaiveDate>,
    /// Unpaid fees in cents.
    pub debt_cents: i64,
    /// When the oldest unpaid fee came about; none where nothing is unpaid.
    pub oldest_debt_at: Option<DateTime<Utc>>,
    /// The earliest due date of an open loan; none where there is no loan.
    pub earliest_due: Option<NaiveDate>,
    /// Every ban that has not been lifted, whatever its dates.
    pub bans: Vec<Ban>,
    /// Every self-service right that has not been withdrawn, whatever its dates.
    pub rights: Vec<SelfServiceRight>,
    /// Open loans by material; their sum is the number of open loans.
    pub open_loans: Vec<MaterialCount>,
    /// The services that the patron has switched off (A33).
    pub switched_off: Vec<Service>,
    /// Those beside whom the patron stands, by relations that nobody has ended, whatever their dates.
    pub wards: Vec<Ward>,
}

/// A patron beside whom somebody stands, as far as it concerns that one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ward {
    /// The key of the ward.
    pub patron: i64,
    /// What the relation is.
    pub relation: RelationKind,
    /// First day of the relation.
    pub valid_from: NaiveDate,
    /// Last day of the relation; none means until it is ended.
    pub valid_until: Option<NaiveDate>,
    /// Birth date of the ward, where it is known.
    pub birth_date: Option<NaiveDate>,
    /// Unpaid fees of the ward in cents.
    pub debt_cents: i64,
    /// When the ward's oldest unpaid fee came about.
    pub oldest_debt_at: Option<DateTime<Utc>>,
    /// The earliest due date of the ward's open loans.
    pub earliest_due: Option<NaiveDate>,
    /// The ward's bans that have not been lifted, whatever their dates.
    pub bans: Vec<Ban>,
}

impl Ward {
    /// Whether the ward is in the patron's care on the day `today`: the patron is its guardian, and the relation is in
    /// force under a policy that ends it at this age of the ward.
    #[must_use]
    pub fn is_in_care(&self, guardian_end_age: u8, today: NaiveDate) -> bool {
        let bond = Bond {
            kind: self.relation,
            valid_from: self.valid_from,
            valid_until: self.valid_until,
            dissolved: false,
            ward_birth_date: self.birth_date,
        };
        self.relation == RelationKind::Guardian && bond.is_in_force(guardian_end_age, today)
    }
}

/// How many loans of one material are open.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct MaterialCount {
    /// The material, for example `book`.
    pub material: String,
    /// Open loans of it.
    pub loans: u32,
}

/// A ban that has not been lifted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ban {
    /// Its key, so that a refusal can say where it comes from.
    pub id: i64,
    /// What it forbids.
    pub kind: BanKind,
    /// Where; none means everywhere in the consortium.
    pub branch: Option<i64>,
    /// From this instant.
    pub starts_at: DateTime<Utc>,
    /// To this instant, exclusive; none means until lifted.
    pub ends_at: Option<DateTime<Utc>>,
}

/// A right to use unstaffed libraries, an object of its own and no category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelfServiceRight {
    /// How it was granted.
    pub kind: RightKind,
    /// Where; none means everywhere.
    pub branch: Option<i64>,
    /// First day.
    pub valid_from: NaiveDate,
    /// Last day; none means until withdrawn.
    pub valid_until: Option<NaiveDate>,
}

/// An item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// State apart from being on loan.
    pub state: ItemState,
    /// Material, for example `book`, `game`.
    pub material: String,
    /// Collection, a code of the consortium's own; `children` and the like decide fees and periods.
    pub collection: String,
    /// Years of the age rating (Kuvaohjelmalaki): 7, 12, 16 or 18.
    pub age_rating: Option<u8>,
    /// The branch it belongs to.
    pub home_branch: i64,
    /// Who has it on loan.
    pub borrower: Option<i64>,
    /// Whose hold keeps it: on a shelf, or on its way to one.
    pub kept_for: Option<KeptFor>,
    /// Whether others than its borrower wait for it in a queue.
    pub waited_for: bool,
}

impl Item {
    /// What policies tell apart.
    #[must_use]
    pub fn class(&self) -> ItemClass<'_> {
        ItemClass { material: &self.material, collection: &self.collection }
    }
}

/// A loan that has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenLoan {
    /// Who has it.
    pub patron: i64,
    /// How it stands.
    pub state: LoanState,
    /// When it began.
    pub lent_at: DateTime<Utc>,
    /// When it was lent or last renewed.
    pub last_event_at: DateTime<Utc>,
    /// Its end.
    pub due: Due,
    /// How often it has been renewed.
    pub renewals: u16,
}

/// The hold that has taken an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptFor {
    /// The patron whose hold it is.
    pub patron: i64,
    /// Where it is picked up.
    pub pickup_branch: i64,
    /// The card with which it was placed; none for holds from before that was kept.
    pub card: Option<i64>,
}

/// A hold that waits in the queue of a title or an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueuedHold {
    /// Whose it is.
    pub patron: i64,
    /// Where it is picked up.
    pub pickup_branch: i64,
    /// Set when only this item will do.
    pub only_item: Option<i64>,
    /// Set when only items of this branch will do.
    pub only_branch: Option<i64>,
    /// Whether its holder may wait for such an item where it is picked up.
    pub allowed: bool,
}

/// When a branch is open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpeningHours {
    /// The weekly windows of every season.
    pub windows: Vec<OpeningWindow>,
    /// The days on which something else holds than their week says.
    pub exceptions: BTreeMap<NaiveDate, Vec<DayWindow>>,
}

/// One window of a single day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DayWindow {
    /// Minutes after local midnight at which it opens, 0 to 1439.
    pub opens_minute: u16,
    /// Minutes after local midnight at which it closes, exclusive; after `opens_minute`, at most 1440.
    pub closes_minute: u16,
    /// With or without staff; `Closed` opens nothing.
    pub mode: OpeningMode,
}

/// One opening window of a branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpeningWindow {
    /// ISO weekday, Monday 1 to Sunday 7.
    pub weekday: u8,
    /// Minutes after local midnight at which it opens, 0 to 1440.
    pub opens_minute: u16,
    /// Minutes after local midnight at which it closes, exclusive; after `opens_minute`.
    pub closes_minute: u16,
    /// With or without staff.
    pub mode: OpeningMode,
    /// First day of the season.
    pub valid_from: NaiveDate,
    /// Last day of the season; none means no end.
    pub valid_until: Option<NaiveDate>,
}

/// A door, a PC or a locker of a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// What it is.
    pub kind: crate::ResourceKind,
    /// Years under which nobody may use it, whatever the policy of the branch.
    pub min_age: Option<u8>,
    /// Whether card alone is not enough.
    pub asks_pin: bool,
}
