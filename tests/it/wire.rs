//! What goes over the wire, byte for byte: the program runs against an endpoint behind a tap.

mod tap;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tap::{Sent, Tap};
use tempfile::TempDir;

use crate::support::{Recorder, TOKEN, scimulate};

const HEADER: &str =
    "id,userPrincipalName,displayName,givenName,surname,mail,jobTitle,preferredLanguage,accountEnabled\n";
const BEFORE: &str = "\
    00000000-0000-4000-8000-000000000001,ann@contoso.com,Ann A,Ann,A,ann@contoso.com,Analyst,en-GB,True\n\
    00000000-0000-4000-8000-000000000002,bob@contoso.com,Bob,Bob,B,bob@contoso.com,Analyst,en-GB,True\n\
    00000000-0000-4000-8000-000000000003,cid@contoso.com,Cid,Cid,C,cid@contoso.com,,,True\n\
    00000000-0000-4000-8000-000000000004,dot+x@contoso.com,Dot,Dot,D,dot@contoso.com,Analyst,en-GB,True\n";
const AFTER: &str = "\
    00000000-0000-4000-8000-000000000001,ann@contoso.com,Ann B,Ann,B,ann.b@contoso.com,Analyst,en-GB,True\n\
    00000000-0000-4000-8000-000000000002,bob@contoso.com,Bob,Bob,B,bob@contoso.com,Analyst,en-GB,False\n\
    00000000-0000-4000-8000-000000000003,cid@contoso.com,Cid,Cid,C,cid@contoso.com,Buyer,fr-CH,True\n\
    00000000-0000-4000-8000-000000000004,dot+x@contoso.com,Dot,Dot,D,dot@contoso.com,Director,en-GB,True\n";

/// Two cycles against a fresh endpoint: four accounts are created, then all of them change.
fn two_cycles(suffix: &str, target: &str) -> Vec<Sent> {
    let recorder = Recorder::start("2026-03-01T10:00:00Z".parse().expect("an instant"));
    let tap = Tap::before(&recorder.url());
    let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder under target/");
    let config = format!(
        "[target]\ntenant_url = \"{}{suffix}\"\nsecret_token_env = \"TARGET_TOKEN\"\nrate = \"unlimited\"\n\
         concurrency = 1\n{target}\n[source]\nusers = \"users.csv\"\n[provisioning]\nmapping = \"wedo\"\nscope = \"all\"\n",
        tap.url()
    );
    fs::write(folder.path().join("scimulate.toml"), config).expect("a written config");
    cycle(folder.path(), BEFORE, "2026-03-01T10:00:00Z");
    cycle(folder.path(), AFTER, "2026-03-01T10:40:00Z");
    tap.sent()
}

