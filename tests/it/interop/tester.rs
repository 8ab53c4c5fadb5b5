//! scim2-tester, a conformance suite of others, against the built-in endpoint in each profile, lenient and strict.

use serde_json::Value;

use super::peer::{install, python};
use crate::support::process::{Sandbox, Server, TOKEN};

/// What isn't passed: the title of the check, a part of its reason, and why that is right.
type Explained = (&'static str, &'static str, &'static str);

/// WEDO documents nine attributes; RFC 7643 section 3.1 leaves `externalId` to the service provider.
const WEDO: &[Explained] = &[
    ("object_query_with_attributes", "'externalId' missing", "WEDO's users have no externalId"),
    ("object_list_with_attributes", "'externalId' missing", "WEDO's users have no externalId"),
    ("search_with_attributes", "'externalId' missing", "WEDO's users have no externalId"),
    ("check_add_attribute", "`externalId` isn't an attribute", "WEDO's users have no externalId"),
    ("check_replace_attribute", "`externalId` isn't an attribute", "WEDO's users have no externalId"),
];

#[test]
fn scim2_tester_passes_the_scim_profile() {
    check("--profile scim", &[]);
}

#[test]
fn scim2_tester_passes_the_strict_scim_profile() {
    check("--profile scim --strict", &[]);
}

#[test]
fn scim2_tester_passes_the_wedo_profile() {
    check("--profile wedo", WEDO);
}

#[test]
fn scim2_tester_passes_the_strict_wedo_profile() {
    check("--profile wedo --strict", WEDO);
}

/// Every check passes but those that are explained, and each of these fails as it is explained.
fn check(flags: &str, explained: &[Explained]) {
    let Some(installed) = install("scim2-tester") else { return };
    let sandbox = Sandbox::empty();
    let server = Server::start_in(&sandbox, flags);
    let output = python(&installed, "scim2-tester/check.py").args([&server.url, TOKEN]).output().expect("python3 runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let results: Vec<Value> =
        output.stdout.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
    let text = |result: &Value, member: &str| result[member].as_str().unwrap_or_default().to_owned();
    let is_passed = |result: &&Value| matches!(&*text(result, "status"), "SUCCESS" | "COMPLIANT" | "ACCEPTABLE");
    let passed = results.iter().filter(is_passed).count();
    let failed: Vec<&Value> = results.iter().filter(|result| !is_passed(result)).collect();
    let matches = |(title, reason, _): &Explained, result: &Value| {
        text(result, "title") == *title && text(result, "reason").contains(reason)
    };
    let unexplained: Vec<_> =
        failed.iter().filter(|result| !explained.iter().any(|known| matches(known, result))).collect();
    assert!(unexplained.is_empty(), "{flags}: {unexplained:#?}");
    let stale: Vec<_> = explained.iter().filter(|known| !failed.iter().any(|result| matches(known, result))).collect();
    assert!(stale.is_empty(), "{flags}: these pass by now: {stale:?}");
    assert!(passed > 60, "{flags}: only {passed} checks were passed");
    #[expect(clippy::print_stdout, reason = "the summary is asked for")]
    {
        println!("scim2-tester, {flags}: {passed} passed, {} failed as explained", failed.len());
    }
}
