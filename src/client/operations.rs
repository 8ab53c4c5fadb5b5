//! The operations of provisioning, each with its answer read as tolerantly as real endpoints need.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::answer::{Answer, AnswerBody, has_schema, member};
use super::{
    BodyKind, CallOutcome, Client, Failure, Unexpected, create_request, delete_request, find_request, get_request,
    get_whole_request, patch_request, reference_request,
};
use crate::base::{TargetId, visible};
use crate::scim::{ListResponse, Request, Resource, urn};

/// What a look-up found. The filter may have been ignored: each resource must be compared with what was asked.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Found {
    /// Resources in the answer.
    pub resources: Vec<Resource>,
    /// How many the target counts; more than there are where it sent one page of them.
    pub total: u64,
    /// Whether the target said 404 instead of giving an empty list.
    pub by_not_found: bool,
}

/// A new account.
#[derive(Debug, Clone, PartialEq)]
pub struct Created {
    /// From the body, else from `Location`; `None` where the target gave neither, and the object has to be matched again.
    pub id: Option<TargetId>,
    /// The body, where it is a resource.
    pub resource: Option<Resource>,
}

/// How an account went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deleted {
    /// The target removed it.
    Removed,
    /// It wasn't there (404, 410), which is as good.
    WasGone,
}

impl Client {
    /// Asks for an account that can't exist: good is 200 with a `ListResponse` that counts nobody.
    pub async fn test_query(&self, endpoint: &str, attribute: &str, guid: Uuid) -> CallOutcome<()> {
        let value = guid.hyphenated().to_string();
        self.send(find_request(endpoint, attribute, &value)).await.and_then(read_test)
    }

    /// Looks accounts up by a filter. A 404 counts as nobody, unless it is a web page.
    pub async fn find(&self, endpoint: &str, attribute: &str, value: &str) -> CallOutcome<Found> {
        self.query(find_request(endpoint, attribute, value)).await
    }

    /// Asks whether an object has a reference: a group a member, a user a manager. A 404 counts as no, unless it
    /// is a web page.
    pub async fn find_reference(
        &self,
        endpoint: &str,
        id: &TargetId,
        attribute: &str,
        value: &TargetId,
    ) -> CallOutcome<bool> {
        let outcome = self.query(reference_request(endpoint, id.as_str(), attribute, value.as_str())).await;
        outcome.and_then(|found| Ok(!found.resources.is_empty()))
    }

    async fn query(&self, request: Request) -> CallOutcome<Found> {
        let mut outcome = self.send(request).await.and_then(read_list);
        if matches!(&outcome.result, Err(Failure::Status(answer)) if answer.status == 404 && answer.kind != BodyKind::Html)
        {
            outcome.result = Ok(Found { by_not_found: true, ..Found::default() });
        }
        outcome
    }

    /// Reads a linked object. One with another id is a failure.
    pub async fn get(&self, endpoint: &str, id: &TargetId) -> CallOutcome<Resource> {
        self.send_to(id, get_request(endpoint, id.as_str())).await.and_then(|answer| read_resource(answer, id.as_str()))
    }

    /// Reads an object with everything that it has; of a group also the members, which [`Self::get`] leaves out.
    pub async fn get_whole(&self, endpoint: &str, id: &TargetId) -> CallOutcome<Resource> {
        let request = get_whole_request(endpoint, id.as_str());
        self.send_to(id, request).await.and_then(|answer| read_resource(answer, id.as_str()))
    }

    /// Creates an object.
    pub async fn create(&self, endpoint: &str, body: Value) -> CallOutcome<Created> {
        self.send(create_request(endpoint, body)).await.and_then(|answer| read_created(answer, endpoint))
    }

    /// Changes an object; gives it as it is now where the target says so.
    pub async fn patch(&self, endpoint: &str, id: &TargetId, body: Value) -> CallOutcome<Option<Resource>> {
        self.send_to(id, patch_request(endpoint, id.as_str(), body)).await.and_then(read_change)
    }

    /// Removes an object.
    pub async fn delete(&self, endpoint: &str, id: &TargetId) -> CallOutcome<Deleted> {
        let outcome = self.send_to(id, delete_request(endpoint, id.as_str())).await;
        let mut outcome = outcome.and_then(|answer| read_change(answer).map(|_| Deleted::Removed));
        if outcome.result.as_ref().is_err_and(Failure::is_not_found) {
            outcome.result = Ok(Deleted::WasGone);
        }
        outcome
    }

    /// An empty id, or a dot segment, would address the collection or something above it.
    async fn send_to(&self, id: &TargetId, request: Request) -> CallOutcome {
        match id.as_str() {
            "" | "." | ".." => {
                let what = Unexpected::UnusableId { id: id.as_str().to_owned() };
                CallOutcome { result: Err(unexpected(0, what)), exchanges: Vec::new() }
            }
            _ => self.send(request).await,
        }
    }
}

