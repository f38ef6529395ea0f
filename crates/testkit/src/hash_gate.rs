//! A gate before the hashing threads, for tests in which a step has to come before a hash and not after it.

use kortisto_vault::{Random, SystemRandom};
use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// How long a hash waits before a shut gate: a test that forgot it ends all the same, and so do its hashing threads.
const PATIENCE: Duration = Duration::from_secs(60);

/// Bytes of a salt, which is the first thing that a hash of a new secret draws. Nothing else that it draws is as long.
const SALT_BYTES: usize = 16;

/// The source of a vault's salts. Each new secret that is hashed draws one: while the gate is shut, its thread waits
/// there, and every job behind it. A check of a secret against its hash draws none, so it is kept back by putting it
/// behind a hash.
///
/// Clones are the same gate: keep one in the test and give the other to the register. It stands open at first.
#[derive(Clone, Debug, Default)]
pub struct HashGate {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    moved: Condvar,
}

#[derive(Debug, Default)]
struct State {
    shut: bool,
    passes: usize,
    waiting: usize,
}

impl HashGate {
    /// Nothing more passes.
    pub fn shut(&self) {
        self.lock().shut = true;
    }

    /// So many more hashes pass, in the order in which they came; those after them wait again.
    pub fn let_through(&self, hashes: usize) {
        self.lock().passes += hashes;
        self.shared.moved.notify_all();
    }

    /// Everything passes.
    pub fn open(&self) {
        let mut state = self.lock();
        (state.shut, state.passes) = (false, 0);
        drop(state);
        self.shared.moved.notify_all();
    }

    /// How many hashes wait before it now: at most as many as there are hashing threads.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.lock().waiting
    }

    fn pass(&self) {
        let waits = |state: &mut State| state.shut && state.passes == 0;
        let mut state = self.lock();
        state.waiting += 1;
        let waited = self.shared.moved.wait_timeout_while(state, PATIENCE, waits);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        state.passes = state.passes.saturating_sub(1);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Random for HashGate {
    fn fill(&self, out: &mut [u8]) {
        if out.len() == SALT_BYTES {
            self.pass();
        }
        SystemRandom.fill(out);
    }
}

#[cfg(test)]
mod tests {
    use super::{HashGate, SALT_BYTES};
    use kortisto_vault::Random as _;
    use std::{sync::mpsc, thread, time::Duration};

    fn draw(gate: &HashGate) -> [u8; SALT_BYTES] {
        let mut salt = [0; SALT_BYTES];
        gate.fill(&mut salt);
        salt
    }

    #[test]
    fn it_stands_open_at_first() {
        let gate = HashGate::default();
        assert_ne!(draw(&gate), draw(&gate));
    }

    #[test]
    fn as_many_pass_as_are_let_through() {
        let gate = HashGate::default();
        gate.shut();
        let (passed, passes) = mpsc::channel();
        let drawing = thread::spawn({
            let gate = gate.clone();
            move || (0..4).for_each(|number| passed.send((number, draw(&gate))).unwrap())
        });
        passes.recv_timeout(Duration::from_millis(20)).unwrap_err();
        assert_eq!(gate.waiting(), 1);
        gate.let_through(2);
        assert_eq!((passes.recv().unwrap().0, passes.recv().unwrap().0), (0, 1));
        passes.recv_timeout(Duration::from_millis(20)).unwrap_err();
        gate.open();
        assert_eq!((passes.recv().unwrap().0, passes.recv().unwrap().0), (2, 3));
        drawing.join().unwrap();
        assert_eq!(gate.waiting(), 0);
    }
}
