//! The waits, the reserve of a known device, and that the budget holds whatever happens.

use super::*;
use crate::samples::instant;
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::BTreeSet;

const VERIFY: Admission = Admission::Verify { charge: Charge::Card };
const VERIFY_RESERVE: Admission = Admission::Verify { charge: Charge::KnownDevice };

fn start() -> DateTime<Utc> {
    instant("2026-05-20T12:00:00Z")
}

fn after(seconds: i64) -> DateTime<Utc> {
    start() + TimeDelta::seconds(seconds)
}

/// A card with this many failures, all of them long ago enough that nothing waits.
fn failed(failures: u16) -> CardThrottle {
    CardThrottle { failures, ..CardThrottle::fresh(0) }
}

#[test]
fn three_are_free_then_the_waits_grow_and_the_tenth_disables() {
    let waits = [0, 0, 30, 120, 600, 3_600, 3_600, 3_600, 3_600];
    for (failures, wait) in (0..).zip(waits) {
        let (admission, state) = failed(failures).reserve(Presented::New, start());
        assert_eq!(admission, VERIFY, "after {failures} failures");
        assert_eq!(state.failures, failures + 1);
        assert!(!state.disabled);
        if wait > 0 {
            assert_eq!(state.admit(Presented::New, after(wait - 1)), Admission::Locked, "{failures}");
        }
        assert_eq!(state.admit(Presented::New, after(wait)), VERIFY, "{failures}, {wait} s later");
    }
    let (admission, state) = failed(9).reserve(Presented::New, start());
    assert_eq!(admission, VERIFY);
    assert!(state.disabled);
    let much_later = start() + TimeDelta::days(3_650);
    assert_eq!(state.admit(Presented::New, much_later), Admission::Locked);
    assert_eq!(state.reserve(Presented::New, much_later), (Admission::Locked, state));
}

#[test]
fn a_refused_attempt_changes_nothing() {
    let (_, locked) = failed(2).reserve(Presented::New, start());
    for seconds in [0, 1, 29] {
        assert_eq!(locked.reserve(Presented::New, after(seconds)), (Admission::Locked, locked));
    }
}

#[test]
fn ten_failures_disable_whatever_the_flag_says() {
    for failures in [10, 11, u16::MAX] {
        assert_eq!(failed(failures).admit(Presented::New, start()), Admission::Locked);
    }
    let by_staff = CardThrottle { disabled: true, ..CardThrottle::fresh(3) };
    assert_eq!(by_staff.admit(Presented::New, start()), Admission::Locked);
}

#[test]
fn a_known_device_passes_a_lock_from_elsewhere_three_times() {
    let (_, elsewhere) = failed(2).reserve(Presented::New, start());
    let mut own = CardThrottle { known_device_tries_left: 3, ..elsewhere };
    for tries_left in [2, 1, 0] {
        let (admission, state) = own.reserve(Presented::New, after(1));
        assert_eq!(admission, VERIFY_RESERVE);
        assert_eq!(state.known_device_tries_left, tries_left);
        assert!(state.locked_until >= own.locked_until, "a try made the lock shorter");
        own = state;
    }
    assert_eq!(own.failures, 6);
    assert_eq!(own.admit(Presented::New, after(1)), Admission::Locked);
}

#[test]
fn a_known_device_that_locks_the_card_itself_gets_nothing_extra() {
    let mut state = CardThrottle::fresh(3);
    for _ in 0..3 {
        let (admission, next) = state.reserve(Presented::New, start());
        assert_eq!(admission, VERIFY);
        state = next;
    }
    assert_eq!(state.admit(Presented::New, start()), Admission::Locked);
}

#[test]
fn a_known_device_does_not_pass_a_disabled_pin() {
    let disabled = CardThrottle { disabled: true, known_device_tries_left: 3, ..failed(10) };
    assert_eq!(disabled.admit(Presented::New, after(1_000_000)), Admission::Locked);
}

#[test]
fn a_device_is_known_for_ninety_days() {
    let success = start();
    let day = |days: i64| success + TimeDelta::days(days);
    let table = [
        (Some(success), 0, day(0), 3),
        (Some(success), 0, day(90), 3),
        (Some(success), 0, day(90) + TimeDelta::seconds(1), 0),
        (Some(success), 1, day(1), 2),
        (Some(success), 3, day(1), 0),
        (Some(success), 99, day(1), 0),
        (None, 0, day(0), 0),
    ];
    for (last_success, tries, now, left) in table {
        assert_eq!(known_device_tries_left(last_success, tries, now), left, "{tries} tries, {now}");
    }
}

#[test]
fn the_same_wrong_pin_again_costs_nothing_and_waits_for_nothing() {
    let (_, locked) = failed(2).reserve(Presented::New, start());
    for state in [failed(1), locked] {
        assert_eq!(state.reserve(Presented::KnownWrong, after(1)), (Admission::KnownWrong, state));
    }
    assert_eq!(failed(10).admit(Presented::KnownWrong, start()), Admission::Locked);
}

