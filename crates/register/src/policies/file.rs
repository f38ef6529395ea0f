//! Policy files: TOML, one table for each decision, with the values that rest on it.
//!
//! ```toml
//! [[decision]]
//! number = "Library board 12/2024"
//! date = 2024-02-14
//! valid_from = 2024-03-01
//! rows = [
//!     { key = "loan.period_days", value = 28 },
//!     { key = "loan.period_days", value = 14, material = "dvd" },
//! ]
//! ```
//!
//! Every fault is told with its line and its key; what is wrong with one row does not hide what is wrong with others.

use super::PolicyLine;
use crate::imports::{CODE_CHARS_MAX, FaultList, MATERIALS, RowFault, kind::Placed};
use chrono::NaiveDate;
use kortisto_domain::{PatronCategory, places::codes};
use std::collections::HashMap;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
    value::Datetime,
};

/// Rows of one file at most: a consortium decides some hundreds of values.
pub(crate) const ROWS_MAX: usize = 10_000;

/// Longest number of a decision, in characters.
const NUMBER_CHARS_MAX: usize = 400;

/// Longest value, in characters.
const VALUE_CHARS_MAX: usize = 64;

/// The fields of a decision.
const DECISION_FIELDS: [&str; 5] = ["number", "date", "valid_from", "valid_until", "rows"];

/// The fields of a row.
const ROW_FIELDS: [&str; 9] = [
    "key",
    "value",
    "municipality",
    "branch",
    "category",
    "material",
    "collection",
    "valid_from",
    "valid_until",
];

/// What a file looks like.
const RIGHT: &str = "[[decision]] tables with number, date, valid_from and rows";

/// Whether a text is such a file, and no table of comma-separated values: those begin with a word.
pub(crate) fn is_one(text: &str) -> bool {
    let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
    lines
        .clone()
        .find(|line| !line.is_empty() && !line.starts_with('#'))
        .is_some_and(|line| line.starts_with('['))
}

/// Every row that can be read, with its line. What the catalogue says of keys and values is not judged here.
pub(crate) fn read(text: &str, faults: &mut FaultList) -> Vec<Placed<PolicyLine>> {
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = Reader { text, faults, seen: HashMap::new(), found: Vec::new() };
    match DeTable::parse(text) {
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            reader.fault(at, "", None, error.message().to_owned(), "TOML 1.0");
        }
        Ok(whole) => reader.whole(whole.get_ref()),
    }
    reader.found
}

struct Reader<'r> {
    text: &'r str,
    faults: &'r mut FaultList,
    /// The line of every key, scope and first day.
    seen: HashMap<String, u64>,
    found: Vec<Placed<PolicyLine>>,
}

/// A table, where it begins, and the key it is about, for faults.
#[derive(Clone, Copy)]
struct At<'t> {
    table: &'t DeTable<'t>,
    start: usize,
    key: &'t str,
}

/// What the rows of a decision have in common.
struct Decision {
    text: String,
    valid_from: NaiveDate,
    valid_until: Option<NaiveDate>,
}

