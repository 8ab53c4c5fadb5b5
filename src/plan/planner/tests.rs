//! What is sent for each event, with its reason.

use serde_json::json;

use super::*;
use crate::base::Fingerprint;
use crate::plan::{FailedPart, Failure};
use crate::schema::{Actions, CompileOptions, CompiledSchema, compile, read, template};

fn rules(change: impl FnOnce(&mut ObjectMapping)) -> CompiledSchema {
    let document = read(template("wedo").unwrap().text, "wedo").unwrap();
    let options = CompileOptions {
        name: "wedo".to_owned(),
        extra_filters: Vec::new(),
        actions: None,
        anchor_scope_regex: false,
        without_groups: false,
        filterable: None,
    };
    let mut rules = compile(&document, &options).unwrap();
    change(&mut rules.users);
    rules
}

fn index(rules: &CompiledSchema, target: &str) -> usize {
    rules.users.attributes.iter().position(|mapping| mapping.target.name == target).unwrap()
}

fn context(rules: &CompiledSchema) -> PlanContext<'_> {
    PlanContext {
        mapping: &rules.users,
        dialect: Dialect::Scim,
        soft_delete: true,
        skip_out_of_scope_deletions: false,
        rematch_vanished: false,
        compare_all: false,
        hold_back: false,
    }
}

/// Ann, in scope, nothing changed.
fn ann(rules: &CompiledSchema) -> Subject {
    let mut desired = vec![Flow::Nothing; rules.users.attributes.len()];
    desired[index(rules, "userName")] = Flow::Value(json!("ann"));
    desired[index(rules, "title")] = Flow::Value(json!("Chief"));
    desired[index(rules, "active")] = Flow::Value(json!(true));
    Subject {
        id: SourceId::parse("ann").unwrap(),
        name: "ann".into(),
        presence: Presence::InScope,
        changed: vec![false; desired.len()],
        desired,
        queries: vec![Query { mapping: index(rules, "userName"), value: "ann".to_owned() }],
        defect: None,
        removal_allowed: false,
        pruned: false,
    }
}

fn out(rules: &CompiledSchema, standing: Standing) -> Subject {
    let mut subject = ann(rules);
    subject.presence = Presence::Out(standing, "why".into());
    subject.desired[index(rules, "active")] = Flow::Value(json!(false));
    subject.changed[index(rules, "active")] = true;
    subject
}

fn linked(standing: Standing) -> PriorState {
    PriorState {
        name: "ann".into(),
        target: Some(TargetId::new("7")),
        standing,
        fingerprints: Vec::new(),
        deleted_since: None,
        failure: None,
        staged: None,
    }
}

fn account(active: bool, title: &str) -> Resource {
    Resource::from_value(json!({"id": "7", "userName": "ann", "active": active, "title": title})).unwrap()
}

/// What is asked, or kind, reason and request, in one line.
fn told(step: Step) -> String {
    match step {
        Step::Need(Lookup::Match(query)) => format!("find {}", query.value),
        Step::Need(Lookup::Read(id)) => format!("read {id}"),
        Step::Act(action) => {
            let effect = match &action.effect {
                Effect::Nothing => String::new(),
                Effect::Link(id) => format!(" link {id}"),
                Effect::Create(_) => " POST".to_owned(),
                Effect::Delete(id) => format!(" DELETE {id}"),
                Effect::Patch(id, body) => {
                    let one = |operation: &Value| {
                        format!("{}={}", operation["path"].as_str().unwrap(), operation["value"].as_str().unwrap())
                    };
                    let operations: Vec<_> = body["Operations"].as_array().unwrap().iter().map(one).collect();
                    format!(" PATCH {id} {}", operations.join(" "))
                }
            };
            format!("{} {}{effect}", action.kind.as_str(), action.reason.code())
        }
    }
}

fn check(context: &PlanContext<'_>, subject: &Subject, prior: Option<&PriorState>, answers: &[Answer], expected: &str) {
    assert_eq!(told(plan_one(context, subject, prior, answers)), expected, "{subject:?} {prior:?} {answers:?}");
}

