//! The effects of a loan, shared by check-out and both ways of picking up.

use crate::desk::{Turn, turn::Who};
use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use kortisto_domain::{Decision, HoldState, ItemState, LoanState, Moment, due::Due};
use kortisto_store::queries::{
    changes::{Changes, HoldRow, ItemRow, NewLoanRow},
    dialect::At,
    item::{Borrower, Item, OpenLoan, Replaced},
    party::Device,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The answer to a check-out or a pick-up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoanAnswer {
    /// The verdict.
    pub decision: Decision,
    /// The patron's language, where the patron is known.
    pub language: Option<String>,
    /// The loan; none on a refusal.
    pub loan: Option<LoanDetails>,
}

/// A loan, as a screen or a receipt needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoanDetails {
    /// Its key.
    pub id: Uuid,
    /// The barcode of its item.
    pub barcode: String,
    /// What to print.
    pub label: String,
    /// Its last day.
    pub due_on: NaiveDate,
    /// The moment from which it is late.
    #[serde(default)]
    pub due_at: Option<DateTime<Utc>>,
    /// When it began.
    pub lent_at: DateTime<Utc>,
    /// How often it has been renewed.
    #[serde(default)]
    pub renewals: u16,
}

impl LoanDetails {
    /// An open loan of an item.
    pub(crate) fn of(item: &Item, loan: &OpenLoan) -> Self {
        Self {
            id: loan.id,
            barcode: item.barcode.clone(),
            label: item.label.clone(),
            due_on: loan.due_on,
            due_at: loan.due_at,
            lent_at: loan.lent_at,
            renewals: loan.renewals.unsigned_abs(),
        }
    }
}

/// A loan to open, by whatever way it comes about.
pub(crate) struct NewLoan<'a> {
    /// Its key.
    pub(crate) id: Uuid,
    pub(crate) device: &'a Device,
    pub(crate) patron_id: i64,
    pub(crate) card_id: i64,
    pub(crate) item: &'a Item,
    pub(crate) due: Due,
    pub(crate) moment: &'a Moment,
}

impl NewLoan<'_> {
    /// Notes the loan, what it fulfils and where the item is now, and gives what a screen shows of it.
    pub(crate) fn note(&self, changes: &mut Changes) -> LoanDetails {
        let Self { id, device, patron_id, card_id, item, due, moment } = *self;
        let at = moment.at();
        changes.new_loans.push(NewLoanRow {
            item_id: item.id,
            id,
            patron_id,
            card_id,
            branch_id: device.branch_id,
            device_id: device.id,
            material: item.material.clone(),
            lent_at: At(at),
            due_on: due.on,
            due_at: At(due.at),
            was_item_state: item.state.code(),
            was_at_branch_id: item.at_branch_id,
            was_hold_id: item.kept_for.as_ref().map(|kept| kept.id),
        });
        if let Some(kept) = &item.kept_for {
            let row =
                HoldRow { stays_in_compartment: true, ..HoldRow::new(kept.id, HoldState::Fulfilled, At(at)) };
            changes.holds.insert(kept.id, row);
        }
        if item.kept_for.is_some()
            || item.state != ItemState::Available
            || item.at_branch_id != device.branch_id
        {
            let row = ItemRow {
                id: item.id,
                state: ItemState::Available.code(),
                at_branch_id: device.branch_id,
                kept_for_hold_id: None,
            };
            changes.items.insert(item.id, row);
        }
        changes.year(patron_id, year_of(moment.today())).loans += 1;
        LoanDetails {
            id,
            barcode: item.barcode.clone(),
            label: item.label.clone(),
            due_on: due.on,
            due_at: Some(due.at),
            lent_at: at,
            renewals: 0,
        }
    }
}

impl Turn {
    /// Opens the loan, fulfils the hold that kept the item, and lays both over the facts.
    pub(crate) fn open_loan(&mut self, device: &Device, who: &Who, item: &Item, due: Due) -> LoanDetails {
        let at = self.moment.at();
        let id = self.surroundings.new_id(at);
        let patron_id = who.card.patron_id;
        let replaced = Replaced {
            item_state: Some(item.state),
            at_branch_id: Some(item.at_branch_id),
            hold_id: item.kept_for.as_ref().map(|kept| kept.id),
            due_on: None,
            due_at: None,
            device_id: None,
        };
        let loan = NewLoan { id, device, patron_id, card_id: who.card_id, item, due, moment: &self.moment };
        let details = loan.note(&mut self.changes);
        let kept = item.kept_for.as_ref();
        if let Some(hold) = kept.and_then(|kept| self.world.holds.get_mut(&kept.id)) {
            hold.state = HoldState::Fulfilled;
        }
        self.world.count_loan(patron_id, &item.material, true);
        self.world.loan_changed.insert(item.id);
        if let Some(item) = self.world.items.get_mut(&item.id) {
            item.state = ItemState::Available;
            item.at_branch_id = device.branch_id;
            item.kept_for = None;
            item.loan = Some(OpenLoan {
                id,
                patron_id,
                card_id: who.card_id,
                branch_id: device.branch_id,
                device_id: device.id,
                state: LoanState::Open,
                lent_at: at,
                due_on: due.on,
                due_at: Some(due.at),
                renewals: 0,
                renewed_at: None,
                was: replaced,
                renewals_made: 0,
                borrower: Borrower {
                    category: who.patron.facts.category,
                    birth_date: who.patron.facts.birth_date,
                    pseudonym: who.patron.pseudonym,
                    owed_overdue_cents: 0,
                },
                fees: Vec::new(),
            });
        }
        details
    }
}

/// The calendar year of a day, as it is counted by (A75).
pub(crate) fn year_of(day: NaiveDate) -> i16 {
    i16::try_from(day.year()).unwrap_or(i16::MAX)
}
