//! `LoanService.ExplainLoan`: who has an item or had it last, why it is due when it is, what that has cost, and why the
//! item went where it is.

use crate::{
    RegisterError, Rulebook,
    staff::{StaffDesk, StaffRpc, StaffView},
};
use chrono::{DateTime, NaiveDate, Utc};
use kortisto_domain::{
    PatronCategory, Purpose,
    policy::{AppliedPolicy, ItemClass},
};
use kortisto_store::{
    StoreError,
    entities::{audit, fees, items, loan_history, open_loans, patrons, titles},
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use uuid::Uuid;

/// Events that are shown at most.
const EVENTS_MAX: u64 = 100;

/// Costs that are shown at most.
const COSTS_MAX: u64 = 20;

/// Asks about the newest loan of an item.
pub struct ExplainLoan {
    /// The barcode of the item.
    pub barcode: String,
    /// Why it is asked.
    pub purpose: Option<Purpose>,
}

/// Something that happened to a loan.
pub struct LoanEvent {
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub action: String,
    /// By whom.
    pub actor: String,
    /// The code of the branch.
    pub branch: Option<String>,
    /// The hold that it had to do with.
    pub hold: Option<Uuid>,
    /// Whether it was granted.
    pub granted: bool,
    /// The reasons of a refusal.
    pub reasons: Vec<String>,
}

/// Something that a loan has cost, in cents.
pub struct LoanCost {
    /// What for.
    pub kind: String,
    /// How much.
    pub cents: i64,
    /// What is open of it.
    pub open_cents: i64,
    /// The policy that it rests on.
    pub rule: Option<String>,
}

/// The newest loan of an item that is known.
pub struct LoanExplained {
    /// The loan.
    pub loan: Uuid,
    /// The number of the patron.
    pub patron_number: String,
    /// When it began.
    pub lent_at: DateTime<Utc>,
    /// The code of the branch where it began.
    pub lent_branch: String,
    /// Its last day.
    pub due_on: NaiveDate,
    /// How often it has been renewed.
    pub renewals: i16,
    /// When and at which branch it ended; none while it is open.
    pub returned: Option<(DateTime<Utc>, String)>,
    /// The code of the branch where the item is, or was lent.
    pub item_branch: String,
    /// The hold that keeps the item.
    pub kept_for: Option<Uuid>,
    /// What happened, oldest first.
    pub events: Vec<LoanEvent>,
    /// What decides about such a loan today, each with the code of the branch that its row is for.
    pub policies: Vec<(AppliedPolicy, Option<String>)>,
    /// What it has cost, oldest first.
    pub costs: Vec<LoanCost>,
}

/// A loan, open or over.
struct Loan {
    id: Uuid,
    patron_id: i64,
    branch_id: i64,
    material: String,
    lent_at: DateTime<Utc>,
    due_on: NaiveDate,
    renewals: i16,
    returned: Option<(DateTime<Utc>, i64)>,
}

impl StaffView for ExplainLoan {
    const RPC: StaffRpc = StaffRpc::ExplainLoan;
    type Answer = LoanExplained;

    fn purpose(&self) -> Option<Purpose> {
        self.purpose
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<LoanExplained, RegisterError> {
        let item = desk.item(&self.barcode).await?;
        let loan = newest(desk, item.id).await?.ok_or(RegisterError::NotFound { what: "loan" })?;
        let patron = patrons::Entity::find_by_id(loan.patron_id)
            .one(desk.transaction)
            .await
            .map_err(StoreError::from)?
            .ok_or(RegisterError::Internal("a loan has no patron"))?;
        desk.viewed(&patron);
        let rulebook = desk.rulebook().await?;
        let code = |branch: i64| rulebook.branch_code(branch).to_owned();
        Ok(LoanExplained {
            loan: loan.id,
            patron_number: patron.number.clone(),
            lent_at: loan.lent_at,
            lent_branch: code(loan.branch_id),
            due_on: loan.due_on,
            renewals: loan.renewals,
            returned: loan.returned.map(|(at, branch)| (at, code(branch))),
            item_branch: code(item.at_branch_id),
            kept_for: item.kept_for_hold_id,
            events: events(desk, &rulebook, loan.id).await?,
            policies: policies(desk, &rulebook, &item, &loan, &patron).await?,
            costs: costs(desk, loan.id).await?,
        })
    }
}

/// The open loan of an item, or the last one whose trace is kept.
async fn newest(desk: &StaffDesk<'_>, item: i64) -> Result<Option<Loan>, RegisterError> {
    let open = open_loans::Entity::find_by_id(item).one(desk.transaction).await.map_err(StoreError::from)?;
    if let Some(open) = open {
        return Ok(Some(Loan {
            id: open.id,
            patron_id: open.patron_id,
            branch_id: open.branch_id,
            material: open.material,
            lent_at: open.lent_at,
            due_on: open.due_on,
            renewals: open.renewals,
            returned: None,
        }));
    }
    let last = loan_history::Entity::find()
        .filter(loan_history::Column::ItemId.eq(item))
        .order_by_desc(loan_history::Column::ReturnedAt)
        .one(desk.transaction)
        .await
        .map_err(StoreError::from)?;
    Ok(last.map(|last| Loan {
        id: last.id,
        patron_id: last.patron_id,
        branch_id: last.branch_id,
        material: last.material,
        lent_at: last.lent_at,
        due_on: last.due_on,
        renewals: last.renewals,
        returned: Some((last.returned_at, last.returned_branch_id)),
    }))
}

async fn events(
    desk: &StaffDesk<'_>,
    rulebook: &Rulebook,
    loan: Uuid,
) -> Result<Vec<LoanEvent>, RegisterError> {
    let trail = audit::Entity::find()
        .filter(audit::Column::LoanId.eq(loan))
        .order_by_asc(audit::Column::Id)
        .limit(EVENTS_MAX)
        .all(desk.transaction)
        .await
        .map_err(StoreError::from)?;
    let event = |row: audit::Model| LoanEvent {
        at: row.at,
        action: row.action,
        actor: row.actor,
        branch: row.branch_id.map(|id| rulebook.branch_code(id).to_owned()),
        hold: row.hold_id,
        granted: row.granted,
        reasons: serde_json::from_str(&row.reasons).unwrap_or_default(),
    };
    Ok(trail.into_iter().map(event).collect())
}

async fn policies(
    desk: &StaffDesk<'_>,
    rulebook: &Rulebook,
    item: &items::Model,
    loan: &Loan,
    patron: &patrons::Model,
) -> Result<Vec<(AppliedPolicy, Option<String>)>, RegisterError> {
    let title =
        titles::Entity::find_by_id(item.title_id).one(desk.transaction).await.map_err(StoreError::from)?;
    let material = title.map_or_else(|| loan.material.clone(), |title| title.material);
    let class = ItemClass { material: &material, collection: &item.collection };
    let category = PatronCategory::try_from(patron.category).map_err(StoreError::from)?;
    let (place, today) = (rulebook.place(loan.branch_id), desk.moment.today());
    let lending = rulebook.policies.explain_lending(&place, category, class, today);
    let renewals = rulebook.policies.explain_renewals(&place, category, class, today);
    let mut applied: Vec<(AppliedPolicy, Option<String>)> = Vec::new();
    for policy in lending.into_iter().chain(renewals) {
        if !applied.iter().any(|(known, _)| known.key == policy.key) {
            let branch = rulebook.branch_of(&policy).map(str::to_owned);
            applied.push((policy, branch));
        }
    }
    Ok(applied)
}

async fn costs(desk: &StaffDesk<'_>, loan: Uuid) -> Result<Vec<LoanCost>, RegisterError> {
    let rows = fees::Entity::find()
        .filter(fees::Column::LoanId.eq(loan))
        .order_by_asc(fees::Column::Id)
        .limit(COSTS_MAX)
        .all(desk.transaction)
        .await
        .map_err(StoreError::from)?;
    let cost = |fee: fees::Model| LoanCost {
        kind: fee.kind,
        cents: fee.amount_cents,
        open_cents: fee.open_cents,
        rule: fee.rule,
    };
    Ok(rows.into_iter().map(cost).collect())
}
