//! One page of HTML with nothing outside of it: no request leaves it, and its policy forbids any.
//!
//! It is whole without its script, which filters, searches and opens. What an endpoint said stands in it escaped, with
//! what can't be seen replaced.

mod views;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value};

use super::words::{one_line, push_escaped};
use crate::base::Digest;
use crate::check::CheckReport;

const TEMPLATES: [(&str, &str); 3] = [
    ("page.html", include_str!("templates/page.html")),
    ("check.html", include_str!("templates/check.html")),
    ("exchange.html", include_str!("templates/exchange.html")),
];
const STYLE: &str = include_str!("templates/style.css");
const SCRIPT: &str = include_str!("templates/script.js");

/// The report as a page.
pub fn check_html(report: &CheckReport) -> String {
    let mut templates = Environment::new();
    templates.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    templates.set_syntax(syntax.expect("the usual delimiters are valid"));
    templates.add_filter("prose", |text: &str| Value::from_safe_string(prose(text)));
    templates.add_global("policy", Value::from_safe_string(policy()));
    templates.add_global("style", Value::from_safe_string(STYLE.to_owned()));
    templates.add_global("script", Value::from_safe_string(SCRIPT.to_owned()));
    for (name, source) in TEMPLATES {
        templates.add_template(name, source).expect("the templates compile");
    }
    let page = templates.get_template("page.html").expect("it was added");
    page.render(Serde(views::page(report))).expect("the templates know what they are given, which tests hold them to")
}

/// What the page may do: apply this style, run this script, and nothing else.
fn policy() -> String {
    let hash = |text: &str| STANDARD.encode(Digest::of(text.as_bytes()).0);
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; img-src data:; base-uri 'none'; \
         form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

/// A sentence as HTML, what stands between backticks as code.
fn prose(text: &str) -> String {
    let text = one_line(text);
    // A backtick that is alone is a character.
    let pairs = text.matches('`').count() / 2 * 2;
    let mut html = String::with_capacity(text.len() + 16);
    for (index, piece) in text.splitn(pairs + 1, '`').enumerate() {
        let is_code = index % 2 == 1;
        html.push_str(if is_code { "<code>" } else { "" });
        push_escaped(&mut html, piece);
        html.push_str(if is_code { "</code>" } else { "" });
    }
    html
}
