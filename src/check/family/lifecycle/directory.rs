//! A made-up directory, exported into a folder as an admin's downloads are.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use tempfile::TempDir;
use uuid::Uuid;

use crate::base::Timestamp;
use crate::check::values::{Person, Values, made_up};
use crate::directory::{AttributeNames, Slot};
use crate::schema::{AttributeMapping, AttributeSource, CompiledSchema, FlowType, ObjectKind, ObjectMapping};
use crate::scim::{AttributePath, AttributeType, Mutability};
use crate::source::{Export, SourcePaths};

/// Where a user of the directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Assigned to the application.
    Assigned,
    /// Switched off, and no longer assigned.
    Left,
    /// Deleted, and kept for 30 days.
    RecycleBin,
    /// Gone for good.
    Purged,
}

/// A user of the directory.
#[derive(Debug)]
pub(super) struct Employee {
    pub(super) id: Uuid,
    person: Person,
    /// How often what is known of them has changed.
    pub(super) round: u32,
    pub(super) place: Place,
    pub(super) manager: Option<Uuid>,
}

/// A group of the directory.
#[derive(Debug)]
pub(super) struct Team {
    pub(super) id: Uuid,
    person: Person,
    /// How often it was renamed.
    pub(super) round: u32,
    pub(super) members: Vec<Uuid>,
    pub(super) is_assigned: bool,
}

/// Users, groups, and who is assigned to the application.
pub(super) struct Directory {
    folder: TempDir,
    rules: Arc<CompiledSchema>,
    values: Values,
    application: Uuid,
    role: Uuid,
    pub(super) users: Vec<Employee>,
    pub(super) teams: Vec<Team>,
}

impl Employee {
    pub(super) fn new(id: Uuid, person: Person) -> Self {
        Self { id, person, round: 0, place: Place::Assigned, manager: None }
    }
}

impl Team {
    pub(super) fn new(id: Uuid, person: Person, members: Vec<Uuid>) -> Self {
        Self { id, person, round: 0, members, is_assigned: true }
    }
}

impl Directory {
    /// A directory of nobody, in a folder that nobody else can read.
    pub(super) fn new(rules: Arc<CompiledSchema>, values: Values, mut guid: impl FnMut() -> Uuid) -> io::Result<Self> {
        let folder = private_folder()?;
        let (application, role) = (guid(), guid());
        Ok(Self { folder, rules, values, application, role, users: Vec::new(), teams: Vec::new() })
    }

