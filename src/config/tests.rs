//! Whole config files in, settings or whole messages out.

mod failures;
mod oauth;

use std::path::Path;
use std::time::Duration;

use super::*;
use crate::base::Diagnostic;
use crate::schema::Actions;
use crate::scim::Dialect;

const MINIMAL: &str = "[source]\nusers = \"users.csv\"\nassignments = \"a.json\"\n";

fn read(text: &str) -> Result<Settings, ConfigError> {
    parse(text, Path::new("conf/scimulate.toml"), &Overrides::default())
}

const EVERYTHING: &str = r#"
job = "wedo-test.2"
[target]
tenant_url = "https://api.wedo.example/scim/v2/?aadOptscim062020"
secret_token_file = "secrets/token"
profile = "wedo"
rate = "unlimited"
concurrency = 2
timeout = "1500ms"
ca_file = "/etc/ca.pem"
proxy = "http://user:pass@proxy.example:3128"
user_agent = "probe/1"
allow_http = true
honour_retry_after = false
soft_delete = false
[target.headers]
X-Environment = "test"
A = "b"
[source]
users = "export/users-*.csv"
deleted_users = "d.json"
groups = "g"
application = "app.json"
assignments = "a.json"
members = "m.csv"
timeline = "cycles/"
default_domain = "contoso.com"
tenant_id = "A1B2C3D4-0000-4000-8000-000000000000"
max_missing = 1
[provisioning]
mapping = "maps/schema.json"
scope = "all"
default_access = "include"
skip_out_of_scope_deletions = true
actions = ["create", "update"]
groups = false
members_per_patch = 20
late_references = "resolve"
reference_queries = true
prevent_accidental_deletions = 0
retries = 3
duplicates = "link"
vanished = "rematch"
anchor_scope_regex = true
interval = "1h30m"
[[provisioning.scoping_filter]]
title = "Engineers"
clauses = [
  { attribute = "mobilePhone", operator = "is not null" },
  { attribute = "department", operator = "REGEX  MATCH", value = '^Eng' },
]
[[provisioning.scoping_filter]]
clauses = [{ attribute = "extensionAttribute1", operator = "greater_than", value = 100 }]
[quarantine]
min_failures = 0
proportion = 1
max_failures = 4
max_all = 6
first_interval = "1m"
longest_interval = "2h"
disable_after = "3d"
[escrow]
schedule = ["1m", "1h30m"]
prune_after = "2d"
[notification]
email = "it@contoso.com"
on_failure = false
from = "no-reply@contoso.com"
smtp = "smtp://mail.contoso.com:2525"
smtp_username = "scimulate"
smtp_password_env = "SMTP_PASSWORD"
smtp_ca_file = "mail-ca.pem"
[log]
keep = "90d"
pii = false
"#;

/// Place, message, line with a caret under the place, and hint; one after the other.
fn show(problems: &[Diagnostic]) -> String {
    let mut text = String::new();
    for problem in problems {
        text.extend([problem.to_string().as_str(), "\n"]);
        if let Some(snippet) = &problem.snippet {
            let before = snippet.text[..snippet.span.start].chars().count();
            let width = snippet.text[snippet.span.clone()].chars().count().max(1);
            text.extend([&snippet.text, "\n", &" ".repeat(before), &"^".repeat(width), "\n"]);
        }
        text.extend(["= ", problem.hint.as_deref().unwrap_or_default(), "\n"]);
    }
    text
}

/// The problems of `lines` together with a minimal `[source]` after them.
fn check(lines: &str, expected: &[&str]) {
    let error = read(&format!("{lines}\n{MINIMAL}")).expect_err(lines);
    assert_eq!(show(&error.diagnostics()), expected.join("\n") + "\n", "{lines}");
}

