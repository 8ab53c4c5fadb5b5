//! What a connection may take, and how long.

use std::time::Duration;

/// What a server bears. Time-outs are real time, whatever the endpoint's clock says.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at a time; further ones wait until one ends, and idle ones end sooner then.
    pub connections: usize,
    /// Bytes of a request's line and headers; beyond it is 431.
    pub head: usize,
    /// Headers of a request; beyond it is 431.
    pub headers: usize,
    /// From the connection to the end of the TLS handshake.
    pub handshake_timeout: Duration,
    /// From the first byte of a request to the end of its headers; then 408.
    pub head_timeout: Duration,
    /// How long a body may take beside the time for its bytes; then 408.
    pub body_timeout: Duration,
    /// Bytes of a body that count for one second.
    pub body_rate: u32,
    /// How long a client may take nothing of an answer.
    pub write_timeout: Duration,
    /// How long a connection is kept without a request.
    pub idle_timeout: Duration,
    /// The same while others wait for a connection.
    pub crowded_timeout: Duration,
    /// How long requests under way may take at the end.
    pub drain_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            head: 32 * 1024,
            headers: 64,
            handshake_timeout: Duration::from_secs(10),
            head_timeout: Duration::from_secs(15),
            body_timeout: Duration::from_secs(15),
            body_rate: 16 * 1024,
            write_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(75),
            crowded_timeout: Duration::from_secs(1),
            drain_timeout: Duration::from_secs(5),
        }
    }
}
