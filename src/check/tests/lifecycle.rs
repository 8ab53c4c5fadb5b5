//! The engine driven over a made-up directory, and load: what they find, and that nothing stays behind.

use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use serde_json::{Value, json};

use super::*;
use crate::schema::{read, template};
use crate::scim::{Resource, urn};

const USER: &str = "lifecycle.user";
const GROUP: &str = "lifecycle.group";
const RATE: &str = "load.rate";
const CONCURRENT: &str = "load.concurrent";

fn world() -> World {
    World { only: vec!["lifecycle".to_owned(), "load".to_owned()], ..World::new("scim") }
}

#[tokio::test]
async fn findings_say_what_happened_when() {
    for (fault, check, cause, observed, effect) in [
        (
            "reject-string-bool",
            USER,
            "patch-users-400-invalidValue",
            "in the cycle that disables the user, PATCH /Users/{id} was answered with 400 (invalidValue)",
            "the provisioning log shows SystemForCrossDomainIdentityManagementServiceIncompatible; the service tries again \
             at longer and longer intervals, and until a try succeeds somebody who has left keeps access",
        ),
        (
            "string-bool-truthy",
            USER,
            "no-op",
            "in the cycle that disables the user, the PATCH of active was answered with success but changed nothing",
            "the service believes the success and doesn't look again: somebody who has left keeps access",
        ),
        (
            "manager-must-be-object",
            USER,
            "patch-users-400-invalidValue",
            "in the cycle that creates the user, PATCH /Users/{id} was answered with 400",
            "until a try succeeds the account has no manager",
        ),
        (
            "empty-list-404",
            GROUP,
            "get-users-404",
            "in the cycle that creates the group with two members, when the service tries the connection, GET \
             /Users?filter=… was answered with 404",
            "the whole job goes into quarantine with",
        ),
        (
            "429-with-retry-after",
            RATE,
            "get-users-429",
            "25 of 25 look-ups, 25 a second, were answered with 429",
            "the service waits as long as it is told to",
        ),
        (
            "lost-update",
            CONCURRENT,
            "lost-update",
            "12 members were added to one group at the same time",
            "whoever is lost lacks the access that the group gives",
        ),
    ] {
        let (_, report) = world().with_fault(fault).check().await;
        let findings = &report.result(check).unwrap().findings;
        let found = findings.iter().find(|finding| finding.cause.starts_with(cause));
        let found = found.unwrap_or_else(|| panic!("{fault}\n{}", told(&report)));
        assert!(found.observed.contains(observed), "{fault}: {}", found.observed);
        assert!(found.effect.contains(effect), "{fault}: {}", found.effect);
        assert!(found.exchange.is_some(), "{fault}");
    }
}

#[tokio::test]
async fn load_is_measured() {
    let (_, report) = world().check().await;
    let load = report.result(RATE).unwrap().load.clone().unwrap();
    assert_eq!((load.wanted_rate, load.rate, load.statuses), (Some(25.0), 25.0, vec![(200, 25)]));
    let load = report.result(CONCURRENT).unwrap().load.clone().unwrap();
    assert_eq!((load.wanted_rate, load.statuses), (None, vec![(200, 16), (204, 12)]));
    assert!(
        report.latencies.iter().all(|latencies| latencies.of != "all" || latencies.requests < 150),
        "load is left out"
    );
}

/// What stands between the checks and the endpoint.
#[derive(Clone, Default)]
struct Between {
    cancel: CancellationToken,
    /// The request after which a signal comes; 0 for none.
    last: usize,
    seen: Arc<AtomicUsize>,
    /// What a creation of a user is answered with, whatever it made.
    instead: Option<Value>,
}

async fn pass(State(between): State<Between>, request: Request, next: Next) -> Response {
    let is_creation = request.method() == "POST" && request.uri().path().ends_with("/Users");
    if between.seen.fetch_add(1, Ordering::Relaxed) + 1 == between.last {
        between.cancel.cancel();
    }
    let response = next.run(request).await;
    match between.instead.filter(|_| is_creation) {
        Some(instead) => {
            let (parts, body) = response.into_parts();
            drop(to_bytes(body, usize::MAX).await);
            let mut parts = parts;
            parts.headers.remove("content-length");
            Response::from_parts(parts, Body::from(instead.to_string()))
        }
        None => response,
    }
}

