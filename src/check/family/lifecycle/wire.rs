//! What the engine sends: it is shown to the check, and held back where it would reach what wasn't made here.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::check::made::addressed;
use crate::check::probe::{Answer, Probe, name_attribute};
use crate::client::Gate;
use crate::schema::ObjectKind;
use crate::scim::{HttpExchange, Method, Observer, Request, Resource, get};

/// Between the engine and the endpoint.
///
/// An id may be written to once an answer has shown it under a name that holds the prefix of this run.
pub(super) struct Wire {
    prefix: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    log: Vec<Arc<HttpExchange>>,
    owned: BTreeSet<(ObjectKind, String)>,
    /// How many objects may still be made.
    room: usize,
    held_back: Option<HeldBack>,
}

/// Why a request wasn't sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum HeldBack {
    /// What would be made couldn't be told from what others have made; its name.
    Unnamed(String),
    /// As many objects were made as may be.
    Full,
    /// Nothing has shown that this id is of something that was made here.
    Stranger(ObjectKind),
}

impl Wire {
    pub(super) fn new(prefix: &str, room: usize) -> Self {
        Self { prefix: prefix.to_owned(), state: Mutex::new(State { room, ..State::default() }) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many exchanges there were since they were last taken.
    pub(super) fn len(&self) -> usize {
        self.state().log.len()
    }

    /// The exchanges since they were last taken.
    pub(super) fn take(&self) -> Vec<Arc<HttpExchange>> {
        std::mem::take(&mut self.state().log)
    }

    /// Why a request was held back first.
    pub(super) fn held_back(&self) -> Option<HeldBack> {
        self.state().held_back.clone()
    }

    /// Whether an id is of something that was made here.
    pub(super) fn owns(&self, kind: ObjectKind, id: &str) -> bool {
        self.state().owned.contains(&(kind, id.to_owned()))
    }

    fn is_ours(&self, name: &str) -> bool {
        name.to_lowercase().contains(&self.prefix)
    }

    /// Id and name of what an answer shows of this run.
    fn shown(&self, kind: ObjectKind, exchange: &Arc<HttpExchange>) -> Vec<(String, String)> {
        let answer = Answer::new(0, Arc::clone(exchange));
        if !answer.is_success() {
            return Vec::new();
        }
        let listed = answer.list().map(|list| list.resources).filter(|listed| !listed.is_empty());
        let resources = listed.unwrap_or_else(|| answer.resource().into_iter().collect());
        let one = |resource: &Resource| {
            let name = resource.get(name_attribute(kind))?.as_str()?;
            Some((resource.id()?, name.to_owned())).filter(|(_, name)| self.is_ours(name))
        };
        resources.iter().filter_map(one).collect()
    }
}

impl Gate for Wire {
    fn admit(&self, request: &Request) -> Result<(), String> {
        let name = |kind| {
            let members = request.body.as_ref().and_then(|body| body.as_object());
            members.and_then(|members| get(members, name_attribute(kind))?.as_str()).unwrap_or_default().to_owned()
        };
        let mut state = self.state();
        let (held_back, message) = match (request.method, addressed(&request.path)) {
            (Method::Get, _) => return Ok(()),
            (Method::Post, Some((kind, None))) if !self.is_ours(&name(kind)) => {
                (HeldBack::Unnamed(name(kind)), "its name doesn't say who made it".to_owned())
            }
            (Method::Post, Some((_, None))) if state.room == 0 => {
                (HeldBack::Full, "as many objects were made as may be".to_owned())
            }
            (Method::Post, Some((_, None))) => {
                state.room -= 1;
                return Ok(());
            }
            (Method::Patch | Method::Put | Method::Delete, Some((kind, Some(id)))) => {
                if state.owned.contains(&(kind, id.clone())) {
                    return Ok(());
                }
                (HeldBack::Stranger(kind), format!("`{id}` wasn't made here, so it isn't written to"))
            }
            _ => (HeldBack::Stranger(ObjectKind::User), "nothing else is written to".to_owned()),
        };
        state.held_back.get_or_insert(held_back);
        Err(message)
    }
}

impl Observer for Wire {
    fn observe(&self, exchange: &Arc<HttpExchange>) {
        let shown = addressed(&exchange.target).map(|(kind, _)| (kind, self.shown(kind, exchange)));
        let mut state = self.state();
        if let Some((kind, shown)) = shown {
            state.owned.extend(shown.into_iter().map(|(id, _)| (kind, id)));
        }
        state.log.push(Arc::clone(exchange));
    }
}

/// Creations whose id isn't known yet.
#[derive(Default)]
pub(super) struct Pending(Vec<(ObjectKind, String, crate::check::made::Ticket)>);

impl Pending {
    /// Takes an exchange up: what it made is noted and will be removed.
    pub(super) fn settle(&mut self, wire: &Wire, exchange: &Arc<HttpExchange>, probe: &Probe) {
        let bench = &probe.bench;
        bench.note(probe.check.id, exchange);
        probe.keep(Arc::clone(exchange));
        let Some((kind, id)) = addressed(&exchange.target) else { return };
        let is_success = exchange.status.is_some_and(|status| (200..300).contains(&status));
        match (exchange.method.as_str(), id) {
            ("POST", None) => {
                let body: serde_json::Value = serde_json::from_slice(&exchange.request_body.bytes).unwrap_or_default();
                let name = body.get(name_attribute(kind)).and_then(|name| name.as_str()).unwrap_or_default();
                let ticket = bench.made.announce(kind, name);
                // A server error may come after the work was done; then it is looked for in the end.
                if is_success || exchange.status.is_none_or(|status| status >= 500) {
                    self.0.push((kind, name.to_lowercase(), ticket));
                } else {
                    bench.made.refused(ticket);
                }
            }
            ("DELETE", Some(id)) if is_success || matches!(exchange.status, Some(404 | 410)) => {
                bench.made.deleted(kind, &id);
            }
            _ => {}
        }
        for (id, name) in wire.shown(kind, exchange) {
            if bench.made.owns(kind, &id) {
                continue;
            }
            let is_it = |(of, known, _): &(ObjectKind, String, _)| *of == kind && *known == name.to_lowercase();
            let only = self.0.iter().filter(|(of, ..)| *of == kind).count() == 1;
            let found = self.0.iter().position(is_it);
            let found = found.or_else(|| self.0.iter().position(|(of, ..)| *of == kind).filter(|_| only));
            if let Some(found) = found {
                let (_, _, ticket) = self.0.remove(found);
                bench.made.confirm(ticket, &id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::client::{create_request, delete_request, get_request, patch_request};
    use crate::scim::Content;

    fn shown(method: &str, target: &str, body: &serde_json::Value) -> Arc<HttpExchange> {
        Arc::new(HttpExchange {
            method: method.to_owned(),
            target: target.to_owned(),
            status: Some(200),
            response_body: Content::from(body.to_string().as_bytes()),
            ..HttpExchange::default()
        })
    }

    #[test]
    fn only_what_was_made_here_is_written_to() {
        let wire = Wire::new("scimulate-abc123", 1);
        let sent = |request: Request| wire.admit(&request).is_ok();
        assert!(sent(get_request("/Users", "1")));
        assert!(!sent(create_request("/Users", json!({"userName": "ann@contoso.com"}))));
        assert!(sent(create_request("/Users", json!({"userName": "Scimulate-ABC123-1@example.com"}))));
        assert!(!sent(create_request("/Users", json!({"userName": "scimulate-abc123-2@example.com"}))), "no room");
        assert_eq!(wire.held_back(), Some(HeldBack::Unnamed("ann@contoso.com".to_owned())));
        let everybody = json!({"Resources": [
            {"id": "1", "userName": "ann@contoso.com"}, {"id": 2, "UserName": "scimulate-abc123-1@example.com"}
        ]});
        wire.observe(&shown("GET", "/scim/v2/Users?filter=x", &everybody));
        wire.observe(&shown(
            "GET",
            "/scim/v2/Groups/a%2Fb",
            &json!({"id": "a/b", "displayName": "scimulate-abc123 X"}),
        ));
        for (kind, id, expected) in
            [("/Users", "1", false), ("/Users", "2", true), ("/Groups", "2", false), ("/Groups", "a/b", true)]
        {
            assert_eq!(sent(patch_request(kind, id, json!({}))), expected, "{kind} {id}");
            assert_eq!(sent(delete_request(kind, id)), expected, "{kind} {id}");
        }
        assert!(!sent(create_request("/Bulk", json!({}))));
    }
}
