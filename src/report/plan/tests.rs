//! Plans as a page and as a comment.

use serde_json::{Value, json};

use super::rule::by_rule;
use super::*;
use crate::base::{Diagnostic, Digest, SourceId, TargetId};
use crate::event::{CycleKind, Summary};
use crate::plan::{ActionKind, AttributeChange, PlannedObject, Reason, Reference};
use crate::report::tests::markup::{check_html_page, outside_of_code};
use crate::schema::ObjectKind;
use crate::scim::{Dialect, Method, Request};
use crate::scoping::ScopePolicy;

/// Everything that a page or a comment could take for its own.
const HOSTILE: &str = "]]> <script>alert(1)</script> </details> `x` ```\n# h1 | a | <!-- & \" onload='x' {{ 7*7 }} \u{202e}\u{1b}[2J @all";

fn object(name: &str, kind: ObjectKind, action: ActionKind, reason: &Reason) -> PlannedObject {
    let object = PlannedObject {
        source_id: SourceId::parse(&name.replace(' ', "-")).unwrap(),
        name: name.to_owned(),
        kind,
        action,
        reason_code: String::new(),
        reason: String::new(),
        target_id: None,
        changes: Vec::new(),
        unknown: Vec::new(),
        requests: Vec::new(),
    };
    object.because(reason)
}

fn user(name: &str, action: ActionKind, reason: &Reason) -> PlannedObject {
    object(&format!("{name}@contoso.com"), ObjectKind::User, action, reason)
}

fn change(attribute: &str, old: Option<Value>, new: Option<Value>) -> AttributeChange {
    AttributeChange { attribute: attribute.into(), old, new }
}

fn request(method: Method, path: &str, body: Option<Value>) -> Request {
    Request { method, path: path.to_owned(), body }
}

fn report(objects: Vec<PlannedObject>) -> PlanReport {
    let mut summary = Summary::default();
    for object in &objects {
        // What counts is the code; the texts are the objects' own.
        let reason = match object.reason_code.as_str() {
            "ReferenceSet" => Reason::ReferenceSet(Reference::Manager("".into())),
            "NotEffectivelyEntitled" => Reason::NotEffectivelyEntitled("".into()),
            _ => Reason::Changed,
        };
        summary.add_record(&crate::event::ObjectRecord {
            change: crate::event::ChangeId(uuid::Uuid::nil()),
            at: "2026-03-01T10:00:00Z".parse().unwrap(),
            source_id: object.source_id.clone(),
            name: object.name.clone(),
            kind: object.kind,
            action: object.action,
            reason,
            target_id: None,
            changes: object.changes.clone(),
            error: None,
            duration: std::time::Duration::ZERO,
        });
    }
    PlanReport {
        job: "wedo".to_owned(),
        job_id: "wedo.27b24fce9b9b553ba89a6305f78c3e09.0a9f1d52-00aa-4000-8000-00000000a002".to_owned(),
        target: "https://api.wedo.example/scim/v2".to_owned(),
        mapping: "wedo".to_owned(),
        scope: ScopePolicy::default(),
        dialect: Dialect::Scim,
        made: "2026-03-01T10:00:00Z".parse().unwrap(),
        kind: CycleKind::Incremental,
        offline: false,
        only: Vec::new(),
        deletion_threshold: Some(0),
        digest: Digest::of(b"export"),
        files: vec![ExportFile {
            source: "users",
            path: "export/users.csv".to_owned(),
            format: "CSV, UTF-8, separated by \",\"".to_owned(),
            rows: Some(1_234),
            changed: Some("2026-02-28T08:00:00Z".parse().unwrap()),
        }],
        warnings: Vec::new(),
        notes: Vec::new(),
        summary,
        objects,
    }
}

