//! The embedded SCIM endpoint: what a target like WEDO's looks like from outside.
//!
//! Resources are kept as the text that is sent, so that reading one costs no JSON work; only writes
//! and projections parse.

mod answer;
mod authorise;
mod body;
mod collection;
mod discovery;
mod dump;
mod endpoint;
mod fault;
mod gate;
mod kind;
mod list;
mod load;
mod narrow;
mod observe;
mod plan;
mod projection;
mod resources;
mod scim;
mod storage;
#[cfg(test)]
mod tests;
mod wedo;

pub use endpoint::{Endpoint, EndpointOptions, LoadError};
pub use fault::{Fault, FaultRule};
pub use load::Loaded;
pub use observe::Observer;
pub use storage::{Durability, Storage, StorageError};
pub use wedo::wedo;

use kind::Kind;
