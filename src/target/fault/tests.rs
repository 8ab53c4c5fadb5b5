use std::collections::BTreeSet;

use super::*;
use crate::scim::Method;

fn read(text: &str) -> Result<FaultRule, String> {
    FaultRule::from_json(&serde_json::from_str(text).unwrap())
}

#[test]
fn every_fault_says_what_it_is() {
    let names: BTreeSet<_> = Fault::ALL.iter().map(|fault| fault.name()).collect();
    assert_eq!(names.len(), Fault::ALL.len());
    for fault in Fault::ALL {
        assert_eq!(Fault::parse(fault.name()), Ok(fault));
        assert!(!fault.source().is_empty() && fault.explanation().ends_with('.'), "{fault}");
        assert!(!fault.methods().is_empty(), "{fault}");
    }
}

#[test]
fn rules_are_read() {
    assert_eq!(read(r#"{"name": "slow"}"#), Ok(FaultRule::new(Fault::Slow)));
    let whole = read(
        r#"{"name": "unavailable", "rate": 0.05, "users": ["ann@contoso.com"], "methods": ["POST", "get"],
            "from": "2026-03-06T00:00:00Z", "until": "2026-03-07T00:00:00+01:00"}"#,
    );
    assert_eq!(
        whole,
        Ok(FaultRule {
            fault: Fault::Unavailable,
            rate: 0.05,
            users: vec!["ann@contoso.com".to_owned()],
            methods: vec![Method::Post, Method::Get],
            from: Some("2026-03-06T00:00:00Z".parse().unwrap()),
            until: Some("2026-03-06T23:00:00Z".parse().unwrap()),
        })
    );
}

#[test]
fn rules_that_make_no_sense_are_refused() {
    for (text, expected) in [
        ("[]", "a fault is a JSON object, not []"),
        ("{}", "a fault needs a `name`"),
        (r#"{"name": "unavailabel"}"#, "there is no fault `unavailabel`, did you mean `unavailable`?"),
        (r#"{"name": "slow", "rates": 1}"#, "a fault has no `rates`, did you mean `rate`?"),
        (r#"{"name": "slow", "colour": 1}"#, "a fault has no `colour`, only name, rate, users, methods, from, until"),
        (r#"{"name": "slow", "rate": 1.5}"#, "`rate` of `slow` is a number from 0 to 1, not 1.5"),
        (r#"{"name": "slow", "users": "ann"}"#, "`users` of `slow` is a list of texts, not \"ann\""),
        (
            r#"{"name": "slow", "methods": ["HEAD"]}"#,
            "`methods` of `slow` has `HEAD`, which is none of GET, POST, PUT, PATCH, DELETE",
        ),
        (r#"{"name": "refuse-patch", "methods": ["POST"]}"#, "`refuse-patch` never happens to POST, only to PATCH"),
        (
            r#"{"name": "slow", "from": "tomorrow"}"#,
            "`from` of `slow` is an instant like \"2026-03-06T00:00:00Z\", not \"tomorrow\"",
        ),
        (
            r#"{"name": "slow", "from": "2026-03-06T00:00:00Z", "until": "2026-03-06T00:00:00Z"}"#,
            "`until` of `slow` isn't after its `from`",
        ),
    ] {
        assert_eq!(read(text).unwrap_err(), expected, "{text}");
    }
    assert!(Fault::parse("nothing of the sort").unwrap_err().contains("token-expired, forbidden"));
}
