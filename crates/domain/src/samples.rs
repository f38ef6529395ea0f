//! Facts for the tests of the rules: a patron with nothing against them, an item that can be lent, a
//! Helsinki wall clock. A test changes the one thing it is about.

use crate::debt::DebtLimit;
use crate::due::Due;
use crate::facts::{
    Ban, Card, Item, MaterialCount, OpenLoan, OpeningHours, OpeningWindow, Patron, Resource,
    SelfServiceRight, Ward,
};
use crate::policy::{DebtComparator, DerivedBlockPolicy};
use crate::{
    BanKind, CardState, ItemState, LoanState, Moment, OpeningMode, PatronCategory, PatronState, RelationKind,
    ResourceKind, RightKind,
};
use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Europe::Helsinki;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::BTreeMap;

/// The branch of the device that asks.
pub(crate) const OUR_BRANCH: i64 = 7;
/// Another branch.
pub(crate) const OTHER_BRANCH: i64 = 8;
/// The patron of [`patron`].
pub(crate) const OUR_PATRON: i64 = 100;
/// Somebody else.
pub(crate) const OTHER_PATRON: i64 = 101;

/// A day, from `2026-05-20`.
pub(crate) fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// An instant, from `2026-05-20T12:00:00Z`.
pub(crate) fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// An instant seen in Helsinki, from `2026-05-20T12:00:00Z`.
pub(crate) fn utc(text: &str) -> Moment {
    Moment::new(instant(text), Helsinki)
}

/// A moment on the wall clock of Helsinki, from `2026-05-20 12:00`; the first of two.
pub(crate) fn local(text: &str) -> Moment {
    let wall = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
    Moment::new(Helsinki.from_local_datetime(&wall).earliest().unwrap().with_timezone(&Utc), Helsinki)
}

/// A card in force.
pub(crate) fn card() -> Card {
    Card { state: CardState::Active, valid_from: date("2020-01-01"), valid_until: None }
}

/// An adult with nothing against them and no self-service right.
pub(crate) fn patron() -> Patron {
    Patron {
        state: PatronState::Active,
        category: PatronCategory::Person,
        birth_date: Some(date("1980-06-15")),
        valid_until: None,
        debt_cents: 0,
        oldest_debt_at: None,
        earliest_due: None,
        bans: Vec::new(),
        rights: Vec::new(),
        open_loans: Vec::new(),
        switched_off: Vec::new(),
        wards: Vec::new(),
    }
}

/// A ban that began long ago and does not end.
pub(crate) fn ban(kind: BanKind, branch: Option<i64>) -> Ban {
    Ban { id: 1, kind, branch, starts_at: instant("2000-01-01T00:00:00Z"), ends_at: None }
}

/// A child of eleven with nothing against it, whose guardian the patron is.
pub(crate) fn ward() -> Ward {
    Ward {
        patron: OTHER_PATRON,
        relation: RelationKind::Guardian,
        valid_from: date("2015-01-01"),
        valid_until: None,
        birth_date: Some(date("2015-01-01")),
        debt_cents: 0,
        oldest_debt_at: None,
        earliest_due: None,
        bans: Vec::new(),
    }
}

/// A policy by which a debt of 10.00 blocks, and nothing else does.
pub(crate) fn blocks(comparator: DebtComparator) -> DerivedBlockPolicy {
    DerivedBlockPolicy {
        debt_limit: DebtLimit { limit_cents: Some(1_000), comparator },
        year_turn: None,
        overdue_days: None,
        inherit_to_guardian: false,
        guardian_end_age: 15,
        guardian_liability_age: 15,
    }
}

/// A right that began long ago and does not end.
pub(crate) fn right(kind: RightKind, branch: Option<i64>) -> SelfServiceRight {
    SelfServiceRight { kind, branch, valid_from: date("2020-01-01"), valid_until: None }
}

