//! HTTP Archive 1.2 (HAR): what browsers' developer tools, proxies and HAR viewers open.
//!
//! Members that the specification doesn't know begin with `_`, as it wants them to.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::json;
use url::form_urlencoded;

use super::request::url_of;
use super::{CREATOR, RecordingOf, reason};
use crate::scim::{Content, HttpExchange};

/// Everything before the entries.
pub(super) fn head(of: &RecordingOf, part: u32) -> String {
    let creator = json!({ "name": CREATOR.0, "version": CREATOR.1 });
    let comment = format!("{} at {}, part {part}; secrets are masked as [secret]", of.command, of.tenant_url);
    format!("{{\"log\":{{\"version\":\"1.2\",\"creator\":{creator},\"comment\":{},\"entries\":[", json!(comment))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'e> {
    started_date_time: String,
    time: f64,
    request: Request<'e>,
    response: Response<'e>,
    cache: Nothing,
    timings: Timings,
    #[serde(skip_serializing_if = "String::is_empty")]
    comment: String,
    #[serde(rename = "_number")]
    number: u64,
}

#[derive(Serialize)]
struct Nothing {}

#[derive(Serialize)]
struct Timings {
    send: f64,
    wait: f64,
    receive: f64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'e> {
    method: &'e str,
    url: String,
    http_version: &'e str,
    cookies: [Nothing; 0],
    headers: Vec<Pair<'e>>,
    query_string: Vec<Pair<'e>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    post_data: Option<PostData<'e>>,
    headers_size: i64,
    body_size: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PostData<'e> {
    mime_type: &'e str,
    params: [Nothing; 0],
    text: String,
    /// The specification has an encoding for answers alone.
    #[serde(rename = "_encoding", skip_serializing_if = "Option::is_none")]
    encoding: Option<&'static str>,
    #[serde(skip_serializing_if = "String::is_empty")]
    comment: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response<'e> {
    status: u16,
    status_text: &'static str,
    http_version: &'e str,
    cookies: [Nothing; 0],
    headers: Vec<Pair<'e>>,
    content: ResponseContent<'e>,
    #[serde(rename = "redirectURL")]
    redirect_url: &'e str,
    headers_size: i64,
    body_size: u64,
    /// Browsers say here why there is no answer.
    #[serde(rename = "_error", skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResponseContent<'e> {
    size: u64,
    mime_type: &'e str,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<&'static str>,
    #[serde(skip_serializing_if = "String::is_empty")]
    comment: String,
}

#[derive(Serialize)]
struct Pair<'e> {
    name: std::borrow::Cow<'e, str>,
    value: std::borrow::Cow<'e, str>,
}

/// One entry, on one line.
pub(super) fn entry(exchange: &HttpExchange, number: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "an exchange of centuries may be off by a microsecond")]
    let time = exchange.duration.as_micros() as f64 / 1000.0;
    let version = if exchange.version.is_empty() { "HTTP/1.1" } else { exchange.version };
    let entry = Entry {
        started_date_time: format!("{:.3}", exchange.started),
        time,
        request: request(exchange, version),
        response: response(exchange, version),
        cache: Nothing {},
        timings: Timings { send: 0.0, wait: time, receive: 0.0 },
        comment: exchange.remarks.join("; "),
        number,
    };
    serde_json::to_string(&entry).expect("texts and numbers are JSON")
}

fn request<'e>(exchange: &'e HttpExchange, version: &'e str) -> Request<'e> {
    let url = url_of(exchange);
    let query = url.split_once('?').map_or("", |(_, query)| query.split('#').next().unwrap_or_default());
    let query_string = form_urlencoded::parse(query.as_bytes())
        .map(|(name, value)| Pair { name: name.into_owned().into(), value: value.into_owned().into() })
        .collect();
    let body = &exchange.request_body;
    let post_data = (body.length > 0).then(|| {
        let (text, encoding) = text(&body.bytes);
        let mime_type = exchange.request_header("content-type").unwrap_or_default();
        PostData { mime_type, params: [], text, encoding, comment: cut(body) }
    });
    Request {
        method: &exchange.method,
        url,
        http_version: version,
        cookies: [],
        headers: pairs(&exchange.request_headers),
        query_string,
        post_data,
        headers_size: -1,
        body_size: body.length,
    }
}

fn response<'e>(exchange: &'e HttpExchange, version: &'e str) -> Response<'e> {
    let body = &exchange.response_body;
    let (text, encoding) = match body.bytes.as_slice() {
        [] => (None, None),
        bytes => {
            let (text, encoding) = text(bytes);
            (Some(text), encoding)
        }
    };
    let status = exchange.status.unwrap_or(0);
    let location = exchange.response_header("location").filter(|_| (300..400).contains(&status));
    Response {
        status,
        status_text: reason(status),
        http_version: if exchange.status.is_some() { version } else { "" },
        cookies: [],
        headers: pairs(&exchange.response_headers),
        content: ResponseContent {
            size: body.length,
            mime_type: exchange.response_header("content-type").unwrap_or_default(),
            text,
            encoding,
            comment: cut(body),
        },
        redirect_url: location.unwrap_or_default(),
        headers_size: -1,
        body_size: body.length,
        error: exchange.status.is_none().then(|| exchange.remarks.join("; ")),
    }
}

fn pairs(headers: &[(String, String)]) -> Vec<Pair<'_>> {
    headers.iter().map(|(name, value)| Pair { name: name.into(), value: value.into() }).collect()
}

/// Bytes as text: Base64 where they are none.
fn text(bytes: &[u8]) -> (String, Option<&'static str>) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (text.to_owned(), None),
        Err(_) => (STANDARD.encode(bytes), Some("base64")),
    }
}

fn cut(content: &Content) -> String {
    if content.is_cut() { format!("only the first {} bytes were kept", content.bytes.len()) } else { String::new() }
}
