//! Titles and items from records of MARC 21, as ISO 2709 or as MARCXML.
//!
//! Each record becomes rows with the columns that a table would have, so that everything behind the reader is the same
//! for both: what is right in a column, what is compared, what is refused. `docs/import.md` has the fields.

mod iso2709;
mod record;
mod rows;
#[cfg(test)]
mod tests;
mod xml;

pub(super) use rows::field_of;

use super::{
    ImportKind, RowFault, Source,
    layout::Layout,
    meter::{Meter, Metered, READ_AHEAD_BYTES},
    source::SourceReader,
    table::{RawRow, TableFault},
};
use csv::ByteRecord;
use record::Record;
use std::{
    collections::VecDeque,
    io::{self, BufReader, Read as _},
    sync::Arc,
};
use xml::XmlRecords;

/// How much of a file is looked at to tell what it is, in bytes.
const HEAD_BYTES: u64 = 64;

/// Longest record, in bytes, with what stands between it and the one before: in ISO 2709 none is longer than 99 999,
/// and the tags of XML take some times as much.
const RECORD_BYTES_MAX: u64 = 1024 * 1024;

/// Rows of one record at most: items of one title.
const ROWS_PER_RECORD_MAX: usize = 5_000;

/// Why a record cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BadRecord {
    /// The next one can.
    Skipped(&'static str),
    /// Nothing behind it can.
    Lost(&'static str),
}

/// How records are written.
enum Form {
    Iso2709(BufReader<Metered<SourceReader>>),
    Xml(XmlRecords<BufReader<Metered<SourceReader>>>),
}

/// A file of records, as rows.
pub(crate) struct MarcTable {
    form: Form,
    meter: Arc<Meter>,
    layout: &'static Layout,
    rows: fn(&Record) -> Vec<ByteRecord>,
    /// The columns stand in a row as in the layout.
    places: Vec<Option<usize>>,
    waiting: VecDeque<ByteRecord>,
    row: ByteRecord,
    /// Which record of the file, from 1.
    number: u64,
    lost: bool,
}

impl MarcTable {
    /// Opens a file of records; none where it is another file, or where such records are not imported.
    pub(crate) fn open(source: &Source, kind: ImportKind) -> io::Result<Option<Self>> {
        let Some((layout, rows)) = rows::of(kind) else { return Ok(None) };
        let mut head = Vec::new();
        source.reader().take(HEAD_BYTES).read_to_end(&mut head)?;
        let meter = Arc::new(Meter::new(RECORD_BYTES_MAX));
        let reader = || {
            let metered = Metered::new(source.reader(), Arc::clone(&meter));
            BufReader::with_capacity(READ_AHEAD_BYTES, metered)
        };
        let form = if is_xml(&head) {
            Form::Xml(XmlRecords::new(reader()))
        } else if is_iso2709(&head) {
            Form::Iso2709(reader())
        } else {
            return Ok(None);
        };
        let places = (0..layout.columns.len()).map(Some).collect();
        let (waiting, row) = (VecDeque::new(), ByteRecord::new());
        Ok(Some(Self { form, meter, layout, rows, places, waiting, row, number: 0, lost: false }))
    }

    /// The next row, or none at the end of the file. The line of a row is the number of its record.
    ///
    /// # Errors
    /// As [`super::table::Table::next_row`].
    pub(crate) fn next_row(&mut self) -> Result<Option<RawRow<'_>>, TableFault> {
        while self.waiting.is_empty() {
            self.number += 1;
            let Some(record) = self.next_record()? else { return Ok(None) };
            self.waiting.extend((self.rows)(&record));
            if self.waiting.len() > ROWS_PER_RECORD_MAX {
                self.waiting.clear();
                return Err(self.fault(BadRecord::Skipped("the record has more than 5000 items")));
            }
        }
        self.row = self.waiting.pop_front().unwrap_or_default();
        Ok(Some(RawRow::new(self.number, self.layout, &self.places, &self.row)))
    }

    fn next_record(&mut self) -> Result<Option<Record>, TableFault> {
        self.meter.next_row();
        let read = match &mut self.form {
            Form::Iso2709(reader) => iso2709::next(reader),
            Form::Xml(records) => records.next(),
        };
        match read {
            Ok(None) => Ok(None),
            Ok(Some(Ok(record))) => Ok(Some(record)),
            Ok(Some(Err(bad))) => Err(self.fault(bad)),
            Err(_) if self.meter.passed() => {
                Err(self.fault(BadRecord::Lost("the record is longer than 1 MiB")))
            }
            Err(error) => Err(TableFault::Io(error)),
        }
    }

    fn fault(&mut self, bad: BadRecord) -> TableFault {
        let (reason, right) = match bad {
            BadRecord::Skipped(reason) => (reason.to_owned(), "a record of MARC 21 in UTF-8"),
            BadRecord::Lost(reason) => {
                self.lost = true;
                (format!("{reason}; reading ends here"), "a whole file of MARC 21, as ISO 2709 or MARCXML")
            }
        };
        TableFault::Row(RowFault {
            line: self.number,
            column: "",
            value: None,
            reason,
            right: right.to_owned(),
        })
    }

    /// Whether something was met behind which nothing can be read.
    pub(crate) const fn is_lost(&self) -> bool {
        self.lost
    }

    /// How far reading has come, in bytes.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.meter.read()
    }
}

/// Whether the file is one of MARCXML: a table begins with the name of a column.
fn is_xml(head: &[u8]) -> bool {
    head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start().starts_with(b"<")
}

/// Whether the file begins with the leader of a record: its length, two indicators, codes of two.
fn is_iso2709(head: &[u8]) -> bool {
    head.len() >= 24 && head[..5].iter().all(u8::is_ascii_digit) && &head[10..12] == b"22"
}
