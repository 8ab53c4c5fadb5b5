//! How an object was worked on, as JSON in one column, as short as can be: a cycle writes one for each object.
//!
//! `{"f": facts, "x": exchanges, "a": [action, reason, sent], "r": [failures, next try]}`; what isn't there is left out.
//! A fact is an array that begins with its letter. An exchange is `[method, path, status, microseconds]`, and a fifth
//! for the body: JSON as text, or `["target object"]` for the creation of one with the entry's changes.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::base::Timestamp;
use crate::event::{ActionKind, Asked, Attempt, Condition, Fact, Found, LoggedBody, LoggedExchange, Retry, Trace};
use crate::scim::Method;

/// As the column has it.
pub(super) fn to_json(trace: &Trace) -> String {
    let mut json = String::with_capacity(768);
    let mut parts = Parts { json: &mut json, separator: '{' };
    if !trace.facts.is_empty() {
        parts.list("f", &trace.facts, fact);
    }
    if !trace.exchanges.is_empty() {
        parts.list("x", &trace.exchanges, exchange);
    }
    if let Some(Attempt { action, reason, sent }) = &trace.attempt {
        parts.name("a");
        push(parts.json, &(action.as_str(), reason, u8::from(*sent)));
    }
    if let Some(Retry { failures, next }) = &trace.retry {
        parts.name("r");
        push(parts.json, &(failures, next.as_microsecond()));
    }
    if parts.separator == '{' {
        json.push('{');
    }
    json.push('}');
    json
}

/// Members of the object, one after the other.
struct Parts<'a> {
    json: &'a mut String,
    separator: char,
}

impl Parts<'_> {
    fn name(&mut self, name: &str) {
        self.json.push(self.separator);
        self.separator = ',';
        self.json.extend(["\"", name, "\":"]);
    }

    fn list<T>(&mut self, name: &str, items: &[T], write: fn(&mut String, &T)) {
        self.name(name);
        let mut separator = '[';
        for item in items {
            self.json.push(separator);
            separator = ',';
            write(self.json, item);
        }
        self.json.push(']');
    }
}

fn push(json: &mut String, value: &impl Serialize) {
    json.push_str(&serde_json::to_string(value).expect("texts and numbers are JSON"));
}

/// A text as JSON. Most need no escaping.
fn text(json: &mut String, text: &str) {
    if text.bytes().any(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
        push(json, &text);
    } else {
        json.extend(["\"", text, "\""]);
    }
}

fn optional(json: &mut String, value: Option<&str>) {
    match value {
        None => json.push_str("null"),
        Some(value) => text(json, value),
    }
}

fn fact(json: &mut String, fact: &Fact) {
    match fact {
        Fact::Imported { known, values } => {
            json.push_str(if *known { "[\"u\"" } else { "[\"n\"" });
            for (name, value) in values {
                json.push(',');
                text(json, name);
                json.push(',');
                optional(json, value.as_deref());
            }
        }
        Fact::Absent => json.push_str("[\"d\""),
        Fact::Retried { count, first, next, action } => {
            json.push_str("[\"e\",");
            let (first, next) = (first.as_microsecond(), next.as_microsecond());
            let values = serde_json::to_string(&(count, first, next, action.as_str())).expect("numbers are JSON");
            json.push_str(&values[1..values.len() - 1]);
        }
        Fact::Scoped { in_scope, conditions, clauses } => {
            json.push_str(if *in_scope { "[\"s\",1," } else { "[\"s\",0," });
            text(json, clauses);
            for Condition { holds, evidence } in conditions {
                json.push_str(if *holds { ",1," } else { ",0," });
                text(json, evidence);
            }
        }
        Fact::LookedUp { asked, found } => {
            match asked {
                Asked::Filter(filter) => {
                    json.push_str("[\"q\",");
                    text(json, filter);
                }
                Asked::Link(id) => {
                    json.push_str("[\"l\",");
                    text(json, id);
                }
            }
            self::found(json, found);
        }
        Fact::Refused { code, message } => {
            json.push_str("[\"c\",");
            text(json, code);
            json.push(',');
            text(json, message);
        }
    }
    json.push(']');
}

/// A letter, then what belongs to it; nothing for nothing.
fn found(json: &mut String, found: &Found) {
    let mut letter = |letter: &str| json.extend([",\"", letter, "\""]);
    match found {
        Found::Nothing => {}
        Found::Gone => letter("g"),
        Found::Failed => letter("f"),
        Found::Account(shown) => {
            letter("a");
            for (name, value) in shown {
                json.push(',');
                text(json, name);
                json.push(',');
                text(json, value);
            }
        }
        Found::Several(ids) => {
            letter("m");
            for id in ids {
                json.push(',');
                text(json, id);
            }
        }
        Found::Taken(owner) => {
            letter("t");
            json.push(',');
            text(json, owner);
        }
        Found::Others(count) => {
            letter("o");
            json.push(',');
            push(json, count);
        }
    }
}

