//! `LoanService.Renew` and `LoanService.RenewAll`: a patron keeps loans for longer.

use super::{LoanDetails, fees::Charging, renewing};
use crate::{
    Register, RegisterError, Rpc,
    audit::About,
    patrons::at_device::{Ask, Concluded, PatronChange, PatronDesk},
};
use kortisto_domain::Decision;
use kortisto_store::{
    Engine, StoreError,
    entities::{items, open_loans},
    queries::{
        circulation_facts::{self, Key},
        dialect::Hex,
        item::Item,
    },
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tokio::time::Instant;

/// Loans that one call renews at most, those due first; policies allow fewer.
pub const RENEW_ALL_MAX: u64 = 500;

/// One loan, by the barcode of its item.
#[derive(Debug, Clone)]
pub struct Renew {
    /// Who asks.
    pub ask: Ask,
    /// The barcode.
    pub barcode: String,
}

/// Every loan of the patron.
#[derive(Debug, Clone)]
pub struct RenewAll {
    /// Who asks.
    pub ask: Ask,
}

/// What became of one loan.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Renewed {
    /// The verdict.
    pub decision: Decision,
    /// The barcode.
    pub barcode: String,
    /// The loan as it is now; as it stays on a refusal; none where there is no such loan.
    pub loan: Option<LoanDetails>,
    /// What it has cost to be late until now, in cents.
    pub charged_cents: i64,
}

/// The answer to a renewal.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RenewAnswer {
    /// Granted when every loan was renewed, and where there is none.
    pub decision: Decision,
    /// The patron's language.
    pub language: Option<String>,
    /// What became of each loan, those due first before.
    pub loans: Vec<Renewed>,
}

impl Register {
    /// Renews one loan.
    ///
    /// # Errors
    /// [`RegisterError`]; a refusal is in the answer.
    pub async fn renew_loan(
        self: &Arc<Self>,
        ask: Renew,
        deadline: Instant,
    ) -> Result<RenewAnswer, RegisterError> {
        self.patron_change(ask, deadline).await
    }

    /// Renews every loan that may be renewed.
    ///
    /// # Errors
    /// [`RegisterError`]; refusals are in the answer.
    pub async fn renew_loans(
        self: &Arc<Self>,
        ask: RenewAll,
        deadline: Instant,
    ) -> Result<RenewAnswer, RegisterError> {
        self.patron_change(ask, deadline).await
    }
}

impl PatronChange for Renew {
    const RPC: Rpc = Rpc::Renew;
    const ACTION: &'static str = "renew";
    type Answer = RenewAnswer;

    fn ask(&self) -> &Ask {
        &self.ask
    }

    fn body(&self) -> Vec<&[u8]> {
        vec![self.barcode.as_bytes()]
    }

    fn refused(decision: Decision, language: Option<String>) -> RenewAnswer {
        RenewAnswer { decision, language, loans: Vec::new() }
    }

    async fn apply(&self, desk: &mut PatronDesk<'_>) -> Result<Concluded<RenewAnswer>, RegisterError> {
        let found = load(desk, &self.ask, vec![self.barcode.clone()]).await?;
        let item = found.into_iter().next().flatten();
        let about = About {
            item: item.as_ref().map(|item| item.id),
            loan: item.as_ref().and_then(|item| item.loan.as_ref()).map(|loan| loan.id),
            ..About::default()
        };
        let mut owed = None;
        let renewed = one(desk, self.barcode.clone(), item.as_ref(), &mut owed);
        let decision = renewed.decision.clone();
        Ok(conclude(desk, decision, vec![renewed], about))
    }
}

impl PatronChange for RenewAll {
    const RPC: Rpc = Rpc::RenewAll;
    const ACTION: &'static str = "renew_all";
    type Answer = RenewAnswer;

    fn ask(&self) -> &Ask {
        &self.ask
    }

    fn body(&self) -> Vec<&[u8]> {
        Vec::new()
    }

    fn refused(decision: Decision, language: Option<String>) -> RenewAnswer {
        RenewAnswer { decision, language, loans: Vec::new() }
    }

