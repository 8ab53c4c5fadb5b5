//! Compiling scoping filters.

use serde_json::json;

use super::*;

fn one(attribute: &str, operator: &str, value: Option<&str>) -> CompileOptions {
    let clause =
        ExtraClause { attribute: attribute.into(), operator: operator.into(), value: value.map(ToOwned::to_owned) };
    CompileOptions { extra_filters: vec![ExtraFilter { title: "T".into(), clauses: vec![clause] }], ..options() }
}

#[test]
fn every_operator_compiles() {
    for (operator, value, notices) in [
        ("EQUALS", Some("Sales"), 0),
        (" not equals ", Some("Sales"), 0),
        ("IS TRUE", None, 1),
        ("is false", None, 1),
        ("IS NULL", None, 0),
        ("IS NOT NULL", None, 0),
        ("REGEX MATCH", Some("^S.*$"), 0),
        ("NOT REGEX MATCH", Some("^(?!S).*\\z"), 0),
        ("Greater_Than", Some(" 5 "), 0),
        ("GREATER_THAN_or_EQUALS", Some("-5"), 0),
        ("Includes", Some("ale"), 0),
        ("ENDS_WITH", Some("es"), 0),
        ("&", Some("Sales"), 1),
        ("!&", Some("Sales"), 1),
    ] {
        let schema = compile(&wedo(|_| {}), &one("department", operator, value)).unwrap();
        let clause = &schema.users.filters[0].clauses[0];
        assert!(clause.operator.name().eq_ignore_ascii_case(operator.trim()));
        assert_eq!(schema.attributes.name(clause.slot), "department");
        assert_eq!(clause.values, value.into_iter().collect::<Vec<_>>());
        assert_eq!(schema.notices.len(), notices, "{operator}: {:?}", schema.notices);
    }
}

#[test]
fn what_is_wrong_is_named() {
    for (attribute, operator, value, expected, hint) in [
        ("department", "EQUAL", Some("x"), "there is no operator `EQUAL`", "did you mean `EQUALS`?"),
        ("department", "LIKE", Some("x"), "there is no operator `LIKE`", "Operators are EQUALS, NOT EQUALS"),
        ("department", "IsMemberOf", Some("x"), "the service doesn't support `IsMemberOf`", "assign the group"),
        ("department", "EQUALS", None, "the operator needs a value", "exactly one"),
        ("employeeId", "Greater_Than", Some("ten"), "`ten` isn't a whole number", "whole numbers"),
        ("department", "REGEX MATCH", Some("(a"), "invalid regular expression: ", ".NET"),
        ("", "EQUALS", Some("x"), "no attribute is named", "such as `department`"),
        ("proxyAddresses", "EQUALS", Some("x"), "`proxyAddresses` can't be used in a scoping filter", "several values"),
        ("members", "EQUALS", Some("x"), "`members` can't be used in a scoping filter", "members"),
        (
            "appRoleAssignments",
            "EQUALS",
            Some("x"),
            "`appRoleAssignments` can't be used in a scoping filter",
            "assignment",
        ),
        ("Manager", "IS NULL", None, "`manager` can't be used in a scoping filter", "references"),
        ("employeeHireDate", "IS NULL", None, "`employeeHireDate` can't be used in a scoping filter", "dates"),
        ("IsSoftDeleted", "IS TRUE", None, "`IsSoftDeleted` can't be used in a scoping filter", "accountEnabled"),
    ] {
        let found = compile(&wedo(|_| {}), &one(attribute, operator, value)).unwrap_err();
        assert_eq!(found.len(), 1, "{found:?}");
        let message = format!("scoping filter `T`, `{attribute} {operator}`: {expected}");
        assert!(found[0].message.starts_with(&message), "{} should start with {message}", found[0].message);
        assert!(found[0].hint.as_ref().is_some_and(|found| found.contains(hint)), "{:?}", found[0]);
    }
}

