//! The functions of Microsoft's reference, with the examples that it gives.

use std::borrow::Cow;

use uuid::Uuid;

use crate::base::Timestamp;
use crate::directory::{AppRole, AttributeNames, AttributeValue, DEFAULT_ACCESS};
use crate::expression::{Environment, EvaluationError, Expression, RoleShape, Value};

/// Evaluates with texts as attributes, 2021-08-25T17:41:18Z and seed 7; the result as its texts, `null` or
/// `no flow`.
fn evaluate(text: &str, attributes: &[(&str, &str)]) -> Result<String, EvaluationError> {
    let mut names = AttributeNames::default();
    let expression = Expression::compile(text, &mut names).unwrap_or_else(|error| panic!("{text}: {error}"));
    let value_of = |name: &str| {
        let values: Vec<_> = attributes.iter().filter(|(known, _)| *known == name).map(|(_, value)| *value).collect();
        match values.as_slice() {
            [] => AttributeValue::Null,
            [one] => AttributeValue::String(Cow::Borrowed(one)),
            several => AttributeValue::Strings(several.iter().map(|value| Cow::Borrowed(*value)).collect()),
        }
    };
    let values: Vec<_> = names.iter().map(|(_, name)| value_of(name)).collect();
    let now: Timestamp = "2021-08-25T17:41:18Z".parse().unwrap();
    let environment = Environment { now, seed: 7, ..Environment::new(&values) };
    Ok(match expression.evaluate(&environment)? {
        Value::Null => "null".to_owned(),
        Value::NoFlow => "no flow".to_owned(),
        Value::Strings(values) => values.join("|"),
        value => value.to_text().unwrap().into_owned(),
    })
}

fn check(attributes: &[(&str, &str)], rows: &[(&str, &str)]) {
    for (text, expected) in rows {
        assert_eq!(evaluate(text, attributes).as_deref(), Ok(*expected), "{text}");
    }
}

