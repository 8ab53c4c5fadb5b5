//! Ways to misbehave: what other endpoints do, to see what the service makes of it.
//!
//! Each [`Fault`] is one small implementation of `Misbehaviour`, which a layer around the routes calls
//! before and after the endpoint; where a layer can't do it, the handlers that write call `store` and `ids`.

mod armed;
mod call;
mod connections;
mod creations;
mod documents;
mod errors;
mod family;
mod groups;
mod headers;
mod keeping;
mod layer;
mod list;
mod lists;
mod misbehaviour;
mod operations;
mod paging;
mod patches;
mod queries;
mod reads;
mod reply;
mod rule;
mod statuses;
mod storing;
#[cfg(test)]
mod tests;

pub use armed::FaultStatus;
pub(super) use armed::Faults;
pub(super) use layer::{ids, lets_in, may_change, misbehave, store};
pub use list::Fault;
pub use rule::FaultRule;
