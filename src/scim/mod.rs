//! The protocol that both sides share (RFC 7643, RFC 7644): resources, paths, filters, PATCH,
//! messages, errors, the service's dialects.
//!
//! Documents stay JSON in newtypes: a simulator must be able to send and to receive wrong ones.

mod dialect;
mod document;
mod exchange;
mod filter;
mod http_exchange;
mod leniency;
mod masking;
mod message;
mod patch;
mod path;
mod resource;
mod schema;
mod sort;
mod tenant_url;
mod token_endpoint;
pub mod urn;

pub use dialect::{Change, ChangeOp, Dialect, creation};
pub use exchange::{Exchange, Method, Request};
pub use filter::{Comparison, Filter, FilterError, Literal};
pub use http_exchange::{Content, HttpExchange, Observer, SentCredentials};
pub use leniency::{Leniencies, Leniency};
pub use masking::{KnownSecrets, Masking, Needles, credentials_in, header_as_shown, is_secret_header};
pub(crate) use masking::{MASK, is_secret_name};
pub use message::{ErrorBody, ListResponse, ScimType};
pub use patch::{PatchError, PatchOperation, PatchRequest, apply};
pub use path::{AttributePath, SyntaxError};
pub use resource::Resource;
pub(crate) use resource::{get, spelling};
pub use schema::{Attribute, AttributeType, Mutability, ResourceSchema, Returned, Uniqueness};
pub use sort::{Float, SortBy, SortKey};
pub use tenant_url::{TenantUrl, TenantUrlError, is_loopback};
pub use token_endpoint::{ClientAuthentication, TokenEndpoint, TokenEndpointError};
