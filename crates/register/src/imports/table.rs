//! Reads a CSV file row by row: its delimiter, its header, its columns by name.

use super::{
    fault::{FaultList, RowFault},
    layout::{Layout, Need},
    line_ends::LineEnds,
    meter::{Meter, Metered, READ_AHEAD_BYTES, ROW_BYTES_MAX},
    source::Source,
};
use csv::{ByteRecord, ReaderBuilder};
use std::{
    io::{self, Read},
    sync::Arc,
};

/// How far the end of the header is looked for, in bytes.
const HEADER_BYTES_MAX: u64 = 16 * 1024;
/// The bytes with which a UTF-8 file may begin.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// An open file, past its header.
pub(crate) struct Table {
    reader: csv::Reader<LineEnds<Metered<Box<dyn Read + Send>>>>,
    meter: Arc<Meter>,
    record: ByteRecord,
    /// The shape of the file.
    pub(crate) layout: &'static Layout,
    /// Where each column of the layout stands in a row.
    places: Vec<Option<usize>>,
    width: usize,
}

/// One row as it stands in the file.
pub(crate) struct RawRow<'t> {
    pub(crate) line: u64,
    pub(crate) layout: &'static Layout,
    places: &'t [Option<usize>],
    record: &'t ByteRecord,
}

impl<'t> RawRow<'t> {
    /// A row whose columns stand at these places.
    pub(crate) const fn new(
        line: u64,
        layout: &'static Layout,
        places: &'t [Option<usize>],
        record: &'t ByteRecord,
    ) -> Self {
        Self { line, layout, places, record }
    }

    /// The bytes of a column without blanks at their ends, none when the file does not have it.
    pub(crate) fn bytes(&self, column: &str) -> Option<&[u8]> {
        self.bytes_as_they_stand(column).map(<[u8]>::trim_ascii)
    }

    /// The bytes of a column with the blanks at their ends, none when the file does not have it.
    pub(crate) fn bytes_as_they_stand(&self, column: &str) -> Option<&[u8]> {
        let index = self.layout.columns.iter().position(|known| known.name == column)?;
        self.record.get(self.places[index]?)
    }
}

/// What came instead of a row, or of a table.
pub(crate) enum TableFault {
    /// The file cannot be read.
    Io(io::Error),
    /// Something is wrong with the file.
    Row(RowFault),
}

