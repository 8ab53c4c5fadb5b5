//! Keeps secrets, and what others have stored, out of what is shown.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::bench::Bench;
use super::{CheckResult, Leftover, Skipped};
use crate::base::{Secret, visible};
use crate::scim::{Content, Masking, Needles, get};

/// What stands in place of personal data.
const PERSONAL: &str = "[personal data]";
/// Members of a resource that say nothing about anybody.
const PUBLIC: [&str; 2] = ["schemas", "meta"];
/// As much of a body is kept.
const KEPT: usize = 32 * 1024;

/// Masks secrets everywhere, and personal data that the checks didn't make up.
pub(super) fn mask(bench: &Bench, results: &mut [CheckResult], leftovers: &mut [Leftover]) {
    let mut masking = Masking::new(bench.options.secrets.clone());
    let wire = bench.wire.borrow();
    let exchanges = wire.iter().map(|(_, exchange)| exchange);
    let sent = exchanges.chain(results.iter().flat_map(|result| &result.exchanges));
    let secrets: Vec<Secret> = sent.flat_map(|exchange| exchange.credentials.secrets()).cloned().collect();
    let needles = Needles::new(secrets.iter().chain(&bench.options.secrets.all()));
    let mask_text = |text: &mut String| {
        let impersonal = without_addresses(bench, Content::from(text.as_bytes()));
        *text = visible(&needles.masked_text(&String::from_utf8_lossy(&impersonal.bytes))).into_owned();
    };
    for leftover in leftovers {
        mask_text(&mut leftover.why);
    }
    for result in results {
        // What an endpoint said is quoted in them.
        let findings = result.findings.iter_mut().flat_map(|finding| [&mut finding.observed, &mut finding.expected]);
        let skipped = result.skipped.iter_mut().filter_map(|skipped| match skipped {
            Skipped::NotApplicable(why) | Skipped::Blocked { why, .. } => Some(why),
            Skipped::Interrupted => None,
        });
        findings.chain(skipped).chain(&mut result.notes).for_each(mask_text);
        for exchange in &mut result.exchanges {
            let mut shown = masking.masked(exchange);
            shown.response_body = impersonal(bench, shown.response_body);
            for body in [&mut shown.request_body, &mut shown.response_body] {
                body.bytes.truncate(KEPT);
            }
            *exchange = Arc::new(shown);
        }
    }
}

/// A body without the personal data of others.
fn impersonal(bench: &Bench, body: Content) -> Content {
    let Ok(mut document) = serde_json::from_slice::<Value>(&body.bytes) else { return without_addresses(bench, body) };
    if !mask_resources(bench, &mut document) {
        return body;
    }
    let text = document.to_string();
    Content::from(text.as_bytes())
}

/// Masks the resources of others in a document; says whether there was one.
fn mask_resources(bench: &Bench, document: &mut Value) -> bool {
    let Value::Object(members) = document else { return false };
    if let Some(Value::Array(resources)) =
        members.iter_mut().find(|(name, _)| name.eq_ignore_ascii_case("Resources")).map(|(_, list)| list)
    {
        return resources.iter_mut().map(|resource| mask_resource(bench, resource)).fold(false, |any, one| any | one);
    }
    mask_resource(bench, document)
}

fn mask_resource(bench: &Bench, resource: &mut Value) -> bool {
    let Value::Object(members) = resource else { return false };
    if !is_of_somebody(bench, members) {
        return false;
    }
    for (name, value) in members.iter_mut().filter(|(name, _)| !PUBLIC.contains(&name.as_str())) {
        // An id says which one it is, and nothing else.
        if !name.eq_ignore_ascii_case("id") {
            mask_texts(value);
        }
    }
    true
}

/// Whether a resource is a user or group that the checks didn't make.
fn is_of_somebody(bench: &Bench, members: &Map<String, Value>) -> bool {
    let name = ["userName", "displayName"].into_iter().find_map(|name| get(members, name));
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let (id, name) = (text(get(members, "id")), text(name));
    let is_resource = name.is_some() || get(members, "emails").is_some() || get(members, "members").is_some();
    let is_ours = bench.made.knows(id.as_deref(), name.as_deref())
        || name.is_some_and(|name| name.to_lowercase().contains(&bench.prefix));
    is_resource && !is_ours
}

fn mask_texts(value: &mut Value) {
    match value {
        Value::String(text) => PERSONAL.clone_into(text),
        Value::Array(values) => values.iter_mut().for_each(mask_texts),
        Value::Object(members) => members.iter_mut().for_each(|(_, value)| mask_texts(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Masks mail addresses in a text, but for those that were made up.
fn without_addresses(bench: &Bench, body: Content) -> Content {
    let Ok(text) = std::str::from_utf8(&body.bytes) else { return body };
    if !text.contains('@') {
        return body;
    }
    let is_part = |c: char| c.is_alphanumeric() || "._%+-@".contains(c);
    let mut masked = String::with_capacity(text.len());
    for word in text.split_inclusive(|c| !is_part(c)) {
        let address = word.trim_end_matches(|c| !is_part(c));
        let lower = address.to_lowercase();
        let is_of_somebody = lower.contains('@') && !lower.contains(&bench.prefix) && !lower.ends_with("@example.com");
        if is_of_somebody {
            masked.push_str(PERSONAL);
            masked.push_str(&word[address.len()..]);
        } else {
            masked.push_str(word);
        }
    }
    Content { length: masked.len() as u64 + (body.length - body.bytes.len() as u64), bytes: masked.into_bytes() }
}
