//! What the checks made at the target, and its removal.
//!
//! Nothing else is ever changed: a write goes only to what stands here, and it stands here only once the endpoint has
//! said that the id belongs to a name that begins with the prefix.

use std::cell::RefCell;

use crate::schema::ObjectKind;

/// A user or group that was made, or may have been.
#[derive(Debug, Clone)]
pub(super) struct Made {
    pub(super) kind: ObjectKind,
    /// `None` while its creation isn't answered, or not with an id.
    pub(super) id: Option<String>,
    /// User name or display name.
    pub(super) name: String,
    pub(super) gone: bool,
    /// The id in an answer that doesn't show whose it is: it isn't written to.
    pub(super) unclaimed: Option<String>,
}

/// Everything that was made.
#[derive(Debug, Default)]
pub(super) struct Registry(RefCell<Vec<Made>>);

/// The place of an object in the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticket(usize);

impl Registry {
    /// Notes that an object may be made from now on.
    pub(super) fn announce(&self, kind: ObjectKind, name: &str) -> Ticket {
        let mut all = self.0.borrow_mut();
        all.push(Made { kind, id: None, name: name.to_owned(), gone: false, unclaimed: None });
        Ticket(all.len() - 1)
    }

    /// Notes its id.
    pub(super) fn confirm(&self, ticket: Ticket, id: &str) {
        if let Some(made) = self.0.borrow_mut().get_mut(ticket.0) {
            made.id = Some(id.to_owned());
        }
    }

    /// Notes the id of something that may be it.
    pub(super) fn suspect(&self, ticket: Ticket, id: String) {
        if let Some(made) = self.0.borrow_mut().get_mut(ticket.0) {
            made.unclaimed = Some(id);
        }
    }

    /// Notes that it wasn't made.
    pub(super) fn refused(&self, ticket: Ticket) {
        if let Some(made) = self.0.borrow_mut().get_mut(ticket.0) {
            made.gone = true;
        }
    }

    /// Notes that it was deleted.
    pub(super) fn deleted(&self, kind: ObjectKind, id: &str) {
        for made in self.0.borrow_mut().iter_mut().filter(|made| made.kind == kind && made.id.as_deref() == Some(id)) {
            made.gone = true;
        }
    }

    /// Whether an id is that of something that was made.
    pub(super) fn owns(&self, kind: ObjectKind, id: &str) -> bool {
        self.0.borrow().iter().any(|made| made.kind == kind && made.id.as_deref() == Some(id))
    }

    /// Whether something of this id or name was made.
    pub(super) fn knows(&self, id: Option<&str>, name: Option<&str>) -> bool {
        let is_it = |made: &Made| {
            id.is_some() && made.id.as_deref() == id
                || name.is_some_and(|name| name.to_lowercase() == made.name.to_lowercase())
        };
        self.0.borrow().iter().any(is_it)
    }

    /// How many were made, and those of which nobody knows counted in.
    pub(super) fn count(&self) -> usize {
        self.0.borrow().iter().filter(|made| made.id.is_some() || !made.gone).count()
    }

    /// What is still there, groups before users, the last made first.
    pub(super) fn left(&self) -> Vec<Made> {
        let all = self.0.borrow();
        let of = |kind| all.iter().rev().filter(move |made| made.kind == kind && !made.gone).cloned();
        of(ObjectKind::Group).chain(of(ObjectKind::User)).collect()
    }
}

/// The kind of resource that a path leads to, and its id where it leads to one.
pub(super) fn addressed(path: &str) -> Option<(ObjectKind, Option<String>)> {
    let segments: Vec<_> = path.split(['?', '#']).next().unwrap_or_default().split('/').collect();
    let kind = |segment: &str| match segment {
        "Users" => Some(ObjectKind::User),
        "Groups" => Some(ObjectKind::Group),
        _ => None,
    };
    let (at, kind) = segments.iter().enumerate().rev().find_map(|(at, segment)| Some((at, kind(segment)?)))?;
    let decoded = |id: &&str| percent_encoding::percent_decode_str(id).decode_utf8_lossy().into_owned();
    Some((kind, segments.get(at + 1).filter(|id| !id.is_empty()).map(decoded)))
}