impl Table {
    /// Opens a file and reads its header. The layouts are the shapes that the file may have; the first one is
    /// assumed when the file has the mark of no other.
    ///
    /// # Errors
    /// When the file cannot be read; what is wrong with its header goes to `faults`, and there is no table.
    pub(crate) fn open(
        source: &Source,
        layouts: &'static [Layout],
        faults: &mut FaultList,
    ) -> io::Result<Option<Self>> {
        let mut rest = source.reader();
        let mut head = Vec::new();
        rest.by_ref().take(HEADER_BYTES_MAX).read_to_end(&mut head)?;
        let delimiter = delimiter(&head);
        // Every row ends, also a last one that the file leaves open: the count of lines needs it.
        let whole: Box<dyn Read + Send> = Box::new(io::Cursor::new(head).chain(rest).chain(&b"\n"[..]));
        let meter = Arc::new(Meter::new(ROW_BYTES_MAX));
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .buffer_capacity(READ_AHEAD_BYTES)
            .from_reader(LineEnds::new(Metered::new(whole, Arc::clone(&meter))));
        let mut header = ByteRecord::new();
        match reader.read_byte_record(&mut header) {
            Ok(true) => {}
            Ok(false) => {
                faults.push(of_header("", None, "the file is empty", &layouts[0].names()));
                return Ok(None);
            }
            Err(_) if meter.passed() => {
                faults.push(of_header("", None, "the header is longer than 64 KiB", &layouts[0].names()));
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        }
        let names: Vec<String> = header
            .iter()
            .map(|name| {
                String::from_utf8_lossy(name.strip_prefix(BOM).unwrap_or(name)).trim().to_ascii_lowercase()
            })
            .collect();
        let marked = |layout: &&Layout| layout.mark.is_some_and(|mark| names.iter().any(|name| name == mark));
        let layout = layouts.iter().find(marked).unwrap_or(&layouts[0]);
        let Some(places) = places(layout, &names, faults) else { return Ok(None) };
        Ok(Some(Self { reader, meter, record: ByteRecord::new(), layout, places, width: names.len() }))
    }

    /// The next row, or none at the end of the file.
    ///
    /// # Errors
    /// [`TableFault::Row`] is the fault of this row, and reading goes on behind it; only after
    /// [`is_lost`](Self::is_lost) it cannot.
    pub(crate) fn next_row(&mut self) -> Result<Option<RawRow<'_>>, TableFault> {
        self.meter.next_row();
        let before = self.reader.position().line();
        let found = match self.reader.read_byte_record(&mut self.record) {
            Ok(found) => found,
            Err(_) if self.meter.passed() => {
                return Err(TableFault::Row(RowFault {
                    line: before,
                    column: "",
                    value: None,
                    reason: format!("the row is longer than {} KiB, reading ends here", ROW_BYTES_MAX / 1024),
                    right: "a shorter row; a quote may have been opened and never closed".to_owned(),
                }));
            }
            Err(error) => return Err(TableFault::Io(error.into())),
        };
        if !found {
            return Ok(None);
        }
        // The reader counts empty lines before a row as its own; counted from its end the row starts right.
        let breaks = self.record.as_slice().iter().filter(|byte| **byte == b'\n').count() as u64;
        let line = self.reader.position().line() - 1 - breaks;
        if self.record.len() != self.width {
            return Err(TableFault::Row(RowFault {
                line,
                column: "",
                value: None,
                reason: format!("the row has {} fields and the header {}", self.record.len(), self.width),
                right: "as many fields as the header; a field with a delimiter in it stands in quotes"
                    .to_owned(),
            }));
        }
        Ok(Some(RawRow { line, layout: self.layout, places: &self.places, record: &self.record }))
    }

    /// Whether a row without an end was met: nothing after it can be read.
    pub(crate) fn is_lost(&self) -> bool {
        self.meter.passed()
    }

    /// How far reading has come, in bytes.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.meter.read()
    }
}

/// The delimiter that the header uses more often: spreadsheets in Finland write semicolons, and some tabs.
fn delimiter(head: &[u8]) -> u8 {
    let line = head.split(|byte| *byte == b'\n' || *byte == b'\r').next().unwrap_or_default();
    let count = |delimiter: u8| line.iter().filter(|byte| **byte == delimiter).count();
    [b',', b';', b'\t'].into_iter().rev().max_by_key(|delimiter| count(*delimiter)).unwrap_or(b',')
}

/// Where each column of the layout stands, or none and the reasons.
fn places(layout: &Layout, names: &[String], faults: &mut FaultList) -> Option<Vec<Option<usize>>> {
    let before = faults.total();
    for (index, name) in names.iter().enumerate() {
        let known = layout.columns.iter().find(|column| column.name == name);
        let again = names[..index].contains(name);
        let reason = match known {
            Some(_) if again => "the header has it twice".to_owned(),
            Some(_) => continue,
            None => format!("column {} has a name that is not known", index + 1),
        };
        // A file without a header has a person's data where the names should be.
        let value = (!layout.private).then(|| RowFault::shown(name));
        faults.push(of_header(known.map_or("", |column| column.name), value, reason, &layout.names()));
    }
    let place = |name: &str| names.iter().position(|given| given == name);
    for column in layout.columns {
        if column.need == Need::Required && place(column.name).is_none() {
            faults.push(of_header(column.name, None, "the header lacks this column", &layout.names()));
        }
    }
    let places = layout.columns.iter().map(|column| place(column.name)).collect();
    (faults.total() == before).then_some(places)
}

