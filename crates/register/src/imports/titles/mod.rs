//! Titles: a label and what rules need, from plain columns or from a catalogue's MARC fields.

mod isbd;
mod languages;
mod marc;

use super::{
    FaultList, ImportError, ImportKind,
    kind::{Kind, Parser, Placed, Work},
    layout::{Layout, columns},
    material,
    report::Counts,
    row::Row,
};
use kortisto_store::{
    entities::titles,
    queries::bulk::{
        session::{Table, analyze},
        titles::{TitleRow, change, insert, with_numbers},
    },
};
use std::collections::HashMap;

/// Longest label, in characters.
const LABEL_CHARS_MAX: usize = 200;

/// The column by which a file of MARC fields is recognised.
const MARC_MARK: &str = "melinda_id";

/// The ages of the classification of audiovisual programmes (710/2011, section 16).
const AGE_RATINGS: [(&str, i16); 4] = [("7", 7), ("12", 12), ("16", 16), ("18", 18)];

pub(super) const LAYOUTS: &[Layout] = &[
    Layout {
        mark: None,
        private: false,
        columns: columns! { Required: "number" "label" "material" "language"; Optional: "age_rating"; },
    },
    Layout {
        mark: Some(MARC_MARK),
        private: false,
        columns: columns! {
            Required: "melinda_id" "leader" "title";
            Optional: "008" "author_name" "language" "title_remainder";
            Ignored: "author_date" "author_id" "language_original" "title_uniform" "publication_place"
                "publisher" "physical_dimensions" "physical_extent" "publication_frequency"
                "publication_interval" "signum" "location_852" "udk" "udk_aux" "245n" "genre_655" "650a"
                "general_note" "700a" "700_0" "a.15";
        },
    },
];

pub(crate) struct TitleParser;

impl Parser for TitleParser {
    type Row = TitleRow;

    fn parse(&self, row: &mut Row<'_>) -> Option<TitleRow> {
        if row.has_mark(MARC_MARK) { marc::parse(row) } else { plain(row) }
    }
}

fn plain(row: &mut Row<'_>) -> Option<TitleRow> {
    let number = row.unique_code("number");
    let label = row.text("label", LABEL_CHARS_MAX);
    let material = material::required(row);
    let language = language(row);
    let age_rating = row.optional_word("age_rating", &AGE_RATINGS, |(word, _)| word);
    Some(TitleRow {
        id: 0,
        number: number?,
        label: label?,
        material: material?.to_owned(),
        language: language?,
        age_rating: age_rating?.map(|(_, years)| years),
    })
}

fn language(row: &mut Row<'_>) -> Option<String> {
    let text = row.raw("language")?;
    if matches!(text.len(), 2 | 3) && text.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Some(languages::short(text).to_owned());
    }
    row.fault("language", "not a language code", "two or three small letters of ISO 639; und for unknown");
    None
}

pub(crate) struct Titles;

impl Kind for Titles {
    const KIND: ImportKind = ImportKind::Titles;
    type Parser = TitleParser;

    async fn start(_: &Work<'_>) -> Result<(Self, TitleParser), ImportError> {
        Ok((Self, TitleParser))
    }

    async fn apply(
        &mut self,
        work: &Work<'_>,
        rows: Vec<Placed<TitleRow>>,
        faults: &mut FaultList,
    ) -> Result<Counts, ImportError> {
        if !faults.is_empty() {
            return Ok(Counts::default());
        }
        let found =
            with_numbers(work.transaction, rows.iter().map(|placed| placed.row.number.as_str())).await?;
        let found: HashMap<&str, &titles::Model> =
            found.iter().map(|title| (title.number.as_str(), title)).collect();
        let (mut new, mut changed, mut unchanged) = (Vec::new(), Vec::new(), 0);
        for Placed { mut row, .. } in rows {
            match found.get(row.number.as_str()) {
                None => new.push(row),
                Some(there) if is_as(there, &row) => unchanged += 1,
                Some(there) => {
                    row.id = there.id;
                    changed.push(row);
                }
            }
        }
        insert(work.transaction, &new).await?;
        change(work.transaction, &changed).await?;
        Ok(Counts { created: new.len() as u64, changed: changed.len() as u64, unchanged, pins_set: 0 })
    }

    async fn finish(self, work: &Work<'_>, faults: &mut FaultList) -> Result<Counts, ImportError> {
        if faults.is_empty() {
            analyze(work.transaction, &[Table::Titles]).await?;
        }
        Ok(Counts::default())
    }
}

fn is_as(there: &titles::Model, row: &TitleRow) -> bool {
    there.label == row.label
        && there.material == row.material
        && there.language == row.language
        && there.age_rating == row.age_rating
}
