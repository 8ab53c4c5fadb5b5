//! How bytes get to the target and back: over HTTP/1.1, or straight into a service in this process.

use std::convert::Infallible;
use std::io;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HOST, HeaderName, LOCATION, RETRY_AFTER};
use axum::http::{self, HeaderMap, HeaderValue, StatusCode};
use futures_util::StreamExt as _;
use reqwest::tls;
use rustls::CertificateError;
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt as _};
use url::Url;

use super::answer::RawAnswer;
use super::watch::Watch;
use super::{ClientError, ClientOptions, Failure, TlsProblem, TransportKind, Unexpected};
use crate::base::{causes, innermost};
use crate::scim::{Method, is_loopback};

/// No answer is read beyond this.
const BODY_LIMIT: usize = 16 * 1024 * 1024;
/// A host that drops packets is given up earlier than a slow answer.
const CONNECT_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(15);
/// Idle connections are dropped before Node's servers drop theirs (5 seconds), which avoids a race.
const IDLE_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(4);

/// Where requests go.
#[derive(Debug)]
pub(super) enum Transport {
    /// Through the network; `proxied` when an explicit proxy stands between.
    Http { client: reqwest::Client, proxied: bool },
    /// Into a service of this process.
    Service(BoxCloneSyncService<http::Request<Body>, http::Response<Body>, Infallible>),
}

impl Transport {
    /// Sets up connections for one address, the target's or that of its tokens: HTTP/1.1, TLS from 1.2, no redirects
    /// of its own.
    pub(super) fn http(options: &ClientOptions, url: &Url) -> Result<Self, ClientError> {
        // reqwest is built without a TLS provider and panics where none is installed. Somebody else's is as good.
        drop(rustls::crypto::ring::default_provider().install_default());
        #[expect(clippy::disallowed_methods, reason = "this is the place that installs the provider")]
        let mut builder = reqwest::Client::builder()
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .tls_version_min(tls::Version::TLS_1_2)
            .connect_timeout(CONNECT_TIMEOUT.min(options.timeout))
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(options.concurrency.max(1))
            .tcp_nodelay(true);
        if let Some(proxy) = &options.proxy {
            builder = builder.proxy(reqwest::Proxy::all(proxy).map_err(|_| ClientError::Proxy)?);
        } else if is_loopback(url) {
            builder = builder.no_proxy();
        }
        if let Some(path) = &options.ca_file {
            let pem = std::fs::read(path).map_err(|source| ClientError::CaFile { path: path.clone(), source })?;
            let certificates = reqwest::Certificate::from_pem_bundle(&pem).unwrap_or_default();
            if certificates.is_empty() {
                return Err(ClientError::CaPem { path: path.clone() });
            }
            builder = builder.tls_certs_merge(certificates);
        } else if url.scheme() == "http" && options.proxy.is_none() {
            // A machine without CA certificates can still talk to an endpoint beside it.
            builder = builder.tls_certs_only([]);
        }
        let client = builder.build().map_err(|error| ClientError::Tls(innermost(&error)))?;
        Ok(Self::Http { client, proxied: options.proxy.is_some() })
    }

    /// Wraps a service of this process.
    pub(super) fn service<S>(service: S) -> Self
    where
        S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
    {
        Self::Service(BoxCloneSyncService::new(service))
    }

    /// Sends one request and reads the whole answer.
    pub(super) async fn send(
        &self,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        body: Option<Vec<u8>>,
        watch: &mut Watch<'_>,
    ) -> Result<RawAnswer, Failure> {
        match self {
            Self::Http { client, proxied } => {
                let mut request = reqwest::Request::new(http_method(method), url.clone());
                *request.headers_mut() = headers;
                *request.body_mut() = body.map(Into::into);
                match client.execute(request).await {
                    Ok(response) => read_response(response, watch).await,
                    Err(error) => Err(transport_failure(&error, *proxied)),
                }
            }
            Self::Service(service) => {
                let mut request = http::Request::new(body.map_or_else(Body::empty, Body::from));
                *request.method_mut() = http_method(method);
                *request.uri_mut() =
                    url[url::Position::BeforePath..url::Position::AfterQuery].parse().map_err(|error| {
                        Failure::Transport {
                            kind: TransportKind::Other,
                            message: format!("not a request target: {error}"),
                        }
                    })?;
                *request.headers_mut() = headers;
                let host = HeaderValue::from_str(url.authority()).unwrap_or(HeaderValue::from_static("localhost"));
                request.headers_mut().insert(HOST, host);
                let response = match service.clone().oneshot(request).await {
                    Ok(response) => response,
                    Err(never) => match never {},
                };
                let (parts, body) = response.into_parts();
                watch.head(parts.status.as_u16(), parts.version, &parts.headers);
                let mut answer = head(parts.status, &parts.headers);
                let mut chunks = body.into_data_stream();
                while let Some(chunk) = chunks.next().await {
                    let chunk = chunk.map_err(|error| {
                        let message = format!("status {}, then {error}", answer.status);
                        Failure::Transport { kind: TransportKind::Reset, message }
                    })?;
                    watch.chunk(&chunk);
                    if answer.body.len() + chunk.len() > BODY_LIMIT {
                        return Err(too_large(answer.status));
                    }
                    answer.body.extend_from_slice(&chunk);
                }
                Ok(answer)
            }
        }
    }
}