/// A book of our branch on its shelf.
pub(crate) fn book() -> Item {
    Item {
        state: ItemState::Available,
        material: "book".to_owned(),
        collection: "adults".to_owned(),
        age_rating: None,
        home_branch: OUR_BRANCH,
        borrower: None,
        kept_for: None,
        waited_for: false,
    }
}

/// A loan of ours that is due long after the days of the tests.
pub(crate) fn loan() -> OpenLoan {
    OpenLoan {
        patron: OUR_PATRON,
        state: LoanState::Open,
        lent_at: instant("2026-04-24T09:00:00Z"),
        last_event_at: instant("2026-04-24T09:00:00Z"),
        due: Due { on: date("2026-12-22"), at: instant("2026-12-22T22:00:00Z") },
        renewals: 0,
    }
}

/// A door or a PC without an age limit of its own.
pub(crate) fn resource(kind: ResourceKind) -> Resource {
    Resource { kind, min_age: None, asks_pin: false }
}

/// A window of every season.
pub(crate) fn window(weekday: u8, opens: u16, closes: u16, mode: OpeningMode) -> OpeningWindow {
    OpeningWindow {
        weekday,
        opens_minute: opens,
        closes_minute: closes,
        mode,
        valid_from: date("2020-01-01"),
        valid_until: None,
    }
}

/// Hours without exceptions.
pub(crate) fn week(windows: impl Into<Vec<OpeningWindow>>) -> OpeningHours {
    OpeningHours { windows: windows.into(), exceptions: BTreeMap::new() }
}

/// Windows that are open around the clock.
pub(crate) fn always(mode: OpeningMode) -> Vec<OpeningWindow> {
    (1..=7).map(|weekday| window(weekday, 0, 1_440, mode)).collect()
}

/// Any day of a lifetime, birthdays of limits among them.
pub(crate) fn arb_date() -> impl Strategy<Value = NaiveDate> {
    let any_day = (0_u64..45_000).prop_map(|days| date("1930-01-01") + chrono::Days::new(days));
    prop_oneof![
        3 => any_day,
        1 => select(vec!["2011-05-20", "2011-05-21", "2008-05-20", "2008-02-29"]).prop_map(date),
    ]
}

/// Any ban of our branch, another one or all, around 2026.
pub(crate) fn arb_ban() -> impl Strategy<Value = Ban> {
    let start = instant("2026-01-01T00:00:00Z");
    (
        select(BanKind::ALL),
        option::of(select(vec![OUR_BRANCH, OTHER_BRANCH])),
        0_i64..300,
        option::of(0_i64..300),
    )
        .prop_map(move |(kind, branch, from, days)| {
            let starts_at = start + chrono::TimeDelta::days(from);
            Ban {
                id: 1,
                kind,
                branch,
                starts_at,
                ends_at: days.map(|days| starts_at + chrono::TimeDelta::days(days)),
            }
        })
}

/// Any patron.
pub(crate) fn arb_patron() -> impl Strategy<Value = Patron> {
    let rights = (select(RightKind::ALL), option::of(select(vec![OUR_BRANCH, OTHER_BRANCH])))
        .prop_map(|(kind, branch)| right(kind, branch));
    let loans = (select(vec!["book", "game"]), 0_u32..120)
        .prop_map(|(material, loans)| MaterialCount { material: material.to_owned(), loans });
    (
        prop_oneof![8 => Just(PatronState::Active), 1 => select(PatronState::ALL)],
        select(PatronCategory::ALL),
        option::of(arb_date()),
        option::of(arb_date()),
        prop_oneof![Just(0), Just(999), Just(1_000), Just(1_001)],
        vec(arb_ban(), 0..3),
        vec(rights, 0..3),
        vec(loans, 0..3),
    )
        .prop_map(|(state, category, birth_date, valid_until, debt_cents, bans, rights, open_loans)| {
            Patron {
                state,
                category,
                birth_date,
                valid_until,
                debt_cents,
                bans,
                rights,
                open_loans,
                switched_off: Vec::new(),
                ..patron()
            }
        })
}
