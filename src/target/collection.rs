//! The resources of one kind at an endpoint.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::changes::Deed;
use super::storage::{Cursor, Record, Taken};
use super::{Endpoint, Kind, LoadError, Storage, StorageError};
use crate::base::Timestamp;
use crate::scim::{Attribute, Filter, Resource, ResourceSchema, Returned};

/// What is fixed about the resources of a kind.
#[derive(Debug)]
pub(super) struct Definition {
    kind: Kind,
    schema: ResourceSchema,
    filterable: Vec<String>,
    exact_key: bool,
    on_request: bool,
}

impl Definition {
    pub(super) fn new(kind: Kind, schema: ResourceSchema, filterable: Vec<String>) -> Self {
        let requested = |attribute: &Attribute| attribute.returned == Returned::Request;
        Self {
            kind,
            exact_key: schema.attribute(kind.key()).is_some_and(|attribute| attribute.case_exact),
            on_request: schema.attributes.iter().any(|a| requested(a) || a.sub_attributes.iter().any(requested)),
            schema,
            filterable,
        }
    }
}

/// The users or the groups of an endpoint: what the handlers of their routes work on.
#[derive(Debug, Clone)]
pub(super) struct Collection {
    endpoint: Endpoint,
    definition: Arc<Definition>,
}

impl Collection {
    pub(super) fn new(endpoint: Endpoint, definition: Arc<Definition>) -> Self {
        Self { endpoint, definition }
    }

    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    pub(super) fn kind(&self) -> Kind {
        self.definition.kind
    }

    pub(super) fn schema(&self) -> &ResourceSchema {
        &self.definition.schema
    }

    /// Attributes that a filter may name.
    pub(super) fn filterable(&self) -> &[String] {
        &self.definition.filterable
    }

    /// Whether some attribute is only returned when it is asked for.
    pub(super) fn has_attributes_on_request(&self) -> bool {
        self.definition.on_request
    }

    pub(super) fn storage(&self) -> &Storage {
        self.endpoint.storage()
    }

    pub(super) fn by_id(&self, id: &str) -> Result<Option<Arc<str>>, StorageError> {
        self.storage().by_id(self.kind(), id)
    }

    /// The first resource of a name.
    pub(super) fn first_called(&self, name: &str) -> Result<Option<Resource>, StorageError> {
        let found = self.storage().by_key(self.kind(), &self.key_of(name))?;
        Ok(found.first().map(|body| parse(body)))
    }

    /// A name as it stands in the index.
    pub(super) fn key_of(&self, name: &str) -> String {
        if self.definition.exact_key { name.to_owned() } else { Filter::fold(name) }
    }

    /// What people call a resource.
    pub(super) fn name_of<'r>(&self, resource: &'r Resource) -> &'r str {
        resource.get(self.kind().key()).and_then(Value::as_str).unwrap_or_default()
    }

    /// Remembers that a resource was written.
    pub(super) fn note(&self, deed: Deed, id: &str, name: &str) {
        self.endpoint.changes().note(self.endpoint.now(), deed, self.kind(), id, name);
    }

    fn key(&self, resource: &Resource) -> String {
        self.key_of(self.name_of(resource))
    }

    /// A resource as it is kept: `id` first, `meta` last, without what is never returned.
    pub(super) fn record(&self, id: String, resource: Resource, created: Timestamp, modified: Timestamp) -> Record {
        let key = self.key(&resource);
        let mut members = Map::new();
        members.insert("id".to_owned(), Value::String(id.clone()));
        for (name, value) in resource.into_value().as_object_mut().into_iter().flatten() {
            let never = self.schema().attribute(name).is_some_and(|attribute| attribute.returned == Returned::Never);
            if !never && name != "id" && name != "meta" {
                members.insert(name.clone(), value.take());
            }
        }
        let meta = json!({
            "resourceType": self.schema().name,
            "created": created.to_string(),
            "lastModified": modified.to_string(),
        });
        members.insert("meta".to_owned(), meta);
        Record { id, key, body: Value::Object(members).to_string() }
    }

    /// Adds resources with the ids that they have, all or none. One without an id is given one.
    pub(super) fn load(&self, resources: Vec<Resource>) -> Result<usize, LoadError> {
        let now = self.endpoint.now();
        let kind = self.kind().noun();
        let mut records = Vec::with_capacity(resources.len());
        for (index, resource) in resources.into_iter().enumerate() {
            let id = resource.id().unwrap_or_else(|| self.endpoint.new_id());
            let stamp = |name| {
                let meta = resource.get("meta").and_then(Value::as_object)?;
                meta.get(name)?.as_str()?.parse::<Timestamp>().ok()
            };
            let created = stamp("created").unwrap_or(now);
            let modified = stamp("lastModified").unwrap_or(created);
            let Value::Object(document) = resource.into_value() else { continue };
            let resource = self
                .schema()
                .admit(document, self.endpoint.patch_options())
                .map_err(|source| LoadError::Invalid { number: index + 1, kind, source })?;
            records.push(self.record(id, resource, created, modified));
        }
        let count = records.len();
        match self.storage().insert(self.kind(), records)? {
            Ok(()) => {
                self.endpoint.changes().touch();
                Ok(count)
            }
            Err((index, taken)) => {
                let what = if taken == Taken::Id { "id" } else { self.kind().key() };
                Err(LoadError::Taken { number: index + 1, what })
            }
        }
    }

    /// All resources, sorted by their key.
    pub(super) fn all(&self) -> Result<Vec<Resource>, StorageError> {
        let (mut cursor, mut all) = (Cursor::default(), Vec::new());
        loop {
            let page = self.storage().walk(self.kind(), &mut cursor)?;
            if page.is_empty() {
                break;
            }
            all.extend(page.iter().map(|body| parse(body)));
        }
        all.sort_by_cached_key(|resource| self.key(resource));
        Ok(all)
    }
}

/// A kept resource.
pub(super) fn parse(body: &str) -> Resource {
    serde_json::from_str(body).ok().and_then(Resource::from_value).unwrap_or_default()
}
