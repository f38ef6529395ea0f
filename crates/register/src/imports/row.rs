//! The fields of a row as values, and every fault of them.

use super::{
    fault::{FaultList, RowFault},
    table::RawRow,
};
use chrono::{Datelike as _, NaiveDate};
use kortisto_domain::items;
use sha2::{Digest as _, Sha256};
use std::{collections::HashMap, ops::RangeInclusive};

/// Longest number, barcode or code, in characters, as in the contract.
pub const CODE_CHARS_MAX: usize = 64;
/// The years in which a date may lie: before is a slip, after stands for "no end" in other programs.
const YEARS: RangeInclusive<i32> = 1850..=2200;
/// What stands for a key that was seen: the head of its hash, in bytes.
const SEEN_BYTES: usize = 16;

/// The keys of a file and the line on which each stood first.
#[derive(Default)]
pub(crate) struct Seen(HashMap<[u8; SEEN_BYTES], u64>);

impl Seen {
    /// The earlier line on which the key stands, if there is one.
    fn earlier(&mut self, column: &str, key: &str, line: u64) -> Option<u64> {
        let digest = Sha256::new().chain_update(column).chain_update([0]).chain_update(key).finalize();
        let mut head = [0; SEEN_BYTES];
        head.copy_from_slice(&digest[..SEEN_BYTES]);
        match self.0.entry(head) {
            std::collections::hash_map::Entry::Occupied(first) => Some(*first.get()),
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(line);
                None
            }
        }
    }
}

/// One row. Every method that gives `None` has noted a fault, so that a parser can read all fields first and
/// give up afterwards.
pub(crate) struct Row<'a> {
    raw: &'a RawRow<'a>,
    faults: &'a mut FaultList,
    seen: &'a mut Seen,
}

impl<'a> Row<'a> {
    pub(crate) fn new(raw: &'a RawRow<'a>, faults: &'a mut FaultList, seen: &'a mut Seen) -> Self {
        Self { raw, faults, seen }
    }

    /// Whether the file has the shape with this mark.
    pub(crate) fn has_mark(&self, mark: &str) -> bool {
        self.raw.layout.mark == Some(mark)
    }

    /// Whether the file has the column.
    pub(crate) fn has(&self, column: &str) -> bool {
        self.raw.bytes(column).is_some()
    }

    /// Notes what is wrong with a column.
    pub(crate) fn fault(
        &mut self,
        column: &'static str,
        reason: impl Into<String>,
        right: impl Into<String>,
    ) {
        let shown = self.raw.bytes(column).filter(|bytes| !self.raw.layout.private && !bytes.is_empty());
        self.faults.push(RowFault {
            line: self.raw.line,
            column,
            value: shown.map(|bytes| RowFault::shown(&String::from_utf8_lossy(bytes))),
            reason: reason.into(),
            right: right.into(),
        });
    }

