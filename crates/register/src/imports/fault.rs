//! What is wrong with a file, row by row.

use super::marc;
use std::fmt;

/// How many bad rows a report lists; all of them are counted.
pub const FAULTS_LISTED_MAX: usize = 1_000;

/// How much of a wrong value a report shows, in characters.
const VALUE_SHOWN_CHARS_MAX: usize = 40;

/// One thing wrong with one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFault {
    /// The line on which the row starts, from 1; the header is line 1. 0 for what is not in the file but in
    /// the register already.
    pub line: u64,
    /// The column; empty when it is the row as a whole.
    pub column: &'static str,
    /// The value, shortened, with control characters written out; never of a file about persons.
    pub value: Option<String>,
    /// What is wrong.
    pub reason: String,
    /// What would be right.
    pub right: String,
}

impl RowFault {
    /// The value as a report shows it.
    #[must_use]
    pub(crate) fn shown(value: &str) -> String {
        let mut shown: String = value.chars().take(VALUE_SHOWN_CHARS_MAX).collect();
        if shown.len() < value.len() {
            shown.push('…');
        }
        shown
    }
}

impl fmt::Display for RowFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tell(f, "line", |column| column)
    }
}

impl RowFault {
    /// The fault at its place, which is counted in `unit`, with what a `column` is called there.
    fn tell(
        &self,
        f: &mut fmt::Formatter<'_>,
        unit: &str,
        column: fn(&'static str) -> &'static str,
    ) -> fmt::Result {
        match self.line {
            0 => f.write_str("in the register already")?,
            line => write!(f, "{unit} {line}")?,
        }
        if !self.column.is_empty() {
            write!(f, ", {}", column(self.column))?;
        }
        if let Some(value) = &self.value {
            write!(f, " {value:?}")?;
        }
        write!(f, ": {}; right would be: {}", self.reason, self.right)
    }
}

/// Everything wrong with one file: the faults found first, and how many there are in all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FaultList {
    listed: Vec<RowFault>,
    total: u64,
    of_records: bool,
}

impl FaultList {
    /// Adds a fault; past [`FAULTS_LISTED_MAX`] it is only counted.
    pub(crate) fn push(&mut self, fault: RowFault) {
        self.total += 1;
        if self.listed.len() < FAULTS_LISTED_MAX {
            self.listed.push(fault);
        }
    }

    /// None yet, of a file whose places are numbers of records and not lines.
    pub(crate) fn of_records() -> Self {
        Self { of_records: true, ..Self::default() }
    }

    /// Adds the faults of a part of the file.
    pub(crate) fn append(&mut self, other: Self) {
        self.of_records |= other.of_records;
        let unlisted = other.total - other.listed.len() as u64;
        for fault in other.listed {
            self.push(fault);
        }
        self.total += unlisted;
    }

    /// Takes them out; none are left, of the same file.
    pub(crate) fn take(&mut self) -> Self {
        let rest = Self { of_records: self.of_records, ..Self::default() };
        std::mem::replace(self, rest)
    }

    /// Puts them in the order of the file.
    pub(crate) fn sort(&mut self) {
        self.listed.sort_by_key(|fault| fault.line);
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// How many faults there are, listed or not.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// The faults, at most [`FAULTS_LISTED_MAX`], in the order of the file.
    #[must_use]
    pub fn listed(&self) -> &[RowFault] {
        &self.listed
    }
}

impl fmt::Display for FaultList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for fault in &self.listed {
            if self.of_records {
                fault.tell(f, "record", marc::field_of)?;
            } else {
                fault.tell(f, "line", |column| column)?;
            }
            writeln!(f)?;
        }
        let unlisted = self.total - self.listed.len() as u64;
        if unlisted > 0 {
            writeln!(f, "and {unlisted} more")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(line: u64) -> RowFault {
        RowFault {
            line,
            column: "barcode",
            value: Some(RowFault::shown("a\0b")),
            reason: "not printable".to_owned(),
            right: "printable characters".to_owned(),
        }
    }

    #[test]
    fn a_fault_reads_as_a_sentence_with_its_place() {
        let text = r#"line 7, barcode "a\0b": not printable; right would be: printable characters"#;
        assert_eq!(fault(7).to_string(), text);
        let whole = RowFault { line: 0, column: "", value: None, ..fault(0) };
        assert!(whole.to_string().starts_with("in the register already: not"));
    }

    #[test]
    fn a_fault_of_a_record_names_the_record() {
        let mut all = FaultList::default();
        let mut of_file = FaultList::of_records();
        of_file.push(fault(7));
        all.append(of_file);
        assert!(all.to_string().starts_with("record 7, 852$p"), "{all}");
    }

    #[test]
    fn a_long_value_is_shortened_at_a_character() {
        let shown = RowFault::shown(&"å".repeat(41));
        assert_eq!(shown, format!("{}…", "å".repeat(40)));
        assert_eq!(RowFault::shown("kort"), "kort");
    }

    #[test]
    fn the_list_is_bounded_and_the_count_is_not() {
        let mut all = FaultList::default();
        for part in 0..3 {
            let mut list = FaultList::default();
            for line in 0..700 {
                list.push(fault(10_000 - part * 700 - line));
            }
            all.append(list);
        }
        all.sort();
        assert_eq!((all.total(), all.listed().len()), (2_100, FAULTS_LISTED_MAX));
        assert!(all.listed().is_sorted_by_key(|fault| fault.line));
        assert!(all.to_string().ends_with("and 1100 more\n"));
    }
}
