//! Account discovery against the embedded endpoint: what is there, whose it is, and lists that lie.

mod lists;

use serde_json::json;

use super::directory::team_id;
use super::*;
use crate::base::TargetId;
use crate::config::Duplicates;
use crate::event::discovery::{Category, Discovery, DriftCheck, Flag, Mark};
use crate::plan::Reason;
use crate::schema::ObjectKind;
use crate::target::FaultRule;

const PAGE: u64 = 10;
const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

impl World {
    async fn discover(&mut self, drift: bool) -> Result<Discovery, DiscoverError> {
        self.discover_by(PAGE, drift).await
    }

    async fn discover_by(&mut self, page_size: u64, drift: bool) -> Result<Discovery, DiscoverError> {
        let cancel = CancellationToken::new();
        *self.wire.cancel.lock().unwrap() = cancel.clone();
        self.wire.log.lock().unwrap().clear();
        self.kept = None;
        let state = self.folder.path().join("wedo.db");
        let before = std::fs::read(&state).ok();
        let store = before.is_some().then(|| self.store());
        let discover = Discover {
            policy: Arc::new(self.policy.clone()),
            rules: Arc::clone(&self.rules),
            export: self.export(),
            client: self.client.clone(),
            clock: self.clock.clone(),
            options: DiscoverOptions { target: "test".to_owned(), page_size, drift, cancel },
        };
        let found = discover.run(store, &mut |_| {}).await;
        assert_eq!(std::fs::read(&state).ok(), before, "nothing is remembered");
        let log = self.wire.log.lock().unwrap();
        assert!(log.iter().all(|line| line.starts_with("GET ")), "nothing is written: {log:?}");
        found
    }

    /// Puts an account there behind the service's back.
    async fn put(&self, name: &str, active: bool) -> TargetId {
        self.put_body(json!({"schemas": [USER], "userName": name, "displayName": name, "active": active})).await
    }

    async fn put_body(&self, body: Value) -> TargetId {
        self.client.create("/Users", body).await.result.unwrap().id.unwrap()
    }

    /// Changes an account behind the service's back.
    async fn alter(&self, number: u32, path: &str, value: Value) {
        let id = TargetId::new(self.account(number).unwrap().id().unwrap());
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "Replace", "path": path, "value": value}],
        });
        self.client.patch("/Users", &id, body).await.result.unwrap();
    }

    fn spoil(&self, fault: &str) {
        self.endpoint.set_faults(vec![FaultRule::parse(fault, self.clock.now()).unwrap()]);
    }

    async fn delete(&self, number: u32) {
        let id = TargetId::new(self.account(number).unwrap().id().unwrap());
        self.client.delete("/Users", &id).await.result.unwrap();
    }
}

/// A JSON answer.
struct Json(Value);

impl IntoResponse for Json {
    fn into_response(self) -> Response {
        self.0.to_string().into_response()
    }
}

/// Every account in one line: name, category, flags, and after a bar what decided.
fn lines(discovery: &Discovery) -> Vec<String> {
    let line = |account: &crate::event::discovery::DiscoveredAccount| {
        let flags: String = account.flags.iter().flat_map(|flag| [" ", flag.as_str()]).collect();
        let reason = account.reason.as_ref().map(|reason| format!(" | {reason}")).unwrap_or_default();
        let name = account.shown_name().trim_end_matches("@contoso.com");
        format!("{name} {}{flags}{reason}", account.category.as_str())
    };
    discovery.accounts.iter().map(line).collect()
}

fn error(found: Result<Discovery, DiscoverError>) -> String {
    found.unwrap_err().to_string()
}

#[tokio::test]
async fn accounts_are_sorted_by_whose_they_are() {
    let mut world = World::new(6);
    world.recycle_bin = true;
    world.person(2).assigned = false;
    world.person(3).enabled = false;
    world.person(4).deleted = true;
    for name in ["U1@Contoso.com", "u2@contoso.com", "u3@contoso.com", "u4@contoso.com", "backup"] {
        world.put(name, true).await;
    }
    world.put("former", false).await;
    let found = world.discover(false).await.unwrap();
    assert_eq!(
        lines(&found),
        [
            "U1@Contoso.com assigned adoptable",
            "backup local orphaned",
            "former local",
            "u2 unassigned orphaned | not assigned to the application",
            "u3 unassigned orphaned | accountEnabled is false",
            "u4 unassigned orphaned | in the recycle bin",
        ]
    );
    let first = &found.accounts[0];
    assert_eq!(first.owner.as_ref().unwrap().to_string(), format!("u1@contoso.com ({})", id(1)));
    assert_eq!((first.matched_by.as_deref(), first.active), (Some("userName"), Some(true)));
    assert_eq!(found.accounts[2].active, Some(false));
    let summary = &found.summary;
    assert_eq!((summary.total(), summary.category(Category::Local), summary.flag(Flag::Orphaned)), (6, 2, 4));
    assert_eq!((found.kinds.as_slice(), found.drift), (&[ObjectKind::User][..], DriftCheck::NotAsked));
}

