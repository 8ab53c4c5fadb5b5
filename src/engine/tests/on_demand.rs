//! Provision on demand: what is sent, what is told, what is remembered, and what is left to the cycles.

use serde_json::json;

use super::directory::scim_rules;
use super::*;
use crate::config::Scope;
use crate::event::{ProvisioningStep, StepStatus, StepType};
use crate::schema::ObjectKind;
use crate::store::{JobState, LogQuery};
use crate::target::FaultRule;

impl World {
    async fn provision(&mut self, number: u32) -> OnDemand {
        self.demand(&format!("u{number}@contoso.com"), false).await.unwrap()
    }

    async fn demand(&mut self, name: &str, bisect: bool) -> Result<OnDemand, EngineError> {
        self.wire.log.lock().unwrap().clear();
        let (export, store) = (self.export(), self.store());
        let object = find_objects(&export, Some(&store), None, &[name])?.remove(0);
        let mut demand = Demand::new(&export, object, Vec::new(), self.clock.now())?;
        demand.bisect = bisect;
        let cycle = Cycle {
            policy: Arc::new(self.policy.clone()),
            rules: Arc::clone(&self.rules),
            export,
            client: self.client.clone(),
            clock: self.clock.clone(),
        };
        cycle.provision(store, &demand, &mut self.random, &CancellationToken::new()).await
    }

    fn misbehave(&self, fault: &str) {
        self.endpoint.set_faults(vec![FaultRule::parse(fault, self.clock.now()).unwrap()]);
    }

    fn linked(&self, number: u32) -> Option<String> {
        let state = self.store().objects(ObjectKind::User).unwrap().get(&id(number))?;
        state.target.map(|target| target.to_string())
    }
}

/// Method and status of everything after the test query.
fn sent(done: &OnDemand) -> Vec<(&'static str, u16)> {
    done.exchanges.iter().skip(1).map(|it| (it.request.method.as_str(), it.status.unwrap())).collect()
}

/// A detail of a step.
fn detail<'s>(step: &'s ProvisioningStep, name: &str) -> &'s str {
    step.details.iter().find(|detail| detail.name == name).unwrap().value.as_deref().unwrap()
}

fn steps(done: &OnDemand) -> Vec<(&'static str, &'static str)> {
    done.steps.iter().map(|step| (step.name.as_str(), step.status.as_str())).collect()
}

#[tokio::test]
async fn somebody_new_then_the_same_again() {
    let mut world = World::new(2);
    let done = world.provision(1).await;
    assert_eq!(
        steps(&done),
        [
            ("EntryImportAdd", "success"),
            ("EntrySynchronizationScoping", "success"),
            ("EntryImportObjectNotFound", "success"),
            ("EntrySynchronizationAdd", "success"),
            ("EntryExportAdd", "success"),
        ]
    );
    assert_eq!((done.action, sent(&done)), (ActionKind::Create, vec![("GET", 200), ("POST", 201)]));
    let asked = &done.steps[2].details[0];
    assert_eq!((&*asked.name, asked.value.as_deref()), ("filter", Some("userName eq \"u1@contoso.com\"")));
    let condition = &done.steps[1].details[1];
    let evidence = (&*condition.name, condition.value.as_deref(), condition.evidence.as_deref());
    assert_eq!(evidence, ("Assigned to the application", Some("True"), Some("assigned directly")));
    assert_eq!(world.linked(1), world.account(1).unwrap().id());
    assert_eq!(world.account(2), None);
    let again = world.provision(1).await;
    assert_eq!(
        steps(&again),
        [
            ("EntryImportUpdate", "success"),
            ("EntrySynchronizationScoping", "success"),
            ("EntryImport", "success"),
            ("EntrySynchronizationSkip", "skipped"),
        ]
    );
    assert_eq!((again.action, sent(&again)), (ActionKind::None, vec![("GET", 200)]));
    // The cycles go on from there: the first one is initial, the next finds nothing to do.
    assert_eq!(world.run().await.outcomes(), [(ActionKind::None, "RedundantExport"), (ActionKind::Create, "NoMatch")]);
    world.person(1).title = "Chief";
    assert_eq!(world.provision(1).await.action, ActionKind::Update);
    assert_eq!(world.run().await.requests.len(), 1, "what was provisioned on demand is no change any more");
}