#[test]
fn defaults() {
    let settings = read(MINIMAL).unwrap();
    assert_eq!(settings.job, "wedo");
    assert_eq!(settings.state_dir, Path::new("conf/.scimulate"));
    assert_eq!(settings.source.users, Path::new("conf/users.csv"));
    assert_eq!(settings.source.max_missing.to_string(), "0.3");
    assert_eq!(settings.target.tenant, Tenant::Embedded { dialect: Dialect::Scim, misspelt_flags: Vec::new() });
    assert_eq!((settings.target.rate, settings.target.concurrency), (None, 8));
    assert_eq!(settings.target.timeout, Duration::from_secs(30));
    assert!(settings.target.honour_retry_after && settings.target.soft_delete && !settings.target.allow_http);
    assert_eq!(settings.provisioning.interval, Duration::from_mins(40));
    assert_eq!((settings.provisioning.actions, settings.log), (None, LogSettings::default()));
    assert_eq!((settings.log.keep, settings.log.personal_data), (Some(Duration::from_hours(30 * 24)), true));
    let rules = &settings.provisioning;
    assert_eq!((rules.groups, rules.members_per_patch, rules.prevent_accidental_deletions), (None, 1, None));
    assert_eq!((rules.late_references, rules.reference_queries), (LateReferences::Restart, false));
    assert_eq!(settings.source.timeline, None);
    assert_eq!(settings.warnings, []);
}

#[test]
fn everything_set() {
    let settings = read(EVERYTHING).unwrap();
    let TargetSettings { tenant: Tenant::Remote(url), .. } = &settings.target else { panic!("not remote") };
    assert_eq!((url.base(), url.dialect()), ("https://api.wedo.example/scim/v2", Dialect::Compliant));
    assert_eq!(settings.target.token, TokenSource::File("conf/secrets/token".into()));
    assert_eq!((settings.target.rate, settings.target.concurrency), (None, 2));
    assert_eq!(settings.target.timeout, Duration::from_millis(1500));
    assert_eq!(settings.target.ca_file.as_deref(), Some(Path::new("/etc/ca.pem")));
    assert_eq!(settings.target.proxy.unwrap().port(), Some(3128));
    assert_eq!(
        settings.target.headers,
        [("X-Environment".to_owned(), "test".to_owned()), ("A".to_owned(), "b".to_owned())]
    );
    assert_eq!(settings.source.members.as_deref(), Some(Path::new("conf/m.csv")));
    assert_eq!(settings.source.timeline.as_deref(), Some(Path::new("conf/cycles")));
    assert_eq!(settings.source.tenant_id.unwrap().to_string(), "a1b2c3d4-0000-4000-8000-000000000000");
    assert_eq!(settings.source.max_missing.to_string(), "1");
    let rules = settings.provisioning;
    assert_eq!(rules.mapping, Mapping::File("conf/maps/schema.json".into()));
    assert_eq!((rules.scope, rules.default_access), (Scope::All, DefaultAccess::Include));
    assert_eq!(rules.actions, Some(Actions { create: true, update: true, delete: false }));
    assert_eq!((rules.groups, rules.members_per_patch, rules.prevent_accidental_deletions), (Some(false), 20, Some(0)));
    assert_eq!((rules.late_references, rules.reference_queries), (LateReferences::Resolve, true));
    assert_eq!((rules.duplicates, rules.vanished), (Duplicates::Link, Vanished::Rematch));
    assert_eq!((rules.retries, rules.interval), (3, Duration::from_mins(90)));
    let clause = |attribute: &str, operator, value: Option<&str>| Clause {
        attribute: attribute.to_owned(),
        operator,
        value: value.map(str::to_owned),
    };
    assert_eq!(
        rules.scoping_filters,
        [
            ScopingFilter {
                title: "Engineers".to_owned(),
                clauses: vec![clause("mobile", "IS NOT NULL", None), clause("department", "REGEX MATCH", Some("^Eng"))],
            },
            ScopingFilter {
                title: "Scoping filter".to_owned(),
                clauses: vec![clause("extensionAttribute1", "Greater_Than", Some("100"))],
            },
        ]
    );
    assert_eq!((settings.log.keep, settings.log.personal_data), (Some(Duration::from_hours(90 * 24)), false));
}

#[test]
fn a_remote_target_is_paced() {
    let settings = read(&format!("[target]\ntenant_url = \"https://h.example\"\nsecret_token_env = \"T\"\n{MINIMAL}"));
    let settings = settings.unwrap();
    assert_eq!(settings.target.rate, Some(25.0));
    assert_eq!((settings.target.token, settings.warnings), (TokenSource::Env("T".to_owned()), Vec::new()));
}

#[test]
fn flags_of_the_embedded_endpoint() {
    let settings = read(&format!("[target]\ntenant_url = \"embedded?aadOptscim062020\"\n{MINIMAL}")).unwrap();
    assert_eq!(settings.target.tenant.dialect(), Dialect::Compliant);
    assert_eq!(settings.target.tenant.to_string(), "embedded");
}

