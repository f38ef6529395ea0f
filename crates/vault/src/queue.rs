//! A bounded queue between the callers and the hashing threads.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// First in, first out, never longer than its capacity.
pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
    arrived: Condvar,
    left: Condvar,
    capacity: usize,
}

struct State<T> {
    waiting: VecDeque<T>,
    closed: bool,
}

impl<T> Queue<T> {
    pub(crate) fn new(capacity: usize) -> Self {
        let state = State { waiting: VecDeque::with_capacity(capacity), closed: false };
        Self { state: Mutex::new(state), arrived: Condvar::new(), left: Condvar::new(), capacity }
    }

    /// Adds `item`, or gives up at once when the queue is full or closed.
    pub(crate) fn try_push(&self, item: T) -> Result<(), Refused> {
        self.push_into(self.lock(), item)
    }

    /// Adds `item`, waiting for room. Refused only when the queue is closed.
    pub(crate) fn push(&self, item: T) -> Result<(), Refused> {
        let mut state = self.lock();
        while !state.closed && state.waiting.len() >= self.capacity {
            state = self.left.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        self.push_into(state, item)
    }

    fn push_into(&self, mut state: MutexGuard<'_, State<T>>, item: T) -> Result<(), Refused> {
        if state.closed || state.waiting.len() >= self.capacity {
            return Err(Refused);
        }
        state.waiting.push_back(item);
        drop(state);
        self.arrived.notify_one();
        Ok(())
    }

    /// Whether one more would be refused now.
    pub(crate) fn is_full(&self) -> bool {
        self.lock().waiting.len() >= self.capacity
    }

    /// The oldest item, waiting for one; `None` once the queue is closed.
    pub(crate) fn pop(&self) -> Option<T> {
        let mut state = self.lock();
        loop {
            if let Some(item) = state.waiting.pop_front() {
                drop(state);
                self.left.notify_one();
                return Some(item);
            }
            if state.closed {
                return None;
            }
            state = self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Drops what waits and takes nothing more.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let dropped = std::mem::take(&mut state.waiting);
        drop(state);
        drop(dropped);
        self.arrived.notify_all();
        self.left.notify_all();
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().waiting.len()
    }

    /// Nothing that can panic runs under the lock, so a poisoned one still guards whole data.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The queue is full or closed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused;

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use super::*;

    #[test]
    fn it_keeps_its_order_and_its_bound() {
        let queue = Queue::new(2);
        assert_eq!(queue.try_push(1), Ok(()));
        assert_eq!(queue.try_push(2), Ok(()));
        assert_eq!(queue.try_push(3), Err(Refused));
        assert_eq!((queue.len(), queue.pop(), queue.pop(), queue.len()), (2, Some(1), Some(2), 0));
    }

    #[test]
    fn closing_ends_everyone_who_waits() {
        let queue = Arc::new(Queue::new(1));
        let popper = thread::spawn({
            let queue = Arc::clone(&queue);
            move || queue.pop()
        });
        queue.push(1).unwrap();
        assert_eq!(popper.join().unwrap(), Some(1));
        queue.push(2).unwrap();
        let pusher = thread::spawn({
            let queue = Arc::clone(&queue);
            move || queue.push(3)
        });
        queue.close();
        assert_eq!(pusher.join().unwrap(), Err(Refused));
        assert_eq!((queue.pop(), queue.try_push(4), queue.len()), (None, Err(Refused), 0));
    }

    #[test]
    fn who_waits_for_room_gets_it() {
        let queue = Arc::new(Queue::new(1));
        let pushers: Vec<_> = (0..8)
            .map(|item| {
                let queue = Arc::clone(&queue);
                thread::spawn(move || queue.push(item))
            })
            .collect();
        let mut got: Vec<i32> = (0..8).filter_map(|_| queue.pop()).collect();
        got.sort_unstable();
        assert_eq!(got, (0..8).collect::<Vec<_>>());
        assert!(pushers.into_iter().all(|pusher| pusher.join().unwrap().is_ok()));
    }
}
