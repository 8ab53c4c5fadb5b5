//! What the fuzzers do with their input. The tests run the seeds through the same functions.

use std::borrow::Cow;
use std::sync::OnceLock;

use scimulate::directory::{AttributeNames, AttributeValue};
use scimulate::expression::{Environment, Expression, MAX_TEXT, Value, parse};
use scimulate::schema::{self, CompileOptions, ObjectKind};
use scimulate::scim::{
    AttributePath, Filter, Leniencies, Leniency, PatchRequest, Resource, ResourceSchema, apply, urn,
};
use scimulate::scoping::evaluate_filters;

/// Values of every kind, by slot in turn.
fn values(count: usize) -> Vec<AttributeValue<'static>> {
    let kinds = [
        AttributeValue::String(Cow::Borrowed("John Doe+1@contoso.com, 2020-03-16")),
        AttributeValue::Null,
        AttributeValue::String(Cow::Borrowed("")),
        AttributeValue::Bool(true),
        AttributeValue::String(Cow::Borrowed("129699324000000000")),
        AttributeValue::Strings(vec![Cow::Borrowed("ä"), Cow::Borrowed("b"), Cow::Borrowed("ä")]),
    ];
    kinds.into_iter().cycle().take(count).collect()
}

/// An expression: what parses is printed and parsed again, and is the same; evaluation ends, with no more text
/// than is allowed.
pub(crate) fn expression(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(node) = parse(text) else { return };
    let printed = node.to_string();
    match parse(&printed) {
        Ok(again) => assert_eq!(again, node, "{printed}"),
        // The canonical spelling has more blanks and may be too long therefore.
        Err(error) => assert!(error.message.contains("is the limit"), "{printed}: {error}"),
    }
    let mut names = AttributeNames::default();
    let Ok(expression) = Expression::compile(text, &mut names) else { return };
    let values = values(names.len());
    let environment = Environment { default_domain: Some("contoso.com"), ..Environment::new(&values) };
    match expression.evaluate(&environment) {
        Ok(Value::String(text)) => assert!(text.len() <= MAX_TEXT.max(data.len())),
        Ok(Value::Strings(texts)) => {
            assert!(texts.iter().map(|text| text.len()).sum::<usize>() <= 2 * MAX_TEXT.max(data.len()));
        }
        Ok(_) | Err(_) => {}
    }
}

/// A schema file: it is read, checked, cut out of its wrapping and read again.
pub(crate) fn schema(data: &[u8]) {
    let Ok(text) = schema::decode(data) else { return };
    let Ok(document) = schema::read(&text, "schema.json") else { return };
    let checked = schema::check(&document, &CompileOptions::default());
    for finding in &checked.findings {
        assert!(finding.hint.is_some(), "{finding}");
    }
    let again = schema::read(document.schema_text(), "schema.json").expect("a schema by itself can be read");
    for kind in [ObjectKind::User, ObjectKind::Group] {
        assert_eq!(schema::rows(&again, kind), schema::rows(&document, kind));
        let _defaults = schema::default_rows(&document, kind);
    }
    let _definition = schema::target_definition(&document);
}

/// The schema that scoping filters are added to.
static DOCUMENT: OnceLock<schema::Document> = OnceLock::new();

/// A scoping filter as lines: operator, value, text to test, pattern anchored or not; and the value as a SCIM
/// filter.
pub(crate) fn filter(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.splitn(3, '\n');
    let (operator, value, subject) =
        (lines.next().unwrap_or(""), lines.next().unwrap_or(""), lines.next().unwrap_or(""));
    if let Ok(parsed) = Filter::parse(value) {
        let printed = parsed.to_string();
        assert_eq!(Filter::parse(&printed).map(|again| again.to_string()), Ok(printed));
    }
    let document = DOCUMENT.get_or_init(|| {
        let template = schema::template("wedo").expect("it is built in");
        schema::read(template.text, "wedo").expect("it can be read")
    });
    let clause = schema::ExtraClause {
        attribute: "department".to_owned(),
        operator: operator.to_owned(),
        value: (!operator.starts_with("IS ")).then(|| value.to_owned()),
    };
    for anchor_scope_regex in [false, true] {
        let filter = schema::ExtraFilter { title: "f".to_owned(), clauses: vec![clause.clone()] };
        let options = CompileOptions { extra_filters: vec![filter], anchor_scope_regex, ..CompileOptions::default() };
        let Ok(rules) = schema::compile(document, &options) else { return };
        let slot = rules.attributes.get("department").expect("the filter looks at it");
        let mut values = vec![AttributeValue::Null; rules.attributes.len()];
        values[usize::from(slot.0)] = AttributeValue::String(Cow::Borrowed(subject));
        let _verdict = evaluate_filters(&rules.users.filters, &values);
    }
}

