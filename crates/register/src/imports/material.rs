//! The materials that titles and policies may name.

use super::row::Row;
pub use kortisto_domain::items::MATERIALS;

/// A material, or nothing.
pub(crate) fn optional(row: &mut Row<'_>) -> Option<Option<&'static str>> {
    row.optional_word("material", &MATERIALS, |word| word)
}

/// A material.
pub(crate) fn required(row: &mut Row<'_>) -> Option<&'static str> {
    row.word("material", &MATERIALS, |word| word)
}
