//! `[provisioning]`: how.

use std::path::Path;
use std::time::Duration;

use super::document::{Located, Section};
use super::target::duration;
use super::{
    Clause, DefaultAccess, Duplicates, LateReferences, Mapping, ProvisioningSettings, Scope, ScopingFilter, Vanished,
};
use crate::base::nearest;
use crate::directory::canonical_name;
use crate::expression::Pattern;
use crate::schema::Actions;

/// Names of the built-in templates.
const TEMPLATES: &[&str] = &["wedo", "scim"];

/// What an operator of a scoping filter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operand {
    None,
    Text,
    Whole,
    Pattern,
}

/// The documented operators (Microsoft, *Scoping users or groups to be provisioned*).
const OPERATORS: &[(&str, Operand)] = &[
    ("EQUALS", Operand::Text),
    ("NOT EQUALS", Operand::Text),
    ("IS TRUE", Operand::None),
    ("IS FALSE", Operand::None),
    ("IS NULL", Operand::None),
    ("IS NOT NULL", Operand::None),
    ("REGEX MATCH", Operand::Pattern),
    ("NOT REGEX MATCH", Operand::Pattern),
    ("Greater_Than", Operand::Whole),
    ("Greater_Than_OR_EQUALS", Operand::Whole),
    ("Includes", Operand::Text),
    ("ENDS_WITH", Operand::Text),
    ("&", Operand::Text),
    ("!&", Operand::Text),
];

/// What is read, and where the scope was set, for messages that concern two sections.
pub(super) struct Read {
    /// The settings.
    pub(super) settings: ProvisioningSettings,
    /// Byte range of the value of `scope`, where it is in the file.
    pub(super) scope_span: Option<std::ops::Range<usize>>,
}

/// Reads the section; an absent one means the defaults.
pub(super) fn read(section: Option<Section<'_, '_>>, config_dir: &Path) -> Read {
    let mut settings = ProvisioningSettings {
        mapping: Mapping::Template("wedo".to_owned()),
        scope: Scope::Assigned,
        default_access: DefaultAccess::Exclude,
        skip_out_of_scope_deletions: false,
        actions: None,
        groups: None,
        members_per_patch: 1,
        late_references: LateReferences::Restart,
        reference_queries: false,
        prevent_accidental_deletions: None,
        retries: 0,
        duplicates: Duplicates::Fail,
        vanished: Vanished::Fail,
        anchor_scope_regex: false,
        interval: Duration::from_mins(40),
        scoping_filters: Vec::new(),
    };
    let Some(mut section) = section else { return Read { settings, scope_span: None } };
    if let Some(mapping) = section.text("mapping") {
        settings.mapping = read_mapping(&section, &mapping, config_dir);
    }
    let scope = section.word("scope", &[("assigned", Scope::Assigned), ("all", Scope::All)]);
    let scope_span = scope.as_ref().map(|scope| scope.span.clone());
    settings.scope = scope.map_or(settings.scope, |scope| scope.value);
    settings.default_access = section
        .word("default_access", &[("exclude", DefaultAccess::Exclude), ("include", DefaultAccess::Include)])
        .map_or(settings.default_access, |found| found.value);
    settings.skip_out_of_scope_deletions = section.boolean("skip_out_of_scope_deletions").unwrap_or(false);
    settings.actions = read_actions(&mut section);
    settings.groups = section.boolean("groups");
    if let Some(members) = section.whole("members_per_patch", 1..=1_000) {
        settings.members_per_patch = usize::try_from(members).unwrap_or(1_000);
    }
    settings.late_references = section
        .word("late_references", &[("restart", LateReferences::Restart), ("resolve", LateReferences::Resolve)])
        .map_or(settings.late_references, |found| found.value);
    settings.reference_queries = section.boolean("reference_queries").unwrap_or(false);
    settings.prevent_accidental_deletions = section.whole("prevent_accidental_deletions", 0..=u32::MAX).map(u64::from);
    settings.retries = section.whole("retries", 0..=20).unwrap_or(0);
    settings.duplicates = section
        .word("duplicates", &[("fail", Duplicates::Fail), ("link", Duplicates::Link)])
        .map_or(settings.duplicates, |found| found.value);
    settings.vanished = section
        .word("vanished", &[("fail", Vanished::Fail), ("rematch", Vanished::Rematch)])
        .map_or(settings.vanished, |found| found.value);
    settings.anchor_scope_regex = section.boolean("anchor_scope_regex").unwrap_or(false);
    settings.interval = duration(&mut section, "interval").unwrap_or(settings.interval);
    settings.scoping_filters = section.sections("scoping_filter").into_iter().filter_map(read_filter).collect();
    section.finish();
    Read { settings, scope_span }
}

