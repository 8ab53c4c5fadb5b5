use super::*;
use crate::target::{Fault, FaultRule};

fn in_force(site: &Site) -> Vec<(String, f64)> {
    site.endpoint.faults().iter().map(|status| (status.rule.fault.name().to_owned(), status.rule.rate)).collect()
}

#[tokio::test]
async fn every_fault_has_a_switch_that_says_what_it_does() {
    let site = Site::local();
    let page = site.get("/page/faults").await.text;
    for fault in Fault::all() {
        let name = fault.name();
        let (anchor, path) = (name.replace('/', "-"), name.replace('/', "%2F"));
        assert!(page.contains(&format!("id=\"switch-{anchor}\"")), "{name}");
        assert!(page.contains(&format!("action=\"/page/faults/{path}\"")), "{name}");
        let shown = site.post(&format!("/page/faults/{path}"), "to=always").await;
        assert_eq!(shown.status, StatusCode::SEE_OTHER, "{name}");
        assert!(in_force(&site).iter().any(|(known, _)| known == name), "{name}");
        site.post(&format!("/page/faults/{path}"), "to=off").await;
    }
    assert_eq!(page.matches("role=\"switch\" aria-checked=\"false\"").count(), Fault::all().len());
}

#[tokio::test]
async fn a_click_switches_a_fault_for_the_next_request() {
    let site = Site::local();
    let shown = site.post("/page/faults/503", "to=always&back=/page/faults%23fault-503").await;
    assert_eq!(shown.headers["location"], "/page/faults#fault-503");
    assert_eq!(site.call("GET", "/Users", &json!(null)).await.status, StatusCode::SERVICE_UNAVAILABLE);
    let page = site.get("/page/faults").await.text;
    assert_eq!(page.matches("aria-checked=\"true\"").count(), 1);
    assert!(plain(&page).contains("On: every request that it can happen to."), "{page}");
    assert!(plain(&site.get("/").await.text).contains("503 every request that it can happen to Switch off"));
    assert_eq!(site.get("/").await.status, StatusCode::OK, "the page itself is never befallen");
    site.post("/page/faults/503", "to=off&back=/").await;
    assert_eq!(site.call("GET", "/Users", &json!(null)).await.status, StatusCode::OK);
    for (path, form) in [("none-such", "to=always"), ("slow-600ms", "to=sometimes"), ("slow-600ms", "")] {
        let shown = site.post(&format!("/page/faults/{path}"), form).await;
        assert_eq!(shown.status, StatusCode::NOT_FOUND, "{path} {form}");
    }
    assert!(in_force(&site).is_empty());
}

#[tokio::test]
async fn faults_are_found_by_what_is_said_of_them_or_by_being_on() {
    let site = Site::local();
    site.post("/page/faults/503", "to=always").await;
    site.call("GET", "/Users", &json!(null)).await;
    let found = |page: Shown| page.text.matches("role=\"switch\"").count();
    let all = Fault::all().len();
    assert_eq!(found(site.get("/page/faults").await), all);
    assert_eq!(found(site.get("/page/faults?only=on").await), 1);
    assert_eq!(found(site.get("/page/faults?only=on&q=slow").await), 0);
    let slow = found(site.get("/page/faults?q=SLOW-").await);
    assert!(slow > 0 && slow < all, "{slow}");
    let narrowed = site.get("/page/faults?q=SLOW-&only=on").await.text.replace("&#x2f;", "/");
    assert!(narrowed.contains("href=\"/page/faults#fault-503\""), "what is on is told anyhow: {narrowed}");
    let narrowed = site.get("/page/faults?q=503&only=on").await.text.replace("&#x2f;", "/");
    let back = "name=\"back\" value=\"/page/faults?q=503&amp;only=on#fault-503\"";
    assert!(narrowed.contains(back), "a switch leads back to what was shown: {narrowed}");
    let nothing = plain(&site.get("/page/faults?q=nothing+like+this").await.text);
    assert!(nothing.contains("No fault is called or explained like that."), "{nothing}");
    let text = plain(&site.get("/page/faults").await.text);
    assert!(text.contains("Befell 1 request."), "{text}");
    let themes: Vec<_> = Fault::all().iter().map(Fault::theme).collect();
    assert!(themes.iter().all(|theme| text.contains(theme)), "{text}");
}

