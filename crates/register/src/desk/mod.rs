//! The desk: decides everything that must be exact under concurrency, in the turns of a lane.
//!
//! | step | file |
//! |---|---|
//! | begin, lock, load, commit | here |
//! | what a turn knows, with the effects of its earlier operations laid over | `world` |
//! | device in force, request id, audit row: the same for every operation | `turn` |
//! | the operation itself | `loans/`, `holds/`, `access/`, `patrons/` |

mod load;
mod operation;
pub(crate) mod turn;
pub(crate) mod world;

pub(crate) use load::Windows;
pub(crate) use operation::{Operation, Reply};
pub(crate) use turn::{Deferral, Turn};

use crate::{RegisterError, RulebookShelf, Surroundings};
use kortisto_store::{
    LaneConnection, StoreError,
    lane::{Desk, Fault, Outcome},
    queries::changes,
};
use std::sync::Arc;

/// A lane's desk.
pub(crate) struct LiveDesk {
    pub(crate) connection: LaneConnection,
    pub(crate) surroundings: Surroundings,
    pub(crate) rulebooks: Arc<RulebookShelf>,
}

impl Desk for LiveDesk {
    type Operation = Operation;
    type Answer = Result<Reply, RegisterError>;
    type Error = StoreError;
    type Turn = Turn;

    fn keys(&self, operation: &Operation, keys: &mut Vec<u64>) {
        operation.keys(keys);
    }

    async fn begin(&self, operations: &[&Operation]) -> Result<Turn, StoreError> {
        load::turn(self, operations).await
    }

    fn decide(&self, turn: &mut Turn, index: usize, operation: &Operation) -> Outcome<Self::Answer> {
        match operation.decide(turn, index) {
            Ok(reply) => Outcome::Answered(Ok(reply)),
            Err(Deferral::Error(error)) => Outcome::Answered(Err(error)),
            Err(Deferral::NextTurn) => Outcome::NextTurn,
        }
    }

    async fn commit(&self, mut turn: Turn) -> Result<(), StoreError> {
        let engine = self.connection.engine();
        let (at, today) = (turn.moment.at(), turn.moment.today());
        let changes = std::mem::take(&mut turn.changes);
        match turn.transaction.take() {
            Some(transaction) => {
                changes::apply(&transaction, engine, changes, at, today).await?;
                self.connection.commit(transaction).await
            }
            // Doors only, on PostgreSQL: one statement, which is atomic by itself.
            None => {
                let connection = self.connection.connection().await?;
                changes::apply(&connection, engine, changes, at, today).await
            }
        }
    }

    fn classify(&self, error: &StoreError) -> Fault {
        match error {
            StoreError::Unavailable
            | StoreError::OutcomeUnknown
            | StoreError::Busy
            | StoreError::Conflict
            | StoreError::DeadlinePassed => Fault::Retry,
            StoreError::Unique { .. }
            | StoreError::ForeignKey { .. }
            | StoreError::Check { .. }
            | StoreError::Inconsistent { .. }
            | StoreError::Other { .. } => Fault::Split,
            StoreError::SchemaStale | StoreError::Locked { .. } => Fault::Fatal,
        }
    }

    async fn recover(&self) {
        self.connection.replace().await;
    }
}
