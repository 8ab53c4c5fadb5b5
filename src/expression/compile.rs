//! Compiles a parse tree into what is evaluated per object.

use super::ast::{Node, NodeKind, Relation};
use super::attribute::{SourceAttribute, source_attribute};
use super::date::{Layout, Styles, StylesError};
use super::functions::{INTERVALS, MAX_LENGTH, is_culture};
use super::lex::{error_at, snippet};
use super::library::{Function, check_arguments, find};
use super::parse::parse;
use super::pattern::Pattern;
use super::value::Number;
use crate::base::{Diagnostic, Severity, nearest};
use crate::directory::{AttributeNames, Slot};

/// An expression compiled against the source attributes of a run.
#[derive(Debug, Clone)]
pub struct Expression {
    text: String,
    pub(super) code: Code,
    slots: Vec<Slot>,
    warnings: Vec<Diagnostic>,
    redacted: bool,
    volatile: bool,
}

/// What is evaluated.
#[derive(Debug, Clone)]
pub(super) enum Code {
    /// An argument that was left empty.
    Omitted,
    Text(String),
    Number(Number),
    Bool(bool),
    Slot(Slot),
    /// The flag says whether a missing value makes the condition false; it does in `IIF`, not in `CBool`.
    Condition(Box<(Code, Code)>, Relation, bool),
    /// A regular expression that was written as a text.
    Pattern(Box<Pattern>),
    /// A call with its number in the expression.
    Call(Function, Box<[Code]>, u32),
}

impl Expression {
    /// Parses and compiles an expression; source attributes get slots in `names`.
    ///
    /// The error carries the expression's text with the place that is meant, and a remedy.
    pub fn compile(text: &str, names: &mut AttributeNames) -> Result<Self, Box<Diagnostic>> {
        let node = parse(text)?;
        let mut compiler = Compiler {
            text,
            names,
            slots: Vec::new(),
            warnings: Vec::new(),
            calls: 0,
            redacted: false,
            volatile: false,
        };
        let code = compiler.compile(&node, Place::Value)?;
        let Compiler { mut slots, warnings, redacted, volatile, .. } = compiler;
        slots.sort_unstable();
        slots.dedup();
        Ok(Self { text: text.to_owned(), code, slots, warnings, redacted, volatile })
    }

    /// The expression as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The source attributes that it looks at, in slot order.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// What is odd but evaluated all the same: letter case of names, legacy functions, usages that the
    /// documentation calls unsupported.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// Whether `Redact` is anywhere in it: the value flows, and logs show `[Redact]` instead.
    pub const fn is_redacted(&self) -> bool {
        self.redacted
    }

    /// Whether it gives another value each time: the time, a new GUID or a random text is in it.
    pub const fn is_volatile(&self) -> bool {
        self.volatile
    }
}

/// Where a node stands, which says what it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Where a value is needed.
    Value,
    /// The first argument of `IIF`.
    Condition,
    /// The argument of `CBool`.
    Comparison,
}

struct Compiler<'t, 'n> {
    text: &'t str,
    names: &'n mut AttributeNames,
    slots: Vec<Slot>,
    warnings: Vec<Diagnostic>,
    calls: u32,
    redacted: bool,
    volatile: bool,
}

impl Compiler<'_, '_> {
    fn compile(&mut self, node: &Node, place: Place) -> Result<Code, Box<Diagnostic>> {
        match &node.kind {
            NodeKind::Attribute(name) => Ok(Code::Slot(self.slot(node, name))),
            NodeKind::Text(text) => Ok(Code::Text(text.clone())),
            NodeKind::Number(text) => match Number::parse(text) {
                Some(number) => Ok(Code::Number(number)),
                None => Err(self
                    .error(node, format!("the number `{text}` is too large"))
                    .with_hint("write it as a text: `\"…\"`")
                    .into()),
            },
            NodeKind::Word(word) => self.word(node, word),
            NodeKind::Condition { left, relation, right } => {
                if place == Place::Value {
                    return Err(self
                        .error(
                            node,
                            "a comparison only stands as the first argument of `IIF` or inside `CBool`".to_owned(),
                        )
                        .with_hint("write `IIF(…comparison…, \"True\", \"False\")`")
                        .into());
                }
                if place == Place::Condition {
                    self.lint_comparison(node, left, right);
                }
                let operands = (self.compile(left, Place::Value)?, self.compile(right, Place::Value)?);
                Ok(Code::Condition(Box::new(operands), *relation, place == Place::Condition))
            }
            NodeKind::Call { name, arguments } => {
                let name_span = node.span.start..node.span.start + name.len();
                let (function, oddity) = find(self.text, name, name_span)?;
                self.warnings.extend(oddity);
                check_arguments(self.text, function, node, arguments)?;
                self.call(node, function, arguments, place)
            }
        }
    }

