//! A transcript: each request in the form of `.http` files, which REST clients in editors send again, and beneath it,
//! as comments, the answer.
//!
//! Whatever came over the wire stands where an editor takes it for nothing else: no line of it begins a request, a
//! comment, a script or a directive, and no braces of it name a variable.

use std::fmt::Write as _;

use serde::de::IgnoredAny;

use super::ids::{Given, Ids, Piece};
use super::request::{Place, Replayed};
use super::{CREATOR, RecordingOf, status_line};
use crate::scim::HttpExchange;

/// The longest body that an editor is given.
const LONGEST: usize = 256 * 1024;
/// Methods that editors know.
const METHODS: [&str; 8] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];
/// With what a line begins that means something to an editor.
const MEANINGFUL: [&str; 8] = ["#", "//", "<", ">", "@", "```", "HTTP/", "/*"];

/// The variables, and how to use them.
pub(super) fn head(of: &RecordingOf, part: u32) -> String {
    let origin =
        url::Url::parse(&of.tenant_url).map_or_else(|_| String::new(), |url| url.origin().ascii_serialization());
    let mut text = format!(
        "# Recorded by {} {}: {}, {:.0}, part {part}\n\
         # In an editor with a REST client each request can be sent again: write the token behind @token, and\n\
         # another @tenantUrl and @origin if it is to go elsewhere. What was masked is `[secret]`.\n\
         # An @id is what the request of the same number gives: send that one first. VS Code's REST Client and Visual\n\
         # Studio read it from the answer; for other editors write the id there.\n",
        CREATOR.0, CREATOR.1, of.command, of.started
    );
    if part > 1 {
        text.push_str("# Ids of resources that an earlier part names are those that were recorded.\n");
    }
    let _infallible = writeln!(text, "@tenantUrl = {}\n@origin = {origin}\n@token = put-the-token-here", of.tenant_url);
    text
}

/// One request with its answer.
pub(super) fn entry(
    exchange: &HttpExchange,
    replayed: &Replayed<'_>,
    number: u64,
    ids: &Ids,
    part: u32,
    gives: Option<Given>,
) -> String {
    let status = exchange.status.map_or_else(|| "no answer".to_owned(), status_line);
    let mut text = format!("\n### {number}: {status}\n");
    match request(exchange, replayed, number, ids, part, gives) {
        Ok(request) => text.push_str(&request),
        Err(why) => {
            let _infallible = write!(text, "# It can't be sent from here: {why}.\n# ");
            push_harmless(&mut text, &format!("{} {}", exchange.method, exchange.target));
            text.push('\n');
        }
    }
    let milliseconds = exchange.duration.as_millis();
    let _infallible = writeln!(text, "\n### {number}: answer\n# {status}, {:.3}, {milliseconds} ms", exchange.started);
    for remark in &exchange.remarks {
        push_comment(&mut text, remark);
    }
    for (name, value) in &exchange.response_headers {
        push_comment(&mut text, &format!("{name}: {value}"));
    }
    answer(&mut text, exchange);
    if let Some(given) = gives {
        let _infallible = writeln!(text, "@id{number} = {{{{r{number}.response.body.{}}}}}", given.path());
    }
    text
}

fn request(
    exchange: &HttpExchange,
    replayed: &Replayed<'_>,
    number: u64,
    ids: &Ids,
    part: u32,
    gives: Option<Given>,
) -> Result<String, &'static str> {
    let place = replayed.place.as_ref().map_err(|why| *why)?;
    if !METHODS.contains(&exchange.method.as_str()) {
        return Err("editors don't know its method");
    }
    let body = body(&exchange.request_body.bytes)?;
    let mut text = String::new();
    for what in &replayed.masked {
        let _infallible = writeln!(text, "# {what} was masked");
    }
    if gives.is_some() {
        let _infallible = writeln!(text, "# @name r{number}");
    }
    let _infallible = write!(text, "{} ", exchange.method);
    let rest = match place {
        Place::Tenant(rest) => {
            text.push_str("{{tenantUrl}}");
            rest
        }
        Place::Origin(rest) => {
            text.push_str("{{origin}}");
            rest
        }
        Place::Elsewhere(url) => url,
    };
    push_with_ids(&mut text, &rest.replace("{{", "%7B%7B"), ids, part);
    text.push('\n');
    if replayed.takes_token {
        text.push_str("authorization: Bearer {{token}}\n");
    }
    for (name, value) in &replayed.headers {
        if value.contains("{{") {
            let _infallible = writeln!(text, "# not sent, since it names a variable: {name}");
        } else {
            let _infallible = writeln!(text, "{name}: {value}");
        }
    }
    if !body.is_empty() {
        text.push('\n');
        push_with_ids(&mut text, &body, ids, part);
        text.push('\n');
    }
    Ok(text)
}

