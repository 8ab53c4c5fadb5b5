//! Answers to what never becomes a request.

use std::time::Duration;

use axum::http::StatusCode;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

use crate::scim::ErrorBody;

/// How long a client is waited for that was refused.
const PATIENCE: Duration = Duration::from_secs(2);
/// How much more of what it sends is taken.
const LEFTOVERS: u64 = 64 * 1024;

/// Answers a SCIM error and closes the connection.
pub(super) async fn refuse(mut stream: impl AsyncRead + AsyncWrite + Unpin, status: StatusCode, detail: &str) {
    let body = ErrorBody::new(status.as_u16(), None, detail).to_value().to_string();
    let reason = status.canonical_reason().unwrap_or_default();
    let answer = format!(
        "HTTP/1.1 {} {reason}\r\ncontent-type: application/scim+json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        status.as_u16(),
        body.len()
    );
    let told = timeout(PATIENCE, async {
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await?;
        // Closed over unread bytes, the connection would be reset, and the answer lost on the way.
        tokio::io::copy(&mut (&mut stream).take(LEFTOVERS), &mut tokio::io::sink()).await
    });
    if !matches!(told.await, Ok(Ok(_))) {
        tracing::debug!(status = status.as_u16(), "a client that was refused didn't wait for the answer");
    }
}
