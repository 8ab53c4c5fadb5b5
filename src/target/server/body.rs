//! Bodies: a request's that has to get on, and an answer's that isn't whole yet.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use super::Limits;
use super::pulse::Busy;

/// Why the rest of a body isn't read.
#[derive(Debug, thiserror::Error)]
#[error("the body comes too slowly")]
struct Slow;

/// Whether a body wasn't read to its end because it came too slowly.
pub(in crate::target) fn is_slow(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |&error| error.source()).take(8).any(<dyn Error>::is::<Slow>)
}

/// A body that may take a time of its own, and more for each byte that has come. A client that goes on sending just
/// enough not to be silent is given up too.
pub(super) struct Paced {
    body: Incoming,
    deadline: Instant,
    /// What each byte adds.
    per_byte: Duration,
    /// Made when there is something to wait for.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Paced {
    pub(super) fn new(body: Incoming, limits: &Limits) -> Self {
        let per_byte = Duration::from_secs(1) / limits.body_rate.max(1);
        Self { body, deadline: Instant::now() + limits.body_timeout, per_byte, alarm: None }
    }
}

impl Body for Paced {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            if let Some(bytes) = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref()) {
                let count = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
                let more = self.per_byte.saturating_mul(count);
                self.deadline += more;
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let deadline = self.deadline;
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if alarm.deadline() != deadline {
            alarm.as_mut().reset(deadline);
        }
        alarm.as_mut().poll(context).map(|()| Some(Err(Slow.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The body of an answer that is still being made. Its request is under way until it has been sent.
pub(super) struct Held {
    body: axum::body::Body,
    _busy: Busy,
}

impl Held {
    pub(super) const fn new(body: axum::body::Body, busy: Busy) -> Self {
        Self { body, _busy: busy }
    }
}

impl Body for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