fn exchange(json: &mut String, exchange: &LoggedExchange) {
    let LoggedExchange { method, path, status, duration, body } = exchange;
    json.extend(["[\"", method.as_str(), "\","]);
    text(json, path);
    json.push(',');
    push(json, status);
    json.push(',');
    push(json, &u64::try_from(duration.as_micros()).unwrap_or(u64::MAX));
    match body {
        LoggedBody::None => {}
        LoggedBody::Json(body) => {
            json.push(',');
            text(json, body);
        }
        LoggedBody::Creation(object) => {
            json.push_str(",[");
            text(json, object);
            json.push(']');
        }
    }
    json.push(']');
}

/// Reads the column; `None` for what no version has written.
pub(super) fn from_json(json: &str) -> Option<Trace> {
    let members: Map<String, Value> = serde_json::from_str(json).ok()?;
    let list = |name: &str| members.get(name).map_or(Some(&[][..]), |value| Some(value.as_array()?.as_slice()));
    let attempt = |value: &Value| {
        Some(Attempt {
            action: ActionKind::parse(value[0].as_str()?)?,
            reason: value[1].as_str()?.into(),
            sent: value[2] == json!(1),
        })
    };
    let retry =
        |value: &Value| Some(Retry { failures: u32::try_from(value[0].as_u64()?).ok()?, next: instant(&value[1])? });
    Some(Trace {
        facts: list("f")?.iter().map(read_fact).collect::<Option<_>>()?,
        exchanges: list("x")?.iter().map(read_exchange).collect::<Option<_>>()?,
        attempt: members.get("a").map_or(Some(None), |value| attempt(value).map(Some))?,
        retry: members.get("r").map_or(Some(None), |value| retry(value).map(Some))?,
    })
}

/// The latest instant has no microsecond of its own.
fn instant(value: &Value) -> Option<Timestamp> {
    Some(Timestamp::from_microsecond(value.as_i64()?).unwrap_or(Timestamp::MAX))
}

fn read_fact(value: &Value) -> Option<Fact> {
    let values = value.as_array()?;
    let (letter, rest) = (values.first()?.as_str()?, &values[1..]);
    let word = |at: usize| Some(Box::<str>::from(rest.get(at)?.as_str()?));
    Some(match letter {
        "n" | "u" => Fact::Imported {
            known: letter == "u",
            values: rest
                .chunks_exact(2)
                .map(|pair| Some((pair[0].as_str()?.into(), pair[1].as_str().map(Into::into))))
                .collect::<Option<_>>()?,
        },
        "d" => Fact::Absent,
        "e" => Fact::Retried {
            count: u32::try_from(rest.first()?.as_u64()?).ok()?,
            first: instant(rest.get(1)?)?,
            next: instant(rest.get(2)?)?,
            action: ActionKind::parse(rest.get(3)?.as_str()?)?,
        },
        "s" => Fact::Scoped {
            in_scope: *rest.first()? == json!(1),
            clauses: word(1)?,
            conditions: rest[2..]
                .chunks_exact(2)
                .map(|pair| Some(Condition { holds: pair[0] == json!(1), evidence: pair[1].as_str()?.into() }))
                .collect::<Option<_>>()?,
        },
        "q" => Fact::LookedUp { asked: Asked::Filter(word(0)?), found: read_found(&rest[1..])? },
        "l" => Fact::LookedUp { asked: Asked::Link(word(0)?), found: read_found(&rest[1..])? },
        "c" => Fact::Refused { code: word(0)?, message: word(1)? },
        _ => return None,
    })
}

fn read_found(values: &[Value]) -> Option<Found> {
    let Some((letter, rest)) = values.split_first() else { return Some(Found::Nothing) };
    let texts = || rest.iter().map(|value| Some(Box::<str>::from(value.as_str()?))).collect::<Option<Vec<_>>>();
    Some(match letter.as_str()? {
        "g" => Found::Gone,
        "f" => Found::Failed,
        "a" => Found::Account(texts()?.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()),
        "m" => Found::Several(texts()?),
        "t" => Found::Taken(texts()?.into_iter().next()?),
        "o" => Found::Others(usize::try_from(rest.first()?.as_u64()?).ok()?),
        _ => return None,
    })
}

fn read_exchange(value: &Value) -> Option<LoggedExchange> {
    Some(LoggedExchange {
        method: Method::parse(value[0].as_str()?)?,
        path: value[1].as_str()?.into(),
        status: value[2].as_u64().map(u16::try_from).transpose().ok()?,
        duration: Duration::from_micros(value[3].as_u64()?),
        body: match value.get(4) {
            None => LoggedBody::None,
            Some(Value::String(body)) => LoggedBody::Json(body.as_str().into()),
            Some(object) => LoggedBody::Creation(object[0].as_str()?.into()),
        },
    })
}
