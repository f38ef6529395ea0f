//! Which fields of a record become which columns.

use super::record::{Field, Record};
use crate::imports::{
    ImportKind,
    layout::{Layout, columns},
    titles::MARC_MARK,
};
use csv::ByteRecord;

/// Columns of a title; the same as those of MARC fields in a table, and three more.
const TITLE: Layout = Layout {
    mark: Some(MARC_MARK),
    private: false,
    columns: columns! {
        Required: "melinda_id" "leader" "title" "title_remainder" "author_name" "008" "language";
        Optional: "007" "338" "521";
    },
};

/// Columns of an item. The price comes last: it is left out where a record says none, and then stays.
const ITEM: Layout = Layout {
    mark: None,
    private: false,
    columns: columns! { Required: "barcode" "title_number" "branch" "collection"; Optional: "price"; },
};

/// The main entry: a person, a body or a meeting.
const AUTHOR: [&str; 3] = ["100", "110", "111"];

/// Stands between several values of one column.
const SEPARATOR: &str = "|";

/// Makes rows of a record.
type ToRows = fn(&Record) -> Vec<ByteRecord>;

/// The columns of a kind and what makes its rows; none for a kind that does not come from such records.
pub(super) fn of(kind: ImportKind) -> Option<(&'static Layout, ToRows)> {
    match kind {
        ImportKind::Titles => Some((&TITLE, title)),
        ImportKind::Items => Some((&ITEM, items)),
        ImportKind::Branches | ImportKind::OpeningHours | ImportKind::Patrons | ImportKind::Policies => None,
    }
}

/// The number: field 001, or else the first number of another system (035).
fn number(record: &Record) -> &str {
    let own = record.control("001").trim();
    if own.is_empty() { record.first(&["035"], 'a') } else { own }
}

fn title(record: &Record) -> Vec<ByteRecord> {
    // What stands between values elsewhere would cut the words short here.
    let words = |text: &str| text.replace(SEPARATOR, " ");
    let parts: Vec<&str> = record.data(&["245"]).take(1).flat_map(title_parts).collect();
    let audiences: Vec<&str> = record.data(&["521"]).flat_map(|field| field.subfields('a')).collect();
    let carriers: Vec<&str> = record.data(&["338"]).flat_map(|field| field.subfields('b')).collect();
    let row = [
        number(record).to_owned(),
        record.leader.clone(),
        words(&parts.join(" ")),
        words(record.first(&["245"], 'b')),
        words(record.first(&AUTHOR, 'a')),
        record.control("008").to_owned(),
        record.first(&["041"], 'a').to_owned(),
        record.control("007").to_owned(),
        carriers.join(SEPARATOR),
        audiences.join(SEPARATOR),
    ];
    vec![ByteRecord::from(row.to_vec())]
}

/// The title itself, and the number and name of a part.
fn title_parts(field: &Field) -> impl Iterator<Item = &str> {
    ['a', 'n', 'p'].into_iter().flat_map(|code| field.subfields(code))
}

/// Items stand in 852, or in 952 as some library systems write them. One without a barcode is no item.
fn items(record: &Record) -> Vec<ByteRecord> {
    let in_852: Vec<ByteRecord> =
        record.data(&["852"]).filter_map(|field| item(record, field, &OF_852)).collect();
    if !in_852.is_empty() {
        return in_852;
    }
    record.data(&["952"]).filter_map(|field| item(record, field, &OF_952)).collect()
}

/// The subfields of an item; of several the first that is there.
struct Subfields {
    branch: [char; 2],
    collection: [char; 2],
    price: [char; 2],
}

const OF_852: Subfields = Subfields { branch: ['b', 'b'], collection: ['c', 'c'], price: ['9', 'g'] };
const OF_952: Subfields = Subfields { branch: ['a', 'b'], collection: ['c', '8'], price: ['v', 'g'] };

fn item(record: &Record, field: &Field, of: &Subfields) -> Option<ByteRecord> {
    let barcode = field.subfield('p').filter(|barcode| !barcode.is_empty())?;
    let first = |codes: [char; 2]| {
        codes.into_iter().filter_map(|code| field.subfield(code)).find(|text| !text.is_empty())
    };
    let mut row = vec![
        barcode.to_owned(),
        number(record).to_owned(),
        first(of.branch).unwrap_or_default().to_owned(),
        first(of.collection).unwrap_or_default().to_owned(),
    ];
    row.extend(first(of.price).map(|price| price.replace("EUR", "").replace('€', "").trim().to_owned()));
    Some(ByteRecord::from(row))
}

/// The field of a record that a column is made from, as a report names it.
pub(crate) fn field_of(column: &'static str) -> &'static str {
    match column {
        "melinda_id" | "title_number" => "001",
        "title" => "245",
        "title_remainder" => "245$b",
        "author_name" => "1XX",
        "language" => "041",
        "barcode" => "852$p",
        "branch" => "852$b (952$a)",
        "collection" => "852$c (952$c)",
        "price" => "852$9 (952$v)",
        column => column,
    }
}
