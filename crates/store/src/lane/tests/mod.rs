//! A lane over a desk in memory.

mod callers;
mod faults;
mod model;
mod turns;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};

use futures_util::future::join_all;
use tokio::time::{Instant, sleep};

use super::*;

/// How long `begin` takes here, in paused time: what is called meanwhile waits for the next turn.
const TURN_TIME: Duration = Duration::from_millis(10);

/// What an operation does besides counting up its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trick {
    None,
    /// Asks for the next turn so many times.
    NextTurn(u32),
    PanicInBegin,
    PanicInDecide,
    PanicInCommit,
    /// COMMIT refuses every turn it is in.
    Poison,
    /// COMMIT fails so many times without effect, and not for any operation's sake.
    Conflict(u32),
    /// COMMIT has its effect so many times and then loses the connection.
    LostCommit(u32),
    /// COMMIT has its effect so many times and never answers.
    HungCommit(u32),
    /// BEGIN fails, and nothing helps.
    Fatal,
}

#[derive(Debug)]
struct Operation {
    id: u32,
    keys: Vec<u64>,
    trick: Trick,
    left: AtomicU32,
}

fn operation(id: u32, keys: &[u64], trick: Trick) -> Operation {
    let left = match trick {
        Trick::NextTurn(times)
        | Trick::Conflict(times)
        | Trick::LostCommit(times)
        | Trick::HungCommit(times) => times,
        _ => 0,
    };
    Operation { id, keys: keys.to_vec(), trick, left: AtomicU32::new(left) }
}

impl Operation {
    /// Whether the trick is to be played once more.
    fn plays(&self) -> bool {
        self.left.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok()
    }
}

/// For each key of the operation, in order, how many operations on it came before and were kept.
type Answer = Vec<u64>;

#[derive(Clone, Debug, Default)]
struct State {
    counts: HashMap<u64, u64>,
    remembered: HashMap<u32, Answer>,
    /// In the order they were kept.
    kept: Vec<u32>,
}

#[derive(Default)]
struct MemoryDesk {
    state: Mutex<State>,
    begun: AtomicU32,
    recovered: AtomicU32,
    sizes: Mutex<Vec<usize>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DeskError {
    Poisoned,
    Lost,
    Broken,
}

struct Turn {
    state: State,
    tricks: Vec<(Trick, bool)>,
}

impl Desk for MemoryDesk {
    type Operation = Operation;
    type Answer = Answer;
    type Error = DeskError;
    type Turn = Turn;

    fn keys(&self, operation: &Operation, keys: &mut Vec<u64>) {
        keys.extend(&operation.keys);
    }

    async fn begin(&self, operations: &[&Operation]) -> Result<Turn, DeskError> {
        self.begun.fetch_add(1, SeqCst);
        self.sizes.lock().unwrap().push(operations.len());
        sleep(TURN_TIME).await;
        assert!(!operations.iter().any(|operation| operation.trick == Trick::PanicInBegin), "as asked");
        if operations.iter().any(|operation| operation.trick == Trick::Fatal) {
            return Err(DeskError::Broken);
        }
        Ok(Turn { state: self.state.lock().unwrap().clone(), tricks: Vec::new() })
    }

    fn decide(&self, turn: &mut Turn, _index: usize, operation: &Operation) -> Outcome<Answer> {
        if let Some(answer) = turn.state.remembered.get(&operation.id) {
            return Outcome::Answered(answer.clone());
        }
        match operation.trick {
            Trick::NextTurn(_) if operation.plays() => return Outcome::NextTurn,
            Trick::Conflict(_) | Trick::LostCommit(_) | Trick::HungCommit(_) => {
                turn.tricks.push((operation.trick, operation.plays()));
            }
            trick => turn.tricks.push((trick, true)),
        }
        let mut answer = Answer::new();
        for key in &operation.keys {
            let count = turn.state.counts.entry(*key).or_default();
            answer.push(*count);
            *count += 1;
        }
        turn.state.kept.push(operation.id);
        turn.state.remembered.insert(operation.id, answer.clone());
        // After its effects, so that a turn that goes on with them would be noticed.
        assert!(operation.trick != Trick::PanicInDecide, "as asked");
        Outcome::Answered(answer)
    }

    async fn commit(&self, turn: Turn) -> Result<(), DeskError> {
        let plays =
            |wanted: fn(&Trick) -> bool| turn.tricks.iter().any(|(trick, plays)| *plays && wanted(trick));
        if plays(|trick| *trick == Trick::Poison) {
            return Err(DeskError::Poisoned);
        }
        if plays(|trick| matches!(trick, Trick::Conflict(_))) {
            return Err(DeskError::Lost);
        }
        assert!(!plays(|trick| *trick == Trick::PanicInCommit), "as asked");
        let (lost, hung) = (
            plays(|trick| matches!(trick, Trick::LostCommit(_))),
            plays(|trick| matches!(trick, Trick::HungCommit(_))),
        );
        *self.state.lock().unwrap() = turn.state;
        if hung {
            std::future::pending::<()>().await;
        }
        if lost { Err(DeskError::Lost) } else { Ok(()) }
    }

    fn classify(&self, error: &DeskError) -> Fault {
        match error {
            DeskError::Poisoned => Fault::Split,
            DeskError::Lost => Fault::Retry,
            DeskError::Broken => Fault::Fatal,
        }
    }

    async fn recover(&self) {
        self.recovered.fetch_add(1, SeqCst);
    }
}

impl MemoryDesk {
    fn kept(&self) -> Vec<u32> {
        self.state.lock().unwrap().kept.clone()
    }
}

type Reply = Result<Answer, LaneError<DeskError>>;

fn lane(limits: LaneLimits) -> (Arc<MemoryDesk>, Arc<Lane<MemoryDesk>>) {
    let desk = Arc::new(MemoryDesk::default());
    (Arc::clone(&desk), Arc::new(Lane::start(desk, limits)))
}

fn later() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

/// Calls all of them at once, in this order, and returns their replies in it.
async fn call_all(lane: &Lane<MemoryDesk>, operations: Vec<Operation>) -> Vec<Reply> {
    join_all(operations.into_iter().map(|operation| lane.call(operation, later()))).await
}

/// Everything a lane does must end; a test of it that does not is worth more with its name than a stuck run.
async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(600), work).await.expect("the lane came to a stop")
}
