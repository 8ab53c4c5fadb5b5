//! Compiles a document into the rules of a job.

use std::collections::HashSet;

use super::compiled::{
    Actions, AttributeMapping, AttributeSource, CompiledSchema, FilterGroup, ObjectKind, ObjectMapping, TargetAttribute,
};
use super::digest::digest;
use super::document::Document;
use super::filter;
use super::select::{Selection, select};
use super::source::source_text;
use super::view::{AttributeDefinition, Flow, Mapping, ObjectDefinition};
use crate::base::{Diagnostic, Severity, Snippet, nearest};
use crate::directory::{AttributeNames, Slot, canonical_name, is_known_attribute};
use crate::expression::{Expression, NodeKind, SourceAttribute, parse, source_attribute};
use crate::scim::{AttributePath, AttributeType, Mutability};

/// What the job's settings say beside the document.
#[derive(Debug, Clone, Default)]
pub struct CompileOptions {
    /// Name of the template, or the file's name without its ending.
    pub name: String,
    /// Scoping filters of the settings; they are added to the document's, so any of all lets an object
    /// through.
    pub extra_filters: Vec<ExtraFilter>,
    /// *Target object actions*, instead of the document's `flowTypes`.
    pub actions: Option<Actions>,
    /// Patterns of scoping filters must match the whole value.
    pub anchor_scope_regex: bool,
    /// The group mapping is left out, as if it were disabled.
    pub without_groups: bool,
    /// Attributes that the target can filter on, if that is known; a matching attribute must be one.
    pub filterable: Option<Vec<String>>,
}

/// A scoping filter of the settings: all clauses hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtraFilter {
    /// *Scoping Filter Title*.
    pub title: String,
    /// Clauses, AND-ed.
    pub clauses: Vec<ExtraClause>,
}

/// A clause of an [`ExtraFilter`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtraClause {
    /// Source attribute.
    pub attribute: String,
    /// Operator as schemas name it: `EQUALS`, `IS NOT NULL`.
    pub operator: String,
    /// Operand; none for unary operators.
    pub value: Option<String>,
}

/// Compiles the outbound mappings of a document.
///
/// Everything that is wrong with the mappings of users and of groups comes back at once, each with its place and a
/// remedy; what is merely skipped or odd is in [`CompiledSchema::notices`].
pub fn compile(document: &Document, options: &CompileOptions) -> Result<CompiledSchema, Vec<Diagnostic>> {
    let Compilation { rules, mut errors, groups, .. } = compile_all(document, options);
    let (wrong, odd): (Vec<_>, Vec<_>) =
        groups.into_iter().partition(|finding| finding.severity == Severity::Error && !options.without_groups);
    errors.extend(wrong);
    match rules {
        Some(mut rules) if errors.is_empty() => {
            rules.notices.extend(odd.into_iter().filter(|_| rules.groups.is_some()));
            Ok(rules)
        }
        _ => Err(errors),
    }
}

/// What compiling a document gives, whatever is wrong with it.
pub(super) struct Compilation {
    pub(super) rules: Option<CompiledSchema>,
    /// Errors of the user mapping, or that there is none.
    pub(super) errors: Vec<Diagnostic>,
    /// Notices of the user mapping where there are errors; else the rules have them.
    pub(super) notices: Vec<Diagnostic>,
    /// What was found in the group mapping.
    pub(super) groups: Vec<Diagnostic>,
}

