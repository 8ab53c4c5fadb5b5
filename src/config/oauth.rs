//! `[target.oauth]`: access tokens instead of a secret token.

use std::path::Path;

use super::document::{Located, Section};
use super::token::is_variable_name;
use super::{OAuthSettings, TokenSource};
use crate::base::Diagnostic;
use crate::scim::{ClientAuthentication, TokenEndpoint, TokenEndpointError};

/// What to say about a token endpoint that isn't one, without a place; never the URL's password.
pub fn token_endpoint_error(error: &TokenEndpointError) -> Diagnostic {
    const EXAMPLE: &str = "write it as https://host/oauth2/token";
    let (message, hint) = match error {
        TokenEndpointError::Invalid(text, cause) if text.contains('@') => {
            (format!("the token endpoint isn't a URL: {cause}"), EXAMPLE.to_owned())
        }
        TokenEndpointError::Invalid(text, _) if !text.contains("://") => {
            (error.to_string(), format!("write it with its scheme: https://{text}"))
        }
        TokenEndpointError::Invalid(..) => (error.to_string(), EXAMPLE.to_owned()),
        TokenEndpointError::Scheme(_) => (error.to_string(), "the token endpoint begins with https://".to_owned()),
        TokenEndpointError::Credentials => (
            error.to_string(),
            "take the user name and password out; the client id is `client_id`, the secret is named by \
             `client_secret_env`"
                .to_owned(),
        ),
        TokenEndpointError::Fragment => (error.to_string(), "leave out what follows the `#`".to_owned()),
        TokenEndpointError::PlainHttp(_) => {
            (error.to_string(), "use https; if it has to be, set `allow_http = true` in [target]".to_owned())
        }
    };
    Diagnostic::error(message).with_hint(hint)
}

/// Reads the section; nothing where it is wrong, which is reported.
pub(super) fn read(mut section: Section<'_, '_>, config_dir: &Path, allow_http: bool) -> Option<OAuthSettings> {
    let endpoint = section.text("token_endpoint");
    let token_endpoint = endpoint.as_ref().and_then(|endpoint| read_endpoint(&section, endpoint, allow_http));
    let client_id = section.text("client_id").map(|id| id.value.to_owned());
    let client_secret = read_secret(&mut section, config_dir);
    let scope = section.text("scope").map(|scope| scope.value.split_whitespace().collect::<Vec<_>>().join(" "));
    let words = ClientAuthentication::ALL.map(|way| (way.as_str(), way));
    let client_authentication = section.word("client_authentication", &words).map(|way| way.value).unwrap_or_default();
    let example = "for instance token_endpoint = \"https://login.example.com/oauth2/token\"";
    for (key, hint) in [("token_endpoint", example), ("client_id", "for instance client_id = \"scim-client\"")] {
        if section.is_absent(key) {
            section.report.error(section.span.clone(), format!("`{key}` is missing in [target.oauth]"), hint);
        }
    }
    section.finish();
    Some(OAuthSettings {
        token_endpoint: token_endpoint?,
        client_id: client_id?,
        client_secret: client_secret?,
        scope,
        client_authentication,
    })
}

fn read_endpoint(section: &Section<'_, '_>, found: &Located<&str>, allow_http: bool) -> Option<TokenEndpoint> {
    match TokenEndpoint::parse(found.value, allow_http) {
        Ok(endpoint) => {
            if endpoint.is_authorization_endpoint() {
                section.report.warning(
                    found.span.clone(),
                    "this is the address where people sign in; nobody gets tokens there",
                    "the token endpoint ends in `/token` as a rule",
                );
            }
            Some(endpoint)
        }
        Err(error) => {
            let problem = token_endpoint_error(&error);
            let hint = problem.hint.unwrap_or_default();
            // A user name and a query may hold secrets.
            if found.value.contains(['@', '?']) {
                section.report.secret_error(found.span.clone(), problem.message, hint);
            } else {
                section.report.error(found.span.clone(), problem.message, hint);
            }
            None
        }
    }
}

fn read_secret(section: &mut Section<'_, '_>, config_dir: &Path) -> Option<TokenSource> {
    const EXAMPLE: &str = "client_secret_env = \"WEDO_CLIENT_SECRET\"";
    if let Some(span) = section.refused("client_secret") {
        section.report.error(
            span,
            "a client secret must not be written into the config file",
            format!(
                "put it into an environment variable and name that: {EXAMPLE}; \
                 a secret that was in a shared file should be replaced"
            ),
        );
        return None;
    }
    let variable = section.text("client_secret_env");
    let file = section.text("client_secret_file");
    match (variable, file) {
        (Some(_), Some(file)) => {
            section.report.error(
                file.span,
                "both `client_secret_env` and `client_secret_file` are set",
                "keep one of them",
            );
            None
        }
        (Some(variable), None) if !is_variable_name(variable.value) => {
            section.report.secret_error(
                variable.span,
                "`client_secret_env` isn't the name of an environment variable",
                format!("it names the variable that holds the client secret, not the secret: {EXAMPLE}"),
            );
            None
        }
        (Some(variable), None) => Some(TokenSource::Env(variable.value.to_owned())),
        (None, Some(file)) => Some(TokenSource::File(config_dir.join(file.value))),
        (None, None) => {
            if section.is_absent("client_secret_env") && section.is_absent("client_secret_file") {
                section.report.error(
                    section.span.clone(),
                    "there is no client secret in [target.oauth]",
                    format!("name the variable that holds it, {EXAMPLE}, or a file in `client_secret_file`"),
                );
            }
            None
        }
    }
}
