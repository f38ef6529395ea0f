//! The details of a patron as a request brings them.

use super::NAME_CHARS_MAX;
use crate::{services::staff::fields, status::Fault};
use chrono::NaiveDate;
use kortisto::staff::v1 as wire;
use kortisto_domain::{business_id, languages};
use kortisto_register::staff::patrons::{CategoryChoice, Field, PatronDetails};

/// Digits of the code of a municipality.
const MUNICIPALITY_DIGITS: usize = 3;

/// Reads the details. Which of them have to be there is the register's to say.
pub(super) fn details(message: Option<wire::PatronDetails>) -> Result<PatronDetails, Fault> {
    let given = message.unwrap_or_default();
    Ok(PatronDetails {
        family_name: given.family_name.map(|text| name("details.family_name", &text)).transpose()?,
        given_names: given
            .given_names
            .map(|text| {
                Ok(fields::optional_text("details.given_names", &text, NAME_CHARS_MAX)?.unwrap_or_default())
            })
            .transpose()?,
        call_name: field(given.call_name.as_deref(), |text| name("details.call_name", text))?,
        birth_date: date("details.birth_date", given.birth_date.as_deref())?,
        gender: match given.gender {
            None => Field::Keep,
            Some(0) => Field::Clear,
            Some(number) => Field::Set(fields::coded("details.gender", number)?),
        },
        mother_tongue: field(given.mother_tongue.as_deref(), |text| {
            checked("details.mother_tongue", text, languages::is_language, "2 or 3 small letters (ISO 639)")
        })?,
        service_language: given
            .service_language
            .map(|text| {
                let known = languages::is_service_language;
                checked("details.service_language", &text, known, &languages::SERVICE_LANGUAGES.join(", "))
            })
            .transpose()?,
        category: category(given.category, given.category_code)?,
        home_municipality: field(given.home_municipality.as_deref(), |text| {
            let is_code = |text: &str| {
                text.len() == MUNICIPALITY_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit())
            };
            checked("details.home_municipality", text, is_code, "3 digits")
        })?,
        home_branch: given.home_branch.map(|text| fields::code("details.home_branch", &text)).transpose()?,
        pickup_branch: field(given.pickup_branch.as_deref(), |text| {
            fields::code("details.pickup_branch", text)
        })?,
        valid_until: date("details.valid_until", given.valid_until.as_deref())?,
        business_id: field(given.business_id.as_deref(), |text| {
            let rule = "7 digits, a hyphen and the check digit that belongs to them";
            checked("details.business_id", text, business_id::is_valid, rule)
        })?,
        protected_address: given.protected_address,
        protected_until: date("details.protected_until", given.protected_until.as_deref())?,
        identity_document: fields::optional_coded(
            "details.identity_document",
            given.identity_document.unwrap_or_default(),
        )?,
    })
}

fn name(field: &'static str, text: &str) -> Result<String, Fault> {
    fields::text(field, text, NAME_CHARS_MAX)
}

/// A field that an empty text empties.
fn field<T>(given: Option<&str>, read: impl Fn(&str) -> Result<T, Fault>) -> Result<Field<T>, Fault> {
    match given {
        None => Ok(Field::Keep),
        Some("") => Ok(Field::Clear),
        Some(text) => read(text).map(Field::Set),
    }
}

fn date(name: &'static str, given: Option<&str>) -> Result<Field<NaiveDate>, Fault> {
    field(given, |text| fields::date(name, text))
}

fn checked(
    field: &'static str,
    text: &str,
    is_right: impl Fn(&str) -> bool,
    rule: &str,
) -> Result<String, Fault> {
    if is_right(text) { Ok(text.to_owned()) } else { Err(Fault::field(field, rule)) }
}

/// The category, said in one way only.
fn category(canonical: Option<i32>, code: Option<String>) -> Result<Option<CategoryChoice>, Fault> {
    match (canonical.filter(|number| *number != 0), code) {
        (None, None) => Ok(None),
        (Some(number), None) => {
            Ok(Some(CategoryChoice::Canonical(fields::coded("details.category", number)?)))
        }
        (None, Some(code)) => {
            fields::code("details.category_code", &code).map(|code| Some(CategoryChoice::Own(code)))
        }
        (Some(_), Some(_)) => {
            Err(Fault::field("details.category", "unset where category_code is given, which says it too"))
        }
    }
}
