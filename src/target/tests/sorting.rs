//! RFC 7644 sections 3.4.2.3 and 3.4.2.4.

use super::*;

fn people() -> Vec<Resource> {
    let user = |id: &str, more: Value| {
        let mut document = json!({"id": id, "schemas": [urn::USER], "userName": id});
        document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        resource(document)
    };
    vec![
        user(
            "c",
            json!({
                "title": "beta", "externalId": "b", "active": true, "name": {"givenName": "Zoë"},
                "emails": [{"value": "z@x"}, {"value": "A@x", "primary": true}],
                "meta": {"created": "2012-01-01T00:00:00+02:00"},
            }),
        ),
        user(
            "a",
            json!({
                "title": "ALPHA", "externalId": "B", "name": {"givenName": "änne"},
                "emails": [{"value": "m@x"}, {"value": "a@x"}],
                "meta": {"created": "2011-12-31T23:00:00Z"},
            }),
        ),
        user("d", json!({"active": false, "meta": {"created": "2011-01-01T00:00:00Z"}})),
        user(
            "b",
            json!({"title": "beta", "externalId": "a", "emails": [], "meta": {"created": "2013-01-01T00:00:00Z"}}),
        ),
    ]
}

async fn ids(endpoint: &Endpoint, query: &str) -> Vec<String> {
    let reply = get(endpoint, &format!("/Users?{query}")).await;
    assert_eq!(reply.status, StatusCode::OK, "{query}: {}", reply.body);
    assert_eq!(reply.body["totalResults"], 4, "{query}");
    listed(&reply, "id").into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn by_any_attribute_with_what_is_missing_last_or_first() {
    for endpoint in both() {
        endpoint.load(people()).unwrap();
        for (by, ascending, descending) in [
            ("userName", "abcd", "dcba"),
            // two titles are the same, and stay in the order in which they are stored
            ("title", "acbd", "dcba"),
            // letter case counts
            ("externalId", "abcd", "dcba"),
            ("active", "dcab", "abcd"),
            ("name.givenName", "cadb", "dbac"),
            // the primary address, or else the first
            ("emails", "cadb", "dbac"),
            ("emails.value", "cadb", "dbac"),
            // instants, not texts
            ("meta.created", "dcab", "bacd"),
            ("urn:ietf:params:scim:schemas:core:2.0:User:USERNAME", "abcd", "dcba"),
            ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "cadb", "cadb"),
        ] {
            for (order, expected) in
                [("", ascending), ("&sortOrder=ascending", ascending), ("&sortOrder=descending", descending)]
            {
                let query = format!("sortBy={by}{order}");
                assert_eq!(ids(&endpoint, &query).await.concat(), expected, "{query}");
            }
        }
        assert_eq!(ids(&endpoint, "sortOrder=descending").await.concat(), "cadb", "nothing to sort by");
    }
}

#[tokio::test]
async fn sorted_pages_are_parts_of_one_list() {
    let directory = tempfile::tempdir().unwrap();
    for storage in [Storage::memory(), Storage::file(&directory.path().join("data.db")).unwrap()] {
        let endpoint = scim(storage);
        endpoint.load(people()).unwrap();
        for (query, expected) in [
            ("startIndex=1&count=2", "ac"),
            ("startIndex=3&count=2", "bd"),
            ("startIndex=2&count=1", "c"),
            ("startIndex=4&count=10", "d"),
            ("startIndex=5", ""),
            ("startIndex=-1&count=1", "a"),
            ("startIndex=9223372036854775807&count=1000", ""),
            ("count=0", ""),
            ("count=-1", ""),
        ] {
            let query = format!("sortBy=title&{query}");
            assert_eq!(ids(&endpoint, &query).await.concat(), expected, "{query}");
        }
        let filter = encoded("title eq \"BETA\"");
        let found = get(&endpoint, &format!("/Users?sortBy=userName&filter={filter}&count=1")).await;
        assert_eq!((listed(&found, "id"), &found.body["totalResults"]), (vec!["b"], &json!(2)));
        let filter = encoded("userName eq \"d\" or userName eq \"a\"");
        let found = get(&endpoint, &format!("/Users?sortBy=userName&sortOrder=descending&filter={filter}")).await;
        assert_eq!(listed(&found, "id"), ["d", "a"], "what an index finds is sorted too");
    }
}

#[tokio::test]
async fn many_are_sorted_by_the_same_order_as_one_by_one() {
    let endpoint = scim(Storage::memory());
    let title = |number: u32| format!("{:02}", number * 7919 % 97);
    let users = (0..500).map(|number| {
        resource(json!({"schemas": [urn::USER], "id": format!("{number:03}"), "userName": number.to_string(), "title": title(number)}))
    });
    endpoint.load(users.collect()).unwrap();
    let mut expected: Vec<_> = (0..500).map(|number| (title(number), format!("{number:03}"))).collect();
    expected.sort();
    let mut found = Vec::new();
    for start in (1..=500).step_by(90) {
        let reply = get(&endpoint, &format!("/Users?sortBy=title&startIndex={start}&count=90")).await;
        found.extend(listed(&reply, "id").into_iter().map(str::to_owned));
    }
    assert_eq!(found, expected.into_iter().map(|(_, id)| id).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_has_no_order_is_refused() {
    for endpoint in both() {
        for query in ["sortBy=name", "sortBy=shoeSize", "sortBy=password", "sortBy=", "sortBy=userName&sortOrder=up"] {
            let reply = get(&endpoint, &format!("/Users?{query}")).await;
            assert_eq!(
                (reply.status, &reply.body["scimType"]),
                (StatusCode::BAD_REQUEST, &json!("invalidValue")),
                "{query}"
            );
        }
    }
}
