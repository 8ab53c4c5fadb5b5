//! Faults by which something is refused, late, or cut off.

use super::wire::{Case, case};

const NOBODY: &str = "GET /Users?filter=userName+eq+%22nobody%22";
const TITLE: &str = r#"PATCH /Users/{ann} [{"op": "Replace", "path": "title", "value": "Chief"}]"#;
const NEW: &str = r#"POST /Users {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "carl"}"#;
const LEAVE: &str = r#"PATCH /Users/{ann} [{"op": "Replace", "path": "active", "value": "False"}]"#;
const ANN: &str =
    r#"POST /Users {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ANN@contoso.com"}"#;
const DESIGN: &str =
    r#"POST /Groups {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Design"}"#;
const READ: &str = "GET /Users/{ann}";

pub(super) const CASES: &[Case] = &[
    case("503", &[READ], "", "200", "503"),
    case("503", &[READ], "/detail", "200 null", r#"503 "the service is unavailable""#),
    case("401", &[READ], "header www-authenticate", "200 none", "401 Bearer"),
    case("404", &["GET /Schemas"], "", "200", "404"),
    case("token-expired", &[READ], "header www-authenticate", "200 none", r#"401 Bearer error="invalid_token""#),
    case("token-expires-mid-run,after=1", &[READ, READ], "", "200", "401"),
    case("429-with-retry-after", &[READ], "header retry-after", "200 none", "429 30"),
    case("429-with-retry-after-2s", &[READ], "header retry-after", "200 none", "429 2"),
    case("429-without-retry-after", &[READ], "header retry-after", "200 none", "429 none"),
    case("503-with-retry-date", &[READ], "header retry-after", "200 none", "503 Sun, 01 Mar 2026 10:00:30 GMT"),
    case("503-on-list", &[NOBODY], "", "200", "503"),
    case("503-on-list", &[READ, "GET /Groups"], "", "200", "503"),
    case("refuse-create", &[NEW], "/scimType", "201 null", r#"400 "invalidValue""#),
    case("conflict-on-create", &[NEW], "/scimType", "201 null", r#"409 "uniqueness""#),
    case("delete-unsupported", &["DELETE /Groups/{design}"], "header allow", "204 none", "405 GET, PUT, PATCH"),
    case("no-discovery", &["GET /ServiceProviderConfig"], "", "200", "404"),
    case("slow-600ms", &[READ], "time", "200 0 ms", "200 600 ms"),
    case("slow-2s", &[READ], "time", "200 0 ms", "200 2000 ms"),
    case("trickled-body-2s", &[READ], "time", "200 0 ms", "200 2000 ms"),
    case("trickled-body-2s", &[READ], "sent", "200 1 true false JSON", "200 10 true false JSON"),
    case("drop-connection", &[TITLE], "sent", "200 1 true false JSON", "nothing"),
    case("drop-after-write", &[TITLE], "sent", "200 1 true false JSON", "nothing"),
    case("500-after-write", &[TITLE], "", "200", "500"),
    case("half-body", &[READ], "sent", "200 1 true false JSON", "200 1 false true no JSON"),
    case("half-json", &[READ], "sent", "200 1 true false JSON", "200 1 true false no JSON"),
    case("connection-close", &[READ], "header connection", "200 none", "200 close"),
    case("406-without-content-type", &[READ], "", "200", "406"),
    case("403-without-user-agent", &[READ], "text", r#"200 {"id":"#, "403 <!DOCT"),
    case("415-on-charset", &[TITLE], "", "200", "415"),
    case("redirect-to-slash", &["GET /Users?count=1"], "header location", "200 none", "301 /scim/v2/Users/?count=1"),
    case("redirect-to-slash", &[NEW], "", "201", "301"),
    case(
        "redirect-to-login",
        &[TITLE],
        "header location",
        "200 http://scim.example:8080/scim/v2/Users/{ann}",
        "302 https://login.invalid/?next=scim",
    ),
    case("empty-list-404", &[NOBODY], "", "200", "404"),
    case(
        "reject-externalid-filter",
        &["GET /Users?filter=externalId+eq+%22x%22"],
        "/scimType",
        "200 null",
        r#"400 "invalidFilter""#,
    ),
    case("reject-and-filters", &["GET /Users?filter=id+eq+%22a%22+and+manager+eq+%22b%22"], "", "200", "400"),
    case("no-plus-decoding", &[NOBODY], "/scimType", "200 null", r#"400 "invalidFilter""#),
    case("forget-on-read", &[READ], "", "200", "404"),
    case(
        "409-on-create-existing-externalid",
        &[
            r#"POST /Users {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "carl", "externalId": "x-ann"}"#,
        ],
        "",
        "201",
        "409",
    ),
    case("reject-capital-ops", &[TITLE], "/scimType", "200 null", r#"400 "invalidSyntax""#),
    case("reject-string-bool", &[LEAVE], "/scimType", "200 null", r#"400 "invalidValue""#),
    case(
        "reject-string-bool",
        &[r#"PATCH /Users/{ann} [{"op": "replace", "value": {"active": "False"}}]"#],
        "/scimType",
        "200 null",
        r#"400 "invalidValue""#,
    ),
    case(
        "reject-string-bool",
        &[
            r#"POST /Users {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "c", "active": "true"}"#,
        ],
        "",
        "201",
        "400",
    ),
    case(
        "reject-op-add-active",
        &[r#"PATCH /Users/{ann} [{"op": "Add", "path": "active", "value": "False"}]"#],
        "/scimType",
        "200 null",
        r#"400 "invalidSyntax""#,
    ),
    case(
        "notarget-on-missing-work-email",
        &[r#"PATCH /Users/{bob} [{"op": "Add", "path": "emails[type eq \"work\"].value", "value": "b@x"}]"#],
        "/scimType",
        "200 null",
        r#"400 "noTarget""#,
    ),
    case(
        "reject-whole-patch-on-unknown-path",
        &[
            r#"PATCH /Users/{ann} [{"op": "Replace", "path": "active", "value": "False"}, {"op": "Add", "path": "emails[type eq \"work\"].value", "value": "a@x"}]"#,
        ],
        "/detail",
        "200 null",
        r#"400 "the path `emails[type eq \"work\"]` isn't supported""#,
    ),
    case(
        "manager-must-be-object",
        &[
            r#"PATCH /Users/{ann} [{"op": "Add", "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager", "value": "{bob}"}]"#,
        ],
        "/scimType",
        "200 null",
        r#"400 "invalidValue""#,
    ),
    case(
        "manager-must-be-object",
        &[
            r#"PATCH /Users/{ann} [{"op": "add", "value": {"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"manager": "{bob}"}}}]"#,
        ],
        "",
        "200",
        "400",
    ),
    case("deleted-names-stay-taken", &[NEW, "DELETE /Users/{ann}", ANN], "", "201", "409"),
    case(
        "deleted-names-stay-taken",
        &["DELETE /Groups/{design}", DESIGN],
        "/scimType",
        "201 null",
        r#"409 "uniqueness""#,
    ),
    case(
        "reject-null",
        &[r#"PATCH /Users/{ann} [{"op": "Replace", "path": "title", "value": null}]"#],
        "/scimType",
        "200 null",
        r#"400 "invalidValue""#,
    ),
    case("reject-null", &[r#"PATCH /Users/{ann} [{"op": "replace", "value": {"title": ""}}]"#], "", "200", "400"),
    case(
        "immutable-username",
        &[r#"PATCH /Users/{ann} [{"op": "Replace", "path": "userName", "value": "anna"}]"#],
        "/scimType",
        "200 null",
        r#"400 "mutability""#,
    ),
    case(
        "400-on-noop-patch",
        &[r#"PATCH /Users/{ann} [{"op": "Replace", "path": "title", "value": "Boss"}]"#],
        "",
        "200",
        "400",
    ),
    case(
        "reject-value-list-removal",
        &[r#"PATCH /Groups/{design} [{"op": "Remove", "path": "members", "value": [{"value": "{ann}"}]}]"#],
        "",
        "204",
        "400",
    ),
    case(
        "409-on-repeat-member-add",
        &[r#"PATCH /Groups/{design} [{"op": "Add", "path": "members", "value": [{"value": "{ann}"}]}]"#],
        "",
        "204",
        "409",
    ),
];
