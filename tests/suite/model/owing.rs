//! The plain model: fees, payments, and what is let off or paid back.

use super::{
    lending::fault,
    op::{Paying, Spot},
    plain::{Fee, Payment, Plain, Said, no},
};
use chrono::Months;
use kortisto::common::v1::{ErrorReason, RefusalReason as Why};
use kortisto_domain::FeeKind;

/// Cents online at least.
pub(super) const ONLINE_MIN_CENTS: i64 = 65;
/// Months after which a private claim has lapsed.
const PRIVATE_MONTHS: Months = Months::new(36);

impl Plain {
    /// Charges a fee; none of nothing.
    pub(super) fn owe(
        &mut self,
        patron: usize,
        kind: FeeKind,
        cents: i64,
        loan: Option<usize>,
        hold: Option<usize>,
    ) -> Option<usize> {
        if cents == 0 {
            return None;
        }
        let at = self.now;
        self.fees.push(Fee {
            patron,
            kind,
            amount: cents,
            open: cents,
            billed: false,
            at,
            loan,
            hold,
            id: None,
        });
        Some(self.fees.len() - 1)
    }

    /// A patron, and the child in the patron's care.
    fn payers(&self, patron: usize) -> Vec<usize> {
        [Some(patron), self.patrons[patron].ward].into_iter().flatten().collect()
    }

    /// Whether a fee is over: what is private and fell due three years ago is owed no more; nothing public gets so old
    /// here.
    fn is_lapsed(&self, fee: &Fee) -> bool {
        let is_private = matches!(fee.kind, FeeKind::Compensation | FeeKind::Other);
        is_private && self.day_of(fee.at) + PRIVATE_MONTHS < self.today()
    }

    /// What somebody owes, whether or not what has lapsed was written down.
    pub(super) fn debt(&self, patron: usize) -> i64 {
        let owed = self.fees.iter().filter(|fee| fee.patron == patron && !self.is_lapsed(fee));
        owed.map(|fee| fee.open).sum()
    }

    /// The fees that these patrons owe, the oldest first.
    fn open_fees(&self, patrons: &[usize]) -> Vec<usize> {
        let open = |name: &usize| {
            let fee = &self.fees[*name];
            fee.open > 0 && patrons.contains(&fee.patron) && !self.is_lapsed(fee)
        };
        let mut names: Vec<_> = (0..self.fees.len()).filter(open).collect();
        names.sort_by_key(|name| (self.fees[*name].at, self.fees[*name].id));
        names
    }

    /// What is open of the fees that a patron may pay, the oldest first.
    pub(super) fn debts(&self, patron: usize) -> Vec<i64> {
        self.open_fees(&self.payers(patron)).into_iter().map(|name| self.fees[name].open).collect()
    }

    /// What a payment at a desk, a kiosk or online pays of which fee, or why it does not.
    fn shares(
        &self,
        patrons: &[usize],
        cents: i64,
        chosen: &[usize],
        spot: Option<Spot>,
    ) -> Result<Vec<(usize, i64)>, Why> {
        let at_desk = spot.is_none();
        let online = spot == Some(Spot::Web);
        let payable = |name: &usize| at_desk || !self.fees[*name].billed;
        let open = self.open_fees(patrons);
        let mut meant: Vec<_> = open.into_iter().filter(payable).collect();
        if chosen.iter().any(|name| !patrons.contains(&self.fees[*name].patron)) {
            return Err(Why::FeeUnknown);
        }
        if !chosen.is_empty() {
            meant.retain(|name| chosen.contains(name));
        }
        if meant.is_empty() {
            return Err(Why::FeeNotPayable);
        }
        if online && cents < ONLINE_MIN_CENTS {
            return Err(Why::PaymentTooSmall);
        }
        let (mut left, mut shares) = (cents, Vec::new());
        for name in meant {
            let share = left.min(self.fees[name].open);
            if share > 0 {
                shares.push((name, share));
            }
            left -= share;
        }
        if left > 0 {
            return Err(Why::PaymentTooMuch);
        }
        let whole = shares.iter().all(|(name, share)| *share == self.fees[*name].open);
        if online && !whole { Err(Why::PaymentNotWhole) } else { Ok(shares) }
    }

