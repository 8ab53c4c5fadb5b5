//! Whether a write took effect: what was sent against what is read back.
//!
//! Endpoints are known to answer a request with success and to do something else. Each difference is told
//! in the words of those who can mend it.

use std::collections::HashSet;
use std::fmt;

use serde_json::{Map, Value, json};

use super::compare::{has_value, truth};
use super::planner::{REDACTED, sent};
use super::{Action, PlanContext, Subject, differs};
use crate::schema::TargetAttribute;
use crate::scim::{AttributePath, AttributeType, ChangeOp, Mutability, Resource};

/// One attribute of a POST or PATCH.
#[derive(Debug, Clone, Copy)]
pub struct Sent<'a> {
    /// Where the value belongs, with its type.
    pub attribute: &'a TargetAttribute,
    /// How it was sent: added to what was there (as everything in a POST is), or in its place.
    pub op: ChangeOp,
    /// The value; null, an empty text or an empty list clears the attribute.
    pub value: &'a Value,
}

/// What a PATCH made of the members of a group; target ids.
#[derive(Debug, Clone, Copy, Default)]
pub struct SentMembers<'a> {
    /// Members that were added.
    pub added: &'a [&'a str],
    /// Members that were removed.
    pub removed: &'a [&'a str],
    /// Members from before that were to stay.
    pub kept: &'a [&'a str],
}

/// Where a resource isn't as it was meant to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Deviation {
    /// Target attribute as the mapping names it; of [`DeviationKind::NoOp`] all of them, with commas.
    pub attribute: String,
    /// What was sent, of a member its id; `None` for nothing, or for several attributes.
    pub sent: Option<Value>,
    /// What is there now; `None` for nothing, or for several attributes. Of [`DeviationKind::Unreadable`]
    /// what the endpoint answered.
    pub found: Option<Value>,
    /// What happened.
    pub kind: DeviationKind,
}

/// What an endpoint made of a value instead of storing it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeviationKind {
    /// There is no value.
    Dropped,
    /// There is another one.
    Changed,
    /// There is the same text in another letter case.
    CaseChanged,
    /// The path was taken for a name: `{"name.givenName": …}`, or a URN that was split at its dot.
    StoredLiterally,
    /// The text `"True"` or `"False"` was kept where a boolean belongs.
    StringForBoolean,
    /// Nothing of a PATCH took effect.
    NoOp,
    /// An added member, or one that was to stay, isn't there.
    MemberMissing,
    /// A removed member is still there.
    MemberStays,
    /// A member is in the group more than once.
    MemberRepeated,
    /// After the removal of some members there are none.
    GroupEmptied,
    /// A deleted resource is still there.
    StillThere,
    /// The resource can't be read back, so nobody knows.
    Unreadable,
}

impl DeviationKind {
    /// A word for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dropped => "dropped",
            Self::Changed => "changed",
            Self::CaseChanged => "caseChanged",
            Self::StoredLiterally => "storedLiterally",
            Self::StringForBoolean => "stringForBoolean",
            Self::NoOp => "noOp",
            Self::MemberMissing => "memberMissing",
            Self::MemberStays => "memberStays",
            Self::MemberRepeated => "memberRepeated",
            Self::GroupEmptied => "groupEmptied",
            Self::StillThere => "stillThere",
            Self::Unreadable => "unreadable",
        }
    }
}

impl Deviation {
    /// A deviation of the resource as a whole.
    fn of_resource(kind: DeviationKind, found: Option<Value>) -> Self {
        Self { attribute: "id".to_owned(), sent: None, found, kind }
    }

    /// A resource that was deleted and is still there.
    #[must_use]
    pub fn still_there() -> Self {
        Self::of_resource(DeviationKind::StillThere, None)
    }

    /// A resource that was written and can't be read back; `answer` says why.
    #[must_use]
    pub fn unreadable(answer: String) -> Self {
        Self::of_resource(DeviationKind::Unreadable, Some(Value::String(answer)))
    }

