//! Whether a card and its patron are in force.

use crate::facts::{Card, Patron};
use crate::{CardState, Decision, PatronState, Reason};
use chrono::NaiveDate;

/// The one answer about a patron whose processing is restricted (A141) or who has left (A130), or
/// none for everybody else.
///
/// It gives no second reason: a restricted record may not be used to tell of bans, debts or loans.
#[must_use]
pub fn neutral_refusal(patron: &Patron) -> Option<Decision> {
    match patron.state {
        PatronState::Active => None,
        PatronState::Restricted | PatronState::Ended => Some(Decision::refused(Reason::CardNotInForce)),
    }
}

/// Whether card or patron are past their last day (A29); on the last day itself they are not.
#[must_use]
pub fn has_expired(card: &Card, patron: &Patron, today: NaiveDate) -> bool {
    [card.valid_until, patron.valid_until].into_iter().flatten().any(|last_day| today > last_day)
}

/// Whether the card has begun and is neither lost, replaced, blocked nor returned, and the patron's
/// standing is in force. Expiry is a reason of its own: [`has_expired`].
#[must_use]
pub fn is_in_force(card: &Card, patron: &Patron, today: NaiveDate) -> bool {
    card.state == CardState::Active && card.valid_from <= today && patron.state == PatronState::Active
}

/// Adds what speaks against this card today.
pub(crate) fn push_reasons(card: &Card, patron: &Patron, today: NaiveDate, reasons: &mut Vec<Reason>) {
    if has_expired(card, patron, today) {
        reasons.push(Reason::CardExpired);
    }
    if !is_in_force(card, patron, today) {
        reasons.push(Reason::CardNotInForce);
    }
}

/// Whether a span of days holds `today`, the first and the last day included.
#[must_use]
pub fn holds_on(first: NaiveDate, last: Option<NaiveDate>, today: NaiveDate) -> bool {
    first <= today && last.is_none_or(|last| today <= last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{card, date, patron};

    #[test]
    fn the_last_day_is_a_day_of_validity() {
        let table = [
            (None, None, false),
            (Some("2026-05-20"), None, false),
            (Some("2026-05-19"), None, true),
            (None, Some("2026-05-20"), false),
            (None, Some("2026-05-19"), true),
            (Some("2026-05-21"), Some("2026-05-19"), true),
            (Some("2026-05-19"), Some("2026-05-21"), true),
        ];
        for (of_card, of_patron, expired) in table {
            let card = Card { valid_until: of_card.map(date), ..card() };
            let patron = Patron { valid_until: of_patron.map(date), ..patron() };
            assert_eq!(has_expired(&card, &patron, date("2026-05-20")), expired, "{of_card:?} {of_patron:?}");
        }
    }

    #[test]
    fn only_an_active_card_that_has_begun_is_in_force() {
        let today = date("2026-05-20");
        for state in CardState::ALL {
            let card = Card { state: *state, ..card() };
            assert_eq!(is_in_force(&card, &patron(), today), *state == CardState::Active, "{state:?}");
        }
        for (first, in_force) in [("2026-05-19", true), ("2026-05-20", true), ("2026-05-21", false)] {
            let card = Card { valid_from: date(first), ..card() };
            assert_eq!(is_in_force(&card, &patron(), today), in_force, "from {first}");
        }
        for state in PatronState::ALL {
            let patron = Patron { state: *state, ..patron() };
            assert_eq!(is_in_force(&card(), &patron, today), *state == PatronState::Active, "{state:?}");
            assert_eq!(neutral_refusal(&patron).is_none(), *state == PatronState::Active, "{state:?}");
        }
    }

    #[test]
    fn a_span_holds_its_first_and_its_last_day() {
        let table = [
            ("2026-05-19", false),
            ("2026-05-20", true),
            ("2026-05-21", true),
            ("2026-05-22", true),
            ("2026-05-23", false),
        ];
        for (today, holds) in table {
            assert_eq!(holds_on(date("2026-05-20"), Some(date("2026-05-22")), date(today)), holds, "{today}");
        }
        assert!(holds_on(date("2026-05-20"), None, date("2099-01-01")));
    }
}
