//! What the rules need and the export lacks.

use super::EngineError;
use crate::base::Diagnostic;
use crate::directory::{AttributeNames, Slot};
use crate::schema::{CompiledSchema, ObjectKind, ObjectMapping};
use crate::source::Export;

/// Attributes that are computed, not read.
const COMPUTED: &[&str] = &["IsSoftDeleted", "appRoleAssignments", "objectId", "originalUserPrincipalName"];

/// An attribute that the rules need and the export lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingColumn {
    /// Whether users or groups lack it.
    pub kind: ObjectKind,
    /// The attribute as the schema names it.
    pub attribute: String,
    /// Target attributes whose mappings need it.
    pub mappings: Vec<String>,
    /// Titles of scoping filters that need it.
    pub filters: Vec<String>,
}

/// What the rules need and the export lacks. A missing column of the only matching attribute is an
/// error.
///
/// Groups are looked at where a list of them was given and isn't empty: who is in a list of memberships alone has
/// nothing but an id.
pub fn missing_columns(rules: &CompiledSchema, export: &Export) -> Result<Vec<MissingColumn>, EngineError> {
    let mut missing = missing_of(&rules.users, &rules.attributes, |name| export.has(name))?;
    let are_listed = export.has_group_list() && export.entitlements().listed_groups().next().is_some();
    if let Some(groups) = rules.groups.as_ref().filter(|_| are_listed) {
        missing.extend(missing_of(groups, &rules.group_attributes, |name| export.group_has(name))?);
    }
    Ok(missing)
}

fn missing_of(
    mapping: &ObjectMapping,
    names: &AttributeNames,
    has: impl Fn(&str) -> bool,
) -> Result<Vec<MissingColumn>, EngineError> {
    let lacks = |slot: Slot| {
        let name = names.name(slot);
        !COMPUTED.contains(&name) && !has(name)
    };
    if mapping.matching.iter().all(|index| mapping.attributes[*index].slots.iter().any(|slot| lacks(*slot))) {
        let first = &mapping.attributes[mapping.matching[0]];
        let (what, whose) = match mapping.kind {
            ObjectKind::User => ("users", ""),
            ObjectKind::Group => ("groups", " of groups"),
        };
        let diagnostic = Diagnostic::error(format!(
            "the matching attribute {}{whose} needs {}, which the export doesn't contain",
            first.target.name, first.text
        ));
        let hint = format!("export the {what} with that attribute, or match by another one");
        return Err(EngineError::Settings(Box::new(diagnostic.with_hint(hint))));
    }
    let missing = names.iter().filter(|(slot, _)| lacks(*slot)).map(|(slot, name)| MissingColumn {
        kind: mapping.kind,
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
