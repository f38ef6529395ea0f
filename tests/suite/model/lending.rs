//! The plain model: lending, taking back, renewing, undoing.

use super::{
    op::{Report, Spot},
    plain::{
        BILL_CENTS, Before, COMPENSATION_CENTS, DEBT_LIMIT_CENTS, Event, HELD_PERIOD_DAYS, LOANS_MAX, Loan,
        OVERDUE_CAP_CENTS, OVERDUE_CENTS, PERIOD_DAYS, Plain, RENEWALS_MAX, SCARCE_MAX, Said, no,
    },
};
use chrono::{NaiveDate, TimeDelta};
use kortisto::common::v1::{ErrorReason, RefusalReason as Why};
use kortisto_domain::{FeeKind, HoldState, ItemState, LoanState};

/// Minutes for which a check-out or a renewal can be undone.
const UNDO_MINUTES: i64 = 15;

/// A fault that staff are told of.
pub(super) fn fault(reason: ErrorReason) -> Said {
    Err(vec![reason.as_str_name().to_owned()])
}

impl Plain {
    /// What stands against one more loan of a patron, whatever it is.
    pub(super) fn against_patron(&self, patron: usize) -> Vec<Why> {
        let mut why = self.blocks(patron);
        if self.loans_of(patron).len() >= LOANS_MAX {
            why.push(Why::LoanLimit);
        }
        why
    }

    /// What stands against lending this item to a patron.
    pub(super) fn against_item(&self, patron: usize, name: usize) -> Vec<Why> {
        let item = &self.items[name];
        let mut why = Vec::new();
        let scarce = |loan: &&usize| self.items[self.loans[**loan].item].is_scarce;
        if item.is_scarce && self.loans_of(patron).iter().filter(scarce).count() >= SCARCE_MAX {
            why.push(Why::MaterialLimit);
        }
        if item.state == ItemState::Lost {
            why.push(Why::ItemNotForLoan);
        }
        match item.loan {
            Some(loan) if self.loans[loan].patron == patron => why.push(Why::ItemAlreadyYours),
            Some(_) => why.push(Why::ItemOnLoan),
            None => {}
        }
        if item.kept_for.is_some_and(|hold| !self.is_for(hold, patron)) {
            why.push(Why::ItemHeld);
        }
        why
    }

    pub(super) fn check_out(&mut self, patron: usize, card: usize, spot: Spot, item: usize) -> Said {
        let mut why = self.against_patron(patron);
        why.extend(self.against_item(patron, item));
        let reserved = self.items[item].kept_for.is_some_and(|hold| self.is_reserved_elsewhere(hold, spot));
        if reserved && !why.contains(&Why::ItemHeld) {
            why.push(Why::HoldReserved);
        }
        if !why.is_empty() {
            return no(why);
        }
        Ok(self.lend(patron, card, spot, item))
    }

    /// Opens a loan, and fulfils the hold that kept the item.
    pub(super) fn lend(&mut self, patron: usize, card: usize, spot: Spot, name: usize) -> String {
        let due = self.due_date(name, patron);
        let item = &self.items[name];
        let before = Before::Lent { state: item.state, at: item.at, hold: item.kept_for };
        if let Some(hold) = item.kept_for {
            let hold = &mut self.holds[hold];
            (hold.state, hold.item, hold.reserved) = (HoldState::Fulfilled, None, None);
        }
        let events = vec![Event { spot, at: self.now, before }];
        let state = LoanState::Open;
        self.loans.push(Loan { item: name, patron, card, due, renewals: 0, state, events });
        let item = &mut self.items[name];
        item.loan = Some(self.loans.len() - 1);
        (item.state, item.at, item.kept_for) = (ItemState::Available, spot.branch(), None);
        let today = self.today();
        self.year(patron, today)[0] += 1;
        format!("item {name} until {due}, renewed 0")
    }

