//! What a query asks for, whether its URL says so or its body (RFC 7644 sections 3.4.2 and 3.4.3).

use serde_json::{Map, Value};
use url::form_urlencoded;

use super::answer::{Origin, Problem};
use super::collection::{Collection, TOLD_OF_MEMBERS};
use super::narrow::MEMBERS;
use super::plan::extent_for;
use super::projection::Projection;
use super::storage::{Extent, Stored};
use super::{Kind, StorageError};
use crate::scim::{AttributePath, Filter, Leniencies, Resource, ResourceSchema, ScimType, SortBy, get, urn};

/// The longest page.
pub(super) const MAX_COUNT: usize = 1000;
/// How many there are on a page where nobody asks for a number.
pub(super) const DEFAULT_COUNT: usize = 100;

/// What is asked for.
pub(super) struct Query {
    pub(super) filter: Option<Filter>,
    pub(super) sort: Option<Sort>,
    /// From 0.
    pub(super) offset: u64,
    pub(super) count: usize,
    pub(super) projection: Projection,
    /// Whether it asks for what is only told when a resource goes out.
    asks_for_outgoing: bool,
    /// Whether it asks what members are.
    asks_for_members: bool,
}

/// The order that is asked for.
pub(super) struct Sort {
    pub(super) by: SortBy,
    pub(super) descending: bool,
}

impl Query {
    /// From a URL's query.
    pub(super) fn of(collections: &[Collection], text: &str) -> Result<Self, Problem> {
        let pairs: Vec<_> = form_urlencoded::parse(text.as_bytes()).collect();
        let projection = Projection::of_pairs(collections, pairs.iter().map(|(name, value)| (name, value)))?;
        let (offset, count) = (0, DEFAULT_COUNT);
        let mut query = Self {
            filter: None,
            sort: None,
            offset,
            count,
            projection,
            asks_for_outgoing: false,
            asks_for_members: false,
        };
        let (mut sort_by, mut descending) = (None, false);
        for (name, value) in pairs {
            match &*name {
                "filter" => query.filter = Some(read_filter(collections, &value)?),
                "sortBy" => sort_by = Some(read_sort(collections, &value)?),
                "sortOrder" => descending = is_descending(&value)?,
                "startIndex" => {
                    let index = number("startIndex", &value)?;
                    query.offset = u64::try_from(index.max(1) - 1).unwrap_or_default();
                }
                "count" => {
                    let count = number("count", &value)?;
                    query.count = usize::try_from(count.max(0)).unwrap_or(MAX_COUNT).min(MAX_COUNT);
                }
                _ => {}
            }
        }
        query.sort = sort_by.map(|by| Sort { by, descending });
        let paths = query.paths();
        let asks_for = |attribute, parts: &[&str]| paths.iter().any(|path| names(path, attribute, parts));
        let outgoing = asks_for("meta", &["location", "version"]) || asks_for("groups", &["$ref"]);
        query.asks_for_members = asks_for(MEMBERS, &TOLD_OF_MEMBERS);
        query.asks_for_outgoing = outgoing;
        Ok(query)
    }

    /// From the body of a search, which says the same as a URL.
    pub(super) fn of_body(collections: &[Collection], body: &Value) -> Result<Self, Problem> {
        let Value::Object(members) = body else { return Err(syntax("a SearchRequest is a JSON object")) };
        let is_search = |name: &Value| name.as_str().is_some_and(|name| name.eq_ignore_ascii_case(urn::SEARCH_REQUEST));
        if !get(members, "schemas").and_then(Value::as_array).is_some_and(|schemas| schemas.iter().any(is_search)) {
            return Err(syntax(format!("`schemas` of a SearchRequest has to name {}", urn::SEARCH_REQUEST)));
        }
        Self::of(collections, &as_query(members)?)
    }

    /// The attributes that filter and order look at.
    pub(super) fn paths(&self) -> Vec<&AttributePath> {
        let filter = self.filter.iter().flat_map(Filter::paths);
        filter.chain(self.sort.iter().map(|sort| sort.by.path())).collect()
    }

    /// What filter and order look at.
    pub(super) fn seen(&self, collection: &Collection) -> Extent {
        let mut seen = extent_for(collection, &self.paths());
        seen.groups |= self.asks_for_outgoing && collection.whole().groups;
        seen
    }

    /// A resource as filter and order look at it.
    pub(super) fn resource(
        &self,
        collection: &Collection,
        origin: &Origin,
        stored: &Stored,
        extent: Extent,
    ) -> Result<Resource, StorageError> {
        let mut resource = if self.asks_for_outgoing {
            origin.outgoing(collection.kind(), stored)
        } else {
            stored.to_resource(extent)
        };
        if self.asks_for_members && collection.kind() == Kind::Group {
            collection.tell_members(&mut resource, origin)?;
        }
        Ok(resource)
    }
}

