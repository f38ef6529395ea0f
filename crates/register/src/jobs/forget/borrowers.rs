//! Forgets who had an item once the days of its trace are over (A77), unless something is still owed for that loan, or
//! was charged for the item at a desk and is owed. What its patron has consented to is taken into the kept history (A78,
//! A80).

use super::{
    super::{Batched, JobReport, Work},
    desk_fees, traces,
};
use crate::RegisterError;
use chrono::{DateTime, Utc};
use kortisto_domain::{ConsentPurpose, ConsentState, history, policy::HistoryKept};
use kortisto_store::{
    Engine, StoreError,
    entities::{consents, fees, items, kept_history, loan_history},
    queries::{keyset, locks},
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// The job: loans that were returned, then what desks charged for items beside them.
pub(crate) struct ForgetBorrowers;

/// What was looked at last.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    /// Of the loans, by the moment of its return.
    Loans(Option<(DateTime<Utc>, Uuid)>),
    /// Of the fees, by its key.
    DeskFees(Uuid),
}

impl Batched for ForgetBorrowers {
    const NAME: &'static str = "forget_borrowers";

    type Place = Place;

    fn first() -> Place {
        Place::Loans(None)
    }

    async fn batch(work: &Work<'_>, place: Place) -> Result<(JobReport, Option<Place>), RegisterError> {
        let moment = work.register.surroundings.moment();
        let rulebook = work.register.rulebook_in(work.transaction).await?;
        let policy = rulebook.policies.retention(moment.today());
        let before = moment.start_of(history::traced_from(policy.item_trace_days, moment.today()));
        match place {
            Place::Loans(after) => {
                let (report, next) = loans(work, policy.history, before, after).await?;
                Ok((report, Some(next.map_or(Place::DeskFees(Uuid::nil()), |last| Place::Loans(Some(last))))))
            }
            Place::DeskFees(after) => {
                let (report, next) = desk_fees::batch(work, before, after).await?;
                Ok((report, next.map(Place::DeskFees)))
            }
        }
    }
}

/// One batch of the loans, and the last one while there are more.
async fn loans(
    work: &Work<'_>,
    history: HistoryKept,
    before: DateTime<Utc>,
    after: Option<(DateTime<Utc>, Uuid)>,
) -> Result<(JobReport, Option<(DateTime<Utc>, Uuid)>), RegisterError> {
    let mut loans = over(work, before, after).await?;
    let next = loans.last().filter(|_| loans.len() as u64 >= work.rows);
    let next = next.map(|last| (last.returned_at, last.id));
    if !work.dry_run {
        loans = hold(work, loans).await?;
    }
    let owed = owed(work, &loans).await?;
    loans.retain(|loan| !owed.contains(&loan.id));
    if loans.is_empty() {
        return Ok((JobReport::default(), next));
    }
    let kept = kept(work, history, &loans).await?;
    let report = JobReport::of([
        ("forgotten_loans", loans.len() as u64),
        ("loans_kept_in_histories", kept.len() as u64),
    ]);
    if work.dry_run {
        return Ok((report, next));
    }
    if !kept.is_empty() {
        kept_history::Entity::insert_many(kept)
            .exec_without_returning(work.transaction)
            .await
            .map_err(StoreError::from)?;
    }
    let ids: Vec<Uuid> = loans.iter().map(|loan| loan.id).collect();
    traces::of_loans(work.transaction, &ids).await?;
    loan_history::Entity::delete_many()
        .filter(loan_history::Column::Id.is_in(ids))
        .exec(work.transaction)
        .await
        .map_err(StoreError::from)?;
    Ok((report, next))
}

/// Loans that were returned before this, in the order of their returns. What is owed for them is asked of these alone: a
/// batch costs what it looks at, however many loans there are.
async fn over(
    work: &Work<'_>,
    before: DateTime<Utc>,
    place: Option<(DateTime<Utc>, Uuid)>,
) -> Result<Vec<loan_history::Model>, RegisterError> {
    use loan_history::Column::{Id, ReturnedAt};
    let mut query = loan_history::Entity::find()
        .filter(ReturnedAt.lt(before))
        .order_by_asc(ReturnedAt)
        .order_by_asc(Id)
        .limit(work.rows);
    if let Some((at, id)) = place {
        query = query.filter(keyset::behind((ReturnedAt, at), (Id, id)));
    }
    Ok(query.all(work.transaction).await.map_err(StoreError::from)?)
}

