//! What is written is read back: users, groups, managers and members, with and without faults.

use serde_json::json;

use super::*;
use crate::config::Scope;
use crate::plan::verify::{Deviation, DeviationKind};
use crate::scim::Method;
use crate::target::{Fault, FaultRule};

/// A directory with people, managers and a group, and an endpoint that has them all.
struct Tenant {
    folder: TempDir,
    users: Value,
    groups: Value,
    endpoint: Endpoint,
    client: Client,
    clock: Clock,
    random: Random,
    policy: Policy,
    rules: Arc<CompiledSchema>,
}

fn person(number: u32, title: &str, manager: Option<u32>) -> Value {
    json!({
        "id": id(number).to_string(), "userPrincipalName": format!("u{number}@contoso.com"),
        "displayName": format!("User {number}"), "givenName": format!("Given {number}"), "accountEnabled": true,
        "jobTitle": title, "department": format!("{title}s"), "mail": format!("u{number}@contoso.com"),
        "manager": manager.map(|manager| json!({ "id": id(manager).to_string() })),
    })
}

fn group(members: &[u32]) -> Value {
    let members: Vec<_> = members.iter().map(|number| json!({ "id": id(*number).to_string() })).collect();
    json!([{ "id": id(99).to_string(), "displayName": "Design", "securityEnabled": true, "members": members }])
}

impl Tenant {
    fn new(dialect: Dialect) -> Self {
        Self::with_mapping(dialect, template("scim").unwrap().text)
    }

    fn with_mapping(dialect: Dialect, mapping: &str) -> Self {
        let clock = Clock::starting_at("2026-03-01T10:00:00Z".parse().unwrap());
        let (endpoint, client) = generic_target(&clock);
        let options = CompileOptions { name: "scim".to_owned(), ..CompileOptions::default() };
        let mut policy = Policy { dialect, verify: Verify::On, ..Policy::default() };
        policy.scope.scope = Scope::All;
        Self {
            folder: tempfile::tempdir().unwrap(),
            users: json!([person(1, "Engineer", Some(2)), person(2, "Manager", None), person(3, "Engineer", Some(2))]),
            groups: group(&[1, 2, 3]),
            endpoint,
            client,
            clock,
            random: Random::seeded(2),
            policy,
            rules: compiled(mapping, &options),
        }
    }

    fn misbehave(&self, faults: &[&str]) {
        let rule = |name: &&str| FaultRule::new(Fault::parse(name).unwrap());
        self.endpoint.set_faults(faults.iter().map(rule).collect());
    }

    /// One cycle; gives its report, and every deviation as name, attribute and kind.
    async fn run(&mut self) -> (CycleReport, Vec<(String, String, DeviationKind)>) {
        let (report, found) = self.run_and_tell().await;
        (report, found.into_iter().map(|(name, deviation)| (name, deviation.attribute, deviation.kind)).collect())
    }

    async fn run_and_tell(&mut self) -> (CycleReport, Vec<(String, Deviation)>) {
        let write = |name: &str, value: &Value| {
            let path = self.folder.path().join(name);
            std::fs::write(&path, value.to_string()).unwrap();
            path
        };
        let paths = SourcePaths {
            users: write("users.json", &self.users),
            deleted_users: Some(write("deleted.json", &json!([]))),
            groups: Some(write("groups.json", &self.groups)),
            ..SourcePaths::default()
        };
        let cycle = Cycle {
            policy: Arc::new(self.policy.clone()),
            rules: Arc::clone(&self.rules),
            export: Arc::new(Export::open(&paths).unwrap()),
            client: self.client.clone(),
            clock: self.clock.clone(),
        };
        let options = CycleOptions {
            mode: Mode::Run,
            concurrency: 1,
            planned: None,
            whole: true,
            evaluated_at: None,
            cancel: CancellationToken::new(),
        };
        let store = Store::open(self.folder.path(), "scim").unwrap();
        let mut found = Vec::new();
        let mut sink = |event: &Event| {
            if let Event::Deviation { name, deviation, .. } = event {
                found.push((name.clone(), deviation.clone()));
            }
        };
        let (store, result) = cycle.run(Some(store), &options, &mut self.random, &mut sink).await;
        store.unwrap().close().unwrap();
        let report = result.unwrap();
        assert_eq!(report.deviations, (self.policy.verify == Verify::On).then_some(found.len() as u64));
        (report, found)
    }

