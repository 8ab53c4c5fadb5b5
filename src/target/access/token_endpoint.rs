//! `POST /oauth/token`: a client fetches a token with its own credentials (RFC 6749 section 4.4).

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, PRAGMA, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::door::Door;
use super::issuer::Issuer;
use crate::base::Digest;
use crate::target::Endpoint;
use crate::target::body::read_bytes;

/// Where tokens are fetched. It is outside of the SCIM endpoint, for which one needs a token already.
pub const TOKEN_PATH: &str = "/oauth/token";

/// No request is longer.
const LONGEST: usize = 16 * 1024;
const FORM: &str = "application/x-www-form-urlencoded";

/// Why no token is given (RFC 6749 section 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TokenError {
    InvalidRequest(&'static str),
    InvalidClient(&'static str),
    UnsupportedGrantType,
    InvalidScope,
}

impl TokenError {
    const fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest(_) => "invalid_request",
            Self::InvalidClient(_) => "invalid_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
        }
    }

    const fn description(self) -> &'static str {
        match self {
            Self::InvalidRequest(what) | Self::InvalidClient(what) => what,
            Self::UnsupportedGrantType => "only grant_type=client_credentials is supported",
            Self::InvalidScope => {
                "the client isn't granted this scope; without `scope` it is given all that it may have"
            }
        }
    }

    fn into_response(self) -> Response<Body> {
        let status = match self {
            Self::InvalidClient(_) => StatusCode::UNAUTHORIZED,
            _ => StatusCode::BAD_REQUEST,
        };
        let body = json!({"error": self.code(), "error_description": self.description()});
        let mut response = answer(status, &body);
        if status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static(r#"Basic realm="token endpoint""#);
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// `POST /oauth/token`
pub(in crate::target) async fn token(State(endpoint): State<Endpoint>, request: Request) -> Response<Body> {
    match grant(&endpoint, request).await {
        Ok(body) => answer(StatusCode::OK, &body),
        Err(error) => error.into_response(),
    }
}

/// No answer of this endpoint may be kept by anybody in between (RFC 6749 section 5.1).
fn answer(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

async fn grant(endpoint: &Endpoint, request: Request) -> Result<Value, TokenError> {
    let door = endpoint.door();
    let issuer = door.issuer().ok_or(TokenError::InvalidClient("no client is known here"))?;
    let (parts, body) = request.into_parts();
    if !is_form(&parts.headers) {
        return Err(TokenError::InvalidRequest("the body has to be application/x-www-form-urlencoded"));
    }
    let read = read_bytes(&parts.headers, body, LONGEST).await;
    let body = read.map_err(|_| TokenError::InvalidRequest("the body is too long, or ends too early"))?;
    let form = Form::parse(&parts, &body)?;
    let client_secret = authenticate(&parts.headers, &form, issuer, door)?;
    match form.get("grant_type") {
        None => return Err(TokenError::InvalidRequest("`grant_type` is missing")),
        Some("client_credentials") => {}
        Some(_) => return Err(TokenError::UnsupportedGrantType),
    }
    let scope = issuer.scope(form.get("scope")).ok_or(TokenError::InvalidScope)?;
    let token = issuer.issue(endpoint.clock().now(), client_secret);
    door.secrets().add(&token);
    let mut body = json!({
        "access_token": token.expose(),
        "token_type": "Bearer",
        "expires_in": issuer.lifetime().as_secs(),
    });
    if !scope.is_empty() {
        body["scope"] = scope.into();
    }
    Ok(body)
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(FORM)
}

/// The parameters of a request; one without a value counts as left out (RFC 6749 section 3.2).
struct Form(Vec<(String, String)>);

impl Form {
    fn parse(parts: &Parts, body: &[u8]) -> Result<Self, TokenError> {
        const KNOWN: [&str; 4] = ["client_id", "client_secret", "grant_type", "scope"];
        let query = parts.uri.query().unwrap_or_default();
        if form_urlencoded::parse(query.as_bytes()).any(|(name, _)| KNOWN.contains(&&*name)) {
            return Err(TokenError::InvalidRequest(
                "parameters stand in the URL, where they are seen and logged; they belong into the body",
            ));
        }
        let mut form: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(body).filter(|(_, value)| !value.is_empty()) {
            if form.iter().any(|(known, _)| *known == name) {
                return Err(TokenError::InvalidRequest("a parameter stands there twice"));
            }
            form.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(form))
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The digest of the client's secret, which came with its id in the header or in the body (RFC 6749 section 2.3.1).
fn authenticate(headers: &HeaderMap, form: &Form, issuer: &Issuer, door: &Door) -> Result<Digest, TokenError> {
    const WRONG: TokenError = TokenError::InvalidClient("the client isn't known, or its secret is wrong");
    let known = door.known();
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (is_id, secret) = match (values.next(), values.next()) {
        (Some(_), Some(_)) => return Err(TokenError::InvalidRequest("the header `Authorization` stands there twice")),
        (Some(value), None) => {
            if form.get("client_secret").is_some() {
                return Err(TokenError::InvalidRequest("the client's secret is in the header and in the body"));
            }
            let text = value.to_str().ok().and_then(basic).ok_or(TokenError::InvalidClient(
                "the header `Authorization` isn't `Basic` with the client's id and secret in Base64",
            ))?;
            let (id, secret) = text.split_once(':').ok_or(WRONG)?;
            if form.get("client_id").is_some_and(|other| other != issuer.client_id()) {
                return Err(WRONG);
            }
            // Both are form-encoded before Base64, which many clients don't do.
            let is_id = [id, &*decoded(id)].contains(&issuer.client_id());
            (is_id, known.client_secret(secret).or(known.client_secret(&decoded(secret))))
        }
        (None, _) => match (form.get("client_id"), form.get("client_secret")) {
            (Some(id), Some(secret)) => (id == issuer.client_id(), known.client_secret(secret)),
            _ => {
                return Err(TokenError::InvalidClient(
                    "the client's id and secret are missing: in the header `Authorization: Basic …`, \
                     or as `client_id` and `client_secret` in the body",
                ));
            }
        },
    };
    secret.filter(|_| is_id).ok_or(WRONG)
}

/// What is in Base64 after `Basic`.
fn basic(value: &str) -> Option<String> {
    let (_, text) = value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Basic"))?;
    String::from_utf8(STANDARD.decode(text.trim()).ok()?).ok()
}

fn decoded(text: &str) -> String {
    let text = text.replace('+', " ");
    percent_encoding::percent_decode_str(&text).decode_utf8_lossy().into_owned()
}