fn read_as(active: bool, title: &str) -> Vec<Answer> {
    vec![Answer::Read(account(active, title))]
}

#[test]
fn newly_in_scope_without_a_link() {
    let rules = rules(|_| {});
    let (context, ann) = (context(&rules), ann(&rules));
    let matched = |candidates| vec![Answer::Matched(candidates)];
    check(&context, &ann, None, &[], "find ann");
    check(&context, &ann, None, &matched(Candidates::None), "create NoMatch POST");
    check(&context, &ann, None, &matched(Candidates::One(account(true, "chief"))), "none RedundantExport link 7");
    let one = matched(Candidates::One(account(false, "Clerk")));
    check(&context, &ann, None, &one, "update Matched PATCH 7 title=Chief active=True");
    let several = matched(Candidates::Several(vec!["7".into(), "8".into()]));
    check(&context, &ann, None, &several, "fail DuplicateTargetEntries");
    check(&context, &ann, None, &matched(Candidates::FilterIgnored(9)), "fail ServiceIncompatible");
    check(&context, &ann, None, &matched(Candidates::One(Resource::default())), "fail ServiceIncompatible");
    let mut conflict =
        vec![Answer::Matched(Candidates::None), Answer::Conflict { code: "Conflict", detail: "taken".into() }];
    check(&context, &ann, None, &conflict, "find ann");
    conflict.push(Answer::Matched(Candidates::None));
    check(&context, &ann, None, &conflict, "fail RequestFailed");
    conflict[2] = Answer::Matched(Candidates::One(account(true, "Clerk")));
    check(&context, &ann, None, &conflict, "update Matched PATCH 7 title=Chief");
}

#[test]
fn matching_attributes_are_asked_in_turn() {
    let rules = rules(|_| {});
    let mut subject = ann(&rules);
    subject.queries.push(Query { mapping: index(&rules, "displayName"), value: "Ann".to_owned() });
    let none = Answer::Matched(Candidates::None);
    check(&context(&rules), &subject, None, std::slice::from_ref(&none), "find Ann");
    check(&context(&rules), &subject, None, &[none.clone(), none], "create NoMatch POST");
}

#[test]
fn linked_and_in_scope() {
    let rules = rules(|_| {});
    let base = context(&rules);
    let mut subject = ann(&rules);
    let prior = linked(Standing::InScope);
    check(&base, &subject, Some(&prior), &[], "read 7");
    check(&base, &subject, Some(&prior), &read_as(false, "Clerk"), "none RedundantExport link 7");
    subject.changed[index(&rules, "title")] = true;
    check(&base, &subject, Some(&prior), &read_as(false, "Clerk"), "update Changed PATCH 7 title=Chief");
    let all = PlanContext { compare_all: true, ..base };
    check(&all, &subject, Some(&prior), &read_as(false, "Clerk"), "update Changed PATCH 7 title=Chief active=True");
    subject.desired[index(&rules, "title")] = Flow::Nothing;
    check(&base, &subject, Some(&prior), &read_as(true, "Clerk"), "none RedundantExport link 7");
    for value in [Flow::Unknown, Flow::OnCreate(json!("Chief"))] {
        subject.desired[index(&rules, "title")] = value;
        check(&base, &subject, Some(&prior), &read_as(true, "Clerk"), "none RedundantExport link 7");
    }
    check(&base, &subject, Some(&prior), &[Answer::Vanished], "fail InvalidAnchor");
    let rematch = PlanContext { rematch_vanished: true, ..base };
    check(&rematch, &subject, Some(&prior), &[Answer::Vanished], "find ann");
    let none = [Answer::Vanished, Answer::Matched(Candidates::None)];
    check(&rematch, &subject, Some(&prior), &none, "create NoMatch POST");
}

#[test]
fn in_scope_again() {
    let rules = rules(|_| {});
    for standing in [Standing::OutOfScope, Standing::Disabled, Standing::SoftDeleted] {
        let answers = read_as(false, "Clerk");
        let expected = "update InScopeAgain PATCH 7 title=Chief active=True";
        check(&context(&rules), &ann(&rules), Some(&linked(standing)), &answers, expected);
    }
}

