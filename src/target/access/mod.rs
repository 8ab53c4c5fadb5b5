//! Who is let in, to what, and how often: bearer tokens, a token endpoint (OAuth 2.0), rates.

mod credentials;
mod door;
mod issuer;
mod options;
mod rate;
mod refusal;
mod token_endpoint;

pub use credentials::{Credentials, random_token};
pub use options::{AccessOptions, OAuthOptions, Rate};
pub use token_endpoint::TOKEN_PATH;

pub(super) use door::Door;
pub(super) use token_endpoint::token;
