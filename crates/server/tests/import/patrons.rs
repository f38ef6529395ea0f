//! Patrons, cards, PINs and rights; and that nothing of a person is told.

use crate::kit::{BRANCHES, Kit, on_both_engines};
use kortisto_register::imports::{
    ImportError,
    ImportKind::{Branches, Patrons, Policies},
    ImportOptions, Source,
};
use kortisto_store::entities::{cards, pins};
use kortisto_vault::{CardBinding, HashCost, LengthRange, Pin, PinVault, PoolSize, StoredPin};
use sea_orm::{ColumnTrait as _, ConnectionTrait as _, EntityTrait as _, QueryFilter as _};
use std::sync::Arc;

on_both_engines! {
    patrons_come_once_and_change_where_they_differ,
    patrons_are_found_by_name_and_get_names_of_their_own,
    a_pin_opens_its_card_and_is_never_overwritten,
    rights_are_granted_once,
    a_second_card_is_added_and_nobody_elses_taken,
    a_card_number_is_nobodys_alias,
    every_kind_of_bad_patron_is_named_without_a_value,
    pins_need_keys_and_the_lengths_of_the_consortium,
}

const HEADER: &str = "number,family_name,given_names,birth_date,category,service_language,home_branch,\
                      valid_until,card_number,card_valid_from,card_valid_until,pin,self_service_right\n";

const AINO: &str = "p1,Virta,Aino,1942-04-03,person,fi,MAIN,,c1,2024-01-01,2034-01-01,,\n";
const SCHOOL: &str = "p2,Rannan koulu,,,institution,sv,EAST,2027-06-30,c2,2026-01-01,,4827,registered\n";

async fn with_branches(kit: &Kit) {
    kit.import(Branches, BRANCHES).await.unwrap();
}

async fn patrons_come_once_and_change_where_they_differ(kit: Kit) {
    with_branches(&kit).await;
    let both = format!("{HEADER}{AINO}{SCHOOL}");
    let report = kit.import(Patrons, &both).await.unwrap();
    assert_eq!((report.created, report.pins_set), (2, 1));
    assert_eq!(Kit::counts(kit.import(Patrons, &both).await), (0, 0, 2));
    for (from, to) in [
        ("Virta,Aino", "Virta,Aino Maria"),
        ("Virta,", "Strand,"),
        ("1942-04-03", "1942-04-04"),
        ("1942-04-03", ""),
        (",fi,", ",se,"),
        ("fi,MAIN", "fi,EAST"),
        ("MAIN,,", "MAIN,2030-01-01,"),
        ("2024-01-01", "2024-01-02"),
        ("2034-01-01", ""),
        (",person,", ",home-service,"),
    ] {
        kit.import(Patrons, &both).await.unwrap();
        assert_eq!(Kit::counts(kit.import(Patrons, both.replace(from, to)).await), (0, 1, 1), "{from} {to}");
    }
    kit.import(Patrons, &both).await.unwrap();
    assert_eq!((kit.count("patrons").await, kit.count("cards").await), (2, 2));
    assert_eq!(kit.count("patrons where changed_by = 'import' and birth_date = '1942-04-03'").await, 1);
    let pseudonyms: i64 = kit.value("select count(distinct pseudonym) from patrons").await;
    assert_eq!(pseudonyms, 2);
}

async fn patrons_are_found_by_name_and_get_names_of_their_own(kit: Kit) {
    with_branches(&kit).await;
    let file = format!("{HEADER}{AINO}{SCHOOL}").replace("Virta,Aino", "Väisänen-Koski,Aino André");
    kit.import(Patrons, &file).await.unwrap();
    assert_eq!(kit.count("patrons where search_name = 'väisänen koski aino andre'").await, 1);
    assert_eq!(kit.count("patrons where search_name = 'rannan koulu'").await, 1);
    let own = "select count(distinct support_id) + count(distinct hold_alias) from patrons";
    assert_eq!(kit.value::<i64>(own).await, 4);
    let names = "select min(support_id || hold_alias) from patrons where number = 'p1'";
    let first: String = kit.value(names).await;
    assert_eq!(Kit::counts(kit.import(Patrons, file.replace("Koski", "Virta")).await), (0, 1, 1));
    assert_eq!(kit.count("patrons where search_name = 'väisänen virta aino andre'").await, 1);
    assert_eq!(kit.value::<String>(names).await, first, "a new name is not a new patron");
}

