//! Each derived block at its threshold, and where it comes from.

use super::*;
use crate::RelationKind;
use crate::policy::{DebtComparator, YearTurn};
use crate::samples::{
    OTHER_BRANCH, OTHER_PATRON, OUR_BRANCH, arb_patron, ban, blocks, date, instant, local, patron, utc, ward,
};
use proptest::prelude::*;

const NOON: &str = "2026-05-20 12:00";

fn policy() -> DerivedBlockPolicy {
    DerivedBlockPolicy {
        year_turn: YearTurn::new(2, 1),
        overdue_days: Some(28),
        inherit_to_guardian: true,
        ..blocks(DebtComparator::Over)
    }
}

fn ask(patron: &Patron, policy: &DerivedBlockPolicy, at: &str) -> Vec<Block> {
    of_lending(patron, policy, OUR_BRANCH, &local(at))
}

fn own(cause: Cause) -> Vec<Block> {
    vec![Block { ward: None, cause }]
}

#[test]
fn debt_counts_at_the_limit_as_the_comparator_says() {
    for (comparator, debt_cents, to_pay) in [
        (DebtComparator::Over, 1_000, None),
        (DebtComparator::Over, 1_001, Some(1)),
        (DebtComparator::AtLeast, 999, None),
        (DebtComparator::AtLeast, 1_000, Some(1)),
    ] {
        let found = ask(&Patron { debt_cents, ..patron() }, &blocks(comparator), NOON);
        let debt = |to_pay_cents| own(Cause::Debt { cents: debt_cents, to_pay_cents });
        assert_eq!(found, to_pay.map(debt).unwrap_or_default(), "{comparator:?}, {debt_cents}");
    }
}

#[test]
fn a_loan_blocks_from_the_day_of_the_policy_on() {
    let table = [
        ("2026-05-20", false),
        ("2026-04-23", false),
        ("2026-04-22", true),
        ("2025-01-01", true),
        ("2026-06-01", false),
    ];
    for (due, blocked) in table {
        let late = Patron { earliest_due: Some(date(due)), ..patron() };
        let expected = if blocked { own(Cause::Overdue { due_on: date(due) }) } else { vec![] };
        assert_eq!(ask(&late, &policy(), NOON), expected, "{due}");
        let never = DerivedBlockPolicy { overdue_days: None, ..policy() };
        assert_eq!(ask(&late, &never, NOON), [], "{due}");
    }
    let first_day = DerivedBlockPolicy { overdue_days: Some(1), ..policy() };
    let due_today = Patron { earliest_due: Some(date("2026-05-20")), ..patron() };
    assert_eq!(ask(&due_today, &first_day, "2026-05-20 23:59"), []);
    assert_eq!(ask(&due_today, &first_day, "2026-05-21 00:00").len(), 1);
}

#[test]
fn debt_of_an_earlier_year_blocks_however_small_and_years_are_local() {
    let table = [
        // The last second of 2025 and the first of 2026 in Helsinki.
        ("2025-12-31T21:59:59Z", "2026-01-31 23:59", None),
        ("2025-12-31T21:59:59Z", "2026-02-01 00:00", Some("2025-12-31")),
        ("2025-12-31T22:00:00Z", "2026-12-31 23:59", None),
        ("2025-12-31T22:00:00Z", "2027-02-01 00:00", Some("2026-01-01")),
        ("2024-06-01T12:00:00Z", "2026-01-15 12:00", Some("2024-06-01")),
    ];
    for (since, at, blocked) in table {
        let debtor = Patron { debt_cents: 30, oldest_debt_at: Some(instant(since)), ..patron() };
        let year_turn = |since| own(Cause::YearTurnDebt { since: date(since) });
        assert_eq!(
            ask(&debtor, &policy(), at),
            blocked.map(year_turn).unwrap_or_default(),
            "{since} at {at}"
        );
        assert_eq!(ask(&debtor, &blocks(DebtComparator::Over), at), [], "{since} at {at} without a day");
    }
}

#[test]
fn what_blocks_a_ward_blocks_the_guardian_and_says_whose_it_is() {
    let theirs = |cause| vec![Block { ward: Some(OTHER_PATRON), cause }];
    let banned = Ban { id: 9, ..ban(BanKind::Lending, None) };
    let table = [
        (ward(), vec![]),
        (Ward { bans: vec![banned.clone()], ..ward() }, theirs(Cause::Ban { ban: 9, ends_at: None })),
        (Ward { bans: vec![ban(BanKind::SelfService, None), ban(BanKind::Use, None)], ..ward() }, vec![]),
        (Ward { bans: vec![ban(BanKind::Lending, Some(OTHER_BRANCH))], ..ward() }, vec![]),
        (Ward { debt_cents: 1_000, ..ward() }, vec![]),
        (Ward { debt_cents: 1_002, ..ward() }, theirs(Cause::Debt { cents: 1_002, to_pay_cents: 2 })),
        (
            Ward { earliest_due: Some(date("2026-04-22")), ..ward() },
            theirs(Cause::Overdue { due_on: date("2026-04-22") }),
        ),
        // A guarantor, and a relation that is over or has not begun.
        (Ward { relation: RelationKind::Guarantor, bans: vec![banned.clone()], ..ward() }, vec![]),
        (Ward { valid_until: Some(date("2026-05-19")), bans: vec![banned.clone()], ..ward() }, vec![]),
        (Ward { valid_from: date("2026-05-21"), bans: vec![banned], ..ward() }, vec![]),
    ];
    for (number, (ward, expected)) in table.into_iter().enumerate() {
        let guardian = Patron { wards: vec![ward], ..patron() };
        let found = ask(&guardian, &policy(), NOON);
        assert_eq!(found, expected, "row {number}");
        assert!(found.iter().all(|block| block.reason() == Reason::WardBlocked), "row {number}");
        let not_inherited = DerivedBlockPolicy { inherit_to_guardian: false, ..policy() };
        assert_eq!(ask(&guardian, &not_inherited, NOON), [], "row {number}");
    }
}

