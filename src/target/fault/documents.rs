//! Endpoints whose resources look odd.

use serde_json::{Map, Value, json};

use super::call::Call;
use super::misbehaviour::{About, Misbehaviour};
use super::queries::is_inactive;
use super::reply::Reply;
use crate::scim::{Resource, spelling};
use crate::target::Kind;

pub(super) struct Bom;

impl Misbehaviour for Bom {
    fn about(&self) -> About {
        About::new(
            "byte-order-mark",
            "files that were saved with one; RFC 8259 section 8.1 forbids it",
            "Begins each body with a byte order mark.",
        )
    }

    fn reply(&self, _call: &Call, reply: &mut Reply) {
        if !reply.body.is_empty() {
            reply.set_body([b"\xef\xbb\xbf", reply.body.as_ref()].concat());
        }
    }
}

pub(super) struct CapitalisedAttributes;

impl Misbehaviour for CapitalisedAttributes {
    fn about(&self) -> About {
        About::new(
            "capitalised-attributes",
            "endpoints in .NET; RFC 7643 section 2.1: names are compared without letter case",
            "Writes names with a capital letter: UserName, Active, Emails.",
        )
    }

    fn reply(&self, call: &Call, reply: &mut Reply) {
        if call.kind.is_some() && reply.status.is_success() {
            reply.change_document(capitalise);
        }
    }
}

fn capitalise(members: &mut Map<String, Value>) {
    for (key, mut value) in std::mem::take(members) {
        match &mut value {
            Value::Object(inner) => capitalise(inner),
            Value::Array(entries) => entries.iter_mut().filter_map(Value::as_object_mut).for_each(capitalise),
            _ => {}
        }
        let is_urn = key.contains(':');
        let key = if is_urn { key } else { key[..1].to_ascii_uppercase() + &key[1..] };
        members.insert(key, value);
    }
}

pub(super) struct ActiveAsText;

impl Misbehaviour for ActiveAsText {
    fn about(&self) -> About {
        About::new(
            "active-as-text",
            "limosa-io/laravel-scim-server#114",
            "Writes active as the text \"true\" or \"false\".",
        )
    }

    fn reply(&self, call: &Call, reply: &mut Reply) {
        change_active(call, reply, |active| Value::String(active.to_string()));
    }
}

pub(super) struct ActiveAsNumber;

impl Misbehaviour for ActiveAsNumber {
    fn about(&self) -> About {
        About::new("active-as-number", "grokability/snipe-it#13948", "Writes active as 1 or 0.")
    }

    fn reply(&self, call: &Call, reply: &mut Reply) {
        change_active(call, reply, |active| u8::from(active).into());
    }
}

fn change_active(call: &Call, reply: &mut Reply, change: impl Fn(bool) -> Value) {
    if call.kind != Some(Kind::User) {
        return;
    }
    reply.change_resources(|members| {
        let active = spelling(members, "active").and_then(|name| members.get_mut(&name));
        if let Some(value @ Value::Bool(_)) = active {
            *value = change(*value == Value::Bool(true));
        }
    });
}

pub(super) struct NoActiveWhenDisabled;

impl Misbehaviour for NoActiveWhenDisabled {
    fn about(&self) -> About {
        About::new(
            "no-active-when-disabled",
            "grokability/snipe-it#13855",
            "Leaves active out of users who are disabled.",
        )
    }

    fn reply(&self, call: &Call, reply: &mut Reply) {
        if call.kind == Some(Kind::User) {
            reply.change_resources(|members| {
                if is_inactive(&Resource::new(members.clone())) {
                    members.retain(|name, _| !name.eq_ignore_ascii_case("active"));
                }
            });
        }
    }
}

pub(super) struct EmailsAsObject;

impl Misbehaviour for EmailsAsObject {
    fn about(&self) -> About {
        About::new(
            "emails-as-object",
            "endpoints that know one address; RFC 7643 section 2.4 has a list",
            "Writes the first of emails as an object, without a list around it.",
        )
    }

    fn reply(&self, call: &Call, reply: &mut Reply) {
        if call.kind.is_some() {
            reply.change_resources(|members| {
                let emails = spelling(members, "emails").and_then(|name| members.get_mut(&name));
                if let Some(emails) = emails
                    && let Some(first) = emails.as_array().and_then(|list| list.first())
                {
                    *emails = first.clone();
                }
            });
        }
    }
}

pub(super) struct ExtraAttributes;

impl Misbehaviour for ExtraAttributes {
    fn about(&self) -> About {
        About::new(
            "extra-attributes",
            "endpoints that answer with their own record; RFC 7643 section 3",
            "Adds attributes that no schema has, some of them null or deep, to every resource.",
        )
    }

    fn reply(&self, call: &Call, reply: &mut Reply) {
        if call.kind.is_some() {
            reply.change_resources(|members| {
                members.insert("_links".to_owned(), json!({ "self": { "href": null, "templated": [[], {}] } }));
                members.insert("tenant_id".to_owned(), json!(-1.5e9));
                members.insert("externalID".to_owned(), Value::Null);
            });
        }
    }
}

pub(super) struct NoMeta;

impl Misbehaviour for NoMeta {
    fn about(&self) -> About {
        About::new("no-meta", "Polis, once SAML Jackson", "Leaves meta out of every resource.")
    }

    fn reply(&self, call: &Call, reply: &mut Reply) {
        if call.kind.is_some() {
            reply.change_resources(|members| members.retain(|name, _| !name.eq_ignore_ascii_case("meta")));
        }
    }
}

pub(super) struct NoSchemas;

impl Misbehaviour for NoSchemas {
    fn about(&self) -> About {
        About::new(
            "no-schemas",
            "Microsoft Q&A 5618325; RFC 7643 section 3 asks for them",
            "Leaves schemas out of lists and resources.",
        )
    }

    fn reply(&self, call: &Call, reply: &mut Reply) {
        if call.kind.is_none() || !reply.status.is_success() {
            return;
        }
        let without =
            |members: &mut Map<String, Value>| members.retain(|name, _| !name.eq_ignore_ascii_case("schemas"));
        reply.change_document(without);
        reply.change_resources(without);
    }
}
