//! Policies, and the example files of four consortia.

use crate::kit::{BRANCHES, Kit, on_both_engines};
use kortisto_domain::{
    PatronCategory,
    policy::{HistoryKept, ItemClass, Place},
};
use kortisto_register::{
    Rulebook,
    imports::{
        ImportKind::{Branches, Policies},
        ImportOptions, Source,
    },
};
use sea_orm::ConnectionTrait as _;
use std::path::Path;

const DVD: ItemClass<'static> = ItemClass { material: "dvd", collection: "" };

on_both_engines! {
    policies_come_once_and_change_where_they_differ,
    every_kind_of_bad_policy_is_named,
    the_examples_of_four_consortia_are_right,
    a_policy_file_is_imported_like_a_table_and_keeps_its_history,
}

const POLICIES: &str = "\
key,value,municipality,branch,category,material,valid_from,valid_until,decision
loan.period_days,28,,,,,2024-01-01,,Board 1/2024
loan.period_days,14,,,,dvd,2024-01-01,,Board 1/2024
self_service.min_age,13,405,,,,2024-01-01,2030-12-31,Board 2/2024
self_service.min_age,16,,EAST,,,2024-01-01,,Board 2/2024
";

async fn load(kit: &Kit) -> Rulebook {
    Rulebook::load(kit.store.readers(), &kit.surroundings).await.unwrap()
}

async fn policies_come_once_and_change_where_they_differ(kit: Kit) {
    kit.import(Branches, BRANCHES).await.unwrap();
    let version = "select version from rulebook_version";
    let before: i64 = kit.value(version).await;
    assert_eq!(Kit::counts(kit.import(Policies, POLICIES).await), (4, 0, 0));
    assert_eq!(kit.value::<i64>(version).await, before + 1);
    assert_eq!(Kit::counts(kit.import(Policies, POLICIES).await), (0, 0, 4));
    assert_eq!(kit.value::<i64>(version).await, before + 1);
    assert_eq!(Kit::counts(kit.import(Policies, POLICIES.replace("dvd,2024", "dvd,2025")).await), (1, 0, 3));
    assert_eq!(Kit::counts(kit.import(Policies, POLICIES.replace(",14,", ",7,")).await), (0, 1, 3));
    assert_eq!(Kit::counts(kit.import(Policies, POLICIES.replace("2030-12-31", "")).await), (0, 2, 2));
    assert_eq!(kit.count("policies").await, 5);
    let east: i64 = kit.value("select id from branches where code = 'EAST'").await;
    let rulebook = load(&kit).await;
    let today = "2026-05-20".parse().unwrap();
    let lending = rulebook.policies.lending(&rulebook.place(east), PatronCategory::Person, DVD, today);
    assert_eq!(lending.due.period_days, 14);
    assert_eq!(rulebook.policies.entry(&rulebook.place(east), PatronCategory::Person, today).min_age, 16);
}

async fn every_kind_of_bad_policy_is_named(kit: Kit) {
    kit.import(Branches, BRANCHES).await.unwrap();
    let bad = "\
key,value,municipality,branch,category,material,valid_from,valid_until,decision
loan.period_days,28,,,,,2024-01-01,,Board
loan.period_day,28,,,,,2024-01-01,,Board
loan.period_days,0,,,,dvd,2024-01-01,,Board
pin.length_min,4,405,,,,2024-01-01,,Board
loan.period_days,28,,,,,2024-01-01,,Again
loan.period_days,28,,NONE,,,2024-01-01,,Board
loan.period_days,28,40,,,,2024-01-01,,Board
loan.period_days,28,,,child,,2024-01-01,,Board
loan.period_days,28,,,,bok,2024-01-01,,Board
loan.period_days,28,,,,cd,2024-13-01,,Board
loan.period_days,28,,,,lp,2024-01-01,2023-01-01,Board
loan.period_days,28,,,,map,2024-01-01,,
loan.period_days,,,,,map,2024-01-01,,Board
";
    let expected = [
        (3, "key"),
        (4, "value"),
        (5, "municipality"),
        (6, "key"),
        (7, "branch"),
        (8, "municipality"),
        (9, "category"),
        (10, "material"),
        (11, "valid_from"),
        (12, "valid_until"),
        (13, "decision"),
        (14, "value"),
    ];
    assert_eq!(Kit::faults(kit.import(Policies, bad).await), expected);
    assert_eq!(kit.count("policies").await, 0);
}

