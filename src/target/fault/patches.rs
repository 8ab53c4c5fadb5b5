//! Endpoints that take PATCH differently.

use axum::body::Body;
use axum::http::Response;
use axum::response::IntoResponse;
use serde_json::{Map, Value, json};

use super::misbehaviour::{About, Call, Misbehaviour};
use crate::scim::{AttributePath, Method, Resource, ScimType, get, spelling};
use crate::target::answer::Problem;

pub(super) struct RejectWorkEmailPath;

impl Misbehaviour for RejectWorkEmailPath {
    fn about(&self) -> About {
        About {
            name: "reject-work-email-path",
            source: "Chainguard's SCIM guide",
            explanation: "Refuses a whole PATCH with 400 invalidPath if one of its paths is emails[type eq \"work\"].",
        }
    }

    fn methods(&self) -> &'static [Method] {
        &[Method::Patch]
    }

    fn answer(&self, call: &Call) -> Option<Response<Body>> {
        let is_work = |path: &AttributePath| {
            let filter = path.filter.as_ref().map(ToString::to_string);
            path.attribute.eq_ignore_ascii_case("emails") && filter.is_some_and(|text| text == "type eq \"work\"")
        };
        let refused = operations(&call.body).iter().any(|operation| path(operation).as_ref().is_some_and(is_work));
        refused.then(|| {
            let detail = "the path `emails[type eq \"work\"]` isn't supported";
            Problem::bad_request(ScimType::InvalidPath, detail).into_response()
        })
    }
}

pub(super) struct LiteralDottedKeys;

impl Misbehaviour for LiteralDottedKeys {
    fn about(&self) -> About {
        About {
            name: "literal-dotted-keys",
            source: "thomaspoignant/scim-patch#132, pingidentity/scim2#224",
            explanation: "Stores name.givenName of an operation without a path under that very name.",
        }
    }

    fn methods(&self) -> &'static [Method] {
        &[Method::Patch]
    }

    fn rewrite(&self, call: &mut Call) {
        for members in operations_mut(&mut call.body).iter_mut().filter_map(pathless_mut) {
            members.retain(|key, _| !is_dotted(key));
        }
    }

    fn store(&self, sent: &Value, _before: Option<&Resource>, after: &mut Resource) {
        let without_path = operations(sent).iter().filter(|operation| member(operation, "path").is_none());
        for (key, value) in without_path.filter_map(|operation| member(operation, "value")?.as_object()).flatten() {
            if is_dotted(key) {
                after.members_mut().insert(key.clone(), value.clone());
            }
        }
    }
}

pub(super) struct RemoveMembersWipesGroup;

impl Misbehaviour for RemoveMembersWipesGroup {
    fn about(&self) -> About {
        About {
            name: "remove-members-wipes-group",
            source: "simpleidserver/SimpleIdServer#164, MicrosoftDocs/azure-docs#30826",
            explanation: "Removes all members where a PATCH lists those to be removed, as it ignores the list.",
        }
    }

    fn methods(&self) -> &'static [Method] {
        &[Method::Patch]
    }

    fn rewrite(&self, call: &mut Call) {
        for operation in operations_mut(&mut call.body) {
            let whole = path(operation)
                .is_some_and(|path| path.attribute.eq_ignore_ascii_case("members") && path.filter.is_none());
            if is_remove(operation)
                && whole
                && let Value::Object(members) = operation
            {
                members.retain(|name, _| !name.eq_ignore_ascii_case("value"));
            }
        }
    }
}

pub(super) struct NoopOnFilteredRemove;

impl Misbehaviour for NoopOnFilteredRemove {
    fn about(&self) -> About {
        About {
            name: "noop-on-filtered-remove",
            source: "goauthentik/authentik#24173",
            explanation: "Answers a removal by members[value eq \"…\"] with success, but removes nothing.",
        }
    }

    fn methods(&self) -> &'static [Method] {
        &[Method::Patch]
    }

    /// What takes the operation's place changes nothing: a PATCH without operations would be refused.
    fn rewrite(&self, call: &mut Call) {
        for operation in operations_mut(&mut call.body) {
            if is_remove(operation) && path(operation).is_some_and(|path| path.filter.is_some()) {
                *operation = json!({ "op": "add", "value": {} });
            }
        }
    }
}

pub(super) fn operations(body: &Value) -> &[Value] {
    member(body, "Operations").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn operations_mut(body: &mut Value) -> &mut [Value] {
    member_mut(body, "Operations").and_then(Value::as_array_mut).map_or(&mut [], Vec::as_mut_slice)
}

/// The attributes of an operation without a path.
fn pathless_mut(operation: &mut Value) -> Option<&mut Map<String, Value>> {
    if member(operation, "path").is_some() {
        return None;
    }
    member_mut(operation, "value")?.as_object_mut()
}

pub(super) fn path(operation: &Value) -> Option<AttributePath> {
    AttributePath::parse(member(operation, "path")?.as_str()?).ok()
}

fn is_remove(operation: &Value) -> bool {
    member(operation, "op").and_then(Value::as_str).is_some_and(|op| op.eq_ignore_ascii_case("remove"))
}

/// Whether a key leads into something: `name.givenName`, `urn:…:User:department`.
fn is_dotted(key: &str) -> bool {
    AttributePath::parse(key).is_ok_and(|path| path.urn.is_some() || path.sub_attribute.is_some())
}

pub(super) fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    get(value.as_object()?, name)
}

fn member_mut<'v>(value: &'v mut Value, name: &str) -> Option<&'v mut Value> {
    let members = value.as_object_mut()?;
    let key = spelling(members, name)?;
    members.get_mut(&key)
}