fn of_header(
    column: &'static str,
    value: Option<String>,
    reason: impl Into<String>,
    names: &str,
) -> RowFault {
    RowFault {
        line: 1,
        column,
        value,
        reason: reason.into(),
        right: format!("a header with the columns {names}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::layout::columns, *};

    static LAYOUTS: [Layout; 2] = [
        Layout { mark: None, private: false, columns: columns! { Required: "a" "b"; Optional: "c"; } },
        Layout { mark: Some("m"), private: true, columns: columns! { Required: "m"; Ignored: "x"; } },
    ];

    /// Each row as its line, `a` and `b`, or what is wrong with it.
    fn rows(text: &[u8]) -> Vec<String> {
        let source = Source::spool(text, "test").unwrap();
        let mut faults = FaultList::default();
        let Some(mut table) = Table::open(&source, &LAYOUTS, &mut faults).unwrap() else {
            return faults.listed().iter().map(ToString::to_string).collect();
        };
        let mut found = Vec::new();
        loop {
            let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or(b"-")).into_owned();
            match table.next_row() {
                Ok(None) => return found,
                Ok(Some(row)) => {
                    found.push(format!("{}:{}:{}", row.line, text(row.bytes("a")), text(row.bytes("b"))));
                }
                Err(TableFault::Row(fault)) => {
                    found.push(fault.to_string());
                    if table.is_lost() {
                        return found;
                    }
                }
                Err(TableFault::Io(error)) => panic!("{error}"),
            }
        }
    }

    #[test]
    fn every_way_to_write_the_same_rows_is_read_alike() {
        let ways: [&[u8]; 9] = [
            b"a,b\n1,2\n3,4\n",
            b"\xef\xbb\xbfa,b\n1,2\n3,4\n",
            b"A , B\n 1,2 \n3,4",
            b"a;b\r\n1;2\r\n3;4\r\n",
            b"a\tb\n1\t2\n3\t4\n",
            b"a,b\r1,2\r3,4\r",
            b"\"a\",\"b\"\n\"1\",2\n3,\"4\"\n",
            b"\xef\xbb\xbf\"a\",b\n1,2\n3,4\n",
            b"b,c,a\n2,,1\n4,x,3\n",
        ];
        for text in ways {
            assert_eq!(rows(text), ["2:1:2", "3:3:4"], "{:?}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn a_quoted_line_break_keeps_the_count_of_lines() {
        assert_eq!(rows(b"a,b\n\"1\n1\",2\n3,4\n"), ["2:1\n1:2", "4:3:4"]);
        assert_eq!(rows(b"a,b\r\n\"\r\n1\r\n1\",2\r\n3,4"), ["2:1\n1:2", "5:3:4"]);
        assert_eq!(rows(b"a,b\n\n1,2\n\r\n\n3,4"), ["3:1:2", "6:3:4"]);
    }

    #[test]
    fn a_bad_header_is_one_fault_for_each_column() {
        let table: [(&[u8], &[&str]); 5] = [
            (b"", &["line 1: the file is empty"]),
            (b"a\n1\n", &["line 1, b: the header lacks this column"]),
            (b"a,b,z\n", &["line 1 \"z\": column 3 has a name that is not known"]),
            (b"a,b,a\n", &["line 1, a \"a\": the header has it twice"]),
            (b"m,virtanen\n", &["line 1: column 2 has a name that is not known"]),
        ];
        for (text, expected) in table {
            let found = rows(text);
            assert_eq!(found.len(), expected.len(), "{found:?}");
            for (found, expected) in found.iter().zip(expected) {
                assert!(found.starts_with(expected), "{found}");
            }
        }
        assert_eq!(rows(b"m,x\n1,2\n"), ["2:-:-"]);
    }

    #[test]
    fn a_row_of_another_width_is_refused_and_reading_goes_on() {
        let found = rows(b"a,b\n1,2,3\n1\n3,4\n");
        assert!(found[0].starts_with("line 2: the row has 3 fields and the header 2"), "{found:?}");
        assert!(found[1].starts_with("line 3: the row has 1 fields"), "{found:?}");
        assert_eq!(found[2], "4:3:4");
    }

    #[test]
    fn a_quote_that_is_never_closed_does_not_take_the_file_into_memory() {
        let mut text = b"a,b\n1,2\n\"3,4\n".to_vec();
        text.extend(b"5,6\n".repeat(200_000));
        let found = rows(&text);
        assert_eq!(found.len(), 2);
        assert!(found[1].starts_with("line 3: the row is longer than 64 KiB"), "{}", found[1]);
    }
}
