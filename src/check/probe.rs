//! What a check works with: it sends requests, makes objects to try things on, and takes up what is wrong.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value;

use super::Check;
pub(super) use super::answer::Answer;
use super::bench::Bench;
use super::features::Features;
use super::finding::Draft;
use super::made::addressed;
use super::result::{Finding, Load, Severity, severity};
use super::values::Person;
use crate::client::{
    Failure, RawRequest, create_request, delete_request, find_request, get_request, get_whole_request, patch_request,
};
use crate::schema::{CompiledSchema, ObjectKind, ObjectMapping};
use crate::scim::{Dialect, HttpExchange, Method, Resource, creation};

/// Why a check ends before its last step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stop {
    /// What was found makes the rest pointless.
    Failed,
    /// Something that another check is about doesn't work.
    Blocked {
        /// Id of that check.
        by: &'static str,
        /// What couldn't be done; a sentence without a full stop.
        why: String,
    },
    /// It doesn't apply after all; a sentence without a full stop.
    NotApplicable(String),
    /// A signal came.
    Interrupted,
}

/// A user or group that was made to try things on.
#[derive(Debug, Clone)]
pub(super) struct Object {
    pub(super) kind: ObjectKind,
    pub(super) id: String,
    /// User name or display name, as sent.
    pub(super) name: String,
    /// What it was made of: the index of the mapping, and the value.
    pub(super) values: Vec<(usize, Value)>,
    /// The number of the person, from which other values follow.
    pub(super) number: u32,
}

/// What one check works with.
pub(super) struct Probe {
    pub(super) bench: Rc<Bench>,
    pub(super) check: &'static Check,
    /// Errors weigh so much.
    severity: Cell<Severity>,
    /// Whether the last request can't have had an effect: it didn't arrive.
    unapplied: Cell<bool>,
    pub(super) findings: RefCell<Vec<Finding>>,
    pub(super) notes: RefCell<Vec<String>>,
    pub(super) exchanges: RefCell<Vec<Arc<HttpExchange>>>,
    pub(super) load: RefCell<Option<Load>>,
}

impl Probe {
    pub(super) fn new(bench: Rc<Bench>, check: &'static Check) -> Self {
        Self {
            bench,
            check,
            severity: Cell::new(severity(check.category)),
            unapplied: Cell::new(false),
            findings: RefCell::default(),
            notes: RefCell::default(),
            exchanges: RefCell::default(),
            load: RefCell::default(),
        }
    }

    /// The mapping in force.
    pub(super) fn rules(&self) -> &CompiledSchema {
        self.bench.rules()
    }

    /// The mapping of one kind of object.
    pub(super) fn mapping(&self, kind: ObjectKind) -> &ObjectMapping {
        self.bench.mapping(kind)
    }

    /// What can be checked.
    pub(super) fn features(&self) -> &Features {
        self.bench.features()
    }

    /// The dialect that the tenant URL asks for.
    pub(super) fn dialect(&self) -> Dialect {
        self.bench.options.client.tenant_url.dialect()
    }

    /// Lets everything that is wrong from now on be a warning.
    pub(super) fn soften(&self) {
        self.severity.set(Severity::Warning);
    }

    pub(super) fn severity(&self) -> Severity {
        self.severity.get()
    }

    /// Says something that isn't wrong; a sentence without a full stop.
    pub(super) fn note(&self, text: impl Into<String>) {
        self.notes.borrow_mut().push(text.into());
    }

