//! What several tests need: the program as a process, a copy of a fixture, a look at a server, an
//! endpoint that records, a job with a history.

#[cfg(unix)]
pub(crate) mod cycles;
mod fixture;
mod http;
#[cfg(unix)]
pub(crate) mod process;
mod program;
mod recorder;
#[cfg(unix)]
pub(crate) mod stub;

pub(crate) use fixture::Fixture;
pub(crate) use http::get_json;
pub(crate) use program::{json, scimulate};
pub(crate) use recorder::{Exchange, Recorder, TOKEN};
