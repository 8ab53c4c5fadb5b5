//! The embedded endpoint is as Microsoft wants it.

use super::*;

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
