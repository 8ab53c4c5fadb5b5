use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::scim::{Attribute, AttributePath, AttributeType, Leniencies, Resource, ResourceSchema};

fn user() -> Resource {
    Resource::from_value(json!({
        "id": "A-1",
        "userName": "bjensen@Example.com",
        "name": {"familyName": "O'Malley", "givenName": "Bärbel"},
        "title": "Boss",
        "userType": "Employee",
        "active": true,
        "emails": [
            {"type": "work", "value": "b@example.com", "primary": true},
            {"type": "home", "value": "b@home.example.org"}
        ],
        "x": 12,
        "ims": [{"type": ""}],
        "meta": {"lastModified": "2011-05-13T04:42:34Z"},
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "Sales", "manager": {"value": "M7"}}
    }))
    .unwrap()
}

fn schema() -> ResourceSchema {
    ResourceSchema::user().with_extension(ResourceSchema::enterprise_user())
}

#[track_caller]
fn check(filter: &str, expected: bool) {
    let parsed = Filter::parse(filter).unwrap_or_else(|error| panic!("{filter}: {error}"));
    assert_eq!(parsed.matches(&user(), &schema()), expected, "{filter}");
    assert_eq!(Filter::parse(&parsed.to_string()).as_ref(), Ok(&parsed), "printed: {parsed}");
}

#[test]
fn examples_of_the_rfc() {
    for (filter, expected) in [
        ("userName Eq \"BJENSEN@example.com\"", true),
        ("name.familyName co \"O'Malley\"", true),
        ("userName sw \"B\"", true),
        ("urn:ietf:params:scim:schemas:core:2.0:User:userName sw \"J\"", false),
        ("title pr", true),
        ("meta.lastModified gt \"2011-05-13T04:42:34Z\"", false),
        ("meta.lastModified ge \"2011-05-13T06:42:34+02:00\"", true),
        ("meta.lastModified lt \"2011-05-13T04:42:34.5Z\"", true),
        ("meta.lastModified le \"2011-05-13T04:42:34Z\"", true),
        ("title pr and userType eq \"Employee\"", true),
        ("title pr or userType eq \"Intern\"", true),
        ("schemas eq \"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User\"", false),
        ("userType eq \"Employee\" and (emails co \"example.com\" or emails.value co \"example.org\")", true),
        ("userType ne \"Employee\" and not (emails co \"example.com\" or emails.value co \"example.org\")", false),
        ("userType eq \"Employee\" and (emails.type eq \"work\")", true),
        ("userType eq \"Employee\" and emails[type eq \"work\" and value co \"@example.com\"]", true),
        ("emails[type eq \"work\" and value co \"@home\"] or ims[type eq \"xmpp\" and value co \"@foo.com\"]", false),
    ] {
        check(filter, expected);
    }
}

#[test]
fn letter_case_is_as_the_schema_says() {
    check("id eq \"a-1\"", false);
    check("id eq \"A-1\"", true);
    check("TITLE EQ \"bOSS\"", true);
    check("name.givenName eq \"BÄRBEL\"", true);
    check("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq \"SALES\"", true);
    check("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager eq \"M7\"", true);
    check("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq \"m7\"", false);
}

