//! Faults by which something else is answered, or stored.

use super::wire::{Case, case};

const EVERYBODY: &str = "GET /Users";
const FIND_ANN: &str = "GET /Users?filter=userName+eq+%22ann%40contoso.com%22";
const NOBODY: &str = "GET /Users?filter=userName+eq+%22nobody%22";
const TITLE: &str = r#"PATCH /Users/{ann} [{"op": "Replace", "path": "title", "value": "Chief"}]"#;
const NEW: &str = r#"POST /Users {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "carl"}"#;
const FIND_NEW: &str = "GET /Users?filter=userName+eq+%22carl%22";
const LEAVE: &str = r#"PATCH /Users/{ann} [{"op": "Replace", "path": "active", "value": "False"}]"#;
const READ: &str = "GET /Users/{ann}";
const GROUP: &str = "GET /Groups/{design}";
const MISSING: &str = "GET /Users/nobody";
const ADD_BOB: &str = r#"PATCH /Groups/{design} [{"op": "Add", "path": "members", "value": [{"value": "{bob}"}]}]"#;
const DEPARTMENT: &str = "/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User/department";

pub(super) const CASES: &[Case] = &[
    case(
        "application/json-content-type",
        &[READ],
        "header content-type",
        "200 application/scim+json",
        "200 application/json",
    ),
    case(
        "text/html-content-type",
        &[READ],
        "header content-type",
        "200 application/scim+json",
        "200 text/html; charset=utf-8",
    ),
    case(
        "relative-location",
        &[READ],
        "/meta/location",
        r#"200 "http://scim.example:8080/scim/v2/Users/{ann}""#,
        r#"200 "/scim/v2/Users/{ann}""#,
    ),
    case(
        "relative-location",
        &[NEW],
        "header location",
        "201 http://scim.example:8080/scim/v2/Users/c4e77f0c-e2a3-4df5-9932-ef6461dfa32a",
        "201 none",
    ),
    case(
        "hide-inactive",
        &["GET /Users?filter=userName+eq+%22bob%40contoso.com%22&attributes=id"],
        "/totalResults",
        "200 1",
        "200 0",
    ),
    case("hide-inactive", &["GET /Users?attributes=userName"], "/totalResults", "200 2", "200 1"),
    case("case-sensitive-username", &[FIND_ANN], "/totalResults", "200 1", "200 0"),
    case("ignore-filter-return-all", &[NOBODY], "/totalResults", "200 0", "200 2"),
    case(
        "ignore-filter-return-all",
        &["GET /Users?filter=userName+eq+%22x%22&count=1"],
        "/itemsPerPage",
        "200 0",
        "200 1",
    ),
    case(
        "ignore-excluded-attributes",
        &["GET /Groups/{design}?excludedAttributes=members"],
        "/members/0/value",
        "200 null",
        r#"200 "{ann}""#,
    ),
    case("truncated-list-at-1", &[EVERYBODY], "/totalResults", "200 2", "200 1"),
    case("total-results-of-page", &["GET /Users?count=1"], "/totalResults", "200 2", "200 1"),
    case("total-results-lies", &[FIND_ANN], "/totalResults", "200 1", "200 0"),
    case("total-results-as-text", &[EVERYBODY], "/totalResults", "200 2", r#"200 "2""#),
    case("lowercase-resources", &[EVERYBODY], "/Resources/0/userName", r#"200 "Ann@Contoso.com""#, "200 null"),
    case("lowercase-resources", &[EVERYBODY], "/resources/0/userName", "200 null", r#"200 "Ann@Contoso.com""#),
    case("null-resources", &[NOBODY], "/Resources", "200 []", "200 null"),
    case(
        "repeat-last-page",
        &["GET /Users?startIndex=7&count=1"],
        "/Resources/0/userName",
        "200 null",
        r#"200 "bob@contoso.com""#,
    ),
    case(
        "ignore-paging",
        &["GET /Users?startIndex=2&count=1"],
        "/Resources/0/userName",
        r#"200 "bob@contoso.com""#,
        r#"200 "Ann@Contoso.com""#,
    ),
    case("stale-read", &[TITLE, READ], "/title", r#"200 "Chief""#, r#"200 "Boss""#),
    case(
        "stale-read",
        &[r#"PATCH /Users/{ann} [{"op": "Replace", "path": "userName", "value": "anna"}]"#, FIND_ANN],
        "/Resources/0/userName",
        "200 null",
        r#"200 "Ann@Contoso.com""#,
    ),
    case("html", &[READ], "text", r#"200 {"id":"#, "200 <!DOCT"),
    case("201-without-body", &[NEW], "/userName", r#"201 "carl""#, "201 null"),
    case(
        "201-without-id",
        &[NEW],
        "header location",
        "201 http://scim.example:8080/scim/v2/Users/c4e77f0c-e2a3-4df5-9932-ef6461dfa32a",
        "201 none",
    ),
    case("201-without-id", &[NEW], "/id", r#"201 "c4e77f0c-e2a3-4df5-9932-ef6461dfa32a""#, "201 null"),
    case("200-on-create", &[NEW], "/userName", r#"201 "carl""#, r#"200 "carl""#),
    case("integer-ids", &[NEW], "/id", r#"201 "c4e77f0c-e2a3-4df5-9932-ef6461dfa32a""#, "201 303505676"),
    case(
        "integer-ids",
        &[NEW, FIND_NEW],
        "/Resources/0/id",
        r#"200 "c4e77f0c-e2a3-4df5-9932-ef6461dfa32a""#,
        "200 303505676",
    ),
    case("odd-ids", &[NEW], "/id", r#"201 "c4e77f0c-e2a3-4df5-9932-ef6461dfa32a""#, r#"201 "ü/c4e77f0c e2a3+1@scim""#),
    case(
        "odd-ids",
        &[NEW],
        "header location",
        "201 http://scim.example:8080/scim/v2/Users/c4e77f0c-e2a3-4df5-9932-ef6461dfa32a",
        "201 http://scim.example:8080/scim/v2/Users/%C3%BC%2Fc4e77f0c%20e2a3%2B1%40scim",
    ),
    case("ignore-capital-ops", &[TITLE], "/title", r#"200 "Chief""#, r#"200 "Boss""#),
    case(
        "reorders-patch-ops",
        &[
            r#"PATCH /Users/{ann} [{"op": "replace", "path": "title", "value": "a"}, {"op": "replace", "path": "title", "value": "b"}]"#,
        ],
        "/title",
        r#"200 "b""#,
        r#"200 "a""#,
    ),
    case("204-on-patch", &[TITLE], "text", r#"200 {"id":"#, "204 "),
    case(
        "remove-members-wipes-group",
        &[
            ADD_BOB,
            r#"PATCH /Groups/{design} [{"op": "Remove", "path": "members", "value": [{"value": "{ann}"}]}]"#,
            GROUP,
        ],
        "/members/0/value",
        r#"200 "{bob}""#,
        "200 null",
    ),
    case(
        "pathless-replace-wipes-group",
        &[r#"PATCH /Groups/{design} [{"op": "replace", "value": {"displayName": "Art"}}]"#, GROUP],
        "/members/0/value",
        r#"200 "{ann}""#,
        "200 null",
    ),
    case(
        "noop-200-on-filtered-remove",
        &[r#"PATCH /Groups/{design} [{"op": "remove", "path": "members[value eq \"{ann}\"]"}]"#],
        "/members/0/value",
        "204 null",
        r#"200 "{ann}""#,
    ),
    case(
        "duplicate-members",
        &[r#"PATCH /Groups/{design} [{"op": "Add", "path": "members", "value": [{"value": "{ann}"}]}]"#, GROUP],
        "/members/1/value",
        "200 null",
        r#"200 "{ann}""#,
    ),
    case("drop-members", &[ADD_BOB, GROUP], "/members/1/value", r#"200 "{bob}""#, "200 null"),
    case(
        "lost-update",
        &[ADD_BOB, r#"PATCH /Groups/{design} [{"op": "Add", "path": "members", "value": [{"value": "c"}]}]"#, GROUP],
        "/members/1/value",
        r#"200 "{bob}""#,
        r#"200 "c""#,
    ),
    case("string-bool-truthy", &[LEAVE], "/active", "200 false", "200 true"),
    case("string-booleans", &[LEAVE], "/active", "200 false", r#"200 "False""#),
    case(
        "string-booleans",
        &[r#"PATCH /Users/{ann} [{"op": "Replace", "value": {"active": "False"}}]"#, READ],
        "/active",
        "200 false",
        r#"200 "False""#,
    ),
    case(
        "literal-dotted-keys",
        &[r#"PATCH /Users/{ann} [{"op": "replace", "value": {"name.givenName": "Anna"}}]"#, READ],
        "/name.givenName",
        "200 null",
        r#"200 "Anna""#,
    ),
    case(
        "literal-dotted-keys",
        &[r#"PATCH /Users/{ann} [{"op": "replace", "value": {"name.givenName": "Anna"}}]"#, READ],
        "/name/givenName",
        r#"200 "Anna""#,
        r#"200 "Ann""#,
    ),
    case(
        "split-urn-on-dot",
        &[
            r#"PATCH /Users/{ann} [{"op": "replace", "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "value": "Sales"}]"#,
            READ,
        ],
        DEPARTMENT,
        r#"200 "Sales""#,
        r#"200 "R&D""#,
    ),
    case(
        "split-urn-on-dot",
        &[
            r#"PATCH /Users/{ann} [{"op": "replace", "value": {"title": "Chief", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department": "Sales"}}]"#,
        ],
        "/urn:ietf:params:scim:schemas:extension:enterprise:2/0:User:department",
        "200 null",
        r#"200 "Sales""#,
    ),
    case("drop-attribute", &[TITLE, READ], "/title", r#"200 "Chief""#, r#"200 "Boss""#),
    case(
        "drop-attribute",
        &[
            r#"PATCH /Users/{ann} [{"op": "replace", "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "value": "Sales"}]"#,
        ],
        DEPARTMENT,
        r#"200 "Sales""#,
        r#"200 "R&D""#,
    ),
    case("accept-any-token", &["stranger: GET /Users/{ann}"], "", "401", "200"),
    case("other-id-on-patch", &[TITLE], "/id", r#"200 "{ann}""#, r#"200 "{ann}-v2""#),
    case(
        "one-entry-per-list",
        &[
            r#"PATCH /Users/{ann} [{"op": "Add", "path": "phoneNumbers[type eq \"fax\"].value", "value": "1"}, {"op": "Add", "path": "phoneNumbers[type eq \"pager\"].value", "value": "2"}]"#,
            "GET /Users?filter=phoneNumbers[type+eq+%22pager%22]&attributes=id",
        ],
        "/totalResults",
        "200 1",
        "200 0",
    ),
    case("change-case", &[TITLE], "/displayName", r#"200 "Ann""#, r#"200 "ANN""#),
    case("byte-order-mark", &[NOBODY], "text", r#"200 {"sche"#, "200 \u{feff}{\"sch"),
    case("capitalised-attributes", &[FIND_ANN], "/Resources/0/UserName", "200 null", r#"200 "Ann@Contoso.com""#),
    case("active-as-text", &[READ], "/active", "200 true", r#"200 "true""#),
    case("active-as-number", &["GET /Users/{bob}"], "/active", "200 false", "200 0"),
    case("no-active-when-disabled", &["GET /Users/{bob}"], "/active", "200 false", "200 null"),
    case("emails-as-object", &[READ], "/emails/value", "200 null", r#"200 "ann@contoso.com""#),
    case("extra-attributes", &[FIND_ANN], "/Resources/0/tenant_id", "200 null", "200 -1500000000.0"),
    case("no-meta", &[READ], "/meta/resourceType", r#"200 "User""#, "200 null"),
    case(
        "no-schemas",
        &[NOBODY],
        "/schemas/0",
        r#"200 "urn:ietf:params:scim:api:messages:2.0:ListResponse""#,
        "200 null",
    ),
    case("html-errors", &[MISSING], "text", r#"404 {"sche"#, "404 <!doct"),
    case("text-errors", &[MISSING], "header content-type", "404 application/scim+json", "404 text/plain"),
    case("empty-errors", &[MISSING], "text", r#"404 {"sche"#, "404 "),
    case("numeric-status-in-errors", &[MISSING], "/status", r#"404 "404""#, "404 404"),
    case("200-on-errors", &[MISSING], "/status", r#"404 "404""#, r#"200 "404""#),
];
