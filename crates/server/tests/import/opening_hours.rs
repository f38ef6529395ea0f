//! Opening hours day by day.

use crate::kit::{BRANCHES, Kit, on_both_engines};
use kortisto_domain::{Moment, OpeningMode, opening::OpenNow};
use kortisto_register::{
    Rulebook,
    imports::ImportKind::{Branches, OpeningHours},
};
use sea_orm::ConnectionTrait as _;

on_both_engines! {
    days_come_once_and_change_where_they_differ,
    every_kind_of_bad_day_is_named_and_nothing_is_imported,
    a_year_of_a_hundred_branches_is_imported_at_once,
}

const HOURS: &str = r#"{"items": [
{"branch": "MAIN", "schedules": [
  {"date": "2026-05-20", "closed": true, "info": "Helatorstain aatto"},
  {"date": "2026-05-21", "times": [
    {"from": "08:00", "to": "10:00", "status": 2},
    {"from": "10:00", "to": "18:00", "status": 1}]}]},
{"isil": "FI-East", "schedules": [{"date": "2026-05-20", "times": []}]}]}"#;

async fn with_isil(kit: &Kit) {
    kit.import(Branches, BRANCHES).await.unwrap();
    let name = "update branches set isil = 'FI-East' where code = 'EAST'";
    kit.store.writer().execute_unprepared(name).await.unwrap();
}

async fn days_come_once_and_change_where_they_differ(kit: Kit) {
    with_isil(&kit).await;
    let version = "select version from rulebook_version";
    let before: i64 = kit.value(version).await;
    assert_eq!(Kit::counts(kit.import(OpeningHours, HOURS).await), (3, 0, 0));
    assert_eq!(kit.value::<i64>(version).await, before + 1);
    assert_eq!(Kit::counts(kit.import(OpeningHours, HOURS).await), (0, 0, 3));
    assert_eq!(kit.value::<i64>(version).await, before + 1);
    let main: i64 = kit.value("select id from branches where code = 'MAIN'").await;
    let rulebook = Rulebook::load(kit.store.readers(), &kit.surroundings).await.unwrap();
    let open =
        |at: &str| OpenNow::among(rulebook.hours(main), &Moment::new(at.parse().unwrap(), rulebook.zone));
    // Helsinki is three hours ahead in May.
    for (at, staffed, self_service) in [
        ("2026-05-20T09:00:00Z", false, false),
        ("2026-05-21T05:00:00Z", false, true),
        ("2026-05-21T07:00:00Z", true, false),
        ("2026-05-21T15:00:00Z", false, false),
    ] {
        assert_eq!(open(at), OpenNow { staffed, self_service }, "{at}");
    }
    let later = HOURS.replace("18:00", "17:00").replace("Helatorstain aatto", "");
    assert_eq!(Kit::counts(kit.import(OpeningHours, later).await), (0, 2, 1));
    assert_eq!(kit.count("opening_exceptions").await, 4);
    let closing: i16 = kit
        .value(&format!(
            "select closes_minute from opening_exceptions where mode = {}",
            OpeningMode::Staffed.code()
        ))
        .await;
    assert_eq!(closing, 17 * 60);
    let audited: String = kit.value("select action from audit where action <> 'import_branches'").await;
    assert_eq!(audited, "import_opening_hours");
}

async fn every_kind_of_bad_day_is_named_and_nothing_is_imported(kit: Kit) {
    with_isil(&kit).await;
    let bad = r#"[
{"branch": "NONE", "schedules": [
{"date": "2026-05-20", "times": []}]},
{"isil": "FI-None", "schedules": [
{"date": "2026-05-20", "times": []}]},
{"branch": "EAST", "schedules": [
{"date": "2026-05-20", "times": []},
{"date": "2026-13-20", "times": []},
{"date": "2026-05-22", "times": [{"from": "10:00", "to": "09:00", "status": 1}]}]},
{"isil": "FI-East", "schedules": [
{"date": "2026-05-20", "times": []}]}]"#;
    let expected = [(3, "branch"), (5, "isil"), (8, "date"), (9, "to"), (11, "date")];
    assert_eq!(Kit::faults(kit.import(OpeningHours, bad).await), expected);
    assert_eq!(Kit::faults(kit.import(OpeningHours, "date,from\n").await), [(1, "")]);
    assert_eq!(kit.count("opening_exceptions").await, 0);
}

async fn a_year_of_a_hundred_branches_is_imported_at_once(kit: Kit) {
    let codes = (0..100).map(|n| format!("B{n},Kirjasto,405\n")).collect::<String>();
    kit.import(Branches, format!("code,name,municipality\n{codes}")).await.unwrap();
    let first: chrono::NaiveDate = "2026-01-01".parse().unwrap();
    let days: Vec<_> = first.iter_days().take(365).collect();
    let items = (0..100).map(|branch| {
        let schedules = days.iter().map(|day| {
            serde_json::json!({"date": day.to_string(), "times": [{"from": "10:00", "to": "18:00", "status": 1}]})
        });
        serde_json::json!({"branch": format!("B{branch}"), "schedules": schedules.collect::<Vec<_>>()})
    });
    let file = serde_json::json!({"items": items.collect::<Vec<_>>()}).to_string();
    assert_eq!(Kit::counts(kit.import(OpeningHours, &file).await), (36_500, 0, 0));
    assert_eq!(Kit::counts(kit.import(OpeningHours, file.replace("18:00", "17:00")).await), (0, 36_500, 0));
}
