//! The portal's download: three CSV files, joined by the change id.
//!
//! The portal's headings aren't documented; these are Graph's names, flattened. Instants are UTC, texts UTF-8.

use std::io::{self, Write};

use csv::Writer;
use serde_json::Value;

use super::advice::advice;
use super::facts::{INITIATOR, LogFacts, display_name, milliseconds, portal_action, values};
use super::graph::{step_details, steps};
use crate::base::{CycleId, TargetId};
use crate::event::{LogEntry, SOURCE, TARGET};

/// Which of the three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogCsvFiles {
    /// Everything but steps and properties; one row for each change.
    Main,
    /// A row for each step.
    Steps,
    /// A row for each modified property.
    Properties,
}

impl LogCsvFiles {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Main, Self::Steps, Self::Properties];

    /// What the portal adds to `ProvisioningLogs`.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Main => "",
            Self::Steps => "_ProvisioningSteps",
            Self::Properties => "_ModifiedProperties",
        }
    }

    const fn headings(self) -> &'static [&'static str] {
        match self {
            Self::Main => &[
                "Id",
                "ActivityDateTime",
                "TenantId",
                "JobId",
                "CycleId",
                "ChangeId",
                "Action",
                "DurationInMilliseconds",
                "InitiatedBy.DisplayName",
                "InitiatedBy.Type",
                "ServicePrincipal.Id",
                "ServicePrincipal.DisplayName",
                "SourceSystem.DisplayName",
                "TargetSystem.DisplayName",
                "SourceIdentity.Id",
                "SourceIdentity.DisplayName",
                "SourceIdentity.IdentityType",
                "TargetIdentity.Id",
                "TargetIdentity.DisplayName",
                "TargetIdentity.IdentityType",
                "Status",
                "ErrorCode",
                "Reason",
                "AdditionalDetails",
                "ErrorCategory",
                "RecommendedAction",
            ],
            Self::Steps => &["ChangeId", "Id", "StepIndex", "Name", "Type", "Status", "Description", "Details"],
            Self::Properties => &["ChangeId", "Id", "PropertyName", "OldValue", "NewValue"],
        }
    }
}

/// Writes one of the three files, entry by entry.
pub struct LogCsv<W: Write> {
    file: LogCsvFiles,
    writer: Writer<W>,
}

impl<W: Write> LogCsv<W> {
    /// Begins with the headings.
    pub fn new(file: LogCsvFiles, to: W) -> io::Result<Self> {
        let mut writer = Writer::from_writer(to);
        writer.write_record(file.headings())?;
        Ok(Self { file, writer })
    }

    /// The rows of one entry.
    pub fn add(&mut self, entry: &LogEntry, facts: &LogFacts) -> io::Result<()> {
        let (change, id) = (entry.change.to_string(), entry.change.event_id().to_string());
        match self.file {
            LogCsvFiles::Main => {
                let advice = advice(entry);
                let said = |part: fn(&super::advice::Advice) -> String| advice.as_ref().map_or_else(String::new, part);
                self.row(&[
                    id,
                    entry.at.to_string(),
                    facts.tenant_id(),
                    facts.job_id.clone(),
                    entry.cycle.as_ref().map_or("", CycleId::as_str).to_owned(),
                    change,
                    portal_action(entry).to_owned(),
                    milliseconds(entry).to_string(),
                    INITIATOR.to_owned(),
                    "system".to_owned(),
                    facts.service_principal_id(),
                    facts.application.clone(),
                    SOURCE.to_owned(),
                    TARGET.to_owned(),
                    entry.source_id.to_string(),
                    display_name(entry).to_owned(),
                    entry.kind.as_str().to_owned(),
                    entry.target_id.as_ref().map_or("", TargetId::as_str).to_owned(),
                    String::new(),
                    facts.target_object(entry.kind).to_owned(),
                    entry.status().as_str().to_owned(),
                    said(|advice| advice.code.clone()),
                    said(|advice| advice.reason.clone()),
                    said(|advice| advice.details.clone()),
                    said(|advice| advice.category.as_str().to_owned()),
                    said(|advice| advice.action.unwrap_or_default().to_owned()),
                ])
            }
            LogCsvFiles::Steps => {
                for (index, step) in (1..).zip(&steps(entry)) {
                    let number: u32 = index;
                    self.row(&[
                        change.clone(),
                        id.clone(),
                        number.to_string(),
                        step.name.as_str().to_owned(),
                        step.kind.as_str().to_owned(),
                        step.status.as_str().to_owned(),
                        step.description.clone(),
                        Value::Object(step_details(step)).to_string(),
                    ])?;
                }
                Ok(())
            }
            LogCsvFiles::Properties => {
                for each in &entry.changes {
                    let [old, new] = values(each).map(Option::unwrap_or_default);
                    self.row(&[change.clone(), id.clone(), each.attribute.to_string(), old, new])?;
                }
                Ok(())
            }
        }
    }

    fn row(&mut self, cells: &[String]) -> io::Result<()> {
        Ok(self.writer.write_record(cells.iter().map(|cell| harmless(cell)))?)
    }

    /// Writes out what waits and gives back where it went.
    pub fn finish(mut self) -> io::Result<W> {
        self.writer.flush()?;
        self.writer.into_inner().map_err(csv::IntoInnerError::into_error)
    }
}

/// A cell that a spreadsheet doesn't take for a formula: such a text gets an apostrophe before it, which
/// spreadsheets take for "this is text".
pub(in crate::report) fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}
