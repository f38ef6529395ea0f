//! The materials that titles and policies may name.

use super::row::Row;

/// Every material word. A policy or a title with another one is refused: a slip would silently get the
/// general rule instead of the one that was decided. A new material is one word here.
pub const MATERIALS: [&str; 23] = [
    "audiobook",
    "blu-ray",
    "board-game",
    "book",
    "cassette",
    "cd",
    "cd-rom",
    "console-game",
    "dvd",
    "electronic",
    "film",
    "game",
    "kit",
    "lp",
    "magazine",
    "map",
    "object",
    "other",
    "picture",
    "serial",
    "sheet-music",
    "sound-recording",
    "video",
];

/// A material, or nothing.
pub(crate) fn optional(row: &mut Row<'_>) -> Option<Option<&'static str>> {
    row.optional_word("material", &MATERIALS, |word| word)
}

/// A material.
pub(crate) fn required(row: &mut Row<'_>) -> Option<&'static str> {
    row.word("material", &MATERIALS, |word| word)
}
