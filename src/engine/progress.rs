//! What leaves the engine.

use crate::event::{Event, ObjectRecord};
use crate::plan::verify::Deviation;
use crate::scim::Request;

/// One object that a cycle is done with.
#[derive(Debug, Clone, PartialEq)]
pub struct Processed {
    /// What the log keeps.
    pub record: ObjectRecord,
    /// Target attributes that can't be told because the export lacks a column.
    pub unknown: Vec<String>,
    /// Everything that was sent, or would be.
    pub requests: Vec<Request>,
    /// Where the target isn't as it was sent; always empty unless what is written is verified.
    pub deviations: Vec<Deviation>,
    /// What became of its link.
    pub link: LinkChange,
}

/// What became of the link of an object to its account. One that leads to another account now is still one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LinkChange {
    /// There is one as before, or none as before.
    #[default]
    None,
    /// There is one now.
    Made,
    /// There is none any more.
    Gone,
}

/// Consumes what the engine says. Called from one task at a time; must not block for long.
pub trait Sink: Send {
    /// Something happened.
    fn event(&mut self, event: &Event);

    /// One object is done; then announced as [`Event::Object`] as well.
    fn processed(&mut self, _processed: &Processed) {}
}

impl<F: FnMut(&Event) + Send> Sink for F {
    fn event(&mut self, event: &Event) {
        self(event);
    }
}
