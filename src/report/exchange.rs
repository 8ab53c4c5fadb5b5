//! A request and its answer as people read them.

use axum::http::StatusCode;

use super::prose::{one_line, printable, time};
use crate::base::grouped;
use crate::scim::{Content, HttpExchange};

/// As much of a body is shown where it must be short.
const LINES: usize = 24;
/// As much of a line is shown there, in characters.
const COLUMNS: usize = 160;

/// A body as text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Body {
    /// Laid out where it is JSON; its end may be missing.
    pub(super) text: String,
    /// What isn't shown.
    pub(super) note: Option<String>,
}

/// `PATCH /scim/v2/Users/7`.
pub(super) fn request_line(exchange: &HttpExchange) -> String {
    one_line(&format!("{} {}", exchange.method, exchange.target))
}

/// `400 Bad Request, after 12 ms`, or why there is no answer.
pub(super) fn answer_line(exchange: &HttpExchange) -> String {
    match exchange.status {
        Some(status) => format!("{}, after {}", status_line(status), time(exchange.duration)),
        None if exchange.remarks.is_empty() => "no answer".to_owned(),
        None => one_line(&format!("no answer: {}", exchange.remarks.join("; "))),
    }
}

/// `201 Created`; a reason phrase isn't transmitted again, so it is the usual one.
pub(super) fn status_line(status: u16) -> String {
    match StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()) {
        Some(reason) => format!("{status} {reason}"),
        None => status.to_string(),
    }
}

/// The body; `None` where there is none.
pub(super) fn body(content: &Content) -> Option<Body> {
    if content.bytes.is_empty() {
        return None;
    }
    let bytes = content.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&content.bytes);
    let wrong: usize = bytes.utf8_chunks().map(|chunk| chunk.invalid().len()).sum();
    if bytes.contains(&0) || wrong * 10 > bytes.len() {
        return Some(Body { text: format!("({} that aren't text)", bytes_text(content.length)), note: None });
    }
    let text = match serde_json::from_slice::<serde_json::Value>(bytes) {
        Ok(value) => format!("{value:#}"),
        Err(_) => String::from_utf8_lossy(bytes).into_owned(),
    };
    let note = content.is_cut().then(|| {
        format!("the first {} of {} are kept", bytes_text(content.bytes.len() as u64), bytes_text(content.length))
    });
    Some(Body { text: printable(&text), note })
}

/// The body, or as much of it as a page bears.
pub(super) fn short_body(content: &Content) -> Option<Body> {
    let Body { text, note } = body(content)?;
    let lines: Vec<&str> = text.lines().collect();
    let is_long = |line: &&str| line.chars().nth(COLUMNS).is_some();
    let shown: Vec<String> = lines.iter().take(LINES).map(|line| shortened(line)).collect();
    let left_out = lines.len() - shown.len();
    let whole = note.is_none() && left_out == 0 && !lines.iter().take(LINES).any(is_long);
    let note = match (whole, left_out) {
        (true, _) => None,
        (false, 0) => Some(note.unwrap_or_else(|| "shortened".to_owned())),
        (false, 1) => Some("1 more line".to_owned()),
        (false, more) => Some(format!("{} more lines", grouped(more as u64))),
    };
    Some(Body { text: shown.join("\n"), note })
}

fn shortened(line: &str) -> String {
    match line.char_indices().nth(COLUMNS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

fn bytes_text(bytes: u64) -> String {
    if bytes == 1 { "1 byte".to_owned() } else { format!("{} bytes", grouped(bytes)) }
}

/// Request and answer, line by line, bodies shortened.
pub(super) fn lines(exchange: &HttpExchange) -> Vec<String> {
    let mut lines = vec![request_line(exchange)];
    let push_body = |lines: &mut Vec<String>, content: &Content| {
        let Some(Body { text, note }) = short_body(content) else { return };
        lines.extend(text.lines().map(|line| format!("  {line}")));
        lines.extend(note.map(|note| format!("  … {note}")));
    };
    push_body(&mut lines, &exchange.request_body);
    lines.push(format!("→ {}", answer_line(exchange)));
    push_body(&mut lines, &exchange.response_body);
    lines
}