    /// The last day of a loan that begins or is renewed today.
    fn due_date(&self, item: usize, patron: usize) -> NaiveDate {
        let days = if self.others_wait(item, patron) { HELD_PERIOD_DAYS } else { PERIOD_DAYS };
        self.today() + TimeDelta::days(days)
    }

    /// What a loan costs for being late, if it ended now.
    fn late_cents(&self, loan: usize) -> i64 {
        let days = (self.today() - self.loans[loan].due).num_days().max(0);
        (days * OVERDUE_CENTS).min(OVERDUE_CAP_CENTS)
    }

    fn charge_late(&mut self, loan: usize) -> (i64, Option<usize>) {
        let cents = self.late_cents(loan);
        let fee = self.owe(self.loans[loan].patron, FeeKind::Overdue, cents, Some(loan), None);
        (cents, fee)
    }

    pub(super) fn take_back(&mut self, spot: Spot, name: usize) -> Said {
        let closed = self.items[name].loan.take();
        if let Some(loan) = closed {
            // What comes after a bill costs nothing, and what has turned up has no price.
            if self.loans[loan].state != LoanState::Billed {
                self.charge_late(loan);
            }
            let price =
                |fee: &&mut super::plain::Fee| fee.loan == Some(loan) && fee.kind == FeeKind::Compensation;
            self.fees.iter_mut().filter(price).for_each(|fee| fee.open = 0);
        }
        if let Some(loan) = closed {
            self.fulfil_own(self.loans[loan].patron, name);
        }
        let place = self.put(name, spot.branch());
        Ok(format!("loan {closed:?} closed, {place}"))
    }

    /// Undoes the last thing that happened to a loan.
    pub(super) fn undo(&mut self, spot: Spot, name: usize) -> Said {
        let item = self.loans[name].item;
        if self.items[item].loan != Some(name) {
            return no([Why::LoanUnknown]);
        }
        let loan = &mut self.loans[name];
        let in_time = |event: &Event| self.now - event.at <= TimeDelta::minutes(UNDO_MINUTES);
        let last = loan.events.last().expect("a loan was lent");
        let paid = |fee: usize| self.fees[fee].open != self.fees[fee].amount;
        let settled = matches!(last.before, Before::Renewed { fee: Some(fee), .. } if paid(fee));
        if last.spot != spot || !in_time(last) || loan.state != LoanState::Open || settled {
            return no([Why::UndoTooLate]);
        }
        let event = loan.events.pop().expect("a loan was lent");
        match event.before {
            Before::Renewed { due, fee } => {
                (loan.due, loan.renewals) = (due, loan.renewals - 1);
                if let Some(fee) = fee {
                    self.fees[fee].open = 0;
                }
                Ok("the loan goes on".to_owned())
            }
            Before::Lent { state, at, hold } => {
                let patron = loan.patron;
                let item = &mut self.items[item];
                (item.state, item.at, item.kept_for, item.loan) = (state, at, hold, None);
                if let Some(hold) = hold {
                    let waits =
                        if state == ItemState::InTransit { HoldState::InTransit } else { HoldState::Ready };
                    (self.holds[hold].state, self.holds[hold].item) = (waits, Some(self.loans[name].item));
                }
                let day = self.day_of(event.at);
                self.year(patron, day)[0] -= 1;
                Ok("there is no loan".to_owned())
            }
        }
    }

    /// Why a patron cannot renew the loan of an item.
    fn against_renewal(&self, patron: usize, item: usize) -> Vec<Why> {
        let mut why = Vec::new();
        if self.debt(patron) >= DEBT_LIMIT_CENTS {
            why.push(Why::DebtLimit);
        }
        let Some(loan) = self.items[item].loan.filter(|loan| self.loans[*loan].patron == patron) else {
            why.push(Why::LoanUnknown);
            return why;
        };
        let loan = &self.loans[loan];
        if loan.state != LoanState::Open {
            why.push(Why::LoanNotRenewable);
        }
        if loan.renewals >= RENEWALS_MAX {
            why.push(Why::RenewalLimit);
        }
        if self.others_wait(item, patron) {
            why.push(Why::ItemWaitedFor);
        }
        if self.due_date(item, patron) <= loan.due {
            why.push(Why::RenewalTooEarly);
        }
        why
    }

