//! Compiles a parse tree into what is evaluated per object.

use super::ast::{Node, NodeKind, Relation};
use super::attribute::{SourceAttribute, source_attribute};
use super::date::{Layout, Styles};
use super::functions::INTERVALS;
use super::lex::{error_at, snippet};
use super::library::{Function, check_arguments, find};
use super::parse::parse;
use super::value::Number;
use crate::base::{Diagnostic, nearest};
use crate::directory::{AttributeNames, Slot};

/// An expression compiled against the source attributes of a run.
#[derive(Debug)]
pub struct Expression {
    text: String,
    pub(super) code: Code,
    slots: Vec<Slot>,
    warnings: Vec<Diagnostic>,
}

/// What is evaluated.
#[derive(Debug)]
pub(super) enum Code {
    /// An argument that was left empty.
    Omitted,
    Text(String),
    Number(Number),
    Bool(bool),
    Slot(Slot),
    Condition(Box<(Code, Code)>, Relation),
    Call(Function, Box<[Code]>),
}

impl Expression {
    /// Parses and compiles an expression; source attributes get slots in `names`.
    ///
    /// The error carries the expression's text with the place that is meant, and a remedy.
    pub fn compile(text: &str, names: &mut AttributeNames) -> Result<Self, Box<Diagnostic>> {
        let node = parse(text)?;
        let mut compiler = Compiler { text, names, slots: Vec::new(), warnings: Vec::new() };
        let code = compiler.compile(&node, Place::Value)?;
        let Compiler { mut slots, warnings, .. } = compiler;
        slots.sort_unstable();
        slots.dedup();
        Ok(Self { text: text.to_owned(), code, slots, warnings })
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
}

/// Where a node stands, which says what it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Where a value is needed.
    Value,
    /// The first argument of `IIF`.
    Condition,
}

struct Compiler<'t, 'n> {
    text: &'t str,
    names: &'n mut AttributeNames,
    slots: Vec<Slot>,
    warnings: Vec<Diagnostic>,
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
                if place != Place::Condition {
                    return Err(self
                        .error(node, "a comparison only stands as the first argument of `IIF`".to_owned())
                        .with_hint("write `IIF(…comparison…, \"True\", \"False\")`")
                        .into());
                }
                self.lint_comparison(node, left, right);
                let operands = (self.compile(left, Place::Value)?, self.compile(right, Place::Value)?);
                Ok(Code::Condition(Box::new(operands), *relation))
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
            Function::ToLower | Function::ToUpper => self.check_culture(function, arguments)?,
            Function::DateAdd | Function::DateDiff => self.check_interval(arguments)?,
            Function::FormatDateTime => self.check_date_formats(arguments)?,
            Function::IgnoreFlowIfNullOrEmpty if place == Place::Condition => {
                return Err(self
                    .error(node, "`IgnoreFlowIfNullOrEmpty` can't be the condition of `IIF`".to_owned())
                    .with_hint("put it around the `IIF` instead")
                    .into());
            }
            _ => {}
        }
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
        let mut compiled = Vec::with_capacity(arguments.len());
        for (index, argument) in arguments.iter().enumerate() {
            compiled.push(match argument {
                None => Code::Omitted,
                Some(argument) if function == Function::InStr && index == 3 => self.comparison_type(argument)?,
                Some(argument) => {
                    let condition = function == Function::Iif && index == 0;
                    self.compile(argument, if condition { Place::Condition } else { Place::Value })?
                }
            });
        }
        Ok(Code::Call(function, compiled.into_boxed_slice()))
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
        let Some(culture) = arguments.get(1).and_then(Option::as_ref) else { return Ok(()) };
        match &culture.kind {
            NodeKind::Text(name) if name.is_empty() || name.eq_ignore_ascii_case("en-US") => Ok(()),
            _ => Err(self
                .error(
                    culture,
                    format!("`{}` with a culture isn't supported by this version of scimulate", function.name()),
                )
                .with_hint("leave the culture out for the invariant one; `\"en-US\"` is the same")
                .into()),
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
                return Err(error.with_hint("write it as .NET does, such as `yyyy-MM-dd` or `M/d/yyyy hh:mm:ss tt`").into());
            }
        }
        if arguments.len() == 4
            && let Some((node, text)) = literal(1)
            && let Err(name) = Styles::parse(text)
        {
            let near = nearest(&name, Styles::NAMES);
            let hint = near.map_or_else(|| "leave it empty".to_owned(), |near| format!("did you mean `{near}`?"));
            return Err(self.error(node, format!("`{name}` isn't one of the date styles")).with_hint(hint).into());
        }
        Ok(())
    }

    /// The mode of `Replace` follows from which arguments are there; `""` is there.
    fn check_replace(&self, node: &Node, arguments: &[Option<Node>]) -> Result<(), Box<Diagnostic>> {
        let given = |index: usize| arguments.get(index).is_some_and(Option::is_some);
        match [1, 2, 3, 4, 5, 6].map(given) {
            [true, false, false, true, false, false] | [true, false, false, false, false, true] => Ok(()),
            [false, true, false | true, true, false, false] | [false, true, true, false, true, false] => Err(self
                .error(
                    node,
                    "`Replace` with a regular expression isn't supported by this version of scimulate".to_owned(),
                )
                .with_hint("the service knows it; leave this mapping out of the schema that you simulate")
                .into()),
            _ => Err(self
                .error(node, "these arguments of `Replace` don't go together".to_owned())
                .with_hint(
                    "give oldValue and replacementValue, oldValue and template, or regexPattern with replacementValue: \
                 `Replace([mail], \"@contoso.com\", , , \"\", , )`",
                )
                .into()),
        }
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
