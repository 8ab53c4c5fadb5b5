//! Lists that are whole, lists that lie, and lists that break off.

use super::*;
use crate::target::Fault as Misdeed;

#[tokio::test]
async fn pages_follow_each_other_to_the_end() {
    let mut world = World::new(0);
    for number in 1..=25 {
        world.put(&format!("a{number}"), true).await;
    }
    world.people.insert(1, Person::new());
    let found = world.discover(false).await.unwrap();
    assert_eq!(found.accounts.len(), 25);
    let log = world.wire.log.lock().unwrap().clone();
    let starts: Vec<_> = log.iter().map(|line| line.trim_start_matches("GET /scim/v2/Users?startIndex=")).collect();
    assert_eq!(starts, ["1&count=10", "11&count=10", "21&count=10", "26&count=10"], "the last one asks behind the end");
    for fault in ["total-results-as-text", "lowercase-resources", "null-resources", "repeat-last-page"] {
        world.spoil(fault);
        assert_eq!(world.discover(false).await.unwrap().accounts.len(), 25, "{fault}");
    }
    world.spoil("ignore-paging");
    assert_eq!(world.discover(false).await.unwrap().accounts.len(), 25, "everything in one page");
    world.spoil("integer-ids");
    assert_eq!(world.discover(false).await.unwrap().accounts.len(), 25);
}

#[tokio::test]
async fn lists_that_lie_are_errors() {
    let mut world = World::new(1);
    for number in 1..=130 {
        world.put(&format!("a{number}"), true).await;
    }
    for (fault, expected) in [
        (
            "ignore-paging",
            "the list of users isn't complete: the page from startIndex=101 repeats what was listed before: the endpoint \
             ignores `startIndex`, and counts 130 where it shows 100",
        ),
        ("total-results-lies", "the list of users isn't complete: `totalResults` is 0, but there are more"),
        ("total-results-of-page", "the list of users isn't complete: `totalResults` is 10, but there are more"),
        ("html", "the users can't be listed: a web page came instead of JSON (status 200)"),
        ("503-on-list", "the users can't be listed: status 503"),
        ("half-json", "the users can't be listed: the answer isn't valid JSON"),
    ] {
        world.spoil(fault);
        let text = error(world.discover(false).await);
        assert!(text.starts_with(expected), "{fault}: {text}");
    }
}

/// Whatever an endpoint does wrong: all accounts are told, or none.
#[tokio::test]
async fn no_fault_makes_a_list_shorter_unseen() {
    let mut world = World::new(1);
    for number in 1..=130 {
        world.put(&format!("a{number}"), true).await;
    }
    let mut whole = 0;
    for fault in Misdeed::all() {
        world.endpoint.set_faults(vec![FaultRule::new(fault.clone())]);
        match world.discover_by(100, false).await {
            // A list that ends early and counts no more: nothing is linked that would be missed.
            Ok(found) if fault.name() == "truncated-list-at-50" => assert_eq!(found.accounts.len(), 50),
            Ok(found) => {
                whole += 1;
                let local = found.summary.category(Category::Local);
                assert_eq!((found.accounts.len(), local), (130, 130), "{}", fault.name());
            }
            Err(error) => assert!(error.to_string().starts_with("the "), "{}: {error}", fault.name()),
        }
    }
    assert!(whole > 60, "most don't matter for a list: {whole}");
}

#[tokio::test]
async fn accounts_that_the_list_hides_are_asked_for() {
    let mut world = World::new(4);
    world.run().await;
    world.person(2).enabled = false;
    world.run().await;
    world.delete(3).await;
    world.spoil("hide-inactive");
    let found = world.discover(false).await.unwrap();
    assert_eq!(
        lines(&found),
        [
            "u1 assigned linked",
            "u2 unassigned linked unlisted | accountEnabled is false",
            "u3 gone",
            "u4 assigned linked"
        ]
    );
    assert!(found.warnings[0].starts_with("the list lacks 1 linked accounts"), "{:?}", found.warnings);
    world.fault("GET", &format!("/Users/{}", found.accounts[2].id), 1, Fault::Instead(500));
    let text = error(world.discover(false).await);
    assert!(text.starts_with("one of the users, ") && text.ends_with("can't be read: status 500"), "{text}");
}

#[tokio::test]
async fn a_page_that_fails_ends_it() {
    let mut world = World::new(1);
    for number in 1..=15 {
        world.put(&format!("a{number}"), true).await;
    }
    world.fault("GET", "startIndex=11", 1, Fault::Instead(500));
    let failed = world.discover(false).await.unwrap_err();
    assert_eq!(failed.to_string(), "the users from startIndex=11 on can't be listed: status 500");
    assert!(matches!(failed, DiscoverError::Failed { what: Asked::Page(11), .. }));
    world.fault("GET", "startIndex=1&", 1, Fault::Instead(401));
    let failed = world.discover(false).await.unwrap_err();
    assert!(matches!(failed, DiscoverError::Failed { what: Asked::First, .. }), "{failed}");
    world.fault("GET", "startIndex=1&", 1, Fault::Instead(404));
    assert_eq!(error(world.discover(false).await), "the users can't be listed: status 404", "which isn't nobody");
    world.fault("GET", "startIndex=16", 1, Fault::Instead(404));
    assert_eq!(world.discover(false).await.unwrap().accounts.len(), 15, "nothing is behind the end");
    world.fault("GET", "startIndex=16", 1, Fault::Instead(500));
    assert_eq!(error(world.discover(false).await), "the users from startIndex=16 on can't be listed: status 500");
    world.fault("GET", "startIndex=1&", 1, Fault::Cancel);
    let ended = world.discover(false).await.unwrap_err();
    assert!(matches!(ended, DiscoverError::Engine(EngineError::Interrupted)), "{ended}");
}
