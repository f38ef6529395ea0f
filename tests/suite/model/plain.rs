//! The plain model: what loans, holds and fees are by the contract, in vectors.
//!
//! It knows no table, no lane and no lock. What stands here is written from the comments of the contract and from
//! the meanings of the policy keys, with a few policies that make limits bite in a small library.

use super::op::{Branch, Spot};
use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use chrono_tz::Europe::Helsinki;
use kortisto::common::v1::RefusalReason as Why;
use kortisto_domain::{FeeKind, HoldState, ItemState, LoanState};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Open loans of a patron at most.
pub(super) const LOANS_MAX: usize = 3;
/// Open loans of the scarce material at most.
pub(super) const SCARCE_MAX: usize = 1;
/// Days of a loan.
pub(super) const PERIOD_DAYS: i64 = 28;
/// Days of a loan for whose title others wait.
pub(super) const HELD_PERIOD_DAYS: i64 = 14;
/// Renewals of a loan at most.
pub(super) const RENEWALS_MAX: i16 = 2;
/// Cents of a day late.
pub(super) const OVERDUE_CENTS: i64 = 20;
/// Cents of a late loan at most.
pub(super) const OVERDUE_CAP_CENTS: i64 = 100;
/// Debt at which nothing is lent or renewed.
pub(super) const DEBT_LIMIT_CENTS: i64 = 300;
/// Days after a due date at which nothing is lent.
pub(super) const OVERDUE_DAYS: i64 = 12;
/// Holds of a patron at once at most.
pub(super) const HOLDS_MAX: usize = 3;
/// Days for which a hold waits in its queue.
pub(super) const VALIDITY_DAYS: i64 = 60;
/// Price of a hold that was not picked up, from 15 years on.
pub(super) const UNCOLLECTED_CENTS: i64 = 50;
/// Price of an item.
pub(super) const COMPENSATION_CENTS: i64 = 150;
/// Price of a bill.
pub(super) const BILL_CENTS: i64 = 30;

/// What is answered: what was done, or the names of every reason against it, sorted.
pub(super) type Said = Result<String, Vec<String>>;

/// Everything there is.
pub(super) struct Plain {
    pub(super) now: DateTime<Utc>,
    pub(super) patrons: Vec<Patron>,
    pub(super) items: Vec<Item>,
    pub(super) loans: Vec<Loan>,
    /// In the order in which they were placed, which is that of every queue.
    pub(super) holds: Vec<Hold>,
    pub(super) fees: Vec<Fee>,
    pub(super) payments: Vec<Payment>,
    /// Loans, holds and uncollected holds, by patron and year.
    pub(super) years: BTreeMap<(usize, i32), [i32; 3]>,
}

pub(super) struct Patron {
    pub(super) is_child: bool,
    /// The child in the patron's care.
    pub(super) ward: Option<usize>,
}

pub(super) struct Item {
    pub(super) title: usize,
    pub(super) is_scarce: bool,
    pub(super) home: Branch,
    pub(super) state: ItemState,
    pub(super) at: Branch,
    pub(super) kept_for: Option<usize>,
    pub(super) loan: Option<usize>,
}

pub(super) struct Loan {
    pub(super) item: usize,
    pub(super) patron: usize,
    pub(super) card: usize,
    pub(super) due: NaiveDate,
    pub(super) renewals: i16,
    pub(super) state: LoanState,
    /// What has happened to it and has not been undone, the last one last.
    pub(super) events: Vec<Event>,
}

/// Where and when something happened to a loan, and what it was before.
pub(super) struct Event {
    pub(super) spot: Spot,
    pub(super) at: DateTime<Utc>,
    pub(super) before: Before,
}

pub(super) enum Before {
    Lent { state: ItemState, at: Branch, hold: Option<usize> },
    Renewed { due: NaiveDate, fee: Option<usize> },
}

pub(super) struct Hold {
    pub(super) patron: usize,
    pub(super) title: usize,
    pub(super) only_item: Option<usize>,
    pub(super) only_home: Option<Branch>,
    pub(super) pickup: Branch,
    pub(super) state: HoldState,
    pub(super) item: Option<usize>,
    pub(super) pickup_until: Option<NaiveDate>,
    pub(super) frozen_until: Option<NaiveDate>,
    pub(super) valid_until: NaiveDate,
    pub(super) reserved: Option<(Spot, DateTime<Utc>)>,
    /// The locker and the compartment.
    pub(super) stocked_by: Option<(Spot, usize)>,
}

