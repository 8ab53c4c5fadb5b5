//! Wrong input: exit code 2, a message with file, place and remedy, and a state that stays as it is.

use std::fmt::Write as _;
use std::fs;

use crate::support::process::{Sandbox, TOKEN, users};

const SCHEMA: &str = include_str!("../../../src/schema/templates/wedo.json");
const JSON_USER: &str = r#"{"id":"5f3a0c1e-0000-4000-8000-000000000001","userPrincipalName":"user1@contoso.com"}"#;

/// Runs a cycle on input that was spoilt, where there is no state and where there is some.
struct Cases(String);

impl Cases {
    fn new() -> Self {
        Self(String::new())
    }

    fn check(&mut self, title: &str, spoil: impl Fn(&Sandbox)) {
        self.check_command(title, "run", spoil);
    }

    fn check_command(&mut self, title: &str, arguments: &str, spoil: impl Fn(&Sandbox)) {
        let fresh = Sandbox::with_users(3, "embedded");
        spoil(&fresh);
        let first = fresh.run(arguments).with(2);
        assert!(!fresh.path(".scimulate").exists(), "{title}: {:?}", fresh.tree(".scimulate").keys());

        let used = Sandbox::with_users(3, "embedded");
        used.run("run -q").with(0);
        let before = used.tree(".scimulate");
        spoil(&used);
        let again = used.run(arguments).with(2);
        assert_eq!(first.stderr, again.stderr, "{title}");
        assert!(used.tree(".scimulate") == before, "{title}: the state changed");

        assert_eq!(first.stdout, "", "{title}");
        writeln!(self.0, "## {title}\n{}", first.stderr).expect("text can always be written");
    }
}

fn source(sandbox: &Sandbox, line: &str) {
    sandbox.edit("scimulate.toml", "users = \"users.csv\"", line);
}

fn target(sandbox: &Sandbox, line: &str) {
    sandbox.edit("scimulate.toml", "tenant_url = \"embedded\"", line);
}

fn provisioning(sandbox: &Sandbox, line: &str) {
    sandbox.edit("scimulate.toml", "scope = \"all\"", &format!("scope = \"all\"\n{line}"));
}

#[test]
fn files_of_the_export() {
    let mut cases = Cases::new();
    cases.check("missing file", |sandbox| fs::remove_file(sandbox.path("users.csv")).unwrap());
    cases.check("folder for a file", |sandbox| {
        sandbox.write("folder/notes.txt", "nothing to read\n");
        source(sandbox, "users = \"users.csv\"\napplication = \"folder\"");
    });
    cases.check("folder without pages", |sandbox| {
        sandbox.write("folder/notes.txt", "nothing to read\n");
        source(sandbox, "users = \"folder\"");
    });
    cases.check("no delimiter found", |sandbox| sandbox.write("users.csv", "id userPrincipalName\n1 ann\n"));
    cases.check("duplicate header", |sandbox| {
        sandbox.edit("users.csv", "displayName,givenName", "displayName,displayName");
    });
    cases.check("no id column", |sandbox| sandbox.edit("users.csv", "id,user", "number,user"));
    cases.check("no userPrincipalName column", |sandbox| sandbox.edit("users.csv", "userPrincipalName", "login"));
    cases.check("empty file", |sandbox| sandbox.write("users.csv", ""));
    insta::assert_snapshot!("bad_export", cases.0);
}

#[test]
fn files_that_are_cut_off() {
    let mut cases = Cases::new();
    cases.check("last record cut off", |sandbox| {
        let text = users(1..=3);
        sandbox.write("users.csv", &text[..text.len() - 30]);
    });
    cases.check("open quote at the end", |sandbox| sandbox.edit("users.csv", "User 3", "\"User 3"));
    cases.check("cut off inside the header", |sandbox| sandbox.write("users.csv", "id,userPrincipalName,displ"));
    cases.check("JSON cut off", |sandbox| {
        sandbox.write("users.json", format!("{{\"value\":[{JSON_USER},{{\"id\":\"5f"));
        source(sandbox, "users = \"users.json\"");
    });
    cases.check("JSON page missing", |sandbox| {
        let link = "https://graph.microsoft.com/v1.0/users?$skiptoken=x";
        sandbox.write("pages/1.json", format!("{{\"@odata.nextLink\":\"{link}\",\"value\":[{JSON_USER}]}}"));
        source(sandbox, "users = \"pages\"");
    });
    cases.check("invalid JSON", |sandbox| {
        sandbox.write("users.json", format!("{{\"value\": [\n  {JSON_USER},\n  {{\"id\": nobody}}\n]}}\n"));
        source(sandbox, "users = \"users.json\"");
    });
    insta::assert_snapshot!("cut_off_export", cases.0);
}

#[test]
fn config() {
    let mut cases = Cases::new();
    cases.check("assigned without assignments", |sandbox| {
        sandbox.edit("scimulate.toml", "scope = \"all\"", "scope = \"assigned\"");
    });
    cases.check("unknown key", |sandbox| sandbox.edit("scimulate.toml", "users = ", "user = "));
    cases.check("invalid URL", |sandbox| target(sandbox, "tenant_url = \"api.wedo.example/scim/v2\""));
    cases.check("plain http", |sandbox| target(sandbox, "tenant_url = \"http://api.wedo.example/scim/v2\""));
    cases.check("no TOML", |sandbox| sandbox.edit("scimulate.toml", "[source]", "[source"));
    cases.check_command("missing config", "run -c other.toml", |_| {});
    insta::assert_snapshot!("bad_config", cases.0);
}

