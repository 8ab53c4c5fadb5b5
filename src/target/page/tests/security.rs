use std::sync::{Arc, Mutex};

use super::*;
use crate::scim::HttpExchange;
use crate::target::{Credentials, Observer};

/// All that can be read, an asset apart.
const PAGES: [&str; 8] = [
    "/",
    "/page/users",
    "/page/users?q=ann",
    "/page/users/none",
    "/page/groups",
    "/page/requests",
    "/page/requests/1",
    "/page/faults",
];

#[tokio::test]
async fn reading_needs_the_token_or_a_name_of_this_machine() {
    let (local, open) = (Site::local(), Site::open());
    for page in PAGES {
        let shown = local.get(page).await;
        assert!(shown.status != StatusCode::UNAUTHORIZED && shown.text.contains("<nav"), "{page}");
        for (site, headers) in [
            // rebinding: a name of somebody else that leads here
            (&local, &[("host", "evil.example:8080")][..]),
            (&local, &[]),
            (&local, &[("host", HOST), ("x-forwarded-for", "203.0.113.9")]),
            (&open, &[("host", HOST)]),
            (&open, &[("host", HOST), ("authorization", "Bearer wrong")]),
            (&open, &[("host", HOST), ("authorization", "Basic dDBrZW4=")]),
            (&open, &[("host", HOST), ("cookie", "scimulate-00000000=x")]),
        ] {
            let shown = site.get_with(page, headers).await;
            assert_eq!(shown.status, StatusCode::UNAUTHORIZED, "{page} {headers:?}");
            assert!(shown.text.contains("needs a token"), "{page} {headers:?}");
            for told in ["<nav", "scim/v2", "secret", "Profile"] {
                assert!(!shown.text.contains(told), "strangers are told {told}: {}", shown.text);
            }
        }
        let shown = open.get_with(page, &[("host", "scim.example"), ("authorization", &bearer())]).await;
        assert!(shown.text.contains("<nav"), "{page}");
    }
}

#[tokio::test]
async fn a_session_begins_with_the_token_and_ends() {
    let site = Site::open();
    let host = ("host", "scim.example");
    for form in ["token=wrong", "", "next=/"] {
        let shown = site.send(request("POST", "/page/login", &[host], form)).await;
        assert_eq!(shown.status, StatusCode::UNAUTHORIZED);
        assert!(shown.text.contains("known here") && !shown.headers.contains_key("set-cookie"));
    }
    let foreign = [host, ("origin", "http://evil.example")];
    let shown = site.send(request("POST", "/page/login", &foreign, &format!("token={TOKEN}"))).await;
    assert_eq!(shown.status, StatusCode::FORBIDDEN, "another site's form");

    let form = format!("token={TOKEN}&next=/page/faults");
    // a form without a referrer says that it comes from nowhere
    let shown = site.send(request("POST", "/page/login", &[host, ("origin", "null")], &form)).await;
    assert_eq!((shown.status, shown.headers["location"].as_bytes()), (StatusCode::SEE_OTHER, &b"/page/faults"[..]));
    let cookie = shown.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && !cookie.contains(TOKEN), "{cookie}");
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let known = [host, ("cookie", cookie.as_str())];
    assert!(site.get_with("/", &known).await.text.contains("Sign out"));
    let shown = site.send(request("POST", "/page/logout", &[&own()[1..2], &known[..]].concat(), "")).await;
    assert_eq!(shown.status, StatusCode::FORBIDDEN, "without the secret");
    let form = format!("secret={}", site.secret().await);
    let shown = site.send(request("POST", "/page/logout", &[&own()[1..2], &known[..]].concat(), &form)).await;
    assert!(shown.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(site.get_with("/", &known).await.status, StatusCode::UNAUTHORIZED, "the session is over");
}

#[tokio::test]
async fn a_session_ends_with_its_token() {
    let site = Site::open();
    let shown = site.send(request("POST", "/page/login", &[("host", "h")], &format!("token={TOKEN}"))).await;
    let cookie = shown.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let known = [("host", "h"), ("cookie", cookie.as_str())];
    let with = |tokens: &[&str]| Credentials {
        tokens: tokens.iter().map(|token| Secret::new(*token)).collect(),
        ..Credentials::default()
    };
    site.endpoint.set_credentials(&with(&["another", TOKEN]));
    assert_eq!(site.get_with("/", &known).await.status, StatusCode::OK, "it is one of several");
    site.endpoint.set_credentials(&with(&["another"]));
    assert_eq!(site.get_with("/", &known).await.status, StatusCode::UNAUTHORIZED, "it is gone");
    // What has ever let in is still not shown.
    let query = format!("/scim/v2/Users?filter={TOKEN}&other=another");
    drop(site.get_with(&query, &[("host", "h")]).await);
    let shown = site.get_with("/page/requests", &[("host", "h"), ("authorization", "Bearer another")]).await;
    assert!(shown.text.contains("filter=[secret]") && !shown.text.contains(TOKEN), "{}", shown.text);
    assert!(!shown.text.contains("other=another"), "{}", shown.text);
}

