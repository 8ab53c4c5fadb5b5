//! Evaluating: documented examples and edge cases, function by function.

use std::borrow::Cow;

use super::*;
use crate::directory::{AttributeNames, AttributeValue};

const MAIL: &str = "john.doe@contoso.com";

/// John Doe's values; attributes that aren't listed are unknown.
fn value_of(name: &str) -> AttributeValue<'static> {
    let several = |values: &[&'static str]| AttributeValue::Strings(values.iter().map(|text| (*text).into()).collect());
    match name {
        "null" => AttributeValue::Null,
        "empty" => AttributeValue::String("".into()),
        "none" => several(&[]),
        "one" => several(&["only"]),
        "many" => several(&["b", "a", "b", "B"]),
        "givenName" => AttributeValue::String("John".into()),
        "surname" => AttributeValue::String("Doe".into()),
        "mail" => AttributeValue::String(MAIL.into()),
        "preferredLanguage" => AttributeValue::String("EN-US".into()),
        "state" => AttributeValue::String("QLD".into()),
        "country" => AttributeValue::String("USA".into()),
        "number" => AttributeValue::String("042".into()),
        "yes" => AttributeValue::String("true".into()),
        "IsSoftDeleted" => AttributeValue::Bool(false),
        "spaces" => AttributeValue::String(" a\u{a0} b\t".into()),
        "emoji" => AttributeValue::String("a😀b".into()),
        "sets" => AttributeValue::String("PermissionSetOne, PermissionSetTwo".into()),
        _ => AttributeValue::Unknown,
    }
}

fn evaluate(text: &str) -> Result<Value<'static>, EvaluationError> {
    let mut names = AttributeNames::default();
    let expression = Expression::compile(text, &mut names).unwrap_or_else(|error| panic!("{text}: {error}"));
    let values: Vec<AttributeValue<'_>> = names.iter().map(|(_, name)| value_of(name)).collect();
    let environment = Environment { default_domain: Some("contoso.com"), ..Environment::new(&values) };
    Ok(match expression.evaluate(&environment)? {
        Value::Null => Value::Null,
        Value::NoFlow => Value::NoFlow,
        Value::Bool(value) => Value::Bool(value),
        Value::Number(number) => Value::Number(number),
        Value::String(text) => Value::String(Cow::Owned(text.into_owned())),
        Value::Strings(values) => {
            Value::Strings(values.into_iter().map(|text| Cow::Owned(text.into_owned())).collect())
        }
        Value::DateTime(at) => Value::DateTime(at),
        Value::Roles(shape, roles) => {
            Value::Roles(shape, roles.into_iter().map(|role| Cow::Owned(role.into_owned())).collect())
        }
    })
}

fn text(text: &str) -> Value<'_> {
    Value::borrowed(text)
}

fn integer(number: i64) -> Value<'static> {
    Value::Number(Number::Integer(number))
}

fn list<'a>(values: &[&'a str]) -> Value<'a> {
    Value::Strings(values.iter().map(|text| (*text).into()).collect())
}

