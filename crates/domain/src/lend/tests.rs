//! Each reason, at its threshold and alone; then all of them together.

use super::*;
use crate::facts::{KeptFor, MaterialCount};
use crate::holders::HolderPolicy;
use crate::policy::{ClosedDueDay, DebtComparator, DuePolicy};
use crate::samples::{
    OTHER_BRANCH, OTHER_PATRON, OUR_BRANCH, OUR_PATRON, arb_ban, arb_patron, ban, blocks, book, card, date,
    local, patron,
};
use crate::{CardState, PatronState};
use proptest::prelude::*;

const NOON: &str = "2026-05-20 12:00";
const HOLDERS: HolderPolicy =
    HolderPolicy { guardian_picks_up: true, same_card_only: false, guardian_end_age: 15 };
const DUE: DuePolicy = DuePolicy { period_days: 28, held_period_days: None, closed_day: ClosedDueDay::Keep };

fn policy() -> LendingPolicy {
    LendingPolicy {
        due: DUE,
        max_total: Some(100),
        max_material: Some(5),
        blocks: blocks(DebtComparator::Over),
        rating_unknown_birth_date: UnknownBirthDate::Refuse,
        holders: HOLDERS,
    }
}

fn ask(card: &Card, patron: &Patron, item: Option<&Item>, policy: &LendingPolicy, at: &str) -> LendDecision {
    let moment = local(at);
    let lending = Lending {
        card,
        patron,
        patron_id: OUR_PATRON,
        card_id: 1,
        item,
        branch: OUR_BRANCH,
        hours: &OpeningHours::default(),
        policy,
        moment: &moment,
    };
    decide(&lending)
}

fn of_patron(patron: &Patron) -> Vec<Reason> {
    ask(&card(), patron, Some(&book()), &policy(), NOON).decision.reasons().to_vec()
}

fn of_item(item: &Item) -> Vec<Reason> {
    ask(&card(), &patron(), Some(item), &policy(), NOON).decision.reasons().to_vec()
}

#[test]
fn a_book_on_its_shelf_is_lent_for_the_period() {
    let table = [
        ("2026-05-20 12:00", "2026-06-17"),
        ("2026-05-20 23:59", "2026-06-17"),
        ("2026-05-21 00:00", "2026-06-18"),
        ("2028-02-01 12:00", "2028-02-29"),
        // Local midnight, not midnight UTC, also in the nights in which the clocks change.
        ("2026-03-29 00:00", "2026-04-26"),
        ("2026-10-24 23:59", "2026-11-21"),
        ("2026-10-25 03:30", "2026-11-22"),
    ];
    for (at, due) in table {
        let lent = ask(&card(), &patron(), Some(&book()), &policy(), at);
        assert_eq!((lent.decision, lent.due.on), (Decision::granted(), date(due)), "{at}");
    }
}

#[test]
fn card_and_patron_must_be_in_force() {
    let expired = Card { valid_until: Some(date("2026-05-19")), ..card() };
    let last_day = Card { valid_until: Some(date("2026-05-20")), ..card() };
    let lost = Card { state: CardState::Lost, ..card() };
    for (card, expected) in
        [(expired, vec![Reason::CardExpired]), (last_day, vec![]), (lost, vec![Reason::CardNotInForce])]
    {
        let lent = ask(&card, &patron(), Some(&book()), &policy(), NOON);
        assert_eq!(lent.decision.reasons(), expected, "{card:?}");
    }
    let left = Patron { valid_until: Some(date("2026-05-19")), ..patron() };
    assert_eq!(of_patron(&left), [Reason::CardExpired]);
}

#[test]
fn a_restricted_patron_gets_one_neutral_reason() {
    let restricted = Patron {
        state: PatronState::Restricted,
        debt_cents: 5_000,
        bans: vec![ban(BanKind::Lending, None)],
        ..patron()
    };
    assert_eq!(of_patron(&restricted), [Reason::CardNotInForce]);
    let unknown_item = ask(&card(), &restricted, None, &policy(), NOON);
    assert_eq!(unknown_item.decision.reasons(), [Reason::CardNotInForce]);
}

