//! The embedded SCIM endpoint: what a target like WEDO's looks like from outside.
//!
//! Resources are kept as the text that is sent, so that reading one costs no JSON work; only writes
//! and projections parse.

mod answer;
mod authorise;
mod body;
mod changes;
mod collection;
mod discovery;
mod endpoint;
mod fault;
mod kind;
mod list;
mod observe;
mod page;
mod projection;
mod resources;
mod scim;
mod storage;
#[cfg(test)]
mod tests;
mod wedo;

pub use endpoint::{Endpoint, EndpointOptions, LoadError};
pub use fault::{Fault, FaultRule};
pub use observe::Observer;
pub use page::{Page, PageOptions};
pub use storage::{Storage, StorageError};
pub use wedo::wedo;

use kind::Kind;