#[test]
fn leaving() {
    let rules = rules(|_| {});
    let base = context(&rules);
    let prior = linked(Standing::InScope);
    for standing in [Standing::OutOfScope, Standing::Disabled, Standing::SoftDeleted] {
        let mut subject = out(&rules, standing);
        check(&base, &subject, None, &[], "skip NotEffectivelyEntitled");
        check(&base, &subject, Some(&prior), &[], "read 7");
        check(&base, &subject, Some(&prior), &read_as(true, "Clerk"), "disable LeftScope PATCH 7 active=False");
        check(&base, &subject, Some(&prior), &read_as(false, "Clerk"), "none RedundantExport link 7");
        check(&base, &subject, Some(&prior), &[Answer::Vanished], "fail InvalidAnchor");
        subject.changed[index(&rules, "title")] = true;
        let both = if standing == Standing::SoftDeleted { "active=False" } else { "title=Chief active=False" };
        check(&base, &subject, Some(&prior), &read_as(true, "Clerk"), &format!("disable LeftScope PATCH 7 {both}"));
        check(&base, &subject, Some(&prior), &read_as(false, "Clerk"), "none RedundantExport link 7");
        let skip = PlanContext { skip_out_of_scope_deletions: true, ..base };
        check(&skip, &subject, Some(&prior), &[], "skip SkipOutOfScopeDeletions");
        let hard = PlanContext { soft_delete: false, ..base };
        check(&hard, &subject, Some(&prior), &[], "delete LeftScope DELETE 7");
        // Once is enough, unless it failed or everything is compared.
        let mut left = linked(standing);
        check(&base, &subject, Some(&left), &[], "skip NotEffectivelyEntitled");
        check(&PlanContext { compare_all: true, ..base }, &subject, Some(&left), &[], "read 7");
        let first_at = "2026-03-01T10:00:00Z".parse().unwrap();
        left.failure = Some(Failure {
            count: 1,
            first_at,
            last_at: first_at,
            code: String::new(),
            message: String::new(),
            seen: Fingerprint(0),
            part: FailedPart::Export,
            action: ActionKind::Update,
        });
        check(&base, &subject, Some(&left), &[], "read 7");
    }
}

#[test]
fn nothing_says_disabled() {
    let prior = linked(Standing::InScope);
    let without = rules(|mapping| mapping.active = None);
    check(&context(&without), &out(&without, Standing::OutOfScope), Some(&prior), &[], "skip NoActiveMapping");
    // `active` from accountEnabled: unassigning doesn't show.
    let rules = rules(|_| {});
    let mut subject = out(&rules, Standing::OutOfScope);
    subject.desired[index(&rules, "active")] = Flow::Value(json!(true));
    subject.changed[index(&rules, "title")] = true;
    check(&context(&rules), &subject, Some(&prior), &read_as(true, "Clerk"), "none RedundantExport link 7");
    subject.desired[index(&rules, "active")] = Flow::Unknown;
    check(&context(&rules), &subject, Some(&prior), &[], "skip NoActiveMapping");
    subject.defect = Some(Reason::InvalidValue("active".into()));
    check(&context(&rules), &subject, Some(&prior), &[], "fail AttributeValidationFailed");
}

#[test]
fn hard_deletion() {
    let rules = rules(|_| {});
    let context = context(&rules);
    let mut subject = ann(&rules);
    subject.presence = Presence::HardDeleted;
    check(&context, &subject, None, &[], "skip HardDeleted");
    for (standing, expected) in [
        (Standing::InScope, "delete HardDeleted DELETE 7"),
        (Standing::Disabled, "delete HardDeleted DELETE 7"),
        (Standing::SoftDeleted, "delete HardDeleted DELETE 7"),
        (Standing::OutOfScope, "skip Unmanaged"),
        (Standing::LeftAlone, "skip Unmanaged"),
    ] {
        check(&context, &subject, Some(&linked(standing)), &[], expected);
    }
}

