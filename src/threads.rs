//! The threads of the asynchronous runtime: how many there are, and work that would hold them up.

use std::thread::available_parallelism;

use tokio::runtime::{Handle, RuntimeFlavor};

/// More have nothing to do: one answers tens of thousands of requests a second, and sends ten thousand.
const MOST: usize = 4;

/// How many a runtime is to have, for an endpoint on a port as for those who ask one: a core is left to the other side.
/// On two cores a second thread would be in its way, and cost more to wake than it gets done.
pub fn workers() -> usize {
    available_parallelism().map_or(1, |cores| (cores.get() - 1).clamp(1, MOST))
}

/// Bytes that others would notice to be read or written as JSON.
const LONG: usize = 256 * 1024;

/// Does work on so many bytes at once, aside if these are many.
pub(crate) fn aside_if_long<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    if bytes > LONG { aside(work) } else { work() }
}

/// Does work that takes a while at once. The runtime's other tasks, signals among them, go on meanwhile, where it has
/// threads of its own.
pub(crate) fn aside<T>(work: impl FnOnce() -> T) -> T {
    let is_worker = Handle::try_current().is_ok_and(|handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread);
    if is_worker { tokio::task::block_in_place(work) } else { work() }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::*;

    #[test]
    fn other_tasks_go_on_where_there_are_threads() {
        let (tell, told) = channel();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let waiting = runtime.spawn(async move { aside(|| told.recv_timeout(Duration::from_secs(30))) });
        runtime.spawn(async move { tell.send("gone on") });
        assert_eq!(runtime.block_on(waiting).unwrap(), Ok("gone on"));
    }

    #[test]
    fn without_threads_it_is_just_done() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert_eq!(runtime.block_on(async { aside(|| 1) }), 1);
        assert_eq!(aside(|| 2), 2);
    }
}
