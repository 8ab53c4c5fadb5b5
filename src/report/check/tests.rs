//! Every form of a few reports.

mod forms;
mod hostile;

use anstream::adapter::strip_str;
use serde_json::json;

use super::sample::{finding, green, passed, plain_green, red, unreachable, with};
use super::*;
use crate::check::{CheckReport, DialectOutcome, Severity, Status, checks};
use crate::report::tests::markup;
use crate::scim::Dialect::{Compliant, Scim};

/// The red sample with some of its failures known.
fn known_red() -> CheckReport {
    let text = r#"{"formatVersion": "1.0", "known": {
        "users.create.duplicate": ["post-users-201"], "users.disable": ["gone-already"], "users.get": ["get-users-500"],
        "users.enable": ["get-users-500"], "users.patch.add": ["patch-users-500"]}}"#;
    let mut report = red();
    Baseline::parse(text, "known.json").unwrap().apply(&mut report);
    report
}

fn text(report: &CheckReport, shows: CheckText) -> String {
    strip_str(&check_text(report, shows)).to_string()
}

/// How many lines a terminal of 80 columns shows.
fn lines_of_80_columns(text: &str) -> usize {
    let lines = |line: &str| {
        let (mut lines, mut used) = (1, 0);
        for word in line.split_inclusive(' ') {
            if used > 0 && used + word.trim_end().chars().count() > 80 {
                (lines, used) = (lines + 1, 4);
            }
            used += word.chars().count();
        }
        lines
    };
    text.lines().map(lines).sum()
}

#[test]
fn all_is_well_on_one_screen() {
    for report in [green(), plain_green()] {
        let text = text(&report, CheckText::default());
        let lines = lines_of_80_columns(&text);
        assert!(lines <= 24, "{lines} lines:\n{text}");
    }
}

#[test]
fn the_most_important_comes_first() {
    let mut report = green();
    let (error, warning) = (Severity::Error, Severity::Warning);
    let place =
        |report: &CheckReport, id: &str| report.results.iter().position(|result| result.check.id == id).unwrap();
    for (id, severity, cause) in [
        ("users.create", error, "rare"),
        ("users.get", warning, "harmless"),
        ("users.patch.add", warning, "harmless"),
        ("users.patch.many", warning, "harmless"),
        ("users.delete", error, "common"),
        ("groups.get", warning, "common"),
        ("groups.patch", error, "last"),
    ] {
        let at = place(&report, id);
        report.results[at] = with(id, vec![finding(severity, cause, cause)], Vec::new());
    }
    let at = place(&report, "users.create");
    let mut known = finding(error, "known", "known");
    known.known = true;
    report.results[at].findings.push(known);
    let found: Vec<_> = causes::causes(&report).iter().map(|cause| (cause.name, cause.checks())).collect();
    assert_eq!(
        found,
        [
            ("common", vec!["users.delete", "groups.get"]),
            ("rare", vec!["users.create"]),
            ("last", vec!["groups.patch"]),
            ("harmless", vec!["users.get", "users.patch.add", "users.patch.many"]),
            ("known", vec!["users.create"]),
        ]
    );
}

#[test]
fn the_dialects_are_compared() {
    let outcome = |dialect, lost: &[&str]| DialectOutcome {
        dialect,
        passed: lost.is_empty(),
        lost: lost.iter().map(|&lost| lost.to_owned()).collect(),
    };
    for (outcomes, expected) in [
        (vec![], None),
        (vec![outcome(Scim, &[])], Some("passes without aadOptscim062020")),
        (vec![outcome(Scim, &[]), outcome(Compliant, &[])], Some("passes with aadOptscim062020 and without it")),
        (
            vec![outcome(Scim, &["loses three members"]), outcome(Compliant, &[])],
            Some("passes with aadOptscim062020; without it: loses three members"),
        ),
        (
            vec![outcome(Scim, &["a", "b"]), outcome(Compliant, &["c"])],
            Some("with aadOptscim062020: c; without it: a, b"),
        ),
        (
            vec![outcome(Scim, &["a", "b", "c", "d", "e"]), outcome(Compliant, &["a", "b", "c", "d", "e"])],
            Some("with aadOptscim062020 and without it: a, b, c, and 2 more"),
        ),
    ] {
        assert_eq!(words::dialects(&outcomes).as_deref(), expected);
    }
}

