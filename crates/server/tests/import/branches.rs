//! Branches, hours, resources.

use crate::{
    circulation::Circulation,
    kit::{BRANCHES, Kit, on_both_engines},
};
use kortisto_register::{
    Rulebook,
    imports::ImportKind::{Branches, Items, Titles},
};
use kortisto_store::entities::{holds, stops};
use kortisto_testkit::register::{Engine, meanwhile};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set};

on_both_engines! {
    branches_come_with_hours_and_resources,
    the_same_file_again_changes_nothing_and_a_changed_one_what_changed,
    every_kind_of_bad_branch_is_named,
    a_column_that_is_not_there_leaves_what_is_there,
    a_branch_has_a_kind_and_an_isil_of_its_own,
    a_locker_that_holds_name_stays,
    a_bookmobile_that_has_stops_stays_one,
}

const FULL: &str = "\
code,name,municipality,hours,resources
MAIN,Pääkirjasto,405,Mon-Fri 07:00-10:00 self-service; Mon-Fri 10:00-18:00 staffed,main-door:door:pin; pc-1:pc:min_age=13
EAST,Itä,153,,
";

async fn load(kit: &Kit) -> Rulebook {
    Rulebook::load(kit.store.readers(), &kit.surroundings).await.unwrap()
}

async fn branches_come_with_hours_and_resources(kit: Kit) {
    assert_eq!(Kit::counts(kit.import(Branches, FULL).await), (2, 0, 0));
    let main: i64 = kit.value("select id from branches where code = 'MAIN'").await;
    let east: i64 = kit.value("select id from branches where code = 'EAST'").await;
    let rulebook = load(&kit).await;
    assert_eq!(rulebook.branch(main).unwrap().hours.windows.len(), 10);
    assert_eq!(rulebook.branch(main).unwrap().municipality, "405");
    assert!(rulebook.resource(main, "main-door").unwrap().asks_pin);
    assert_eq!(rulebook.resource(main, "pc-1").unwrap().min_age, Some(13));
    assert!(rulebook.branch(east).unwrap().hours.windows.is_empty());
    let audited: String = kit.value("select action from audit").await;
    assert_eq!(audited, "import_branches");
}

async fn the_same_file_again_changes_nothing_and_a_changed_one_what_changed(kit: Kit) {
    let version = "select version from rulebook_version";
    kit.import(Branches, FULL).await.unwrap();
    let first: i64 = kit.value(version).await;
    kit.clock.advance(chrono::TimeDelta::days(3));
    assert_eq!(Kit::counts(kit.import(Branches, FULL).await), (0, 0, 2));
    assert_eq!(kit.value::<i64>(version).await, first);
    for changed in [
        FULL.replace("Itä", "Itäinen"),
        FULL.replace("10:00-18:00", "10:00-19:00"),
        FULL.replace("min_age=13", "min_age=15"),
        FULL.replace("main-door:door:pin; ", ""),
        FULL.replace("main-door:door:pin; ", "side-door:door; "),
    ] {
        kit.import(Branches, FULL).await.unwrap();
        let before: i64 = kit.value(version).await;
        assert_eq!(Kit::counts(kit.import(Branches, &changed).await), (0, 1, 1), "{changed}");
        assert_eq!(kit.value::<i64>(version).await, before + 1);
    }
    assert_eq!((kit.count("branches").await, kit.count("resources").await), (2, 2));
}

async fn every_kind_of_bad_branch_is_named(kit: Kit) {
    let bad = "\
code,name,municipality,hours,resources
OK,Hyvä,405,,
,Nimi,405,,
A,,405,,
B,Nimi,45,,
C,Nimi,4O5,,
D,Nimi,405,Mon 10-12,
E,Nimi,405,,door
OK,Toinen,405,,
F\0,Nimi,405,,
";
    let expected = [
        (3, "code"),
        (4, "name"),
        (5, "municipality"),
        (6, "municipality"),
        (7, "hours"),
        (8, "resources"),
        (9, "code"),
        (10, "code"),
    ];
    assert_eq!(Kit::faults(kit.import(Branches, bad).await), expected);
    assert_eq!((kit.count("branches").await, kit.count("audit").await), (0, 0));
}

async fn a_branch_has_a_kind_and_an_isil_of_its_own(kit: Kit) {
    let file = "code,name,municipality,kind,isil\nMAIN,Pää,405,library,FI-Main\nAUTO,Auto,405,bookmobile,\n";
    assert_eq!(Kit::counts(kit.import(Branches, file).await), (2, 0, 0));
    assert_eq!(Kit::counts(kit.import(Branches, file).await), (0, 0, 2));
    assert_eq!(Kit::counts(kit.import(Branches, file.replace("FI-Main", "FI-Mn")).await), (0, 1, 1));
    let kind: i16 = kit.value("select kind from branches where code = 'AUTO'").await;
    assert_eq!(kind, 2);
    // What the file does not say stays.
    assert_eq!(
        Kit::counts(kit.import(Branches, "code,name,municipality,kind\nAUTO,Auto,405,\n").await),
        (0, 0, 1)
    );
    let bad =
        "code,name,municipality,kind,isil\nA,A,405,ship,\nB,B,405,,Main\nC,C,405,,FI-C\nD,D,405,,FI-C\n";
    assert_eq!(Kit::faults(kit.import(Branches, bad).await), [(2, "kind"), (3, "isil"), (5, "isil")]);
    let taken = "code,name,municipality,isil\nNEW,Uusi,405,FI-Mn\n";
    assert_eq!(Kit::faults(kit.import(Branches, taken).await), [(2, "isil")]);
}

