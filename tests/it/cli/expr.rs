//! `scimulate expr`.

use serde_json::json;

use crate::support::process::{Ended, Sandbox};

fn both(run: &Ended) -> String {
    format!("{}\n{}", run.stdout, run.stderr)
}

#[test]
fn results_of_every_kind() {
    let sandbox = Sandbox::empty();
    let mut shown = Vec::new();
    for arguments in [
        &["Replace([mail],\"@contoso.com\", , ,\"\", ,)", "--set", "mail=ann@contoso.com"][..],
        &["[mail]"],
        &["[mail]", "--set", "mail="],
        &["Split([mail], \"@\")", "--set", "mail=ann@contoso.com"],
        &["Count([proxyAddresses])", "--set", "proxyAddresses=a", "--set", "proxyAddresses=b"],
        &["IIF([city] = \"Bern\", \"yes\", \"no\")", "--set", "City=Bern"],
        &["DateAdd(\"d\", 1, Now())", "--now", "2026-03-01T10:00:00Z"],
        &["IsPresent([officeLocation])", "--set", "officeLocation=B 12"],
        &["IgnoreFlowIfNullOrEmpty([mail])"],
        &["SingleAppRoleAssignment([appRoleAssignments])", "--set", "appRoleAssignments=admin"],
        &["Guid()", "--seed", "7"],
    ] {
        let run = sandbox.run_with(&[&["expr"][..], arguments].concat()).with(0);
        shown.push(format!("$ {}\n{}", arguments.join(" "), both(&run)));
    }
    insta::assert_snapshot!("expr", shown.join("\n"));
}

#[test]
fn what_is_wrong_has_its_place() {
    let sandbox = Sandbox::empty();
    let mut shown = Vec::new();
    for (arguments, code) in [
        (&["Swicth([a], , \"b\", \"c\")"][..], 2),
        (&["Append([mial], \"x\")", "--set", "mail=a"], 0),
        (&["Join(\" \", [givenName]"], 2),
        (&["CDate([employeeHireDate])", "--set", "employeeHireDate=soon"], 4),
        (&["DefaultDomain()"], 4),
        (&["Replace([mail], , \"(\", , \"\", , )"], 2),
        (&["[mail]", "--set", "mail"], 2),
    ] {
        let run = sandbox.run_with(&[&["expr"][..], arguments].concat()).with(code);
        shown.push(format!("$ {}\n{}", arguments.join(" "), both(&run)));
    }
    insta::assert_snapshot!("expr_wrong", shown.join("\n"));
    let run = sandbox.run_with(&["expr", "[mail]", "--user", "ann@contoso.com"]).with(2);
    assert!(run.stderr.contains("no scimulate.toml") && run.stderr.contains("scimulate init"), "{}", run.stderr);
    let deep = format!("{}[mail]{}", "ToLower(".repeat(150), ")".repeat(150));
    let run = sandbox.run_with(&["expr", &deep]).with(2);
    assert!(run.stderr.contains("100"), "{}", run.stderr);
    let hard = format!("Replace(\"{}\", , \"(x+x+)+\\\\1y\", , \"\", , )", "x".repeat(60));
    let run = sandbox.run_with(&["expr", &hard]).with(4);
    assert!(run.stderr.contains("takes too long"), "{}", run.stderr);
}

#[test]
fn json_is_graphs_answer() {
    let sandbox = Sandbox::empty();
    let text = "Replace([preferredLanguage], \"-\", , , \"_\", ,  )";
    let run = sandbox.run_with(&["expr", text, "--set", "preferredLanguage=EN-US", "--output", "json"]).with(0);
    let constant = |key: &str, name: &str| json!({ "key": key, "value": { "expression": format!("\"{name}\""), "name": name, "type": "Constant", "parameters": [] } });
    assert_eq!(
        run.json(),
        json!({
            "parsingSucceeded": true,
            "evaluationSucceeded": true,
            "evaluationResult": ["EN_US"],
            "error": null,
            "parsedExpression": {
                "expression": "Replace([preferredLanguage], \"-\", , , \"_\", , )",
                "name": "Replace",
                "type": "Function",
                "parameters": [
                    { "key": "source", "value": { "expression": "[preferredLanguage]", "name": "preferredLanguage", "type": "Attribute", "parameters": [] } },
                    constant("Find", "-"),
                    constant("Replacement", "_"),
                ],
            },
            "warnings": [],
        })
    );
    let run = sandbox.run_with(&["expr", "Nope([a])", "--output", "json"]).with(2);
    let document = run.json();
    assert_eq!(
        (&document["evaluationSucceeded"], &document["error"]["code"]),
        (&json!(false), &json!("InvalidExpression"))
    );
    let run = sandbox.run_with(&["expr", "CDate(\"x\")", "--output", "jsonl"]).with(4);
    assert_eq!(run.json()["error"]["code"], "EvaluationFailed");
}

#[test]
fn users_of_the_export_give_attributes() {
    let sandbox = Sandbox::empty();
    sandbox.run("init .").with(0);
    let run = sandbox.run_with(&["expr", "Join(\" \", [givenName], [surname])", "--user", "ann@contoso.com"]).with(0);
    assert!(run.stdout.starts_with("\"Ann "), "{}", run.stdout);
    let run = sandbox.run_with(&["expr", "[givenName]", "--user", "ANN@contoso.com", "--set", "givenName=Eve"]).with(0);
    assert!(run.stdout.starts_with("\"Eve\""), "{}", run.stdout);
    let run = sandbox
        .run_with(&["expr", "SingleAppRoleAssignment([appRoleAssignments])", "--user", "ann@contoso.com"])
        .with(0);
    assert!(run.stdout.starts_with('"'), "{}", run.stdout);
    for (user, deleted) in [("ann@contoso.com", "False"), ("lee@contoso.com", "True")] {
        let run = sandbox.run_with(&["expr", "[IsSoftDeleted]", "--user", user]).with(0);
        assert!(run.stdout.starts_with(&format!("\"{deleted}\"")), "{user}: {}", run.stdout);
    }
    let run = sandbox.run_with(&["expr", "[mail]", "--user", "amn@contoso.com"]).with(2);
    assert!(run.stderr.contains("no user `amn@contoso.com`") && run.stderr.contains("did you mean"), "{}", run.stderr);
}
