//! RFC 7644 section 3.4.2.2.

use super::*;

/// Five users: who is who shows in their ids.
fn people() -> Vec<Resource> {
    let user = |id: &str, modified: &str, more: Value| {
        let mut document = json!({
            "id": id, "schemas": [urn::USER], "userName": id,
            "meta": {"created": "2010-01-23T04:56:22Z", "lastModified": modified},
        });
        document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        resource(document)
    };
    vec![
        user(
            "barbara",
            "2011-05-13T04:42:34Z",
            json!({
                "userName": "bjensen", "title": "Vice President", "userType": "Employee",
                "name": {"familyName": "Jensen", "givenName": "Barbara"},
                "emails": [
                    {"value": "bjensen@example.com", "type": "work", "primary": true},
                    {"value": "babs@jensen.org", "type": "home"}
                ],
                "ims": [{"value": "babs@foo.com", "type": "aim"}],
                urn::ENTERPRISE_USER: {"employeeNumber": "701984", "manager": {"value": "james"}},
            }),
        ),
        user(
            "james",
            "2011-05-13T04:42:33.999Z",
            json!({
                "userName": "jsmith", "userType": "Intern", "name": {"familyName": "O'Malley"},
                "emails": [{"value": "james@example.org", "type": "home"}],
                "ims": [{"value": "james@foo.com", "type": "xmpp"}],
            }),
        ),
        user(
            "judy",
            "2011-05-13T06:42:35+02:00",
            json!({
                "userName": "Judy", "title": "Tour Guide", "userType": "employee",
                "emails": [{"value": "judy@example.org", "type": "work"}],
                "phoneNumbers": [{"value": "+1-201-555-0123", "type": "mobile"}],
            }),
        ),
        user("kim", "2012-01-01T00:00:00Z", json!({"userName": "KIM", "userType": "Contractor", "active": false})),
        user(
            "lee",
            "2010-01-23T04:56:22Z",
            json!({"userName": "lee", "title": "", "active": true, "x509Certificates": [{"value": "AAEC"}]}),
        ),
    ]
}

