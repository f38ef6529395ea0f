//! Which row wins, and what is wrong with a bad one.

use super::*;
use crate::samples::{OTHER_BRANCH, OUR_BRANCH, date};
use proptest::prelude::*;
use proptest::sample::select;

const HERE: Place<'static> = Place { branch: OUR_BRANCH, municipality: "Imatra" };
const TODAY: &str = "2026-05-20";
const BOOK: ItemClass<'static> = ItemClass { material: "book", collection: "adults" };

fn row(key: &str, value: &str, scope: Scope) -> PolicyRow {
    PolicyRow {
        key: key.to_owned(),
        value: value.to_owned(),
        scope,
        valid_from: date("2020-01-01"),
        valid_until: None,
        decision: format!("decision of {key}"),
    }
}

fn everywhere() -> Scope {
    Scope::default()
}

fn in_municipality(name: &str) -> Scope {
    Scope { municipality: Some(name.to_owned()), ..everywhere() }
}

fn at_branch(branch: i64) -> Scope {
    Scope { branch: Some(branch), ..everywhere() }
}

fn of_material(material: &str) -> Scope {
    Scope { material: Some(material.to_owned()), ..everywhere() }
}

fn of_category(category: PatronCategory) -> Scope {
    Scope { category: Some(category), ..everywhere() }
}

/// The loan period of a book for a person here today, out of rows with the values 1, 2, 3 ...
fn period_among(scopes: &[Scope]) -> u16 {
    let rows =
        (1..).zip(scopes).map(|(days, scope)| row("loan.period_days", &days.to_string(), scope.clone()));
    let set = PolicySet::new(rows.collect()).unwrap();
    set.lending(&HERE, PatronCategory::Person, BOOK, date(TODAY)).due.period_days
}

#[test]
fn an_empty_set_works_and_refuses_where_nothing_is_decided() {
    let set = PolicySet::new(Vec::new()).unwrap();
    let lending = set.lending(&HERE, PatronCategory::Person, BOOK, date(TODAY));
    assert_eq!((lending.due.period_days, lending.max_total, lending.max_material), (28, Some(100), None));
    assert!(lending.blocks.debt_limit.is_reached(1_000) && !lending.blocks.debt_limit.is_reached(999));
    assert_eq!(lending.rating_unknown_birth_date, UnknownBirthDate::Refuse);
    let entry = set.entry(&HERE, PatronCategory::Person, date(TODAY));
    assert_eq!((entry.grant_mode, entry.min_age, entry.lowest_age), (GrantMode::Registered, 15, 0));
    assert!(entry.guardian_consent && !entry.institutions_admitted);
    assert_eq!(set.pins(date(TODAY)), PinPolicy { length_min: 4, length_max: 12 });
    assert_eq!(set.holds(&HERE, date(TODAY)).pickup_days, 7);
}

#[test]
fn the_more_specific_row_wins_whatever_the_order_of_the_rows() {
    let imatra = || in_municipality("Imatra");
    let here = || at_branch(OUR_BRANCH);
    let book = || of_material("book");
    let person = || of_category(PatronCategory::Person);
    let both = |a: Scope, b: Scope| Scope {
        municipality: a.municipality.or(b.municipality),
        branch: a.branch.or(b.branch),
        category: a.category.or(b.category),
        material: a.material.or(b.material),
        collection: a.collection.or(b.collection),
    };
    let winner_and_loser = [
        (imatra(), everywhere()),
        (here(), imatra()),
        (both(here(), imatra()), here()),
        (here(), everywhere()),
        (book(), everywhere()),
        (person(), everywhere()),
        (book(), person()),
        (both(book(), person()), book()),
        // Place comes before everything else.
        (imatra(), both(book(), person())),
        (here(), both(imatra(), both(book(), person()))),
        // What does not fit here loses against everything.
        (everywhere(), in_municipality("Kotka")),
        (everywhere(), at_branch(OTHER_BRANCH)),
        (everywhere(), both(at_branch(OUR_BRANCH), in_municipality("Kotka"))),
        (everywhere(), of_material("boo")),
        (everywhere(), of_category(PatronCategory::Staff)),
    ];
    for (winner, loser) in winner_and_loser {
        assert_eq!(period_among(&[winner.clone(), loser.clone()]), 1, "{winner:?} before {loser:?}");
        assert_eq!(period_among(&[loser.clone(), winner.clone()]), 2, "{loser:?} before {winner:?}");
    }
}

