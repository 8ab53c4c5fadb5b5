//! How an object was worked on, as JSON in one column.
//!
//! `{"s": steps, "x": exchanges, "a": attempted action, "r": [failures, next try]}`. A step is `[name, type, status,
//! description, details]`, the first three as places in their lists; a detail `[name, value]` or `[name, value,
//! evidence]`. An exchange is `[method, path, status, microseconds]`, with the body as a fifth where there is one.

use std::borrow::Cow;
use std::time::Duration;

use serde::de::Error as _;
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::base::Timestamp;
use crate::event::{
    ActionKind, Detail, LoggedExchange, ProvisioningStep, Retry, StepName, StepStatus, StepType, Trace,
};
use crate::scim::Method;

/// As the column has it.
pub(super) fn to_json(trace: &Trace) -> String {
    let written = Written {
        s: Steps(&trace.steps),
        x: Exchanges(&trace.exchanges),
        a: trace.attempted.map(ActionKind::as_str),
        r: trace.retry.map(|retry| (retry.failures, retry.next.as_microsecond())),
    };
    serde_json::to_string(&written).expect("texts and numbers are JSON")
}

#[derive(Serialize)]
struct Written<'a> {
    s: Steps<'a>,
    x: Exchanges<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    a: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r: Option<(u32, i64)>,
}

struct Steps<'a>(&'a [ProvisioningStep]);
struct Details<'a>(&'a [Detail]);
struct Exchanges<'a>(&'a [LoggedExchange]);

impl Serialize for Steps<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|ProvisioningStep { name, kind, status, description, details }| {
            (*name as u8, *kind as u8, *status as u8, description, Details(details))
        }))
    }
}

impl Serialize for Details<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut details = serializer.serialize_seq(Some(self.0.len()))?;
        for Detail { name, value, evidence } in self.0 {
            match evidence {
                None => details.serialize_element(&(name, value))?,
                Some(evidence) => details.serialize_element(&(name, value, evidence))?,
            }
        }
        details.end()
    }
}

impl Serialize for Exchanges<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut exchanges = serializer.serialize_seq(Some(self.0.len()))?;
        for LoggedExchange { method, path, status, duration, body } in self.0 {
            let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
            match body {
                None => exchanges.serialize_element(&(method.as_str(), path, status, micros))?,
                Some(body) => exchanges.serialize_element(&(method.as_str(), path, status, micros, body))?,
            }
        }
        exchanges.end()
    }
}

/// What [`to_json`] wrote.
#[derive(Deserialize)]
pub(super) struct Read {
    s: Vec<(usize, usize, usize, String, Vec<ReadDetail>)>,
    x: Vec<ReadExchange>,
    a: Option<String>,
    r: Option<(u32, i64)>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ReadDetail {
    Plain(String, Option<String>),
    WithEvidence(String, Option<String>, String),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ReadExchange {
    Plain(String, Box<str>, Option<u16>, u64),
    WithBody(String, Box<str>, Option<u16>, u64, Box<str>),
}

impl TryFrom<Read> for Trace {
    type Error = serde_json::Error;

    fn try_from(read: Read) -> Result<Self, Self::Error> {
        let unknown = |what: &str| serde_json::Error::custom(format!("unknown {what}"));
        let step = |(name, kind, status, description, details): (usize, usize, usize, String, Vec<ReadDetail>)| {
            Ok::<_, serde_json::Error>(ProvisioningStep {
                name: *StepName::ALL.get(name).ok_or_else(|| unknown("step"))?,
                kind: *StepType::ALL.get(kind).ok_or_else(|| unknown("type of step"))?,
                status: *StepStatus::ALL.get(status).ok_or_else(|| unknown("status of step"))?,
                description,
                details: details.into_iter().map(ReadDetail::into).collect(),
            })
        };
        let exchange = |read| {
            let (method, path, status, micros, body) = match read {
                ReadExchange::Plain(method, path, status, micros) => (method, path, status, micros, None),
                ReadExchange::WithBody(method, path, status, micros, body) => {
                    (method, path, status, micros, Some(body))
                }
            };
            let method = Method::parse(&method).ok_or_else(|| unknown("method"))?;
            let duration = Duration::from_micros(micros);
            Ok::<_, serde_json::Error>(LoggedExchange { method, path, status, duration, body })
        };
        // The latest instant has no microsecond of its own.
        let retry = |(failures, next)| {
            let next = Timestamp::from_microsecond(next).unwrap_or(Timestamp::MAX);
            Retry { failures, next }
        };
        Ok(Self {
            steps: read.s.into_iter().map(step).collect::<Result<_, _>>()?,
            exchanges: read.x.into_iter().map(exchange).collect::<Result<_, _>>()?,
            attempted: read.a.as_deref().and_then(ActionKind::parse),
            retry: read.r.map(retry),
        })
    }
}

impl From<ReadDetail> for Detail {
    fn from(read: ReadDetail) -> Self {
        let (name, value, evidence) = match read {
            ReadDetail::Plain(name, value) => (name, value, None),
            ReadDetail::WithEvidence(name, value, evidence) => (name, value, Some(evidence)),
        };
        Self { name: Cow::Owned(name), value, evidence }
    }
}

/// Reads the column.
pub(super) struct Column(pub(super) Trace);

impl<'de> Deserialize<'de> for Column {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Trace::try_from(Read::deserialize(deserializer)?).map(Self).map_err(D::Error::custom)
    }
}