/// An endpoint with groups, where `ann` has an account.
async fn with_ann(between: &Between) -> (Endpoint, Router, Clock, Resource) {
    let clock = Clock::starting_at("2026-03-01T10:00:00Z".parse().unwrap());
    let users = ResourceSchema::user().with_extension(ResourceSchema::enterprise_user());
    let token = vec![Secret::new("secret-token")];
    let options = EndpointOptions::scim(users, token, clock.clone(), Random::seeded(1));
    let endpoint = Endpoint::new(options, Storage::memory()).unwrap();
    let client = Client::in_process(endpoint.router(), client_options(), clock.clone()).unwrap();
    client
        .create("/Users", json!({"schemas": [urn::USER], "userName": "ann@contoso.com", "title": "Chief"}))
        .await
        .result
        .unwrap();
    let ann = endpoint.resources().unwrap().remove(0);
    let router = endpoint.router().layer(from_fn_with_state(between.clone(), pass));
    (endpoint, router, clock, ann)
}

fn client_options() -> ClientOptions {
    let url = TenantUrl::parse("http://localhost/scim/v2", false).unwrap();
    let mut options = ClientOptions::new(url, Token::from_text("secret-token").unwrap());
    options.rate = Rate::Unlimited;
    options
}

async fn check(options: CheckOptions, router: Router, clock: &Clock, cancel: CancellationToken) -> CheckReport {
    let time = clock.clone();
    let connect = Rc::new(move |options: ClientOptions| Client::in_process(router.clone(), options, time.clone()));
    run(options, connect, clock.clone(), cancel, &mut |_| {}).await.unwrap()
}

fn options() -> CheckOptions {
    CheckOptions { only: world().only, load_seconds: 1, ..CheckOptions::new(client_options()) }
}

#[tokio::test]
async fn a_signal_leaves_nothing_behind() {
    for last in [5, 6, 7, 11, 30, 61, 90, 104, 110, 140, 160, 174] {
        let between = Between { last, ..Between::default() };
        let (endpoint, router, clock, ann) = with_ann(&between).await;
        let report = check(options(), router, &clock, between.cancel).await;
        assert!(report.interrupted, "{last}");
        assert_eq!(report.leftovers, [], "{last}");
        assert_eq!(endpoint.resources().unwrap(), [ann], "{last}");
        assert!(endpoint.groups().unwrap().is_empty(), "{last}");
        assert_eq!(red(&report), BTreeSet::new(), "{last}\n{}", told(&report));
        assert_eq!(report.results.last().unwrap().skipped, Some(Skipped::Interrupted), "{last}");
    }
}

#[tokio::test]
async fn nobody_else_is_written_to() {
    let between = Between::default();
    let (_, _, _, ann) = with_ann(&between).await;
    let id = ann.id().unwrap();
    for (instead, expected) in [
        (json!({"id": id}), true),
        (json!({"id": id, "userName": "ann@contoso.com"}), true),
        // The look-up finds who was made.
        (json!({"userName": "ann@contoso.com"}), false),
    ] {
        let between = Between { instead: Some(instead), ..Between::default() };
        let (endpoint, router, clock, ann) = with_ann(&between).await;
        let report =
            check(CheckOptions { only: vec![USER.to_owned()], ..options() }, router, &clock, between.cancel).await;
        let causes: Vec<_> = report.results[0].findings.iter().map(|finding| finding.cause.as_str()).collect();
        assert_eq!(causes.contains(&"id-of-another-user"), expected, "{}", told(&report));
        assert!(!told(&report).contains("ann@contoso.com"));
        assert_eq!(endpoint.resources().unwrap(), [ann]);
    }
}

/// The template `scim` after a change of its text.
fn rules(change: impl FnOnce(String) -> String) -> Arc<crate::schema::CompiledSchema> {
    let text = change(template("scim").unwrap().text.to_owned());
    Arc::new(compile(&read(&text, "test").unwrap(), &CompileOptions::default()).unwrap())
}

#[tokio::test]
async fn filters_and_actions_of_the_mapping_keep_nobody_out() {
    let filtered = rules(|text| {
        let scope = r#""scope": {"groups": [{"name": "Sales", "clauses": [{"sourceOperandName": "department",
            "operatorName": "EQUALS", "targetOperand": {"key": null, "values": ["Nobody"]}}]}]}"#;
        text.replace("\"scope\": null", scope).replace("\"Add, Update, Delete\"", "\"Add\"")
    });
    assert!(!filtered.users.filters.is_empty() && !filtered.users.actions.delete);
    let (endpoint, router, clock, _) = with_ann(&Between::default()).await;
    let given = CheckOptions { rules: Some(filtered), ..options() };
    let report = check(given, router, &clock, CancellationToken::new()).await;
    assert_eq!(red(&report), BTreeSet::new(), "{}", told(&report));
    assert!(report.results.iter().all(|result| result.status == Status::Passed), "{}", told(&report));
    assert_eq!(endpoint.resources().unwrap().len(), 1);
}