impl Reader<'_> {
    fn line(&self, offset: usize) -> u64 {
        let before = self.text.as_bytes().get(..offset).unwrap_or_default();
        before.iter().filter(|byte| **byte == b'\n').count() as u64 + 1
    }

    fn fault(
        &mut self,
        offset: usize,
        column: &'static str,
        value: Option<&str>,
        reason: String,
        right: impl Into<String>,
    ) {
        let line = self.line(offset);
        let value = value.map(RowFault::shown);
        self.faults.push(RowFault { line, column, value, reason, right: right.into() });
    }

    /// A fault of a field, with the key of its row.
    fn wrong(&mut self, at: At<'_>, name: &'static str, reason: &str, right: impl Into<String>) {
        let field = at.table.get(name);
        let offset = field.map_or(at.start, |field| field.span().start);
        let shown = field.map(|field| self.text.get(field.span()).unwrap_or_default().to_owned());
        let reason = if at.key.is_empty() { reason.to_owned() } else { format!("{reason} ({})", at.key) };
        self.fault(offset, name, shown.as_deref(), reason, right);
    }

    fn whole(&mut self, whole: &DeTable<'_>) {
        self.only(whole, &["decision"]);
        let Some(decisions) = whole.get("decision") else {
            return self.fault(0, "", None, "no decision".to_owned(), RIGHT);
        };
        let Some(list) = decisions.get_ref().as_array() else {
            return self.fault(decisions.span().start, "", None, "no list of decisions".to_owned(), RIGHT);
        };
        for decision in list {
            let start = decision.span().start;
            match decision.get_ref().as_table() {
                None => self.fault(start, "", None, "no table".to_owned(), RIGHT),
                Some(table) => self.decision(At { table, start, key: "" }),
            }
        }
    }

    /// Names every field that is none of these.
    fn only(&mut self, table: &DeTable<'_>, known: &[&'static str]) {
        for name in table.keys().filter(|name| !known.contains(&name.get_ref().as_ref())) {
            let reason = "no such field".to_owned();
            self.fault(name.span().start, "", Some(name.get_ref()), reason, known.join(", "));
        }
    }

    fn decision(&mut self, at: At<'_>) {
        self.only(at.table, &DECISION_FIELDS);
        let number = self.text(at, "number", NUMBER_CHARS_MAX);
        let date = self.date(at, "date");
        let valid_from = self.date(at, "valid_from");
        let valid_until = self.last_day(at, valid_from);
        let rows = at.table.get("rows").and_then(|rows| rows.get_ref().as_array());
        let Some(rows) = rows else { return self.wrong(at, "rows", "no list of rows", "rows = [ .. ]") };
        let common = (|| {
            let text = format!("{}, {}", number?, date?);
            Some(Decision { text, valid_from: valid_from?, valid_until: valid_until? })
        })();
        for row in rows {
            let start = row.span().start;
            let Some(table) = row.get_ref().as_table() else {
                self.fault(start, "rows", None, "no row".to_owned(), "{ key = \"..\", value = .. }");
                continue;
            };
            let key = table.get("key").and_then(|key| key.get_ref().as_str()).unwrap_or_default();
            if let Some(row) = self.row(At { table, start, key }, common.as_ref()) {
                if self.found.len() == ROWS_MAX {
                    let reason = format!("more than {ROWS_MAX} rows");
                    return self.fault(start, "", None, reason, "a row for each value that was decided");
                }
                self.found.push(Placed { line: self.line(start), row });
            }
        }
    }

    /// A row; none where it has faults, or its decision has.
    fn row(&mut self, at: At<'_>, decision: Option<&Decision>) -> Option<PolicyLine> {
        self.only(at.table, &ROW_FIELDS);
        let key = self.text(at, "key", CODE_CHARS_MAX);
        let value = self.value(at);
        let municipality = self.municipality(at);
        let branch = self.optional(at, "branch", |reader| reader.text(at, "branch", CODE_CHARS_MAX));
        let category = self.optional(at, "category", |reader| {
            let words = PatronCategory::ALL.iter().map(|category| category.word());
            reader.word(at, "category", PatronCategory::from_word, words)
        });
        let material = self.optional(at, "material", |reader| {
            let find = |word: &str| MATERIALS.iter().copied().find(|material| *material == word);
            reader.word(at, "material", find, MATERIALS.into_iter())
        });
        let collection =
            self.optional(at, "collection", |reader| reader.text(at, "collection", CODE_CHARS_MAX));
        let own_first = self.optional(at, "valid_from", |reader| reader.date(at, "valid_from"));
        let first = own_first.flatten().or_else(|| decision.map(|decision| decision.valid_from));
        let own_last = self.last_day(at, first);
        let decision = decision?;
        let has_own_days = at.table.contains_key("valid_from") || at.table.contains_key("valid_until");
        let row = PolicyLine {
            key: key?,
            value: value?,
            municipality: municipality?,
            branch: branch?,
            category: category?,
            material: material?,
            collection: collection?,
            valid_from: own_first?.unwrap_or(decision.valid_from),
            valid_until: if has_own_days { own_last? } else { decision.valid_until },
            decision: decision.text.clone(),
        };
        let line = self.line(at.start);
        match self.seen.insert(row.natural(), line) {
            None => Some(row),
            Some(first) => {
                let reason = format!("the same as on line {first}");
                self.wrong(at, "key", &reason, "one row for each key, scope and first day");
                None
            }
        }
    }

    /// A field that may be left out.
    fn optional<T>(
        &mut self,
        at: At<'_>,
        name: &str,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<Option<T>> {
        if at.table.contains_key(name) { read(self).map(Some) } else { Some(None) }
    }

    fn text(&mut self, at: At<'_>, name: &'static str, chars_max: usize) -> Option<String> {
        let text = at.table.get(name).and_then(|field| field.get_ref().as_str());
        let fits = |text: &&str| {
            text.trim() == *text
                && (1..=chars_max).contains(&text.chars().count())
                && !text.chars().any(char::is_control)
        };
        let text = text.filter(fits).map(str::to_owned);
        if text.is_none() {
            let right = format!("text in quotes, 1 to {chars_max} printable characters");
            self.wrong(at, name, "missing or no such text", right);
        }
        text
    }

    /// A value: a whole number, yes or no, or a word.
    fn value(&mut self, at: At<'_>) -> Option<String> {
        let text = match at.table.get("value").map(Spanned::get_ref) {
            Some(DeValue::Integer(number)) if number.radix() == 10 => Some(number.as_str().to_owned()),
            Some(DeValue::Boolean(truth)) => Some(truth.to_string()),
            Some(DeValue::String(text)) if (1..=VALUE_CHARS_MAX).contains(&text.chars().count()) => {
                Some(text.to_string())
            }
            _ => None,
        };
        if text.is_none() {
            self.wrong(
                at,
                "value",
                "missing or no such value",
                "a whole number, true, false, or a word in quotes",
            );
        }
        text
    }

    fn municipality(&mut self, at: At<'_>) -> Option<Option<String>> {
        self.optional(at, "municipality", |reader| {
            let code = at.table.get("municipality").and_then(|field| field.get_ref().as_str());
            let code = code.filter(|code| codes::is_municipality(code)).map(str::to_owned);
            if code.is_none() {
                reader.wrong(
                    at,
                    "municipality",
                    "no municipality code",
                    "3 digits in quotes, with leading zeros",
                );
            }
            code
        })
    }

    fn word<T>(
        &mut self,
        at: At<'_>,
        name: &'static str,
        find: impl Fn(&str) -> Option<T>,
        words: impl Iterator<Item = &'static str>,
    ) -> Option<T> {
        let found = at.table.get(name).and_then(|field| field.get_ref().as_str()).and_then(find);
        if found.is_none() {
            self.wrong(at, name, "not known", words.collect::<Vec<_>>().join(" | "));
        }
        found
    }

    fn date(&mut self, at: At<'_>, name: &'static str) -> Option<NaiveDate> {
        let date = at.table.get(name).and_then(|field| field.get_ref().as_datetime()).and_then(date_of);
        if date.is_none() {
            self.wrong(at, name, "missing or no date", "a date without quotes, for example 2024-03-01");
        }
        date
    }

    fn last_day(&mut self, at: At<'_>, first: Option<NaiveDate>) -> Option<Option<NaiveDate>> {
        let last = self.optional(at, "valid_until", |reader| reader.date(at, "valid_until"))?;
        if last.zip(first).is_some_and(|(last, first)| last < first) {
            self.wrong(
                at,
                "valid_until",
                "before the first day",
                "the first day or later, or left out for no end",
            );
            return None;
        }
        Some(last)
    }
}

