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
use kortisto_domain::items::{AGE_RATINGS, LABEL_CHARS_MAX, is_language};
use kortisto_store::{
    entities::titles,
    queries::bulk::{
        session::{Table, analyze},
        titles::{TitleRow, change, insert, with_numbers},
    },
};
use std::collections::HashMap;

/// The column by which a file of MARC fields is recognised.
pub(super) const MARC_MARK: &str = "melinda_id";

pub(super) const LAYOUTS: &[Layout] = &[
    Layout {
        mark: None,
        private: false,
        columns: columns! { Required: "number" "label" "material" "language"; Optional: "age_rating" "price"; },
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

/// A title as a file has it.
pub(crate) struct ParsedTitle {
    number: String,
    label: String,
    material: &'static str,
    language: String,
    /// None when the file does not say it: what is there stays.
    age_rating: Option<Option<i16>>,
    /// None when the file does not say it: what is there stays.
    price_cents: Option<Option<i64>>,
}

impl ParsedTitle {
    /// As it is written, over what is there.
    fn over(self, there: Option<&titles::Model>) -> TitleRow {
        TitleRow {
            id: there.map_or(0, |title| title.id),
            number: self.number,
            label: self.label,
            material: self.material.to_owned(),
            language: self.language,
            age_rating: self.age_rating.unwrap_or_else(|| there.and_then(|title| title.age_rating)),
            price_cents: self.price_cents.unwrap_or_else(|| there.and_then(|title| title.price_cents)),
        }
    }
}

pub(crate) struct TitleParser;

impl Parser for TitleParser {
    type Row = ParsedTitle;

    fn parse(&self, row: &mut Row<'_>) -> Option<ParsedTitle> {
        if row.has_mark(MARC_MARK) { marc::parse(row) } else { plain(row) }
    }
}

fn plain(row: &mut Row<'_>) -> Option<ParsedTitle> {
    let number = row.unique_code("number");
    let label = row.text("label", LABEL_CHARS_MAX);
    let material = material::required(row);
    let language = language(row);
    let age_rating = row.where_said("age_rating", age_rating);
    let price_cents = row.where_said("price", Row::price);
    Some(ParsedTitle {
        number: number?,
        label: label?,
        material: material?,
        language: language?,
        age_rating: age_rating?,
        price_cents: price_cents?,
    })
}

/// An age rating, or nothing for none.
fn age_rating(row: &mut Row<'_>, column: &'static str) -> Option<Option<i16>> {
    let text = row.raw(column)?;
    if text.is_empty() {
        return Some(None);
    }
    let found = AGE_RATINGS.into_iter().find(|years| years.to_string() == text);
    if found.is_none() {
        row.fault(column, "not known", AGE_RATINGS.map(|years| years.to_string()).join(" | "));
    }
    found.map(Some)
}

fn language(row: &mut Row<'_>) -> Option<String> {
    let text = row.raw("language")?;
    if is_language(text) {
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
        rows: Vec<Placed<ParsedTitle>>,
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
        for Placed { row, .. } in rows {
            let there = found.get(row.number.as_str()).copied();
            let row = row.over(there);
            match there {
                None => new.push(row),
                Some(there) if is_as(there, &row) => unchanged += 1,
                Some(_) => changed.push(row),
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
        && there.price_cents == row.price_cents
}