fn read_mapping(section: &Section<'_, '_>, found: &Located<&str>, config_dir: &Path) -> Mapping {
    if TEMPLATES.contains(&found.value) {
        return Mapping::Template(found.value.to_owned());
    }
    let is_path = found.value.contains(['/', '\\']) || found.value.to_ascii_lowercase().ends_with(".json");
    if !is_path {
        let hint = nearest(found.value, TEMPLATES.iter().copied())
            .map_or_else(String::new, |near| format!("did you mean \"{near}\"? "));
        section.report.error(
            found.span.clone(),
            format!("there is no built-in mapping \"{}\"", found.value),
            format!("{hint}It takes \"wedo\", \"scim\" or the path of a schema file, such as \"./schema.json\""),
        );
    }
    Mapping::File(config_dir.join(found.value))
}

fn read_actions(section: &mut Section<'_, '_>) -> Option<Actions> {
    const WORDS: [&str; 3] = ["create", "update", "delete"];
    let found = section.texts("actions")?;
    for word in found.value.iter().filter(|word| !WORDS.contains(&word.as_str())) {
        section.unknown_word(&Located { key: "actions", value: word, span: found.span.clone() }, &WORDS);
    }
    let has = |word: &str| found.value.iter().any(|value| value == word);
    Some(Actions { create: has("create"), update: has("update"), delete: has("delete") })
}

fn read_filter(mut section: Section<'_, '_>) -> Option<ScopingFilter> {
    let title = section.text("title").map(|title| title.value.to_owned());
    let listed = section.sections("clauses");
    if listed.is_empty() {
        section.report.error(
            section.span.clone(),
            "a scoping filter without clauses lets everybody through",
            "clauses = [ { attribute = \"department\", operator = \"EQUALS\", value = \"Sales\" } ]",
        );
    }
    let clauses: Vec<_> = listed.into_iter().filter_map(read_clause).collect();
    section.finish();
    (!clauses.is_empty())
        .then(|| ScopingFilter { title: title.unwrap_or_else(|| "Scoping filter".to_owned()), clauses })
}

fn read_clause(mut section: Section<'_, '_>) -> Option<Clause> {
    let report = section.report;
    let attribute = section.text("attribute");
    let operator = section.text("operator");
    let value = section.scalar("value");
    let wrong_value = value.is_none() && !section.is_absent("value");
    for (key, missing) in [("attribute", section.is_absent("attribute")), ("operator", section.is_absent("operator"))] {
        if missing {
            let example = "{ attribute = \"department\", operator = \"EQUALS\", value = \"Sales\" }";
            report.error(section.span.clone(), format!("a clause without `{key}`"), format!("for instance {example}"));
        }
    }
    let span = section.span.clone();
    section.finish();
    let (attribute, operator) = (attribute?, operator?);
    let wanted = operator.value.split_whitespace().collect::<Vec<_>>().join(" ");
    let Some((name, operand)) = OPERATORS.iter().find(|(name, _)| name.eq_ignore_ascii_case(&wanted)) else {
        let known = OPERATORS.iter().map(|(name, _)| *name);
        let hint = match nearest(&wanted, known.clone()) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("it is one of: {}", known.collect::<Vec<_>>().join(", ")),
        };
        report.error(operator.span, format!("unknown operator \"{}\"", operator.value), hint);
        return None;
    };
    match (operand, &value) {
        (Operand::None, Some(value)) => {
            report.error(value.span.clone(), format!("`{name}` takes no value"), "leave `value` out");
        }
        (Operand::Text | Operand::Whole | Operand::Pattern, None) if !wrong_value => {
            report.error(span, format!("`{name}` needs a value"), "add value = \"…\" to the clause");
        }
        (Operand::Whole, Some(Located { value, span, .. })) if value.trim().parse::<i64>().is_err() => {
            let message = format!("`{name}` compares whole numbers, and \"{value}\" isn't one");
            report.error(span.clone(), message, "write a whole number, such as value = 100");
        }
        (Operand::Pattern, Some(Located { value, span, .. })) => {
            if let Err(error) = Pattern::new(value) {
                let message = format!("\"{value}\" isn't a regular expression: {}", error.message);
                let hint = "single quotes keep backslashes: value = '\\d+'";
                report.error(span.clone(), message, hint);
            }
        }
        _ => {}
    }
    Some(Clause {
        attribute: canonical_name(attribute.value).to_owned(),
        operator: name,
        value: value.map(|value| value.value),
    })
}
