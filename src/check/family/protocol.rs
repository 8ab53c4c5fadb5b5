//! `protocol.*`: what holds for every answer.

use std::collections::BTreeMap;
use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::base::Timestamp;
use crate::check::definition::{Category, Check, Need, Turn};
use crate::check::finding::{shortened, shown_path};
use crate::check::probe::{Answer, Object, Probe, Stop, is_named};
use crate::client::{RawRequest, get_whole_request};
use crate::schema::ObjectKind;
use crate::scim::{HttpExchange, Resource, get, urn};

const USER: ObjectKind = ObjectKind::User;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "protocol.content-type",
        category: Category::Recommended,
        holds: "every answer with a body is application/scim+json, and none with 204 has a body",
        reference: "RFC 7644 section 3.1; Microsoft, Develop a SCIM endpoint",
        effect: "the service reads the body whatever it is called; other clients, and proxies that look at it, don't",
        remedy: "send Content-Type: application/scim+json with every body, errors and discovery included",
        needs: &[],
        turn: Turn::Last,
        run: |probe| {
            Box::pin(ready(over_all(probe, (|exchange| exchange.status.is_some(), "answer"), wrong_content_type)))
        },
    },
    Check {
        id: "protocol.errors",
        category: Category::Recommended,
        holds: "every error has the body of RFC 7644: schemas, status as a text, detail",
        reference: "RFC 7644 section 3.12",
        effect: "the provisioning log shows the status alone, so that nobody sees why somebody fails",
        remedy: "answer errors with {\"schemas\": [\"urn:ietf:params:scim:api:messages:2.0:Error\"], \"status\": \"404\", \"detail\": \
                 \"…\"}, those of the web framework and of unknown ids too",
        needs: &[],
        turn: Turn::Last,
        run: |probe| Box::pin(ready(over_all(probe, (is_error, "error"), wrong_error))),
    },
    Check {
        id: "protocol.list-response",
        category: Category::Mandatory,
        holds: "every list is a ListResponse with schemas, totalResults as a number, and Resources as a list",
        reference: "RFC 7644 section 3.4.2",
        effect: "the service can't read the list: it takes it for an empty one and makes second accounts, or gives up with \"not \
                 able to deserialize\"",
        remedy: "answer queries with schemas [\"urn:ietf:params:scim:api:messages:2.0:ListResponse\"], totalResults, startIndex, \
                 itemsPerPage and Resources, spelt exactly so",
        needs: &[],
        turn: Turn::Last,
        run: |probe| Box::pin(ready(over_all(probe, (is_list, "list"), wrong_list))),
    },
    Check {
        id: "protocol.id-stable",
        category: Category::Mandatory,
        holds: "the id of an account is the same in every answer, and doesn't change when the account does",
        reference: "RFC 7643 section 3.1",
        effect: "the service keeps the id and addresses the account by it: when it changes, the account is lost and made again",
        remedy: "give each account an id of its own that never changes, such as a GUID",
        needs: &[Need::User],
        turn: Turn::Together,
        run: |probe| Box::pin(id_stable(probe)),
    },
    Check {
        id: "protocol.meta",
        category: Category::Mandatory,
        holds: "every account has meta with its type, the instants of its creation and last change, and where it can be read",
        reference: "RFC 7643 section 3.1",
        effect: "the service can do without it, but Microsoft's reviewers and other clients ask for it",
        remedy: "add meta with resourceType, created and lastModified (RFC 3339) and location to every resource; lastModified moves \
                 with each change",
        needs: &[Need::User],
        turn: Turn::Together,
        run: |probe| Box::pin(meta(probe)),
    },
    Check {
        id: "protocol.unknown-attributes",
        category: Category::Recommended,
        holds: "attributes that the endpoint doesn't know are ignored, or refused with 400",
        reference: "RFC 7643 section 2.1, RFC 7644 section 3.3",
        effect: "an attribute too many in the mapping looks like an outage of the endpoint, and everybody fails",
        remedy: "ignore unknown attributes, or answer 400 with scimType invalidSyntax and the attribute's name",
        needs: &[Need::Writes],
        turn: Turn::Together,
        run: |probe| Box::pin(unknown_attributes(probe)),
    },
    Check {
        id: "protocol.idempotent",
        category: Category::Recommended,
        holds: "the same PATCH a second time is answered with success and changes nothing",
        reference: "Microsoft, how provisioning works: a cycle that was cut off is repeated",
        effect: "people fail for no reason when the service repeats a change, as it does after an interruption",
        remedy: "answer a PATCH that changes nothing with 200 or 204, like any other",
        needs: &[Need::User],
        turn: Turn::Together,
        run: |probe| Box::pin(idempotent(probe)),
    },
];

