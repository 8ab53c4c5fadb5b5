//! Ways to misbehave: what other endpoints do, to see what the service makes of it.
//!
//! Each [`Fault`] is one small implementation of `Misbehaviour`, which a layer around the routes calls
//! before and after the endpoint; where a layer can't do it, the handlers that write call `store`.

mod layer;
mod list;
mod misbehaviour;
mod patches;
mod reads;
mod refusals;
mod rule;
mod storing;
#[cfg(test)]
mod tests;

pub(super) use layer::{may_change, misbehave, store};
pub use list::Fault;
pub use rule::FaultRule;