#[test]
fn dates() {
    let attributes = [
        ("CustomDate", "2012-03-16-07:00"),
        ("extensionAttribute1", "20150123105347.1Z"),
        ("ContractEndDate", "2025-12-31-05:00"),
        ("endDate", "12/31/2020 12:00:00 AM"),
        ("lastLogonTimestamp", "129699324000000000"),
        ("empty", ""),
        ("several", "2020-01-01"),
        ("several", "2021-01-01"),
    ];
    check(
        &attributes,
        &[
            ("CDate(\"2020-03-16-07:00\")", "3/16/2020 7:00:00 AM"),
            ("CDate(\"2009-06-15T01:45:30-07:00\")", "6/15/2009 8:45:30 AM"),
            ("CDate(\"2013-01-10 4:00 PM -8\")", "1/11/2013 12:00:00 AM"),
            ("CDate([missing])", "null"),
            ("CDate([empty])", "null"),
            ("CDate(CDate([CustomDate]))", "3/16/2012 7:00:00 AM"),
            ("Now()", "8/25/2021 5:41:18 PM"),
            ("DateAdd(\"d\", 7, CDate([CustomDate]))", "3/23/2012 7:00:00 AM"),
            ("DateAdd(\"d\", -10, CDate([CustomDate]))", "3/6/2012 7:00:00 AM"),
            ("DateAdd(\"ww\", 2, CDate([CustomDate]))", "3/30/2012 7:00:00 AM"),
            ("DateAdd(\"yyyy\", \"2\", CDate([CustomDate]))", "3/16/2014 7:00:00 AM"),
            ("DateAdd(\"m\", 3, CDate(\"2001-01-01\"))", "4/1/2001 12:00:00 AM"),
            ("DateAdd(\"m\", 1, CDate(\"2020-01-31\"))", "2/29/2020 12:00:00 AM"),
            ("DateAdd(\"yyyy\", -1, CDate(\"2020-02-29\"))", "2/28/2019 12:00:00 AM"),
            ("DateAdd(\"q\", 1, CDate(\"2020-11-30\"))", "2/28/2021 12:00:00 AM"),
            ("DateAdd(\"h\", 25, CDate(\"2020-02-28\"))", "2/29/2020 1:00:00 AM"),
            ("DateAdd(\"n\", 90, CDate(\"2020-02-28\"))", "2/28/2020 1:30:00 AM"),
            ("DateAdd(\"S\", -1, CDate(\"2020-02-28\"))", "2/27/2020 11:59:59 PM"),
            ("DateAdd(\"d\", 1, CDate(\"9999-12-30\"))", "12/31/9999 12:00:00 AM"),
            ("DateAdd(\"d\", 1, CDate([missing]))", "null"),
            ("DateDiff(\"d\", CDate(\"2021-08-18+08:00\"), CDate(\"2021-08-31+08:00\"))", "13"),
            ("DateDiff(\"d\", Now(), CDate([CustomDate]))", "-3449"),
            ("DateDiff(\"m\", Now(), CDate([CustomDate]))", "-113"),
            ("DateDiff(\"h\", CDate(\"2021-08-24\"), CDate(\"2021-08-25\"))", "24"),
            ("DateDiff(\"n\", CDate(\"2021-08-24\"), CDate(\"2021-08-25\"))", "1440"),
            ("DateDiff(\"s\", CDate(\"2021-08-24\"), CDate(\"2021-08-25\"))", "86400"),
            ("DateDiff(\"yyyy\", CDate(\"2020-12-31\"), CDate(\"2021-01-01\"))", "1"),
            ("DateDiff(\"q\", CDate(\"2020-12-31\"), CDate(\"2021-01-01\"))", "1"),
            ("DateDiff(\"ww\", CDate(\"2021-08-28\"), CDate(\"2021-08-29\"))", "1"),
            ("DateDiff(\"ww\", CDate(\"2021-08-29\"), CDate(\"2021-09-04\"))", "0"),
            ("DateDiff(\"d\", CDate([missing]), Now())", "null"),
            ("DateFromNum(129699324000000000)", "1/1/2012 11:00:00 PM"),
            ("DateFromNum([lastLogonTimestamp])", "1/1/2012 11:00:00 PM"),
            ("DateFromNum([missing])", "null"),
            ("NumFromDate(CDate(\"2012-01-01 23:00:00\"))", "129699324000000000"),
            ("NumFromDate(\"2012-01-01 23:00:00\")", "129699324000000000"),
            ("NumFromDate([missing])", "null"),
            (
                "NumFromDate(Join(\"\",FormatDateTime([ContractEndDate], ,\"yyyy-MM-ddzzz\",\"yyyy-MM-dd\"),\" 23:59:59-05:00\"))",
                "134117171990000000",
            ),
            ("FormatDateTime([extensionAttribute1], , \"yyyyMMddHHmmss.fZ\", \"yyyy-MM-dd\")", "2015-01-23"),
            ("FormatDateTime([extensionAttribute1], \"yyyyMMddHHmmss.fZ\", \"yyyy-MM-dd\")", "2015-01-23"),
            ("FormatDateTime([endDate], ,\"M/d/yyyy hh:mm:ss tt\",\"yyyy-MM-dd\")", "2020-12-31"),
            ("FormatDateTime(CDate([CustomDate]), , \"s\", \"o\")", "2012-03-16T07:00:00.0000000Z"),
            ("FormatDateTime([missing], , \"s\", \"d\")", "null"),
            ("FormatDateTime([empty], , \"s\", \"d\")", "null"),
            ("IIF(CDate([CustomDate]) < Now(), \"past\", \"future\")", "past"),
            ("Append(CDate([CustomDate]), \"!\")", "3/16/2012 7:00:00 AM!"),
        ],
    );
    let starts = "Switch([Active], , \"1\", IIF(DateDiff(\"d\", Now(), CDate([StatusHireDate])) > 5, \"False\", \"True\"), \
                  \"0\", \"False\")";
    for (active, date, expected) in
        [("1", "2021-09-30", "False"), ("1", "2021-08-28", "True"), ("0", "2021-08-28", "False"), ("2", "", "null")]
    {
        check(&[("Active", active), ("StatusHireDate", date)], &[(starts, expected)]);
    }
    let fails = |text: &str, expected: EvaluationError| {
        assert_eq!(evaluate(text, &attributes), Err(expected), "{text}");
    };
    fails("CDate(\"soon\")", EvaluationError::NotADate { value: "soon".to_owned() });
    fails("CDate([several])", EvaluationError::SeveralValues { function: "CDate", count: 2 });
    fails("DateAdd(\"d\", 1, [CustomDate])", EvaluationError::NeedsDate { function: "DateAdd" });
    fails("DateDiff(\"d\", Now(), [CustomDate])", EvaluationError::NeedsDate { function: "DateDiff" });
    fails("DateAdd(\"d\", 1, CDate(\"9999-12-31\"))", EvaluationError::DateOutOfRange { function: "DateAdd" });
    fails("DateAdd(\"yyyy\", 9223372036854775807, Now())", EvaluationError::DateOutOfRange { function: "DateAdd" });
    fails("DateAdd(\"s\", -9223372036854775807, Now())", EvaluationError::DateOutOfRange { function: "DateAdd" });
    fails("DateAdd([empty], 1, Now())", EvaluationError::UnknownInterval { function: "DateAdd", value: String::new() });
    fails("DateAdd(\"m\", \"-9223372036854775808\", Now())", EvaluationError::DateOutOfRange { function: "DateAdd" });
    fails("DateFromNum(-1)", EvaluationError::DateOutOfRange { function: "DateFromNum" });
    fails("DateFromNum([endDate])", EvaluationError::NotANumber { function: "DateFromNum", parameter: "value" });
    fails("NumFromDate(\"1600-12-31\")", EvaluationError::DateOutOfRange { function: "NumFromDate" });
    fails(
        "FormatDateTime([endDate], , \"yyyy-MM-dd\", \"d\")",
        EvaluationError::DateOfAnotherForm {
            value: "12/31/2020 12:00:00 AM".to_owned(),
            format: "yyyy-MM-dd".to_owned(),
        },
    );
}