/// Filters of the RFC, in its order, with whom they find. What the RFC writes as `rooms` isn't among them: it uses no
/// such filter.
const EXAMPLES: [(&str, &[&str]); 17] = [
    (r#"userName eq "bjensen""#, &["barbara"]),
    (r#"name.familyName co "O'Malley""#, &["james"]),
    (r#"userName sw "J""#, &["james", "judy"]),
    (r#"urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J""#, &["james", "judy"]),
    ("title pr", &["barbara", "judy"]),
    (r#"meta.lastModified gt "2011-05-13T04:42:34Z""#, &["judy", "kim"]),
    (r#"meta.lastModified ge "2011-05-13T04:42:34Z""#, &["barbara", "judy", "kim"]),
    (r#"meta.lastModified lt "2011-05-13T04:42:34Z""#, &["james", "lee"]),
    (r#"meta.lastModified le "2011-05-13T04:42:34Z""#, &["barbara", "james", "lee"]),
    (r#"title pr and userType eq "Employee""#, &["barbara", "judy"]),
    (r#"title pr or userType eq "Intern""#, &["barbara", "james", "judy"]),
    (r#"schemas eq "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User""#, &["barbara"]),
    (r#"userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")"#, &["barbara", "judy"]),
    (r#"userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")"#, &["kim", "lee"]),
    (r#"userType eq "Employee" and (emails.type eq "work")"#, &["barbara", "judy"]),
    (r#"userType eq "Employee" and emails[type eq "work" and value co "@example.com"]"#, &["barbara"]),
    (
        r#"emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]"#,
        &["barbara", "james"],
    ),
];

/// Others, for what the examples leave out.
const MORE: [(&str, &[&str]); 27] = [
    (r#"userName Eq "BJENSEN""#, &["barbara"]),
    (r#"USERNAME eq "judy" or ID eq "kim""#, &["judy", "kim"]),
    (r#"id eq "KIM""#, &[]),
    (r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber eq "701984""#, &["barbara"]),
    (r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq "james""#, &["barbara"]),
    (r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager eq "james""#, &["barbara"]),
    ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User pr", &["barbara"]),
    ("active eq true", &["lee"]),
    ("active ne true", &["barbara", "james", "judy", "kim"]),
    ("active eq FALSE", &["kim"]),
    ("active eq null", &["barbara", "james", "judy"]),
    ("active ne null", &["kim", "lee"]),
    ("not (active pr)", &["barbara", "james", "judy"]),
    ("name pr", &["barbara", "james"]),
    ("emails pr and not (ims pr)", &["judy"]),
    (r#"emails ne "judy@example.org""#, &["barbara", "james", "kim", "lee"]),
    (r#"emails[type eq "home"].value ew ".org""#, &["barbara", "james"]),
    (r#"emails[not (type eq "home") and value pr]"#, &["barbara", "judy"]),
    ("emails[primary eq true]", &["barbara"]),
    (r#"x509Certificates eq "AAEC" and x509Certificates.value co "AE""#, &["lee"]),
    (r#"userName gt "judy""#, &["kim", "lee"]),
    (r#"userName ge "judy" and userName lt "LEE""#, &["judy", "kim"]),
    ("title pr or title pr and active pr", &["barbara", "judy"]),
    ("(title pr or title pr) and active pr", &[]),
    ("not(title pr)and not(active pr)", &["james"]),
    (r#"meta.resourceType eq "User" and meta.location ew "/Users/kim""#, &["kim"]),
    (r#"phoneNumbers.value sw "+1-201""#, &["judy"]),
];

#[tokio::test]
async fn each_filter_finds_whom_it_should() {
    for endpoint in both() {
        endpoint.load(people()).unwrap();
        for (filter, expected) in EXAMPLES.iter().chain(&MORE) {
            let reply = get(&endpoint, &format!("/Users?filter={}", encoded(filter))).await;
            assert_eq!(reply.status, StatusCode::OK, "{filter}: {}", reply.body);
            assert_eq!(listed(&reply, "id"), *expected, "{filter}");
            assert_eq!(reply.body["totalResults"], expected.len(), "{filter}");
            let search = json!({"schemas": [urn::SEARCH_REQUEST], "filter": filter});
            let searched = call(&endpoint, Method::POST, "/Users/.search", search).await;
            assert_eq!(searched.body, reply.body, "{filter}");
        }
    }
}

#[tokio::test]
async fn what_makes_no_filter_is_refused() {
    for endpoint in both() {
        endpoint.load(people()).unwrap();
        for (filter, detail) in [
            ("", "the filter can't be read: the filter is empty at column 1"),
            (
                "userName regex \"x\"",
                "expected an operator (eq ne co sw ew pr gt ge lt le), found `regex` at column 10",
            ),
            // RFC 7644 section 3.4.2.1 shows it without quotes, which the grammar of section 3.4.2.2 doesn't have
            (
                "meta.resourceType eq User",
                "a value is a text in double quotes, a number, true, false or null at column 22",
            ),
            (
                "displayName sw 'Group'",
                "a value is a text in double quotes, a number, true, false or null at column 16",
            ),
            ("not title pr", "expected an operator"),
            ("shoeSize eq 43", "`shoeSize` isn't an attribute of User"),
            ("emails[kind eq \"x\"]", "`kind` isn't part of `emails`"),
            ("active gt true", "`gt` can't compare `active`, which is of type boolean"),
            ("active le false", "`le` can't compare `active`, which is of type boolean"),
            ("x509Certificates.value lt \"A\"", "`lt` can't compare `x509Certificates.value`, which is of type binary"),
            ("x509Certificates[value ge \"A\"]", "`ge` can't compare `value`, which is of type binary"),
            ("name eq \"x\"", "`name` has parts, name one of them: `name.formatted`"),
            ("userName gt null", "`gt` can't compare with null"),
            ("title eq 5", "`title` is of type string, 5 isn't"),
            ("emails[type eq \"work\"] eq \"x\"", "`eq` needs a sub-attribute after the value filter"),
        ] {
            let reply = get(&endpoint, &format!("/Users?filter={}", encoded(filter))).await;
            assert_eq!(
                (reply.status, &reply.body["scimType"]),
                (StatusCode::BAD_REQUEST, &json!("invalidFilter")),
                "{filter}"
            );
            assert!(reply.body["detail"].as_str().unwrap().contains(detail), "{filter}: {}", reply.body);
        }
    }
}

#[tokio::test]
async fn long_and_deep_filters_are_refused() {
    let endpoint = scim(Storage::memory());
    let long = format!("userName eq \"{}\"", "x".repeat(70_000));
    let deep = format!("{}title pr{}", "not (".repeat(100), ")".repeat(100));
    for (filter, detail) in [(long, "too long"), (deep, "levels of nesting")] {
        let search = json!({"schemas": [urn::SEARCH_REQUEST], "filter": filter});
        let reply = call(&endpoint, Method::POST, "/Users/.search", search).await;
        assert_eq!((reply.status, &reply.body["scimType"]), (StatusCode::BAD_REQUEST, &json!("invalidFilter")));
        assert!(reply.body["detail"].as_str().unwrap().contains(detail), "{}", reply.body);
    }
}

#[tokio::test]
async fn the_service_needs_no_urns_and_no_types() {
    let [strict, lenient] = both();
    for endpoint in [&strict, &lenient] {
        endpoint.load(people()).unwrap();
    }
    for (filter, expected) in
        [(r#"id eq "barbara" and manager eq "james""#, "barbara"), (r#"active eq "False""#, "kim")]
    {
        let path = format!("/Users?filter={}", encoded(filter));
        assert_eq!(listed(&get(&lenient, &path).await, "id"), [expected], "{filter}");
        assert_eq!(get(&strict, &path).await.body["scimType"], "invalidFilter", "{filter}");
    }
}

#[tokio::test]
async fn what_answers_tell_is_found_too() {
    for endpoint in both() {
        let ann = call(&endpoint, Method::POST, "/Users", ann()).await.body["id"].as_str().unwrap().to_owned();
        let (inner, outer) = (create_group(&endpoint, "Inner").await, create_group(&endpoint, "Outer").await);
        for (group, member) in [(&inner, &ann), (&outer, &inner)] {
            let add = json!([{"op": "add", "path": "members", "value": [{"value": member}]}]);
            assert_eq!(patch(&endpoint, &format!("/Groups/{group}"), &add).await, StatusCode::NO_CONTENT);
        }
        let at = |path: &str, id: &str| format!("http://scim.example:8080/scim/v2/{path}/{id}");
        for (path, filter, found) in [
            ("/Users", format!("groups.$ref eq \"{}\"", at("Groups", &outer)), 1),
            ("/Users", format!("groups[value eq \"{inner}\" and $ref ew \"{inner}\"]"), 1),
            ("/Users", "groups[$ref co \"/Users/\"]".to_owned(), 0),
            ("/Groups", "members.type eq \"User\"".to_owned(), 1),
            ("/Groups", "members[type eq \"group\"]".to_owned(), 1),
            ("/Groups", "members[not (type eq \"Group\")].value pr".to_owned(), 1),
            ("/Groups", format!("members[value eq \"{ann}\" and type eq \"Group\"]"), 0),
            ("/Groups", "members.display eq \"ann\"".to_owned(), 1),
            ("/Groups", format!("members.$ref eq \"{}\"", at("Users", &ann)), 1),
            ("", format!("members.$ref ew \"{ann}\" or groups.$ref ew \"{inner}\""), 2),
            ("/Users", format!("meta[location co \"/Users/{ann}\"]"), 1),
            ("/Groups", "meta[version sw \"W/\" and resourceType eq \"Group\"]".to_owned(), 2),
        ] {
            assert_eq!(total(&endpoint, path, &filter).await, found, "{filter}");
        }
        let sorted = get(&endpoint, "/Groups?sortBy=members.display&sortOrder=descending").await;
        assert_eq!(listed(&sorted, "displayName"), ["Outer", "Inner"]);
    }
}
