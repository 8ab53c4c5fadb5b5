//! When a fault is in force, and for whom.

use serde_json::{Map, Value};

use super::Fault;
use crate::base::{SignedDuration, Timestamp, nearest};
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
    /// How many of the requests concerned are spared first; `None` for as many as is usual for the fault.
    pub after: Option<u64>,
    /// How often it happens at most.
    pub times: Option<u64>,
}

const KEYS: [&str; 8] = ["name", "rate", "users", "methods", "from", "until", "after", "times"];
const OPTIONS: [&str; 6] = ["user", "method", "from", "until", "after", "times"];

impl FaultRule {
    /// A fault that always happens.
    pub fn new(fault: Fault) -> Self {
        Self {
            fault,
            rate: 1.0,
            users: Vec::new(),
            methods: Vec::new(),
            from: None,
            until: None,
            after: None,
            times: None,
        }
    }

    /// Reads `{"name": "503", "rate": 0.05, "users": ["ann@contoso.com"], "methods": ["POST"],
    /// "from": "2026-03-06T00:00:00Z", "until": "…", "after": 10, "times": 3}`, of which only the name is needed.
    pub fn from_json(value: &Value) -> Result<Self, String> {
        let Value::Object(members) = value else { return Err(format!("a fault is a JSON object, not {value}")) };
        if let Some(unknown) = members.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(unknown_key(unknown, &KEYS));
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
        let methods = texts(members, "methods", &fault)?;
        let rule = Self {
            rate,
            users: texts(members, "users", &fault)?,
            methods: methods.iter().map(|method| read_method(&fault, method)).collect::<Result<_, _>>()?,
            from: instant(members, "from", &fault)?,
            until: instant(members, "until", &fault)?,
            after: count(members, "after", &fault)?,
            times: count(members, "times", &fault)?,
            fault,
        };
        rule.checked()
    }

    /// Reads `503:5%,user=ann@contoso.com,method=POST,from=+10m,until=2026-03-06T00:00:00Z,after=10,times=3`, of which
    /// only the name is needed; `user` and `method` may be given several times. A rate is `5%` or `0.05`, an instant
    /// may be given as a time after `start`, and a value with commas in quotation marks.
    pub fn parse(text: &str, start: Timestamp) -> Result<Self, String> {
        let mut parts = split(text)?.into_iter();
        let head = parts.next().unwrap_or_default();
        let (name, rate) = match head.split_once(':') {
            Some((name, rate)) => (name, Some(rate)),
            None => (head.as_str(), None),
        };
        let mut rule = Self::new(Fault::parse(name.trim())?);
        if let Some(rate) = rate {
            rule.rate = read_rate(rate)
                .ok_or_else(|| format!("the rate of `{name}` is a share like 5% or 0.05, not `{rate}`"))?;
        }
        for part in parts {
            let fault = &rule.fault;
            let Some((key, value)) = part.split_once('=') else {
                return Err(format!("`{part}` after `{fault}` isn't one of {}", forms()));
            };
            let at = |value: &str| {
                let instant = match value.strip_prefix('+') {
                    Some(duration) => duration.parse().ok().and_then(|by: SignedDuration| start.checked_add(by).ok()),
                    None => value.parse().ok(),
                };
                let wanted = "an instant like 2026-03-06T00:00:00Z, or a time to come like +10m";
                instant.map(Some).ok_or_else(|| format!("`{key}` of `{fault}` is {wanted}, not `{value}`"))
            };
            let number = |value: &str| {
                let number = value.parse().ok();
                number.map(Some).ok_or_else(|| format!("`{key}` of `{fault}` is a whole number, not `{value}`"))
            };
            match key.trim() {
                "user" => rule.users.push(value.to_owned()),
                "method" => {
                    let method = read_method(fault, value)?;
                    rule.methods.push(method);
                }
                "from" => rule.from = at(value)?,
                "until" => rule.until = at(value)?,
                "after" => rule.after = number(value)?,
                "times" => rule.times = number(value)?,
                _ => return Err(unknown_key(key, &OPTIONS)),
            }
        }
        rule.checked()
    }

