//! A finding as text: the line with a caret under the place, and the remedy.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet, normalize_untrusted_str};

use super::table::fold;
use crate::base::{Diagnostic, Severity};

/// Renders with colours, which the printer cuts off where nobody sees them. Sentences are broken to the width of a
/// terminal, where it is one.
pub(crate) fn render(diagnostic: &Diagnostic, width: Option<usize>) -> String {
    let text = render_with(diagnostic, &Renderer::styled());
    match width {
        None => text,
        Some(width) => text.lines().map(|line| broken(line, width)).collect::<Vec<_>>().join("\n"),
    }
}

/// Breaks a line that is a sentence, `error: …` or ` = help: …`; lines of files stay as they are.
fn broken(line: &str, width: usize) -> String {
    let plain = anstream::adapter::strip_str(line).to_string();
    let begin = plain.split_once(": ").map(|(begin, _)| begin).unwrap_or_default();
    let is_sentence = matches!(begin.trim_start_matches([' ', '=']), "error" | "warning" | "note" | "help");
    if is_sentence { fold(line, width, begin.len() + ": ".len()) } else { line.to_owned() }
}

fn render_with(diagnostic: &Diagnostic, renderer: &Renderer) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let message = match &diagnostic.field {
        Some(field) => format!("{field}: {}", diagnostic.message),
        None => diagnostic.message.clone(),
    };
    let mut group = Group::with_title(level.primary_title(normalize_untrusted_str(&message)));
    if let Some(snippet) = &diagnostic.snippet {
        let mut annotation = AnnotationKind::Primary.span(within(&snippet.text, &snippet.span));
        if !snippet.label.is_empty() {
            annotation = annotation.label(normalize_untrusted_str(&snippet.label));
        }
        let mut source = Snippet::source(&snippet.text).line_start(snippet.first_line).annotation(annotation);
        if let Some(file) = &diagnostic.file {
            source = source.path(normalize_untrusted_str(file));
        }
        group = group.element(source);
    } else if let Some(file) = &diagnostic.file {
        let mut origin = Origin::path(normalize_untrusted_str(file));
        if let Some(line) = diagnostic.line {
            origin = origin.line(line);
            if let Some(column) = diagnostic.column {
                origin = origin.char_column(column);
            }
        }
        group = group.element(origin);
    }
    let has_place = diagnostic.snippet.is_some() || diagnostic.file.is_some();
    match &diagnostic.hint {
        Some(hint) if has_place => {
            renderer.render(&[group.element(Level::HELP.message(normalize_untrusted_str(hint)))])
        }
        // Without a place there is no margin that the hint could stand in.
        Some(hint) => {
            let help = Group::with_title(Level::HELP.secondary_title(normalize_untrusted_str(hint)));
            format!("{}\n  {}", renderer.render(&[group]), renderer.render(&[help]))
        }
        None => renderer.render(&[group]),
    }
}

/// A byte range that lies inside a text and on its character boundaries.
fn within(text: &str, span: &std::ops::Range<usize>) -> std::ops::Range<usize> {
    let floor = |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let start = floor(span.start);
    start..floor(span.end).max(start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base;

    fn check(diagnostic: &Diagnostic, expected: &str) {
        assert_eq!(render_with(diagnostic, &Renderer::plain()), expected);
    }

    #[test]
    fn a_place_with_its_line() {
        let snippet =
            base::Snippet { text: "Zürich;raet = 3".into(), first_line: 7, span: 8..12, label: "here".into() };
        check(
            &Diagnostic::error("unknown key `raet`")
                .in_file("a.toml")
                .with_snippet(snippet)
                .with_hint("did you mean `rate`?"),
            "error: unknown key `raet`\n \
             --> a.toml:7:8\n  \
             |\n\
             7 | Zürich;raet = 3\n  \
             |        ^^^^ here\n  \
             |\n  \
             = help: did you mean `rate`?",
        );
    }

    #[test]
    fn a_place_without_its_line() {
        check(
            &Diagnostic::warning("an empty id").in_file("users.csv").at_line(12).in_field("id"),
            "warning: id: an empty id\n--> users.csv:12",
        );
        check(&Diagnostic::error("no").with_hint("yes"), "error: no\n  help: yes");
    }

    #[test]
    fn sentences_are_broken_to_the_width() {
        let check = |line: &str, expected: &str| assert_eq!(broken(line, 40), expected);
        check("error: short", "error: short");
        check(
            "  help: users are named by userPrincipalName, object id or mail",
            "  help: users are named by\n        userPrincipalName, object id or\n        mail",
        );
        let source = "7 | error: this is a line of a file, which stays as long as it is";
        check(source, source);
    }

    #[test]
    fn spans_outside_the_text_and_control_characters_do_no_harm() {
        let snippet = base::Snippet { text: "ü\u{1b}[2J".into(), first_line: 1, span: 1..99, label: String::new() };
        let mut diagnostic = Diagnostic::error("bell \u{7}\u{1b}[31m").in_file("a\u{1b}b");
        diagnostic.snippet = Some(snippet);
        let text = render_with(&diagnostic, &Renderer::plain());
        assert!(text.contains('ü') && !text.contains('\u{7}') && !text.contains('\u{1b}'), "{text:?}");
    }
}
