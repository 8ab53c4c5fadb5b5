//! Faults: which there are, which are on, and their switches.

use axum::body::Body;
use axum::http::{Response, StatusCode};
use serde::Serialize;

use super::super::conditions::conditions;
use super::super::site::{Inner, Visit};
use crate::scim::Method;
use crate::target::answer::encode;
use crate::target::{Fault, FaultRule};

/// A fault and the position of its switch.
#[derive(Debug, Serialize)]
pub(in crate::target::page) struct Standing {
    name: String,
    /// Its name in the ids of the page.
    anchor: String,
    /// Its name as a segment of a path.
    path: String,
    explanation: String,
    source: &'static str,
    /// What it can happen to.
    methods: String,
    on: bool,
    /// When and for whom, a text for each rule.
    rules: Vec<String>,
    /// Whether no rule holds at this moment.
    waiting: bool,
    /// What was given at the start, where that isn't what is in force.
    given: Option<String>,
}

#[derive(Serialize)]
struct Faults {
    faults: Vec<Standing>,
}

/// `GET /page/faults`
pub(in crate::target::page) fn faults(page: &Inner, visit: &Visit) -> Response<Body> {
    page.page(StatusCode::OK, "faults.html", "faults", visit, Faults { faults: standing(page) })
}

/// Every fault.
pub(in crate::target::page) fn standing(page: &Inner) -> Vec<Standing> {
    let rules = rules(page);
    let now = page.endpoint.now();
    let of = |rules: &[FaultRule], fault: &Fault| {
        rules.iter().filter(|rule| rule.fault == *fault).cloned().collect::<Vec<_>>()
    };
    let words = |rules: &[FaultRule]| rules.iter().map(conditions).collect::<Vec<_>>();
    let standing = |fault: Fault| {
        let (in_force, given) = (of(&rules, &fault), of(&page.given, &fault));
        let methods = fault.methods();
        Standing {
            name: fault.name().to_owned(),
            anchor: anchor(&fault),
            path: encode(fault.name()),
            explanation: fault.explanation(),
            source: fault.source(),
            methods: if methods.len() == Method::ALL.len() {
                "every request".to_owned()
            } else {
                methods.iter().map(|method| method.as_str()).collect::<Vec<_>>().join(", ")
            },
            on: !in_force.is_empty(),
            waiting: !in_force.is_empty() && !in_force.iter().any(|rule| rule.is_in_force(now)),
            given: (!given.is_empty() && given != in_force).then(|| words(&given).join("; and ")),
            rules: words(&in_force),
        }
    };
    all(&rules, &page.given).into_iter().map(standing).collect()
}

/// What a fault is called in the ids of the page.
pub(super) fn anchor(fault: &Fault) -> String {
    fault.name().replace('/', "-")
}

fn rules(page: &Inner) -> Vec<FaultRule> {
    page.endpoint.faults().into_iter().map(|status| status.rule).collect()
}

/// Every fault, those with a parameter as they are by themselves and as they were given.
fn all(rules: &[FaultRule], given: &[FaultRule]) -> Vec<Fault> {
    let mut all = Fault::all();
    for rule in rules.iter().chain(given) {
        if !all.contains(&rule.fault) {
            all.push(rule.fault.clone());
        }
    }
    all
}

/// The faults that are on, for the overview.
pub(super) fn on(page: &Inner) -> Vec<Standing> {
    standing(page).into_iter().filter(|standing| standing.on).collect()
}

/// How many faults are on.
pub(in crate::target::page) fn faults_on(page: &Inner) -> usize {
    let rules = rules(page);
    all(&rules, &[]).into_iter().filter(|fault| rules.iter().any(|rule| rule.fault == *fault)).count()
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
        let others = rules.iter().filter(|rule| rule.fault != fault).cloned();
        others.chain(put).collect()
    });
    true
}
