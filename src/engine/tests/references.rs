//! Managers, cycle after cycle.

use serde_json::json;

use super::*;
use crate::schema::ObjectKind;

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

#[tokio::test]
async fn managers_in_both_orders() {
    let mut world = World::scim(3, &[]);
    world.person(1).manager = Some(2);
    world.person(3).manager = Some(2);
    let first = world.run().await;
    assert_eq!(first.wire[6..], ["PATCH u1 Add manager u2", "PATCH u3 Add manager u2"]);
    assert!(world.run().await.wire.is_empty());
    world.person(1).manager = Some(3);
    assert_eq!(world.run().await.wire, ["GET u1", "PATCH u1 Replace manager u3"]);
    world.person(1).manager = None;
    assert_eq!(world.run().await.wire, ["GET u1", "PATCH u1 Replace manager"]);
    assert!(world.run().await.wire.is_empty());
}

#[tokio::test]
async fn a_manager_that_is_right_is_left_alone() {
    let user = |name: &str, manager: Value| {
        let user = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE], "id": name,
                          "active": true, "title": "Engineer", "userName": format!("{name}@contoso.com"),
                          "displayName": format!("User {}", &name[1..]), ENTERPRISE: {"manager": manager}});
        Resource::from_value(user).unwrap()
    };
    for (held, expected) in [
        (json!({"value": "u1"}), None),
        (json!("u1"), None),
        (json!({"Value": "u1"}), None),
        (json!({"value": "u9"}), Some("PATCH u2 Replace manager u1")),
        (json!({"value": ""}), Some("PATCH u2 Add manager u1")),
    ] {
        let mut world = World::scim(2, &[]);
        world.person(2).manager = Some(1);
        world.endpoint.load(vec![user("u1", Value::Null), user("u2", held.clone())]).unwrap();
        let first = world.run().await;
        let sent: Vec<_> = first.wire.iter().filter(|line| line.starts_with("PATCH")).map(String::as_str).collect();
        assert_eq!(sent, Vec::from_iter(expected), "{held}");
        assert!(world.run().await.wire.is_empty());
    }
}

#[tokio::test]
async fn late_managers() {
    for resolve in [false, true] {
        let mut world = World::scim(2, &[&[2]]);
        world.policy.resolve_late_references = resolve;
        world.person(1).manager = Some(2);
        world.set_members(1, &[1, 2]);
        world.person(2).enabled = false;
        let first = world.run().await;
        assert!(!first.wire.iter().any(|line| line.contains("u2")), "{:?}", first.wire);
        assert!(world.run().await.wire.is_empty());
        world.person(2).enabled = true;
        let late = world.run().await;
        if resolve {
            assert_eq!(late.wire, ["FIND u2", "POST u2", "PATCH t1 Add members u2"]);
            assert_eq!(world.run().await.wire, ["GET u1", "PATCH u1 Add manager u2"]);
        } else {
            assert_eq!(late.wire, ["FIND u2", "POST u2"], "the service doesn't notice");
        }
        assert!(world.run().await.wire.is_empty());
        world.with_store(|store, now| store.restart(&crate::store::ResetScopes::default(), now).unwrap());
        let restarted = world.run().await.wire;
        assert!(restarted.contains(&"PATCH t1 Add members u2".to_owned()), "{restarted:?}");
        assert_eq!(restarted.contains(&"PATCH u1 Add manager u2".to_owned()), !resolve, "{restarted:?}");
    }
}

#[tokio::test]
async fn a_manager_who_is_not_in_scope_is_not_asked_for_again() {
    let mut world = World::scim(2, &[]);
    world.policy.resolve_late_references = true;
    world.run().await;
    world.person(2).enabled = false;
    world.person(1).manager = Some(2);
    world.run().await;
    for _ in 0..2 {
        assert!(world.run().await.wire.is_empty());
    }
    world.person(2).enabled = true;
    world.run().await;
    assert_eq!(world.run().await.wire, ["GET u1", "PATCH u1 Add manager u2"]);
}

#[tokio::test]
async fn a_reference_waits_for_who_fails() {
    let mut world = World::scim(2, &[&[1, 2]]);
    world.person(1).manager = Some(2);
    world.fault("POST", "u2@", 1, Fault::Instead(500));
    assert_eq!(world.run().await.wire.last().unwrap(), "PATCH t1 Add members u1");
    let second = world.run().await;
    assert_eq!(second.wire, ["FIND u2", "POST u2", "PATCH t1 Add members u2"]);
    assert_eq!(world.run().await.wire, ["GET u1", "PATCH u1 Add manager u2"]);
}

