//! How long the rules take: scope, mapping, planning, PATCH bodies, a whole plan.
//!
//! `cargo bench --bench planning`

use std::fmt::Write as _;
use std::hint::black_box;
use std::ops::ControlFlow;
use std::path::Path;

use divan::Bencher;
use divan::counter::ItemsCount;
use scimulate::base::{Random, SourceId, TargetId};
use scimulate::directory::{AttributeValue, User};
use scimulate::engine::{Offline, Policy, Processed};
use scimulate::expression::Environment;
use scimulate::mapping::{self, Flow};
use scimulate::matching::{self, Candidates};
use scimulate::plan::{Answer, PlanContext, Presence, PriorState, Standing, Subject, plan_one};
use scimulate::schema::{self, CompileOptions, CompiledSchema};
use scimulate::scim::{Change, ChangeOp, Dialect, Resource};
use scimulate::scoping::{ScopePolicy, decide};
use scimulate::source::{Export, SourcePaths};
use serde_json::{Value, json};

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USERS: usize = 10_000;

fn main() {
    divan::main();
}

fn rules() -> CompiledSchema {
    rules_of("wedo")
}

fn rules_of(name: &str) -> CompiledSchema {
    let template = schema::template(name).expect("it is built in");
    let document = schema::read(template.text, name).expect("it is valid");
    let options = CompileOptions {
        name: name.to_owned(),
        extra_filters: Vec::new(),
        actions: None,
        anchor_scope_regex: false,
        without_groups: true,
        filterable: None,
    };
    schema::compile(&document, &options).expect("it compiles")
}

fn policy() -> Policy {
    Policy::default()
}

/// Users in four groups of roles, one of which is Default Access.
fn export(folder: &Path) -> Export {
    let mut random = Random::seeded(1);
    let mut users = String::from(
        "id,userPrincipalName,displayName,givenName,surname,mail,jobTitle,userType,accountEnabled,preferredLanguage\n",
    );
    let mut assignments = String::new();
    for number in 0..USERS {
        let (id, role) = (random.guid(), random.below(4));
        writeln!(
            users,
            "{id},user{number}@contoso.com,User {number},User,{number},user{number}@contoso.com,Engineer,Member,True,de-CH"
        )
        .expect("a string takes everything");
        let comma = if number == 0 { "" } else { "," };
        write!(
            assignments,
            "{comma}{{\"id\":\"{number}\",\"appRoleId\":\"0000000{role}-0000-0000-0000-000000000000\",\
             \"principalId\":\"{id}\",\"principalType\":\"User\",\"principalDisplayName\":\"User {number}\",\
             \"resourceId\":\"11111111-0000-4000-8000-000000000000\"}}"
        )
        .expect("a string takes everything");
    }
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).expect("room for the export");
        path
    };
    let paths = SourcePaths {
        users: write("users.csv", &users),
        assignments: Some(write("assignments.json", &format!("{{\"value\":[{assignments}]}}"))),
        ..SourcePaths::default()
    };
    Export::open(&paths).expect("a readable export")
}

/// Every user, with what is computed for one in scope.
fn users(export: &Export, rules: &CompiledSchema) -> Vec<User<'static>> {
    let mut users = Vec::with_capacity(USERS);
    let slot = rules.attributes.get("IsSoftDeleted").expect("the mapping of active needs it");
    let summary = export.each_user(&rules.attributes, &mut |user| {
        let mut user = user.into_owned();
        user.values[usize::from(slot.0)] = AttributeValue::Bool(false);
        users.push(user);
        ControlFlow::Continue(())
    });
    summary.expect("a readable export");
    users
}

fn subject(rules: &CompiledSchema) -> Subject {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let user = users(&export(folder.path()), rules).swap_remove(0);
    let environment = Environment::new(&user.values);
    let desired = mapping::evaluate(&rules.users, &environment).expect("it can be evaluated");
    Subject {
        id: SourceId::parse("ann").expect("an id"),
        name: "ann".into(),
        presence: Presence::InScope,
        queries: matching::queries(&rules.users, &desired),
        changed: vec![true; desired.len()],
        desired,
        defect: None,
        removal_allowed: false,
        pruned: false,
    }
}

fn context(rules: &CompiledSchema) -> PlanContext<'_> {
    policy().context(&rules.users, false)
}

