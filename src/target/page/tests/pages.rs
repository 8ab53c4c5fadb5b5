use super::*;
use crate::scim::Resource;

#[tokio::test]
async fn every_page_is_there_with_much_and_with_nothing() {
    let empty = Site::local();
    let full = Site::local();
    let ann = full.create("ann@contoso.com", "Ann").await;
    let design = full.create_group("Design", &[&ann, "gone"]).await;
    let pages = ["/", "/page/users", "/page/users?q=x", "/page/users?start=51", "/page/groups", "/page/groups?q=x"];
    for page in pages.into_iter().chain(["/page/requests", "/page/requests?q=x&status=4xx", "/page/faults"]) {
        for site in [&empty, &full] {
            let shown = site.get(page).await;
            assert_eq!(shown.status, StatusCode::OK, "{page}");
            assert!(shown.text.contains("<main") && shown.text.ends_with("</html>"), "{page}");
        }
    }
    for page in [format!("/page/users/{ann}"), format!("/page/groups/{design}"), "/page/requests/1".to_owned()] {
        assert_eq!(full.get(&page).await.status, StatusCode::OK, "{page}");
        assert_eq!(empty.get(&page).await.status, StatusCode::NOT_FOUND, "{page}");
    }
    for page in ["/page/xyz", "/page/users/a/b", "/page/requests/none", "/page/requests/-1"] {
        assert_eq!(full.get(page).await.status, StatusCode::NOT_FOUND, "{page}");
    }
    for page in ["/page", "/page/"] {
        assert_eq!(full.get(page).await.headers["location"], "/", "{page}");
    }
    let users = full.get_with("/scim/v2/Users", &[("host", HOST)]).await;
    assert_eq!(users.status, StatusCode::UNAUTHORIZED, "the endpoint itself needs its token as ever");
    assert_eq!(users.headers["content-type"], "application/scim+json");
}

