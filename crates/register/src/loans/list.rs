//! `LoanService.ListLoans`: what the patron of a session has on loan.

use super::{
    LoanDetails,
    fees::{Charging, due_of},
    renewing,
};
use crate::{
    Caller, Register, RegisterError, Rpc,
    devices::outside_lane::{Asking, record},
    rulings::Asker,
};
use chrono::NaiveDate;
use kortisto_domain::{Decision, LoanState, Reason, authenticate};
use kortisto_store::{
    Engine, StoreError,
    entities::{items, open_loans},
    queries::{
        circulation_facts::{self, Key},
        dialect::Hex,
        keyset,
    },
};
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};
use std::{collections::HashMap, sync::Arc};
use tokio::time::Instant;

/// Whose loans, and which page.
#[derive(Debug, Clone)]
pub struct ListLoans {
    /// The device.
    pub caller: Caller,
    /// SHA-256 of the patron token.
    pub token_hash: [u8; 32],
    /// How many at most, 1 to 100.
    pub page_size: usize,
    /// The last loan of the page before.
    pub after: Option<LoanPlace>,
}

/// A loan's place in the list: those due first come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoanPlace {
    /// Its last day.
    pub due_on: NaiveDate,
    /// The key of its item.
    pub item_id: i64,
}

/// A page of loans.
#[derive(Debug, Clone)]
pub struct LoanList {
    /// Refused when the session is over.
    pub decision: Decision,
    /// The patron's language.
    pub language: Option<String>,
    /// The loans of this page.
    pub loans: Vec<ListedLoan>,
    /// Where the next page begins; none on the last.
    pub next: Option<LoanPlace>,
}

/// A loan in the list.
#[derive(Debug, Clone)]
pub struct ListedLoan {
    /// The loan.
    pub loan: LoanDetails,
    /// How it stands.
    pub state: LoanState,
    /// Whether it is late at this moment.
    pub late: bool,
    /// What being late would cost if it came back now, in cents.
    pub accrued_cents: i64,
    /// Why it cannot be renewed now; granted when it can.
    pub renewal: Decision,
}

impl Register {
    /// Lists the loans of the patron of a session, those due first before.
    ///
    /// # Errors
    /// [`RegisterError`]; a session that is over is a refusal in the answer.
    pub async fn list_loans(
        self: &Arc<Self>,
        ask: ListLoans,
        deadline: Instant,
    ) -> Result<LoanList, RegisterError> {
        let register = Arc::clone(self);
        self.store
            .unit_of_work("list_loans", deadline, move |transaction| {
                let (register, ask) = (Arc::clone(&register), ask.clone());
                Box::pin(async move { list(&register, &ask, transaction).await })
            })
            .await
    }
}

async fn list(
    register: &Register,
    ask: &ListLoans,
    transaction: &DatabaseTransaction,
) -> Result<LoanList, RegisterError> {
    let asking = Asking::load(register, transaction, &ask.caller, Some(&ask.token_hash), None).await?;
    let device = asking.admit(Rpc::ListLoans)?.clone();
    let Some(party) = asking.party_of_running_session() else {
        let decision = Decision::refused(Reason::SessionEnded);
        record(register, transaction, &asking, "list_loans", &decision, None).await?;
        return Ok(LoanList { decision, language: None, loans: Vec::new(), next: None });
    };
    let language = Some(party.language.clone());
    // A card that was blocked or reported lost since ends what its session may see.
    let decision =
        authenticate::decide(&party.card, &party.patron, device.kind, device.branch_id, &asking.moment);
    record(register, transaction, &asking, "list_loans", &decision, Some(party.pseudonym)).await?;
    if !decision.is_granted() {
        return Ok(LoanList { decision, language, loans: Vec::new(), next: None });
    }
    let (places, more) = page(transaction, ask, party.patron_id).await?;
    let next = places.last().filter(|_| more).map(|(place, _)| *place);
    let rulebook = register.rulebook_in(transaction).await?;
    let moment = asking.moment;
    let asker = Asker {
        card: &party.card,
        patron: &party.patron,
        patron_id: party.patron_id,
        card_id: party.card_id,
        branch: device.branch_id,
        rulebook: &rulebook,
        moment: &moment,
    };
    let charging = Charging { rulebook: &rulebook, surroundings: &register.surroundings, moment: &moment };
    let keys: Vec<Key> = (0..)
        .zip(&places)
        .map(|(ord, (_, barcode))| Key {
            fingerprint: Hex(ask.caller.fingerprint.to_vec()),
            barcode: Some(barcode.clone()),
            ..Key::blank(ord, moment.today())
        })
        .collect();
    let mut found = circulation_facts::load(transaction, Engine::of(transaction), &keys).await?;
    found.sort_unstable_by_key(|facts| facts.ord);
    let mut loans = Vec::with_capacity(found.len());
    for facts in &found {
        let Some((item, loan)) = facts.item.as_ref().and_then(|item| Some((item, item.loan.as_ref()?)))
        else {
            continue;
        };
        loans.push(ListedLoan {
            loan: LoanDetails::of(item, loan),
            state: loan.state,
            late: moment.at() > due_of(loan, &rulebook, &moment).at,
            accrued_cents: charging.late_cents_at_return(item, loan, loan.borrower.owed_overdue_cents),
            renewal: renewing::decide(&asker, Some(item)).decision,
        });
    }
    Ok(LoanList { decision, language, loans, next })
}

/// The places and barcodes of a page, and whether there are more.
async fn page(
    transaction: &DatabaseTransaction,
    ask: &ListLoans,
    patron_id: i64,
) -> Result<(Vec<(LoanPlace, String)>, bool), RegisterError> {
    use open_loans::Column::{DueOn, ItemId, PatronId};
    let mut query = open_loans::Entity::find().filter(PatronId.eq(patron_id));
    if let Some(LoanPlace { due_on, item_id }) = ask.after {
        query = query.filter(keyset::behind((DueOn, due_on), (ItemId, item_id)));
    }
    let rows = query
        .order_by_asc(DueOn)
        .order_by_asc(ItemId)
        .limit(ask.page_size as u64 + 1)
        .all(transaction)
        .await
        .map_err(StoreError::from)?;
    let more = rows.len() > ask.page_size;
    let ids: Vec<i64> = rows.iter().take(ask.page_size).map(|row| row.item_id).collect();
    let found = items::Entity::find()
        .filter(items::Column::Id.is_in(ids))
        .all(transaction)
        .await
        .map_err(StoreError::from)?;
    let barcodes: HashMap<i64, String> = found.into_iter().map(|item| (item.id, item.barcode)).collect();
    let places = rows.into_iter().take(ask.page_size).filter_map(|row| {
        let place = LoanPlace { due_on: row.due_on, item_id: row.item_id };
        Some((place, barcodes.get(&row.item_id)?.clone()))
    });
    Ok((places.collect(), more))
}
