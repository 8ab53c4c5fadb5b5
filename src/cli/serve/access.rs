//! Who is let in by `serve`: tokens from variables and files, a client that fetches tokens, rates.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::base::{Diagnostic, Digest, Secret};
use crate::cli::args::positive_duration;
use crate::cli::context::Context;
use crate::cli::error::Error;
use crate::config::{self, ConfigError, TokenSource};
use crate::target::{AccessOptions, Credentials, Endpoint, OAuthOptions, Rate, Scheme, random_token};

/// How often files of tokens are looked at.
const INTERVAL: Duration = Duration::from_secs(1);

/// Flags that say who is let in.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Access")]
pub(crate) struct AccessArgs {
    /// Environment variable that holds a token, repeatable [default: a random token, printed]
    #[arg(long, value_name = "NAME")]
    pub(crate) token_env: Vec<String>,
    /// File with tokens, one a line, repeatable; a change is noticed within a second
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Vec<PathBuf>,
    /// Environment variable that holds a token that may only read, repeatable
    #[arg(long, value_name = "NAME")]
    pub(crate) read_only_token_env: Vec<String>,
    /// File with tokens that may only read, likewise
    #[arg(long, value_name = "FILE")]
    pub(crate) read_only_token_file: Vec<PathBuf>,
    /// Let everyone read `ServiceProviderConfig`, `ResourceTypes` and `Schemas`
    #[arg(long)]
    pub(crate) open_discovery: bool,
    /// Let this client fetch tokens at `/oauth/token` (OAuth 2.0 client credentials)
    #[arg(long, value_name = "ID")]
    pub(crate) oauth_client_id: Option<String>,
    /// Environment variable that holds the client's secret
    #[arg(long, value_name = "NAME", requires = "oauth_client_id")]
    pub(crate) oauth_client_secret_env: Option<String>,
    /// File with the client's secret, or several, one a line
    #[arg(long, value_name = "FILE", requires = "oauth_client_id")]
    pub(crate) oauth_client_secret_file: Option<PathBuf>,
    /// How long a token of the client lasts
    #[arg(long, value_name = "DURATION", value_parser = positive_duration, default_value = "1h")]
    pub(crate) oauth_token_lifetime: Duration,
    /// Scopes that the client is granted, separated by blanks
    #[arg(long, value_name = "SCOPES", requires = "oauth_client_id")]
    pub(crate) oauth_scope: Option<String>,
    /// Requests a second that each token may send; more are 429
    #[arg(long, value_name = "N", value_parser = rate)]
    pub(crate) rate: Option<f64>,
    /// Requests that may come at once within the rate [default: one second's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), requires = "rate")]
    pub(crate) burst: Option<u32>,
}

/// Who is let in, and where that comes from.
pub(crate) struct Access {
    /// Tokens that may do everything; the first one is shown.
    pub(crate) tokens: Vec<Secret>,
    /// What the endpoint asks for beside them.
    pub(crate) options: AccessOptions,
    /// Whether the user gave a token, which isn't shown to people again.
    pub(crate) is_given: bool,
    sources: Sources,
}

impl AccessArgs {
    /// Reads variables and files; warnings are printed.
    pub(crate) fn read(&self, context: &Context, scheme: Scheme) -> Result<Access, Error> {
        let variables = |names: &[String]| -> Result<Vec<Secret>, Error> {
            let secret = |name: &String| context.token(&TokenSource::Env(name.clone()));
            names.iter().filter_map(|name| secret(name).transpose()).collect()
        };
        let sources = Sources {
            fixed: Credentials {
                tokens: variables(&self.token_env)?,
                read_only: variables(&self.read_only_token_env)?,
                client_secrets: variables(self.oauth_client_secret_env.as_slice())?,
            },
            token_files: self.token_file.clone(),
            read_only_files: self.read_only_token_file.clone(),
            client_secret_files: self.oauth_client_secret_file.iter().cloned().collect(),
        };
        let (Credentials { mut tokens, read_only, client_secrets }, warnings) = sources.read()?;
        for warning in &warnings {
            context.printer.diagnostic(warning);
        }
        let is_given = !tokens.is_empty();
        let sources = if is_given {
            sources
        } else {
            tokens = vec![random_token()];
            sources.with(tokens[0].clone())
        };
        let rate =
            self.rate.map(|per_second| Rate { per_second, burst: self.burst.unwrap_or_else(|| burst(per_second)) });
        let oauth = self.oauth_client_id.clone().map(|client_id| self.oauth(client_id, client_secrets)).transpose()?;
        let options = AccessOptions { read_only, oauth, rate, open_discovery: self.open_discovery, scheme };
        Ok(Access { tokens, options, is_given, sources })
    }

    fn oauth(&self, client_id: String, client_secrets: Vec<Secret>) -> Result<OAuthOptions, Error> {
        if client_secrets.is_empty() {
            let diagnostic = Diagnostic::error("the OAuth client has no secret");
            let hint = "add --oauth-client-secret-env NAME or --oauth-client-secret-file FILE";
            return Err(diagnostic.with_hint(hint).into());
        }
        if client_id.is_empty() || client_id.contains(|c: char| !c.is_ascii_graphic() || c == ':') {
            let diagnostic = Diagnostic::error("the id of the OAuth client can't be sent");
            return Err(diagnostic.with_hint("it is ASCII text without blanks and colons").into());
        }
        let scope = self.oauth_scope.clone().unwrap_or_default();
        if scope.contains(|c: char| !matches!(c, ' ' | '!' | '#'..='[' | ']'..='~')) {
            let diagnostic = Diagnostic::error("a scope of the OAuth client can't be sent");
            return Err(diagnostic.with_hint("scopes are ASCII words without quotation marks and backslashes").into());
        }
        Ok(OAuthOptions { client_id, client_secrets, lifetime: self.oauth_token_lifetime, scope })
    }
}

