//! Endpoints that take PATCH differently.

use axum::http::StatusCode;
use serde_json::Value;

use super::call::{Act, Call};
use super::misbehaviour::{About, Misbehaviour};
use super::operations::{is_op, nothing, op, operations, operations_mut, path, path_text, written, written_by};
use super::reply::Reply;
use crate::scim::{AttributePath, Method, Resource, ScimType};
use crate::target::Kind;
use crate::target::answer::Problem;
use crate::target::collection::parse;
use crate::target::storage::Stored;

pub(super) const PATCHES: &[Method] = &[Method::Patch];
/// What the content of a resource is sent with.
pub(super) const CONTENT: &[Method] = &[Method::Post, Method::Put, Method::Patch];

pub(super) struct RejectCapitalOps;

impl Misbehaviour for RejectCapitalOps {
    fn about(&self) -> About {
        About::new(
            "reject-capital-ops",
            "RFC 7644 section 3.5.2 has add, replace and remove; the service writes Add, Replace and Remove",
            "Answers 400 invalidSyntax to a PATCH with an op that isn't in lower case.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        PATCHES
    }

    fn answer(&self, call: &Call) -> Option<Reply> {
        let capital = operations(&call.body).iter().map(op).find(|op| op.chars().any(char::is_uppercase))?;
        Some(refused(ScimType::InvalidSyntax, format!("`{capital}` isn't one of add, replace, remove")))
    }
}

pub(super) struct IgnoreCapitalOps;

impl Misbehaviour for IgnoreCapitalOps {
    fn about(&self) -> About {
        About::new(
            "ignore-capital-ops",
            "Polis, once SAML Jackson",
            "Answers a PATCH with success, but does nothing about an op that isn't in lower case.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        PATCHES
    }

    fn rewrite(&self, call: &mut Call) {
        let capital = |operation: &&mut Value| op(operation).chars().any(char::is_uppercase);
        operations_mut(&mut call.body).iter_mut().filter(capital).for_each(|operation| *operation = nothing());
    }
}

pub(super) struct RejectStringBool;

impl Misbehaviour for RejectStringBool {
    fn about(&self) -> About {
        About::new(
            "reject-string-bool",
            "scimmyjs/scimmy#51, AzureAD/SCIMReferenceCode#21, bytebase/bytebase#19073",
            "Answers 400 invalidValue where active is a text, \"False\" for one: leavers stay active.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        CONTENT
    }

    fn answer(&self, call: &Call) -> Option<Reply> {
        call.kind?;
        let text = written(&call.body, "active").into_iter().find(|value| value.is_string())?;
        Some(refused(ScimType::InvalidValue, format!("active is true or false, not {text}")))
    }
}

pub(super) struct RejectOpAddActive;

impl Misbehaviour for RejectOpAddActive {
    fn about(&self) -> About {
        About::new(
            "reject-op-add-active",
            "rancher/rancher#54025, getsentry/sentry#84941",
            "Answers 400 to a PATCH that adds active: who has none yet can't be disabled.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        PATCHES
    }

    fn answer(&self, call: &Call) -> Option<Reply> {
        let adds = |operation: &&Value| is_op(operation, "add") && !written_by(operation, "active").is_empty();
        operations(&call.body).iter().find(adds)?;
        Some(refused(ScimType::InvalidSyntax, "active can only be replaced".to_owned()))
    }
}

pub(super) struct NoTarget;

impl Misbehaviour for NoTarget {
    fn about(&self) -> About {
        About::new(
            "notarget-on-missing-work-email",
            "Captain-P-Goldfish/scim-for-keycloak#73, wireapp/wire-server#5419, zitadel/zitadel#9690",
            "Answers 400 noTarget where emails[type eq \"work\"] or its like matches no entry yet.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        PATCHES
    }

    fn answer(&self, call: &Call) -> Option<Reply> {
        let user = call.resource().filter(|_| call.kind == Some(Kind::User))?;
        let misses = |operation: &&Value| {
            let entry = path(operation).map(|path| AttributePath { sub_attribute: None, ..path });
            !is_op(operation, "remove")
                && entry.is_some_and(|entry| entry.filter.is_some() && entry.get(&user).is_none())
        };
        let operation = operations(&call.body).iter().find(misses)?;
        Some(refused(ScimType::NoTarget, format!("`{}` matches nothing", path_text(operation))))
    }
}

pub(super) struct RejectUnknownPath;

impl Misbehaviour for RejectUnknownPath {
    fn about(&self) -> About {
        About::new(
            "reject-whole-patch-on-unknown-path",
            "Chainguard's SCIM guide, kortix-ai/suna#7302",
            "Answers 400 invalidPath to a whole PATCH of a user if one of its paths has a value filter, \
             such as emails[type eq \"work\"].",
        )
    }

