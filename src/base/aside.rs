//! Work that takes its time, done by a thread of the asynchronous runtime.

use tokio::runtime::{Handle, RuntimeFlavor};

/// Does this work at once. The runtime's other tasks, signals among them, go on meanwhile, as far as it has threads for
/// them.
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
