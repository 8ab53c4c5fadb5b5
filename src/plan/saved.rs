//! Planned objects, and the file that `plan --out` writes and `apply` reads.

use serde_json::{Value, json};

use super::{ActionKind, AttributeChange, Reason};
use crate::base::{Digest, SourceId, TargetId};
use crate::schema::ObjectKind;
use crate::scim::{Method, Request};

/// What a plan says of one object.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedObject {
    /// Source object.
    pub source_id: SourceId,
    /// User principal name.
    pub name: String,
    /// Users or groups.
    pub kind: ObjectKind,
    /// What would be done.
    pub action: ActionKind,
    /// Code of the reason.
    pub reason_code: String,
    /// The reason in words.
    pub reason: String,
    /// The account, where there is one.
    pub target_id: Option<TargetId>,
    /// Attributes that change.
    pub changes: Vec<AttributeChange>,
    /// Target attributes that can't be told because the export lacks a column.
    pub unknown: Vec<String>,
    /// Everything that would be sent for it, the lookups included.
    pub requests: Vec<Request>,
}

impl PlannedObject {
    /// Sets the reason from a [`Reason`].
    #[must_use]
    pub fn because(mut self, reason: &Reason) -> Self {
        reason.code().clone_into(&mut self.reason_code);
        self.reason = reason.to_string();
        self
    }

    /// The object as the JSON output has it: `sourceId`, `name`, `objectType`, `action`, `reason`,
    /// `changes`, `requests`.
    pub fn to_json(&self) -> Value {
        let changes: Vec<_> = self.changes.iter().map(AttributeChange::to_json).collect();
        let requests: Vec<_> = self
            .requests
            .iter()
            .map(|request| json!({ "method": request.method.as_str(), "path": request.path, "body": request.body }))
            .collect();
        json!({
            "sourceId": self.source_id.to_string(),
            "name": self.name,
            "objectType": self.kind.as_str(),
            "action": self.action.as_str(),
            "reasonCode": self.reason_code,
            "reason": self.reason,
            "targetId": self.target_id.as_ref().map(TargetId::as_str),
            "changes": changes,
            "unknown": self.unknown,
            "requests": requests,
        })
    }

    /// Reads what [`Self::to_json`] wrote.
    pub fn from_json(value: &Value) -> Option<Self> {
        let text = |name: &str| value[name].as_str().map(str::to_owned);
        let changes = value["changes"].as_array()?.iter().map(|change| {
            let side = |name: &str| Some(&change[name]).filter(|value| !value.is_null()).cloned();
            Some(AttributeChange {
                attribute: change["attribute"].as_str()?.into(),
                old: side("old"),
                new: side("new"),
            })
        });
        let requests = value["requests"].as_array()?.iter().map(|request| {
            let method = [Method::Get, Method::Post, Method::Put, Method::Patch, Method::Delete]
                .into_iter()
                .find(|method| Some(method.as_str()) == request["method"].as_str())?;
            let body = Some(&request["body"]).filter(|body| !body.is_null()).cloned();
            Some(Request { method, path: request["path"].as_str()?.to_owned(), body })
        });
        Some(Self {
            source_id: SourceId::parse(value["sourceId"].as_str()?).ok()?,
            name: text("name")?,
            kind: [ObjectKind::User, ObjectKind::Group]
                .into_iter()
                .find(|kind| Some(kind.as_str()) == value["objectType"].as_str())?,
            action: ActionKind::parse(value["action"].as_str()?)?,
            reason_code: text("reasonCode")?,
            reason: text("reason")?,
            target_id: text("targetId").map(TargetId::new),
            changes: changes.collect::<Option<_>>()?,
            unknown: value["unknown"]
                .as_array()?
                .iter()
                .map(|name| Some(name.as_str()?.to_owned()))
                .collect::<Option<_>>()?,
            requests: requests.collect::<Option<_>>()?,
        })
    }
}

/// A saved plan, bound to what it was made from.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanFile {
    /// When it was made, RFC 3339.
    pub created: String,
    /// Job that it is for.
    pub job: String,
    /// Origin and path of the target.
    pub target: String,
    /// Digest of every file of the export.
    pub export: Digest,
    /// Digest of the mapping and the filters, with the policy that decides.
    pub rules: Digest,
    /// The last cycle that the state knew; none for a new job.
    pub last_cycle: Option<String>,
    /// Whether `--only` narrowed it: applying such a plan doesn't end the cycle.
    pub partial: bool,
    /// The objects.
    pub objects: Vec<PlannedObject>,
}

