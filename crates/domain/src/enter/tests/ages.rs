//! What an age decides at a door, and the moment at which a birthday changes it.

use super::*;

#[test]
fn a_minor_needs_a_guardians_consent_until_the_birthday() {
    for (min_age, eve, day) in
        [(15, "2011-05-21", "2011-05-20"), (16, "2010-05-21", "2010-05-20"), (18, "2008-05-21", "2008-05-20")]
    {
        for grant_mode in [GrantMode::All, GrantMode::Registered, GrantMode::WrittenContract] {
            let ask = |patron| {
                Ask { policy: EntryPolicy { grant_mode, min_age, ..policy() }, ..Ask::door(patron) }.reasons()
            };
            assert_eq!(ask(born(eve)), [Reason::GuardianConsentMissing], "{min_age} tomorrow");
            assert_eq!(ask(with_right(born(eve), RightKind::GuardianConsent)), []);
            assert_eq!(ask(with_right(born(eve), RightKind::Registered)), [Reason::GuardianConsentMissing]);
            let grown = ask(born(day));
            let expected: &[Reason] =
                if grant_mode == GrantMode::All { &[] } else { &[Reason::SelfServiceRightMissing] };
            assert_eq!(grown, expected, "{min_age} today, {grant_mode:?}");
        }
    }
}

#[test]
fn a_right_that_comes_with_age_comes_at_local_midnight() {
    let table = [("2026-05-19 23:59", vec![Reason::GuardianConsentMissing]), ("2026-05-20 00:00", vec![])];
    for (at, expected) in table {
        let ask = Ask { at: local(at), ..Ask::door(born("2011-05-20")) };
        assert_eq!(ask.reasons(), expected, "{at}");
    }
}

#[test]
fn nobody_under_the_lowest_age_enters_also_with_consent() {
    let child = || with_right(born("2014-05-20"), RightKind::GuardianConsent);
    let limited = |lowest_age| EntryPolicy { lowest_age, ..policy() };
    let no_consent = EntryPolicy { guardian_consent: false, ..policy() };
    let table = [
        (limited(12), None, vec![]),
        (limited(13), None, vec![Reason::BelowAgeLimit]),
        (limited(18), None, vec![Reason::BelowAgeLimit]),
        (policy(), Some(12), vec![]),
        (policy(), Some(13), vec![Reason::BelowAgeLimit]),
        (no_consent, None, vec![Reason::BelowAgeLimit]),
    ];
    for (policy, min_age, expected) in table {
        let ask = Ask { policy, min_age, ..Ask::door(child()) };
        assert_eq!(ask.reasons(), expected, "{policy:?}, {min_age:?}");
    }
    let adult = Ask { policy: limited(18), ..Ask::door(born("2008-05-20")) };
    assert_eq!(adult.reasons(), []);
}

#[test]
fn an_unknown_birth_date_counts_only_where_an_age_does() {
    let ageless = Patron { birth_date: None, ..patron() };
    let allow = EntryPolicy { unknown_birth_date: UnknownBirthDate::Allow, ..policy() };
    let no_limit = EntryPolicy { min_age: 0, ..policy() };
    let table = [
        (policy(), None, vec![Reason::BirthDateUnknown]),
        (allow, None, vec![]),
        (allow, Some(18), vec![]),
        (no_limit, None, vec![]),
        (no_limit, Some(18), vec![Reason::BirthDateUnknown]),
    ];
    for (policy, min_age, expected) in table {
        let ask = Ask { policy, min_age, ..Ask::door(ageless.clone()) };
        assert_eq!(ask.reasons(), expected, "{policy:?}, {min_age:?}");
    }
}

#[test]
fn rights_change_at_local_midnight_of_the_birthday() {
    let table = [
        // The minimum age, the birthday, and whether the child enters alone just before and at its midnight.
        (13, "2013-05-20", "2026-05-19 23:59", "2026-05-20 00:00"),
        (15, "2011-05-20", "2026-05-19 23:59", "2026-05-20 00:00"),
        (16, "2010-05-20", "2026-05-19 23:59", "2026-05-20 00:00"),
        (18, "2008-05-20", "2026-05-19 23:59", "2026-05-20 00:00"),
        (15, "2012-02-29", "2027-02-27 23:59", "2027-02-28 00:00"),
        (16, "2012-02-29", "2028-02-28 23:59", "2028-02-29 00:00"),
        // Clocks go forward on 29 March 2026 at 03:00, and back on 25 October 2026 at 04:00.
        (15, "2011-03-29", "2026-03-28 23:59", "2026-03-29 00:00"),
        (15, "2011-10-25", "2026-10-24 23:59", "2026-10-25 00:00"),
    ];
    for (min_age, birth, before, after) in table {
        let ask = |at: &str| {
            let policy = EntryPolicy { min_age, ..policy() };
            Ask { policy, at: local(at), ..Ask::door(born(birth)) }.reasons()
        };
        assert_eq!(ask(before), [Reason::GuardianConsentMissing], "{min_age}, born {birth}");
        assert_eq!(ask(after), [], "{min_age}, born {birth}");
    }
}

#[test]
fn who_was_born_on_a_day_without_midnight_enters_like_anybody() {
    let old = born("1942-04-03");
    for at in ["2026-04-02 23:59", "2026-04-03 00:00", NOON] {
        let ask =
            Ask { at: local(at), policy: EntryPolicy { min_age: 18, ..policy() }, ..Ask::door(old.clone()) };
        assert_eq!(ask.reasons(), [], "{at}");
    }
}
