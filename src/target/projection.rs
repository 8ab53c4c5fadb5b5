//! `attributes` and `excludedAttributes` (RFC 7644 section 3.9).

use serde_json::{Map, Value};
use url::form_urlencoded;

use super::StorageError;
use super::answer::{Origin, Problem};
use super::collection::{Collection, TOLD_OF_MEMBERS};
use super::narrow::MEMBERS;
use super::storage::{Extent, Stored};
use crate::scim::{
    Attribute, AttributePath, Leniency, PatchOperation, PatchRequest, Resource, ResourceSchema, Returned, ScimType,
};

/// Which attributes are returned.
#[derive(Debug, Clone, Default)]
pub(super) struct Projection {
    wanted: Option<Vec<AttributePath>>,
    excluded: Vec<AttributePath>,
    /// What the client wrote: it is told of that what is only returned on request.
    written: Vec<AttributePath>,
}

impl Projection {
    /// From a URL's query. Names that mean nothing here ask for nothing.
    pub(super) fn of(collections: &[Collection], query: &str) -> Result<Self, Problem> {
        if query.is_empty() {
            return Ok(Self::default());
        }
        Self::of_pairs(collections, form_urlencoded::parse(query.as_bytes()))
    }

    /// From a query that was taken apart.
    pub(super) fn of_pairs<T: AsRef<str>>(
        collections: &[Collection],
        pairs: impl IntoIterator<Item = (T, T)>,
    ) -> Result<Self, Problem> {
        let (mut projection, mut excludes) = (Self::default(), false);
        for (name, list) in pairs {
            match name.as_ref() {
                "attributes" => projection.wanted.get_or_insert_default().extend(paths(list.as_ref())),
                "excludedAttributes" => {
                    projection.excluded.extend(paths(list.as_ref()));
                    excludes = true;
                }
                _ => {}
            }
        }
        if excludes && projection.wanted.is_some() {
            let detail = "`attributes` and `excludedAttributes` can't be used together";
            return Err(Problem::bad_request(ScimType::InvalidValue, detail));
        }
        let named = projection.wanted.iter().flatten().chain(&projection.excluded);
        named.into_iter().try_for_each(|path| check_name(collections, path))?;
        Ok(projection)
    }

    /// Notes what a document names, where that makes a difference.
    pub(super) fn note_document(&mut self, collection: &Collection, document: &Value) {
        if !collection.has_attributes_on_request() {
            return;
        }
        for (name, value) in document.as_object().into_iter().flatten() {
            self.note(collection.schema(), name, value);
        }
    }

    /// Notes what a PATCH names.
    pub(super) fn note_patch(&mut self, collection: &Collection, request: &PatchRequest) {
        if !collection.has_attributes_on_request() {
            return;
        }
        for operation in &request.operations {
            match operation {
                PatchOperation::Add { path: Some(path), .. }
                | PatchOperation::Replace { path: Some(path), .. }
                | PatchOperation::Remove { path, .. } => self.written.push(path.clone()),
                PatchOperation::Add { path: None, value } | PatchOperation::Replace { path: None, value } => {
                    self.note_document(collection, value);
                }
            }
        }
    }

    fn note(&mut self, schema: &ResourceSchema, name: &str, value: &Value) {
        match (schema.extension(name), value) {
            (Some(extension), Value::Object(inner)) => {
                let names = inner.keys().map(|name| format!("{}:{name}", extension.id));
                self.written.extend(names.filter_map(|name| AttributePath::parse(&name).ok()));
            }
            _ => self.written.extend(AttributePath::parse(name).ok()),
        }
    }

    /// Whether it names what is to be returned.
    pub(super) fn is_asked_for(&self) -> bool {
        self.wanted.is_some()
    }

    /// Itself, unless all that is kept of a resource is returned.
    pub(super) fn needed_for(&self, collection: &Collection) -> Option<&Self> {
        let everything = self.wanted.is_none() && self.excluded.is_empty();
        (!everything || collection.has_attributes_on_request()).then_some(self)
    }

    /// What has to be read of a resource that goes out. The version of a user covers the groups, shown or not.
    pub(super) fn extent(&self, collection: &Collection) -> Extent {
        let whole = collection.whole();
        Extent { members: whole.members && self.shows_members(collection.schema()), ..whole }
    }

    fn shows_members(&self, schema: &ResourceSchema) -> bool {
        let is_it = |path: &AttributePath| is_named(path, schema, None, MEMBERS);
        match &self.wanted {
            Some(wanted) => wanted.iter().any(is_it),
            None => !self.excluded.iter().any(|path| is_it(path) && path.sub_attribute.is_none()),
        }
    }

    /// Whether what members are is asked for by name.
    fn describes_members(&self, schema: &ResourceSchema) -> bool {
        let described = |path: &AttributePath| TOLD_OF_MEMBERS.iter().any(|part| is_part(path, part));
        self.wanted.iter().flatten().any(|path| is_named(path, schema, None, MEMBERS) && described(path))
    }

