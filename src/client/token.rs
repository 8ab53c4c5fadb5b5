//! The secret token, and what is suspicious about one that was pasted.

use super::jwt::claims;
use crate::base::{Secret, Timestamp};

/// Longest token that the portal stores, about 1 KB ("Size of input `ExternalSecret` data invalid").
const PORTAL_LIMIT: usize = 1024;

/// A bearer token as it is sent.
#[derive(Debug, Clone)]
pub struct Token(Secret);

/// Says why a text can't be sent as a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Nothing but a line end.
    #[error("the secret token is empty")]
    Empty,
    /// Control characters, such as a line end in the middle.
    #[error("the secret token holds a line break or another control character at byte {0}; it must be a single line")]
    Control(usize),
}

/// What is suspicious about a token; it is sent nevertheless.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenWarning {
    /// It begins with `Bearer `, which is sent in front of it anyway.
    BearerPrefix,
    /// It stands in quotation marks.
    Quoted,
    /// Blanks at its ends or inside.
    Blanks,
    /// It is longer than the portal stores.
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// It is a JWT whose `exp` has passed.
    Expired {
        /// When it ran out.
        at: Timestamp,
    },
}

impl TokenWarning {
    /// One sentence with what to do, without a full stop.
    pub fn text(&self) -> String {
        match self {
            Self::BearerPrefix => {
                "the secret token begins with `Bearer `; the word is sent in front of it anyway, so store the token without it".into()
            }
            Self::Quoted => "the secret token stands in quotation marks, which are sent too; store it without them".into(),
            Self::Blanks => "the secret token holds blanks, as after a line-wrapped copy; copy it again in one piece".into(),
            Self::TooLong { bytes } => format!(
                "the secret token has {bytes} bytes; the portal can't store more than about {PORTAL_LIMIT}, so ask for a shorter one"
            ),
            Self::Expired { at } => format!("the secret token is a JWT that ran out at {at}; generate a new one"),
        }
    }
}

impl Token {
    /// Takes a token as it stands in a variable or file: the line end is cut off, nothing else.
    pub fn from_text(text: &str) -> Result<Self, TokenError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim_end_matches(['\r', '\n']);
        if text.trim().is_empty() {
            return Err(TokenError::Empty);
        }
        match text.find(|c: char| c.is_control() && c != '\t') {
            Some(at) => Err(TokenError::Control(at)),
            None => Ok(Self(Secret::new(text))),
        }
    }

    /// The token, for the header and for masking.
    pub fn secret(&self) -> &Secret {
        &self.0
    }

    /// Everything that is suspicious at the instant `now`, the likeliest cause of a refusal first.
    pub fn warnings(&self, now: Timestamp) -> Vec<TokenWarning> {
        let text = self.0.expose();
        let mut warnings = Vec::new();
        let bare = strip_bearer(text);
        if bare.is_some() {
            warnings.push(TokenWarning::BearerPrefix);
        }
        let bare = bare.unwrap_or(text);
        if bare.len() > 1
            && (bare.starts_with('"') && bare.ends_with('"') || bare.starts_with('\'') && bare.ends_with('\''))
        {
            warnings.push(TokenWarning::Quoted);
        }
        if bare.contains(char::is_whitespace) {
            warnings.push(TokenWarning::Blanks);
        }
        if let Some(at) = claims(bare.trim()).and_then(|claims| claims.expires).filter(|at| *at <= now) {
            warnings.push(TokenWarning::Expired { at });
        }
        if text.len() > PORTAL_LIMIT {
            warnings.push(TokenWarning::TooLong { bytes: text.len() });
        }
        warnings
    }

    /// What must not appear in anything shown: the token, and the part after a doubled `Bearer`.
    pub(super) fn secrets(&self) -> Vec<Secret> {
        let bare = strip_bearer(self.0.expose()).unwrap_or_else(|| self.0.expose()).trim();
        if bare == self.0.expose() { vec![self.0.clone()] } else { vec![self.0.clone(), Secret::new(bare)] }
    }
}

fn strip_bearer(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let (word, rest) = text.split_at_checked(6)?;
    (word.eq_ignore_ascii_case("bearer") && rest.starts_with([' ', ':', '\t'])).then(|| rest[1..].trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::jwt::jwt;

    #[test]
    fn only_the_line_end_is_cut_off() {
        assert_eq!(Token::from_text("abc\r\n").unwrap().secret().expose(), "abc");
        assert_eq!(Token::from_text(" abc ").unwrap().secret().expose(), " abc ");
        assert_eq!(Token::from_text(" \n").unwrap_err(), TokenError::Empty);
        assert_eq!(Token::from_text("ab\ncd").unwrap_err(), TokenError::Control(2));
    }

    #[test]
    fn suspicious_tokens_are_told_apart() {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let expired = TokenWarning::Expired { at: Timestamp::from_second(1_600_000_000).unwrap() };
        for (text, expected) in [
            ("abc.def".to_owned(), vec![]),
            (jwt(r#"{"exp":1800000000}"#), vec![]),
            (jwt(r#"{"exp":1600000000}"#), vec![expired.clone()]),
            (jwt(r#"{"exp":1600000000.5}"#), vec![expired.clone()]),
            (format!("Bearer {}", jwt(r#"{"exp":1600000000}"#)), vec![TokenWarning::BearerPrefix, expired]),
            (jwt("not json"), vec![]),
            ("bearer xyz".to_owned(), vec![TokenWarning::BearerPrefix]),
            ("Bearerxyz".to_owned(), vec![]),
            ("ab cd".to_owned(), vec![TokenWarning::Blanks]),
            (" abcd".to_owned(), vec![TokenWarning::Blanks]),
            ("\"abc\"".to_owned(), vec![TokenWarning::Quoted]),
            ("x".repeat(1024), vec![]),
            ("x".repeat(1025), vec![TokenWarning::TooLong { bytes: 1025 }]),
            ("ünïcödé".to_owned(), vec![]),
        ] {
            assert_eq!(Token::from_text(&text).unwrap().warnings(now), expected, "{text}");
        }
    }
}
