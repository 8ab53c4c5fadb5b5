//! Compiles scoping filters.

use super::compile::{Compiler, ExtraFilter, MAX_ATTRIBUTES, floor_boundary};
use super::compiled::{ClauseOperator, FilterClause, FilterGroup};
use super::view::{AttributeDefinition, Group};
use crate::base::{Diagnostic, Severity, Snippet, nearest};
use crate::expression::{Pattern, PatternError, SourceAttribute, source_attribute};

/// The operators as schemas spell them.
const OPERATORS: [&str; 14] = [
    "EQUALS",
    "NOT EQUALS",
    "IS TRUE",
    "IS FALSE",
    "IS NULL",
    "IS NOT NULL",
    "REGEX MATCH",
    "NOT REGEX MATCH",
    "Greater_Than",
    "Greater_Than_OR_EQUALS",
    "Includes",
    "ENDS_WITH",
    "&",
    "!&",
];

/// Attributes that can't be filtered on whatever the schema says of their type, with the reason.
const UNSUPPORTED: &[(&str, &str)] = &[
    ("appRoleAssignments", "app roles decide by assignment, not in scoping filters"),
    ("members", "members can't be filtered on"),
    ("manager", "references can't be filtered on"),
    ("proxyAddresses", "attributes with several values can't be filtered on"),
    ("otherMails", "attributes with several values can't be filtered on"),
    ("createdDateTime", "dates can't be filtered on"),
    ("deletedDateTime", "dates can't be filtered on"),
    ("employeeHireDate", "dates can't be filtered on"),
    ("employeeLeaveDateTime", "dates can't be filtered on"),
    ("IsSoftDeleted", "it follows from the scope itself; filter on `accountEnabled`"),
];

/// Compiles a filter of the document.
pub(super) fn document_group(compiler: &mut Compiler<'_>, group: &Group) -> FilterGroup {
    let clauses = group.clauses.iter().filter_map(|clause| {
        let values: Vec<String> = clause.values.clone();
        let site = Site { title: &group.title, pointer: Some(&clause.pointer) };
        compile_clause(compiler, site, &clause.attribute, &clause.operator, values)
    });
    FilterGroup { title: group.title.clone(), clauses: clauses.collect() }
}

/// Compiles a filter of the settings.
pub(super) fn extra_group(compiler: &mut Compiler<'_>, group: &ExtraFilter) -> FilterGroup {
    let clauses = group.clauses.iter().filter_map(|clause| {
        let site = Site { title: &group.title, pointer: None };
        let values = clause.value.iter().cloned().collect();
        compile_clause(compiler, site, &clause.attribute, &clause.operator, values)
    });
    FilterGroup { title: group.title.clone(), clauses: clauses.collect() }
}

/// Which clause is meant.
#[derive(Clone, Copy)]
struct Site<'s> {
    title: &'s str,
    /// Its place in the document; none for the settings.
    pointer: Option<&'s str>,
}

/// A clause being compiled.
struct Reporter<'c, 'd, 's> {
    compiler: &'c mut Compiler<'d>,
    site: Site<'s>,
    /// `department EQUALS`.
    clause: String,
}

impl Reporter<'_, '_, '_> {
    fn report(&mut self, mut diagnostic: Diagnostic) {
        if self.compiler.is_enough(&diagnostic) {
            return;
        }
        diagnostic.message = format!("scoping filter `{}`, `{}`: {}", self.site.title, self.clause, diagnostic.message);
        self.compiler.report(match self.site.pointer {
            Some(pointer) => self.compiler.document.place(diagnostic, pointer),
            None => diagnostic,
        });
    }

    /// Reports an error; there is no clause then.
    fn fail<T>(&mut self, message: impl Into<String>, hint: impl Into<String>) -> Option<T> {
        self.report(Diagnostic::error(message).with_hint(hint));
        None
    }

    fn warn(&mut self, message: impl Into<String>, hint: impl Into<String>) {
        self.report(Diagnostic::warning(message).with_hint(hint));
    }
}

