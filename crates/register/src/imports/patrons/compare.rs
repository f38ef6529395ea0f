//! Whether the register has a patron and a card as the file says.

use super::parse::ParsedPatron;
use kortisto_domain::names;
use kortisto_store::entities::{cards, patrons};

/// Whether nothing of the patron differs.
pub(super) fn patron_is_as(there: &patrons::Model, row: &ParsedPatron, home: i64) -> bool {
    there.category == row.category.code()
        && there.family_name == row.family_name
        && there.given_names == row.given_names
        && there.birth_date == row.birth_date
        && there.service_language == row.service_language
        && there.home_branch_id == home
        && there.valid_until == row.valid_until
        && there.search_name == names::search_name(&row.family_name, &row.given_names)
}

/// Whether nothing of the card differs.
pub(super) fn card_is_as(there: &cards::Model, row: &ParsedPatron) -> bool {
    there.valid_from == row.card_valid_from && there.valid_until == row.card_valid_until
}
