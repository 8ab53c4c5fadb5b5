//! `discovery.*`: does the endpoint say what it has?

use std::future::ready;

use serde_json::{Map, Value};

use crate::check::bench::Bench;
use crate::check::definition::{Category, Check, Turn};
use crate::check::probe::{Answer, Probe, Stop};
use crate::check::snapshot::{Snapshot, text};
use crate::client::RawRequest;
use crate::schema::ObjectKind;
use crate::scim::{Method, Request, get, urn};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "discovery.service-provider-config",
        category: Category::Recommended,
        holds: "/ServiceProviderConfig says that PATCH and filters are supported",
        reference: "RFC 7643 section 5",
        effect: "the service doesn't read it; the gallery's reviewers do, and other clients rely on it",
        remedy: "answer GET /ServiceProviderConfig with 200 and the document of RFC 7643 section 5, patch.supported and \
                 filter.supported true",
        needs: &[],
        turn: Turn::Discovery,
        run: |probe| Box::pin(ready(service_provider_config(probe))),
    },
    Check {
        id: "discovery.resource-types",
        category: Category::Recommended,
        holds: "/ResourceTypes lists users, and groups where they are provisioned, with the paths and schemas that they really have",
        reference: "RFC 7643 section 6",
        effect: "the service doesn't read it; tools that configure themselves by it go wrong",
        remedy: "answer GET /ResourceTypes with a ListResponse of resource types with id, name, endpoint (/Users, /Groups) \
                 and schema",
        needs: &[],
        turn: Turn::Discovery,
        run: |probe| Box::pin(ready(resource_types(probe))),
    },
    Check {
        id: "discovery.schemas",
        category: Category::Mandatory,
        holds: "/Schemas describes every mapped attribute of users and groups",
        reference: "Microsoft, gallery validation: Schema_Discoverability; RFC 7643 section 7",
        effect: "the gallery validation fails, and the list of target attributes in the portal's mapping lacks what isn't \
                 described",
        remedy: "answer GET /Schemas with a ListResponse of all schemas; each attribute has name, type, multiValued and the \
                 other characteristics, complex ones their subAttributes",
        needs: &[],
        turn: Turn::Discovery,
        run: |probe| Box::pin(ready(schemas(probe))),
    },
];

/// Reads what the endpoint says about itself. What can't be read is for the checks to say.
pub(in crate::check) async fn discover(bench: &Bench) {
    let read = async |path: &str| {
        let request = Request { method: Method::Get, path: path.to_owned(), body: None };
        let sent = bench.client.exchange(RawRequest::from(request)).await;
        bench.note("discovery.schemas", &sent.exchange);
        sent.failure.is_none().then(|| Answer::new(0, sent.exchange))
    };
    if bench.cancel.is_cancelled() {
        return;
    }
    let snapshot = Snapshot {
        config: read("/ServiceProviderConfig").await,
        resource_types: read("/ResourceTypes").await,
        schemas: read("/Schemas").await,
    };
    drop(bench.snapshot.set(snapshot));
}

/// An answer of the snapshot as one of this check.
fn taken(probe: &Probe, pick: fn(&Snapshot) -> &Option<Answer>, path: &str) -> Result<Answer, Stop> {
    let Some(answer) = probe.bench.snapshot.get().and_then(|snapshot| pick(snapshot).clone()) else {
        return Err(probe.finding("connection-lost").observed(format!("GET {path} wasn't answered")).stop());
    };
    let at = probe.keep(std::sync::Arc::clone(&answer.exchange));
    Ok(Answer { at, ..answer })
}

fn document<'a>(probe: &Probe, answer: &'a Answer) -> Result<&'a Map<String, Value>, Stop> {
    if answer.status != 200 {
        return Err(probe.refused(answer, probe.check.holds).stop());
    }
    answer.object().ok_or_else(|| {
        let draft = probe.finding("discovery-not-json").observed("the answer isn't a JSON object");
        draft.at(answer.at).stop()
    })
}

fn service_provider_config(probe: &Probe) -> Result<(), Stop> {
    let answer = taken(probe, |snapshot| &snapshot.config, "/ServiceProviderConfig")?;
    let config = document(probe, &answer)?;
    for feature in ["patch", "filter"] {
        let supported = get(config, feature).and_then(Value::as_object).and_then(|members| get(members, "supported"));
        let (cause, observed) = match supported {
            Some(Value::Bool(true)) => continue,
            Some(Value::Bool(false)) => ("unsupported", format!("`{feature}.supported` is false")),
            Some(other) => ("mistyped", format!("`{feature}.supported` is {other}, not a boolean")),
            None => ("missing", format!("`{feature}.supported` is missing")),
        };
        let draft = probe.finding(format!("{feature}-{cause}")).observed(observed);
        draft
            .expected(format!(
                "`{feature}.supported` is true: the service writes PATCH and looks accounts up by filters"
            ))
            .at(answer.at)
            .fail();
    }
    for feature in ["bulk", "sort", "etag", "changePassword"] {
        let supported = get(config, feature).and_then(Value::as_object).and_then(|members| get(members, "supported"));
        if !matches!(supported, Some(Value::Bool(_))) {
            let draft = probe.finding(format!("{feature}-missing"));
            draft
                .observed(format!("`{feature}.supported` isn't there as a boolean"))
                .expected("RFC 7643 requires it")
                .at(answer.at)
                .fail();
        }
    }
    Ok(())
}

