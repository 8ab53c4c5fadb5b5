use super::*;
use crate::scim::{PatchRequest, apply};

fn stores() -> (tempfile::TempDir, [Storage; 2]) {
    let directory = tempfile::tempdir().unwrap();
    let file = Storage::file(&directory.path().join("data.db")).unwrap();
    (directory, [Storage::memory(), file])
}

/// A group with these members, as they are sent.
async fn group_of(endpoint: &Endpoint, name: &str, members: &[&str]) -> String {
    let members: Vec<_> = members.iter().map(|id| json!({ "value": id })).collect();
    let body = json!({"schemas": [urn::GROUP], "displayName": name, "members": members});
    let reply = call(endpoint, Method::POST, "/Groups", body).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.body);
    reply.body["id"].as_str().unwrap().to_owned()
}

async fn groups(endpoint: &Endpoint, user: &str) -> Vec<(String, String)> {
    let body = get(endpoint, &format!("/Users/{user}")).await.body;
    let text = |group: &Value, name: &str| group[name].as_str().unwrap().to_owned();
    let groups = body["groups"].as_array().cloned().unwrap_or_default();
    groups.iter().map(|group| (text(group, "display"), text(group, "type"))).collect()
}

fn told(groups: &[(&str, &str)]) -> Vec<(String, String)> {
    groups.iter().map(|(display, kind)| ((*display).to_owned(), (*kind).to_owned())).collect()
}

#[tokio::test]
async fn users_tell_their_groups() {
    let (_directory, stores) = stores();
    for storage in stores {
        let endpoint = scim(storage);
        let (ann, bob) = (create(&endpoint, "ann").await, create(&endpoint, "bob").await);
        assert_eq!(get(&endpoint, &format!("/Users/{ann}")).await.body["groups"], Value::Null);
        let design = group_of(&endpoint, "Design", &[&ann, "nobody"]).await;
        let all = group_of(&endpoint, "All", &[&design, &bob]).await;
        // around in a circle
        let add = json!([{"op": "add", "path": "members", "value": [{"value": all}]}]);
        assert_eq!(patch(&endpoint, &format!("/Groups/{design}"), &add).await, StatusCode::NO_CONTENT);
        assert_eq!(groups(&endpoint, &ann).await, told(&[("Design", "direct"), ("All", "indirect")]));
        assert_eq!(groups(&endpoint, &bob).await, told(&[("All", "direct"), ("Design", "indirect")]));

        let reply = get(&endpoint, &format!("/Users/{ann}")).await.body;
        let location = format!("http://scim.example:8080/scim/v2/Groups/{design}");
        let entry = json!({"value": design, "$ref": location, "display": "Design", "type": "direct"});
        assert_eq!(reply["groups"][0], entry);
        let names: Vec<_> = reply.as_object().unwrap().keys().cloned().collect();
        assert_eq!(names.last().unwrap(), "meta");
        let listed = get(&endpoint, "/Users?filter=userName+eq+%22ann%22").await.body;
        assert_eq!(listed["Resources"][0], reply);
        assert_eq!(get(&endpoint, "/Users").await.body["Resources"][0], reply);
        let narrow = get(&endpoint, &format!("/Users/{ann}?attributes=groups.display")).await.body;
        assert_eq!(narrow["groups"], json!([{"display": "Design"}, {"display": "All"}]));
        let without = get(&endpoint, &format!("/Users/{ann}?excludedAttributes=groups")).await.body;
        assert_eq!(without["groups"], Value::Null);
        assert_eq!(get(&endpoint, &format!("/Users/{ann}?attributes=userName")).await.body["groups"], Value::Null);

        for (filter, found) in [
            (format!("groups.value eq \"{design}\""), 2),
            (format!("groups eq \"{all}\" and userName eq \"bob\""), 1),
            (format!("groups[value eq \"{all}\" and type eq \"direct\"]"), 1),
            ("groups.display sw \"des\"".to_owned(), 2),
            ("groups pr".to_owned(), 2),
            ("groups.value eq \"none\"".to_owned(), 0),
        ] {
            assert_eq!(total(&endpoint, "/Users", &filter).await, found, "{filter}");
        }

        // written by nobody: a PATCH answers with them, a PUT doesn't lose them
        let path = format!("/Users/{ann}");
        let title = patch_body(&json!([{"op": "add", "path": "title", "value": "x"}]));
        assert_eq!(call(&endpoint, Method::PATCH, &path, title).await.body["groups"], reply["groups"]);
        let put = json!({"schemas": [urn::USER], "userName": "ann", "groups": [{"value": "made up"}]});
        assert_eq!(call(&endpoint, Method::PUT, &path, put).await.body["groups"], reply["groups"]);
        let leave = json!([{"op": "replace", "path": "groups", "value": []}]);
        assert_eq!(patch(&endpoint, &path, &leave).await, StatusCode::BAD_REQUEST);

        let rename = json!([{"op": "replace", "path": "displayName", "value": "Drawing"}]);
        patch(&endpoint, &format!("/Groups/{design}"), &rename).await;
        assert_eq!(groups(&endpoint, &ann).await, told(&[("Drawing", "direct"), ("All", "indirect")]));
        send(&endpoint, request(Method::DELETE, &format!("/Groups/{design}"), None)).await;
        assert_eq!(groups(&endpoint, &ann).await, []);
        assert_eq!(groups(&endpoint, &bob).await, told(&[("All", "direct")]));
        let body = get(&endpoint, &format!("/Groups/{all}")).await.body;
        assert_eq!(body["members"], json!([{ "value": bob }]), "a deleted group is nobody's member");
    }
}

