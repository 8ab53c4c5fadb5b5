//! Who may look at the page, and which requests may change something.
//!
//! Four things keep other web pages out. A `Host` of this machine is trusted only while the listener can't be
//! reached from another one, so a name that somebody else resolves to 127.0.0.1 (DNS rebinding) isn't. What a
//! browser says was started by another site is refused, unless it opens `/` and nothing else. Changes need the
//! page's own origin and a secret made at its start. And no answer may be framed, embedded or read elsewhere.

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, COOKIE, ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, Version};
use url::Url;

use crate::target::host::{asked_for, asks_for_this_machine};

/// Whom a page trusts.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    /// Whether the listener can be reached from this machine only.
    local: bool,
    /// Whether it speaks TLS.
    secure: bool,
    /// Name of the session's cookie. It isn't shared with other endpoints of the same host: cookies don't know ports.
    cookie: String,
}

/// Where a request comes from, as far as the browser says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// From the page itself, or from nobody: an address that was typed, or a program.
    Here,
    /// A link of another site that was followed.
    Link,
    /// Something within another site's page.
    Elsewhere,
}

const NOTHING_ELSE: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                            connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

impl Guard {
    pub(super) fn new(local: bool, secure: bool, mark: &str) -> Self {
        // a browser takes a cookie of this name from nobody but this host, over TLS
        let prefix = if secure { "__Host-" } else { "" };
        Self { local, secure, cookie: format!("{prefix}scimulate-{mark}") }
    }

    /// Whether a request needs no token: it asks for this machine, and nothing says that it was passed on. No browser
    /// speaks HTTP/1.0, but proxies do. One on this machine that writes another `Host` and says nothing of itself can't
    /// be told from a browser.
    pub(super) fn is_local(&self, version: Version, uri: &Uri, headers: &HeaderMap) -> bool {
        self.local
            && version > Version::HTTP_10
            && !headers.keys().any(is_of_a_proxy)
            && asks_for_this_machine(uri, headers)
    }

