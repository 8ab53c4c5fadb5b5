//! Assignments: Graph's `appRoleAssignedTo`, or a CSV list.

use std::ops::ControlFlow;

use serde::Deserialize;
use uuid::Uuid;

use super::SourceError;
use super::csv_file::CsvFile;
use super::files::{FileSummary, Input, InputFile};
use super::findings::Findings;
use super::json_file::{each_object, parse};
use super::principals::{NamedPrincipal, PrincipalKind};
use super::roles::{Found, RoleBook};
use super::users::{check_next_link, is_json, json_format};
use super::users_json::Scalar;
use crate::base::{Diagnostic, Severity, SourceId};
use crate::directory::{Assignment, RoleIndex};

/// What was read.
#[derive(Debug, Default)]
pub(super) struct AssignmentList {
    pub(super) assignments: Vec<Assignment>,
    /// Assignments of principals that are given by name.
    pub(super) named: Vec<(NamedPrincipal, RoleIndex)>,
    /// The service principal that they belong to.
    pub(super) resource: Option<Uuid>,
    /// Roles that were found to be switched off and noted.
    noted: Vec<RoleIndex>,
    /// Assignments of service principals and devices, which are never provisioned.
    others: u64,
    last_resource: String,
}

#[derive(Deserialize)]
struct AssignmentJson<'a> {
    #[serde(borrow, default, rename = "principalId", alias = "PrincipalId")]
    principal_id: Scalar<'a>,
    #[serde(borrow, default, rename = "principalType", alias = "PrincipalType")]
    principal_type: Scalar<'a>,
    #[serde(borrow, default, rename = "principalDisplayName", alias = "PrincipalDisplayName")]
    principal_name: Scalar<'a>,
    #[serde(borrow, default, rename = "appRoleId", alias = "AppRoleId")]
    role: Scalar<'a>,
    #[serde(borrow, default, rename = "resourceId", alias = "ResourceId")]
    resource: Scalar<'a>,
}

/// One row, whatever the format.
struct Row<'a> {
    file: &'a str,
    id: &'a str,
    name: &'a str,
    kind: PrincipalKind,
    role: &'a str,
    resource: &'a str,
}