    /// `{"kind", "attribute", "sent", "found", "message"}`, null for nothing.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "kind": self.kind.as_str(),
            "attribute": self.attribute,
            "sent": self.sent,
            "found": self.found,
            "message": self.to_string(),
        })
    }
}

/// One sentence for the endpoint's owner, without a full stop.
impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { attribute, sent, found, .. } = self;
        let [sent, found] = [sent, found].map(|value| value.as_ref().unwrap_or(&Value::Null));
        match self.kind {
            DeviationKind::Dropped => write!(f, "`{attribute}` was sent as {sent} but has no value afterwards"),
            DeviationKind::Changed if !has_value(Some(sent)) => {
                write!(f, "`{attribute}` was cleared but is still {found} afterwards")
            }
            DeviationKind::Changed => write!(f, "`{attribute}` was sent as {sent} but is {found} afterwards"),
            DeviationKind::CaseChanged => {
                write!(f, "`{attribute}` was sent as {sent} but is {found} afterwards, in another letter case")
            }
            DeviationKind::StoredLiterally => {
                write!(f, "`{attribute}` was stored under its path as if that were a name, instead of where it leads")
            }
            DeviationKind::StringForBoolean => {
                write!(f, "`{attribute}` is the text {found} afterwards, where JSON has true and false for booleans")
            }
            DeviationKind::NoOp => {
                write!(f, "the PATCH of {attribute} was answered with success but changed nothing")
            }
            DeviationKind::MemberMissing => write!(f, "the group doesn't have the member {sent} that it should have"),
            DeviationKind::MemberStays => write!(f, "the member {sent} was removed but is still in the group"),
            DeviationKind::MemberRepeated => write!(f, "the member {sent} is in the group more than once"),
            DeviationKind::GroupEmptied => f.write_str(
                "some members were removed and none is left: either all of them were removed, or none was ever stored",
            ),
            DeviationKind::StillThere => f.write_str("it was deleted but is still there"),
            DeviationKind::Unreadable => {
                let answer = found.as_str().unwrap_or_default();
                write!(f, "it can't be read back, so nobody knows what became of the write: {answer}")
            }
        }
    }
}

/// Compares what an action sent with the account as it is afterwards; `before` is the account as it was
/// before a PATCH. What the mapping redacts stays out of the deviations too.
#[must_use]
pub fn action(
    context: &PlanContext<'_>,
    subject: &Subject,
    action: &Action,
    before: Option<&Resource>,
    after: &Resource,
) -> Vec<Deviation> {
    let values = sent(context, subject, action);
    let sent: Vec<_> =
        values.iter().map(|(mapping, op, value)| Sent { attribute: &mapping.target, op: *op, value }).collect();
    let mut deviations = attributes(&sent, before, after);
    let redacted = |name: &str| values.iter().any(|(mapping, ..)| mapping.redacted && mapping.target.name == name);
    for deviation in deviations.iter_mut().filter(|deviation| redacted(&deviation.attribute)) {
        for value in [&mut deviation.sent, &mut deviation.found].into_iter().flatten() {
            *value = Value::from(REDACTED);
        }
    }
    deviations
}

