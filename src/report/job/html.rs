//! A job as one page of HTML.

mod chart;
mod objects;
mod views;

use super::JobReport;
use super::document::EntryOf;
use crate::report::page::{ACTIONS, Frame, OBJECTS, Parts};

const PARTS: Parts<'_> = Parts {
    templates: &[
        ("job.html", include_str!("html/templates/job.html")),
        ("entries.html", include_str!("html/templates/entries.html")),
        ("entry.html", include_str!("html/templates/entry.html")),
    ],
    styles: &[OBJECTS.0, ACTIONS, include_str!("html/templates/style.css")],
    scripts: &[OBJECTS.1],
};

/// The job as a page. Entries are asked for object by object; what an object shows is packed before the next one is
/// asked for.
pub fn job_html(report: &JobReport, entry: &mut EntryOf<'_>) -> String {
    let frame = Frame::new(&PARTS);
    let order = report.log.ordered();
    let objects = objects::list(report, &order, &frame, entry);
    frame.render("job.html", views::page(report, &order, objects))
}