#[tokio::test]
async fn linked_accounts_are_known_by_their_links() {
    let mut world = World::new(5);
    world.run().await;
    world.person(1).user_name = Some("renamed@contoso.com".to_owned());
    world.delete(2).await;
    world.person(3).assigned = false;
    world.person(4).enabled = false;
    world.alter(4, "active", json!("False")).await;
    let found = world.discover(false).await.unwrap();
    assert_eq!(
        lines(&found),
        [
            "u1 assigned linked",
            "u2 gone",
            "u3 unassigned linked pending | not assigned to the application",
            "u4 unassigned linked | accountEnabled is false",
            "u5 assigned linked",
        ]
    );
    assert_eq!(found.accounts[0].owner.as_ref().unwrap().name.as_ref(), "renamed@contoso.com");
    assert_eq!((found.summary.total(), found.summary.flag(Flag::Linked)), (4, 4), "who is gone isn't there");
    world.run().await;
    let found = world.discover(false).await.unwrap();
    assert_eq!(lines(&found)[2], "u3 unassigned linked | not assigned to the application", "deactivated by now");
    world.alter(3, "active", json!(true)).await;
    let found = world.discover(false).await.unwrap();
    assert_eq!(lines(&found)[2], "u3 unassigned linked orphaned | not assigned to the application");
}

#[tokio::test]
async fn what_the_service_leaves_alone_is_told_as_left() {
    let mut world = World::new(4);
    world.recycle_bin = true;
    world.run().await;
    world.policy.skip_out_of_scope_deletions = true;
    world.person(1).assigned = false;
    world.people.remove(&2);
    let found = world.discover(false).await.unwrap();
    assert_eq!(
        lines(&found)[..2],
        [
            "u1 unassigned linked orphaned | left alone by skip_out_of_scope_deletions: not assigned to the application",
            "u2 local linked pending | deleted from the directory for good",
        ]
    );
    world.policy.skip_out_of_scope_deletions = false;
    world.policy.deletion_threshold = Some(1);
    let found = world.discover(false).await.unwrap();
    assert_eq!(
        lines(&found)[..2],
        [
            "u1 unassigned linked pending | too many would go at once: not assigned to the application",
            "u2 local linked pending | too many would go at once: deleted from the directory for good",
        ]
    );
}

#[tokio::test]
async fn who_collides_is_named() {
    let mut world = World::with(4, generic, directory::scim_rules(None, true));
    let named = |name: &str, external: &str| json!({"schemas": [USER], "userName": name, "externalId": external, "active": true});
    world.policy.duplicates = Duplicates::Fail;
    world.person(2).user_name = Some("u1@contoso.com".to_owned());
    let id_of_one = world.put_body(named("u1@contoso.com", "x")).await;
    let found = world.discover(false).await.unwrap();
    assert_eq!(lines(&found), ["u1 assigned adoptable colliding"]);
    let collision = &found.accounts[0].collisions[0];
    assert_eq!(
        (collision.kind.as_str(), collision.with.clone(), collision.more),
        ("severalObjects", vec![format!("u1@contoso.com ({})", id(2))], 0)
    );
    // Once it is linked, the other one can't get it.
    world.run().await;
    let found = world.discover(false).await.unwrap();
    assert_eq!(found.accounts[0].collisions[0].kind.as_str(), "linkedToAnother");
    // Sharing is no collision where it is wanted.
    world.policy.duplicates = Duplicates::Link;
    let found = world.discover(false).await.unwrap();
    assert_eq!(lines(&found)[0], "u1 assigned linked");
    assert_eq!(found.accounts[0].id, id_of_one);
}

