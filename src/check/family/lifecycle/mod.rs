//! `lifecycle.*`: the engine itself, driven over cycles with a made-up directory.

mod directory;
mod group;
mod job;
mod on_demand;
mod user;
mod wire;

use crate::check::definition::{Category, Check, Need, Turn};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "lifecycle.user",
        category: Category::Mandatory,
        holds: "a user goes through a whole life, a cycle for each step: created, changed, disabled, enabled again, deleted; \
                after each step the account is as it was sent",
        reference: "Microsoft, gallery validation: Create_User, Update_User, Disable_User, Restore_User, Delete_User",
        effect: "accounts aren't what the directory says: somebody lacks access, or keeps it after leaving",
        remedy: "let the request that is shown succeed and take effect; the checks under `users` try each part of it alone",
        needs: &[Need::Writes],
        turn: Turn::Alone,
        run: |probe| Box::pin(user::lifecycle(probe)),
    },
    Check {
        id: "lifecycle.group",
        category: Category::Mandatory,
        holds: "a group goes through a whole life, a cycle for each step: created with members, renamed, members come and go, \
                deleted, created again; after each step it is as it was sent",
        reference: "Microsoft, gallery validation: Create_Group, Update_Group, Add_Member, Remove_Member, Delete_Group, \
                    Restore_Group",
        effect: "groups aren't what the directory says: people have access through groups that they have left, or lack it",
        remedy: "let the request that is shown succeed and take effect; the checks under `groups` try each part of it alone",
        needs: &[Need::Writes, Need::Groups],
        turn: Turn::Alone,
        run: |probe| Box::pin(group::lifecycle(probe)),
    },
    Check {
        id: "lifecycle.on-demand",
        category: Category::Mandatory,
        holds: "a user, and a group with members where there are groups, can be provisioned on demand: looked up, created and \
                changed at once",
        reference: "Microsoft, gallery validation: POD_User, POD_Group; On-demand provisioning in Microsoft Entra ID",
        effect: "Provision on demand in the portal fails, with which admins try a new application first",
        remedy: "let the request that is shown succeed and take effect; provision on demand always writes PATCH in the \
                 service's older form, whatever flag the tenant URL has",
        needs: &[Need::Writes],
        turn: Turn::Alone,
        run: |probe| Box::pin(on_demand::provision(probe)),
    },
];