fn compile_clause(
    compiler: &mut Compiler<'_>,
    site: Site<'_>,
    attribute: &str,
    operator: &str,
    values: Vec<String>,
) -> Option<FilterClause> {
    let (attribute, operator) = (attribute.trim(), operator.trim());
    let mut reporter = Reporter { compiler, site, clause: format!("{attribute} {operator}") };
    let attribute = attribute.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(attribute);
    // Both are checked before giving up, so that one run names everything.
    let name = check_attribute(&mut reporter, attribute);
    let operator = compile_operator(&mut reporter, operator, &values);
    let (name, operator) = (name?, operator?);
    if reporter.compiler.has_too_many_attributes() {
        let message = format!("the rules name more than {MAX_ATTRIBUTES} source attributes");
        return reporter.fail(message, "remove what isn't needed");
    }
    if matches!(operator, ClauseOperator::IsTrue | ClauseOperator::IsFalse)
        && definition(&reporter, &name).is_some_and(|found| !found.kind.eq_ignore_ascii_case("Boolean"))
    {
        reporter.warn("the attribute isn't a boolean", "only the texts `True` and `False` count");
    }
    let slot = reporter.compiler.names.slot(&name);
    Some(FilterClause { slot, attribute: name, operator, values })
}

fn definition<'r>(reporter: &'r Reporter<'_, '_, '_>, name: &str) -> Option<&'r AttributeDefinition> {
    reporter.compiler.source.and_then(|source| source.attribute(name))
}

