//! A small tenant before and after some changes, and what an endpoint holds of it.

#![expect(clippy::unwrap_used, reason = "a test that can't be set up fails")]

use std::collections::BTreeMap;
use std::path::Path;

use scimulate::base::{Random, Timestamp};
use scimulate::clock::Clock;
use scimulate::scim::{Resource, ResourceSchema};
use scimulate::target::{Endpoint, EndpointOptions, Storage};
use serde_json::Value;

use crate::support::process::Sandbox;

const ID: &str = "00000000-0000-4000-8000-0000000000";
const COLUMNS: &str = "id,userPrincipalName,displayName,accountEnabled,givenName,surname,mailNickname,jobTitle,\
                       department,mail,preferredLanguage,officeLocation,streetAddress,city,state,postalCode,country,\
                       telephoneNumber,mobile,faxNumber,employeeId\n";

/// Accounts that are there already: one that is disabled, one in another letter case that is neither active nor
/// disabled, both without an address, and one that has the externalId of somebody else.
const ACCOUNTS: &str = r#"[
    {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "dan@contoso.com", "active": false},
    {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "Eva@Contoso.com"},
    {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "other@contoso.com", "externalId": "fay",
     "active": true}
]"#;

/// Writes the config, the accounts and the first export.
pub(super) fn set_up(sandbox: &Sandbox, tenant_url: &str) {
    let target = format!("tenant_url = \"{tenant_url}\"\nsecret_token_env = \"TOKEN\"\nrate = \"unlimited\"");
    let source =
        "users = \"users.csv\"\ngroups = \"groups.csv\"\nmembers = \"members.csv\"\nmanagers = \"managers.csv\"";
    let config = format!(
        "job = \"faults\"\n\n[target]\n{target}\nconcurrency = 1\n\n[source]\n{source}\n\n\
         [provisioning]\nmapping = \"scim\"\nscope = \"all\"\n"
    );
    sandbox.write("scimulate.toml", config);
    sandbox.write("accounts.json", ACCOUNTS);
    let user = |number: u32, name: &str| user(number, name, true, "Engineer", "R&D", &format!("{name}@contoso.com"));
    let users = ["ann", "bob", "cem", "dan", "eva", "fay"].iter().zip(1..).map(|(name, number)| user(number, name));
    sandbox.write("users.csv", users.fold(COLUMNS.to_owned(), |text, row| text + &row));
    sandbox.write("groups.csv", groups(&[("a1", "Design"), ("a2", "Sales")]));
    sandbox.write("members.csv", pairs("groupId,memberId", &[("a1", "01"), ("a1", "03"), ("a2", "04")]));
    sandbox.write("managers.csv", pairs("userId,managerId", &[("03", "01"), ("04", "01")]));
}

/// Writes the second export: Ann rises, Bob leaves, Cem gets another address and loses his manager, Eva gets one,
/// Gil is new; Design is renamed, Cem goes, Dan and Gil come; Sales is gone.
pub(super) fn change(sandbox: &Sandbox) {
    let mail = |name: &str| format!("{name}@contoso.com");
    let rows = [
        user(1, "ann", true, "Chief", "Board", &mail("ann")),
        user(2, "bob", false, "Engineer", "R&D", &mail("bob")),
        user(3, "cem", true, "Engineer", "R&D", &mail("cem.aydin")),
        user(4, "dan", true, "Engineer", "R&D", &mail("dan")),
        user(5, "eva", true, "Engineer", "R&D", &mail("eva")),
        user(6, "fay", true, "Engineer", "R&D", &mail("fay")),
        user(7, "gil", true, "Engineer", "R&D", &mail("gil")),
    ];
    sandbox.write("users.csv", COLUMNS.to_owned() + &rows.concat());
    sandbox.write("groups.csv", groups(&[("a1", "Design Team")]));
    let members = [("a1", "01"), ("a1", "04"), ("a1", "07")];
    sandbox.write("members.csv", pairs("groupId,memberId", &members));
    sandbox.write("managers.csv", pairs("userId,managerId", &[("04", "01"), ("05", "04")]));
}

fn user(number: u32, name: &str, enabled: bool, title: &str, department: &str, mail: &str) -> String {
    let (given, enabled) = (name[..1].to_uppercase() + &name[1..], if enabled { "True" } else { "False" });
    format!(
        "{ID}{number:02},{name}@contoso.com,{given},{enabled},{given},Novak,{name},{title},{department},{mail}{}\n",
        ",".repeat(11)
    )
}

fn groups(rows: &[(&str, &str)]) -> String {
    let row = |(id, name): &(&str, &str)| format!("{ID}{id},{name},True\n");
    format!("id,displayName,securityEnabled\n{}", rows.iter().map(row).collect::<String>())
}

