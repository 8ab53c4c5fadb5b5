//! What the page is made of, compiled in.

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior};

const TEMPLATES: [(&str, &str); 11] = [
    ("layout.html", include_str!("templates/layout.html")),
    ("overview.html", include_str!("templates/overview.html")),
    ("resources.html", include_str!("templates/resources.html")),
    ("resource.html", include_str!("templates/resource.html")),
    ("requests.html", include_str!("templates/requests.html")),
    ("rows.html", include_str!("templates/rows.html")),
    ("request.html", include_str!("templates/request.html")),
    ("exchange.html", include_str!("templates/exchange.html")),
    ("faults.html", include_str!("templates/faults.html")),
    ("login.html", include_str!("templates/login.html")),
    ("message.html", include_str!("templates/message.html")),
];

/// Files that need no permission: they are the same for everybody.
pub(super) const FILES: [(&str, &str, &str); 3] = [
    ("/page/style.css", "text/css; charset=utf-8", include_str!("templates/style.css")),
    ("/page/page.js", "text/javascript; charset=utf-8", include_str!("templates/page.js")),
    ("/page/icon.svg", "image/svg+xml", include_str!("templates/icon.svg")),
];

/// The templates, compiled. What they don't know is an error, so that a test finds it.
pub(super) fn templates() -> Environment<'static> {
    let mut templates = Environment::new();
    templates.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    templates.set_syntax(syntax.expect("the usual delimiters are valid"));
    for (name, source) in TEMPLATES {
        templates.add_template(name, source).expect("the templates compile");
    }
    templates
}