#[test]
fn what_is_odd_is_noted() {
    for (attribute, operator, value, expected) in [
        ("userType", "EQUALS", Some("Guest"), "the service doesn't support `userType` in scoping filters"),
        ("Department", "EQUALS", Some("x"), "there is no source attribute `Department`; `department` is taken"),
        ("departmant", "EQUALS", Some("x"), "the source directory has no attribute `departmant`"),
        ("department", "IS NULL", Some("x"), "the operator takes no value"),
        (
            "department",
            "REGEX MATCH",
            Some(".*\\@domain.com"),
            "the pattern `.*\\@domain.com` may match anywhere in the value",
        ),
        ("department", "REGEX MATCH", Some("^a\\$"), "the pattern `^a\\$` may match anywhere in the value"),
        ("department", "IS TRUE", None, "the attribute isn't a boolean"),
    ] {
        let schema = compile(&wedo(|_| {}), &one(attribute, operator, value)).unwrap();
        let [notice] = schema.notices.as_slice() else { panic!("{expected}: {:?}", schema.notices) };
        assert!(notice.message.ends_with(expected), "{} should end with {expected}", notice.message);
    }
    let plain = compile(&wedo(|_| {}), &one("accountEnabled", "IS TRUE", None)).unwrap();
    assert_eq!(plain.notices, []);
}

#[test]
fn patterns_can_be_anchored() {
    let matches = |anchor: bool, text: &str| {
        let settings = CompileOptions {
            anchor_scope_regex: anchor,
            ..one("employeeId", "REGEX MATCH", Some("[1-9]|([1-9][0-9])"))
        };
        let schema = compile(&wedo(|_| {}), &settings).unwrap();
        let ClauseOperator::RegexMatch(patterns) = &schema.users.filters[0].clauses[0].operator else { panic!() };
        (patterns[0].is_match(text).unwrap(), schema.digest)
    };
    assert!(matches(false, "123").0 && !matches(true, "123").0 && matches(true, "12").0);
    assert_ne!(matches(false, "").1, matches(true, "").1);
}

#[test]
fn a_bad_pattern_has_a_caret() {
    let found = compile(&wedo(|_| {}), &one("department", "REGEX MATCH", Some("ä(?<n>b"))).unwrap_err();
    let snippet = found[0].snippet.as_ref().unwrap();
    assert_eq!(snippet.text, "ä(?<n>b");
    assert!(snippet.text.is_char_boundary(snippet.span.start) && snippet.text.is_char_boundary(snippet.span.end));
}

#[test]
fn filters_of_document_and_settings_are_alternatives() {
    let document = wedo(|json| {
        json.pointer_mut(MAPPING).unwrap()["scope"] = json!({ "groups": [
            { "name": "Sales", "clauses": [
                { "sourceOperandName": "department", "operatorName": "EQUALS", "targetOperand": { "values": ["A", "B"] } },
                { "sourceOperandName": "jobTitle", "operatorName": "IS NOT NULL", "targetOperand": null },
            ] },
            { "name": "All", "clauses": null },
        ] });
    });
    let schema = compile(&document, &one("city", "EQUALS", Some("Rome"))).unwrap();
    let titles: Vec<(&str, usize)> =
        schema.users.filters.iter().map(|group| (group.title.as_str(), group.clauses.len())).collect();
    assert_eq!(titles, [("Sales", 2), ("All", 0), ("T", 1)]);
    assert_eq!(schema.users.filters[0].clauses[0].values, ["A", "B"]);
    let [notice] = schema.notices.as_slice() else { panic!("{:?}", schema.notices) };
    assert!(notice.message.ends_with("2 values are given where the portal writes one"));
    assert!(notice.line.is_some());
}

#[test]
fn errors_in_the_document_have_a_place() {
    let document = wedo(|json| {
        json.pointer_mut(MAPPING).unwrap()["scope"] = json!({ "groups": [{ "name": "S", "clauses": [
            { "sourceOperandName": "manager", "operatorName": "EQALS", "targetOperand": { "values": [7] } },
        ] }] });
    });
    let found = errors(&document, &options());
    assert_eq!(found.len(), 2, "both the attribute and the operator: {found:?}");
    assert!(found.iter().all(|error| error.starts_with("schema.json:") && error.contains("`manager EQALS`")));
}