    fn call(
        &mut self,
        node: &Node,
        function: Function,
        arguments: &[Option<Node>],
        place: Place,
    ) -> Result<Code, Box<Diagnostic>> {
        match function {
            Function::Replace => self.check_replace(node, arguments)?,
            Function::RandomString => self.check_random_string(node, arguments)?,
            Function::ToLower | Function::ToUpper => self.check_culture(function, arguments)?,
            Function::DateAdd | Function::DateDiff => self.check_interval(arguments)?,
            Function::FormatDateTime => self.check_date_formats(arguments)?,
            Function::IgnoreFlowIfNullOrEmpty if place == Place::Condition => {
                return Err(self
                    .error(node, "`IgnoreFlowIfNullOrEmpty` can't be the condition of `IIF`".to_owned())
                    .with_hint("put it around the `IIF` instead")
                    .into());
            }
            function if takes_roles(function) => self.check_roles(function, arguments)?,
            _ => {}
        }
        self.redacted |= function == Function::Redact;
        self.volatile |= matches!(function, Function::Guid | Function::Now | Function::RandomString);
        let site = self.calls;
        self.calls += 1;
        if is_presence_test(function) && place == Place::Condition {
            self.warn(
                node,
                format!("Microsoft documents `IIF({}(…), …)` as unsupported", function.name()),
                "write `Switch([x], [x], \"\", \"Other\")` for a missing value; it is evaluated here as it reads",
            );
        }
        if function == Function::Switch {
            self.lint_switch(arguments);
        }
        self.lint_contradictions(node, function, arguments);
        let mut compiled = Vec::with_capacity(arguments.len());
        for (index, argument) in arguments.iter().enumerate() {
            compiled.push(match argument {
                None => Code::Omitted,
                Some(argument) => match (function, index, &argument.kind) {
                    (Function::InStr, 3, _) => self.comparison_type(argument)?,
                    (Function::ConvertFromBase64, 1, _) => self.encoding(argument)?,
                    (Function::Replace, 2, NodeKind::Text(pattern)) if !pattern.is_empty() => {
                        self.pattern(argument, pattern, arguments.get(3).and_then(Option::as_ref))?
                    }
                    (Function::Iif, 0, _) => self.compile(argument, Place::Condition)?,
                    (Function::CBool, 0, _) => self.compile(argument, Place::Comparison)?,
                    _ => self.compile(argument, Place::Value)?,
                },
            });
        }
        Ok(Code::Call(function, compiled.into_boxed_slice(), site))
    }

    fn slot(&mut self, node: &Node, name: &str) -> Slot {
        let attribute = source_attribute(name);
        if let SourceAttribute::OtherCase(known) = attribute {
            let message = format!("there is no source attribute `{name}`; `{known}` is taken");
            self.warn(node, message, &format!("write `[{known}]`"));
        }
        let slot = self.names.slot(attribute.name());
        self.slots.push(slot);
        slot
    }