#[test]
fn replace_by_pattern() {
    check(
        &[
            ("mobile", "+1 (999) 888-7777"),
            ("userPrincipalName", "jsmith@contoso.com"),
            ("mailNickname", "john_doe72"),
            ("name", "John Smith"),
            ("many", "a1"),
            ("many", "b2"),
            ("pattern", "[0-9]"),
            ("empty", ""),
        ],
        &[
            ("Replace([mobile], ,\"[()\\\\s-]+\", ,\"\", , )", "+19998887777"),
            ("Replace([userPrincipalName], ,\"(?<Suffix>@(.)*)\",\"Suffix\",\"\", , )", "jsmith"),
            ("Replace([mailNickname], ,\"[a-zA-Z_]*\", ,\"\", , )", "72"),
            ("Replace(Join(\"\",\"00000000\",\"12345\"), ,\"(.*?)(?<id>.{0,8})$\", ,\"${id}\", ,)", "00012345"),
            ("Replace([name], ,\"(?<firstName>[a-zA-Z]+ )(?<lastName>[a-zA-Z]+)\", ,\"${lastName}\", ,)", "Smith"),
            ("Replace([name], ,\"[A-Z]\", ,\"$&.\", , )", "J.ohn S.mith"),
            ("Replace([many], ,\"[0-9]\", ,\"\", , )", "a|b"),
            ("Replace([many], ,[pattern], ,\"#\", , )", "a#|b#"),
            ("Replace([name], ,[missing], ,\"#\", , )", "John Smith"),
            ("Replace([missing], ,\"x\", ,\"#\", , )", "null"),
            ("Replace([name], ,\"nobody\", ,\"#\", , )", "John Smith"),
        ],
    );
    let isd =
        "Replace([telephoneNumber], ,\"\\+(?<isdCode>\\d* )(?<phoneNumber>\\d{10})\",\"phoneNumber\", ,[mobile], )";
    check(&[("mobile", "+91 8887779999")], &[(isd, "8887779999")]);
    check(&[("mobile", "+91 8887779999"), ("telephoneNumber", "")], &[(isd, "8887779999")]);
    check(&[("mobile", "+91 8887779999"), ("telephoneNumber", "1")], &[(isd, "1")]);
    check(&[("mobile", "none")], &[(isd, "null")]);
    check(&[], &[(isd, "null")]);
    let bad = evaluate("Replace(\"a\", ,[p], ,\"\", , )", &[("p", "(")]);
    assert!(matches!(bad, Err(EvaluationError::BadPattern { .. })), "{bad:?}");
    let hard = format!("Replace(\"{}\", ,\"(x+x+)+\\\\1y\", ,\"\", , )", "x".repeat(60));
    assert!(matches!(evaluate(&hard, &[]), Err(EvaluationError::Pattern { .. })));
}

