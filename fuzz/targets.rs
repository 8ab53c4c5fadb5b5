//! What the fuzzers do with their input. The tests run the seeds through the same functions.

use std::borrow::Cow;
use std::sync::OnceLock;

use scimulate::directory::{AttributeNames, AttributeValue};
use scimulate::expression::{Environment, Expression, MAX_TEXT, Value, parse};
use scimulate::schema::{self, CompileOptions, ObjectKind};
use scimulate::scim::{AttributePath, Filter, Leniencies, PatchRequest, Resource, ResourceSchema, apply};
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

/// A SCIM filter, and the same text as a path: what is read is printed and read again, and is the same; matching ends.
pub(crate) fn path(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (user, schema) = (user(), user_schema());
    if let Ok(filter) = Filter::parse(text) {
        // The canonical spelling has more blanks and may be too long therefore.
        if let Ok(again) = Filter::parse(&filter.to_string()) {
            assert_eq!(again, filter);
            assert_eq!(again.matches(&user, &schema), filter.matches(&user, &schema));
        }
    }
    if let Ok(path) = AttributePath::parse(text) {
        let _value = path.get(&user);
        if let Ok(again) = AttributePath::parse(&path.to_string()) {
            assert_eq!(again, path);
        }
    }
}

/// A PATCH body: a refused one changes nothing, an accepted one leaves a resource that the endpoint would take as a
/// whole, and says rightly whether it changed it.
pub(crate) fn patch(data: &[u8]) {
    let Ok(body) = serde_json::from_slice::<serde_json::Value>(data) else { return };
    let schema = user_schema();
    for leniencies in [Leniencies::ALL, Leniencies::STRICT] {
        let Ok(request) = PatchRequest::parse(body.clone(), leniencies) else { continue };
        let before = user();
        let mut after = before.clone();
        match apply(&mut after, &request, &schema, leniencies) {
            Err(error) => {
                assert_eq!(after, before, "{error}");
                assert!((400..500).contains(&error.status), "{error}");
            }
            Ok(changed) => {
                assert_eq!(changed, after != before);
                let mut content = after.members().clone();
                content.shift_remove("id");
                let admitted = schema.admit(content.clone(), Leniencies::STRICT).expect("it is valid as a whole");
                assert_eq!(admitted.members(), &content);
            }
        }
    }
}

fn user_schema() -> ResourceSchema {
    ResourceSchema::user().with_extension(ResourceSchema::enterprise_user())
}

/// Somebody with a value of every kind.
fn user() -> Resource {
    let user = serde_json::json!({
        "schemas": [
            "urn:ietf:params:scim:schemas:core:2.0:User",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
        ],
        "id": "7",
        "userName": "ann@contoso.com",
        "externalId": "E-7",
        "active": true,
        "name": {"givenName": "Ann", "familyName": "Lee"},
        "emails": [{"type": "work", "value": "w@x", "primary": true}, {"type": "home", "value": "h@x"}],
        "roles": [{"value": "Admin", "primary": true}],
        "x509Certificates": [{"value": "AAEC"}],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "R&D", "manager": {"value": "1"}}
    });
    Resource::from_value(user).expect("it is an object")
}