fn resource_types(probe: &Probe) -> Result<(), Stop> {
    let answer = taken(probe, |snapshot| &snapshot.resource_types, "/ResourceTypes")?;
    document(probe, &answer)?;
    let Some(snapshot) = probe.bench.snapshot.get() else { return Ok(()) };
    let documents = snapshot.resource_type_documents();
    let mut wanted = vec![("User", "Users", urn::USER)];
    if probe.rules().groups.is_some() || probe.bench.options.gallery {
        wanted.push(("Group", "Groups", urn::GROUP));
    }
    for (name, path, schema) in wanted {
        let is_it = |document: &&&Map<String, Value>| {
            text(document, "name").is_some_and(|known| known.eq_ignore_ascii_case(name))
        };
        let Some(found) = documents.iter().find(is_it) else {
            let draft = probe.finding(format!("no-resource-type-{name}"));
            draft.observed(format!("no resource type `{name}` is listed")).at(answer.at).fail();
            continue;
        };
        let endpoint = text(found, "endpoint").unwrap_or_default();
        if !endpoint.trim_end_matches('/').ends_with(path) {
            let draft = probe.finding(format!("endpoint-of-{name}"));
            draft
                .observed(format!("the endpoint of `{name}` is `{endpoint}`"))
                .expected(format!("/{path}, where it really is"))
                .at(answer.at)
                .fail();
        }
        let known = text(found, "schema").unwrap_or_default();
        if !known.eq_ignore_ascii_case(schema) {
            let draft = probe.finding(format!("schema-of-{name}"));
            draft.observed(format!("the schema of `{name}` is `{known}`")).expected(schema).at(answer.at).fail();
        }
    }
    Ok(())
}

fn schemas(probe: &Probe) -> Result<(), Stop> {
    let answer = taken(probe, |snapshot| &snapshot.schemas, "/Schemas")?;
    let members = document(probe, &answer)?;
    if get(members, "Resources").is_none() {
        let draft =
            probe.finding("schemas-not-a-list").observed("the answer isn't a ListResponse: it has no `Resources`");
        return Err(draft.at(answer.at).stop());
    }
    let Some(snapshot) = probe.bench.snapshot.get() else { return Ok(()) };
    let mut kinds = vec![(ObjectKind::User, urn::USER)];
    if probe.rules().groups.is_some() || probe.bench.options.gallery {
        kinds.push((ObjectKind::Group, urn::GROUP));
    }
    for (kind, core) in kinds {
        let mapping = probe.mapping(kind);
        let is_common =
            |name: &str| ["id", "externalId", "meta", "schemas"].iter().any(|common| common.eq_ignore_ascii_case(name));
        let missing: Vec<_> = mapping
            .attributes
            .iter()
            .map(|mapping| &mapping.target)
            // RFC 7643 section 3.1: these are common to all resources and needn't be in a schema.
            .filter(|target| !is_common(&target.path.attribute) && !snapshot.describes(&target.path, core))
            .map(|target| format!("`{}`", target.name))
            .collect();
        if !missing.is_empty() {
            let (are, noun) = if missing.len() == 1 { ("is", "attribute") } else { ("are", "attributes") };
            let draft = probe.finding(format!("undescribed-attributes-of-{kind}"));
            draft
                .observed(format!(
                    "{} mapped {noun} of {kind} {are} in no schema: {}",
                    missing.len(),
                    missing.join(", ")
                ))
                .remedy("describe them in /Schemas, or take them out of the mapping if the endpoint doesn't have them")
                .at(answer.at)
                .fail();
        }
    }
    for schema in snapshot.schema_documents() {
        let id = text(schema, "id").unwrap_or("a schema without id");
        if let Some(path) = null_in(&Value::Object(schema.clone())) {
            let draft = probe.finding("null-in-schemas").observed(format!("`{id}` has the value null at `{path}`"));
            draft
                .expected("no null values: the validation doesn't read them")
                .remedy("leave members without a value out")
                .at(answer.at)
                .fail();
        }
        if let Some(name) = capitalised(schema) {
            let draft = probe.finding("capitalised-schema-members").observed(format!("`{id}` has a member `{name}`"));
            draft.expected("names in camelCase, as in RFC 7643 section 7").at(answer.at).fail();
        }
    }
    Ok(())
}

/// Where a null stands.
fn null_in(value: &Value) -> Option<String> {
    let join = |name: &str, rest: String| if rest.is_empty() { name.to_owned() } else { format!("{name}.{rest}") };
    match value {
        Value::Null => Some(String::new()),
        Value::Array(values) => values.iter().find_map(null_in),
        Value::Object(members) => members.iter().find_map(|(name, value)| null_in(value).map(|rest| join(name, rest))),
        _ => None,
    }
}

/// A member of a schema document or of its attributes whose name begins with a capital.
fn capitalised(schema: &Map<String, Value>) -> Option<&str> {
    let attributes =
        get(schema, "attributes").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
    std::iter::once(schema)
        .chain(attributes)
        .flat_map(Map::keys)
        .find(|name| name.starts_with(|c: char| c.is_ascii_uppercase()))
        .map(String::as_str)
}
