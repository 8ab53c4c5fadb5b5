//! Secrets that can't be printed by accident.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// A bearer token. `Debug` hides it, memory is wiped when it goes.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Wraps a token.
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// The token itself, for the `Authorization` header alone.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// Replaces every occurrence of a secret in `text`, for what a server sends back.
#[must_use]
pub fn mask(text: &str, secrets: &[&Secret]) -> String {
    secrets.iter().fold(text.to_owned(), |text, secret| match secret.expose() {
        "" => text,
        exposed => text.replace(exposed, "[secret]"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_and_hides() {
        let token = Secret::new("abc.def");
        assert_eq!(mask("you sent 'abc.def'", &[&token]), "you sent '[secret]'");
        assert_eq!(format!("{token:?}"), "[secret]");
        assert_eq!(mask("x", &[&Secret::new("")]), "x");
    }
}