    fn word(&self, node: &Node, word: &str) -> Result<Code, Box<Diagnostic>> {
        if word.eq_ignore_ascii_case("True") || word.eq_ignore_ascii_case("False") {
            return Ok(Code::Bool(word.eq_ignore_ascii_case("True")));
        }
        if ["IgnoreAttributeFlow", "IgnoreObjectFlow"].iter().any(|known| known.eq_ignore_ascii_case(word)) {
            return Err(self
                .error(node, format!("`{word}` only works for HR-driven provisioning"))
                .with_hint("to leave an attribute out, write `IgnoreFlowIfNullOrEmpty(…)`")
                .into());
        }
        Err(self
            .error(node, format!("`{word}` is neither a text nor an attribute"))
            .with_hint(format!("write `\"{word}\"` for the text, `[{word}]` for the attribute"))
            .into())
    }

    /// `vbTextCompare` becomes `True`: ignore the letter case.
    fn comparison_type(&self, node: &Node) -> Result<Code, Box<Diagnostic>> {
        if let NodeKind::Word(word) | NodeKind::Text(word) = &node.kind {
            if word.eq_ignore_ascii_case("vbTextCompare") {
                return Ok(Code::Bool(true));
            }
            if word.eq_ignore_ascii_case("vbBinaryCompare") {
                return Ok(Code::Bool(false));
            }
        }
        Err(self
            .error(node, "`compareType` of `InStr` isn't known".to_owned())
            .with_hint("write `vbTextCompare` to ignore the letter case, `vbBinaryCompare` otherwise")
            .into())
    }

    fn check_culture(&self, function: Function, arguments: &[Option<Node>]) -> Result<(), Box<Diagnostic>> {
        let Some(Some(culture)) = arguments.get(1) else { return Ok(()) };
        match &culture.kind {
            NodeKind::Text(name) if !is_culture(name) => Err(self
                .error(culture, format!("`{}` isn't a culture for `{}`", name.escape_debug(), function.name()))
                .with_hint("write it as in `en-US` or `tr-TR`, or leave it out for the invariant culture")
                .into()),
            _ => Ok(()),
        }
    }

    fn check_interval(&self, arguments: &[Option<Node>]) -> Result<(), Box<Diagnostic>> {
        let Some(Some(node)) = arguments.first() else { return Ok(()) };
        let NodeKind::Text(written) = &node.kind else { return Ok(()) };
        if INTERVALS.iter().any(|known| known.eq_ignore_ascii_case(written)) {
            return Ok(());
        }
        Err(self
            .error(node, format!("`{}` isn't an interval", written.escape_debug()))
            .with_hint("it is `yyyy` for years, `m` months, `ww` weeks, `d` days, `h` hours, `n` minutes, `s` seconds")
            .into())
    }

    fn check_date_formats(&self, arguments: &[Option<Node>]) -> Result<(), Box<Diagnostic>> {
        let literal = |index: usize| match arguments.get(index) {
            Some(Some(node)) => match &node.kind {
                NodeKind::Text(text) => Some((node, text)),
                _ => None,
            },
            _ => None,
        };
        let formats = if arguments.len() == 3 { [1, 2] } else { [2, 3] };
        for (node, text) in formats.into_iter().filter_map(literal) {
            if let Err(message) = Layout::new(text) {
                let error = self.error(node, message);
                return Err(error
                    .with_hint("write it as .NET does, such as `yyyy-MM-dd` or `M/d/yyyy hh:mm:ss tt`")
                    .into());
            }
        }
        if arguments.len() == 4
            && let Some((node, text)) = literal(1)
            && let Err(error) = Styles::parse(text)
        {
            let hint = match &error {
                StylesError::Unknown(name) => nearest(name, Styles::NAMES)
                    .map_or_else(|| "leave it empty".to_owned(), |near| format!("did you mean `{near}`?")),
                StylesError::Conflict(_, second) => format!("leave out `{second}`"),
            };
            return Err(self.error(node, error.to_string()).with_hint(hint).into());
        }
        Ok(())
    }

    /// The mode of `Replace` follows from which arguments are there; `""` is there.
    fn check_replace(&self, node: &Node, arguments: &[Option<Node>]) -> Result<(), Box<Diagnostic>> {
        let given = |index: usize| arguments.get(index).is_some_and(Option::is_some);
        match [1, 2, 3, 4, 5, 6].map(given) {
            [true, false, false, true, false, false]
            | [true, false, false, false, false, true]
            | [false, true, false | true, true, false, false]
            | [false, true, true, false, true, false] => Ok(()),
            _ => Err(self
                .error(node, "these arguments of `Replace` don't go together".to_owned())
                .with_hint(
                    "give oldValue and replacementValue, oldValue and template, or regexPattern with replacementValue: \
                 `Replace([mail], \"@contoso.com\", , , \"\", , )`",
                )
                .into()),
        }
    }