/// A failure without its excerpt; [`CallOutcome::and_then`] adds that.
fn unexpected(status: u16, what: Unexpected) -> Failure {
    Failure::Unexpected { status, what, excerpt: String::new() }
}

fn read_test(answer: Answer) -> Result<(), Failure> {
    let status = answer.status;
    let members = read_object(answer, Unexpected::NotAList)?;
    if status != 200 || member(&members, "schemas").is_some() && !has_schema(&members, urn::LIST_RESPONSE) {
        return Err(unexpected(status, Unexpected::NotAList));
    }
    match list(members) {
        Ok(found) => match found.total_results.max(found.resources.len() as u64) {
            0 => Ok(()),
            total => Err(unexpected(status, Unexpected::FilterIgnored { total })),
        },
        Err(Unexpected::CountWithoutResources { total }) => {
            Err(unexpected(status, Unexpected::FilterIgnored { total }))
        }
        Err(what) => Err(unexpected(status, what)),
    }
}

fn read_list(answer: Answer) -> Result<Found, Failure> {
    let status = answer.status;
    let list = list(read_object(answer, Unexpected::NotAList)?).map_err(|what| unexpected(status, what))?;
    Ok(Found { resources: list.resources, total: list.total_results, by_not_found: false })
}

fn read_resource(answer: Answer, id: &str) -> Result<Resource, Failure> {
    let status = answer.status;
    let members = read_object(answer, Unexpected::NotAResource)?;
    let resource = if has_schema(&members, urn::LIST_RESPONSE) {
        let mut resources = list(members).map_err(|what| unexpected(status, what))?.resources;
        let count = resources.len();
        match resources.pop() {
            Some(resource) if count == 1 => resource,
            _ => return Err(unexpected(status, Unexpected::ListForResource { count })),
        }
    } else {
        Resource::new(members)
    };
    match resource.id() {
        Some(other) if !other.eq_ignore_ascii_case(id) => {
            let id = visible(&other).chars().take(256).collect();
            Err(unexpected(status, Unexpected::OtherResource { id }))
        }
        _ => Ok(resource),
    }
}

fn read_created(answer: Answer, endpoint: &str) -> Result<Created, Failure> {
    let location = answer.location.clone();
    let resource = read_change(answer)?;
    let meta = resource.as_ref().and_then(|resource| match resource.get("meta") {
        Some(Value::Object(meta)) => member(meta, "location").and_then(Value::as_str),
        _ => None,
    });
    let id = resource
        .as_ref()
        .and_then(Resource::id)
        .or_else(|| location.as_deref().and_then(|location| id_in(location, endpoint)))
        .or_else(|| meta.and_then(|location| id_in(location, endpoint)));
    Ok(Created { id: id.map(TargetId::new), resource })
}

/// Any body will do after a write, but for a web page and a SCIM error: those mean that nothing was done.
fn read_change(answer: Answer) -> Result<Option<Resource>, Failure> {
    match answer.body {
        AnswerBody::Json(Value::Object(_)) | AnswerBody::Other { html: true, .. } => {
            read_object(answer, Unexpected::NotAResource).map(|members| Some(Resource::new(members)))
        }
        _ => Ok(None),
    }
}

fn read_object(answer: Answer, otherwise: Unexpected) -> Result<Map<String, Value>, Failure> {
    let status = answer.status;
    match answer.body {
        AnswerBody::Json(Value::Object(members)) if has_schema(&members, urn::ERROR) => {
            Err(unexpected(status, Unexpected::ErrorBody))
        }
        AnswerBody::Json(Value::Object(members)) => Ok(members),
        AnswerBody::Json(_) => Err(unexpected(status, otherwise)),
        AnswerBody::Empty => Err(unexpected(status, Unexpected::Empty)),
        AnswerBody::Other { html: true, .. } => Err(unexpected(status, Unexpected::Html)),
        AnswerBody::Other { message, excerpt, .. } => Err(Failure::Payload { status, message, excerpt }),
    }
}

/// Reads a list; matches that are counted but not sent must not look like nobody.
fn list(members: Map<String, Value>) -> Result<ListResponse, Unexpected> {
    let list = ListResponse::parse(Value::Object(members)).map_err(|_| Unexpected::NotAList)?;
    match (list.total_results, list.resources.is_empty()) {
        (total @ 1.., true) => Err(Unexpected::CountWithoutResources { total }),
        _ => Ok(list),
    }
}

/// The id in `https://host/scim/Users/{id}`, absolute or relative.
fn id_in(location: &str, endpoint: &str) -> Option<String> {
    let path = location.split(['?', '#']).next()?.trim_end_matches('/');
    let at = path.rfind(&format!("{endpoint}/")).map(|at| at + endpoint.len() + 1)?;
    let id = percent_decode_str(&path[at..]).decode_utf8().ok()?;
    (!id.is_empty()).then(|| id.into_owned())
}

#[cfg(test)]
mod tests;
