//! Reports as checks could have made them.

use std::sync::Arc;
use std::time::Duration;

use crate::check::{
    Category, Check, CheckReport, CheckResult, DialectOutcome, Finding, Latencies, Leftover, Load, Severity, Skipped,
    Status,
};
use crate::scim::{Content, Dialect, HttpExchange};

const M: Category = Category::Mandatory;
const R: Category = Category::Recommended;
const C: Category = Category::Capability;

/// Checks with the names of real ones.
static CHECKS: [Check; 60] = [
    Check::untried(
        "connect.test-connection",
        M,
        "a look-up of somebody who doesn't exist is answered with 200 and an empty list",
    ),
    Check::untried("connect.tls", M, "the endpoint is reached by https"),
    Check::untried("connect.auth-required", M, "a request without a token is answered with 401"),
    Check::untried("connect.token", M, "the credentials are accepted"),
    Check::untried("discovery.service-provider-config", R, "/ServiceProviderConfig says that PATCH is supported"),
    Check::untried("discovery.resource-types", R, "/ResourceTypes lists users"),
    Check::untried("discovery.schemas", M, "/Schemas describes every mapped attribute"),
    Check::untried("users.create", M, "POST /Users makes a user and answers with 201"),
    Check::untried("users.create.duplicate", M, "the same userName again is answered with 409"),
    Check::untried("users.create.case-duplicate", R, "a userName that differs by letter case is a duplicate"),
    Check::untried("users.create.invalid", R, "what can't be read is answered with 400"),
    Check::untried("users.get", M, "a user is read by its id"),
    Check::untried("users.get.missing", M, "an unknown id is answered with 404"),
    Check::untried("users.filter.match", M, "a filter finds exactly the user that matches"),
    Check::untried("users.filter.none", M, "a filter that matches nobody is answered with 200 and an empty list"),
    Check::untried("users.filter.case", M, "a filter ignores letter case"),
    Check::untried("users.filter.special", R, "apostrophes and umlauts are found"),
    Check::untried("users.filter.and", R, "`and` in filters is understood"),
    Check::untried("users.list.paging", M, "pages are distinct"),
    Check::untried("users.patch.replace", M, "attributes can be replaced"),
    Check::untried("users.patch.add", M, "attributes can be added"),
    Check::untried("users.patch.remove", R, "attributes can be removed"),
    Check::untried("users.patch.op-case", M, "operations are read in any letter case"),
    Check::untried("users.patch.many", R, "many operations can stand in one PATCH"),
    Check::untried("users.patch.dialect.scim", M, "the service's own way of writing PATCH is understood"),
    Check::untried("users.patch.dialect.compliant", M, "PATCH with aadOptscim062020 is understood"),
    Check::untried("users.patch.null", M, "values can be emptied"),
    Check::untried("users.patch.atomic", R, "a PATCH is applied as a whole or not at all"),
    Check::untried("users.patch.userName", M, "the user name can be changed"),
    Check::untried("users.disable", M, "a user can be disabled"),
    Check::untried("users.enable", M, "a user can be enabled again"),
    Check::untried("users.delete", R, "a user can be deleted"),
    Check::untried("users.recreate", R, "a deleted user can be made again"),
    Check::untried("users.manager", C, "a manager can be set"),
    Check::untried("users.enterprise", C, "enterprise attributes are kept"),
    Check::untried("users.extension", C, "attributes of extensions are kept"),
    Check::untried("users.multivalue", C, "values of two types live side by side"),
    Check::untried("users.unicode", R, "names in any script come back as sent"),
    Check::untried("users.roles", C, "app roles are kept"),
    Check::untried("groups.create", C, "POST /Groups makes a group"),
    Check::untried("groups.get", C, "a group is read by its id"),
    Check::untried("groups.filter", C, "groups are found by displayName"),
    Check::untried("groups.patch", C, "a group can be renamed"),
    Check::untried("groups.delete", C, "a group can be deleted"),
    Check::untried("groups.recreate", C, "a deleted group can be made again"),
    Check::untried("groups.members.add", C, "members can be added"),
    Check::untried("groups.members.remove", C, "members can be removed"),
    Check::untried("groups.paging", R, "pages of groups are distinct"),
    Check::untried("protocol.content-type", R, "answers are application/scim+json"),
    Check::untried("protocol.errors", R, "errors have the form of RFC 7644"),
    Check::untried("protocol.list-response", M, "lists have what they must have"),
    Check::untried("protocol.id-stable", M, "ids stay"),
    Check::untried("protocol.meta", M, "meta is valid"),
    Check::untried("protocol.unknown-attributes", R, "unknown attributes are ignored or refused"),
    Check::untried("protocol.idempotent", R, "the same PATCH twice gives the same"),
    Check::untried("load.rate", R, "25 requests a second are answered"),
    Check::untried("load.concurrent", R, "no update is lost"),
    Check::untried("lifecycle.user", M, "users are created, updated, disabled and deleted"),
    Check::untried("lifecycle.group", M, "groups are provisioned with their members"),
    Check::untried("lifecycle.on-demand", M, "a user is provisioned on demand"),
];