    fn methods(&self) -> &'static [Method] {
        PATCHES
    }

    fn answer(&self, call: &Call) -> Option<Reply> {
        let is_filtered = |operation: &&Value| path(operation).is_some_and(|path| path.filter.is_some());
        let operation = operations(&call.body).iter().find(is_filtered).filter(|_| call.kind == Some(Kind::User))?;
        let entry = path(operation).map(|path| AttributePath { sub_attribute: None, ..path })?;
        Some(refused(ScimType::InvalidPath, format!("the path `{entry}` isn't supported")))
    }
}

pub(super) struct ManagerMustBeObject;

impl Misbehaviour for ManagerMustBeObject {
    fn about(&self) -> About {
        About::new(
            "manager-must-be-object",
            "Captain-P-Goldfish/SCIM-SDK#686, apache/directory-scimple#1242",
            "Answers 400 invalidValue to a manager that is a bare id, as the service sends it.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        CONTENT
    }

    fn answer(&self, call: &Call) -> Option<Reply> {
        call.kind?;
        written(&call.body, "manager").into_iter().find(|value| value.is_string())?;
        Some(refused(ScimType::InvalidValue, "manager is an object with a value, not a text".to_owned()))
    }
}

pub(super) struct ReordersPatchOps;

impl Misbehaviour for ReordersPatchOps {
    fn about(&self) -> About {
        About::new(
            "reorders-patch-ops",
            "Tr3kkR/Yuzu#2127; RFC 7644 section 3.5.2 applies them in order",
            "Applies the operations of a PATCH from the last to the first.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        PATCHES
    }

    fn rewrite(&self, call: &mut Call) {
        operations_mut(&mut call.body).reverse();
    }
}

pub(super) struct BadRequestOnNoop;

impl Misbehaviour for BadRequestOnNoop {
    fn about(&self) -> About {
        About::new("400-on-noop-patch", "better-auth/better-auth#8549", "Answers 400 to a PATCH that changes nothing.")
    }

    fn methods(&self) -> &'static [Method] {
        PATCHES
    }

    fn reply(&self, call: &Call, reply: &mut Reply) {
        let content = |stored: &Stored| {
            let mut members = parse(stored).members().clone();
            members.shift_remove("meta");
            Resource::new(members)
        };
        let is_same = call.before.as_ref().zip(call.stored().as_ref()).is_some_and(|(a, b)| content(a) == content(b));
        if call.act == Act::Patch && reply.status.is_success() && is_same {
            *reply = Reply::problem(Problem::new(StatusCode::BAD_REQUEST, "there is nothing to change"));
        }
    }
}

pub(super) struct NoContentOnPatch;

impl Misbehaviour for NoContentOnPatch {
    fn about(&self) -> About {
        About::new(
            "204-on-patch",
            "scim2-server; RFC 7644 section 3.5.2 allows both",
            "Answers every PATCH that went well with 204 and no body.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        PATCHES
    }

    fn reply(&self, call: &Call, reply: &mut Reply) {
        if call.act == Act::Patch && reply.status == StatusCode::OK {
            reply.status = StatusCode::NO_CONTENT;
            reply.clear_body();
        }
    }
}

pub(super) fn refused(scim_type: ScimType, detail: String) -> Reply {
    Reply::problem(Problem::bad_request(scim_type, detail))
}
