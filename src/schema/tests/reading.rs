//! Reading documents.

use serde_json::json;

use super::*;

const BARE: &str = r#"{ "version": "6.0", "synchronizationRules": [] }"#;

#[test]
fn documents_are_found_in_any_wrapping() {
    let wedo = template("wedo").unwrap().text;
    let crlf = format!("\u{feff}{}", wedo.replace('\n', "\r\n"));
    let template = format!(r#"{{"@odata.context": "x", "value": [{{"id": "scim", "schema": {wedo}}}]}}"#);
    let job = format!(r#"{{"id": "scim.0.1", "schema": {wedo}, "status": null}}"#);
    let list = format!("[{wedo}]");
    for text in [wedo, &crlf, &template, &job, &list] {
        let document = read(text, "x.json").unwrap();
        assert_eq!(compile(&document, &options()).unwrap().users.attributes.len(), 9);
    }
}

#[test]
fn unknown_properties_are_kept() {
    let document = read(r#"{"x@odata.type": "y", "schema": {"synchronizationRules": null, "new": [1]}}"#, "x").unwrap();
    assert_eq!(document.json()["schema"]["new"], json!([1]));
    assert_eq!(document.json()["x@odata.type"], json!("y"));
}

#[test]
fn what_is_missing_has_its_default() {
    for scope in ["null", "[]", "{}", r#"{"groups": null}"#, r#"{"groups": {}}"#] {
        let text = format!(
            r#"{{"synchronizationRules": [null, {{"sourceDirectoryName": "microsoft entra id", "metadata": {{}},
                "objectMappings": [{{"sourceObjectName": "user", "scope": {scope}, "attributeMappings": [
                {{"targetAttributeName": "userName", "matchingPriority": 1,
                  "source": {{"expression": "[userPrincipalName]", "parameters": null}}}}]}}]}}]}}"#
        );
        let schema = compile(&read(&text, "x").unwrap(), &options()).unwrap();
        assert_eq!(schema.users.actions, Actions::ALL);
        assert_eq!((schema.users.filters.len(), schema.version.as_str()), (0, ""));
        assert_eq!(schema.users.attributes[0].flow, FlowType::Always);
    }
}

#[test]
fn what_cannot_be_read_is_located() {
    let damaged = |member: &str, value: &str| {
        format!("{{\n \"synchronizationRules\": [\n  {{ \"name\": \"R\",\n    \"{member}\": {value} }}\n ]\n}}")
    };
    for (text, expected, hint) in [
        (" ".to_owned(), "s.json: the schema file is empty", "download it in the portal"),
        (
            "{}".to_owned(),
            "s.json: this JSON isn't a synchronization schema: it has no `synchronizationRules`",
            "download",
        ),
        (
            "[1, 2]".to_owned(),
            "s.json: this JSON isn't a synchronization schema: it has no `synchronizationRules`",
            "download",
        ),
        (
            "{\n \"synchronizationRules\": [\n".to_owned(),
            "s.json:3:1: invalid JSON: EOF while parsing a list",
            "the file ends too early",
        ),
        ("{\n  \"a\": 1,\n}".to_owned(), "s.json:3:1: invalid JSON: trailing comma", "the file isn't valid JSON"),
        (
            damaged("objectMappings", "\"System.Object[]\""),
            "s.json:4:23: objectMappings: expected a list, found the remains of one: PowerShell cut the document off",
            "ConvertTo-Json -Depth 50",
        ),
        (
            damaged("objectMappings", "[\"@{enabled=True}\"]"),
            "s.json:4:24: objectMappings: expected an object, found the remains of one: PowerShell cut the document off",
            "ConvertTo-Json -Depth 50",
        ),
        (
            damaged("objectMappings", "7"),
            "s.json:4:23: objectMappings: expected a list, found a number",
            "freshly downloaded",
        ),
        (damaged("priority", "\"high\""), "s.json:4:17: priority: expected a whole number, found a text", "freshly"),
        (damaged("name", "[]"), "s.json:4:13: name: expected a text, found a list", "freshly"),
        (
            damaged("objectMappings", "[{\"flowTypes\": \"Add,Patch\"}]"),
            "s.json:4:38: flowTypes: `Patch` isn't one of the `flowTypes`",
            "`Add`",
        ),
        (
            damaged("objectMappings", "[{\"enabled\": \"perhaps\"}]"),
            "s.json:4:36: enabled: expected true or false, found a text",
            "freshly",
        ),
        (
            damaged("objectMappings", "[{\"attributeMappings\": [{\"flowType\": \"Never\"}]}]"),
            "s.json:4:60: flowType: `never` isn't a known `flowType`",
            "`ObjectAddOnly`",
        ),
    ] {
        let error = read(&text, "s.json").unwrap_err();
        assert_eq!(error.to_string(), expected, "{text}");
        assert!(error.0.hint.as_ref().is_some_and(|found| found.contains(hint)), "{error:?}");
    }
}

#[test]
fn deep_documents_are_refused() {
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(read(&deep, "x").unwrap_err().to_string().contains("recursion limit"));
}