#[test]
fn odd_but_allowed_things_are_warnings() {
    let settings = read(&format!("[target]\ntenant_url = \"https://h.example?aadOptscim062021\"\n{MINIMAL}")).unwrap();
    assert_eq!(
        show(&settings.warnings),
        "conf/scimulate.toml:2:14: the tenant URL's flag `aadOptscim062021` isn't known and changes nothing\n\
         tenant_url = \"https://h.example?aadOptscim062021\"\n             \
         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n\
         = did you mean `aadOptscim062020`? Everything after the `?` is taken as flags\n\
         conf/scimulate.toml:2:14: no secret token: nothing can be sent to this target\n\
         tenant_url = \"https://h.example?aadOptscim062021\"\n             \
         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n\
         = name the variable that holds it, `secret_token_env = \"WEDO_SECRET_TOKEN\"`, or use [target.oauth]\n"
    );
}

#[test]
fn keys_and_types() {
    check(
        "[target]\ntenent_url = \"embedded\"",
        &[
            "conf/scimulate.toml:2:1: unknown key `tenent_url` in [target]",
            "tenent_url = \"embedded\"",
            "^^^^^^^^^^",
            "= did you mean `tenant_url`?",
        ],
    );
    check(
        "[log]\ncolour = 1",
        &["conf/scimulate.toml:2:1: unknown key `colour` in [log]", "colour = 1", "^^^^^^", "= known here: keep, pii"],
    );
    check(
        "[sources]",
        &["conf/scimulate.toml:1:2: unknown section `sources`", "[sources]", " ^^^^^^^", "= did you mean `source`?"],
    );
    check(
        "[target]\nconcurrency = \"8\"",
        &[
            "conf/scimulate.toml:2:15: `concurrency` is a text, expected a whole number",
            "concurrency = \"8\"",
            "              ^^^",
            "= write a whole number",
        ],
    );
    check(
        "job = 5\ntarget = 7",
        &[
            "conf/scimulate.toml:1:7: `job` is a whole number, expected a text in quotes",
            "job = 5",
            "      ^",
            "= put the value into double quotes",
            "conf/scimulate.toml:2:10: `target` is a whole number, expected a section",
            "target = 7",
            "         ^",
            "= write a section",
        ],
    );
    check(
        "[target]\nconcurrency = 0\nallow_http = \"yes\"",
        &[
            "conf/scimulate.toml:2:15: `concurrency` is 0, which is out of range",
            "concurrency = 0",
            "              ^",
            "= take a number from 1 to 1024",
            "conf/scimulate.toml:3:14: `allow_http` is a text, expected true or false",
            "allow_http = \"yes\"",
            "             ^^^^^",
            "= write true or false",
        ],
    );
    check(
        "job = \" \"",
        &[
            "conf/scimulate.toml:1:7: `job` is empty",
            "job = \" \"",
            "      ^^^",
            "= give it a value or leave the line out",
        ],
    );
}

#[test]
fn syntax() {
    check(
        "job = wedo",
        &[
            "conf/scimulate.toml:1:7: string values must be quoted, expected literal string",
            "job = wedo",
            "      ^^^^",
            "= the file is TOML (https://toml.io): `key = \"text\"`, `key = 1`, `[section]`",
        ],
    );
    check(
        "job = \"a\"\njob = \"b\"",
        &[
            "conf/scimulate.toml:2:1: duplicate key",
            "job = \"b\"",
            "^^^",
            "= the file is TOML (https://toml.io): `key = \"text\"`, `key = 1`, `[section]`",
        ],
    );
}

