//! What each page shows: plain values that the templates lay out.

mod faults;
mod overview;
mod requests;
mod resource;
mod resources;

use serde::Serialize;

pub(super) use faults::{Refused, add, faults, faults_on, switch, version};
pub(super) use overview::overview;
pub(super) use requests::{request, requests};
pub(super) use resource::{group, user};
pub(super) use resources::{groups, users};

use super::site::Inner;
use crate::target::Kind;

/// What all pages have around what they show.
#[derive(Serialize)]
pub(super) struct Frame<'f, V> {
    #[serde(flatten)]
    pub(super) view: V,
    /// Which of the entries of the navigation it is.
    pub(super) place: &'static str,
    pub(super) version: &'f str,
    /// What a form has to send along.
    pub(super) secret: &'f str,
    pub(super) signed_in: bool,
    pub(super) has_groups: bool,
    pub(super) faults_on: usize,
}

/// A link to another page of a list; `None` where there is none.
#[derive(Debug, Serialize)]
struct Turn {
    /// `1–50 of 1,234`.
    shown: String,
    previous: Option<String>,
    next: Option<String>,
}

/// Whether the endpoint keeps groups.
pub(super) fn has_groups(page: &Inner) -> bool {
    page.endpoint.collection(Kind::Group).is_some()
}

/// Below the page.
const fn path(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "/page/users",
        Kind::Group => "/page/groups",
    }
}