#[test]
fn mapping_and_filters() {
    let filter = |sandbox: &Sandbox, operator: &str, value: &str| {
        let clause = format!("{{ attribute = \"jobTitle\", operator = \"{operator}\", value = \"{value}\" }}");
        let filter = format!("\n[[provisioning.scoping_filter]]\ntitle = \"Engineers\"\nclauses = [ {clause} ]\n");
        provisioning(sandbox, &filter);
    };
    let mut cases = Cases::new();
    cases.check("unknown operator", |sandbox| filter(sandbox, "EQUAL", "Engineer"));
    cases.check("invalid regular expression", |sandbox| filter(sandbox, "REGEX MATCH", "Eng(.*"));
    cases.check("no matching attribute", |sandbox| {
        assert!(SCHEMA.contains("\"matchingPriority\": 1"));
        sandbox.write("schema.json", SCHEMA.replace("\"matchingPriority\": 1", "\"matchingPriority\": 0"));
        provisioning(sandbox, "mapping = \"schema.json\"");
    });
    cases.check("mapping that is missing", |sandbox| provisioning(sandbox, "mapping = \"schema.json\""));
    cases.check("mapping that is no JSON", |sandbox| {
        sandbox.write("schema.json", "{\n  \"synchronizationRules\": [,]\n}\n");
        provisioning(sandbox, "mapping = \"schema.json\"");
    });
    insta::assert_snapshot!("bad_mapping", cases.0);
}

#[test]
fn token() {
    let remote = "tenant_url = \"https://api.wedo.example/scim/v2\"";
    let mut cases = Cases::new();
    cases.check("token not set", |sandbox| target(sandbox, &format!("{remote}\nsecret_token_env = \"NO_TOKEN\"")));
    cases.check("token file missing", |sandbox| {
        target(sandbox, &format!("{remote}\nsecret_token_file = \"secret.txt\""));
    });
    cases.check("token file empty", |sandbox| {
        sandbox.write("secret.txt", "\n");
        target(sandbox, &format!("{remote}\nsecret_token_file = \"secret.txt\""));
    });
    cases.check("token in the config", |sandbox| {
        target(sandbox, &format!("{remote}\nsecret_token = \"{TOKEN}\""));
    });
    cases.check("no token", |sandbox| target(sandbox, remote));
    assert!(!cases.0.contains(TOKEN));
    insta::assert_snapshot!("bad_token", cases.0);
}

#[test]
fn state() {
    let mut text = String::new();
    let mut check = |title: &str, arguments: &str, spoil: &dyn Fn(&Sandbox)| {
        let sandbox = Sandbox::with_users(3, "embedded");
        sandbox.run("run -q").with(0);
        spoil(&sandbox);
        let before = sandbox.tree("");
        let ended = sandbox.run(arguments).with(2);
        assert!(sandbox.tree("") == before, "{title}: files changed");
        assert_eq!(ended.stdout, "", "{title}");
        writeln!(text, "## {title}\n{}", ended.stderr).unwrap();
    };
    let newer = |sandbox: &Sandbox| {
        let state = rusqlite::Connection::open(sandbox.path(".scimulate/test.db")).unwrap();
        state.pragma_update(None, "user_version", 99).unwrap();
        state.pragma_update(None, "journal_mode", "DELETE").unwrap();
    };
    check("state from a newer version", "run", &newer);
    check("plan on state from a newer version", "plan", &newer);
    check("status of state from a newer version", "status", &newer);
    let other = |sandbox: &Sandbox| {
        target(sandbox, "tenant_url = \"https://api.wedo.example/scim/v2\"\nsecret_token_env = \"TOKEN\"");
    };
    check("state of another target", "run", &other);
    let tenant = |sandbox: &Sandbox| {
        source(sandbox, "users = \"users.csv\"\ntenant_id = \"11111111-1111-4111-8111-111111111111\"");
        sandbox.run("run -q").with(0);
        sandbox.edit("scimulate.toml", "11111111-1111", "22222222-2222");
    };
    check("state of another tenant", "run", &tenant);
    check("plan on state of another tenant", "plan", &tenant);
    let user = "user1@contoso.com";
    for (title, spoil) in
        [("state of another target", &other as &dyn Fn(&Sandbox)), ("state of another tenant", &tenant)]
    {
        check(&format!("provision on {title}"), &format!("provision {user}"), spoil);
        check(&format!("restart on {title}"), "restart", spoil);
        check(&format!("a link in {title}"), &format!("links get {user}"), spoil);
        check(&format!("links in {title}"), "links list", spoil);
        check(&format!("a link to delete in {title}"), &format!("links delete {user}"), spoil);
        check(&format!("deletions of {title}"), "allow-deletes", spoil);
    }
    check("state folder is a file", "run --state users.csv", &|_| {});
    check("state folder below a file", "run --state users.csv/state", &|_| {});
    check("state file is a folder", "run --job other", &|sandbox| {
        fs::create_dir(sandbox.path(".scimulate/other.db")).unwrap();
    });
    check("state file of another program", "run --job other", &|sandbox| {
        sandbox
            .write(".scimulate/other.db", "this is no database, but it is long enough to be taken for one\n".repeat(9));
    });
    insta::assert_snapshot!("bad_state", text);
}