#[test]
fn types_and_absent_values() {
    for (filter, expected) in [
        ("active eq true", true),
        ("active eq \"True\"", true),
        ("active eq \"False\"", false),
        ("active ne false", true),
        ("active gt false", false),
        ("x eq 12", true),
        ("x gt 11.5", true),
        ("x lt -12.5e0", false),
        ("x eq \"12\"", true),
        ("nickName eq \"x\"", false),
        ("nickName ne \"x\"", true),
        ("nickName eq null", true),
        ("title ne null", true),
        ("nickName pr", false),
        ("emails[primary eq \"True\"].value eq \"b@example.com\"", true),
        ("emails[type eq \"home\"].value ew \"example.com\"", false),
        ("emails[not (type eq \"work\")]", true),
        ("userName eq \"\"", false),
        ("ims.type eq \"\"", true),
        ("ims.type ne \"\"", false),
        ("ims.type ne \"x\"", true),
        ("emails[primary eq false]", true),
        ("emails[primary eq false].value eq \"b@home.example.org\"", true),
        ("emails[primary eq false].value eq \"b@example.com\"", false),
        ("ims.primary eq \"False\"", true),
        ("ims[primary ne false]", false),
        ("ims[primary eq null]", true),
        ("ims.primary pr", false),
        ("addresses.primary eq false", false),
        ("name pr", true),
        ("emails pr", true),
        ("addresses pr", false),
        ("ims pr", false),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User pr", true),
        ("meta.lastModified sw \"2011-05\"", true),
        ("meta.lastModified co \"2011-05-13T04:42:34Z\"", true),
        ("meta.lastModified eq \"2011-05-13T04:42:34\"", true),
        ("not(title pr)", false),
        ("not (not (title pr))", true),
        ("  title   pr  ", true),
    ] {
        check(filter, expected);
    }
}

#[test]
fn and_binds_closer_than_or() {
    check("title pr or title pr and nickName pr", true);
    check("(title pr or title pr) and nickName pr", false);
    check("nickName pr and title pr or title pr", true);
}

