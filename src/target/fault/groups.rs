//! Endpoints that take changes of members differently.

use axum::http::StatusCode;
use serde_json::Value;

use super::call::{Act, Call};
use super::misbehaviour::{About, Misbehaviour};
use super::operations::{
    is_op, is_whole, member, member_ids, members_of, nothing, operations, operations_mut, path, pathless, written_by,
};
use super::patches::{CONTENT, PATCHES, refused};
use super::reply::Reply;
use crate::scim::{Method, Resource, ScimType, get};
use crate::target::Kind;
use crate::target::answer::Problem;
use crate::target::collection::parse;

pub(super) struct RemoveMembersWipesGroup;

impl Misbehaviour for RemoveMembersWipesGroup {
    fn about(&self) -> About {
        About::new(
            "remove-members-wipes-group",
            "simpleidserver/SimpleIdServer#164, MicrosoftDocs/azure-docs#30826",
            "Removes all members where a PATCH lists those to be removed, as it ignores the list.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        PATCHES
    }

    fn rewrite(&self, call: &mut Call) {
        for operation in operations_mut(&mut call.body).iter_mut().filter(|operation| removes_list(operation)) {
            if let Value::Object(members) = operation {
                members.retain(|name, _| !name.eq_ignore_ascii_case("value"));
            }
        }
    }
}

/// Whether an operation is a removal of members that its value lists.
fn removes_list(operation: &Value) -> bool {
    is_op(operation, "remove") && is_whole(operation, "members") && member(operation, "value").is_some()
}

pub(super) struct PathlessReplaceWipesGroup;

impl Misbehaviour for PathlessReplaceWipesGroup {
    fn about(&self) -> About {
        About::new(
            "pathless-replace-wipes-group",
            "langwatch/langwatch#7131",
            "Removes all members where a PATCH replaces other attributes of a group without a path.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        PATCHES
    }

    fn store(&self, call: &Call, _before: Option<&Resource>, after: &mut Resource) {
        let wipes = |operation: &Value| {
            is_op(operation, "replace") && pathless(operation).is_some_and(|members| get(members, "members").is_none())
        };
        if call.kind == Some(Kind::Group) && operations(&call.body).iter().any(wipes) {
            after.members_mut().shift_remove("members");
        }
    }
}

pub(super) struct NoopOnFilteredRemove;

impl Misbehaviour for NoopOnFilteredRemove {
    fn about(&self) -> About {
        About::new(
            "noop-200-on-filtered-remove",
            "goauthentik/authentik#24173",
            "Answers 200 to a removal by members[value eq \"…\"], but removes nothing.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        PATCHES
    }

    fn rewrite(&self, call: &mut Call) {
        let is_filtered = |operation: &&mut Value| removes_filtered(operation);
        operations_mut(&mut call.body).iter_mut().filter(is_filtered).for_each(|operation| *operation = nothing());
    }

    fn reply(&self, call: &Call, reply: &mut Reply) {
        if reply.status == StatusCode::NO_CONTENT
            && operations(&call.body).iter().any(removes_filtered)
            && let Some(stored) = call.stored()
        {
            reply.status = StatusCode::OK;
            reply.set_scim(call.project(call.located(&stored)).into_value().to_string());
        }
    }
}

fn removes_filtered(operation: &Value) -> bool {
    is_op(operation, "remove") && path(operation).is_some_and(|path| path.filter.is_some())
}

pub(super) struct RejectValueListRemoval;

impl Misbehaviour for RejectValueListRemoval {
    fn about(&self) -> About {
        About::new(
            "reject-value-list-removal",
            "scim2-server; RFC 7644 section 3.5.2.2 has no value in a removal",
            "Answers 400 invalidValue to a PATCH that lists the members to be removed.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        PATCHES
    }

    fn answer(&self, call: &Call) -> Option<Reply> {
        operations(&call.body).iter().find(|operation| removes_list(operation))?;
        Some(refused(ScimType::InvalidValue, "a removal has no value, its path says what goes".to_owned()))
    }
}

pub(super) struct ConflictOnRepeatedMember;

impl Misbehaviour for ConflictOnRepeatedMember {
    fn about(&self) -> About {
        About::new(
            "409-on-repeat-member-add",
            "Infisical/infisical#6471, simpleidserver/SimpleIdServer#245, wso2/product-is#5333",
            "Answers 409 to a PATCH that adds somebody who is a member already.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        PATCHES
    }

    fn answer(&self, call: &Call) -> Option<Reply> {
        let group = call.resource().filter(|_| call.kind == Some(Kind::Group))?;
        let repeated = added(&call.body).into_iter().find(|id| members_of(&group).contains(id))?;
        Some(Reply::problem(Problem::conflict(format!("`{repeated}` is a member already"))))
    }
}

/// The members that a PATCH adds.
fn added(body: &Value) -> Vec<&str> {
    let adding = operations(body).iter().filter(|operation| is_op(operation, "add"));
    adding.flat_map(|operation| written_by(operation, "members")).flat_map(member_ids).collect()
}

pub(super) struct DuplicateMembers;

impl Misbehaviour for DuplicateMembers {
    fn about(&self) -> About {
        About::new("duplicate-members", "SCIMMY", "Keeps a member twice who is added twice.")
    }

