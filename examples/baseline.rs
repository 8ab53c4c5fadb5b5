//! The least that a program can do with an export: reads every file of one that `generate` wrote into
//! owned structs and keeps them, `cargo run --release --example baseline -- DIR`.
//!
//! `benches/run.sh` compares whole runs with it.

use std::fs::File;
use std::hint::black_box;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::ExitCode;

use serde::Deserialize;
use serde::de::DeserializeOwned;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, clippy::struct_field_names, reason = "only read to be kept, named as in the file")]
struct User {
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
struct Assignment {
    id: String,
    app_role_id: String,
    created_date_time: String,
    principal_display_name: String,
    principal_id: String,
    principal_type: String,
    resource_display_name: String,
    resource_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only read to be kept")]
struct Group {
    id: String,
    display_name: String,
    security_enabled: bool,
    members: Vec<Member>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only read to be kept")]
struct Member {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only read to be kept")]
struct Application {
    id: String,
    app_roles: Vec<Role>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only read to be kept")]
struct Role {
    id: String,
    value: String,
    display_name: String,
}

#[derive(Deserialize)]
struct Page<T> {
    value: Vec<T>,
}

fn main() -> ExitCode {
    let read = match std::env::args().nth(1) {
        Some(folder) => read(Path::new(&folder)),
        None => Err(io::Error::other("usage: baseline DIR")),
    };
    match read {
        Ok(counts) => {
            drop(writeln!(io::stdout(), "{counts}"));
            ExitCode::SUCCESS
        }
        Err(error) => {
            drop(writeln!(io::stderr(), "{error}"));
            ExitCode::FAILURE
        }
    }
}

fn read(folder: &Path) -> io::Result<String> {
    let users = users(&folder.join("users.csv"))?;
    let assignments: Page<Assignment> = json(&folder.join("appRoleAssignedTo.json"))?;
    let groups: Page<Group> = json(&folder.join("groups.json"))?;
    let application: Application = json(&folder.join("application.json"))?;
    let counts = format!(
        "{} users, {} assignments, {} groups, {} roles",
        users.len(),
        assignments.value.len(),
        groups.value.len(),
        application.app_roles.len()
    );
    black_box((users, assignments, groups, application));
    Ok(counts)
}

fn users(path: &Path) -> io::Result<Vec<User>> {
    let mut file = BufReader::with_capacity(1 << 16, File::open(path)?);
    // The portal's first line isn't part of the table.
    file.read_line(&mut String::new())?;
    Ok(csv::Reader::from_reader(file).into_deserialize().collect::<Result<_, _>>()?)
}

/// From a slice, as that is the fastest way for `serde_json`; so is the whole file in memory.
fn json<T: DeserializeOwned>(path: &Path) -> io::Result<T> {
    Ok(serde_json::from_slice(&std::fs::read(path)?)?)
}
