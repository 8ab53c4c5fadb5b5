//! Each form of one report that is green, one that is red, and one that nobody answered.

use serde_json::Value;

use super::*;
use crate::check::CheckEvent;

#[test]
fn text_for_people() {
    insta::assert_snapshot!("text_green", text(&green(), CheckText::default()));
    insta::assert_snapshot!("text_plain_green", text(&plain_green(), CheckText::default()));
    insta::assert_snapshot!("text_red", text(&known_red(), CheckText::default()));
    insta::assert_snapshot!("text_unreachable", text(&unreachable(), CheckText::default()));
    let all = CheckText { gallery: true, validator: true, verbose: true };
    insta::assert_snapshot!("text_everything", text(&known_red(), all));
    assert!(check_text(&red(), CheckText::default()).contains('\u{1b}'), "colours are there");
}

#[test]
fn junit() {
    insta::assert_snapshot!("junit_red", check_junit(&known_red()));
    let green = check_junit(&green());
    markup::check_xml(&green);
    assert!(green.contains("tests=\"60\" failures=\"0\" errors=\"0\" skipped=\"2\""), "{green}");
    markup::check_xml(&check_junit(&known_red()));
}

#[test]
fn tap() {
    insta::assert_snapshot!("tap_red", check_tap(&known_red()));
    let green = check_tap(&green());
    assert!(green.starts_with("TAP version 14\n1..60\n") && !green.contains("not ok"), "{green}");
}

#[test]
fn markdown() {
    insta::assert_snapshot!("markdown_red", check_markdown(&known_red()));
    insta::assert_snapshot!("markdown_green", check_markdown(&green()));
}

#[test]
fn json() {
    let mut document = check_json(&unreachable());
    for tests in ["gallery", "validator"] {
        document["microsoft"][tests].as_array_mut().unwrap().truncate(1);
    }
    insta::assert_json_snapshot!("json_unreachable", document);
    let red = check_json(&known_red());
    assert_eq!(red["counts"], serde_json::json!({"failed": 4, "known": 1, "warned": 1, "passed": 43, "skipped": 11}));
    assert_eq!((&red["verdict"], &red["passed"]), (&Value::from("failed"), &Value::from(false)));
    assert_eq!(red["causes"][0]["checks"].as_array().unwrap().len(), 3);
    assert_eq!(red["microsoft"]["gallery"].as_array().unwrap().len(), 25);
    assert_eq!(red["microsoft"]["validator"].as_array().unwrap().len(), 32);
    assert_eq!(red["latencies"][0]["histogram"][4], serde_json::json!({"upToMs": null, "count": 0}));
    let load = red["results"].as_array().unwrap().iter().find(|result| result["id"] == "load.rate").unwrap();
    assert_eq!((&load["load"]["rate"], &load["load"]["statuses"][0]["count"]), (&24.96.into(), &250.into()));
}

#[test]
fn events() {
    let result = passed("users.get");
    for (event, expected) in [
        (CheckEvent::Begun { checks: 3 }, serde_json::json!({"type": "begun", "formatVersion": "1.0", "checks": 3})),
        (CheckEvent::Started(result.check), serde_json::json!({"type": "started", "id": "users.get"})),
        (
            CheckEvent::Done(&result),
            serde_json::json!({"type": "done", "id": "users.get", "status": "passed", "durationMs": 12.0}),
        ),
        (CheckEvent::CleaningUp { objects: 2 }, serde_json::json!({"type": "cleaningUp", "objects": 2})),
    ] {
        assert_eq!(check_event_json(&event), expected);
    }
}

#[test]
fn html() {
    for report in [green(), plain_green(), known_red(), unreachable()] {
        markup::check_html_page(&check_html(&report));
    }
    let page = check_html(&unreachable());
    let main = &page[page.find("<main>").unwrap()..];
    insta::assert_snapshot!("html_unreachable", main);
}