    /// Everybody changes, 3 is gone for good, 1 leaves the group and gets no manager any more.
    fn change(&mut self) {
        self.users = json!([person(1, "Chief", None), person(2, "Director", Some(1))]);
        self.groups = group(&[2]);
    }
}

const DIALECTS: [Dialect; 2] = [Dialect::Scim, Dialect::Compliant];

#[tokio::test]
async fn an_endpoint_that_does_as_it_is_told() {
    for dialect in DIALECTS {
        let mut tenant = Tenant::new(dialect);
        let (first, found) = tenant.run().await;
        assert_eq!(found, [], "{dialect:?}");
        assert_eq!((first.summary.count(ActionKind::Create), first.summary.references()), (4, 5));
        // Two test queries, four look-ups, and a GET for each of nine writes.
        assert_eq!((first.requests.count(Method::Get), first.requests.count(Method::Post)), (2 + 4 + 9, 4));
        tenant.change();
        let (second, found) = tenant.run().await;
        assert_eq!(found, [], "{dialect:?}");
        let count = |action| second.summary.count(action);
        assert_eq!((count(ActionKind::Update), count(ActionKind::Delete), second.summary.references()), (2, 1, 3));
        tenant.users = json!([person(1, "Chief", None)]);
        tenant.users[0]["accountEnabled"] = json!(false);
        tenant.groups = json!([]);
        tenant.policy.accept_missing = Some(1);
        let (third, found) = tenant.run().await;
        assert_eq!(found, [], "{dialect:?}");
        let count = |action| third.summary.count(action);
        assert_eq!((count(ActionKind::Disable), count(ActionKind::Delete)), (1, 2));
    }
}

#[tokio::test]
async fn nothing_is_read_back_unless_it_is_asked_for() {
    let mut tenant = Tenant::new(Dialect::Scim);
    tenant.policy.verify = Verify::Off;
    tenant.misbehave(&["drop-attribute"]);
    let (report, found) = tenant.run().await;
    assert_eq!((found, report.requests.count(Method::Get)), (Vec::new(), 6));
}

/// What is found after faults that set in before the first cycle, or after it.
async fn found(dialect: Dialect, first: &[&str], then: &[&str]) -> Vec<String> {
    let mut tenant = Tenant::new(dialect);
    tenant.misbehave(first);
    let (report, mut found) = tenant.run().await;
    assert_eq!(report.summary.count(ActionKind::Fail), 0, "a deviation fails no object");
    if first.is_empty() {
        assert_eq!(found, []);
        tenant.misbehave(then);
        tenant.change();
        let second = tenant.run().await;
        assert_eq!(second.0.summary.count(ActionKind::Fail), 0);
        found = second.1;
    }
    let short = |names: &str| names.replace("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:", "");
    found.iter().map(|(name, attribute, kind)| format!("{name} {} {kind:?}", short(attribute))).collect()
}

#[tokio::test]
async fn endpoints_that_do_something_else() {
    const USERS: [&str; 3] = ["u1@contoso.com", "u2@contoso.com", "u3@contoso.com"];
    let each = |what: &[&str], names: &[&str]| -> Vec<String> {
        names.iter().flat_map(|name| what.iter().map(move |what| format!("{name} {what}"))).collect()
    };
    let none: &[String] = &[];
    for dialect in DIALECTS {
        assert_eq!(
            found(dialect, &["drop-attribute"], &[]).await,
            each(&["title Dropped", "department Dropped"], &USERS)
        );
        let unreadable = found(dialect, &["forget-on-read"], &[]).await;
        assert_eq!(unreadable.len(), 9, "{unreadable:?}");
        assert!(unreadable.iter().all(|line| line.ends_with("id Unreadable")), "{unreadable:?}");
        assert_eq!(
            found(dialect, &["change-case"], &[]).await,
            each(&["displayName CaseChanged"], &[&USERS[..], &["Design"]].concat())
        );
        assert_eq!(found(dialect, &[], &["drop-attribute"]).await, each(&["title, department NoOp"], &USERS[..2]));
    }
    // Each of these is a matter of one dialect.
    assert_eq!(
        found(Dialect::Compliant, &[], &["literal-dotted-keys"]).await,
        each(&["department StoredLiterally"], &USERS[..2])
    );
    assert_eq!(found(Dialect::Scim, &[], &["literal-dotted-keys"]).await, none);
    assert_eq!(found(Dialect::Scim, &[], &["remove-members-wipes-group"]).await, ["Design members GroupEmptied"]);
    assert_eq!(found(Dialect::Compliant, &[], &["remove-members-wipes-group"]).await, none);
    assert_eq!(found(Dialect::Compliant, &[], &["noop-200-on-filtered-remove"]).await, ["Design members MemberStays"]);
    assert_eq!(found(Dialect::Scim, &[], &["noop-200-on-filtered-remove"]).await, none);
}