    /// The resource with what is to be returned.
    pub(super) fn apply(
        &self,
        collection: &Collection,
        origin: &Origin,
        stored: &Stored,
    ) -> Result<Value, StorageError> {
        let mut resource = origin.outgoing(collection.kind(), stored);
        if self.describes_members(collection.schema()) {
            collection.tell_members(&mut resource, origin)?;
        }
        Ok(self.keep_of(collection.schema(), resource))
    }

    /// A resource with what is to be returned.
    pub(super) fn keep_of(&self, schema: &ResourceSchema, resource: Resource) -> Value {
        let mut kept = Map::new();
        let Value::Object(members) = resource.into_value() else { return Value::Object(kept) };
        for (name, value) in members {
            let Some(extension) = schema.extension(&name) else {
                if let Some(value) = self.keep(schema, None, &name, schema.attribute(&name), value) {
                    kept.insert(name, value);
                }
                continue;
            };
            let Value::Object(inner) = value else { continue };
            let mut kept_inner = Map::new();
            for (part, value) in inner {
                let attribute = extension.own_attribute(&part);
                if let Some(value) = self.keep(schema, Some(extension), &part, attribute, value) {
                    kept_inner.insert(part, value);
                }
            }
            if !kept_inner.is_empty() {
                kept.insert(name, Value::Object(kept_inner));
            }
        }
        Value::Object(kept)
    }

    fn keep(
        &self,
        schema: &ResourceSchema,
        extension: Option<&ResourceSchema>,
        name: &str,
        attribute: Option<&Attribute>,
        value: Value,
    ) -> Option<Value> {
        let returned = attribute.map_or(Returned::Default, |attribute| attribute.returned);
        if returned == Returned::Always {
            return Some(value);
        }
        let named = |path: &&AttributePath| is_named(path, schema, extension, name);
        let always = |part: &str| {
            let part = attribute.and_then(|attribute| attribute.sub_attribute(part));
            part.is_some_and(|part| part.returned == Returned::Always)
        };
        if let Some(wanted) = &self.wanted {
            let paths: Vec<_> = wanted.iter().filter(named).collect();
            if paths.is_empty() || returned == Returned::Never {
                return None;
            }
            if paths.iter().any(|path| path.sub_attribute.is_none()) {
                return Some(value);
            }
            return narrow(value, &|part| always(part) || paths.iter().any(|path| is_part(path, part)));
        }
        match returned {
            Returned::Default | Returned::Always => {}
            Returned::Request if self.written.iter().any(|path| named(&path)) => {}
            Returned::Request | Returned::Never => return None,
        }
        let paths: Vec<_> = self.excluded.iter().filter(named).collect();
        if paths.iter().any(|path| path.sub_attribute.is_none()) {
            return None;
        }
        if paths.is_empty() {
            return Some(value);
        }
        narrow(value, &|part| always(part) || !paths.iter().any(|path| is_part(path, part)))
    }
}

fn paths(list: &str) -> impl Iterator<Item = AttributePath> {
    list.split(',').filter_map(|path| AttributePath::parse(path).ok())
}

/// Refuses a name that only an extension knows, where such names need its URN.
fn check_name(collections: &[Collection], path: &AttributePath) -> Result<(), Problem> {
    let is_strict = |collection: &Collection| !collection.endpoint().leniencies().allow(Leniency::BareNames);
    let is_known = |collection: &Collection| collection.schema().attribute(&path.attribute).is_some();
    if path.urn.is_some() || !collections.iter().all(is_strict) || collections.iter().any(is_known) {
        return Ok(());
    }
    match collections.iter().find_map(|collection| collection.schema().extension_with(&path.attribute)) {
        Some(extension) => {
            let detail = format!("`{path}` is an attribute of {0}, ask for it as `{0}:{path}`", extension.id);
            Err(Problem::bad_request(ScimType::InvalidValue, detail))
        }
        None => Ok(()),
    }
}

fn is_part(path: &AttributePath, name: &str) -> bool {
    path.sub_attribute.as_ref().is_some_and(|part| part.eq_ignore_ascii_case(name))
}

/// Whether a path names an attribute of the core (`extension` is `None`) or of an extension, or that as a whole.
fn is_named(path: &AttributePath, schema: &ResourceSchema, extension: Option<&ResourceSchema>, name: &str) -> bool {
    let same_name = path.attribute.eq_ignore_ascii_case(name);
    match (extension, &path.urn) {
        (Some(extension), Some(urn)) => {
            let whole = || format!("{urn}:{}", path.attribute).eq_ignore_ascii_case(&extension.id);
            (extension.id.eq_ignore_ascii_case(urn) && same_name) || whole()
        }
        (Some(extension), None) => {
            path.attribute.eq_ignore_ascii_case(&extension.id)
                || (same_name && schema.extension_with(name).is_some_and(|meant| meant.id == extension.id))
        }
        (None, Some(urn)) => schema.id.eq_ignore_ascii_case(urn) && same_name,
        (None, None) => same_name || path.attribute.eq_ignore_ascii_case(&schema.id),
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
