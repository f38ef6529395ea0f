//! Titles, plain and from MARC.

use crate::kit::{Kit, on_both_engines};
use kortisto_register::imports::{ImportKind::Titles, ImportOptions, Source};
use std::path::Path;

on_both_engines! {
    titles_come_once_and_change_where_they_differ,
    every_kind_of_bad_title_is_named,
    marc_columns_become_labels_materials_and_languages,
    the_national_bibliography_comes_in_whole,
}

const PLAIN: &str = "\
number,label,material,language,age_rating,price
t1,Järvi,book,fi,,
t2,\"Virta, Aino: Joki\",dvd,swe,12,19.90
";

/// Made up, with the habits of real records.
const MARC: &str = include_str!("marc-sample.csv");

async fn titles_come_once_and_change_where_they_differ(kit: Kit) {
    assert_eq!(Kit::counts(kit.import(Titles, PLAIN).await), (2, 0, 0));
    assert_eq!(Kit::counts(kit.import(Titles, PLAIN).await), (0, 0, 2));
    for changed in [
        PLAIN.replace("Joki", "Meri"),
        PLAIN.replace("dvd", "blu-ray"),
        PLAIN.replace("swe", "en"),
        PLAIN.replace(",12", ","),
        PLAIN.replace("19.90", ""),
        PLAIN.replace("19.90", "\"20,00\""),
    ] {
        kit.import(Titles, PLAIN).await.unwrap();
        assert_eq!(Kit::counts(kit.import(Titles, &changed).await), (0, 1, 1), "{changed}");
    }
    kit.import(Titles, PLAIN).await.unwrap();
    let language: String = kit.value("select language from titles where number = 't2'").await;
    let label: String = kit.value("select label from titles where number = 't2'").await;
    assert_eq!((language.as_str(), label.as_str()), ("sv", "Virta, Aino: Joki"));
    assert_eq!(kit.count("titles where age_rating = 12 and price_cents = 1990").await, 1);
    // A file that says nothing of them leaves rating and price as they are.
    let silent = "number,label,material,language\nt2,\"Virta, Aino: Joki\",dvd,swe\n";
    assert_eq!(Kit::counts(kit.import(Titles, silent).await), (0, 0, 1));
    let renamed = silent.replace("Joki", "Meri");
    assert_eq!(Kit::counts(kit.import(Titles, &renamed).await), (0, 1, 0));
    assert_eq!(kit.count("titles where age_rating = 12 and price_cents = 1990").await, 1);
}

async fn every_kind_of_bad_title_is_named(kit: Kit) {
    let long = "x".repeat(201);
    let bad = format!(
        "number,label,material,language,age_rating,price\n\
         ,A,book,fi,,\n\
         n\u{200b},A,book,fi,,\n\
         a,,book,fi,,\n\
         b,{long},book,fi,,\n\
         c,A\u{7}B,book,fi,,\n\
         d,A,boook,fi,,\n\
         e,A,,fi,,\n\
         f,A,book,suomi,,\n\
         g,A,book,FI,,\n\
         h,A,book,fi,15,\n\
         h,A,book,fi,16,\n\
         {long},A,book,fi,,\n\
         j,A,book,fi,,12.5\n\
         k,A,book,fi,,0.00\n\
         l,A,book,fi,,10000.01\n\
         i,A,book\n"
    );
    let expected = [
        (2, "number"),
        (3, "number"),
        (4, "label"),
        (5, "label"),
        (6, "label"),
        (7, "material"),
        (8, "material"),
        (9, "language"),
        (10, "language"),
        (11, "age_rating"),
        (12, "number"),
        (13, "number"),
        (14, "price"),
        (15, "price"),
        (16, "price"),
        (17, ""),
    ];
    assert_eq!(Kit::faults(kit.import(Titles, bad).await), expected);
    let latin1 = b"number,label,material,language\n1,J\xe4rvi,book,fi\n";
    assert_eq!(Kit::faults(kit.import(Titles, latin1).await), [(2, "label")]);
    assert_eq!(kit.count("titles").await, 0);
}

async fn marc_columns_become_labels_materials_and_languages(kit: Kit) {
    assert_eq!(Kit::counts(kit.import(Titles, MARC).await), (6, 0, 0));
    let expected = [
        ("000000001", "Virta, Aino: Järven rannalla : kertomuksia lapsille", "book", "fi"),
        ("000000002", "Peruskartta : 1:20000 = grundkarta 1:20000", "map", "fi"),
        ("000000003", "Vuosikirja 1995 = Årsbok 1995", "serial", "sv"),
        ("000000004", "Satu ; Toinen satu", "sound-recording", "fi"),
        ("000000005", "Strand, A. B.: \"Dikter\"", "book", "sv"),
        ("000000006", "Soittoja...", "sheet-music", "smn"),
    ];
    for (number, label, material, language) in expected {
        let concat = "select label || '|' || material || '|' || language from titles where number = ";
        let found: String = kit.value(&format!("{concat}'{number}'")).await;
        assert_eq!(found, format!("{label}|{material}|{language}"));
    }
    let bad = MARC.replace("00000cem", "00000cxm").replace("Satu ;", "/").replace("Toinen satu.", "");
    assert_eq!(Kit::faults(kit.import(Titles, bad).await), [(3, "leader"), (5, "title")]);
}

/// Real records, where they are at hand: the project ships none.
async fn the_national_bibliography_comes_in_whole(kit: Kit) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/fennica-300.csv");
    let Ok(source) = Source::open(&path) else { return };
    let report = kit.import_with(Titles, source.clone(), ImportOptions::default()).await;
    assert_eq!(Kit::counts(report), (300, 0, 0));
    let report = kit.import_with(Titles, source, ImportOptions::default()).await;
    assert_eq!(Kit::counts(report), (0, 0, 300));
    for (condition, count) in [
        ("material = 'book'", 223),
        ("material = 'map'", 53),
        ("material = 'serial'", 18),
        ("material = 'sound-recording'", 6),
        ("language = 'fi'", 169),
        ("language = 'sv'", 98),
        ("label like '% /' or label like '% :' or label like '%,' or label = ''", 0),
        ("length(label) > 200", 0),
    ] {
        assert_eq!(kit.count(&format!("titles where {condition}")).await, count, "{condition}");
    }
}