/// The body as an editor sends it: JSON indented, other text as it is.
fn body(bytes: &[u8]) -> Result<String, &'static str> {
    const NOT_TEXT: &str = "its body isn't text that could stand here";
    if bytes.len() > LONGEST {
        return Err("its body is too long for an editor");
    }
    let text = std::str::from_utf8(bytes).map_err(|_| NOT_TEXT)?;
    if let Some(json) = json(text) {
        return Ok(json);
    }
    let is_plain = |c: char| !c.is_control() || matches!(c, '\n' | '\t');
    let means_something = |line: &str| MEANINGFUL.iter().any(|start| line.trim_start().starts_with(start));
    let stays = text.trim_matches('\n') == text && text.chars().all(is_plain) && !text.contains("{{");
    if stays && !text.lines().any(means_something) { Ok(text.to_owned()) } else { Err(NOT_TEXT) }
}

/// A JSON document, indented; nothing else of it is changed, so that twice the same member, an odd number or an escape
/// that isn't needed are seen. Two braces in a row, which would name a variable, only texts can have.
pub(super) fn json(text: &str) -> Option<String> {
    serde_json::from_str::<IgnoredAny>(text).ok()?;
    let mut shown = String::with_capacity(text.len() * 2);
    let (mut depth, mut is_text, mut rest) = (0, false, text.trim_ascii());
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        rest = if is_text { after } else { after.trim_ascii_start() };
        match c {
            // A character that is escaped is neither an end nor a brace.
            '\\' => {
                let escaped = rest.chars().next().map_or(0, char::len_utf8);
                shown.push(c);
                shown.push_str(&rest[..escaped]);
                rest = &rest[escaped..];
            }
            '"' => {
                is_text = !is_text;
                shown.push(c);
                if !is_text {
                    rest = rest.trim_ascii_start();
                }
            }
            '{' if is_text && rest.starts_with('{') => {
                shown.push_str("{\\u007b");
                rest = &rest[1..];
            }
            _ if is_text => shown.push(c),
            '{' | '[' if rest.starts_with(['}', ']']) => {
                shown.push(c);
                shown.push_str(&rest[..1]);
                rest = rest[1..].trim_ascii_start();
            }
            '{' | '[' => {
                depth += 1;
                shown.push(c);
                new_line(&mut shown, depth);
            }
            '}' | ']' => {
                depth -= 1;
                new_line(&mut shown, depth);
                shown.push(c);
            }
            ',' => {
                shown.push(c);
                new_line(&mut shown, depth);
            }
            ':' => shown.push_str(": "),
            _ => shown.push(c),
        }
    }
    Some(shown)
}

fn new_line(text: &mut String, depth: usize) {
    text.push('\n');
    (0..depth).for_each(|_| text.push_str("  "));
}

fn answer(text: &mut String, exchange: &HttpExchange) {
    let body = &exchange.response_body;
    if body.bytes.is_empty() {
        return;
    }
    let Ok(whole) = std::str::from_utf8(&body.bytes) else {
        let _infallible = writeln!(text, "#\n# ({} bytes that aren't text)", body.length);
        return;
    };
    text.push_str("#\n");
    let shown = if whole.len() <= LONGEST { json(whole) } else { None };
    let shown = shown.as_deref().unwrap_or(whole);
    let kept = &shown[..shown.floor_char_boundary(LONGEST)];
    for line in kept.lines() {
        push_comment(text, line);
    }
    if kept.len() < shown.len() || body.is_cut() {
        let _infallible = writeln!(text, "# (cut off; {} bytes in all)", body.length);
    }
}

/// A line of what came over the wire, as a comment that isn't a directive.
fn push_comment(text: &mut String, line: &str) {
    text.push_str("# | ");
    push_harmless(text, line);
    text.push('\n');
}

/// Text without control characters.
fn push_harmless(text: &mut String, line: &str) {
    for c in line.chars() {
        if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
            text.extend(c.escape_default());
        } else {
            text.push(c);
        }
    }
}

fn push_with_ids(text: &mut String, from: &str, ids: &Ids, part: u32) {
    for piece in ids.pieces(from, part) {
        match piece {
            Piece::Id { number, is_near: true, .. } => {
                let _infallible = write!(text, "{{{{id{number}}}}}");
            }
            Piece::Text(plain) | Piece::Id { text: plain, .. } => text.push_str(plain),
        }
    }
}
