//! Rules about the code itself: which module may use which, what stays out of the rules, how long a
//! file may be, what every module says about itself, and what the dependencies may be.

mod crates;
mod paths;
mod tree;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use tree::Module;

const VOCABULARY: &[&str] = &["base", "directory", "expression", "scim"];
const RULES: &[&str] = &["event", "mapping", "matching", "plan", "schema", "scoping"];
const EDGES: &[&str] = &["client", "clock", "config", "notify", "source", "store", "target", "threads"];

/// What each module may use beside itself. `ARCHITECTURE.md` shows the same table with its reasons.
const MAY_USE: &[(&str, &[&[&str]])] = &[
    ("base", &[]),
    ("directory", &[&["base"]]),
    ("scim", &[&["base"]]),
    ("expression", &[&["base", "directory"]]),
    ("schema", &[VOCABULARY]),
    ("scoping", &[VOCABULARY, &["schema"]]),
    ("mapping", &[VOCABULARY, &["schema"]]),
    ("matching", &[VOCABULARY, &["schema"]]),
    ("plan", &[VOCABULARY, &["schema", "scoping", "mapping", "matching"]]),
    ("event", &[VOCABULARY, RULES]),
    ("threads", &[]),
    ("clock", &[&["base"]]),
    ("config", &[VOCABULARY, RULES]),
    ("notify", &[&["base", "scim"]]),
    ("source", &[&["base", "directory"]]),
    ("client", &[&["base", "scim", "clock"]]),
    ("store", &[&["base", "directory", "schema", "plan", "event"]]),
    ("target", &[&["base", "scim", "clock", "threads"]]),
    ("engine", &[VOCABULARY, RULES, &["client", "clock", "config", "source", "store"]]),
    ("check", &[VOCABULARY, RULES, &["client", "clock", "config", "source", "store", "engine"]]),
    ("report", &[VOCABULARY, RULES, &["check"]]),
    ("cli", &[VOCABULARY, RULES, EDGES, &["engine", "check", "report"]]),
];

/// Edges beyond the table, each with its reason.
const BESIDES: &[(&str, &str, &str)] = &[
    ("matching", "mapping", "what is looked up is a value of the desired resource"),
    ("store", "scim", "requests are counted by method"),
];

/// What has no business in the vocabulary and the rules: they do no I/O, don't wait and print nothing.
const NO_IO: &[&str] = &["tokio", "reqwest", "rusqlite", "axum", "clap", "std::fs", "std::env"];

/// What belongs to the command line alone.
const COMMAND_LINE_ONLY: &[&str] = &["anyhow", "clap", "indicatif"];

const MAX_LINES: usize = 600;

/// Files that may be longer, each with its reason.
const LONGER: &[(&str, &str)] = &[];

const MAX_MAIN_LINES: usize = 30;

#[test]
fn modules_use_only_what_their_floor_allows() {
    let mut problems = Vec::new();
    for module in tree::library().iter().filter(|module| !module.test && module.name() != "") {
        let name = module.name();
        let Some(allowed) = may_use(name) else {
            problems.push(format!("{}: module `{name}` isn't in the table of floors", module.show()));
            continue;
        };
        for used in used_modules(module) {
            if used != name && !allowed.contains(used.as_str()) {
                problems.push(format!("{}: `{name}` may not use `{used}`", module.show()));
            }
        }
    }
    report(&problems);
}

#[test]
fn the_floors_table_has_no_stale_and_no_upward_row() {
    let modules: BTreeSet<String> = tree::library().iter().map(|module| module.name().to_owned()).collect();
    let mut problems = Vec::new();
    for (index, (name, _)) in MAY_USE.iter().enumerate() {
        if !modules.contains(*name) {
            problems.push(format!("`{name}` stands in the table of floors but not in src/"));
        }
        for used in may_use(name).unwrap_or_default() {
            // Together with the order of floors this keeps cycles out.
            let below = MAY_USE.iter().position(|(other, _)| *other == used);
            if used != *name && floor(used) > floor(name) || below.is_none() {
                problems.push(format!("row {index}: `{name}` may not use `{used}` of a higher floor"));
            }
        }
    }
    report(&problems);
}

