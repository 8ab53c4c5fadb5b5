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
}

/// Consumes what the engine says. Called from one task at a time; must not block for long.
pub trait Sink: Send {
    /// Something happened.
    fn event(&mut self, event: &Event);

    /// One object is done; also announced as [`Event::Object`].
    fn processed(&mut self, _processed: &Processed) {}
}

impl<F: FnMut(&Event) + Send> Sink for F {
    fn event(&mut self, event: &Event) {
        self(event);
    }
}