    /// The text of a column without blanks at its ends; empty when the file does not have it.
    pub(crate) fn raw(&mut self, column: &'static str) -> Option<&'a str> {
        self.fixed(column).map(str::trim)
    }

    /// The text of a column in which the places count, so that blanks at its ends are part of it; empty when the file
    /// does not have it.
    pub(crate) fn fixed(&mut self, column: &'static str) -> Option<&'a str> {
        let raw: &'a RawRow<'a> = self.raw;
        let Some(bytes) = raw.bytes_as_they_stand(column) else { return Some("") };
        let text = std::str::from_utf8(bytes).ok();
        if text.is_none() {
            self.fault(column, "not UTF-8", "the file saved as UTF-8");
        }
        text
    }

    /// Text that a person reads: line breaks and runs of blanks become one blank.
    pub(crate) fn text(&mut self, column: &'static str, chars_max: usize) -> Option<String> {
        let text = self.optional_text(column, chars_max)?;
        if text.is_empty() {
            self.fault(column, "empty", format!("1 to {chars_max} characters"));
            return None;
        }
        Some(text)
    }

    /// The same, or nothing.
    pub(crate) fn optional_text(&mut self, column: &'static str, chars_max: usize) -> Option<String> {
        let text = self.raw(column)?.split_whitespace().collect::<Vec<_>>().join(" ");
        if text.chars().any(|c| c.is_control() || is_invisible(c)) {
            self.fault(column, "has a character that cannot be seen", "printable characters");
            return None;
        }
        if text.chars().count() > chars_max {
            self.fault(column, "too long", format!("at most {chars_max} characters"));
            return None;
        }
        Some(text)
    }

    /// A number, barcode or code: opaque, printable, bounded.
    pub(crate) fn code(&mut self, column: &'static str) -> Option<String> {
        let text = self.raw(column)?;
        let printable = text.chars().all(|c| !c.is_control() && !is_invisible(c));
        if text.is_empty() || text.chars().count() > CODE_CHARS_MAX || !printable {
            let reason = match () {
                () if text.is_empty() => "empty",
                () if !printable => "has a character that cannot be seen",
                () => "too long",
            };
            self.fault(column, reason, format!("1 to {CODE_CHARS_MAX} printable characters"));
            return None;
        }
        Some(text.to_owned())
    }

    /// A code that stands on no other row of the file.
    pub(crate) fn unique_code(&mut self, column: &'static str) -> Option<String> {
        let code = self.code(column)?;
        self.first(column, &code, "a value that no other row has")?;
        Some(code)
    }

    /// Whether `key`, made from this row, stands on no earlier one.
    pub(crate) fn first(&mut self, column: &'static str, key: &str, right: &str) -> Option<()> {
        let Some(line) = self.seen.earlier(column, key, self.raw.line) else { return Some(()) };
        self.fault(column, format!("the same as on line {line}"), right);
        None
    }

    /// Digits, exactly so many.
    pub(crate) fn digits(&mut self, column: &'static str, count: usize) -> Option<String> {
        let text = self.raw(column)?;
        if text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(text.to_owned());
        }
        self.fault(column, "not a code of this kind", format!("{count} digits, with leading zeros"));
        None
    }

    /// A word out of a few: the one of `values` that `word` calls so.
    pub(crate) fn word<T: Copy>(
        &mut self,
        column: &'static str,
        values: &[T],
        word: impl Fn(T) -> &'static str,
    ) -> Option<T> {
        let text = self.raw(column)?;
        let found = values.iter().copied().find(|value| word(*value) == text);
        if found.is_none() {
            let all: Vec<&str> = values.iter().map(|value| word(*value)).collect();
            self.fault(column, if text.is_empty() { "empty" } else { "not known" }, all.join(" | "));
        }
        found
    }

    /// The same, or nothing.
    pub(crate) fn optional_word<T: Copy>(
        &mut self,
        column: &'static str,
        values: &[T],
        word: impl Fn(T) -> &'static str,
    ) -> Option<Option<T>> {
        if self.raw(column)?.is_empty() { Some(None) } else { self.word(column, values, word).map(Some) }
    }

    /// A price in euros, in cents, or nothing for none.
    pub(crate) fn price(&mut self, column: &'static str) -> Option<Option<i64>> {
        let text = self.raw(column)?;
        if text.is_empty() {
            return Some(None);
        }
        let cents = items::price_cents(text);
        if cents.is_none() {
            let euros = items::PRICE_CENTS_MAX / 100;
            let right = format!("euros with two decimals, 0.01 to {euros}.00, or nothing");
            self.fault(column, "not a price", right);
        }
        cents.map(Some)
    }

    /// What `read` makes of a column; none of it where the file does not have the column.
    pub(crate) fn where_said<T>(
        &mut self,
        column: &'static str,
        read: impl FnOnce(&mut Self, &'static str) -> Option<T>,
    ) -> Option<Option<T>> {
        if self.has(column) { read(self, column).map(Some) } else { Some(None) }
    }

    /// A date.
    pub(crate) fn date(&mut self, column: &'static str) -> Option<NaiveDate> {
        let text = self.raw(column)?;
        let date = date_of(text);
        if date.is_none() {
            let reason = if text.is_empty() { "empty" } else { "no such date" };
            self.fault(column, reason, format!("YYYY-MM-DD, {} to {}", YEARS.start(), YEARS.end()));
        }
        date
    }

    /// A date, or nothing.
    pub(crate) fn optional_date(&mut self, column: &'static str) -> Option<Option<NaiveDate>> {
        if self.raw(column)?.is_empty() { Some(None) } else { self.date(column).map(Some) }
    }

    /// The last day of something that begins on `first`, or nothing.
    pub(crate) fn last_day(
        &mut self,
        column: &'static str,
        first: Option<NaiveDate>,
    ) -> Option<Option<NaiveDate>> {
        let last = self.optional_date(column)?;
        if last.zip(first).is_some_and(|(last, first)| last < first) {
            self.fault(column, "before the first day", "the first day or later, or nothing for no end");
            return None;
        }
        Some(last)
    }
}

/// A date as ISO 8601 writes it, within the years.
fn date_of(text: &str) -> Option<NaiveDate> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?;
    let mut parts = text.splitn(3, '-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if (year.len(), month.len(), day.len()) != (4, 2, 2) {
        return None;
    }
    let year: u32 = digits(year)?;
    NaiveDate::from_ymd_opt(year.try_into().ok()?, digits(month)?, digits(day)?)
        .filter(|date| YEARS.contains(&date.year()))
}

/// Characters that a person cannot see and a scanner does not send.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_has_one_form_and_exists() {
        let table = [
            ("1942-04-03", true),
            ("2024-02-29", true),
            ("1850-01-01", true),
            ("2200-12-31", true),
            ("2023-02-29", false),
            ("2023-13-01", false),
            ("1849-12-31", false),
            ("9999-12-31", false),
            ("0000-00-00", false),
            ("2023-2-9", false),
            ("9.2.2023", false),
            ("+023-02-09", false),
            ("2023-02-09T00:00", false),
            ("٢٠٢٣-02-09", false),
            ("", false),
        ];
        for (text, right) in table {
            assert_eq!(date_of(text).is_some(), right, "{text:?}");
        }
    }

    #[test]
    fn a_key_is_remembered_with_its_first_line_and_its_column() {
        let mut seen = Seen::default();
        assert_eq!(seen.earlier("barcode", "1", 2), None);
        assert_eq!(seen.earlier("number", "1", 3), None);
        assert_eq!(seen.earlier("barcode", "1", 9), Some(2));
        assert_eq!(seen.earlier("barcode", "1", 10), Some(2));
    }
}
