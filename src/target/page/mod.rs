//! The page at `/`: what the endpoint holds, what changed last, what goes over the wire, faults on and off.
//!
//! The server renders everything; the script only keeps it fresh. The page has its own idea of who may look
//! (`guard`): it isn't part of the protocol, and a browser carries no bearer token.

mod assets;
mod bodies;
mod conditions;
mod find;
mod flood;
mod form;
mod guard;
mod html;
mod json;
mod log;
mod sessions;
mod site;
#[cfg(test)]
mod tests;
mod views;

pub use site::{Page, PageOptions};