#[test]
fn the_rules_do_no_io() {
    report(
        &tree::library()
            .iter()
            .filter(|module| !module.test && floor(module.name()) <= 1 && module.name() != "")
            .flat_map(|module| outsiders(module, NO_IO))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn the_command_line_keeps_its_crates() {
    report(
        &tree::library()
            .iter()
            .filter(|module| !module.test && module.name() != "cli")
            .flat_map(|module| outsiders(module, COMMAND_LINE_ONLY))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn every_source_file_is_a_module() {
    let known: BTreeSet<&Path> = tree::library().iter().map(|module| module.path.as_path()).collect();
    let main = tree::root().join("src/main.rs");
    report(
        &rust_files("src")
            .into_iter()
            .filter(|path| *path != main && !known.contains(path.as_path()))
            .map(|path| format!("{}: no `mod` declares it", tree::show(&path)))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn every_file_says_what_it_is_for() {
    let unit_tests: BTreeSet<&Path> =
        tree::library().iter().filter(|module| module.test).map(|module| module.path.as_path()).collect();
    report(
        &code_files()
            .into_iter()
            .filter(|path| !unit_tests.contains(path.as_path()))
            .filter(|path| !fs::read_to_string(path).expect("readable source").starts_with("//! "))
            .map(|path| format!("{}: it doesn't begin with `//! `", tree::show(&path)))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn files_are_short() {
    let mut problems = Vec::new();
    let mut excused: BTreeSet<&str> = LONGER.iter().map(|(path, _)| *path).collect();
    for path in code_files() {
        let lines = fs::read_to_string(&path).expect("readable source").lines().count();
        let shown = tree::show(&path);
        let limit = if shown == "src/main.rs" { MAX_MAIN_LINES } else { MAX_LINES };
        if lines > limit && !excused.remove(shown.as_str()) {
            problems.push(format!("{shown}: {lines} lines, {limit} are allowed; split it"));
        }
    }
    problems.extend(excused.iter().map(|path| format!("{path}: needs no entry among the longer files")));
    report(&problems);
}

#[test]
fn dependencies_are_permissive_and_wanted() {
    report(&crates::problems(&tree::root()));
}

/// What a module may use, as one set; `None` if the table doesn't know it.
fn may_use(name: &str) -> Option<BTreeSet<&'static str>> {
    let (_, groups) = MAY_USE.iter().find(|(module, _)| *module == name)?;
    let besides = BESIDES.iter().filter(|(module, ..)| *module == name).map(|(_, used, _)| used);
    Some(groups.iter().copied().flatten().chain(besides).copied().collect())
}

fn floor(name: &str) -> u8 {
    match name {
        name if VOCABULARY.contains(&name) => 0,
        name if RULES.contains(&name) => 1,
        name if EDGES.contains(&name) => 2,
        "cli" => 4,
        _ => 3,
    }
}

/// The top modules that a file's code reaches, through `crate::` or a chain of `super::`.
fn used_modules(module: &Module) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for path in &module.paths {
        let supers = path.iter().take_while(|segment| *segment == "super").count();
        let first = match path[0].as_str() {
            "crate" => path.get(1),
            // Chains inside an inline module reach one level less; those only occur in tests.
            "super" if supers == module.segments.len() => path.get(supers),
            _ => None,
        };
        used.extend(first.filter(|name| *name != "*").cloned());
    }
    used
}

/// Each use of one of these crates or parts of the standard library.
fn outsiders(module: &Module, names: &[&str]) -> Vec<String> {
    let mut problems = BTreeSet::new();
    for path in &module.paths {
        for name in names {
            let wanted: Vec<&str> = name.split("::").collect();
            if path.len() >= wanted.len() && path.iter().zip(&wanted).all(|(segment, wanted)| segment == wanted) {
                problems.insert(format!("{}: `{}` may not use `{name}`", module.show(), module.name()));
            }
        }
    }
    problems.into_iter().collect()
}

/// All Rust files of the package.
fn code_files() -> Vec<PathBuf> {
    ["src", "tests", "examples", "benches"].into_iter().flat_map(rust_files).collect()
}

fn rust_files(folder: &str) -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a readable folder") {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&tree::root().join(folder), &mut found);
    found.sort();
    assert!(!found.is_empty(), "no Rust file in {folder}/");
    found
}

fn report(problems: &[String]) {
    assert!(problems.is_empty(), "\n  {}", problems.join("\n  "));
}
