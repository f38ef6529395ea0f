//! How long staff wait for a search.

use super::{Bench, name};
use crate::{
    caller,
    child::Server,
    library::{
        Library, Shelf,
        names::{families, given},
        rows::BIRTH_DATES,
        size::{self, Size},
    },
    load::{Point, Span, closed_loop},
    options::{Measure, Options},
    report::{Goal, Report, Row},
};
use chrono::{Days, NaiveDate};
use kortisto::staff::v1::{Purpose, SearchPatronsRequest};
use std::{sync::Arc, time::Duration};
use tonic::transport::Channel;

/// Patrons of a large consortium, with `--full`.
const PATRONS_FULL: u64 = 1_000_000;

/// Patrons without.
const PATRONS: u64 = 100_000;

/// Desks that search, and how long each waits between an answer and the next question: one without a pause, and eight
/// that search some thirty times a second together, more than a consortium of sixty libraries does when it opens.
const DESKS: [(usize, Duration); 2] = [(1, Duration::ZERO), (8, Duration::from_millis(250))];

/// Desks of the measure with the most.
const DESKS_MAX: usize = 8;

/// What a search may take, 95 times of 100, in milliseconds.
const P95_MS_MAX: f64 = 50.0;

pub(super) async fn run(shelf: &Shelf, options: &Options, report: &mut Report) {
    if !options.wants(Measure::Search) {
        return;
    }
    let (patrons, shown) = if options.full { (PATRONS_FULL, "1M") } else { (PATRONS, "100k") };
    let library = Library::create(shelf, Size::for_search(patrons)).await;
    let engine = name(library.engine);
    let server = Server::start(&library).await;
    let desks: Arc<[Channel]> = server.desks(&library, DESKS_MAX).await.into();
    let bench = Bench::open(options, library, server).await;
    for (count, pause) in DESKS {
        let mut row = Row::new(format!("staff search, p95, {shown} patrons"), engine, "ms")
            .at(count)
            .goal(Goal::AtMost(P95_MS_MAX));
        let mut notes = Vec::new();
        for _ in 0..options.rounds() {
            let point = searches(&bench, &desks, count, pause).await;
            row.value(point.p95_ms);
            notes.push(note(&point));
        }
        report.add(row.note(notes.join("; ")));
    }
}

fn note(point: &Point) -> String {
    let rest =
        point.first_otherwise.as_deref().map(|first| format!(", {} otherwise: {first}", point.otherwise));
    format!(
        "{:.0}/s, p50 {:.1}, p99 {:.1}{}",
        point.rate,
        point.p50_ms,
        point.p99_ms,
        rest.unwrap_or_default()
    )
}

async fn searches(bench: &Bench<'_>, desks: &Arc<[Channel]>, count: usize, pause: Duration) -> Point {
    let (desks, patrons) = (Arc::clone(desks), bench.library.size.patrons);
    let questions: Arc<[SearchPatronsRequest]> = questions().into();
    let span = Span { pause, ..bench.options.span() };
    closed_loop(&bench.meter, count, span, move |desk, nth| {
        let mut question = questions[usize::try_from(nth).unwrap_or(0) * 7 % questions.len()].clone();
        if question.name.is_empty() && question.birth_date.is_empty() {
            question.card_number = size::card(caller::walk(desk, nth, patrons));
        }
        caller::search(desks[desk].clone(), desk, question)
    })
    .await
}

/// What a desk asks in turn: whole family names, their beginnings, a family and a given name, a birth date, a name
/// with a birth date, and a card, whose number is filled in later.
fn questions() -> Vec<SearchPatronsRequest> {
    let first = NaiveDate::from_ymd_opt(1940, 1, 1).expect("a date");
    let given = given();
    let mut questions = Vec::new();
    for (nth, (family, _)) in families().into_iter().enumerate() {
        let days = nth as u64 * 53 % BIRTH_DATES;
        let birth_date = (first + Days::new(days)).to_string();
        let beginning: String = family.chars().take(3).collect();
        let whole = format!("{family} {}", given[nth % given.len()].0);
        let of = |name: &str, birth_date: &str| SearchPatronsRequest {
            name: name.to_owned(),
            birth_date: birth_date.to_owned(),
            purpose: Purpose::CustomerService.into(),
            ..Default::default()
        };
        questions.extend([
            of(&family, ""),
            of(&beginning, ""),
            of(&whole, ""),
            of("", &birth_date),
            of(&beginning, &birth_date),
            of("", ""),
        ]);
    }
    questions
}
