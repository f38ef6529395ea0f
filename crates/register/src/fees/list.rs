//! `FeeService.ListFees`: what the patron of a session owes, and what the children in the patron's care owe.

use super::ledger::{self, Hold};
use crate::{
    Caller, Register, RegisterError, Rpc,
    devices::outside_lane::{Asking, record},
};
use chrono::{DateTime, Utc};
use kortisto_domain::{Decision, FeeKind, Moment, Reason, authenticate, facts::Patron, names};
use kortisto_store::{
    StoreError,
    entities::{fees, patrons},
};
use sea_orm::{ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _};
use std::{collections::HashMap, sync::Arc};
use tokio::time::Instant;
use uuid::Uuid;

/// Whose fees, and which page.
#[derive(Debug, Clone)]
pub struct ListFees {
    /// The device.
    pub caller: Caller,
    /// SHA-256 of the patron token.
    pub token_hash: [u8; 32],
    /// How many at most, 1 to 100.
    pub page_size: usize,
    /// The last fee of the page before.
    pub after: Option<FeePlace>,
}

/// A fee's place in the list: by age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FeePlace {
    /// Microseconds since the epoch at which it came about.
    pub created_at_us: i64,
    /// Its key.
    pub id: Uuid,
}

/// A page of fees.
#[derive(Debug, Clone)]
pub struct FeeList {
    /// Refused when the session is over.
    pub decision: Decision,
    /// The patron's language.
    pub language: Option<String>,
    /// The fees of this page.
    pub fees: Vec<FeeDetails>,
    /// Where the next page begins; none on the last.
    pub next: Option<FeePlace>,
    /// What is open in all, on every page, in cents.
    pub balance_cents: i64,
    /// What of it may be paid at a device, in cents.
    pub payable_cents: i64,
}

/// One fee of which something is open.
#[derive(Clone)]
pub struct FeeDetails {
    /// Its key.
    pub id: Uuid,
    /// What it is for.
    pub kind: FeeKind,
    /// How much it was, in cents.
    pub amount_cents: i64,
    /// What is open of it, in cents.
    pub open_cents: i64,
    /// When it came about.
    pub created_at: DateTime<Utc>,
    /// Author and title of its item. None for a ward's: what a child has borrowed is the child's own.
    pub label: Option<String>,
    /// The municipality to which it is owed, as three digits.
    pub municipality: String,
    /// Whether it may be paid at a device.
    pub payable: bool,
    /// The first given name of the ward who owes it; none where the patron does.
    pub ward_name: Option<String>,
}

impl std::fmt::Debug for FeeDetails {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FeeDetails").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Register {
    /// Lists what the patron of a session and the wards in the patron's care owe, the oldest first.
    ///
    /// # Errors
    /// [`RegisterError`]; a session that is over is a refusal in the answer.
    pub async fn list_fees(
        self: &Arc<Self>,
        ask: ListFees,
        deadline: Instant,
    ) -> Result<FeeList, RegisterError> {
        let register = Arc::clone(self);
        self.store
            .unit_of_work("list_fees", deadline, move |transaction| {
                let (register, ask) = (Arc::clone(&register), ask.clone());
                Box::pin(async move { list(&register, &ask, transaction).await })
            })
            .await
    }
}

/// The keys of the patron and of the wards in the patron's care today.
pub(super) fn payers(patron_id: i64, patron: &Patron, guardian_end_age: u8, moment: &Moment) -> Vec<i64> {
    let wards = patron.wards.iter().filter(|ward| ward.is_in_care(guardian_end_age, moment.today()));
    let mut payers: Vec<i64> = std::iter::once(patron_id).chain(wards.map(|ward| ward.patron)).collect();
    payers.sort_unstable();
    payers.dedup();
    payers
}

async fn list(
    register: &Register,
    ask: &ListFees,
    transaction: &DatabaseTransaction,
) -> Result<FeeList, RegisterError> {
    let asking = Asking::load(register, transaction, &ask.caller, Some(&ask.token_hash), None).await?;
    let device = asking.admit(Rpc::ListFees)?;
    let Some(party) = asking.party_of_running_session() else {
        let decision = Decision::refused(Reason::SessionEnded);
        record(register, transaction, &asking, "list_fees", &decision, None).await?;
        return Ok(nothing(decision, None));
    };
    let language = Some(party.language.clone());
    // A card that was blocked or reported lost since ends what its session may see.
    let standing =
        authenticate::decide(&party.card, &party.patron, device.kind, device.branch_id, &asking.moment);
    if !standing.is_granted() {
        record(register, transaction, &asking, "list_fees", &standing, Some(party.pseudonym)).await?;
        return Ok(nothing(standing, language));
    }
    let rulebook = register.rulebook_in(transaction).await?;
    let end_age = rulebook.policies.relations(asking.moment.today()).guardian_end_age;
    let payers = payers(party.patron_id, &party.patron, end_age, &asking.moment);
    let rows = ledger::owed_by(transaction, &payers, asking.moment.today(), Hold::No).await?;
    let open = |row: &fees::Model| row.open_cents;
    let balance_cents = rows.iter().map(open).sum();
    let payable_cents = rows.iter().filter(|row| row.billed_at.is_none()).map(open).sum();
    let rest = rows.into_iter().filter(|row| ask.after.is_none_or(|after| place(row) > after));
    let mut page: Vec<_> = rest.take(ask.page_size + 1).collect();
    let more = page.len() > ask.page_size;
    page.truncate(ask.page_size);
    let next = page.last().filter(|_| more).map(place);
    let (own, of_wards): (Vec<_>, Vec<_>) = page.iter().partition(|row| row.patron_id == party.patron_id);
    let labels = ledger::labels(transaction, own).await?;
    let names = first_names(transaction, of_wards.iter().map(|row| row.patron_id)).await?;
    let details = |row: fees::Model| {
        let is_own = row.patron_id == party.patron_id;
        Ok(FeeDetails {
            id: row.id,
            kind: ledger::kind(&row)?,
            amount_cents: row.amount_cents,
            open_cents: row.open_cents,
            created_at: row.created_at,
            label: row.item_id.filter(|_| is_own).and_then(|item| labels.get(&item).cloned()),
            payable: row.billed_at.is_none(),
            ward_name: (!is_own).then(|| names.get(&row.patron_id).cloned().unwrap_or_default()),
            municipality: row.municipality,
        })
    };
    let fees = page.into_iter().map(details).collect::<Result<_, StoreError>>()?;
    let decision = Decision::granted();
    record(register, transaction, &asking, "list_fees", &decision, Some(party.pseudonym)).await?;
    Ok(FeeList { decision, language, fees, next, balance_cents, payable_cents })
}

const fn nothing(decision: Decision, language: Option<String>) -> FeeList {
    FeeList { decision, language, fees: Vec::new(), next: None, balance_cents: 0, payable_cents: 0 }
}

fn place(row: &fees::Model) -> FeePlace {
    FeePlace { created_at_us: row.created_at.timestamp_micros(), id: row.id }
}

async fn first_names(
    transaction: &DatabaseTransaction,
    wards: impl Iterator<Item = i64>,
) -> Result<HashMap<i64, String>, StoreError> {
    let found = patrons::Entity::find().filter(patrons::Column::Id.is_in(wards)).all(transaction).await?;
    Ok(found.into_iter().map(|ward| (ward.id, names::first_given(&ward.given_names).to_owned())).collect())
}