#[test]
fn lending_and_use_bans_refuse_where_they_count_and_self_service_bans_do_not() {
    let table = [
        (BanKind::Lending, None, Some(Reason::LendingBan)),
        (BanKind::Lending, Some(OUR_BRANCH), Some(Reason::LendingBan)),
        (BanKind::Lending, Some(OTHER_BRANCH), None),
        (BanKind::Use, None, Some(Reason::UseBan)),
        (BanKind::Use, Some(OUR_BRANCH), Some(Reason::UseBan)),
        (BanKind::Use, Some(OTHER_BRANCH), None),
        (BanKind::SelfService, None, None),
        (BanKind::SelfService, Some(OUR_BRANCH), None),
    ];
    for (kind, branch, expected) in table {
        let banned = Patron { bans: vec![ban(kind, branch)], ..patron() };
        assert_eq!(of_patron(&banned), Vec::from_iter(expected), "{kind:?} at {branch:?}");
    }
}

#[test]
fn a_ban_ends_at_its_end() {
    let ended = crate::facts::Ban { ends_at: Some(local(NOON).at()), ..ban(BanKind::Lending, None) };
    let banned = Patron { bans: vec![ended], ..patron() };
    let at = |at: &str| ask(&card(), &banned, Some(&book()), &policy(), at).decision;
    assert_eq!(at("2026-05-20 11:59").reasons(), [Reason::LendingBan]);
    assert!(at(NOON).is_granted());
}

#[test]
fn debt_blocks_by_the_comparator() {
    let at_least = LendingPolicy { blocks: blocks(DebtComparator::AtLeast), ..policy() };
    for (debt_cents, over, equal) in [(999, false, false), (1_000, false, true), (1_001, true, true)] {
        let debtor = Patron { debt_cents, ..patron() };
        let refused = |policy: &LendingPolicy| {
            ask(&card(), &debtor, Some(&book()), policy, NOON).decision.reasons().to_vec()
        };
        assert_eq!(refused(&policy()) == [Reason::DebtLimit], over, "over, {debt_cents}");
        assert_eq!(refused(&at_least) == [Reason::DebtLimit], equal, "at least, {debt_cents}");
    }
}

#[test]
fn limits_leave_room_for_one_more_or_refuse() {
    let count = |material: &str, loans| MaterialCount { material: material.to_owned(), loans };
    let table = [
        (vec![count("game", 99)], vec![]),
        (vec![count("game", 100)], vec![Reason::LoanLimit]),
        (vec![count("game", 96), count("book", 4)], vec![Reason::LoanLimit]),
        (vec![count("book", 4)], vec![]),
        (vec![count("book", 5)], vec![Reason::MaterialLimit]),
        (vec![count("book", 5), count("game", 95)], vec![Reason::LoanLimit, Reason::MaterialLimit]),
        (vec![count("game", u32::MAX), count("film", u32::MAX)], vec![Reason::LoanLimit]),
    ];
    for (open_loans, expected) in table {
        let borrower = Patron { open_loans: open_loans.clone(), ..patron() };
        assert_eq!(of_patron(&borrower), expected, "{open_loans:?}");
        let unlimited = LendingPolicy { max_total: None, max_material: None, ..policy() };
        let lent = ask(&card(), &borrower, Some(&book()), &unlimited, NOON);
        assert!(lent.decision.is_granted(), "{open_loans:?} without limits");
    }
    let nothing = LendingPolicy { max_total: Some(0), ..policy() };
    let lent = ask(&card(), &patron(), Some(&book()), &nothing, NOON);
    assert_eq!(lent.decision.reasons(), [Reason::LoanLimit]);
}

#[test]
fn an_unknown_item_adds_one_reason_to_those_of_the_patron() {
    let debtor = Patron { debt_cents: 2_000, ..patron() };
    let refused = ask(&card(), &debtor, None, &policy(), NOON);
    assert_eq!(refused.decision.reasons(), [Reason::DebtLimit, Reason::ItemUnknown]);
}

#[test]
fn the_state_of_the_item_decides() {
    for state in ItemState::ALL {
        let lendable = matches!(state, ItemState::Available | ItemState::InTransit | ItemState::OnHoldShelf);
        let expected: &[Reason] = if lendable { &[] } else { &[Reason::ItemNotForLoan] };
        assert_eq!(of_item(&Item { state: *state, ..book() }), expected, "{state:?}");
    }
}

