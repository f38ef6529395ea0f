//! Items: what stands on the shelves.

use super::{
    FaultList, ImportError, ImportKind, RowFault,
    kind::{Kind, Parser, Placed, Work},
    layout::{Layout, columns},
    report::Counts,
    row::Row,
};
use kortisto_domain::{
    ItemState,
    items::{COLLECTION_CHARS_MAX, NOTE_CHARS_MAX},
};
use kortisto_store::{
    entities::items,
    queries::{
        bulk::{
            branches::keys_by_code,
            items::{ItemRow, Ties, change, insert, ties, with_barcodes},
            session::{Table, analyze},
            titles,
        },
        dialect::At,
    },
};
use std::collections::{HashMap, HashSet};

pub(super) const LAYOUTS: &[Layout] = &[Layout {
    mark: None,
    private: false,
    columns: columns! { Required: "barcode" "title_number" "branch" "collection"; Optional: "state" "price" "note"; },
}];

/// The states that a file may give. The others belong to a hold, which no file brings.
const STATES: [ItemState; 5] =
    [ItemState::Available, ItemState::NotForLoan, ItemState::Lost, ItemState::Withdrawn, ItemState::InRepair];

pub(crate) struct ItemParser;

pub(crate) struct ParsedItem {
    barcode: String,
    title_number: String,
    branch: String,
    collection: String,
    state: Option<ItemState>,
    /// None when the file has no such column: what is there stays.
    price_cents: Option<Option<i64>>,
    /// None when the file has no such column: what is there stays.
    note: Option<Option<String>>,
}

impl Parser for ItemParser {
    type Row = ParsedItem;

    fn parse(&self, row: &mut Row<'_>) -> Option<ParsedItem> {
        let barcode = row.unique_code("barcode");
        let title_number = row.code("title_number");
        let branch = row.code("branch");
        let collection = row.optional_text("collection", COLLECTION_CHARS_MAX);
        let state = row.optional_word("state", &STATES, ItemState::word);
        let price_cents = row.where_said("price", Row::price);
        let note = row.where_said("note", note);
        Some(ParsedItem {
            barcode: barcode?,
            title_number: title_number?,
            branch: branch?,
            collection: collection?,
            state: state?,
            price_cents: price_cents?,
            note: note?,
        })
    }
}

/// A note, or nothing for none.
fn note(row: &mut Row<'_>, column: &'static str) -> Option<Option<String>> {
    let text = row.optional_text(column, NOTE_CHARS_MAX)?;
    Some(Some(text).filter(|text| !text.is_empty()))
}

pub(crate) struct Items {
    branches: HashMap<String, i64>,
}

impl Kind for Items {
    const KIND: ImportKind = ImportKind::Items;
    type Parser = ItemParser;

    async fn start(work: &Work<'_>) -> Result<(Self, ItemParser), ImportError> {
        Ok((Self { branches: keys_by_code(work.transaction).await? }, ItemParser))
    }

    async fn apply(
        &mut self,
        work: &Work<'_>,
        rows: Vec<Placed<ParsedItem>>,
        faults: &mut FaultList,
    ) -> Result<Counts, ImportError> {
        let numbers: HashSet<&str> = rows.iter().map(|placed| placed.row.title_number.as_str()).collect();
        let titles = titles::keys(work.transaction, numbers.into_iter()).await?;
        let titles: HashMap<&str, i64> =
            titles.iter().map(|title| (title.natural.as_str(), title.id)).collect();
        let found =
            with_barcodes(work.transaction, rows.iter().map(|placed| placed.row.barcode.as_str())).await?;
        let ties = ties(work.transaction, found.iter().map(|item| item.id)).await?;
        let found: HashMap<&str, There<'_>> =
            found.iter().map(|item| (item.barcode.as_str(), There::of(item, &ties))).collect();
        let (mut new, mut changed, mut unchanged) = (Vec::new(), Vec::new(), 0);
        for Placed { line, row } in rows {
            let title_id = titles.get(row.title_number.as_str()).copied();
            let branch_id = self.branches.get(&row.branch).copied();
            if title_id.is_none() {
                faults.push(unknown(line, "title_number", &row.title_number, "a title"));
            }
            if branch_id.is_none() {
                faults.push(unknown(line, "branch", &row.branch, "a branch"));
            }
            let (Some(title_id), Some(home_branch_id)) = (title_id, branch_id) else { continue };
            let there = found.get(row.barcode.as_str()).copied();
            if there.is_some_and(|there| there.item.title_id != title_id && there.is_promised()) {
                faults.push(promised(line, &row.title_number));
                continue;
            }
            let state = new_state(row.state, there.map(|there| (there.item.state, there.stays())));
            let there = there.map(|there| there.item);
            let item = ItemRow {
                id: there.map_or(0, |item| item.id),
                barcode: row.barcode,
                title_id,
                title_read: there.map_or(title_id, |item| item.title_id),
                home_branch_id,
                collection: row.collection,
                state,
                state_read: there.map_or(state, |item| item.state),
                price_cents: row.price_cents.unwrap_or_else(|| there.and_then(|item| item.price_cents)),
                note: row.note.unwrap_or_else(|| there.and_then(|item| item.note.clone())),
                at: At(work.at),
            };
            match there {
                None => new.push(item),
                Some(there) if is_as(there, &item) => unchanged += 1,
                Some(_) => changed.push(item),
            }
        }
        if faults.is_empty() {
            insert(work.transaction, &new).await?;
            change(work.transaction, &changed).await?;
        }
        Ok(Counts { created: new.len() as u64, changed: changed.len() as u64, unchanged, pins_set: 0 })
    }