/// Says why a saved plan can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanFileError {
    /// Not JSON.
    #[error("it isn't a plan that `scimulate plan --out` wrote: {message}")]
    Syntax {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What the parser says.
        message: String,
    },
    /// JSON, but not a plan.
    #[error("it isn't a plan that `scimulate plan --out` wrote: {0}")]
    Shape(String),
    /// A plan of another format.
    #[error("it has plan format {0}, this version reads {FORMAT}")]
    Version(String),
}

const FORMAT: &str = "1.0";

impl PlanFile {
    /// The file's text.
    pub fn to_text(&self) -> String {
        let objects: Vec<_> = self.objects.iter().map(PlannedObject::to_json).collect();
        let document = json!({
            "formatVersion": FORMAT,
            "kind": "scimulate-plan",
            "created": self.created,
            "job": self.job,
            "target": self.target,
            "export": self.export.to_string(),
            "rules": self.rules.to_string(),
            "lastCycle": self.last_cycle,
            "partial": self.partial,
            "objects": objects,
        });
        format!("{document:#}\n")
    }

    /// Reads a saved plan.
    pub fn parse(text: &str) -> Result<Self, PlanFileError> {
        let document: Value = serde_json::from_str(text).map_err(|error| PlanFileError::Syntax {
            line: error.line(),
            column: error.column(),
            message: error.to_string(),
        })?;
        if document["kind"] != "scimulate-plan" {
            return Err(PlanFileError::Shape("the member `kind` is missing".to_owned()));
        }
        if document["formatVersion"] != FORMAT {
            return Err(PlanFileError::Version(document["formatVersion"].as_str().unwrap_or("?").to_owned()));
        }
        let text = |name: &str| {
            let value = document[name].as_str().map(str::to_owned);
            value.ok_or_else(|| PlanFileError::Shape(format!("the member `{name}` is missing")))
        };
        let digest = |name: &str| {
            Digest::parse(&text(name)?)
                .ok_or_else(|| PlanFileError::Shape(format!("the member `{name}` isn't a digest")))
        };
        let objects = document["objects"].as_array().map(Vec::as_slice).unwrap_or_default();
        let objects = objects.iter().enumerate().map(|(index, object)| {
            PlannedObject::from_json(object)
                .ok_or_else(|| PlanFileError::Shape(format!("object {index} can't be read")))
        });
        Ok(Self {
            created: text("created")?,
            job: text("job")?,
            target: text("target")?,
            export: digest("export")?,
            rules: digest("rules")?,
            last_cycle: document["lastCycle"].as_str().map(str::to_owned),
            partial: document["partial"].as_bool().unwrap_or(false),
            objects: objects.collect::<Result<_, _>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> PlanFile {
        let object = PlannedObject {
            source_id: SourceId::parse("ann").unwrap(),
            name: "ann@contoso.com".to_owned(),
            kind: ObjectKind::User,
            action: ActionKind::Update,
            reason_code: String::new(),
            reason: String::new(),
            target_id: Some(TargetId::new("42")),
            changes: vec![AttributeChange { attribute: "title".into(), old: None, new: Some(json!("Boss")) }],
            unknown: vec!["preferredLanguage".to_owned()],
            requests: vec![Request { method: Method::Patch, path: "/Users/42".to_owned(), body: Some(json!({})) }],
        };
        PlanFile {
            created: "2026-03-01T10:00:00Z".to_owned(),
            job: "wedo".to_owned(),
            target: "embedded".to_owned(),
            export: Digest::of(b"1"),
            rules: Digest::of(b"2"),
            last_cycle: None,
            partial: false,
            objects: vec![object.because(&Reason::Changed)],
        }
    }

    #[test]
    fn it_survives_the_file() {
        assert_eq!(PlanFile::parse(&plan().to_text()), Ok(plan()));
    }

    #[test]
    fn other_files_are_refused() {
        let check = |text: &str, expected: &str| {
            assert!(PlanFile::parse(text).unwrap_err().to_string().contains(expected), "{text}");
        };
        check("{", "at line 1 column 1");
        check("{}", "isn't a plan");
        check(&plan().to_text().replace("\"1.0\"", "\"7.0\""), "plan format 7.0");
        check(&plan().to_text().replace("\"update\"", "\"explode\""), "object 0");
    }
}