#[test]
fn whole_families_are_named_at_once() {
    let report = green();
    let of = |family: &str| words::of_family(&report, family).map(|result| result.check.id).collect::<Vec<_>>();
    let mut ids = of("groups");
    ids.extend(["users.get", "load.rate"]);
    assert_eq!(words::ids(&report, &ids), "groups.*, users.get, load.rate");
}

#[test]
fn a_test_of_microsoft_is_as_bad_as_its_worst_check() {
    let report = known_red();
    let statuses = |tests: &'static [microsoft::Test]| {
        let judged = microsoft::judged(&report, tests);
        judged.iter().map(|judged| (judged.test.name, judged.outcome.as_str())).collect::<Vec<_>>()
    };
    let gallery = statuses(&microsoft::GALLERY);
    for expected in [
        ("Create_User", "passed"),
        ("Update_User", "failed"),
        ("Restore_User", "skipped"),
        ("POD_User", "passed"),
        ("POD_Group", "skipped"),
        ("Federated_Identity", "skipped"),
    ] {
        assert!(gallery.contains(&expected), "{expected:?}: {gallery:?}");
    }
    assert!(statuses(&microsoft::VALIDATOR).contains(&("Create a duplicate User", "known")));
    let numbers = |tests: &[microsoft::Test]| tests.iter().map(|test| test.number).collect::<Vec<_>>();
    assert_eq!(numbers(&microsoft::GALLERY), (1..=25).collect::<Vec<_>>());
    assert_eq!(numbers(&microsoft::VALIDATOR), (1..=32).collect::<Vec<_>>());
}

#[test]
fn microsofts_tests_are_asked_by_checks_that_exist() {
    let tests = || microsoft::GALLERY.iter().chain(&microsoft::VALIDATOR);
    let asked = || tests().flat_map(|test| test.checks.iter().map(move |id| (test.name, *id)));
    let has_family = |id: &str| checks().any(|check| id.starts_with(check.family()));
    // While a family isn't there yet, those of others that ask about it aren't either.
    if asked().all(|(_, id)| has_family(id)) {
        for (test, id) in asked() {
            assert!(crate::check::find(id).is_some(), "{test}: there is no check {id}");
        }
    }
}

#[test]
fn a_baseline_is_applied() {
    let report = known_red();
    let result = |id: &str| report.result(id).unwrap();
    assert!(result("users.create.duplicate").known && result("users.create.duplicate").findings[0].known);
    // Another cause is a new failure, and the known one has healed.
    assert!(!result("users.disable").known && !result("users.patch.add").known);
    // What was skipped hasn't healed.
    assert_eq!(report.healed, ["users.get", "users.patch.add", "users.disable"]);
    assert!(report.has_baseline && !report.passed());

    let mut known = red();
    let baseline = Baseline::default().updated(&known);
    baseline.apply(&mut known);
    assert!(known.passed() && known.healed.is_empty(), "{:?}", known.healed);
    assert!(known.results.iter().all(|result| result.status != Status::Failed || result.known));
    let mut half = red();
    let at = half.results.iter().position(|result| result.check.id == "users.disable").unwrap();
    half.results[at].findings.push(finding(Severity::Error, "new", "something new"));
    baseline.apply(&mut half);
    assert!(!half.passed() && !half.results[at].known && half.results[at].findings[0].known);
}

#[test]
fn a_baseline_is_written_and_read() {
    let text = r#"{"formatVersion": "1.9", "known": {"users.get": ["a"], "users.enable": ["b"], "gone.away": ["c"]}}"#;
    let known = Baseline::parse(text, "known.json").unwrap();
    let updated = known.updated(&red());
    // Of those that weren't tried, what is known stays.
    let expected = json!({"formatVersion": "1.0", "known": {
        "gone.away": ["c"], "users.create.duplicate": ["post-users-201"], "users.disable": ["disabled-hidden"],
        "users.enable": ["b"], "users.patch.add": ["patch-users-400-invalidPath"],
        "users.patch.dialect.scim": ["patch-users-400-invalidPath"],
        "users.patch.replace": ["patch-users-400-invalidPath"],
    }});
    assert_eq!(updated.to_text(), format!("{expected:#}\n"));
    assert_eq!(Baseline::parse(&updated.to_text(), "known.json").unwrap(), updated);
    assert_eq!(Baseline::default().updated(&green()), Baseline::default());
    assert_eq!(known.ids().collect::<Vec<_>>(), ["gone.away", "users.enable", "users.get"]);
}