    /// The folder, for the state beside the export.
    pub(super) fn folder(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// Whether a user's account changes when what is known of the user does.
    pub(super) fn is_user_changeable(&self) -> bool {
        let mapping = &self.rules.users;
        let mut slots = self.rules.attributes.iter().filter(|(_, name)| !is_computed(name));
        slots.any(|(slot, _)| !is_identity(mapping, slot) && flows(mapping, slot))
    }

    /// Whether a group is renamed when its display name changes.
    pub(super) fn is_group_renamable(&self) -> bool {
        let name = self.rules.group_attributes.get("displayName");
        self.rules.groups.as_ref().zip(name).is_some_and(|(mapping, name)| flows(mapping, name))
    }

    /// Whether an account is switched off when its user leaves.
    pub(super) fn is_user_disabled(&self) -> bool {
        let mapping = &self.rules.users;
        let tells = |slot: &Slot| {
            ["issoftdeleted", "accountenabled"].contains(&self.rules.attributes.name(*slot).to_lowercase().as_str())
        };
        mapping.active.is_some_and(|active| mapping.attributes[active].slots.iter().any(tells))
    }

    /// Exports it as it is now.
    pub(super) fn export(&self, now: Timestamp) -> Result<Arc<Export>, String> {
        let write = |name: &str, document: &Value| {
            let path = self.folder.path().join(name);
            let written = fs::write(&path, document.to_string());
            written.map(|()| path).map_err(|error| format!("the made-up directory can't be written: {error}"))
        };
        let of = |places: &[Place]| {
            let there = self.users.iter().filter(|user| places.contains(&user.place));
            json!({ "value": there.map(|user| self.user(user, now)).collect::<Vec<_>>() })
        };
        let groups = self.rules.groups.as_ref().map(|mapping| {
            let all = self.teams.iter().map(|team| self.group(team, mapping));
            write("groups.json", &json!({ "value": all.collect::<Vec<_>>() }))
        });
        let paths = SourcePaths {
            users: write("users.json", &of(&[Place::Assigned, Place::Left]))?,
            deleted_users: Some(write("deleted.json", &of(&[Place::RecycleBin]))?),
            groups: groups.transpose()?,
            application: Some(write("application.json", &self.application())?),
            assignments: Some(write("assignments.json", &self.assignments())?),
            ..SourcePaths::default()
        };
        let export = Export::open(&paths).map_err(|error| format!("the made-up directory can't be read: {error}"))?;
        Ok(Arc::new(export))
    }

    fn application(&self) -> Value {
        let role = json!({
            "id": self.role.to_string(), "value": "User", "displayName": "User", "isEnabled": true, "allowedMemberTypes": ["User"]
        });
        json!({ "id": self.application.to_string(), "servicePrincipalType": "Application", "appRoles": [role] })
    }

    fn assignments(&self) -> Value {
        let users = self.users.iter().filter(|user| user.place == Place::Assigned).map(|user| (user.id, "User"));
        let groups = self.teams.iter().filter(|team| team.is_assigned).map(|team| (team.id, "Group"));
        let one = |(id, kind): (Uuid, &str)| {
            json!({
                "principalId": id.to_string(),
                "principalType": kind,
                "appRoleId": self.role.to_string(),
                "resourceId": self.application.to_string(),
            })
        };
        json!({ "value": users.chain(groups).map(one).collect::<Vec<_>>() })
    }

    /// A user with every attribute that the mapping looks at.
    fn user(&self, user: &Employee, now: Timestamp) -> Value {
        let (mapping, person) = (&self.rules.users, &user.person);
        let mut members = Map::new();
        members.insert("id".to_owned(), json!(user.id.to_string()));
        members.insert("accountEnabled".to_owned(), json!(user.place == Place::Assigned));
        members.insert(
            "manager".to_owned(),
            user.manager.map_or(Value::Null, |manager| json!({ "id": manager.to_string() })),
        );
        if user.place == Place::RecycleBin {
            members.insert("deletedDateTime".to_owned(), json!(now.to_string()));
        }
        let name = made_up(ObjectKind::User, &path("userName"), person, 0);
        members.insert("userPrincipalName".to_owned(), name);
        for (slot, name) in self.rules.attributes.iter().filter(|(_, name)| !is_computed(name)) {
            let round = if is_identity(mapping, slot) || name == "userPrincipalName" { 0 } else { user.round };
            let value = match direct(mapping, slot) {
                Some(attribute) => self.values.one(ObjectKind::User, attribute, person, round),
                None => of_user(name, person, round),
            };
            members.insert(name.to_owned(), value);
        }
        Value::Object(members)
    }

    fn group(&self, team: &Team, mapping: &ObjectMapping) -> Value {
        let names: &AttributeNames = &self.rules.group_attributes;
        let member = |id: &Uuid| json!({ "id": id.to_string() });
        let mut members = Map::new();
        members.insert("id".to_owned(), json!(team.id.to_string()));
        members.insert("securityEnabled".to_owned(), json!(true));
        members.insert("mailEnabled".to_owned(), json!(false));
        members.insert("members".to_owned(), team.members.iter().map(member).collect());
        let name = made_up(ObjectKind::Group, &path("displayName"), &team.person, team.round);
        members.insert("displayName".to_owned(), name);
        for (slot, name) in names.iter().filter(|(_, name)| !is_computed(name) && !name.ends_with("Enabled")) {
            let round = if name == "displayName" { team.round } else { 0 };
            let value = match direct(mapping, slot) {
                Some(attribute) => self.values.one(ObjectKind::Group, attribute, &team.person, round),
                None if members.contains_key(name) => continue,
                None => of_user(name, &team.person, round),
            };
            members.insert(name.to_owned(), value);
        }
        Value::Object(members)
    }
}

/// What a user or group has anyway, or has by what is decided about it.
fn is_computed(name: &str) -> bool {
    const OTHERS: [&str; 8] = [
        "issoftdeleted",
        "approleassignments",
        "objectid",
        "accountenabled",
        "manager",
        "members",
        "deleteddatetime",
        "originaluserprincipalname",
    ];
    OTHERS.contains(&name.to_lowercase().as_str())
}

/// Whether somebody is known by it at the target: it stays as it is.
fn is_identity(mapping: &ObjectMapping, slot: Slot) -> bool {
    let is_known_by = |(index, attribute): (usize, &AttributeMapping)| {
        let path = &attribute.target.path.attribute;
        mapping.matching.contains(&index)
            || ["userName", "externalId"].iter().any(|name| path.eq_ignore_ascii_case(name))
    };
    let all = mapping.attributes.iter().enumerate();
    all.filter(|(_, attribute)| attribute.slots.contains(&slot)).any(is_known_by)
}

/// Whether a change of a source attribute reaches the target.
fn flows(mapping: &ObjectMapping, slot: Slot) -> bool {
    let reaches = |attribute: &AttributeMapping| {
        attribute.flow == FlowType::Always
            && attribute.slots.contains(&slot)
            && attribute.target.mutability == Mutability::ReadWrite
            && attribute.target.kind != AttributeType::Reference
    };
    mapping.attributes.iter().any(reaches)
}

/// The target attribute that takes a source attribute as it is; the user name rather than others.
fn direct(mapping: &ObjectMapping, slot: Slot) -> Option<&AttributeMapping> {
    let takes = |attribute: &&AttributeMapping| {
        matches!(attribute.source, AttributeSource::Direct(source) if source == slot)
            && attribute.target.kind != AttributeType::Reference
    };
    let is_name = |attribute: &&AttributeMapping| attribute.target.path.attribute.eq_ignore_ascii_case("userName");
    let all = || mapping.attributes.iter().filter(takes);
    all().find(is_name).or_else(|| all().next())
}

/// What stands in the target attributes that source attributes usually lead to.
const USUAL: [(&str, &str); 22] = [
    ("city", "addresses[type eq \"work\"].locality"),
    ("companyName", "organization"),
    ("country", "addresses[type eq \"work\"].country"),
    ("employeeId", "employeeNumber"),
    ("employeeOrgData.costCenter", "costCenter"),
    ("employeeOrgData.division", "division"),
    ("facsimileTelephoneNumber", "phoneNumbers[type eq \"fax\"].value"),
    ("givenName", "name.givenName"),
    ("jobTitle", "title"),
    ("mail", "emails[type eq \"work\"].value"),
    ("mobile", "phoneNumbers[type eq \"mobile\"].value"),
    ("onPremisesUserPrincipalName", "userName"),
    ("physicalDeliveryOfficeName", "addresses[type eq \"other\"].formatted"),
    ("postalCode", "addresses[type eq \"work\"].postalCode"),
    ("sipProxyAddress", "ims[type eq \"sip\"].value"),
    ("state", "addresses[type eq \"work\"].region"),
    ("streetAddress", "addresses[type eq \"work\"].streetAddress"),
    ("surname", "name.familyName"),
    ("telephoneNumber", "phoneNumbers[type eq \"work\"].value"),
    ("usageLocation", "addresses[type eq \"work\"].country"),
    ("userPrincipalName", "userName"),
    ("otherMails", "emails[type eq \"home\"].value"),
];

/// Attributes that are unique in a directory.
const UNIQUE: [&str; 5] =
    ["mailNickname", "netId", "onPremisesImmutableId", "onPremisesSamAccountName", "onPremisesSecurityIdentifier"];

/// A value for a source attribute that no target attribute takes as it is.
fn of_user(name: &str, person: &Person, round: u32) -> Value {
    match name {
        "dirSyncEnabled" => return json!(false),
        "userType" => return json!("Member"),
        "proxyAddresses" => return json!([format!("SMTP:{}@example.com", person.unique())]),
        name if UNIQUE.contains(&name) => return json!(person.unique()),
        _ => {}
    }
    let usual = USUAL.iter().find(|(source, _)| *source == name).map_or(name, |(_, path)| *path);
    let value = made_up(ObjectKind::User, &path(usual), person, round);
    if name == "otherMails" { json!([value]) } else { value }
}

fn path(text: &str) -> AttributePath {
    AttributePath::parse(text).unwrap_or_else(|_| AttributePath {
        urn: None,
        attribute: text.to_owned(),
        filter: None,
        sub_attribute: None,
    })
}

fn private_folder() -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("scimulate-check-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o700));
    }
    builder.tempdir()
}
