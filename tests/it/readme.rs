//! The README: its sessions are run against the real program, and its tables held to the code.
//!
//! A block that begins with `console` is a session: lines with `$ ` are run by `sh`, one after the
//! other, in one folder for the whole file; the lines below them are what is printed. `...` on a
//! line of its own stands for lines that are left out, `[..]` for a part of a line. Durations,
//! instants and ids are masked. Blocks in other languages aren't run.

#[cfg(unix)]
mod matching;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
#[cfg(unix)]
use std::path::PathBuf;

use scimulate::check::{Check, checks};
use scimulate::config::{self, Overrides};
use scimulate::scim::Leniency;
use scimulate::target::Fault;

use crate::support::scimulate;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The text below a heading, up to the next heading of its level or above.
fn chapter<'t>(text: &'t str, heading: &str) -> &'t str {
    let level = heading.chars().take_while(|c| *c == '#').count();
    let start = text.find(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("the README has no `{heading}`"));
    let below = &text[start + heading.len() + 2..];
    let mut fenced = false;
    let mut end = 0;
    for line in below.split_inclusive('\n') {
        fenced ^= line.starts_with("```");
        let depth = line.chars().take_while(|c| *c == '#').count();
        if !fenced && depth > 0 && depth <= level {
            break;
        }
        end += line.len();
    }
    &below[..end]
}

/// The rows of the tables in a text, without head and rule.
fn rows(text: &str) -> Vec<Vec<&str>> {
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with('|')).collect();
    let is_rule = |at: usize| lines.get(at).is_some_and(|line| line.starts_with("| ---"));
    (0..lines.len())
        .filter(|at| !is_rule(*at) && !is_rule(*at + 1))
        .map(|at| lines[at].trim_matches('|').split(" | ").map(str::trim).collect())
        .collect()
}

/// What stands between the first two backticks.
fn code(cell: &str) -> Option<&str> {
    cell.split('`').nth(1)
}

fn help(arguments: &[&str]) -> String {
    let output = scimulate().args(arguments).arg("--help").output().expect("the program runs");
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8(output.stdout).expect("help is text")
}

fn commands() -> BTreeSet<String> {
    let help = help(&[]);
    let list = help.split("Commands:\n").nth(1).expect("help lists commands");
    list.lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

#[cfg(unix)]
#[test]
fn sessions_are_as_the_program_prints_them() {
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder under target/");
    for fixture in ["fixtures/contoso", "fixtures/imported-schema"] {
        copy(&root().join(fixture), &home.path().join(fixture));
    }
    let mut shell = Shell { folder: home.path().to_owned(), status: 0 };
    let mut problems = Vec::new();
    let mut sessions = 0;
    for (line, command, expected) in steps(&read("README.md")) {
        sessions += 1;
        let (stdout, stderr) = shell.run(&command);
        if let Err(problem) = matching::compare(&expected, &stdout, &stderr) {
            problems.push(format!("README.md:{line}: $ {command}\n{problem}"));
        }
    }
    assert!(sessions > 5, "the README shows no sessions");
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
}

/// Every command of the sessions, with its line and what is to be printed below it.
#[cfg(unix)]
fn steps(text: &str) -> Vec<(usize, String, String)> {
    let mut steps: Vec<(usize, String, String)> = Vec::new();
    let mut inside = false;
    for (number, line) in text.lines().enumerate() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if inside {
            if let Some(command) = line.strip_prefix("$ ") {
                steps.push((number + 1, command.to_owned(), String::new()));
            } else {
                let (_, _, expected) = steps.last_mut().expect("a session begins with a command");
                expected.push_str(line);
                expected.push('\n');
            }
        }
    }
    steps
}

#[cfg(unix)]
struct Shell {
    folder: PathBuf,
    status: i32,
}

