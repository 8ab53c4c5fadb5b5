//! Says what is wrong, in the words of those who can mend it.

use serde_json::Value;

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
            about: Vec::new(),
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

    /// In which part of the check it did so: `in the cycle that creates the user`.
    pub(super) fn when(mut self, when: &str) -> Self {
        self.finding.observed = format!("{when}, {}", self.finding.observed);
        self
    }

    /// What is behind it.
    pub(super) fn cause(&self) -> &str {
        &self.finding.cause
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

    /// What in particular it is about.
    pub(super) fn about(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.finding.about = names.into_iter().map(Into::into).collect();
        self
    }

    /// The exchange that shows it, by its place.
    pub(super) fn at(mut self, exchange: usize) -> Self {
        self.finding.exchange = Some(exchange);
        self
    }

    /// Takes it up; as an error, unless the check is only recommended.
    pub(super) fn fail(self) {
        let mut findings = self.probe.findings.borrow_mut();
        // The same again tells nothing new, unless it is worse.
        match findings.iter_mut().find(|known| known.key() == self.finding.key()) {
            Some(known) if known.severity <= self.finding.severity => {}
            Some(known) => *known = self.finding,
            None => findings.push(self.finding),
        }
    }

    /// Lets it be a warning.
    pub(super) fn mild(mut self) -> Self {
        self.finding.severity = Severity::Warning;
        self
    }

    /// Takes it up as something that the service can do without.
    pub(super) fn warn(self) {
        self.mild().fail();
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
        let mut cause = format!("{}-{}-{}", request.to_lowercase(), place.to_lowercase(), answer.status);
        let kind = answer.scim_type().unwrap_or_default();
        // These say little about what is behind them; the endpoint's words say more.
        let words = if matches!(kind, "" | "invalidValue" | "invalidSyntax") { gist(answer) } else { String::new() };
        for part in [kind, &words].into_iter().filter(|part| !part.is_empty()) {
            cause = format!("{cause}-{part}");
        }
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

    /// Those of one kind are one finding.
    fn deviations(&self, deviations: Vec<Deviation>, at: usize) {
        let mut kinds: Vec<(DeviationKind, Vec<Deviation>)> = Vec::new();
        for deviation in deviations {
            match kinds.iter_mut().find(|(kind, _)| *kind == deviation.kind) {
                Some((_, list)) => list.push(deviation),
                None => kinds.push((deviation.kind, vec![deviation])),
            }
        }
        for (kind, alike) in kinds {
            self.deviation(kind, &alike).at(at).fail();
        }
    }

    /// A finding about what isn't stored as it was sent, all of it in the same way. In other letter case it is a warning.
    pub(super) fn deviation(&self, kind: DeviationKind, alike: &[Deviation]) -> Draft<'_> {
        let expected = match kind {
            DeviationKind::CaseChanged => "the value as it was sent, letter case included",
            DeviationKind::StringForBoolean => "true or false as JSON booleans",
            DeviationKind::MemberMissing
            | DeviationKind::MemberStays
            | DeviationKind::MemberRepeated
            | DeviationKind::GroupEmptied => "exactly the members that were added and not removed",
            _ => "what was sent is stored, and read back",
        };
        let told: Vec<_> = alike.iter().take(TOLD).map(told).collect();
        let more = match alike.len().saturating_sub(TOLD) {
            0 => String::new(),
            more => format!("; and {more} more like it"),
        };
        let is_of_members = alike.iter().any(|deviation| deviation.attribute == "members");
        let mut about: Vec<_> = alike.iter().map(|deviation| deviation.attribute.clone()).collect();
        about.sort_unstable();
        about.dedup();
        let draft = self
            .finding(hyphenated(kind.as_str()))
            .about(if is_of_members || kind == DeviationKind::NoOp { Vec::new() } else { about })
            .observed(format!("{}{more}", told.join("; ")))
            .expected(expected);
        if kind == DeviationKind::MemberRepeated {
            let effect = "after a restart the service adds every member again: each is there twice then, and where one \
                          removal takes one entry away, whoever left the group stays in it";
            let remedy = "leave a member out that the group has already (RFC 7644 section 3.5.2.1)";
            return draft.effect(effect).remedy(remedy).mild();
        }
        if kind != DeviationKind::CaseChanged {
            return draft;
        }
        let effect = "the service compares without letter case unless the attribute is case-exact, so it goes on; people see \
                      another spelling than in the directory";
        draft.effect(effect).remedy("store texts as they are sent").mild()
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
            self.finding("also-changed")
                .about([name.as_str()])
                .observed(format!("`{name}` wasn't in the PATCH but changed from {} to {}", text(old), text(new)))
                .expected("a PATCH changes what it names, and nothing else")
                .at(at)
                .fail();
        }
    }
}

/// So many deviations of one kind are told.
const TOLD: usize = 3;

/// `memberMissing` as `member-missing`.
fn hyphenated(name: &str) -> String {
    name.chars()
        .flat_map(|c| if c.is_ascii_uppercase() { vec!['-', c.to_ascii_lowercase()] } else { vec![c] })
        .collect()
}

/// A deviation; of a PATCH that did nothing not all attributes are named.
fn told(deviation: &Deviation) -> String {
    let names: Vec<_> = deviation.attribute.split(", ").collect();
    match names.as_slice() {
        [first, second, rest @ ..] if deviation.kind == DeviationKind::NoOp && rest.len() > 2 => format!(
            "the PATCH of {first}, {second} and {} more attributes was answered with success but changed nothing",
            rest.len()
        ),
        _ => deviation.to_string(),
    }
}

/// So many words of what an endpoint says tell its errors apart.
const WORDS: usize = 6;

/// The first words of an error, with hyphens between them, without what differs from run to run.
fn gist(answer: &Answer) -> String {
    let detail = answer.detail().unwrap_or_default();
    let is_lasting =
        |word: &&str| !word.is_empty() && !word.contains(|c: char| c.is_ascii_digit()) && *word != "scimulate";
    let words = detail.split(|c: char| !c.is_alphanumeric()).filter(is_lasting).take(WORDS);
    words.map(str::to_lowercase).collect::<Vec<_>>().join("-")
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
    let id = path.rsplit_once(&format!("/{place}")).is_some_and(|(_, rest)| !rest.trim_matches('/').is_empty());
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
