//! As whom the target is called: the secret token, or OAuth with its client secret, read from where they are.

use super::context::Context;
use super::error::Error;
use super::exit::Exit;
use crate::base::Diagnostic;
use crate::client::{Credentials, OAuth, Token};
use crate::config::{OAuthSettings, TargetSettings};

/// Reads the secret that the settings point to; warnings about it are printed.
pub(crate) fn credentials(target: &TargetSettings, context: &Context) -> Result<Credentials, Error> {
    if let Some(settings) = &target.oauth {
        return Ok(oauth(settings, context)?.into());
    }
    let secret = context.token(&target.token)?.ok_or_else(no_token)?;
    Ok(Token::from_text(secret.expose())?.into())
}

fn oauth(settings: &OAuthSettings, context: &Context) -> Result<OAuth, Error> {
    let secret = context.client_secret(&settings.client_secret)?.ok_or_else(|| {
        let hint = "name an environment variable in [target.oauth] client_secret_env, or a file in client_secret_file";
        Diagnostic::error("no client secret is configured for the token endpoint").with_hint(hint)
    })?;
    let mut oauth = OAuth::new(settings.token_endpoint.clone(), &settings.client_id, secret.expose());
    oauth.scope.clone_from(&settings.scope);
    oauth.client_authentication = settings.client_authentication;
    Ok(oauth)
}

fn no_token() -> Error {
    let hint = "name an environment variable in [target] secret_token_env, or a file in secret_token_file; or use \
                [target.oauth]";
    Error::new(Exit::Usage, Diagnostic::error("no secret token is configured for the target").with_hint(hint))
}
