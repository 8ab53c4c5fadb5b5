//! RFC 7644 section 3.7.

use super::*;

fn bulk(operations: &Value) -> Value {
    json!({"schemas": [urn::BULK_REQUEST], "Operations": operations})
}

async fn send_bulk(endpoint: &Endpoint, body: Value) -> Vec<Value> {
    let reply = call(endpoint, Method::POST, "/Bulk", body).await;
    assert_eq!(
        (reply.status, &reply.body["schemas"]),
        (StatusCode::OK, &json!([urn::BULK_RESPONSE])),
        "{}",
        reply.body
    );
    reply.body["Operations"].as_array().unwrap().clone()
}

/// The path of a location.
fn below(operation: &Value) -> String {
    let location = operation["location"].as_str().unwrap_or_else(|| panic!("{operation}"));
    location.strip_prefix("http://scim.example:8080/scim/v2").unwrap().to_owned()
}

fn id(operation: &Value) -> String {
    below(operation).rsplit('/').next().unwrap().to_owned()
}

fn statuses(results: &[Value]) -> Vec<&str> {
    results.iter().map(|result| result["status"].as_str().unwrap()).collect()
}

fn user(bulk_id: &str, name: &str) -> Value {
    json!({"method": "POST", "path": "/Users", "bulkId": bulk_id, "data": {"schemas": [urn::USER], "userName": name}})
}

fn group(bulk_id: &str, name: &str, members: &[&str]) -> Value {
    let members: Vec<_> = members.iter().map(|id| json!({"value": id})).collect();
    json!({
        "method": "POST", "path": "/Groups", "bulkId": bulk_id,
        "data": {"schemas": [urn::GROUP], "displayName": name, "members": members},
    })
}

#[tokio::test]
async fn circular_references_are_resolved() {
    for endpoint in both() {
        let group = |bulk_id: &str, name: &str, member: &str| {
            json!({
                "method": "POST", "path": "/Groups", "bulkId": bulk_id,
                "data": {"schemas": [urn::GROUP], "displayName": name, "members": [{"type": "Group", "value": member}]},
            })
        };
        let body =
            bulk(&json!([group("qwerty", "Group A", "bulkId:ytrewq"), group("ytrewq", "Group B", "bulkId:qwerty")]));
        let results = send_bulk(&endpoint, body).await;
        assert_eq!(statuses(&results), ["201", "201"]);
        // the RFC puts the text into single quotes, which its grammar doesn't have
        let found = get(&endpoint, &format!("/Groups?filter={}", encoded("displayName sw \"Group\""))).await;
        assert_eq!(found.body["totalResults"], 2);
        for (own, other) in [(0, 1), (1, 0)] {
            let read = get(&endpoint, &below(&results[own])).await;
            let members = read.body["members"].as_array().unwrap();
            assert_eq!((members.len(), &members[0]["value"]), (1, &json!(id(&results[other]))));
            assert_eq!(members[0]["type"], "Group");
            assert_eq!(read.headers["etag"], results[own]["version"].as_str().unwrap(), "the version is the last one");
        }
    }
}

#[tokio::test]
async fn a_user_is_put_into_a_new_group() {
    for endpoint in both() {
        let operations = json!([user("qwerty", "Alice"), group("ytrewq", "Tour Guides", &["bulkId:qwerty"])]);
        let results = send_bulk(&endpoint, bulk(&operations)).await;
        let alice = get(&endpoint, &below(&results[0])).await;
        assert_eq!(
            results[0],
            json!({
                "location": alice.body["meta"]["location"], "method": "POST", "bulkId": "qwerty",
                "version": results[0]["version"], "status": "201",
            })
        );
        assert_eq!(alice.body["userName"], "Alice");
        let guides = get(&endpoint, &below(&results[1])).await.body;
        assert_eq!(
            (&guides["displayName"], &guides["members"][0]["value"]),
            (&json!("Tour Guides"), &alice.body["id"])
        );
    }
}

