//! A request, with its answer where there is one, as `exchange.html` shows it.

use serde::Serialize;
use serde_json::Value;

use crate::event::LoggedExchange;
use crate::report::exchange::{Body, answer_line, body, request_line, status_line};
use crate::report::prose::{one_line, printable, time};
use crate::scim::{Content, HttpExchange, Request};

/// What `exchange.html` is given.
#[derive(Serialize)]
pub(in crate::report) struct ExchangeView {
    request: String,
    /// None of a request that wasn't sent.
    answer: Option<String>,
    /// First digit of the status, `0` without one.
    class: char,
    halves: Vec<Half>,
    /// Whether there is anything to open.
    has_more: bool,
}

#[derive(Serialize)]
struct Half {
    title: &'static str,
    headers: Vec<(String, String)>,
    body: Option<String>,
    note: Option<String>,
}

impl ExchangeView {
    /// A request and what came back.
    pub(in crate::report) fn of(exchange: &HttpExchange) -> Self {
        let half = |title, headers: &[(String, String)], content: &Content| {
            let (text, note) = body(content).map_or((None, None), |Body { text, note }| (Some(text), note));
            let headers = headers.iter().map(|(name, value)| (one_line(name), printable(value))).collect();
            Half { title, headers, body: text, note }
        };
        Self {
            request: request_line(exchange),
            answer: Some(answer_line(exchange)),
            class: exchange.status.and_then(|status| status.to_string().chars().next()).unwrap_or('0'),
            halves: vec![
                half("Request", &exchange.request_headers, &exchange.request_body),
                half("Answer", &exchange.response_headers, &exchange.response_body),
            ],
            has_more: true,
        }
    }

    /// A request as the log keeps it, with the status of its answer alone; `body` is what was sent.
    pub(in crate::report) fn logged(exchange: &LoggedExchange, body: Option<&str>) -> Self {
        let laid_out = |body: &str| match serde_json::from_str::<Value>(body) {
            Ok(value) => printable(&format!("{value:#}")),
            Err(_) => printable(body),
        };
        let answer = match exchange.status {
            Some(status) => format!("{}, after {}", status_line(status), time(exchange.duration)),
            None => format!("no answer, after {}", time(exchange.duration)),
        };
        Self {
            request: one_line(&format!("{} {}", exchange.method, exchange.path)),
            answer: Some(answer),
            class: exchange.status.and_then(|status| status.to_string().chars().next()).unwrap_or('0'),
            has_more: body.is_some(),
            halves: vec![Half { title: "Request", headers: Vec::new(), body: body.map(laid_out), note: None }],
        }
    }

    /// A request that would be sent.
    pub(in crate::report) fn planned(request: &Request) -> Self {
        let body = request.body.as_ref().map(|body| printable(&format!("{body:#}")));
        Self {
            request: one_line(&format!("{} {}", request.method, request.path)),
            answer: None,
            class: '0',
            has_more: body.is_some(),
            halves: vec![Half { title: "Request", headers: Vec::new(), body, note: None }],
        }
    }
}
