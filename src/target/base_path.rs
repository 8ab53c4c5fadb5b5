//! Where the endpoint is, as far as it knows by itself.

use std::fmt;
use std::ops::Deref;

/// How the endpoint is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scheme {
    /// Without TLS.
    #[default]
    Http,
    /// Over TLS.
    Https,
}

impl Scheme {
    /// What URLs begin with, without `://`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The path before `/Users`, without a slash at its end, with the scheme of the URLs that it stands in.
#[derive(Debug)]
pub(super) struct BasePath {
    scheme: Scheme,
    path: String,
}

impl BasePath {
    pub(super) fn new(scheme: Scheme, path: &str) -> Self {
        Self { scheme, path: path.trim_end_matches('/').to_owned() }
    }

    pub(super) const fn scheme(&self) -> Scheme {
        self.scheme
    }
}

impl fmt::Display for BasePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)
    }
}

impl Deref for BasePath {
    type Target = str;

    fn deref(&self) -> &str {
        &self.path
    }
}