pub(super) struct Fee {
    pub(super) patron: usize,
    pub(super) kind: FeeKind,
    pub(super) amount: i64,
    pub(super) open: i64,
    pub(super) billed: bool,
    pub(super) at: DateTime<Utc>,
    pub(super) loan: Option<usize>,
    pub(super) hold: Option<usize>,
    /// By what the register calls it; orders fees of one moment.
    pub(super) id: Option<Uuid>,
}

pub(super) struct Payment {
    pub(super) patron: usize,
    pub(super) cents: i64,
    pub(super) refunded: i64,
    /// What it has paid of which fee and has not been paid back.
    pub(super) shares: Vec<(usize, i64)>,
}

/// A refusal.
pub(super) fn no(why: impl IntoIterator<Item = Why>) -> Said {
    let mut names: Vec<_> = why.into_iter().map(|why| why.as_str_name().to_owned()).collect();
    names.sort();
    names.dedup();
    Err(names)
}

impl Plain {
    pub(super) fn today(&self) -> NaiveDate {
        self.day_of(self.now)
    }

    pub(super) fn day_of(&self, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&Helsinki).date_naive()
    }

    /// What counts in the year of a day.
    pub(super) fn year(&mut self, patron: usize, day: NaiveDate) -> &mut [i32; 3] {
        self.years.entry((patron, day.year())).or_default()
    }

    /// The open loans of a patron, those due first before.
    pub(super) fn loans_of(&self, patron: usize) -> Vec<usize> {
        let open = self.items.iter().filter_map(|item| item.loan);
        let mut own: Vec<_> = open.filter(|loan| self.loans[*loan].patron == patron).collect();
        own.sort_by_key(|loan| (self.loans[*loan].due, self.loans[*loan].item));
        own
    }

    fn owes_too_much(&self, patron: usize) -> bool {
        self.debt(patron) >= DEBT_LIMIT_CENTS
    }

    fn is_long_overdue(&self, patron: usize) -> bool {
        let days = chrono::TimeDelta::days(OVERDUE_DAYS);
        self.loans_of(patron).iter().any(|loan| self.loans[*loan].due + days <= self.today())
    }

    /// What stands against lending anything to a patron, and against holds.
    pub(super) fn blocks(&self, patron: usize) -> Vec<Why> {
        let mut why = Vec::new();
        if self.owes_too_much(patron) {
            why.push(Why::DebtLimit);
        }
        if self.is_long_overdue(patron) {
            why.push(Why::OverdueItems);
        }
        let ward = self.patrons[patron].ward;
        if ward.is_some_and(|ward| self.owes_too_much(ward) || self.is_long_overdue(ward)) {
            why.push(Why::WardBlocked);
        }
        why
    }

    /// Everything, line by line.
    pub(super) fn state(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (name, item) in self.items.iter().enumerate() {
            let Item { state, at, kept_for, loan, .. } = item;
            lines.push(format!("item {name}: {state:?} at {at:?}, kept for {kept_for:?}, loan {loan:?}"));
        }
        for name in self.items.iter().filter_map(|item| item.loan) {
            let Loan { item, patron, card, due, renewals, state, .. } = &self.loans[name];
            lines.push(format!(
                "loan {name}: item {item} to {patron} by card {card} until {due}, renewed {renewals}, {state:?}"
            ));
        }
        for (name, hold) in self.holds.iter().enumerate() {
            let Hold { patron, state, item, pickup, frozen_until, valid_until, reserved, .. } = hold;
            let until = hold.pickup_until.filter(|_| *state == HoldState::Ready);
            lines.push(format!(
                "hold {name}: of {patron}, {state:?} with {item:?} at {pickup:?} until {until:?}, \
                 frozen {frozen_until:?}, valid {valid_until}, reserved {:?}, in {:?}",
                reserved.map(|(spot, _)| spot),
                hold.stocked_by.map(|(spot, compartment)| (spot, compartment.to_string()))
            ));
        }
        for (name, fee) in self.fees.iter().enumerate() {
            let Fee { patron, kind, amount, open, billed, .. } = fee;
            lines.push(format!("fee {name}: of {patron}, {kind:?}, {open} of {amount}, billed {billed}"));
        }
        for (name, payment) in self.payments.iter().enumerate() {
            let Payment { patron, cents, refunded, .. } = payment;
            lines.push(format!("payment {name}: of {patron}, {cents}, back {refunded}"));
        }
        for ((patron, year), counts) in self.years.iter().filter(|(_, counts)| **counts != [0; 3]) {
            lines.push(format!("year {year} of {patron}: {counts:?}"));
        }
        lines.sort();
        lines
    }
}
