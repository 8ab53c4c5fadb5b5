//! The embedded SCIM endpoint: what a target like WEDO's looks like from outside.
//!
//! Resources are kept as the text that is sent, so that reading one costs no JSON work; only writes
//! and projections parse.

mod access;
mod answer;
mod base_path;
mod body;
mod collection;
mod discovery;
mod endpoint;
mod fault;
mod kind;
mod list;
mod mask;
mod observe;
mod projection;
mod resources;
mod scim;
mod server;
mod storage;
#[cfg(test)]
mod tests;
mod wedo;

pub use access::{AccessOptions, Credentials, OAuthOptions, Rate, TOKEN_PATH, random_token};
pub use base_path::Scheme;
pub use endpoint::{Endpoint, EndpointOptions, LoadError};
pub use fault::{Fault, FaultRule};
pub use observe::Observer;
pub use server::{Limits, SelfSigned, Tls, TlsError, serve};
pub use storage::{Storage, StorageError};
pub use wedo::wedo;

use kind::Kind;