#[test]
fn an_item_on_loan_is_told_apart_from_ones_own() {
    let table = [(OUR_PATRON, Reason::ItemAlreadyYours), (OTHER_PATRON, Reason::ItemOnLoan)];
    for (borrower, reason) in table {
        assert_eq!(of_item(&Item { borrower: Some(borrower), ..book() }), [reason]);
    }
}

#[test]
fn a_kept_item_goes_to_its_holder_only() {
    for state in [ItemState::Available, ItemState::InTransit, ItemState::OnHoldShelf] {
        for pickup_branch in [OUR_BRANCH, OTHER_BRANCH] {
            let kept = |patron| Item {
                state,
                kept_for: Some(KeptFor { patron, pickup_branch, card: None }),
                ..book()
            };
            assert_eq!(of_item(&kept(OUR_PATRON)), [], "{state:?}");
            assert_eq!(of_item(&kept(OTHER_PATRON)), [Reason::ItemHeld], "{state:?}");
        }
    }
}

#[test]
fn an_age_rating_is_reached_on_the_birthday() {
    let table = [
        (16, Some("2010-05-21"), vec![Reason::AgeRating]),
        (16, Some("2010-05-20"), vec![]),
        (18, Some("2008-05-21"), vec![Reason::AgeRating]),
        (18, Some("2008-05-20"), vec![]),
        (7, None, vec![Reason::BirthDateUnknown]),
        (0, None, vec![]),
    ];
    for (years, birth, expected) in table {
        let film = Item { age_rating: Some(years), ..book() };
        let viewer = Patron { birth_date: birth.map(date), ..patron() };
        let refused = ask(&card(), &viewer, Some(&film), &policy(), NOON);
        assert_eq!(refused.decision.reasons(), expected, "rated {years}, born {birth:?}");
        let lenient = LendingPolicy { rating_unknown_birth_date: UnknownBirthDate::Allow, ..policy() };
        let lent = ask(&card(), &viewer, Some(&film), &lenient, NOON);
        assert_eq!(lent.decision.is_granted(), birth.is_none() || expected.is_empty());
    }
}

#[test]
fn an_institution_has_no_age() {
    let film = Item { age_rating: Some(18), ..book() };
    for category in PatronCategory::ALL {
        let of_nobody = Patron { category: *category, birth_date: None, ..patron() };
        let is_person = !matches!(category, PatronCategory::Institution | PatronCategory::InterlibraryLoan);
        let lent = ask(&card(), &of_nobody, Some(&film), &policy(), NOON);
        assert_eq!(lent.decision.is_granted(), !is_person, "{category:?}");
    }
}

proptest! {
    #[test]
    fn one_more_ban_debt_or_loan_never_grants(
        patron in arb_patron(), ban in arb_ban(), more_debt in 0_i64..2_000, more_loans in 0_u32..10,
    ) {
        let before = of_patron(&patron);
        prop_assert!(before.is_sorted_by(|a, b| a < b));
        let mut worse = patron;
        worse.bans.push(ban);
        worse.debt_cents += more_debt;
        worse.open_loans.push(MaterialCount { material: "book".to_owned(), loans: more_loans });
        let after = of_patron(&worse);
        prop_assert!(before.iter().all(|reason| after.contains(reason)), "{before:?}, then {after:?}");
    }

    #[test]
    fn nobody_but_the_holder_gets_a_kept_item(
        patron in arb_patron(), holder in OTHER_PATRON.., state in 0..ItemState::ALL.len(),
    ) {
        let kept_for = Some(KeptFor { patron: holder, pickup_branch: OUR_BRANCH, card: None });
        let item = Item { state: ItemState::ALL[state], kept_for, ..book() };
        prop_assert!(!ask(&card(), &patron, Some(&item), &policy(), NOON).decision.is_granted());
    }
}