#[tokio::test]
async fn a_rule_is_put_in_force_as_the_flag_puts_it() {
    let site = Site::local();
    let shown = site.post("/page/rules", "rule=503%3A50%25%2Cuser%3Dann%40contoso.com").await;
    assert_eq!((shown.status, shown.headers["location"].as_bytes()), (StatusCode::SEE_OTHER, &b"/page/faults"[..]));
    site.post("/page/rules", "rule=slow-2s").await;
    site.post("/page/rules", "rule=slow-2s").await;
    assert_eq!(in_force(&site), [("503".to_owned(), 0.5), ("slow-2s".to_owned(), 1.0)]);
    let text = plain(&site.get("/page/faults").await.text);
    assert!(text.contains("On: 50% of requests, only for ann@contoso.com."), "{text}");
    assert!(text.contains("token-expires-mid-run Answers 10 requests, or as many as after says"), "{text}");
    assert!(text.contains("slow-2s"), "one with another number is shown too: {text}");
    for (rule, problem) in [("none-such", "there is no fault"), ("503:200%25", "is a share"), ("", "there is no fault")]
    {
        let shown = site.post("/page/rules", &format!("rule={rule}")).await;
        assert_eq!(shown.status, StatusCode::BAD_REQUEST, "{rule}");
        assert!(shown.text.contains("role=\"alert\"") && shown.text.contains(problem), "{rule}: {}", shown.text);
    }
    let hostile = site.post("/page/rules", "rule=%22%3E%3Cscript%3E").await.text;
    assert_eq!(hostile.matches("<script").count(), 1, "{hostile}");
    assert_eq!(in_force(&site).len(), 2);
    site.endpoint.clock().sleep(std::time::Duration::from_hours(1)).await;
    site.post("/page/rules", "rule=500,from=%2B10m").await;
    let text = plain(&site.get("/page/faults").await.text);
    assert!(text.contains("Waits: from 2026-03-01T11:10:00Z. Befell 0 requests."), "a time counts from now on: {text}");
}

#[tokio::test]
async fn rules_of_the_start_are_shown_and_can_be_put_back() {
    let endpoint = endpoint(Storage::memory());
    let rule = json!({"name": "503", "rate": 0.05, "users": ["ann@contoso.com"], "methods": ["POST"]});
    let later = json!({"name": "slow-600ms", "from": "2027-01-01T00:00:00Z"});
    endpoint.set_faults(vec![FaultRule::from_json(&rule).unwrap(), FaultRule::from_json(&later).unwrap()]);
    let site = Site::over(endpoint, true);
    let text = plain(&site.get("/page/faults").await.text);
    assert!(text.contains("On: 5% of requests, only POST, only for ann@contoso.com."), "{text}");
    assert!(text.contains("Waits: from 2027-01-01T00:00:00Z."), "{text}");
    assert!(!text.contains("As at the start"), "it is as at the start");
    site.post("/page/faults/500", "to=always").await;
    site.post("/page/faults/503", "to=off").await;
    assert_eq!(in_force(&site), [("slow-600ms".to_owned(), 1.0), ("500".to_owned(), 1.0)], "the others stay");
    let text = plain(&site.get("/page/faults").await.text);
    assert!(text.contains("As at the start, 503 for 5% of requests"), "{text}");
    site.post("/page/faults/503", "to=always").await;
    assert!(in_force(&site).contains(&("503".to_owned(), 1.0)));
    site.post("/page/faults/503", "to=given").await;
    assert!(in_force(&site).contains(&("503".to_owned(), 0.05)), "{:?}", in_force(&site));
    site.post("/page/faults", "").await;
    assert!(in_force(&site).is_empty(), "all off");
}