    pub(super) fn renew(&mut self, patron: usize, spot: Spot, item: usize) -> Said {
        let why = self.against_renewal(patron, item);
        self.renew_unless(why, patron, spot, item)
    }

    fn renew_unless(&mut self, why: Vec<Why>, patron: usize, spot: Spot, item: usize) -> Said {
        let Some(name) = self.items[item].loan.filter(|_| why.is_empty()) else { return no(why) };
        let (cents, fee) = self.charge_late(name);
        let due = self.due_date(item, patron);
        let at = self.now;
        let loan = &mut self.loans[name];
        loan.events.push(Event { spot, at, before: Before::Renewed { due: loan.due, fee } });
        (loan.due, loan.renewals) = (due, loan.renewals + 1);
        Ok(format!("item {item} until {due}, renewed {}, charged {cents}", loan.renewals))
    }

    /// Each loan by itself, those due first before. What one of them is charged stands against none of the others.
    pub(super) fn renew_all(&mut self, patron: usize, spot: Spot) -> Said {
        let items: Vec<_> = self.loans_of(patron).iter().map(|loan| self.loans[*loan].item).collect();
        let why: Vec<_> = items.iter().map(|item| self.against_renewal(patron, *item)).collect();
        let mut lines = Vec::new();
        for (item, why) in items.into_iter().zip(why) {
            let said = self.renew_unless(why, patron, spot, item);
            lines.push(said.unwrap_or_else(|why| format!("item {item} not: {why:?}")));
        }
        Ok(lines.join("; "))
    }

    pub(super) fn report(&mut self, name: usize, report: Report) -> Said {
        let Some(loan) = self.items[name].loan else { return fault(ErrorReason::NotFound) };
        if self.loans[loan].state == LoanState::Billed {
            return fault(ErrorReason::RuleBroken);
        }
        let item = &mut self.items[name];
        (self.loans[loan].state, item.state) = match (report, item.state) {
            (Report::Lost, _) => (LoanState::Lost, ItemState::Lost),
            (Report::ClaimedReturned, _) => (LoanState::ClaimedReturned, ItemState::Available),
            (Report::Open, _) => (LoanState::Open, ItemState::Available),
        };
        Ok(format!("loan {loan}"))
    }

    pub(super) fn bill(&mut self, name: usize) -> Said {
        let Some(loan) = self.items[name].loan else { return fault(ErrorReason::NotFound) };
        if self.loans[loan].state == LoanState::Billed {
            return fault(ErrorReason::RuleBroken);
        }
        let (late, _) = self.charge_late(loan);
        let patron = self.loans[loan].patron;
        self.owe(patron, FeeKind::Compensation, COMPENSATION_CENTS, Some(loan), None);
        self.owe(patron, FeeKind::Billing, BILL_CENTS, Some(loan), None);
        let of_loan = self.fees.iter_mut().filter(|fee| fee.loan == Some(loan) && fee.open > 0);
        of_loan.for_each(|fee| fee.billed = true);
        self.loans[loan].state = LoanState::Billed;
        Ok(format!("loan {loan}: late {late}, price {COMPENSATION_CENTS}, bill {BILL_CENTS}"))
    }

    /// What a patron is shown of the loans.
    pub(super) fn list_loans(&self, patron: usize) -> String {
        let line = |name: &usize| {
            let Loan { item, due, renewals, state, .. } = &self.loans[*name];
            let late = *due < self.today();
            let accrued = if *state == LoanState::Billed { 0 } else { self.late_cents(*name) };
            let why = no(self.against_renewal(patron, *item)).unwrap_err();
            format!(
                "item {item} until {due}, renewed {renewals}, {state:?}, late {late}, costs {accrued}, {why:?}"
            )
        };
        self.loans_of(patron).iter().map(line).collect::<Vec<_>>().join("; ")
    }
}
