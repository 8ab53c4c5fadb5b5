//! Every folder of `fixtures` is a scenario and a test: its cycles are planned and run against an
//! endpoint that records, and what the program says and sends is compared with `expected/`.
//!
//! `SCIMULATE_BLESS=1` rewrites the golden files.

mod golden;
mod script;
mod stage;
mod target;

use std::collections::BTreeSet;
use std::fs;

macro_rules! scenarios {
    ($($test:ident = $folder:literal,)+) => {
        $(
            #[test]
            fn $test() {
                stage::play($folder);
            }
        )+

        const SCENARIOS: &[&str] = &[$($folder),+];
    };
}

scenarios! {
    actions_off = "actions-off",
    active_from_account_enabled = "active-from-account-enabled",
    app_roles_assertive = "app-roles-assertive",
    app_roles_complex = "app-roles-complex",
    app_roles_single = "app-roles-single",
    back_in_scope = "back-in-scope",
    bad_rows = "bad-rows",
    compliant_dialect = "compliant-dialect",
    conflict_on_create = "conflict-on-create",
    contoso = "contoso",
    default_access_included = "default-access-included",
    delete_switched_off = "delete-switched-off",
    deletions_held_back = "deletions-held-back",
    deletions_rejected = "deletions-rejected",
    disabled_before_provisioned = "disabled-before-provisioned",
    duplicate_target_entries = "duplicate-target-entries",
    duplicates_in_source = "duplicates-in-source",
    duplicates_linked = "duplicates-linked",
    escrow = "escrow",
    escrow_change = "escrow-change",
    escrow_pruned = "escrow-pruned",
    expressions = "expressions",
    flow_types = "flow-types",
    graph_ndjson = "graph-ndjson",
    graph_pages = "graph-pages",
    groups = "groups",
    groups_compliant = "groups-compliant",
    groups_members_fail = "groups-members-fail",
    groups_members_per_patch = "groups-members-per-patch",
    groups_nested = "groups-nested",
    groups_out_of_scope_members = "groups-out-of-scope-members",
    groups_restored_member = "groups-restored-member",
    groups_same_name = "groups-same-name",
    groups_scoping_filter = "groups-scoping-filter",
    guests = "guests",
    imported_schema = "imported-schema",
    inactive_hidden = "inactive-hidden",
    invalid_anchor = "invalid-anchor",
    late_references_resolve = "late-references-resolve",
    late_references_restart = "late-references-restart",
    leavers = "leavers",
    managers = "managers",
    match_existing = "match-existing",
    missing_columns = "missing-columns",
    nested_groups = "nested-groups",
    no_active_mapping = "no-active-mapping",
    no_roles = "no-roles",
    no_soft_delete = "no-soft-delete",
    null_values = "null-values",
    portal_csv = "portal-csv",
    portal_csv_semicolon = "portal-csv-semicolon",
    portal_csv_utf16 = "portal-csv-utf16",
    quarantine_disabled = "quarantine-disabled",
    quarantine_initial = "quarantine-initial",
    quarantine_proportion = "quarantine-proportion",
    quarantine_token = "quarantine-token",
    recycle_bin_by_the_clock = "recycle-bin-by-the-clock",
    reference_queries = "reference-queries",
    references_that_wait = "references-that-wait",
    renames = "renames",
    role_filter = "role-filter",
    scim_template = "scim-template",
    scoping_filters = "scoping-filters",
    scoping_operators = "scoping-operators",
    scoping_regex_anchored = "scoping-regex-anchored",
    several_matching_attributes = "several-matching-attributes",
    skip_out_of_scope = "skip-out-of-scope",
    soft_deleted_by_absence = "soft-deleted-by-absence",
    soft_deleted_name = "soft-deleted-name",
    suspicious_read = "suspicious-read",
    sync_all = "sync-all",
    text_booleans_refused = "text-booleans-refused",
    token_expires = "token-expires",
    unchanged = "unchanged",
    vanished_rematched = "vanished-rematched",
}

#[test]
fn every_fixture_is_played() {
    let played = SCENARIOS.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(folders(), played);
}

#[test]
fn every_fixture_is_in_the_list() {
    let list = fs::read_to_string(stage::fixtures().join("README.md")).expect("the list of scenarios");
    let rows: Vec<_> = list.lines().filter_map(|line| line.strip_prefix("| [`")).collect();
    for row in &rows {
        let (name, what) = row.split_once("`]").expect("a link to a folder");
        let what = what.strip_prefix(&format!("({name}) | ")).and_then(|what| what.strip_suffix(" |"));
        assert!(what.is_some_and(|what| !what.is_empty()), "no line about {name}: {row}");
    }
    let listed: Vec<_> = rows.iter().filter_map(|row| Some(row.split_once("`]")?.0.to_owned())).collect();
    assert_eq!(listed.len(), SCENARIOS.len(), "a scenario is listed once");
    assert_eq!(folders(), listed.into_iter().collect());
}

fn folders() -> BTreeSet<String> {
    let entries = fs::read_dir(stage::fixtures()).expect("the fixtures").map(|entry| entry.expect("a readable entry"));
    let folders = entries.filter(|entry| entry.path().is_dir());
    folders.map(|entry| entry.file_name().into_string().expect("a name in UTF-8")).collect()
}