#[tokio::test]
async fn an_account_that_is_shared_is_listed_once() {
    let out = "not assigned to the application";
    // Who of the three sharers is assigned, and what is said then.
    for (assigned, expected) in [
        ([true, true, true], "u1 assigned linked".to_owned()),
        ([true, false, false], "u1 assigned linked".to_owned()),
        ([false, true, false], "u1 assigned linked".to_owned()),
        ([false, false, true], "u1 assigned linked".to_owned()),
        ([false, false, false], format!("u1 unassigned linked pending | {out}")),
    ] {
        let mut world = World::new(4);
        world.policy.duplicates = Duplicates::Link;
        for number in [2, 3] {
            world.person(number).user_name = Some("u1@contoso.com".to_owned());
        }
        world.run().await;
        for (number, assigned) in (1..).zip(assigned) {
            world.person(number).assigned = assigned;
        }
        let found = world.discover(true).await.unwrap();
        assert_eq!(lines(&found), [expected.as_str(), "u4 assigned linked"], "{assigned:?}");
        assert_eq!((found.summary.users, found.summary.flag(Flag::Linked)), (2, 2), "{assigned:?}");
        assert!(found.warnings.is_empty(), "{:?}", found.warnings);
        let asked = world.wire.log.lock().unwrap().iter().filter(|line| !line.contains('?')).count();
        assert_eq!(asked, 0, "nobody is asked for by id");
    }
}

#[tokio::test]
async fn a_shared_account_that_drifted_or_is_gone_is_asked_for_once() {
    let mut world = World::new(3);
    world.policy.duplicates = Duplicates::Link;
    world.person(2).user_name = Some("u1@contoso.com".to_owned());
    world.run().await;
    // As one of the two has it.
    world.alter(1, "displayName", json!("User 1")).await;
    assert_eq!(lines(&world.discover(true).await.unwrap()), ["u1 assigned linked", "u3 assigned linked"]);
    world.alter(1, "displayName", json!("Somebody")).await;
    let found = world.discover(true).await.unwrap();
    assert_eq!(lines(&found), ["u1 assigned linked drifted", "u3 assigned linked"]);
    let asked = |world: &World| world.wire.log.lock().unwrap().iter().filter(|line| !line.contains('?')).count();
    assert_eq!(asked(&world), 1, "once, however many share it");
    world.delete(1).await;
    let found = world.discover(true).await.unwrap();
    assert_eq!(lines(&found), ["u1 gone", "u1 gone", "u3 assigned linked"], "each has to be matched again");
    assert_eq!(asked(&world), 1);
    assert_eq!((found.summary.users, found.summary.flag(Flag::Linked)), (1, 1));
    // Both look for another one.
    world.put("u1@contoso.com", true).await;
    world.policy.rematch_vanished = true;
    let found = world.discover(false).await.unwrap();
    assert_eq!(lines(&found), ["u1 assigned adoptable", "u1 gone", "u1 gone", "u3 assigned linked"]);
}

#[tokio::test]
async fn accounts_that_share_a_name_collide_too() {
    let mut world = World::new(3);
    world.person(3).assigned = false;
    // An endpoint whose names aren't unique.
    let router = Router::new().route(
        "/scim/v2/Users",
        axum::routing::get(|| async {
            let user = |id: &str, name: &str| json!({"id": id, "userName": name, "active": true});
            let users = [
                user("1", "u1@contoso.com"),
                user("2", "U1@contoso.com"),
                user("3", "u3@contoso.com"),
                user("4", "U3@contoso.com"),
            ];
            Json(json!({"totalResults": 4, "Resources": users}))
        }),
    );
    world.client = client(router, &world.clock);
    let found = world.discover(false).await.unwrap();
    let reason = "not assigned to the application";
    assert_eq!(
        lines(&found),
        [
            "U1 assigned colliding".to_owned(),
            format!("U3 unassigned orphaned | {reason}"),
            "u1 assigned colliding".to_owned(),
            format!("u3 unassigned orphaned | {reason}"),
        ],
        "what isn't in scope is never asked for"
    );
    let collision = &found.accounts[0].collisions[0];
    assert_eq!(collision.to_string(), "its object matches other accounts too, so none is linked: u1@contoso.com (1)");
}

