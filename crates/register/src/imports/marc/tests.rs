//! What a file of records may hold, and that no bytes do more than be refused.

use super::*;
use proptest::{collection::vec, prelude::*};
use std::fmt::Write as _;

/// A record as ISO 2709 writes it.
fn iso2709(fields: &[(&str, &str)]) -> Vec<u8> {
    let (mut directory, mut data) = (String::new(), String::new());
    for (tag, text) in fields {
        write!(directory, "{tag}{:04}{:05}", text.len() + 1, data.len()).unwrap();
        data.push_str(text);
        data.push('\u{1e}');
    }
    let base = 24 + directory.len() + 1;
    let length = base + data.len() + 1;
    format!("{length:05}cam a22{base:05} i 4500{directory}\u{1e}{data}\u{1d}").into_bytes()
}

const FIELDS: [(&str, &str); 5] = [
    ("001", "000000001"),
    ("008", "970626s1913    fi |||||||||||||||||fin|"),
    ("245", "10\u{1f}aJärven rannalla :\u{1f}bkertomuksia /"),
    ("521", "  \u{1f}aK12"),
    ("852", "  \u{1f}bMAIN\u{1f}cadult\u{1f}pi1\u{1f}912,50 €"),
];

const XML: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<marc:collection xmlns:marc="http://www.loc.gov/MARC21/slim">
  <marc:record>
    <marc:leader>LEADER</marc:leader>
    <marc:controlfield tag="001">000000001</marc:controlfield>
    <marc:controlfield tag="008">970626s1913    fi |||||||||||||||||fin|</marc:controlfield>
    <marc:datafield tag="245" ind1="1" ind2="0">
      <marc:subfield code="a">J&#228;rven <![CDATA[rannalla :]]></marc:subfield>
      <marc:subfield code="b">kertomuksia /</marc:subfield>
    </marc:datafield>
    <marc:datafield tag="521" ind1=" " ind2=" "><marc:subfield code="a">K12</marc:subfield></marc:datafield>
    <marc:datafield tag="852" ind1=" " ind2=" ">
      <marc:subfield code="b">MAIN</marc:subfield><marc:subfield code="c">adult</marc:subfield>
      <marc:subfield code="p">i1</marc:subfield><marc:subfield code="9">12,50 €</marc:subfield>
    </marc:datafield>
  </marc:record>
</marc:collection>"#;

/// What a file comes to: each row with its columns, or the fault of a record.
fn read(kind: ImportKind, bytes: &[u8]) -> Option<Vec<String>> {
    let source = Source::spool(bytes, "test").unwrap();
    let mut table = MarcTable::open(&source, kind).unwrap()?;
    let mut found = Vec::new();
    // Every turn reads at least a byte, or the file is over.
    for _ in 0..=bytes.len() + 1 {
        match table.next_row() {
            Ok(None) => return Some(found),
            Ok(Some(row)) => {
                let columns = row.layout.columns.iter();
                let texts = columns.filter_map(|column| row.bytes_as_they_stand(column.name));
                let texts: Vec<_> = texts.map(|text| String::from_utf8_lossy(text).into_owned()).collect();
                found.push(format!("{}: {}", row.line, texts.join(" ~ ")));
            }
            Err(TableFault::Row(fault)) => {
                found.push(fault.to_string());
                if table.is_lost() {
                    return Some(found);
                }
            }
            Err(TableFault::Io(error)) => panic!("{error}"),
        }
    }
    panic!("no end");
}

#[test]
fn both_forms_are_the_same_record() {
    let iso = iso2709(&FIELDS);
    let leader = String::from_utf8(iso[..24].to_vec()).unwrap();
    // As MARCXML is to be written: lengths and places say nothing there.
    let blank = "     cam a22     7i 4500";
    let item = "1: i1 ~ 000000001 ~ MAIN ~ adult ~ 12,50";
    let xml = |leader| XML.replace("LEADER", leader).into_bytes();
    for (bytes, leader) in [(iso, leader.as_str()), (xml(&leader), &leader), (xml(blank), blank)] {
        let title = format!(
            "1: 000000001 ~ {leader} ~ Järven rannalla : ~ kertomuksia / ~  ~ {} ~  ~  ~  ~ K12",
            FIELDS[1].1
        );
        assert_eq!(read(ImportKind::Titles, &bytes), Some(vec![title]));
        assert_eq!(read(ImportKind::Items, &bytes), Some(vec![item.to_owned()]));
        assert_eq!(read(ImportKind::Patrons, &bytes), None, "nothing else comes from records");
    }
    assert_eq!(read(ImportKind::Titles, b"number,label,material,language\n"), None);
}