/// Those of the loans that are still there once their patrons are held. Whoever withdraws a consent, charges a fee or pays
/// one back holds the patron: what is read after this stands until the loan has gone.
async fn hold(
    work: &Work<'_>,
    loans: Vec<loan_history::Model>,
) -> Result<Vec<loan_history::Model>, RegisterError> {
    let key =
        |loan: &loan_history::Model| locks::Key { patron_id: Some(loan.patron_id), ..locks::Key::default() };
    let keys: Vec<_> = loans.iter().map(key).collect();
    locks::take(work.transaction, Engine::of(work.transaction), &keys).await?;
    let there = loan_history::Entity::find()
        .filter(loan_history::Column::Id.is_in(loans.iter().map(|loan| loan.id)))
        .all(work.transaction);
    Ok(there.await.map_err(StoreError::from)?)
}

/// Those of the loans for which something is owed, or for their item by their patron at a desk.
async fn owed(work: &Work<'_>, loans: &[loan_history::Model]) -> Result<HashSet<Uuid>, RegisterError> {
    let mut owed: HashSet<Uuid> = fees::Entity::find()
        .select_only()
        .column(fees::Column::LoanId)
        .filter(fees::Column::LoanId.is_in(loans.iter().map(|loan| loan.id)))
        .filter(fees::Column::OpenCents.gt(0))
        .into_tuple()
        .all(work.transaction)
        .await
        .map_err(StoreError::from)?
        .into_iter()
        .collect();
    let at_desk = desk_fees::owed(work, loans.iter().map(|loan| (loan.patron_id, loan.item_id))).await?;
    let beside = loans.iter().filter(|loan| at_desk.contains(&(loan.patron_id, loan.item_id)));
    owed.extend(beside.map(|loan| loan.id));
    Ok(owed)
}

/// The rows of those loans that belong to a history which is kept.
async fn kept(
    work: &Work<'_>,
    policy: HistoryKept,
    loans: &[loan_history::Model],
) -> Result<Vec<kept_history::ActiveModel>, RegisterError> {
    let purposes = [ConsentPurpose::LoanHistory, ConsentPurpose::HomeServiceHistory];
    let purposes = purposes.into_iter().filter(|purpose| history::allows(policy, *purpose));
    let standing = consents::Entity::find()
        .filter(consents::Column::PatronId.is_in(loans.iter().map(|loan| loan.patron_id)))
        .filter(consents::Column::Purpose.is_in(purposes.map(ConsentPurpose::code)))
        .filter(consents::Column::State.eq(ConsentState::Granted.code()))
        .filter(consents::Column::WithdrawnAt.is_null())
        .all(work.transaction)
        .await
        .map_err(StoreError::from)?;
    let includes = |loan: &loan_history::Model, purpose: ConsentPurpose| {
        standing.iter().any(|consent| {
            consent.patron_id == loan.patron_id
                && consent.purpose == purpose.code()
                && history::includes(consent.recorded_at, loan.lent_at)
        })
    };
    let mut wanted = Vec::new();
    for loan in loans {
        let for_patron = includes(loan, ConsentPurpose::LoanHistory);
        let for_home_service = includes(loan, ConsentPurpose::HomeServiceHistory);
        if for_patron || for_home_service {
            wanted.push((loan, for_patron, for_home_service));
        }
    }
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let titles: HashMap<i64, i64> = items::Entity::find()
        .select_only()
        .columns([items::Column::Id, items::Column::TitleId])
        .filter(items::Column::Id.is_in(wanted.iter().map(|(loan, ..)| loan.item_id)))
        .into_tuple()
        .all(work.transaction)
        .await
        .map_err(StoreError::from)?
        .into_iter()
        .collect();
    let row = |(loan, for_patron, for_home_service): (&loan_history::Model, bool, bool)| {
        let title = titles.get(&loan.item_id).ok_or(RegisterError::Internal("an item has no title"))?;
        Ok(kept_history::ActiveModel {
            id: Set(loan.id),
            patron_id: Set(loan.patron_id),
            title_id: Set(*title),
            lent_at: Set(loan.lent_at),
            returned_at: Set(loan.returned_at),
            for_patron: Set(for_patron),
            for_home_service: Set(for_home_service),
        })
    };
    wanted.into_iter().map(row).collect()
}
