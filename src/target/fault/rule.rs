//! When a fault is in force, and for whom.

use serde_json::{Map, Value};

use super::Fault;
use crate::base::{Timestamp, nearest};
use crate::scim::Method;

/// A fault in force.
#[derive(Debug, Clone, PartialEq)]
pub struct FaultRule {
    /// What happens.
    pub fault: Fault,
    /// To which share of the requests, from 0 to 1.
    pub rate: f64,
    /// The resources concerned, by `userName`, `displayName` or id in any letter case; empty for all.
    pub users: Vec<String>,
    /// The methods concerned; empty for all that the fault can happen to.
    pub methods: Vec<Method>,
    /// From when on.
    pub from: Option<Timestamp>,
    /// Until just before when.
    pub until: Option<Timestamp>,
}

const KEYS: [&str; 6] = ["name", "rate", "users", "methods", "from", "until"];

impl FaultRule {
    /// A fault that always happens.
    pub fn new(fault: Fault) -> Self {
        Self { fault, rate: 1.0, users: Vec::new(), methods: Vec::new(), from: None, until: None }
    }

    /// Reads `{"name": "unavailable", "rate": 0.05, "users": ["ann@contoso.com"], "methods": ["POST"],
    /// "from": "2026-03-06T00:00:00Z", "until": "…"}`, of which only the name is needed.
    pub fn from_json(value: &Value) -> Result<Self, String> {
        let Value::Object(members) = value else { return Err(format!("a fault is a JSON object, not {value}")) };
        if let Some(unknown) = members.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(match nearest(unknown, KEYS) {
                Some(near) => format!("a fault has no `{unknown}`, did you mean `{near}`?"),
                None => format!("a fault has no `{unknown}`, only {}", KEYS.join(", ")),
            });
        }
        let fault = match members.get("name") {
            Some(Value::String(name)) => Fault::parse(name)?,
            _ => return Err("a fault needs a `name`".to_owned()),
        };
        let rate = match members.get("rate") {
            None => 1.0,
            Some(rate) => rate
                .as_f64()
                .filter(|rate| (0.0..=1.0).contains(rate))
                .ok_or_else(|| format!("`rate` of `{fault}` is a number from 0 to 1, not {rate}"))?,
        };
        let rule = Self {
            fault,
            rate,
            users: texts(members, "users", fault)?,
            methods: texts(members, "methods", fault)?
                .iter()
                .map(|method| read_method(fault, method))
                .collect::<Result<_, _>>()?,
            from: instant(members, "from", fault)?,
            until: instant(members, "until", fault)?,
        };
        match (rule.from, rule.until) {
            (Some(from), Some(until)) if until <= from => Err(format!("`until` of `{fault}` isn't after its `from`")),
            _ => Ok(rule),
        }
    }

    pub(in crate::target) fn is_in_force(&self, now: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until)
    }

    pub(super) fn concerns(&self, method: Method) -> bool {
        self.fault.methods().contains(&method) && (self.methods.is_empty() || self.methods.contains(&method))
    }
}

fn texts(members: &Map<String, Value>, key: &str, fault: Fault) -> Result<Vec<String>, String> {
    let Some(value) = members.get(key) else { return Ok(Vec::new()) };
    let texts = value.as_array().and_then(|list| list.iter().map(|text| text.as_str().map(str::to_owned)).collect());
    texts.ok_or_else(|| format!("`{key}` of `{fault}` is a list of texts, not {value}"))
}

fn read_method(fault: Fault, text: &str) -> Result<Method, String> {
    let join = |methods: &[Method]| methods.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let method = Method::parse(text)
        .ok_or_else(|| format!("`methods` of `{fault}` has `{text}`, which is none of {}", join(&Method::ALL)))?;
    if fault.methods().contains(&method) {
        Ok(method)
    } else {
        Err(format!("`{fault}` never happens to {method}, only to {}", join(fault.methods())))
    }
}

fn instant(members: &Map<String, Value>, key: &str, fault: Fault) -> Result<Option<Timestamp>, String> {
    let Some(value) = members.get(key) else { return Ok(None) };
    match value.as_str().map(str::parse) {
        Some(Ok(instant)) => Ok(Some(instant)),
        _ => Err(format!("`{key}` of `{fault}` is an instant like \"2026-03-06T00:00:00Z\", not {value}")),
    }
}