#[cfg(unix)]
impl Shell {
    fn run(&mut self, command: &str) -> (String, String) {
        if let Some(folder) = command.strip_prefix("cd ") {
            self.folder = self.folder.join(folder);
            return (String::new(), String::new());
        }
        let built = Path::new(env!("CARGO_BIN_EXE_scimulate")).parent().expect("a program is in a folder");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(std::iter::once(built.to_owned()).chain(std::env::split_paths(&path)));
        // The program is built already, and a test doesn't build it again.
        let command = command.replace("cargo run --release -- ", "scimulate ");
        let mut shell = std::process::Command::new("sh");
        // The environment is that of the program, which neither configures it nor has a proxy.
        for (name, value) in scimulate().get_envs() {
            if value.is_none() {
                shell.env_remove(name);
            }
        }
        let output = shell
            .args(["-c", &format!("(exit {}); {command}", self.status)])
            .current_dir(&self.folder)
            .env("PATH", path.expect("folders without a colon"))
            .output()
            .expect("sh runs");
        self.status = output.status.code().unwrap_or(-1);
        let text = |bytes| String::from_utf8(bytes).expect("the program prints text");
        (text(output.stdout), text(output.stderr))
    }
}

#[cfg(unix)]
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a new folder");
    for entry in fs::read_dir(from).expect("a readable folder") {
        let path = entry.expect("a readable entry").path();
        let target = to.join(path.file_name().expect("an entry has a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, target).expect("a copied file");
        }
    }
}

#[test]
fn every_command_has_its_row_and_every_flag_is_there() {
    let text = read("README.md");
    let chapter = chapter(&text, "## Commands");
    let told: BTreeSet<String> =
        rows(chapter).iter().filter_map(|row| code(row[0])?.split(' ').next()).map(str::to_owned).collect();
    assert_eq!(told, commands());
    let mut missing = Vec::new();
    for command in commands() {
        let nested: &[&str] = match command.as_str() {
            "schema" => &["show", "check", "import"],
            "links" => &["get", "list", "delete"],
            _ => &[],
        };
        let mut text_of_help = help(&[&command]);
        for nested in nested {
            text_of_help.push_str(&help(&[&command, nested]));
        }
        for line in text_of_help.lines().map(str::trim_start) {
            let flag = line.split([' ', ',', '[', '.']).find(|word| word.starts_with("--"));
            if let Some(flag) = flag.filter(|flag| line.starts_with('-') && !text.contains(&format!("`{flag}"))) {
                missing.push(format!("{command} {flag}"));
            }
        }
    }
    missing.retain(|flag| !flag.ends_with(" --help"));
    assert!(missing.is_empty(), "the README doesn't name {missing:?}");
}

#[test]
fn every_exit_code_has_its_row() {
    let source = read("src/cli/exit.rs");
    let numbers = |text: &str, before: &str| -> BTreeSet<String> {
        text.lines()
            .filter_map(|line| line.trim().strip_prefix(before))
            .filter_map(|line| line.split_once("=> "))
            .map(|(_, code)| code.trim_end_matches(',').to_owned())
            .collect()
    };
    let real = numbers(&source, "Self::");
    assert!(real.len() > 5, "{real:?}");
    let text = read("README.md");
    let told = rows(chapter(&text, "## Exit codes")).iter().filter_map(|row| code(row[0])).map(str::to_owned).collect();
    assert_eq!(real, told, "in exit.rs, in the README");
    let help = help(&[]);
    let help = help.split("Exit codes:").nth(1).expect("help lists exit codes");
    let in_help: BTreeSet<_> =
        help.split([' ', '\n', ',']).filter(|word| word.parse::<u8>().is_ok()).map(str::to_owned).collect();
    assert_eq!(real, in_help, "in exit.rs, in --help");
}

/// A section of a section.
const OAUTH: &str = "target.oauth";
const SECTIONS: [&str; 7] = ["target", "source", "provisioning", "quarantine", "escrow", "notification", "log"];

