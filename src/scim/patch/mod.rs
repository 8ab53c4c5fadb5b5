//! PATCH (RFC 7644 section 3.5.2): read a request, apply it to a resource; and what a whole document
//! must be like before it is stored.

mod apply;
mod fit;
mod gather;
mod named;
mod request;
#[cfg(test)]
mod tests;

pub use apply::apply;
pub use request::{PatchError, PatchOperation, PatchOptions, PatchRequest};