pub(super) fn compile_all(document: &Document, options: &CompileOptions) -> Compilation {
    let mut notices = Vec::new();
    let selected = match select(document, &mut notices) {
        Ok(selected) => selected,
        Err(error) => return Compilation { rules: None, errors: vec![*error], notices, groups: Vec::new() },
    };
    let mut group_findings = Vec::new();
    let (mut groups, mut group_attributes) = (None, AttributeNames::default());
    if let Some(selection) = selected.groups {
        let alone = CompileOptions {
            anchor_scope_regex: options.anchor_scope_regex,
            actions: options.actions,
            ..CompileOptions::default()
        };
        let object = compile_object(ObjectKind::Group, document, &alone, &selection, Vec::new());
        group_findings = object.errors;
        group_findings.extend(object.notices);
        if !options.without_groups {
            groups = object.mapping;
            group_attributes = object.names;
        }
    }
    let Object { mapping, names, notices, errors } =
        compile_object(ObjectKind::User, document, options, &selected.users, notices);
    let Some(users) = mapping else {
        return Compilation { rules: None, errors, notices, groups: group_findings };
    };
    let rules = CompiledSchema {
        name: options.name.clone(),
        version: document.schema().version.clone(),
        digest: digest((&users, &names), groups.as_ref().map(|groups| (groups, &group_attributes))),
        attributes: names,
        users,
        groups,
        group_attributes,
        notices,
    };
    Compilation { rules: Some(rules), errors, notices: Vec::new(), groups: group_findings }
}

/// One mapping compiled; there is none if there are errors.
struct Object {
    mapping: Option<ObjectMapping>,
    names: AttributeNames,
    notices: Vec<Diagnostic>,
    errors: Vec<Diagnostic>,
}

fn compile_object(
    kind: ObjectKind,
    document: &Document,
    options: &CompileOptions,
    &Selection { mapping, source, target }: &Selection<'_>,
    notices: Vec<Diagnostic>,
) -> Object {
    let names = AttributeNames::default();
    let mut compiler = Compiler { kind, document, options, source, target, names, notices, errors: Vec::new() };
    let mut attributes = Vec::new();
    let mut priorities = Vec::new();
    let mut targets = HashSet::new();
    for flow in &mapping.attributes {
        if compiler.errors.len() >= MAX_FINDINGS {
            break;
        }
        if !targets.insert(flow.target.to_ascii_lowercase()) && !flow.target.is_empty() {
            let error = Diagnostic::error(format!("`{}` is the target of two mappings", flow.target));
            compiler.fail(error.with_hint("remove one of them"), flow, &flow.pointer);
        } else if let Some(attribute) = compiler.attribute(flow) {
            if flow.matching_priority > 0 {
                priorities.push((flow.matching_priority, attributes.len()));
            }
            attributes.push(attribute);
        }
    }
    priorities.sort_unstable();
    let matching: Vec<usize> = priorities.into_iter().map(|(_, index)| index).collect();
    compiler.check_matching(mapping);
    let filters = compiler.filters(mapping);
    let enabled_property = target.and_then(|target| target.account_enabled.as_deref()).unwrap_or("active");
    let active = attributes.iter().position(|attribute| attribute.target.name.eq_ignore_ascii_case(enabled_property));
    let reference = attributes.iter().position(|attribute| compiler.is_reference(attribute));
    let Compiler { names, notices, errors, .. } = compiler;
    let mapping = errors.is_empty().then(|| ObjectMapping {
        kind,
        name: mapping.name.clone(),
        target_object: mapping.target_object.clone(),
        actions: options.actions.unwrap_or(mapping.actions),
        attributes,
        matching,
        active,
        reference,
        filters,
    });
    Object { mapping, names, notices, errors }
}

/// How many errors and how many notices are reported, each with its place in the document.
const MAX_FINDINGS: usize = 100;

/// How many source attributes the rules may look at; one expression alone can't reach the next 65,536.
pub(super) const MAX_ATTRIBUTES: usize = 10_000;

/// The source attribute whose values are other objects.
const fn reference_of(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::User => "manager",
        ObjectKind::Group => "members",
    }
}

pub(super) struct Compiler<'d> {
    kind: ObjectKind,
    pub(super) document: &'d Document,
    pub(super) options: &'d CompileOptions,
    pub(super) source: Option<&'d ObjectDefinition>,
    target: Option<&'d ObjectDefinition>,
    pub(super) names: AttributeNames,
    pub(super) notices: Vec<Diagnostic>,
    pub(super) errors: Vec<Diagnostic>,
}