    fn keep(&mut self, patron: usize, cents: i64, shares: Vec<(usize, i64)>, balance_of: &[usize]) -> Said {
        for (name, share) in &shares {
            self.fees[*name].open -= share;
        }
        let balance: i64 = balance_of.iter().map(|payer| self.debt(*payer)).sum();
        let said = format!("payment {}: {shares:?}, left {balance}", self.payments.len());
        self.payments.push(Payment { patron, cents, refunded: 0, shares });
        Ok(said)
    }

    pub(super) fn pay(&mut self, patron: usize, spot: Spot, what: Paying) -> Said {
        let ((cents, chosen), payers) = (what.asked(), self.payers(patron));
        match self.shares(&payers, cents, &chosen, Some(spot)) {
            Ok(shares) => self.keep(patron, cents, shares, &payers),
            Err(why) => no([why]),
        }
    }

    /// At a desk everybody pays what is their own.
    pub(super) fn pay_at_desk(&mut self, patron: usize, what: Paying) -> Said {
        let (cents, chosen) = what.asked();
        match self.shares(&[patron], cents, &chosen, None) {
            Ok(shares) => self.keep(patron, cents, shares, &[patron]),
            Err(_) => fault(ErrorReason::RuleBroken),
        }
    }

    pub(super) fn charge(&mut self, patron: usize, cents: i64) -> Said {
        self.owe(patron, FeeKind::Compensation, cents, None, None);
        Ok("charged".to_owned())
    }

    pub(super) fn waive(&mut self, name: usize, cents: Option<i64>) -> Said {
        let fee = &mut self.fees[name];
        let cents = cents.unwrap_or(fee.open);
        if cents == 0 || cents > fee.open {
            return fault(ErrorReason::RuleBroken);
        }
        fee.open -= cents;
        Ok(format!("open {}", fee.open))
    }

    /// The last fee is paid back first, and owed again unless it is let off at once.
    pub(super) fn refund(&mut self, name: usize, cents: Option<i64>, also_waive: bool) -> Said {
        let payment = &mut self.payments[name];
        let cents = cents.unwrap_or(payment.cents - payment.refunded);
        if cents == 0 || cents > payment.cents - payment.refunded {
            return fault(ErrorReason::RuleBroken);
        }
        let (mut left, mut back) = (cents, Vec::new());
        for (fee, share) in payment.shares.iter_mut().rev() {
            let part = left.min(*share);
            if part > 0 {
                back.push((*fee, part));
            }
            (*share, left) = (*share - part, left - part);
        }
        payment.refunded += cents;
        let rest = payment.cents - payment.refunded;
        if !also_waive {
            for (fee, part) in &back {
                self.fees[*fee].open += part;
            }
        }
        Ok(format!("back {back:?}, left {rest}"))
    }

    /// Writes down what has lapsed.
    pub(super) fn lapse(&mut self) -> Said {
        let mut lapsed = 0;
        for name in 0..self.fees.len() {
            if self.is_lapsed(&self.fees[name]) && self.fees[name].open > 0 {
                self.fees[name].open = 0;
                lapsed += 1;
            }
        }
        Ok(format!("{lapsed} lapsed"))
    }

    /// What a patron is shown of the fees.
    pub(super) fn list_fees(&self, patron: usize) -> String {
        let open = self.open_fees(&self.payers(patron));
        let sum =
            |names: &mut dyn Iterator<Item = &usize>| names.map(|name| self.fees[*name].open).sum::<i64>();
        let payable = sum(&mut open.iter().filter(|name| !self.fees[**name].billed));
        let lines: Vec<_> =
            open.iter().map(|name| format!("fee {name}: {}", self.fees[*name].open)).collect();
        format!("{lines:?}, balance {}, payable {payable}", sum(&mut open.iter()))
    }
}