#[test]
fn escapes_in_texts() {
    let filter = Filter::parse(r#"userName eq "a\"b\\c\u00fc\/""#).unwrap();
    let Filter::Compare { value: Literal::String(text), .. } = &filter else { panic!("{filter:?}") };
    assert_eq!(text, "a\"b\\cü/");
    for value in ["O'Malley", "a\"b\\c", "tab\there", "ü😀"] {
        let filter = Filter::parse(&Filter::equality("userName", value)).unwrap();
        assert_eq!(filter.pinned("username"), Some(vec![value]));
    }
}

#[test]
fn errors_name_the_place() {
    for (filter, message) in [
        ("", "the filter is empty at column 1"),
        ("userName", "expected an operator (eq ne co sw ew pr gt ge lt le), but the text ends at column 9"),
        ("userName is \"x\"", "expected an operator (eq ne co sw ew pr gt ge lt le), found `is` at column 10"),
        ("userName eq", "expected a value, but the text ends at column 12"),
        ("externalId eq jyoung", "a value is a text in double quotes, a number, true, false or null at column 15"),
        ("userName eq 'x'", "a value is a text in double quotes, a number, true, false or null at column 13"),
        ("userName eq \"x", "the text has no closing quote at column 13"),
        ("userName eq \"\\x\"", "the text has an invalid escape or a control character at column 13"),
        ("userName eq \"\\ud800\"", "the text has an invalid escape or a control character at column 13"),
        ("(userName pr", "expected `and`, `or` or `)`, but the text ends at column 13"),
        ("userName pr)", "expected `and`, `or` or the end of the filter, found `)` at column 12"),
        ("userName pr and", "expected an attribute name, but the text ends at column 16"),
        ("not userName pr", "expected an operator (eq ne co sw ew pr gt ge lt le), found `userName` at column 5"),
        ("a[b[c eq 1]]", "a value filter can't hold another one at column 4"),
        (
            "emails[type eq \"work\"] eq \"x\"",
            "`eq` needs a sub-attribute after the value filter, `emails[type eq \"work\"].value eq` at column 24",
        ),
        ("a eq 1e999", "a value is a text in double quotes, a number, true, false or null at column 6"),
    ] {
        assert_eq!(Filter::parse(filter).unwrap_err().to_string(), message, "{filter}");
    }
}

#[test]
fn depth_and_length_are_bounded() {
    let nested = |levels: usize| format!("{}title pr{}", "(".repeat(levels), ")".repeat(levels));
    assert!(Filter::parse(&nested(50)).is_ok());
    assert_eq!(Filter::parse(&nested(5_000)).unwrap_err().to_string(), "more than 64 levels of nesting at column 65");
    let not = format!("{}title pr{}", "not (".repeat(5_000), ")".repeat(5_000));
    assert!(Filter::parse(&not).is_err());
    let many = vec!["userName eq \"somebody@example.com\""; 200].join(" or ");
    assert_eq!(Filter::parse(&many).unwrap().pinned("userName").map(|values| values.len()), Some(200));
    assert!(Filter::parse(&"x".repeat(100_000)).is_err());
}

#[test]
fn only_what_the_attribute_has_is_compared() {
    for (filter, refusal) in [
        ("userName eq \"x\" or emails[type eq \"work\" and primary eq true].value pr", None),
        ("schemas eq \"urn:x:y\" and meta.created gt \"2011-05-13T04:42:34Z\" and id sw \"2\"", None),
        ("emails co \"x\" and manager eq \"7\" and not (name pr)", None),
        ("password pr or x509Certificates.value eq \"AA==\"", None),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User pr", None),
        ("title eq null and active ne null", None),
        ("shoeSize gt 40", Some("`shoeSize` isn't an attribute of User")),
        ("name.nothing pr", Some("`name.nothing` isn't an attribute of User")),
        ("urn:x:y:2.0:Z:a pr", Some("`urn:x:y:2.0:Z:a` isn't an attribute of User")),
        ("emails[kind eq \"work\"]", Some("`kind` isn't part of `emails`")),
        ("emails[type.x eq \"work\"]", Some("`type.x` isn't part of `emails`")),
        ("active gt false", Some("`gt` can't compare `active`, which is of type boolean")),
        ("active co \"t\"", Some("`co` can't compare `active`, which is of type boolean")),
        ("emails[primary le true]", Some("`le` can't compare `primary`, which is of type boolean")),
        ("x509Certificates ge \"x\"", Some("`ge` can't compare `x509Certificates`, which is of type binary")),
        (
            "x509Certificates.value lt \"x\"",
            Some("`lt` can't compare `x509Certificates.value`, which is of type binary"),
        ),
        ("name eq \"x\"", Some("`name` has parts, name one of them: `name.formatted`")),
        ("addresses co \"x\"", Some("`addresses` has parts, name one of them: `addresses.formatted`")),
        ("meta.created gt \"yesterday\"", Some("`meta.created` is of type dateTime, \"yesterday\" isn't")),
        ("userName eq 5", Some("`userName` is of type string, 5 isn't")),
        ("active eq \"maybe\"", Some("`active` is of type boolean, \"maybe\" isn't")),
        ("title gt null", Some("`gt` can't compare with null, only eq and ne can")),
        (
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User eq \"x\"",
            Some(
                "`urn:ietf:params:scim:schemas:extension:enterprise:2.0:User` is a whole schema, name an attribute of it",
            ),
        ),
    ] {
        let checked = Filter::parse(filter).unwrap().check(&[&schema()], Leniencies::ALL);
        assert_eq!(checked.err().map(|error| error.to_string()).as_deref(), refusal, "{filter}");
    }
    let group = ResourceSchema::group();
    let both = |text: &str| Filter::parse(text).unwrap().check(&[&schema(), &group], Leniencies::STRICT);
    assert_eq!(both("userName pr or members pr"), Ok(()));
    assert_eq!(both("x pr").unwrap_err().to_string(), "`x` isn't an attribute of User or Group");
}

#[test]
fn plain_entries_are_their_own_value() {
    let mut tags = Attribute::new("tags", AttributeType::String);
    (tags.multi_valued, tags.case_exact) = (true, true);
    let nick = Attribute::new("nick", AttributeType::String);
    let mut schema = ResourceSchema::user();
    schema.attributes.extend([tags.clone(), nick.clone()]);
    let extension = ResourceSchema { id: "urn:x:y:2.0:Z".to_owned(), attributes: vec![tags, nick], ..schema.clone() };
    let resource = Resource::from_value(json!({"tags": ["x", "y"], "urn:x:y:2.0:Z": {"tags": ["z"]}})).unwrap();
    let schema = schema.with_extension(extension);
    for (filter, expected) in [
        ("tags.value eq \"y\"", Some(true)),
        ("tags[value eq \"y\"]", Some(true)),
        ("tags.value eq \"Y\"", Some(false)),
        ("urn:x:y:2.0:Z:tags.value eq \"z\"", Some(true)),
        ("tags.display eq \"y\"", None),
        ("nick.value eq \"y\"", None),
    ] {
        let filter = Filter::parse(filter).unwrap();
        let checked = filter.check(&[&schema], Leniencies::STRICT).is_ok();
        assert_eq!(checked.then(|| filter.matches(&resource, &schema)), expected, "{filter}");
    }
}

#[test]
fn what_an_index_can_answer() {
    let pinned = |text: &str| Filter::parse(text).unwrap().pinned("userName").map(|v| v.join(","));
    assert_eq!(pinned("userName eq \"a\""), Some("a".into()));
    assert_eq!(pinned("title pr and userName eq \"a\""), Some("a".into()));
    assert_eq!(pinned("userName eq \"a\" or userName eq \"b\""), Some("a,b".into()));
    assert_eq!(pinned("userName eq \"a\" or title pr"), None);
    assert_eq!(pinned("not (userName eq \"a\")"), None);
    assert_eq!(pinned("userName sw \"a\""), None);
}

fn name() -> impl Strategy<Value = String> {
    "[a-zA-Z$_][a-zA-Z0-9_$-]{0,5}".prop_filter("keywords", |name| !name.eq_ignore_ascii_case("not"))
}

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        Just(Literal::Null),
        any::<bool>().prop_map(Literal::Bool),
        any::<i64>().prop_map(|number| Literal::Number(number.into())),
        any::<f64>().prop_filter_map("finite", |n| serde_json::Number::from_f64(n).map(Literal::Number)),
        any::<String>().prop_map(Literal::String),
    ]
}

