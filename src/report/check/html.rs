//! The results as one page of HTML.

mod views;

use super::super::page::{Frame, Parts};
use crate::check::CheckReport;

const PARTS: Parts<'_> = Parts {
    templates: &[
        ("page.html", include_str!("html/templates/page.html")),
        ("check.html", include_str!("html/templates/check.html")),
    ],
    styles: &[include_str!("html/templates/style.css")],
    scripts: &[include_str!("html/templates/script.js")],
};

/// The report as a page.
pub fn check_html(report: &CheckReport) -> String {
    Frame::new(&PARTS).render("page.html", views::page(report))
}