#[test]
fn an_inherited_block_ends_with_the_ban_and_on_the_birthday_of_the_ward() {
    let ends = Some(instant("2026-05-20T09:00:00Z"));
    let ending = Ban { ends_at: ends, ..ban(BanKind::Lending, None) };
    let guardian = Patron { wards: vec![Ward { bans: vec![ending], ..ward() }], ..patron() };
    let at = |at: &str| of_lending(&guardian, &policy(), OUR_BRANCH, &utc(at)).len();
    assert_eq!((at("2026-05-20T08:59:59Z"), at("2026-05-20T09:00:00Z")), (1, 0));

    let endless = vec![ban(BanKind::Lending, None)];
    let grown = Ward { birth_date: Some(date("2011-05-20")), bans: endless.clone(), ..ward() };
    let of_grown = Patron { wards: vec![grown], ..patron() };
    assert_eq!(ask(&of_grown, &policy(), "2026-05-19 23:59").len(), 1);
    assert_eq!(ask(&of_grown, &policy(), "2026-05-20 00:00"), []);
    let until_18 = DerivedBlockPolicy { guardian_end_age: 18, ..policy() };
    assert_eq!(ask(&of_grown, &until_18, "2026-05-20 00:00").len(), 1);
    // Nobody knows when a ward without a birth date grows up: the relation stands until it is ended.
    let ageless = Patron { wards: vec![Ward { birth_date: None, bans: endless, ..ward() }], ..patron() };
    assert_eq!(ask(&ageless, &policy(), NOON).len(), 1);
}

#[test]
fn a_guardian_answers_for_debts_and_late_loans_until_the_age_of_the_policy() {
    let in_debt = Ward { debt_cents: 1_002, ..ward() };
    let in_old_debt =
        Ward { debt_cents: 30, oldest_debt_at: Some(instant("2025-06-01T12:00:00Z")), ..ward() };
    let late = Ward { earliest_due: Some(date("2026-04-22")), ..ward() };
    let banned = Ward { bans: vec![ban(BanKind::Lending, None)], ..ward() };
    // The age of liability, the birth date, and whether what the ward owes and a ban of the ward block.
    let table = [
        (15, Some("2011-05-21"), true, true),
        (15, Some("2011-05-20"), false, true),
        (16, Some("2011-05-20"), true, true),
        (0, Some("2026-01-01"), false, true),
        (15, None, true, true),
        // Where the relation is outgrown, nothing of the ward is left.
        (18, Some("2008-05-20"), false, false),
        (18, Some("2008-05-21"), true, true),
    ];
    for (guardian_liability_age, born, owed, by_ban) in table {
        let policy = DerivedBlockPolicy { guardian_end_age: 18, guardian_liability_age, ..policy() };
        let of = |ward: &Ward| {
            let ward = Ward { birth_date: born.map(date), ..ward.clone() };
            !ask(&Patron { wards: vec![ward], ..patron() }, &policy, NOON).is_empty()
        };
        for (what, ward) in [("debt", &in_debt), ("old debt", &in_old_debt), ("late loan", &late)] {
            assert_eq!(of(ward), owed, "{what}, {guardian_liability_age}, {born:?}");
        }
        assert_eq!(of(&banned), by_ban, "{guardian_liability_age}, {born:?}");
    }
}

#[test]
fn own_blocks_do_not_hide_those_of_a_ward() {
    let guardian = Patron {
        debt_cents: 5_000,
        oldest_debt_at: Some(instant("2020-01-01T12:00:00Z")),
        earliest_due: Some(date("2020-01-01")),
        bans: vec![ban(BanKind::Lending, None)],
        wards: vec![Ward { debt_cents: 5_000, ..ward() }],
        ..patron()
    };
    let reasons: Vec<Reason> = ask(&guardian, &policy(), NOON).iter().map(Block::reason).collect();
    assert_eq!(
        reasons,
        [
            Reason::LendingBan,
            Reason::DebtLimit,
            Reason::YearTurnDebt,
            Reason::OverdueItems,
            Reason::WardBlocked
        ]
    );
    assert!(reasons.is_sorted(), "in the order in which they are told");
}

proptest! {
    #[test]
    fn a_block_is_gone_with_its_cause(patron in arb_patron()) {
        let free = Patron {
            debt_cents: 0,
            oldest_debt_at: None,
            earliest_due: None,
            bans: Vec::new(),
            wards: Vec::new(),
            ..patron.clone()
        };
        prop_assert_eq!(ask(&free, &policy(), NOON), []);
        let with_ward = Patron { wards: vec![Ward { debt_cents: 2_000, ..ward() }], ..patron.clone() };
        let (before, after) = (ask(&patron, &policy(), NOON), ask(&with_ward, &policy(), NOON));
        prop_assert_eq!(after.len(), before.len() + 1);
        prop_assert_eq!(&after[..before.len()], &before[..]);
    }
}
