//! Says what is wrong, in the words of those who can mend it.

use serde_json::{Map, Value};

use super::probe::{Answer, Probe, Stop};
use super::result::{Finding, Severity};
use crate::client::{Failure, TransportKind};
use crate::plan::verify::{self, Deviation, DeviationKind, Sent, SentMembers};
use crate::schema::{ObjectKind, TargetAttribute};
use crate::scim::{ChangeOp, HttpExchange, Resource};

/// A finding that isn't taken up yet. What isn't said of it is said as the check has it.
#[must_use]
pub(super) struct Draft<'p> {
    probe: &'p Probe,
    finding: Finding,
}

impl<'p> Draft<'p> {
    pub(super) fn new(probe: &'p Probe, cause: String) -> Self {
        let check = probe.check;
        let finding = Finding {
            severity: probe.severity(),
            cause,
            observed: String::new(),
            expected: check.holds.to_owned(),
            effect: check.effect.to_owned(),
            remedy: check.remedy.to_owned(),
            exchange: None,
            known: false,
        };
        Self { probe, finding }
    }

    /// What the endpoint did.
    pub(super) fn observed(mut self, text: impl Into<String>) -> Self {
        self.finding.observed = text.into();
        self
    }

    /// What it should have done; otherwise what the check holds.
    pub(super) fn expected(mut self, text: impl Into<String>) -> Self {
        self.finding.expected = text.into();
        self
    }

    /// How it shows with the real service; otherwise as the check has it.
    pub(super) fn effect(mut self, text: impl Into<String>) -> Self {
        self.finding.effect = text.into();
        self
    }

    /// What to change; otherwise as the check has it.
    pub(super) fn remedy(mut self, text: impl Into<String>) -> Self {
        self.finding.remedy = text.into();
        self
    }

    /// The exchange that shows it, by its place.
    pub(super) fn at(mut self, exchange: usize) -> Self {
        self.finding.exchange = Some(exchange);
        self
    }

    /// Takes it up; as an error, unless the check is only recommended.
    pub(super) fn fail(self) {
        self.probe.findings.borrow_mut().push(self.finding);
    }

    /// Takes it up as something that the service can do without.
    pub(super) fn warn(mut self) {
        self.finding.severity = Severity::Warning;
        self.fail();
    }

    /// Takes it up, and ends the check.
    pub(super) fn stop(self) -> Stop {
        self.fail();
        Stop::Failed
    }
}

impl Probe {
    /// A finding about a status that wasn't expected. Its cause is the kind of request and the answer, so that checks that
    /// meet the same are shown together.
    pub(super) fn refused(&self, answer: &Answer, expected: &str) -> Draft<'_> {
        let exchange = &answer.exchange;
        let (request, place) = (&exchange.method, place(exchange));
        let kind = answer.scim_type().map_or_else(String::new, |kind| format!("-{kind}"));
        let cause = format!("{}-{}-{}{kind}", request.to_lowercase(), place.to_lowercase(), answer.status);
        self.finding(cause)
            .observed(format!("{request} {} was answered with {}", shown_path(exchange), answer.told()))
            .expected(expected)
            .at(answer.at)
    }

    /// Holds an answer to being a success; otherwise the check ends.
    pub(super) fn expect_success(&self, answer: &Answer, expected: &str) -> Result<(), Stop> {
        if answer.is_success() { Ok(()) } else { Err(self.refused(answer, expected).stop()) }
    }

    /// Holds an answer to a status; says whether it has it.
    pub(super) fn expect_status(&self, answer: &Answer, wanted: &[u16], expected: &str) -> bool {
        let is_fine = wanted.contains(&answer.status);
        if !is_fine {
            self.refused(answer, expected).fail();
        }
        is_fine
    }

    /// Holds a resource to having what was sent. `before` is the resource before a PATCH.
    pub(super) fn compare(
        &self,
        kind: ObjectKind,
        sent: &[(usize, ChangeOp, Value)],
        before: Option<&Resource>,
        after: &Resource,
        at: usize,
    ) {
        let mapping = self.mapping(kind);
        let sent: Vec<_> = sent
            .iter()
            .map(|(index, op, value)| Sent { attribute: &mapping.attributes[*index].target, op: *op, value })
            .collect();
        self.compare_sent(&sent, before, after, at);
    }

    /// The same for several attributes that needn't be mapped.
    pub(super) fn compare_sent(&self, sent: &[Sent<'_>], before: Option<&Resource>, after: &Resource, at: usize) {
        self.deviations(verify::attributes(sent, before, after), at);
    }

    /// The same for one.
    pub(super) fn compare_attribute(
        &self,
        attribute: &TargetAttribute,
        op: ChangeOp,
        value: &Value,
        after: &Resource,
        at: usize,
    ) {
        self.deviations(verify::attributes(&[Sent { attribute, op, value }], None, after), at);
    }

    /// Holds a group to having the members that it should have.
    pub(super) fn compare_members(&self, sent: &SentMembers<'_>, after: &Resource, at: usize) {
        self.deviations(verify::members(sent, after), at);
    }

    fn deviations(&self, deviations: Vec<Deviation>, at: usize) {
        for deviation in deviations {
            let expected = match deviation.kind {
                DeviationKind::CaseChanged => "the value as it was sent, letter case included",
                DeviationKind::StringForBoolean => "true or false as JSON booleans",
                DeviationKind::MemberMissing
                | DeviationKind::MemberStays
                | DeviationKind::MemberRepeated
                | DeviationKind::GroupEmptied => "exactly the members that were added and not removed",
                _ => "what was sent is stored, and read back",
            };
            // What is behind these has nothing to do with the attribute.
            let is_general = matches!(deviation.kind, DeviationKind::NoOp | DeviationKind::StoredLiterally);
            let attribute = if is_general { "all" } else { &deviation.attribute };
            let draft = self
                .finding(format!("{}-{attribute}", deviation.kind.as_str()))
                .observed(deviation.to_string())
                .expected(expected)
                .at(at);
            match deviation.kind {
                // RFC 7643 section 7 allows it where the attribute isn't case-exact, and the service is content.
                DeviationKind::CaseChanged => draft
                    .effect(
                        "the service compares such values without letter case and is content; people see them changed",
                    )
                    .remedy("keep texts as they were sent, and disregard letter case where they are compared")
                    .warn(),
                _ => draft.fail(),
            }
        }
    }

    /// Holds a resource to being as before, but for `meta` and the attributes that were sent (by their names, or the
    /// URN of their extension).
    pub(super) fn expect_rest_unchanged(&self, before: &Resource, after: &Resource, sent: &[&str], at: usize) {
        let is_sent = |name: &str| sent.iter().chain(&["meta", "schemas"]).any(|sent| sent.eq_ignore_ascii_case(name));
        for name in before.members().keys().chain(after.members().keys().filter(|name| before.get(name).is_none())) {
            let (old, new) = (before.get(name), after.get(name));
            if old == new || is_sent(name) {
                continue;
            }
            let text = |value: Option<&Value>| {
                value.map_or_else(|| "nothing".to_owned(), |value| shortened(&value.to_string()))
            };
            self.finding(format!("also-changed-{name}"))
                .observed(format!("`{name}` wasn't in the PATCH but changed from {} to {}", text(old), text(new)))
                .expected("a PATCH changes what it names, and nothing else")
                .at(at)
                .fail();
        }
    }
}

