//! What the rules need and the export lacks.

use super::EngineError;
use crate::base::Diagnostic;
use crate::directory::Slot;
use crate::schema::CompiledSchema;
use crate::source::Export;

/// Attributes that are computed, not read.
const COMPUTED: &[&str] = &["IsSoftDeleted", "appRoleAssignments", "objectId", "originalUserPrincipalName"];

/// An attribute that the rules need and the export lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingColumn {
    /// The attribute as the schema names it.
    pub attribute: String,
    /// Target attributes whose mappings need it.
    pub mappings: Vec<String>,
    /// Titles of scoping filters that need it.
    pub filters: Vec<String>,
}

/// What the rules need and the export lacks. A missing column of the only matching attribute is an
/// error.
pub fn missing_columns(rules: &CompiledSchema, export: &Export) -> Result<Vec<MissingColumn>, EngineError> {
    let lacks = |slot: Slot| {
        let name = rules.attributes.name(slot);
        !COMPUTED.contains(&name) && !export.has(name)
    };
    let mapping = &rules.users;
    if mapping.matching.iter().all(|index| mapping.attributes[*index].slots.iter().any(|slot| lacks(*slot))) {
        let first = &mapping.attributes[mapping.matching[0]];
        let diagnostic = Diagnostic::error(format!(
            "the matching attribute {} needs {}, which the export doesn't contain",
            first.target.name, first.text
        ));
        let hint = "export the users with that attribute, or match by another one";
        return Err(EngineError::Settings(Box::new(diagnostic.with_hint(hint))));
    }
    let missing = rules.attributes.iter().filter(|(slot, _)| lacks(*slot)).map(|(slot, name)| MissingColumn {
        attribute: name.to_owned(),
        mappings: mapping
            .attributes
            .iter()
            .filter(|attribute| attribute.slots.contains(&slot))
            .map(|attribute| attribute.target.name.clone())
            .collect(),
        filters: mapping
            .filters
            .iter()
            .filter(|filter| filter.clauses.iter().any(|clause| clause.slot == slot))
            .map(|filter| filter.title.clone())
            .collect(),
    });
    Ok(missing.collect())
}