#[test]
fn letters() {
    check(
        &[("first", "Zoë"), ("last", "GREGORY"), ("many", " a "), ("many", "b\t"), ("tr", "ıiIİ")],
        &[
            ("NormalizeDiacritics([first])", "Zoe"),
            ("NormalizeDiacritics(\"äàâãåáąăāǟǡa̱å̄ ÄÅǞÅ̄\")", "aaaaaaaaaaaaa AAAA"),
            ("NormalizeDiacritics(\"æǣÆ øœ̄ØŒ ßẞ\")", "aeaeAE oeoeOEOE ssSS"),
            ("NormalizeDiacritics(\"İIıi ł Ł đ\")", "IIii l L đ"),
            ("NormalizeDiacritics(\"ṳ̄ ǭ Ů Ǖ ž\")", "u o U U z"),
            ("NormalizeDiacritics(\"e\u{301}\")", "e"),
            ("NormalizeDiacritics(\"Нина 太郎\")", "Нина 太郎"),
            ("NormalizeDiacritics([missing])", "null"),
            ("PCase(\"PABLO GONSALVES (SECOND)\")", "Pablo Gonsalves (Second)"),
            ("PCase(Join(\" \",[last],\"JAMES\"))", "Gregory James"),
            ("PCase(\"st john's hospital\")", "St John'S Hospital"),
            ("Replace(PCase(\"st john's hospital\"),\"'S\", , ,\"'s\", , )", "St John's Hospital"),
            ("PCase(\"mary-ann o'neil\", \"-\")", "Mary-Ann o'neil"),
            ("PCase(\"éric\u{301} a\u{301}b\")", "Éric\u{301} A\u{301}b"),
            ("PCase([missing])", "null"),
            ("Trim([many])", "a|b"),
            ("ToUpper([tr], \"tr-TR\")", "IİIİ"),
            ("ToLower([tr], \"tr-TR\")", "ıiıi"),
            ("ToUpper([tr])", "ıIIİ"),
            ("ToLower(\"ÄİSS\", \"de-DE\")", "äİss"),
            ("ToUpper(\"straße\", )", "STRAßE"),
        ],
    );
    assert_eq!(
        evaluate("ToUpper(\"a\", [c])", &[("c", "?")]),
        Err(EvaluationError::UnknownCulture { culture: "?".to_owned() })
    );
}

#[test]
fn encodings_and_numbers() {
    check(
        &[("flags", "514"), ("a", "x"), ("b", "x"), ("c", "y"), ("yes", "true")],
        &[
            ("ConvertToBase64(\"Hello world!\")", "SABlAGwAbABvACAAdwBvAHIAbABkACEA"),
            ("ConvertToUTF8Hex(\"Hello world!\")", "48656C6C6F20776F726C6421"),
            ("ConvertToUTF8Hex(\"é\")", "C3A9"),
            ("ConvertFromBase64(\"SABlAGwAbABvACAAdwBvAHIAbABkACEA\")", "Hello world!"),
            ("ConvertFromBase64(\"SGVsbG8gd29ybGQh\", UTF8)", "Hello world!"),
            ("ConvertToBase64([missing])", "null"),
            ("BitAnd(&HF, &HF7)", "7"),
            ("BitAnd([flags], 2)", "2"),
            ("BitAnd(-1, \"12\")", "12"),
            ("BitAnd([missing], 2)", "null"),
            ("IIF(BitAnd([flags], 2)=\"0\", \"True\", \"False\")", "False"),
            ("CBool([a] = [b])", "True"),
            ("CBool([a] = [c])", "False"),
            ("CBool([missing] = [none])", "True"),
            ("CBool([a] = [none])", "False"),
            ("CBool([a] <> [none])", "True"),
            ("CBool(2)", "True"),
            ("CBool(0)", "False"),
            ("CBool([yes])", "True"),
            ("CBool([missing])", "null"),
            ("IsNothing([missing])", "True"),
            ("Redact([a])", "x"),
            ("Redact(Join(\"-\", [a], [c]))", "x-y"),
        ],
    );
    assert_eq!(evaluate("CBool(\"perhaps\")", &[]), Err(EvaluationError::NotABoolean { value: "perhaps".to_owned() }));
    assert_eq!(
        evaluate("ConvertFromBase64(\"SGV\")", &[]),
        Err(EvaluationError::NotBase64 { encoding: "Unicode".to_owned() })
    );
    assert_eq!(
        evaluate("BitAnd(\"1\", [a])", &[("a", "x")]),
        Err(EvaluationError::NotANumber { function: "BitAnd", parameter: "value2" })
    );
}

