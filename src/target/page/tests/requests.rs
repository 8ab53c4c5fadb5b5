use std::time::Duration;

use super::*;
use crate::scim::HttpExchange;
use crate::target::observe::{Packed, Sent};

fn rows(page: &str) -> Vec<u64> {
    page.split("data-number=\"").skip(1).map(|rest| rest.split('"').next().unwrap().parse().unwrap()).collect()
}

#[tokio::test]
async fn the_log_shows_method_target_status_and_is_narrowed_down() {
    let site = Site::local();
    let ann = site.create("ann@contoso.com", "Ann").await;
    site.call("GET", "/Users?filter=userName+eq+%22Zo%C3%AB%22", &json!(null)).await;
    site.call("GET", "/Users/none", &json!(null)).await;
    site.call("POST", "/Users", &json!({"schemas": [urn::USER], "userName": "ANN@contoso.com"})).await;
    site.call("DELETE", &format!("/Users/{ann}"), &json!(null)).await;
    let page = site.get("/page/requests").await.text;
    assert_eq!(rows(&page), [5, 4, 3, 2, 1]);
    let text = plain(&page);
    assert!(text.contains("GET /Users?filter=userName eq &quot;Zoë&quot; 200"), "decoded, for reading: {text}");
    assert!(text.contains("409") && text.contains("404") && text.contains("204"), "{text}");
    for (query, expected) in [
        ("method=POST", &[4, 1][..]),
        ("method=post&status=2xx", &[1]),
        ("status=4xx", &[4, 3]),
        ("status=409", &[4]),
        ("status=none", &[]),
        ("q=zo%C3%AB", &[2]),
        ("q=%2522", &[2]),
        ("q=UNIQUENESS", &[4]),
        ("q=ann%40contoso", &[4, 1]),
        ("q=nothing+like+this", &[]),
        ("before=3", &[2, 1]),
        ("after=3", &[5, 4]),
    ] {
        assert_eq!(rows(&site.get(&format!("/page/requests?{query}")).await.text), expected, "{query}");
    }
    assert!(plain(&site.get("/page/requests?q=nothing").await.text).contains("No request that is kept matches."));
}

#[tokio::test]
async fn older_requests_are_a_page_further() {
    let site = Site::local();
    for _ in 0..130 {
        site.call("GET", "/Users/none", &json!(null)).await;
    }
    let page = site.get("/page/requests?status=4xx").await.text;
    assert_eq!((rows(&page).len(), rows(&page)[99]), (100, 31));
    assert!(page.contains("href=\"&#x2f;page&#x2f;requests?status=4xx&amp;before=31\""), "{page}");
    let older = site.get("/page/requests?status=4xx&before=31").await.text;
    assert_eq!((rows(&older).len(), rows(&older)[0]), (30, 30));
    assert!(!older.contains("id=\"pause\""), "what lies behind doesn't move");
}

#[tokio::test]
async fn a_look_for_news_is_answered_only_if_there_are_any() {
    let site = Site::local();
    let mut version = String::from("0");
    for event in ["nothing yet", "request", "fault", "cleared"] {
        match event {
            "request" => drop(site.call("GET", "/Users/none", &json!(null)).await),
            "fault" => drop(site.post("/page/faults/slow-600ms", "to=always").await),
            "cleared" => drop(site.post("/page/requests/clear", "").await),
            _ => {}
        }
        let mut next = String::new();
        for path in ["/", "/page/requests", "/page/faults"] {
            let fresh = site.get(&format!("{path}?poll={version}&after=0")).await;
            assert_eq!(fresh.status, StatusCode::OK, "{event}, {path}");
            next = between(&fresh.text, "data-version=\"", "\"").to_owned();
            let again = site.get(&format!("{path}?poll={next}&after=0")).await;
            assert_eq!((again.status, again.text.as_str()), (StatusCode::NO_CONTENT, ""), "{event}, {path}");
        }
        version = next;
    }
}

