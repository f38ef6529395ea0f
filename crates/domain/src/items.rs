//! Titles and items: what they may carry, and which states staff may set by hand.

use crate::{ItemReport, ItemState};

/// Longest label of a title, in characters.
pub const LABEL_CHARS_MAX: usize = 200;

/// Longest name of a collection, in characters.
pub const COLLECTION_CHARS_MAX: usize = 64;

/// Longest note about an item, in characters.
pub const NOTE_CHARS_MAX: usize = 500;

/// Highest price of a title or an item, in cents: 10 000 euros. What is worth more is not lent.
pub const PRICE_CENTS_MAX: i64 = 1_000_000;

/// The ages of the classification of audiovisual programmes (710/2011, section 16), in years.
pub const AGE_RATINGS: [i16; 4] = [7, 12, 16, 18];

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

/// Whether this is the code of a language: two or three small letters of ISO 639, `und` for unknown.
#[must_use]
pub fn is_language(code: &str) -> bool {
    matches!(code.len(), 2 | 3) && code.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// The cents of a price in euros with two decimals behind a point or a comma, 1 to [`PRICE_CENTS_MAX`].
#[must_use]
pub fn price_cents(euros: &str) -> Option<i64> {
    let (whole, decimals) = euros.split_once(['.', ','])?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(decimals) || whole.len() > 5 || decimals.len() != 2 {
        return None;
    }
    let cents = whole.parse::<i64>().ok()? * 100 + decimals.parse::<i64>().ok()?;
    (1..=PRICE_CENTS_MAX).contains(&cents).then_some(cents)
}

/// An item that staff say something of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reported {
    /// Its state as it stands.
    pub state: ItemState,
    /// Whether it is on loan.
    pub lent: bool,
    /// Whether a hold keeps it.
    pub kept: bool,
    /// Whether a locker may be handing it out: it has reserved its pickup and has not said what came of it.
    pub reserved: bool,
}

/// Why staff do not set a state by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsettable {
    /// On loan: it is returned, or its loan is reported.
    Lent,
    /// Kept for a hold, and as good as before: the hold is cancelled first, or the item is returned.
    Kept,
    /// A locker may be handing it out.
    Reserved,
    /// It is so already.
    AsBefore,
    /// It travels or stands on a hold shelf: where it goes is decided when it is scanned.
    ToBeScanned,
    /// Lost: it is found first.
    NotFoundYet,
    /// Not lost, so that nothing is found.
    NotLost,
}

