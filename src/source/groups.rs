//! Groups with their immediate members: Graph JSON, CSV, and lists of memberships.

use std::ops::ControlFlow;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde::Deserialize;
use serde::de::IgnoredAny;
use uuid::Uuid;

use super::SourceError;
use super::columns::boolean;
use super::csv_file::CsvFile;
use super::files::{FileSummary, Input, InputFile};
use super::findings::Findings;
use super::group_attributes::{GroupColumns, Values, flatten};
use super::json_file::{each_object, parse};
use super::principals::{NamedPrincipal, PrincipalKind};
use super::users::{check_next_link, is_json, json_format};
use super::users_json::Scalar;
use crate::base::{Diagnostic, SourceId};
use crate::directory::{AttributeNames, AttributeValue, Group, GroupAttributes, Known, canonical_group_name};

/// Groups in the order in which they were met.
#[derive(Debug, Default)]
pub(super) struct GroupList {
    pub(super) groups: Vec<Group>,
    index: FxHashMap<SourceId, usize>,
    /// Memberships whose member is given by name, with the group's index.
    pub(super) named: Vec<(NamedPrincipal, usize)>,
    /// Whether there is a groups file: then a group must be in it to be known by name, and to be provisioned.
    declared: bool,
}

#[derive(Deserialize)]
struct GroupJson<'a> {
    #[serde(borrow, default, alias = "objectId", alias = "Id")]
    id: Scalar<'a>,
    #[serde(borrow, default, alias = "Members")]
    members: Option<Vec<MemberJson<'a>>>,
    /// Members of a delta query, which leaves it out where there are none.
    #[serde(borrow, default, rename = "members@delta")]
    members_delta: Option<Vec<MemberJson<'a>>>,
    #[serde(borrow, default, rename = "members@odata.nextLink")]
    next_members: Scalar<'a>,
    #[serde(default, rename = "@removed")]
    removed: Option<IgnoredAny>,
    #[serde(flatten)]
    others: serde_json::Map<String, serde_json::Value>,
}

impl GroupJson<'_> {
    fn display_name(&self) -> &str {
        let found = self.others.iter().find(|(name, _)| canonical_group_name(name) == "displayName");
        found.and_then(|(_, name)| name.as_str()).unwrap_or_default()
    }
}

/// What the groups of all JSON files have in common, and the values of each.
#[derive(Default)]
struct JsonAttributes {
    columns: AttributeNames,
    of_groups: Vec<(usize, Values)>,
    /// Whether there are groups that list their members.
    has_members: bool,
    /// File and line of the groups that don't.
    memberless: Vec<(usize, usize)>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum MemberJson<'a> {
    Object {
        #[serde(borrow, default, alias = "objectId", alias = "Id")]
        id: Scalar<'a>,
        #[serde(default, rename = "@removed")]
        removed: Option<IgnoredAny>,
    },
    Id(#[serde(borrow)] Scalar<'a>),
}

impl MemberJson<'_> {
    fn id(&self) -> Option<SourceId> {
        match self {
            Self::Object { removed: Some(_), .. } => None,
            Self::Object { id, .. } | Self::Id(id) => SourceId::parse(id.text()).ok(),
        }
    }

    /// Whether it can't be told who it is. One that a delta says was removed is none.
    fn is_unusable(&self) -> bool {
        !matches!(self, Self::Object { removed: Some(_), .. }) && self.id().is_none()
    }
}