fn cycle(folder: &Path, users: &str, now: &str) {
    fs::write(folder.join("users.csv"), format!("{HEADER}{users}")).expect("a written export");
    let output = scimulate()
        .current_dir(folder)
        .env("TARGET_TOKEN", TOKEN)
        .args(["run", "--now", now])
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Request line and headers of the first request of each method.
fn heads(sent: &[Sent], method: &str) -> String {
    sent.iter().find(|sent| sent.method() == method).expect("one of each method").head.clone()
}

#[test]
fn headers_are_those_of_the_service() {
    let sent = two_cycles("", "");
    let auth = format!("authorization: Bearer {TOKEN}\r\nadscimversion: 1.0\r\n");
    let length = |method: &str| sent.iter().find(|sent| sent.method() == method).expect("one of each").body.len();
    let (get, post, patch) = (heads(&sent, "GET"), heads(&sent, "POST"), heads(&sent, "PATCH"));
    // Neither User-Agent nor Accept-Encoding; a content type only where there is content.
    let (line, headers) = get.split_once("\r\n").expect("a request line");
    assert!(line.starts_with("GET /scim/v2/Users?filter=userName+eq+%22"), "{line}");
    assert!(line.ends_with("%22 HTTP/1.1"), "{line}");
    assert_eq!(headers, format!("accept: */*\r\n{auth}host: [host]"));
    let body = "content-type: application/scim+json; charset=utf-8\r\n";
    assert_eq!(
        post,
        format!(
            "POST /scim/v2/Users HTTP/1.1\r\naccept: */*\r\n{auth}{body}host: [host]\r\ncontent-length: {}",
            length("POST")
        )
    );
    let (line, headers) = patch.split_once("\r\n").expect("a request line");
    assert!(line.starts_with("PATCH /scim/v2/Users/") && line.ends_with(" HTTP/1.1"), "{line}");
    assert_eq!(headers, format!("accept: */*\r\n{auth}{body}host: [host]\r\ncontent-length: {}", length("PATCH")));
}

#[test]
fn headers_can_be_set() {
    let sent = two_cycles("", "user_agent = \"tester/1.0\"\n[target.headers]\nX-Tenant = \"t1\"\n");
    for sent in &sent {
        assert!(sent.head.contains("\r\nuser-agent: tester/1.0"), "{}", sent.head);
        assert!(sent.head.contains("\r\nx-tenant: t1"), "{}", sent.head);
    }
}

#[test]
fn queries_are_form_encoded_and_flags_stay_home() {
    let lines = |suffix: &str| -> Vec<String> {
        let line = |sent: &Sent| sent.head.lines().next().expect("a request line").to_owned();
        two_cycles(suffix, "").iter().map(line).collect()
    };
    let plain = lines("");
    assert_eq!(plain[1], "GET /scim/v2/Users?filter=userName+eq+%22ann%40contoso.com%22 HTTP/1.1");
    assert_eq!(plain[7], "GET /scim/v2/Users?filter=userName+eq+%22dot%2Bx%40contoso.com%22 HTTP/1.1");
    for suffix in ["/", "?aadOptscim062020", "/?aadOptscim062020", "?AzureAdScimPatch2017"] {
        assert_eq!(lines(suffix), plain, "{suffix}");
    }
}

/// The operations of every PATCH.
fn operations(suffix: &str) -> Vec<Value> {
    let patches = two_cycles(suffix, "").into_iter().filter(|sent| sent.method() == "PATCH");
    patches
        .map(|sent| {
            let mut body: Value = serde_json::from_slice(&sent.body).expect("a JSON body");
            assert_eq!(body["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:PatchOp"]));
            assert_eq!(body.as_object().map(serde_json::Map::len), Some(2));
            body["Operations"].take()
        })
        .collect()
}

#[test]
fn the_scim_dialect_has_one_operation_for_each_attribute() {
    let expected = [
        json!([
            {"op": "Replace", "path": "displayName", "value": "Ann B"},
            {"op": "Replace", "path": "emails[type eq \"work\"].value", "value": "ann.b@contoso.com"},
            {"op": "Replace", "path": "name.familyName", "value": "B"},
        ]),
        json!([{"op": "Replace", "path": "active", "value": "False"}]),
        json!([
            {"op": "Add", "path": "title", "value": "Buyer"},
            {"op": "Add", "path": "preferredLanguage", "value": "fr-CH"},
        ]),
        json!([{"op": "Replace", "path": "title", "value": "Director"}]),
    ];
    assert_eq!(operations(""), expected);
    assert_eq!(operations("?AzureAdScimPatch2017"), expected, "the alias of the older dialect");
}

#[test]
fn the_compliant_dialect_gathers_plain_attributes() {
    let expected = [
        json!([
            {"op": "replace", "path": "emails[type eq \"work\"].value", "value": "ann.b@contoso.com"},
            {"op": "replace", "value": {"displayName": "Ann B", "name.familyName": "B"}},
        ]),
        json!([{"op": "replace", "path": "active", "value": false}]),
        json!([{"op": "add", "value": {"title": "Buyer", "preferredLanguage": "fr-CH"}}]),
        json!([{"op": "replace", "path": "title", "value": "Director"}]),
    ];
    assert_eq!(operations("?aadOptscim062020"), expected);
}

#[test]
fn only_patch_differs_between_dialects() {
    let posts = |suffix: &str| -> Vec<Vec<u8>> {
        two_cycles(suffix, "").into_iter().filter(|sent| sent.method() == "POST").map(|sent| sent.body).collect()
    };
    let posted = posts("");
    assert_eq!(posted, posts("?aadOptscim062020"));
    let cid = "{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\",\
               \"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User\"],\"userName\":\"cid@contoso.com\",\
               \"displayName\":\"Cid\",\"emails\":[{\"primary\":true,\"type\":\"work\",\"value\":\"cid@contoso.com\"}],\
               \"name\":{\"givenName\":\"Cid\",\"familyName\":\"C\"},\"active\":true,\
               \"meta\":{\"resourceType\":\"User\"}}";
    assert_eq!(String::from_utf8_lossy(&posted[2]), cid);
}