/// A config that is as short as it can be, with this put into it.
fn config_with(section: &str, lines: &str) -> String {
    let mut text = if section.is_empty() { format!("{lines}\n") } else { String::new() };
    for name in SECTIONS {
        text.extend(["[", name, "]\n"]);
        if name == "source" {
            text.push_str("users = \"u.csv\"\nassignments = \"a.csv\"\n");
        }
        if name == section {
            text.extend([lines, "\n"]);
        }
        if name == "target" && section == OAUTH {
            text.extend(["[", OAUTH, "]\ntoken_endpoint = \"https://h.example/token\"\nclient_id = \"x\"\n"]);
            text.extend(["client_secret_env = \"X\"\n", lines, "\n"]);
        }
    }
    text
}

fn load(text: &str) -> Result<config::Settings, Vec<String>> {
    config::parse(text, Path::new("scimulate.toml"), &Overrides::default()).map_err(|error| {
        error.diagnostics().into_iter().map(|it| format!("{} {}", it.message, it.hint.unwrap_or_default())).collect()
    })
}

/// The keys that a section takes, as the program itself says when it meets one that it doesn't know.
fn known_keys(text: &str) -> BTreeSet<String> {
    let problems = load(text).expect_err("an unknown key is an error");
    let known = problems.iter().find_map(|problem| problem.split_once("known here: "));
    let (_, list) = known.unwrap_or_else(|| panic!("{problems:?}"));
    list.split(", ").map(str::to_owned).collect()
}

const UNKNOWN: &str = "qqqqqqqqqqqq = 1";

#[test]
fn every_config_key_has_its_row() {
    let text = read("README.md");
    let template = read("src/cli/init/scimulate.toml");
    let filter = |inside: &str, clause: &str| {
        format!(
            "[[provisioning.scoping_filter]]\n{inside}\n\
             clauses = [{{ attribute = \"city\", operator = \"IS NULL\"{clause} }}]"
        )
    };
    let mut tables = vec![
        ("", "### At the top".to_owned(), known_keys(&config_with("", UNKNOWN))),
        (
            "filter",
            "### `[[provisioning.scoping_filter]]`".to_owned(),
            &known_keys(&config_with("provisioning", &filter(UNKNOWN, "")))
                | &known_keys(&config_with("provisioning", &filter("", &format!(", {UNKNOWN}")))),
        ),
    ];
    tables.extend(SECTIONS.map(|name| (name, format!("### `[{name}]`"), known_keys(&config_with(name, UNKNOWN)))));
    tables.push((OAUTH, format!("### `[{OAUTH}]`"), known_keys(&config_with(OAUTH, UNKNOWN))));
    for (section, heading, known) in tables {
        let rows = rows(chapter(&text, &heading));
        let told: BTreeSet<String> = rows.iter().filter_map(|row| code(row[0])).map(str::to_owned).collect();
        // Sections have chapters of their own, and secrets are refused.
        let apart = [&SECTIONS[..], &["scoping_filter", "secret_token", "client_secret", "smtp_password"]].concat();
        let known = known.into_iter().filter(|key| !apart.contains(&key.as_str())).collect();
        assert_eq!(told, known, "in the README, in the program: {heading}");
        for key in &told {
            assert!(template.contains(key), "the config that `init` writes doesn't name {key}");
        }
        // A default in backticks, written into the file, changes nothing.
        for row in rows.iter().filter(|row| row[1].starts_with('`')) {
            let line = format!("{} = {}", code(row[0]).expect("a key"), code(row[1]).expect("a default"));
            let [plain, given] = ["", &line].map(|extra| load(&config_with(section, extra)));
            let given = given.unwrap_or_else(|problems| panic!("{line}: {problems:?}"));
            assert_eq!(format!("{:?}", plain.expect("a config")), format!("{given:?}"), "{line}");
        }
    }
}

