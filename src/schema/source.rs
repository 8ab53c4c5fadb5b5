//! The text of a mapping's source.

use super::view::{Source, SourceKind};
use crate::base::Diagnostic;
use crate::expression::{Node, NodeKind, parse};

/// The expression of a source, and what is odd about it; empty where there is none. `expression` counts;
/// where it is missing the text follows from `name` and `parameters`.
pub(super) fn source_text(source: &Source) -> (String, Option<Diagnostic>) {
    let written = source.expression.trim();
    if written.is_empty() {
        return (built(source), None);
    }
    let parsed = parse(written).ok().map(|node| node.kind);
    if source.kind == SourceKind::Constant && !matches!(parsed, Some(NodeKind::Text(_))) {
        let notice = Diagnostic::warning("the expression of a constant isn't a quoted text; it is taken as it is")
            .with_hint("write it with quotes: `\"\\\"text\\\"\"`");
        return (quoted(written), Some(notice));
    }
    let differs = match &parsed {
        Some(NodeKind::Attribute(name) | NodeKind::Text(name) | NodeKind::Call { name, .. }) => {
            !source.name.is_empty() && *name != source.name
        }
        _ => false,
    };
    let notice = differs.then(|| {
        Diagnostic::warning(format!(
            "`expression` and `name` differ: `{}` is written, `name` says `{}`",
            written, source.name
        ))
        .with_hint("the expression counts; mend the `name`")
    });
    (written.to_owned(), notice)
}

/// The text that follows from name and parameters; the place of arguments left empty isn't known.
fn built(source: &Source) -> String {
    if source.name.is_empty() && source.kind != SourceKind::Constant {
        return String::new();
    }
    match source.kind {
        SourceKind::Attribute => format!("[{}]", source.name),
        SourceKind::Constant => quoted(&source.name),
        SourceKind::Function => {
            let arguments: Vec<String> = source.parameters.iter().map(|parameter| source_text(parameter).0).collect();
            format!("{}({})", source.name, arguments.join(", "))
        }
    }
}

fn quoted(text: &str) -> String {
    Node { kind: NodeKind::Text(text.to_owned()), span: 0..0 }.to_string()
}
