//! As whom the client speaks.

use std::fmt;

use crate::base::Secret;
use crate::client::Token;
use crate::scim::{ClientAuthentication, TokenEndpoint};

/// How the target is told who is calling.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// The secret token, which lasts.
    Token(Token),
    /// Access tokens, which are asked for and run out.
    OAuth(Box<OAuth>),
}

impl From<Token> for Credentials {
    fn from(token: Token) -> Self {
        Self::Token(token)
    }
}

impl From<OAuth> for Credentials {
    fn from(oauth: OAuth) -> Self {
        Self::OAuth(Box::new(oauth))
    }
}

/// What access tokens are asked for with.
#[derive(Clone)]
pub struct OAuth {
    /// Where.
    pub token_endpoint: TokenEndpoint,
    /// `client_id`.
    pub client_id: String,
    /// `client_secret`.
    pub client_secret: Secret,
    /// `scope`, blanks between several; the token endpoint decides where there is none.
    pub scope: Option<String>,
    /// How id and secret are sent.
    pub client_authentication: ClientAuthentication,
}

impl OAuth {
    /// Takes a client secret as it stands in a variable or file: the line end is cut off, nothing else.
    pub fn new(token_endpoint: TokenEndpoint, client_id: impl Into<String>, client_secret: &str) -> Self {
        let secret = client_secret.strip_prefix('\u{feff}').unwrap_or(client_secret).trim_end_matches(['\r', '\n']);
        Self {
            token_endpoint,
            client_id: client_id.into(),
            client_secret: Secret::new(secret),
            scope: None,
            client_authentication: ClientAuthentication::default(),
        }
    }

    /// What is suspicious about the settings; they are used nevertheless. Sentences without a full stop.
    pub(in crate::client) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.token_endpoint.is_authorization_endpoint() {
            warnings.push(
                "the token endpoint ends in `/authorize`, where people sign in; that for tokens ends in `/token` as a rule"
                    .to_owned(),
            );
        }
        for (what, text) in [("client id", self.client_id.as_str()), ("client secret", self.client_secret.expose())] {
            let quoted = |quote| text.len() > 1 && text.starts_with(quote) && text.ends_with(quote);
            if quoted('"') || quoted('\'') {
                warnings
                    .push(format!("the {what} stands in quotation marks, which are sent too; store it without them"));
            } else if text.trim() != text {
                warnings.push(format!("the {what} begins or ends with a blank, which is sent too; store it without"));
            }
        }
        warnings
    }
}

impl fmt::Debug for OAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuth")
            .field("token_endpoint", &self.token_endpoint.to_string())
            .field("client_id", &self.client_id)
            .field("scope", &self.scope)
            .field("client_authentication", &self.client_authentication)
            .finish_non_exhaustive()
    }
}