/// A date without a time of day.
fn date_of(datetime: &Datetime) -> Option<NaiveDate> {
    let date = datetime.date.filter(|_| datetime.time.is_none() && datetime.offset.is_none())?;
    NaiveDate::from_ymd_opt(i32::from(date.year), u32::from(date.month), u32::from(date.day))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<String> {
        let mut faults = FaultList::default();
        read(text, &mut faults);
        faults.sort();
        faults.listed().iter().map(ToString::to_string).collect()
    }

    const GOOD: &str = r#"# Two decisions
[[decision]]
number = "Board 1/2024"
date = 2024-02-14
valid_from = 2024-03-01
valid_until = 2026-12-31
rows = [
    { key = "loan.period_days", value = 28 },
    { key = "loan.period_days", value = 14, material = "dvd", valid_from = 2024-06-01 },
]

[[decision]]
number = "Board 2/2024"
date = 2024-05-01
valid_from = 2024-06-01

[[decision.rows]]
key = "self_service.guardian_consent"
value = true
municipality = "098"
branch = "EAST"
category = "home-service"
"#;

    #[test]
    fn rows_are_read_with_their_lines_and_decisions() {
        let mut faults = FaultList::default();
        let rows = read(GOOD, &mut faults);
        assert!(faults.is_empty(), "{faults}");
        let told = |row: &Placed<PolicyLine>| {
            let PolicyLine { key, value, valid_from, valid_until, decision, .. } = &row.row;
            (row.line, format!("{key} {value} {valid_from} {valid_until:?} {decision}"))
        };
        assert_eq!(
            rows.iter().map(told).collect::<Vec<_>>(),
            [
                (8, "loan.period_days 28 2024-03-01 Some(2026-12-31) Board 1/2024, 2024-02-14".to_owned()),
                (9, "loan.period_days 14 2024-06-01 None Board 1/2024, 2024-02-14".to_owned()),
                (
                    17,
                    "self_service.guardian_consent true 2024-06-01 None Board 2/2024, 2024-05-01".to_owned()
                ),
            ]
        );
        let last = &rows[2].row;
        assert_eq!((last.municipality.as_deref(), last.branch.as_deref()), (Some("098"), Some("EAST")));
        assert_eq!((last.category, last.material), (Some(PatronCategory::HomeService), None));
    }

    #[test]
    fn every_fault_is_told_with_its_line_and_key() {
        let text = r#"[[decision]]
number = "Board"
date = "2024-02-14"
valid_from = 2024-02-30
extra = 1
rows = [
    { key = "loan.period_days", value = 2.5 },
    { value = 1, materal = "dvd" },
    { key = "pin.length_min", value = 4, category = "child", municipality = 98 },
    { key = "pin.length_max", value = 4, valid_until = 2024-01-01, valid_from = 2024-01-02 },
    5,
]"#;
        let bad_date = faults(text);
        assert!(bad_date.len() == 1 && bad_date[0].starts_with("line 4: "), "{bad_date:?}");
        let found = faults(&text.replace("2024-02-30", "2024-03-01"));
        let starts = [
            "line 3, date \"\\\"2024-02-14\\\"\": missing or no date; right",
            "line 5 \"extra\": no such field; right would be: number, date, valid_from, valid_until, rows",
            "line 7, value \"2.5\": missing or no such value (loan.period_days); right",
            "line 8 \"materal\": no such field; right",
            "line 8, key: missing or no such text; right",
            "line 9, municipality \"98\": no municipality code (pin.length_min); right",
            "line 9, category \"\\\"child\\\"\": not known (pin.length_min); right would be: person | ",
            "line 10, valid_until \"2024-01-01\": before the first day (pin.length_max); right",
            "line 11, rows: no row; right",
        ];
        assert_eq!(found.len(), starts.len(), "{found:#?}");
        for (found, start) in found.iter().zip(starts) {
            assert!(found.starts_with(start), "{found} should start with {start}");
        }
    }

    #[test]
    fn the_same_row_twice_and_no_row_at_all_are_faults() {
        let twice = GOOD.replace("value = 14, material = \"dvd\", valid_from = 2024-06-01", "value = 14");
        let found = faults(&twice);
        assert!(
            found[0].starts_with("line 9, key \"\\\"loan.period_days\\\"\": the same as on line 8"),
            "{found:?}"
        );
        for (text, start) in
            [("", "line 1: no decision"), ("[decision]", "line 1: no list"), ("[[", "line 1: ")]
        {
            assert!(faults(text)[0].starts_with(start), "{text}");
        }
    }

    #[test]
    fn a_table_of_values_is_told_from_a_policy_file() {
        for (text, one) in
            [("# a\n\n[[decision]]", true), ("key,value\n", false), ("\u{feff}key;value", false)]
        {
            assert_eq!(is_one(text), one, "{text}");
        }
    }
}