    /// The session's secret.
    pub(super) fn session<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        let cookies = headers.get_all(COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
        let mut cookies = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|cookie| cookie.split_once('='));
        cookies.find(|(name, _)| name.trim() == self.cookie).map(|(_, value)| value.trim())
    }

    /// The cookie of a session; without a secret, one that takes it away.
    pub(super) fn cookie(&self, secret: Option<&str>) -> HeaderValue {
        let secure = if self.secure { "; Secure" } else { "" };
        let age = if secret.is_some() { "" } else { "; Max-Age=0" };
        let text =
            format!("{}={}; Path=/; HttpOnly; SameSite=Strict{secure}{age}", self.cookie, secret.unwrap_or_default());
        let mut value = HeaderValue::try_from(text).expect("secrets are hex digits");
        value.set_sensitive(true);
        value
    }

    /// What the browser says of where a request comes from. Another port of this host is another site here.
    pub(super) fn place(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Place {
        let is = |name: &HeaderName, value: &str| headers.get(name).is_some_and(|given| given == value);
        let foreign = headers.get(FETCH_SITE).is_some_and(|site| site != "same-origin" && site != "none");
        if foreign {
            let followed = *method == Method::GET && is(&FETCH_MODE, "navigate") && is(&FETCH_DEST, "document");
            return if followed { Place::Link } else { Place::Elsewhere };
        }
        match self.origin_matches(uri, headers) {
            Some(false) => Place::Elsewhere,
            _ => Place::Here,
        }
    }

    /// Whether the browser says that a request was made by the page itself. One that says nothing doesn't:
    /// without a referrer, forms have the origin `null`.
    pub(super) fn is_own(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        match headers.get(FETCH_SITE) {
            Some(site) => site == "same-origin" && self.origin_matches(uri, headers) != Some(false),
            None => self.origin_matches(uri, headers) == Some(true),
        }
    }

    /// Whether the origin is that of the address asked for; `None` where there is none.
    fn origin_matches(&self, uri: &Uri, headers: &HeaderMap) -> Option<bool> {
        let given = headers.get(ORIGIN).filter(|given| *given != "null")?;
        let given = given.to_str().ok().and_then(|given| Url::parse(given).ok());
        let own = asked_for(if self.secure { "https" } else { "http" }, uri, headers);
        Some(given.zip(own).is_some_and(|(given, own)| {
            // a proxy in front may speak TLS where the endpoint doesn't
            let same_scheme = given.scheme() == own.scheme() || (!self.secure && given.scheme() == "https");
            same_scheme && given.host() == own.host() && given.port() == own.port()
        }))
    }

    /// Adds to an answer what keeps it in the page. `trusted` says whether the browser trusts the address: over TLS, or
    /// to this machine.
    pub(super) fn seal(&self, headers: &mut HeaderMap, trusted: bool) {
        for (name, value) in [
            (CONTENT_SECURITY_POLICY, NOTHING_ELSE),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (X_FRAME_OPTIONS, "DENY"),
            (REFERRER_POLICY, "no-referrer"),
            (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
            (CACHE_CONTROL, "no-store"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        // elsewhere browsers ignore it and complain
        if trusted || self.secure {
            let name = HeaderName::from_static("cross-origin-opener-policy");
            headers.insert(name, HeaderValue::from_static("same-origin"));
        }
    }
}

/// Whether proxies and tunnels add a header of this name. A request that has passed one comes from anywhere.
fn is_of_a_proxy(name: &HeaderName) -> bool {
    let name = name.as_str();
    matches!(name, "forwarded" | "via" | "x-real-ip")
        || ["x-forwarded", "x-original-", "cf-"].iter().any(|begin| name.starts_with(begin))
        || name.ends_with("client-ip")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    fn path() -> Uri {
        Uri::from_static("/page/users")
    }

    fn is_local(guard: &Guard, uri: &Uri, headers: &HeaderMap) -> bool {
        guard.is_local(Version::HTTP_11, uri, headers)
    }

    #[test]
    fn only_names_of_this_machine_need_no_token() {
        let guard = Guard::new(true, false, "x");
        for (host, expected) in [("127.0.0.1:8080", true), ("evil.example:8080", false)] {
            assert_eq!(is_local(&guard, &path(), &headers(&[("host", host)])), expected, "{host}");
        }
        for proxy in [
            "forwarded",
            "via",
            "x-forwarded-for",
            "x-forwarded-host",
            "x-forwarded-proto",
            "x-forwarded-port",
            "x-forwarded",
            "x-original-host",
            "x-real-ip",
            "true-client-ip",
            "x-client-ip",
            "fly-client-ip",
            "client-ip",
            "cf-connecting-ip",
            "cf-ray",
        ] {
            let headers = headers(&[("host", "127.0.0.1:8080"), (proxy, "203.0.113.9")]);
            assert!(!is_local(&guard, &path(), &headers), "{proxy}");
        }
        let plain = headers(&[("host", "127.0.0.1:8080")]);
        assert!(!guard.is_local(Version::HTTP_10, &path(), &plain), "HTTP/1.0");
        let open = Guard::new(false, false, "x");
        assert!(!is_local(&open, &path(), &headers(&[("host", "127.0.0.1:8080")])), "reachable from elsewhere");
    }

    #[test]
    fn other_sites_may_only_open_the_page() {
        let guard = Guard::new(true, false, "x");
        let host = ("host", "127.0.0.1:8080");
        let from = |lines: &[(&'static str, &'static str)], method: Method| {
            guard.place(&method, &path(), &headers(&[&[host], lines].concat()))
        };
        let navigation = [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
        for (site, method, mode, expected) in [
            ("none", Method::GET, &navigation[..], Place::Here),
            ("same-origin", Method::GET, &[], Place::Here),
            ("cross-site", Method::GET, &navigation, Place::Link),
            ("same-site", Method::GET, &navigation, Place::Link),
            ("cross-site", Method::POST, &navigation, Place::Elsewhere),
            (
                "cross-site",
                Method::GET,
                &[("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")],
                Place::Elsewhere,
            ),
            ("same-site", Method::GET, &[("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")], Place::Elsewhere),
            (
                "cross-site",
                Method::GET,
                &[("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")],
                Place::Elsewhere,
            ),
        ] {
            let lines = [&[("sec-fetch-site", site)], mode].concat();
            assert_eq!(from(&lines, method.clone()), expected, "{site} {method} {mode:?}");
        }
        assert_eq!(from(&[], Method::GET), Place::Here, "a program");
        assert_eq!(from(&[("origin", "http://127.0.0.1:8080")], Method::GET), Place::Here);
        assert_eq!(from(&[("origin", "http://evil.example")], Method::GET), Place::Elsewhere);
    }

    #[test]
    fn changes_come_from_the_page_itself() {
        let (plain, secure) = (Guard::new(true, false, "x"), Guard::new(true, true, "x"));
        let host = ("host", "127.0.0.1:8080");
        for (guard, lines, expected) in [
            (&plain, &[("origin", "http://127.0.0.1:8080")][..], true),
            (&plain, &[("sec-fetch-site", "same-origin"), ("origin", "http://127.0.0.1:8080")], true),
            (&plain, &[("sec-fetch-site", "same-origin"), ("origin", "null")], true),
            (&plain, &[("sec-fetch-site", "same-origin")], true),
            (&plain, &[("origin", "https://127.0.0.1:8080")], true),
            (&secure, &[("origin", "https://127.0.0.1:8080")], true),
            (&secure, &[("origin", "http://127.0.0.1:8080")], false),
            (&plain, &[], false),
            (&plain, &[("origin", "null")], false),
            (&plain, &[("origin", "not an origin")], false),
            (&plain, &[("origin", "http://127.0.0.1:9999")], false),
            (&plain, &[("origin", "http://localhost:8080")], false),
            (&plain, &[("origin", "http://127.0.0.1:8080.evil.example")], false),
            (&plain, &[("sec-fetch-site", "same-site"), ("origin", "http://127.0.0.1:8080")], false),
            (&plain, &[("sec-fetch-site", "cross-site")], false),
            (&plain, &[("sec-fetch-site", "none")], false),
            (&plain, &[("sec-fetch-site", "same-origin"), ("origin", "http://evil.example")], false),
        ] {
            let given = headers(&[&[host], lines].concat());
            assert_eq!(guard.is_own(&path(), &given), expected, "{lines:?}");
        }
        assert!(!plain.is_own(&path(), &headers(&[("origin", "http://127.0.0.1:8080")])), "no host");
    }

    #[test]
    fn cookies_are_for_the_server_alone() {
        let plain = Guard::new(true, false, "1f2e");
        assert_eq!(plain.cookie(Some("abc")), "scimulate-1f2e=abc; Path=/; HttpOnly; SameSite=Strict");
        assert_eq!(plain.cookie(None), "scimulate-1f2e=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
        let secure = Guard::new(false, true, "1f2e");
        let expected = "__Host-scimulate-1f2e=abc; Path=/; HttpOnly; SameSite=Strict; Secure";
        assert_eq!(secure.cookie(Some("abc")), expected);
        let given = headers(&[("cookie", "a=1; scimulate-1f2e=abc; scimulate-0000=other")]);
        assert_eq!((plain.session(&given), secure.session(&given)), (Some("abc"), None));
    }
}
