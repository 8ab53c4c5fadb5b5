//! Where access tokens come from, and how a client says there who it is (OAuth 2.0, RFC 6749).

use std::fmt;

use url::Url;

use super::is_loopback;

/// The address that access tokens are asked for at (RFC 6749 section 3.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenEndpoint(Url);

/// Says why a text isn't a usable token endpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenEndpointError {
    /// Not a URL at all.
    #[error("`{0}` isn't a URL: {1}")]
    Invalid(String, url::ParseError),
    /// Neither http nor https.
    #[error("the scheme `{0}` isn't http or https")]
    Scheme(String),
    /// A user name or password inside the URL.
    #[error("the token endpoint carries a user name or password")]
    Credentials,
    /// A `#` and what follows, which RFC 6749 section 3.2 forbids.
    #[error("the token endpoint must not have a fragment (`#…`)")]
    Fragment,
    /// `http` to another machine.
    #[error("plain http to `{0}` would send the client secret unencrypted")]
    PlainHttp(String),
}

impl TokenEndpoint {
    /// Reads a token endpoint; its query stays. Plain http is only for loopback unless `allow_http`.
    pub fn parse(text: &str, allow_http: bool) -> Result<Self, TokenEndpointError> {
        let text = text.trim();
        let url = Url::parse(text).map_err(|error| TokenEndpointError::Invalid(text.to_owned(), error))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(TokenEndpointError::Scheme(url.scheme().to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(TokenEndpointError::Credentials);
        }
        if url.fragment().is_some() {
            return Err(TokenEndpointError::Fragment);
        }
        if url.scheme() == "http" && !allow_http && !is_loopback(&url) {
            return Err(TokenEndpointError::PlainHttp(url.host_str().unwrap_or_default().to_owned()));
        }
        Ok(Self(url))
    }

    /// The whole URL, for sending. Its query may hold a key.
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// Whether it looks like the authorization endpoint, where people sign in and nobody gets tokens.
    pub fn is_authorization_endpoint(&self) -> bool {
        self.0.path_segments().and_then(|mut segments| segments.next_back()) == Some("authorize")
    }
}

/// The URL without its query.
impl fmt::Display for TokenEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0[..url::Position::AfterPath])
    }
}

/// How a client says to the token endpoint who it is: *How credentials are sent* in the portal.
///
/// The portal offers these three without a default that its documentation names (Microsoft, *Develop and plan
/// provisioning for a SCIM endpoint*). The default here is what Microsoft writes for such a request everywhere else:
/// in the body (*OAuth 2.0 client credentials flow*, first case; *Workload Identity Federation for SCIM Provisioning*,
/// token request format).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClientAuthentication {
    /// `client_id` and `client_secret` in the form, `client_secret_post`.
    #[default]
    Body,
    /// As user name and password of HTTP Basic authentication, `client_secret_basic` (RFC 6749 section 2.3.1).
    Header,
    /// Both at once, which RFC 6749 section 2.3 forbids and the portal offers.
    Both,
}

impl ClientAuthentication {
    /// Every way.
    pub const ALL: [Self; 3] = [Self::Body, Self::Header, Self::Both];

    /// As in the config.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Body => "body",
            Self::Header => "header",
            Self::Both => "both",
        }
    }

    /// Whether the form has `client_id` and `client_secret`.
    pub const fn in_body(self) -> bool {
        matches!(self, Self::Body | Self::Both)
    }

    /// Whether there is an `Authorization` header.
    pub const fn in_header(self) -> bool {
        matches!(self, Self::Header | Self::Both)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_keeps_the_secret_is_accepted() {
        for (text, allow_http, expected) in [
            ("https://h.example/oauth2/token", false, Ok("https://h.example/oauth2/token")),
            (" https://h.example/token?api-version=1 ", false, Ok("https://h.example/token?api-version=1")),
            ("http://localhost:8080/oauth/token", false, Ok("http://localhost:8080/oauth/token")),
            ("http://[::1]/token", false, Ok("http://[::1]/token")),
            ("http://h.example/token", true, Ok("http://h.example/token")),
            ("http://h.example/token", false, Err(TokenEndpointError::PlainHttp("h.example".into()))),
            ("ftp://h.example/token", true, Err(TokenEndpointError::Scheme("ftp".into()))),
            ("https://a:b@h.example/token", true, Err(TokenEndpointError::Credentials)),
            ("https://h.example/token#x", true, Err(TokenEndpointError::Fragment)),
            (
                "h.example/token",
                true,
                Err(TokenEndpointError::Invalid("h.example/token".into(), url::ParseError::RelativeUrlWithoutBase)),
            ),
        ] {
            let endpoint = TokenEndpoint::parse(text, allow_http);
            assert_eq!(endpoint.as_ref().map(|endpoint| endpoint.url().as_str()), expected.as_ref().copied(), "{text}");
        }
    }

    #[test]
    fn a_query_may_hold_a_key_and_is_not_shown() {
        let endpoint = TokenEndpoint::parse("https://h.example/api/token?code=s3cret", false).unwrap();
        assert_eq!(endpoint.to_string(), "https://h.example/api/token");
    }

    #[test]
    fn the_authorization_endpoint_is_recognised() {
        for (path, expected) in [
            ("/tenant/oauth2/v2.0/authorize", true),
            ("/tenant/oauth2/v2.0/token", false),
            ("/authorize/token", false),
            ("/", false),
        ] {
            let endpoint = TokenEndpoint::parse(&format!("https://h.example{path}"), false).unwrap();
            assert_eq!(endpoint.is_authorization_endpoint(), expected, "{path}");
        }
    }
}
