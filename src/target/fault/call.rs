//! A request as faults see it.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use url::form_urlencoded::{self, Serializer};

use super::operations::{member, member_mut};
use crate::base::Timestamp;
use crate::scim::{Filter, Method, Resource, ResourceSchema};
use crate::target::answer::Origin;
use crate::target::bulk::MAX_PAYLOAD_SIZE;
use crate::target::collection::{Collection, parse};
use crate::target::projection::Projection;
use crate::target::storage::{Cursor, Extent, Stored};
use crate::target::{Endpoint, Kind};

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// A query, by GET or through `/.search`.
    List,
    Read,
    Create,
    Replace,
    Patch,
    Delete,
    /// What the endpoint says of itself, bulk requests, what doesn't exist.
    Other,
}

impl Act {
    pub(super) const fn writes(self) -> bool {
        matches!(self, Self::Create | Self::Replace | Self::Patch | Self::Delete)
    }
}

/// A request as a fault sees it.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) act: Act,
    /// `None` where no resource is asked for.
    pub(super) kind: Option<Kind>,
    /// The resource that is asked for.
    pub(super) id: Option<String>,
    /// Below the endpoint, as it was sent.
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) now: Timestamp,
    /// Encoded.
    pub(super) query: String,
    /// Null where there is none, or none that is JSON.
    pub(super) body: Value,
    /// What is kept under the id when the request comes.
    pub(super) before: Option<Stored>,
    endpoint: Endpoint,
}

impl Call {
    /// What the head of a request says; `None` for what isn't below the endpoint.
    pub(super) fn of(endpoint: &Endpoint, method: Method, parts: &Parts) -> Option<Self> {
        let path = parts.uri.path().strip_prefix(&**endpoint.base_path())?;
        if !path.is_empty() && !path.starts_with('/') {
            return None;
        }
        let (kind, id) = asked_for(path);
        let act = match (kind, &id, method) {
            (Some(_), None, Method::Get) => Act::List,
            (Some(_), None, Method::Post) if path.ends_with(SEARCH) => Act::List,
            (Some(_), None, Method::Post) => Act::Create,
            (Some(_), Some(_), Method::Get) => Act::Read,
            (Some(_), Some(_), Method::Put) => Act::Replace,
            (Some(_), Some(_), Method::Patch) => Act::Patch,
            (Some(_), Some(_), Method::Delete) => Act::Delete,
            _ => Act::Other,
        };
        Some(Self {
            method,
            act,
            kind,
            id,
            path: path.to_owned(),
            headers: parts.headers.clone(),
            now: endpoint.clock().now(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            body: Value::Null,
            before: None,
            endpoint: endpoint.clone(),
        })
    }

    /// Takes in the body, and what is kept at this moment.
    pub(super) fn complete(&mut self, body: &Bytes) {
        self.body = serde_json::from_slice(body).unwrap_or_default();
        self.before = self.stored();
    }

    /// The largest body that is taken of such a request.
    pub(super) fn max_size(&self) -> usize {
        self.kind.map_or(MAX_PAYLOAD_SIZE, Kind::max_size)
    }

    /// What is kept under the id now; nothing where it can't be read.
    pub(super) fn stored(&self) -> Option<Stored> {
        self.collection()?.by_id(self.id.as_ref()?, Extent::WHOLE).ok()?
    }

    /// The resource as it was when the request came.
    pub(super) fn resource(&self) -> Option<Resource> {
        self.before.as_ref().map(parse)
    }

    /// Whether something of this kind had the name, and was deleted.
    pub(super) fn is_gone(&self, name: &str) -> bool {
        self.kind.is_some_and(|kind| self.endpoint.faults_in_force().is_gone(kind, name))
    }

    /// The resource as it was before its last change.
    pub(super) fn older(&self) -> Option<Stored> {
        self.endpoint.faults_in_force().older(self.kind?, self.id.as_ref()?)
    }

    /// Every resource of the kind that was changed, by id, as it was before its last change.
    pub(super) fn all_older(&self) -> BTreeMap<String, Stored> {
        self.kind.map(|kind| self.endpoint.faults_in_force().all_older(kind)).unwrap_or_default()
    }

    /// Whether a resource of the kind is kept that is like this.
    pub(super) fn any(&self, is_like: impl Fn(&Resource) -> bool) -> bool {
        let Some(kind) = self.kind else { return false };
        let mut cursor = Cursor::default();
        loop {
            match self.endpoint.storage().read(|reader| reader.walk(kind, &mut cursor, Extent::WHOLE)) {
                Ok(found) if !found.is_empty() => {
                    if found.iter().any(|stored| is_like(&parse(stored))) {
                        return true;
                    }
                }
                _ => return false,
            }
        }
    }

    pub(super) fn base_path(&self) -> &str {
        self.endpoint.base_path()
    }

    pub(super) fn schema(&self) -> Option<ResourceSchema> {
        Some(self.collection()?.schema().clone())
    }

    fn collection(&self) -> Option<Collection> {
        self.endpoint.collection(self.kind?)
    }

    /// A kept resource with its location.
    pub(super) fn located(&self, stored: &Stored) -> Resource {
        let Some(kind) = self.kind else { return parse(stored) };
        Origin::of(&self.headers, self.endpoint.base_path()).outgoing(kind, stored)
    }

    /// A resource with those attributes that are asked for.
    pub(super) fn project(&self, resource: Resource) -> Resource {
        let Some(collection) = self.collection() else { return resource };
        match Projection::of(std::slice::from_ref(&collection), &self.query)
            .as_ref()
            .map(|projection| projection.needed_for(&collection))
        {
            Ok(Some(projection)) => {
                Resource::from_value(projection.keep_of(collection.schema(), resource)).unwrap_or_default()
            }
            _ => resource,
        }
    }

    /// A parameter of a query, of the URL or of a search's body.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        if self.method == Method::Get {
            let mut parameters = form_urlencoded::parse(self.query.as_bytes());
            return parameters.find(|(known, _)| known == name).map(|(_, value)| value.into_owned());
        }
        match member(&self.body, name)? {
            Value::String(text) => Some(text.clone()),
            value => Some(value.to_string()),
        }
    }

    /// Leaves parameters out of the query.
    pub(super) fn drop_parameters(&mut self, names: &[&str]) {
        if self.method == Method::Get {
            if names.iter().any(|name| self.parameter(name).is_some()) {
                let pairs = form_urlencoded::parse(self.query.as_bytes());
                let kept = pairs.filter(|(name, _)| !names.contains(&&**name));
                self.query = Serializer::new(String::new()).extend_pairs(kept).finish();
            }
            return;
        }
        for name in names {
            if let Some(value) = member_mut(&mut self.body, name) {
                *value = Value::Null;
            }
        }
    }

    /// What a query asks for, where that can be read.
    pub(super) fn filter(&self) -> Option<Filter> {
        Filter::parse(&self.parameter("filter")?).ok()
    }

    /// A header's value, empty where there is none.
    pub(super) fn header(&self, name: &str) -> String {
        self.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).unwrap_or_default()
    }
}

const SEARCH: &str = "/.search";

/// The kind of resource that a path below the endpoint means, and its id.
fn asked_for(path: &str) -> (Option<Kind>, Option<String>) {
    for kind in Kind::ALL {
        match path.strip_prefix(kind.path()) {
            None => {}
            Some("" | "/" | SEARCH) => return (Some(kind), None),
            Some(rest) => {
                if let Some(id) = rest.strip_prefix('/') {
                    return (Some(kind), Some(percent_decode_str(id).decode_utf8_lossy().into_owned()));
                }
            }
        }
    }
    (None, None)
}