#[tokio::test]
async fn the_way_back_stays_on_the_page() {
    let site = Site::open();
    for (next, expected) in [
        ("/", "/"),
        ("/page/users%3Fq%3Dann", "/page/users?q=ann"),
        ("//evil.example/page/", "/"),
        ("https://evil.example/", "/"),
        ("/page/%0d%0aSet-Cookie:%20x", "/"),
        ("/%5Cevil.example", "/"),
        ("/page/%5C%5Cevil.example", "/"),
        ("/scim/v2/Users", "/"),
        ("javascript:alert(1)", "/"),
    ] {
        let form = format!("token={TOKEN}&next={next}");
        let shown = site.send(request("POST", "/page/login", &[("host", "h")], &form)).await;
        assert_eq!(shown.headers["location"], expected, "{next}");
    }
    let shown = site.get_with("/page/users?q=%22%3E%3Cscript%3E", &[("host", "h")]).await;
    assert!(!shown.text.contains("\"><script>"), "{}", shown.text);
}

#[tokio::test]
async fn changes_need_the_secret_and_the_pages_own_origin() {
    let site = Site::local();
    let secret = site.secret().await;
    let path = "/page/faults/503";
    let good = format!("secret={secret}&to=always");
    for (headers, form) in [
        (own(), "to=always"),
        (own(), "secret=&to=always"),
        (own(), "secret=guess&to=always"),
        (vec![("host", HOST)], &good),
        (vec![("host", HOST), ("origin", "null")], &good),
        (vec![("host", HOST), ("origin", "http://evil.example")], &good),
        (vec![("host", HOST), ("origin", "http://127.0.0.1:9999")], &good),
        (vec![("host", HOST), ("sec-fetch-site", "same-site")], &good),
        (vec![("host", HOST), ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")], &good),
        // the token alone makes no change: a program has no page to be on
        (vec![("host", HOST), ("authorization", "Bearer t0ken-that-nobody-sees")], &good),
        (vec![("host", "evil.example"), ("sec-fetch-site", "same-origin"), ("origin", "http://evil.example")], &good),
    ] {
        for path in [path, "/page/faults", "/page/rules", "/page/requests/clear", "/page/logout"] {
            let shown = site.send(request("POST", path, &headers, form)).await;
            assert!(shown.status.is_client_error(), "{path} {headers:?} {form}: {}", shown.status);
        }
        assert!(site.endpoint.faults().is_empty(), "{headers:?} {form}");
    }
    for method in ["GET", "PUT", "DELETE"] {
        let shown = site.send(request(method, &format!("{path}?{good}"), &own(), &good)).await;
        assert!(shown.status.is_client_error(), "{method}: {}", shown.status);
        assert!(site.endpoint.faults().is_empty(), "{method} changes nothing");
    }
    let long = format!("{good}&x={}", "x".repeat(20_000));
    assert_eq!(site.send(request("POST", path, &own(), &long)).await.status, StatusCode::FORBIDDEN);
    assert_eq!(site.send(request("POST", path, &own(), &good)).await.status, StatusCode::SEE_OTHER);
    assert_eq!(site.endpoint.faults()[0].rule.fault.name(), "503");
}

#[tokio::test]
async fn other_sites_can_neither_read_nor_embed_the_page() {
    let site = Site::local();
    let fetched = [("host", HOST), ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")];
    for path in PAGES.into_iter().chain(["/page/page.js", "/page/style.css", "/page/icon.svg"]) {
        let shown = site.get_with(path, &fetched).await;
        assert_eq!(shown.status, StatusCode::FORBIDDEN, "{path}");
        assert!(!shown.text.contains("<nav"), "{path}");
    }
    let link = [fetched[0], fetched[1], ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
    assert_eq!(site.get_with("/", &link).await.status, StatusCode::OK, "a link opens the page");
    for path in ["/?q=1", "/page/users?q=ann", "/page/requests"] {
        let shown = site.get_with(path, &link).await;
        assert_eq!((shown.status, shown.headers["location"].as_bytes()), (StatusCode::SEE_OTHER, &b"/"[..]), "{path}");
    }
    for (site, path) in [
        (&site, "/"),
        (&site, "/page/users"),
        (&site, "/page/style.css"),
        (&site, "/page/page.js"),
        (&site, "/page/nothing"),
        (&Site::open(), "/"),
    ] {
        let shown = site.get(path).await;
        let header = |name: &str| shown.headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
        let policy = header("content-security-policy");
        for part in ["default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains('*') && !policy.contains("http"), "{policy}");
        for (name, expected) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(header(name), expected, "{path}");
        }
        assert!(!shown.headers.keys().any(|name| name.as_str().starts_with("access-control-")), "{path}");
    }
    let preflight = [("host", HOST), ("origin", "http://evil.example"), ("access-control-request-method", "POST")];
    let shown = site.send(request("OPTIONS", "/page/faults/503", &preflight, "")).await;
    assert!(shown.status.is_client_error() && !shown.headers.contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn pages_hold_nothing_from_elsewhere_and_no_inline_code() {
    let site = Site::local();
    site.create("ann@contoso.com", "Ann").await;
    for page in PAGES {
        let text = site.get(page).await.text;
        for tag in ["<script src=\"/page/page.js\">", "href=\"/page/style.css\""] {
            assert!(text.contains(tag), "{page}");
        }
        assert_eq!(text.matches("<script").count(), 1, "{page}");
        for inline in ["<style", " style=", " onclick", " onload", "javascript:", "src=\"http", "href=\"http"] {
            assert!(!text.contains(inline), "{page}: {inline}");
        }
    }
}

#[tokio::test]
async fn what_a_client_sent_as_a_secret_is_masked_wherever_it_stands() {
    const OTHER: &str = "somebody-elses-token-4711";
    let site = Site::local();
    let authorization = format!("Bearer {OTHER}");
    let headers = [
        ("host", HOST),
        ("authorization", &*authorization),
        ("content-type", "application/json"),
        ("x-api-key", OTHER),
    ];
    let long = format!("{{\"a\":\"{OTHER}\",\"b\":\"{}\"}}", "x".repeat(100_000));
    let named = r#"{"access_token":"issued-a-moment-ago","client_secret":"geheim-geheim"}"#;
    for body in [&long, named] {
        site.send(request("POST", &format!("/scim/v2/Users?t={OTHER}"), &headers, body)).await;
    }
    for path in ["/", "/page/requests", "/page/requests/1", "/page/requests/2", "/page/requests/2?part=1"] {
        let text = site.get(path).await.text;
        for secret in [OTHER, "issued-a-moment-ago", "geheim-geheim"] {
            assert!(!text.contains(secret), "{path}: {text}");
        }
        assert!(text.contains("[secret]"), "{path}: {text}");
    }
}

#[derive(Default)]
struct Seen(Mutex<Vec<String>>);

impl Observer for Seen {
    fn observe(&self, exchange: &Arc<HttpExchange>) {
        self.0.lock().unwrap().push(exchange.target.clone());
    }
}

#[tokio::test]
async fn the_token_is_nowhere_and_the_page_is_no_part_of_the_protocol() {
    let site = Site::local();
    let seen = Arc::new(Seen::default());
    site.endpoint.observe(Arc::<Seen>::clone(&seen));
    let ann = site.create("ann@contoso.com", "Ann").await;
    // a client that sends its token where it doesn't belong
    let user = json!({"schemas": [urn::USER], "userName": format!("x{TOKEN}"), "title": TOKEN});
    site.call("POST", &format!("/Users?token={TOKEN}"), &user).await;
    site.call("GET", &format!("/Users/{TOKEN}"), &json!(null)).await;
    site.call("POST", "/Users", &json!(format!("{TOKEN} in a text"))).await;
    for page in ["/", "/page/requests", "/page/faults", &format!("/page/users/{ann}")] {
        let text = site.get(page).await.text;
        // what is kept under a name is shown by that name, elsewhere nothing of it
        let text = text.replace(&format!("x{TOKEN}"), "");
        assert!(!text.contains(TOKEN), "{page}: {text}");
    }
    for number in 1..=4 {
        for path in [format!("/page/requests/{number}"), format!("/page/requests/{number}?part=1")] {
            let text = site.get(&path).await.text;
            assert!(!text.contains(TOKEN) && text.contains("Bearer [secret]"), "{path}: {text}");
        }
    }
    let found = site.get(&format!("/page/requests?q={TOKEN}")).await.text;
    assert!(!found.contains("data-number="), "secrets can't be looked for");
    for shown in ["%5Bsecret%5D", "SECRET", "cret", "token%3D%5Bsec", "cret%5D+in+a+text"] {
        let found = site.get(&format!("/page/requests?q={shown}")).await.text;
        assert!(found.contains("data-number="), "what stands in their place is found: {shown}");
    }
    site.get("/").await;
    site.get("/page/nothing").await;
    let seen = seen.0.lock().unwrap();
    assert!(seen.len() == 4 && seen.iter().all(|target| target.starts_with("/scim/v2")), "{seen:?}");
}
