//! The tree is sound, and every flag has its variable.

use std::collections::BTreeMap;

use clap::FromArgMatches as _;

use super::*;

fn parse(line: &str) -> Result<Cli, clap::Error> {
    let matches = command().try_get_matches_from(line.split(' '))?;
    Cli::from_arg_matches(&matches)
}

#[test]
fn the_tree_is_sound() {
    command().debug_assert();
}

#[test]
fn every_flag_has_its_variable_and_approvals_have_none() {
    let tree = command();
    let mut variables = BTreeMap::new();
    let below = tree.get_subcommands().flat_map(clap::Command::get_subcommands);
    let commands = std::iter::once(&tree).chain(tree.get_subcommands()).chain(below);
    for arg in commands.flat_map(clap::Command::get_arguments) {
        if let Some(flag) = arg.get_long() {
            let variable = arg.get_env().map(|name| name.to_string_lossy().into_owned());
            variables.insert(variable.clone().unwrap_or_else(|| format!("none for --{flag}")), flag.to_owned());
        }
    }
    let names: Vec<_> = variables.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "SCIMULATE_APPLY_ANCHOR_SCOPE_REGEX",
            "SCIMULATE_APPLY_RECORD",
            "SCIMULATE_APPLY_VERIFY",
            "SCIMULATE_CHECK_BASELINE",
            "SCIMULATE_CHECK_CONCURRENCY",
            "SCIMULATE_CHECK_EXPLAIN",
            "SCIMULATE_CHECK_GALLERY",
            "SCIMULATE_CHECK_KEEP",
            "SCIMULATE_CHECK_LIST",
            "SCIMULATE_CHECK_LOAD_SECONDS",
            "SCIMULATE_CHECK_MAPPING",
            "SCIMULATE_CHECK_MAX_OBJECTS",
            "SCIMULATE_CHECK_OAUTH_CLIENT_AUTHENTICATION",
            "SCIMULATE_CHECK_OAUTH_CLIENT_ID",
            "SCIMULATE_CHECK_OAUTH_CLIENT_SECRET_ENV",
            "SCIMULATE_CHECK_OAUTH_CLIENT_SECRET_FILE",
            "SCIMULATE_CHECK_OAUTH_SCOPE",
            "SCIMULATE_CHECK_OAUTH_TOKEN_ENDPOINT",
            "SCIMULATE_CHECK_ONLY",
            "SCIMULATE_CHECK_PROFILE",
            "SCIMULATE_CHECK_RATE",
            "SCIMULATE_CHECK_READ_ONLY",
            "SCIMULATE_CHECK_RECORD",
            "SCIMULATE_CHECK_REPORT",
            "SCIMULATE_CHECK_SECRET_TOKEN_ENV",
            "SCIMULATE_CHECK_SECRET_TOKEN_FILE",
            "SCIMULATE_CHECK_SKIP",
            "SCIMULATE_CHECK_TENANT_URL",
            "SCIMULATE_CHECK_VALIDATOR",
            "SCIMULATE_CHECK_VALUES",
            "SCIMULATE_COLOR",
            "SCIMULATE_CONFIG",
            "SCIMULATE_DISCOVER_ANCHOR_SCOPE_REGEX",
            "SCIMULATE_DISCOVER_CATEGORY",
            "SCIMULATE_DISCOVER_DRIFT",
            "SCIMULATE_DISCOVER_FAIL_ON",
            "SCIMULATE_DISCOVER_OAUTH_CLIENT_AUTHENTICATION",
            "SCIMULATE_DISCOVER_OAUTH_CLIENT_ID",
            "SCIMULATE_DISCOVER_OAUTH_CLIENT_SECRET_ENV",
            "SCIMULATE_DISCOVER_OAUTH_CLIENT_SECRET_FILE",
            "SCIMULATE_DISCOVER_OAUTH_SCOPE",
            "SCIMULATE_DISCOVER_OAUTH_TOKEN_ENDPOINT",
            "SCIMULATE_DISCOVER_PAGE_SIZE",
            "SCIMULATE_DISCOVER_RECORD",
            "SCIMULATE_DISCOVER_REPORT",
            "SCIMULATE_DISCOVER_SECRET_TOKEN_ENV",
            "SCIMULATE_DISCOVER_SECRET_TOKEN_FILE",
            "SCIMULATE_DISCOVER_TENANT_URL",
            "SCIMULATE_EXPLAIN_ALL",
            "SCIMULATE_EXPLAIN_ANCHOR_SCOPE_REGEX",
            "SCIMULATE_EXPLAIN_BOTH_DIALECTS",
            "SCIMULATE_EXPLAIN_NOW",
            "SCIMULATE_EXPLAIN_OFFLINE",
            "SCIMULATE_EXPLAIN_REASON",
            "SCIMULATE_EXPLAIN_RECORD",
            "SCIMULATE_EXPR_NOW",
            "SCIMULATE_EXPR_SEED",
            "SCIMULATE_EXPR_SET",
            "SCIMULATE_EXPR_USER",
            "SCIMULATE_INSPECT_STRICT",
            "SCIMULATE_JOB",
            "SCIMULATE_LINKS_LIST_GROUPS",
            "SCIMULATE_LINKS_LIST_USERS",
            "SCIMULATE_LOGS_ACTION",
            "SCIMULATE_LOGS_CHANGE",
            "SCIMULATE_LOGS_CYCLE",
            "SCIMULATE_LOGS_FOLLOW",
            "SCIMULATE_LOGS_FORMAT",
            "SCIMULATE_LOGS_LIMIT",
            "SCIMULATE_LOGS_OUT",
            "SCIMULATE_LOGS_SINCE",
            "SCIMULATE_LOGS_STATUS",
            "SCIMULATE_LOGS_STEPS",
            "SCIMULATE_LOGS_TEXT",
            "SCIMULATE_LOGS_UNTIL",
            "SCIMULATE_NO_PROGRESS",
            "SCIMULATE_OUTPUT",
            "SCIMULATE_PLAN_ANCHOR_SCOPE_REGEX",
            "SCIMULATE_PLAN_DETAILED_EXITCODE",
            "SCIMULATE_PLAN_NOW",
            "SCIMULATE_PLAN_OFFLINE",
            "SCIMULATE_PLAN_ONLY",
            "SCIMULATE_PLAN_OUT",
            "SCIMULATE_PLAN_RECORD",
            "SCIMULATE_PLAN_REPORT",
            "SCIMULATE_PLAN_SHOW_REQUESTS",
            "SCIMULATE_PROVISION_ANCHOR_SCOPE_REGEX",
            "SCIMULATE_PROVISION_BISECT",
            "SCIMULATE_PROVISION_LOCK_TIMEOUT",
            "SCIMULATE_PROVISION_MEMBER",
            "SCIMULATE_PROVISION_NOW",
            "SCIMULATE_PROVISION_RECORD",
            "SCIMULATE_PROVISION_VERIFY",
            "SCIMULATE_QUIET",
            "SCIMULATE_REPORT_CYCLE",
            "SCIMULATE_REPORT_REPORT",
            "SCIMULATE_REPORT_SINCE",
            "SCIMULATE_RUN_ANCHOR_SCOPE_REGEX",
            "SCIMULATE_RUN_CYCLES",
            "SCIMULATE_RUN_DRY_RUN",
            "SCIMULATE_RUN_INTERVAL",
            "SCIMULATE_RUN_KEEP_LOGS",
            "SCIMULATE_RUN_LOCK_TIMEOUT",
            "SCIMULATE_RUN_METRICS",
            "SCIMULATE_RUN_NOW",
            "SCIMULATE_RUN_RECORD",
            "SCIMULATE_RUN_REPORT",
            "SCIMULATE_RUN_SIMULATE_CLOCK",
            "SCIMULATE_RUN_UNTIL",
            "SCIMULATE_RUN_UNTIL_IDLE",
            "SCIMULATE_RUN_VERIFY",
            "SCIMULATE_SCHEMA_CHECK_ANCHOR_SCOPE_REGEX",
            "SCIMULATE_SCHEMA_CHECK_STRICT",
            "SCIMULATE_SCHEMA_IMPORT_NAME",
            "SCIMULATE_SCHEMA_SHOW_AGAINST",
            "SCIMULATE_SERVE_BURST",
            "SCIMULATE_SERVE_DATA",
            "SCIMULATE_SERVE_FAULT",
            "SCIMULATE_SERVE_LISTEN",
            "SCIMULATE_SERVE_LIST_FAULTS",
            "SCIMULATE_SERVE_LOAD",
            "SCIMULATE_SERVE_MAPPING",
            "SCIMULATE_SERVE_MAX_CONNECTIONS",
            "SCIMULATE_SERVE_NO_PAGE",
            "SCIMULATE_SERVE_OAUTH_CLIENT_ID",
            "SCIMULATE_SERVE_OAUTH_CLIENT_SECRET_ENV",
            "SCIMULATE_SERVE_OAUTH_CLIENT_SECRET_FILE",
            "SCIMULATE_SERVE_OAUTH_SCOPE",
            "SCIMULATE_SERVE_OAUTH_TOKEN_LIFETIME",
            "SCIMULATE_SERVE_OPEN_DISCOVERY",
            "SCIMULATE_SERVE_PROFILE",
            "SCIMULATE_SERVE_RATE",
            "SCIMULATE_SERVE_READ_ONLY_TOKEN_ENV",
            "SCIMULATE_SERVE_READ_ONLY_TOKEN_FILE",
            "SCIMULATE_SERVE_RECORD",
            "SCIMULATE_SERVE_STRICT",
            "SCIMULATE_SERVE_SYNC",
            "SCIMULATE_SERVE_TIME_LIMIT",
            "SCIMULATE_SERVE_TLS_CA_OUT",
            "SCIMULATE_SERVE_TLS_CERT",
            "SCIMULATE_SERVE_TLS_KEY",
            "SCIMULATE_SERVE_TLS_NAME",
            "SCIMULATE_SERVE_TLS_SELF_SIGNED",
            "SCIMULATE_SERVE_TOKEN_ENV",
            "SCIMULATE_SERVE_TOKEN_FILE",
            "SCIMULATE_STATE",
            "SCIMULATE_TEST_CONNECTION_OAUTH_CLIENT_AUTHENTICATION",
            "SCIMULATE_TEST_CONNECTION_OAUTH_CLIENT_ID",
            "SCIMULATE_TEST_CONNECTION_OAUTH_CLIENT_SECRET_ENV",
            "SCIMULATE_TEST_CONNECTION_OAUTH_CLIENT_SECRET_FILE",
            "SCIMULATE_TEST_CONNECTION_OAUTH_SCOPE",
            "SCIMULATE_TEST_CONNECTION_OAUTH_TOKEN_ENDPOINT",
            "SCIMULATE_TEST_CONNECTION_RECORD",
            "SCIMULATE_TEST_CONNECTION_SECRET_TOKEN_ENV",
            "SCIMULATE_TEST_CONNECTION_SECRET_TOKEN_FILE",
            "SCIMULATE_TEST_CONNECTION_TENANT_URL",
            "SCIMULATE_VERBOSE",
            "none for --accept-missing",
            "none for --expect",
            "none for --force",
            "none for --now",
            "none for --reset-scope",
            "none for --until",
            "none for --update-baseline",
            "none for --yes",
        ]
    );
}