/// Goes through everything of one kind that went over the wire, and says each thing that is wrong once, with how often.
/// Where there is nothing of the kind, the check doesn't apply.
fn over_all(
    probe: &Probe,
    (is_meant, what): (impl Fn(&HttpExchange) -> bool, &str),
    judge: impl Fn(&HttpExchange) -> Option<(String, String)>,
) -> Result<(), Stop> {
    let wire = probe.bench.wire.borrow();
    let mut meant = wire.iter().map(|(_, exchange)| exchange).filter(|exchange| is_meant(exchange)).peekable();
    if meant.peek().is_none() {
        return Err(Stop::NotApplicable(format!("there was no {what} to judge")));
    }
    let mut kinds: BTreeMap<String, (String, Arc<HttpExchange>, usize)> = BTreeMap::new();
    for exchange in meant {
        if let Some((cause, observed)) = judge(exchange) {
            kinds.entry(cause).or_insert_with(|| (observed, Arc::clone(exchange), 0)).2 += 1;
        }
    }
    for (cause, (observed, exchange, times)) in kinds {
        let at = probe.keep(exchange);
        let often = if times > 1 { format!(", and {} more like it", times - 1) } else { String::new() };
        probe.finding(cause).observed(format!("{observed}{often}")).at(at).fail();
    }
    Ok(())
}

fn is_error(exchange: &HttpExchange) -> bool {
    exchange.status.is_some_and(|status| status >= 400)
}

fn is_list(exchange: &HttpExchange) -> bool {
    let path = shown_path(exchange);
    let is_of_resources = path.starts_with("/Users") || path.starts_with("/Groups");
    exchange.method == "GET" && exchange.status == Some(200) && is_of_resources && !path.contains("{id}")
}

fn asked(exchange: &HttpExchange) -> String {
    format!("{} {} → {}", exchange.method, shown_path(exchange), exchange.status.unwrap_or_default())
}

/// What is wrong with the type of a body.
fn wrong_content_type(exchange: &HttpExchange) -> Option<(String, String)> {
    let has_body = exchange.response_body.length > 0;
    let status = exchange.status?;
    if status == 204 && has_body {
        return Some(("body-with-204".to_owned(), format!("{} has a body", asked(exchange))));
    }
    if exchange.response_body.bytes.starts_with(b"\xef\xbb\xbf") {
        let observed = format!("{} begins with a byte order mark, which JSON mustn't (RFC 8259)", asked(exchange));
        return Some(("byte-order-mark".to_owned(), observed));
    }
    let kind = exchange.response_header("content-type").unwrap_or_default();
    let media = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if !has_body || media == "application/scim+json" {
        return None;
    }
    let shown = if media.is_empty() { "no Content-Type".to_owned() } else { format!("the Content-Type `{media}`") };
    Some((format!("content-type-{}", media.replace(['/', '+'], "-")), format!("{} has {shown}", asked(exchange))))
}

/// What is wrong with an error.
fn wrong_error(exchange: &HttpExchange) -> Option<(String, String)> {
    let status = exchange.status.filter(|status| *status >= 400)?;
    let asked = asked(exchange);
    let answer = Answer::new(0, Arc::new(exchange.clone()));
    if exchange.response_body.bytes.is_empty() {
        return Some(("empty-error".to_owned(), format!("{asked} has no body")));
    }
    let Some(members) = answer.object() else {
        let text = String::from_utf8_lossy(&exchange.response_body.bytes).into_owned();
        return Some(("error-not-json".to_owned(), format!("{asked} isn't JSON: {}", shortened(text.trim()))));
    };
    if !has_schema(members, urn::ERROR) {
        return Some((
            "error-without-schema".to_owned(),
            format!("{asked} isn't a SCIM error: its `schemas` doesn't say so"),
        ));
    }
    match get(members, "status") {
        Some(Value::String(text)) if *text == status.to_string() => None,
        Some(Value::String(text)) => {
            Some(("error-other-status".to_owned(), format!("{asked} says \"status\": \"{text}\"")))
        }
        Some(other) => {
            Some(("error-status-type".to_owned(), format!("{asked} has \"status\": {other}, where a text belongs")))
        }
        None => Some(("error-without-status".to_owned(), format!("{asked} has no `status`"))),
    }
}

fn has_schema(members: &Map<String, Value>, wanted: &str) -> bool {
    let schemas = get(members, "schemas").and_then(Value::as_array);
    schemas.is_some_and(|schemas| schemas.iter().any(|schema| schema.as_str() == Some(wanted)))
}

