//! Bans, placed and lifted by an operator.

use crate::Surroundings;
use chrono::{DateTime, Duration, Utc};
use kortisto_domain::BanKind;
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

/// The longest use ban (Public Libraries Act 1492/2016, section 15).
const USE_BAN_MAX: Duration = Duration::days(30);

/// A ban to be.
#[derive(Clone)]
pub struct NewBan {
    /// A card of the patron.
    pub card_number: String,
    /// What it forbids.
    pub kind: BanKind,
    /// The code of the branch; none means everywhere.
    pub branch: Option<String>,
    /// When it ends by itself; none means when it is lifted.
    pub ends_at: Option<DateTime<Utc>>,
    /// Why, 1 to 500 characters.
    pub reason: String,
}

/// Why a ban was not placed or lifted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BanFault {
    /// No card has this number.
    #[error("no card has this number")]
    NoCard,
    /// No branch has this code.
    #[error("no branch has the code {0:?}")]
    NoBranch(String),
    /// The law sets limits to use bans.
    #[error("a use ban names one branch and ends within 30 days (Public Libraries Act, section 15)")]
    UseBanLimits,
    /// It would end before it begins.
    #[error("a ban ends after it begins")]
    EndsBefore,
    /// No or too long a reason.
    #[error("a ban has a reason of 1 to 500 characters")]
    Reason,
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
    let now = surroundings.clock.now();
    if ban.reason.trim().is_empty() || ban.reason.chars().count() > 500 {
        return Err(BanFault::Reason);
    }
    if ban.ends_at.is_some_and(|end| end <= now) {
        return Err(BanFault::EndsBefore);
    }
    let within_law = ban.branch.is_some() && ban.ends_at.is_some_and(|end| end <= now + USE_BAN_MAX);
    if ban.kind == BanKind::Use && !within_law {
        return Err(BanFault::UseBanLimits);
    }
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
    let branch_id = match &ban.branch {
        None => None,
        Some(code) => Some(
            branches::Entity::find()
                .filter(branches::Column::Code.eq(code))
                .one(transaction)
                .await
                .map_err(StoreError::from)?
                .ok_or_else(|| BanFault::NoBranch(code.clone()))?
                .id,
        ),
    };
    let now = surroundings.clock.now();
    bans::ActiveModel {
        patron_id: Set(patron.id),
        kind: Set(ban.kind.code()),
        branch_id: Set(branch_id),
        starts_at: Set(now),
        ends_at: Set(ban.ends_at),
        reason: Set(ban.reason.clone()),
        placed_by: Set("operator".to_owned()),
        placed_at: Set(now),
        ..Default::default()
    }
    .insert(transaction)
    .await
    .map_err(StoreError::from)?;
    record(transaction, surroundings, "place_ban", &patron, branch_id).await
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
    deadline: Instant,
) -> Result<u64, BanFault> {
    let (surroundings, engine) = (surroundings.clone(), store.engine());
    store
        .unit_of_work("lift_ban", deadline, move |transaction| {
            let (card_number, surroundings) = (card_number.clone(), surroundings.clone());
            Box::pin(async move {
                let patron = lock_patron(transaction, engine, &card_number).await?;
                let lifted = bans::Entity::update_many()
                    .col_expr(bans::Column::LiftedAt, Expr::value(surroundings.clock.now()))
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
        actor: Set("operator".to_owned()),
        branch_id: Set(branch_id),
        subject: Set(Some(patron.pseudonym)),
        ..Default::default()
    }
    .insert(transaction)
    .await
    .map_err(StoreError::from)?;
    Ok(())
}