#[test]
fn a_flag_beats_its_variable() {
    // Cargo sets this one for tests: a variable that is surely there.
    let tree = || command().mut_arg("job", |arg| arg.env("CARGO_PKG_NAME"));
    let job = |line: &str| {
        let matches = tree().try_get_matches_from(line.split(' ')).unwrap();
        Cli::from_arg_matches(&matches).unwrap().global.job
    };
    assert_eq!(job("scimulate status").as_deref(), Some("scimulate"));
    assert_eq!(job("scimulate status --job other").as_deref(), Some("other"));
}

#[test]
fn global_flags_stand_before_or_after_the_command() {
    for line in ["scimulate -c a.toml -vv status", "scimulate status -vv -c a.toml"] {
        let global = parse(line).unwrap().global;
        assert_eq!((global.config, global.verbose), (Some("a.toml".into()), 2), "{line}");
    }
}

#[test]
fn values_are_read() {
    let Command::Run(run) =
        parse("scimulate run --interval 40m --cycles 3 --now 2026-03-01T10:00:00Z").unwrap().command
    else {
        panic!("not run")
    };
    assert_eq!((run.interval, run.cycles), (Some(Some(Duration::from_mins(40))), Some(3)));
    assert_eq!(run.lock_timeout, Duration::ZERO);
    assert_eq!(run.now, Some("2026-03-01T10:00:00Z".parse().unwrap()));
    let Command::Plan(plan) = parse("scimulate plan --only ann@x.example bob --only eve --offline").unwrap().command
    else {
        panic!("not plan")
    };
    assert_eq!(plan.only, ["ann@x.example", "bob", "eve"]);
    assert!(plan.offline);
}

#[test]
fn usage_errors_are_exit_code_2() {
    for line in [
        "scimulate",
        "scimulate nope",
        "scimulate run --cycles 0",
        "scimulate run --interval 40",
        "scimulate run --interval 0s",
        "scimulate run --dry-run --cycles 2",
        "scimulate plan --now yesterday",
        "scimulate apply",
        "scimulate serve --profile other",
        "scimulate serve --listen nowhere",
        "scimulate check --update-baseline",
        "scimulate check --list --explain users.get",
        "scimulate check --report pdf=a",
        "scimulate check --rate 0",
        "scimulate check --read-only --yes",
        "scimulate check --profile wedo --mapping a.json",
        "scimulate test-connection --secret-token-env A --secret-token-file b --tenant-url https://h.example",
    ] {
        assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
    }
    for address in ["localhost:0", "127.0.0.1:8080", "[::1]:8080"] {
        assert!(parse(&format!("scimulate serve --listen {address}")).is_ok(), "{address}");
    }
    assert_eq!(parse("scimulate plan --help").unwrap_err().exit_code(), 0);
}
