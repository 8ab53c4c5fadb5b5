//! A company before and after a working day: users, groups, members, managers.

use std::ops::RangeInclusive;

use crate::support::process::{Sandbox, user_id, user_name, users};

/// Whom the endpoint refuses to create; a member of groups and somebody's manager.
pub(super) const REFUSED: u32 = 13;

const BEFORE: u32 = 30;
const AFTER: u32 = 36;
const IN_RECYCLE_BIN: [u32; 2] = [3, 4];
const GONE: u32 = 8;

/// The config; whoever failed is tried again in every cycle.
pub(super) fn set_up(sandbox: &Sandbox, tenant_url: &str) {
    let config = format!(
        "job = \"test\"\n\n[target]\ntenant_url = \"{tenant_url}\"\nrate = \"unlimited\"\nconcurrency = 4\n\
         secret_token_env = \"TOKEN\"\n\n[source]\nusers = \"users.csv\"\ndeleted_users = \"deleted.csv\"\n\
         groups = \"groups.csv\"\nmembers = \"members.csv\"\nmanagers = \"managers.csv\"\nmax_missing = 1.0\n\n\
         [provisioning]\nmapping = \"scim\"\nscope = \"all\"\n\n[escrow]\nschedule = [\"1ms\"]\n"
    );
    sandbox.write("scimulate.toml", config);
}

/// Thirty users in five groups.
pub(super) fn write_before(sandbox: &Sandbox) {
    sandbox.write("users.csv", users(1..=BEFORE));
    sandbox.write("deleted.csv", deleted([]));
    sandbox.write("groups.csv", groups(&[(1, "Team 1"), (2, "Team 2"), (3, "Team 3"), (4, "Team 4"), (5, "Team 5")]));
    sandbox
        .write("members.csv", members(1..=5, &(1..=BEFORE), |user, group| user % 5 + 1 == group || user % 7 == group));
    sandbox.write("managers.csv", managers((2..=BEFORE).map(|user| (user, user / 2))));
}

/// Some joined, left, moved, were promoted; a group was made, one renamed, one deleted.
pub(super) fn write_after(sandbox: &Sandbox) {
    let stays = |user: &u32| *user != GONE && !IN_RECYCLE_BIN.contains(user);
    let text = users((1..=AFTER).filter(stays));
    let promoted: Vec<_> = text
        .lines()
        .enumerate()
        .map(|(line, text)| if line % 6 == 2 { text.replace("Engineer", "Lead") } else { text.to_owned() })
        .collect();
    sandbox.write("users.csv", promoted.join("\n") + "\n");
    sandbox.write("deleted.csv", deleted(IN_RECYCLE_BIN));
    sandbox.write("groups.csv", groups(&[(1, "Team 1"), (2, "Team two"), (3, "Team 3"), (4, "Team 4"), (6, "Team 6")]));
    let belongs = |user, group| if group < 4 { (user + 1) % 5 + 1 == group } else { user % 5 + 1 == group };
    sandbox.write("members.csv", members([1, 2, 3, 4, 6], &(1..=AFTER), belongs));
    // Every ninth has no manager any more.
    let manager = |user: u32| if user.is_multiple_of(4) { user / 3 } else { user / 2 };
    let managed = (2..=AFTER).filter(|user| !user.is_multiple_of(9));
    sandbox.write("managers.csv", managers(managed.map(|user| (user, manager(user)))));
}

fn deleted<const COUNT: usize>(numbers: [u32; COUNT]) -> String {
    let text = users(numbers);
    let with = |(line, text): (usize, &str)| {
        format!("{text},{}\n", if line == 0 { "deletedDateTime" } else { "2026-03-01T10:00:00Z" })
    };
    text.lines().enumerate().map(with).collect()
}

fn group_id(number: u32) -> String {
    format!("9c2b7d4e-0000-4000-8000-{number:012}")
}

fn groups(groups: &[(u32, &str)]) -> String {
    let row = |(number, name): &(u32, &str)| format!("{},{name},True\n", group_id(*number));
    format!("id,displayName,securityEnabled\n{}", groups.iter().map(row).collect::<String>())
}

fn members(
    groups: impl IntoIterator<Item = u32>,
    users: &RangeInclusive<u32>,
    belongs: impl Fn(u32, u32) -> bool,
) -> String {
    let mut text = "groupId,memberId\n".to_owned();
    for group in groups {
        for user in users.clone().filter(|user| belongs(*user, group)) {
            text.extend([&group_id(group), ",", &user_id(user), "\n"]);
        }
    }
    text
}

fn managers(pairs: impl Iterator<Item = (u32, u32)>) -> String {
    let row = |(user, manager)| format!("{},{}\n", user_id(user), user_id(manager));
    format!("userId,managerId\n{}", pairs.map(row).collect::<String>())
}

/// Name of the account that is refused.
pub(super) fn refused() -> String {
    user_name(REFUSED)
}
