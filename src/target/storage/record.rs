//! Resources as they are written and as they are read.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::terms::{Term, terms};
use crate::scim::Resource;
use crate::target::Kind;
use crate::target::version::Version;

/// The attribute of a group that is kept apart from the rest.
pub(super) const MEMBERS: &str = "members";

/// A resource as it is written.
#[derive(Debug, Clone)]
pub(in crate::target) struct Record {
    pub(in crate::target) id: String,
    /// What it is found by, unique among resources where the kind says so.
    pub(in crate::target) key: String,
    /// The JSON text, its list of members empty.
    pub(super) body: String,
    /// Where in the text the members belong.
    pub(super) members_at: Option<u32>,
    pub(super) members: Members,
    pub(super) terms: Vec<Term>,
}

/// What a write makes of the members of a group.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Members {
    /// These are all.
    All(Vec<Value>),
    /// Entries with one of these values become those; all others stay.
    Named(Vec<String>, Vec<Value>),
}

impl Record {
    /// From a document that begins with `id` and ends with `meta`, and the version that it takes the place of.
    pub(in crate::target) fn new(
        kind: Kind,
        id: String,
        key: String,
        mut document: Map<String, Value>,
        before: Option<Version>,
    ) -> Self {
        let terms = terms(kind, &document);
        let apart = match document.get_mut(MEMBERS) {
            Some(Value::Array(members)) if kind == Kind::Group => Some(std::mem::take(members)),
            _ => None,
        };
        let (mut body, mut members_at) = (String::from("{"), None);
        for (name, value) in &document {
            if body.len() > 1 {
                body.push(',');
            }
            body.push_str(&json_text(name));
            body.push(':');
            if apart.is_some() && name == MEMBERS {
                members_at = u32::try_from(body.len() + 1).ok();
            }
            body.push_str(&value.to_string());
        }
        let listed = apart.as_deref().map(joined);
        let version = Version::after(before, &body, listed.as_deref());
        if body.pop() == Some('}') {
            version.write(&mut body);
        }
        body.push_str("}}");
        Self { id, key, body, members_at, members: Members::All(apart.unwrap_or_default()), terms }
    }

    /// Of the members only the entries with these values were read, and may have changed.
    pub(in crate::target) fn with_named_members(mut self, values: Vec<String>) -> Self {
        if let Members::All(entries) = self.members {
            self.members = Members::Named(values, entries);
        }
        self
    }

    /// How long the text is, in bytes; where all members stay but some, without any.
    pub(in crate::target) fn size(&self) -> usize {
        let members = match &self.members {
            Members::All(entries) => entries.iter().map(|entry| entry.to_string().len() + 1).sum(),
            Members::Named(..) => 0,
        };
        self.body.len() + members
    }

    /// The same resource as it would be read.
    pub(in crate::target) fn to_stored(&self) -> Stored {
        let members = self.members_at.map(|at| (at, vec![joined(self.written_members()).into()]));
        Stored::new(self.body.as_str().into(), members)
    }

    fn written_members(&self) -> &[Value] {
        let (Members::All(entries) | Members::Named(_, entries)) = &self.members;
        entries
    }
}

/// A resource as it is read.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::target) struct Stored {
    body: Arc<str>,
    /// Where in the text the members belong, and pieces of their list.
    members: Option<(u32, Vec<Arc<str>>)>,
    /// The groups that a user belongs to.
    pub(in crate::target) groups: Vec<Membership>,
}

/// That a user belongs to a group.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::target) struct Membership {
    pub(in crate::target) group: String,
    pub(in crate::target) display: Option<String>,
    /// Not by way of another group.
    pub(in crate::target) is_direct: bool,
}

/// How much of a resource is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::target) struct Extent {
    /// The members of a group; without them the list seems to be empty.
    pub(in crate::target) members: bool,
    /// The groups of a user.
    pub(in crate::target) groups: bool,
}

impl Extent {
    /// What a resource itself says.
    pub(in crate::target) const BODY: Self = Self { members: false, groups: false };
    /// Everything.
    pub(in crate::target) const WHOLE: Self = Self { members: true, groups: true };

    /// What either of them takes.
    pub(in crate::target) fn and(self, other: Self) -> Self {
        Self { members: self.members || other.members, groups: self.groups || other.groups }
    }
}

impl Stored {
    pub(super) fn new(body: Arc<str>, members: Option<(u32, Vec<Arc<str>>)>) -> Self {
        Self { body, members, groups: Vec::new() }
    }

    pub(in crate::target) fn id(&self) -> String {
        let text = id_text(&self.body);
        match text.get(1..text.len().saturating_sub(1)) {
            Some(plain) if !plain.contains('\\') => plain.to_owned(),
            _ => serde_json::from_str(text).unwrap_or_default(),
        }
    }

