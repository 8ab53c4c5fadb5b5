//! One connection, from its first byte to its last.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use axum::Router;
use axum::http::StatusCode;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::Limits;
use super::io::Watched;
use super::pulse::{Due, Pulse};
use super::refuse::refuse;
use super::request::answer;

/// What a TLS connection begins with: a record of the handshake.
const HANDSHAKE: u8 = 0x16;

/// How the server is, for its connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    /// There is room.
    Open,
    /// Others wait for a connection.
    Crowded,
    /// It comes to its end.
    Stopping,
    /// It has ended.
    Over,
}

/// What all connections of a server share.
pub(super) struct Shared {
    pub(super) router: Router,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) limits: Limits,
    pub(super) under_way: Arc<AtomicUsize>,
    http: http1::Builder,
}

impl Shared {
    pub(super) fn new(router: Router, tls: Option<TlsAcceptor>, limits: Limits) -> Self {
        let mut http = http1::Builder::new();
        // Hyper's own time-out doesn't tell a connection that waits for a request from a request that stops halfway.
        http.header_read_timeout(None).max_header_size(limits.head.saturating_mul(2));
        Self { router, tls, limits, under_way: Arc::default(), http }
    }

    /// Serves a connection as it was accepted.
    pub(super) async fn welcome(&self, stream: TcpStream, mut mood: watch::Receiver<Mood>) {
        // Small answers go out at once; where that can't be set they are merely slower.
        let _slower: std::io::Result<()> = stream.set_nodelay(true);
        let Some(acceptor) = &self.tls else { return self.serve(stream, mood).await };
        let stream = tokio::select! {
            stream = timeout(self.limits.handshake_timeout, shake_hands(acceptor, stream)) => stream,
            _ = mood.wait_for(|mood| matches!(mood, Mood::Stopping | Mood::Over)) => return,
        };
        match stream {
            Ok(Some(stream)) => self.serve(stream, mood).await,
            Ok(None) => {}
            Err(_) => tracing::debug!("a TLS handshake took too long"),
        }
    }

    /// Serves requests until the client or the server has enough.
    pub(super) async fn serve<S>(&self, stream: S, mut mood: watch::Receiver<Mood>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let limits = self.limits;
        let pulse = Pulse::new(Arc::clone(&self.under_way));
        let stream = Watched::new(stream, Arc::clone(&pulse), limits.write_timeout);
        let service = service_fn(|request| answer(self.router.clone(), Arc::clone(&pulse), limits, request));
        let mut connection = self.http.serve_connection(TokioIo::new(stream), service);
        // It goes off early rather than being set anew for each request.
        let far = limits.idle_timeout.max(limits.head_timeout);
        let mut alarm = pin!(sleep(far));
        let mut is_ending = false;
        loop {
            let now = *mood.borrow_and_update();
            if now == Mood::Over {
                return;
            }
            pulse.set_crowded(now == Mood::Crowded);
            if now == Mood::Stopping && !is_ending {
                is_ending = true;
                Pin::new(&mut connection).graceful_shutdown();
            }
            // What ends already isn't ended again.
            let due = || pulse.due(&limits, now == Mood::Crowded).filter(|(due, _)| *due != Due::Idle || !is_ending);
            let alarmed = poll_fn(|context| {
                if let Some((_, until)) = due().filter(|(_, until)| *until < alarm.deadline()) {
                    alarm.as_mut().reset(until);
                }
                alarm.as_mut().poll(context)
            });
            tokio::select! {
                biased;
                ended = &mut connection => {
                    if let Err(error) = ended {
                        tracing::debug!(error = &error as &dyn std::error::Error, "a connection ended early");
                    }
                    return;
                }
                changed = mood.changed() => if changed.is_err() { return },
                () = alarmed => {
                    match due() {
                        Some((_, until)) if until > Instant::now() => alarm.as_mut().reset(until),
                        Some((Due::SlowHead, _)) => {
                            let stream = connection.into_parts().io.into_inner().into_inner();
                            let detail = "the request's headers come too slowly";
                            return refuse(stream, StatusCode::REQUEST_TIMEOUT, detail).await;
                        }
                        Some((Due::Idle, _)) => {
                            is_ending = true;
                            Pin::new(&mut connection).graceful_shutdown();
                            alarm.as_mut().reset(Instant::now() + far);
                        }
                        None => alarm.as_mut().reset(Instant::now() + far),
                    }
                }
            }
        }
    }
}

/// Agrees on TLS. What doesn't speak it is told so, if it speaks HTTP.
async fn shake_hands(acceptor: &TlsAcceptor, stream: TcpStream) -> Option<tokio_rustls::server::TlsStream<TcpStream>> {
    let mut first = [0];
    match stream.peek(&mut first).await {
        Ok(1) if first == [HANDSHAKE] => {}
        Ok(1) if first[0].is_ascii_alphabetic() => {
            let detail = "this port speaks TLS: the URL begins with https://";
            refuse(stream, StatusCode::BAD_REQUEST, detail).await;
            return None;
        }
        _ => return None,
    }
    match acceptor.accept(stream).await {
        Ok(stream) => Some(stream),
        Err(error) => {
            tracing::debug!(error = &error as &dyn std::error::Error, "a TLS handshake failed");
            None
        }
    }
}
