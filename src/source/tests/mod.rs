//! Tests of whole exports, file by file.

mod csv_users;
mod errors;
mod groups;
mod json_users;
mod lists;
mod timeline;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::{Export, ReadSummary, SourceError, SourcePaths};
use crate::directory::{AttributeNames, AttributeValue, Deletion, Known};

/// A folder of files, gone at the end of the test.
struct Files(tempfile::TempDir);

impl Files {
    fn new(files: &[(&str, &str)]) -> Self {
        let all = Self(tempfile::tempdir().unwrap());
        for (name, text) in files {
            all.write(name, text.as_bytes());
        }
        all
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Paths by convention: whatever of `users*`, `deleted*` … is named.
    fn paths(&self, names: &[&str]) -> SourcePaths {
        let find = |start: &str| names.iter().find(|name| name.starts_with(start)).map(|name| self.path(name));
        SourcePaths {
            users: find("users").unwrap(),
            deleted_users: find("deleted"),
            groups: find("groups"),
            application: find("application"),
            assignments: find("assignments"),
            members: find("members"),
            managers: find("managers"),
        }
    }

    fn open(&self, names: &[&str]) -> Result<Export, SourceError> {
        Export::open(&self.paths(names))
    }

    /// Messages without the folder's name.
    fn shorten(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.0.path().display()), "").replace(&self.0.path().display().to_string(), ".")
    }
}

fn names(list: &[&str]) -> AttributeNames {
    let mut names = AttributeNames::default();
    for name in list {
        names.slot(name);
    }
    names
}

/// `Unknown` is `?`, null is `-`, texts are as they are, booleans are `T` and `F`, lists in brackets.
fn show(value: &AttributeValue<'_>) -> String {
    match value {
        AttributeValue::Unknown => "?".to_owned(),
        AttributeValue::Null => "-".to_owned(),
        AttributeValue::String(text) => text.to_string(),
        AttributeValue::Bool(value) => if *value { "T" } else { "F" }.to_owned(),
        AttributeValue::Strings(values) => format!("[{}]", values.join(" ")),
        AttributeValue::Roles(_) => unreachable!("roles aren't read but computed"),
    }
}

/// Each user as `id name enabled deletion | values`.
fn users_of(export: &Export, list: &[&str]) -> (Vec<String>, ReadSummary) {
    let mut users = Vec::new();
    let summary = export
        .each_user(&names(list), &mut |user| {
            let enabled = match user.account_enabled {
                Known::Known(true) => "on",
                Known::Known(false) => "off",
                Known::Unknown => "?",
            };
            let deletion = match user.deletion {
                Deletion::None => String::new(),
                Deletion::Soft(None) => " deleted".to_owned(),
                Deletion::Soft(Some(since)) => format!(" deleted {since}"),
            };
            let values: Vec<_> = user.values.iter().map(show).collect();
            users.push(format!("{} {} {enabled}{deletion} | {}", user.id, user.name, values.join(" | ")));
            ControlFlow::Continue(())
        })
        .unwrap();
    (users, summary)
}

/// Checks what the users file of this name and content gives.
fn check_users(name: &str, content: &[u8], list: &[&str], expected: &[&str], findings: &[&str]) {
    let files = Files::new(&[]);
    files.write(name, content);
    let export = files.open(&[name]).unwrap();
    for pass in 1..=2 {
        let (users, summary) = users_of(&export, list);
        assert_eq!(users, expected, "{name}, pass {pass}");
        let found: Vec<_> = summary.diagnostics.iter().map(|found| files.shorten(&found.to_string())).collect();
        assert_eq!(found, findings, "{name}, pass {pass}");
        assert_eq!(summary.diagnostic_count, findings.len() as u64);
        assert_eq!(summary.users, expected.len() as u64);
    }
}

fn utf16(text: &str, big_endian: bool, mark: bool) -> Vec<u8> {
    let text = if mark { format!("\u{feff}{text}") } else { text.to_owned() };
    text.encode_utf16().flat_map(|unit| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
}

fn touch(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
}
