//! How many threads serve.

use std::thread::available_parallelism;

/// More have nothing to do: one answers tens of thousands of requests a second.
const MOST: usize = 4;

/// How many threads of an asynchronous runtime an endpoint on a port is to have: one core is left to whoever asks. On two
/// cores a second thread would get in the client's way, and cost more in waking it than it answers.
pub fn workers() -> usize {
    available_parallelism().map_or(1, |cores| (cores.get() - 1).clamp(1, MOST))
}
