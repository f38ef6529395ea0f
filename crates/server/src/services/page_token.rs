//! Page tokens: the place at which the page before ended, in the order of the list. No secret: whoever may ask for the
//! list may begin it anywhere.

use super::fields::PAGE_TOKEN_CHARS_MAX;
use crate::status::Fault;
use kortisto_register::LoanPlace;
use uuid::Uuid;

/// The place behind which a page begins, as `parse` reads it; none for the first page.
pub(super) fn read<T>(token: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, Fault> {
    if token.is_empty() {
        return Ok(None);
    }
    let short = Some(token).filter(|token| {
        token.chars().count() <= PAGE_TOKEN_CHARS_MAX && !token.chars().any(char::is_control)
    });
    short.and_then(parse).map(Some).ok_or_else(fault)
}

/// What a list is in the order of.
pub(super) trait Key: Sized {
    /// The place that a token names, exactly as [`of`] writes it.
    fn parse(token: &str) -> Option<Self>;
}

impl Key for i64 {
    fn parse(token: &str) -> Option<Self> {
        token.parse().ok().filter(|key: &Self| *key > 0 && key.to_string() == token)
    }
}

impl Key for Uuid {
    fn parse(token: &str) -> Option<Self> {
        Self::try_parse(token).ok().filter(|id| id.to_string() == token)
    }
}

/// A code, or a number on a card.
impl Key for String {
    fn parse(token: &str) -> Option<Self> {
        Some(token.to_owned())
    }
}

impl Key for LoanPlace {
    fn parse(token: &str) -> Option<Self> {
        token.parse().ok().filter(|place: &Self| place.to_string() == token)
    }
}

/// The place behind which a page begins; none for the first page.
pub(super) fn place<K: Key>(token: &str) -> Result<Option<K>, Fault> {
    read(token, K::parse)
}

/// The token of the next page; empty on the last.
pub(super) fn of(next: Option<impl ToString>) -> String {
    next.map(|place| place.to_string()).unwrap_or_default()
}

/// A token that no reply gave.
fn fault() -> Fault {
    Fault::field("page_token", "the next_page_token of the last reply, or empty")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_leads_back_to_its_place_and_nothing_else_does() {
        assert_eq!(place::<i64>(""), Ok(None));
        assert_eq!(place(&of(Some(17_i64))), Ok(Some(17_i64)));
        let loan = Uuid::from_u128(7);
        assert_eq!(place(&of(Some(loan))), Ok(Some(loan)));
        let there = LoanPlace { due_on: "2026-05-20".parse().unwrap(), item_id: 7 };
        assert_eq!(place(&of(Some(there))), Ok(Some(there)));
        for bad in ["x", "2026-05-20", "2026-05-20.x", "7.2026-05-20", "2026-5-20.7", &"1".repeat(200)] {
            assert!(place::<LoanPlace>(bad).is_err(), "{bad:?}");
        }
        assert_eq!(place(&of(Some("rk-1"))), Ok(Some("rk-1".to_owned())));
        assert_eq!(of(None::<i64>), "");
        for bad in ["0", "-1", "+1", "01", "x", "1 ", "99999999999999999999", &"1".repeat(200)] {
            assert!(place::<i64>(bad).is_err(), "{bad:?}");
        }
        for bad in ["7", "00000000000000000000000000000007", "{00000000-0000-0000-0000-000000000007}"] {
            assert!(place::<Uuid>(bad).is_err(), "{bad:?}");
        }
        assert!(place::<String>("a\nb").is_err());
    }
}
