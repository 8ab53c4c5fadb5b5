//! Accounts as one page of HTML.

mod views;

use crate::event::discovery::Discovery;
use crate::report::page::{Frame, OBJECTS, Parts};

const PARTS: Parts<'_> = Parts {
    templates: &[
        ("accounts.html", include_str!("html/templates/accounts.html")),
        ("account.html", include_str!("html/templates/account.html")),
    ],
    styles: &[OBJECTS.0, include_str!("html/templates/style.css")],
    scripts: &[OBJECTS.1],
};

/// The accounts as a page.
pub fn discovery_html(discovery: &Discovery) -> String {
    let frame = Frame::new(&PARTS);
    frame.render("accounts.html", views::page(discovery, &frame))
}
