//! Reads schedules: `{"items": [{"branch": .., "schedules": [{"date", "closed", "times": [{"from", "to", "status"}]}]}]}`.
//!
//! Every part is read for itself, so that a fault is one day's and names its line. Fields that are not needed are
//! passed over: the interface that such files come from has many.

use super::super::{FaultList, RowFault, kind::Placed, row::CODE_CHARS_MAX};
use crate::staff::places::{CLOSED_ALL_DAY, Hours};
use chrono::NaiveDate;
use kortisto_domain::{OpeningMode, places::codes::ISIL_CHARS_MAX};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Windows of one day at most.
const DAY_WINDOWS_MAX: usize = 20;

/// Longest note, in characters; a longer one is cut.
const NOTE_CHARS_MAX: usize = 200;

/// Minutes of a day.
const DAY_MINUTES: u16 = 24 * 60;

/// The hours of one branch on one day.
pub(super) struct Day {
    pub(super) name: Name,
    pub(super) date: NaiveDate,
    /// In the order of the day; at least one.
    pub(super) hours: Vec<Hours>,
    pub(super) note: String,
}

/// How a file names a branch.
#[derive(Clone)]
pub(super) enum Name {
    /// By its code.
    Code(String),
    /// By its ISIL.
    Isil(String),
}

#[derive(Deserialize)]
struct Items<'a> {
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Branch<'a> {
    #[serde(borrow)]
    branch: Option<Cow<'a, str>>,
    #[serde(borrow)]
    isil: Option<Cow<'a, str>>,
    #[serde(borrow)]
    schedules: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Schedule<'a> {
    #[serde(borrow)]
    date: Cow<'a, str>,
    closed: Option<bool>,
    #[serde(borrow)]
    times: Option<Vec<Times<'a>>>,
    info: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Times<'a> {
    #[serde(borrow)]
    from: Cow<'a, str>,
    #[serde(borrow)]
    to: Cow<'a, str>,
    status: i64,
}

/// Every day of the text that is right, and what is wrong with the others.
pub(super) fn days(text: &str) -> (Vec<Placed<Day>>, FaultList) {
    let mut file = File::new(text);
    let whole = text.trim_start_matches('\u{feff}').trim_start();
    let items = if whole.starts_with('[') {
        serde_json::from_str(whole)
    } else {
        serde_json::from_str(whole).map(|Items { items }| items)
    };
    let mut found = Vec::new();
    match items {
        Err(error) => file.misread(whole, &error, "{\"items\": [..]}, or a list of branches"),
        Ok(items) => {
            for item in items {
                branch(&mut file, item.get(), &mut found);
            }
        }
    }
    (found, file.faults)
}

fn branch(file: &mut File<'_>, item: &str, found: &mut Vec<Placed<Day>>) {
    let branch: Branch<'_> = match serde_json::from_str(item) {
        Ok(branch) => branch,
        Err(error) => {
            return file.misread(item, &error, "an object with `branch` or `isil`, and `schedules`");
        }
    };
    let bounded = |text: &str, chars_max: usize| (1..=chars_max).contains(&text.chars().count());
    let name = match (branch.branch, branch.isil) {
        (Some(code), _) if bounded(&code, CODE_CHARS_MAX) => Name::Code(code.into_owned()),
        (None, Some(isil)) if bounded(&isil, ISIL_CHARS_MAX) => Name::Isil(isil.into_owned()),
        _ => {
            let right = "`branch`, the code of a branch, or `isil`, at most 64 and 16 characters";
            return file.fault(item, "branch", None, "missing, empty or too long", right);
        }
    };
    for schedule in branch.schedules {
        if let Some(row) = day(file, schedule.get(), &name) {
            found.push(Placed { line: file.line(schedule.get()), row });
        }
    }
}

