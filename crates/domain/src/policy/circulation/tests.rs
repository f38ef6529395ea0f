//! Every key of circulation reaches its view.

use super::super::{PolicyRow, PolicySet, Scope};
use super::*;
use crate::policy::{DebtComparator, UnknownBirthDate};
use crate::samples::{OUR_BRANCH, date};

const HERE: Place<'static> = Place { branch: OUR_BRANCH, municipality: "Imatra" };
const TODAY: &str = "2026-05-20";
const BOOK: ItemClass<'static> = ItemClass { material: "book", collection: "children" };

/// Values that differ from every default, so that a view that reads the wrong key shows.
pub(in crate::policy) const ROWS: [(&str, &str); 48] = [
    ("loan.period_days", "1"),
    ("loan.max_total", "2"),
    ("loan.max_material", "3"),
    ("loan.held_period_days", "4"),
    ("loan.due_on_closed_day", "next_open"),
    ("loan.rescan_renews", "true"),
    ("loan.undo_minutes", "6"),
    ("fee.bill_cents", "101"),
    ("fee.card_replacement_cents", "102"),
    ("fee.card_replacement_child_cents", "103"),
    ("fee.compensation_cents", "104"),
    ("fee.found_credit", "none"),
    ("fee.overdue_cents", "105"),
    ("fee.overdue_cap_cents", "106"),
    ("fee.overdue_cap_scope", "patron"),
    ("fee.overdue_closed_days", "false"),
    ("fee.overdue_exempt_under_age", "15"),
    ("fee.overdue_grace_days", "7"),
    ("fee.overdue_retroactive", "true"),
    ("fee.overdue_unit", "started_week"),
    ("fee.reminder_1_cents", "108"),
    ("fee.reminder_2_cents", "109"),
    ("fee.reminder_3_cents", "110"),
    ("fee.uncollected_hold_cents", "111"),
    ("fee.uncollected_hold_exempt_under_age", "12"),
    ("hold.allowed", "false"),
    ("hold.blocked_with_lending", "false"),
    ("hold.freeze_days_max", "13"),
    ("hold.guardian_picks_up", "false"),
    ("hold.locker_minutes", "14"),
    ("hold.max_total", "15"),
    ("hold.pickup_days", "10"),
    ("hold.same_card_only", "true"),
    ("hold.validity_days", "16"),
    ("notice.bill_days", "17"),
    ("notice.due_reminder_days", "5"),
    ("notice.overdue_1_days", "18"),
    ("notice.overdue_2_days", "19"),
    ("notice.overdue_3_days", "20"),
    ("notice.overdue_held_days", "21"),
    ("pay.online_min_cents", "112"),
    ("pay.online_partial", "none"),
    ("pay.partial", "whole_fees"),
    ("renew.blocked_by_hold", "false"),
    ("renew.debt_limit_cents", "113"),
    ("renew.max", "22"),
    ("renew.start", "due_date"),
    ("age_rating.unknown_birth_date", "allow"),
];

fn set() -> PolicySet {
    let row = |(key, value): (&str, &str)| PolicyRow {
        key: key.to_owned(),
        value: value.to_owned(),
        scope: Scope::default(),
        valid_from: date("2020-01-01"),
        valid_until: None,
        decision: "1/2020".to_owned(),
    };
    PolicySet::new(ROWS.map(row).to_vec()).unwrap()
}

#[test]
fn loans_and_renewals() {
    let (set, person, today) = (set(), PatronCategory::Person, date(TODAY));
    assert_eq!(
        set.lending(&HERE, person, BOOK, today),
        LendingPolicy {
            due: DuePolicy { period_days: 1, held_period_days: Some(4), closed_day: ClosedDueDay::NextOpen },
            max_total: Some(2),
            max_material: Some(3),
            blocks: set.derived_blocks(&HERE, person, today),
            rating_unknown_birth_date: UnknownBirthDate::Allow,
            holders: HolderPolicy { guardian_picks_up: false, same_card_only: true, guardian_end_age: 15 },
        }
    );
    assert_eq!(
        set.renewals(&HERE, person, BOOK, today),
        RenewalPolicy {
            max: 22,
            blocked_by_hold: false,
            debt_limit: DebtLimit { limit_cents: Some(113), comparator: DebtComparator::AtLeast },
            start: RenewalStart::DueDate,
        }
    );
    assert_eq!(set.desk(&HERE, today), DeskPolicy { rescan_renews: true, undo_minutes: 6 });
}

