//! The embedded SCIM endpoint: what a target like WEDO's looks like from outside.
//!
//! Resources are kept as the text that is sent, so that reading one costs no JSON work; only writes
//! and projections parse.

mod answer;
mod authorise;
mod body;
mod collection;
mod discovery;
mod endpoint;
mod fault;
mod kind;
mod list;
mod observe;
mod projection;
mod resources;
mod scim;
mod storage;
#[cfg(test)]
mod tests;
mod wedo;

pub use endpoint::{Endpoint, EndpointOptions, LoadError};
pub use fault::{Fault, FaultRule, FaultStatus};
pub use observe::Observer;
pub use storage::{Storage, StorageError};
pub use wedo::wedo;

use kind::Kind;