    /// Begins to say what is wrong. The cause is the same in each run: words with hyphens.
    pub(super) fn finding(&self, cause: impl Into<String>) -> Draft<'_> {
        Draft::new(self, cause.into())
    }

    /// Whether nothing is wrong so far.
    pub(super) fn is_clean(&self) -> bool {
        self.findings.borrow().is_empty()
    }

    /// Sends a request and gives whatever was answered. That nothing was is a finding.
    pub(super) async fn send(&self, request: impl Into<RawRequest>) -> Result<Answer, Stop> {
        let request = request.into();
        if self.bench.cancel.is_cancelled() {
            return Err(Stop::Interrupted);
        }
        self.guard(&request)?;
        let sent = self.bench.client.exchange(request).await;
        self.bench.note(self.check.id, &sent.exchange);
        let at = self.keep(Arc::clone(&sent.exchange));
        self.unapplied.set(sent.failure.as_ref().is_some_and(Failure::is_unapplied));
        match sent.failure {
            None => Ok(Answer::new(at, sent.exchange)),
            Some(Failure::Ended) => Err(Stop::Interrupted),
            Some(failure) => {
                let (cause, observed) = super::finding::of_failure(&sent.exchange, &failure);
                let draft = self.finding(cause).observed(observed).expected("a complete answer");
                Err(draft.at(at).remedy(super::finding::remedy_of_failure(&failure)).stop())
            }
        }
    }

    /// Takes an exchange up that went over the wire for this check; gives its place.
    pub(super) fn keep(&self, exchange: Arc<HttpExchange>) -> usize {
        let mut exchanges = self.exchanges.borrow_mut();
        exchanges.push(exchange);
        exchanges.len() - 1
    }

    /// Nothing is written but to what was made here.
    fn guard(&self, request: &RawRequest) -> Result<(), Stop> {
        if request.method == Method::Get {
            return Ok(());
        }
        if self.bench.options.read_only {
            return Err(Stop::NotApplicable("nothing may be written".to_owned()));
        }
        let blocked = |what: &str| Err(Stop::Blocked { by: "users.create", why: format!("{what} isn't written to") });
        let Some((kind, id)) = addressed(&request.path) else { return blocked("what is neither user nor group") };
        let Some(id) = id else { return Ok(()) };
        let is_unknown = self.bench.unknown_ids.borrow().contains(&id);
        if is_unknown || self.bench.made.owns(kind, &id) {
            return Ok(());
        }
        blocked(&format!("`{id}`, which wasn't made here,"))
    }

    /// Reads an object by its id, as the service does.
    pub(super) async fn get(&self, object: &Object) -> Result<Answer, Stop> {
        self.send(get_request(object.kind.endpoint(), &object.id)).await
    }

    /// Reads an object by its id, of a group its members too.
    pub(super) async fn get_whole(&self, object: &Object) -> Result<Answer, Stop> {
        self.send(get_whole_request(object.kind.endpoint(), &object.id)).await
    }

    /// Looks objects up by the value of an attribute, as the service does.
    pub(super) async fn find(&self, kind: ObjectKind, attribute: &str, value: &str) -> Result<Answer, Stop> {
        self.send(find_request(kind.endpoint(), attribute, value)).await
    }

    /// Changes an object.
    pub(super) async fn patch(&self, object: &Object, body: Value) -> Result<Answer, Stop> {
        self.send(patch_request(object.kind.endpoint(), &object.id, body)).await
    }

    /// Deletes an object.
    pub(super) async fn delete(&self, object: &Object) -> Result<Answer, Stop> {
        let answer = self.send(delete_request(object.kind.endpoint(), &object.id)).await?;
        if answer.is_success() || matches!(answer.status, 404 | 410) {
            self.bench.made.deleted(object.kind, &object.id);
        }
        Ok(answer)
    }

    /// Creates an object; what is made is noted and will be removed. `name` is its user name or display name. Without the
    /// prefix in it nothing is made: it would be looked for, and removed, by a name that others may have.
    ///
    /// The object is `None` where the endpoint refuses, or doesn't say which id the object has: not even when it is
    /// looked up.
    pub(super) async fn create(
        &self,
        kind: ObjectKind,
        name: &str,
        body: Value,
    ) -> Result<(Answer, Option<Object>), Stop> {
        let bench = &self.bench;
        if !name.to_lowercase().contains(&bench.prefix) {
            let attribute = name_attribute(kind);
            let why =
                format!("`{attribute}` would be \"{name}\", which others may have: let the mapping have it as it is");
            return Err(Stop::NotApplicable(why));
        }
        if bench.made.count() >= bench.options.max_objects {
            let why = format!("{} objects were made, which is as many as may be", bench.options.max_objects);
            return Err(Stop::NotApplicable(why));
        }
        let ticket = bench.made.announce(kind, name);
        let answer = match self.send(create_request(kind.endpoint(), body)).await {
            Ok(answer) => answer,
            Err(stop @ (Stop::NotApplicable(_) | Stop::Interrupted)) => {
                bench.made.refused(ticket);
                return Err(stop);
            }
            Err(stop) => {
                if self.unapplied.get() {
                    bench.made.refused(ticket);
                }
                return Err(stop);
            }
        };
        if !answer.is_success() {
            // A server error may come after the work was done; then it is looked for in the end.
            if answer.status < 500 {
                bench.made.refused(ticket);
            }
            return Ok((answer, None));
        }
        let id = match id_of(&answer, name) {
            Some(id) => Some(id),
            None => self.look_up(kind, name).await?,
        };
        if let (None, Some(id)) = (&id, answer.resource().and_then(|resource| resource.id())) {
            bench.made.suspect(ticket, id);
        }
        let object = id.map(|id| {
            bench.made.confirm(ticket, &id);
            Object { kind, id, name: name.to_owned(), values: Vec::new(), number: 0 }
        });
        Ok((answer, object))
    }

    /// Finds an object by its name; `None` where there isn't exactly one.
    async fn look_up(&self, kind: ObjectKind, name: &str) -> Result<Option<String>, Stop> {
        let answer = self.find(kind, name_attribute(kind), name).await?;
        let Some(list) = answer.list() else { return Ok(None) };
        let mut found = list.resources.iter().filter(|resource| is_named(kind, resource, name));
        let id = found.next().and_then(Resource::id);
        Ok(if found.next().is_none() { id } else { None })
    }

    /// Made-up values of somebody new.
    pub(super) fn person(&self) -> Person {
        Person::new(&self.bench.prefix, self.bench.next_number())
    }

    /// The person that an object was made of.
    pub(super) fn person_of(&self, object: &Object) -> Person {
        Person::new(&self.bench.prefix, object.number)
    }

    /// The values that somebody has in all mapped attributes, at the beginning (round 0) or after that many changes.
    pub(super) fn values(&self, kind: ObjectKind, person: &Person, round: u32) -> Vec<(usize, Value)> {
        let mut values = self.bench.options.values.of(self.mapping(kind), person, round);
        if kind == ObjectKind::User {
            values.retain(|(index, _)| !self.bench.left_out.borrow().contains(index));
        }
        values
    }

    /// The body of a creation with these values.
    pub(super) fn body(&self, kind: ObjectKind, values: &[(usize, Value)]) -> Value {
        let mapping = self.mapping(kind);
        let named = values.iter().map(|(index, value)| (&mapping.attributes[*index].target.path, value.clone()));
        creation(&mapping.target_object, named)
    }

    /// The user name or display name among values.
    pub(super) fn name_in(&self, kind: ObjectKind, values: &[(usize, Value)]) -> String {
        let mapping = self.mapping(kind);
        let is_name = |index: usize| {
            let path = &mapping.attributes[index].target.path;
            path.attribute.eq_ignore_ascii_case(name_attribute(kind)) && path.sub_attribute.is_none()
        };
        let found = values.iter().find(|(index, _)| is_name(*index)).and_then(|(_, value)| value.as_str());
        found.unwrap_or_default().to_owned()
    }

    /// A user with all mapped attributes. Where none can be made, the check is blocked by the one about creating.
    pub(super) async fn user(&self) -> Result<Object, Stop> {
        self.object(ObjectKind::User).await
    }

    /// A group without members.
    pub(super) async fn group(&self) -> Result<Object, Stop> {
        self.object(ObjectKind::Group).await
    }

    async fn object(&self, kind: ObjectKind) -> Result<Object, Stop> {
        let person = self.person();
        let values = self.values(kind, &person, 0);
        self.object_of(kind, &person, values).await
    }

    /// Somebody as an object with these of their values.
    pub(super) async fn object_of(
        &self,
        kind: ObjectKind,
        person: &Person,
        values: Vec<(usize, Value)>,
    ) -> Result<Object, Stop> {
        let name = self.name_in(kind, &values);
        let (by, noun) = match kind {
            ObjectKind::User => ("users.create", "user"),
            ObjectKind::Group => ("groups.create", "group"),
        };
        let blocked = |why: String| Err(Stop::Blocked { by, why: format!("no {noun} could be made: {why}") });
        match self.quietly(self.create(kind, &name, self.body(kind, &values))).await {
            Ok((_, Some(object))) => Ok(Object { values, number: person.number, ..object }),
            Ok((answer, None)) if answer.is_success() => blocked("the answer doesn't say which id it has".to_owned()),
            Ok((answer, None)) => blocked(format!("POST {} was answered with {}", kind.endpoint(), answer.told())),
            Err(Stop::Failed) => blocked(format!("POST {} wasn't answered", kind.endpoint())),
            Err(stop) => Err(stop),
        }
    }

    /// The object as it is now. Where it can't be read, the check is blocked by the one about reading.
    pub(super) async fn read(&self, object: &Object) -> Result<(Answer, Resource), Stop> {
        let by = match object.kind {
            ObjectKind::User => "users.get",
            ObjectKind::Group => "groups.get",
        };
        let blocked = |why: String| Err(Stop::Blocked { by, why: format!("what was written can't be read: {why}") });
        match self.quietly(self.get_whole(object)).await {
            Ok(answer) if answer.status == 200 => match answer.resource() {
                Some(resource) => Ok((answer, resource)),
                None => blocked("the answer isn't a resource".to_owned()),
            },
            Ok(answer) => blocked(format!("GET {}/{{id}} was answered with {}", object.kind.endpoint(), answer.told())),
            Err(Stop::Failed) => blocked(format!("GET {}/{{id}} wasn't answered", object.kind.endpoint())),
            Err(stop) => Err(stop),
        }
    }

    /// Does something that isn't what the check is about: what is wrong with it is for the check that it is about.
    pub(super) async fn quietly<T>(&self, doing: impl Future<Output = Result<T, Stop>>) -> Result<T, Stop> {
        let before = self.findings.borrow().len();
        let done = doing.await;
        self.findings.borrow_mut().truncate(before);
        done
    }
}

/// `userName` or `displayName`.
pub(super) const fn name_attribute(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::User => "userName",
        ObjectKind::Group => "displayName",
    }
}

/// Whether a resource has this user name or display name, letter case aside.
pub(super) fn is_named(kind: ObjectKind, resource: &Resource, name: &str) -> bool {
    let found = resource.get(name_attribute(kind)).and_then(Value::as_str);
    found.is_some_and(|found| found.to_lowercase() == name.to_lowercase())
}

/// The id in an answer that shows the object with the unique text that it was made with, its name as a rule: others may
/// not be written to.
fn id_of(answer: &Answer, unique: &str) -> Option<String> {
    let resource = answer.resource()?;
    let wanted = unique.to_lowercase();
    let has = |value: &Value| value.as_str().is_some_and(|text| text.to_lowercase().contains(&wanted));
    resource.members().values().any(has).then(|| resource.id()).flatten()
}