#[tokio::test]
async fn the_log_has_it_without_a_cycle() {
    let mut world = World::new(1);
    world.provision(1).await;
    let log = world.store().log(&LogQuery::default(), 9).unwrap();
    let [row] = log.as_slice() else { panic!("{log:?}") };
    assert_eq!((row.cycle.clone(), row.action, row.name.as_str()), (None, ActionKind::Create, "u1@contoso.com"));
    assert_eq!(world.store().job_state().unwrap(), JobState::NotRun);
}

#[tokio::test]
async fn who_is_out_of_scope() {
    let mut world = World::new(3);
    world.person(3).assigned = false;
    let skipped = world.provision(3).await;
    assert_eq!((skipped.action, skipped.succeeded()), (ActionKind::Skip, true));
    assert_eq!((sent(&skipped), world.linked(3)), (Vec::new(), None));
    assert_eq!(
        steps(&skipped)[1..],
        [("EntrySynchronizationScoping", "skipped"), ("EntrySynchronizationSkip", "skipped")]
    );

    world.run().await;
    world.person(1).assigned = false;
    let disabled = world.provision(1).await;
    assert_eq!((disabled.action, sent(&disabled)), (ActionKind::Disable, vec![("GET", 200), ("PATCH", 200)]));
    assert_eq!(steps(&disabled).last(), Some(&("EntryExportUpdateSoftDelete", "success")));
    assert!(!world.is_active(1));
    // Nor is it restored on demand, but by the next cycle.
    world.person(1).assigned = true;
    let restored = world.provision(1).await;
    assert_eq!((restored.action, sent(&restored)), (ActionKind::Skip, Vec::new()));
    assert!(restored.steps.last().unwrap().description.contains("doesn't restore"), "{restored:?}");
    assert_eq!(world.run().await.outcomes(), [(ActionKind::Update, "InScopeAgain")]);
    assert!(world.is_active(1));
}

#[tokio::test]
async fn what_was_done_to_the_account_counts_not_how_it_would_be_now() {
    let mut world = World::new(2);
    world.run().await;
    world.person(1).assigned = false;
    world.run().await;
    world.policy.skip_out_of_scope_deletions = true;
    world.person(2).assigned = false;
    world.run().await;
    for number in [1, 2] {
        world.person(number).assigned = true;
    }
    assert_eq!(world.provision(1).await.action, ActionKind::Skip, "it was deactivated");
    world.policy.skip_out_of_scope_deletions = false;
    assert_eq!(world.provision(2).await.action, ActionKind::None, "it was left alone");
}

#[tokio::test]
async fn the_directory_s_own_leavers_are_left_to_the_cycles() {
    for leave in [
        (|world: &mut World| world.person(1).enabled = false) as fn(&mut World),
        |world| world.person(1).deleted = true,
        |world| drop(world.people.remove(&1)),
    ] {
        let mut world = World::new(2);
        world.recycle_bin = true;
        world.run().await;
        leave(&mut world);
        let done = world.provision(1).await;
        assert_eq!((done.action, sent(&done), done.succeeded()), (ActionKind::Skip, Vec::new(), true));
        assert_eq!(done.reason.as_ref().unwrap().code(), "NotOnDemand");
        assert!(world.is_active(1));
        let cycled = world.run().await;
        assert!(
            matches!(cycled.records[0].action, ActionKind::Disable | ActionKind::Delete),
            "{:?}",
            cycled.outcomes()
        );
    }
}

#[tokio::test]
async fn a_job_in_quarantine_and_a_connection_that_fails() {
    let mut world = World::new(1);
    world.fault("GET", "filter=", 2, Fault::Instead(403));
    world.run().await.result.unwrap_err();
    let failed = world.provision(1).await;
    assert_eq!(steps(&failed), [("TestConnection", "failure")]);
    assert_eq!((failed.exchanges.len(), failed.unreachable.is_some()), (1, true));
    let done = world.provision(1).await;
    assert_eq!(done.action, ActionKind::Create);
    assert!(matches!(world.store().job_state().unwrap(), JobState::Quarantine { .. }), "the job stays as it was");
}

