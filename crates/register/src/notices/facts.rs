//! What the notices of a batch are about, read in one statement for each table.

use super::cause;
use crate::{Register, RegisterError, Rulebook};
use kortisto_domain::{CardState, NoticeKind, RelationKind, ResourceKind};
use kortisto_store::{
    StoreError,
    entities::{
        addresses, cards, devices, emails, fees, holds, items, notice_lines, notice_preferences,
        notice_templates, notices, open_loans, patrons, phones, relations, resources, stops, titles,
    },
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter as _, QueryOrder as _, Select,
};
use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
    sync::Arc,
};
use uuid::Uuid;

/// Everything that a batch of notices needs. Personal data: it has no `Debug`.
pub(crate) struct NoticeFacts {
    pub(crate) rulebook: Arc<Rulebook>,
    pub(crate) lines: HashMap<Uuid, Vec<notice_lines::Model>>,
    /// The patrons and their guardians.
    pub(crate) patrons: HashMap<i64, patrons::Model>,
    /// By ward, the oldest first, whether in force or not.
    pub(crate) guardians: HashMap<i64, Vec<relations::Model>>,
    /// By patron and kind of notice.
    pub(crate) preferences: HashMap<(i64, i16), notice_preferences::Model>,
    /// By patron, in the order of their kinds.
    pub(crate) addresses: HashMap<i64, Vec<addresses::Model>>,
    /// By patron, the newest.
    pub(crate) emails: HashMap<i64, emails::Model>,
    /// By patron, the newest that gets text messages.
    pub(crate) phones: HashMap<i64, phones::Model>,
    /// The newest in force of those who may be billed, by patron.
    pub(crate) cards: HashMap<i64, cards::Model>,
    /// By item.
    pub(crate) loans: HashMap<i64, open_loans::Model>,
    pub(crate) holds: HashMap<Uuid, holds::Model>,
    pub(crate) items: HashMap<i64, items::Model>,
    pub(crate) titles: HashMap<i64, titles::Model>,
    /// By loan, the oldest first.
    pub(crate) fees: HashMap<Uuid, Vec<fees::Model>>,
    pub(crate) stops: HashMap<i64, stops::Model>,
    /// Those that were wished, and those that have the name of a device that said what lies in it.
    pub(crate) lockers: HashMap<i64, resources::Model>,
    /// The devices that said what lies in them.
    pub(crate) stocked_by: HashMap<i64, devices::Model>,
    /// The holds for which it is told that they lie in a locker now, as they are ready now.
    pub(crate) told_stocked: HashSet<Uuid>,
    pub(crate) templates: Vec<notice_templates::Model>,
}