#[divan::bench]
fn scope_of_one(bencher: Bencher<'_, '_>) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (export, rules) = (export(folder.path()), rules());
    let users = users(&export, &rules);
    let mut next = users.iter().cycle();
    bencher.bench_local(|| {
        let user = next.next().expect("it goes round");
        decide(ScopePolicy::default(), export.entitlements(), &rules.users.filters, black_box(user))
    });
}

#[divan::bench]
fn mapping_of_one(bencher: Bencher<'_, '_>) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let rules = rules();
    let users = users(&export(folder.path()), &rules);
    let mut next = users.iter().cycle();
    bencher.bench_local(|| {
        let user = next.next().expect("it goes round");
        let environment = Environment::new(&user.values);
        mapping::evaluate(&rules.users, black_box(&environment)).expect("it can be evaluated")
    });
}

/// The 22 user mappings of the template `scim` over users who have every attribute: (path, value) pairs, no JSON
/// document.
#[divan::bench]
fn mapping_of_one_with_every_attribute(bencher: Bencher<'_, '_>) {
    let rules = rules_of("scim");
    let values: Vec<Vec<AttributeValue<'static>>> = (0..USERS)
        .map(|number| {
            let value = |(_, name): (_, &str)| match name {
                "IsSoftDeleted" => AttributeValue::Bool(false),
                name => AttributeValue::String(format!("{name} of user {number}").into()),
            };
            rules.attributes.iter().map(value).collect()
        })
        .collect();
    let mut next = values.iter().cycle();
    bencher.bench_local(|| {
        let environment = Environment::new(next.next().expect("it goes round"));
        mapping::evaluate(&rules.users, black_box(&environment)).expect("it can be evaluated")
    });
}

#[divan::bench]
fn plan_create(bencher: Bencher<'_, '_>) {
    let rules = rules();
    let (context, subject) = (context(&rules), subject(&rules));
    let answers = [Answer::Matched(Candidates::None)];
    bencher.bench_local(|| plan_one(&context, black_box(&subject), None, &answers));
}

#[divan::bench]
fn plan_update(bencher: Bencher<'_, '_>) {
    let rules = rules();
    let (context, subject) = (context(&rules), subject(&rules));
    let account = json!({"id": "7", "userName": "ann", "displayName": "Ann", "title": "Clerk", "active": true,
                         "name": {"givenName": "Ann"}, "emails": [{"type": "work", "value": "ann@contoso.com"}]});
    let answers = [Answer::Read(Resource::from_value(account).expect("an object"))];
    let prior = PriorState {
        name: "ann".into(),
        target: Some(TargetId::new("7")),
        standing: Standing::InScope,
        fingerprints: Vec::new(),
        deleted_since: None,
        failure: None,
        staged: None,
    };
    bencher.bench_local(|| plan_one(&context, black_box(&subject), Some(&prior), &answers));
}

#[divan::bench(args = [Dialect::Scim, Dialect::Compliant])]
fn patch_body(bencher: Bencher<'_, '_>, dialect: Dialect) {
    let rules = rules();
    let subject = subject(&rules);
    let values: Vec<(&schema::AttributeMapping, &Value)> = rules
        .users
        .attributes
        .iter()
        .zip(&subject.desired)
        .filter_map(|(mapping, flow)| match flow {
            Flow::Value(value) => Some((mapping, value)),
            _ => None,
        })
        .collect();
    let changes: Vec<_> = values
        .iter()
        .map(|(mapping, value)| Change {
            name: &mapping.target.name,
            path: &mapping.target.path,
            op: ChangeOp::Replace,
            value: std::borrow::Cow::Borrowed(*value),
        })
        .collect();
    bencher.bench_local(|| dialect.patch(black_box(&changes)));
}

#[divan::bench(sample_count = 20)]
fn offline_plan(bencher: Bencher<'_, '_>) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (export, rules, policy) = (export(folder.path()), rules(), policy());
    let now = "2026-03-01T10:00:00Z".parse().expect("an instant");
    let offline = Offline { policy: &policy, rules: &rules, export: &export, now, evaluated_at: now };
    bencher.counter(ItemsCount::new(USERS)).bench_local(|| {
        let index = offline.index().expect("a readable export");
        let mut planned = 0_usize;
        let mut each = |processed: Processed| {
            planned += black_box(processed).requests.len();
            ControlFlow::Continue(())
        };
        offline.plan(&index, &mut each).expect("a readable export");
        planned
    });
}
