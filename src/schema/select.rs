//! Picks the mapping that provisions users out of a document's rules.

use super::compiled::ObjectKind;
use super::document::Document;
use super::view::{Directory, Mapping, ObjectDefinition, Rule};
use crate::base::{Diagnostic, Severity};

/// The directory id of Entra in every exported schema.
const ENTRA_ID: &str = "66e4a8cc-1b7b-435e-95f8-f06cea133828";
/// Its names, older and newer.
const ENTRA_NAMES: [&str; 2] = ["Azure Active Directory", "Microsoft Entra ID"];

/// What of a document is compiled.
pub(super) struct Selected<'d> {
    pub(super) users: Selection<'d>,
    pub(super) groups: Option<Selection<'d>>,
}

/// A mapping with the definitions of its two ends.
pub(super) struct Selection<'d> {
    pub(super) mapping: &'d Mapping,
    pub(super) source: Option<&'d ObjectDefinition>,
    pub(super) target: Option<&'d ObjectDefinition>,
}

/// Finds the first enabled mapping of users and of groups in the outbound rules by priority, and notes what is
/// skipped.
pub(super) fn select<'d>(
    document: &'d Document,
    notices: &mut Vec<Diagnostic>,
) -> Result<Selected<'d>, Box<Diagnostic>> {
    let schema = document.schema();
    let mut note = |message: String, hint: &str, pointer: &str| {
        let notice = Diagnostic::new(Severity::Note, message).with_hint(hint);
        notices.push(document.place(notice, pointer));
    };
    let mut rules: Vec<&Rule> = schema.rules.iter().collect();
    rules.sort_by_key(|rule| rule.priority);
    let mut found: Option<(&Rule, &Mapping)> = None;
    let mut groups: Option<(&Rule, &Mapping)> = None;
    let (mut inbound, mut disabled) = (0, 0);
    for rule in rules {
        if !is_entra(&rule.source_directory, &schema.directories) {
            inbound += 1;
            let message =
                format!("rule `{}` is skipped: its source is `{}`, not Entra", rule.name, rule.source_directory);
            note(message, "only outbound rules are simulated", &rule.pointer);
            continue;
        }
        // Helper mappings have no source object; they say something about the target only.
        for mapping in rule.mappings.iter().filter(|mapping| !mapping.source_object.is_empty()) {
            let is = |kind: ObjectKind| mapping.source_object.eq_ignore_ascii_case(kind.as_str());
            let is_user = is(ObjectKind::User);
            let title = title(mapping);
            if !mapping.enabled {
                disabled += usize::from(is_user);
                note(format!("mapping {title} is disabled"), "set `enabled` to true to use it", &mapping.pointer);
            } else if !is_user && !is(ObjectKind::Group) {
                let message = format!("mapping {title} is skipped: only users and groups are provisioned");
                note(message, "its source object is neither `User` nor `Group`", &mapping.pointer);
            } else {
                let place = if is_user { &mut found } else { &mut groups };
                if place.is_some() {
                    let what = if is_user { "user" } else { "group" };
                    let message = format!("mapping {title} is skipped: another {what} mapping comes first");
                    note(message, "give its rule a smaller `priority` to use it instead", &mapping.pointer);
                } else {
                    *place = Some((rule, mapping));
                }
            }
        }
    }
    let Some((rule, mapping)) = found else {
        let error = Diagnostic::error("the schema has no enabled mapping of users from Entra to a target");
        let hint = match (disabled, inbound) {
            (0, 0) => "it needs a rule with a mapping whose `sourceObjectName` is `User`",
            (0, _) => "its rules bring users into Entra; download the schema of an outbound application",
            _ => "its user mapping is disabled: set `enabled` to true",
        };
        return Err(document.place(error.with_hint(hint), "").into());
    };
    let groups = groups.map(|(rule, mapping)| ends(document, rule, mapping));
    let users = ends(document, rule, mapping);
    if users.target.is_none() {
        let notice = Diagnostic::warning(format!(
            "the schema doesn't define the target object `{}` of directory `{}`",
            mapping.target_object, rule.target_directory
        ));
        let notice = notice.with_hint("all target attributes but `active` are treated as texts without letter case");
        notices.push(document.place(notice, &mapping.pointer));
    }
    Ok(Selected { users, groups })
}

/// Adds the definitions of both ends.
fn ends<'d>(document: &'d Document, rule: &'d Rule, mapping: &'d Mapping) -> Selection<'d> {
    let object = |directory: &str, object: &str| {
        let mut named = document.schema().directories.iter().filter(|known| known.name.eq_ignore_ascii_case(directory));
        named.next()?.objects.iter().find(|known| known.name.eq_ignore_ascii_case(object))
    };
    Selection {
        mapping,
        source: object(&rule.source_directory, &mapping.source_object),
        target: object(&rule.target_directory, &mapping.target_object),
    }
}

fn title(mapping: &Mapping) -> String {
    match mapping.name.as_str() {
        "" => format!("`{} to {}`", mapping.source_object, mapping.target_object),
        name => format!("`{name}`"),
    }
}

/// Whether a directory is the Entra tenant: by its definition where there is one, else by its name.
fn is_entra(name: &str, directories: &[Directory]) -> bool {
    let by_name = ENTRA_NAMES.iter().any(|known| known.eq_ignore_ascii_case(name));
    match directories.iter().find(|directory| directory.name.eq_ignore_ascii_case(name)) {
        None => by_name,
        Some(directory) => {
            let has_object_id = |object: &ObjectDefinition| object.attribute("objectId").is_some();
            by_name || directory.id.eq_ignore_ascii_case(ENTRA_ID) || directory.objects.iter().any(has_object_id)
        }
    }
}