impl Compiler<'_> {
    fn fail(&mut self, diagnostic: Diagnostic, flow: &Flow, pointer: &str) {
        if self.is_enough(&diagnostic) {
            return;
        }
        let diagnostic = self.document.place(diagnostic, pointer);
        self.report(if flow.target.is_empty() { diagnostic } else { diagnostic.in_field(&flow.target) });
    }

    /// Whether so much of this severity was found already that more would help nobody.
    pub(super) fn is_enough(&self, diagnostic: &Diagnostic) -> bool {
        let list = if diagnostic.severity == Severity::Error { &self.errors } else { &self.notices };
        list.len() >= MAX_FINDINGS
    }

    /// Whether rules look at so many source attributes that no export can mean it.
    pub(super) fn has_too_many_attributes(&self) -> bool {
        self.names.len() > MAX_ATTRIBUTES
    }

    /// Files a finding by its severity.
    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        let list = if diagnostic.severity == Severity::Error { &mut self.errors } else { &mut self.notices };
        if !list.contains(&diagnostic) {
            list.push(diagnostic);
        }
    }

    fn attribute(&mut self, flow: &Flow) -> Option<AttributeMapping> {
        let mut target = self.target_attribute(flow)?;
        let (source, slots, text) = self.attribute_source(flow)?;
        if let AttributeSource::Direct(slot) = &source {
            match self.names.name(*slot) {
                name if name == reference_of(self.kind) => target.kind = AttributeType::Reference,
                "appRoleAssignments" => {
                    let notice = Diagnostic::warning("the roles are sent as a list of their names");
                    let hint = "use `SingleAppRoleAssignment`, `AppRoleAssignmentsComplex` or \
                                `AssertiveAppRoleAssignmentsComplex` around `[appRoleAssignments]`";
                    self.fail(notice.with_hint(hint), flow, &flow.pointer);
                }
                _ => {}
            }
        }
        let refers =
            matches!(&source, AttributeSource::Direct(slot) if self.names.name(*slot) == reference_of(self.kind));
        if target.kind == AttributeType::Reference && !refers {
            let text = format!("the target's reference `{}` isn't provisioned", flow.target);
            let hint = format!("a reference has the source `[{}]`", reference_of(self.kind));
            self.fail(Diagnostic::warning(text).with_hint(hint), flow, &flow.pointer);
        }
        if flow.matching_priority > 0 {
            self.check_filterable(flow, &source);
        }
        let redacted = matches!(&source, AttributeSource::Expression(expression) if expression.is_redacted());
        Some(AttributeMapping {
            target,
            source,
            redacted,
            default: flow.default.clone(),
            flow: flow.when,
            flow_always: flow.always,
            slots,
            text,
        })
    }

    /// Whether a mapping's values are other objects.
    fn is_reference(&self, attribute: &AttributeMapping) -> bool {
        let from = |slot| self.names.name(slot) == reference_of(self.kind);
        attribute.target.kind == AttributeType::Reference
            && matches!(attribute.source, AttributeSource::Direct(slot) if from(slot))
    }

    fn target_attribute(&mut self, flow: &Flow) -> Option<TargetAttribute> {
        let name = flow.target.as_str();
        if name.is_empty() {
            let error = Diagnostic::error("an attribute mapping has no `targetAttributeName`");
            self.fail(error.with_hint("name the target attribute, or remove the mapping"), flow, &flow.pointer);
            return None;
        }
        let definition = self.target.and_then(|target| target.attribute(name));
        if name.eq_ignore_ascii_case("id") || definition.is_some_and(|definition| definition.anchor) {
            let error = Diagnostic::error(format!("`{name}` is given by the target and can't be mapped"));
            self.fail(
                error.with_hint("remove the mapping; map `externalId` instead if it is free"),
                flow,
                &flow.pointer,
            );
            return None;
        }
        let path = match AttributePath::parse(name) {
            Ok(path) => path,
            Err(error) => {
                let at = floor_boundary(name, error.offset);
                let end = name[at..].chars().next().map_or(at, |c| at + c.len_utf8());
                let place = Snippet { text: name.to_owned(), first_line: 1, span: at..end, label: String::new() };
                let error = Diagnostic::error(format!("the target attribute isn't a SCIM path: {}", error.message))
                    .with_snippet(place)
                    .with_hint("paths look like `title`, `name.givenName` or `emails[type eq \"work\"].value`");
                self.fail(error, flow, &format!("{}/targetAttributeName", flow.pointer));
                return None;
            }
        };
        if let (Some(object), None) = (self.target, definition)
            && self.notices.len() < MAX_FINDINGS
        {
            let known = nearest(name, object.attributes.iter().map(|attribute| attribute.name.as_str()));
            let notice = Diagnostic::warning(format!("the target's `{}` has no attribute `{name}`", object.name));
            let notice = notice.with_hint(known.map_or_else(
                || "add it to the target's attribute list; it is treated as a text".to_owned(),
                |known| format!("did you mean `{known}`? It is treated as a text"),
            ));
            self.fail(notice, flow, &flow.pointer);
        }
        let mutability = definition.map_or(Mutability::ReadWrite, mutability);
        if mutability == Mutability::ReadOnly {
            let notice = Diagnostic::warning(format!("the target declares `{name}` as read-only"));
            self.fail(notice.with_hint("the target may ignore or refuse the value"), flow, &flow.pointer);
        }
        Some(TargetAttribute {
            name: name.to_owned(),
            path,
            kind: definition.map_or_else(|| guess_type(name), attribute_type),
            multivalued: definition.is_some_and(|definition| definition.multivalued),
            case_exact: definition.is_some_and(|definition| definition.case_exact),
            required: definition.is_some_and(|definition| definition.required),
            mutability,
        })
    }

    /// The source with the slots that it needs and its text.
    fn attribute_source(&mut self, flow: &Flow) -> Option<(AttributeSource, Vec<Slot>, String)> {
        if self.has_too_many_attributes() {
            let error = Diagnostic::error(format!("the mappings name more than {MAX_ATTRIBUTES} source attributes"));
            self.fail(error.with_hint("remove what isn't needed"), flow, &flow.pointer);
            return None;
        }
        let Some(source) = &flow.source else { return Some((AttributeSource::None, Vec::new(), String::new())) };
        let (text, notice) = source_text(source);
        if let Some(notice) = notice {
            self.fail(notice, flow, &source.pointer);
        }
        if text.is_empty() {
            return Some((AttributeSource::None, Vec::new(), String::new()));
        }
        let pointer = if source.expression.is_empty() {
            source.pointer.clone()
        } else {
            format!("{}/expression", source.pointer)
        };
        let compiled = match parse(&text).map(|node| node.kind) {
            Ok(NodeKind::Attribute(name)) => {
                let attribute = source_attribute(&name);
                if let SourceAttribute::OtherCase(known) = attribute {
                    let notice =
                        Diagnostic::warning(format!("there is no source attribute `{name}`; `{known}` is taken"));
                    self.fail(notice.with_hint(format!("write `[{known}]`")), flow, &pointer);
                }
                let slot = self.names.slot(attribute.name());
                (AttributeSource::Direct(slot), vec![slot], format!("[{}]", attribute.name()))
            }
            Ok(NodeKind::Text(constant)) => (AttributeSource::Constant(constant), Vec::new(), text),
            Ok(_) => match Expression::compile(&text, &mut self.names) {
                Ok(expression) => {
                    for warning in expression.warnings() {
                        self.fail(warning.clone(), flow, &pointer);
                    }
                    let slots = expression.slots().to_vec();
                    (AttributeSource::Expression(expression), slots, text)
                }
                Err(error) => {
                    self.fail(*error, flow, &pointer);
                    return None;
                }
            },
            Err(error) => {
                self.fail(*error, flow, &pointer);
                return None;
            }
        };
        for slot in &compiled.1 {
            let name = self.names.name(*slot).to_owned();
            self.check_source_attribute(flow, &name, &pointer);
        }
        Some(compiled)
    }

    fn check_source_attribute(&mut self, flow: &Flow, name: &str, pointer: &str) {
        let defined =
            |name| self.source.is_some_and(|source| source.attribute(name).is_some_and(|found| found.name == name));
        let known = match self.kind {
            ObjectKind::User => is_known_attribute(name),
            ObjectKind::Group => self.source.is_none() || name.starts_with("extension_"),
        };
        if self.notices.len() >= MAX_FINDINGS || known || defined(name) {
            return;
        }
        let known = self.source.into_iter().flat_map(|source| &source.attributes);
        let canonical = canonical_name(name);
        let near = if canonical == name {
            nearest(name, known.map(|attribute| attribute.name.as_str()))
        } else {
            Some(canonical)
        };
        let notice = Diagnostic::warning(format!("the source directory has no attribute `{name}`"));
        let notice = notice.with_hint(near.map_or_else(
            || "it has values only if the export has such a column".to_owned(),
            |near| format!("did you mean `{near}`?"),
        ));
        self.fail(notice, flow, pointer);
    }

    fn check_filterable(&mut self, flow: &Flow, source: &AttributeSource) {
        if matches!(source, AttributeSource::None) {
            let error = Diagnostic::error(format!("the matching attribute `{}` has no source", flow.target));
            self.fail(error.with_hint("give it a source such as `[userPrincipalName]`"), flow, &flow.pointer);
        }
        let Some(filterable) = &self.options.filterable else { return };
        if !filterable.iter().any(|name| name.eq_ignore_ascii_case(&flow.target)) {
            let error =
                Diagnostic::error(format!("the target can't filter on the matching attribute `{}`", flow.target));
            let error = error.with_hint(format!("match on one of: {}", filterable.join(", ")));
            self.fail(error, flow, &flow.pointer);
        }
    }

    fn check_matching(&mut self, mapping: &Mapping) {
        if mapping.attributes.iter().any(|flow| flow.matching_priority > 0) {
            return;
        }
        let error = Diagnostic::error(format!("the mapping `{}` has no matching attribute", mapping.name))
            .with_hint("set `matchingPriority` to 1 in one attribute mapping, mostly that of `userName`");
        let error = self.document.place(error, &mapping.pointer);
        self.errors.push(error);
    }

    fn filters(&mut self, mapping: &Mapping) -> Vec<FilterGroup> {
        if mapping.experimental_filters {
            let notice = Diagnostic::warning("`inputFilterGroups` and `categoryFilterGroups` aren't evaluated");
            let notice = notice.with_hint("only `groups` of the scope are");
            self.notices.push(self.document.place(notice, &format!("{}/scope", mapping.pointer)));
        }
        let mut groups: Vec<FilterGroup> =
            mapping.filters.iter().map(|group| filter::document_group(self, group)).collect();
        groups.extend(self.options.extra_filters.iter().map(|group| filter::extra_group(self, group)));
        groups
    }
}

/// The nearest character boundary at or before an offset.
pub(super) fn floor_boundary(text: &str, offset: usize) -> usize {
    (0..=offset.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default()
}

pub(super) fn attribute_type(definition: &AttributeDefinition) -> AttributeType {
    match definition.kind.to_ascii_lowercase().as_str() {
        "integer" => AttributeType::Integer,
        "reference" => AttributeType::Reference,
        "binary" => AttributeType::Binary,
        "boolean" => AttributeType::Boolean,
        "datetime" => AttributeType::DateTime,
        _ => AttributeType::String,
    }
}

/// Without a definition everything is a text, but for the one boolean of the core user (RFC 7643
/// section 4.1.1) that a target would refuse as a text.
fn guess_type(name: &str) -> AttributeType {
    if name.eq_ignore_ascii_case("active") { AttributeType::Boolean } else { AttributeType::String }
}

pub(super) fn mutability(definition: &AttributeDefinition) -> Mutability {
    match definition.mutability.to_ascii_lowercase().as_str() {
        "readonly" => Mutability::ReadOnly,
        "immutable" => Mutability::Immutable,
        "writeonly" => Mutability::WriteOnly,
        _ => Mutability::ReadWrite,
    }
}
