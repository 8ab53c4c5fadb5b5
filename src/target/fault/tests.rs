use std::collections::BTreeSet;

use super::*;
use crate::scim::Method;

fn fault(name: &str) -> Fault {
    Fault::parse(name).unwrap()
}

fn read(text: &str) -> Result<FaultRule, String> {
    FaultRule::from_json(&serde_json::from_str(text).unwrap())
}

#[test]
fn every_fault_says_what_it_is() {
    let all = Fault::all();
    let names: BTreeSet<_> = all.iter().map(Fault::name).collect();
    assert_eq!(names.len(), all.len());
    for fault in &all {
        assert_eq!(Fault::parse(fault.name()).as_ref(), Ok(fault));
        assert!(!fault.source().is_empty() && fault.explanation().ends_with('.'), "{fault}");
        assert!(!fault.methods().is_empty(), "{fault}");
    }
    // Faults of one theme stand together.
    let mut themes: Vec<_> = all.iter().map(Fault::theme).collect();
    themes.dedup();
    assert_eq!(themes.len(), themes.iter().collect::<BTreeSet<_>>().len());
}

#[test]
fn rules_are_read() {
    assert_eq!(read(r#"{"name": "slow-600ms"}"#), Ok(FaultRule::new(fault("slow-600ms"))));
    let whole = read(
        r#"{"name": "503", "rate": 0.05, "users": ["ann@contoso.com"], "methods": ["POST", "get"],
            "from": "2026-03-06T00:00:00Z", "until": "2026-03-07T00:00:00+01:00", "after": 10, "times": 3}"#,
    );
    assert_eq!(
        whole,
        Ok(FaultRule {
            fault: fault("503"),
            rate: 0.05,
            users: vec!["ann@contoso.com".to_owned()],
            methods: vec![Method::Post, Method::Get],
            from: Some("2026-03-06T00:00:00Z".parse().unwrap()),
            until: Some("2026-03-06T23:00:00Z".parse().unwrap()),
            after: Some(10),
            times: Some(3),
        })
    );
}

#[test]
fn rules_that_make_no_sense_are_refused() {
    for (text, expected) in [
        ("[]", "a fault is a JSON object, not []"),
        ("{}", "a fault needs a `name`"),
        (r#"{"name": "token-expird"}"#, "there is no fault `token-expird`, did you mean `token-expired`?"),
        (r#"{"name": "slow-600ms", "rates": 1}"#, "a fault has no `rates`, did you mean `rate`?"),
        (
            r#"{"name": "slow-600ms", "colour": 1}"#,
            "a fault has no `colour`, only name, rate, users, methods, from, until, after, times",
        ),
        (r#"{"name": "slow-600ms", "rate": 1.5}"#, "`rate` of `slow-600ms` is a number from 0 to 1, not 1.5"),
        (r#"{"name": "slow-600ms", "users": "ann"}"#, "`users` of `slow-600ms` is a list of texts, not \"ann\""),
        (
            r#"{"name": "slow-600ms", "methods": ["HEAD"]}"#,
            "`methods` of `slow-600ms` has `HEAD`, which is none of GET, POST, PUT, PATCH, DELETE",
        ),
        (r#"{"name": "204-on-patch", "methods": ["POST"]}"#, "`204-on-patch` never happens to POST, only to PATCH"),
        (r#"{"name": "503", "after": -1}"#, "`after` of `503` is a whole number, not -1"),
        (
            r#"{"name": "slow-600ms", "from": "tomorrow"}"#,
            "`from` of `slow-600ms` is an instant like \"2026-03-06T00:00:00Z\", not \"tomorrow\"",
        ),
        (
            r#"{"name": "slow-600ms", "from": "2026-03-06T00:00:00Z", "until": "2026-03-06T00:00:00Z"}"#,
            "`until` of `slow-600ms` isn't after its `from`",
        ),
    ] {
        assert_eq!(read(text).unwrap_err(), expected, "{text}");
    }
}

#[test]
fn numbers_in_names_are_read() {
    for (name, explanation) in [
        ("418", "Answers 418 with a SCIM error"),
        ("slow-2s", "Waits 2s before"),
        ("truncated-list-at-7", "Shows the first 7 of"),
        ("429-with-retry-after-1m", "Retry-After: 60"),
        ("trickled-body-50ms", "over 50ms"),
    ] {
        let fault = fault(name);
        assert_eq!(fault.name(), name);
        assert!(fault.explanation().contains(explanation), "{}", fault.explanation());
        assert!(fault.shape().is_some(), "{name}");
    }
    for (name, expected) in [
        ("200", "the status `200` is no error: one is from 400 to 599"),
        ("slow-fast", "`fast` in `slow-fast` isn't a time like 600ms, 2s or 1m, of a day at most"),
        ("slow-0s", "`0s` in `slow-0s` isn't a time"),
        ("slow-99999999999999999999h", "isn't a time"),
        ("truncated-list-at-x", "`x` in `truncated-list-at-x` isn't a number of resources"),
        ("slow", "did you mean"),
        ("ignore-filter", "did you mean `ignore-filter-return-all`?"),
        ("no-such-thing", "there is no fault `no-such-thing`; `serve --list-faults` names them all"),
        ("", "there is no fault ``"),
    ] {
        let error = Fault::parse(name).unwrap_err();
        assert!(error.contains(expected), "{name}: {error}");
    }
}

#[test]
fn rules_are_read_from_the_command_line() {
    let start = "2026-03-06T00:00:00Z".parse().unwrap();
    let read = |text: &str| FaultRule::parse(text, start);
    assert_eq!(read("503"), Ok(FaultRule::new(fault("503"))));
    for text in ["503:5%", "503:0.05", " 503 : 5 %"] {
        assert_eq!(read(text), Ok(FaultRule { rate: 0.05, ..FaultRule::new(fault("503")) }), "{text}");
    }
    let whole = read(
        "application/json-content-type:50%,user=ann@contoso.com,user=\"Art, Design\",method=post,method=GET,\
         from=+10m,until=2026-03-06T01:00:00Z,after=10,times=3",
    );
    assert_eq!(
        whole,
        Ok(FaultRule {
            rate: 0.5,
            users: vec!["ann@contoso.com".to_owned(), "Art, Design".to_owned()],
            methods: vec![Method::Post, Method::Get],
            from: Some("2026-03-06T00:10:00Z".parse().unwrap()),
            until: Some("2026-03-06T01:00:00Z".parse().unwrap()),
            after: Some(10),
            times: Some(3),
            ..FaultRule::new(fault("application/json-content-type"))
        })
    );
    for (text, expected) in [
        ("503:5", "the rate of `503` is a share like 5% or 0.05, not `5`"),
        ("503:", "the rate of `503` is a share like 5% or 0.05, not ``"),
        ("503:0", "`503` would never happen with a rate of 0"),
        ("503,times=0", "`503` would never happen with `times` of 0"),
        ("503,user=", "`503` would never happen to a user without a name"),
        ("503:nan", "the rate of `503` is a share"),
        ("503,5%", "`5%` after `503` isn't one of `user=…`, `method=…`, `from=…`, `until=…`, `after=…`, `times=…`"),
        ("503,users=ann", "a fault has no `users`, did you mean `user`?"),
        ("503,colour=red", "a fault has no `colour`, only user, method, from, until, after, times"),
        ("503,from=10m", "`from` of `503` is an instant like 2026-03-06T00:00:00Z, or a time to come like +10m"),
        ("503,times=often", "`times` of `503` is a whole number, not `often`"),
        ("503,method=FETCH", "`methods` of `503` has `FETCH`, which is none of GET, POST, PUT, PATCH, DELETE"),
        ("503,until=+1m,from=+2m", "`until` of `503` isn't after its `from`"),
        ("503,user=\"ann", "a quotation mark is left open in `503,user=\"ann`"),
        ("tokn-expired", "did you mean `token-expired`?"),
        ("", "there is no fault ``"),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.starts_with(expected) || error.ends_with(expected), "{text}: {error}");
    }
}