fn day(file: &mut File<'_>, item: &str, name: &Name) -> Option<Day> {
    let schedule: Schedule<'_> = match serde_json::from_str(item) {
        Ok(schedule) => schedule,
        Err(error) => {
            let right = "an object with `date`, and `closed` or `times` of `from`, `to` and `status`";
            file.misread(item, &error, right);
            return None;
        }
    };
    let Some(date) = date(&schedule.date) else {
        file.fault(item, "date", Some(&schedule.date), "no such date", "YYYY-MM-DD");
        return None;
    };
    let times = schedule.times.unwrap_or_default();
    if times.len() > DAY_WINDOWS_MAX {
        file.fault(item, "times", None, "too many", "at most 20 times of one day");
        return None;
    }
    let mut hours = Vec::with_capacity(times.len());
    for times in &times {
        match window(times) {
            Ok(Some(window)) => hours.push(window),
            Ok(None) => {}
            Err((column, value, right)) => {
                file.fault(item, column, Some(&value), "not hours of a day", right);
                return None;
            }
        }
    }
    if schedule.closed == Some(true) && !hours.is_empty() {
        file.fault(item, "closed", None, "closed, and yet open", "`closed` true, or open times, not both");
        return None;
    }
    hours.sort_unstable();
    hours.dedup();
    if hours.is_empty() {
        hours.push(CLOSED_ALL_DAY);
    }
    Some(Day { name: name.clone(), date, hours, note: note(schedule.info.as_ref()) })
}

/// The window of a time; none where it says when the branch is closed.
fn window(times: &Times<'_>) -> Result<Option<Hours>, (&'static str, String, &'static str)> {
    let right = "HH:MM, 00:00 to 24:00, the end after the beginning; hours over midnight are two days'";
    let opens_minute = minute(&times.from).ok_or_else(|| ("from", times.from.to_string(), right))?;
    // Midnight ends the day that it follows.
    let closes_minute = match minute(&times.to) {
        Some(0) => Some(DAY_MINUTES),
        other => other,
    };
    let closes_minute = closes_minute
        .filter(|closes| *closes > opens_minute)
        .ok_or_else(|| ("to", times.to.to_string(), right))?;
    let mode = match times.status {
        0 => return Ok(None),
        1 => OpeningMode::Staffed,
        2 => OpeningMode::SelfService,
        other => return Err(("status", other.to_string(), "0 closed, 1 staffed or 2 self-service")),
    };
    Ok(Some(Hours { opens_minute, closes_minute, mode }))
}

/// Minutes after midnight of `HH:MM`.
fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let number = |part: &str| -> Option<u16> {
        let digits = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| part.parse().ok())?
    };
    let (hour, minute) = (number(hour)?, number(minute)?);
    let minutes = hour * 60 + minute;
    (minute < 60 && minutes <= DAY_MINUTES).then_some(minutes)
}

fn date(text: &str) -> Option<NaiveDate> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    (date.to_string() == text).then_some(date)
}

/// What staff read of the day: the text of `info`, where it is one.
fn note(info: Option<&serde_json::Value>) -> String {
    let text = info.and_then(serde_json::Value::as_str).unwrap_or_default();
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().filter(|c| !c.is_control()).take(NOTE_CHARS_MAX).collect()
}

/// The text with what is wrong with it.
struct File<'a> {
    text: &'a str,
    /// Where each line ends.
    ends: Vec<usize>,
    faults: FaultList,
}

impl<'a> File<'a> {
    fn new(text: &'a str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(offset, _)| offset);
        Self { text, ends: ends.collect(), faults: FaultList::default() }
    }

    /// The line on which a part of the text begins.
    fn line(&self, part: &str) -> u64 {
        let offset = part.as_ptr().addr().saturating_sub(self.text.as_ptr().addr());
        self.ends.partition_point(|end| *end < offset) as u64 + 1
    }

    fn fault(&mut self, part: &str, column: &'static str, value: Option<&str>, reason: &str, right: &str) {
        let line = self.line(part);
        self.faults.push(RowFault {
            line,
            column,
            value: value.map(RowFault::shown),
            reason: reason.to_owned(),
            right: right.to_owned(),
        });
    }