#[test]
fn a_right_pin_clears_everything_also_as_the_last_of_the_budget() {
    let (_, last) = failed(9).reserve(Presented::New, start());
    assert!(last.disabled);
    assert_eq!(last.settle_right(), CardThrottle::fresh(KNOWN_DEVICE_TRIES));
    assert_eq!(failed(10).reset(), CardThrottle::fresh(0));
}

/// A step of an attack, of a patron, or of both.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// A PIN is presented at a device; its verification is left in flight.
    Present { device: usize, pin: u16 },
    /// The oldest verification in flight ends.
    Finish,
    /// A server dies: what is in flight is never settled.
    Crash,
    /// Time passes.
    Wait { seconds: i64 },
}

const RIGHT_PIN: u16 = 0;
const DEVICES: usize = 4;
/// The devices 0 and 1 are known to the patron when it begins.
const KNOWN_AT_FIRST: usize = 2;

fn arb_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => (0..DEVICES, prop_oneof![30 => 1_u16..500, 1 => Just(RIGHT_PIN)])
            .prop_map(|(device, pin)| Step::Present { device, pin }),
        12 => Just(Step::Finish),
        1 => Just(Step::Crash),
        6 => select(vec![1_i64, 29, 30, 119, 120, 600, 3_599, 3_600, 90 * 86_400])
            .prop_map(|seconds| Step::Wait { seconds }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// I12: from any mix of devices, with verifications in flight, crashes and repeated PINs, no more
    /// distinct PINs are verified between two successes than the budget allows; a card that waits is
    /// passed only by a known device, at most three times.
    #[test]
    fn verifications_never_exceed_the_budget(steps in proptest::collection::vec(arb_step(), 1..300)) {
        let mut now = start();
        let mut card = CardThrottle::fresh(0);
        let mut tries_left = [KNOWN_DEVICE_TRIES, KNOWN_DEVICE_TRIES, 0, 0];
        prop_assert!(tries_left[..KNOWN_AT_FIRST].iter().all(|tries| *tries > 0));
        let mut in_flight: Vec<(usize, u16)> = Vec::new();
        let mut known_wrong = BTreeSet::new();
        let mut verified = 0_u16;
        let mut passes = [0_u16; DEVICES];
        for step in steps {
            match step {
                Step::Wait { seconds } => now += TimeDelta::seconds(seconds),
                Step::Crash => in_flight.clear(),
                Step::Present { device, pin } => {
                    let seen =
                        if known_wrong.contains(&pin) { Presented::KnownWrong } else { Presented::New };
                    let locked = card.locked_until.is_some_and(|until| now < until);
                    let before = CardThrottle { known_device_tries_left: tries_left[device], ..card };
                    let (admission, reserved) = before.reserve(seen, now);
                    match admission {
                        Admission::Verify { charge } => {
                            prop_assert_eq!(seen, Presented::New);
                            prop_assert!(!before.disabled);
                            prop_assert_eq!(charge == Charge::KnownDevice, locked);
                            passes[device] += u16::from(locked);
                            prop_assert!(passes[device] <= KNOWN_DEVICE_TRIES);
                            verified += 1;
                            prop_assert!(verified <= FAILURES_UNTIL_DISABLED);
                            prop_assert_eq!(reserved.failures, verified);
                            in_flight.push((device, pin));
                        }
                        Admission::Locked | Admission::KnownWrong => {
                            prop_assert_eq!(reserved, before);
                            // Whoever has tries of their own is let in until the budget is spent.
                            let has_tries = tries_left[device] > 0 && seen == Presented::New;
                            prop_assert!(!has_tries || verified == FAILURES_UNTIL_DISABLED);
                        }
                    }
                    tries_left[device] = reserved.known_device_tries_left;
                    card = reserved;
                }
                Step::Finish if in_flight.is_empty() => {}
                Step::Finish => match in_flight.remove(0) {
                    (device, RIGHT_PIN) => {
                        card = card.settle_right();
                        tries_left[device] = card.known_device_tries_left;
                        known_wrong.clear();
                        verified = 0;
                        passes = [0; DEVICES];
                    }
                    (_, wrong) => {
                        known_wrong.insert(wrong);
                    }
                },
            }
        }
    }

    /// However long a stranger guesses at devices the patron never used, they guess ten PINs.
    #[test]
    fn a_patient_stranger_has_ten_guesses(pauses in proptest::collection::vec(0_i64..100_000, 1..200)) {
        let mut now = start();
        let mut card = CardThrottle::fresh(0);
        let mut guesses = 0;
        for seconds in pauses {
            now += TimeDelta::seconds(seconds);
            let (admission, next) = card.reserve(Presented::New, now);
            guesses += u16::from(admission == VERIFY);
            card = next;
        }
        prop_assert!(guesses <= FAILURES_UNTIL_DISABLED);
    }
}

#[test]
fn an_attempt_that_was_never_verified_is_given_back() {
    let fresh = CardThrottle::fresh(0);
    let (_, counted) = fresh.reserve(Presented::New, start());
    assert_eq!(counted.give_back(), CardThrottle { known_device_tries_left: 1, ..fresh });
    let (_, last) = failed(9).reserve(Presented::New, after(1_000_000));
    assert!(last.disabled);
    assert_eq!((last.give_back().failures, last.give_back().disabled), (9, false));
}
