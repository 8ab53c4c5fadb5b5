//! Every fault of the embedded endpoint, and exactly which checks turn red by it, cascades included.

use super::groups::extended;
use super::*;

const COMPLIANT: &str = "?aadOptscim062020";

/// Which checks are red, failed or warned, where the endpoint has a fault.
struct Row {
    fault: &'static str,
    /// Ids with blanks between them, where the service writes PATCH as it does by default.
    scim: &'static str,
    /// The same where the tenant URL has the flag `aadOptscim062020`.
    compliant: &'static str,
}

/// The same checks in both dialects.
const fn always(fault: &'static str, red: &'static str) -> Row {
    Row { fault, scim: red, compliant: red }
}

const fn by_dialect(fault: &'static str, scim: &'static str, compliant: &'static str) -> Row {
    Row { fault, scim, compliant }
}

/// The service can work with it: the second text says why.
const fn harmless(fault: &'static str, _why: &'static str) -> Row {
    always(fault, "")
}

/// In the order of `serve --list-faults`.
#[rustfmt::skip]
const FAULTS: &[Row] = &[
    always(
        "503",
        "connect.test-connection discovery.resource-types discovery.schemas discovery.service-provider-config \
         groups.create lifecycle.group lifecycle.on-demand lifecycle.user load.rate users.create \
         users.create.invalid users.filter.none users.get.missing",
    ),
    always(
        "accept-any-token",
        "connect.auth-required",
    ),
    always(
        "token-expired",
        "connect.test-connection connect.token",
    ),
    always(
        "token-expires-mid-run",
        "groups.create lifecycle.group lifecycle.on-demand lifecycle.user users.create.invalid \
         users.filter.none users.get.missing",
    ),
    always(
        "429-with-retry-after",
        "connect.test-connection discovery.resource-types discovery.schemas discovery.service-provider-config \
         groups.create lifecycle.group lifecycle.on-demand lifecycle.user load.rate users.create \
         users.create.invalid users.filter.none users.get.missing",
    ),
    always(
        "429-without-retry-after",
        "connect.test-connection discovery.resource-types discovery.schemas discovery.service-provider-config \
         groups.create lifecycle.group lifecycle.on-demand lifecycle.user load.rate users.create \
         users.create.invalid users.filter.none users.get.missing",
    ),
    always(
        "503-with-retry-date",
        "connect.test-connection discovery.resource-types discovery.schemas discovery.service-provider-config \
         groups.create lifecycle.group lifecycle.on-demand lifecycle.user load.rate users.create \
         users.create.invalid users.filter.none users.get.missing",
    ),
    always(
        "503-on-list",
        "connect.test-connection groups.filter groups.paging lifecycle.group lifecycle.on-demand \
         lifecycle.user load.rate users.filter.and users.filter.match users.filter.none users.list.paging",
    ),
    always(
        "refuse-create",
        "groups.create lifecycle.on-demand lifecycle.user users.create",
    ),
    always(
        "conflict-on-create",
        "groups.create lifecycle.on-demand lifecycle.user users.create users.create.invalid",
    ),
    always(
        "delete-unsupported",
        "groups.delete lifecycle.group lifecycle.user users.delete",
    ),
    always(
        "no-discovery",
        "discovery.resource-types discovery.schemas discovery.service-provider-config",
    ),
    harmless("slow-600ms", "a cycle takes longer"),
    always(
        "trickled-body-2s",
        "load.rate",
    ),
    always(
        "drop-connection",
        "connect.test-connection discovery.resource-types discovery.schemas discovery.service-provider-config \
         groups.create lifecycle.group lifecycle.on-demand lifecycle.user load.rate protocol.list-response \
         protocol.unknown-attributes users.create users.create.invalid users.filter.none users.get.missing",
    ),
    always(
        "drop-after-write",
        "groups.create lifecycle.on-demand lifecycle.user protocol.unknown-attributes users.create",
    ),
    always(
        "500-after-write",
        "groups.create lifecycle.on-demand lifecycle.user users.create",
    ),
    always(
        "half-body",
        "connect.test-connection discovery.resource-types discovery.schemas discovery.service-provider-config \
         groups.create lifecycle.group lifecycle.on-demand lifecycle.user load.rate protocol.errors \
         protocol.list-response protocol.unknown-attributes users.create users.create.invalid \
         users.filter.none users.get.missing",
    ),
    always(
        "half-json",
        "connect.test-connection discovery.resource-types discovery.schemas discovery.service-provider-config \
         groups.create lifecycle.group lifecycle.on-demand lifecycle.user protocol.errors \
         protocol.list-response users.create users.filter.none users.get.missing",
    ),
    harmless("connection-close", "connections are opened again"),
    always(
        "406-without-content-type",
        "connect.test-connection discovery.resource-types discovery.schemas discovery.service-provider-config \
         groups.filter groups.get groups.paging lifecycle.group lifecycle.on-demand lifecycle.user \
         users.delete users.filter.and users.filter.match users.filter.none users.get users.get.missing \
         users.list.paging users.recreate",
    ),
    always(
        "403-without-user-agent",
        "connect.test-connection connect.token",
    ),
    always(
        "415-on-charset",
        "groups.create lifecycle.on-demand lifecycle.user users.create users.create.invalid",
    ),
    always(
        "application/json-content-type",
        "protocol.content-type",
    ),
    always(
        "text/html-content-type",
        "protocol.content-type",
    ),
    always(
        "relative-location",
        "groups.create protocol.meta users.create",
    ),
    always(
        "redirect-to-slash",
        "connect.test-connection groups.create lifecycle.on-demand lifecycle.user users.create \
         users.create.invalid users.filter.none",
    ),
    always(
        "redirect-to-login",
        "connect.test-connection discovery.resource-types discovery.schemas discovery.service-provider-config \
         groups.create lifecycle.group lifecycle.on-demand lifecycle.user users.create users.create.invalid \
         users.filter.none users.get.missing",
    ),
    always(
        "empty-list-404",
        "connect.test-connection groups.filter lifecycle.group lifecycle.on-demand lifecycle.user \
         users.filter.and users.filter.none",
    ),
    always(
        "hide-inactive",
        "users.disable",
    ),
    always(
        "case-sensitive-username",
        "users.filter.case",
    ),
    always(
        "ignore-filter-return-all",
        "groups.filter lifecycle.group lifecycle.on-demand lifecycle.user users.disable users.filter.and \
         users.filter.case users.filter.match users.filter.none users.patch.userName",
    ),
    always(
        "reject-externalid-filter",
        "users.filter.match",
    ),
    always(
        "reject-and-filters",
        "groups.members.add users.filter.and",
    ),
    always(
        "no-plus-decoding",
        "connect.test-connection groups.filter lifecycle.group lifecycle.on-demand lifecycle.user \
         users.filter.and users.filter.match users.filter.none",
    ),
    always(
        "ignore-excluded-attributes",
        "groups.filter groups.get",
    ),
    harmless("truncated-list-at-50", "nobody reads more than a few at once"),
    always(
        "total-results-of-page",
        "groups.paging users.list.paging",
    ),
    always(
        "total-results-lies",
        "groups.filter groups.paging users.disable users.filter.case users.filter.match users.list.paging \
         users.patch.userName",
    ),
    always(
        "total-results-as-text",
        "protocol.list-response",
    ),
    always(
        "lowercase-resources",
        "protocol.list-response",
    ),
    always(
        "null-resources",
        "protocol.list-response",
    ),
    always(
        "repeat-last-page",
        "groups.paging users.list.paging",
    ),
    always(
        "ignore-paging",
        "groups.paging users.list.paging",
    ),
    always(
        "stale-read",
        "groups.members.add groups.patch lifecycle.group lifecycle.on-demand lifecycle.user users.disable \
         users.enable users.enterprise users.extension users.manager users.multivalue users.patch.add \
         users.patch.dialect.compliant users.patch.dialect.scim users.patch.many users.patch.null \
         users.patch.remove users.patch.replace users.patch.userName users.roles",
    ),
    always(
        "forget-on-read",
        "groups.get lifecycle.group lifecycle.on-demand lifecycle.user users.disable users.enable users.get \
         users.recreate",
    ),
    always(
        "html",
        "connect.test-connection discovery.resource-types discovery.schemas discovery.service-provider-config \
         groups.create lifecycle.group lifecycle.on-demand lifecycle.user protocol.content-type \
         protocol.list-response users.create users.create.invalid users.filter.none users.get.missing",
    ),
    always(
        "201-without-body",
        "groups.create users.create",
    ),
    always(
        "201-without-id",
        "groups.create users.create",
    ),
    always(
        "200-on-create",
        "groups.create users.create",
    ),
    always(
        "integer-ids",
        "groups.create users.create",
    ),
    harmless("odd-ids", "ids are percent-encoded"),
    harmless("409-on-create-existing-externalid", "an endpoint may want it unique"),
    always(
        "deleted-names-stay-taken",
        "groups.recreate lifecycle.group users.recreate",
    ),
    by_dialect(
        "reject-capital-ops",
        "groups.members.add groups.patch lifecycle.group lifecycle.on-demand lifecycle.user users.disable \
         users.enable users.enterprise users.extension users.manager users.multivalue users.patch.add \
         users.patch.dialect.scim users.patch.many users.patch.null users.patch.op-case users.patch.remove \
         users.patch.replace users.patch.userName users.roles",
        "lifecycle.on-demand users.patch.dialect.scim users.patch.op-case",
    ),
    by_dialect(
        "ignore-capital-ops",
        "groups.members.add groups.patch lifecycle.group lifecycle.on-demand lifecycle.user users.disable \
         users.enable users.enterprise users.extension users.manager users.multivalue users.patch.add \
         users.patch.atomic users.patch.dialect.scim users.patch.many users.patch.null users.patch.op-case \
         users.patch.remove users.patch.replace users.patch.userName users.roles",
        "lifecycle.on-demand users.patch.atomic users.patch.dialect.scim users.patch.op-case",
    ),
    by_dialect(
        "reject-string-bool",
        "lifecycle.user users.disable users.enable users.patch.dialect.scim",
        "users.patch.dialect.scim",
    ),
    always(
        "reject-op-add-active",
        "users.disable",
    ),
    always(
        "notarget-on-missing-work-email",
        "users.multivalue users.patch.add users.patch.dialect.compliant users.patch.dialect.scim",
    ),
    always(
        "reject-whole-patch-on-unknown-path",
        "lifecycle.on-demand lifecycle.user users.multivalue users.patch.add users.patch.dialect.compliant \
         users.patch.dialect.scim users.patch.replace",
    ),
    always(
        "manager-must-be-object",
        "lifecycle.user users.manager users.patch.dialect.compliant users.patch.dialect.scim",
    ),
    always(
        "reorders-patch-ops",
        "groups.members.add users.patch.many",
    ),
    always(
        "400-on-noop-patch",
        "groups.members.add groups.members.remove protocol.idempotent users.patch.dialect.compliant \
         users.patch.dialect.scim",
    ),
    harmless("204-on-patch", "it is as good as 200"),
    always(
        "other-id-on-patch",
        "protocol.id-stable",
    ),
    always(
        "reject-null",
        "users.manager users.patch.dialect.compliant users.patch.dialect.scim users.patch.null",
    ),
    always(
        "immutable-username",
        "users.patch.userName",
    ),
    by_dialect(
        "remove-members-wipes-group",
        "groups.members.remove lifecycle.group users.patch.dialect.scim",
        "users.patch.dialect.scim",
    ),
    by_dialect(
        "pathless-replace-wipes-group",
        "",
        "groups.patch",
    ),
    by_dialect(
        "noop-200-on-filtered-remove",
        "users.patch.dialect.compliant",
        "groups.members.remove lifecycle.group users.patch.dialect.compliant",
    ),
    by_dialect(
        "reject-value-list-removal",
        "groups.members.remove lifecycle.group users.patch.dialect.scim",
        "users.patch.dialect.scim",
    ),
    always(
        "409-on-repeat-member-add",
        "groups.members.add",
    ),
    always(
        "duplicate-members",
        "groups.members.add",
    ),
    always(
        "drop-members",
        "groups.members.add lifecycle.group lifecycle.on-demand users.patch.dialect.compliant \
         users.patch.dialect.scim",
    ),
    always(
        "lost-update",
        "groups.members.add lifecycle.group load.concurrent users.patch.dialect.compliant \
         users.patch.dialect.scim",
    ),
    by_dialect(
        "string-bool-truthy",
        "lifecycle.user users.disable users.patch.dialect.scim",
        "users.patch.dialect.scim",
    ),
    by_dialect(
        "string-booleans",
        "lifecycle.user users.disable users.enable users.patch.dialect.scim",
        "users.patch.dialect.scim",
    ),
    by_dialect(
        "literal-dotted-keys",
        "users.patch.dialect.compliant",
        "lifecycle.user users.enterprise users.extension users.patch.add users.patch.dialect.compliant \
         users.patch.null users.patch.replace",
    ),
    always(
        "split-urn-on-dot",
        "lifecycle.on-demand lifecycle.user users.enterprise users.extension users.manager users.patch.add \
         users.patch.dialect.compliant users.patch.dialect.scim users.patch.many users.patch.null \
         users.patch.remove users.patch.replace",
    ),
    always(
        "drop-attribute",
        "lifecycle.on-demand lifecycle.user users.create users.enterprise users.patch.add \
         users.patch.dialect.compliant users.patch.dialect.scim users.patch.many users.patch.replace",
    ),
    always(
        "change-case",
        "groups.create groups.patch lifecycle.group lifecycle.on-demand lifecycle.user users.create \
         users.patch.dialect.compliant users.patch.dialect.scim users.patch.replace",
    ),
    always(
        "one-entry-per-list",
        "lifecycle.on-demand lifecycle.user users.create users.multivalue users.patch.add \
         users.patch.dialect.compliant users.patch.dialect.scim users.patch.replace users.roles",
    ),
    always(
        "ascii-only",
        "users.filter.special users.unicode",
    ),
    always(
        "byte-order-mark",
        "protocol.content-type",
    ),
    always(
        "capitalised-attributes",
        "protocol.list-response users.get",
    ),
    always(
        "active-as-text",
        "lifecycle.on-demand lifecycle.user users.create users.disable users.enable \
         users.patch.dialect.compliant users.patch.dialect.scim",
    ),
    always(
        "active-as-number",
        "lifecycle.on-demand lifecycle.user users.create users.disable users.enable \
         users.patch.dialect.compliant users.patch.dialect.scim",
    ),
    always(
        "no-active-when-disabled",
        "lifecycle.user users.disable users.patch.dialect.compliant users.patch.dialect.scim",
    ),
    always(
        "emails-as-object",
        "users.get",
    ),
    harmless("extra-attributes", "they are ignored"),
    always(
        "no-meta",
        "protocol.meta users.create",
    ),
    always(
        "no-schemas",
        "protocol.list-response users.get",
    ),
    always(
        "html-errors",
        "protocol.content-type protocol.errors users.create.case-duplicate users.create.duplicate \
         users.get.missing",
    ),
    always(
        "text-errors",
        "protocol.content-type protocol.errors users.create.case-duplicate users.create.duplicate \
         users.get.missing",
    ),
    always(
        "empty-errors",
        "protocol.errors users.create.case-duplicate users.create.duplicate users.get.missing",
    ),
    always(
        "numeric-status-in-errors",
        "protocol.errors users.create.case-duplicate users.create.duplicate",
    ),
    always(
        "200-on-errors",
        "groups.delete groups.get lifecycle.group lifecycle.user users.create.case-duplicate \
         users.create.duplicate users.create.invalid users.delete users.get.missing users.patch.atomic",
    ),
];