async fn the_examples_of_four_consortia_are_right(kit: Kit) {
    let today = "2026-05-20".parse().unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/policies");
    let (mut seen, mut kept) = (Vec::new(), Vec::new());
    for name in ["heili", "kirkes", "lastu", "kainet"] {
        let source = Source::open(&folder.join(format!("{name}.toml"))).unwrap();
        let report = kit.import_with(Policies, source.clone(), ImportOptions::default()).await;
        let (created, ..) = Kit::counts(report);
        assert!(created >= 8, "{name}");
        let again = kit.import_with(Policies, source, ImportOptions::default()).await;
        assert_eq!(Kit::counts(again), (0, 0, created));
        let rulebook = load(&kit).await;
        let place = Place { branch: 0, municipality: "765" };
        let of = |material| {
            let class = ItemClass { material, collection: "" };
            rulebook.policies.lending(&place, PatronCategory::Person, class, today)
        };
        let entry = rulebook.policies.entry(&place, PatronCategory::Person, today);
        let debt = of("book").blocks.debt_limit;
        seen.push((
            name,
            debt.is_reached(1_000),
            of("dvd").due.period_days,
            of("dvd").max_material,
            entry.blocked_by_lending_ban,
        ));
        let place = Place { branch: 0, municipality: "153" };
        let blocks = rulebook.policies.derived_blocks(&place, PatronCategory::Person, today);
        let cards = rulebook.policies.cards(&place, PatronCategory::Person, today);
        kept.push((
            name,
            blocks.year_turn.is_some(),
            blocks.overdue_days,
            cards.max_per_patron,
            rulebook.policies.retention(today).history,
        ));
        kit.store.writer().execute_unprepared("delete from policies").await.unwrap();
    }
    let expected = [
        ("heili", false, 14, None, false),
        ("kirkes", false, 28, Some(30), false),
        ("lastu", true, 28, None, false),
        ("kainet", true, 28, None, true),
    ];
    assert_eq!(seen, expected);
    let expected = [
        ("heili", true, None, 1, HistoryKept::HomeService),
        ("kirkes", false, Some(28), 1, HistoryKept::OnConsent),
        ("lastu", false, None, 1, HistoryKept::OnConsent),
        ("kainet", false, None, 8, HistoryKept::OnConsent),
    ];
    assert_eq!(kept, expected);
}

async fn a_policy_file_is_imported_like_a_table_and_keeps_its_history(kit: Kit) {
    kit.import(Branches, BRANCHES).await.unwrap();
    let file = r#"
[[decision]]
number = "Board 1/2024"
date = 2023-12-01
valid_from = 2024-01-01
rows = [
    { key = "loan.period_days", value = 28 },
    { key = "self_service.min_age", value = 16, branch = "EAST" },
]
"#;
    assert_eq!(Kit::counts(kit.import(Policies, file).await), (2, 0, 0));
    assert_eq!(Kit::counts(kit.import(Policies, file).await), (0, 0, 2));
    assert_eq!(Kit::counts(kit.import(Policies, file.replace("= 28", "= 21")).await), (0, 1, 1));
    assert_eq!(kit.count("policy_changes").await, 3);
    let old: String = kit.value("select old_value from policy_changes where new_value = '21'").await;
    let decision: String = kit.value("select decision from policy_changes where new_value = '21'").await;
    let author: String = kit.value("select changed_by from policy_changes where new_value = '21'").await;
    assert_eq!((old.as_str(), decision.as_str()), ("28", "Board 1/2024, 2023-12-01"));
    assert_eq!(author, "operator");
    let bad = file.replace("28", "0").replace("EAST", "WEST");
    assert_eq!(Kit::faults(kit.import(Policies, bad).await), [(7, "value"), (8, "branch")]);
    assert_eq!(kit.count("policies").await, 2);
}