#[tokio::test]
async fn a_cut_off_cycle_loses_no_reference() {
    for manager in [None, Some(3)] {
        let mut world = World::scim(3, &[]);
        world.person(1).manager = Some(2);
        world.run().await;
        world.person(1).manager = manager;
        world.fault("GET", "/Users/", 1, Fault::Cancel);
        let cut = world.run().await;
        assert_eq!((cut.wire.as_slice(), cut.report().completed), (&["GET u1".to_owned()][..], false));
        let next = world.run().await;
        assert_eq!(next.wire.len(), 2, "{manager:?}: {:?}", next.wire);
        assert!(next.wire[1].starts_with("PATCH u1 Replace manager"));
        assert!(world.run().await.wire.is_empty());
    }
}

#[tokio::test]
async fn who_cannot_be_matched_is_not_looked_at_for_its_manager() {
    let mut world = World::scim(2, &[]);
    world.person(1).manager = Some(2);
    world.person(1).user_name = Some(String::new());
    world.run().await;
    assert!(world.run().await.records.is_empty());
}

#[tokio::test]
async fn references_stop_with_the_cycle() {
    for (fault, refused) in [(Fault::Cancel, false), (Fault::Revoke, true)] {
        let mut world = World::scim(3, &[&[1, 2, 3]]);
        world.fault("PATCH", "members", 1, fault);
        let cut = world.run().await;
        assert_eq!(matches!(cut.result, Err(EngineError::Quarantine { .. })), refused);
        let sent = cut.wire.iter().filter(|line| line.starts_with("PATCH")).count();
        assert!(sent < 3, "{:?}", cut.wire);
        world.wire.faults.lock().unwrap().clear();
        world.run().await;
        assert_eq!(world.members_there("t1"), ["u1", "u2", "u3"]);
        assert!(world.state(ObjectKind::Group, &directory::team_id(1)).unwrap().failure.is_none());
        assert!(world.run().await.wire.is_empty());
    }
}

#[tokio::test]
async fn a_membership_of_an_unusable_row_waits() {
    let mut world = World::scim(2, &[&[]]);
    world.run().await;
    // The row of u2 can't be used, while its new membership can.
    world.set_members(1, &[2]);
    world.person(2).user_name = Some("\"u2".to_owned());
    let cycle = world.run().await;
    assert!(cycle.wire.is_empty(), "{:?}", cycle.wire);
    world.person(2).user_name = None;
    assert_eq!(world.run().await.wire, ["PATCH t1 Add members u2"]);
}

#[tokio::test]
async fn old_queries_come_before() {
    let mut world = World::scim(2, &[&[1]]);
    world.policy.reference_queries = true;
    world.person(2).manager = Some(1);
    let first = world.run().await;
    let queries = first.requests.iter().filter(|line| line.contains("attributes=id")).count();
    assert_eq!(queries, 2, "{:?}", first.requests);
    assert_eq!(first.report().summary.references(), 2);
}

#[tokio::test]
async fn many_who_lose_their_manager_at_once_are_suspicious() {
    let everybody = |world: &mut World, manager| (2..=21).for_each(|report| world.person(report).manager = manager);
    let mut world = World::scim(21, &[]);
    everybody(&mut world, Some(1));
    world.run().await;
    for restarted in [false, true] {
        everybody(&mut world, None);
        let error = world.run().await.result.unwrap_err().to_string();
        assert!(error.contains("lacks 20 of 20 managers known from the last cycle (100 %"), "{error}");
        everybody(&mut world, Some(1));
        if restarted {
            world.with_store(|store, now| store.restart(&crate::store::ResetScopes::default(), now).unwrap());
        }
        world.run().await;
    }
    // Other managers are no loss, nor are a few.
    everybody(&mut world, Some(2));
    world.person(2).manager = Some(1);
    assert_eq!(world.run().await.report().summary.references(), 19);
    (3..=8).for_each(|report| world.person(report).manager = None);
    assert_eq!(world.run().await.report().summary.references(), 6);
    everybody(&mut world, None);
    world.policy.accept_missing = Some(14);
    assert_eq!(world.run().await.report().summary.references(), 14);
}