    /// The version of what is kept.
    pub(in crate::target) fn own_version(&self) -> Version {
        match Version::split_off(self.unclosed()) {
            Some((_, version)) => version,
            // kept before versions were
            None => Version::after(None, &self.body, None),
        }
    }

    /// The version of what is shown: of a user with the groups. It changes with them, as an entity-tag has to, while
    /// `lastModified` tells when the user was written.
    pub(in crate::target) fn version(&self) -> Version {
        self.groups.iter().fold(self.own_version(), |version, membership| {
            let kind = if membership.is_direct { "direct" } else { "indirect" };
            version.with(&membership.group).with(membership.display.as_deref().unwrap_or_default()).with(kind)
        })
    }

    /// The text without the end of its `meta` and its own.
    fn unclosed(&self) -> &str {
        self.body.strip_suffix("}}").unwrap_or(&self.body)
    }

    /// Id and `displayName`.
    pub(super) fn name(&self) -> (String, Option<String>) {
        let document: Value = serde_json::from_str(&self.body).unwrap_or_default();
        (self.id(), document.get("displayName").and_then(Value::as_str).map(str::to_owned))
    }

    /// About how long the JSON text is, in bytes.
    pub(in crate::target) fn len(&self) -> usize {
        let pieces = self.members.iter().flat_map(|(_, pieces)| pieces);
        self.body.len() + pieces.map(|piece| piece.len() + 1).sum::<usize>() + self.groups.len() * 256
    }

    /// Appends the JSON text, without the groups of a user.
    fn write(&self, text: &mut String) {
        self.write_part(&self.body, text);
    }

    /// The same without the version, which stands last, and what closes `meta` and the text.
    pub(in crate::target) fn write_open(&self, text: &mut String) {
        let open = self.unclosed();
        self.write_part(Version::split_off(open).map_or(open, |(rest, _)| rest), text);
    }

    fn write_part(&self, body: &str, text: &mut String) {
        let Some((at, pieces)) = &self.members else { return text.push_str(body) };
        let (before, after) = body.split_at(*at as usize);
        text.push_str(before);
        for (index, piece) in pieces.iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            text.push_str(piece);
        }
        text.push_str(after);
    }

    /// The JSON text, as much of it as was read, without the groups of a user.
    pub(in crate::target) fn text(&self) -> Arc<str> {
        if self.members.is_none() {
            return Arc::clone(&self.body);
        }
        let mut text = String::with_capacity(self.len());
        self.write(&mut text);
        text.into()
    }

    /// The document, as much of it as is wanted and was read.
    pub(in crate::target) fn to_resource(&self, extent: Extent) -> Resource {
        let parsed = if self.members.is_some() && extent.members {
            let mut text = String::with_capacity(self.len());
            self.write(&mut text);
            serde_json::from_str(&text)
        } else {
            serde_json::from_str(&self.body)
        };
        let mut resource = parsed.ok().and_then(Resource::from_value).unwrap_or_default();
        if extent.groups && !self.groups.is_empty() {
            let groups = self.groups.iter().map(|membership| membership.to_value(None)).collect();
            resource.members_mut().insert("groups".to_owned(), groups);
        }
        resource
    }
}

impl Membership {
    /// An entry of `groups` (RFC 7643 section 4.1.2).
    pub(in crate::target) fn to_value(&self, location: Option<&str>) -> Value {
        let mut entry = Map::new();
        entry.insert("value".to_owned(), self.group.as_str().into());
        if let Some(location) = location {
            entry.insert("$ref".to_owned(), location.into());
        }
        if let Some(display) = &self.display {
            entry.insert("display".to_owned(), display.as_str().into());
        }
        entry.insert("type".to_owned(), json!(if self.is_direct { "direct" } else { "indirect" }));
        Value::Object(entry)
    }
}

/// What stands in the way of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::target) enum Taken {
    Id,
    Key,
}

/// Where a walk over all resources, or over those that an index has, goes on.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::target) struct Cursor(pub(super) u64);

impl Cursor {
    /// Behind everything.
    pub(super) const END: Self = Self(u64::MAX);

    /// Whether an index has no more.
    pub(in crate::target) fn is_at_end(self) -> bool {
        self.0 == u64::MAX
    }
}

/// The JSON text of the id, which every body begins with.
pub(super) fn id_text(body: &str) -> &str {
    let rest = body.strip_prefix("{\"id\":").unwrap_or_default();
    let mut is_escaped = false;
    let end = rest.bytes().skip(1).position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    });
    end.map_or("", |end| &rest[..end + 2])
}

/// A text as it stands in JSON.
pub(super) fn json_text(text: &str) -> String {
    Value::from(text).to_string()
}

/// Entries of a list as they stand between its brackets.
pub(super) fn joined(entries: &[Value]) -> String {
    let mut text = Value::from(entries).to_string();
    text.pop();
    text.remove(0);
    text
}