/// The attribute's name in the spelling to look up.
fn check_attribute(reporter: &mut Reporter<'_, '_, '_>, written: &str) -> Option<String> {
    if written.is_empty() {
        return reporter.fail("no attribute is named", "name a source attribute such as `department`");
    }
    let attribute = source_attribute(written);
    let name = attribute.name();
    if let Some((_, reason)) = UNSUPPORTED.iter().find(|(unsupported, _)| *unsupported == name) {
        return reporter.fail(format!("`{name}` can't be used in a scoping filter"), *reason);
    }
    let unsupported = definition(reporter, name).and_then(|found| match found.kind.to_ascii_lowercase().as_str() {
        _ if found.multivalued => Some("attributes with several values can't be filtered on"),
        "datetime" => Some("dates can't be filtered on"),
        "reference" => Some("references can't be filtered on"),
        _ => None,
    });
    if let Some(reason) = unsupported {
        return reporter.fail(format!("`{name}` can't be used in a scoping filter"), reason);
    }
    match attribute {
        _ if name == "userType" => reporter.warn(
            "the service doesn't support `userType` in scoping filters",
            "it is evaluated here; filter on `userPrincipalName` for the service",
        ),
        SourceAttribute::OtherCase(known) => reporter
            .warn(format!("there is no source attribute `{written}`; `{known}` is taken"), format!("write `{known}`")),
        SourceAttribute::Unknown(name) if definition(reporter, name).is_none() => {
            let known = reporter.compiler.source.into_iter().flat_map(|source| &source.attributes);
            let near = nearest(name, known.map(|attribute| attribute.name.as_str()));
            let hint = near.map_or_else(
                || "it has values only if the export has such a column".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            reporter.warn(format!("the source directory has no attribute `{name}`"), hint);
        }
        SourceAttribute::Known(_) | SourceAttribute::Unknown(_) => {}
    }
    Some(name.to_owned())
}

fn compile_operator(reporter: &mut Reporter<'_, '_, '_>, operator: &str, values: &[String]) -> Option<ClauseOperator> {
    let Some(name) = OPERATORS.iter().copied().find(|known| known.eq_ignore_ascii_case(operator)) else {
        if operator.eq_ignore_ascii_case("IsMemberOf") {
            return reporter
                .fail("the service doesn't support `IsMemberOf`", "assign the group to the application instead");
        }
        let near = nearest(operator, OPERATORS).map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
        let hint = format!("{near}Operators are {}", OPERATORS.join(", "));
        return reporter.fail(format!("there is no operator `{operator}`"), hint);
    };
    let unary = name.starts_with("IS ");
    if unary && !values.is_empty() {
        reporter.warn("the operator takes no value", "the given one doesn't count");
    }
    if !unary && values.is_empty() {
        return reporter.fail("the operator needs a value", "give exactly one value");
    }
    if !unary && values.len() > 1 && !name.starts_with("Greater") {
        let hint = "any of them counts here; write one filter for each value to be sure of the service";
        reporter.warn(format!("{} values are given where the portal writes one", values.len()), hint);
    }
    Some(match name {
        "EQUALS" => ClauseOperator::Equals,
        "NOT EQUALS" => ClauseOperator::NotEquals,
        "IS TRUE" => ClauseOperator::IsTrue,
        "IS FALSE" => ClauseOperator::IsFalse,
        "IS NULL" => ClauseOperator::IsNull,
        "IS NOT NULL" => ClauseOperator::IsNotNull,
        "REGEX MATCH" => ClauseOperator::RegexMatch(patterns(reporter, values)?),
        "NOT REGEX MATCH" => ClauseOperator::NotRegexMatch(patterns(reporter, values)?),
        "Greater_Than" => ClauseOperator::GreaterThan(whole_number(reporter, values)?),
        "Greater_Than_OR_EQUALS" => ClauseOperator::GreaterThanOrEquals(whole_number(reporter, values)?),
        "Includes" => ClauseOperator::Includes,
        "ENDS_WITH" => ClauseOperator::EndsWith,
        name => {
            let hint = "Microsoft only says that the attribute exists in the value; prefer `EQUALS` or `Includes`";
            reporter.warn("the operator is hardly documented", hint);
            if name == "&" { ClauseOperator::BitAnd } else { ClauseOperator::NotBitAnd }
        }
    })
}

fn whole_number(reporter: &mut Reporter<'_, '_, '_>, values: &[String]) -> Option<i64> {
    match values {
        [value] => match value.trim().parse() {
            Ok(number) => Some(number),
            Err(_) => reporter.fail(
                format!("`{}` isn't a whole number", value.escape_debug()),
                "both sides of the comparison must be whole numbers",
            ),
        },
        _ => reporter.fail(format!("{} values are given", values.len()), "give exactly one whole number"),
    }
}

fn patterns(reporter: &mut Reporter<'_, '_, '_>, values: &[String]) -> Option<Vec<Pattern>> {
    let anchors = reporter.compiler.options.anchor_scope_regex;
    let mut patterns = Vec::with_capacity(values.len());
    for value in values {
        match if anchors { Pattern::anchored(value) } else { Pattern::new(value) } {
            Err(error) => reporter.report(pattern_error(value, &error)),
            Ok(pattern) => {
                if !anchors && !is_anchored(value) {
                    reporter.report(unanchored(value));
                }
                patterns.push(pattern);
            }
        }
    }
    (patterns.len() == values.len()).then_some(patterns)
}

/// The service searches anywhere in the value. That is mostly meant with `@contoso\.com`, hardly with
/// `[1-9][0-9]`, which as a range of numbers only makes sense for the whole value.
fn unanchored(pattern: &str) -> Diagnostic {
    let is_number = pattern.contains(|c: char| c.is_ascii_digit())
        && pattern.chars().all(|c| c.is_ascii_digit() || "()[]{}|-,?+*\\d".contains(c));
    let hint = "write `^…$` if the whole value is meant, or turn on `anchor_scope_regex`";
    if is_number {
        let message = format!("the pattern `{pattern}` also matches inside longer numbers: .NET searches anywhere");
        return Diagnostic::warning(message).with_hint(hint);
    }
    Diagnostic::new(Severity::Note, format!("the pattern `{pattern}` may match anywhere in the value")).with_hint(hint)
}

fn pattern_error(pattern: &str, error: &PatternError) -> Diagnostic {
    let span = error.offset.map_or(0..pattern.len(), |at| {
        let start = floor_boundary(pattern, at);
        start..pattern[start..].chars().next().map_or(start, |c| start + c.len_utf8())
    });
    Diagnostic::error(format!("invalid regular expression: {}", error.message))
        .with_snippet(Snippet { text: pattern.to_owned(), first_line: 1, span, label: String::new() })
        .with_hint("the pattern is a .NET regular expression, such as `^.*@contoso\\.com$`")
}

/// Whether a pattern begins and ends with an anchor.
fn is_anchored(pattern: &str) -> bool {
    let starts = pattern.starts_with('^') || pattern.starts_with("\\A");
    let ends = pattern.strip_suffix('$').is_some_and(|rest| {
        let backslashes = rest.bytes().rev().take_while(|byte| *byte == b'\\').count();
        backslashes % 2 == 0
    });
    starts && (ends || pattern.ends_with("\\z") || pattern.ends_with("\\Z"))
}