impl NoticeFacts {
    /// Reads what these notices are about.
    pub(crate) async fn load<C: ConnectionTrait>(
        register: &Register,
        connection: &C,
        batch: &[notices::Model],
    ) -> Result<Self, RegisterError> {
        let read = Read { connection };
        let wards: Vec<i64> = batch.iter().map(|notice| notice.patron_id).collect();
        let lines = of(notice_lines::Column::NoticeId, batch.iter().map(|notice| notice.id));
        let lines = read.all(lines.order_by_asc(notice_lines::Column::Position)).await?;
        let beside = of(relations::Column::WardId, wards.iter().copied())
            .filter(relations::Column::Kind.eq(RelationKind::Guardian.code()))
            .order_by_asc(relations::Column::Id);
        let beside = read.all(beside).await?;
        let persons: Vec<i64> = wards.iter().copied().chain(beside.iter().map(|row| row.other_id)).collect();
        let persons = || persons.iter().copied();
        let billed: HashSet<i64> = batch
            .iter()
            .filter(|notice| notice.kind == NoticeKind::Invoice.code())
            .map(|notice| notice.patron_id)
            .collect();
        let payers = beside.iter().filter(|row| billed.contains(&row.ward_id)).map(|row| row.other_id);
        let payers: Vec<i64> = billed.iter().copied().chain(payers).collect();
        let borne = of(cards::Column::PatronId, payers)
            .filter(cards::Column::State.eq(CardState::Active.code()))
            .order_by_asc(cards::Column::Id);
        let waiting = of(holds::Column::Id, lines.iter().filter_map(|line| line.hold_id));
        let waiting = read.all(waiting).await?;
        let on_shelf = waiting.iter().filter_map(|hold| hold.kept_item_id);
        let things = lines.iter().filter_map(|line| line.item_id).chain(on_shelf);
        let things = read.all(of(items::Column::Id, things)).await?;
        let labelled =
            things.iter().map(|item| item.title_id).chain(waiting.iter().map(|hold| hold.title_id));
        let labelled = read.all(of(titles::Column::Id, labelled)).await?;
        let loans = of(open_loans::Column::ItemId, lines.iter().filter_map(|line| line.item_id));
        let charged = of(fees::Column::LoanId, lines.iter().filter_map(|line| line.loan_id))
            .order_by_asc(fees::Column::CreatedAt)
            .order_by_asc(fees::Column::Id);
        let reached = of(addresses::Column::PatronId, persons()).order_by_asc(addresses::Column::Kind);
        // The last one of a patron stays: the newest.
        let mailed = of(emails::Column::PatronId, persons()).order_by_asc(emails::Column::Id);
        let called = of(phones::Column::PatronId, persons())
            .filter(phones::Column::Sms.eq(true))
            .order_by_asc(phones::Column::Id);
        let preferred = of(notice_preferences::Column::PatronId, wards.iter().copied());
        let at_stops = of(stops::Column::Id, waiting.iter().filter_map(|hold| hold.pickup_stop_id));
        let stocking = of(devices::Column::Id, waiting.iter().filter_map(|hold| hold.compartment_device_id));
        let stocking = read.all(stocking).await?;
        let wished = waiting.iter().filter_map(|hold| hold.pickup_locker_id);
        let in_lockers = Condition::any()
            .add(resources::Column::Id.is_in(wished))
            .add(resources::Column::Code.is_in(stocking.iter().map(|device| device.name.as_str())));
        let in_lockers = resources::Entity::find()
            .filter(resources::Column::Kind.eq(ResourceKind::Locker.code()))
            .filter(in_lockers);
        let stocked = waiting.iter().filter_map(|hold| Some(cause::was_stocked(hold.id, hold.ready_at?)));
        let stocked = read.all(of(notice_lines::Column::Cause, stocked)).await?;
        Ok(Self {
            rulebook: register.rulebook_in(connection).await?,
            patrons: keyed(read.all(of(patrons::Column::Id, persons())).await?, |row| row.id),
            guardians: grouped(beside, |row| row.ward_id),
            preferences: keyed(read.all(preferred).await?, |row| (row.patron_id, row.notice)),
            addresses: grouped(read.all(reached).await?, |row| row.patron_id),
            emails: keyed(read.all(mailed).await?, |row| row.patron_id),
            phones: keyed(read.all(called).await?, |row| row.patron_id),
            cards: keyed(read.all(borne).await?, |row| row.patron_id),
            lines: grouped(lines, |row| row.notice_id),
            loans: keyed(read.all(loans).await?, |row| row.item_id),
            holds: keyed(waiting, |row| row.id),
            items: keyed(things, |row| row.id),
            titles: keyed(labelled, |row| row.id),
            fees: grouped(read.all(charged).await?, |row| row.loan_id.unwrap_or_default()),
            stops: keyed(read.all(at_stops).await?, |row| row.id),
            lockers: keyed(read.all(in_lockers).await?, |row| row.id),
            stocked_by: keyed(stocking, |row| row.id),
            told_stocked: stocked.into_iter().filter_map(|line| line.hold_id).collect(),
            templates: read.all(notice_templates::Entity::find()).await?,
        })
    }

    /// The label of an item's title; empty for an item that is not there any more.
    pub(crate) fn label(&self, item: Option<i64>) -> &str {
        let item = item.and_then(|item| self.items.get(&item));
        let title = item.and_then(|item| self.titles.get(&item.title_id));
        title.map_or("", |title| &title.label)
    }

    /// The name of a branch; empty for one that is not there any more.
    pub(crate) fn branch(&self, id: i64) -> &str {
        self.rulebook.branch(id).map_or("", |branch| &branch.name)
    }
}

struct Read<'c, C> {
    connection: &'c C,
}

impl<C: ConnectionTrait> Read<'_, C> {
    async fn all<E: EntityTrait>(&self, select: Select<E>) -> Result<Vec<E::Model>, RegisterError> {
        Ok(select.all(self.connection).await.map_err(StoreError::from)?)
    }
}

/// Rows that have one of these values in the column.
fn of<C, V>(column: C, values: impl IntoIterator<Item = V>) -> Select<C::EntityName>
where
    C: ColumnTrait,
    C::EntityName: EntityTrait,
    V: Into<sea_orm::Value>,
{
    C::EntityName::find().filter(column.is_in(values))
}

fn keyed<K: Eq + Hash, R>(rows: Vec<R>, key: impl Fn(&R) -> K) -> HashMap<K, R> {
    rows.into_iter().map(|row| (key(&row), row)).collect()
}

fn grouped<K: Eq + Hash, R>(rows: Vec<R>, key: impl Fn(&R) -> K) -> HashMap<K, Vec<R>> {
    let mut groups: HashMap<K, Vec<R>> = HashMap::new();
    for row in rows {
        groups.entry(key(&row)).or_default().push(row);
    }
    groups
}
