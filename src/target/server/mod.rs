//! The endpoint on a port: connections, what they may take and how long, TLS, the end.

mod accept;
mod body;
mod connection;
mod io;
mod limits;
mod pulse;
mod refuse;
pub(super) mod request;
mod self_signed;
#[cfg(test)]
mod tests;
mod tls;

pub use accept::serve;
pub use limits::Limits;
pub use self_signed::SelfSigned;
pub use tls::{Tls, TlsError};

pub(super) use body::is_slow;
