//! The results under the names of Microsoft's own tests.

use super::words::Outcome;
use crate::check::{CheckReport, CheckResult, Skipped, Status};

/// One of Microsoft's tests, and the checks that ask the same.
#[derive(Debug)]
pub(super) struct Test {
    /// Microsoft's number where it has one, otherwise its place.
    pub(super) number: u8,
    /// Microsoft's name.
    pub(super) name: &'static str,
    pub(super) weight: Weight,
    pub(super) checks: &'static [&'static str],
}

/// How much a test weighs at Microsoft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    Required,
    /// It is asked for only where the application says that it can do it.
    Optional,
    /// It is tried, but counts for nothing yet.
    Preview,
}

impl Weight {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Optional => "optional",
            Self::Preview => "preview",
        }
    }

    /// What is said beside its name.
    pub(super) fn note(self) -> Option<&'static str> {
        (self != Self::Required).then(|| self.as_str())
    }
}

/// The test of federation, which no check asks.
const FEDERATION: &str = "Federated_Identity";

const fn test(number: u8, name: &'static str, checks: &'static [&'static str]) -> Test {
    Test { number, name, weight: Weight::Required, checks }
}

const fn optional(number: u8, name: &'static str, checks: &'static [&'static str]) -> Test {
    Test { number, name, weight: Weight::Optional, checks }
}

const fn preview(number: u8, name: &'static str, checks: &'static [&'static str]) -> Test {
    Test { number, name, weight: Weight::Preview, checks }
}

/// The automated tests before an application is listed in the gallery.
pub(super) static GALLERY: [Test; 25] = [
    test(1, "Create_User", &["lifecycle.user", "users.create"]),
    test(2, "Update_User", &["lifecycle.user", "users.patch.replace"]),
    test(3, "Disable_User", &["lifecycle.user", "users.disable"]),
    optional(4, "Delete_User", &["lifecycle.user", "users.delete"]),
    test(5, "User_Update_Manager", &["users.manager"]),
    test(6, "Restore_User", &["lifecycle.user", "users.enable"]),
    test(7, "POD_User", &["lifecycle.on-demand"]),
    test(8, "Create_Group", &["lifecycle.group", "groups.create"]),
    test(9, "Update_Group", &["lifecycle.group", "groups.patch"]),
    optional(10, "Delete_Group", &["lifecycle.group", "groups.delete"]),
    test(11, "Add_Member", &["groups.members.add"]),
    test(12, "Remove_Member", &["groups.members.remove"]),
    test(13, "POD_Group", &["lifecycle.on-demand", "groups.create"]),
    optional(14, "Restore_Group", &["lifecycle.group", "groups.recreate"]),
    test(15, "Schema_Discoverability", &["discovery.schemas"]),
    test(16, "SCIM_Null_Update", &["users.patch.null"]),
    test(17, "SCIM_User_Create", &["users.create"]),
    test(18, "SCIM_User_Update", &["users.patch.replace"]),
    test(19, "SCIM_Group_Create", &["groups.create"]),
    test(20, "SCIM_Group_Update", &["groups.patch"]),
    test(21, "Validate_Credentials", &["connect.token"]),
    test(22, FEDERATION, &[]),
    test(23, "SCIM_User_Pagination", &["users.list.paging"]),
    optional(24, "SCIM_Group_Pagination", &["groups.paging"]),
    test(25, "SCIM_Update_Manager", &["users.manager"]),
];

/// The tests of the SCIM Validator; it doesn't number them.
pub(super) static VALIDATOR: [Test; 32] = [
    test(1, "Create a new User", &["users.create"]),
    test(2, "Create a duplicate User", &["users.create.duplicate"]),
    test(3, "Delete a User", &["users.delete"]),
    test(4, "Filter for an existing user", &["users.filter.match"]),
    test(5, "Filter for a non-existing user", &["users.filter.none"]),
    test(6, "Filter for an existing user with a different case", &["users.filter.case"]),
    test(7, "Patch User - Replace Attributes Verbose", &["users.patch.replace"]),
    test(8, "Update User userName", &["users.patch.userName"]),
    test(9, "Patch User - Disable User", &["users.disable"]),
    test(10, "Patch User - Add Attributes Verbose", &["users.patch.add"]),
    test(11, "Patch User - Add Manager", &["users.manager"]),
    test(12, "Patch User - Replace Manager", &["users.manager"]),
    test(13, "Patch User - Remove Manager", &["users.manager"]),
    test(14, "Create a new Group", &["groups.create"]),
    test(15, "Create a duplicate Group", &["groups.create"]),
    test(16, "Get group by id excluding members", &["groups.get"]),
    test(17, "Delete a Group", &["groups.delete"]),
    test(18, "Filter for existing group excluding members", &["groups.filter"]),
    test(19, "Filter for an existing group", &["groups.filter"]),
    test(20, "Filter for a non-existing group", &["groups.filter"]),
    test(21, "Filter for existing group different case", &["groups.filter"]),
    test(22, "Update Group displayName", &["groups.patch"]),
    test(23, "Patch Group - Replace Attributes", &["groups.patch"]),
    test(24, "Patch Group - Add Member", &["groups.members.add"]),
    test(25, "Patch Group - Remove Member", &["groups.members.remove"]),
    preview(26, "Patch User - Multiple Ops different attrs", &["users.patch.many"]),
    preview(27, "Patch User - Multiple Ops same attr", &["users.patch.many"]),
    preview(28, "Delete a non-existent User", &["users.delete"]),
    preview(29, "Delete the same User twice", &["users.delete"]),
    preview(30, "Delete a non-existent Group", &["groups.delete"]),
    preview(31, "Delete the same Group twice", &["groups.delete"]),
    preview(32, "Patch Group - Multiple Ops same attr", &["groups.members.add"]),
];

impl Test {
    /// Its name, and whether it is one that needn't pass.
    pub(super) fn label(&self) -> String {
        self.weight.note().map_or_else(|| self.name.to_owned(), |note| format!("{} ({note})", self.name))
    }
}

/// What one of Microsoft's tests comes to.
pub(super) struct Judged {
    pub(super) test: &'static Test,
    /// The worst of its checks: one that wasn't tried weighs more than one that passed.
    pub(super) outcome: Outcome,
    /// Why it is skipped.
    pub(super) why: Option<String>,
}

impl Judged {
    /// Why it is skipped, or else its checks.
    pub(super) fn told(&self) -> String {
        self.why.clone().unwrap_or_else(|| self.test.checks.join(", "))
    }
}

/// What Microsoft's tests come to.
pub(super) fn judged(report: &CheckReport, tests: &'static [Test]) -> Vec<Judged> {
    tests.iter().map(|test| judge(report, test)).collect()
}

fn judge(report: &CheckReport, test: &'static Test) -> Judged {
    let results: Vec<_> = test.checks.iter().filter_map(|id| report.result(id)).collect();
    let worst = results.iter().min_by_key(|result| weight(result));
    let (outcome, why) = match worst {
        None if test.name == FEDERATION => {
            (Outcome::Skipped, Some("it is about single sign-on, which isn't checked".to_owned()))
        }
        None => (Outcome::Skipped, Some(format!("not selected: {}", test.checks.join(", ")))),
        Some(result) => (Outcome::of(result), result.skipped.as_ref().map(Skipped::text)),
    };
    Judged { test, outcome, why: why.map(|why| super::words::one_line(&why)) }
}

fn weight(result: &CheckResult) -> u8 {
    match (result.status, &result.skipped) {
        (Status::Failed, _) if !result.known => 0,
        (Status::Failed, _) => 1,
        (Status::Skipped, Some(Skipped::Blocked { .. } | Skipped::Interrupted)) => 2,
        (Status::Warned, _) => 3,
        (Status::Skipped, _) => 4,
        (Status::Passed, _) => 5,
    }
}

/// Microsoft's tests under which a check is counted: those of the gallery, those of the validator.
pub(super) fn counted_under(id: &str) -> [Vec<&'static Test>; 2] {
    let of = |tests: &'static [Test]| tests.iter().filter(|test| test.checks.contains(&id)).collect();
    [of(&GALLERY), of(&VALIDATOR)]
}