async fn a_pin_opens_its_card_and_is_never_overwritten(kit: Kit) {
    with_branches(&kit).await;
    let text = format!("{HEADER}{SCHOOL}");
    assert_eq!(kit.import(Patrons, &text).await.unwrap().pins_set, 1);
    let later = kit.import(Patrons, text.replace("4827", "1593")).await.unwrap();
    assert_eq!((later.unchanged, later.pins_set), (1, 0));
    let card = cards::Entity::find().filter(cards::Column::Number.eq("c2")).one(kit.store.readers()).await;
    let id = card.unwrap().unwrap().id;
    let pin = pins::Entity::find_by_id(id).one(kit.store.readers()).await.unwrap().unwrap();
    let size = PoolSize { threads: 1, queue_per_thread: 8 };
    let random = Arc::clone(&kit.surroundings.random);
    let vault = PinVault::start(Arc::clone(&kit.keys), random, HashCost::CHEAP_FOR_TESTS, size);
    for (digits, opens) in [("4827", true), ("1593", false)] {
        let stored = StoredPin { scheme: pin.scheme, key_id: pin.key_id, hash: pin.hash.clone() };
        let typed = Pin::parse(digits, LengthRange::WIDEST).unwrap();
        let verification = vault.verify(typed, CardBinding(id), Some(stored)).await.unwrap();
        assert_eq!(verification.matches, opens, "{digits}");
    }
    // A row that brings nothing but the PIN is a changed one.
    kit.store.writer().execute_unprepared("delete from pins").await.unwrap();
    let report = kit.import(Patrons, &text).await.unwrap();
    assert_eq!((report.changed, report.unchanged, report.pins_set), (1, 0, 1));
}

async fn rights_are_granted_once(kit: Kit) {
    with_branches(&kit).await;
    let text = format!("{HEADER}{AINO}");
    kit.import(Patrons, &text).await.unwrap();
    let granted = text.replace(",,\n", ",,written-contract\n");
    assert_eq!(Kit::counts(kit.import(Patrons, &granted).await), (0, 1, 0));
    assert_eq!(Kit::counts(kit.import(Patrons, &granted).await), (0, 0, 1));
    // Nothing in the column takes nothing away.
    assert_eq!(Kit::counts(kit.import(Patrons, &text).await), (0, 0, 1));
    let standing = "self_service_rights where kind = 2 and branch_id is null and valid_from = '2024-01-01'";
    assert_eq!(kit.count(standing).await, 1);
}

async fn a_second_card_is_added_and_nobody_elses_taken(kit: Kit) {
    with_branches(&kit).await;
    kit.import(Patrons, format!("{HEADER}{AINO}{SCHOOL}")).await.unwrap();
    let second = format!("{HEADER}{}", AINO.replace(",c1,", ",c3,"));
    assert_eq!(Kit::counts(kit.import(Patrons, &second).await), (0, 1, 0));
    assert_eq!((kit.count("patrons").await, kit.count("cards").await), (2, 3));
    let taken = format!("{HEADER}{}", AINO.replace(",c1,", ",c2,"));
    assert_eq!(Kit::faults(kit.import(Patrons, &taken).await), [(2, "card_number")]);
    let taken_by_new = format!("{HEADER}{}", AINO.replace("p1,", "p9,"));
    assert_eq!(Kit::faults(kit.import(Patrons, &taken_by_new).await), [(2, "card_number")]);
    assert_eq!((kit.count("patrons").await, kit.count("cards").await), (2, 3));
}

