//! May this patron open a session?
//!
//! The PIN has been verified before this is asked. A lending ban does not close the session: a patron
//! who may not borrow may still return, pay and look at holds, and learns of the ban at checkout.

use crate::facts::{Card, Patron};
use crate::{BanKind, Decision, DeviceKind, Moment, Reason, bans, services, validity};

/// Decides whether the holder of this card opens a session at a device of `branch`.
///
/// Reasons: `CardExpired`, `CardNotInForce`, `ServiceSwitchedOff` where the patron does not use what this device
/// is (A33); for PC booking also `UseBan`, since the session is there to use the premises of the branch. A patron whose record is restricted gets `CardNotInForce` and
/// nothing else (A141).
#[must_use]
pub fn decide(card: &Card, patron: &Patron, device: DeviceKind, branch: i64, moment: &Moment) -> Decision {
    if let Some(refusal) = validity::neutral_refusal(patron) {
        return refusal;
    }
    let mut reasons = Vec::new();
    validity::push_reasons(card, patron, moment.today(), &mut reasons);
    if device == DeviceKind::PcBooking && bans::is_banned(patron, BanKind::Use, branch, moment.at()) {
        reasons.push(Reason::UseBan);
    }
    if services::is_switched_off(patron, device) {
        reasons.push(Reason::ServiceSwitchedOff);
    }
    Decision::from_reasons(reasons)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{OTHER_BRANCH, OUR_BRANCH, arb_patron, ban, card, date, local, patron};
    use crate::{CardState, PatronState, Service};
    use proptest::prelude::*;

    const NOON: &str = "2026-05-20 12:00";

    fn ask(card: &Card, patron: &Patron, device: DeviceKind) -> Vec<Reason> {
        decide(card, patron, device, OUR_BRANCH, &local(NOON)).reasons().to_vec()
    }

    #[test]
    fn a_card_in_force_opens_a_session_everywhere() {
        for device in DeviceKind::ALL {
            assert_eq!(ask(&card(), &patron(), *device), [], "{device:?}");
        }
    }

    #[test]
    fn what_is_wrong_with_the_card_is_told() {
        let expired = Card { valid_until: Some(date("2026-05-19")), ..card() };
        let last_day = Card { valid_until: Some(date("2026-05-20")), ..card() };
        let lost = Card { state: CardState::Lost, ..card() };
        let future = Card { valid_from: date("2026-05-21"), ..card() };
        let both = Card { state: CardState::Replaced, valid_until: expired.valid_until, ..card() };
        let table = [
            (expired, vec![Reason::CardExpired]),
            (last_day, vec![]),
            (lost, vec![Reason::CardNotInForce]),
            (future, vec![Reason::CardNotInForce]),
            (both, vec![Reason::CardExpired, Reason::CardNotInForce]),
        ];
        for (card, expected) in table {
            assert_eq!(ask(&card, &patron(), DeviceKind::SelfCheckout), expected, "{card:?}");
        }
    }

    #[test]
    fn the_last_day_ends_at_local_midnight() {
        let card = Card { valid_until: Some(date("2026-05-20")), ..card() };
        let ask = |at: &str| decide(&card, &patron(), DeviceKind::Door, OUR_BRANCH, &local(at));
        assert!(ask("2026-05-20 23:59").is_granted());
        assert_eq!(ask("2026-05-21 00:00").reasons(), [Reason::CardExpired]);
    }

    #[test]
    fn a_restricted_or_ended_patron_gets_one_neutral_reason() {
        let expired = Card { valid_until: Some(date("2026-05-19")), ..card() };
        for state in [PatronState::Restricted, PatronState::Ended] {
            let patron = Patron { state, bans: vec![ban(BanKind::Use, None)], ..patron() };
            for device in DeviceKind::ALL {
                assert_eq!(ask(&expired, &patron, *device), [Reason::CardNotInForce]);
            }
        }
    }

    #[test]
    fn only_pc_booking_minds_a_use_ban_and_nobody_a_lending_ban() {
        for kind in BanKind::ALL {
            for (branch, here) in [(None, true), (Some(OUR_BRANCH), true), (Some(OTHER_BRANCH), false)] {
                let patron = Patron { bans: vec![ban(*kind, branch)], ..patron() };
                for device in DeviceKind::ALL {
                    let refused = here && *kind == BanKind::Use && *device == DeviceKind::PcBooking;
                    let expected: &[Reason] = if refused { &[Reason::UseBan] } else { &[] };
                    assert_eq!(ask(&card(), &patron, *device), expected, "{kind:?} {branch:?} {device:?}");
                }
            }
        }
    }

    #[test]
    fn a_service_that_is_switched_off_opens_no_session_and_the_others_do() {
        for service in Service::ALL {
            let patron = Patron { switched_off: vec![*service], ..patron() };
            for device in DeviceKind::ALL {
                let off = services::of_device(*device) == Some(*service);
                let expected: &[Reason] = if off { &[Reason::ServiceSwitchedOff] } else { &[] };
                assert_eq!(ask(&card(), &patron, *device), expected, "{service:?} {device:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn one_more_ban_never_grants(patron in arb_patron(), kind in 0..BanKind::ALL.len()) {
            let mut banned = patron.clone();
            banned.bans.push(ban(BanKind::ALL[kind], None));
            for device in DeviceKind::ALL {
                let before = ask(&card(), &patron, *device);
                let after = ask(&card(), &banned, *device);
                prop_assert!(before.iter().all(|reason| after.contains(reason)));
                prop_assert!(after.is_sorted_by(|a, b| a < b));
            }
        }
    }
}