#[test]
fn values() {
    check(
        "job = \"a/b\"",
        &[
            "conf/scimulate.toml:1:7: `job` \"a/b\" can't name a job",
            "job = \"a/b\"",
            "      ^^^^^",
            "= letters, digits, `-`, `_` and `.`, at most 64 of them, beginning with a letter or digit",
        ],
    );
    check(
        "[target]\nrate = 0",
        &[
            "conf/scimulate.toml:2:8: `rate` is 0; it has to be above 0",
            "rate = 0",
            "       ^",
            "= requests per second, such as 25, or \"unlimited\"",
        ],
    );
    check(
        "[target]\nrate = \"unlimitted\"",
        &[
            "conf/scimulate.toml:2:8: `rate` doesn't know \"unlimitted\"",
            "rate = \"unlimitted\"",
            "       ^^^^^^^^^^^^",
            "= did you mean \"unlimited\"? It takes: \"unlimited\"",
        ],
    );
    check(
        "[target]\ntimeout = \"30\"",
        &[
            "conf/scimulate.toml:2:11: `timeout`: `30` isn't a duration; write a number and a unit, such as `500ms`, `30s`, `40m`, `1h30m` or `30d`",
            "timeout = \"30\"",
            "          ^^^^",
            "= for instance timeout = \"30s\"",
        ],
    );
    check(
        "[provisioning]\nscope = \"asigned\"",
        &[
            "conf/scimulate.toml:2:9: `scope` doesn't know \"asigned\"",
            "scope = \"asigned\"",
            "        ^^^^^^^^^",
            "= did you mean \"assigned\"? It takes: \"assigned\", \"all\"",
        ],
    );
    check(
        "[provisioning]\nlate_references = \"resolved\"\nmembers_per_patch = 0\nprevent_accidental_deletions = -1",
        &[
            "conf/scimulate.toml:2:19: `late_references` doesn't know \"resolved\"",
            "late_references = \"resolved\"",
            "                  ^^^^^^^^^^",
            "= did you mean \"resolve\"? It takes: \"restart\", \"resolve\"",
            "conf/scimulate.toml:3:21: `members_per_patch` is 0, which is out of range",
            "members_per_patch = 0",
            "                    ^",
            "= take a number from 1 to 1000",
            "conf/scimulate.toml:4:32: `prevent_accidental_deletions` is -1, which is out of range",
            "prevent_accidental_deletions = -1",
            "                               ^^",
            "= take a number from 0 to 4294967295",
        ],
    );
    check(
        "[provisioning]\nmapping = \"weddo\"",
        &[
            "conf/scimulate.toml:2:11: there is no built-in mapping \"weddo\"",
            "mapping = \"weddo\"",
            "          ^^^^^^^",
            "= did you mean \"wedo\"? It takes \"wedo\", \"scim\" or the path of a schema file, such as \"./schema.json\"",
        ],
    );
    check(
        "[provisioning]\nactions = [\"create\", \"remove\"]",
        &[
            "conf/scimulate.toml:2:11: `actions` doesn't know \"remove\"",
            "actions = [\"create\", \"remove\"]",
            "          ^^^^^^^^^^^^^^^^^^^^",
            "= it takes: \"create\", \"update\", \"delete\"",
        ],
    );
}

#[test]
fn tenant_urls() {
    for (url, message, hint) in [
        (
            "h.example/scim",
            "`h.example/scim` isn't a URL: relative URL without a base",
            "write it with its scheme: https://h.example/scim",
        ),
        ("ftp://h.example", "the scheme `ftp` isn't http or https", "the tenant URL begins with https://"),
        (
            "http://h.example",
            "plain http to `h.example` would send the token unencrypted",
            "use https; if it has to be, set `allow_http = true` in [target]",
        ),
    ] {
        let line = format!("tenant_url = \"{url}\"");
        let carets = format!("{}{}", " ".repeat(13), "^".repeat(url.len() + 2));
        check(
            &format!("[target]\n{line}"),
            &[&format!("conf/scimulate.toml:2:14: {message}"), &line, &carets, &format!("= {hint}")],
        );
    }
}

