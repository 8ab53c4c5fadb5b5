//! The rules of scope, as a table.

use std::borrow::Cow;

use uuid::Uuid;

use super::*;
use crate::base::SourceId;
use crate::directory::{AppRole, Assignment, Group, GroupAttributes};

fn id(text: &str) -> SourceId {
    SourceId::parse(text).unwrap()
}

fn user(name: &str, account_enabled: Known<bool>, deletion: Deletion) -> User<'static> {
    User { id: id(name), name: Cow::Owned(name.to_owned()), account_enabled, deletion, values: Vec::new() }
}

fn tenant() -> Entitlements {
    let mut roles = AppRoles::default();
    let member = roles.add(AppRole {
        id: Uuid::from_u128(7),
        value: Some("User".to_owned()),
        display_name: "User".to_owned(),
        enabled: true,
        allowed_member_types: vec!["User".to_owned()],
    });
    let group = |name: &str, members: &[&str]| Group {
        id: id(name),
        display_name: name.to_owned(),
        is_listed: true,
        security_enabled: Known::Known(true),
        members: members.iter().map(|name| id(name)).collect(),
        attributes: GroupAttributes::default(),
    };
    let groups = vec![group("design", &["gus", "dan", "nested"]), group("nested", &["nat"]), group("open", &["dan"])];
    let assign = |name: &str, role| Assignment { principal: id(name), role };
    let assignments = [
        assign("ann", member),
        assign("dee", AppRoles::DEFAULT_ACCESS),
        assign("dan", AppRoles::DEFAULT_ACCESS),
        assign("bot", AppRoles::DEFAULT_ACCESS),
        assign("bot", member),
        assign("design", member),
        assign("open", AppRoles::DEFAULT_ACCESS),
    ];
    Entitlements::new(roles, groups, assignments)
}

#[test]
fn the_first_step_that_fails_decides() {
    let tenant = tenant();
    let on = Known::Known(true);
    for (user, expected, words) in [
        (user("ann", on, Deletion::None), None, ""),
        (user("ann", Known::Unknown, Deletion::None), None, ""),
        (user("ann", Known::Known(false), Deletion::None), Some(Cause::AccountDisabled), "accountEnabled is false"),
        (user("ann", on, Deletion::Soft(None)), Some(Cause::SoftDeleted), "in the recycle bin"),
        (user("eve", on, Deletion::None), Some(Cause::NotAssigned), "not assigned to the application"),
        (user("eve", Known::Known(false), Deletion::None), Some(Cause::AccountDisabled), "accountEnabled is false"),
        (user("dee", on, Deletion::None), Some(Cause::OnlyDefaultAccess), "assigned only with the role Default Access"),
        (user("dan", on, Deletion::None), None, ""),
        (user("bot", on, Deletion::None), None, ""),
        (user("gus", on, Deletion::None), None, ""),
        (user("nat", on, Deletion::None), Some(Cause::NotAssigned), "not assigned to the application"),
    ] {
        let decision = decide(ScopePolicy::default(), &tenant, &[], &user);
        assert_eq!((decision.cause(), decision.deciding(&[]).as_str()), (expected, words), "{user:?}");
    }
}

#[test]
fn policies_widen_the_scope() {
    let tenant = tenant();
    let included = ScopePolicy { default_access: DefaultAccess::Include, ..ScopePolicy::default() };
    let all = ScopePolicy { scope: Scope::All, ..ScopePolicy::default() };
    let [dee, eve] = ["dee", "eve"].map(|name| user(name, Known::Known(true), Deletion::None));
    assert_eq!(decide(included, &tenant, &[], &dee).role, Role::DefaultAccessIncluded);
    assert!(decide(included, &tenant, &[], &dee).in_scope());
    assert_eq!(decide(included, &tenant, &[], &eve).cause(), Some(Cause::NotAssigned));
    assert!(decide(all, &tenant, &[], &eve).in_scope());
    let disabled = user("eve", Known::Known(false), Deletion::None);
    assert_eq!(decide(all, &tenant, &[], &disabled).cause(), Some(Cause::AccountDisabled));
}

#[test]
fn leaving_the_assignment_outranks_being_disabled() {
    let tenant = tenant();
    let standing = |name, enabled, deletion| {
        decide(ScopePolicy::default(), &tenant, &[], &user(name, Known::Known(enabled), deletion)).standing()
    };
    assert_eq!(standing("ann", true, Deletion::None), Standing::InScope);
    assert_eq!(standing("ann", false, Deletion::None), Standing::Disabled);
    assert_eq!(standing("ann", true, Deletion::Soft(None)), Standing::SoftDeleted);
    assert_eq!(standing("eve", false, Deletion::Soft(None)), Standing::SoftDeleted);
    assert_eq!(standing("eve", false, Deletion::None), Standing::OutOfScope);
    assert_eq!(standing("dee", true, Deletion::None), Standing::OutOfScope);
}

