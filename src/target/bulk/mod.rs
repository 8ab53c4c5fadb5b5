//! `/Bulk`: many operations in one request (RFC 7644 section 3.7).
//!
//! Each operation becomes a request of its own to the same routes, so that whatever holds for a single request holds for
//! it too. What comes first and which references have to wait is decided before anything is done.

mod order;
mod references;
mod request;
mod run;
#[cfg(test)]
mod tests;

pub(super) use request::{MAX_OPERATIONS, MAX_PAYLOAD_SIZE};
pub(super) use run::bulk;