    /// Compiles a regular expression; the caret stands where the pattern is wrong.
    fn pattern(&self, node: &Node, text: &str, group: Option<&Node>) -> Result<Code, Box<Diagnostic>> {
        let pattern = Pattern::new(text).map_err(|error| {
            let span = match error.offset.and_then(|offset| offset_in(self.text, &node.span, offset)) {
                Some(at) => at..at + self.text[at..].chars().next().map_or(1, char::len_utf8),
                None => node.span.clone(),
            };
            error_at(self.text, span, format!("invalid regular expression: {}", error.message), "")
                .with_hint("the pattern is a .NET regular expression; its backslashes are doubled in an expression")
        })?;
        if let Some(Node { kind: NodeKind::Text(name), span }) = group
            && pattern.group(name).is_none()
        {
            let message = format!("the regular expression has no group `{}`", name.escape_debug());
            return Err(error_at(self.text, span.clone(), message, "")
                .with_hint(format!("name a group in the pattern: `(?<{name}>…)`"))
                .into());
        }
        Ok(Code::Pattern(Box::new(pattern)))
    }

    fn encoding(&self, node: &Node) -> Result<Code, Box<Diagnostic>> {
        if let NodeKind::Word(word) | NodeKind::Text(word) = &node.kind
            && let Some(known) = ["Unicode", "ASCII", "UTF8"].iter().find(|known| known.eq_ignore_ascii_case(word))
        {
            return Ok(Code::Text((*known).to_owned()));
        }
        Err(self
            .error(node, "the encoding of `ConvertFromBase64` isn't known".to_owned())
            .with_hint("write `Unicode`, `ASCII` or `UTF8`")
            .into())
    }

    fn check_roles(&self, function: Function, arguments: &[Option<Node>]) -> Result<(), Box<Diagnostic>> {
        let Some(Some(node)) = arguments.first() else { return Ok(()) };
        match &node.kind {
            NodeKind::Attribute(name) if name.eq_ignore_ascii_case("appRoleAssignments") => Ok(()),
            _ => Err(self
                .error(node, format!("`{}` takes `[appRoleAssignments]` and nothing else", function.name()))
                .with_hint(format!("write `{}([appRoleAssignments])`", function.name()))
                .into()),
        }
    }

    /// Literal numbers that can never be met.
    fn check_random_string(&self, node: &Node, arguments: &[Option<Node>]) -> Result<(), Box<Diagnostic>> {
        let literal = |index: usize| match arguments.get(index)?.as_ref()?.kind {
            NodeKind::Number(ref text) | NodeKind::Text(ref text) => Number::parse(text)?.integer(),
            _ => None,
        };
        let Some(length) = literal(0) else { return Ok(()) };
        let asked: i64 = (1..5).filter_map(literal).fold(0, i64::saturating_add);
        if (0..=MAX_LENGTH).contains(&length) && asked <= length && (1..5).filter_map(literal).all(|least| least >= 0) {
            return Ok(());
        }
        Err(self
            .error(node, format!("no text of {length} characters has {asked} of the ones that are asked for"))
            .with_hint(format!("the length is at most {MAX_LENGTH}, and the minima add up to no more than it"))
            .into())
    }

    fn lint_comparison(&mut self, node: &Node, left: &Node, right: &Node) {
        if [left, right].into_iter().any(|side| matches!(&side.kind, NodeKind::Text(text) if text.is_empty())) {
            self.warn(
                node,
                "a condition over a missing value is always false, so comparing with `\"\"` doesn't find it".to_owned(),
                "write `Switch([x], [x], \"\", \"Other\")`",
            );
        }
    }