#[tokio::test]
async fn an_object_with_another_account_leaves_one_that_matches() {
    let mut world = World::new(1);
    world.run().await;
    world.delete(1).await;
    world.put("u1@contoso.com", true).await;
    let found = world.discover(false).await.unwrap();
    assert_eq!(lines(&found), ["u1 assigned colliding", "u1 gone"]);
    let [fresh, gone] = &found.accounts[..] else { panic!("{found:?}") };
    assert_eq!(fresh.collisions[0].with, [format!("{} (gone)", gone.id)]);
    world.policy.rematch_vanished = true;
    let found = world.discover(false).await.unwrap();
    assert_eq!(lines(&found), ["u1 assigned adoptable", "u1 gone"]);
}

#[tokio::test]
async fn what_scoping_filters_cannot_tell_is_not_sorted() {
    let mut world = World::new(1);
    world.without = vec!["jobTitle"];
    world.rules = rules(
        |document| {
            document["synchronizationRules"][0]["objectMappings"][0]["scope"] = json!({"groups": [{"name": "Engineers",
                "clauses": [{"clauseName": "c", "sourceOperandName": "jobTitle", "targetOperand": {"values": ["Engineer"]},
                             "operatorName": "EQUALS"}]}]});
        },
        None,
    );
    world.put("u1@contoso.com", true).await;
    let found = world.discover(false).await.unwrap();
    assert_eq!(lines(&found), ["u1 unsorted | filter \"Engineers\": the export has no column jobTitle"]);
}

/// The next cycle is asked what it would do, and has to agree with what is told of the accounts.
#[tokio::test]
async fn a_dry_run_agrees() {
    for link in [false, true] {
        let mut world = World::new(8);
        world.recycle_bin = true;
        if link {
            world.policy.duplicates = Duplicates::Link;
        }
        world.person(7).assigned = false;
        world.run().await;
        world.people.extend((9..=14).map(|number| (number, Person::new())));
        for number in [9, 10, 11, 13, 14] {
            world.put(&format!("u{number}@contoso.com"), number % 2 == 1).await;
        }
        world.person(1).assigned = false;
        world.person(2).enabled = false;
        world.people.remove(&3);
        world.person(10).assigned = false;
        // 4 has an account; 12 wants it, and 13 shares its name with 14.
        world.person(12).user_name = Some("U4@contoso.com".to_owned());
        world.person(14).user_name = Some("u13@contoso.com".to_owned());
        world.delete(5).await;
        world.person(5).title = "Chief";
        let found = world.discover(false).await.unwrap();
        let plan = world.run_as(Mode::DryRun, None, true).await;
        let of = |number: u32| plan.records.iter().filter(|record| record.source_id == id(number)).collect::<Vec<_>>();
        for account in &found.accounts {
            let Some(owner) = &account.owner else { continue };
            let number = (1..=14).find(|number| id(*number) == owner.id).unwrap();
            let records = of(number);
            let has = |flag| account.flags.has(flag);
            let links = records.iter().any(|record| {
                record.target_id.as_ref() == Some(&account.id)
                    && matches!(record.reason, Reason::Matched | Reason::RedundantExport)
            });
            assert_eq!(has(Flag::Adoptable), !has(Flag::Linked) && links, "{account:?} {records:?}");
            let removes =
                records.iter().any(|record| matches!(record.action, ActionKind::Disable | ActionKind::Delete));
            assert_eq!(has(Flag::Pending), removes, "{account:?} {records:?}");
            let vanished = records.iter().any(|record| matches!(record.reason, Reason::InvalidAnchor(_)));
            assert_eq!(account.category == Category::Gone, vanished, "{account:?} {records:?}");
        }
        let duplicates =
            plan.records.iter().filter(|record| matches!(record.reason, Reason::DuplicateSourceEntries(_)));
        let colliding: Vec<_> = found.accounts.iter().flat_map(|account| &account.collisions).collect();
        let losers: usize = colliding.iter().map(|collision| collision.with.len()).sum();
        assert_eq!(losers, duplicates.count(), "{colliding:?}");
        assert_eq!(losers, if link { 0 } else { 2 });
    }
}

