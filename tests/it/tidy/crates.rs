//! What the package depends on, against the lists in `deny.toml`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

#[derive(Deserialize)]
struct Deny {
    licenses: Licenses,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licenses {
    allow: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Banned>,
}

#[derive(Deserialize)]
struct Banned {
    #[serde(rename = "crate")]
    name: String,
}

#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    source: Option<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    license: Option<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
}

/// Banned crates and foreign sources in the lock file, and licences of this platform's tree that
/// aren't allowed.
pub(crate) fn problems(root: &Path) -> Vec<String> {
    let read = |name: &str| fs::read_to_string(root.join(name)).expect("a readable file");
    let deny: Deny = toml::from_str(&read("deny.toml")).expect("deny.toml as expected");
    let lock: Lock = toml::from_str(&read("Cargo.lock")).expect("Cargo.lock as expected");
    let mut problems = Vec::new();
    for package in &lock.package {
        if deny.bans.deny.iter().any(|banned| banned.name == package.name) {
            problems.push(format!("Cargo.lock: `{}` is banned in deny.toml", package.name));
        }
        if package.source.as_deref().is_some_and(|source| source.starts_with("git+")) {
            problems.push(format!("Cargo.lock: `{}` comes from a repository, not from the registry", package.name));
        }
    }
    let metadata = metadata(root);
    let used: BTreeSet<&str> = metadata.resolve.nodes.iter().map(|node| node.id.as_str()).collect();
    assert!(used.len() > 20, "the tree has only {} crates", used.len());
    for package in metadata.packages.iter().filter(|package| used.contains(package.id.as_str())) {
        let license = package.license.as_deref().unwrap_or("none");
        if !allows(&deny.licenses.allow, license) {
            problems
                .push(format!("Cargo.lock: `{}` has the licence {license}, not allowed by deny.toml", package.name));
        }
    }
    problems
}

/// Only this platform's crates are sure to be on the disk.
fn metadata(root: &Path) -> Metadata {
    let run = |command: &mut Command| {
        let output = command.current_dir(root).output().expect("cargo and rustc run");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let version = run(Command::new("rustc").arg("-vV"));
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc names its host");
    let arguments = ["metadata", "--format-version=1", "--locked", "--offline", "--filter-platform", host];
    let json = run(Command::new(env!("CARGO")).args(arguments));
    serde_json::from_str(&json).expect("cargo's metadata as expected")
}

/// Whether an SPDX expression can be met by the allowed licences; `/` is an old way to write `OR`.
fn allows(allowed: &BTreeSet<String>, expression: &str) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    either(&tokens, &mut at, allowed) && at == tokens.len()
}

fn either(tokens: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut met = both(tokens, at, allowed);
    while tokens.get(*at) == Some(&"OR") {
        *at += 1;
        met |= both(tokens, at, allowed);
    }
    met
}

fn both(tokens: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut met = one(tokens, at, allowed);
    while tokens.get(*at) == Some(&"AND") {
        *at += 1;
        met &= one(tokens, at, allowed);
    }
    met
}

fn one(tokens: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let Some(token) = tokens.get(*at) else { return false };
    *at += 1;
    if *token == "(" {
        let met = either(tokens, at, allowed);
        *at += 1;
        return met;
    }
    if tokens.get(*at) == Some(&"WITH") {
        let name = tokens[*at - 1..tokens.len().min(*at + 2)].join(" ");
        *at += 2;
        return allowed.contains(&name);
    }
    allowed.contains(*token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_are_read_as_expressions() {
        let allowed = ["MIT", "Apache-2.0", "Unicode-3.0"].map(str::to_owned).into();
        let check =
            |expression: &str, expected: bool| assert_eq!(allows(&allowed, expression), expected, "{expression}");
        check("MIT", true);
        check("GPL-3.0-only", false);
        check("GPL-3.0-only OR MIT", true);
        check("MIT/GPL-2.0", true);
        check("MIT AND GPL-2.0", false);
        check("(MIT OR GPL-2.0) AND Unicode-3.0", true);
        check("(MIT OR GPL-2.0) AND MPL-2.0", false);
        check("GPL-2.0 WITH Classpath-exception-2.0 OR MIT", true);
        check("Apache-2.0 WITH LLVM-exception", false);
        check("none", false);
    }
}
