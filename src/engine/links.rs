//! Which source object an account belongs to: no account is taken over from another one.

use std::sync::{Arc, OnceLock};

use rustc_hash::FxHashMap;

use crate::base::{Fingerprint, SourceId};
use crate::store::ObjectStates;

/// The links that were there when the cycle began, by account. Indexed when first asked: 40 bytes
/// for each link then.
#[derive(Debug)]
pub(crate) struct Links {
    prior: Arc<ObjectStates>,
    by_account: OnceLock<FxHashMap<Fingerprint, SourceId>>,
}

impl Links {
    pub(crate) fn new(prior: Arc<ObjectStates>) -> Self {
        Self { prior, by_account: OnceLock::new() }
    }

    /// The object that an account is linked to, with its name, unless it is this one.
    pub(crate) fn other_owner(&self, account: &str, than: &SourceId) -> Option<String> {
        let by_account = self.by_account.get_or_init(|| {
            let links = self.prior.iter().filter_map(|(id, view)| Some((fingerprint(view.target()?), id.clone())));
            links.collect()
        });
        let owner = by_account.get(&fingerprint(account)).filter(|owner| *owner != than)?;
        let view = self.prior.view(owner).filter(|view| view.target() == Some(account))?;
        Some(format!("{} ({owner})", view.name()))
    }
}

fn fingerprint(account: &str) -> Fingerprint {
    Fingerprint::of(40, account.as_bytes())
}