/// What is wrong with a list.
fn wrong_list(exchange: &HttpExchange) -> Option<(String, String)> {
    let asked = asked(exchange);
    let wrong = |cause: &str, what: String| Some((cause.to_owned(), format!("{asked} {what}")));
    let answer = Answer::new(0, Arc::new(exchange.clone()));
    let Some(members) = answer.object() else { return wrong("list-not-json", "isn't a JSON object".to_owned()) };
    if !has_schema(members, urn::LIST_RESPONSE) {
        return wrong("list-without-schema", format!("doesn't name `{}` in `schemas`", urn::LIST_RESPONSE));
    }
    let total = match members.get("totalResults") {
        Some(Value::Number(total)) => total.as_u64(),
        Some(other) => return wrong("total-type", format!("has totalResults {other}, where a number belongs")),
        None => return wrong("total-missing", "has no `totalResults`".to_owned()),
    };
    for name in ["startIndex", "itemsPerPage"] {
        if let Some(other) = members.get(name).filter(|value| value.as_u64().is_none()) {
            return wrong("page-member-type", format!("has {name} {other}, where a number belongs"));
        }
    }
    match members.get("Resources") {
        Some(Value::Array(_)) => None,
        Some(other) => {
            wrong("resources-type", format!("has Resources {}, where a list belongs", shortened(&other.to_string())))
        }
        None => match members.keys().find(|name| name.eq_ignore_ascii_case("Resources")) {
            Some(name) => wrong("resources-spelling", format!("has `{name}` instead of `Resources`")),
            // A list of nothing needn't have it, nor one of which only the total was wanted.
            None if total == Some(0) || exchange.target.contains("count=0") => None,
            None => wrong("resources-missing", "counts resources and has no `Resources`".to_owned()),
        },
    }
}

async fn id_stable(probe: &Probe) -> Result<(), Stop> {
    let user = probe.user().await?;
    let mut seen = Vec::new();
    let (read, first) = probe.read(&user).await?;
    seen.push((first.id(), "GET", read.at));
    let changed = rename(probe, &user).await?;
    if let Some(resource) = changed.resource() {
        seen.push((resource.id(), "the answer to PATCH", changed.at));
    }
    let (read, after) = probe.read(&user).await?;
    seen.push((after.id(), "GET after a change", read.at));
    let found = probe.find(USER, "userName", &user.name).await?;
    let listed =
        found.list().and_then(|list| list.resources.into_iter().find(|resource| is_named(USER, resource, &user.name)));
    if let Some(resource) = listed {
        seen.push((resource.id(), "a look-up", found.at));
    }
    for (id, place, at) in seen {
        if id.as_deref() != Some(&user.id) {
            let id = id.map_or_else(|| "no id".to_owned(), |id| format!("the id `{id}`"));
            let draft = probe
                .finding("id-changes")
                .observed(format!("the account was made with the id `{}` and has {id} in {place}", user.id));
            draft.at(at).fail();
        }
    }
    Ok(())
}

/// Changes something about a user; whether that works is for other checks.
async fn rename(probe: &Probe, user: &Object) -> Result<Answer, Stop> {
    let body = json!({ "schemas": [urn::PATCH_OP], "Operations": [{ "op": "replace", "path": "displayName", "value": "Changed Once" }] });
    probe.patch(user, body).await
}

async fn meta(probe: &Probe) -> Result<(), Stop> {
    let user = probe.user().await?;
    let (read, before) = probe.read(&user).await?;
    let Some(Value::Object(members)) = before.get("meta") else {
        return Err(probe.finding("no-meta").observed("the account has no `meta`").at(read.at).stop());
    };
    if get(members, "resourceType").and_then(Value::as_str) != Some("User") {
        let found = get(members, "resourceType").map_or_else(|| "missing".to_owned(), ToString::to_string);
        probe
            .finding("meta-resource-type")
            .observed(format!("meta.resourceType is {found}"))
            .expected("\"User\"")
            .at(read.at)
            .fail();
    }
    for name in ["created", "lastModified"] {
        if instant(&before, name).is_none() {
            let found = get(members, name).map_or_else(|| "missing".to_owned(), ToString::to_string);
            let draft = probe.finding(format!("meta-{name}")).observed(format!("meta.{name} is {found}"));
            draft.expected("an instant as RFC 3339 writes it: 2026-03-01T10:00:00Z").at(read.at).fail();
        }
    }
    judge_location(probe, &user, get(members, "location"), read.at).await?;
    let known = instant(&before, "lastModified");
    // Some endpoints count whole seconds.
    probe.bench.clock.sleep(Duration::from_millis(1100)).await;
    if !rename(probe, &user).await?.is_success() {
        return Ok(());
    }
    let (read, after) = probe.read(&user).await?;
    if let (Some(known), Some(now)) = (known, instant(&after, "lastModified"))
        && now <= known
        && after.get("displayName") != before.get("displayName")
    {
        let draft = probe
            .finding("last-modified-stays")
            .observed(format!("meta.lastModified was {known} before a change and is {now} after it"));
        draft.expected("it moves with each change").at(read.at).warn();
    }
    Ok(())
}