#[tokio::test]
async fn the_overview_tells_what_is_there_and_what_changed() {
    let site = Site::local();
    let text = plain(&site.get("/").await.text);
    for expected in [
        "http:&#x2f;&#x2f;127.0.0.1:8080&#x2f;scim&#x2f;v2 Copy",
        "scimulate test-connection --tenant-url",
        "$SCIMULATE_TOKEN",
        "0 users",
        "Nothing was written since the start.",
        "No request has come in yet.",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    let ann = site.create("ann@contoso.com", "Ann").await;
    let bob = site.create("bob@contoso.com", "Bob").await;
    let patch = |value: &str| {
        json!({
            "schemas": [urn::PATCH_OP],
            "Operations": [{"op": "replace", "path": "userName", "value": value}],
        })
    };
    for value in ["ann.lee@contoso.com", "ann.lee@contoso.com"] {
        site.call("PATCH", &format!("/Users/{ann}"), &patch(value)).await;
    }
    site.call("DELETE", &format!("/Users/{bob}"), &json!(null)).await;
    site.call("DELETE", &format!("/Users/{bob}"), &json!(null)).await;
    site.create_group("Design", &[]).await;
    let page = site.get("/").await.text;
    let changes = plain(between(&page, "<ol class=\"changes card\">", "</ol>"));
    // what is the same afterwards is no change, and what was deleted goes by its name
    let expected = "Design group created just now bob@contoso.com user deleted just now ann.lee@contoso.com user changed \
                    just now bob@contoso.com user created just now ann@contoso.com user created just now";
    assert_eq!(changes, expected);
    let tiles = plain(between(&page, "id=\"tiles\"", "</ul>"));
    assert!(tiles.contains("1 users 1 groups 7 requests 1 refused (4xx) 0 failed"), "{tiles}");
    let links = page.replace("&#x2f;", "/");
    assert!(links.contains(&format!("href=\"/page/users/{ann}\"")));
    assert!(!links.contains(&format!("href=\"/page/users/{bob}\"")), "it isn't there any more");
}

#[tokio::test]
async fn an_endpoint_of_users_has_no_groups_to_show() {
    let clock = Clock::starting_at("2026-03-01T10:00:00Z".parse().unwrap());
    let options = EndpointOptions::wedo(vec![Secret::new(TOKEN)], clock, Random::seeded(1));
    let site = Site::over(Endpoint::new(options, Storage::memory()).unwrap(), true);
    assert!(!site.get("/").await.text.contains("/page/groups"));
    assert_eq!(site.get("/page/groups").await.status, StatusCode::NOT_FOUND);
    let ann = site.create("ann@contoso.com", "Ann").await;
    assert!(!site.get(&format!("/page/users/{ann}")).await.text.contains("Groups"));
}

#[tokio::test]
async fn a_resource_is_shown_in_full_with_members_and_groups_by_pages() {
    let site = Site::local();
    let mut ids = Vec::new();
    for number in 0..150 {
        ids.push(site.create(&format!("user{number}@contoso.com"), "Somebody").await);
    }
    let mut members: Vec<_> = ids.iter().map(String::as_str).collect();
    members.push("gone");
    let all = site.create_group("All", &members).await;
    for number in 0..120 {
        site.create_group(&format!("Group {number}"), &[&ids[3]]).await;
    }
    let page = site.get(&format!("/page/groups/{all}")).await.text;
    let text = plain(&page);
    assert!(text.contains("Members 151") && text.contains("user0@contoso.com user"), "{text}");
    assert!(text.contains("1–100 of 151 Next") && !text.contains("user100@contoso.com"), "{text}");
    let text = plain(&site.get(&format!("/page/groups/{all}?start=101")).await.text);
    assert!(text.contains("Previous 101–151 of 151") && text.contains("gone not here"), "{text}");

    let text = plain(&site.get(&format!("/page/users/{}", ids[3])).await.text);
    assert!(
        text.contains("All group") && text.contains("Group 0 group") && text.contains("1–100 of 121 Next"),
        "{text}"
    );
    let text = plain(&site.get(&format!("/page/users/{}?start=101", ids[3])).await.text);
    assert!(text.contains("101–121 of 121") && text.contains("Group 119 group"), "{text}");
    assert!(text.contains("&quot;location&quot;: &quot;http://127.0.0.1:8080/scim/v2/Users/"), "{text}");
    let alone = plain(&site.get(&format!("/page/users/{}", ids[4])).await.text);
    assert!(alone.contains("Groups 1 All group"), "{alone}");
}

#[tokio::test]
async fn what_others_wrote_is_never_markup() {
    let site = Site::local();
    let hostile = "<script>alert(1)</script>\" onerror='x' \u{202e}gnp.exe {{ secret }}";
    let long = "W".repeat(5000);
    let ann = site.create(hostile, &format!("</title><img src=x>{long}")).await;
    let group = site.create_group(hostile, &[&ann]).await;
    site.call("GET", "/Users?filter=%3Cscript%3Ealert(1)%3C/script%3E", &json!(null)).await;
    site.call("DELETE", "/Users/%3Cimg%20src=x%3E", &json!(null)).await;
    let pages = [
        "/".to_owned(),
        "/page/users".to_owned(),
        "/page/users?q=%3Cscript%3Ealert(1)%3C/script%3E%22'".to_owned(),
        "/page/groups".to_owned(),
        format!("/page/users/{ann}"),
        format!("/page/groups/{group}"),
        "/page/requests".to_owned(),
        "/page/requests?q=%22%3E%3Cscript%3E&method=%22%3E%3Cscript%3E&status=%22%3E%3Cscript%3E".to_owned(),
        "/page/requests/1".to_owned(),
        "/page/requests/3?part=1".to_owned(),
        "/page/users/%3Cscript%3E".to_owned(),
    ];
    for page in pages {
        let text = site.get(&page).await.text;
        assert_eq!(text.matches("<script").count(), usize::from(!page.contains("part=1")), "{page}: {text}");
        assert!(!text.contains("<img src=x") && !text.contains("onerror='x'") && !text.contains("</title><"), "{page}");
        assert!(!text.contains('\u{202e}'), "{page}: nothing turns the direction of writing");
        assert_eq!(text.matches("{{").count(), text.matches("{{ secret }}").count(), "{page}: text is no template");
    }
    let list = site.get("/page/users").await.text;
    assert!(list.contains("&lt;script&gt;") && list.contains("U+202E"), "{list}");
    let cell = between(&list, "data-label=\"Display name\">", "</td>");
    assert!(plain(cell).chars().count() < 200, "long names are cut: {cell}");
}

#[tokio::test]
async fn a_list_is_paged_and_says_what_is_missing() {
    let endpoint = endpoint(Storage::memory());
    let user = |number: usize| json!({"schemas": [urn::USER], "userName": format!("u{number}@contoso.com")});
    endpoint.load((0..120).map(|number| Resource::from_value(user(number)).unwrap()).collect()).unwrap();
    let site = Site::over(endpoint, true);
    let text = plain(&site.get("/page/users").await.text);
    assert!(text.contains("1–50 of 120 Next") && text.contains("u49@") && !text.contains("u50@"), "{text}");
    let text = plain(&site.get("/page/users?start=101").await.text);
    assert!(text.contains("Previous 101–120 of 120") && !text.contains("Next"), "{text}");
    let text = plain(&site.get("/page/users?start=18446744073709551615&q=").await.text);
    assert!(text.contains("There are no more."), "{text}");
    let found = site.get("/page/users?q=u1").await.text;
    assert!(plain(&found).contains("1–31 of 31") && found.contains("value=\"u1\""), "{found}");
    let none = plain(&site.get("/page/users?q=nobody").await.text);
    assert!(none.contains("No user has nobody in its names"), "{none}");
}
