//! Requests as the service writes them, built without sending anything.
//!
//! Queries are form-encoded (`+` for a blank), ids are percent-encoded. Groups are read without their
//! members but to verify what was written.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use url::form_urlencoded;

use crate::scim::{Filter, Method, Request};

/// What stays as it is in a path segment: the unreserved characters of RFC 3986 section 2.3.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Looks accounts up: `GET {endpoint}?filter={attribute} eq "{value}"`.
pub fn find_request(endpoint: &str, attribute: &str, value: &str) -> Request {
    let filter = encoded(&Filter::equality(attribute, value));
    let separator = if without_members(endpoint) { "?excludedAttributes=members&" } else { "?" };
    request(Method::Get, format!("{endpoint}{separator}filter={filter}"), None)
}

/// Reads a page of a list: `GET {endpoint}?startIndex={start}&count={count}`, positions counted from 1.
pub fn list_request(endpoint: &str, start: u64, count: u64) -> Request {
    let separator = if without_members(endpoint) { "?excludedAttributes=members&" } else { "?" };
    request(Method::Get, format!("{endpoint}{separator}startIndex={start}&count={count}"), None)
}

/// Asks whether an object has a reference: `GET {endpoint}?filter=id eq "{id}" and {attribute} eq
/// "{value}"&attributes=id`.
pub fn reference_request(endpoint: &str, id: &str, attribute: &str, value: &str) -> Request {
    let filter = format!("{} and {}", Filter::equality("id", id), Filter::equality(attribute, value));
    request(Method::Get, format!("{endpoint}?filter={}&attributes=id", encoded(&filter)), None)
}

/// Reads a linked object: `GET {endpoint}/{id}`.
pub fn get_request(endpoint: &str, id: &str) -> Request {
    let query = if without_members(endpoint) { "?excludedAttributes=members" } else { "" };
    request(Method::Get, format!("{}{query}", path_of(endpoint, id)), None)
}

/// Reads a linked object whole: `GET {endpoint}/{id}`, of groups with their members, which the service never does.
pub fn get_whole_request(endpoint: &str, id: &str) -> Request {
    request(Method::Get, path_of(endpoint, id), None)
}

/// Creates an object: `POST {endpoint}`.
pub fn create_request(endpoint: &str, body: Value) -> Request {
    request(Method::Post, endpoint.to_owned(), Some(body))
}

/// Changes an object: `PATCH {endpoint}/{id}`.
pub fn patch_request(endpoint: &str, id: &str, body: Value) -> Request {
    request(Method::Patch, path_of(endpoint, id), Some(body))
}

/// Removes an object: `DELETE {endpoint}/{id}`.
pub fn delete_request(endpoint: &str, id: &str) -> Request {
    request(Method::Delete, path_of(endpoint, id), None)
}

fn request(method: Method, path: String, body: Option<Value>) -> Request {
    Request { method, path, body }
}

fn encoded(filter: &str) -> String {
    form_urlencoded::byte_serialize(filter.as_bytes()).collect()
}

fn path_of(endpoint: &str, id: &str) -> String {
    format!("{endpoint}/{}", utf8_percent_encode(id, SEGMENT))
}

fn without_members(endpoint: &str) -> bool {
    endpoint.eq_ignore_ascii_case("/Groups")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_form_encoded() {
        for (endpoint, attribute, value, expected) in [
            ("/Users", "userName", "ann@contoso.com", "/Users?filter=userName+eq+%22ann%40contoso.com%22"),
            ("/Users", "userName", r#"a"b\c"#, "/Users?filter=userName+eq+%22a%5C%22b%5C%5Cc%22"),
            ("/Users", "userName", "Zoë +&", "/Users?filter=userName+eq+%22Zo%C3%AB+%2B%26%22"),
            (
                "/Users",
                r#"emails[type eq "work"].value"#,
                "x",
                "/Users?filter=emails%5Btype+eq+%22work%22%5D.value+eq+%22x%22",
            ),
            (
                "/Groups",
                "displayName",
                "Design",
                "/Groups?excludedAttributes=members&filter=displayName+eq+%22Design%22",
            ),
        ] {
            let request = find_request(endpoint, attribute, value);
            assert_eq!((request.method, request.path.as_str(), request.body), (Method::Get, expected, None));
        }
    }

    #[test]
    fn pages_are_counted_from_one() {
        assert_eq!(list_request("/Users", 1, 100).path, "/Users?startIndex=1&count=100");
        let groups = list_request("/Groups", 101, 100).path;
        assert_eq!(groups, "/Groups?excludedAttributes=members&startIndex=101&count=100");
    }

    #[test]
    fn references_are_asked_for_by_both_ids() {
        for (endpoint, id, attribute, value, expected) in [
            (
                "/Groups",
                "g-1",
                "members",
                "u-1",
                "/Groups?filter=id+eq+%22g-1%22+and+members+eq+%22u-1%22&attributes=id",
            ),
            (
                "/Users",
                "u/1",
                "manager",
                r#"m"1"#,
                "/Users?filter=id+eq+%22u%2F1%22+and+manager+eq+%22m%5C%221%22&attributes=id",
            ),
        ] {
            let request = reference_request(endpoint, id, attribute, value);
            assert_eq!((request.method, request.path.as_str(), request.body), (Method::Get, expected, None));
        }
    }

    #[test]
    fn ids_are_percent_encoded() {
        for (id, expected) in [
            ("2819c223-7f76", "/Users/2819c223-7f76"),
            ("a/b c@d", "/Users/a%2Fb%20c%40d"),
            ("é?#%", "/Users/%C3%A9%3F%23%25"),
        ] {
            assert_eq!(get_request("/Users", id).path, expected);
            assert_eq!(delete_request("/Users", id).path, expected);
            assert_eq!(patch_request("/Users", id, Value::Null).path, expected);
        }
        assert_eq!(get_request("/Groups", "7").path, "/Groups/7?excludedAttributes=members");
        assert_eq!(get_whole_request("/Groups", "a/b").path, "/Groups/a%2Fb");
    }
}
