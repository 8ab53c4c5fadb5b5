//! PATCH (RFC 7644 section 3.5.2): read a request, apply it to a resource.

mod apply;
mod gather;
mod named;
mod place;
mod request;
mod schemas;
#[cfg(test)]
mod tests;

pub use apply::apply;
pub use request::{PatchError, PatchOperation, PatchRequest};
