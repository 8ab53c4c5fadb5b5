//! The flags that name a target where there is no config file.

use std::path::PathBuf;

use super::context::Context;
use super::credentials::credentials;
use super::error::Error;
use crate::base::Diagnostic;
use crate::client::ClientOptions;
use crate::config::{OAuthSettings, TargetSettings, Tenant, TokenSource, tenant_error, token_endpoint_error};
use crate::scim::{ClientAuthentication, TenantUrl, TokenEndpoint};

/// Flags of the commands that need no config file.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct TargetFlags {
    /// Tenant URL, instead of the config file's
    #[arg(long, value_name = "URL")]
    pub(crate) tenant_url: Option<String>,
    /// Environment variable that holds the secret token
    #[arg(long, value_name = "NAME", conflicts_with = "secret_token_file")]
    pub(crate) secret_token_env: Option<String>,
    /// File that holds the secret token
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_token_file: Option<PathBuf>,
    /// Token endpoint: asks for access tokens by OAuth client credentials, instead of a secret token
    #[arg(
        long,
        value_name = "URL",
        requires_all = ["tenant_url", "oauth_client_id"],
        conflicts_with_all = ["secret_token_env", "secret_token_file"]
    )]
    pub(crate) oauth_token_endpoint: Option<String>,
    /// Client id at the token endpoint
    #[arg(long, value_name = "ID", requires = "oauth_token_endpoint")]
    pub(crate) oauth_client_id: Option<String>,
    /// Environment variable that holds the client secret
    #[arg(long, value_name = "NAME", requires = "oauth_token_endpoint", conflicts_with = "oauth_client_secret_file")]
    pub(crate) oauth_client_secret_env: Option<String>,
    /// File that holds the client secret
    #[arg(long, value_name = "FILE", requires = "oauth_token_endpoint")]
    pub(crate) oauth_client_secret_file: Option<PathBuf>,
    /// Scopes to ask for, blanks between several
    #[arg(long, value_name = "SCOPE", requires = "oauth_token_endpoint")]
    pub(crate) oauth_scope: Option<String>,
    /// Where client id and secret go in the token request
    #[arg(long, value_enum, value_name = "PLACE", requires = "oauth_token_endpoint")]
    pub(crate) oauth_client_authentication: Option<Place>,
}

/// Where client id and secret go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Place {
    /// In the form (`client_secret_post`), the default
    Body,
    /// In the Authorization header (`client_secret_basic`)
    Header,
    /// In both
    Both,
}

impl TargetFlags {
    /// What a client of the target that the flags name is told; `None` where they name none.
    pub(crate) fn client_options(&self, context: &Context) -> Result<Option<ClientOptions>, Error> {
        let Some(url) = &self.tenant_url else { return Ok(None) };
        let oauth = self.oauth()?;
        let token = match source(self.secret_token_env.as_ref(), self.secret_token_file.as_ref()) {
            TokenSource::None if oauth.is_none() => {
                let text = "no secret token is given for the tenant URL";
                let hint = "add --secret-token-env NAME or --secret-token-file FILE; or --oauth-token-endpoint URL, \
                            --oauth-client-id ID and --oauth-client-secret-env NAME";
                return Err(Diagnostic::error(text).with_hint(hint).into());
            }
            source => source,
        };
        let tenant = TenantUrl::parse(url, false).map_err(|error| tenant_error(&error))?;
        let target = TargetSettings { oauth, ..TargetSettings::new(Tenant::Remote(tenant.clone()), token) };
        Ok(Some(ClientOptions::new(tenant, credentials(&target, context)?)))
    }

    fn oauth(&self) -> Result<Option<OAuthSettings>, Error> {
        let (Some(endpoint), Some(client_id)) = (&self.oauth_token_endpoint, &self.oauth_client_id) else {
            return Ok(None);
        };
        let secret = source(self.oauth_client_secret_env.as_ref(), self.oauth_client_secret_file.as_ref());
        if secret == TokenSource::None {
            let text = "no client secret is given for the token endpoint";
            let hint = "add --oauth-client-secret-env NAME or --oauth-client-secret-file FILE";
            return Err(Diagnostic::error(text).with_hint(hint).into());
        }
        Ok(Some(OAuthSettings {
            token_endpoint: TokenEndpoint::parse(endpoint, false).map_err(|error| token_endpoint_error(&error))?,
            client_id: client_id.clone(),
            client_secret: secret,
            scope: self.oauth_scope.clone(),
            client_authentication: match self.oauth_client_authentication {
                None => ClientAuthentication::default(),
                Some(Place::Body) => ClientAuthentication::Body,
                Some(Place::Header) => ClientAuthentication::Header,
                Some(Place::Both) => ClientAuthentication::Both,
            },
        }))
    }
}

fn source(variable: Option<&String>, file: Option<&PathBuf>) -> TokenSource {
    match (variable, file) {
        (Some(name), _) => TokenSource::Env(name.clone()),
        (None, Some(path)) => TokenSource::File(path.clone()),
        (None, None) => TokenSource::None,
    }
}
