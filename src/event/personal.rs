//! Takes what tells of people out of an entry of the log, for `[log] pii = false`.
//!
//! What stays: ids, names of attributes, actions, codes, booleans, the conditions of the scope, durations. Names and
//! values go, also out of the sentences that quote them.

use serde_json::Value;

use super::{Asked, Attempt, Fact, Found, LoggedBody, ObjectRecord, Trace};
use crate::plan::Reason;

/// Stands for what was taken out.
pub const HIDDEN: &str = "[Hidden]";

/// Source attributes whose values tell nobody's name.
const HARMLESS: [&str; 4] = ["accountEnabled", "IsSoftDeleted", "appRoleAssignments", "userType"];
/// Shorter values aren't looked for in sentences: they would be found everywhere.
const SHORTEST: usize = 3;

/// The same without names and values. The name is the object's id then.
pub fn without_personal_data(record: &ObjectRecord, trace: Option<&Trace>) -> (ObjectRecord, Option<Trace>) {
    let known = Known::of(record, trace);
    let mut hidden = record.clone();
    hidden.name = record.source_id.to_string();
    for change in &mut hidden.changes {
        for value in [&mut change.old, &mut change.new].into_iter().flatten() {
            hide(value);
        }
    }
    if quotes_others(&hidden.reason) {
        hidden.reason = Reason::parse(record.reason.code(), HIDDEN, |_| match &record.reason {
            Reason::ReferenceSet(reference)
            | Reason::ReferenceFound(reference)
            | Reason::ReferenceRemoved(reference)
            | Reason::ReferenceLeftOut(reference) => reference.renamed(HIDDEN),
            _ => crate::plan::Reference::Manager(HIDDEN.into()),
        })
        .unwrap_or_else(|| record.reason.clone());
    }
    if let Some(error) = &mut hidden.error {
        error.message = if quotes_others(&record.reason) && !matches!(record.reason, Reason::RequestFailed(_)) {
            HIDDEN.to_owned()
        } else {
            known.out_of(&error.message)
        };
    }
    (hidden, trace.map(|trace| known.traced(trace)))
}

/// Whether the text of a reason may quote a value, or name somebody else.
const fn quotes_others(reason: &Reason) -> bool {
    matches!(
        reason,
        Reason::DuplicateSourceEntries(_)
            | Reason::DuplicateTargetEntries(_)
            | Reason::UnusableAnswer(_)
            | Reason::InvalidValue(_)
            | Reason::TargetMoved(_)
            | Reason::RequestFailed(_)
            | Reason::ReferenceSet(_)
            | Reason::ReferenceFound(_)
            | Reason::ReferenceRemoved(_)
            | Reason::ReferenceLeftOut(_)
    )
}

/// Booleans stay: they say whether somebody is active.
fn hide(value: &mut Value) {
    if !matches!(value, Value::Bool(_) | Value::Null) {
        *value = Value::String(HIDDEN.to_owned());
    }
}

/// The values that are known of one object, the longest first.
struct Known(Vec<String>);

impl Known {
    fn of(record: &ObjectRecord, trace: Option<&Trace>) -> Self {
        let mut known = vec![record.name.clone()];
        let changed = record.changes.iter().flat_map(|change| [&change.old, &change.new]).flatten();
        known.extend(changed.filter_map(Value::as_str).map(str::to_owned));
        for fact in trace.iter().flat_map(|trace| &trace.facts) {
            if let Fact::Imported { values, .. } = fact {
                let personal = values.iter().filter(|(name, _)| !HARMLESS.contains(&&**name));
                known.extend(personal.filter_map(|(_, value)| value.as_deref()).map(str::to_owned));
            }
        }
        known.retain(|value| value.chars().count() >= SHORTEST && value != "True" && value != "False");
        known.sort_by_key(|value| std::cmp::Reverse(value.len()));
        known.dedup();
        Self(known)
    }

