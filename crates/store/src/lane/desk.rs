//! What a lane needs to know of the operations it runs.

/// Loads, decides and keeps the operations of one lane.
///
/// A turn is [`begin`](Desk::begin), then [`decide`](Desk::decide) for each operation in order, then
/// [`commit`](Desk::commit). When any of them fails the turn is dropped, and dropping it must roll it back.
/// An operation may be begun several times (halves, retries), so nothing but the transaction may keep its effect.
pub trait Desk: Send + Sync + 'static {
    /// What is asked. Carries a request id when it changes something.
    type Operation: Send + Sync + 'static;
    /// What is answered.
    type Answer: Send + 'static;
    /// Why the database could not.
    type Error: Clone + Send + Sync + 'static;
    /// One transaction with the facts it loaded and the effects decided so far. Rolls back when dropped.
    type Turn: Send;

    /// Appends everything the operation may conflict on (card, item, request id) as hashes. Operations that share
    /// a key keep their order. Pure; called once, in the caller's task.
    fn keys(&self, operation: &Self::Operation, keys: &mut Vec<u64>);

    /// Begins one transaction, locks, and loads the facts of all operations.
    ///
    /// # Errors
    /// Whatever the database says; [`classify`](Desk::classify) tells what it means.
    fn begin(
        &self,
        operations: &[&Self::Operation],
    ) -> impl Future<Output = Result<Self::Turn, Self::Error>> + Send;

    /// Decides the operation at `index` of those given to `begin`, against the facts with the effects of the
    /// earlier ones laid over them. Pure but for `turn`.
    fn decide(
        &self,
        turn: &mut Self::Turn,
        index: usize,
        operation: &Self::Operation,
    ) -> Outcome<Self::Answer>;

    /// Applies every effect and commits. Answers leave only after this returned `Ok`.
    ///
    /// # Errors
    /// Whatever the database says; [`classify`](Desk::classify) tells what it means.
    fn commit(&self, turn: Self::Turn) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// What an error means for the turn.
    fn classify(&self, error: &Self::Error) -> Fault;

    /// The turn passed its deadline or lost its connection: throw the connection away and make a new one before
    /// the next turn. Must not wait for the old one.
    fn recover(&self) -> impl Future<Output = ()> + Send;
}

/// What came of one operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome<A> {
    /// Decided. Answered when the turn has committed.
    Answered(A),
    /// The facts that were loaded do not suffice (a second card of the same patron, a card that moved between
    /// loading and locking): decide it in the next turn. No effect may have been laid over the facts.
    NextTurn,
}

/// What an error means for the turn it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It may be one operation's fault (a constraint, a value the engine refuses): halve the turn.
    Split,
    /// It is nobody's fault, and the same turn may go through if run again: lost connection, unknown COMMIT,
    /// PostgreSQL 40001 or 40P01, SQLITE_BUSY.
    Retry,
    /// Neither helps: everyone in the turn is answered with the error.
    Fatal,
}
