//! The embedded SCIM endpoint: what a target like WEDO's looks like from outside.
//!
//! Resources are kept as the text that is sent, so that reading one costs no JSON work; only writes
//! and projections parse.

mod answer;
mod authorise;
mod discovery;
mod endpoint;
mod list;
mod projection;
mod scim;
mod storage;
#[cfg(test)]
mod tests;
mod users;
mod wedo;

pub use endpoint::{Endpoint, EndpointOptions, LoadError};
pub use storage::{Storage, StorageError};
pub use wedo::wedo;