#[test]
fn fees_and_payments() {
    let (set, person, today) = (set(), PatronCategory::Person, date(TODAY));
    assert_eq!(
        set.overdue(&HERE, person, BOOK, today),
        OverduePolicy {
            cents: 105,
            unit: FeeUnit::StartedWeek,
            grace_days: 7,
            cap_cents: Some(106),
            cap_scope: CapScope::Patron,
            exempt_under_age: 15,
            closed_days: false,
            retroactive: true,
        }
    );
    assert_eq!(
        set.compensation(&HERE, person, BOOK, today),
        CompensationPolicy { default_cents: 104, bill_cents: 101, found_credit: FoundCredit::None }
    );
    assert_eq!(
        set.uncollected(&HERE, person, BOOK, today),
        UncollectedPolicy { cents: 111, exempt_under_age: 12 }
    );
    assert_eq!(
        set.card_fees(&HERE, person, today),
        CardFeePolicy { card_cents: 102, card_child_cents: Some(103) }
    );
    assert_eq!(
        set.payments(today),
        PaymentPolicy {
            online_min_cents: 112,
            online_partial: PartialPayment::None,
            partial: PartialPayment::WholeFees,
        }
    );
}

#[test]
fn holds_and_notices() {
    let (set, person, today) = (set(), PatronCategory::Person, date(TODAY));
    assert_eq!(set.holds(&HERE, today), HoldPolicy { pickup_days: 10, locker_minutes: 14 });
    assert_eq!(
        set.placing(&HERE, person, BOOK, today),
        PlacingPolicy {
            allowed: false,
            max_total: Some(15),
            blocked_with_lending: false,
            validity_days: 16,
            freeze_days_max: 13,
        }
    );
    let step = |days, cents| ReminderStep { days: Some(days), cents };
    assert_eq!(
        set.notices(&HERE, person, today),
        NoticePolicy {
            due_reminder_days: Some(5),
            reminders: [step(18, 108), step(19, 109), step(20, 110)],
            first_reminder_held_days: Some(21),
            bill_days: Some(17),
        }
    );
}

#[test]
fn nothing_costs_anything_until_somebody_decides_it() {
    let (set, person, today) = (PolicySet::default(), PatronCategory::Person, date(TODAY));
    assert_eq!(set.overdue(&HERE, person, BOOK, today).cents, 0);
    assert_eq!(set.compensation(&HERE, person, BOOK, today).bill_cents, 0);
    assert_eq!(set.uncollected(&HERE, person, BOOK, today).cents, 0);
    assert_eq!(set.card_fees(&HERE, person, today).card_cents, 0);
    assert!(set.notices(&HERE, person, today).reminders.iter().all(|step| step.cents == 0));
}

#[test]
fn a_collection_goes_before_a_material_and_after_a_place() {
    let row = |value: &str, scope: Scope| PolicyRow {
        key: "fee.overdue_cents".to_owned(),
        value: value.to_owned(),
        scope,
        valid_from: date("2020-01-01"),
        valid_until: None,
        decision: "1/2020".to_owned(),
    };
    let children = || Scope { collection: Some("children".to_owned()), ..Scope::default() };
    let books = || Scope { material: Some("book".to_owned()), ..Scope::default() };
    let here = || Scope { branch: Some(OUR_BRANCH), ..Scope::default() };
    let cents = |rows: Vec<PolicyRow>, class| {
        PolicySet::new(rows).unwrap().overdue(&HERE, PatronCategory::Person, class, date(TODAY)).cents
    };
    let of_adults = ItemClass { collection: "adults", ..BOOK };
    assert_eq!(cents(vec![row("20", books()), row("1", children())], BOOK), 1);
    assert_eq!(cents(vec![row("20", books()), row("1", children())], of_adults), 20);
    assert_eq!(cents(vec![row("30", here()), row("1", children())], BOOK), 30);
}
