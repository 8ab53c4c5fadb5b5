//! The tenant URL and the feature flags that admins append to it.

use std::fmt;

use url::Url;

use super::Dialect;

/// The tenant URL without flags, and the dialect that the flags chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantUrl {
    base: Url,
    dialect: Dialect,
    unknown_flags: Vec<String>,
}

/// Says why a text isn't a usable tenant URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TenantUrlError {
    /// Not a URL at all.
    #[error("`{0}` isn't a URL: {1}")]
    Invalid(String, url::ParseError),
    /// Neither http nor https.
    #[error("the scheme `{0}` isn't http or https")]
    Scheme(String),
    /// A user name or password inside the URL.
    #[error("the URL carries a user name or password; use a secret token instead")]
    Credentials,
    /// `http` to another machine.
    #[error("plain http to `{0}` would send the token unencrypted")]
    PlainHttp(String),
}

const COMPLIANT: &str = "aadOptscim062020";
const LEGACY: &str = "AzureAdScimPatch2017";

impl TenantUrl {
    /// Reads a tenant URL: a trailing `/` and the query are cut off, flags in the query choose the
    /// dialect. Plain http is only for loopback unless `allow_http`.
    pub fn parse(text: &str, allow_http: bool) -> Result<Self, TenantUrlError> {
        let mut base = Url::parse(text.trim()).map_err(|error| TenantUrlError::Invalid(text.to_owned(), error))?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(TenantUrlError::Scheme(base.scheme().to_owned()));
        }
        if !base.username().is_empty() || base.password().is_some() {
            return Err(TenantUrlError::Credentials);
        }
        if base.scheme() == "http" && !allow_http && !is_loopback(&base) {
            return Err(TenantUrlError::PlainHttp(base.host_str().unwrap_or_default().to_owned()));
        }
        let (dialect, unknown_flags) = Dialect::from_flags(base.query().unwrap_or_default());
        base.set_query(None);
        base.set_fragment(None);
        let path = base.path().trim_end_matches('/').to_owned();
        base.set_path(&path);
        Ok(Self { base, dialect, unknown_flags })
    }

    /// The URL that `/Users` is appended to: no trailing slash, no query.
    pub fn base(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// The parsed URL without flags.
    pub fn url(&self) -> &Url {
        &self.base
    }

    /// The dialect that the flags chose.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Flags that nobody knows, each with the known one that it resembles.
    pub fn misspelt_flags(&self) -> impl Iterator<Item = (&str, &'static str)> {
        self.unknown_flags.iter().map(|flag| {
            let known =
                if flag.to_ascii_lowercase().contains("patch") && flag.contains("2017") { LEGACY } else { COMPLIANT };
            (flag.as_str(), known)
        })
    }
}

impl fmt::Display for TenantUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.base())
    }
}

/// Whether a URL points to this machine: `localhost` or a loopback address. Names below `localhost` aren't taken: not
/// everybody resolves them to this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

impl Dialect {
    /// The dialect that the flags of a tenant URL's query choose, and the flags that aren't known.
    /// The downgrade flag wins over the compliant one.
    pub fn from_flags(query: &str) -> (Self, Vec<String>) {
        let (mut compliant, mut legacy, mut unknown) = (false, false, Vec::new());
        for flag in query.split('&').map(|flag| flag.split('=').next().unwrap_or_default()) {
            match flag {
                "" => {}
                COMPLIANT => compliant = true,
                LEGACY => legacy = true,
                other => unknown.push(other.to_owned()),
            }
        }
        (if compliant && !legacy { Self::Compliant } else { Self::Scim }, unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_cut_off_and_choose_the_dialect() {
        for (text, base, dialect) in [
            ("https://h.example/scim", "https://h.example/scim", Dialect::Scim),
            ("https://h.example/scim/?aadOptscim062020", "https://h.example/scim", Dialect::Compliant),
            ("https://h.example?aadOptscim062020", "https://h.example", Dialect::Compliant),
            ("https://h.example/s?aadOptscim062020&AzureAdScimPatch2017", "https://h.example/s", Dialect::Scim),
            ("http://127.0.0.1:8080/scim/v2", "http://127.0.0.1:8080/scim/v2", Dialect::Scim),
        ] {
            let url = TenantUrl::parse(text, false).unwrap();
            assert_eq!((url.base(), url.dialect()), (base, dialect), "{text}");
        }
    }

    #[test]
    fn misspelt_flags_are_named() {
        let url = TenantUrl::parse("https://h.example/?AzureAdScimPatch062020", false).unwrap();
        assert_eq!(url.misspelt_flags().collect::<Vec<_>>(), [("AzureAdScimPatch062020", COMPLIANT)]);
        assert_eq!(url.dialect(), Dialect::Scim);
    }

    #[test]
    fn refuses_what_would_leak_or_cannot_work() {
        assert!(matches!(TenantUrl::parse("http://h.example/", false), Err(TenantUrlError::PlainHttp(_))));
        for far in ["http://scim.localhost/", "http://localhost.h.example/", "http://128.0.0.1/", "http://[::2]/"] {
            assert!(matches!(TenantUrl::parse(far, false), Err(TenantUrlError::PlainHttp(_))), "{far}");
        }
        for near in ["http://LOCALHOST/", "http://127.9.9.9/", "http://[::1]/"] {
            assert!(TenantUrl::parse(near, false).is_ok(), "{near}");
        }
        assert!(TenantUrl::parse("http://h.example/", true).is_ok());
        assert!(matches!(TenantUrl::parse("ftp://h.example/", true), Err(TenantUrlError::Scheme(_))));
        assert!(matches!(TenantUrl::parse("https://a:b@h.example/", true), Err(TenantUrlError::Credentials)));
        assert!(matches!(TenantUrl::parse("h.example", true), Err(TenantUrlError::Invalid(..))));
    }
}
