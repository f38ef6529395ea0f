//! Deciding and writing a renewal, shared by the rpc of one loan, of all of them, and by a kiosk that scans a loan again.

use super::{
    LoanDetails,
    fees::{Charging, due_of},
};
use crate::{Rulebook, desk::world::World, rulings::Asker};
use chrono::{DateTime, Utc};
use kortisto_domain::{
    Moment,
    due::Due,
    facts,
    renew::{self, RenewDecision, Renewal},
};
use kortisto_store::queries::{
    changes::{Changes, RenewedLoanRow},
    dialect::At,
    item::{Item, OpenLoan},
};

/// The loan as the rules see it.
pub(crate) fn loan_facts(loan: &OpenLoan, rulebook: &Rulebook, moment: &Moment) -> facts::OpenLoan {
    facts::OpenLoan {
        patron: loan.patron_id,
        state: loan.state,
        lent_at: loan.lent_at,
        last_event_at: last_event_at(loan),
        due: due_of(loan, rulebook, moment),
        renewals: loan.renewals.unsigned_abs(),
    }
}

/// When the loan was made or last renewed.
pub(crate) fn last_event_at(loan: &OpenLoan) -> DateTime<Utc> {
    loan.renewed_at.unwrap_or(loan.lent_at)
}

/// May the asker renew the loan of this item?
pub(crate) fn decide(asker: &Asker<'_>, item: Option<&Item>) -> RenewDecision {
    let Asker { card, patron, patron_id, rulebook, moment, .. } = *asker;
    let found = item.and_then(|item| {
        let loan = item.loan.as_ref()?;
        Some((
            loan_facts(loan, rulebook, moment),
            World::item_facts(item, rulebook, moment.today()),
            loan.branch_id,
        ))
    });
    // Where there is no such loan, the branch only says where bans are looked for.
    let branch = found.as_ref().map_or(asker.branch, |(.., branch)| *branch);
    let class = item.map(Item::class).unwrap_or_default();
    let (place, today) = (rulebook.place(branch), moment.today());
    let policy = rulebook.policies.renewals(&place, patron.category, class, today);
    renew::decide(&Renewal {
        card,
        patron,
        patron_id,
        loan: found.as_ref().map(|(loan, item, _)| (loan, item)),
        branch,
        hours: rulebook.hours(branch),
        due: &rulebook.policies.lending(&place, patron.category, class, today).due,
        policy: &policy,
        moment,
    })
}

/// Writes a renewal, with the fee for being late until now. Gives the loan as it is now, and the cents charged.
pub(crate) fn write(
    charging: &Charging<'_>,
    item: &Item,
    loan: &OpenLoan,
    due: Due,
    owed_cents: i64,
    device_id: i64,
    changes: &mut Changes,
) -> (LoanDetails, i64) {
    let charged = charging.charge_late(item, loan, owed_cents, changes);
    let before = due_of(loan, charging.rulebook, charging.moment);
    changes.renewed_loans.insert(
        item.id,
        RenewedLoanRow {
            item_id: item.id,
            id: loan.id,
            device_id,
            due_on: due.on,
            due_at: At(due.at),
            renewals: loan.renewals.saturating_add(1),
            renewed_at: Some(At(charging.moment.at())),
            was_due_on: Some(before.on),
            was_due_at: Some(At(before.at)),
            was_device_id: Some(loan.device_id),
            renewals_made: loan.renewals_made.saturating_add(1),
        },
    );
    let details = LoanDetails {
        id: loan.id,
        barcode: item.barcode.clone(),
        label: item.label.clone(),
        due_on: due.on,
        due_at: Some(due.at),
        lent_at: loan.lent_at,
        renewals: loan.renewals.unsigned_abs().saturating_add(1),
    };
    (details, charged)
}