#[test]
fn a_baseline_that_cannot_be_read_says_why() {
    for (text, expected) in [
        ("{", "known.json:1:1: the baseline isn't JSON: EOF while parsing an object"),
        ("{\n\"a\" 1}", "known.json:2:5: the baseline isn't JSON: expected `:`"),
        ("[]", "known.json: the baseline can't be read: it has no formatVersion"),
        (
            r#"{"formatVersion": "2.0", "known": {}}"#,
            "known.json: the baseline can't be read: its formatVersion is \"2.0\", and this program reads 1.0",
        ),
        (r#"{"formatVersion": "1.0"}"#, "known.json: the baseline can't be read: it has no object `known`"),
        (
            r#"{"formatVersion": "1.0", "known": {"users.get": "a"}}"#,
            "known.json: the baseline can't be read: what stands at `users.get` isn't a list of causes",
        ),
    ] {
        let error = Baseline::parse(text, "known.json").unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert!(error.hint.is_some());
    }
}

#[test]
fn checks_are_listed_and_explained() {
    let list = strip_str(&check_list(false)).to_string();
    assert_eq!(list.lines().count(), checks().count() + 1);
    let narrow = strip_str(&check_list(true)).to_string();
    assert_eq!(narrow.lines().count(), 2 * list.lines().count());
    assert!(narrow.contains("\nconnect.tls                        mandatory\n  the endpoint is reached"), "{narrow}");
    for check in checks() {
        assert!(list.lines().any(|line| line.starts_with(check.id) && line.ends_with(check.holds)), "{}", check.id);
        let page = strip_str(&explain_check(check.id).unwrap()).to_string();
        for text in [check.id, check.holds, check.reference, check.effect, check.remedy, "--only"] {
            assert!(page.contains(text), "{}: {text}\n{page}", check.id);
        }
    }
    insta::assert_snapshot!("explained", strip_str(&explain_check("discovery.schemas").unwrap()));
    let page = explain_check_json("connect.token").unwrap();
    assert_eq!(page["microsoft"], json!({"gallery": ["Validate_Credentials"], "validator": []}));
    assert_eq!(check_list_json()["checks"][0]["id"], checks().next().unwrap().id);
}

#[test]
fn an_unknown_check_is_met_with_what_was_meant() {
    for (id, expected) in [
        ("connect.tsl", "there is no check `connect.tsl`, did you mean `connect.tls`?"),
        ("colour", "there is no check `colour`"),
        ("", "there is no check ``"),
    ] {
        assert_eq!(explain_check(id).unwrap_err().to_string(), expected);
        assert!(explain_check_json(id).is_err());
    }
    let family = explain_check("discovery").unwrap_err();
    assert!(
        family.to_string().starts_with("there is no check `discovery`; these lie under it: discovery."),
        "{family}"
    );
}

#[test]
fn what_waits_for_something_untold_does_not_pass() {
    let waits = red().result("users.enable").unwrap().clone();
    let report = CheckReport { results: vec![waits.clone(), passed("users.get")], ..green() };
    assert!(!report.passed());
    let text = text(&report, CheckText::default());
    assert!(text.contains("no disabled user could be found (see users.disable): users.enable"), "{text}");
    assert!(text.contains("Failed: 1 passed, 1 skipped; ") && text.contains("couldn't be tried"), "{text}");
    let told = red().result("users.disable").unwrap().clone();
    let known = crate::check::CheckResult { known: true, ..told };
    assert!(CheckReport { results: vec![known, waits], ..green() }.passed());
}

#[test]
fn nothing_at_all_is_told_too() {
    let report = CheckReport { results: Vec::new(), latencies: Vec::new(), dialects: Vec::new(), ..green() };
    assert!(text(&report, CheckText::default()).contains("Passed: no checks; 1,234 requests"));
    for form in [check_junit(&report), check_tap(&report), check_markdown(&report), check_html(&report)] {
        assert!(!form.is_empty());
    }
    let one = CheckReport { results: vec![passed("users.get")], made: 1, requests: 1, ..green() };
    assert!(text(&one, CheckText::default()).contains("Passed: 1 passed; 1 request, 1 object made and removed"));
    let cut_off = CheckReport { interrupted: true, ..unreachable() };
    assert!(text(&cut_off, CheckText::default()).contains("Interrupted: 1 failed, 2 skipped"));
}
