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
        assert!(page.contains(&format!("id=\"switch-{name}\"")), "{name}");
        assert!(page.contains(&format!("action=\"/page/faults/{name}\"")), "{name}");
    }
    assert_eq!(page.matches("role=\"switch\" aria-checked=\"false\"").count(), Fault::all().len());
}

#[tokio::test]
async fn a_click_switches_a_fault_for_the_next_request() {
    let site = Site::local();
    let shown = site.post("/page/faults/unavailable", "to=always&back=/page/faults%23fault-unavailable").await;
    assert_eq!(shown.headers["location"], "/page/faults#fault-unavailable");
    assert_eq!(site.call("GET", "/Users", &json!(null)).await.status, StatusCode::SERVICE_UNAVAILABLE);
    let page = site.get("/page/faults").await.text;
    assert_eq!(page.matches("aria-checked=\"true\"").count(), 1);
    assert!(plain(&page).contains("On: every request that it can happen to."), "{page}");
    assert!(plain(&site.get("/").await.text).contains("unavailable every request that it can happen to Switch off"));
    assert_eq!(site.get("/").await.status, StatusCode::OK, "the page itself is never befallen");
    site.post("/page/faults/unavailable", "to=off&back=/").await;
    assert_eq!(site.call("GET", "/Users", &json!(null)).await.status, StatusCode::OK);
    for (path, form) in [("none-such", "to=always"), ("slow-600ms", "to=sometimes"), ("slow-600ms", "")] {
        let shown = site.post(&format!("/page/faults/{path}"), form).await;
        assert_eq!(shown.status, StatusCode::NOT_FOUND, "{path} {form}");
    }
    assert!(in_force(&site).is_empty());
}

#[tokio::test]
async fn rules_of_the_start_are_shown_and_can_be_put_back() {
    let endpoint = endpoint(Storage::memory());
    let rule = json!({"name": "unavailable", "rate": 0.05, "users": ["ann@contoso.com"], "methods": ["POST"]});
    let later = json!({"name": "slow-600ms", "from": "2027-01-01T00:00:00Z"});
    endpoint.set_faults(vec![FaultRule::from_json(&rule).unwrap(), FaultRule::from_json(&later).unwrap()]);
    let site = Site::over(endpoint, true);
    let text = plain(&site.get("/page/faults").await.text);
    assert!(text.contains("On: 5% of requests, only POST, only for ann@contoso.com."), "{text}");
    assert!(text.contains("Waits: from 2027-01-01T00:00:00Z."), "{text}");
    assert!(!text.contains("As at the start"), "it is as at the start");
    site.post("/page/faults/error", "to=always").await;
    site.post("/page/faults/unavailable", "to=off").await;
    assert_eq!(in_force(&site), [("slow-600ms".to_owned(), 1.0), ("error".to_owned(), 1.0)], "the others stay");
    let text = plain(&site.get("/page/faults").await.text);
    assert!(text.contains("As at the start, unavailable for 5% of requests"), "{text}");
    site.post("/page/faults/unavailable", "to=always").await;
    assert!(in_force(&site).contains(&("unavailable".to_owned(), 1.0)));
    site.post("/page/faults/unavailable", "to=given").await;
    assert!(in_force(&site).contains(&("unavailable".to_owned(), 0.05)), "{:?}", in_force(&site));
    site.post("/page/faults", "").await;
    assert!(in_force(&site).is_empty(), "all off");
}