    async fn finish(self, work: &Work<'_>, faults: &mut FaultList) -> Result<Counts, ImportError> {
        if faults.is_empty() {
            analyze(work.transaction, &[Table::Items]).await?;
        }
        Ok(Counts::default())
    }
}

/// An item as it is in the register.
#[derive(Clone, Copy)]
struct There<'a> {
    item: &'a items::Model,
    ties: Ties,
}

impl<'a> There<'a> {
    fn of(item: &'a items::Model, ties: &HashMap<i64, Ties>) -> Self {
        Self { item, ties: ties.get(&item.id).copied().unwrap_or_default() }
    }

    /// Whether a hold will be served by this very item, as one of the title that it has.
    ///
    /// A loan is no such promise, so that what is lent does not keep a whole file of the catalogue out. It has days
    /// and a material of its own, and its fees name the item. What comes of the title is looked up under the lock of
    /// the item when it is renewed or returned: then it serves those who wait for the title that it has by then. And
    /// a check-out that is undone gives this very item back to the hold that it was kept for.
    const fn is_promised(&self) -> bool {
        self.item.kept_for_hold_id.is_some() || self.ties.awaited
    }

    /// Whether its state is not for a file to say: it travels or waits for somebody, or somebody has it.
    fn stays(&self) -> bool {
        let moving = [ItemState::InTransit.code(), ItemState::OnHoldShelf.code()];
        moving.contains(&self.item.state) || self.item.kept_for_hold_id.is_some() || self.ties.lent
    }
}

/// The state after the import, from what the file gives, and from the state of an item that is there and whether it
/// stays as it is.
fn new_state(given: Option<ItemState>, there: Option<(i16, bool)>) -> i16 {
    match (given, there) {
        (_, Some((there, true))) | (None, Some((there, false))) => there,
        (Some(given), _) => given.code(),
        (None, None) => ItemState::Available.code(),
    }
}

/// Another title for an item that a hold will get.
fn promised(line: u64, title_number: &str) -> RowFault {
    RowFault {
        line,
        column: "title_number",
        value: Some(RowFault::shown(title_number)),
        reason: "an item that is kept for a hold or waited for itself keeps its title".to_owned(),
        right: "the title that it has, until the hold is picked up or cancelled".to_owned(),
    }
}

fn is_as(there: &items::Model, row: &ItemRow) -> bool {
    there.title_id == row.title_id
        && there.home_branch_id == row.home_branch_id
        && there.collection == row.collection
        && there.state == row.state
        && there.price_cents == row.price_cents
        && there.note == row.note
}

/// Something that is referred to and not there.
pub(super) fn unknown(line: u64, column: &'static str, value: &str, what: &str) -> RowFault {
    RowFault {
        line,
        column,
        value: Some(RowFault::shown(value)),
        reason: "not in the register".to_owned(),
        right: format!("{what} that has been imported before"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_gives_the_state_of_what_does_not_stay_as_it_is() {
        use ItemState::{Available, InTransit, Lost};
        let table = [
            (None, None, Available),
            (Some(Lost), None, Lost),
            (None, Some((Lost, false)), Lost),
            (Some(Available), Some((Lost, false)), Available),
            (Some(Available), Some((Lost, true)), Lost),
            (Some(Lost), Some((InTransit, true)), InTransit),
            (None, Some((Lost, true)), Lost),
        ];
        for (given, there, expected) in table {
            let there = there.map(|(state, stays): (ItemState, bool)| (state.code(), stays));
            assert_eq!(new_state(given, there), expected.code(), "{given:?} {there:?}");
        }
    }

    #[test]
    fn what_moves_or_is_with_somebody_stays_and_what_a_hold_gets_keeps_its_title() {
        use ItemState::{Available, InTransit, Lost, OnHoldShelf};
        let (free, lent) = (Ties::default(), Ties { lent: true, awaited: false });
        let awaited = Ties { lent: false, awaited: true };
        // State, whether it is kept, ties: whether its state stays, whether its title does.
        let table = [
            (Available, false, free, false, false),
            (InTransit, false, free, true, false),
            (OnHoldShelf, true, free, true, true),
            (Available, true, free, true, true),
            (Available, false, lent, true, false),
            (Lost, false, lent, true, false),
            (Available, false, awaited, false, true),
        ];
        for (state, kept, ties, stays, is_promised) in table {
            let item = items::Model {
                id: 1,
                barcode: "i1".to_owned(),
                title_id: 1,
                home_branch_id: 1,
                collection: String::new(),
                state: state.code(),
                at_branch_id: 1,
                kept_for_hold_id: kept.then(uuid::Uuid::nil),
                price_cents: None,
                note: None,
                state_since: None,
            };
            let there = There { item: &item, ties };
            assert_eq!(
                (there.stays(), there.is_promised()),
                (stays, is_promised),
                "{state:?} {kept} {ties:?}"
            );
        }
    }
}
