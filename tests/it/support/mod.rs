//! What several tests need: the program as a process, a copy of a fixture, a look at a server.

mod fixture;
mod http;
mod program;

pub(crate) use fixture::Fixture;
pub(crate) use http::get_json;
pub(crate) use program::{json, scimulate};
