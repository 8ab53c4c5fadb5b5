//! The order of resources by an attribute (RFC 7644 section 3.4.2.3).

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value;

use super::document::{instant, is_primary};
use super::resource::get;
use super::{Attribute, AttributePath, AttributeType, Filter, Leniencies, Resource, ResourceSchema};
use crate::base::Timestamp;

/// The attribute that resources are sorted by.
#[derive(Debug, Clone)]
pub struct SortBy {
    path: AttributePath,
    leniencies: Leniencies,
}

/// What a resource is sorted by; resources without a value come last.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SortKey {
    /// `false` before `true`.
    Bool(bool),
    /// Whole numbers and others.
    Number(Float),
    /// Earlier ones first.
    Instant(Timestamp),
    /// By code points, without letter case where the attribute has none.
    Text(String),
    /// No value.
    Missing,
}

/// A number with a total order.
#[derive(Debug, Clone, Copy)]
pub struct Float(f64);

impl Ord for Float {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Float {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Float {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Float {}

impl SortBy {
    /// Reads an attribute's name, one that some schema has and that has values to compare. The error says what is
    /// wrong.
    pub fn parse(text: &str, schemas: &[&ResourceSchema], leniencies: Leniencies) -> Result<Self, String> {
        let path = AttributePath::parse(text).map_err(|error| format!("`sortBy` can't be read: {error}"))?;
        if path.filter.is_some() {
            return Err(format!("`sortBy` names an attribute, without a value filter like that of `{path}`"));
        }
        let sort_by = Self { path, leniencies };
        let mut known = schemas.iter().filter_map(|schema| sort_by.resolve(schema)).peekable();
        if known.peek().is_none() {
            let owners = schemas.iter().map(|schema| schema.name.as_str()).collect::<Vec<_>>().join(" or ");
            return Err(format!("`{text}` isn't an attribute of {owners}, so nothing can be sorted by it"));
        }
        for (_, attribute) in known {
            if attribute.kind == AttributeType::Complex && attribute.sub_attribute("value").is_none() {
                return Err(format!("`{text}` has parts, sort by one of them"));
            }
            if !attribute.is_kept() {
                return Err(format!("`{text}` isn't kept, so nothing can be sorted by it"));
            }
        }
        Ok(sort_by)
    }

    /// The attribute as it was read.
    pub fn path(&self) -> &AttributePath {
        &self.path
    }

    /// What a resource is sorted by: of an attribute with several values the primary one, or else the first.
    pub fn key(&self, resource: &Resource, schema: &ResourceSchema) -> SortKey {
        let Some((path, attribute)) = self.resolve(schema) else { return SortKey::Missing };
        path.root(resource).and_then(|root| key(root, &path, attribute)).unwrap_or(SortKey::Missing)
    }