#[test]
fn actions_off() {
    let rules = rules(|mapping| mapping.actions = Actions { create: false, update: false, delete: false });
    let base = context(&rules);
    let prior = linked(Standing::InScope);
    let mut subject = ann(&rules);
    subject.changed[index(&rules, "title")] = true;
    check(&base, &subject, None, &[Answer::Matched(Candidates::None)], "skip ActionOff");
    check(&base, &subject, Some(&prior), &read_as(true, "Clerk"), "skip ActionOff link 7");
    let one = [Answer::Matched(Candidates::One(account(true, "Clerk")))];
    check(&base, &subject, None, &one, "skip ActionOff link 7");
    check(&base, &out(&rules, Standing::Disabled), Some(&prior), &[], "skip ActionOff");
    let hard = PlanContext { soft_delete: false, ..base };
    check(&hard, &out(&rules, Standing::Disabled), Some(&prior), &[], "skip ActionOff");
    subject.presence = Presence::HardDeleted;
    check(&base, &subject, Some(&prior), &[], "skip ActionOff");
}

#[test]
fn what_cannot_be_exported() {
    let rules = rules(|_| {});
    let context = context(&rules);
    let prior = linked(Standing::InScope);
    for (defect, expected) in [
        (Reason::ImportSkipped("userName".into()), "skip ImportSkipped"),
        (Reason::DuplicateSourceEntries("bob".into()), "fail DuplicateSourceEntries"),
        (Reason::InvalidValue("title".into()), "fail AttributeValidationFailed"),
    ] {
        let mut subject = ann(&rules);
        subject.defect = Some(defect);
        check(&context, &subject, None, &[], expected);
        check(&context, &subject, Some(&prior), &[], expected);
        // It doesn't keep an account from being disabled; without one, the import comes before the scope.
        let mut left = out(&rules, Standing::OutOfScope);
        left.defect.clone_from(&subject.defect);
        check(&context, &left, Some(&prior), &read_as(true, "Chief"), "disable LeftScope PATCH 7 active=False");
        let unlinked = if expected == "skip ImportSkipped" { expected } else { "skip NotEffectivelyEntitled" };
        check(&context, &left, None, &[], unlinked);
    }
    let mut uncertain = ann(&rules);
    uncertain.presence = Presence::Uncertain("no column".into());
    check(&context, &uncertain, Some(&prior), &[], "skip NotEffectivelyEntitled");
    check(&context, &uncertain, None, &[], "skip NotEffectivelyEntitled");
}

#[test]
fn flow_types_on_update() {
    let check = |flow: FlowType, always: bool, mutability, title: Option<&str>, expected: &str| {
        let rules = rules(|mapping| {
            let title = mapping.attributes.iter_mut().find(|mapping| mapping.target.name == "title").unwrap();
            (title.flow, title.flow_always, title.target.mutability) = (flow, always, mutability);
        });
        let mut account = json!({"id": "7", "userName": "ann", "active": true});
        if let Some(title) = title {
            account["title"] = json!(title);
        }
        let answers = [Answer::Read(Resource::from_value(account).unwrap())];
        let context = PlanContext { compare_all: !always, ..context(&rules) };
        let step = plan_one(&context, &ann(&rules), Some(&linked(Standing::InScope)), &answers);
        assert_eq!(told(step), expected, "{flow:?} {mutability:?} {title:?}");
    };
    let (sent, quiet) = ("update Changed PATCH 7 title=Chief", "none RedundantExport link 7");
    check(FlowType::Always, true, Mutability::ReadWrite, Some("Clerk"), sent);
    check(FlowType::Always, false, Mutability::ReadWrite, Some("CHIEF"), quiet);
    check(FlowType::Always, false, Mutability::WriteOnly, Some("Chief"), sent);
    check(FlowType::Always, false, Mutability::ReadOnly, Some("Clerk"), quiet);
    check(FlowType::Always, false, Mutability::Immutable, None, quiet);
    check(FlowType::ObjectAddOnly, false, Mutability::ReadWrite, None, quiet);
    check(FlowType::AttributeAddOnly, false, Mutability::ReadWrite, Some("Clerk"), quiet);
    check(FlowType::AttributeAddOnly, false, Mutability::ReadWrite, Some(""), sent);
    check(FlowType::ValueAddOnly, false, Mutability::ReadWrite, Some("Clerk"), sent);
    check(FlowType::MultiValueAddOnly, false, Mutability::ReadWrite, None, sent);
}

