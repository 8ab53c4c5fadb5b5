//! Everything that would go wrong with a document, and its mappings as rows.

use std::collections::HashMap;

use super::compile::{CompileOptions, compile_all};
use super::compiled::{CompiledSchema, FlowType, ObjectKind};
use super::document::Document;
use super::select::{Selection, select};
use super::source::source_text;
use super::view::{Flow, Mapping, ObjectDefinition};
use crate::base::{Diagnostic, Severity};
use crate::expression::{Node, NodeKind, parse};

/// What is to be said of a document.
#[derive(Debug)]
pub struct Checked {
    /// The rules, unless there are errors in the user mapping.
    pub rules: Option<CompiledSchema>,
    /// Errors, warnings and notes by place, each with a remedy.
    pub findings: Vec<Diagnostic>,
}

/// Checks the mappings of users and groups: what compiling finds, and what is odd beyond that.
pub fn check(document: &Document, options: &CompileOptions) -> Checked {
    let compilation = compile_all(document, options);
    let mut findings = compilation.errors;
    findings.extend(compilation.notices);
    if let Some(rules) = &compilation.rules {
        findings.extend(rules.notices.iter().cloned());
    }
    findings.extend(compilation.groups);
    let mut checker = Checker { document, findings };
    checker.rules();
    if let Ok(selected) = select(document, &mut Vec::new()) {
        checker.users(&selected.users);
        checker.object(&selected.users);
        if let Some(groups) = &selected.groups {
            checker.object(groups);
        }
    }
    let mut findings = checker.findings;
    findings.sort_by_key(|finding| (finding.line, finding.column));
    findings.dedup();
    Checked { rules: compilation.rules, findings }
}

struct Checker<'d> {
    document: &'d Document,
    findings: Vec<Diagnostic>,
}

impl Checker<'_> {
    fn find(&mut self, severity: Severity, message: String, hint: &str, pointer: &str) {
        let diagnostic = Diagnostic::new(severity, message).with_hint(hint);
        self.findings.push(self.document.place(diagnostic, pointer));
    }

    fn find_in(&mut self, flow: &Flow, severity: Severity, message: String, hint: &str) {
        let diagnostic = Diagnostic::new(severity, message).with_hint(hint).in_field(&flow.target);
        self.findings.push(self.document.place(diagnostic, &flow.pointer));
    }

    /// Ids and directories of the rules.
    fn rules(&mut self) {
        let schema = self.document.schema();
        let mut ids: HashMap<&str, usize> = HashMap::new();
        for rule in &schema.rules {
            *ids.entry(rule.id.as_str()).or_default() += 1;
            if !rule.id.is_empty() && ids[rule.id.as_str()] == 2 {
                let message = format!("two rules have the id `{}`", rule.id);
                self.find(Severity::Warning, message, "give each rule an id of its own", &rule.pointer);
            }
            for name in [&rule.source_directory, &rule.target_directory] {
                let defined = schema.directories.iter().any(|directory| directory.name.eq_ignore_ascii_case(name));
                if !schema.directories.is_empty() && !defined {
                    let message = format!("the rule names the directory `{name}`, which the schema doesn't define");
                    self.find(Severity::Warning, message, "mend the name, or download the schema again", &rule.pointer);
                }
            }
        }
    }

    /// How leaving the scope reaches the target.
    fn users(&mut self, selection: &Selection<'_>) {
        let mapping = selection.mapping;
        let enabled = selection.target.and_then(|target| target.account_enabled.as_deref()).unwrap_or("active");
        let Some(flow) = mapping.attributes.iter().find(|flow| flow.target.eq_ignore_ascii_case(enabled)) else {
            let message = format!("nothing is mapped to `{enabled}`: nobody is disabled who leaves the scope");
            let hint = "map `Switch([IsSoftDeleted], , \"False\", \"True\", \"True\", \"False\")` to it";
            return self.find(Severity::Warning, message, hint, &mapping.pointer);
        };
        let is_older = tree(flow).is_some_and(|node| node.to_string().eq_ignore_ascii_case("Not([IsSoftDeleted])"));
        if is_older {
            let message = format!("`{enabled}` comes from the older default, `Not([IsSoftDeleted])`");
            let hint = "newer applications have `Switch([IsSoftDeleted], , \"False\", \"True\", \"True\", \"False\")`; \
                        both give the same";
            self.find_in(flow, Severity::Note, message, hint);
        }
        let uses = |name: &str| tree(flow).is_some_and(|node| uses_attribute(&node, name));
        if !uses("IsSoftDeleted") && uses("accountEnabled") {
            let message = "users who are unassigned or filtered out keep an active account".to_owned();
            let hint = "map `[IsSoftDeleted]` instead of `[accountEnabled]`: it also says who isn't in scope any more";
            self.find_in(flow, Severity::Warning, message, hint);
        }
    }

    fn object(&mut self, selection: &Selection<'_>) {
        let mapping = selection.mapping;
        if let Some(target) = selection.target {
            self.required(mapping, target);
        }
        for flow in &mapping.attributes {
            let Some(node) = tree(flow) else { continue };
            let random = ["Guid", "RandomString", "Now"].into_iter().find(|name| calls(&node, name));
            if let Some(name) = random.filter(|_| flow.when == FlowType::Always) {
                let message = format!("`{name}` gives another value in every cycle");
                self.find_in(
                    flow,
                    Severity::Warning,
                    message,
                    "let it flow only during object creation (`ObjectAddOnly`)",
                );
            }
            let single = selection.target.and_then(|target| target.attribute(&flow.target));
            if single.is_some_and(|target| !target.multivalued) && gives_several(&node, selection.source) {
                let message = format!("the source may have several values, `{}` takes one", flow.target);
                self.find_in(
                    flow,
                    Severity::Warning,
                    message,
                    "use `Item(…, 1)` for one of them, or `Join` for all in one text",
                );
            }
        }
        let role_functions =
            ["SingleAppRoleAssignment", "AppRoleAssignmentsComplex", "AssertiveAppRoleAssignmentsComplex"];
        let mut with_roles = mapping
            .attributes
            .iter()
            .filter(|flow| tree(flow).is_some_and(|node| role_functions.iter().any(|name| calls(&node, name))));
        if let (Some(first), Some(second)) = (with_roles.next(), with_roles.next()) {
            let message = format!("app roles are also mapped to `{}`", first.target);
            self.find_in(second, Severity::Warning, message, "map app roles once: both write `roles`");
        }
    }

    fn required(&mut self, mapping: &Mapping, target: &ObjectDefinition) {
        for attribute in target.attributes.iter().filter(|attribute| attribute.required && !attribute.anchor) {
            if !mapping.attributes.iter().any(|flow| flow.target.eq_ignore_ascii_case(&attribute.name)) {
                let message = format!("the target requires `{}`, and nothing is mapped to it", attribute.name);
                self.find(Severity::Warning, message, "map a source attribute or a constant to it", &mapping.pointer);
            }
        }
        if !target.attributes.is_empty() && !target.attributes.iter().any(|attribute| attribute.anchor) {
            let message = format!("no attribute of the target's `{}` is its anchor", target.name);
            self.find(Severity::Note, message, "SCIM's is `id`; it is taken here", &mapping.pointer);
        }
    }
}

