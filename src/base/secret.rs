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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hides() {
        assert_eq!(format!("{:?}", Secret::new("abc.def")), "[secret]");
    }
}
