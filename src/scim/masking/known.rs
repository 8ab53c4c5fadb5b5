//! The secrets that a program knows, which may become more while it runs.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::base::Secret;

/// How many of those that came later are kept; the oldest goes first. Old ones are kept too: what was sent with them may
/// still be shown.
const LATER: usize = 100;

/// Secrets that are masked wherever they stand. Clones are the same secrets.
#[derive(Clone, Default)]
pub struct KnownSecrets(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// Those that were known from the beginning.
    first: Vec<Secret>,
    later: Mutex<VecDeque<Secret>>,
    /// Grows with each change, so that those who mask needn't look.
    version: AtomicU64,
}

impl KnownSecrets {
    /// These to begin with.
    pub fn new(first: Vec<Secret>) -> Self {
        Self(Arc::new(Inner { first, ..Inner::default() }))
    }

    /// One more, unless it is known.
    pub fn add(&self, secret: &Secret) {
        let is_it = |known: &Secret| known.expose() == secret.expose();
        let mut later = self.0.later.lock().unwrap_or_else(PoisonError::into_inner);
        if self.0.first.iter().any(is_it) || later.iter().any(is_it) {
            return;
        }
        if later.len() == LATER {
            later.pop_front();
        }
        later.push_back(secret.clone());
        self.0.version.fetch_add(1, Ordering::Release);
    }

    /// Differs once there is another one.
    pub(super) fn version(&self) -> u64 {
        self.0.version.load(Ordering::Acquire)
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<Secret> {
        let later = self.0.later.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.first.iter().chain(later.iter()).cloned().collect()
    }
}

impl From<Vec<Secret>> for KnownSecrets {
    fn from(first: Vec<Secret>) -> Self {
        Self::new(first)
    }
}

impl fmt::Debug for KnownSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} secrets", self.all().len())
    }
}
