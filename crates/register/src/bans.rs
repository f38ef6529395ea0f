//! Bans, placed and lifted by an operator. The rules are those of staff at a desk.

use crate::{RegisterError, Rulebook, Surroundings, staff::bans::BanTerms};
use kortisto_domain::{BanKind, Moment, bans::placing::USE_BAN_DAYS_MAX, policy::BanPolicy};
use kortisto_store::{
    Engine, Retryable, Store, StoreError,
    entities::{audit, bans, branches, cards, patrons},
    queries::locks,
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, DatabaseTransaction, EntityTrait as _,
    QueryFilter as _, sea_query::Expr,
};
use tokio::time::Instant;

/// The author of what an operator does.
const OPERATOR: &str = "operator";

/// A ban to be.
#[derive(Clone)]
pub struct NewBan {
    /// A card of the patron.
    pub card_number: String,
    /// What the ban says.
    pub terms: BanTerms,
}

/// Why a ban was not placed or lifted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BanFault {
    /// No card has this number.
    #[error("no card has this number")]
    NoCard,
    /// The ban breaks a rule.
    #[error("{field}: {rule}")]
    Rule {
        /// What is at fault.
        field: &'static str,
        /// What would be right.
        rule: String,
    },
    /// No branch has the code.
    #[error("no branch has this code")]
    NoBranch,
    /// The rules could not be asked.
    #[error("the rules could not be asked")]
    Rules,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Retryable for BanFault {
    fn retryable(&self) -> bool {
        matches!(self, Self::Store(error) if error.retryable())
    }
}

/// Places a ban. When this returns, no later question gets a yes against it (I8).
///
/// # Errors
/// [`BanFault`].
pub async fn place(
    store: &Store,
    surroundings: &Surroundings,
    ban: NewBan,
    deadline: Instant,
) -> Result<(), BanFault> {
    let (surroundings, engine) = (surroundings.clone(), store.engine());
    store
        .unit_of_work("place_ban", deadline, move |transaction| {
            let (ban, surroundings) = (ban.clone(), surroundings.clone());
            Box::pin(async move { insert(transaction, engine, &surroundings, &ban).await })
        })
        .await
}

async fn insert(
    transaction: &DatabaseTransaction,
    engine: Engine,
    surroundings: &Surroundings,
    ban: &NewBan,
) -> Result<(), BanFault> {
    let patron = lock_patron(transaction, engine, &ban.card_number).await?;
    let branch_id = match &ban.terms.branch {
        None => None,
        Some(code) => Some(branch_id(transaction, code).await?),
    };
    let moment = surroundings.moment();
    let policy = policy(transaction, surroundings, &ban.terms, branch_id, &moment).await?;
    let settled = ban.terms.settle(branch_id, &policy, &moment, OPERATOR.to_owned(), None).map_err(
        |error| match error {
            RegisterError::FieldInvalid { field, rule } => BanFault::Rule { field, rule },
            _ => BanFault::Rules,
        },
    )?;
    let row = settled.row(patron.id).insert(transaction).await.map_err(StoreError::from)?;
    record(transaction, surroundings, "place_ban", &patron, row.branch_id).await
}

async fn branch_id(transaction: &DatabaseTransaction, code: &str) -> Result<i64, BanFault> {
    let branch = branches::Entity::find()
        .filter(branches::Column::Code.eq(code))
        .one(transaction)
        .await
        .map_err(StoreError::from)?;
    branch.map(|branch| branch.id).ok_or(BanFault::NoBranch)
}

/// The policy for a ban. Only use bans have one, so that nothing is read for the others.
async fn policy(
    transaction: &DatabaseTransaction,
    surroundings: &Surroundings,
    terms: &BanTerms,
    branch_id: Option<i64>,
    moment: &Moment,
) -> Result<BanPolicy, BanFault> {
    let (BanKind::Use, Some(branch)) = (terms.kind, branch_id) else {
        return Ok(BanPolicy { use_days_max: USE_BAN_DAYS_MAX });
    };
    let rulebook = Rulebook::load(transaction, surroundings).await?;
    Ok(rulebook.policies.bans(&rulebook.place(branch), moment.today()))
}

/// Lifts every standing ban of a kind, and says how many there were.
///
/// # Errors
/// [`BanFault`].
pub async fn lift(
    store: &Store,
    surroundings: &Surroundings,
    card_number: String,
    kind: BanKind,
    reason: Option<String>,
    deadline: Instant,
) -> Result<u64, BanFault> {
    let (surroundings, engine) = (surroundings.clone(), store.engine());
    store
        .unit_of_work("lift_ban", deadline, move |transaction| {
            let (card_number, reason, surroundings) =
                (card_number.clone(), reason.clone(), surroundings.clone());
            Box::pin(async move {
                let patron = lock_patron(transaction, engine, &card_number).await?;
                let lifted = bans::Entity::update_many()
                    .col_expr(bans::Column::LiftedAt, Expr::value(surroundings.clock.now()))
                    .col_expr(bans::Column::LiftedBy, Expr::value(OPERATOR))
                    .col_expr(bans::Column::LiftReason, Expr::value(reason))
                    .filter(bans::Column::PatronId.eq(patron.id))
                    .filter(bans::Column::Kind.eq(kind.code()))
                    .filter(bans::Column::LiftedAt.is_null())
                    .exec(transaction)
                    .await
                    .map_err(StoreError::from)?;
                record(transaction, &surroundings, "lift_ban", &patron, None).await?;
                Ok(lifted.rows_affected)
            })
        })
        .await
}

/// The patron of a card, locked against decisions until the ban is committed.
async fn lock_patron(
    transaction: &DatabaseTransaction,
    engine: Engine,
    card_number: &str,
) -> Result<patrons::Model, BanFault> {
    let key = locks::Key { card: Some(card_number.to_owned()), ..locks::Key::default() };
    locks::take(transaction, engine, &[key]).await?;
    let card = cards::Entity::find()
        .filter(cards::Column::Number.eq(card_number))
        .one(transaction)
        .await
        .map_err(StoreError::from)?
        .ok_or(BanFault::NoCard)?;
    patrons::Entity::find_by_id(card.patron_id)
        .one(transaction)
        .await
        .map_err(StoreError::from)?
        .ok_or(BanFault::NoCard)
}

async fn record(
    transaction: &DatabaseTransaction,
    surroundings: &Surroundings,
    action: &str,
    patron: &patrons::Model,
    branch_id: Option<i64>,
) -> Result<(), BanFault> {
    let now = surroundings.clock.now();
    audit::ActiveModel {
        id: Set(surroundings.new_id(now)),
        at: Set(now),
        action: Set(action.to_owned()),
        granted: Set(true),
        reasons: Set("[]".to_owned()),
        actor: Set(OPERATOR.to_owned()),
        branch_id: Set(branch_id),
        subject: Set(Some(patron.pseudonym)),
        ..Default::default()
    }
    .insert(transaction)
    .await
    .map_err(StoreError::from)?;
    Ok(())
}
