//! The resources of one kind at an endpoint.

use std::sync::Arc;

use axum::http::HeaderMap;
use serde_json::{Map, Value, json};

use super::answer::Origin;
use super::changes::Deed;
use super::narrow::{MEMBERS, Narrow};
use super::storage::{Cursor, Extent, Lookup, Record, Stored, Taken, Transaction};
use super::version::Version;
use super::{Endpoint, Kind, LoadError, Storage, StorageError};
use crate::base::Timestamp;
use crate::scim::{Attribute, Filter, Mutability, Resource, ResourceSchema, Returned};

/// What a member is told to be, where it is asked for.
pub(super) const TOLD_OF_MEMBERS: [&str; 3] = ["$ref", "type", "display"];

/// What is fixed about the resources of a kind.
#[derive(Debug)]
pub(super) struct Definition {
    kind: Kind,
    schema: ResourceSchema,
    filterable: Vec<String>,
    exact_key: bool,
    on_request: bool,
    shows_groups: bool,
}

impl Definition {
    /// `with_groups` says that groups are kept at the same endpoint.
    pub(super) fn new(kind: Kind, schema: ResourceSchema, filterable: Vec<String>, with_groups: bool) -> Self {
        let is_told = |attribute: &Attribute| attribute.mutability == Mutability::ReadOnly && attribute.multi_valued;
        let requested = |attribute: &Attribute| attribute.returned == Returned::Request;
        let mut attributes = schema.extensions.iter().flat_map(|e| &e.attributes).chain(&schema.attributes);
        Self {
            kind,
            exact_key: schema.attribute(kind.key()).is_some_and(|attribute| attribute.case_exact),
            on_request: attributes.any(|a| requested(a) || a.sub_attributes.iter().any(requested)),
            shows_groups: kind == Kind::User && with_groups && schema.attribute("groups").is_some_and(is_told),
            schema,
            filterable,
        }
    }
}

impl Definition {
    /// A name as it stands in the index.
    fn key_of(&self, name: &str) -> String {
        if self.exact_key { name.to_owned() } else { Filter::fold(name) }
    }

