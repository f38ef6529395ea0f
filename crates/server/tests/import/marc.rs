//! Titles and items from records of MARC 21.

use crate::kit::{BRANCHES, Kit, on_both_engines};
use kortisto_register::imports::ImportKind::{Branches, Items, Titles};
use std::fmt::Write as _;

on_both_engines! {
    records_become_titles_and_items,
    blanks_at_the_ends_of_fixed_fields_count,
    one_bad_record_keeps_all_out_and_is_named,
}

/// A record as MARCXML.
fn record(number: &str, leader: &str, data: &[(&str, &[(char, &str)])]) -> String {
    let mut text =
        format!("<record><leader>{leader}</leader><controlfield tag=\"001\">{number}</controlfield>");
    text.push_str("<controlfield tag=\"008\">970626s1913    fi |||||||||||||||||fin|</controlfield>");
    for (tag, subfields) in data {
        write!(text, "<datafield tag=\"{tag}\" ind1=\" \" ind2=\" \">").unwrap();
        for (code, words) in *subfields {
            write!(text, "<subfield code=\"{code}\">{words}</subfield>").unwrap();
        }
        text.push_str("</datafield>");
    }
    text + "</record>"
}

fn file(branch: &str) -> String {
    let book = record(
        "m1",
        "00000cam a2200000 i 4500",
        &[
            ("100", &[('a', "Virta, Aino,")]),
            ("245", &[('a', "Joki :"), ('b', "kertomus /")]),
            ("852", &[('b', "MAIN"), ('c', "adult"), ('p', "i1"), ('9', "12,50")]),
        ],
    );
    let film = record(
        "m2",
        "00000cgm a2200000 i 4500",
        &[("245", &[('a', "Meri /")]), ("521", &[('a', "K16")]), ("852", &[('b', branch), ('p', "i2")])],
    );
    format!("<collection xmlns=\"http://www.loc.gov/MARC21/slim\">{book}\n{film}</collection>")
}

async fn records_become_titles_and_items(kit: Kit) {
    kit.import(Branches, BRANCHES).await.unwrap();
    assert_eq!(Kit::counts(kit.import(Titles, file("EAST")).await), (2, 0, 0));
    assert_eq!(Kit::counts(kit.import(Titles, file("EAST")).await), (0, 0, 2));
    assert_eq!(Kit::counts(kit.import(Items, file("EAST")).await), (2, 0, 0));
    assert_eq!(Kit::counts(kit.import(Items, file("EAST")).await), (0, 0, 2));
    assert_eq!(Kit::counts(kit.import(Items, file("MAIN")).await), (0, 1, 1));
    for (condition, why) in [
        (
            "titles where label = 'Virta, Aino: Joki : kertomus' and material = 'book' and language = 'fi'",
            "m1",
        ),
        ("titles where label = 'Meri' and material = 'film' and age_rating = 16", "m2"),
        ("items where barcode = 'i1' and price_cents = 1250 and collection = 'adult'", "i1"),
        ("items where barcode = 'i2' and price_cents is null", "i2"),
    ] {
        assert_eq!(kit.count(condition).await, 1, "{why}");
    }
}

async fn blanks_at_the_ends_of_fixed_fields_count(kit: Kit) {
    kit.import(Titles, file("EAST")).await.unwrap();
    // Leaders as MARCXML is to have them, and a record that does not say when it was made.
    let blank = file("EAST")
        .replace("00000cam a2200000 i 4500", "     cam a22     7i 4500")
        .replace("00000cgm a2200000 i 4500", "     cgm a22     7i 4500")
        .replace("970626s1913", "      s1913");
    assert_eq!(Kit::counts(kit.import(Titles, blank).await), (0, 0, 2));
}

async fn one_bad_record_keeps_all_out_and_is_named(kit: Kit) {
    kit.import(Branches, BRANCHES).await.unwrap();
    let unknown = file("EAST").replace("cgm", "cxm");
    assert_eq!(Kit::faults(kit.import(Titles, &unknown).await), [(2, "leader")]);
    assert_eq!(kit.count("titles").await, 0);
    kit.import(Titles, file("EAST")).await.unwrap();
    let refused = kit.import(Items, file("NOWHERE")).await.unwrap_err().to_string();
    assert!(refused.contains("record 2, 852$b (952$a) \"NOWHERE\": not in the register"), "{refused}");
    assert!(refused.contains("a branch that has been imported before"), "{refused}");
    assert_eq!(kit.count("items").await, 0);
}