#[test]
fn every_step_is_explained() {
    let tenant = tenant();
    let gus = user("gus", Known::Unknown, Deletion::None);
    let decision = decide(ScopePolicy::default(), &tenant, &[], &gus);
    let words: Vec<_> =
        decision.explain(ObjectKind::User, &tenant, &[]).into_iter().map(|step| step.evidence).collect();
    assert_eq!(
        words,
        [
            "assumed: the export has no column accountEnabled",
            "immediate member of the assigned group \"design\"",
            "User, through group \"design\"",
            "no scoping filter",
        ]
    );
}

#[test]
fn filters_decide_last() {
    let tenant = tenant();
    let filters = [FilterGroup {
        title: "Sales".to_owned(),
        clauses: vec![crate::schema::FilterClause {
            slot: crate::directory::Slot(0),
            attribute: "department".to_owned(),
            operator: ClauseOperator::Equals,
            values: vec!["Sales".to_owned()],
        }],
    }];
    let check = |name, enabled, department, cause, standing, words: &str| {
        let mut user = user(name, Known::Known(enabled), Deletion::None);
        user.values.push(department);
        let decision = decide(ScopePolicy::default(), &tenant, &filters, &user);
        assert_eq!((decision.cause(), decision.standing()), (cause, standing), "{user:?}");
        assert_eq!(decision.deciding(&filters), words);
        assert_eq!(decision.is_uncertain(), cause == Some(Cause::FilterUnknown));
    };
    let text = |text: &'static str| AttributeValue::String(Cow::Borrowed(text));
    let failed = "filter \"Sales\": department EQUALS 'Sales' is false";
    check("ann", true, text("Sales"), None, Standing::InScope, "");
    check("ann", true, text("HR"), Some(Cause::FilteredOut), Standing::OutOfScope, failed);
    check("ann", true, AttributeValue::Null, Some(Cause::FilteredOut), Standing::OutOfScope, failed);
    let disabled = "accountEnabled is false";
    check("ann", false, text("HR"), Some(Cause::AccountDisabled), Standing::OutOfScope, disabled);
    check("ann", false, text("Sales"), Some(Cause::AccountDisabled), Standing::Disabled, disabled);
    let unknown = "filter \"Sales\": the export has no column department";
    check("ann", true, AttributeValue::Unknown, Some(Cause::FilterUnknown), Standing::InScope, unknown);
    let unassigned = "not assigned to the application";
    check("eve", true, AttributeValue::Unknown, Some(Cause::NotAssigned), Standing::OutOfScope, unassigned);
}

#[test]
fn what_cannot_be_told_says_exactly_why() {
    let tenant = tenant();
    let filters = [FilterGroup {
        title: String::new(),
        clauses: vec![crate::schema::FilterClause {
            slot: crate::directory::Slot(0),
            attribute: "department".to_owned(),
            operator: ClauseOperator::RegexMatch(vec![crate::expression::Pattern::new("(x+x+)+\\1y").unwrap()]),
            values: vec!["(x+x+)+\\1y".to_owned()],
        }],
    }];
    for (department, words) in [
        (
            AttributeValue::String(Cow::Owned("x".repeat(60))),
            "filter 1: its regular expression takes too long for the value of department",
        ),
        (AttributeValue::Unknown, "filter 1: the export has no column department"),
    ] {
        let mut user = user("ann", Known::Known(true), Deletion::None);
        user.values.push(department);
        let decision = decide(ScopePolicy::default(), &tenant, &filters, &user);
        assert!(decision.is_uncertain() && decision.standing() == Standing::InScope);
        assert_eq!(decision.deciding(&filters), words);
    }
}

#[test]
fn groups_need_an_assignment_of_their_own() {
    let tenant = tenant();
    let all = ScopePolicy { scope: Scope::All, ..ScopePolicy::default() };
    let include = ScopePolicy { default_access: DefaultAccess::Include, ..ScopePolicy::default() };
    for (name, policy, expected) in [
        ("design", ScopePolicy::default(), None),
        // Its parent is assigned, which doesn't count for it.
        ("nested", ScopePolicy::default(), Some(Cause::NotAssigned)),
        ("open", ScopePolicy::default(), Some(Cause::OnlyDefaultAccess)),
        ("open", include, None),
        ("nested", all, None),
    ] {
        let group = user(name, Known::Known(true), Deletion::None);
        assert_eq!(decide_group(policy, &tenant, &[], &group).cause(), expected, "{name}, {policy:?}");
    }
}

#[test]
fn only_groups_with_security_can_be_assigned() {
    for (security_enabled, expected) in [
        (Known::Known(true), Some(Cause::OnlyDefaultAccess)),
        (Known::Unknown, Some(Cause::OnlyDefaultAccess)),
        (Known::Known(false), Some(Cause::NotAssigned)),
    ] {
        let attributes = GroupAttributes::default();
        let group = Group {
            id: id("g"),
            display_name: "g".to_owned(),
            is_listed: true,
            security_enabled,
            members: vec![],
            attributes,
        };
        let assignment = Assignment { principal: id("g"), role: AppRoles::DEFAULT_ACCESS };
        let tenant = Entitlements::new(AppRoles::default(), vec![group], [assignment]);
        let group = user("g", Known::Known(true), Deletion::None);
        assert_eq!(decide_group(ScopePolicy::default(), &tenant, &[], &group).cause(), expected);
    }
}
