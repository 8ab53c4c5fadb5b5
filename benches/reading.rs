//! How long reading an export takes, against reading the same files into owned structs.
//!
//! `cargo bench --bench reading`

use std::fmt::Write as _;
use std::fs::File;
use std::hint::black_box;
use std::io::BufReader;
use std::ops::ControlFlow;
use std::path::Path;

use divan::Bencher;
use divan::counter::ItemsCount;
use scimulate::base::Random;
use scimulate::directory::AttributeNames;
use scimulate::source::{Export, SourcePaths};
use serde::Deserialize;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USERS: usize = 100_000;
/// What the built-in mapping asks for.
const NAMES: &[&str] = &[
    "userPrincipalName",
    "displayName",
    "jobTitle",
    "mail",
    "givenName",
    "surname",
    "IsSoftDeleted",
    "preferredLanguage",
    "userType",
];

fn main() {
    divan::main();
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only read to be kept")]
struct OwnedUser {
    user_principal_name: String,
    display_name: String,
    surname: String,
    mail: String,
    given_name: String,
    id: String,
    user_type: String,
    job_title: String,
    department: String,
    account_enabled: String,
    usage_location: String,
    city: String,
    country: String,
    mobile_phone: String,
    preferred_language: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only read to be kept")]
struct OwnedAssignment {
    id: String,
    app_role_id: String,
    principal_id: String,
    principal_type: String,
    principal_display_name: String,
    resource_id: String,
}

#[derive(Deserialize)]
struct Page {
    value: Vec<OwnedAssignment>,
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut random = Random::seeded(1);
    let mut users = String::from(
        "userPrincipalName,displayName,surname,mail,givenName,id,userType,jobTitle,department,accountEnabled,\
         usageLocation,city,country,mobilePhone,preferredLanguage\n",
    );
    let mut assignments = String::from("{\"value\":[");
    for number in 0..USERS {
        let id = random.guid();
        let role = random.below(4);
        writeln!(
            users,
            "user{number}@contoso.com,User {number},{number},user{number}@contoso.com,User,{id},Member,\"Engineer, \
             Senior\",Engineering,True,CH,Zürich,Switzerland,+41 44 {number},de-CH"
        )
        .expect("a string takes everything");
        write!(
            assignments,
            "{}{{\"id\":\"{number}\",\"deletedDateTime\":null,\"appRoleId\":\"0000000{role}-0000-4000-8000-000000000000\",\
             \"createdDateTime\":\"2026-03-01T10:00:00Z\",\"principalDisplayName\":\"User {number}\",\
             \"principalId\":\"{id}\",\"principalType\":\"User\",\"resourceDisplayName\":\"WEDO\",\
             \"resourceId\":\"11111111-0000-4000-8000-000000000000\"}}",
            if number == 0 { "" } else { ",\n" },
        )
        .expect("a string takes everything");
    }
    assignments.push_str("]}");
    std::fs::write(folder.path().join("users.csv"), users).expect("room for the users");
    std::fs::write(folder.path().join("assignments.json"), assignments).expect("room for the assignments");
    folder
}

fn paths(folder: &Path) -> SourcePaths {
    SourcePaths {
        users: folder.join("users.csv"),
        assignments: Some(folder.join("assignments.json")),
        ..SourcePaths::default()
    }
}

#[divan::bench(sample_count = 10)]
fn owned_structs(bencher: Bencher<'_, '_>) {
    let folder = folder();
    bencher.counter(ItemsCount::new(USERS)).bench_local(|| {
        let mut reader = csv::Reader::from_path(folder.path().join("users.csv")).expect("a readable file");
        let users: Vec<OwnedUser> = reader.deserialize().collect::<Result<_, _>>().expect("valid rows");
        let file = File::open(folder.path().join("assignments.json")).expect("a readable file");
        let page: Page = serde_json::from_reader(BufReader::new(file)).expect("valid JSON");
        black_box((users, page.value))
    });
}

#[divan::bench(sample_count = 10)]
fn open_and_each_user(bencher: Bencher<'_, '_>) {
    let folder = folder();
    let paths = paths(folder.path());
    let mut names = AttributeNames::default();
    for name in NAMES {
        names.slot(name);
    }
    bencher.counter(ItemsCount::new(USERS)).bench_local(|| {
        let export = Export::open(&paths).expect("a readable export");
        let summary = export.each_user(&names, &mut |user| {
            black_box(user);
            ControlFlow::Continue(())
        });
        summary.expect("a readable export").users
    });
}

#[divan::bench(sample_count = 10)]
fn second_pass(bencher: Bencher<'_, '_>) {
    let folder = folder();
    let mut names = AttributeNames::default();
    for name in NAMES {
        names.slot(name);
    }
    let export = Export::open(&paths(folder.path())).expect("a readable export");
    bencher.counter(ItemsCount::new(USERS)).bench_local(|| {
        let summary = export.each_user(&names, &mut |user| {
            black_box(user);
            ControlFlow::Continue(())
        });
        summary.expect("a readable export").users
    });
}