#[test]
fn an_empty_schema_is_read() {
    let document = read(BARE, "x").unwrap();
    let found = errors(&document, &options());
    assert_eq!(found, ["x:1:1: the schema has no enabled mapping of users from Entra to a target"]);
}

#[test]
fn there_is_no_other_template() {
    assert_eq!(template("WEDO"), None);
    assert_eq!(template("wedo").map(|template| template.name), Some("wedo"));
    assert_eq!(template("scim").map(|template| template.name), Some("scim"));
}

#[test]
fn json_inside_a_text_is_read() {
    let wedo = template("wedo").unwrap().text;
    let quoted = serde_json::to_string(wedo).unwrap();
    for text in
        [quoted.clone(), format!("{{\"schema\": {quoted}}}"), format!("{{\"value\": [{{\"schema\": {quoted}}}]}}")]
    {
        let document = read(&text, "x.json").unwrap();
        assert_eq!(compile(&document, &options()).unwrap().users.attributes.len(), 9);
    }
    // Not for ever.
    let twice = serde_json::to_string(&quoted).unwrap();
    assert!(read(&twice, "x.json").is_err());
}

#[test]
fn files_of_any_encoding_are_read() {
    let utf16 = |unit: fn(u16) -> [u8; 2]| "\u{feff}{\"ü\": 1}".encode_utf16().flat_map(unit).collect::<Vec<u8>>();
    assert_eq!(decode(&utf16(u16::to_le_bytes)).unwrap(), "{\"ü\": 1}");
    assert_eq!(decode(&utf16(u16::to_be_bytes)).unwrap(), "{\"ü\": 1}");
    assert_eq!(decode("{}".as_bytes()).unwrap(), "{}");
    assert_eq!(decode(b"{\n \"a\": \"\xff\"").unwrap_err().to_string(), "2:8: the file isn't valid UTF-8");
    assert_eq!(decode(&[0xff, 0xfe, 0x41]).unwrap_err().message, "the file isn't valid UTF-16");
}

#[test]
fn enumerations_are_read_in_every_form() {
    let actions = |flow_types: &str| {
        let text = format!(
            r#"{{"SynchronizationRules": [{{"SourceDirectoryName": "Microsoft Entra ID", "ObjectMappings":
                {{"SourceObjectName": "User", "FlowTypes": {flow_types}, "AttributeMappings": [{{"TargetAttributeName": "userName",
                  "MatchingPriority": 1, "FlowType": 1, "FlowBehavior": 1, "Source": {{"Type": 0, "Expression": "[mail]"}}}}]}}}}]}}"#
        );
        let text = text.replace("\"Type\": 0, ", "");
        let schema = compile(&read(&text, "x").unwrap(), &options()).unwrap();
        let first = &schema.users.attributes[0];
        assert_eq!((first.flow, first.flow_always), (FlowType::ObjectAddOnly, true));
        let Actions { create, update, delete } = schema.users.actions;
        [create, update, delete]
    };
    assert_eq!(actions("7"), [true, true, true]);
    assert_eq!(actions("\"5\""), [true, false, true]);
    assert_eq!(actions("0"), [false, false, false]);
    assert_eq!(actions("\"add , UPDATE\""), [true, true, false]);
    assert_eq!(actions("\"Add,unknownFutureValue\""), [true, false, false]);
}

#[test]
fn a_schema_is_cut_out_of_its_wrapping_as_it_is() {
    let schema = "{ \"synchronizationRules\":[ ],\r\n\t\"new@odata.type\" : 1.0e0, \"new\": {\"b\":1,\"a\":2} }";
    for text in [
        schema.to_owned(),
        format!("\u{feff}{schema}"),
        format!("{{\"id\": \"x\", \"schema\": {schema} , \"status\": {{}}}}"),
        format!("{{\"value\": [ {{\"schema\": {schema}}}, {{\"schema\": null}} ]}}"),
        serde_json::to_string(schema).unwrap(),
    ] {
        assert_eq!(read(&text, "x").unwrap().schema_text().trim_end(), schema, "{text}");
    }
}

#[test]
fn the_defaults_that_a_schema_keeps_are_read() {
    let kept = r#"[{"SourceObjectName":"User","FlowTypes":7,"AttributeMappings":[{"FlowBehavior":0,"FlowType":1,
        "MatchingPriority":1,"Source":{"Expression":"[mail]"},"TargetAttributeName":"userName"}]}]"#;
    let with = |value: &str| {
        wedo(|json| {
            let metadata =
                json!([{ "key": "defaultSourceObjectMappings", "value": value }, { "key": "a", "value": "\"b\"" }]);
            json["synchronizationRules"][0]["metadata"] = metadata;
        })
    };
    let rows = default_rows(&with(kept), ObjectKind::User).unwrap();
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!((row.target.as_str(), row.source.as_str(), row.kind), ("userName", "[mail]", "Direct"));
    assert_eq!((row.flow, row.matching_priority), (FlowType::ObjectAddOnly, 1));
    assert_eq!(default_rows(&with("no JSON"), ObjectKind::User), None);
}