/// Whether a path looks at one of these parts of an attribute, behind a dot or in its value filter.
fn names(path: &AttributePath, attribute: &str, parts: &[&str]) -> bool {
    let is_one = |name: &str| parts.iter().any(|part| part.eq_ignore_ascii_case(name));
    path.attribute.eq_ignore_ascii_case(attribute)
        && (path.sub_attribute.as_deref().is_some_and(is_one)
            || path.filter.iter().flat_map(|filter| filter.paths()).any(|inner| is_one(&inner.attribute)))
}

/// The members of a search as the query of a URL.
fn as_query(members: &Map<String, Value>) -> Result<String, Problem> {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for name in ["filter", "sortBy", "sortOrder", "startIndex", "count", "attributes", "excludedAttributes"] {
        let value = get(members, name).unwrap_or(&Value::Null);
        let wrong = |wanted: &str| Err(syntax(format!("`{name}` of a SearchRequest is {wanted}, not {value}")));
        match (name, value) {
            (_, Value::Null) => {}
            ("filter" | "sortBy" | "sortOrder", Value::String(text)) => {
                query.append_pair(name, text);
            }
            ("filter" | "sortBy" | "sortOrder", _) => return wrong("a text"),
            ("startIndex" | "count", Value::Number(number)) => {
                query.append_pair(name, &number.to_string());
            }
            ("startIndex" | "count", _) => return wrong("a whole number"),
            (_, Value::Array(entries)) => {
                let names: Option<Vec<_>> = entries.iter().map(Value::as_str).collect();
                let Some(names) = names else { return wrong("a list of names") };
                query.append_pair(name, &names.join(","));
            }
            _ => return wrong("a list of names"),
        }
    }
    Ok(query.finish())
}

fn syntax(detail: impl Into<String>) -> Problem {
    Problem::bad_request(ScimType::InvalidSyntax, detail)
}

fn number(name: &str, text: &str) -> Result<i64, Problem> {
    text.trim()
        .parse()
        .map_err(|_| Problem::bad_request(ScimType::InvalidValue, format!("`{name}` has to be a whole number")))
}

fn is_descending(text: &str) -> Result<bool, Problem> {
    match text.to_ascii_lowercase().as_str() {
        "ascending" | "" => Ok(false),
        "descending" => Ok(true),
        _ => {
            let detail = format!("`sortOrder` is `ascending` or `descending`, not `{text}`");
            Err(Problem::bad_request(ScimType::InvalidValue, detail))
        }
    }
}

fn read_sort(collections: &[Collection], text: &str) -> Result<SortBy, Problem> {
    SortBy::parse(text, &schemas(collections), leniencies(collections))
        .map_err(|detail| Problem::bad_request(ScimType::InvalidValue, detail))
}

fn read_filter(collections: &[Collection], text: &str) -> Result<Filter, Problem> {
    let refuse = |detail: String| Problem::bad_request(ScimType::InvalidFilter, detail);
    let filter = Filter::parse(text).map_err(|error| refuse(format!("the filter can't be read: {error}")))?;
    filter.check(&schemas(collections), leniencies(collections)).map_err(|error| refuse(error.to_string()))?;
    for path in filter.paths() {
        if !collections.iter().any(|collection| is_filterable(collection, path)) {
            let names: Vec<_> = collections.iter().flat_map(Collection::filterable).map(String::as_str).collect();
            return Err(refuse(format!("`{path}` can't be filtered on, only {}", names.join(", "))));
        }
    }
    Ok(filter)
}

fn schemas(collections: &[Collection]) -> Vec<&ResourceSchema> {
    collections.iter().map(Collection::schema).collect()
}

fn leniencies(collections: &[Collection]) -> Leniencies {
    collections.first().map(|collection| collection.endpoint().leniencies()).unwrap_or_default()
}

/// Whether the path, or the attribute that it is part of, is among those that a filter may name.
fn is_filterable(collection: &Collection, path: &AttributePath) -> bool {
    let plain = match &path.urn {
        None => match collection.schema().extension_with(&path.attribute) {
            Some(extension) => format!("{}:{}", extension.id, path.attribute),
            None => path.attribute.clone(),
        },
        Some(urn) if !urn.eq_ignore_ascii_case(&collection.schema().id) => format!("{urn}:{}", path.attribute),
        _ => path.attribute.clone(),
    };
    let full = path.sub_attribute.as_ref().map(|name| format!("{plain}.{name}"));
    let listed = |name: &str| collection.filterable().iter().any(|known| known.eq_ignore_ascii_case(name));
    listed(&plain) || full.is_some_and(|full| listed(&full))
}
