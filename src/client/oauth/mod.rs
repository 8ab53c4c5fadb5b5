//! Access tokens by the OAuth 2.0 client credentials grant (RFC 6749 section 4.4): asked for, kept in memory, renewed
//! before they run out and once when the target refuses one.
//!
//! The client secret goes to the token endpoint alone, an access token to the target alone. Redirects of the token
//! endpoint aren't followed. Neither secret is in anything that is shown; what the endpoint sends back is masked before
//! it is kept.

mod access_tokens;
mod answer;
mod credentials;
mod failure;
mod grant;
mod request;

#[cfg(test)]
mod tests;

pub(super) use access_tokens::AccessTokens;
pub use access_tokens::TokenExchange;
pub use credentials::{Credentials, OAuth};
pub use failure::{TokenFailure, TokenRefusal, UnusableToken};
pub(super) use grant::Grant;
