//! What was measured: a table for people and JSON for everything else.

use crate::load::Point;
use serde_json::{Value, json};
use std::fmt;

/// Characters shown of an answer that was not expected.
const OTHERWISE_CHARS: usize = 80;

/// What a ratio should be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Goal {
    AtLeast(f64),
    AtMost(f64),
}

impl Goal {
    fn is_met(self, ratio: f64) -> bool {
        match self {
            Self::AtLeast(goal) => ratio >= goal,
            Self::AtMost(goal) => ratio <= goal,
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(goal) => write!(f, ">= {goal}"),
            Self::AtMost(goal) => write!(f, "<= {goal}"),
        }
    }
}

/// One measure.
#[derive(Debug)]
pub(crate) struct Row {
    measure: String,
    engine: &'static str,
    connections: Option<usize>,
    unit: &'static str,
    values: Vec<f64>,
    floor: &'static str,
    floors: Vec<f64>,
    goal: Option<Goal>,
    points: Vec<Point>,
    note: String,
}

impl Row {
    pub(crate) fn new(measure: impl Into<String>, engine: &'static str, unit: &'static str) -> Self {
        Self {
            measure: measure.into(),
            engine,
            connections: None,
            unit,
            values: Vec::new(),
            floor: "",
            floors: Vec::new(),
            goal: None,
            points: Vec::new(),
            note: String::new(),
        }
    }

    pub(crate) fn at(mut self, connections: usize) -> Self {
        self.connections = Some(connections);
        self
    }

    /// What its ratio is a ratio to.
    pub(crate) fn against(mut self, floor: &'static str) -> Self {
        self.floor = floor;
        self
    }

    pub(crate) fn goal(mut self, goal: Goal) -> Self {
        self.goal = Some(goal);
        self
    }

    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// One round: the value and its floor.
    pub(crate) fn round(&mut self, value: f64, floor: f64) {
        self.values.push(value);
        self.floors.push(floor);
    }

    /// One round without a floor.
    pub(crate) fn value(&mut self, value: f64) {
        self.values.push(value);
    }

    /// One round of answers per second.
    pub(crate) fn point(&mut self, point: &Point, floor: f64) {
        self.values.push(point.rate);
        self.points.push(point.clone());
        if floor > 0.0 {
            self.floors.push(floor);
        }
    }

    /// The ratio of the median round. Value and floor of a round were measured one after the other, so
    /// the ratio holds where the figures wander.
    fn ratio(&self) -> Option<f64> {
        if self.floors.len() < self.values.len() {
            return None;
        }
        median(self.values.iter().zip(&self.floors).map(|(value, floor)| value / floor))
    }

    /// What the goal is about: the ratio, or the value itself where there is no floor.
    fn judged(&self) -> Option<f64> {
        self.ratio().or_else(|| median(self.values.iter().copied()))
    }

    fn met(&self) -> Option<bool> {
        Some(self.goal?.is_met(self.judged()?))
    }

    fn of_points(&self, what: impl Fn(&Point) -> f64) -> Option<f64> {
        median(self.points.iter().map(what))
    }

    fn otherwise(&self) -> u64 {
        self.points.iter().map(|point| point.otherwise).sum()
    }

    fn json(&self) -> Value {
        let ratios: Vec<f64> =
            self.values.iter().zip(&self.floors).map(|(value, floor)| value / floor).collect();
        json!({
            "measure": self.measure,
            "engine": self.engine,
            "connections": self.connections,
            "unit": self.unit,
            "value": median(self.values.iter().copied()),
            "floor": median(self.floors.iter().copied()),
            "floor_is": self.floor,
            "ratio": self.ratio(),
            "ratios": ratios,
            "goal": self.goal.map(|goal| goal.to_string()),
            "met": self.met(),
            "p50_ms": self.of_points(|point| point.p50_ms),
            "p99_ms": self.of_points(|point| point.p99_ms),
            "server_cpu_us": self.of_points(|point| point.cpu.server_us),
            "database_cpu_us": self.of_points(|point| point.cpu.database_us),
            "otherwise": self.otherwise(),
            "note": self.note,
        })
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |value: Option<f64>| value.map_or_else(String::new, show);
        let connections = self.connections.map_or_else(String::new, |count| count.to_string());
        let met = match self.met() {
            None => "",
            Some(true) => "yes",
            Some(false) => "NO",
        };
        write!(
            f,
            "{:<38} {:<8} {:>4} {:>9} {:<5} {:>9} {:>6} {:>8} {:>4}",
            self.measure,
            self.engine,
            connections,
            number(median(self.values.iter().copied())),
            self.unit,
            number(median(self.floors.iter().copied())),
            self.ratio().map_or_else(String::new, |ratio| format!("{ratio:.2}")),
            self.goal.map_or_else(String::new, |goal| goal.to_string()),
            met
        )?;
        if let (Some(p50), Some(p99)) =
            (self.of_points(|point| point.p50_ms), self.of_points(|point| point.p99_ms))
        {
            write!(f, "  p50 {p50:.2} p99 {p99:.1} ms")?;
        }
        let cpu =
            self.of_points(|point| point.cpu.server_us).zip(self.of_points(|point| point.cpu.database_us));
        if let Some((server, database)) = cpu.filter(|(server, _)| *server > 0.0) {
            write!(f, "  cpu {server:.0}+{database:.0} us")?;
        }
        if self.otherwise() > 0 {
            let first =
                self.points.iter().find_map(|point| point.first_otherwise.as_deref()).unwrap_or_default();
            let first: String = first.chars().take(OTHERWISE_CHARS).collect();
            write!(f, "  ({} otherwise: {first})", self.otherwise())?;
        }
        if self.note.is_empty() { Ok(()) } else { write!(f, "  {}", self.note) }
    }
}

/// Everything that was measured. Rows are printed as they come.
#[derive(Debug, Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
}

impl Report {
    /// Prints the head of the table.
    pub(crate) fn head() {
        println!(
            "{:<38} {:<8} {:>4} {:>9} {:<5} {:>9} {:>6} {:>8} {:>4}",
            "measure", "engine", "conn", "value", "unit", "floor", "ratio", "goal", "met"
        );
    }

    pub(crate) fn add(&mut self, row: Row) {
        println!("{row}");
        self.rows.push(row);
    }

    pub(crate) fn json(&self) -> Value {
        let missed: Vec<_> = self.rows.iter().filter(|row| row.met() == Some(false)).map(Row::json).collect();
        json!({ "rows": self.rows.iter().map(Row::json).collect::<Vec<_>>(), "missed": missed })
    }

    /// How many goals were met, and which were missed.
    pub(crate) fn summary(&self) -> String {
        let judged: Vec<&Row> = self.rows.iter().filter(|row| row.met().is_some()).collect();
        let missed: Vec<_> = judged
            .iter()
            .filter(|row| row.met() == Some(false))
            .map(|row| {
                let connections = row.connections.map_or_else(String::new, |count| format!(" at {count}"));
                format!("  missed: {} ({}{connections})", row.measure, row.engine)
            })
            .collect();
        let met = judged.len() - missed.len();
        let head = format!("{met} of {} goals met", judged.len());
        if missed.is_empty() { head } else { format!("{head}\n{}", missed.join("\n")) }
    }
}

fn show(value: f64) -> String {
    if value >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}