async fn a_column_that_is_not_there_leaves_what_is_there(kit: Kit) {
    kit.import(Branches, FULL).await.unwrap();
    assert_eq!(Kit::counts(kit.import(Branches, BRANCHES).await), (0, 0, 2));
    assert_eq!((kit.count("opening_windows").await, kit.count("resources").await), (10, 2));
    let faults = Kit::faults(kit.import(Items, "barcode,title_number,branch,collection\n1,1,NONE,\n").await);
    assert_eq!(faults, [(2, "title_number"), (2, "branch")]);
}

const WITH_LOCKERS: &str =
    "code,name,municipality,resources\nMAIN,Pää,405,door-1:door; box-1:locker; box-2:locker\n";

/// A hold that names the first locker, long picked up and still on record, not written yet.
async fn locker_hold(kit: &Kit) -> holds::ActiveModel {
    kit.import(Titles, "number,label,material,language\nt1,Järvi,book,fi\n").await.unwrap();
    kit.import(Items, "barcode,title_number,branch,collection\ni1,t1,MAIN,\n").await.unwrap();
    let mut hold = Circulation::start(kit).await.hold(1, "i1").await;
    hold.state = Set(4);
    hold.pickup_locker_id = Set(Some(kit.value("select id from resources where code = 'box-1'").await));
    hold
}

async fn a_locker_that_holds_name_stays(kit: Kit) {
    let file = WITH_LOCKERS;
    kit.import(Branches, file).await.unwrap();
    locker_hold(&kit).await.insert(kit.store.writer()).await.unwrap();
    let refused = kit.import(Branches, file.replace(" box-1:locker;", "")).await;
    let told = refused.as_ref().unwrap_err().to_string();
    assert!(
        told.contains("line 2, resources \"box-1\": a locker stays while holds on record name it"),
        "{told}"
    );
    assert_eq!(Kit::faults(refused), [(2, "resources")]);
    assert_eq!(
        Kit::faults(kit.import(Branches, file.replace("door-1:door; box-1:locker; box-2:locker", "")).await),
        [(2, "resources")]
    );
    assert_eq!(kit.count("resources").await, 3);
    assert_eq!(Kit::counts(kit.import(Branches, file.replace("; box-2:locker", "")).await), (0, 1, 0));
    assert_eq!(kit.count("resources").await, 2);
}

async fn a_bookmobile_that_has_stops_stays_one(kit: Kit) {
    let file = "code,name,municipality,kind\nAUTO,Auto,405,bookmobile\nBUS,Bussi,405,bookmobile\n";
    kit.import(Branches, file).await.unwrap();
    let stop = stops::ActiveModel {
        branch_id: Set(kit.value("select id from branches where code = 'AUTO'").await),
        code: Set("market".to_owned()),
        name: Set("Tori".to_owned()),
        municipality: Set("405".to_owned()),
        ..Default::default()
    };
    stop.insert(kit.store.writer()).await.unwrap();
    let refused = kit.import(Branches, file.replace("bookmobile", "library")).await;
    let told = refused.as_ref().unwrap_err().to_string();
    assert!(told.contains("line 2, kind \"library\": a bookmobile that has stops stays one"), "{told}");
    assert_eq!(Kit::faults(refused), [(2, "kind")]);
    let others =
        file.replace("Bussi,405,bookmobile", "Bussi,405,library").replace("Auto,405,bookmobile", "Auto,405,");
    assert_eq!(Kit::counts(kit.import(Branches, others).await), (0, 1, 1));
}

#[tokio::test]
async fn a_locker_for_which_a_hold_is_being_placed_stays() {
    let kit = Kit::start(Engine::Postgres).await;
    kit.import(Branches, WITH_LOCKERS).await.unwrap();
    let hold = locker_hold(&kit).await;
    let without = kit.import(Branches, WITH_LOCKERS.replace(" box-1:locker;", ""));
    let placing_first = meanwhile(
        &kit.store,
        move |transaction| {
            let hold = hold.clone();
            Box::pin(async move { Ok(hold.insert(transaction).await.map(drop)?) })
        },
        without,
    );
    let refused = placing_first.await;
    assert_eq!(Kit::faults(refused), [(2, "resources")], "begun anew, it sees the hold");
    assert_eq!(kit.count("resources").await, 3);
}
