//! Titles from MARC 21 fields in columns, as open extracts of national bibliographies have them.
//!
//! Read are only the columns up to the title: in a published extract the ones behind it were seen shifted
//! against their header.

use super::{ParsedTitle, isbd, languages};
use crate::imports::row::Row;
use kortisto_domain::items::{AGE_RATINGS, LABEL_CHARS_MAX};

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
        age_rating: row.raw("521").map(rating)?,
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
    let of_008 = row.fixed("008")?.get(LANGUAGE_IN_008).and_then(languages::of_field);
    let named = languages::of_field(row.raw("language")?);
    Some(of_008.or(named).unwrap_or(LANGUAGE_UNKNOWN).to_owned())
}

/// From the type of record and the bibliographic level (leader 06 and 07).
fn material(row: &mut Row<'_>) -> Option<&'static str> {
    let leader = row.fixed("leader")?.as_bytes();
    let (kind, level) = (leader.get(6).copied(), leader.get(7).copied());
    let found = kind.and_then(|kind| of_leader(kind, level.unwrap_or(b' ')));
    let carrier = of_carrier(kind.unwrap_or(b' '), row.fixed("007")?.as_bytes(), row.raw("338")?);
    if found.is_none() {
        row.fault("leader", "no type of record that is known", "a leader of MARC 21 with the type at 06");
        return None;
    }
    carrier.or(found)
}

/// What it comes on, where that tells more than the type of record: field 007, or else the codes of RDA in 338.
fn of_carrier(kind: u8, physical: &[u8], carriers: &str) -> Option<&'static str> {
    let at = |place: usize| physical.get(place).copied().unwrap_or(b' ');
    match (kind, at(0), at(1)) {
        (b'g', b'v', b'd') if at(4) == b'v' => return Some("dvd"),
        (b'g', b'v', b'd') if at(4) == b's' => return Some("blu-ray"),
        (b'g', b'v', b'f') => return Some("video"),
        (b'i' | b'j', b's', b'd') if at(3) == b'f' => return Some("cd"),
        (b'i' | b'j', b's', b'd') if (b'a'..=b'e').contains(&at(3)) => return Some("lp"),
        (b'i' | b'j', b's', b's') => return Some("cassette"),
        _ => {}
    }
    carriers.split('|').find_map(|code| match (kind, code) {
        (b'g', "vf") => Some("video"),
        (b'i' | b'j', "ss") => Some("cassette"),
        (b'm', "cd") => Some("cd-rom"),
        (b'a' | b'g' | b'i' | b'j' | b't', "cr") => Some("electronic"),
        _ => None,
    })
}

/// The age rating of the first audience that is one (field 521): `K12`, `K-12`, `12`, or `S` for any age. None where
/// no rating is said.
fn rating(audiences: &str) -> Option<Option<i16>> {
    audiences.split('|').find_map(|audience| {
        let text = audience.trim().trim_end_matches('.');
        if matches!(text, "S" | "T") {
            return Some(None);
        }
        let years = text.strip_prefix('K').unwrap_or(text).trim_start_matches(['-', ' ']);
        AGE_RATINGS.into_iter().find(|rating| rating.to_string() == years).map(Some)
    })
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
    fn the_carrier_tells_more_than_the_type_of_record() {
        let table = [
            (b'g', "vd cvaizq", "", Some("dvd")),
            (b'g', "vd csaizq", "", Some("blu-ray")),
            (b'g', "vf cbahos", "", Some("video")),
            (b'g', "vz", "vf", Some("video")),
            (b'g', "", "vd", None),
            (b'j', "sd fsngnn", "", Some("cd")),
            (b'j', "sd bsmenn", "", Some("lp")),
            (b'i', "ss lsnjlc", "", Some("cassette")),
            (b'i', "", "ss", Some("cassette")),
            (b'm', "", "cd", Some("cd-rom")),
            (b'a', "", "nc|cr", Some("electronic")),
            (b'a', "ta", "nc", None),
            (b'a', "vd cv", "", None),
            (b'g', "v", "", None),
        ];
        for (kind, physical, carriers, expected) in table {
            assert_eq!(
                of_carrier(kind, physical.as_bytes(), carriers),
                expected,
                "{physical:?} {carriers:?}"
            );
            assert!(expected.is_none_or(|material| MATERIALS.contains(&material)));
        }
    }

    #[test]
    fn an_audience_is_a_rating_where_it_is_one() {
        let table = [
            ("K12", Some(Some(12))),
            ("K-16.", Some(Some(16))),
            ("18", Some(Some(18))),
            ("Nuorille|K7", Some(Some(7))),
            ("S", Some(None)),
            ("K13", None),
            ("5-7-vuotiaille", None),
            ("", None),
        ];
        for (audiences, expected) in table {
            assert_eq!(rating(audiences), expected, "{audiences:?}");
        }
    }

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