#[tokio::test]
async fn a_conflict_is_matched_again() {
    let mut world = World::new(1);
    world.run().await;
    let mut other = world.stranger(1);
    other.fault("GET", "u1%40", 1, Fault::Instead(404));
    let done = other.provision(1).await;
    assert_eq!(
        steps(&done)[2..],
        [
            ("EntryImportObjectNotFound", "success"),
            ("EntrySynchronizationAdd", "success"),
            ("EntryExportAdd", "failure"),
            ("EntryImport", "success"),
            ("EntrySynchronizationSkip", "skipped"),
        ]
    );
    assert!(done.succeeded());
    let code = "SystemForCrossDomainIdentityManagementServiceIncompatibleFiltering";
    assert_eq!(detail(&done.steps[4], "ErrorCode"), code);
    // An account that isn't found again fails with what the creation was refused with, as in a cycle.
    let mut third = world.stranger(1);
    third.fault("GET", "u1%40", 2, Fault::Instead(404));
    let failed = third.provision(1).await;
    assert_eq!(
        steps(&failed)[4..],
        [
            ("EntryExportAdd", "failure"),
            ("EntryImportObjectNotFound", "success"),
            ("EntrySynchronizationSkip", "failure"),
        ]
    );
    assert_eq!(failed.error.as_ref().unwrap().code, code);
    assert_eq!([4, 6].map(|step| detail(&failed.steps[step], "ErrorCode")), [code, code]);
}

#[tokio::test]
async fn the_dialect_is_always_scim() {
    let mut world = World::new(1);
    world.policy.dialect = Dialect::Compliant;
    world.run().await;
    world.person(1).title = "Chief";
    let done = world.provision(1).await;
    let body = done.exchanges.last().unwrap().request.body.clone().unwrap();
    assert_eq!(body["Operations"], json!([{"op": "Replace", "path": "title", "value": "Chief"}]));
    assert_eq!(done.warnings.len(), 1);
}

#[tokio::test]
async fn duplicates_fail_as_in_a_cycle() {
    let mut world = World::new(2);
    world.person(2).user_name = Some("U1@contoso.com".to_owned());
    let failed = world.demand(&id(2).to_string(), false).await.unwrap();
    assert_eq!((failed.action, sent(&failed)), (ActionKind::Fail, Vec::new()));
    assert_eq!(failed.error.unwrap().code, "DuplicateSourceEntries");
}

#[tokio::test]
async fn a_patch_that_is_refused_and_who_stays_active() {
    let mut world = World::new(3);
    world.run().await;
    world.person(1).assigned = false;
    world.person(2).title = "Chief";
    world.misbehave("500,method=PATCH");
    let leaver = world.provision(1).await;
    assert_eq!((leaver.action, leaver.poison.is_some()), (ActionKind::Fail, false), "it isn't asked for");
    assert_eq!(steps(&leaver).last(), Some(&("EntryExportUpdateSoftDelete", "failure")));
    let failed = world.demand("u2@contoso.com", true).await.unwrap();
    assert_eq!((failed.action, failed.error.unwrap().code.as_str()), (ActionKind::Fail, "InternalServerError"));
    let poison = failed.poison.unwrap();
    let Verdict::Operation(found) = poison.verdict else { panic!("{:?}", poison.verdict) };
    assert_eq!((found.place, found.attribute.as_deref(), &*found.expression), (1, Some("title"), "[jobTitle]"));
    assert_eq!((poison.operations, poison.tried), (1, 0), "a single operation needs no search");
    let left: Vec<_> = poison.left_active.iter().map(|leaver| (&*leaver.name, &*leaver.error.code)).collect();
    assert_eq!(left, [("u1@contoso.com", "InternalServerError")]);
    let state = world.store().objects(ObjectKind::User).unwrap().get(&id(2)).unwrap();
    assert_eq!(state.failure.unwrap().count, 1, "the cycles try it again");
}

#[tokio::test]
async fn only_a_refused_patch_is_taken_apart() {
    let check = async |method, fault| {
        let mut world = World::new(1);
        if method == "PATCH" {
            world.run().await;
            world.person(1).title = "Chief";
        }
        world.fault(method, "u1", 1, fault);
        world.fault("PATCH", "", 1, fault);
        let failed = world.demand("u1@contoso.com", true).await.unwrap();
        assert_eq!((failed.action, failed.poison), (ActionKind::Fail, None), "{method} {fault:?}");
    };
    check("POST", Fault::Instead(500)).await;
    for status in [401, 404, 503] {
        check("PATCH", Fault::Instead(status)).await;
    }
    check("PATCH", Fault::Instead(304)).await;
}

/// A directory with a manager and a group, and an endpoint that has all of it.
struct Office {
    folder: TempDir,
    endpoint: Endpoint,
    cycle: Cycle,
    random: Random,
    /// Whose report 1 is.
    manager: u32,
}

const MEMBERS: [u32; 4] = [1, 2, 3, 4];

