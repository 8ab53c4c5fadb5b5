//! The asynchronous runtime and the signals that end a run.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;

use super::error::Error;
use super::exit::Exit;
use crate::threads::workers;

/// Runs a command's asynchronous part to its end.
pub(crate) fn block_on<T>(future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers())
        .enable_all()
        .build()
        .context("the asynchronous runtime can't start")?;
    let result = runtime.block_on(future);
    // A look-up that hangs in the resolver must not hold the process back.
    runtime.shutdown_background();
    result
}

/// Ctrl-C and SIGTERM: the first ends the work in an orderly way, the second at once.
#[derive(Debug, Clone)]
pub(crate) struct Interrupt {
    token: CancellationToken,
    code: Arc<AtomicU8>,
}

impl Interrupt {
    /// Listens from now on. Must be called inside the runtime.
    pub(crate) fn listen() -> Result<Self, Error> {
        Self::ending_with(None)
    }

    /// Listens from now on, for what a signal ends as it should: a second one ends the process with exit code 0 too.
    pub(crate) fn listen_to_end() -> Result<Self, Error> {
        Self::ending_with(Some(Exit::Done))
    }

    fn ending_with(second: Option<Exit>) -> Result<Self, Error> {
        let interrupt = Self { token: CancellationToken::new(), code: Arc::new(AtomicU8::new(0)) };
        let listening = interrupt.clone();
        #[cfg(unix)]
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
            .context("the signal SIGTERM can't be heard")?;
        tokio::spawn(async move {
            loop {
                #[cfg(unix)]
                let exit = tokio::select! {
                    heard = tokio::signal::ctrl_c() => heard.is_ok().then_some(Exit::Interrupted),
                    heard = terminate.recv() => heard.is_some().then_some(Exit::Terminated),
                };
                #[cfg(not(unix))]
                let exit = tokio::signal::ctrl_c().await.is_ok().then_some(Exit::Interrupted);
                let Some(exit) = exit else { return };
                if listening.token.is_cancelled() {
                    std::process::exit(i32::from(second.unwrap_or(exit).code()));
                }
                listening.code.store(exit.code(), Ordering::SeqCst);
                listening.token.cancel();
                tracing::info!(exit = exit.code(), "a signal: what is under way is finished, nothing else is begun");
            }
        });
        Ok(interrupt)
    }

    /// Is cancelled by the first signal.
    pub(crate) fn token(&self) -> CancellationToken {
        self.token.clone()
    }

    /// The exit code of the signal that was heard.
    pub(crate) fn exit(&self) -> Option<Exit> {
        [Exit::Interrupted, Exit::Terminated].into_iter().find(|exit| exit.code() == self.code.load(Ordering::SeqCst))
    }
}