#[test]
fn derived_blocks_refuse_by_policy_each_with_its_own_reason() {
    let every = LendingPolicy {
        blocks: crate::policy::DerivedBlockPolicy {
            year_turn: crate::policy::YearTurn::new(2, 1),
            overdue_days: Some(28),
            inherit_to_guardian: true,
            ..policy().blocks
        },
        ..policy()
    };
    let old_debt = local("2025-12-31 12:00").at();
    let owing = crate::facts::Ward { debt_cents: 1_001, ..crate::samples::ward() };
    let table = [
        (Patron { debt_cents: 1_001, ..patron() }, Reason::DebtLimit),
        (Patron { debt_cents: 1, oldest_debt_at: Some(old_debt), ..patron() }, Reason::YearTurnDebt),
        (Patron { earliest_due: Some(date("2026-04-22")), ..patron() }, Reason::OverdueItems),
        (Patron { wards: vec![owing], ..patron() }, Reason::WardBlocked),
    ];
    for (patron, reason) in table {
        let told = |policy: &LendingPolicy| {
            ask(&card(), &patron, Some(&book()), policy, NOON).decision.reasons().to_vec()
        };
        assert_eq!(told(&every), [reason]);
        // Of these, the limit of debt alone refuses where nothing else is decided.
        let undecided: &[Reason] = if reason == Reason::DebtLimit { &[Reason::DebtLimit] } else { &[] };
        assert_eq!(told(&policy()), undecided, "{reason:?}");
    }
}

#[test]
fn every_reason_is_told_in_order() {
    let every = LendingPolicy {
        max_total: Some(1),
        max_material: Some(1),
        blocks: crate::policy::DerivedBlockPolicy {
            year_turn: crate::policy::YearTurn::new(1, 1),
            overdue_days: Some(1),
            inherit_to_guardian: true,
            ..policy().blocks
        },
        ..policy()
    };
    let who = Patron {
        birth_date: Some(date("2015-01-01")),
        debt_cents: 1_001,
        oldest_debt_at: Some(local("2020-01-01 12:00").at()),
        earliest_due: Some(date("2020-01-01")),
        // Out of order and one of them twice: each is told once, at its place.
        bans: vec![
            ban(BanKind::Use, Some(OUR_BRANCH)),
            ban(BanKind::Lending, None),
            ban(BanKind::Lending, None),
        ],
        open_loans: vec![MaterialCount { material: "book".to_owned(), loans: 1 }],
        wards: vec![crate::facts::Ward { debt_cents: 1_001, ..crate::samples::ward() }],
        ..patron()
    };
    let lost = Card { state: CardState::Lost, valid_until: Some(date("2026-05-19")), ..card() };
    let item = Item {
        state: ItemState::InRepair,
        age_rating: Some(18),
        borrower: Some(OTHER_PATRON),
        kept_for: Some(KeptFor { patron: OTHER_PATRON + 1, pickup_branch: OUR_BRANCH, card: None }),
        ..book()
    };
    let told = ask(&lost, &who, Some(&item), &every, NOON).decision.reasons().to_vec();
    assert_eq!(
        told,
        [
            Reason::CardExpired,
            Reason::CardNotInForce,
            Reason::LendingBan,
            Reason::DebtLimit,
            Reason::YearTurnDebt,
            Reason::OverdueItems,
            Reason::WardBlocked,
            Reason::UseBan,
            Reason::LoanLimit,
            Reason::MaterialLimit,
            Reason::ItemNotForLoan,
            Reason::ItemOnLoan,
            Reason::ItemHeld,
            Reason::AgeRating,
        ]
    );
}

#[test]
fn a_rating_opens_at_local_midnight_of_the_birthday() {
    let table = [
        (7, "2019-05-20", "2026-05-19 23:59", "2026-05-20 00:00"),
        (12, "2014-05-20", "2026-05-19 23:59", "2026-05-20 00:00"),
        (16, "2012-02-29", "2028-02-28 23:59", "2028-02-29 00:00"),
        (18, "2012-02-29", "2030-02-27 23:59", "2030-02-28 00:00"),
        (18, "2008-03-29", "2026-03-28 23:59", "2026-03-29 00:00"),
    ];
    for (rating, birth, before, after) in table {
        let who = Patron { birth_date: Some(date(birth)), ..patron() };
        let film = Item { age_rating: Some(rating), ..book() };
        let told = |at: &str| ask(&card(), &who, Some(&film), &policy(), at).decision.reasons().to_vec();
        assert_eq!((told(before), told(after)), (vec![Reason::AgeRating], vec![]), "{rating}, born {birth}");
    }
    let old = Patron { birth_date: Some(date("1942-04-03")), ..patron() };
    let film = Item { age_rating: Some(18), ..book() };
    for at in ["2026-04-02 23:59", "2026-04-03 00:00"] {
        assert!(ask(&card(), &old, Some(&film), &policy(), at).decision.is_granted(), "{at}");
    }
}
