//! Endpoints that don't keep what has to stay: whom they let in, ids, all entries of a list.

use serde_json::Value;

use super::call::{Act, Call};
use super::misbehaviour::{About, Misbehaviour};
use super::operations::{is_op, member, operations, pathless, written_by};
use super::patches::{CONTENT, PATCHES, refused};
use super::reply::Reply;
use crate::scim::{Method, Resource, ScimType};
use crate::target::Kind;
use crate::target::answer::Problem;

pub(super) struct AcceptAnyToken;

impl Misbehaviour for AcceptAnyToken {
    fn about(&self) -> About {
        About::new(
            "accept-any-token",
            "endpoints whose check of the token was left out or switched off; RFC 7644 section 2",
            "Lets everybody in, with a wrong token or none.",
        )
    }

    fn lets_in(&self) -> bool {
        true
    }
}

pub(super) struct OtherIdOnPatch;

impl Misbehaviour for OtherIdOnPatch {
    fn about(&self) -> About {
        About::new(
            "other-id-on-patch",
            "endpoints that answer with the key of a version; RFC 7643 section 3.1: an id never changes",
            "Answers a PATCH with the resource under another id, as if each change made a new one.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        PATCHES
    }

    fn reply(&self, call: &Call, reply: &mut Reply) {
        if call.kind.is_some() && reply.status.is_success() {
            reply.change_resources(|members| {
                if let Some(Value::String(id)) = members.get_mut("id") {
                    id.push_str("-v2");
                }
            });
        }
    }
}

pub(super) struct OneEntryPerList;

impl Misbehaviour for OneEntryPerList {
    fn about(&self) -> About {
        About::new(
            "one-entry-per-list",
            "endpoints that have one column for each of emails, phoneNumbers and addresses",
            "Keeps the first entry of each list of a user, so that a mobile number gets lost beside that at work.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        CONTENT
    }

    fn store(&self, call: &Call, _before: Option<&Resource>, after: &mut Resource) {
        if call.kind != Some(Kind::User) {
            return;
        }
        for (name, value) in after.members_mut().iter_mut() {
            if let (false, Value::Array(entries)) = (name == "schemas", value) {
                entries.truncate(1);
            }
        }
    }
}

pub(super) struct DeletedNamesStayTaken;

impl Misbehaviour for DeletedNamesStayTaken {
    fn about(&self) -> About {
        About::new(
            "deleted-names-stay-taken",
            "endpoints that only mark what is deleted, and count its names as taken",
            "Answers 409 to a POST with the userName or displayName of something that was deleted.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        &[Method::Post, Method::Delete]
    }

    fn looks_back(&self) -> bool {
        true
    }

    fn answer(&self, call: &Call) -> Option<Reply> {
        let name = match call.kind.filter(|_| call.act == Act::Create)? {
            Kind::User => member(&call.body, "userName"),
            Kind::Group => member(&call.body, "displayName"),
        };
        call.is_gone(name?.as_str()?).then(|| Reply::problem(Problem::conflict("the name is taken already")))
    }
}

pub(super) struct AsciiOnly;

impl Misbehaviour for AsciiOnly {
    fn about(&self) -> About {
        About::new(
            "ascii-only",
            "databases whose text is in a code page",
            "Stores `?` for each letter that isn't in ASCII, and answers with success.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        CONTENT
    }

    fn store(&self, _call: &Call, _before: Option<&Resource>, after: &mut Resource) {
        after.members_mut().values_mut().for_each(flatten);
    }
}

fn flatten(value: &mut Value) {
    match value {
        Value::String(text) if !text.is_ascii() => {
            *text = text.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect();
        }
        Value::Array(values) => values.iter_mut().for_each(flatten),
        Value::Object(members) => members.values_mut().for_each(flatten),
        _ => {}
    }
}

pub(super) struct RejectNull;

impl Misbehaviour for RejectNull {
    fn about(&self) -> About {
        About::new(
            "reject-null",
            "better-auth 1.7, scimmy 1.3; Microsoft's gallery validation writes both (SCIM_Null_Update)",
            "Answers 400 invalidValue to a PATCH that gives an attribute null or an empty text.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        PATCHES
    }

    fn answer(&self, call: &Call) -> Option<Reply> {
        call.kind?;
        let is_nothing = |value: &Value| value.is_null() || value == "";
        let clears = |operation: &&Value| {
            let several = pathless(operation).is_some_and(|members| members.values().any(is_nothing));
            several || member(operation, "value").is_some_and(is_nothing)
        };
        operations(&call.body).iter().filter(|operation| !is_op(operation, "remove")).find(clears)?;
        Some(refused(ScimType::InvalidValue, "a value is expected".to_owned()))
    }
}

pub(super) struct ImmutableUserName;

impl Misbehaviour for ImmutableUserName {
    fn about(&self) -> About {
        About::new(
            "immutable-username",
            "endpoints that use userName as their key",
            "Answers 400 mutability to a PATCH with another userName, so that who is renamed can't be updated at all.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        PATCHES
    }

    fn answer(&self, call: &Call) -> Option<Reply> {
        let user = call.resource().filter(|_| call.kind == Some(Kind::User))?;
        let written = operations(&call.body).iter().flat_map(|operation| written_by(operation, "userName"));
        let mut others = written.filter(|name| Some(*name) != user.get("userName"));
        others.next()?;
        Some(refused(ScimType::Mutability, "userName can't be changed".to_owned()))
    }
}