/// Something of everything.
fn sample() -> PlanReport {
    let filtered = Reason::NotEffectivelyEntitled("not assigned to the application".into());
    let create = PlannedObject {
        changes: vec![
            change("userName", None, Some(json!("ann@contoso.com"))),
            change("active", None, Some(json!(true))),
        ],
        unknown: vec!["preferredLanguage".to_owned()],
        requests: vec![
            request(Method::Get, "/Users?filter=userName+eq+%22ann%40contoso.com%22", None),
            request(Method::Post, "/Users", Some(json!({"userName": "ann@contoso.com", "active": true}))),
        ],
        ..user("ann", ActionKind::Create, &Reason::NoMatch)
    };
    let update = PlannedObject {
        target_id: Some(TargetId::new("42")),
        changes: vec![
            change("title", Some(json!("Clerk")), Some(json!("Engineer"))),
            change("nickName", None, Some(json!("Bob"))),
        ],
        requests: vec![request(Method::Patch, "/Users/42", Some(json!({"Operations": []})))],
        ..user("bob", ActionKind::Update, &Reason::Changed)
    };
    let manager = PlannedObject {
        changes: vec![change("manager", None, Some(json!("42")))],
        ..user("ann", ActionKind::Update, &Reason::ReferenceSet(Reference::Manager("bob@contoso.com".into())))
    };
    let mut report = report(vec![
        create,
        user("cem", ActionKind::Skip, &filtered),
        update,
        user("dan", ActionKind::Skip, &filtered),
        user("eva", ActionKind::Skip, &Reason::NotEffectivelyEntitled("accountEnabled is false".into())),
        user("fay", ActionKind::StagedDelete, &Reason::HeldBack("in the recycle bin".into())),
        user("gil", ActionKind::Fail, &Reason::DuplicateSourceEntries("hal@contoso.com".into())),
        user("ivo", ActionKind::None, &Reason::RedundantExport),
        object("Design", ObjectKind::Group, ActionKind::Create, &Reason::NoMatch),
        manager,
    ]);
    report.warnings = vec![
        Diagnostic::warning("the export has no column preferredLanguage").with_hint("export it too"),
        Diagnostic::warning("1 account would be disabled, it is held back (TooManyDeletes)"),
    ];
    report.notes = vec!["default_access = \"exclude\" decides for 1 user.".to_owned()];
    report
}

/// A plan in which every text is hostile.
fn hostile() -> PlanReport {
    let bad = PlannedObject {
        name: HOSTILE.to_owned(),
        target_id: Some(TargetId::new(HOSTILE)),
        changes: vec![change(HOSTILE, Some(json!(HOSTILE)), Some(json!({ HOSTILE: HOSTILE })))],
        unknown: vec![HOSTILE.to_owned()],
        requests: vec![request(Method::Post, HOSTILE, Some(json!({ HOSTILE: [HOSTILE] })))],
        ..user("x", ActionKind::Update, &Reason::UnusableAnswer(HOSTILE.into()))
    };
    let skipped = user("y", ActionKind::Skip, &Reason::NotEffectivelyEntitled(HOSTILE.into()));
    let failed = user("z", ActionKind::Fail, &Reason::RequestFailed(HOSTILE.into()));
    let mut report = report(vec![bad.clone(), PlannedObject { name: HOSTILE.to_owned(), ..skipped }, failed]);
    let text = || HOSTILE.to_owned();
    (report.job, report.target, report.mapping, report.only) = (text(), text(), text(), vec![text()]);
    report.warnings = vec![Diagnostic::warning(HOSTILE).with_hint(HOSTILE)];
    report.notes = vec![text()];
    report.files[0].path = text();
    report
}

/// So many users, every hundredth of whom fails.
fn crowd(count: usize) -> PlanReport {
    let one = |number: usize| PlannedObject {
        changes: vec![change("userName", None, Some(json!(format!("user{number}@contoso.com"))))],
        requests: vec![request(Method::Post, "/Users", Some(json!({"userName": format!("inside {number}")})))],
        ..match number % 100 {
            99 => user(&format!("user{number}"), ActionKind::Fail, &Reason::DuplicateSourceEntries("x".into())),
            _ => user(&format!("user{number}"), ActionKind::Create, &Reason::NoMatch),
        }
    };
    report((0..count).map(one).collect())
}

fn main_of(html: &str) -> &str {
    &html[html.find("<main").unwrap()..]
}

#[test]
fn a_page() {
    let html = plan_html(&sample());
    check_html_page(&html);
    insta::assert_snapshot!("html", main_of(&html).replace(env!("CARGO_PKG_VERSION"), "[version]"));
}

#[test]
fn a_comment() {
    insta::assert_snapshot!("markdown", plan_markdown(&sample()).replace(env!("CARGO_PKG_VERSION"), "[version]"));
}

#[test]
fn nothing_is_due() {
    let mut empty = report(Vec::new());
    (empty.offline, empty.only) = (true, vec!["ann@contoso.com".to_owned()]);
    let html = plan_html(&empty);
    check_html_page(&html);
    let comment = plan_markdown(&empty);
    for text in [main_of(&html), &comment] {
        for part in ["othing to change", "Nothing is due", "nothing was written", "taken for empty", "narrowed to ann"]
        {
            assert!(text.contains(part) || text.replace("&#64;", "@").contains(part), "{part}\n{text}");
        }
    }
}

