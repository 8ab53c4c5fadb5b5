//! The one way in which the provisioning service writes POST.

use serde_json::{Map, Value, json};

use crate::scim::{AttributePath, Literal, urn};

/// The body of a POST: `schemas`, the values in the mapping's order, `meta`. It is the same in
/// both dialects.
///
/// `target_object` is the mapping's `targetObjectName`: the enterprise user's URN makes the body
/// list both schemas, whether or not an enterprise attribute has a value. A group is created empty, its
/// members follow by PATCH.
pub fn creation<'a>(target_object: &str, values: impl IntoIterator<Item = (&'a AttributePath, Value)>) -> Value {
    let (schemas, kind) = match target_object {
        urn::ENTERPRISE_USER => (json!([urn::USER, urn::ENTERPRISE_USER]), "User"),
        urn::GROUP | "Group" => (json!([urn::GROUP]), "Group"),
        _ => (json!([urn::USER]), "User"),
    };
    let mut body = Map::new();
    body.insert("schemas".to_owned(), schemas);
    for (path, value) in values {
        place(&mut body, path, value);
    }
    if kind == "Group" {
        body.entry("members").or_insert_with(|| json!([]));
    }
    body.insert("meta".to_owned(), json!({ "resourceType": kind }));
    Value::Object(body)
}

fn place(body: &mut Map<String, Value>, path: &AttributePath, value: Value) {
    let members = match &path.urn {
        Some(extension)
            if !extension.eq_ignore_ascii_case(urn::USER) && !extension.eq_ignore_ascii_case(urn::GROUP) =>
        {
            object(body.entry(extension.clone()).or_insert_with(|| json!({})))
        }
        _ => body,
    };
    let attribute = path.attribute.clone();
    match (&path.filter, &path.sub_attribute) {
        (None, None) => {
            members.insert(attribute, value);
        }
        (None, Some(sub)) => {
            object(members.entry(attribute).or_insert_with(|| json!({}))).insert(sub.clone(), value);
        }
        (Some(filter), sub) => {
            let mut wanted = Map::new();
            for (name, literal) in filter.equalities() {
                if path.attribute.eq_ignore_ascii_case("emails") && is_work(name, literal) {
                    wanted.insert("primary".to_owned(), Value::Bool(true));
                }
                wanted.insert(name.to_owned(), entry_value(name, literal));
            }
            let entries = array(members.entry(attribute).or_insert_with(|| json!([])));
            let described = |entry: &Value| wanted.iter().all(|(name, value)| entry.get(name) == Some(value));
            let at = entries.iter().position(described).unwrap_or(entries.len());
            if at == entries.len() {
                entries.push(Value::Object(wanted));
            }
            object(&mut entries[at]).insert(sub.clone().unwrap_or_else(|| "value".to_owned()), value);
        }
    }
}

fn is_work(name: &str, literal: &Literal) -> bool {
    name.eq_ignore_ascii_case("type") && matches!(literal, Literal::String(text) if text == "work")
}

/// `roles[primary eq "True"]` writes a boolean into the entry although the filter has a text.
fn entry_value(name: &str, literal: &Literal) -> Value {
    match literal {
        Literal::String(text) if name.eq_ignore_ascii_case("primary") && text.eq_ignore_ascii_case("true") => {
            Value::Bool(true)
        }
        Literal::String(text) if name.eq_ignore_ascii_case("primary") && text.eq_ignore_ascii_case("false") => {
            Value::Bool(false)
        }
        literal => literal.to_value(),
    }
}

fn object(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut().expect("it was just made an object")
}

fn array(value: &mut Value) -> &mut Vec<Value> {
    if !value.is_array() {
        *value = Value::Array(Vec::new());
    }
    value.as_array_mut().expect("it was just made an array")
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEPARTMENT: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department";
    const WORK: &str = "emails[type eq \"work\"].value";

    #[test]
    fn creation_nests_and_lists_schemas() {
        let values = [
            ("userName", json!("ann@contoso.com")),
            (WORK, json!("ann@contoso.com")),
            ("name.givenName", json!("Ann")),
            ("name.familyName", json!("Byron")),
            ("phoneNumbers[type eq \"work\"].value", json!("1")),
            ("phoneNumbers[type eq \"mobile\"].value", json!("2")),
            ("roles[primary eq \"True\"].value", json!("Admin")),
            ("roles[primary eq \"True\"].display", json!("Administrator")),
            (DEPARTMENT, json!("R&D")),
            ("active", json!(true)),
        ];
        let paths: Vec<_> = values.iter().map(|(name, _)| AttributePath::parse(name).unwrap()).collect();
        let body = creation(urn::ENTERPRISE_USER, paths.iter().zip(values.iter().map(|(_, value)| value.clone())));
        assert_eq!(
            body,
            json!({
                "schemas": [urn::USER, urn::ENTERPRISE_USER],
                "userName": "ann@contoso.com",
                "emails": [{"primary": true, "type": "work", "value": "ann@contoso.com"}],
                "name": {"givenName": "Ann", "familyName": "Byron"},
                "phoneNumbers": [{"type": "work", "value": "1"}, {"type": "mobile", "value": "2"}],
                "roles": [{"primary": true, "value": "Admin", "display": "Administrator"}],
                urn::ENTERPRISE_USER: {"department": "R&D"},
                "active": true,
                "meta": {"resourceType": "User"},
            })
        );
        assert_eq!(creation(urn::USER, [])["schemas"], json!([urn::USER]));
    }
    #[test]
    fn groups_are_created_empty() {
        let name = AttributePath::parse("displayName").unwrap();
        for target_object in [urn::GROUP, "Group"] {
            assert_eq!(
                creation(target_object, [(&name, json!("Design"))]).to_string(),
                format!(
                    r#"{{"schemas":["{}"],"displayName":"Design","members":[],"meta":{{"resourceType":"Group"}}}}"#,
                    urn::GROUP
                )
            );
        }
    }
}
