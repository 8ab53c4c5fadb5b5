//! The bounded queue between those who are observed and the thread that writes.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::scim::{HttpExchange, Observer};
use crate::threads::aside;

/// Exchanges that wait at most.
const MOST: usize = 1024;
/// Bytes in them at most, but for the last one.
const MOST_BYTES: usize = 32 * 1024 * 1024;

#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// Something may be put in.
    room: Condvar,
    /// Something may be taken out.
    work: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Arc<HttpExchange>>,
    bytes: usize,
    is_closed: bool,
}

impl State {
    fn is_full(&self) -> bool {
        !self.is_closed && (self.waiting.len() >= MOST || self.bytes >= MOST_BYTES)
    }
}

impl Queue {
    /// Puts an exchange in, once there is room; nothing into a queue that is closed.
    pub(super) fn put(&self, exchange: &Arc<HttpExchange>) {
        let state = self.lock();
        if !state.is_full() {
            return self.put_into(state, exchange);
        }
        drop(state);
        aside(|| {
            let state = self.room.wait_while(self.lock(), |state| state.is_full());
            self.put_into(state.unwrap_or_else(PoisonError::into_inner), exchange);
        });
    }

    /// Takes everything out that waits, once something does; `None` from a closed queue that is empty.
    pub(super) fn take(&self) -> Option<VecDeque<Arc<HttpExchange>>> {
        let state = self.work.wait_while(self.lock(), |state| state.waiting.is_empty() && !state.is_closed);
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        state.bytes = 0;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        self.room.notify_all();
        (!waiting.is_empty()).then_some(waiting)
    }

    /// Takes nothing in any more.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.room.notify_all();
        self.work.notify_all();
    }

    /// The same, and forgets what waits.
    pub(super) fn give_up(&self) {
        self.close();
        self.lock().waiting.clear();
    }

    fn put_into(&self, mut state: MutexGuard<'_, State>, exchange: &Arc<HttpExchange>) {
        if !state.is_closed {
            state.bytes += exchange.request_body.bytes.len() + exchange.response_body.bytes.len();
            state.waiting.push_back(Arc::clone(exchange));
            drop(state);
            self.work.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Queue {
    fn observe(&self, exchange: &Arc<HttpExchange>) {
        self.put(exchange);
    }
}