    /// Makes what is kept fit: its keys follow from the schema.
    pub(super) fn fit(self: &Arc<Self>, storage: &Storage) -> Result<(), StorageError> {
        let definition = Arc::clone(self);
        storage.write_now(move |transaction| {
            let rule = if definition.exact_key { "exact" } else { "folded" };
            transaction.with_large_cache(|it| it.rekey(definition.kind, rule, &|name| definition.key_of(name)))
        })
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

    /// Everything that belongs to a resource here.
    pub(super) fn whole(&self) -> Extent {
        Extent { members: self.kind() == Kind::Group, groups: self.shows_groups() }
    }

    /// Where the endpoint is, as a client calls it.
    pub(super) fn origin(&self, headers: &HeaderMap) -> Origin {
        Origin::of(headers, self.endpoint.base_path())
    }

    /// Whether users tell the groups that they belong to.
    pub(super) fn shows_groups(&self) -> bool {
        self.definition.shows_groups
    }

    pub(super) fn by_id(&self, id: &str, extent: Extent) -> Result<Option<Stored>, StorageError> {
        self.storage().read(|reader| reader.by_id(self.kind(), id, extent))
    }

    /// A name as it stands in the index.
    pub(super) fn key_of(&self, name: &str) -> String {
        self.definition.key_of(name)
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
    /// `before` is the version that it takes the place of.
    pub(super) fn record(
        &self,
        id: String,
        mut resource: Resource,
        (created, modified): (Timestamp, Timestamp),
        before: Option<Version>,
    ) -> Record {
        let key = self.key(&resource);
        let mut members = Map::new();
        members.insert("id".to_owned(), Value::String(id.clone()));
        self.schema().forget(&mut resource);
        for (name, value) in resource.into_value().as_object_mut().into_iter().flatten() {
            if name != "id" && name != "meta" {
                members.insert(name.clone(), value.take());
            }
        }
        let meta = json!({
            "resourceType": self.schema().name,
            "created": created.to_string(),
            "lastModified": modified.to_string(),
        });
        members.insert("meta".to_owned(), meta);
        Record::new(self.kind(), id, key, members, before)
    }

    /// A resource that comes with an id and with dates, as far as it has them; `number` is its place among others.
    pub(super) fn to_load(&self, resource: Resource, number: usize) -> Result<Record, LoadError> {
        let id = resource.id().unwrap_or_else(|| self.endpoint.new_id());
        if ["", ".", "..", ".search"].contains(&id.as_str()) {
            return Err(LoadError::Id { number, id });
        }
        let stamp = |name| match resource.get("meta").and_then(|meta| meta.get(name)) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_str().and_then(|text| text.parse::<Timestamp>().ok()) {
                None => Err(LoadError::Date { number, name, value: value.to_string() }),
                stamp => Ok(stamp),
            },
        };
        let created = stamp("created")?.unwrap_or_else(|| self.endpoint.now());
        let modified = stamp("lastModified")?.unwrap_or(created);
        let Value::Object(document) = resource.into_value() else { unreachable!("a resource is an object") };
        let kind = self.kind().noun();
        let invalid = |source| LoadError::Invalid { number, kind, source };
        let resource = self.schema().admit(document, self.endpoint.leniencies()).map_err(invalid)?;
        Ok(self.record(id, resource, (created, modified), None))
    }

    /// Adds resources with the ids that they have, all or none. One without an id is given one.
    pub(super) fn load(&self, resources: Vec<Resource>) -> Result<usize, LoadError> {
        let prepare = |(index, resource)| self.to_load(resource, index + 1);
        let records = resources.into_iter().enumerate().map(prepare).collect::<Result<Vec<_>, _>>()?;
        let (kind, count) = (self.kind(), records.len());
        let loaded = self.storage().write_now(move |transaction| {
            for (index, record) in records.iter().enumerate() {
                transaction.insert(kind, record)?.map_err(|taken| {
                    let what = if taken == Taken::Id { "id" } else { kind.key() };
                    LoadError::Taken { number: index + 1, what }
                })?;
            }
            Ok(count)
        });
        self.endpoint.changes().touch();
        loaded
    }

    /// All resources, sorted by their key.
    pub(super) fn all(&self) -> Result<Vec<Resource>, StorageError> {
        let (mut cursor, mut all) = (Cursor::default(), Vec::new());
        loop {
            let page = self.storage().read(|reader| reader.walk(self.kind(), &mut cursor, self.whole()))?;
            if page.is_empty() {
                break;
            }
            all.extend(page.iter().map(parse));
        }
        all.sort_by_cached_key(|resource| self.key(resource));
        Ok(all)
    }

    /// Deletes a resource, which no group has as a member afterwards. Whether there was one.
    pub(super) fn delete(&self, transaction: &mut Transaction<'_>, id: &str) -> Result<bool, StorageError> {
        if let Some(groups) = self.endpoint.collection(Kind::Group) {
            for (group, _) in transaction.groups_with(id)? {
                groups.take_out(transaction, &group, id)?;
            }
        }
        transaction.delete(self.kind(), id)
    }

    /// The same for the first resource of a name.
    pub(super) fn delete_called(&self, transaction: &mut Transaction<'_>, name: &str) -> Result<bool, StorageError> {
        let key = self.key_of(name);
        let found = transaction.find(self.kind(), Lookup::Key(&key), &mut Cursor::default(), Extent::BODY)?;
        match found.first() {
            Some(stored) => self.delete(transaction, &stored.id()),
            None => Ok(false),
        }
    }

    /// Adds to the members of a group what they are, where they are and what they are called, as far as it isn't said.
    pub(super) fn tell_members(&self, group: &mut Resource, origin: &Origin) -> Result<(), StorageError> {
        let Some(Value::Array(entries)) = group.members_mut().get_mut(MEMBERS) else { return Ok(()) };
        self.storage().read(|reader| {
            for entry in entries.iter_mut().filter_map(Value::as_object_mut) {
                let Some(id) = entry.get("value").and_then(Value::as_str).map(str::to_owned) else { continue };
                for kind in Kind::ALL {
                    let Some(member) = reader.by_id(kind, &id, Extent::BODY)? else { continue };
                    let mut tell = |name: &str, value: Value| {
                        entry.entry(name).or_insert(value);
                    };
                    tell("$ref", origin.resource(kind, &id).into());
                    tell("type", kind.resource_type().into());
                    if let Some(name) = parse(&member).get("displayName").filter(|name| name.is_string()) {
                        tell("display", name.clone());
                    }
                    break;
                }
            }
            Ok(())
        })
    }

    fn take_out(&self, transaction: &mut Transaction<'_>, group: &str, member: &str) -> Result<(), StorageError> {
        let Some((mut resource, narrow)) = Narrow::read(transaction, group, vec![member.to_owned()])? else {
            return Ok(());
        };
        let now = self.endpoint.now();
        let created = created(&resource).unwrap_or(now);
        resource.members_mut().shift_remove(MEMBERS);
        narrow.restore(&mut resource);
        let record = self.record(group.to_owned(), resource, (created, now), Some(narrow.version()));
        let record = narrow.complete(record);
        let _unique: Result<(), Taken> = transaction.update(Kind::Group, &record)?;
        Ok(())
    }
}

/// When a resource was made, as it says itself.
pub(super) fn created(resource: &Resource) -> Option<Timestamp> {
    resource.get("meta")?.get("created")?.as_str()?.parse().ok()
}

/// A kept resource.
pub(super) fn parse(stored: &Stored) -> Resource {
    stored.to_resource(Extent::WHOLE)
}