    fn methods(&self) -> &'static [Method] {
        PATCHES
    }

    fn store(&self, call: &Call, before: Option<&Resource>, after: &mut Resource) {
        let Some(before) = before.filter(|_| call.kind == Some(Kind::Group)) else { return };
        let repeated = added(&call.body).into_iter().filter(|id| members_of(before).contains(id));
        let mut again: Vec<_> = repeated.map(|id| serde_json::json!({ "value": id })).collect();
        if let Some(Value::Array(members)) = after.members_mut().get_mut("members") {
            members.append(&mut again);
        }
    }
}

pub(super) struct DropMembers;

impl Misbehaviour for DropMembers {
    fn about(&self) -> About {
        About::new("drop-members", "Polis, once SAML Jackson", "Accepts members of a group, but keeps none.")
    }

    fn methods(&self) -> &'static [Method] {
        CONTENT
    }

    fn store(&self, call: &Call, _before: Option<&Resource>, after: &mut Resource) {
        if call.kind == Some(Kind::Group) {
            after.members_mut().shift_remove("members");
        }
    }
}

pub(super) struct LostUpdate;

impl Misbehaviour for LostUpdate {
    fn about(&self) -> About {
        About::new(
            "lost-update",
            "fleetdm/fleet#50724, scimmyjs/scimmy#79: groups are read, changed and written without a lock",
            "Applies a change of members to the group as it was before its last change, which is lost by it.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        PATCHES
    }

    fn looks_back(&self) -> bool {
        true
    }

    fn store(&self, call: &Call, before: Option<&Resource>, after: &mut Resource) {
        let Some((before, older)) = before.zip(call.older()).filter(|_| call.act == Act::Patch) else { return };
        if call.kind != Some(Kind::Group) || members_of(before) == members_of(after) {
            return;
        }
        let (older, changed) = (parse(&older), after.clone());
        let mut members: Vec<Value> = older.get("members").and_then(Value::as_array).cloned().unwrap_or_default();
        let is_in = |group: &Resource, entry: &Value| {
            member(entry, "value").and_then(Value::as_str).is_some_and(|id| members_of(group).contains(&id))
        };
        members.retain(|entry| !is_in(before, entry) || is_in(&changed, entry));
        let entries = changed.get("members").and_then(Value::as_array).into_iter().flatten();
        members.extend(entries.filter(|entry| !is_in(before, entry)).cloned());
        after.members_mut().insert("members".to_owned(), Value::Array(members));
    }
}