    /// A sentence without them.
    fn out_of(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, value| text.replace(value.as_str(), HIDDEN))
    }

    fn traced(&self, trace: &Trace) -> Trace {
        let mut trace = trace.clone();
        for fact in &mut trace.facts {
            self.fact(fact);
        }
        for exchange in &mut trace.exchanges {
            if let Some((path, _)) = exchange.path.split_once('?') {
                exchange.path = format!("{path}?{HIDDEN}").into();
            }
            if matches!(exchange.body, LoggedBody::Json(_)) {
                exchange.body = LoggedBody::None;
            }
        }
        if let Some(Attempt { reason, .. }) = &mut trace.attempt {
            *reason = self.out_of(reason).into();
        }
        trace
    }

    fn fact(&self, fact: &mut Fact) {
        match fact {
            Fact::Imported { values, .. } => {
                let personal = values.iter_mut().filter(|(name, _)| !HARMLESS.contains(&&**name));
                for value in personal.filter_map(|(_, value)| value.as_mut()).filter(|value| !value.is_empty()) {
                    *value = HIDDEN.into();
                }
            }
            Fact::LookedUp { asked, found } => {
                if let Asked::Filter(filter) = asked
                    && let Some((attribute, _)) = filter.split_once(' ')
                {
                    *filter = format!("{attribute} eq \"{HIDDEN}\"").into();
                }
                match found {
                    Found::Account(shown) => {
                        for (_, value) in shown.iter_mut().filter(|(name, _)| &**name != "id") {
                            *value = HIDDEN.into();
                        }
                    }
                    Found::Taken(owner) => *owner = HIDDEN.into(),
                    Found::Nothing | Found::Gone | Found::Several(_) | Found::Others(_) | Found::Failed => {}
                }
            }
            Fact::Refused { message, .. } => *message = self.out_of(message).into(),
            Fact::Absent | Fact::Retried { .. } | Fact::Scoped { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::base::{SourceId, Timestamp};
    use crate::event::{ActionKind, ChangeId, LogEntry, LoggedExchange, ObjectError, StepOrder};
    use crate::plan::{AttributeChange, Reference};
    use crate::schema::ObjectKind;
    use crate::scim::Method;

    #[test]
    fn nothing_of_a_person_stays() {
        let change = |attribute: &str, new| AttributeChange { attribute: attribute.into(), old: None, new: Some(new) };
        let mut record = ObjectRecord {
            change: ChangeId(uuid::Uuid::nil()),
            at: Timestamp::UNIX_EPOCH,
            source_id: SourceId::parse("id-1").unwrap(),
            name: "ann@contoso.com".to_owned(),
            kind: ObjectKind::User,
            action: ActionKind::Fail,
            reason: Reason::RequestFailed("409: ann@contoso.com is taken by Ann Lee".into()),
            target_id: None,
            changes: vec![change("userName", json!("ann@contoso.com")), change("active", json!(true))],
            error: Some(ObjectError {
                code: "EntryConflict".to_owned(),
                message: "409: ann@contoso.com is taken by Ann Lee".to_owned(),
            }),
            duration: Duration::ZERO,
        };
        let trace = Trace {
            facts: vec![
                Fact::Imported {
                    known: false,
                    values: vec![
                        ("displayName".into(), Some("Ann Lee".into())),
                        ("accountEnabled".into(), Some("True".into())),
                        ("city".into(), None),
                    ],
                },
                Fact::LookedUp {
                    asked: Asked::Filter("userName eq \"ann@contoso.com\"".into()),
                    found: Found::Account(vec![
                        ("id".into(), "7".into()),
                        ("userName".into(), "ann@contoso.com".into()),
                    ]),
                },
                Fact::Refused { code: "EntryConflict".into(), message: "ann@contoso.com is there".into() },
            ],
            exchanges: vec![LoggedExchange {
                method: Method::Patch,
                path: "/Users?filter=userName+eq+%22ann%40contoso.com%22".into(),
                status: Some(409),
                duration: Duration::ZERO,
                body: LoggedBody::Json("{\"userName\":\"ann@contoso.com\"}".into()),
            }],
            attempt: Some(Attempt { action: ActionKind::Create, reason: "no account matches".into(), sent: true }),
            retry: None,
        };
        let check = |record: &ObjectRecord| {
            let (hidden, trace) = without_personal_data(record, Some(&trace));
            let entry = LogEntry::of(&hidden, trace);
            let text = format!("{entry:?} {:?}", entry.steps(StepOrder::Log));
            for secret in ["ann@", "ann%40", "Ann Lee", "bob"] {
                assert!(!text.contains(secret), "{secret} in {text}");
            }
            for kept in ["id-1", "EntryConflict", "accountEnabled", "userName", "409", "Bool(true)"] {
                assert!(text.contains(kept), "{kept} not in {text}");
            }
        };
        check(&record);
        record.reason = Reason::DuplicateSourceEntries("bob@contoso.com".into());
        record.error = Some(ObjectError { code: "EntryConflict".into(), message: "409: bob".into() });
        check(&record);
        record.reason = Reason::ReferenceSet(Reference::Members(2, "bob, ann".into()));
        record.error = None;
        let (hidden, _) = without_personal_data(&record, None);
        assert_eq!(hidden.reason.to_string(), "2 members added: [Hidden]");
    }
}
