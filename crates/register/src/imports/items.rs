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
            items::{ItemRow, change, insert, with_barcodes},
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
        let found: HashMap<&str, &items::Model> =
            found.iter().map(|item| (item.barcode.as_str(), item)).collect();
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
            let state = new_state(row.state, there.map(|item| item.state));
            let item = ItemRow {
                id: there.map_or(0, |item| item.id),
                barcode: row.barcode,
                title_id,
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

/// The state after the import. What travels or waits for somebody goes on doing so, whatever a file says.
fn new_state(given: Option<ItemState>, there: Option<i16>) -> i16 {
    let moving = [ItemState::InTransit.code(), ItemState::OnHoldShelf.code()];
    match (given, there) {
        (_, Some(there)) if moving.contains(&there) => there,
        (Some(given), _) => given.code(),
        (None, Some(there)) => there,
        (None, None) => ItemState::Available.code(),
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
    fn an_import_does_not_stop_what_moves() {
        use ItemState::{Available, InTransit, Lost, OnHoldShelf};
        let table = [
            (None, None, Available),
            (Some(Lost), None, Lost),
            (None, Some(Lost), Lost),
            (Some(Available), Some(Lost), Available),
            (Some(Available), Some(InTransit), InTransit),
            (Some(Lost), Some(OnHoldShelf), OnHoldShelf),
        ];
        for (given, there, expected) in table {
            assert_eq!(new_state(given, there.map(ItemState::code)), expected.code(), "{given:?} {there:?}");
        }
    }
}