#[test]
fn of_equals_the_later_first_day_wins_while_it_lasts() {
    let dated = |days: &str, first: &str, last: Option<&str>| PolicyRow {
        valid_from: date(first),
        valid_until: last.map(date),
        ..row("loan.period_days", days, everywhere())
    };
    let set = PolicySet::new(vec![
        dated("14", "2026-01-01", None),
        dated("21", "2026-06-01", None),
        dated("35", "2026-07-01", Some("2026-07-31")),
    ])
    .unwrap();
    let table = [
        ("2025-12-31", 28),
        ("2026-01-01", 14),
        ("2026-05-31", 14),
        ("2026-06-01", 21),
        ("2026-06-30", 21),
        ("2026-07-01", 35),
        ("2026-07-31", 35),
        ("2026-08-01", 21),
    ];
    for (today, days) in table {
        let lending = set.lending(&HERE, PatronCategory::Person, BOOK, date(today));
        assert_eq!(lending.due.period_days, days, "{today}");
    }
}

#[test]
fn a_more_specific_row_wins_against_a_later_one() {
    let older = row("loan.period_days", "7", at_branch(OUR_BRANCH));
    let newer = PolicyRow { valid_from: date("2026-01-01"), ..row("loan.period_days", "9", everywhere()) };
    let set = PolicySet::new(vec![newer, older]).unwrap();
    assert_eq!(set.lending(&HERE, PatronCategory::Person, BOOK, date(TODAY)).due.period_days, 7);
}

#[test]
fn every_fault_of_every_row_is_told() {
    let backwards =
        PolicyRow { valid_until: Some(date("2019-12-31")), ..row("loan.period_days", "0", of_material(" ")) };
    let faults = PolicySet::new(vec![
        row("loan.period_days", "28", everywhere()),
        row("loan.period", "28", everywhere()),
        row("nonsense", "28", everywhere()),
        backwards,
        row("pin.length_min", "4", at_branch(1)),
        row("self_service.min_age", "15", of_material("book")),
        row("self_service.grant_mode", "everybody", everywhere()),
        row("ban.debt_limit_cents", "10.00", everywhere()),
        row("self_service.guardian_consent", "yes", everywhere()),
        row("loan.period_days", "14", everywhere()),
    ])
    .unwrap_err();
    let told: Vec<_> = faults.iter().map(|fault| (fault.row, fault.field, fault.rule)).collect();
    assert_eq!(
        told,
        [
            (1, "key", PolicyRule::KnownKey),
            (2, "key", PolicyRule::KnownKey),
            (3, "material", PolicyRule::ScopeNotEmpty),
            (3, "valid_until", PolicyRule::DaysInOrder),
            (3, "value", PolicyRule::ValueAllowed),
            (4, "branch", PolicyRule::ScopeOfKey),
            (5, "material", PolicyRule::ScopeOfKey),
            (6, "value", PolicyRule::ValueAllowed),
            (7, "value", PolicyRule::ValueAllowed),
            (8, "value", PolicyRule::ValueAllowed),
            (9, "valid_from", PolicyRule::NoContradiction),
        ]
    );
    assert!(
        faults[0].right.starts_with("loan.due_on_closed_day | ")
            && faults[0].right.contains("loan.period_days")
    );
    assert_eq!(
        faults[4].to_string(),
        "row 3, loan.period_days, value: not a value of this key; right would be: 1 to 365"
    );
    assert_eq!(faults[7].right, "all | registered | written_contract");
    assert_eq!(faults[8].right, "1 to 1000000 | none");
}

#[test]
fn every_key_of_the_catalogue_takes_its_own_default() {
    let keys = catalogue();
    for (index, entry) in keys.iter().enumerate() {
        let set = PolicySet::new(vec![row(entry.key, &entry.default, everywhere())]);
        assert!(set.is_ok(), "{}: {:?}", entry.key, set.err());
        assert!(!entry.meaning.is_empty() && !entry.source.is_empty(), "{}", entry.key);
        assert!(keys[..index].iter().all(|other| other.key != entry.key), "{} twice", entry.key);
    }
}