    async fn apply(&self, desk: &mut PatronDesk<'_>) -> Result<Concluded<RenewAnswer>, RegisterError> {
        let barcodes = barcodes(desk).await?;
        let found = load(desk, &self.ask, barcodes.clone()).await?;
        let mut owed = None;
        let loans: Vec<Renewed> = barcodes
            .into_iter()
            .zip(found)
            .map(|(barcode, item)| one(desk, barcode, item.as_ref(), &mut owed))
            .collect();
        let reasons = loans.iter().flat_map(|loan| loan.decision.reasons().iter().copied()).collect();
        Ok(conclude(desk, Decision::from_reasons(reasons), loans, About::default()))
    }
}

fn conclude(
    desk: &PatronDesk<'_>,
    decision: Decision,
    loans: Vec<Renewed>,
    about: About,
) -> Concluded<RenewAnswer> {
    let language = Some(desk.party.language.clone());
    Concluded { answer: RenewAnswer { decision: decision.clone(), language, loans }, decision, about }
}

/// Decides about one loan and notes its renewal. `owed` is what the patron owes for being late, as far as it is known.
fn one(desk: &mut PatronDesk<'_>, barcode: String, item: Option<&Item>, owed: &mut Option<i64>) -> Renewed {
    let decided = renewing::decide(&desk.asker(), item);
    let own =
        item.filter(|item| item.loan.as_ref().is_some_and(|loan| loan.patron_id == desk.party.patron_id));
    let Some((item, loan)) = own.and_then(|item| Some((item, item.loan.as_ref()?))) else {
        return Renewed { decision: decided.decision, barcode, loan: None, charged_cents: 0 };
    };
    let Some(due) = decided.due else {
        let loan = Some(LoanDetails::of(item, loan));
        return Renewed { decision: decided.decision, barcode, loan, charged_cents: 0 };
    };
    let owes = owed.get_or_insert(loan.borrower.owed_overdue_cents);
    let charging = Charging {
        rulebook: &desk.rulebook,
        surroundings: &desk.register.surroundings,
        moment: &desk.moment,
    };
    let (details, charged_cents) =
        renewing::write(&charging, item, loan, due, *owes, desk.device.id, &mut desk.changes);
    *owes += charged_cents;
    Renewed { decision: decided.decision, barcode, loan: Some(details), charged_cents }
}

/// The barcodes of the patron's loans, those due first before.
async fn barcodes(desk: &PatronDesk<'_>) -> Result<Vec<String>, RegisterError> {
    let found: Vec<String> = items::Entity::find()
        .select_only()
        .column(items::Column::Barcode)
        .join(
            sea_orm::JoinType::InnerJoin,
            items::Entity::belongs_to(open_loans::Entity)
                .from(items::Column::Id)
                .to(open_loans::Column::ItemId)
                .into(),
        )
        .filter(open_loans::Column::PatronId.eq(desk.party.patron_id))
        .order_by_asc(open_loans::Column::DueOn)
        .order_by_asc(open_loans::Column::ItemId)
        .limit(RENEW_ALL_MAX)
        .into_tuple()
        .all(desk.transaction)
        .await
        .map_err(StoreError::from)?;
    Ok(found)
}

/// The items with these barcodes, held, in the order of the barcodes.
async fn load(
    desk: &PatronDesk<'_>,
    ask: &Ask,
    barcodes: Vec<String>,
) -> Result<Vec<Option<Item>>, RegisterError> {
    desk.lock_items(barcodes.iter().cloned()).await?;
    let key = |(ord, barcode)| Key {
        fingerprint: Hex(ask.caller.fingerprint.to_vec()),
        barcode: Some(barcode),
        ..Key::blank(ord, desk.moment.today())
    };
    let keys: Vec<Key> = (0..).zip(barcodes).map(key).collect();
    let engine = Engine::of(desk.transaction);
    let mut found = circulation_facts::load(desk.transaction, engine, &keys).await?;
    found.sort_unstable_by_key(|facts| facts.ord);
    Ok(found.into_iter().map(|facts| facts.item).collect())
}