/// The source's parse tree, if it has one.
fn tree(flow: &Flow) -> Option<Node> {
    parse(&source_text(flow.source.as_ref()?).0).ok()
}

fn walk(node: &Node, test: &mut dyn FnMut(&Node) -> bool) -> bool {
    test(node)
        || match &node.kind {
            NodeKind::Call { arguments, .. } => arguments.iter().flatten().any(|argument| walk(argument, test)),
            NodeKind::Condition { left, right, .. } => walk(left, test) || walk(right, test),
            _ => false,
        }
}

fn calls(node: &Node, function: &str) -> bool {
    walk(node, &mut |node| matches!(&node.kind, NodeKind::Call { name, .. } if name.eq_ignore_ascii_case(function)))
}

fn uses_attribute(node: &Node, attribute: &str) -> bool {
    walk(node, &mut |node| matches!(&node.kind, NodeKind::Attribute(name) if name.eq_ignore_ascii_case(attribute)))
}

/// Whether a source is a list for all that can be told.
fn gives_several(node: &Node, source: Option<&ObjectDefinition>) -> bool {
    match &node.kind {
        NodeKind::Attribute(name) => source
            .and_then(|source| source.attribute(name))
            .is_some_and(|attribute| attribute.multivalued && !name.eq_ignore_ascii_case("appRoleAssignments")),
        NodeKind::Call { name, .. } => ["Split", "RemoveDuplicates"].iter().any(|list| list.eq_ignore_ascii_case(name)),
        _ => false,
    }
}

/// One attribute mapping as the document has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingRow {
    /// Target attribute.
    pub target: String,
    /// The expression in its canonical spelling; empty where there is no source.
    pub source: String,
    /// `Direct`, `Constant`, `Expression` or `None`, as the portal calls them.
    pub kind: &'static str,
    /// When it flows.
    pub flow: FlowType,
    /// `FlowAlways`.
    pub flow_always: bool,
    /// `defaultValue`.
    pub default: Option<String>,
    /// Matching precedence; 0 for none.
    pub matching_priority: i64,
}

/// The attribute mappings that are used for a kind of object, in the document's order. None where there is no
/// enabled mapping.
pub fn rows(document: &Document, kind: ObjectKind) -> Vec<MappingRow> {
    let Ok(selected) = select(document, &mut Vec::new()) else { return Vec::new() };
    let selection = match kind {
        ObjectKind::User => Some(selected.users),
        ObjectKind::Group => selected.groups,
    };
    selection.map_or_else(Vec::new, |selection| selection.mapping.attributes.iter().map(row).collect())
}

/// The mappings of a kind of object before the admin changed them, where the document keeps them.
pub fn default_rows(document: &Document, kind: ObjectKind) -> Option<Vec<MappingRow>> {
    let mut kept = document.schema().rules.iter().flat_map(|rule| &rule.defaults);
    let mapping = kept.find(|mapping| mapping.source_object.eq_ignore_ascii_case(kind.as_str()))?;
    Some(mapping.attributes.iter().map(row).collect())
}

fn row(flow: &Flow) -> MappingRow {
    let text = flow.source.as_ref().map(|source| source_text(source).0).unwrap_or_default();
    let node = parse(&text).ok();
    let kind = match node.as_ref().map(|node| &node.kind) {
        _ if text.is_empty() => "None",
        Some(NodeKind::Attribute(_)) => "Direct",
        Some(NodeKind::Text(_)) => "Constant",
        _ => "Expression",
    };
    MappingRow {
        target: flow.target.clone(),
        source: node.map_or(text, |node| node.to_string()),
        kind,
        flow: flow.when,
        flow_always: flow.always,
        default: flow.default.clone(),
        matching_priority: flow.matching_priority,
    }
}
