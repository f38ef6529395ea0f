//! Titles from MARC 21 fields in columns, as open extracts of national bibliographies have them.
//!
//! Read are only the columns up to the title: in a published extract the ones behind it were seen shifted
//! against their header.

use super::{LABEL_CHARS_MAX, ParsedTitle, isbd, languages};
use crate::imports::row::Row;

/// Longest field that is looked at, in characters.
const FIELD_CHARS_MAX: usize = 2_000;
/// Where the language stands in field 008.
const LANGUAGE_IN_008: std::ops::Range<usize> = 35..38;
/// The language of what is in none that is known (ISO 639-2).
const LANGUAGE_UNKNOWN: &str = "und";

/// One title.
pub(super) fn parse(row: &mut Row<'_>) -> Option<ParsedTitle> {
    let number = row.unique_code("melinda_id");
    let material = material(row);
    let label = label(row);
    let language = language(row);
    Some(ParsedTitle {
        number: number?,
        label: label?,
        material: material?,
        language: language?,
        age_rating: None,
        price_cents: None,
    })
}

fn label(row: &mut Row<'_>) -> Option<String> {
    let author = row.optional_text("author_name", FIELD_CHARS_MAX);
    let title = row.optional_text("title", FIELD_CHARS_MAX);
    let remainder = row.optional_text("title_remainder", FIELD_CHARS_MAX);
    let (author, title, remainder) = (author?, title?, remainder?);
    let first = |field: &str| field.split('|').next().unwrap_or_default().to_owned();
    if isbd::strip(&first(&title)).0.is_empty() && isbd::strip(&first(&remainder)).0.is_empty() {
        row.fault("title", "no title", "a title, or a remainder of one");
        return None;
    }
    Some(isbd::label(&first(&author), &first(&title), &first(&remainder), LABEL_CHARS_MAX))
}

/// From field 008, or else the first one that the column for languages names.
fn language(row: &mut Row<'_>) -> Option<String> {
    let of_008 = row.raw("008")?.get(LANGUAGE_IN_008).and_then(languages::of_field);
    let named = languages::of_field(row.raw("language")?);
    Some(of_008.or(named).unwrap_or(LANGUAGE_UNKNOWN).to_owned())
}

/// From the type of record and the bibliographic level (leader 06 and 07).
fn material(row: &mut Row<'_>) -> Option<&'static str> {
    let leader = row.raw("leader")?.as_bytes();
    let (kind, level) = (leader.get(6).copied(), leader.get(7).copied());
    let found = kind.and_then(|kind| of_leader(kind, level.unwrap_or(b' ')));
    if found.is_none() {
        row.fault("leader", "no type of record that is known", "a leader of MARC 21 with the type at 06");
    }
    found
}

fn of_leader(kind: u8, level: u8) -> Option<&'static str> {
    Some(match (kind, level) {
        (b'a', b'b' | b'i' | b's') | (b's', _) => "serial",
        (b'a' | b't', _) => "book",
        (b'c' | b'd', _) => "sheet-music",
        (b'e' | b'f', _) => "map",
        (b'g', _) => "film",
        (b'i' | b'j', _) => "sound-recording",
        (b'k', _) => "picture",
        (b'm', _) => "electronic",
        (b'o' | b'p', _) => "kit",
        (b'r', _) => "object",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imports::MATERIALS;

    #[test]
    fn every_type_of_record_is_a_material_that_policies_know() {
        for (kind, level, expected) in [
            (b'a', b'm', Some("book")),
            (b't', b'm', Some("book")),
            (b'a', b's', Some("serial")),
            (b'e', b'm', Some("map")),
            (b'j', b'm', Some("sound-recording")),
            (b'x', b'm', None),
            (b' ', b' ', None),
        ] {
            assert_eq!(of_leader(kind, level), expected, "{}{}", char::from(kind), char::from(level));
        }
        for kind in 0..=u8::MAX {
            for level in *b"abcdims" {
                assert!(of_leader(kind, level).is_none_or(|material| MATERIALS.contains(&material)));
            }
        }
    }
}
