//! How an object was worked on, as JSON in one column, as short as can be: a cycle writes one for each object.
//!
//! `{"f": facts, "x": exchanges, "a": [action, reason, sent], "r": [failures, next try]}`; what isn't there is left out.
//! A fact is an array that begins with its letter. An exchange is `[method, path, status, microseconds]`, and a fifth
//! for the body: JSON as text, or `["target object"]` for the creation of one with the entry's changes.

use std::borrow::Cow;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::base::Timestamp;
use crate::event::{ActionKind, Asked, Attempt, Condition, Fact, Found, LoggedBody, LoggedExchange, Retry, Trace};
use crate::scim::Method;

/// How an object was worked on, as the column has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceText(String);

impl TraceText {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// What it says.
    pub fn read(&self) -> Trace {
        from_json(&self.0).expect("it was written here")
    }
}

impl From<&Trace> for TraceText {
    fn from(trace: &Trace) -> Self {
        let mut writer = TraceWriter::default();
        trace.facts.iter().for_each(|fact| writer.fact(fact));
        for LoggedExchange { method, path, status, duration, body } in &trace.exchanges {
            writer.exchange(*method, path, *status, *duration, body);
        }
        writer.finish(trace.attempt.as_ref(), trace.retry)
    }
}

/// Writes a [`TraceText`] while an object is worked on: facts first, then exchanges. A text of some hundred bytes goes
/// from thread to thread, instead of the dozens of values in it.
#[derive(Debug, Clone, Default)]
pub struct TraceWriter {
    json: String,
    part: Part,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Part {
    #[default]
    Nothing,
    Facts,
    Exchanges,
}

impl TraceWriter {
    /// Whether nothing was written yet.
    pub const fn is_empty(&self) -> bool {
        self.json.is_empty()
    }

    /// The object was read, with these values.
    pub fn imported<'v>(&mut self, known: bool, values: impl Iterator<Item = (&'v str, Option<Cow<'v, str>>)>) {
        self.json.reserve(640);
        self.begin(Part::Facts);
        self.json.push_str(if known { "[\"u\"" } else { "[\"n\"" });
        for (name, value) in values {
            self.json.push(',');
            text(&mut self.json, name);
            self.json.push(',');
            optional(&mut self.json, value.as_deref());
        }
        self.json.push(']');
    }

    /// The scope was decided; each condition with its evidence.
    pub fn scoped<'e>(&mut self, in_scope: bool, conditions: impl Iterator<Item = (bool, &'e str)>, clauses: &str) {
        self.begin(Part::Facts);
        let json = &mut self.json;
        json.push_str(if in_scope { "[\"s\",1," } else { "[\"s\",0," });
        text(json, clauses);
        for (holds, evidence) in conditions {
            json.push_str(if holds { ",1," } else { ",0," });
            text(json, evidence);
        }
        json.push(']');
    }

    /// Something else happened.
    pub fn fact(&mut self, fact: &Fact) {
        match fact {
            Fact::Imported { known, values } => {
                self.imported(
                    *known,
                    values.iter().map(|(name, value)| (&**name, value.as_deref().map(Cow::Borrowed))),
                );
            }
            Fact::Scoped { in_scope, conditions, clauses } => {
                let conditions = conditions.iter().map(|condition| (condition.holds, &*condition.evidence));
                self.scoped(*in_scope, conditions, clauses);
            }
            _ => {
                self.begin(Part::Facts);
                self::fact(&mut self.json, fact);
            }
        }
    }

    /// A request was sent.
    pub fn exchange(&mut self, method: Method, path: &str, status: Option<u16>, duration: Duration, body: &LoggedBody) {
        self.begin(Part::Exchanges);
        exchange(&mut self.json, method, path, status, duration, body);
    }

    /// Ends it, with what was tried if it failed.
    #[must_use]
    pub fn finish(mut self, attempt: Option<&Attempt>, retry: Option<Retry>) -> TraceText {
        let json = &mut self.json;
        json.push_str(if self.part == Part::Nothing { "{" } else { "]" });
        if let Some(Attempt { action, reason, sent }) = attempt {
            json.push_str(if json.len() > 1 { ",\"a\":" } else { "\"a\":" });
            push(json, &(action.as_str(), reason, u8::from(*sent)));
        }
        if let Some(Retry { failures, next }) = retry {
            json.push_str(if json.len() > 1 { ",\"r\":" } else { "\"r\":" });
            push(json, &(failures, next.as_microsecond()));
        }
        json.push('}');
        TraceText(self.json)
    }

    /// Goes on with an item of a part.
    fn begin(&mut self, part: Part) {
        self.json.push_str(match (self.part, part) {
            (Part::Nothing, Part::Exchanges) => "{\"x\":[",
            (Part::Nothing, _) => "{\"f\":[",
            (Part::Facts, Part::Exchanges) => "],\"x\":[",
            _ => ",",
        });
        self.part = part;
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
        Fact::Imported { .. } | Fact::Scoped { .. } => unreachable!("they are written by themselves"),
        Fact::Absent => json.push_str("[\"d\""),
        Fact::Retried { count, first, next, action } => {
            json.push_str("[\"e\",");
            let (first, next) = (first.as_microsecond(), next.as_microsecond());
            let values = serde_json::to_string(&(count, first, next, action.as_str())).expect("numbers are JSON");
            json.push_str(&values[1..values.len() - 1]);
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

fn exchange(json: &mut String, method: Method, path: &str, status: Option<u16>, duration: Duration, body: &LoggedBody) {
    json.extend(["[\"", method.as_str(), "\","]);
    text(json, path);
    json.push(',');
    push(json, &status);
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