#[tokio::test]
async fn a_manager_in_an_extension_is_a_reference_too() {
    for endpoint in both() {
        let mut bob = user("ytrewq", "Bob");
        bob["data"]["schemas"] = json!([urn::USER, urn::ENTERPRISE_USER]);
        bob["data"][urn::ENTERPRISE_USER] = json!({"employeeNumber": "11250", "manager": {"value": "bulkId:qwerty"}});
        // in either order
        for operations in [json!([user("qwerty", "Alice"), bob]), json!([bob, user("qwerty", "Alice")])] {
            let results = send_bulk(&endpoint, bulk(&operations)).await;
            let (alice, bob) = if results[0]["bulkId"] == "qwerty" { (0, 1) } else { (1, 0) };
            let read = get(&endpoint, &below(&results[bob])).await.body;
            let enterprise = &read[urn::ENTERPRISE_USER];
            assert_eq!(
                (&enterprise["manager"]["value"], &enterprise["employeeNumber"]),
                (&json!(id(&results[alice])), &json!("11250"))
            );
            for result in &results {
                send(&endpoint, request(Method::DELETE, &below(result), None)).await;
            }
        }
    }
}

/// Bob, Dave and one who goes, with their versions.
async fn three(endpoint: &Endpoint) -> Vec<(String, String)> {
    let mut three = Vec::new();
    for name in ["bob", "dave", "eve"] {
        let document = json!({"schemas": [urn::USER], "userName": name, "nickName": name});
        let reply = call(endpoint, Method::POST, "/Users", document).await;
        let path = format!("/Users/{}", reply.body["id"].as_str().unwrap());
        three.push((path, reply.headers["etag"].to_str().unwrap().to_owned()));
    }
    three
}

/// The example of section 3.7.3. It has `urn:ietf:params:scim:api:messages:2.0:User` as the schema of Alice, and a PATCH
/// without its message around the operations: here both are as the rest of the RFC has them.
fn four_operations(three: &[(String, String)]) -> Value {
    json!([
        user("qwerty", "Alice"),
        {
            "method": "PUT", "path": three[0].0, "version": three[0].1,
            "data": {"schemas": [urn::USER], "id": "b7c14771-226c-4d05-8860-134711653041", "userName": "Bob"},
        },
        {
            "method": "PATCH", "path": three[1].0, "version": three[1].1,
            "data": patch_body(&json!([
                {"op": "remove", "path": "nickName"}, {"op": "add", "path": "userName", "value": "Dave"},
            ])),
        },
        {"method": "DELETE", "path": three[2].0, "version": three[2].1},
    ])
}

