//! The embedded endpoint is as Microsoft wants it.

use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};

use super::*;
use crate::check::bench::Bench;
use crate::check::probe::Probe;
use crate::schema::ObjectKind;

#[tokio::test]
async fn both_profiles_and_both_dialects_are_green() {
    for profile in ["wedo", "scim"] {
        for flags in ["", "?aadOptscim062020"] {
            let world = World { flags, ..World::new(profile) };
            let (endpoint, report) = world.check().await;
            assert_eq!(red(&report), BTreeSet::new(), "{profile} {flags}\n{}", told(&report));
            let left: Vec<_> = endpoint.resources().unwrap().into_iter().map(|user| user.id()).collect();
            assert_eq!((report.leftovers.as_slice(), left), ([].as_slice(), Vec::new()), "{profile}");
            let is_blocked = |result: &&CheckResult| matches!(result.skipped, Some(Skipped::Blocked { .. }));
            assert_eq!(report.results.iter().find(is_blocked).map(|result| result.check.id), None);
        }
    }
}

/// Answers 500 while another request is under way.
async fn alone_or_not(State(under_way): State<Arc<AtomicUsize>>, request: Request, next: Next) -> Response {
    let others = under_way.fetch_add(1, Ordering::SeqCst);
    tokio::task::yield_now().await;
    let response =
        if others == 0 { next.run(request).await } else { StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    under_way.fetch_sub(1, Ordering::SeqCst);
    response
}

#[tokio::test]
async fn what_fails_beside_others_alone_is_told_as_that() {
    let world = World { skip: vec!["load".to_owned()], concurrency: 2, ..World::new("scim") };
    let (endpoint, options, _, clock) = world.begin();
    let router = endpoint.router().layer(from_fn_with_state(Arc::<AtomicUsize>::default(), alone_or_not));
    let time = clock.clone();
    let connect = Rc::new(move |options: ClientOptions| Client::in_process(router.clone(), options, time.clone()));
    let report = run(options, connect, clock, CancellationToken::new(), &mut |_| {}).await.unwrap();
    let failed: Vec<_> = report.results.iter().filter(|result| result.status == Status::Failed).collect();
    let of_others = report.results.iter().flat_map(|result| &result.findings);
    let causes: BTreeSet<_> = of_others.map(|finding| finding.cause.as_str()).collect();
    assert!(causes.contains("fails-beside-others") && failed.is_empty(), "{}", told(&report));
}

#[tokio::test]
async fn nothing_is_made_under_a_name_that_others_may_have() {
    let (endpoint, options, connect, clock) = World::new("scim").begin();
    let bench = Rc::new(Bench::new(options, connect, clock, CancellationToken::new()).unwrap());
    let probe = Probe::new(Rc::clone(&bench), find("users.create").unwrap());
    let upper = bench.prefix.to_uppercase();
    for (name, is_made) in [("", false), ("ann@contoso.com", false), (&*format!("{upper}-1@contoso.com"), true)] {
        let body = serde_json::json!({ "schemas": [crate::scim::urn::USER], "userName": name });
        let made = probe.create(ObjectKind::User, name, body).await;
        assert_eq!(made.is_ok(), is_made, "{name}: {made:?}");
        assert_eq!((endpoint.resources().unwrap().len(), bench.made.left().len()), (is_made.into(), is_made.into()));
    }
}