    /// The path with the URN that it may lack, and the attribute or part that it ends in.
    fn resolve<'s>(&self, schema: &'s ResourceSchema) -> Option<(Cow<'_, AttributePath>, &'s Attribute)> {
        let resolved = schema.resolve_filtered(&self.path, self.leniencies)?;
        let path = match resolved.extension {
            Some(extension) if self.path.urn.is_none() => {
                Cow::Owned(AttributePath { urn: Some(extension.id.clone()), ..self.path.clone() })
            }
            _ => Cow::Borrowed(&self.path),
        };
        Some((path, resolved.sub_attribute.or(resolved.attribute)?))
    }
}

fn key(root: &Value, path: &AttributePath, attribute: &Attribute) -> Option<SortKey> {
    let entry = chosen(root)?;
    let value = match (entry, &path.sub_attribute) {
        (Value::Object(members), name) => chosen(get(members, name.as_deref().unwrap_or("value"))?)?,
        (value, None) => value,
        (_, Some(_)) => return None,
    };
    // a complex attribute by itself stands for its `value`
    let attribute = match attribute.kind {
        AttributeType::Complex => attribute.sub_attribute("value")?,
        _ => attribute,
    };
    Some(match value {
        Value::Bool(value) => SortKey::Bool(*value),
        Value::Number(number) => SortKey::Number(Float(number.as_f64()?)),
        Value::String(text) if text.is_empty() => return None,
        Value::String(text) => match attribute.kind {
            AttributeType::DateTime => instant(text).map_or_else(|| SortKey::Text(text.clone()), SortKey::Instant),
            _ if attribute.case_exact => SortKey::Text(text.clone()),
            _ => SortKey::Text(Filter::fold(text)),
        },
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    })
}

/// The primary entry of several, or else the first.
fn chosen(value: &Value) -> Option<&Value> {
    match value {
        Value::Array(entries) => entries.iter().find(|entry| is_primary(entry)).or_else(|| entries.first()),
        single => Some(single),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scim::urn;

    fn schema() -> ResourceSchema {
        let mut users = ResourceSchema::user();
        users.attributes.push(Attribute::new("shoeSize", AttributeType::Decimal));
        users.with_extension(ResourceSchema::enterprise_user())
    }

    #[test]
    fn the_primary_value_counts_or_else_the_first() {
        let resource = Resource::from_value(json!({
            "userName": "ÄNN", "externalId": "B", "active": true, "nickName": "", "shoeSize": 41.5,
            "name": {"givenName": "Ann"},
            "emails": [{"value": "First@x", "type": "home"}, {"value": "Second@x", "type": "work", "primary": true}],
            "phoneNumbers": [{"value": "1"}, {"value": "2"}],
            "meta": {"created": "2011-05-13T04:42:34+02:00"},
            urn::ENTERPRISE_USER: {"department": "R&D", "manager": {"value": "M7"}},
        }))
        .unwrap();
        let text = |text: &str| SortKey::Text(text.to_owned());
        for (path, expected) in [
            ("username", text("änn")),
            ("externalId", text("B")),
            ("active", SortKey::Bool(true)),
            ("nickName", SortKey::Missing),
            ("title", SortKey::Missing),
            ("shoeSize", SortKey::Number(Float(41.5))),
            ("name.givenName", text("ann")),
            ("emails", text("second@x")),
            ("emails.type", text("work")),
            ("phoneNumbers", text("1")),
            ("meta.created", SortKey::Instant("2011-05-13T02:42:34Z".parse().unwrap())),
            ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", text("r&d")),
            ("department", text("r&d")),
            ("manager", text("M7")),
            ("urn:ietf:params:scim:schemas:core:2.0:User:userName", text("änn")),
        ] {
            let sort_by = SortBy::parse(path, &[&schema()], Leniencies::ALL).unwrap();
            assert_eq!(sort_by.key(&resource, &schema()), expected, "{path}");
        }
        let in_groups = SortBy::parse("title", &[&schema(), &ResourceSchema::group()], Leniencies::ALL).unwrap();
        assert_eq!(in_groups.key(&resource, &ResourceSchema::group()), SortKey::Missing);
    }

    #[test]
    fn what_has_no_order_is_refused() {
        for (path, detail) in [
            ("name", "`name` has parts, sort by one of them"),
            ("hatSize", "`hatSize` isn't an attribute of User, so nothing can be sorted by it"),
            ("password", "`password` isn't kept, so nothing can be sorted by it"),
            (
                "emails[type eq \"work\"].value",
                "`sortBy` names an attribute, without a value filter like that of `emails[type eq \"work\"].value`",
            ),
            ("", "`sortBy` can't be read: the path is empty at column 1"),
            (
                urn::ENTERPRISE_USER,
                "`urn:ietf:params:scim:schemas:extension:enterprise:2.0:User` isn't an attribute of User, so nothing can be sorted by it",
            ),
        ] {
            assert_eq!(SortBy::parse(path, &[&schema()], Leniencies::ALL).unwrap_err(), detail);
        }
        SortBy::parse("department", &[&schema()], Leniencies::STRICT).unwrap_err();
    }

    #[test]
    fn what_is_missing_comes_last() {
        let keys = [
            SortKey::Bool(false),
            SortKey::Bool(true),
            SortKey::Number(Float(-1.0)),
            SortKey::Number(Float(2.0)),
            SortKey::Text("a".to_owned()),
            SortKey::Text("b".to_owned()),
            SortKey::Missing,
        ];
        assert!(keys.is_sorted());
    }
}