/// The state that an item gets by what staff say of it. None of them hands it to a hold: that is for the scan of the
/// item alone, which tells where it is. One that is kept for a hold and cannot be handed out any more leaves its hold
/// to wait for another.
///
/// # Errors
/// [`Unsettable`], the first reason in its order.
pub fn set_by_hand(item: Reported, report: ItemReport) -> Result<ItemState, Unsettable> {
    if item.lent {
        return Err(Unsettable::Lent);
    }
    if item.reserved {
        return Err(Unsettable::Reserved);
    }
    let wanted = match report {
        ItemReport::Available | ItemReport::Found => ItemState::Available,
        ItemReport::NotForLoan => ItemState::NotForLoan,
        ItemReport::Lost => ItemState::Lost,
        ItemReport::Withdrawn => ItemState::Withdrawn,
        ItemReport::InRepair => ItemState::InRepair,
    };
    let found = report == ItemReport::Found;
    if item.kept && wanted == ItemState::Available {
        return Err(Unsettable::Kept);
    }
    match item.state {
        state if state == wanted && !found => Err(Unsettable::AsBefore),
        ItemState::Lost if found || wanted == ItemState::Withdrawn => Ok(wanted),
        ItemState::Lost => Err(Unsettable::NotFoundYet),
        _ if found => Err(Unsettable::NotLost),
        ItemState::InTransit | ItemState::OnHoldShelf if wanted == ItemState::Available => {
            Err(Unsettable::ToBeScanned)
        }
        _ => Ok(wanted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_has_two_decimals_and_a_bound() {
        let table = [
            ("0.01", Some(1)),
            ("12.50", Some(1_250)),
            ("12,50", Some(1_250)),
            ("10000.00", Some(1_000_000)),
            ("10000.01", None),
            ("0.00", None),
            ("12", None),
            ("12.5", None),
            ("12.500", None),
            (".50", None),
            ("-1.00", None),
            ("+1.00", None),
            ("1 000.00", None),
            ("1.000,00", None),
            ("١٢.٥٠", None),
            ("999999999999999999999.00", None),
            ("12.50 EUR", None),
            ("", None),
        ];
        for (text, cents) in table {
            assert_eq!(price_cents(text), cents, "{text:?}");
        }
    }

    #[test]
    fn a_language_is_a_code() {
        for good in ["fi", "swe", "und"] {
            assert!(is_language(good), "{good}");
        }
        for bad in ["", "f", "FI", "suomi", "å", "f1"] {
            assert!(!is_language(bad), "{bad:?}");
        }
    }

    #[test]
    fn what_is_lent_or_being_handed_out_is_not_set_by_hand() {
        for state in ItemState::ALL {
            for report in ItemReport::ALL {
                let item = Reported { state: *state, lent: true, kept: true, reserved: true };
                assert_eq!(set_by_hand(item, *report), Err(Unsettable::Lent));
                let item = Reported { lent: false, ..item };
                assert_eq!(set_by_hand(item, *report), Err(Unsettable::Reserved));
            }
        }
    }

    #[test]
    fn what_is_kept_for_a_hold_may_be_missing_but_not_available() {
        for state in [ItemState::InTransit, ItemState::OnHoldShelf] {
            let item = Reported { state, lent: false, kept: true, reserved: false };
            for report in ItemReport::ALL {
                let expected = match report {
                    ItemReport::Available | ItemReport::Found => Err(Unsettable::Kept),
                    ItemReport::NotForLoan => Ok(ItemState::NotForLoan),
                    ItemReport::Lost => Ok(ItemState::Lost),
                    ItemReport::Withdrawn => Ok(ItemState::Withdrawn),
                    ItemReport::InRepair => Ok(ItemState::InRepair),
                };
                assert_eq!(set_by_hand(item, *report), expected, "{state:?} {report:?}");
            }
        }
    }

    #[test]
    fn every_state_has_the_ways_out_of_the_table() {
        use ItemState::{Available, InRepair, InTransit, Lost, NotForLoan, OnHoldShelf, Withdrawn};
        let as_before = Err(Unsettable::AsBefore);
        let (scan, missing, not_lost) =
            (Err(Unsettable::ToBeScanned), Err(Unsettable::NotFoundYet), Err(Unsettable::NotLost));
        // The columns are the reports: available, not for loan, lost, withdrawn, in repair, found.
        let moving = [scan, Ok(NotForLoan), Ok(Lost), Ok(Withdrawn), Ok(InRepair), not_lost];
        let table = [
            (Available, [as_before, Ok(NotForLoan), Ok(Lost), Ok(Withdrawn), Ok(InRepair), not_lost]),
            (InTransit, moving),
            (OnHoldShelf, moving),
            (NotForLoan, [Ok(Available), as_before, Ok(Lost), Ok(Withdrawn), Ok(InRepair), not_lost]),
            (Lost, [missing, missing, as_before, Ok(Withdrawn), missing, Ok(Available)]),
            (Withdrawn, [Ok(Available), Ok(NotForLoan), Ok(Lost), as_before, Ok(InRepair), not_lost]),
            (InRepair, [Ok(Available), Ok(NotForLoan), Ok(Lost), Ok(Withdrawn), as_before, not_lost]),
        ];
        assert_eq!(table.map(|(state, _)| state).as_slice(), ItemState::ALL);
        for (state, expected) in table {
            let item = Reported { state, lent: false, kept: false, reserved: false };
            for (report, expected) in ItemReport::ALL.iter().zip(expected) {
                assert_eq!(set_by_hand(item, *report), expected, "{state:?} {report:?}");
            }
        }
    }
}