#[test]
fn secrets_are_never_shown() {
    for lines in [
        "[target]\nsecret_token = \"s3cret\"",
        "target = { secret_token = \"s3cret\" }",
        "target = { rates = 1, secret_token = \"s3cret\", raet = 2 }",
        "[target]\nsecret_token = s3cret",
        "[target]\nsecret_tokn = \"s3cret\"",
        "[target]\nsecret_token \"s3cret\"",
        "[target]\n  \"secret_token\" \"s3cret\"",
        "[target]\nsecret_token = \"\"\"\ns3cret",
        "[target]\nsecret_token =\n\"s3cret\"",
        "[target]\ntoken = \"s3cret",
        "[target]\nsecret_token_env = \"s3cret.with-dots\"",
        "[target]\ntenant_url = \"https://ann:s3cret@h.example\"",
        "[target]\ntenant_url = \"https://ann:s3cret@h.example:port\"",
        "[target]\nproxy = \"ftp://ann:s3cret@h.example\"",
        "[target.headers]\nAuthorization = \"Bearer s3cret\"",
        "[target.headers]\n\"X-Api-Key\" = \"s3cret\\n\"",
        "[target]\nheaders = { Authorization = \"Bearer s3cret\" }",
    ] {
        let error = read(&format!("{lines}\n{MINIMAL}")).expect_err(lines);
        let shown = format!("{error} {error:?} {}", show(&error.diagnostics()));
        assert!(!shown.contains("s3cret"), "{lines}: {shown}");
    }
    check(
        "[target]\nsecret_token = \"s3cret\"",
        &[
            "conf/scimulate.toml:2:1: a secret token must not be written into the config file",
            "secret_token =…",
            "^^^^^^^^^^^^",
            "= put it into an environment variable and name that: secret_token_env = \"WEDO_SECRET_TOKEN\"; \
             a token that was in a shared file should be replaced",
        ],
    );
    check(
        "[target]\nsecret_token_env = \"eyJ0.eyJ1.abc\"",
        &[
            "conf/scimulate.toml:2:20: `secret_token_env` isn't the name of an environment variable",
            "secret_token_env = …",
            "                   ^",
            "= it names the variable that holds the token, not the token: secret_token_env = \"WEDO_SECRET_TOKEN\"",
        ],
    );
}

#[test]
fn scoping_filters() {
    let filter = |clause: &str| format!("[[provisioning.scoping_filter]]\nclauses = [\n{clause}\n]");
    check(
        &filter("{ attribute = \"city\", operator = \"EQUAL\", value = \"Bern\" }"),
        &[
            "conf/scimulate.toml:3:34: unknown operator \"EQUAL\"",
            "{ attribute = \"city\", operator = \"EQUAL\", value = \"Bern\" }",
            "                                 ^^^^^^^",
            "= did you mean \"EQUALS\"?",
        ],
    );
    check(
        &filter("{ attribute = \"city\", operator = \"REGEX MATCH\", value = \"(Bern\" }"),
        &[
            "conf/scimulate.toml:3:57: \"(Bern\" isn't a regular expression: \
             the group has no closing `)`",
            "{ attribute = \"city\", operator = \"REGEX MATCH\", value = \"(Bern\" }",
            "                                                        ^^^^^^^",
            "= single quotes keep backslashes: value = '\\d+'",
        ],
    );
    for (clause, message) in [
        ("{ attribute = \"city\", operator = \"IS NULL\", value = \"x\" }", "`IS NULL` takes no value"),
        ("{ attribute = \"city\", operator = \"EQUALS\" }", "`EQUALS` needs a value"),
        ("{ attribute = \"city\", operator = \"EQUALS\", value = [] }", "`value` is a list, expected a text in quotes"),
        ("{ operator = \"IS NULL\" }", "a clause without `attribute`"),
        ("{ attribute = \"city\" }", "a clause without `operator`"),
        (
            "{ attribute = \"extensionAttribute1\", operator = \"Greater_Than\", value = \"ten\" }",
            "`Greater_Than` compares whole numbers, and \"ten\" isn't one",
        ),
        ("", "a scoping filter without clauses lets everybody through"),
    ] {
        let error = read(&format!("{}\n{MINIMAL}", filter(clause))).expect_err(clause);
        let messages: Vec<_> = error.diagnostics().into_iter().map(|problem| problem.message).collect();
        assert_eq!(messages, [message]);
    }
}