impl Office {
    fn new(title: &str) -> Self {
        let clock = Clock::starting_at("2026-03-01T10:00:00Z".parse().unwrap());
        let (endpoint, client) = generic_target(&clock);
        let mut policy = Policy::default();
        policy.scope.scope = Scope::All;
        let folder = tempfile::tempdir().unwrap();
        let export = Self::export(&folder, title, 2);
        let rules = scim_rules(None, false);
        let cycle = Cycle { policy: Arc::new(policy), rules, export, client, clock };
        Self { folder, endpoint, cycle, random: Random::seeded(2), manager: 2 }
    }

    /// Four people and a group of them; 1 has this manager, 4 is disabled.
    fn export(folder: &TempDir, title: &str, manager: u32) -> Arc<Export> {
        let person = |number: u32| {
            json!({
                "id": id(number).to_string(), "userPrincipalName": format!("u{number}@contoso.com"),
                "displayName": format!("User {number}"), "accountEnabled": number != 4,
                "mail": format!("{title}{number}@contoso.com"), "jobTitle": title, "department": title,
                "manager": (number == 1).then(|| json!({ "id": id(manager).to_string() })),
            })
        };
        let members: Vec<_> = MEMBERS.map(|number| json!({ "id": id(number).to_string() })).into();
        let users: Vec<_> = MEMBERS.map(person).into();
        let groups = json!([
            { "id": id(99).to_string(), "displayName": "Design", "securityEnabled": true, "members": members },
        ]);
        let write = |name: &str, value: &Value| {
            let path = folder.path().join(name);
            std::fs::write(&path, value.to_string()).unwrap();
            path
        };
        let paths = SourcePaths {
            users: write("users.json", &json!(users)),
            groups: Some(write("groups.json", &groups)),
            ..SourcePaths::default()
        };
        Arc::new(Export::open(&paths).unwrap())
    }

    fn store(&self) -> Store {
        Store::open(self.folder.path(), "scim").unwrap()
    }

    async fn provision(&mut self, name: &str, members: &[&str], bisect: bool) -> Result<OnDemand, EngineError> {
        let (export, store) = (&self.cycle.export, self.store());
        let object = find_objects(export, Some(&store), None, &[name])?.remove(0);
        let members = find_objects(export, Some(&store), None, members)?;
        let mut demand = Demand::new(export, object, members, self.cycle.clock.now())?;
        demand.bisect = bisect;
        self.cycle.provision(store, &demand, &mut self.random, &CancellationToken::new()).await
    }

    /// Everybody has this title from now on, and a department and a mail that go by it.
    fn rename(&mut self, title: &str) {
        self.cycle.export = Self::export(&self.folder, title, self.manager);
    }
}

#[tokio::test]
async fn a_manager_follows_once_both_have_an_account() {
    let mut office = Office::new("engineer");
    let alone = office.provision("u1@contoso.com", &[], false).await.unwrap();
    let last = alone.steps.last().unwrap();
    assert_eq!((last.kind, last.status), (StepType::ReferenceResolution, StepStatus::Skipped));
    let expected = "u2@contoso.com is left out: the manager u2@contoso.com has no account, or is out of scope";
    assert_eq!(last.description, expected);
    assert_eq!(sent(&alone), [("GET", 200), ("POST", 201)]);
    office.provision("engineer2@contoso.com", &[], false).await.unwrap();
    let both = office.provision("u1@contoso.com", &[], false).await.unwrap();
    assert_eq!(sent(&both), [("GET", 200), ("PATCH", 200)]);
    assert_eq!(steps(&both).last(), Some(&("EntryExportUpdate", "success")));
    assert_eq!(both.changes.len(), 1);
    let again = office.provision("u1@contoso.com", &[], false).await.unwrap();
    assert_eq!(sent(&again), [("GET", 200)]);
    office.manager = 3;
    office.rename("engineer");
    let left_out = office.provision("u1@contoso.com", &[], false).await.unwrap();
    let told = left_out.steps.iter().filter(|step| step.kind == StepType::ReferenceResolution).count();
    assert_eq!((sent(&left_out), told), (vec![("GET", 200)], 1), "{:?}", left_out.steps);
}

