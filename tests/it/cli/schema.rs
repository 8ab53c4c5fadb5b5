//! `scimulate schema`.

use std::fs;
use std::path::Path;

use crate::support::process::Sandbox;
use crate::support::{Recorder, TOKEN};

fn sample() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/imported-schema/schema.json"))
        .expect("a schema")
}

fn project() -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.run("init .").with(0);
    sandbox
}

#[test]
fn show_compares_with_a_built_in_mapping() {
    let sandbox = project();
    insta::assert_snapshot!("schema_show_wedo", sandbox.run("schema show").with(0).stdout);
    sandbox.write("mine.json", sample());
    insta::assert_snapshot!("schema_show_sample", sandbox.run("schema show mine.json --against scim").with(0).stdout);
    let document = sandbox.run("schema show mine.json --against scim --output json").with(0).json();
    let changes: Vec<_> = document["objects"][0]["mappings"]
        .as_array()
        .expect("mappings")
        .iter()
        .filter(|mapping| mapping["change"] == "changed")
        .map(|mapping| mapping["target"].as_str().expect("a name"))
        .collect();
    assert_eq!(changes, ["externalId", "preferredLanguage"]);
}

#[test]
fn check_says_what_is_wrong() {
    let sandbox = project();
    sandbox.run("schema check").with(0);
    let broken =
        sample().replace("[displayName]", "[dispalyName]").replace("\"[givenName]\"", "\"Tolower([givenName]\"");
    sandbox.write("mine.json", &broken);
    let run = sandbox.run("schema check mine.json").with(2);
    insta::assert_snapshot!("schema_check", format!("{}\n{}", run.stdout, run.stderr));
    let document = sandbox.run("schema check mine.json --output json").with(2).json();
    assert_eq!(document["summary"]["errors"], 1);
    assert_eq!(
        document["findings"].as_array().map(Vec::len),
        document["summary"].as_object().map(|counts| {
            counts.values().filter_map(serde_json::Value::as_u64).sum::<u64>().try_into().expect("few")
        })
    );
    sandbox.write("odd.json", sample().replace("[displayName]", "[dispalyName]"));
    sandbox.run("schema check odd.json").with(0);
    sandbox.run("schema check odd.json --strict").with(2);
    sandbox.run("schema check nowhere.json").with(2);
}

#[test]
fn import_switches_the_mapping_and_keeps_everything_else() {
    let sandbox = project();
    let before = sandbox.read("scimulate.toml");
    fs::create_dir(sandbox.path("downloads")).expect("a folder");
    let wrapped = format!("\u{feff}{{\"value\": [{{\"id\": \"x\", \"schema\": {}}}]}}", sample().trim_end());
    sandbox.write("downloads/app.json", &wrapped);
    let run = sandbox.run("schema import downloads/app.json").with(0);
    assert!(run.stdout.contains("mapping = \"./app.json\"") && run.stderr.contains("initial"), "{run:?}");
    assert_eq!(sandbox.read("scimulate.toml"), before.replace("mapping = \"wedo\"", "mapping = \"./app.json\""));
    assert_eq!(sandbox.read("app.json"), sample().trim_end());
    sandbox.run("plan --offline").with(0);
    // Once more changes nothing.
    let again = sandbox.run("schema import app.json").with(0);
    assert!(again.stdout.contains("is there already") && again.stdout.contains("names it already"), "{}", again.stdout);

    // Another file of that name needs to be asked for.
    sandbox.write("downloads/app.json", sample().replace("\"Sales\"", "\"Marketing\""));
    let refused = sandbox.run("schema import downloads/app.json").with(2);
    assert!(refused.stderr.contains("--force"), "{}", refused.stderr);
    assert_eq!(sandbox.read("app.json"), sample().trim_end());
    sandbox.run("schema import downloads/app.json --force").with(0);
    assert!(sandbox.read("app.json").contains("\"Marketing\""));
    sandbox.run("schema import downloads/app.json --name other").with(0);
    assert!(sandbox.read("scimulate.toml").contains("mapping = \"./other.json\""));
}

