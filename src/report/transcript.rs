//! Requests as text: method and path, then the body; what golden files hold.

use std::fmt::Write as _;

use crate::scim::Request;

/// One block for each request, separated by blank lines.
pub fn transcript<'r>(requests: impl IntoIterator<Item = &'r Request>) -> String {
    let mut text = String::new();
    for request in requests {
        if !text.is_empty() {
            text.push('\n');
        }
        let _infallible = writeln!(text, "{} {}", request.method, request.path);
        if let Some(body) = &request.body {
            let _infallible = writeln!(text, "{body:#}");
        }
    }
    text
}