#[tokio::test]
async fn app_roles_and_what_nothing_takes_as_it_is() {
    for (target, function) in [
        ("roles[primary eq \"True\"].value", "SingleAppRoleAssignment([appRoleAssignments])"),
        ("roles", "AppRoleAssignmentsComplex([appRoleAssignments])"),
        ("roles", "AssertiveAppRoleAssignmentsComplex([appRoleAssignments])"),
        ("nickName", "ToUpper([onPremisesSamAccountName])"),
        ("locale", "Item(Split([proxyAddresses], \":\"), 2)"),
    ] {
        let mapped = rules(|text| {
            let mut document: Value = serde_json::from_str(&text).unwrap();
            let mappings = &mut document["synchronizationRules"][0]["objectMappings"][1]["attributeMappings"];
            let mut mapping = mappings[2].clone();
            mapping["targetAttributeName"] = json!(target);
            mapping["source"] = json!({"expression": function, "name": function, "type": "Function", "parameters": []});
            mappings.as_array_mut().unwrap().push(mapping);
            document.to_string()
        });
        let (_, router, clock, _) = with_ann(&Between::default()).await;
        let given = CheckOptions { rules: Some(mapped), only: vec!["lifecycle".to_owned()], ..options() };
        let report = check(given, router, &clock, CancellationToken::new()).await;
        assert!(report.results.iter().all(|result| result.status == Status::Passed), "{target}\n{}", told(&report));
        let bodies =
            report.results.iter().flat_map(|result| &result.exchanges).map(|exchange| &exchange.request_body.bytes);
        let posted = bodies.filter(|body| body.windows(10).any(|part| part == b"\"userName\""));
        let name = target.split('[').next().unwrap();
        let has = |body: &Vec<u8>| String::from_utf8_lossy(body).contains(&format!("\"{name}\":"));
        assert!(posted.into_iter().all(has), "{target}");
    }
}

#[tokio::test]
async fn values_are_those_of_the_file() {
    let values = "[users]\nuserName = \"{unique}@corp.example\"\ntitle = [\"Clerk\", \"Manager\"]";
    let given = CheckOptions { values: Values::parse(values, "values.toml").unwrap(), ..options() };
    let sent = sent_for_a_user(given, Status::Passed).await;
    assert!(["-1@corp.example", "Clerk", "Manager"].iter().all(|value| sent.contains(value)), "{sent}");
}

#[tokio::test]
async fn a_name_that_is_not_unique_makes_nobody() {
    let constant = |text: String| {
        let mut document: Value = serde_json::from_str(&text).unwrap();
        let mappings = document["synchronizationRules"][0]["objectMappings"].as_array_mut().unwrap();
        let attributes = mappings.iter_mut().flat_map(|mapping| mapping["attributeMappings"].as_array_mut().unwrap());
        let mut names = attributes.filter(|mapping| mapping["targetAttributeName"] == "userName");
        names.next().unwrap()["source"] = json!({ "expression": "\"clerk@corp.example\"" });
        document.to_string()
    };
    let given = CheckOptions { rules: Some(rules(constant)), ..options() };
    assert!(!sent_for_a_user(given, Status::Skipped).await.contains("clerk@corp.example\","));
}

/// Everything that is sent over the life of a user, which leaves nobody but Ann.
async fn sent_for_a_user(options: CheckOptions, expected: Status) -> String {
    let (endpoint, router, clock, ann) = with_ann(&Between::default()).await;
    let options = CheckOptions { only: vec![USER.to_owned()], ..options };
    let report = check(options, router, &clock, CancellationToken::new()).await;
    let result = report.result(USER).unwrap();
    assert_eq!(result.status, expected, "{}", told(&report));
    assert_eq!(endpoint.resources().unwrap(), [ann]);
    let sent: Vec<_> = result.exchanges.iter().map(|exchange| exchange.request_body.bytes.clone()).collect();
    String::from_utf8(sent.concat()).unwrap()
}

#[tokio::test]
async fn no_more_is_made_than_may_be() {
    for most in [0, 1, 2, 3, 5, 8] {
        let (endpoint, router, clock, ann) = with_ann(&Between::default()).await;
        let given = CheckOptions { max_objects: most, ..options() };
        let report = check(given, router, &clock, CancellationToken::new()).await;
        assert!(report.made <= most, "{} of {most}", report.made);
        assert_eq!((red(&report), endpoint.resources().unwrap()), (BTreeSet::new(), vec![ann]), "{}", told(&report));
    }
}