pub(super) fn read(
    input: &Input,
    roles: &mut RoleBook,
    resource: Option<Uuid>,
    findings: &mut Findings,
) -> Result<(AssignmentList, FileSummary), SourceError> {
    let mut list = AssignmentList { resource, ..AssignmentList::default() };
    let (mut rows, mut format) = (0, String::new());
    for (index, file) in input.files.iter().enumerate() {
        if is_json(file)? {
            let ending = each_object(file, &mut |bytes, place| {
                let (json, length) = parse(std::marker::PhantomData::<AssignmentJson<'_>>, bytes)?;
                let row = Row {
                    file: &file.name,
                    id: json.principal_id.text(),
                    name: json.principal_name.text(),
                    kind: PrincipalKind::parse(json.principal_type.text()),
                    role: json.role.text(),
                    resource: json.resource.text(),
                };
                list.add(&row, &|| place.line(), roles, findings);
                Ok((length, ControlFlow::Continue(())))
            })?;
            check_next_link(file, &ending, index + 1 == input.files.len())?;
            rows += ending.objects;
            format = json_format(&ending);
        } else {
            rows += list.read_csv(file, roles, findings, &mut format)?;
        }
    }
    if list.others > 0 {
        let others = list.others;
        let message = format!("{others} assignments of service principals or devices are left out");
        let found = Diagnostic::new(Severity::Note, message);
        findings.add(|| found.in_file(input.path.display().to_string()));
    }
    let summary =
        FileSummary { kind: input.kind, path: input.path.clone(), files: input.files.len(), format, rows: Some(rows) };
    Ok((list, summary))
}

const ID_COLUMNS: &[&str] =
    &["principalId", "principalObjectId", "userId", "userObjectId", "groupId", "groupObjectId", "objectId", "id"];
const NAME_COLUMNS: &[&str] = &[
    "userPrincipalName",
    "principalUserPrincipalName",
    "upn",
    "principalName",
    "principal",
    "mail",
    "email",
    "user",
    "userName",
    "principalDisplayName",
    "displayName",
    "group",
    "groupName",
    "name",
];
const TYPE_COLUMNS: &[&str] = &["principalType", "objectType", "type"];
const ROLE_COLUMNS: &[&str] = &[
    "appRoleId",
    "roleId",
    "appRole",
    "role",
    "roleName",
    "appRoleName",
    "appRoleDisplayName",
    "appRoleValue",
    "roleValue",
    "roleAssigned",
    "assignedRole",
];

impl AssignmentList {
    fn read_csv(
        &mut self,
        file: &InputFile,
        roles: &mut RoleBook,
        findings: &mut Findings,
        format: &mut String,
    ) -> Result<u64, SourceError> {
        let mut csv = CsvFile::open(file)?;
        let (id, name) = (csv.header.find(ID_COLUMNS), csv.header.find(NAME_COLUMNS));
        if id.is_none() && name.is_none() {
            let message = format!("there is no column for the principal; found: {}", csv.header.list());
            let hint = "name it `principalId`, or `userPrincipalName` for users";
            return Err(csv.header.error(&file.name, message, hint));
        }
        let Some(role) = csv.header.find(ROLE_COLUMNS) else {
            let message = format!("there is no column for the app role; found: {}", csv.header.list());
            let hint = "name it `appRoleId`, or `role` for its value or display name; an empty cell is Default Access";
            return Err(csv.header.error(&file.name, message, hint));
        };
        let kind = csv.header.find(TYPE_COLUMNS);
        *format = csv.format();
        let mut rows = 0;
        while csv.advance(findings)? {
            rows += 1;
            let line = csv.line();
            let record = csv.record();
            let cell = |column: Option<usize>| column.map_or(Ok(""), |column| str::from_utf8(&record[column]));
            let (Ok(id), Ok(name), Ok(kind), Ok(role)) = (cell(id), cell(name), cell(kind), cell(Some(role))) else {
                findings.add(|| {
                    Diagnostic::warning("the row isn't valid UTF-8, so it is left out")
                        .in_file(&file.name)
                        .at_line(line)
                        .with_hint("save the file as UTF-8")
                });
                continue;
            };
            // People write names into the column for ids.
            let (id, name) = match id.trim() {
                "" => ("", name),
                given if Uuid::try_parse(given).is_err() => ("", given),
                _ => (id, name),
            };
            let row = Row { file: &file.name, id, name, kind: PrincipalKind::parse(kind), role, resource: "" };
            self.add(&row, &|| line, roles, findings);
        }
        Ok(rows)
    }

    fn add(&mut self, row: &Row<'_>, line: &dyn Fn() -> usize, roles: &mut RoleBook, findings: &mut Findings) {
        let place = |found: Diagnostic| found.in_file(row.file).at_line(line());
        if !self.is_own(row.resource) {
            findings.add(|| {
                place(Diagnostic::warning(format!(
                    "an assignment to another application ({}) is left out",
                    row.resource
                )))
                .in_field("resourceId")
                .with_hint("export `appRoleAssignedTo` of the one service principal")
            });
            return;
        }
        if row.kind == PrincipalKind::Other {
            self.others += 1;
            return;
        }
        let role = match roles.find(row.role) {
            Found::Role(role) => role,
            Found::Unknown => {
                findings.add(|| place(unknown_role(row.role, roles.is_declared())));
                return;
            }
        };
        if !roles.get(role).enabled && !self.noted.contains(&role) {
            self.noted.push(role);
            let name = &roles.get(role).display_name;
            let message = format!("the app role \"{name}\" is disabled and still assigned; the assignment counts");
            findings.add(|| place(Diagnostic::new(Severity::Note, message)));
        }
        if let Ok(principal) = SourceId::parse(row.id) {
            self.assignments.push(Assignment { principal, role });
        } else if row.name.trim().is_empty() {
            findings.add(|| place(Diagnostic::warning("the principal is empty, so the assignment is left out")));
        } else if let Ok(guid) = Uuid::try_parse(row.name.trim()) {
            self.assignments.push(Assignment { principal: SourceId::from_guid(guid), role });
        } else {
            let named = NamedPrincipal {
                name: row.name.trim().to_owned(),
                kind: row.kind,
                file: row.file.to_owned(),
                line: line(),
            };
            self.named.push((named, role));
        }
    }

    /// Whether an assignment belongs to the application; the first one says which that is where the
    /// application file didn't.
    fn is_own(&mut self, resource: &str) -> bool {
        if resource.is_empty() || resource == self.last_resource {
            return true;
        }
        let Ok(id) = Uuid::try_parse(resource) else { return true };
        if *self.resource.get_or_insert(id) != id {
            return false;
        }
        resource.clone_into(&mut self.last_resource);
        true
    }
}

fn unknown_role(role: &str, declared: bool) -> Diagnostic {
    let hint = if declared {
        "export the application again, so that it has the role, or correct the assignment"
    } else {
        "name the application's file as `application` under [source], so that roles are known by name"
    };
    Diagnostic::warning(format!("the app role \"{role}\" is unknown, so the assignment is left out")).with_hint(hint)
}
