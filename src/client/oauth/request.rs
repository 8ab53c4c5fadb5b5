//! The request for a token (RFC 6749 section 4.4.2), as it is sent and as it may be shown.

use axum::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use axum::http::{HeaderMap, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::form_urlencoded::{Serializer, byte_serialize};

use super::OAuth;
use crate::base::Secret;
use crate::client::ClientError;

/// What stands where a secret was.
const MASK: &str = "[secret]";

/// Everything that is sent, the same each time.
pub(super) struct TokenRequest {
    pub(super) headers: HeaderMap,
    pub(super) form: Secret,
    /// The form as it may be shown.
    pub(super) shown_form: String,
    /// The `Authorization` header as it may be shown, where there is one.
    pub(super) shown_authorization: Option<String>,
    /// What must not appear in anything shown: the client secret as it is, and in the forms that are sent.
    pub(super) secrets: Vec<Secret>,
}

impl TokenRequest {
    /// Headers of the target aren't sent: they may hold keys that are none of the token endpoint's business.
    pub(super) fn new(oauth: &OAuth, user_agent: Option<&str>) -> Result<Self, ClientError> {
        let secret = oauth.client_secret.expose();
        let basic = STANDARD.encode(format!("{}:{}", encoded(&oauth.client_id), encoded(secret)));
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        if let Some(agent) = user_agent {
            let unusable = |_| ClientError::Header { name: "User-Agent".to_owned(), part: "value" };
            headers.insert(USER_AGENT, HeaderValue::from_bytes(agent.as_bytes()).map_err(unusable)?);
        }
        let mut shown_authorization = None;
        if oauth.client_authentication.in_header() {
            let mut value = HeaderValue::try_from(format!("Basic {basic}"))
                .expect("Base64 has only characters that headers may hold");
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
            shown_authorization = Some(format!("Basic {MASK}"));
        }
        let (before, after) = form(oauth);
        let in_body = oauth.client_authentication.in_body();
        let with = |secret: &str| if in_body { format!("&client_secret={secret}") } else { String::new() };
        Ok(Self {
            headers,
            form: Secret::new(format!("{before}{}{after}", with(&encoded(secret)))),
            shown_form: format!("{before}{}{after}", with(MASK)),
            shown_authorization,
            secrets: [secret.to_owned(), encoded(secret), basic].map(Secret::new).to_vec(),
        })
    }
}

/// What stands before the client secret and what after it.
fn form(oauth: &OAuth) -> (String, String) {
    let mut before = Serializer::new(String::new());
    before.append_pair("grant_type", "client_credentials");
    if oauth.client_authentication.in_body() {
        before.append_pair("client_id", &oauth.client_id);
    }
    let after = oauth.scope.as_deref().map(|scope| format!("&scope={}", encoded(scope)));
    (before.finish(), after.unwrap_or_default())
}

/// As in a form, which RFC 6749 section 2.3.1 wants before HTTP Basic authentication too.
fn encoded(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}