#[tokio::test]
async fn one_exchange_is_shown_with_its_headers_and_bodies() {
    let site = Site::local();
    site.create("ann@contoso.com", "Ann <b>").await;
    let page = site.get("/page/requests/1").await.text;
    let part = site.get("/page/requests/1?part=1").await.text;
    assert!(page.contains(part.trim()) && !part.contains("<html"), "the part is what stands in the page");
    let text = plain(&part);
    for expected in [
        "POST /scim/v2/Users",
        "authorization Bearer [secret]",
        "content-type application/scim+json",
        "201 Created",
        "&quot;displayName&quot;: &quot;Ann &lt;b&gt;&quot;",
        "&quot;displayName&quot;:&quot;Ann &lt;b&gt;&quot;",
        "4 headers",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    let gone = site.get("/page/requests/77").await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    assert!(gone.text.contains("kept any more"));
}

#[tokio::test]
async fn bodies_of_any_kind_are_shown() {
    let site = Site::local();
    let long = format!("{{\"a\":\"{}\"}}", "é".repeat(70_000));
    let bodies: [&[u8]; 5] = [b"\x00\x01\x02binary\xff", b"name=Zo\xeb, and a text", long.as_bytes(), b"", b"<html>"];
    for body in bodies {
        let headers = [("host", HOST), ("authorization", &bearer())];
        let mut post = request("POST", "/scim/v2/Users", &headers, "");
        *post.body_mut() = Body::from(body.to_vec());
        site.send(post).await;
    }
    for (number, expected) in [
        (1, &["not text, 10 bytes", "000000 00 01 02 62"][..]),
        (2, &["text, 20 bytes", "Zo\\xEB, and"]),
        (3, &["JSON, 136.7 KiB; the first 64 KiB are kept"]),
        (4, &["No body."]),
        (5, &["text, 6 bytes", "&lt;html&gt;"]),
    ] {
        let text = plain(&site.get(&format!("/page/requests/{number}?part=1")).await.text);
        for expected in expected {
            assert!(text.contains(expected), "{number}: {expected}: {text}");
        }
    }
}

#[tokio::test]
async fn the_log_is_cleared_on_request() {
    let site = Site::local();
    site.create("ann@contoso.com", "Ann").await;
    let shown = site.post("/page/requests/clear", "").await;
    assert_eq!((shown.status, shown.headers["location"].as_bytes()), (StatusCode::SEE_OTHER, &b"/page/requests"[..]));
    let page = site.get("/page/requests").await.text;
    assert!(rows(&page).is_empty() && page.contains("data-oldest=\"2\""), "{page}");
    site.create("bob@contoso.com", "Bob").await;
    assert_eq!(rows(&site.get("/page/requests").await.text), [2]);
}

#[tokio::test]
async fn what_befell_an_exchange_is_told_and_found() {
    let site = Site::local();
    let exchange = HttpExchange {
        method: "PATCH".to_owned(),
        target: "/scim/v2/Users/1".to_owned(),
        duration: Duration::from_millis(1234),
        remarks: vec!["slow-600ms".to_owned(), "the client <went> away".to_owned()],
        ..HttpExchange::default()
    };
    site.endpoint.audience().watcher.as_ref().unwrap().watch(Packed::of(&exchange), &Sent::default());
    for query in ["", "?status=none", "?q=SLOW", "?q=went"] {
        let text = plain(&site.get(&format!("/page/requests{query}")).await.text);
        let row = "PATCH /Users/1 slow-600ms the client &lt;went&gt; away none 1.2 s";
        assert!(text.contains(row), "{query}: {text}");
    }
    let part = site.get("/page/requests/1?part=1").await.text;
    assert!(
        part.contains("href=\"/page/faults#fault-slow-600ms\">slow-600ms</a>"),
        "a fault leads to its switch: {part}"
    );
    assert!(plain(&part).contains("No body."), "{part}");
    assert!(plain(&site.get("/").await.text).contains("1 failed (5xx, no answer)"));
}
