//! The config file `scimulate.toml`, read into validated [`Settings`], and the secret token that it
//! points to.
//!
//! Every problem is a [`Diagnostic`](crate::base::Diagnostic) with file, line, column and remedy,
//! and all of them are found in one go. What a file holds that may be a secret never gets into a
//! message.

mod document;
mod duration;
mod error;
mod escrow;
mod load;
mod log;
mod notification;
mod oauth;
mod provisioning;
mod quarantine;
mod settings;
mod source;
mod target;
mod token;

#[cfg(test)]
mod tests;

pub use duration::{DurationError, parse_duration};
pub use error::ConfigError;
pub use load::{FILE_NAME, Overrides, STATE_DIR, discover, load, parse};
pub use oauth::token_endpoint_error;
pub use settings::{
    Clause, DefaultAccess, Duplicates, EscrowSettings, LateReferences, LogSettings, MailServer, MailTls, Mapping,
    NotificationSettings, OAuthSettings, Profile, ProvisioningSettings, QuarantineSettings, Scope, ScopingFilter,
    Settings, SourceSettings, TargetSettings, Tenant, TokenSource, Vanished,
};
pub use target::{tenant, tenant_error};
pub use token::{
    Environment, ProcessEnvironment, SecretKind, Token, Tokens, client_secret, smtp_password, token, tokens,
};
