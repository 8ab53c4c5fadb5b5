//! The embedded SCIM endpoint: what a target like WEDO's looks like from outside.
//!
//! Resources are kept as the text that is sent, so that reading one costs no JSON work; only writes
//! and projections parse.

mod access;
mod answer;
mod base_path;
mod body;
mod bulk;
mod changes;
mod collection;
mod discovery;
mod dump;
mod endpoint;
mod fault;
mod gate;
mod host;
mod kind;
mod list;
mod load;
mod narrow;
mod observe;
mod page;
mod plan;
mod projection;
mod query;
mod resources;
mod scim;
mod search;
mod server;
mod sort;
mod storage;
#[cfg(test)]
mod tests;
mod version;
mod wedo;

pub use access::{AccessOptions, Credentials, OAuthOptions, Rate, TOKEN_PATH, random_token};
pub use base_path::Scheme;
pub use endpoint::{Endpoint, EndpointOptions, LoadError};
pub use fault::{Fault, FaultRule, FaultStatus};
pub use host::asks_for_this_machine;
pub use load::Loaded;
pub use observe::Observer;
pub use page::{Page, PageOptions};
pub use server::{Limits, SelfSigned, Tls, TlsError, serve};
pub use storage::{Durability, Storage, StorageError};
pub use wedo::wedo;

use kind::Kind;