#[tokio::test]
async fn what_was_changed_behind_its_back_is_drift() {
    let mut world = World::new(8);
    world.recycle_bin = true;
    world.run().await;
    world.person(6).assigned = false;
    world.run().await;
    world.alter(1, "title", json!("Boss")).await;
    world.alter(2, "active", json!("False")).await;
    world.person(3).title = "Chief";
    world.alter(3, "displayName", json!("Somebody")).await;
    world.person(4).title = "Chief";
    world.delete(5).await;
    world.alter(6, "active", json!(true)).await;
    world.person(7).assigned = false;
    world.alter(7, "title", json!("Boss")).await;
    // Another spelling is no other value.
    world.alter(8, "title", json!("ENGINEER")).await;
    let found = world.discover(true).await.unwrap();
    let reason = "not assigned to the application";
    assert_eq!(
        lines(&found),
        [
            "u1 assigned linked drifted".to_owned(),
            "u2 assigned linked drifted deactivated".to_owned(),
            "u3 assigned linked drifted pending".to_owned(),
            "u4 assigned linked pending".to_owned(),
            "u5 gone".to_owned(),
            format!("u6 unassigned linked orphaned drifted reactivated | {reason}"),
            format!("u7 unassigned linked pending | {reason}"),
            "u8 assigned linked".to_owned(),
        ]
    );
    let told = |at: usize| {
        found.accounts[at]
            .drift
            .iter()
            .map(|change| (&*change.attribute, change.old.clone(), change.new.clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(told(0), [("title", Some(json!("Boss")), Some(json!("Engineer")))]);
    assert_eq!(told(1), [("active", Some(json!(false)), Some(json!(true)))]);
    assert_eq!(
        told(2),
        [("displayName", Some(json!("Somebody")), Some(json!("User 3")))],
        "the title is to be sent yet"
    );
    assert_eq!(told(5), [("active", Some(json!(true)), Some(json!(false)))]);
    assert_eq!((found.drift, found.warnings.as_slice()), (DriftCheck::Compared, &[][..]));
    // Nothing is repaired, neither now nor by the next cycle.
    world.run().await;
    let found = world.discover(true).await.unwrap();
    assert_eq!(lines(&found)[0], "u1 assigned linked drifted");
}

#[tokio::test]
async fn before_the_first_cycle_and_after_a_restart_nothing_can_be_compared() {
    let mut world = World::new(1);
    let found = world.discover(true).await.unwrap();
    assert_eq!(found.drift, DriftCheck::Impossible);
    world.run().await;
    world.alter(1, "title", json!("Boss")).await;
    world.rules = rules(|document| mapping(document, "title")["flowType"] = json!("ObjectAddOnly"), None);
    let found = world.discover(true).await.unwrap();
    assert_eq!((found.drift, lines(&found)), (DriftCheck::Impossible, vec!["u1 assigned linked".to_owned()]));
    assert!(found.warnings[0].contains("the next cycle is an initial one"), "{:?}", found.warnings);
}

#[tokio::test]
async fn what_is_random_or_was_never_sent_does_not_drift() {
    let mut world = World::new(2);
    world.rules = rules(
        |document| {
            let source = &mut mapping(document, "title")["source"];
            *source = json!({"expression": "Join(\"\", [jobTitle], Guid())", "type": "Function", "name": "Join", "parameters": [
                {"key": "0", "value": {"expression": "\"\"", "type": "Constant", "parameters": []}},
                {"key": "1", "value": {"expression": "[jobTitle]", "name": "jobTitle", "type": "Attribute", "parameters": []}},
                {"key": "2", "value": {"expression": "Guid()", "name": "Guid", "type": "Function", "parameters": []}}]});
        },
        None,
    );
    world.run().await;
    world.fault("PATCH", "", 1, Fault::Instead(500));
    world.person(2).title = "Chief";
    world.run().await;
    world.alter(2, "displayName", json!("Somebody")).await;
    let found = world.discover(true).await.unwrap();
    assert_eq!(
        lines(&found),
        ["u1 assigned linked", "u2 assigned linked"],
        "what waits after a failure isn't compared"
    );
}

#[tokio::test]
async fn drift_that_only_the_list_shows_is_none() {
    let mut world = World::new(2);
    world.run().await;
    world.alter(1, "title", json!("Boss")).await;
    let inner = world.endpoint.router();
    let router = inner.layer(axum::middleware::from_fn(|request: Request, next: Next| async move {
        let is_list = request.uri().query().is_some();
        let response = next.run(request).await;
        if !is_list {
            return response;
        }
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let mut list: Value = serde_json::from_slice(&bytes).unwrap();
        for user in list["Resources"].as_array_mut().into_iter().flatten() {
            user.as_object_mut().unwrap().retain(|name, _| ["id", "userName", "active"].contains(&name.as_str()));
        }
        Json(list).into_response()
    }));
    world.client = client(router, &world.clock);
    let found = world.discover(true).await.unwrap();
    assert_eq!(lines(&found), ["u1 assigned linked drifted", "u2 assigned linked"]);
    assert_eq!(found.accounts[0].drift.len(), 1);
}

#[tokio::test]
async fn groups_are_sorted_where_they_are_provisioned() {
    let mut world = World::scim(1, &[&[1], &[], &[]]);
    world.run().await;
    world
        .client
        .create("/Groups", json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Local"}))
        .await
        .result
        .unwrap();
    world.teams.remove(&2);
    world.teams.insert(4, Team { name: "LOCAL".to_owned(), members: Vec::new(), assigned: false });
    let group =
        world.endpoint.groups().unwrap().into_iter().find(|group| group.get("displayName") == Some(&json!("t3")));
    let body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                      "Operations": [{"op": "Replace", "path": "displayName", "value": "Other"}]});
    world.client.patch("/Groups", &TargetId::new(group.unwrap().id().unwrap()), body).await.result.unwrap();
    let found = world.discover(true).await.unwrap();
    assert_eq!(
        lines(&found),
        [
            "u1 assigned linked",
            "Local assigned adoptable",
            "Other assigned linked drifted",
            "t1 assigned linked",
            "t2 local linked pending | deleted from the directory for good",
        ]
    );
    assert!(found.accounts[1..].iter().all(|account| account.kind == ObjectKind::Group && account.active.is_none()));
    assert_eq!(found.accounts[1].owner.as_ref().unwrap().id, team_id(4));
    let log = world.wire.log.lock().unwrap();
    let groups: Vec<_> = log.iter().filter(|line| line.contains("/Groups")).collect();
    assert!(groups.iter().all(|line| line.contains("excludedAttributes=members")), "{groups:?}");
}

#[tokio::test]
async fn an_export_that_lacks_too_much_sorts_nothing() {
    let mut world = World::new(40);
    world.run().await;
    world.people.retain(|number, _| *number > 20);
    let ended = world.discover(false).await.unwrap_err();
    assert!(matches!(ended, DiscoverError::Engine(EngineError::Incomplete(_))), "{ended}");
    assert!(world.wire.log.lock().unwrap().is_empty(), "nothing was asked");
    world.policy.accept_missing = Some(20);
    assert_eq!(world.discover(false).await.unwrap().summary.category(Category::Unassigned), 20);
}

#[tokio::test]
async fn without_an_export_accounts_are_listed_unsorted() {
    let world = World::new(0);
    let ids = [world.put("ann", true).await, world.put("bob", false).await];
    let options =
        DiscoverOptions { target: "test".to_owned(), page_size: 1, drift: false, cancel: CancellationToken::new() };
    let mut seen = Vec::new();
    let mut each = |progress| seen.push(progress);
    let found = discover_unsorted(&world.client, &world.clock, &options, &mut each).await.unwrap();
    assert_eq!(lines(&found), ["ann unsorted", "bob unsorted"]);
    assert_eq!(found.accounts.iter().map(|account| account.active).collect::<Vec<_>>(), [Some(true), Some(false)]);
    assert_eq!(found.accounts.iter().map(|account| account.id.clone()).collect::<Vec<_>>(), ids);
    assert!(found.warnings[0].starts_with("without an export"), "{:?}", found.warnings);
    let listed = |listed| DiscoverProgress::Listed { kind: ObjectKind::User, listed, total: 2 };
    assert_eq!(seen, [listed(1), listed(2)]);
    let router = Router::new().route(
        "/scim/v2/Users",
        axum::routing::get(|| async {
            let users =
                ["Ann", "bob", "ANN"].into_iter().zip(1..).map(|(name, id)| json!({"id": id, "userName": name}));
            Json(json!({"totalResults": 3, "Resources": users.collect::<Value>()}))
        }),
    );
    let found = discover_unsorted(&client(router, &world.clock), &world.clock, &options, &mut |_| {}).await.unwrap();
    assert_eq!(lines(&found), ["ANN unsorted colliding", "Ann unsorted colliding", "bob unsorted"]);
    assert_eq!(found.accounts[0].collisions[0].with, ["Ann (1)"]);
    assert_eq!(
        found.warnings[1],
        "of 3 accounts the target doesn't say whether they are active: they are taken for active"
    );
    assert!(!found.accounts[0].has(Mark::Flag(Flag::Orphaned)), "nobody knows");
}
