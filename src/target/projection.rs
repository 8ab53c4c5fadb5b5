//! `attributes` and `excludedAttributes` (RFC 7644 section 3.9).

use serde_json::{Map, Value};
use url::form_urlencoded;

use super::StorageError;
use super::answer::Origin;
use super::collection::Collection;
use super::narrow::MEMBERS;
use super::storage::{Extent, Stored};
use crate::scim::{Attribute, AttributePath, Resource, ResourceSchema, Returned};

/// Which attributes are returned.
#[derive(Debug, Default)]
pub(super) struct Projection {
    wanted: Option<Vec<AttributePath>>,
    excluded: Vec<AttributePath>,
}

impl Projection {
    /// From a query; `None` where everything is returned.
    pub(super) fn of(collection: &Collection, query: &str) -> Option<Self> {
        let mut projection = Self::default();
        if !query.is_empty() {
            for (name, value) in form_urlencoded::parse(query.as_bytes()) {
                match &*name {
                    "attributes" => projection.wanted.get_or_insert_default().extend(paths(&value)),
                    "excludedAttributes" => projection.excluded.extend(paths(&value)),
                    _ => {}
                }
            }
        }
        let everything = projection.wanted.is_none() && projection.excluded.is_empty();
        (!everything || collection.has_attributes_on_request()).then_some(projection)
    }

    /// What has to be read of resources for an answer to a query.
    pub(super) fn extent(collection: &Collection, query: &str) -> Extent {
        Self::of(collection, query).map_or_else(|| collection.whole(), |projection| projection.extent_of(collection))
    }

    /// The same, once the query is read.
    pub(super) fn extent_of(&self, collection: &Collection) -> Extent {
        let whole = collection.whole();
        Extent { members: whole.members && self.shows(MEMBERS), groups: whole.groups && self.shows("groups") }
    }

    /// Whether something of an attribute of the core is returned.
    fn shows(&self, name: &str) -> bool {
        let is_it = |path: &AttributePath| is_named(path, None, name);
        match &self.wanted {
            Some(wanted) => wanted.iter().any(is_it),
            None => !self.excluded.iter().any(|path| is_it(path) && path.sub_attribute.is_none()),
        }
    }

    /// Whether these parts of an attribute are asked for by their names.
    fn names_part(&self, name: &str, parts: &[&str]) -> bool {
        let is_it = |path: &AttributePath| is_named(path, None, name) && parts.iter().any(|part| is_part(path, part));
        self.wanted.iter().flatten().any(is_it)
    }

    /// Whether a query names what is to be returned.
    pub(super) fn is_asked_for(query: &str) -> bool {
        form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "attributes")
    }

    /// The resource with what is to be returned.
    pub(super) fn apply(
        &self,
        collection: &Collection,
        origin: &Origin,
        stored: &Stored,
    ) -> Result<Value, StorageError> {
        let mut text = String::with_capacity(stored.len() + 128);
        origin.write(collection.kind(), stored, &mut text);
        let document = serde_json::from_str(&text).unwrap_or_default();
        let mut resource = Resource::from_value(document).unwrap_or_default();
        if self.names_part(MEMBERS, &["$ref", "type", "display"]) {
            collection.tell_members(&mut resource, origin)?;
        }
        Ok(self.keep_of(collection.schema(), resource))
    }

    fn keep_of(&self, schema: &ResourceSchema, resource: Resource) -> Value {
        let mut kept = Map::new();
        let Value::Object(members) = resource.into_value() else { return Value::Object(kept) };
        for (name, value) in members {
            let Some(extension) = schema.extension(&name) else {
                if let Some(value) = self.keep(None, &name, schema.attribute(&name), value) {
                    kept.insert(name, value);
                }
                continue;
            };
            let Value::Object(inner) = value else { continue };
            let mut kept_inner = Map::new();
            for (part, value) in inner {
                let attribute =
                    extension.attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(&part));
                if let Some(value) = self.keep(Some(&extension.id), &part, attribute, value) {
                    kept_inner.insert(part, value);
                }
            }
            if !kept_inner.is_empty() {
                kept.insert(name, Value::Object(kept_inner));
            }
        }
        Value::Object(kept)
    }

    fn keep(&self, urn: Option<&str>, name: &str, attribute: Option<&Attribute>, value: Value) -> Option<Value> {
        let returned = attribute.map_or(Returned::Default, |attribute| attribute.returned);
        if returned == Returned::Always {
            return Some(value);
        }
        let named = |path: &&AttributePath| is_named(path, urn, name);
        if let Some(wanted) = &self.wanted {
            let paths: Vec<_> = wanted.iter().filter(named).collect();
            if paths.is_empty() || returned == Returned::Never {
                return None;
            }
            if paths.iter().any(|path| path.sub_attribute.is_none()) {
                return Some(value);
            }
            let asked = |part: &str| paths.iter().any(|path| is_part(path, part));
            return narrow(value, &asked);
        }
        if returned != Returned::Default {
            return None;
        }
        let paths: Vec<_> = self.excluded.iter().filter(named).collect();
        if paths.iter().any(|path| path.sub_attribute.is_none()) {
            return None;
        }
        if paths.is_empty() {
            return Some(value);
        }
        narrow(value, &|part| !paths.iter().any(|path| is_part(path, part)))
    }
}

fn paths(list: &str) -> impl Iterator<Item = AttributePath> {
    list.split(',').filter_map(|path| AttributePath::parse(path).ok())
}

fn is_part(path: &AttributePath, name: &str) -> bool {
    path.sub_attribute.as_ref().is_some_and(|part| part.eq_ignore_ascii_case(name))
}

/// Whether a path names an attribute of the core (`urn` is `None`) or of an extension, or that as a whole.
fn is_named(path: &AttributePath, urn: Option<&str>, name: &str) -> bool {
    match (urn, &path.urn) {
        (Some(urn), Some(given)) => urn.eq_ignore_ascii_case(given) && path.attribute.eq_ignore_ascii_case(name),
        (Some(urn), None) => path.attribute.eq_ignore_ascii_case(urn),
        (None, Some(given)) if !given.to_ascii_lowercase().contains(":core:2.0:") => false,
        (None, _) => path.attribute.eq_ignore_ascii_case(name),
    }
}

/// The parts that are kept of an object or of each entry; `None` where nothing is left.
fn narrow(value: Value, keep: &dyn Fn(&str) -> bool) -> Option<Value> {
    match value {
        Value::Object(members) => {
            let kept: Map<_, _> = members.into_iter().filter(|(name, _)| keep(name)).collect();
            (!kept.is_empty()).then_some(Value::Object(kept))
        }
        Value::Array(entries) => {
            let kept: Vec<_> = entries.into_iter().filter_map(|entry| narrow(entry, keep)).collect();
            (!kept.is_empty()).then_some(Value::Array(kept))
        }
        _ => None,
    }
}