async fn a_card_number_is_nobodys_alias(kit: Kit) {
    with_branches(&kit).await;
    kit.import(Patrons, format!("{HEADER}{AINO}")).await.unwrap();
    for name in ["hold_alias", "support_id"] {
        let name: String = kit.value(&format!("select {name} from patrons")).await;
        let own = format!("{HEADER}{}", AINO.replace(",c1,", &format!(",{name},")));
        let new = format!("{HEADER}{AINO}{}", SCHOOL.replace(",c2,", &format!(",{name},")));
        for (file, line) in [(own, 2), (new, 3)] {
            let outcome = kit.import(Patrons, &file).await;
            assert!(!format!("{outcome:?}").contains(&name));
            assert_eq!(Kit::faults(outcome), [(line, "card_number")]);
        }
    }
    assert_eq!((kit.count("patrons").await, kit.count("cards").await), (1, 1));
}

async fn every_kind_of_bad_patron_is_named_without_a_value(kit: Kit) {
    with_branches(&kit).await;
    let long = "Kanarianlintu".repeat(8);
    let replacements = [
        ("p1,", ",", "number"),
        ("p1,", "Kanarianlintu\0,", "number"),
        (",Virta,", ",,", "family_name"),
        (",Virta,", &format!(",{long},"), "family_name"),
        (",Aino,", ",Kanarianlintu\u{9d},", "given_names"),
        ("1942-04-03", "1942-02-30", "birth_date"),
        ("1942-04-03", "2026-05-21", "birth_date"),
        ("1942-04-03", "Kanarianlintu", "birth_date"),
        (",person,", ",Kanarianlintu,", "category"),
        (",fi,", ",de,", "service_language"),
        (",MAIN,", ",Kanarianlintu,", "home_branch"),
        ("MAIN,,", "MAIN,9999-12-31,", "valid_until"),
        (",c1,", ",,", "card_number"),
        ("2024-01-01", "", "card_valid_from"),
        ("2034-01-01", "2023-12-31", "card_valid_until"),
        (",,\n", ",123,\n", "pin"),
        (",,\n", ",Kanarianlintu,\n", "pin"),
        (",,\n", ",,all\n", "self_service_right"),
    ];
    let mut text = HEADER.to_owned();
    let mut expected = Vec::new();
    for (line, (from, to, column)) in (2_u64..).zip(replacements) {
        let own = AINO.replace("p1,", &format!("p{line},")).replace(",c1,", &format!(",c{line},"));
        let from = from.replace("p1,", &format!("p{line},")).replace(",c1,", &format!(",c{line},"));
        text.push_str(&own.replacen(&from, to, 1));
        expected.push((line, column));
    }
    let outcome = kit.import(Patrons, &text).await;
    let Err(error) = &outcome else { panic!("{outcome:?}") };
    for canary in ["anarianlintu", "1942", "Virta", "123,"] {
        assert!(!format!("{error} {error:?}").contains(canary), "{canary}: {error}");
    }
    assert_eq!(Kit::faults(outcome), expected);
    // A file without a header has a person where the names of columns should be.
    let headless = kit.import(Patrons, AINO).await.unwrap_err();
    assert!(!format!("{headless} {headless:?}").contains("irta"), "{headless}");
    let twice = format!("{HEADER}{AINO}{AINO}");
    assert_eq!(Kit::faults(kit.import(Patrons, twice).await), [(3, "number"), (3, "card_number")]);
    assert_eq!((kit.count("patrons").await, kit.count("cards").await, kit.count("pins").await), (0, 0, 0));
}

async fn pins_need_keys_and_the_lengths_of_the_consortium(kit: Kit) {
    with_branches(&kit).await;
    let text = format!("{HEADER}{SCHOOL}");
    let source = Source::spool(text.as_bytes(), "test.csv").unwrap();
    let outcome = kit.import_with(Patrons, source, ImportOptions::default()).await;
    assert_eq!(outcome, Err(ImportError::KeysMissing));
    assert_eq!(kit.count("patrons").await, 0);
    let lengths = "key,value,valid_from,decision\npin.length_min,6,2020-01-01,Board 1/2020\n";
    kit.import(Policies, lengths).await.unwrap();
    assert_eq!(Kit::faults(kit.import(Patrons, &text).await), [(2, "pin")]);
    assert_eq!(kit.import(Patrons, text.replace("4827", "482715")).await.unwrap().pins_set, 1);
}