/// Everything that can be mapped: groups, manager, enterprise attributes, another extension, app roles.
fn everything() -> World {
    World { schema: Some(extended("AppRoleAssignmentsComplex", true)), concurrency: 1, ..World::new("scim") }
}

async fn judge(rows: impl Iterator<Item = &Row>) {
    for Row { fault, scim, compliant } in rows {
        for (flags, expected) in [("", scim), (COMPLIANT, compliant)] {
            let (endpoint, report) = World { flags, ..everything().with_fault(fault) }.check().await;
            let expected: BTreeSet<_> = expected.split_whitespace().collect();
            assert_eq!(red(&report), expected, "{fault} {flags}\n{}", told(&report));
            let left = endpoint.resources().unwrap().len() + endpoint.groups().unwrap().len();
            let all = || (endpoint.resources().unwrap(), endpoint.groups().unwrap(), &report.leftovers);
            assert!(left <= report.leftovers.len(), "{fault} {flags}: what is left isn't told: {:?}", all());
        }
    }
}

/// In two halves, each for a processor of its own.
#[tokio::test]
async fn faults_turn_their_checks_red_and_no_others() {
    judge(FAULTS.iter().step_by(2)).await;
}

#[tokio::test]
async fn the_other_faults_turn_their_checks_red_and_no_others() {
    judge(FAULTS.iter().skip(1).step_by(2)).await;
}