#[test]
fn attribute_names_are_translated_as_the_table_says() {
    let text = read("README.md");
    let chapter = chapter(&text, "## Files that it reads");
    let mut names = 0;
    for row in rows(chapter).iter().filter(|row| row.len() == 3) {
        let schema: Vec<_> = row[0].split('`').skip(1).step_by(2).collect();
        for cell in &row[1..] {
            for name in cell.split('`').skip(1).step_by(2) {
                assert_eq!(scimulate::directory::canonical_name(name), schema[0], "{name}");
                names += 1;
            }
        }
    }
    assert!(names > 10, "{names}");
}

#[test]
fn operators_are_all_there() {
    let text = read("README.md");
    let clause =
        "[[provisioning.scoping_filter]]\nclauses = [{ attribute = \"city\", operator = \"qqqqqqqqqqqqqqqq\" }]";
    let problems = load(&config_with("provisioning", clause)).expect_err("an unknown operator is an error");
    let known = problems.iter().find_map(|problem| problem.split_once("it is one of: "));
    for operator in known.unwrap_or_else(|| panic!("{problems:?}")).1.split(", ") {
        assert!(text.contains(&format!("`{operator}`")), "the README doesn't name the operator {operator}");
    }
}

#[test]
fn every_leniency_has_its_row() {
    let text = read("README.md");
    let chapter = chapter(&text, "### What the built-in endpoint takes beyond the RFCs");
    let told: Vec<_> = rows(chapter).iter().map(|row| (code(row[0]).expect("a name"), row[1].to_owned())).collect();
    let real: Vec<_> = Leniency::ALL.iter().map(|it| (it.name(), it.explanation().to_owned())).collect();
    assert_eq!(told, real, "in the README, in the program");
}

#[test]
fn every_fault_has_its_row() {
    let text = read("README.md");
    let chapter = chapter(&text, "### Faults of the built-in endpoint");
    let told: Vec<_> = rows(chapter).iter().map(|row| (code(row[0]).expect("a name"), row[1].to_owned())).collect();
    let all = Fault::all();
    let real: Vec<_> = all.iter().map(|fault| (fault.name(), fault.explanation())).collect();
    assert_eq!(told, real, "in the README, in the program");
}

#[test]
fn every_check_has_its_row() {
    let text = read("README.md");
    let chapter = chapter(&text, "### Would Microsoft accept this endpoint?");
    let told: Vec<_> =
        rows(chapter).into_iter().map(|row| (row[0].to_owned(), row[1].to_owned(), row[2].to_owned())).collect();
    let row = |check: &Check| (format!("`{}`", check.id), check.category.to_string(), check.holds.to_owned());
    assert_eq!(told, checks().map(row).collect::<Vec<_>>(), "in the README, in the program");
}

#[test]
fn named_files_exist() {
    let mut missing = Vec::new();
    for file in ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"] {
        let text = read(file);
        let in_backticks = text.split('`').skip(1).step_by(2);
        let tops = ["docs/", "src/", "tests/", "fixtures/", "benches/", "examples/", ".ci/"];
        let named = in_backticks.filter(|code| tops.iter().any(|top| code.starts_with(top)));
        let linked = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let linked = linked.filter(|link| !link.contains("://") && !link.starts_with('#'));
        for path in named.chain(linked) {
            let pattern = path.contains(['*', '<', '…', '{', ' ']);
            if !pattern && !root().join(path.split('#').next().unwrap_or(path)).exists() {
                missing.push(format!("{file}: {path}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_module_has_its_floor() {
    let text = read("ARCHITECTURE.md");
    let told: BTreeSet<String> =
        rows(chapter(&text, "## Floors")).iter().filter_map(|row| code(row[1])).map(str::to_owned).collect();
    let modules: BTreeSet<String> = read("src/lib.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .map(str::to_owned)
        .collect();
    assert_eq!(told, modules, "in ARCHITECTURE.md, in src/lib.rs");
}
