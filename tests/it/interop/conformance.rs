//! The built-in endpoint as another project's checker of SCIM servers sees it, in both profiles, with and without
//! leniencies.

use std::process::{Command, Stdio};

use serde_json::Value;

use super::peer;
use crate::support::process::{Sandbox, Server, TOKEN};

/// What fails where WEDO is played: the checker takes for granted that `externalId` can be written and read, but WEDO
/// keeps ten attributes, and that isn't one of them.
const WEDO: &[&str] = &[
    "check_add_attribute",
    "check_replace_attribute",
    "object_list_with_attributes",
    "object_query_with_attributes",
    "search_with_attributes",
];

#[test]
fn scim2_tester_finds_nothing_that_is_not_explained() {
    let Some(installed) = peer::installed("scim2-tester") else { return };
    for (arguments, explained) in
        [("--profile scim", &[][..]), ("--profile scim --strict", &[]), ("", WEDO), ("--strict", WEDO)]
    {
        let server = Server::start_in(&Sandbox::empty(), arguments);
        let output = Command::new("python3")
            .arg(peer::scripts().join("scim2-tester/check.py"))
            .args([&server.url, TOKEN])
            .env("PYTHONPATH", installed.join("packages"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::null())
            .output()
            .expect("python3 runs, it has installed the checker");
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let checks: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
        assert!(checks.len() > 40, "{arguments}: {told}");
        let failed = || checks.iter().filter(|check| check["status"] != "SUCCESS");
        let mut names: Vec<_> = failed().map(|check| check["check"].as_str().unwrap_or_default()).collect();
        names.sort_unstable();
        assert_eq!(names, explained, "{arguments}: {:#?}", failed().collect::<Vec<_>>());
        for check in failed() {
            assert!(check["reason"].as_str().is_some_and(|reason| reason.contains("externalId")), "{check}");
        }
    }
}