fn http_method(method: Method) -> http::Method {
    match method {
        Method::Get => http::Method::GET,
        Method::Post => http::Method::POST,
        Method::Put => http::Method::PUT,
        Method::Patch => http::Method::PATCH,
        Method::Delete => http::Method::DELETE,
    }
}

fn head(status: StatusCode, headers: &HeaderMap) -> RawAnswer {
    let text = |name: HeaderName| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    RawAnswer {
        status: status.as_u16(),
        content_type: text(CONTENT_TYPE),
        location: text(LOCATION),
        retry_after: text(RETRY_AFTER),
        body: Vec::new(),
    }
}

async fn read_response(mut response: reqwest::Response, watch: &mut Watch<'_>) -> Result<RawAnswer, Failure> {
    watch.head(response.status().as_u16(), response.version(), response.headers());
    let mut answer = head(response.status(), response.headers());
    loop {
        let chunk = response.chunk().await;
        if let Ok(Some(chunk)) = &chunk {
            watch.chunk(chunk);
        }
        match chunk {
            Ok(Some(chunk)) if answer.body.len() + chunk.len() > BODY_LIMIT => return Err(too_large(answer.status)),
            Ok(Some(chunk)) => answer.body.extend_from_slice(&chunk),
            Ok(None) => return Ok(answer),
            Err(error) => {
                let kind = if error.is_timeout() { TransportKind::Timeout } else { TransportKind::Reset };
                let message = format!("status {}, then {}", answer.status, innermost(&error));
                return Err(Failure::Transport { kind, message });
            }
        }
    }
}

fn too_large(status: u16) -> Failure {
    Failure::Unexpected { status, what: Unexpected::TooLarge, excerpt: String::new() }
}

fn transport_failure(error: &reqwest::Error, proxied: bool) -> Failure {
    let kind = match transport_kind(error) {
        // The only host that is spoken to before the tunnel stands is the proxy.
        TransportKind::Dns | TransportKind::Refused | TransportKind::ConnectTimeout if proxied => TransportKind::Proxy,
        kind => kind,
    };
    Failure::Transport { kind, message: innermost(error) }
}

fn transport_kind(error: &reqwest::Error) -> TransportKind {
    if causes(error).any(|cause| cause.to_string().starts_with("tunnel error")) {
        return TransportKind::Proxy;
    }
    if error.is_timeout() {
        return if error.is_connect() { TransportKind::ConnectTimeout } else { TransportKind::Timeout };
    }
    if let Some(cause) = causes(error).find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
        return TransportKind::Tls(tls_problem(cause));
    }
    if error.is_dns() {
        return TransportKind::Dns;
    }
    for cause in causes(error) {
        match cause.downcast_ref::<io::Error>().map(io::Error::kind) {
            Some(io::ErrorKind::ConnectionRefused) => return TransportKind::Refused,
            Some(io::ErrorKind::TimedOut) => return TransportKind::ConnectTimeout,
            Some(
                io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::UnexpectedEof,
            ) => return TransportKind::Reset,
            _ => {}
        }
    }
    // Hyper's words for a connection that ended before or inside an answer, or whose answer isn't HTTP.
    if error.is_connect() { TransportKind::Other } else { TransportKind::Reset }
}

fn tls_problem(error: &rustls::Error) -> TlsProblem {
    match error {
        rustls::Error::InvalidCertificate(certificate) => match certificate {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => TlsProblem::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => TlsProblem::NotYetValid,
            CertificateError::UnknownIssuer => TlsProblem::UnknownIssuer,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                TlsProblem::WrongName
            }
            // What most self-signed certificates give: they are made as authorities and used as servers.
            CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
                TlsProblem::UnknownIssuer
            }
            _ => TlsProblem::Other,
        },
        rustls::Error::PeerIncompatible(_)
        | rustls::Error::AlertReceived(
            rustls::AlertDescription::ProtocolVersion
            | rustls::AlertDescription::HandshakeFailure
            | rustls::AlertDescription::InsufficientSecurity,
        ) => TlsProblem::Version,
        rustls::Error::InvalidMessage(_) => TlsProblem::NotTls,
        _ => TlsProblem::Other,
    }
}

#[cfg(test)]
mod tests;
