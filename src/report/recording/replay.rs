//! A script that sends the recorded requests again: `sh` and `curl` are all it needs.
//!
//! Whatever came over the wire stands in single quotation marks. Each request is one compound command, so that the
//! shell runs it whole or, where the file was cut off, not at all.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::ids::{Ids, Piece};
use super::request::{Place, Replayed};
use super::{CREATOR, RecordingOf};
use crate::scim::HttpExchange;

/// How the script begins; what differs is put in front of it.
pub(super) const HEAD: &str = include_str!("replay.sh");

/// The shell functions that the requests use.
pub(super) fn head(of: &RecordingOf, part: u32) -> String {
    // The tenant URL is a URL: it holds no line break.
    format!(
        "#!/bin/sh\n# Recorded by {} {}: {}, {:.0}, part {part}, at {}\n{HEAD}",
        CREATOR.0, CREATOR.1, of.command, of.started, of.tenant_url
    )
}

/// One request.
pub(super) fn entry(
    exchange: &HttpExchange,
    replayed: &Replayed<'_>,
    number: u64,
    ids: &Ids,
    part: u32,
    gives: bool,
) -> String {
    let place = match &replayed.place {
        Ok(place) => place,
        Err(why) => return format!("{{ skip {number} {}; }}\n", quoted(why)),
    };
    let mut text = "{ ".to_owned();
    let body = &exchange.request_body.bytes;
    match std::str::from_utf8(body) {
        Ok("") => {}
        Ok(body) if !body.contains('\0') => {
            let _infallible = write!(text, "body {}; ", with_ids(body, ids, part));
        }
        _ => {
            let _infallible = write!(text, "body64 {}; ", STANDARD.encode(body));
        }
    }
    let (start, rest) = match place {
        Place::Tenant(rest) => ("\"$tenant\"", rest),
        Place::Origin(rest) => ("\"$origin\"", rest),
        Place::Elsewhere(url) => ("", url),
    };
    let status = exchange.status.unwrap_or(0);
    let _infallible =
        write!(text, "send {number} {} {start}{} {status:03}", quoted(&exchange.method), with_ids(rest, ids, part));
    if replayed.takes_token {
        text.push_str(" -H @\"$work/token\"");
    }
    for (name, value) in &replayed.headers {
        // curl takes a header without a value for one to leave out.
        let line = if value.is_empty() { format!("{name};") } else { format!("{name}: {value}") };
        let _infallible = write!(text, " -H {}", quoted(&line));
    }
    if gives {
        let _infallible = write!(text, "; keep {number}");
    }
    text.push_str("; }\n");
    text
}

/// In single quotation marks, within which the shell knows no other special character.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// The same with ids as the shell's variables, which fall back to what was recorded. Ids need no quoting.
fn with_ids(text: &str, ids: &Ids, part: u32) -> String {
    let mut quoted_text = String::new();
    for piece in ids.pieces(text, part) {
        match piece {
            Piece::Text(plain) => quoted_text.push_str(&quoted(plain)),
            Piece::Id { text, number, .. } => {
                let _infallible = write!(quoted_text, "\"${{id_{number}:-{text}}}\"");
            }
        }
    }
    if quoted_text.is_empty() { "''".to_owned() } else { quoted_text }
}
