//! From templates to a page.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value};
use serde::Serialize;

use crate::base::Digest;
use crate::report::markup::html_prose;

/// What every page extends, and what any may include.
const TEMPLATES: [(&str, &str); 9] = [
    ("frame.html", include_str!("templates/frame.html")),
    ("bar.html", include_str!("templates/bar.html")),
    ("changes.html", include_str!("templates/changes.html")),
    ("exchange.html", include_str!("templates/exchange.html")),
    ("facts.html", include_str!("templates/facts.html")),
    ("legend.html", include_str!("templates/legend.html")),
    ("objects.html", include_str!("templates/objects.html")),
    ("patterns.html", include_str!("templates/patterns.html")),
    ("rules.html", include_str!("templates/rules.html")),
];
const STYLE: &str = include_str!("templates/style.css");
const SCRIPT: &str = include_str!("templates/script.js");

/// Style and script of the list of objects, for the pages that have one.
pub(in crate::report) const OBJECTS: (&str, &str) =
    (include_str!("templates/objects.css"), include_str!("templates/objects.js"));

/// Style of actions and rules, for the pages that tell what was done and why.
pub(in crate::report) const ACTIONS: &str = include_str!("templates/actions.css");

/// What a kind of page adds to what all share.
pub(in crate::report) struct Parts<'p> {
    /// Templates by name.
    pub(in crate::report) templates: &'p [(&'static str, &'static str)],
    /// Style sheets, after the one that all share.
    pub(in crate::report) styles: &'p [&'static str],
    /// Scripts, after the one that all share.
    pub(in crate::report) scripts: &'p [&'static str],
}

/// Renders the templates of one kind of page.
pub(in crate::report) struct Frame(Environment<'static>);

impl Frame {
    /// Puts a kind of page together.
    pub(in crate::report) fn new(parts: &Parts<'_>) -> Self {
        let style = [&[STYLE], parts.styles].concat().concat();
        let script = [&[SCRIPT], parts.scripts].concat().concat();
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        let syntax = SyntaxConfig::builder().keep_trailing_newline(true).trim_blocks(true).lstrip_blocks(true).build();
        templates.set_syntax(syntax.expect("the usual delimiters are valid"));
        templates.add_filter("prose", |text: &str| Value::from_safe_string(html_prose(text)));
        templates.add_global("policy", Value::from_safe_string(policy(&style, &script)));
        templates.add_global("style", Value::from_safe_string(style));
        templates.add_global("script", Value::from_safe_string(script));
        for (name, source) in TEMPLATES.iter().chain(parts.templates) {
            templates.add_template(name, source).expect("the templates compile");
        }
        Self(templates)
    }

    /// A template with what it is given.
    pub(in crate::report) fn render(&self, template: &str, given: impl Serialize) -> String {
        let template = self.0.get_template(template).expect("it was added");
        template.render(Serde(given)).expect("the templates know what they are given, which tests hold them to")
    }
}

/// What the page may do: apply this style, run this script, and nothing else.
fn policy(style: &str, script: &str) -> String {
    let hash = |text: &str| STANDARD.encode(Digest::of(text.as_bytes()).0);
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; img-src data:; base-uri 'none'; \
         form-action 'none'",
        hash(style),
        hash(script)
    )
}