impl Access {
    /// Has the endpoint let in whoever the files name, whenever they change. Without files there is nothing to do.
    pub(crate) fn follow(self, endpoint: Endpoint) {
        if self.sources.has_files() {
            tokio::spawn(self.sources.follow(endpoint));
        }
    }
}

/// Where credentials come from.
struct Sources {
    /// Those that stay: of variables.
    fixed: Credentials,
    token_files: Vec<PathBuf>,
    read_only_files: Vec<PathBuf>,
    client_secret_files: Vec<PathBuf>,
}

impl Sources {
    const fn has_files(&self) -> bool {
        !(self.token_files.is_empty() && self.read_only_files.is_empty() && self.client_secret_files.is_empty())
    }

    fn with(mut self, token: Secret) -> Self {
        self.fixed.tokens.push(token);
        self
    }

    fn read(&self) -> Result<(Credentials, Vec<Diagnostic>), ConfigError> {
        let mut credentials = self.fixed.clone();
        let mut warnings = Vec::new();
        for (files, secrets) in [
            (&self.token_files, &mut credentials.tokens),
            (&self.read_only_files, &mut credentials.read_only),
            (&self.client_secret_files, &mut credentials.client_secrets),
        ] {
            for file in files {
                let found = config::tokens(file)?;
                secrets.extend(found.secrets);
                warnings.extend(found.warnings);
            }
        }
        Ok((credentials, warnings))
    }

    /// Reads the files again and again. While one of them can't be read, those before are let in.
    async fn follow(self, endpoint: Endpoint) {
        let mut last = self.read().map(|(credentials, _)| exposed(&credentials)).ok();
        let mut is_well = true;
        let sources = Arc::new(self);
        loop {
            tokio::time::sleep(INTERVAL).await;
            let reading = Arc::clone(&sources);
            let Ok(read) = tokio::task::spawn_blocking(move || reading.read()).await else { return };
            match read {
                Ok((credentials, _)) => {
                    is_well = true;
                    let now = exposed(&credentials);
                    if last.as_ref() != Some(&now) {
                        endpoint.set_credentials(&credentials);
                        last = Some(now);
                        tracing::info!("tokens were read again");
                    }
                }
                Err(error) if is_well => {
                    is_well = false;
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "tokens can't be read; the old ones go on"
                    );
                }
                Err(_) => {}
            }
        }
    }
}

/// What tells credentials apart.
fn exposed(credentials: &Credentials) -> [Vec<Digest>; 3] {
    let digests =
        |secrets: &[Secret]| secrets.iter().map(|secret| Digest::of(secret.expose().as_bytes())).collect::<Vec<_>>();
    [digests(&credentials.tokens), digests(&credentials.read_only), digests(&credentials.client_secrets)]
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate > 0.0 && rate <= 1e6 => Ok(rate),
        _ => Err("write requests a second, above zero and up to a million: 25, 0.5".to_owned()),
    }
}

/// As many as come in a second, and at least one.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 0 and a million")]
fn burst(per_second: f64) -> u32 {
    (per_second.ceil() as u32).max(1)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use tower::ServiceExt as _;

    use super::*;
    use crate::base::Random;
    use crate::clock::Clock;
    use crate::target::{EndpointOptions, Storage};

    #[tokio::test(start_paused = true)]
    async fn files_are_followed_and_a_bad_one_locks_nobody_out() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tokens");
        let write = |text: &str| std::fs::write(&file, text).unwrap();
        write("one");
        let clock = Clock::starting_at("2026-03-01T10:00:00Z".parse().unwrap());
        let options = EndpointOptions::wedo(vec![Secret::new("one")], clock, Random::seeded(1));
        let endpoint = Endpoint::new(options, Storage::memory()).unwrap();
        let sources = Sources {
            fixed: Credentials::default(),
            token_files: vec![file.clone()],
            read_only_files: Vec::new(),
            client_secret_files: Vec::new(),
        };
        let following = tokio::spawn(sources.follow(endpoint.clone()));
        let check = async |token: &str, expected: u16| {
            tokio::time::sleep(INTERVAL * 3).await;
            let request = Request::get("/scim/v2/Users").header("authorization", format!("Bearer {token}"));
            let response = endpoint.router().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
            assert_eq!(response.status().as_u16(), expected, "{token}");
        };
        check("one", 200).await;
        write("two\nthree\n");
        check("one", 401).await;
        check("three", 200).await;
        write("");
        check("two", 200).await;
        std::fs::remove_file(&file).unwrap();
        check("two", 200).await;
        write("one\n");
        check("two", 401).await;
        check("one", 200).await;
        following.abort();
    }

    #[test]
    fn rates_are_above_zero() {
        assert_eq!((rate("25"), rate("0.5")), (Ok(25.0), Ok(0.5)));
        for wrong in ["0", "-1", "NaN", "inf", "1e7", "many"] {
            assert!(rate(wrong).is_err(), "{wrong}");
        }
        assert_eq!([0.5, 1.0, 2.5, 1e6].map(burst), [1, 1, 3, 1_000_000]);
    }
}