impl GroupList {
    pub(super) fn read_groups(&mut self, input: &Input, findings: &mut Findings) -> Result<FileSummary, SourceError> {
        self.declared = true;
        let (mut rows, mut format) = (0, String::new());
        let mut attributes = JsonAttributes::default();
        for (index, file) in input.files.iter().enumerate() {
            if !is_json(file)? {
                rows += self.read_groups_csv(file, findings, &mut format)?;
                continue;
            }
            let mut incomplete: Option<(usize, String)> = None;
            let ending = each_object(file, &mut |bytes, place| {
                let (json, length) = parse(std::marker::PhantomData::<GroupJson<'_>>, bytes)?;
                if incomplete.is_none() && !json.next_members.text().is_empty() {
                    incomplete = Some((place.line(), json.display_name().to_owned()));
                }
                attributes.has_members |= json.members.is_some();
                let is_memberless = json.members.is_none() && json.members_delta.is_none();
                if self.add_json(json, &mut attributes, file, &|| place.line(), findings) && is_memberless {
                    attributes.memberless.push((index, place.line()));
                }
                Ok((length, ControlFlow::Continue(())))
            })?;
            if let Some((line, name)) = incomplete {
                return Err(SourceError::cut_off(
                    Diagnostic::error(format!("the members of the group \"{name}\" go on at a next link"))
                        .in_file(&file.name)
                        .at_line(line)
                        .in_field("members@odata.nextLink")
                        .with_hint("list all memberships in a CSV `groupId,memberId` and name it as `members`"),
                ));
            }
            check_next_link(file, &ending, index + 1 == input.files.len())?;
            rows += ending.objects;
            format = json_format(&ending);
        }
        for (file, line) in attributes.memberless.into_iter().filter(|_| attributes.has_members) {
            findings.add(|| {
                Diagnostic::warning("this group lists no members, others do: nobody is taken to have left a group")
                    .in_file(&input.files[file].name)
                    .at_line(line)
                    .in_field("members")
                    .with_hint("export every group with its members, those without any as `\"members\": []`")
            });
        }
        let columns = Arc::new(attributes.columns);
        for (group, values) in attributes.of_groups {
            self.groups[group].attributes = GroupAttributes::new(Arc::clone(&columns), values);
        }
        Ok(summary(input, format, rows))
    }

    /// Whether the group was taken up.
    fn add_json(
        &mut self,
        json: GroupJson<'_>,
        attributes: &mut JsonAttributes,
        file: &InputFile,
        line: &dyn Fn() -> usize,
        findings: &mut Findings,
    ) -> bool {
        if json.removed.is_some() {
            return false;
        }
        if json.members.is_some() || json.members_delta.is_some() {
            attributes.columns.slot("members");
        }
        let listed = || json.members.iter().chain(&json.members_delta).flatten();
        for _ in listed().filter(|member| member.is_unusable()) {
            findings.add(|| {
                let text = "a member has no id, so it is left out, and nobody is taken to have left a group";
                Diagnostic::warning(text).in_file(&file.name).at_line(line()).in_field("members")
            });
        }
        let mut values = flatten(&mut attributes.columns, json.others);
        let mut take = |name: &str| {
            let slot = attributes.columns.get(name)?;
            let at = values.iter().position(|(found, _)| *found == slot)?;
            Some(values.remove(at).1)
        };
        let display_name = take("displayName");
        let security_enabled = match take("securityEnabled") {
            Some(AttributeValue::Bool(enabled)) => Some(enabled),
            Some(AttributeValue::String(text)) => boolean(&text),
            _ => None,
        };
        let group = SourceId::parse(json.id.text()).ok().map(|id| Group {
            id,
            display_name: match display_name {
                Some(AttributeValue::String(text)) => text.into_owned(),
                _ => String::new(),
            },
            is_listed: true,
            security_enabled: security_enabled.map_or(Known::Unknown, Known::Known),
            members: listed().filter_map(MemberJson::id).collect(),
            attributes: GroupAttributes::default(),
        });
        let before = self.groups.len();
        self.add(group, file, line, findings);
        let is_new = self.groups.len() > before;
        if is_new {
            attributes.of_groups.push((before, values));
        }
        is_new
    }

    fn add(&mut self, group: Option<Group>, file: &InputFile, line: &dyn Fn() -> usize, findings: &mut Findings) {
        let complain =
            |message: String| Diagnostic::warning(message).in_file(&file.name).at_line(line()).in_field("id");
        match group {
            None => findings.add(|| complain("the id is empty, so the group is left out".to_owned())),
            Some(group) if self.index.contains_key(&group.id) => {
                findings.add(|| complain(format!("the id {} was met before, so this group is left out", group.id)));
            }
            Some(group) => {
                self.index.insert(group.id.clone(), self.groups.len());
                self.groups.push(group);
            }
        }
    }

    fn read_groups_csv(
        &mut self,
        file: &InputFile,
        findings: &mut Findings,
        format: &mut String,
    ) -> Result<u64, SourceError> {
        let mut csv = CsvFile::open(file)?;
        *format = csv.format();
        let Some((columns, names)) = GroupColumns::of(&csv.header) else {
            let message = format!("there is no column for the object id; found: {}", csv.header.list());
            return Err(csv.header.error(&file.name, message, "the file needs a column `id` or `objectId`"));
        };
        let names = Arc::new(names);
        let mut rows = 0;
        while csv.advance(findings)? {
            rows += 1;
            let line = csv.line();
            let cell = |column: usize| lossy(&csv.record()[column]);
            let security_enabled = columns.security_enabled.and_then(|column| boolean(cell(column).trim()));
            let group = SourceId::parse(&cell(columns.id)).ok().map(|id| Group {
                id,
                display_name: columns.display_name.map(cell).unwrap_or_default(),
                is_listed: true,
                security_enabled: security_enabled.map_or(Known::Unknown, Known::Known),
                members: Vec::new(),
                attributes: GroupAttributes::new(Arc::clone(&names), columns.values(&cell)),
            });
            self.add(group, file, &|| line, findings);
        }
        Ok(rows)
    }

    /// Reads `groupId,memberId` lists.
    pub(super) fn read_members(&mut self, input: &Input, findings: &mut Findings) -> Result<FileSummary, SourceError> {
        let (mut rows, mut format) = (0, String::new());
        for file in &input.files {
            let mut csv = CsvFile::open(file)?;
            format = csv.format();
            let group_id = csv.header.find(&["groupId", "groupObjectId"]);
            let group_name = csv.header.find(&["group", "groupName", "groupDisplayName"]);
            let member_id =
                csv.header.find(&["memberId", "memberObjectId", "userId", "userObjectId", "objectId", "id"]);
            let member_name = csv.header.find(&[
                "memberUserPrincipalName",
                "userPrincipalName",
                "upn",
                "member",
                "user",
                "memberName",
                "mail",
            ]);
            let missing = match (group_id.or(group_name), member_id.or(member_name)) {
                (None, _) => Some(("group", "`groupId`, or `group` for its display name")),
                (_, None) => Some(("member", "`memberId`, or `userPrincipalName` for users")),
                _ => None,
            };
            if let Some((what, spelling)) = missing {
                let message = format!("there is no column for the {what}; found: {}", csv.header.list());
                return Err(csv.header.error(&file.name, message, &format!("name it {spelling}")));
            }
            while csv.advance(findings)? {
                rows += 1;
                let line = csv.line();
                let cell = |column: Option<usize>| {
                    column.map_or(String::new(), |at| lossy(&csv.record()[at]).trim().to_owned())
                };
                let complain = |message: String| Diagnostic::warning(message).in_file(&file.name).at_line(line);
                let group = match self.group(&cell(group_id), &cell(group_name)) {
                    Ok(group) => group,
                    Err(message) => {
                        findings.add(|| complain(message));
                        continue;
                    }
                };
                let (id, name) = (cell(member_id), cell(member_name));
                if let Ok(member) = SourceId::parse(&id) {
                    self.groups[group].members.push(member);
                } else if let Ok(guid) = Uuid::try_parse(&name) {
                    self.groups[group].members.push(SourceId::from_guid(guid));
                } else if name.is_empty() {
                    findings.add(|| complain("the member is empty, so the row is left out".to_owned()));
                } else {
                    let named = NamedPrincipal { name, kind: PrincipalKind::Any, file: file.name.clone(), line };
                    self.named.push((named, group));
                }
            }
        }
        Ok(summary(input, format, rows))
    }

    /// The group of a membership; one that only the members list knows is added.
    fn group(&mut self, id: &str, name: &str) -> Result<usize, String> {
        let by_name = || {
            let mut found = (0..).zip(&self.groups).filter(|(_, group)| group.display_name.eq_ignore_ascii_case(name));
            (found.next().map(|(index, _)| index), found.next().is_some())
        };
        let id = match (SourceId::parse(id), SourceId::parse(name)) {
            (Ok(id), _) => id,
            (Err(_), Err(_)) => return Err("the group is empty, so the row is left out".to_owned()),
            (Err(_), Ok(id)) => match by_name() {
                (Some(_), true) => return Err(format!("\"{name}\" means more than one group, so the row is left out")),
                (Some(group), false) => return Ok(group),
                (None, _) if self.declared && !self.index.contains_key(&id) => {
                    return Err(format!("no group of the export is named \"{name}\", so the row is left out"));
                }
                (None, _) => id,
            },
        };
        if let Some(known) = self.index.get(&id) {
            return Ok(*known);
        }
        self.index.insert(id.clone(), self.groups.len());
        self.groups.push(Group {
            id,
            display_name: name.to_owned(),
            is_listed: !self.declared,
            security_enabled: Known::Unknown,
            members: Vec::new(),
            attributes: GroupAttributes::default(),
        });
        Ok(self.groups.len() - 1)
    }
}

fn lossy(cell: &[u8]) -> String {
    String::from_utf8_lossy(cell).into_owned()
}

fn summary(input: &Input, format: String, rows: u64) -> FileSummary {
    FileSummary { kind: input.kind, path: input.path.clone(), files: input.files.len(), format, rows: Some(rows) }
}
