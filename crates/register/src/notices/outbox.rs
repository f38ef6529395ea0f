//! The outbox: who takes a notice out of it, and what is recorded of it.
//!
//! A notice is taken for [`super::LEASE`], with the key of the consignment in which it goes. The try counts from then
//! on, so one that brings a server down each time is given up too; what turns out not to have been begun gets its try
//! back. Another server takes it again only when that time is over, and records what became of it only as long as nobody
//! else has taken it.

use super::{LEASE, courier::PROOF_CHARS_MAX};
use crate::RegisterError;
use chrono::{DateTime, TimeDelta, Utc};
use kortisto_domain::{NoticeChannel, NoticeReason, NoticeState, notices::retry};
use kortisto_store::{StoreError, entities::notices};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Select, UpdateMany,
    sea_query::{Expr, ExprTrait as _, LockBehavior, LockType},
};
use uuid::Uuid;

/// Where a notice went, or would have gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Way {
    pub(crate) channel: NoticeChannel,
    /// The patron or the guardian.
    pub(crate) person_id: i64,
}

/// What is recorded of a notice that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Handed out, with the proof.
    Sent(Way, String),
    /// To be tried again, or given up after so many tries. There is no way where it did not come so far.
    Later(Option<Way>, NoticeReason),
    /// Not begun: it stands as before it was taken, and is due again after this pause.
    NotBegun(TimeDelta),
    /// Refused for good.
    Refused(Way),
    /// Rightly not handed out.
    Dropped(NoticeReason),
    /// Nobody can be reached.
    Undeliverable(NoticeReason),
}

/// The notices whose time has come, the longest waiting first.
pub(crate) fn due(now: DateTime<Utc>, most: u64) -> Select<notices::Entity> {
    let free =
        Condition::any().add(notices::Column::TakenUntil.is_null()).add(notices::Column::TakenUntil.lte(now));
    notices::Entity::find()
        .filter(notices::Column::State.eq(NoticeState::Waiting.code()))
        .filter(notices::Column::NextTryAt.lte(now))
        .filter(free)
        .order_by_asc(notices::Column::NextTryAt)
        .order_by_asc(notices::Column::Id)
        .limit(most)
}

/// Takes notices out for one consignment; gives them as they stood before. Those that another server is taking at this
/// moment are left to it.
pub(crate) async fn take(
    transaction: &DatabaseTransaction,
    consignment: Uuid,
    now: DateTime<Utc>,
    most: u64,
) -> Result<Vec<notices::Model>, RegisterError> {
    let taken = due(now, most)
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .all(transaction)
        .await
        .map_err(StoreError::from)?;
    if !taken.is_empty() {
        notices::Entity::update_many()
            .col_expr(notices::Column::TakenBy, Expr::value(consignment))
            .col_expr(notices::Column::TakenUntil, Expr::value(now + LEASE))
            .col_expr(notices::Column::Tries, Expr::col(notices::Column::Tries).add(1_i16))
            .filter(notices::Column::Id.is_in(taken.iter().map(|notice| notice.id)))
            .exec(transaction)
            .await
            .map_err(StoreError::from)?;
    }
    Ok(taken)
}

/// Records what became of a notice of a consignment. Gives the state in which it is then; none where another server
/// has taken it meanwhile, or this was recorded before.
pub(crate) async fn record(
    connection: &impl ConnectionTrait,
    consignment: Uuid,
    notice: &notices::Model,
    outcome: &Outcome,
    now: DateTime<Utc>,
) -> Result<Option<NoticeState>, RegisterError> {
    let again = retry::pause(notice.tries + 1);
    let (state, way, reason, proof) = match outcome {
        Outcome::NotBegun(pause) => {
            return give_back(connection, consignment, notice, now + *pause).await;
        }
        Outcome::Sent(way, proof) => (NoticeState::Sent, Some(*way), None, Some(proof)),
        Outcome::Later(way, reason) => {
            let state = if again.is_some() { NoticeState::Waiting } else { NoticeState::Failed };
            (state, *way, Some(*reason), None)
        }
        Outcome::Refused(way) => (NoticeState::Failed, Some(*way), Some(NoticeReason::Refused), None),
        Outcome::Dropped(reason) => (NoticeState::Dropped, None, Some(*reason), None),
        Outcome::Undeliverable(reason) => (NoticeState::Undeliverable, None, Some(*reason), None),
    };
    let again = again.filter(|_| state == NoticeState::Waiting);
    let proof = proof.map(|proof| proof.chars().take(PROOF_CHARS_MAX).collect::<String>());
    let done = still_taken(consignment, notice)
        .col_expr(notices::Column::State, Expr::value(state.code()))
        .col_expr(notices::Column::Channel, Expr::value(way.map(|way| way.channel.code())))
        .col_expr(notices::Column::SentToId, Expr::value(way.map(|way| way.person_id)))
        .col_expr(notices::Column::Reason, Expr::value(reason.map(NoticeReason::code)))
        .col_expr(notices::Column::SentAt, Expr::value((state == NoticeState::Sent).then_some(now)))
        .col_expr(notices::Column::Proof, Expr::value(proof))
        .col_expr(notices::Column::NextTryAt, Expr::value(again.map(|pause| now + pause)))
        .col_expr(notices::Column::TakenUntil, Expr::value(None::<DateTime<Utc>>))
        .exec(connection)
        .await
        .map_err(StoreError::from)?;
    Ok((done.rows_affected == 1).then_some(state))
}

/// Puts a notice back as it stood before it was taken, to be taken again from this moment on. Also in which consignment
/// it went before: a print file is looked for under that key.
async fn give_back(
    connection: &impl ConnectionTrait,
    consignment: Uuid,
    notice: &notices::Model,
    again: DateTime<Utc>,
) -> Result<Option<NoticeState>, RegisterError> {
    let done = still_taken(consignment, notice)
        .col_expr(notices::Column::Tries, Expr::value(notice.tries))
        .col_expr(notices::Column::NextTryAt, Expr::value(again))
        .col_expr(notices::Column::TakenBy, Expr::value(notice.taken_by))
        .col_expr(notices::Column::TakenUntil, Expr::value(None::<DateTime<Utc>>))
        .exec(connection)
        .await
        .map_err(StoreError::from)?;
    Ok((done.rows_affected == 1).then_some(NoticeState::Waiting))
}

/// A change of a notice, for as long as it is taken for this consignment.
fn still_taken(consignment: Uuid, notice: &notices::Model) -> UpdateMany<notices::Entity> {
    notices::Entity::update_many()
        .filter(notices::Column::Id.eq(notice.id))
        .filter(notices::Column::State.eq(NoticeState::Waiting.code()))
        .filter(notices::Column::TakenBy.eq(consignment))
        .filter(notices::Column::TakenUntil.is_not_null())
}
