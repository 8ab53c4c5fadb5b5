//! A plan as one page of HTML, made to be attached to a change request.

mod views;

use super::PlanReport;
use crate::report::page::{ACTIONS, Frame, OBJECTS, Parts};

const PARTS: Parts<'_> = Parts {
    templates: &[
        ("plan.html", include_str!("html/templates/plan.html")),
        ("object.html", include_str!("html/templates/object.html")),
    ],
    styles: &[OBJECTS.0, ACTIONS, include_str!("html/templates/style.css")],
    scripts: &[OBJECTS.1],
};

/// The plan as a page.
pub fn plan_html(report: &PlanReport) -> String {
    let frame = Frame::new(&PARTS);
    frame.render("plan.html", views::page(report, &frame))
}