#[test]
fn a_wrong_schema_is_not_imported() {
    let sandbox = project();
    let before = (sandbox.read("scimulate.toml"), sandbox.tree("."));
    for (text, message) in [
        (sample().replace("\"[givenName]\"", "\"Nope([givenName])\""), "there is no function `Nope`"),
        ("{".to_owned(), "ends too early"),
        ("{}".to_owned(), "isn't a synchronization schema"),
    ] {
        let other = Sandbox::empty();
        other.write("bad.json", &text);
        let path = other.path("bad.json");
        let run = sandbox.run_with(&["schema", "import", path.to_str().expect("a path")]).with(2);
        assert!(run.stderr.contains(message), "{}", run.stderr);
    }
    assert_eq!((sandbox.read("scimulate.toml"), sandbox.tree(".")), before);
    let nowhere = Sandbox::empty();
    nowhere.write("s.json", sample());
    let run = nowhere.run("schema import s.json").with(2);
    assert!(run.stderr.contains("scimulate init"), "{}", run.stderr);
}

#[test]
fn the_sample_schema_plans_over_contoso() {
    let sandbox = Sandbox::empty();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/contoso");
    for entry in fs::read_dir(&from).expect("the fixture") {
        let path = entry.expect("an entry").path();
        if path.is_file() {
            fs::copy(&path, sandbox.path(path.file_name().expect("a name").to_str().expect("text"))).expect("a copy");
        }
    }
    sandbox.write("downloaded.json", sample());
    sandbox.run("schema import downloaded.json").with(0);
    let plan = || sandbox.run("plan --offline --output json --now 2026-03-01T10:00:00Z").with(0).json();
    // Nobody at Contoso passes the sample's filters; its groups have none.
    let filtered = plan();
    let created = |object: &&serde_json::Value| object["action"] == "create" && object["objectType"] == "User";
    assert_eq!(filtered["objects"].as_array().expect("objects").iter().filter(created).count(), 0);
    let reasons =
        filtered["objects"].as_array().expect("objects").iter().filter_map(|object| object["reason"].as_str());
    assert!(reasons.into_iter().any(|reason| reason.contains("Sales staff") || reason.contains("Pilot users")));
    sandbox.edit("downloaded.json", "\"EQUALS\"", "\"NOT EQUALS\"");
    let summary = &plan()["summary"];
    assert!(summary["create"].as_u64() > Some(30) && summary["failed"] == 0, "{summary}");
}

#[test]
fn a_schema_without_directories_is_enough_for_other_targets() {
    let sandbox = project();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schemas/no-directories.json");
    fs::copy(&file, sandbox.path("bare.json")).expect("a copy");
    sandbox.run("schema import bare.json").with(0);
    sandbox.run("plan --offline").with(0);
    let run = sandbox.run("run").with(2);
    assert!(run.stderr.contains("doesn't define the target object"), "{}", run.stderr);
    let recorder = Recorder::start("2026-03-01T10:00:00Z".parse().expect("an instant"));
    let remote = format!("[target]\ntenant_url = \"{}\"\nsecret_token_file = \"token\"", recorder.url());
    sandbox.write("token", TOKEN);
    sandbox.edit("scimulate.toml", "[target]", &remote);
    sandbox.run("run").with(0);
    assert_eq!(recorder.take().iter().filter(|exchange| exchange.method == "POST").count(), 4);
}

#[test]
fn expressions_come_from_standard_input_too() {
    use std::io::Write as _;
    use std::process::Stdio;
    let sandbox = Sandbox::empty();
    for arguments in ["expr --set mail=A@x.ch", "expr - --set mail=A@x.ch"] {
        let mut command = sandbox.command(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program starts");
        child.stdin.take().expect("a pipe").write_all(b"ToLower([mail],\n)\n").expect("written");
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success() && output.stdout.starts_with(b"\"a@x.ch\"\n"), "{output:?}");
    }
}
