//! The row of a patron.

use crate::imports::{kind::Parser, row::Row};
use chrono::NaiveDate;
use kortisto_domain::{PatronCategory, RightKind, languages::SERVICE_LANGUAGES, policy::PinPolicy};
use kortisto_vault::{LengthRange, Pin};

/// Longest name, in characters.
const NAME_CHARS_MAX: usize = 100;

pub(crate) struct PatronParser {
    today: NaiveDate,
    pin_lengths: LengthRange,
}

/// A patron as the file has one. A person: it has no `Debug`.
pub(crate) struct ParsedPatron {
    pub(super) number: String,
    pub(super) family_name: String,
    pub(super) given_names: String,
    pub(super) birth_date: Option<NaiveDate>,
    pub(super) category: PatronCategory,
    pub(super) service_language: &'static str,
    pub(super) home_branch: String,
    pub(super) valid_until: Option<NaiveDate>,
    pub(super) card_number: String,
    pub(super) card_valid_from: NaiveDate,
    pub(super) card_valid_until: Option<NaiveDate>,
    pub(super) pin: Option<Pin>,
    pub(super) right: Option<RightKind>,
}

impl PatronParser {
    /// For patrons who are born by `today`, with PINs as the consortium has them.
    pub(super) fn new(today: NaiveDate, pins: &PinPolicy) -> Self {
        let pin_lengths = LengthRange { min: pins.length_min.into(), max: pins.length_max.into() };
        Self { today, pin_lengths }
    }

    fn birth_date(&self, row: &mut Row<'_>) -> Option<Option<NaiveDate>> {
        let date = row.optional_date("birth_date")?;
        if date.is_some_and(|date| date > self.today) {
            row.fault("birth_date", "in the future", "today or earlier, or nothing when it is not known");
            return None;
        }
        Some(date)
    }

    fn pin(&self, row: &mut Row<'_>) -> Option<Option<Pin>> {
        let text = row.raw("pin")?;
        if text.is_empty() {
            return Some(None);
        }
        match Pin::parse(text, self.pin_lengths) {
            Ok(pin) => Some(Some(pin)),
            Err(fault) => {
                let LengthRange { min, max } = self.pin_lengths;
                row.fault("pin", fault.to_string(), format!("{min} to {max} digits, or nothing for no PIN"));
                None
            }
        }
    }
}

impl Parser for PatronParser {
    type Row = ParsedPatron;

    fn parse(&self, row: &mut Row<'_>) -> Option<ParsedPatron> {
        let number = row.unique_code("number");
        let family_name = row.text("family_name", NAME_CHARS_MAX);
        let given_names = row.optional_text("given_names", NAME_CHARS_MAX);
        let birth_date = self.birth_date(row);
        let category = row.word("category", PatronCategory::ALL, PatronCategory::word);
        let service_language = row.word("service_language", &SERVICE_LANGUAGES, |word| word);
        let home_branch = row.code("home_branch");
        let valid_until = row.optional_date("valid_until");
        let card_number = row.unique_code("card_number");
        let card_valid_from = row.date("card_valid_from");
        let card_valid_until = row.last_day("card_valid_until", card_valid_from);
        let pin = self.pin(row);
        let right = row.optional_word("self_service_right", RightKind::ALL, RightKind::word);
        Some(ParsedPatron {
            number: number?,
            family_name: family_name?,
            given_names: given_names?,
            birth_date: birth_date?,
            category: category?,
            service_language: service_language?,
            home_branch: home_branch?,
            valid_until: valid_until?,
            card_number: card_number?,
            card_valid_from: card_valid_from?,
            card_valid_until: card_valid_until?,
            pin: pin?,
            right: right?,
        })
    }
}