/// Compares the attributes of a POST or PATCH with the resource as it is afterwards.
///
/// `before` is the resource as it was before a PATCH. Attributes that are never returned can't be
/// compared and are left out.
#[must_use]
pub fn attributes(sent: &[Sent<'_>], before: Option<&Resource>, after: &Resource) -> Vec<Deviation> {
    let mut deviations: Vec<_> = sent.iter().filter_map(|sent| deviation(sent, after)).collect();
    if before.is_some_and(|before| is_unchanged(before, after)) {
        let is_lost = |each: &Deviation| matches!(each.kind, DeviationKind::Dropped | DeviationKind::Changed);
        let lost: Vec<_> = deviations.extract_if(.., |each| is_lost(each)).map(|each| each.attribute).collect();
        if !lost.is_empty() {
            let no_op = Deviation { attribute: lost.join(", "), sent: None, found: None, kind: DeviationKind::NoOp };
            deviations.insert(0, no_op);
        }
    }
    deviations
}

/// Compares the members that a PATCH named with the group as it is afterwards. Letter case of ids
/// doesn't count.
#[must_use]
pub fn members(sent: &SentMembers<'_>, after: &Resource) -> Vec<Deviation> {
    let (found, repeated) = member_ids(after);
    let of_group = |sent: Option<&str>, kind| Deviation {
        attribute: "members".to_owned(),
        sent: sent.map(Value::from),
        found: None,
        kind,
    };
    let is_there = |id: &&&str| found.contains(&id.to_ascii_lowercase());
    let emptied = found.is_empty() && !sent.removed.is_empty() && !sent.kept.is_empty();
    let kept = if emptied { &[] } else { sent.kept };
    let missing = sent.added.iter().chain(kept).filter(|id| !is_there(id));
    let staying = sent.removed.iter().filter(is_there);
    let twice = sent.added.iter().chain(sent.kept).filter(|id| repeated.contains(&id.to_ascii_lowercase()));
    let all = emptied.then(|| of_group(None, DeviationKind::GroupEmptied));
    all.into_iter()
        .chain(missing.map(|id| of_group(Some(id), DeviationKind::MemberMissing)))
        .chain(staying.map(|id| of_group(Some(id), DeviationKind::MemberStays)))
        .chain(twice.map(|id| of_group(Some(id), DeviationKind::MemberRepeated)))
        .collect()
}

fn deviation(sent: &Sent<'_>, after: &Resource) -> Option<Deviation> {
    let attribute = sent.attribute;
    if attribute.mutability == Mutability::WriteOnly {
        return None;
    }
    let literal = stored_literally(&attribute.path, &attribute.name, after);
    // Several values may be entries of which the path picks one.
    let entries = whole(&attribute.path, after).filter(|entries| sent.value.is_array() && took_effect(sent, entries));
    let found = entries.or_else(|| attribute.path.get(after));
    // A URN and its attribute as one name is a place where a path finds the value as well.
    let elsewhere = |found: &&Value| literal.is_some_and(|literal| std::ptr::eq(literal, *found));
    let found = found.filter(|found| has_value(Some(found)) && !elsewhere(found));
    let deviation = |kind, found: Option<&Value>| {
        let attribute = attribute.name.clone();
        Some(Deviation { attribute, sent: Some(sent.value.clone()), found: found.cloned(), kind })
    };
    if !has_value(Some(sent.value)) {
        return found.and_then(|found| deviation(DeviationKind::Changed, Some(found)));
    }
    match (found, literal) {
        (Some(found), _) if took_effect(sent, found) => {
            let boolean = attribute.kind == AttributeType::Boolean || sent.value.is_boolean();
            if boolean && found.is_string() {
                deviation(DeviationKind::StringForBoolean, Some(found))
            } else if !boolean && has_other_case(sent, found) {
                deviation(DeviationKind::CaseChanged, Some(found))
            } else {
                None
            }
        }
        (_, Some(literal)) if took_effect(sent, literal) => deviation(DeviationKind::StoredLiterally, Some(literal)),
        (Some(found), _) => deviation(DeviationKind::Changed, Some(found)),
        (None, _) => deviation(DeviationKind::Dropped, None),
    }
}

/// Whether the value is there: among others if it was added, alone if it took the place of all.
fn took_effect(sent: &Sent<'_>, found: &Value) -> bool {
    let (values, entries) = (listed(sent.value), listed(found));
    let all = values.iter().all(|value| entries.iter().any(|entry| is_entry(sent.attribute, value, entry)));
    all && (sent.op == ChangeOp::Add || entries.len() == values.len())
}

/// Whether a value that took effect has its text in another letter case, where that is the endpoint's doing: URIs
/// and instants have one form that endpoints may bring them into.
fn has_other_case(sent: &Sent<'_>, found: &Value) -> bool {
    if matches!(sent.attribute.kind, AttributeType::Reference | AttributeType::DateTime) || truth(sent.value).is_some()
    {
        return false;
    }
    let exact = TargetAttribute { case_exact: true, ..sent.attribute.clone() };
    !took_effect(&Sent { attribute: &exact, ..*sent }, found)
}

/// Whether an entry is the one that was sent: by its `value` where it has one, as endpoints may add parts.
fn is_entry(attribute: &TargetAttribute, sent: &Value, found: &Value) -> bool {
    let Some(value) = sent.get("value") else { return !differs(attribute, sent, Some(found)) };
    // The service writes the entries of some attributes as objects in texts.
    let inner = value.as_str().and_then(|text| serde_json::from_str::<Map<String, Value>>(text).ok());
    let inner = inner.as_ref().and_then(|object| object.get("value"));
    [Some(value), inner].into_iter().flatten().any(|value| !differs(attribute, value, Some(found)))
}

/// The values of a list; anything else is a list of one.
fn listed(value: &Value) -> &[Value] {
    match value {
        Value::Array(values) => values,
        one => std::slice::from_ref(one),
    }
}

/// The attribute with all its entries, whatever the path picks from them.
fn whole<'r>(path: &AttributePath, after: &'r Resource) -> Option<&'r Value> {
    AttributePath { filter: None, sub_attribute: None, ..path.clone() }.get(after)
}