#[tokio::test]
async fn a_deleted_user_leaves_the_groups() {
    let (_directory, stores) = stores();
    for storage in stores {
        let clock = Clock::starting_at("2026-03-01T10:00:00Z".parse().unwrap());
        let endpoint = scim_at(&clock, storage);
        let (ann, bob) = (create(&endpoint, "ann").await, create(&endpoint, "bob").await);
        let both = group_of(&endpoint, "Both", &[&ann, &bob, &ann]).await;
        let alone = group_of(&endpoint, "Alone", &[&ann]).await;
        let other = group_of(&endpoint, "Other", &[&bob]).await;
        let read = async |id: &str| get(&endpoint, &format!("/Groups/{id}")).await.body;
        let before = read(&other).await;
        clock.sleep(std::time::Duration::from_mins(1)).await;
        let reply = send(&endpoint, request(Method::DELETE, &format!("/Users/{ann}"), None)).await;
        assert_eq!(reply.status, StatusCode::NO_CONTENT);
        let after = read(&both).await;
        assert_eq!(after["members"], json!([{ "value": bob }]));
        assert_eq!(after["meta"]["lastModified"], "2026-03-01T10:01:00Z");
        assert_eq!(after["meta"]["created"], "2026-03-01T10:00:00Z");
        assert_eq!(read(&alone).await["members"], Value::Null);
        assert_eq!(read(&other).await, before, "a group that it wasn't in stays as it was");
        assert_eq!(total(&endpoint, "/Groups", &format!("members eq \"{ann}\"")).await, 0);
        // also where nobody asks by HTTP
        assert!(endpoint.remove("bob").unwrap());
        assert_eq!(read(&both).await["members"], Value::Null);
    }
}

#[tokio::test]
async fn members_tell_what_they_are_where_that_is_asked_for() {
    let (_directory, stores) = stores();
    for storage in stores {
        let endpoint = scim(storage);
        let ann = create(&endpoint, "ann").await;
        let inner = group_of(&endpoint, "Inner", &[]).await;
        let outer = group_of(&endpoint, "Outer", &[&ann, &inner, "nobody"]).await;
        let path = format!("/Groups/{outer}");
        assert_eq!(get(&endpoint, &path).await.body["members"][0], json!({ "value": ann }), "as they were sent");
        let asked = get(&endpoint, &format!("{path}?attributes=members.value,members.$ref,members.type")).await.body;
        let place = |kind: &str, id: &str| format!("http://scim.example:8080/scim/v2/{kind}/{id}");
        let expected = json!([
            {"value": ann, "$ref": place("Users", &ann), "type": "User"},
            {"value": inner, "$ref": place("Groups", &inner), "type": "Group"},
            {"value": "nobody"},
        ]);
        assert_eq!(asked["members"], expected);
        let listed = get(&endpoint, "/Groups?filter=displayName+eq+%22outer%22&attributes=members.display").await.body;
        assert_eq!(listed["Resources"][0]["members"], json!([{"display": "Inner"}]));
    }
}

#[tokio::test]
async fn profiles_without_groups_know_none() {
    let endpoint = endpoint();
    let ann = create(&endpoint, "ann").await;
    assert_eq!(get(&endpoint, &format!("/Users/{ann}")).await.body["groups"], Value::Null);
}

/// Operations on members as the service and others send them, some of them about members that aren't there.
fn operations(random: &mut Random) -> Value {
    let mut one = || {
        let value = random.below(400).to_string();
        let entry = match random.below(4) {
            0 => json!({"value": value, "type": "User"}),
            1 => json!({"value": value, "display": format!("D{}", random.below(3))}),
            _ => json!({ "value": value }),
        };
        match random.below(9) {
            0..4 => json!({"op": "add", "path": "members", "value": [entry]}),
            4 => json!({"op": "remove", "path": format!("members[value eq \"{value}\"]")}),
            5 => json!({"op": "Remove", "path": "members", "value": [{ "value": value }]}),
            6 => json!({"op": "add", "value": {"members": [entry], "externalId": value}}),
            7 => json!({"op": "replace", "path": "displayName", "value": value}),
            // takes all of them to know
            _ => json!({"op": "remove", "path": "members[display eq \"D1\"]"}),
        }
    };
    let first = one();
    let rest: Vec<_> = (0..random.below(6)).map(|_| json!(null)).collect();
    let mut all = vec![first];
    for _ in rest {
        let value = random.below(400).to_string();
        all.push(if random.below(2) == 0 {
            json!({"op": "add", "path": "members", "value": [{ "value": value }]})
        } else {
            json!({"op": "remove", "path": format!("members[value eq \"{value}\"]")})
        });
    }
    json!(all)
}

