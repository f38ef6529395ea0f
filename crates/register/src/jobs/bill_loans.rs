//! Bills loans that are so late that policy says so (A70). What is lost, or said to have been returned, is a desk's.

use super::{Batched, JobReport, Work};
use crate::{
    RegisterError, Rulebook,
    audit::{About, Author},
    loans::fees::Charging,
};
use chrono::NaiveDate;
use kortisto_domain::{Decision, LoanState, Moment, PatronCategory, notices::timing};
use kortisto_store::{
    Engine, StoreError,
    entities::{items, open_loans, patrons},
    queries::{
        changes::{AuditRow, Changes},
        circulation_facts::{self, Key},
        item::{Item, OpenLoan},
        keyset, locks,
    },
};
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};
use std::collections::HashMap;
use uuid::Uuid;

/// The job.
pub(crate) struct BillLoans;

/// What was charged in a batch.
#[derive(Default)]
struct Sum {
    loans: u64,
    cents: i64,
}

impl Batched for BillLoans {
    const NAME: &'static str = "bill_loan";

    /// The last loan that was looked at, by its due date.
    type Place = Option<(NaiveDate, Uuid)>;

    fn first() -> Self::Place {
        None
    }

    async fn batch(
        work: &Work<'_>,
        place: Self::Place,
    ) -> Result<(JobReport, Option<Self::Place>), RegisterError> {
        let moment = work.register.surroundings.moment();
        let rulebook = work.register.rulebook_in(work.transaction).await?;
        let late = late(work, &moment, place).await?;
        let next = late.last().filter(|_| late.len() as u64 >= work.rows);
        let next = next.map(|last| Some((last.due_on, last.id)));
        let due = to_bill(work, &rulebook, &moment, late).await?;
        if work.dry_run || due.is_empty() {
            return Ok((JobReport::of([("billed_loans", due.len() as u64)]), next));
        }
        let sum = bill(work, &due).await?;
        let report =
            JobReport::of([("billed_loans", sum.loans), ("charged_cents", sum.cents.unsigned_abs())]);
        Ok((report, next))
    }
}

/// Open loans whose day is over, in the order of their due dates.
async fn late(
    work: &Work<'_>,
    moment: &Moment,
    place: Option<(NaiveDate, Uuid)>,
) -> Result<Vec<open_loans::Model>, RegisterError> {
    use open_loans::Column::{DueOn, Id, State};
    let mut query = open_loans::Entity::find()
        .filter(DueOn.lt(moment.today()))
        .filter(State.eq(LoanState::Open.code()))
        .order_by_asc(DueOn)
        .order_by_asc(Id)
        .limit(work.rows);
    if let Some((due_on, id)) = place {
        query = query.filter(keyset::behind((DueOn, due_on), (Id, id)));
    }
    Ok(query.all(work.transaction).await.map_err(StoreError::from)?)
}

/// Those of them that are to be billed.
async fn to_bill(
    work: &Work<'_>,
    rulebook: &Rulebook,
    moment: &Moment,
    late: Vec<open_loans::Model>,
) -> Result<Vec<open_loans::Model>, RegisterError> {
    let categories: HashMap<i64, i16> = patrons::Entity::find()
        .select_only()
        .columns([patrons::Column::Id, patrons::Column::Category])
        .filter(patrons::Column::Id.is_in(late.iter().map(|loan| loan.patron_id)))
        .into_tuple()
        .all(work.transaction)
        .await
        .map_err(StoreError::from)?
        .into_iter()
        .collect();
    let mut due = Vec::new();
    for loan in late {
        let category = categories.get(&loan.patron_id).copied().unwrap_or_default();
        let category = PatronCategory::try_from(category).map_err(StoreError::from)?;
        if is_due(rulebook, moment, loan.branch_id, category, loan.due_on) {
            due.push(loan);
        }
    }
    Ok(due)
}

fn is_due(
    rulebook: &Rulebook,
    moment: &Moment,
    branch: i64,
    category: PatronCategory,
    due_on: NaiveDate,
) -> bool {
    let policy = rulebook.policies.notices(&rulebook.place(branch), category, moment.today());
    timing::is_billed(&policy, due_on, moment.today())
}

async fn bill(work: &Work<'_>, due: &[open_loans::Model]) -> Result<Sum, RegisterError> {
    let barcodes: Vec<String> = items::Entity::find()
        .select_only()
        .column(items::Column::Barcode)
        .filter(items::Column::Id.is_in(due.iter().map(|loan| loan.item_id)))
        .order_by_asc(items::Column::Id)
        .into_tuple()
        .all(work.transaction)
        .await
        .map_err(StoreError::from)?;
    let engine = Engine::of(work.transaction);
    let patrons = due.iter().map(|loan| locks::Key { patron_id: Some(loan.patron_id), ..Default::default() });
    let items =
        barcodes.iter().map(|barcode| locks::Key { barcode: Some(barcode.clone()), ..Default::default() });
    let held = locks::take(work.transaction, engine, &patrons.chain(items).collect::<Vec<_>>()).await?;
    // Time may have passed while waiting, and what was late may be back, renewed or billed.
    let moment = work.register.surroundings.moment();
    let rulebook = work.register.rulebook_in(work.transaction).await?;
    let charging =
        Charging { rulebook: &rulebook, surroundings: &work.register.surroundings, moment: &moment };
    let mut sum = Sum::default();
    for barcode in &barcodes {
        // One after the other: what one bill adds to a patron's debt counts for the cap of the next.
        let Some(item) = item_of(work.transaction, engine, &moment, barcode).await? else { continue };
        let Some(loan) = item.loan.as_ref() else { continue };
        let still = loan.state == LoanState::Open
            && held.patron(loan.patron_id)
            && is_due(&rulebook, &moment, loan.branch_id, loan.borrower.category, loan.due_on);
        if !still {
            continue;
        }
        let mut also = Changes::default();
        also.audit.push(audit_row(work, &moment, &item, loan));
        let billed = charging.bill(work.transaction, &item, loan, also).await?;
        sum.loans += 1;
        sum.cents += billed.overdue_cents + billed.compensation_cents + billed.billing_cents;
    }
    Ok(sum)
}

async fn item_of(
    transaction: &DatabaseTransaction,
    engine: Engine,
    moment: &Moment,
    barcode: &str,
) -> Result<Option<Item>, RegisterError> {
    let key = Key { barcode: Some(barcode.to_owned()), ..Key::blank(0, moment.today()) };
    let facts = circulation_facts::load(transaction, engine, &[key]).await?.pop();
    Ok(facts.and_then(|facts| facts.item))
}

fn audit_row(work: &Work<'_>, moment: &Moment, item: &Item, loan: &OpenLoan) -> AuditRow {
    let about = About {
        subject: Some(loan.borrower.pseudonym),
        item: Some(item.id),
        loan: Some(loan.id),
        ..About::default()
    };
    let author = Author::Job { branch: Some(loan.branch_id) };
    about.row(&work.register.surroundings, moment.at(), author, BillLoans::NAME, &Decision::granted())
}