#[test]
fn every_key_reaches_a_view() {
    // The values differ from every default, so a view that reads the wrong key shows here.
    let rows = [
        ("ban.debt_limit_cents", "4"),
        ("ban.debt_comparator", "over"),
        ("self_service.grant_mode", "all"),
        ("self_service.min_age", "13"),
        ("self_service.guardian_consent", "false"),
        ("self_service.lowest_age", "6"),
        ("self_service.institutions_admitted", "true"),
        ("self_service.blocked_by_lending_ban", "true"),
        ("self_service.blocked_by_debt", "true"),
        ("self_service.blocked_by_overdue", "true"),
        ("self_service.unknown_birth_date", "allow"),
        ("pc.min_age", "9"),
        ("pc.unknown_birth_date", "allow"),
        ("pc.blocked_by_lending_ban", "true"),
        ("pin.length_min", "5"),
        ("pin.length_max", "6"),
        ("age.guardian_consent_card", "14"),
        ("age.guardian_liability", "18"),
        ("ban.inherit_to_guardian", "true"),
        ("ban.overdue_days", "28"),
        ("ban.use_days_max", "29"),
        ("ban.year_turn", "02-01"),
        ("card.max_per_patron", "3"),
        ("card.validity_months_without_code", "11"),
        ("card.validity_years", "4"),
        ("guardian.end_age", "17"),
        ("history.default", "home_service"),
        ("message.expiry_days", "90"),
        ("retention.inactive_years", "6"),
        ("retention.item_trace_days", "30"),
        ("staff.session_idle_minutes", "16"),
    ];
    let of_circulation = circulation::tests::ROWS;
    let known = |key: &str| rows.iter().chain(&of_circulation).filter(|row| row.0 == key).count();
    assert!(catalogue().iter().all(|entry| known(entry.key) == 1));
    let set = PolicySet::new(rows.map(|(key, value)| row(key, value, everywhere())).to_vec()).unwrap();
    let blocks = DerivedBlockPolicy {
        debt_limit: crate::debt::DebtLimit { limit_cents: Some(4), comparator: DebtComparator::Over },
        year_turn: YearTurn::new(2, 1),
        overdue_days: Some(28),
        inherit_to_guardian: true,
        guardian_end_age: 17,
        guardian_liability_age: 18,
    };
    assert_eq!(
        set.entry(&HERE, PatronCategory::Person, date(TODAY)),
        EntryPolicy {
            grant_mode: GrantMode::All,
            min_age: 13,
            guardian_consent: false,
            lowest_age: 6,
            institutions_admitted: true,
            blocked_by_lending_ban: true,
            blocked_by_debt: true,
            blocked_by_overdue: true,
            blocks,
            unknown_birth_date: UnknownBirthDate::Allow,
            pc_min_age: 9,
            pc_unknown_birth_date: UnknownBirthDate::Allow,
            pc_blocked_by_lending_ban: true,
        }
    );
    assert_eq!(set.pins(date(TODAY)), PinPolicy { length_min: 5, length_max: 6 });
    assert_eq!(
        set.cards(&HERE, PatronCategory::Person, date(TODAY)),
        CardPolicy {
            max_per_patron: 3,
            validity_years: Some(4),
            validity_months_without_code: Some(11),
            guardian_consent_age: 14,
        }
    );
    assert_eq!(set.relations(date(TODAY)), RelationPolicy { guardian_end_age: 17 });
    assert_eq!(set.derived_blocks(&HERE, PatronCategory::Person, date(TODAY)), blocks);
    assert_eq!(set.bans(&HERE, date(TODAY)), BanPolicy { use_days_max: 29 });
    assert_eq!(
        set.retention(date(TODAY)),
        RetentionPolicy { inactive_years: 6, item_trace_days: 30, history: HistoryKept::HomeService }
    );
    assert_eq!(set.messages(&HERE, date(TODAY)), MessagePolicy { expiry_days: Some(90) });
    assert_eq!(set.staff(date(TODAY)), StaffPolicy { session_idle_minutes: 16 });
}

