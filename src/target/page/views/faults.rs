//! Faults: which there are, which are on, and their switches.

use axum::body::Body;
use axum::http::{Response, StatusCode};
use serde::Serialize;
use url::form_urlencoded;

use super::super::conditions::conditions;
use super::super::html::{self, Html};
use super::super::site::{Inner, Visit};
use crate::base::{Timestamp, grouped};
use crate::scim::{Filter, Method};
use crate::target::answer::encode;
use crate::target::{Fault, FaultRule, FaultStatus};

/// A fault and the position of its switch.
#[derive(Debug, Clone, Serialize)]
pub(in crate::target::page) struct Standing {
    name: String,
    /// How it is written with other numbers.
    shape: Option<&'static str>,
    #[serde(skip)]
    theme: &'static str,
    /// Its name in the ids of the page.
    anchor: String,
    /// Its name as a segment of a path.
    path: String,
    #[serde(skip)]
    explanation: String,
    /// The explanation as it is shown.
    explained: Html,
    source: &'static str,
    /// What it can happen to.
    methods: String,
    on: bool,
    /// When and for whom, a text for each rule.
    rules: Vec<Html>,
    /// How many requests it befell.
    befell: Option<String>,
    /// Whether no rule holds at this moment.
    waiting: bool,
    /// What was given at the start, where that isn't what is in force.
    given: Option<Html>,
}

/// Faults that belong together.
#[derive(Serialize)]
struct Theme {
    name: &'static str,
    faults: Vec<Standing>,
}

/// A rule that couldn't be put in force.
#[derive(Serialize)]
pub(in crate::target::page) struct Refused {
    pub(in crate::target::page) rule: String,
    pub(in crate::target::page) problem: Html,
}

#[derive(Serialize)]
struct Faults<'v> {
    themes: Vec<Theme>,
    /// Whatever narrows the list down.
    in_force: Vec<Standing>,
    /// The list as it is narrowed down.
    here: String,
    q: &'v str,
    only_on: bool,
    all: usize,
    refused: Option<Refused>,
}

/// `GET /page/faults`
pub(in crate::target::page) fn faults(page: &Inner, visit: &Visit, refused: Option<Refused>) -> Response<Body> {
    let q = visit.form.get("q").unwrap_or_default();
    let (text, only_on) = (Filter::fold(q), visit.form.get("only").is_some());
    let standing = standing(page);
    let all = standing.len();
    let in_force = standing.iter().filter(|fault| fault.on).cloned().collect();
    let mut themes: Vec<Theme> = Vec::new();
    for fault in standing.into_iter().filter(|fault| (fault.on || !only_on) && fault.has(&text)) {
        match themes.iter_mut().find(|theme| theme.name == fault.theme) {
            Some(theme) => theme.faults.push(fault),
            None => themes.push(Theme { name: fault.theme, faults: vec![fault] }),
        }
    }
    let status = if refused.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    page.page(
        status,
        "faults.html",
        "faults",
        visit,
        Faults { themes, in_force, here: here(q, only_on), q, only_on, all, refused },
    )
}

/// The address of the list, narrowed down.
fn here(q: &str, only_on: bool) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if !q.is_empty() {
        query.append_pair("q", q);
    }
    if only_on {
        query.append_pair("only", "on");
    }
    let query = query.finish();
    if query.is_empty() { "/page/faults".to_owned() } else { format!("/page/faults?{query}") }
}

impl Standing {
    fn has(&self, text: &str) -> bool {
        [self.name.as_str(), self.theme, &self.explanation, self.source]
            .iter()
            .any(|part| Filter::fold(part).contains(text))
    }
}