#[tokio::test]
async fn one_member_of_many_changes_as_if_all_were_there() {
    let (_directory, stores) = stores();
    let options = Leniencies::ALL;
    let schema = ResourceSchema::group();
    for (seed, storage) in (1..).zip(stores) {
        let endpoint = scim(storage);
        let ids: Vec<String> = (0..300).map(|number| number.to_string()).collect();
        let id = group_of(&endpoint, "All", &ids.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let path = format!("/Groups/{id}");
        let whole = async || {
            let mut body = get(&endpoint, &path).await.body;
            body["meta"].take();
            Resource::from_value(body).unwrap()
        };
        let mut model = whole().await;
        let mut random = Random::seeded(seed);
        let mut narrow = 0;
        for round in 0..60 {
            let operations =
                if round == 40 { json!([{"op": "remove", "path": "members"}]) } else { operations(&mut random) };
            let request = PatchRequest::parse(patch_body(&operations), options).unwrap();
            narrow += u32::from(request.named_values("members", &schema, options).is_some());
            let expected = match apply(&mut model, &request, &schema, options, &|| None) {
                Ok(_) => StatusCode::NO_CONTENT,
                Err(_) => StatusCode::BAD_REQUEST,
            };
            assert_eq!(patch(&endpoint, &path, &operations).await, expected, "{operations}");
            let now = whole().await;
            assert_eq!(now, model, "round {round}: {operations}");
            let value = random.below(400).to_string();
            let has = model
                .get("members")
                .and_then(Value::as_array)
                .is_some_and(|members| members.iter().any(|member| member["value"] == json!(value)));
            let filter = format!("members.value eq \"{value}\"");
            assert_eq!(total(&endpoint, "/Groups", &filter).await, u64::from(has), "round {round}: {operations}");
        }
        assert!((30..60).contains(&narrow), "both ways are taken: {narrow}");
    }
}

#[test]
fn what_names_its_members() {
    let options = Leniencies::ALL;
    let (group, strict) = (ResourceSchema::group(), Leniencies::STRICT);
    let check = |operations: Value, options: Leniencies, expected: Option<&[&str]>| {
        let request = PatchRequest::parse(patch_body(&operations), options).unwrap();
        let named = request.named_values("members", &group, options);
        let expected = expected.map(|values| values.iter().map(|&value| value.to_owned()).collect::<Vec<_>>());
        assert_eq!(named, expected, "{operations}");
    };
    let add = |value: Value| json!([{"op": "add", "path": "members", "value": value}]);
    let remove = |path: &str| json!([{"op": "remove", "path": path}]);
    check(add(json!([{"value": "b"}, {"value": "a"}])), options, Some(&["a", "b"]));
    check(add(json!({"value": "a", "$ref": null})), options, Some(&["a"]));
    check(add(json!([{"value": "a", "primary": true}])), options, None);
    check(add(json!([{"display": "a"}])), options, None);
    check(add(json!(["a"])), options, None);
    check(add(json!([{"value": "{\"value\":\"a\"}"}])), options, None);
    check(remove("members"), options, None);
    check(remove("members[value eq \"a\"]"), options, Some(&["a"]));
    check(remove("members[value eq \"a\"].display"), options, None);
    check(remove("members[type eq \"User\"]"), options, None);
    check(remove("urn:ietf:params:scim:schemas:core:2.0:Group"), options, None);
    let listed = json!([{"op": "remove", "path": "members", "value": [{"value": "a"}]}]);
    check(listed.clone(), options, Some(&["a"]));
    check(listed, strict, None);
    check(json!([{"op": "replace", "path": "members", "value": [{"value": "a"}]}]), options, None);
    check(json!([{"op": "replace", "path": "displayName", "value": "x"}]), options, Some(&[]));
    check(json!([{"op": "replace", "value": {"displayName": "x"}}]), options, Some(&[]));
    check(json!([{"op": "replace", "value": {"members": [{"value": "a"}]}}]), options, None);
    check(json!([{"op": "add", "value": {"Members": [{"value": "a"}], "externalId": "x"}}]), options, Some(&["a"]));
    let comes_back = json!([
        {"op": "remove", "path": "members[value eq \"a\"]"},
        {"op": "add", "path": "members", "value": [{"value": "a"}]},
    ]);
    check(comes_back, options, None);
}
