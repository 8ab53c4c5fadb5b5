//! Who is whose manager: a list `userId,managerId`.

use std::collections::hash_map::Entry;

use rustc_hash::FxHashMap;

use super::SourceError;
use super::csv_file::CsvFile;
use super::files::{FileSummary, Input};
use super::findings::Findings;
use crate::base::{Diagnostic, SourceId};

/// Managers by the id of the user.
///
/// Memory: about 72 bytes for each row.
pub(super) type Managers = FxHashMap<SourceId, SourceId>;

/// Reads the list. A user without a manager has an empty cell, or no row.
pub(super) fn read(input: &Input, findings: &mut Findings) -> Result<(Managers, FileSummary), SourceError> {
    let (mut managers, mut rows, mut format) = (Managers::default(), 0, String::new());
    for file in &input.files {
        let mut csv = CsvFile::open(file)?;
        format = csv.format();
        let user = csv.header.find(&["userId", "userObjectId", "objectId", "id"]);
        let manager = csv.header.find(&["managerId", "managerObjectId", "manager"]);
        let (Some(user), Some(manager)) = (user, manager) else {
            let what = if user.is_none() { "user" } else { "manager" };
            let message = format!("there is no column for the {what}'s object id; found: {}", csv.header.list());
            return Err(csv.header.error(&file.name, message, "the file needs the columns `userId` and `managerId`"));
        };
        while csv.advance(findings)? {
            rows += 1;
            let line = csv.line();
            let complain = |message: String, field: &str| {
                Diagnostic::warning(message).in_file(&file.name).at_line(line).in_field(field)
            };
            let cell = |column: usize| String::from_utf8_lossy(&csv.record()[column]).trim().to_owned();
            let (id, manager) = (cell(user), cell(manager));
            let Ok(id) = SourceId::parse(&id) else {
                findings.add(|| complain("the user is empty, so the row is left out".to_owned(), "userId"));
                continue;
            };
            if manager.is_empty() {
                continue;
            }
            let Ok(manager) = SourceId::parse(&manager) else {
                findings
                    .add(|| complain(format!("\"{manager}\" is no object id, so the row is left out"), "managerId"));
                continue;
            };
            if manager == id {
                findings.add(|| complain(format!("{id} can't be the manager of itself"), "managerId"));
            } else {
                match managers.entry(id) {
                    Entry::Vacant(entry) => {
                        entry.insert(manager);
                    }
                    Entry::Occupied(entry) => {
                        let id = entry.key();
                        findings
                            .add(|| complain(format!("{id} has a manager already, so the row is left out"), "userId"));
                    }
                }
            }
        }
    }
    let summary =
        FileSummary { kind: input.kind, path: input.path.clone(), files: input.files.len(), format, rows: Some(rows) };
    Ok((managers, summary))
}