/// Every fault, those with a parameter as they are by themselves and as they were given.
fn standing(page: &Inner) -> Vec<Standing> {
    let statuses = page.endpoint.faults();
    let now = page.endpoint.now();
    let mut all = Fault::all();
    for fault in statuses.iter().map(|status| &status.rule.fault).chain(page.given.iter().map(|rule| &rule.fault)) {
        if !all.contains(fault) {
            all.push(fault.clone());
        }
    }
    let words = |rules: &[&FaultRule]| rules.iter().map(|rule| conditions(rule)).collect::<Vec<_>>();
    let standing = |fault: Fault| {
        let of: Vec<_> = statuses.iter().filter(|status| status.rule.fault == fault).collect();
        let in_force: Vec<_> = of.iter().map(|status| &status.rule).collect();
        let given: Vec<_> = page.given.iter().filter(|rule| rule.fault == fault).collect();
        let methods = fault.methods();
        let explanation = fault.explanation();
        Standing {
            name: fault.name().to_owned(),
            shape: fault.shape(),
            theme: fault.theme(),
            anchor: anchor(&fault),
            path: encode(fault.name()),
            explained: html::with_code(&explanation),
            explanation,
            source: fault.source(),
            methods: if methods.len() == Method::ALL.len() {
                "every request".to_owned()
            } else {
                methods.iter().map(|method| method.as_str()).collect::<Vec<_>>().join(", ")
            },
            on: !in_force.is_empty(),
            befell: (!in_force.is_empty()).then(|| grouped(of.iter().map(|status| status.befell).sum())),
            waiting: !in_force.is_empty() && !in_force.iter().any(|rule| rule.is_in_force(now)),
            given: (!given.is_empty() && given != in_force).then(|| html::text(&words(&given).join("; and "))),
            rules: words(&in_force).iter().map(|words| html::text(words)).collect(),
        }
    };
    all.into_iter().map(standing).collect()
}

/// What a fault is called in the ids of the page.
pub(super) fn anchor(fault: &Fault) -> String {
    fault.name().replace('/', "-")
}

/// The faults that are on, for the overview.
pub(super) fn on(page: &Inner) -> Vec<Standing> {
    standing(page).into_iter().filter(|standing| standing.on).collect()
}

/// How many faults are on.
pub(in crate::target::page) fn faults_on(statuses: &[FaultStatus]) -> usize {
    let is_first = |(at, status): &(usize, &FaultStatus)| {
        !statuses[..*at].iter().any(|before| before.rule.fault == status.rule.fault)
    };
    statuses.iter().enumerate().filter(is_first).count()
}

/// What changes with the rules, how often they were needed, and whether they hold now.
pub(in crate::target::page) fn version(page: &Inner) -> String {
    let now = page.endpoint.now();
    let statuses = page.endpoint.faults();
    let holds: Vec<_> = statuses.iter().map(|status| status.rule.is_in_force(now)).collect();
    format!("{statuses:?}{holds:?}")
}

/// Switches a fault `off`, to `always`, or to what was `given` at the start; whether there is such a fault
/// and such a position.
pub(in crate::target::page) fn switch(page: &Inner, name: &str, to: &str) -> bool {
    let Ok(fault) = Fault::parse(name) else { return false };
    let put: Vec<FaultRule> = match to {
        "off" => Vec::new(),
        "always" => vec![FaultRule::new(fault.clone())],
        "given" => page.given.iter().filter(|rule| rule.fault == fault).cloned().collect(),
        _ => return false,
    };
    page.endpoint.change_faults(|rules| {
        let others = rules.into_iter().filter(|rule| rule.fault != fault);
        others.chain(put).collect()
    });
    true
}

/// Puts a rule in force beside the others, written as `--fault` takes it. Its times count from now on.
pub(in crate::target::page) fn add(page: &Inner, text: &str) -> Result<(), String> {
    let now = page.endpoint.now();
    let rule = FaultRule::parse(text, Timestamp::from_second(now.as_second()).unwrap_or(now))?;
    page.endpoint.change_faults(|mut rules| {
        if !rules.contains(&rule) {
            rules.push(rule);
        }
        rules
    });
    Ok(())
}