fn check(rows: &[(&str, Value<'_>)]) {
    for (expression, expected) in rows {
        assert_eq!(evaluate(expression).as_ref(), Ok(expected), "{expression}");
    }
}

#[test]
fn attributes_and_constants() {
    check(&[
        ("[mail]", text(MAIL)),
        ("[missing]", Value::Null),
        ("[null]", Value::Null),
        ("[none]", Value::Null),
        ("[empty]", text("")),
        ("[many]", list(&["b", "a", "b", "B"])),
        ("[IsSoftDeleted]", Value::Bool(false)),
        ("\"Contoso\"", text("Contoso")),
    ]);
}

#[test]
fn switch() {
    let zones = "Switch([state],\"Australia/Sydney\",\"NSW\",\"Australia/Sydney\",\"QLD\",\"Australia/Brisbane\")";
    check(&[
        (zones, text("Australia/Brisbane")),
        ("Switch([IsSoftDeleted], , \"False\", \"True\", \"True\", \"False\")", text("True")),
        ("Switch([state], \"else\", \"qld\", \"no\")", text("else")),
        ("Switch([state], , \"NSW\", \"no\")", Value::Null),
        ("Switch([state], \"\", \"NSW\", \"no\")", text("")),
        ("Switch([null],\"Default\",\"true\",\"1\",\"\",\"0\")", text("0")),
        ("Switch([empty],\"Default\",\"true\",\"1\",\"\",\"0\")", text("0")),
        ("Switch([missing],\"Default\",\"true\",\"1\",\"\",\"0\")", text("0")),
        ("Switch([one],\"Default\",\"only\",[mail])", text(MAIL)),
        ("Switch(Len([state]),\"Default\",3,\"three\")", text("three")),
        ("Switch([state], , \"QLD\", )", Value::Null),
        ("Switch([country],[country],\"\",\"Other\")", text("USA")),
        ("Switch([null],[null],\"\",\"Other\")", text("Other")),
        // Only what is chosen is evaluated.
        ("Switch([state], Item([many], 9), \"QLD\", \"fine\")", text("fine")),
    ]);
}

#[test]
fn the_default_mapping_of_active_borrows_everything() {
    let mut names = AttributeNames::default();
    let text = "Switch([IsSoftDeleted], , \"False\", \"True\", \"True\", \"False\")";
    let expression = Expression::compile(text, &mut names).unwrap();
    for (deleted, expected) in [(false, "True"), (true, "False")] {
        let values = [AttributeValue::Bool(deleted)];
        let value = expression.evaluate(&Environment::new(&values)).unwrap();
        assert!(matches!(value, Value::String(Cow::Borrowed(text)) if text == expected));
    }
}

#[test]
fn iif_and_not() {
    check(&[
        ("IIF([country]=\"USA\",[country],[state])", text("USA")),
        ("IIF([country]=\"usa\",\"yes\",\"no\")", text("no")),
        ("IIF([country]<>\"usa\",\"yes\",\"no\")", text("yes")),
        ("IIF([country]=\"USA\",IIF([state]=\"CA\",\"True\",\"False\"),\"False\")", text("False")),
        // A missing value makes the condition false, whatever the operator.
        ("IIF([null]=\"\",\"yes\",\"no\")", text("no")),
        ("IIF([empty]=\"\",\"yes\",\"no\")", text("no")),
        ("IIF([null]<>\"x\",\"yes\",\"no\")", text("no")),
        ("IIF([null]=[missing],\"yes\",\"no\")", text("no")),
        ("IIF([country]<>\"\",\"yes\",\"no\")", text("yes")),
        ("IIF(IsNullOrEmpty([null]),\"yes\",\"no\")", text("yes")),
        ("IIF(IsPresent([null]),\"yes\",\"no\")", text("no")),
        ("IIF([yes],\"yes\",\"no\")", text("yes")),
        ("IIF([IsSoftDeleted]=\"false\",\"yes\",\"no\")", text("yes")),
        ("IIF([yes]=True,\"yes\",\"no\")", text("yes")),
        ("IIF([yes]=\"True\",\"yes\",\"no\")", text("no")),
        // Numbers: only against a number of the language, or where there is an order.
        ("IIF([number]=\"42\",\"yes\",\"no\")", text("no")),
        ("IIF([number]=42,\"yes\",\"no\")", text("yes")),
        ("IIF(Len([state])=\"3\",\"yes\",\"no\")", text("yes")),
        ("IIF([number]>\"5\",\"yes\",\"no\")", text("yes")),
        ("IIF([number]>=42.0,\"yes\",\"no\")", text("yes")),
        ("IIF([number]<=41.5,\"yes\",\"no\")", text("no")),
        ("IIF(\"b\"<\"c\",\"yes\",\"no\")", text("yes")),
        ("IIF(&H10=16,\"yes\",\"no\")", text("yes")),
        ("IIF(Count([none]),\"yes\",\"no\")", text("no")),
        ("IIF(InStr([mail],\"@\"),\"yes\",\"no\")", text("yes")),
        ("Not([IsSoftDeleted])", Value::Bool(true)),
        ("Not([yes])", Value::Bool(false)),
        ("Not(\"True\")", Value::Bool(false)),
        ("Not([null])", Value::Bool(true)),
        ("Not([state])", Value::Bool(true)),
    ]);
    assert_eq!(
        evaluate("IIF([many]=\"a\",\"yes\",\"no\")"),
        Err(EvaluationError::SeveralValues { function: "IIF", count: 4 })
    );
}

#[test]
fn presence() {
    check(&[
        ("Coalesce([null],[mail])", text(MAIL)),
        ("Coalesce([empty],[mail])", text("")),
        ("Coalesce([null],[missing],\"default\")", text("default")),
        ("Coalesce([null])", Value::Null),
        ("IsNull([null])", Value::Bool(true)),
        ("IsNull([none])", Value::Bool(true)),
        ("IsNull([empty])", Value::Bool(false)),
        ("IsNullOrEmpty([empty])", Value::Bool(true)),
        ("IsNullOrEmpty([mail])", Value::Bool(false)),
        ("IsNullOrEmpty([IsSoftDeleted])", Value::Bool(false)),
        ("IsPresent([empty])", Value::Bool(false)),
        ("IsPresent([many])", Value::Bool(true)),
        ("IsString([mail])", Value::Bool(true)),
        ("IsString(5)", Value::Bool(true)),
        ("IsString([null])", Value::Bool(false)),
        ("IsString([many])", Value::Bool(false)),
        ("IgnoreFlowIfNullOrEmpty([mail])", text(MAIL)),
        ("IgnoreFlowIfNullOrEmpty([null])", Value::NoFlow),
        ("IgnoreFlowIfNullOrEmpty([empty])", Value::NoFlow),
        ("IgnoreFlowIfNullOrEmpty(IIF([country]=\"Chad\",[state],\"\"))", Value::NoFlow),
        ("Append(IgnoreFlowIfNullOrEmpty([null]), \"x\")", Value::NoFlow),
    ]);
}

#[test]
fn joining() {
    check(&[
        ("Append([mail], \".test\")", text("john.doe@contoso.com.test")),
        (
            "Append(\"SMTP:\", Join(\"@\", Join(\".\", [givenName], [surname]), \"contoso.com\"))",
            text("SMTP:John.Doe@contoso.com"),
        ),
        ("Append([null], \"x\")", Value::Null),
        ("Append(\"x\", [null])", Value::Null),
        ("Append([empty], \"x\")", text("x")),
        ("Append([many], \"!\")", list(&["b!", "a!", "b!", "B!"])),
        ("Append(\"!\", [many])", list(&["!b", "!a", "!b", "!B"])),
        ("Prepend(\"x\", [state])", text("xQLD")),
        ("Join(\" \",[givenName],[surname])", text("John Doe")),
        ("Join(\", \",\"\",[surname],[null],[givenName])", text("Doe, John")),
        ("Join(\"\",1000,[many],IsNull([mail]))", text("1000babBFalse")),
        ("Join([null],[givenName],[surname])", text("JohnDoe")),
        ("Join(\" \",[null],[empty],[none])", Value::Null),
        ("Join(\"@\",[surname],DefaultDomain())", text("Doe@contoso.com")),
        ("CStr(12.50)", text("12.5")),
        ("CStr(-3)", text("-3")),
        ("CStr([IsSoftDeleted])", text("False")),
        ("CStr([null])", Value::Null),
    ]);
    assert_eq!(evaluate("CStr([many])"), Err(EvaluationError::SeveralValues { function: "CStr", count: 4 }));
}

#[test]
fn case() {
    check(&[
        ("ToLower(\"MiXed Ä\")", text("mixed ä")),
        ("ToUpper([givenName], )", text("JOHN")),
        ("ToUpper(\"straße ı\")", text("STRAßE ı")),
        ("ToLower(\"İ\u{212a}K\")", text("İ\u{212a}k")),
        ("ToUpper([many], \"en-US\")", list(&["B", "A", "B", "B"])),
        ("ToLower([null])", Value::Null),
    ]);
}

#[test]
fn cutting() {
    check(&[
        ("Left(\"John Doe\", 3)", text("Joh")),
        ("Left(\"John Doe\", \"3\")", text("Joh")),
        ("Left(\"John\", 0)", text("")),
        ("Left(\"John\", -1)", text("John")),
        ("Left(\"John\", 99)", text("John")),
        ("Left([null], 3)", text("")),
        ("Left([many], 1)", list(&["b", "a", "b", "B"])),
        ("Mid(\"John Doe\",3,5)", text("hn Do")),
        ("Mid(\"John Doe\",6,999)", text("Doe")),
        ("Mid(\"John\",1,0)", text("")),
        ("Mid(\"John\",1,-1)", text("John")),
        ("Mid(\"John\",0,2)", text("John")),
        ("Mid(\"John\",5,2)", text("John")),
        ("Mid(\"John\",4,2)", text("n")),
        ("Mid([null],1,2)", text("")),
        ("Mid([emoji],1,2)", text("a")),
        ("Mid([emoji],2,2)", text("😀")),
        ("Mid([mail],9223372036854775807,9223372036854775807)", text(MAIL)),
        ("Mid(Append([surname],\"ü\"),2,9223372036854775807)", text("oeü")),
        ("Len(\"John Doe\")", integer(8)),
        ("Len(42568)", integer(5)),
        ("Len(42568.75)", integer(8)),
        ("Len([null])", integer(0)),
        ("Len([emoji])", integer(4)),
        ("StripSpaces([spaces])", text("a\u{a0}b\t")),
        ("StripSpaces([null])", Value::Null),
    ]);
    for bad in ["Mid([mail],[surname],1)", "Left([mail],[null])", "Left([mail],1.5)"] {
        assert!(matches!(evaluate(bad), Err(EvaluationError::NotANumber { .. })), "{bad}");
    }
}

#[test]
fn finding() {
    check(&[
        ("InStr(\"The quick brown fox\",\"quick\")", integer(5)),
        ("InStr(\"The quick brown fox\",\"Quick\")", integer(0)),
        ("InStr(\"The quick brown fox\",\"QUICK\", , vbTextCompare)", integer(5)),
        ("InStr(\"The quick brown fox\",\"Quick\", 1, vbBinaryCompare)", integer(0)),
        ("InStr(\"abcabc\",\"b\",3)", integer(5)),
        ("InStr(\"abc\",\"a\",\"9\")", integer(0)),
        ("InStr([emoji],\"b\")", integer(4)),
        ("InStr([null],\"b\")", Value::Null),
        ("InStr([mail],\"\")", integer(1)),
        ("Word(\"The quick brown fox\",3,\" \")", text("brown")),
        ("Word(\"a,b  c\",3,\" ,\")", text("c")),
        ("Word(\"ü,é\",2,\",\")", text("é")),
        ("Word(Append([surname],\",é\"),2,\",\")", text("é")),
        ("Word(\"a b\",3,\" \")", text("")),
        ("Word(\"a b\",0,\" \")", text("")),
        ("Word([null],1,\" \")", text("")),
    ]);
    assert_eq!(evaluate("InStr([mail],\"a\",0)"), Err(EvaluationError::StartOutOfRange { start: 0 }));
}

#[test]
fn lists() {
    check(&[
        ("Split([sets], \",\")", list(&["PermissionSetOne", "PermissionSetTwo"])),
        ("Split(\"a,,b\", \",\")", list(&["a", "", "b"])),
        ("Split(Append([surname],\"; x\"), \";\")", list(&["Doe", "x"])),
        ("Split([state], \"\")", list(&["QLD"])),
        ("Split([null], \",\")", Value::Null),
        ("Item(Split([mail],\"@\"),1)", text("john.doe")),
        ("Item([many], \"2\")", text("a")),
        ("Item([mail], 1)", text(MAIL)),
        ("Item([null], 1)", Value::Null),
        ("Count([many])", integer(4)),
        ("Count([mail])", integer(1)),
        ("Count([null])", integer(0)),
        ("RemoveDuplicates([many])", list(&["b", "a", "B"])),
        ("RemoveDuplicates([mail])", text(MAIL)),
    ]);
    for (expression, index) in [("Item([many], 0)", 0), ("Item([many], 5)", 5), ("Item([many], -1)", -1)] {
        assert_eq!(evaluate(expression), Err(EvaluationError::ItemOutOfRange { index, count: 4 }));
    }
}

#[test]
fn replacing() {
    check(&[
        ("Replace([mail],\"@contoso.com\", , ,\"\", ,)", text("john.doe")),
        ("Replace([preferredLanguage],\"-\", , ,\"_\", , )", text("EN_US")),
        ("Replace([preferredLanguage],\"en\", , ,\"_\")", text("EN-US")),
        ("Replace([null],\"a\", , ,\"b\", , )", Value::Null),
        ("Replace([state],\"\", , ,\"b\", , )", text("QLD")),
        ("Replace([state],[null], , ,\"b\", , )", text("QLD")),
        ("Replace([state],\"L\", , ,[null], , )", text("QD")),
        ("Replace([many],\"b\", , ,\"c\", , )", list(&["c", "a", "c", "B"])),
        ("Replace([surname],\"%\", , , , ,\"cn=%,o=%\")", text("cn=Doe,o=Doe")),
        ("Replace([null],\"%\", , , , ,\"cn=%\")", Value::Null),
    ]);
}

#[test]
fn no_expression_fills_the_memory() {
    let ten = "aaaaaaaaaa";
    let bomb = (0..60).fold("\"a\"".to_owned(), |inner, _| format!("Replace({inner},\"a\",,,\"{ten}\")"));
    assert_eq!(evaluate(&bomb), Err(EvaluationError::TooLong { function: "Replace" }));
    let wide = (0..5).fold("\"a,a\"".to_owned(), |inner, _| format!("Replace({inner},\"a\",,,\"{ten},{ten}\")"));
    let long = "x".repeat(5000);
    let spread = format!("Append(Split({wide}, \",\"), \"{long}\")");
    assert_eq!(evaluate(&spread), Err(EvaluationError::TooLong { function: "Replace" }));
    let spread = format!("Append(Split(Replace(\"{}\",\"a\",,,\"a,a,a,\"), \",\"), \"{long}\")", "a".repeat(900));
    assert_eq!(evaluate(&spread), Err(EvaluationError::TooLong { function: "Append" }));
}

#[test]
fn the_default_domain_may_be_missing() {
    let expression = Expression::compile("DefaultDomain()", &mut AttributeNames::default()).unwrap();
    let nothing = Environment::new(&[]);
    assert_eq!(expression.evaluate(&nothing), Err(EvaluationError::NoDefaultDomain));
}

#[test]
fn numbers_are_read_and_printed() {
    for (text, expected) in [
        ("12", Some("12")),
        (" -7 ", Some("-7")),
        ("1.50", Some("1.5")),
        ("&Hff", Some("255")),
        ("007", Some("7")),
        ("99999999999999999999", Some("100000000000000000000")),
        ("", None),
        ("-", None),
        ("1.", None),
        ("+1", None),
        ("1e5", None),
        ("&H", None),
        ("&H-1", None),
        ("NaN", None),
    ] {
        assert_eq!(Number::parse(text).map(|number| number.to_string()).as_deref(), expected, "{text}");
    }
}