#[test]
fn what_is_hostile_is_text_in_the_page() {
    let html = plan_html(&hostile());
    check_html_page(&html);
    for unescaped in ["<script>alert", "\" onload", "\u{202e}", "\u{1b}", "<!-- &"] {
        assert!(!main_of(&html).contains(unescaped), "{unescaped:?}");
    }
    assert!(html.contains("&lt;script&gt;alert(1)") && html.contains("{{ 7*7 }}"));
}

#[test]
fn what_is_hostile_is_text_in_the_comment() {
    let comment = plan_markdown(&hostile());
    for line in comment.lines() {
        let mut outside = outside_of_code(line);
        for tag in ["<details>", "</details>", "<summary>", "</summary>", "<code>", "</code>"] {
            outside = outside.replace(tag, "");
        }
        assert!(!outside.contains('<') && !outside.starts_with("# "), "{line}");
        // Nobody is called by it.
        assert!(!outside.contains('@'), "{line}");
    }
    assert_eq!(comment.matches("<details>").count(), 3, "{comment}");
    assert!(!comment.contains('\u{1b}') && !comment.contains('\u{202e}'));
}

#[test]
fn a_comment_is_never_longer_than_github_takes() {
    for (count, width) in [(50, 10), (20_000, 10), (20_000, 5_000)] {
        let mut report = crowd(count);
        for object in &mut report.objects {
            object.action = ActionKind::Update;
            object.changes = vec![change(&"é".repeat(width), None, Some(json!("𝒳".repeat(width)))); 3];
        }
        report.objects[0].action = ActionKind::Disable;
        report.warnings = vec![Diagnostic::warning("w".repeat(width)); 30];
        let comment = plan_markdown(&report);
        assert!(comment.encode_utf16().count() <= 65_536, "{}", comment.len());
        let listed = comment.lines().filter(|line| line.starts_with("* `user")).count();
        let more =
            comment.lines().filter_map(|line| line.strip_prefix("* … and ")?.split_once("; ").map(|(more, _)| more));
        let more: usize =
            more.filter_map(|more| more.strip_suffix(" more")?.replace(',', "").parse::<usize>().ok()).sum();
        assert_eq!(listed + more, count, "what is left out is counted");
        assert!(comment.contains("SHA-256"), "its end is there");
    }
}

#[test]
fn what_is_below_the_rows_of_many_is_packed_but_for_failures() {
    let few = plan_html(&crowd(1_000));
    assert!(
        !few.contains("data-at=") && few.contains("inside 7&#34;") || few.contains("inside 7&quot;"),
        "all is there"
    );
    let many = plan_html(&crowd(1_001));
    check_html_page(&many);
    assert_eq!((many.matches("data-at=").count(), many.matches("<li id=\"o-").count()), (991, 1_001));
    assert_eq!(many.matches("id=\"chunk-").count(), 4);
    assert!(!many.contains("inside 7&quot;"), "packed");
    assert!(many.contains("inside 99&quot;"), "failures stay");
    assert!(many.contains("<p class=\"notice without-script\">Scripts don’t run here, so of 991 rows"));
}

#[test]
fn rules_are_what_reasons_have_in_common() {
    for (reason, expected) in [
        (Reason::NoMatch, "no account matches"),
        (Reason::NotEffectivelyEntitled("accountEnabled is false".into()), "accountEnabled is false"),
        (Reason::HeldBack("in the recycle bin".into()), "in the recycle bin"),
        (Reason::DuplicateSourceEntries("bob".into()), "another object has the same matching value"),
        (Reason::InvalidAnchor("7".into()), "the linked account is gone from the target"),
        (Reason::ReferenceSet(Reference::Members(2, "ann, bob".into())), "references added"),
        (Reason::LeftScope("not assigned to the application".into()), "not assigned to the application"),
    ] {
        assert_eq!(rule(reason.code(), &reason.to_string()), expected);
    }
    let report = sample();
    let groups: Vec<_> = by_rule(report.with(ActionKind::Skip))
        .iter()
        .map(|group| (group.rule.clone().into_owned(), group.objects.len()))
        .collect();
    assert_eq!(groups, [("not assigned to the application".to_owned(), 2), ("accountEnabled is false".to_owned(), 1)]);
}