#[test]
fn an_explanation_names_the_row_that_won() {
    let newer =
        PolicyRow { valid_from: date("2026-01-01"), ..row("ban.debt_limit_cents", "2000", everywhere()) };
    let rows = vec![
        row("ban.debt_limit_cents", "1000", everywhere()),
        newer,
        row("loan.period_days", "14", of_material("game")),
    ];
    let set = PolicySet::new(rows).unwrap();
    let applied = set.explain_lending(&HERE, PatronCategory::Person, BOOK, date(TODAY));
    let of = |key: &str| applied.iter().find(|policy| policy.key == key).unwrap();
    let limit = of("ban.debt_limit_cents");
    let row = limit.row.as_ref().unwrap();
    assert_eq!((limit.value.as_str(), row.valid_from), ("2000", date("2026-01-01")));
    assert_eq!(
        (row.scope.clone(), row.decision.as_str()),
        (everywhere(), "decision of ban.debt_limit_cents")
    );
    assert_eq!((of("loan.period_days").value.as_str(), &of("loan.period_days").row), ("28", &None));
    assert!(applied.iter().all(|policy| !policy.key.starts_with("self_service.")), "doors do not matter");
    let entry = set.explain_entry(&HERE, PatronCategory::Person, date(TODAY));
    assert!(entry.iter().any(|policy| policy.key == "self_service.grant_mode"));
}

#[test]
fn keys_stand_in_groups_in_the_order_of_the_alphabet() {
    let groups: Vec<&str> = catalogue().iter().map(|entry| entry.key.split_once('.').unwrap().0).collect();
    assert!(groups.is_sorted(), "{groups:?}");
}

#[test]
fn the_longest_pin_is_never_shorter_than_the_shortest() {
    let rows = vec![row("pin.length_min", "6", everywhere()), row("pin.length_max", "4", everywhere())];
    let set = PolicySet::new(rows).unwrap();
    assert_eq!(set.pins(date(TODAY)), PinPolicy { length_min: 6, length_max: 6 });
}

fn arb_scope() -> impl Strategy<Value = Scope> {
    (
        select(vec![None, Some("Imatra"), Some("Kotka")]),
        select(vec![None, Some(OUR_BRANCH), Some(OTHER_BRANCH)]),
        select(vec![None, Some(PatronCategory::Person), Some(PatronCategory::Staff)]),
        select(vec![None, Some("book"), Some("game")]),
    )
        .prop_map(|(municipality, branch, category, material)| Scope {
            municipality: municipality.map(str::to_owned),
            branch,
            category,
            material: material.map(str::to_owned),
            collection: None,
        })
}

proptest! {
    /// The answer is that of a plain reading of the rule: filter what fits, take the greatest.
    #[test]
    fn the_set_answers_as_the_rule_says(
        rows in proptest::collection::vec((arb_scope(), 0_u64..40, proptest::option::of(0_u64..40)), 0..12),
        day in 0_u64..80,
    ) {
        let start = date("2026-01-01");
        let today = start + chrono::Days::new(day);
        let rows: Vec<PolicyRow> = (1..).zip(rows).map(|(days, (scope, from, length))| {
            let valid_from = start + chrono::Days::new(from);
            let valid_until = length.map(|length| valid_from + chrono::Days::new(length));
            PolicyRow { valid_from, valid_until, ..row("loan.period_days", &i32::to_string(&days), scope) }
        }).collect();
        let winner = rows.iter().filter(|row| {
            row.valid_from <= today
                && row.valid_until.is_none_or(|last| today <= last)
                && row.scope.branch.is_none_or(|branch| branch == OUR_BRANCH)
                && row.scope.municipality.as_deref().is_none_or(|name| name == "Imatra")
                && row.scope.category.is_none_or(|category| category == PatronCategory::Person)
                && row.scope.material.as_deref().is_none_or(|material| material == "book")
        }).max_by_key(|row| {
            let specific = i32::from(row.scope.branch.is_some()) * 1_000
                + i32::from(row.scope.municipality.is_some()) * 100
                + i32::from(row.scope.material.is_some()) * 10
                + i32::from(row.scope.category.is_some());
            (specific, row.valid_from)
        }).map_or(28, |row| row.value.parse().unwrap());
        // Rows that contradict each other are refused.
        if let Ok(set) = PolicySet::new(rows) {
            let answer = set.lending(&HERE, PatronCategory::Person, BOOK, today).due.period_days;
            prop_assert_eq!(answer, winner);
        }
    }
}