fn users() -> ResourceSchema {
    ResourceSchema::user().with_extension(ResourceSchema::enterprise_user())
}

/// What is patched and filtered: somebody and a group, both valid.
fn resources() -> [(ResourceSchema, serde_json::Value); 2] {
    let user = serde_json::json!({
        "schemas": [urn::USER, urn::ENTERPRISE_USER], "id": "1", "userName": "bjensen", "active": true,
        "name": {"givenName": "Barbara", "familyName": "Jensen"}, "title": "Boss",
        "emails": [{"value": "b@example.com", "type": "work", "primary": true}, {"value": "b@jensen.org", "type": "home"}],
        urn::ENTERPRISE_USER: {"department": "R&D", "manager": {"value": "2"}},
        "meta": {"resourceType": "User", "created": "2011-05-13T04:42:34Z", "lastModified": "2011-05-13T04:42:34Z"},
    });
    let group = serde_json::json!({
        "schemas": [urn::GROUP], "id": "3", "displayName": "Design", "members": [{"value": "1", "type": "User"}, {"value": "2"}],
        "meta": {"resourceType": "Group", "created": "2011-05-13T04:42:34Z", "lastModified": "2011-05-13T04:42:34Z"},
    });
    [(users(), user), (ResourceSchema::group(), group)]
}

/// The first line as a filter and as a path; the rest as operations of a PATCH and as a document, with and without
/// leniencies. What is printed is read again, and whatever is taken leaves a resource that is taken as it is.
pub(crate) fn scim(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    if let Ok(path) = AttributePath::parse(first) {
        assert_eq!(AttributePath::parse(&path.to_string()), Ok(path));
    }
    // what is serialised into texts is only taken out once
    let lenient = Leniencies::ALL.without(Leniency::JsonInStrings);
    let document = serde_json::from_str::<serde_json::Value>(rest);
    for (schema, resource) in resources() {
        let resource = Resource::from_value(resource).expect("it is an object");
        if let Ok(filter) = Filter::parse(first) {
            assert_eq!(Filter::parse(&filter.to_string()), Ok(filter.clone()));
            let _matches = filter.matches(&resource, &schema);
            let strict = filter.check(&[&schema], Leniencies::STRICT);
            assert!(strict.is_err() || filter.check(&[&schema], Leniencies::ALL).is_ok(), "{filter}");
        }
        let Ok(document) = &document else { continue };
        for leniencies in [Leniencies::ALL, lenient, Leniencies::STRICT] {
            patched(&schema, &resource, document, leniencies);
            if let serde_json::Value::Object(members) = document
                && let Ok(admitted) = schema.admit(members.clone(), leniencies)
            {
                whole(&schema, &admitted, leniencies);
                if let Ok(replaced) = schema.replace(&resource, admitted) {
                    whole(&schema, &replaced, leniencies);
                }
            }
        }
    }
}

fn patched(schema: &ResourceSchema, resource: &Resource, operations: &serde_json::Value, leniencies: Leniencies) {
    let body = serde_json::json!({"schemas": [urn::PATCH_OP], "Operations": operations});
    let Ok(request) = PatchRequest::parse(body, leniencies) else { return };
    let mut after = resource.clone();
    match apply(&mut after, &request, schema, leniencies, &|| None) {
        Ok(changed) => assert_eq!(changed, after != *resource),
        Err(_) => return assert_eq!(after, *resource),
    }
    whole(schema, &after, leniencies);
}

/// Fails if a resource isn't what could have been sent as it is.
fn whole(schema: &ResourceSchema, resource: &Resource, leniencies: Leniencies) {
    let mut members = resource.members().clone();
    for name in ["id", "meta"] {
        members.shift_remove(name);
    }
    assert_eq!(schema.check_schemas(&members, Leniencies::STRICT), Ok(()));
    let again = schema.admit(members.clone(), leniencies);
    if leniencies.allow(Leniency::JsonInStrings) {
        assert!(again.is_ok(), "{again:?}");
    } else {
        assert_eq!(again.map(|again| again.members().clone()), Ok(members));
    }
}
