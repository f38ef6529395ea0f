//! What a batch of reminders writes.
//!
//! One notice groups the loans of a patron that get the same reminder, and costs once: what the dearest of them costs.
//! It is a letter that costs, and not each of its lines. A reminder that the patron does not want has its step marked
//! all the same, and costs nothing, because none is made.

use super::found::Found;
use crate::{
    Register, RegisterError,
    audit::{About, Author},
    desk::world::World,
    jobs::JobReport,
    loans::fees::Charging,
    notices::cause::{self, Reminded},
};
use kortisto_domain::{Decision, FeeKind, fees, notices::text::LINES_MAX, policy::REMINDERS_MAX};
use kortisto_store::{
    StoreError,
    entities::{open_loans, patrons},
    queries::changes::{Changes, NewFeeRow},
};
use sea_orm::{ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, sea_query::Expr};
use std::collections::BTreeMap;

/// The policies that say what the steps cost.
const FEE_RULES: [&str; REMINDERS_MAX] =
    ["fee.reminder_1_cents", "fee.reminder_2_cents", "fee.reminder_3_cents"];

/// A batch at work.
pub(super) struct Writer<'a> {
    register: &'a Register,
    found: &'a Found,
    pub(super) changes: Changes,
    pub(super) marks: Marks,
    notices: u64,
    reminded: u64,
    unwanted: u64,
}

/// The items whose loans have got a reminder, by its step.
#[derive(Default)]
pub(super) struct Marks(BTreeMap<i16, Vec<i64>>);

impl Marks {
    /// Marks the loans. Their items are held, so an item names its loan.
    pub(super) async fn write(self, transaction: &DatabaseTransaction) -> Result<(), RegisterError> {
        for (step, items) in self.0 {
            let rows = open_loans::Entity::update_many().filter(open_loans::Column::ItemId.is_in(items));
            let rows = match step {
                0 => rows.col_expr(open_loans::Column::RemindedFor, Expr::col(open_loans::Column::DueOn)),
                step => rows.col_expr(open_loans::Column::NoticesSent, Expr::value(step)),
            };
            rows.exec(transaction).await.map_err(StoreError::from)?;
        }
        Ok(())
    }
}

impl<'a> Writer<'a> {
    pub(super) fn new(register: &'a Register, found: &'a Found) -> Self {
        Self {
            register,
            found,
            changes: Changes::default(),
            marks: Marks::default(),
            notices: 0,
            reminded: 0,
            unwanted: 0,
        }
    }

    /// What is in it.
    pub(super) fn report(&self) -> JobReport {
        JobReport::of([
            ("notices", self.notices),
            ("reminded_loans", self.reminded),
            ("unwanted_reminders", self.unwanted),
            ("fees", self.changes.new_fees.len() as u64),
        ])
    }

    pub(super) fn write_all(&mut self) -> Result<(), RegisterError> {
        let mut groups: BTreeMap<(i64, i16), Vec<&open_loans::Model>> = BTreeMap::new();
        for loan in &self.found.loans {
            // Returned and lent again between two looks: another run finds it.
            let Some(item) = self.found.items.get(&loan.item_id) else { continue };
            let (rulebook, today) = (&self.found.rulebook, self.found.moment.today());
            let held = World::is_waited_for(item, rulebook, today);
            if let Some(step) = self.found.step(loan, held)? {
                groups.entry((loan.patron_id, step)).or_default().push(loan);
            }
        }
        groups.into_iter().try_for_each(|((patron, step), loans)| self.write(patron, step, &loans))
    }

    /// One reminder of one patron.
    fn write(&mut self, patron: i64, step: i16, loans: &[&open_loans::Model]) -> Result<(), RegisterError> {
        self.marks.0.entry(step).or_default().extend(loans.iter().map(|loan| loan.item_id));
        if self.found.is_unwanted(patron) {
            self.unwanted += loans.len() as u64;
            return Ok(());
        }
        let at = self.found.moment.at();
        let mut new = Vec::with_capacity(loans.len());
        for loan in loans {
            let loan = Reminded { item_id: loan.item_id, loan: loan.id, due_on: loan.due_on, step };
            let line = cause::reminder(self.register.surroundings.new_id(at), patron, &loan, 0, at);
            // A renewal that was taken back has taken the mark with it, and not what was sent.
            if !self.found.told.contains(&line.cause) {
                new.push(line);
            }
        }
        if new.is_empty() {
            return Ok(());
        }
        self.reminded += new.len() as u64;
        for part in new.chunks_mut(LINES_MAX) {
            let notice_id = part[0].notice_id;
            for (position, line) in (0..).zip(part.iter_mut()) {
                line.notice_id = notice_id;
                line.position = position;
            }
            self.changes.notice_lines.extend_from_slice(part);
            self.notices += 1;
        }
        let told: Vec<_> = new.iter().filter_map(|line| line.loan_id).collect();
        let told: Vec<_> = loans.iter().copied().filter(|loan| told.contains(&loan.id)).collect();
        self.charge(step, &told)?;
        let patron =
            self.found.patrons.get(&patron).ok_or(RegisterError::Internal("a loan has no patron"))?;
        self.audit(patron);
        Ok(())
    }

    /// What the reminder costs, by the policies of the places where the loans were made.
    fn charge(&mut self, step: i16, loans: &[&open_loans::Model]) -> Result<(), RegisterError> {
        let Some(place) = usize::try_from(step).ok().and_then(|step| step.checked_sub(1)) else {
            return Ok(());
        };
        let mut dearest: Option<(u32, &open_loans::Model)> = None;
        for loan in loans {
            let cents = self.found.policy(loan)?.reminders[place].cents;
            if cents > dearest.map_or(0, |(most, _)| most) {
                dearest = Some((cents, loan));
            }
        }
        let Some((cents, loan)) = dearest else { return Ok(()) };
        let in_ledger = fees::reminder_step(loan.renewals, u8::try_from(step).unwrap_or(u8::MAX));
        let item = self.found.items.get(&loan.item_id);
        let (Some(item), Some(open)) = (item, item.and_then(|item| item.loan.as_ref())) else {
            return Err(RegisterError::Internal("a loan has no item"));
        };
        if self.found.charged.contains(&(loan.id, in_ledger)) {
            return Ok(());
        }
        let charging = Charging {
            rulebook: &self.found.rulebook,
            surroundings: &self.register.surroundings,
            moment: &self.found.moment,
        };
        self.changes.new_fees.push(NewFeeRow {
            step: in_ledger,
            rule: Some(FEE_RULES[place]),
            ..charging.fee(FeeKind::Reminder, item, open, cents.into())
        });
        Ok(())
    }

    fn audit(&mut self, patron: &patrons::Model) {
        let about = About { subject: Some(patron.pseudonym), ..About::default() };
        self.changes.audit.push(about.row(
            &self.register.surroundings,
            self.found.moment.at(),
            Author::Job { branch: None },
            self.found.reminding.action(),
            &Decision::granted(),
        ));
    }
}