fn instant(resource: &Resource, name: &str) -> Option<Timestamp> {
    let meta = resource.get("meta")?.as_object()?;
    get(meta, name)?.as_str()?.parse().ok()
}

/// Follows `meta.location`.
async fn judge_location(probe: &Probe, user: &Object, location: Option<&Value>, at: usize) -> Result<(), Stop> {
    let Some(location) = location.and_then(Value::as_str) else {
        let draft = probe.finding("meta-location").observed("meta.location is missing");
        draft
            .expected("the URL of the account")
            .effect("the service addresses accounts by their id and doesn't need it")
            .at(at)
            .warn();
        return Ok(());
    };
    let base = probe.bench.options.client.tenant_url.url().clone();
    let place = get_whole_request(USER.endpoint(), &user.id);
    let ours = format!("{}{}", probe.bench.options.client.tenant_url.base(), place.path);
    if !location.contains("://") {
        let draft = probe.finding("meta-location-relative").observed(format!("meta.location is `{location}`"));
        draft.expected("a whole URL (RFC 7643 section 3.1)").effect("the service doesn't look at it").at(at).warn();
    }
    let Ok(target) = base.join(location) else {
        let draft =
            probe.finding("meta-location").observed(format!("meta.location is `{location}`, which isn't a URL"));
        draft.at(at).fail();
        return Ok(());
    };
    if target.origin() != base.origin() {
        let draft = probe.finding("meta-location-elsewhere").observed(format!(
            "meta.location leads to {}, not to the tenant URL's host",
            target.origin().ascii_serialization()
        ));
        let draft = draft.expected("the account's URL as clients reach it").effect("the service doesn't look at it");
        draft.remedy("let the endpoint know its public address, such as from X-Forwarded-Host").at(at).warn();
        return Ok(());
    }
    // The token goes below the tenant URL alone.
    let Some(path) = target.as_str().strip_prefix(probe.bench.options.client.tenant_url.base()) else {
        if location.contains("://") {
            let draft = probe
                .finding("meta-location-elsewhere")
                .observed(format!("meta.location is `{location}`, which isn't below the tenant URL"));
            draft.expected(ours).effect("the service doesn't look at it").at(at).warn();
        }
        return Ok(());
    };
    let request = crate::scim::Request { path: path.to_owned(), ..place };
    let answer = probe.send(RawRequest::from(request)).await?;
    let is_it = answer.resource().and_then(|resource| resource.id()).as_deref() == Some(&user.id);
    if answer.status != 200 || !is_it {
        let draft = probe
            .finding("meta-location-wrong")
            .observed(format!("meta.location is `{location}`, but GET of it is answered with {}", answer.told()));
        draft.expected("200 with the account").at(answer.at).fail();
    }
    Ok(())
}

async fn unknown_attributes(probe: &Probe) -> Result<(), Stop> {
    let values = probe.values(USER, &probe.person(), 0);
    let name = probe.name_in(USER, &values);
    let mut body = probe.body(USER, &values);
    if let Value::Object(members) = &mut body {
        members.insert("scimulateUnknown".to_owned(), json!("nobody knows this"));
        members.insert("scimulateComplex".to_owned(), json!({ "inner": [1, 2, 3] }));
    }
    let (answer, _) = probe.create(USER, &name, body).await?;
    if !answer.is_success() && answer.status != 400 {
        let plain = probe.user().await;
        if plain.is_ok() {
            let draft = probe.finding(format!("unknown-attributes-{}", answer.status));
            draft
                .observed(format!("a user with unknown attributes was answered with {}", answer.told()))
                .at(answer.at)
                .fail();
        }
        plain?;
    }
    Ok(())
}

async fn idempotent(probe: &Probe) -> Result<(), Stop> {
    let user = probe.user().await?;
    let first = rename(probe, &user).await?;
    if !first.is_success() {
        let why = format!("a PATCH was answered with {}", first.told());
        return Err(Stop::Blocked { by: "users.patch.replace", why });
    }
    let (_, before) = probe.read(&user).await?;
    let second = rename(probe, &user).await?;
    if !second.is_success() {
        let draft = probe.refused(&second, "200 or 204, like the first time");
        draft.observed(format!("the same PATCH a second time was answered with {}", second.told())).fail();
        return Ok(());
    }
    let (read, after) = probe.read(&user).await?;
    probe.expect_rest_unchanged(&before, &after, &[], read.at);
    Ok(())
}
