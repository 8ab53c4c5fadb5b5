//! Finding the account of a user: matching attributes in their precedence, and what the answers mean.

use std::borrow::Cow;

use serde_json::Value;

use crate::mapping::{Desired, Flow};
use crate::schema::{ObjectMapping, TargetAttribute};
use crate::scim::Resource;

/// One query by a matching attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Index of the mapping.
    pub mapping: usize,
    /// The value that the account must have.
    pub value: String,
}

/// What a query's answer means.
#[derive(Debug, Clone, PartialEq)]
pub enum Candidates {
    /// No account has the value.
    None,
    /// This one has it.
    One(Resource),
    /// Several have it; their ids.
    Several(Vec<String>),
    /// One has it, but it is linked to another source object, which the text names.
    Taken(String),
    /// Accounts came back, but none has the value: the endpoint ignores the filter. How many.
    FilterIgnored(usize),
}

/// The queries for a user, by precedence; matching attributes without a value are left out.
pub fn queries(mapping: &ObjectMapping, desired: &Desired) -> Vec<Query> {
    let query = |index: &usize| match &desired[*index] {
        Flow::Value(value) | Flow::OnCreate(value) => Some(Query { mapping: *index, value: text(value)? }),
        Flow::Unknown | Flow::Nothing | Flow::Roles(_) => None,
    };
    mapping.matching.iter().filter_map(query).collect()
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(values) => values.first().and_then(text),
        Value::Null | Value::Object(_) => None,
    }
}

/// Judges the resources that a query returned: each must really have the value, whatever the
/// endpoint made of the filter.
pub fn judge(attribute: &TargetAttribute, value: &str, returned: Vec<Resource>) -> Candidates {
    let count = returned.len();
    let mut real: Vec<_> = returned.into_iter().filter(|resource| has(attribute, value, resource)).collect();
    match (real.len(), count) {
        (0, 0) => Candidates::None,
        (0, count) => Candidates::FilterIgnored(count),
        (1, _) => Candidates::One(real.remove(0)),
        _ => Candidates::Several(real.iter().map(|resource| resource.id().unwrap_or_default()).collect()),
    }
}

fn has(attribute: &TargetAttribute, value: &str, resource: &Resource) -> bool {
    let Some(actual) = value_of(attribute, resource) else { return false };
    if attribute.case_exact { actual == value } else { same_ignoring_case(&actual, value) }
}

/// The value that an account is matched by; `None` where it has none.
pub fn value_of(attribute: &TargetAttribute, account: &Resource) -> Option<String> {
    attribute.path.get(account).and_then(text)
}

/// A value in the form in which equal ones are identical: [`judge`] takes two for the same just then.
pub fn folded<'t>(attribute: &TargetAttribute, value: Cow<'t, str>) -> Cow<'t, str> {
    if attribute.case_exact { value } else { lower_case(value) }
}

/// In lower case letter by letter, without a copy where it is already.
pub(crate) fn lower_case(text: Cow<'_, str>) -> Cow<'_, str> {
    let is_lower = text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    if is_lower { text } else { Cow::Owned(text.chars().flat_map(char::to_lowercase).collect()) }
}

/// Whether two texts are equal but for letter case, in any script.
pub(crate) fn same_ignoring_case(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) || a.chars().flat_map(char::to_lowercase).eq(b.chars().flat_map(char::to_lowercase))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scim::{AttributePath, AttributeType, Mutability};

    fn user_name(case_exact: bool) -> TargetAttribute {
        TargetAttribute {
            name: "userName".to_owned(),
            path: AttributePath::parse("userName").unwrap(),
            kind: AttributeType::String,
            multivalued: false,
            case_exact,
            required: true,
            mutability: Mutability::ReadWrite,
        }
    }

    fn accounts(names: &[&str]) -> Vec<Resource> {
        let account =
            |(id, name): (usize, &&str)| Resource::from_value(json!({"id": id.to_string(), "UserName": name}));
        names.iter().enumerate().map(|pair| account(pair).unwrap()).collect()
    }

    #[test]
    fn only_real_matches_count() {
        let check = |names: &[&str], expected: &str| {
            let found = match judge(&user_name(false), "ann@contoso.com", accounts(names)) {
                Candidates::None => "none".to_owned(),
                Candidates::One(resource) => format!("one {}", resource.id().unwrap()),
                Candidates::Several(ids) => format!("several {}", ids.join(" ")),
                Candidates::FilterIgnored(count) => format!("ignored {count}"),
                Candidates::Taken(owner) => format!("taken by {owner}"),
            };
            assert_eq!(found, expected, "{names:?}");
        };
        check(&[], "none");
        check(&["Ann@Contoso.com"], "one 0");
        check(&["bob@contoso.com", "ann@contoso.com"], "one 1");
        check(&["ann@contoso.com", "ANN@contoso.com"], "several 0 1");
        check(&["bob@contoso.com", "eve@contoso.com"], "ignored 2");
    }

    #[test]
    fn letter_case_counts_where_the_attribute_says_so() {
        assert_eq!(judge(&user_name(true), "ann", accounts(&["Ann"])), Candidates::FilterIgnored(1));
        assert!(matches!(judge(&user_name(false), "ÄNN", accounts(&["änn"])), Candidates::One(_)));
    }

    #[test]
    fn folded_values_are_identical_where_accounts_are_found() {
        let names = ["Ann", "ann", "ÄNN", "änn", "ΣΑΣ", "σας", "σασ", "Straße", "STRASSE", "İ", "i", "東京"];
        for exact in [false, true] {
            let attribute = user_name(exact);
            for (a, b) in names.iter().flat_map(|a| names.iter().map(move |b| (*a, *b))) {
                let found = matches!(judge(&attribute, a, accounts(&[b])), Candidates::One(_));
                assert_eq!(folded(&attribute, a.into()) == folded(&attribute, b.into()), found, "{a} {b} {exact}");
            }
        }
    }
}
