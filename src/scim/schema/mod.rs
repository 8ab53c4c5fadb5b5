//! Attributes described once (RFC 7643 section 7), used for comparison, validation and discovery.

mod attribute;
mod common;
mod group;
mod provider;
mod resource_schema;
#[cfg(test)]
mod tests;
mod user;

pub use attribute::{Attribute, AttributeType, Mutability, Returned, Uniqueness};
pub(super) use resource_schema::Resolved;
pub use resource_schema::ResourceSchema;