/// The value under a path that was taken for a name, as a whole or cut at a dot.
fn stored_literally<'r>(path: &AttributePath, name: &str, after: &'r Resource) -> Option<&'r Value> {
    if path.urn.is_none() && path.filter.is_none() && path.sub_attribute.is_none() {
        return None;
    }
    let inside = || {
        let extension = after.get(path.urn.as_deref()?)?.as_object()?;
        member(extension, &format!("{}.{}", path.attribute, path.sub_attribute.as_deref()?))
    };
    match (&path.urn, &path.filter) {
        // Here a cut at the dot is the right place.
        (None, None) => member(after.members(), name),
        _ => cut(after.members(), name).or_else(inside),
    }
}

/// The value under a name, or under the pieces of it that dots separate.
fn cut<'r>(members: &'r Map<String, Value>, name: &str) -> Option<&'r Value> {
    member(members, name).or_else(|| {
        name.match_indices('.').find_map(|(at, _)| {
            let inner = member(members, &name[..at])?.as_object()?;
            cut(inner, &name[at + 1..])
        })
    })
}

fn member<'r>(members: &'r Map<String, Value>, name: &str) -> Option<&'r Value> {
    members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// Whether two states of a resource are the same but for `meta`, which has the instant of the last change.
fn is_unchanged(before: &Resource, after: &Resource) -> bool {
    let without_meta = |resource: &Resource| {
        let members = resource.members().iter().filter(|(name, _)| !name.eq_ignore_ascii_case("meta"));
        members.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>()
    };
    without_meta(before) == without_meta(after)
}

/// The members of a group, and which of them it has more than once.
fn member_ids(group: &Resource) -> (HashSet<String>, HashSet<String>) {
    let id = |entry: &Value| {
        let value = entry.as_object().map_or(Some(entry), |members| member(members, "value"))?;
        match value {
            Value::String(id) => Some(id.to_ascii_lowercase()),
            Value::Number(id) => Some(id.to_string()),
            _ => None,
        }
    };
    let mut found = HashSet::new();
    let entries = group.get("members").map(listed).unwrap_or_default();
    let repeated = entries.iter().filter_map(id).filter(|id| !found.insert(id.clone())).collect();
    (found, repeated)
}

#[cfg(test)]
mod tests;