/// At most so much of a value is quoted.
const QUOTED: usize = 160;

/// A text, or its beginning.
pub(super) fn shortened(text: &str) -> String {
    let short: String = text.chars().take(QUOTED).collect();
    if short.len() < text.len() { format!("{short}…") } else { short }
}

/// `Users`, `Groups`, `Schemas` …, the first segment after the tenant URL.
pub(super) fn place(exchange: &HttpExchange) -> &'static str {
    let path = exchange.target.split('?').next().unwrap_or_default();
    let known = ["Users", "Groups", "Schemas", "ResourceTypes", "ServiceProviderConfig"];
    known.into_iter().find(|known| path.split('/').any(|segment| segment == *known)).unwrap_or("other")
}

/// The path with its id as `{id}` and its query left out, but for what kind of query it is.
pub(super) fn shown_path(exchange: &HttpExchange) -> String {
    let (path, query) = exchange.target.split_once('?').unwrap_or((&exchange.target, ""));
    let place = place(exchange);
    let id = path.rsplit_once(&format!("/{place}")).is_some_and(|(_, rest)| rest.trim_matches('/') != "");
    let id = if id && matches!(place, "Users" | "Groups") { "/{id}" } else { "" };
    let query = match query {
        "" => "",
        query if query.contains("filter=") => "?filter=…",
        query if query.contains("startIndex=") || query.contains("count=") => "?startIndex=…",
        _ => "?…",
    };
    format!("/{place}{id}{query}")
}

/// Cause and sentence for an answer that didn't come.
pub(super) fn of_failure(exchange: &HttpExchange, failure: &Failure) -> (String, String) {
    let cause = match failure {
        Failure::Transport { kind, .. } => match kind {
            TransportKind::Timeout => "no-answer-in-time",
            TransportKind::Reset => "connection-lost",
            TransportKind::Dns
            | TransportKind::Refused
            | TransportKind::ConnectTimeout
            | TransportKind::Tls(_)
            | TransportKind::Proxy
            | TransportKind::Other => "unreachable",
        },
        Failure::Token(_) => "no-access-token",
        Failure::Status(_) | Failure::Unexpected { .. } | Failure::Payload { .. } | Failure::Ended => "unusable-answer",
    };
    let request = if exchange.method.is_empty() {
        "the request".to_owned()
    } else {
        format!("{} {}", exchange.method, shown_path(exchange))
    };
    (cause.to_owned(), format!("{request} has no complete answer: {failure}"))
}

/// What to do about an answer that didn't come.
pub(super) fn remedy_of_failure(failure: &Failure) -> String {
    crate::client::judge(Err(failure), &[]).remedy().to_owned()
}

/// Whether two JSON objects are the same but for `meta`.
pub(super) fn is_same_but_meta(before: &Map<String, Value>, after: &Map<String, Value>) -> bool {
    let of = |members: &Map<String, Value>| -> Map<String, Value> {
        let members = members.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("meta"));
        members.map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    of(before) == of(after)
}

impl Probe {
    /// Holds an answer to being a `ListResponse` that counts and shows nobody.
    pub(super) fn expect_empty_list(&self, answer: &Answer, kind: ObjectKind) {
        let expected = "200 with a ListResponse that counts nobody";
        let Some(list) = answer.list() else {
            let observed = "the answer isn't a ListResponse: neither `totalResults` nor `Resources` can be read";
            return self.finding("not-a-list").observed(observed).expected(expected).at(answer.at).fail();
        };
        let count = list.total_results.max(list.resources.len() as u64);
        if count > 0 {
            let observed = format!("a filter that matches nobody gave {count} {}s", kind.as_str().to_lowercase());
            self.finding("filter-ignored")
                .observed(observed)
                .expected(expected)
                .effect("the service takes somebody else's account for the one it looks for, or gives up because of several")
                .remedy("evaluate the filter, and answer one that can't be evaluated with 400 invalidFilter instead of everybody")
                .at(answer.at)
                .fail();
        }
    }
}