#[tokio::test]
async fn adds_updates_and_removes_a_user() {
    for endpoint in both() {
        let three = three(&endpoint).await;
        let mut body = bulk(&four_operations(&three));
        body["failOnErrors"] = json!(1);
        let results = send_bulk(&endpoint, body).await;
        assert_eq!(statuses(&results), ["201", "200", "200", "204"]);
        let methods: Vec<_> = results.iter().map(|result| result["method"].as_str().unwrap()).collect();
        assert_eq!(methods, ["POST", "PUT", "PATCH", "DELETE"]);
        for (result, (path, version)) in results[1..].iter().zip(&three) {
            assert_eq!(&below(result), path);
            assert_ne!(result["version"], *version);
            assert_eq!(result.get("response"), None);
        }
        assert_eq!(results[3].get("version"), None);
        for (result, name) in results[..3].iter().zip(["Alice", "Bob", "Dave"]) {
            let read = get(&endpoint, &below(result)).await;
            assert_eq!((&read.body["userName"], read.body.get("nickName")), (&json!(name), None));
            assert_eq!(read.headers["etag"], result["version"].as_str().unwrap());
        }
        assert_eq!(get(&endpoint, &three[2].0).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn failures_are_told_and_the_rest_is_done_unless_there_are_too_many() {
    for endpoint in both() {
        let three = three(&endpoint).await;
        let mut operations = four_operations(&three);
        operations[0]["data"] = json!({"schemas": [urn::USER]});
        for index in [1, 2] {
            operations[index]["version"] = json!("W/\"old\"");
        }
        operations[3]["path"] = json!("/Users/e9025315-6bea-44e1-899c-1e07454e468b");
        operations.as_array_mut().unwrap().push(user("last", "last"));
        let results = send_bulk(&endpoint, bulk(&operations)).await;
        assert_eq!(statuses(&results), ["400", "412", "412", "404", "201"]);
        assert_eq!(results[0].get("location"), None, "a failed POST has no location");
        for result in &results[..4] {
            assert_eq!(result["response"]["schemas"], json!([urn::ERROR]));
            assert_eq!(result["response"]["status"], result["status"]);
        }
        assert_eq!(below(&results[3]), "/Users/e9025315-6bea-44e1-899c-1e07454e468b");
        assert_eq!(results[0]["response"]["detail"], "`userName` is required");
        for (limit, processed) in [(0, 1), (1, 1), (2, 2), (4, 4), (5, 5)] {
            let mut body = bulk(&operations);
            body["failOnErrors"] = json!(limit);
            body["Operations"][4]["data"]["userName"] = json!(format!("last{limit}"));
            assert_eq!(send_bulk(&endpoint, body).await.len(), processed, "{limit}");
        }
    }
}

#[tokio::test]
async fn limits_are_told_where_they_are_passed() {
    let endpoint = scim(Storage::memory());
    let operations: Vec<_> = (0..1001).map(|number| user(&format!("b{number}"), &format!("u{number}"))).collect();
    let reply = call(&endpoint, Method::POST, "/Bulk", bulk(&json!(operations))).await;
    assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(reply.body["detail"], "1001 operations are more than maxOperations (1000)");
    assert_eq!(endpoint.resources().unwrap().len(), 0);
    let results = send_bulk(&endpoint, bulk(&json!(operations[..1000]))).await;
    assert!(results.iter().all(|result| result["status"] == "201"));
    let long = json!({"schemas": [urn::BULK_REQUEST], "Operations": [], "x": "x".repeat(16 * 1024 * 1024)});
    let reply = call(&endpoint, Method::POST, "/Bulk", long).await;
    assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(reply.body["detail"], "the bulk request is longer than maxPayloadSize (16777216)");
}

#[tokio::test]
async fn references_are_found_wherever_they_are() {
    for endpoint in both() {
        let guides = create_group(&endpoint, "Tour Guides").await;
        let operations = json!([
            {
                "method": "PATCH", "path": format!("/Groups/{guides}"), "bulkId": "not a reference",
                "data": patch_body(&json!([
                    {"op": "add", "path": "members", "value": [
                        {"value": "bulkId:a", "$ref": "../Users/bulkId:a"}, {"value": "bulkId:b"},
                    ]},
                    {"op": "remove", "path": "members[value eq \"bulkId:b\"]"},
                ])),
            },
            {"method": "PUT", "path": "/Users/bulkId:b", "data": {"schemas": [urn::USER], "userName": "Bob", "title": "says bulkId:a"}},
            user("a", "Alice"),
            user("b", "B"),
            {"method": "DELETE", "path": "/Users/bulkId:c"},
            user("c", "Carol"),
        ]);
        let results = send_bulk(&endpoint, bulk(&operations)).await;
        assert_eq!(statuses(&results), ["204", "200", "201", "201", "204", "201"]);
        let alice = id(&results[2]);
        let members = get(&endpoint, &format!("/Groups/{guides}")).await.body["members"].clone();
        assert_eq!((members.as_array().unwrap().len(), &members[0]["value"]), (1, &json!(alice)));
        assert_eq!(members[0]["$ref"], format!("../Users/{alice}"));
        let bob = get(&endpoint, &below(&results[1])).await.body;
        assert_eq!((&bob["userName"], &bob["title"]), (&json!("Bob"), &json!("says bulkId:a")));
        assert_eq!(below(&results[1]), below(&results[3]));
        assert_eq!(get(&endpoint, &below(&results[5])).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn what_refers_to_something_later_waits_for_it_alone() {
    for endpoint in both() {
        let (old, guides) = (create(&endpoint, "ann").await, create_group(&endpoint, "Guides").await);
        let change = |operations: Value| json!({"method": "PATCH", "path": format!("/Groups/{guides}"), "data": patch_body(&operations)});
        let operations = json!([
            group("g", "Design", &["bulkId:n"]),
            change(json!([
                {"op": "replace", "path": "displayName", "value": "First"},
                {"op": "add", "path": "members", "value": [{"value": "bulkId:n"}]},
            ])),
            change(json!([{"op": "replace", "path": "displayName", "value": "Second"}])),
            {"method": "DELETE", "path": format!("/Users/{old}")},
            user("n", "Ann"),
        ]);
        let results = send_bulk(&endpoint, bulk(&operations)).await;
        assert_eq!(statuses(&results), ["201", "204", "204", "204", "201"]);
        for path in [below(&results[0]), format!("/Groups/{guides}")] {
            let members = get(&endpoint, &path).await.body["members"].take();
            assert_eq!(members, json!([{"value": id(&results[4])}]), "{path}");
        }
        assert_eq!(get(&endpoint, &format!("/Groups/{guides}")).await.body["displayName"], "Second");
    }
}

#[tokio::test]
async fn somebody_can_be_their_own_manager() {
    for endpoint in both() {
        let mut alice = user("a", "Alice");
        alice["data"]["schemas"] = json!([urn::USER, urn::ENTERPRISE_USER]);
        alice["data"][urn::ENTERPRISE_USER] = json!({"manager": {"value": "bulkId:a"}, "department": "R&D"});
        let results = send_bulk(&endpoint, bulk(&json!([alice]))).await;
        let read = get(&endpoint, &below(&results[0])).await.body;
        assert_eq!(read[urn::ENTERPRISE_USER], json!({"department": "R&D", "manager": {"value": read["id"]}}));
    }
}

#[tokio::test]
async fn what_cannot_be_resolved_is_a_conflict() {
    for endpoint in both() {
        create(&endpoint, "taken").await;
        let operations = json!([
            group("g", "Guides", &["bulkId:a"]),
            user("a", "taken"),
            group("h", "Hikers", &["bulkId:nobody"]),
            {"method": "DELETE", "path": "/Users/bulkId:a"},
            {"method": "DELETE", "path": "/Users/bulkId:nobody"},
            // two that wait for each other, one of which can't be made
            group("x", "X", &["bulkId:y"]),
            json!({
                "method": "POST", "path": "/Groups", "bulkId": "y", "data": {"schemas": [urn::GROUP], "members": [{"value": "bulkId:x"}]},
            }),
        ]);
        let results = send_bulk(&endpoint, bulk(&operations)).await;
        assert_eq!(statuses(&results), ["409", "409", "400", "409", "400", "409", "409"]);
        let detail = |index: usize| results[index]["response"]["detail"].as_str().unwrap();
        assert_eq!(detail(0), "`bulkId:a` wasn't created, so nothing can refer to it");
        assert_eq!(detail(1), "another user has the userName `taken`");
        assert_eq!(detail(2), "`bulkId:nobody` is the bulkId of no operation with POST");
        assert_eq!(detail(5), "`bulkId:y` wasn't created, so nothing can refer to it");
        assert_eq!(detail(6), "the circular references in `members` can't be resolved: `displayName` is required");
        assert_eq!(endpoint.groups().unwrap().len(), 0, "nothing is left behind");
    }
}

#[tokio::test]
async fn what_waited_in_vain_is_taken_back() {
    for endpoint in both() {
        create(&endpoint, "taken").await;
        // Y is made first, without X; X can't be made, so Y isn't what was asked for
        let mut operations =
            json!([group("x", "X", &["bulkId:y", "bulkId:a"]), group("y", "Y", &["bulkId:x"]), user("a", "taken")]);
        let results = send_bulk(&endpoint, bulk(&operations)).await;
        assert_eq!(statuses(&results), ["409", "409", "409"]);
        assert_eq!(results[1]["response"]["detail"], "`bulkId:x` wasn't created, to which this refers");
        assert_eq!(endpoint.groups().unwrap().len(), 0);
        // the same where the rest isn't done any more
        operations[0]["data"]["members"] = json!([{"value": "bulkId:a"}, {"value": "bulkId:y"}]);
        let mut body = bulk(&operations);
        body["failOnErrors"] = json!(1);
        let results = send_bulk(&endpoint, body).await;
        assert!(results.iter().all(|result| result["status"] == "409"));
        assert_eq!(endpoint.groups().unwrap().len(), 0);
    }
}

#[tokio::test]
async fn what_is_no_bulk_request_is_refused() {
    let endpoint = scim(Storage::memory());
    for (body, scim_type) in [
        (json!([]), "invalidSyntax"),
        (json!({"schemas": [urn::USER], "Operations": []}), "invalidSyntax"),
        (json!({"schemas": [urn::BULK_REQUEST]}), "invalidSyntax"),
        (json!({"schemas": [urn::BULK_REQUEST], "Operations": {}}), "invalidSyntax"),
        (json!({"schemas": [urn::BULK_REQUEST], "Operations": [], "failOnErrors": "1"}), "invalidSyntax"),
        (json!({"schemas": [urn::BULK_REQUEST], "Operations": [], "failOnErrors": -1}), "invalidSyntax"),
        (bulk(&json!([user("a", "x"), user("a", "y")])), "invalidValue"),
    ] {
        let reply = call(&endpoint, Method::POST, "/Bulk", body.clone()).await;
        assert_eq!((reply.status, &reply.body["scimType"]), (StatusCode::BAD_REQUEST, &json!(scim_type)), "{body}");
    }
    assert_eq!(send_bulk(&endpoint, bulk(&json!([]))).await, Vec::<Value>::new());
    let data = json!({"schemas": [urn::USER], "userName": "ann"});
    let operations = json!([
        "x",
        {"path": "/Users", "bulkId": "1", "data": data},
        {"method": "GET", "path": "/Users/1"},
        {"method": "POST", "path": "/Users", "data": data},
        {"method": "POST", "path": "/Users", "bulkId": "2"},
        {"method": "POST", "path": "/Users/1", "bulkId": "3", "data": data},
        {"method": "POST", "path": "/Bulk", "bulkId": "4", "data": bulk(&json!([]))},
        {"method": "POST", "path": "/Users/.search", "bulkId": "5", "data": data},
        {"method": "POST", "path": "/scim/v2/Users", "bulkId": "6", "data": data},
        {"method": "POST", "path": "http://elsewhere/Users", "bulkId": "7", "data": data},
        {"method": "PUT", "path": "/Users", "data": data},
        {"method": "DELETE", "path": "/Users/1?attributes=id"},
        {"method": "DELETE", "path": "/Users/a b"},
        {"method": "DELETE", "path": "/Users/1", "version": "\n"},
        {"method": "PATCH", "path": "/Users/1"},
        {"method": "DELETE", "path": "/Users/1", "version": 7},
        {"method": 7, "path": "/Users/1"},
        {"method": "POST", "path": "/Usersx", "bulkId": "8", "data": data},
    ]);
    let results = send_bulk(&endpoint, bulk(&operations)).await;
    assert_eq!(
        statuses(&results),
        [
            "400", "400", "400", "400", "400", "400", "404", "400", "404", "404", "400", "400", "400", "400", "400",
            "400", "400", "404"
        ]
    );
    assert_eq!(endpoint.resources().unwrap().len(), 0);
}

#[tokio::test]
async fn rules_and_faults_apply_to_each_operation() {
    let endpoint = scim(Storage::memory());
    let rule = FaultRule { users: vec!["bob".to_owned()], ..FaultRule::new(Fault::parse("refuse-create").unwrap()) };
    endpoint.set_faults(vec![rule]);
    let results = send_bulk(&endpoint, bulk(&json!([user("a", "alice"), user("b", "bob"), user("c", "carol")]))).await;
    assert_eq!(statuses(&results), ["201", "400", "201"]);
    let users_alone = super::endpoint();
    let results = send_bulk(&users_alone, bulk(&json!([user("a", "alice"), group("g", "Guides", &[])]))).await;
    assert_eq!(statuses(&results), ["201", "404"]);
    let denied = Request::post("/scim/v2/Bulk").body(Body::from(bulk(&json!([user("a", "x")])).to_string())).unwrap();
    assert_eq!(send(&users_alone, denied).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn others_have_their_turn_between_operations() {
    for endpoint in both() {
        let other = tokio::spawn(async {});
        let seen = send_bulk(&endpoint, bulk(&json!([user("1", "ann"), user("2", "bob")]))).await;
        assert_eq!(statuses(&seen), ["201", "201"]);
        assert!(other.is_finished());
    }
}