#[tokio::test]
async fn only_linked_members_in_scope_are_sent() {
    let mut office = Office::new("engineer");
    office.provision("u1@contoso.com", &[], false).await.unwrap();
    office.provision("u2@contoso.com", &[], false).await.unwrap();
    let members = ["u1@contoso.com", "u3@contoso.com", "u4@contoso.com"];
    let done = office.provision("design", &members, false).await.unwrap();
    let references: Vec<_> = done.steps.iter().filter(|step| step.kind == StepType::ReferenceResolution).collect();
    let told: Vec<_> = references.iter().map(|step| (step.status, step.description.as_str())).collect();
    assert_eq!(
        told,
        [
            (StepStatus::Skipped, "u3@contoso.com is left out: without an account; provision the user first"),
            (StepStatus::Skipped, "u4@contoso.com is left out: not in scope: accountEnabled is false"),
            (StepStatus::Success, "Group 'Design' member u1@contoso.com added in customappsso"),
        ]
    );
    // Two test queries, then the group and one member; those who weren't named are left alone.
    assert_eq!(sent(&done)[1..], [("GET", 200), ("POST", 201), ("PATCH", 204)]);
    let refused = |error: Result<OnDemand, EngineError>| match error {
        Err(EngineError::Name(found)) => found.message,
        other => panic!("{other:?}"),
    };
    let six = ["u1@contoso.com"; 6];
    assert!(refused(office.provision("design", &six, false).await).contains("6 members are too many"));
    let nested = office.provision("design", &["Design"], false).await;
    assert!(refused(nested).contains("is a group"));
}

#[tokio::test]
async fn one_operation_is_found_and_who_suffers() {
    let mut office = Office::new("engineer");
    for number in 1..=2 {
        office.provision(&format!("u{number}@contoso.com"), &[], false).await.unwrap();
    }
    office.rename("chief");
    let rule = FaultRule::parse("reject-whole-patch-on-unknown-path", office.cycle.clock.now()).unwrap();
    office.endpoint.set_faults(vec![rule]);
    let failed = office.provision("u2@contoso.com", &[], true).await.unwrap();
    assert_eq!((failed.action, failed.succeeded()), (ActionKind::Fail, false));
    let poison = failed.poison.unwrap();
    let Verdict::Operation(found) = &poison.verdict else { panic!("{:?}", poison.verdict) };
    assert_eq!(found.attribute.as_deref(), Some("emails[type eq \"work\"].value"));
    assert_eq!(found.operation["path"], "emails[type eq \"work\"].value");
    assert_eq!((found.expression.as_str(), poison.operations), ("[mail]", 3));
    assert!(poison.accepted > 0 && poison.left_active.is_empty(), "{poison:?}");
    let account = |number: u32| {
        let name = format!("u{number}@contoso.com");
        let accounts = office.endpoint.resources().unwrap();
        accounts.into_iter().find(|user| user.get("userName").is_some_and(|it| *it == name.as_str())).unwrap()
    };
    assert_eq!(account(2).get("title"), Some(&json!("chief")), "accepted parts take effect");
    assert_eq!(failed.exchanges.iter().filter(|it| it.request.method.as_str() == "PATCH").count(), 1 + poison.tried);
}

#[tokio::test]
async fn names() {
    let mut world = World::new(3);
    world.person(2).user_name = Some("ann@contoso.com".to_owned());
    world.person(3).user_name = Some("anna@contoso.com".to_owned());
    let hint = |error: Result<OnDemand, EngineError>| match error {
        Err(EngineError::Name(found)) => found.hint.unwrap(),
        other => panic!("{other:?}"),
    };
    assert_eq!(hint(world.demand("ann", false).await), "did you mean `ann@contoso.com` or `anna@contoso.com`?");
    assert_eq!(hint(world.demand("amn@contoso.com", false).await), "did you mean `ann@contoso.com`?");
    assert!(hint(world.demand("nobody at all", false).await).starts_with("users are named by"));
    world.person(1).user_name = Some("ANN@contoso.com".to_owned());
    assert_eq!(hint(world.demand("ann@contoso.com", false).await), "name one of them by its object id");
    // Somebody in the recycle bin doesn't stand in the way.
    world.recycle_bin = true;
    world.person(1).deleted = true;
    assert_eq!(world.demand("ann@contoso.com", false).await.unwrap().object.id, id(2));
}

#[test]
fn no_name_reads_no_export() {
    let world = World::new(1);
    let export = world.export();
    std::fs::remove_file(world.folder.path().join("users.csv")).unwrap();
    assert!(find_objects(&export, None, None, &["u1@contoso.com"]).is_err());
    assert_eq!(find_objects(&export, None, None, &[]).unwrap(), []);
}