#[test]
fn items_stand_in_852_or_else_in_952() {
    let of = |fields: &[(&str, &str)]| read(ImportKind::Items, &iso2709(fields)).unwrap();
    let two = [
        ("035", "  \u{1f}a(FI)7"),
        ("852", "  \u{1f}bMAIN\u{1f}pi1"),
        ("852", "  \u{1f}bMAIN\u{1f}hno barcode"),
        ("852", "  \u{1f}bEAST\u{1f}cchild\u{1f}pi2\u{1f}gEUR 5.00"),
        ("952", "  \u{1f}aMAIN\u{1f}pi3"),
    ];
    assert_eq!(of(&two), ["1: i1 ~ (FI)7 ~ MAIN ~ ", "1: i2 ~ (FI)7 ~ EAST ~ child ~ 5.00"]);
    let other = [("001", "7"), ("952", "  \u{1f}aMAIN\u{1f}bEAST\u{1f}8adult\u{1f}pi3\u{1f}v9.90")];
    assert_eq!(of(&other), ["1: i3 ~ 7 ~ MAIN ~ adult ~ 9.90"]);
    assert_eq!(of(&[("001", "7")]), Vec::<String>::new());
}

#[test]
fn what_is_broken_is_told_and_reading_goes_on_where_it_can() {
    let good = iso2709(&FIELDS);
    let mut other = good.clone();
    other[9] = b' ';
    let mut torn = good.clone();
    torn[30] = b'x';
    let file = [good.as_slice(), &other, b"\r\n", &torn, &good].concat();
    let found = read(ImportKind::Items, &file).unwrap();
    assert_eq!(found.len(), 4, "{found:?}");
    assert!(found[0].starts_with("1: i1") && found[3].starts_with("4: i1"), "{found:?}");
    assert!(found[1].contains("not in UTF-8") && found[2].contains("ISO 2709"), "{found:?}");
    let cut = [good.as_slice(), &good[..50]].concat();
    let found = read(ImportKind::Items, &cut).unwrap();
    assert!(found[1].contains("the file ends within the record; reading ends here"), "{found:?}");
    let garbage = [good.as_slice(), b"garbage"].concat();
    assert!(read(ImportKind::Items, &garbage).unwrap()[1].contains("begins with its length"));
    for (bad, why) in [
        ("<collection><record></collection>", "well-formed"),
        ("<collection><record>", "within the record"),
        ("<!DOCTYPE c [<!ENTITY a \"b\">]><c/>", "document type"),
        ("<c><record><leader>&a;</leader></record></c>", "well-formed"),
        ("<c><record><subfield code=\"a\"/><subfield code=\"a\">x</subfield></record></c>", "outside"),
    ] {
        let found = read(ImportKind::Titles, bad.as_bytes()).unwrap();
        assert!(found.len() == 1 && found[0].contains(why), "{bad}: {found:?}");
    }
}

#[test]
fn a_record_without_an_end_does_not_take_the_file_into_memory() {
    let xml = format!("<c><record><leader>{}", "x".repeat(3 * 1024 * 1024));
    let found = read(ImportKind::Titles, xml.as_bytes()).unwrap();
    assert!(found[0].contains("longer than 1 MiB"), "{}", found[0].len());
    let many = "<datafield tag=\"500\"></datafield>".repeat(record::FIELDS_MAX + 1);
    let found = read(ImportKind::Titles, format!("<c><record>{many}</record></c>").as_bytes()).unwrap();
    assert!(found[0].contains("more than 5000 fields"), "{found:?}");
}

proptest! {
    #[test]
    fn any_bytes_give_rows_or_faults(bytes in vec(any::<u8>(), 0..400), xml in any::<bool>()) {
        let start: &[u8] = if xml { b"<record><datafield tag=\"852\">" } else { b"00099cam a2200" };
        for kind in [ImportKind::Titles, ImportKind::Items] {
            read(kind, &[start, bytes.as_slice()].concat());
        }
    }

    #[test]
    fn a_spoilt_record_gives_rows_or_faults(
        spoils in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6), xml in any::<bool>()
    ) {
        let mut bytes = if xml { XML.as_bytes().to_vec() } else { iso2709(&FIELDS) };
        for (place, byte) in spoils {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        for kind in [ImportKind::Titles, ImportKind::Items] {
            read(kind, &bytes);
        }
    }
}
