//! `tests/schemas`: schemas in every form that exports have.

use std::fs;
use std::path::Path;

use scimulate::base::Severity;
use scimulate::schema::{self, Actions, CompileOptions, Document};

fn read(file: &str) -> Result<Document, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schemas").join(file);
    let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let text = schema::decode(&bytes).map_err(|error| error.to_string())?;
    schema::read(&text, file).map_err(|error| error.to_string())
}

fn options() -> CompileOptions {
    CompileOptions { filterable: Some(vec!["userName".to_owned()]), ..CompileOptions::default() }
}

/// Findings as `error: file:line:column: field: message`.
fn findings(file: &str) -> Vec<String> {
    let document = read(file).unwrap_or_else(|error| panic!("{error}"));
    let show = |finding: &scimulate::base::Diagnostic| {
        assert!(finding.hint.is_some() && finding.line.is_some(), "{finding:?}");
        let severity = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        let mut text = finding.to_string();
        text.truncate(text.char_indices().nth(140).map_or(text.len(), |(at, _)| at));
        format!("{severity}: {text}")
    };
    schema::check(&document, &options()).findings.iter().map(show).collect()
}

#[test]
fn every_form_is_read_as_the_same_schema() {
    for file in [
        "bom-crlf.json",
        "utf-16.json",
        "wrapped-in-template.json",
        "job.json",
        "json-in-a-string.json",
        "powershell-flattened.json",
        "numeric-enums.json",
        "unknown-properties.json",
        "no-directories.json",
        "inbound-and-disabled.json",
        "several-mappings.json",
    ] {
        let document = read(file).unwrap_or_else(|error| panic!("{error}"));
        let rules = schema::compile(&document, &options()).unwrap_or_else(|errors| panic!("{file}: {errors:?}"));
        let targets: Vec<_> = rules.users.attributes.iter().map(|mapping| mapping.target.name.as_str()).collect();
        assert_eq!((targets.len(), targets[0], targets[8]), (9, "userName", "userType"), "{file}");
        let without_delete = Actions { delete: false, ..Actions::ALL };
        let expected = match file {
            "numeric-enums.json" | "unknown-properties.json" => without_delete,
            _ => Actions::ALL,
        };
        assert_eq!(rules.users.actions, expected, "{file}");
        let again = schema::read(document.schema_text(), file).expect("the schema alone");
        assert_eq!(schema::compile(&again, &options()).expect("rules").digest, rules.digest, "{file}");
    }
}

#[test]
fn what_a_later_service_adds_stays() {
    let document = read("unknown-properties.json").expect("a schema");
    for kept in
        ["\"new@odata.type\": \"#microsoft.graph.later\"", "\"later\": {", "\"two\": null", "unknownFutureValue"]
    {
        assert!(document.schema_text().contains(kept), "{kept}");
    }
}

#[test]
fn damage_by_powershell_is_recognised() {
    let error = read("powershell-depth.json").expect_err("damage");
    assert_eq!(
        error,
        "powershell-depth.json:41:25: source: expected an object, found the remains of one: PowerShell cut the document off"
    );
}

#[test]
fn what_is_skipped_is_named() {
    let found = findings("inbound-and-disabled.json");
    assert!(
        found[0].contains("rule `PROFILE_INBOUND_APPROLE` is skipped: its source is `WEDO`, not Entra"),
        "{found:#?}"
    );
    assert!(found.iter().any(|found| found.contains("mapping `Provision disabled users` is disabled")), "{found:#?}");
    let found = findings("several-mappings.json");
    let expected = "mapping `Provision contractors` is skipped: another user mapping comes first";
    assert!(found.iter().any(|found| found.contains(expected)), "{found:#?}");
}

#[test]
fn every_mistake_is_found_at_once() {
    insta::assert_snapshot!(findings("every-mistake.json").join("\n"));
}