fn path(filter: Option<Filter>) -> impl Strategy<Value = AttributePath> {
    let urn = prop_oneof![Just(None), Just(Some("urn:ietf:params:scim:schemas:core:2.0:User".to_owned()))];
    (urn, name(), proptest::option::of(name())).prop_map(move |(urn, attribute, sub_attribute)| AttributePath {
        urn,
        attribute,
        filter: filter.clone().map(Box::new),
        sub_attribute,
    })
}

fn leaf() -> impl Strategy<Value = Filter> {
    let comparison = proptest::sample::select(Comparison::ALL.to_vec());
    prop_oneof![
        (path(None), comparison, literal()).prop_map(|(path, comparison, value)| Filter::Compare {
            path,
            comparison,
            value
        }),
        path(None).prop_map(Filter::Present),
    ]
}

fn tree(leaf: BoxedStrategy<Filter>) -> BoxedStrategy<Filter> {
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 2..4).prop_map(Filter::And),
            proptest::collection::vec(inner.clone(), 2..4).prop_map(Filter::Or),
            inner.prop_map(|filter| Filter::Not(Box::new(filter))),
        ]
    })
    .boxed()
}

fn any_filter() -> BoxedStrategy<Filter> {
    let entry =
        tree(leaf().boxed()).prop_flat_map(|filter| path(Some(filter))).prop_map(|path| match path.sub_attribute {
            None => Filter::Entry(path),
            Some(_) => Filter::Present(path),
        });
    tree(prop_oneof![3 => leaf(), 1 => entry].boxed())
}

proptest! {
    #[test]
    fn printing_and_reading_is_the_identity(filter in any_filter()) {
        prop_assert_eq!(Filter::parse(&filter.to_string()), Ok(filter));
    }

    #[test]
    fn no_text_makes_it_panic(text in "[a-z\"\\\\()\\[\\]. :0-9uü-]{0,40}") {
        if let Ok(filter) = Filter::parse(&text) {
            filter.matches(&user(), &schema());
        }
        AttributePath::parse(&text).ok();
    }
}