#[tokio::test]
async fn redacted_values_stay_out() {
    let mapping = template("scim").unwrap().text.replace("\"[jobTitle]\"", "\"Redact([jobTitle])\"");
    let mut tenant = Tenant::with_mapping(Dialect::Scim, &mapping);
    tenant.misbehave(&["drop-attribute"]);
    let (_, found) = tenant.run_and_tell().await;
    let texts: Vec<_> = found.iter().map(|(_, deviation)| deviation.to_string()).collect();
    assert_eq!(texts[0], "`title` was sent as \"[Redact]\" but has no value afterwards");
    assert!(texts[1].ends_with("department` was sent as \"Engineers\" but has no value afterwards"), "{texts:?}");
}

#[tokio::test]
async fn a_name_in_other_letters_is_another_one_where_case_counts() {
    let mut document: Value = serde_json::from_str(template("scim").unwrap().text).unwrap();
    make_case_exact(&mut document);
    let mut tenant = Tenant::with_mapping(Dialect::Scim, &document.to_string());
    tenant.misbehave(&["change-case"]);
    let (_, found) = tenant.run_and_tell().await;
    let texts: Vec<_> = found.iter().map(|(name, deviation)| format!("{name}: {deviation}")).collect();
    assert_eq!(texts[0], "u1@contoso.com: `displayName` was sent as \"User 1\" but is \"USER 1\" afterwards");
    assert_eq!(texts.len(), 4, "{texts:?}");
}

/// Makes every attribute of the target tell upper from lower case.
fn make_case_exact(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if name == "caseExact" {
                    *value = json!(true);
                }
                make_case_exact(value);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(make_case_exact),
        _ => {}
    }
}

#[tokio::test]
async fn a_deletion_that_is_only_said() {
    let mut tenant = Tenant::new(Dialect::Scim);
    tenant.run().await;
    // A DELETE that answers like one, but for which nothing goes.
    let router = tenant.endpoint.router().layer(axum::middleware::from_fn(|request: Request, next: Next| async move {
        if request.method() == "DELETE" { StatusCode::NO_CONTENT.into_response() } else { next.run(request).await }
    }));
    tenant.client = client(router, &tenant.clock);
    tenant.users = json!([person(1, "Engineer", Some(2)), person(2, "Manager", None)]);
    tenant.groups = json!([]);
    tenant.policy.accept_missing = Some(1);
    let (report, found) = tenant.run().await;
    assert_eq!(report.summary.count(ActionKind::Delete), 2);
    let kinds: Vec<_> = found.iter().map(|(_, _, kind)| *kind).collect();
    assert_eq!(kinds, [DeviationKind::StillThere; 2]);
}

#[tokio::test]
async fn a_disable_that_leaves_a_text() {
    for (dialect, expected) in [(Dialect::Scim, 1), (Dialect::Compliant, 0)] {
        let mut tenant = Tenant::new(dialect);
        tenant.run().await;
        tenant.misbehave(&["string-booleans"]);
        tenant.users[0]["accountEnabled"] = json!(false);
        let (report, found) = tenant.run().await;
        assert_eq!(report.summary.count(ActionKind::Disable), 1);
        assert_eq!(found.len(), expected, "{found:?}");
        let is_text = |found: &(String, String, DeviationKind)| found.2 == DeviationKind::StringForBoolean;
        assert!(found.iter().all(is_text), "{found:?}");
    }
}