/// A check by its name.
pub(super) fn check(id: &str) -> &'static Check {
    CHECKS.iter().find(|check| check.id == id).unwrap_or_else(|| panic!("no check {id}"))
}

fn milliseconds(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// A result that passed.
pub(super) fn passed(id: &str) -> CheckResult {
    CheckResult {
        check: check(id),
        status: Status::Passed,
        skipped: None,
        findings: Vec::new(),
        notes: Vec::new(),
        exchanges: Vec::new(),
        duration: milliseconds(12),
        load: None,
        known: false,
    }
}

fn skipped(id: &str, why: Skipped) -> CheckResult {
    CheckResult { status: Status::Skipped, skipped: Some(why), duration: Duration::ZERO, ..passed(id) }
}

fn not_applicable(id: &str, why: &str) -> CheckResult {
    skipped(id, Skipped::NotApplicable(why.to_owned()))
}

/// A finding with its cause and what was observed.
pub(super) fn finding(severity: Severity, cause: &str, observed: &str) -> Finding {
    Finding {
        about: Vec::new(),
        severity,
        cause: cause.to_owned(),
        observed: observed.to_owned(),
        expected: "200 with the user, or 204".to_owned(),
        effect: "changes of accounts don't arrive, and the object is retried with growing pauses".to_owned(),
        remedy: "accept paths such as `emails[type eq \"work\"].value`".to_owned(),
        exchange: None,
        known: false,
    }
}

/// A result with these findings, each shown by the last exchange.
pub(super) fn with(id: &str, findings: Vec<Finding>, exchanges: Vec<HttpExchange>) -> CheckResult {
    let is_error = findings.iter().any(|finding| finding.severity == Severity::Error);
    let exchange = exchanges.len().checked_sub(1);
    CheckResult {
        status: if is_error { Status::Failed } else { Status::Warned },
        findings: findings.into_iter().map(|finding| Finding { exchange, ..finding }).collect(),
        exchanges: exchanges.into_iter().map(Arc::new).collect(),
        ..passed(id)
    }
}

/// A request and its answer.
pub(super) fn exchange(method: &str, target: &str, body: &str, status: Option<u16>, answer: &str) -> HttpExchange {
    let headers = |headers: &[(&str, &str)]| {
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    HttpExchange {
        started: "2026-03-01T10:00:01Z".parse().unwrap(),
        duration: milliseconds(12),
        method: method.to_owned(),
        origin: "https://api.contoso.example".to_owned(),
        target: target.to_owned(),
        request_headers: headers(&[("authorization", "Bearer [secret]"), ("content-type", "application/scim+json")]),
        request_body: Content::from(body.as_bytes()),
        status,
        response_headers: headers(&[("content-type", "application/scim+json")]),
        response_body: Content::from(answer.as_bytes()),
        ..HttpExchange::default()
    }
}

fn latencies(of: &'static str, counts: [usize; 5]) -> Latencies {
    let bounds = [milliseconds(2), milliseconds(5), milliseconds(10), milliseconds(1000), Duration::MAX];
    Latencies {
        of,
        requests: counts.iter().sum(),
        p50: Duration::from_micros(3_400),
        p95: milliseconds(18),
        p99: milliseconds(420),
        max: milliseconds(1_300),
        histogram: bounds.into_iter().zip(counts).collect(),
    }
}

fn load(id: &str, wanted_rate: Option<f64>, statuses: Vec<(u16, usize)>) -> CheckResult {
    let load = Load { wanted_rate, rate: 24.96, statuses, latencies: latencies("all", [60, 160, 25, 5, 0]) };
    CheckResult { load: Some(load), duration: milliseconds(10_000), ..passed(id) }
}

fn report(results: Vec<CheckResult>) -> CheckReport {
    CheckReport {
        tenant_url: "https://api.contoso.example/scim/v2".to_owned(),
        mapping: "scim (what an application without a gallery entry begins with)".to_owned(),
        dialect: Dialect::Scim,
        prefix: "scimulate-4f2a1c".to_owned(),
        started: "2026-03-01T10:00:00Z".parse().unwrap(),
        duration: milliseconds(4_830),
        results,
        dialects: [Dialect::Scim, Dialect::Compliant]
            .map(|dialect| DialectOutcome { dialect, passed: true, lost: Vec::new() })
            .to_vec(),
        latencies: vec![latencies("filter", [300, 100, 9, 1, 0]), latencies("create", [0, 40, 12, 0, 1])],
        requests: 1_234,
        made: 46,
        leftovers: Vec::new(),
        kept: false,
        interrupted: false,
        unreachable: false,
        healed: Vec::new(),
        has_baseline: false,
    }
}

fn all() -> Vec<CheckResult> {
    let mut results: Vec<_> = CHECKS.iter().map(|check| passed(check.id)).collect();
    let rate = load("load.rate", Some(25.0), vec![(200, 250)]);
    let concurrent = load("load.concurrent", None, vec![(200, 180), (204, 20)]);
    for result in [rate, concurrent] {
        replace(&mut results, result);
    }
    let note = "plain http is fine on this machine; the real service asks for https";
    replace(&mut results, CheckResult { notes: vec![note.to_owned()], ..passed("connect.tls") });
    results
}

fn replace(results: &mut [CheckResult], result: CheckResult) {
    let place = results.iter_mut().find(|known| known.check.id == result.check.id).expect("a check that is there");
    *place = result;
}

/// All is well with groups and everything.
pub(super) fn green() -> CheckReport {
    let mut results = all();
    replace(&mut results, not_applicable("users.roles", "the mapping has no app roles"));
    let why = "the mapping has no attributes of extensions beside the enterprise user";
    replace(&mut results, not_applicable("users.extension", why));
    report(results)
}

/// All is well with an endpoint that has users and little else.
pub(super) fn plain_green() -> CheckReport {
    let mut results = all();
    let no_groups = "the mapping has no groups, and the endpoint doesn't say that it has";
    for result in &mut results {
        let id = result.check.id;
        let why = match id {
            id if id.starts_with("groups.") || id == "lifecycle.group" => no_groups,
            "users.manager" => "the mapping has no manager, and the endpoint's schemas name none",
            "users.enterprise" => "the mapping has no enterprise attributes, and the endpoint's schemas name none",
            "users.extension" => "the mapping has no attributes of extensions beside the enterprise user",
            "users.roles" => "the mapping has no app roles",
            "users.filter.and" => "WEDO's filters have no `and`, and the service doesn't need it",
            "users.multivalue" => {
                "the mapping has no attribute with values of two types, such as work and mobile phone numbers"
            }
            _ => continue,
        };
        *result = not_applicable(id, why);
    }
    let mapping = "wedo (the endpoint's schemas have neither groups nor enterprise users)".to_owned();
    CheckReport { mapping, tenant_url: "http://127.0.0.1:8080/scim/v2".to_owned(), ..report(results) }
}

/// Much is wrong, some of it known.
pub(super) fn red() -> CheckReport {
    let mut results = all();
    let patch = |path: &str| {
        let body = format!(
            r#"{{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{{"op":"Replace","path":"{path}","value":"ann@contoso.example"}}]}}"#
        );
        let answer = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"400","scimType":"invalidPath","detail":"the path isn't understood"}"#;
        exchange("PATCH", "/scim/v2/Users/7", &body, Some(400), answer)
    };
    let refused = || {
        let observed = "PATCH /Users/{id} was answered with 400 (invalidPath): the path isn't understood";
        finding(Severity::Error, "patch-users-400-invalidPath", observed)
    };
    let create =
        exchange("POST", "/scim/v2/Users", r#"{"userName":"scimulate-4f2a1c-1@example.com"}"#, Some(201), "{}");
    replace(
        &mut results,
        with("users.patch.replace", vec![refused()], vec![create, patch("emails[type eq \\\"work\\\"].value")]),
    );
    for id in ["users.patch.add", "users.patch.dialect.scim"] {
        replace(&mut results, with(id, vec![refused()], vec![patch("phoneNumbers[type eq \\\"mobile\\\"].value")]));
    }
    let disabled = Finding {
        expected: "the user comes back with `active` false".to_owned(),
        effect: "a disabled user is taken for one that is gone, and is created again".to_owned(),
        remedy: "keep disabled users in the answers of GET and of filters".to_owned(),
        ..finding(Severity::Error, "disabled-hidden", "after `active` was set to false, the user isn't found any more")
    };
    let lookup = exchange("GET", "/scim/v2/Users?filter=userName%20eq%20%22a%22", "", None, "");
    let lookup = HttpExchange { remarks: vec!["the connection was closed".to_owned()], ..lookup };
    replace(&mut results, with("users.disable", vec![disabled.clone()], vec![lookup]));
    let duplicate = Finding {
        expected: "409 with scimType `uniqueness`".to_owned(),
        ..finding(Severity::Error, "post-users-201", "the same userName again was answered with 201")
    };
    replace(&mut results, with("users.create.duplicate", vec![duplicate], Vec::new()));
    let content_type = Finding {
        expected: "application/scim+json".to_owned(),
        effect: "the service reads it all the same; other clients may not".to_owned(),
        remedy: "send Content-Type: application/scim+json".to_owned(),
        ..finding(Severity::Warning, "content-type-json", "answers have the content type application/json")
    };
    replace(&mut results, with("protocol.content-type", vec![content_type], Vec::new()));
    let blocked = Skipped::Blocked { by: "users.disable", why: "no disabled user could be found".to_owned() };
    replace(&mut results, skipped("users.enable", blocked));
    let is_of_groups =
        |result: &&mut CheckResult| result.check.family() == "groups" || result.check.id == "lifecycle.group";
    for result in results.iter_mut().filter(is_of_groups) {
        *result =
            not_applicable(result.check.id, "the mapping has no groups, and the endpoint doesn't say that it has");
    }
    let dialects = vec![
        DialectOutcome { dialect: Dialect::Compliant, passed: true, lost: Vec::new() },
        DialectOutcome {
            dialect: Dialect::Scim,
            passed: false,
            lost: vec!["loses `emails[type eq \"work\"].value`".to_owned(), "PATCH is refused with 400".to_owned()],
        },
    ];
    let leftovers = vec![
        Leftover {
            kind: "User",
            id: Some("7".to_owned()),
            name: "scimulate-4f2a1c-1@example.com".to_owned(),
            why: "DELETE was answered with 500".to_owned(),
        },
        Leftover {
            kind: "User",
            id: None,
            name: "scimulate-4f2a1c-2@example.com".to_owned(),
            why: "nobody knows whether it was made: the look-up was answered with 500".to_owned(),
        },
    ];
    CheckReport { dialects, leftovers, ..report(results) }
}

/// Nobody is let in.
pub(super) fn unreachable() -> CheckReport {
    let observed = "GET /Users?filter=… was answered with 401: the token is wrong";
    let refused = finding(Severity::Error, "get-users-401", observed);
    let lookup = exchange("GET", "/scim/v2/Users?filter=x", "", Some(401), "the token is wrong");
    let mut results = vec![with("connect.test-connection", vec![refused], vec![lookup])];
    let blocked = || Skipped::Blocked {
        by: "connect.test-connection",
        why: "the endpoint refuses the credentials with 401".to_owned(),
    };
    results.extend(["users.create", "users.get"].map(|id| skipped(id, blocked())));
    CheckReport {
        unreachable: true,
        made: 0,
        requests: 1,
        latencies: Vec::new(),
        dialects: Vec::new(),
        ..report(results)
    }
}

/// Texts that would like to be more than texts.
pub(super) const HOSTILE: &str = "]]> <script>alert(1)</script> \" onload=\"x' | `a` ``` \u{1b}[2J\u{0}\u{202e}\u{ffff}\n# TAP\n...\r\n<!-- & {{ x }}";

/// An endpoint that says nothing but that.
pub(super) fn hostile() -> CheckReport {
    let wrong = |severity| Finding {
        expected: HOSTILE.to_owned(),
        effect: HOSTILE.to_owned(),
        remedy: HOSTILE.to_owned(),
        ..finding(severity, HOSTILE, HOSTILE)
    };
    let said = |body: &str| HttpExchange {
        response_headers: vec![(HOSTILE.to_owned(), HOSTILE.to_owned())],
        ..exchange("GET", HOSTILE, body, Some(299), HOSTILE)
    };
    let json = serde_json::json!({ HOSTILE: HOSTILE }).to_string();
    let results = vec![
        with("users.create", vec![wrong(Severity::Error), wrong(Severity::Warning)], vec![said(&json)]),
        with("users.get", vec![wrong(Severity::Warning)], vec![said(HOSTILE)]),
        CheckResult { notes: vec![HOSTILE.to_owned()], ..passed("users.delete") },
        not_applicable("users.roles", HOSTILE),
    ];
    let leftover =
        Leftover { kind: "User", id: Some(HOSTILE.to_owned()), name: HOSTILE.to_owned(), why: HOSTILE.to_owned() };
    CheckReport {
        tenant_url: format!("https://contoso.example/{HOSTILE}"),
        mapping: HOSTILE.to_owned(),
        leftovers: vec![leftover],
        healed: vec![HOSTILE.to_owned()],
        has_baseline: true,
        dialects: vec![DialectOutcome { dialect: Dialect::Scim, passed: false, lost: vec![HOSTILE.to_owned()] }],
        ..report(results)
    }
}
