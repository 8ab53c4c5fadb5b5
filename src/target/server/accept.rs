//! The serve loop: connections are accepted until the end, and end in order.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::task::TaskTracker;

use super::connection::{Mood, Shared};
use super::{Limits, Tls};

/// How long to wait when the system can't give another connection: files may be closed meanwhile.
const PAUSE: Duration = Duration::from_millis(200);
/// How long to be silent about it after it was told.
const SILENCE: Duration = Duration::from_mins(1);

/// Serves until `end` is done, and then as long as requests are under way, but not longer than the limits say.
/// Gives how many requests were cut off.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    tls: Option<Tls>,
    limits: Limits,
    end: impl Future<Output = ()>,
) -> usize {
    let acceptor = tls.map(|tls| TlsAcceptor::from(tls.config()));
    let shared = Arc::new(Shared::new(router.with_state(()), acceptor, limits));
    let slots = Arc::new(Semaphore::new(limits.connections.clamp(1, Semaphore::MAX_PERMITS)));
    let (mood, _) = watch::channel(Mood::Open);
    let connections = TaskTracker::new();
    let mut listening = Listening { listener, told: None };
    let mut end = pin!(end);
    loop {
        let (stream, slot) = tokio::select! {
            biased;
            () = &mut end => break,
            next = listening.next(&slots, &mood) => next,
        };
        let (shared, mood) = (Arc::clone(&shared), mood.subscribe());
        connections.spawn(async move {
            shared.welcome(stream, mood).await;
            drop(slot);
        });
    }
    // Who comes now is refused, rather than left waiting for nobody; those who are here know it by then.
    mood.send_replace(Mood::Stopping);
    drop(listening);
    connections.close();
    if timeout(limits.drain_timeout, connections.wait()).await.is_ok() {
        return 0;
    }
    let cut_off = shared.under_way.load(Ordering::Relaxed);
    mood.send_replace(Mood::Over);
    cut_off
}

struct Listening {
    listener: TcpListener,
    /// When it was last told that no connection can be accepted.
    told: Option<Instant>,
}

impl Listening {
    /// The next connection, once there is room for it.
    async fn next(&mut self, slots: &Arc<Semaphore>, mood: &watch::Sender<Mood>) -> (TcpStream, OwnedSemaphorePermit) {
        let stream = self.accept(mood).await;
        let slot = if let Ok(slot) = Arc::clone(slots).try_acquire_owned() {
            slot
        } else {
            mood.send_replace(Mood::Crowded);
            Arc::clone(slots).acquire_owned().await.expect("the semaphore is never closed")
        };
        mood.send_if_modified(|mood| std::mem::replace(mood, Mood::Open) != Mood::Open);
        (stream, slot)
    }

    async fn accept(&mut self, mood: &watch::Sender<Mood>) -> TcpStream {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => return stream,
                Err(error) if is_of_the_client(&error) => {}
                Err(error) => {
                    if self.told.is_none_or(|told| told.elapsed() > SILENCE) {
                        self.told = Some(Instant::now());
                        tracing::warn!(
                            error = &error as &dyn std::error::Error,
                            "no connection can be accepted; it is tried again until one can"
                        );
                    }
                    mood.send_replace(Mood::Crowded);
                    sleep(PAUSE).await;
                }
            }
        }
    }
}

/// Whether a client went away before it was accepted.
fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