    fn lint_switch(&mut self, arguments: &[Option<Node>]) {
        let Some(Some(source)) = arguments.first() else { return };
        if let NodeKind::Call { name, .. } = &source.kind
            && ["IsNull", "IsNullOrEmpty", "IsPresent", "IsString"].iter().any(|known| known.eq_ignore_ascii_case(name))
        {
            let message = format!("Microsoft advises against `{name}` as the source of `Switch`");
            self.warn(source, message, "`Switch([x], [x], \"\", \"Other\")` tells a missing value by the key `\"\"`");
        }
    }

    /// Usages that Microsoft's documents say different things about, with what is done here.
    fn lint_contradictions(&mut self, node: &Node, function: Function, arguments: &[Option<Node>]) {
        let text = |index: usize| match arguments.get(index)?.as_ref()?.kind {
            NodeKind::Text(ref text) => Some(text.as_str()),
            _ => None,
        };
        let calls = |names: &[&str]| {
            arguments.iter().flatten().any(|argument| match &argument.kind {
                NodeKind::Call { name, .. } => names.iter().any(|known| known.eq_ignore_ascii_case(name)),
                _ => false,
            })
        };
        let (message, hint) = match function {
            Function::Coalesce if calls(&["Left", "Mid", "Word", "Replace", "Switch", "IIF", "Trim"]) => (
                "one guide lets `Coalesce` pass over `\"\"`, the reference only over null",
                "null alone is passed over here; `IIF` or `Switch` with the key `\"\"` tells an empty text",
            ),
            Function::Replace if arguments.get(5).is_some_and(Option::is_some) => (
                "older documents say the opposite of what `replacementAttributeName` does",
                "as in their example, a source that has a value stays, and else the other attribute is looked through",
            ),
            Function::Replace if text(2) == Some("[()\\s-]+") => (
                "one document prints the result of this pattern without the `+` of a phone number, another with it",
                "the pattern doesn't match a `+`, so it stays",
            ),
            Function::Split => (
                "the documented result of `Split` has no blanks around its pieces, though no document says so",
                "they are taken off here",
            ),
            Function::Join if text(0) == Some("@") && calls(&["NormalizeDiacritics"]) => (
                "a guide shows such addresses in lower case, though nothing in the expression makes them so",
                "letter case stays here; put `ToLower(…)` around it if it is meant",
            ),
            Function::NumFromDate => (
                "the numbers that guides print as results of `NumFromDate` are wrong",
                "the file time is computed: 100 ns units since 1601 in UTC",
            ),
            _ => return,
        };
        let place = snippet(self.text, node.span.clone(), "");
        self.warnings.push(Diagnostic::new(Severity::Note, message).with_snippet(place).with_hint(hint));
    }

    fn error(&self, node: &Node, message: String) -> Diagnostic {
        error_at(self.text, node.span.clone(), message, "")
    }

    fn warn(&mut self, node: &Node, message: String, hint: &str) {
        let place = snippet(self.text, node.span.clone(), "");
        self.warnings.push(Diagnostic::warning(message).with_snippet(place).with_hint(hint));
    }
}

const fn is_presence_test(function: Function) -> bool {
    matches!(function, Function::IsNull | Function::IsNullOrEmpty | Function::IsPresent)
}

const fn takes_roles(function: Function) -> bool {
    matches!(
        function,
        Function::AppRoleAssignments
            | Function::AppRoleAssignmentsComplex
            | Function::AssertiveAppRoleAssignmentsComplex
            | Function::SingleAppRoleAssignment
    )
}

/// The place in the expression of a byte of a quoted text; escapes take two bytes there.
fn offset_in(text: &str, quoted: &std::ops::Range<usize>, offset: usize) -> Option<usize> {
    let mut at = quoted.start + 1;
    let mut passed = 0;
    while passed < offset {
        let mut rest = text.get(at..quoted.end)?.chars();
        let first = rest.next()?;
        if first == '\\' && matches!(rest.next(), Some('"' | '\\')) {
            at += 1;
            passed += 1;
            at += 1;
        } else {
            at += first.len_utf8();
            passed += first.len_utf8();
        }
    }
    Some(at)
}