    /// A part that has not the form that it should have.
    fn misread(&mut self, part: &str, error: &serde_json::Error, right: &str) {
        let within = u64::try_from(error.line()).unwrap_or(1).saturating_sub(1);
        let line = self.line(part) + within;
        // The error's own text, without the place within the part that it ends with.
        let reason = error.to_string();
        let reason = reason.split(" at line ").next().unwrap_or_default().to_owned();
        self.faults.push(RowFault { line, column: "", value: None, reason, right: right.to_owned() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        let (days, faults) = days(text);
        let days = days.iter().map(|Placed { line, row }| {
            let name = match &row.name {
                Name::Code(code) => code,
                Name::Isil(isil) => isil,
            };
            let hours: Vec<_> = row.hours.iter().map(ToString::to_string).collect();
            format!("{line} {name} {} {} {}", row.date, hours.join(","), row.note)
        });
        days.chain(faults.listed().iter().map(ToString::to_string)).collect()
    }

    #[test]
    fn schedules_are_read_with_their_lines() {
        let text = r#"{"total": 2, "items": [
            {"branch": "MAIN", "id": 84924, "schedules": [
                {"date": "2026-06-19", "closed": true, "times": null, "info": " Juhannus\n "},
                {"date": "2026-06-22", "closed": false, "period": 5, "times": [
                    {"from": "10:00", "to": "18:00", "status": 1},
                    {"from": "08:00", "to": "10:00", "status": 2},
                    {"from": "18:00", "to": "20:00", "status": 0},
                    {"from": "20:00", "to": "00:00", "status": 2}]}]},
            {"isil": "FI-H", "schedules": [{"date": "2026-06-22", "times": []}]}]}"#;
        assert_eq!(
            read(text),
            [
                "3 MAIN 2026-06-19 00:00-24:00 closed Juhannus",
                "4 MAIN 2026-06-22 08:00-10:00 self-service,10:00-18:00 staffed,20:00-24:00 self-service ",
                "9 FI-H 2026-06-22 00:00-24:00 closed ",
            ]
        );
        assert_eq!(read(r#"[{"branch": "A", "schedules": []}]"#), [""; 0]);
    }

    #[test]
    fn what_is_wrong_is_named_and_the_rest_is_read() {
        let text = r#"[
{"branch": "A", "schedules": [
{"date": "2026-02-29", "times": []},
{"date": "2026-02-28", "times": [{"from": "8:00", "to": "10:00", "status": 1}]},
{"date": "2026-02-27", "times": [{"from": "10:00", "to": "10:00", "status": 1}]},
{"date": "2026-02-26", "times": [{"from": "10:00", "to": "11:00", "status": 3}]},
{"date": "2026-02-25", "closed": true, "times": [{"from": "10:00", "to": "11:00", "status": 1}]},
{"date": "2026-02-24",
 "times": 7},
{"date": "2026-02-23", "times": []}]},
{"schedules": []},
{"branch": "B"}]"#;
        let read = read(text);
        let starts = [
            "10 A 2026-02-23 ",
            "line 3, date \"2026-02-29\": no such date",
            "line 4, from \"8:00\": ",
            "line 5, to \"10:00\": ",
            "line 6, status \"3\": ",
            "line 7, closed: ",
            "line 9: invalid type: integer `7`",
            "line 11, branch: missing",
            "line 12: missing field `schedules`",
        ];
        assert_eq!(read.len(), starts.len(), "{read:#?}");
        for (line, start) in read.iter().zip(starts) {
            assert!(line.starts_with(start), "{line} should start with {start}");
        }
    }

    #[test]
    fn a_text_that_is_no_json_is_one_fault_with_its_line() {
        for (text, line) in
            [("", "line 1"), ("{\n\"items\": 5}", "line 2"), ("[\n{]", "line 2"), ("{}", "line 1")]
        {
            let read = read(text);
            assert!(read.len() == 1 && read[0].starts_with(line), "{text:?}: {read:?}");
        }
    }
}