#[test]
fn sources() {
    for (text, expected) in [
        (
            "",
            "conf/scimulate.toml: there is no [source] section\n\
             = name the file of users: users = \"export/users.csv\"\n\
             conf/scimulate.toml: without `scope = \"all\"` only assigned users are provisioned, \
             which needs `assignments` in [source]\n\
             = name the file, assignments = \"export/appRoleAssignedTo.json\", or set scope = \"all\"\n",
        ),
        (
            "[source]\nusers = \"u.csv\"\nmax_missing = 1.5\n[provisioning]\nscope = \"assigned\"",
            "conf/scimulate.toml:3:15: `max_missing` is 1.5, which isn't a share\n\
             max_missing = 1.5\n              ^^^\n\
             = take a number from 0 to 1; 0.30 is 30 %\n\
             conf/scimulate.toml:5:9: `scope = \"assigned\"` needs `assignments` in [source]\n\
             scope = \"assigned\"\n        ^^^^^^^^^^\n\
             = name the file, assignments = \"export/appRoleAssignedTo.json\", or set scope = \"all\"\n",
        ),
        (
            "[source]\nassignments = \"a\"\ntenant_id = \"contoso\"",
            "conf/scimulate.toml:1:1: `users` is missing in [source]\n[source]\n^^^^^^^^\n\
             = name the file of users: users = \"export/users.csv\"\n\
             conf/scimulate.toml:3:13: `tenant_id` \"contoso\" isn't a GUID\n\
             tenant_id = \"contoso\"\n            ^^^^^^^^^\n\
             = the portal shows it in the overview of the directory as Tenant ID\n",
        ),
    ] {
        assert_eq!(show(&read(text).unwrap_err().diagnostics()), expected);
    }
}

#[test]
fn overrides_beat_the_file() {
    let overrides = Overrides { job: Some("other".to_owned()), state_dir: Some("/var/state".into()) };
    let settings = parse(&format!("job = \"mine\"\n{MINIMAL}"), Path::new("scimulate.toml"), &overrides).unwrap();
    assert_eq!((settings.job.as_str(), settings.state_dir.as_path()), ("other", Path::new("/var/state")));
    assert_eq!(
        (settings.config_dir.as_path(), settings.source.users.as_path()),
        (Path::new("."), Path::new("users.csv"))
    );
    let overrides = Overrides { job: Some("../x".to_owned()), state_dir: None };
    let error = parse(MINIMAL, Path::new("scimulate.toml"), &overrides).unwrap_err();
    assert_eq!(error.to_string(), "--job: \"../x\" can't name a job");
}

#[test]
fn files_are_found_above_and_what_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (file, deep) = (folder.path().join(FILE_NAME), folder.path().join("a/b"));
    std::fs::create_dir_all(&deep).unwrap();
    std::fs::write(&file, format!("\u{feff}{MINIMAL}").replace('\n', "\r\n")).unwrap();
    assert_eq!(discover(&deep).unwrap(), file);
    assert_eq!(load(&file, &Overrides::default()).unwrap().job, "wedo");
    for (path, hint) in [
        (folder.path().join("none.toml"), "check the path; relative ones in a config file start at its folder"),
        (deep, "this is a folder; name the file in it"),
    ] {
        let problem = load(&path, &Overrides::default()).unwrap_err().diagnostics().remove(0);
        assert_eq!((problem.file, problem.hint.as_deref()), (Some(path.display().to_string()), Some(hint)));
    }
    std::fs::write(&file, b"job = \"\xff\"").unwrap();
    let problem = load(&file, &Overrides::default()).unwrap_err().diagnostics().remove(0);
    assert_eq!(problem.hint.as_deref(), Some("save it as UTF-8 text"));
    let nowhere = discover(Path::new("/nonexistent")).unwrap_err().to_string();
    assert_eq!(nowhere, "no scimulate.toml in /nonexistent or above");
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "(\\[(target|source|\\[provisioning.scoping_filter\\])\\]?\n)?[a-z_ü]{0,12} ?=? ?[\"'\\[{}\\],=0-9a-zé\u{1b}\n\r]{0,24}") {
        for problem in read(&text).err().map(|error| error.diagnostics()).unwrap_or_default() {
            let snippet = problem.snippet.unwrap_or(crate::base::Snippet {
                text: String::new(),
                first_line: 1,
                span: 0..0,
                label: String::new(),
            });
            proptest::prop_assert!(snippet.text.get(snippet.span).is_some(), "a span outside its text");
        }
    }

    #[test]
    fn no_damage_to_a_file_makes_it_panic(at in 0..EVERYTHING.len(), with in "[\"=\\[\\]{}ü\n\u{0}]?") {
        let mut text = EVERYTHING.to_owned();
        if text.is_char_boundary(at) {
            let end = (at + 1..=text.len()).find(|end| text.is_char_boundary(*end)).unwrap_or(text.len());
            text.replace_range(at..end, &with);
        }
        if let Err(error) = read(&text) {
            proptest::prop_assert!(!error.diagnostics().is_empty());
        }
    }
}
