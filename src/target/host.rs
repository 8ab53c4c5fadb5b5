//! Which host a request asks for.

use axum::http::header::HOST;
use axum::http::{HeaderMap, Uri};
use url::Url;

use crate::scim::is_loopback;

/// Whether a request asks for this machine by a name that can't mean another one. A web page that somebody else's name
/// server sends to 127.0.0.1 (DNS rebinding) doesn't.
pub fn asks_for_this_machine(uri: &Uri, headers: &HeaderMap) -> bool {
    asked_for("http", uri, headers).is_some_and(|url| is_loopback(&url))
}

/// The host asked for, with its port, as a URL; `None` where there is none, more than one, or more than that.
pub(super) fn asked_for(scheme: &str, uri: &Uri, headers: &HeaderMap) -> Option<Url> {
    let mut hosts = headers.get_all(HOST).iter();
    let (first, second) = (hosts.next(), hosts.next());
    let host = first.filter(|_| second.is_none())?.to_str().ok()?;
    if uri.authority().is_some_and(|authority| authority.as_str() != host) {
        return None;
    }
    let url = Url::parse(&format!("{scheme}://{host}/")).ok()?;
    (url.username().is_empty() && url.password().is_none() && url.path() == "/").then_some(url)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn this_machine_has_few_names() {
        let path = Uri::from_static("/page/users");
        let headers = |host: &'static str| HeaderMap::from_iter([(HOST, HeaderValue::from_static(host))]);
        for (host, expected) in [
            ("127.0.0.1:8080", true),
            ("localhost:8080", true),
            ("LOCALHOST", true),
            ("[::1]:8080", true),
            ("127.9.9.9", true),
            ("evil.example:8080", false),
            ("127.0.0.1.evil.example", false),
            ("evil.localhost:8080", false),
            ("localhost.evil.example", false),
            ("localhost@evil.example", false),
            ("evil.example/127.0.0.1", false),
            ("evil.example#@localhost", false),
            ("192.168.1.7", false),
            ("", false),
        ] {
            assert_eq!(asks_for_this_machine(&path, &headers(host)), expected, "{host}");
        }
        assert!(!asks_for_this_machine(&path, &HeaderMap::new()), "no host");
        let mut two = headers("localhost");
        two.append(HOST, HeaderValue::from_static("evil.example"));
        assert!(!asks_for_this_machine(&path, &two), "two hosts");
        for (address, expected) in [("http://localhost/page/users", true), ("http://evil.example/page/users", false)] {
            let uri = Uri::from_static(address);
            assert_eq!(asks_for_this_machine(&uri, &headers("localhost")), expected, "{address} beside a host");
        }
    }
}