#[test]
fn added_values_are_not_added_twice() {
    let rules = rules(|mapping| {
        let title = mapping.attributes.iter_mut().find(|mapping| mapping.target.name == "title").unwrap();
        title.flow = FlowType::MultiValueAddOnly;
    });
    let mut subject = ann(&rules);
    subject.desired[index(&rules, "title")] = Flow::Value(json!(["a", "b"]));
    subject.changed[index(&rules, "title")] = true;
    let kind = |titles: Value| {
        let account = Resource::from_value(json!({"id": "7", "title": titles})).unwrap();
        let prior = linked(Standing::InScope);
        match plan_one(&context(&rules), &subject, Some(&prior), &[Answer::Read(account)]) {
            Step::Act(action) => action.kind,
            Step::Need(lookup) => panic!("{lookup:?}"),
        }
    };
    assert_eq!(kind(json!(["c", "B", "a"])), ActionKind::None);
    assert_eq!(kind(json!(["c", "a"])), ActionKind::Update);
}

#[test]
fn creation_has_what_flows() {
    let rules = rules(|_| {});
    let mut subject = ann(&rules);
    subject.desired[index(&rules, "title")] = Flow::OnCreate(json!("New"));
    subject.desired[index(&rules, "displayName")] = Flow::Unknown;
    let step = plan_one(&context(&rules), &subject, None, &[Answer::Matched(Candidates::None)]);
    let Step::Act(Action { effect: Effect::Create(body), changes, .. }) = step else { panic!("{step:?}") };
    assert_eq!((&body["title"], &body["active"], body.get("displayName")), (&json!("New"), &json!(true), None));
    let names: Vec<_> = changes.iter().map(|change| &*change.attribute).collect();
    assert_eq!(names, ["userName", "title", "active"]);
    assert!(changes.iter().all(|change| change.old.is_none()));
}

#[test]
fn what_counts_as_a_removal() {
    let rules = rules(|_| {});
    let inactive = self::rules(|mapping| mapping.active = None);
    let off = self::rules(|mapping| mapping.actions = Actions { create: true, update: false, delete: false });
    let soft = context(&rules);
    let hard = PlanContext { soft_delete: false, ..soft };
    let skipping = PlanContext { skip_out_of_scope_deletions: true, ..soft };
    let initial = PlanContext { compare_all: true, ..soft };
    let (here, gone) = (Standing::InScope, Leaving::HardDeleted);
    for (context, before, leaving, expected) in [
        (soft, here, Leaving::Out, true),
        (soft, Standing::OutOfScope, Leaving::Out, false),
        (soft, Standing::LeftAlone, Leaving::Out, false),
        (initial, Standing::LeftAlone, Leaving::Out, true),
        (initial, Standing::OutOfScope, Leaving::Out, false),
        (PlanContext { skip_out_of_scope_deletions: true, ..initial }, Standing::LeftAlone, Leaving::Out, false),
        (initial, Standing::LeftAlone, gone, false),
        (soft, Standing::Disabled, Leaving::Out, false),
        (soft, Standing::SoftDeleted, Leaving::Out, false),
        (soft, here, gone, true),
        (soft, Standing::SoftDeleted, gone, true),
        (soft, Standing::OutOfScope, gone, false),
        (hard, here, Leaving::Out, true),
        (skipping, here, Leaving::Out, false),
        (skipping, here, gone, true),
        (context(&inactive), here, Leaving::Out, false),
        (context(&off), here, Leaving::Out, false),
        (context(&off), here, gone, false),
        (PlanContext { soft_delete: false, ..context(&off) }, here, Leaving::Out, false),
    ] {
        assert_eq!(removes_account(&context, before, leaving), expected, "{before:?} {leaving:?}");
    }
}