fn pairs(columns: &str, rows: &[(&str, &str)]) -> String {
    let row = |(from, to): &(&str, &str)| format!("{ID}{from},{ID}{to}\n");
    format!("{columns}\n{}", rows.iter().map(row).collect::<String>())
}

/// What an endpoint holds: by the name of a user or group its attributes, by their paths.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Content(BTreeMap<String, BTreeMap<String, String>>);

/// Names of resources by their ids.
#[derive(Debug, Clone, Default)]
pub(super) struct Names(Vec<(String, String)>);

impl Names {
    /// A text with names in the place of ids, longer ids first.
    pub(super) fn put_into(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (id, name)| text.replace(id.as_str(), name))
    }
}

impl Content {
    /// Reads what `serve --data` left.
    pub(super) fn read(path: &Path) -> (Self, Names) {
        let users = ResourceSchema::user().with_extension(ResourceSchema::enterprise_user());
        let clock = Clock::starting_at(Timestamp::UNIX_EPOCH);
        let options = EndpointOptions::scim(users, Vec::new(), clock, Random::seeded(0));
        let endpoint = Endpoint::new(options, Storage::file(path).unwrap()).unwrap();
        let resources: Vec<_> =
            [endpoint.resources().unwrap(), endpoint.groups().unwrap()].concat().into_iter().collect();
        let mut names: Vec<_> = resources
            .iter()
            .map(|resource| (resource.id().unwrap(), format!("<{}>", name(resource).trim_end_matches("@contoso.com"))))
            .collect();
        names.sort_by_key(|(id, _)| std::cmp::Reverse(id.len()));
        let names = Names(names);
        let mut content = BTreeMap::new();
        for resource in resources {
            let name = name(&resource);
            let mut attributes = BTreeMap::new();
            let mut document = resource.into_value();
            // who belongs to a group is told by the group
            for own in ["id", "meta", "schemas", "groups"] {
                document.as_object_mut().unwrap().remove(own);
            }
            flatten(&document, "", &names, &mut attributes);
            let is_first = content.insert(name.clone(), attributes).is_none();
            assert!(is_first, "there are two of {name}");
        }
        (Self(content), names)
    }

    pub(super) fn names(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }

    /// Where this isn't as it should be, a line for each resource.
    pub(super) fn differences(&self, right: &Self) -> Vec<String> {
        let short = |name: &String| name.trim_end_matches("@contoso.com").to_owned();
        let (lost, kept): (Vec<_>, Vec<_>) = right.0.iter().partition(|(name, _)| !self.0.contains_key(*name));
        let mut lines = Vec::new();
        if !lost.is_empty() {
            lines.push(format!("missing: {}", lost.iter().map(|(name, _)| short(name)).collect::<Vec<_>>().join(", ")));
        }
        for (name, attributes) in kept {
            let found = &self.0[name];
            let lacks: Vec<_> = attributes.keys().filter(|path| !found.contains_key(*path)).cloned().collect();
            let lacks = (!lacks.is_empty()).then(|| format!("no {}", lacks.join(", ")));
            let others = found.iter().filter_map(|(path, is)| match attributes.get(path) {
                Some(should_be) if is == should_be => None,
                Some(should_be) => Some(format!("{path} {is}, not {should_be}")),
                None => Some(format!("{path} {is}, not none")),
            });
            let told: Vec<_> = lacks.into_iter().chain(others).collect();
            if !told.is_empty() {
                lines.push(format!("{}: {}", short(name), told.join("; ")));
            }
        }
        let more: Vec<_> = self.0.keys().filter(|name| !right.0.contains_key(*name)).map(short).collect();
        if !more.is_empty() {
            lines.push(format!("besides: {}", more.join(", ")));
        }
        lines
    }
}

fn name(resource: &Resource) -> String {
    let text = |name| resource.get(name).and_then(Value::as_str).map(str::to_owned);
    text("userName").map(|name| name.to_lowercase()).or_else(|| text("displayName")).unwrap_or_default()
}

/// Attributes by their paths; entries of lists as sorted texts.
fn flatten(value: &Value, path: &str, names: &Names, into: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let short = name.rsplit(':').next().unwrap_or_default();
                let path = if path.is_empty() { short.to_owned() } else { format!("{path}.{short}") };
                flatten(value, &path, names, into);
            }
        }
        Value::Array(entries) => {
            let mut entries: Vec<_> = entries.iter().map(|entry| names.put_into(&entry.to_string())).collect();
            entries.sort();
            into.insert(path.to_owned(), format!("[{}]", entries.join(", ")));
        }
        value => {
            into.insert(path.to_owned(), names.put_into(&value.to_string()));
        }
    }
}