#[test]
fn every_fault_has_its_row() {
    let rows: Vec<_> = FAULTS.iter().map(|row| row.fault.to_owned()).collect();
    let all: Vec<_> = Fault::all().iter().map(|fault| fault.name().to_owned()).collect();
    assert_eq!(rows, all);
}

#[tokio::test]
async fn without_a_fault_everything_is_tried_and_green() {
    for flags in ["", COMPLIANT] {
        let (_, report) = World { flags, ..everything() }.check().await;
        let others: Vec<_> = report.results.iter().filter(|result| result.status != Status::Passed).collect();
        assert!(others.is_empty() && report.results.len() == checks().count(), "{flags}\n{}", told(&report));
    }
}

/// Checks that no fault of the endpoint can turn red: the connection is made before it is asked.
const OF_THE_CONNECTION: [&str; 1] = ["connect.tls"];

#[test]
fn every_check_is_turned_red_by_some_fault() {
    let caught: BTreeSet<_> =
        FAULTS.iter().flat_map(|row| row.scim.split_whitespace().chain(row.compliant.split_whitespace())).collect();
    let never: Vec<_> = checks().map(|check| check.id).filter(|id| !caught.contains(id)).collect();
    assert_eq!(never, OF_THE_CONNECTION);
}

#[tokio::test]
async fn plain_http_to_another_machine_is_refused() {
    let (_, options, connect, clock) = everything().begin();
    let url = TenantUrl::parse("http://scim.example/scim/v2", true).unwrap();
    let options = CheckOptions { client: ClientOptions { tenant_url: url, ..options.client.clone() }, ..options };
    let report = run(options, connect, clock, CancellationToken::new(), &mut |_| {}).await.unwrap();
    assert_eq!(red(&report), BTreeSet::from(["connect.tls"]), "{}", told(&report));
}
