//! `serve --strict`.

use std::process::Output;

use serde_json::{Value, json};

use crate::support::process::{Sandbox, Server, TOKEN, exchange};

/// The status that a user in the service's own form is answered with.
fn create(server: &Server, active: &Value, name: &str) -> String {
    let user = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name, "active": active, "shoeSize": 43,
    });
    let body = user.to_string();
    let request = format!(
        "POST /scim/v2/Users HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let answer = String::from_utf8(exchange(server.port, request.as_bytes()).expect("an answer")).expect("text");
    answer["HTTP/1.1 ".len()..][..3].to_owned()
}

#[test]
fn leniencies_are_turned_off_by_name_or_all_at_once() {
    let sandbox = Sandbox::empty();
    for (arguments, text, boolean) in [
        ("", "201", "201"),
        ("--strict", "400", "400"),
        ("--strict=string-booleans", "400", "201"),
        ("--strict=unknown-attributes,string-numbers", "400", "400"),
        ("--strict=operation-case", "201", "201"),
    ] {
        let server = Server::start_in(&sandbox, arguments);
        assert_eq!(create(&server, &json!("True"), "ann"), text, "{arguments}");
        assert_eq!(create(&server, &json!(true), "bob"), boolean, "{arguments}");
    }
}

#[test]
fn a_name_that_is_none_is_refused_with_those_that_are() {
    let sandbox = Sandbox::empty();
    let Output { status, stderr, .. } =
        sandbox.command("serve --strict=string-boolean").output().expect("the program runs");
    let stderr = String::from_utf8_lossy(&stderr);
    assert_eq!(status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("'string-booleans'") && stderr.contains("operation-case"), "{stderr}");
    let help = sandbox.run("serve --help").with(0).stdout;
    let plain = help.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(plain.contains("value-list-removal: A remove with a list of values removes those entries alone"), "{help}");
}