    fn checked(self) -> Result<Self, String> {
        let never = |what: &str| Err(format!("`{}` would never happen {what}", self.fault));
        match (self.from, self.until) {
            (Some(from), Some(until)) if until <= from => {
                Err(format!("`until` of `{}` isn't after its `from`", self.fault))
            }
            _ if self.rate == 0.0 => never("with a rate of 0"),
            _ if self.times == Some(0) => never("with `times` of 0"),
            _ if self.users.iter().any(|user| user.trim().is_empty()) => never("to a user without a name"),
            _ => Ok(self),
        }
    }

    pub(in crate::target) fn is_in_force(&self, now: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until)
    }

    pub(super) fn concerns(&self, method: Method) -> bool {
        self.fault.methods().contains(&method) && (self.methods.is_empty() || self.methods.contains(&method))
    }
}

/// What may follow a name on the command line.
fn forms() -> String {
    OPTIONS.map(|option| format!("`{option}=…`")).join(", ")
}

fn unknown_key(key: &str, known: &[&str]) -> String {
    match nearest(key, known.iter().copied()) {
        Some(near) => format!("a fault has no `{key}`, did you mean `{near}`?"),
        None => format!("a fault has no `{key}`, only {}", known.join(", ")),
    }
}

/// Splits at commas, but for those in quotation marks, which are left out.
fn split(text: &str) -> Result<Vec<String>, String> {
    let (mut parts, mut is_quoted) = (vec![String::new()], false);
    for c in text.chars() {
        match (c, parts.last_mut()) {
            ('"', _) => is_quoted = !is_quoted,
            (',', _) if !is_quoted => parts.push(String::new()),
            (_, Some(part)) => part.push(c),
            (_, None) => {}
        }
    }
    if is_quoted { Err(format!("a quotation mark is left open in `{text}`")) } else { Ok(parts) }
}

fn read_rate(text: &str) -> Option<f64> {
    let rate = match text.trim().strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().ok()? / 100.0,
        None => text.trim().parse().ok()?,
    };
    (0.0..=1.0).contains(&rate).then_some(rate)
}

fn texts(members: &Map<String, Value>, key: &str, fault: &Fault) -> Result<Vec<String>, String> {
    let Some(value) = members.get(key) else { return Ok(Vec::new()) };
    let texts = value.as_array().and_then(|list| list.iter().map(|text| text.as_str().map(str::to_owned)).collect());
    texts.ok_or_else(|| format!("`{key}` of `{fault}` is a list of texts, not {value}"))
}

fn count(members: &Map<String, Value>, key: &str, fault: &Fault) -> Result<Option<u64>, String> {
    let Some(value) = members.get(key) else { return Ok(None) };
    let number = value.as_u64().map(Some);
    number.ok_or_else(|| format!("`{key}` of `{fault}` is a whole number, not {value}"))
}

fn read_method(fault: &Fault, text: &str) -> Result<Method, String> {
    let join = |methods: &[Method]| methods.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let method = Method::parse(text)
        .ok_or_else(|| format!("`methods` of `{fault}` has `{text}`, which is none of {}", join(&Method::ALL)))?;
    if fault.methods().contains(&method) {
        Ok(method)
    } else {
        Err(format!("`{fault}` never happens to {method}, only to {}", join(fault.methods())))
    }
}

fn instant(members: &Map<String, Value>, key: &str, fault: &Fault) -> Result<Option<Timestamp>, String> {
    let Some(value) = members.get(key) else { return Ok(None) };
    match value.as_str().map(str::parse) {
        Some(Ok(instant)) => Ok(Some(instant)),
        _ => Err(format!("`{key}` of `{fault}` is an instant like \"2026-03-06T00:00:00Z\", not {value}")),
    }
}