#[test]
fn random_values_repeat() {
    let guid = evaluate("Guid()", &[]).unwrap();
    assert_eq!(Uuid::try_parse(&guid).unwrap().get_version_num(), 4);
    assert_eq!(guid, guid.to_lowercase());
    assert_eq!(evaluate("Guid()", &[]).unwrap(), guid);
    let two = evaluate("Join(\"|\", Guid(), Guid())", &[]).unwrap();
    let (first, second) = two.split_once('|').unwrap();
    assert_ne!(first, second);

    let check = |text: &str, minima: [usize; 4], length: usize, avoided: &str| {
        let result = evaluate(text, &[]).unwrap();
        let count = |of: fn(char) -> bool| result.chars().filter(|c| of(*c)).count();
        let counts = [
            count(|c| c.is_ascii_digit()),
            count(|c| c.is_ascii_punctuation()),
            count(|c| c.is_ascii_uppercase()),
            count(|c| c.is_ascii_lowercase()),
        ];
        assert_eq!(counts.iter().sum::<usize>(), length, "{result}");
        assert!(counts.iter().zip(minima).all(|(count, least)| *count >= least), "{result}");
        assert!(!result.contains(|c| avoided.contains(c)), "{result}");
    };
    check("RandomString(6,3,0,0,3)", [3, 0, 0, 3], 6, "");
    check("RandomString(10,2,2,2,1,\"?,\")", [2, 2, 2, 1], 10, "?,");
    check("RandomString(256,0,0,0,0,\"0123456789\")", [0, 0, 0, 0], 256, "0123456789");
    check("RandomString(0,0,0,0,0)", [0; 4], 0, "");
    let none = evaluate("RandomString(2,1,0,0,0,\"0123456789\")", &[]);
    assert!(matches!(none, Err(EvaluationError::RandomString { .. })));
    let long = evaluate("RandomString([n],1,0,0,0)", &[("n", "300")]);
    assert!(matches!(long, Err(EvaluationError::RandomString { .. })));
}

#[test]
fn app_roles() {
    let role = |id: u128, value: Option<&str>, name: &str| {
        let allowed_member_types = vec!["User".to_owned()];
        Cow::Owned(AppRole {
            id: Uuid::from_u128(id),
            value: value.map(str::to_owned),
            display_name: name.to_owned(),
            enabled: true,
            allowed_member_types,
        })
    };
    let default: Cow<'static, AppRole> = role(DEFAULT_ACCESS.as_u128(), None, "Default Access");
    let check = |text: &str, roles: Vec<Cow<'static, AppRole>>, expected: Option<(RoleShape, &[&str])>| {
        let mut names = AttributeNames::default();
        let expression = Expression::compile(text, &mut names).unwrap();
        let values = [AttributeValue::Roles(roles)];
        match (expression.evaluate(&Environment::new(&values)).unwrap(), expected) {
            (Value::Null, None) => {}
            (Value::Roles(shape, roles), Some((expected_shape, expected))) => {
                let given: Vec<_> = roles.iter().map(|role| crate::expression::role_name(role)).collect();
                assert_eq!((shape, given.as_slice()), (expected_shape, expected), "{text}");
            }
            other => panic!("{text}: {other:?}"),
        }
    };
    let both = || vec![default.clone(), role(1, Some("admin"), "Administrator"), role(2, None, "Reader")];
    let single = "SingleAppRoleAssignment([appRoleAssignments])";
    check(single, both(), Some((RoleShape::Single, &["admin"])));
    check(single, vec![default.clone()], None);
    check(single, Vec::new(), None);
    check("AppRoleAssignmentsComplex([appRoleAssignments])", both(), Some((RoleShape::Complex, &["admin", "Reader"])));
    check(
        "AssertiveAppRoleAssignmentsComplex([appRoleAssignments])",
        both(),
        Some((RoleShape::Assertive, &["admin", "Reader"])),
    );
    let mut names = AttributeNames::default();
    let expression = Expression::compile("Append(SingleAppRoleAssignment([appRoleAssignments]), \"!\")", &mut names);
    let values = [AttributeValue::Roles(both())];
    assert_eq!(expression.unwrap().evaluate(&Environment::new(&values)), Ok(Value::borrowed("admin!")));
    assert_eq!(
        evaluate("SingleAppRoleAssignment([appRoleAssignments])", &[("appRoleAssignments", "x")]),
        Err(EvaluationError::NoRoles { function: "SingleAppRoleAssignment" })
    );
}

/// Arguments are evaluated once: else the time doubles with each level.
#[test]
fn deep_calls_take_no_longer_than_they_must() {
    for (open, close) in [
        ("DateFromNum(NumFromDate(", "))"),
        ("BitAnd(", ", 1)"),
        ("Replace(\"a\", , ", ", , \"b\", , )"),
        ("FormatDateTime(Now(), , \"s\", ", ")"),
        ("Switch(\"a\", , ", ", \"b\")"),
        ("Coalesce(", ", \"x\")"),
        ("IIF(", " = \"a\", \"b\", \"c\")"),
        ("Item(", ", 1)"),
        ("Mid(", ", 1, 1)"),
    ] {
        let inner = if open.starts_with("Date") { "Now()" } else { "[one]" };
        let levels = if open.starts_with("Date") { 45 } else { 90 };
        let text = format!("{}{inner}{}", open.repeat(levels), close.repeat(levels));
        // It ends at all; what it gives doesn't matter.
        let _result = evaluate(&text, &[("one", "1")]);
    }
}
