//! Notes what the provisioning log keeps of the way of an object.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::lookup::Reply;
use super::{Due, Evaluator};
use crate::directory::{AttributeNames, Entitlements, Slot, User};
use crate::event::{Asked, Fact, Found, LoggedBody, logged_value};
use crate::expression::attribute_text;
use crate::matching::Candidates;
use crate::plan::{Answer, EscrowSchedule, FailedPart, Failure, Lookup, REDACTED};
use crate::schema::{ObjectKind, ObjectMapping};
use crate::scim::{Method, Request, Resource};
use crate::scoping::{ClauseVerdict, Decision, clause_verdicts};
use crate::store::TraceWriter;

/// The source attributes that a mapping shows in the log: slot, name, and whether `Redact` hides it.
pub(super) struct Imported<'a> {
    shown: Vec<(Slot, &'a str, bool)>,
}

impl<'a> Imported<'a> {
    pub(super) fn new(mapping: &'a ObjectMapping, names: &'a AttributeNames) -> Self {
        // Members aren't values of a group: each is told of by itself.
        let is_shown =
            |attribute: &str| attribute != "objectId" && !(mapping.kind == ObjectKind::Group && attribute == "members");
        let shown = names.iter().filter(|(_, attribute)| is_shown(attribute)).filter_map(|(slot, attribute)| {
            let mut used = mapping.attributes.iter().filter(|mapping| mapping.slots.contains(&slot)).peekable();
            used.peek()?;
            Some((slot, attribute, used.any(|mapping| mapping.redacted)))
        });
        Self { shown: shown.collect() }
    }

    /// Notes the object as it was read, with the values that the mappings use.
    pub(super) fn note(&self, user: &User<'_>, known: bool, trace: &mut TraceWriter) {
        let value = |(slot, name, redacted): &(Slot, &'a str, bool)| {
            let text = attribute_text(&user.values[usize::from(slot.0)]);
            (*name, if *redacted { text.map(|_| Cow::Borrowed(REDACTED)) } else { text })
        };
        trace.imported(known, self.shown.iter().map(value));
    }
}

impl Evaluator<'_> {
    /// Notes how the object was read, and the scope; of one that is tried again as it was, that it is.
    pub(super) fn tell(&self, imported: &Imported<'_>, user: &User<'_>, decision: &Decision, due: &mut Due) {
        let failure = due.prior.as_ref().and_then(|prior| prior.failure.as_ref());
        let is_retried =
            |failure: &&Failure| self.known.is_some() && failure.part == FailedPart::Export && failure.seen == due.seen;
        if let Some(failure) = failure.filter(is_retried) {
            due.told.fact(&retried(failure, &self.policy.escrow));
            return;
        }
        imported.note(user, due.prior.is_some(), &mut due.told);
        note_scope(self.mapping, self.export.entitlements(), user, decision, &mut due.told);
    }
}

/// A failed object that is tried again.
fn retried(failure: &Failure, schedule: &EscrowSchedule) -> Fact {
    Fact::Retried {
        count: failure.count,
        first: failure.first_at,
        next: schedule.next_try(failure.first_at, failure.last_at, failure.count),
        action: failure.action,
    }
}

/// Notes each condition of the scope with its evidence.
fn note_scope(
    mapping: &ObjectMapping,
    entitlements: &Entitlements,
    user: &User<'_>,
    decision: &Decision,
    trace: &mut TraceWriter,
) {
    let explained = decision.explain(mapping.kind, entitlements, &mapping.filters);
    let clauses = if mapping.filters.is_empty() {
        String::new()
    } else {
        let verdict = |(clause, verdict)| {
            let verdict = match verdict {
                ClauseVerdict::True => Value::Bool(true),
                ClauseVerdict::False => Value::Bool(false),
                ClauseVerdict::Unknown | ClauseVerdict::Undecided => Value::Null,
            };
            (clause, verdict)
        };
        let verdicts = clause_verdicts(&mapping.filters, &user.values);
        Value::Object(verdicts.into_iter().map(verdict).collect::<Map<_, _>>()).to_string()
    };
    let conditions = explained.iter().map(|each| (each.holds, each.evidence.as_str()));
    trace.scoped(decision.in_scope(), conditions, &clauses);
}

/// What was asked, and what came back; without an answer the request failed.
pub(super) fn looked_up(mapping: &ObjectMapping, lookup: &Lookup, answer: Option<&Answer>) -> Fact {
    let asked = match lookup {
        Lookup::Match(query) => {
            let attribute = &mapping.attributes[query.mapping];
            let value = if attribute.redacted { REDACTED } else { &query.value };
            Asked::Filter(format!("{} eq {}", attribute.target.name, Value::String(value.to_owned())).into())
        }
        Lookup::Read(target) => Asked::Link(target.as_str().into()),
    };
    let found = match answer {
        None => Found::Failed,
        Some(Answer::Read(account) | Answer::Matched(Candidates::One(account))) => {
            Found::Account(shown(mapping, account))
        }
        Some(Answer::Matched(Candidates::None) | Answer::Conflict { .. }) => Found::Nothing,
        Some(Answer::Vanished) => Found::Gone,
        Some(Answer::Matched(Candidates::Several(ids))) => {
            Found::Several(ids.iter().map(|id| id.as_str().into()).collect())
        }
        Some(Answer::Matched(Candidates::Taken(owner))) => Found::Taken(owner.as_str().into()),
        Some(Answer::Matched(Candidates::FilterIgnored(count))) => Found::Others(*count),
    };
    Fact::LookedUp { asked, found }
}

/// What tells an account from others: its id and the matching attributes.
fn shown(mapping: &ObjectMapping, account: &Resource) -> Vec<(Box<str>, Box<str>)> {
    let mut shown: Vec<(Box<str>, Box<str>)> = Vec::new();
    shown.extend(account.id().map(|id| ("id".into(), id.into())));
    let matching = mapping.matching.iter().map(|index| &mapping.attributes[*index]);
    for attribute in matching.filter(|attribute| !attribute.redacted) {
        let value = attribute.target.path.get(account).map(logged_value);
        shown.extend(value.map(|value| (attribute.target.name.as_str().into(), value.into())));
    }
    if !shown.iter().any(|(name, _)| &**name == "externalId") {
        shown.extend(account.get("externalId").map(|value| ("externalId".into(), logged_value(value).into())));
    }
    shown
}

/// Notes what went over the wire, without the bodies where a value of them isn't to be shown.
pub(super) fn note_exchanges(
    requests: &[Request],
    replies: &[Reply],
    mapping: &ObjectMapping,
    trace: &mut TraceWriter,
) {
    let is_redacted = mapping.attributes.iter().any(|attribute| attribute.redacted);
    for (request, reply) in requests.iter().zip(replies) {
        let path = match request.path.split_once('?') {
            Some((path, _)) if is_redacted => Cow::Owned(format!("{path}?{REDACTED}")),
            _ => Cow::Borrowed(request.path.as_str()),
        };
        let body = match &request.body {
            Some(_) if request.method == Method::Post && !is_redacted => {
                LoggedBody::Creation(mapping.target_object.as_str().into())
            }
            Some(body) if !is_redacted => LoggedBody::Json(body.to_string().into()),
            _ => LoggedBody::None,
        };
        trace.exchange(request.method, &path, reply.status, reply.duration, &body);
    }
}
