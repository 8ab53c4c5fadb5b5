//! What the *Test Connection* button does, and what to do when it fails.

use uuid::Uuid;

use super::{
    BodyKind, Client, ErrorAnswer, Failure, Operation, Refusal, TlsProblem, TokenWarning, TransportKind, Unexpected,
};
use crate::scim::{Exchange, ScimType};

/// How a connection test went.
#[derive(Debug, Clone)]
pub struct ConnectionReport {
    /// Everything that went over the wire.
    pub exchanges: Vec<Exchange>,
    /// What it means.
    pub verdict: Verdict,
    /// The failure behind a bad verdict.
    pub failure: Option<Failure>,
    /// What works now but is suspicious: token, flags of the tenant URL, redirects; sentences without a full stop.
    pub warnings: Vec<String>,
}

impl ConnectionReport {
    /// Whether provisioning could start.
    pub fn is_good(&self) -> bool {
        self.verdict == Verdict::Good
    }

    /// The error code that the provisioning log would carry.
    pub fn error_code(&self) -> Option<&'static str> {
        self.failure.as_ref().map(|failure| failure.error_code(Operation::Test))
    }
}

/// Tests a connection: looks `guid`, which nobody has, up by `attribute` among the users.
pub async fn test_connection(client: &Client, attribute: &str, guid: Uuid) -> ConnectionReport {
    let options = client.options();
    let token = options.token.warnings(client.clock().now());
    let outcome = client.test_query("/Users", attribute, guid).await;
    let verdict = judge(outcome.result.as_ref().copied(), &token);
    let mut warnings: Vec<String> = token.iter().map(TokenWarning::text).collect();
    warnings.extend(options.tenant_url.misspelt_flags().map(|(flag, known)| {
        format!("the flag `{flag}` of the tenant URL isn't known and does nothing; did you mean `{known}`?")
    }));
    if outcome.result.is_ok() && outcome.exchanges.len() > 1 && outcome.exchanges.iter().any(is_redirect) {
        warnings.push(
            "the target redirects; a GET follows, but POST, PATCH and DELETE won't: \
             use the address that it redirects to as the tenant URL"
                .to_owned(),
        );
    }
    ConnectionReport { exchanges: outcome.exchanges, verdict, failure: outcome.result.err(), warnings }
}

fn is_redirect(exchange: &Exchange) -> bool {
    matches!(exchange.status, Some(301 | 302 | 303 | 307 | 308))
}

macro_rules! verdicts {
    ($($(#[$doc:meta])* $name:ident $code:literal $title:literal: $explanation:literal; $remedy:literal;)*) => {
        /// What the outcome of a test query means, one variant for each cause that can be told apart.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Verdict {
            $($(#[$doc])* $name,)*
        }

        impl Verdict {
            /// Every verdict.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// A name for scripts, in kebab case.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// A few words, without a full stop.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }

            /// What happened and why it matters.
            pub const fn explanation(self) -> &'static str {
                match self { $(Self::$name => $explanation,)* }
            }

            /// What to do about it; empty for a good verdict.
            pub const fn remedy(self) -> &'static str {
                match self { $(Self::$name => $remedy,)* }
            }
        }
    };
}

verdicts! {
    /// 200, a `ListResponse`, nobody in it.
    Good "good" "The connection works":
        "The target answered the test query with an empty list, as it should.";
        "";
    /// The name doesn't resolve.
    UnknownHost "unknown-host" "Unknown host":
        "The host name in the tenant URL doesn't resolve to an address.";
        "Look for a typing error in the tenant URL. If the name exists only inside your network, run this from there; the service itself needs a public name.";
    /// Nobody listens.
    Refused "connection-refused" "Connection refused":
        "The host exists, but nothing listens on that port.";
        "Check the port in the tenant URL, that the endpoint is running, and that no firewall rejects the connection.";
    /// Packets vanish.
    ConnectTimeout "connect-timeout" "No connection":
        "No connection came about in time; usually a firewall drops the packets.";
        "Open the port for this machine, and for the addresses of the service tag AzureActiveDirectory when the real service is to connect.";
    /// Too slow.
    Timeout "timeout" "Time-out":
        "The connection was made, but the answer wasn't complete in time.";
        "Look at what the endpoint does with a filter query: a search through all users without an index is the usual cause. `timeout` under [target] sets how long is waited.";
    /// Closed halfway.
    ConnectionLost "connection-lost" "Connection lost":
        "The target, or something in front of it, closed the connection before the answer was complete.";
        "Read the endpoint's own log at this moment; a crash, a load balancer's limit, or a port that doesn't speak HTTP does this.";
    /// The proxy failed.
    Proxy "proxy" "Proxy failure":
        "The proxy can't be reached, wants credentials, or refused to connect to the target.";
        "Check `proxy` under [target] or the variables HTTPS_PROXY and NO_PROXY, and that the proxy lets the target's host through.";
    /// Anything else before an answer.
    Unreachable "unreachable" "Target can't be reached":
        "No connection to the target could be made.";
        "Check this machine's network and the tenant URL.";
    /// Out of date.
    CertificateExpired "certificate-expired" "Certificate expired":
        "The server's certificate is past its last day.";
        "Renew the certificate on the server; check this machine's clock if it isn't expired.";
    /// In the future.
    CertificateNotYetValid "certificate-not-yet-valid" "Certificate not valid yet":
        "The server's certificate begins in the future.";
        "Check the clocks of this machine and of whoever issued the certificate.";
    /// Untrusted.
    CertificateUnknownIssuer "certificate-unknown-issuer" "Certificate not trusted":
        "The certificate is self-signed, comes from an authority that isn't trusted, or the server doesn't send its intermediate certificates.";
        "Use a certificate of a public authority and send the whole chain: the real service accepts nothing else. For a trial, name the authority's PEM file in `ca_file` under [target].";
    /// For somebody else.
    CertificateWrongName "certificate-wrong-name" "Certificate for another host":
        "The server's certificate doesn't name the host of the tenant URL.";
        "Use the host name that the certificate names, or have the certificate issued for this one.";
    /// Too old.
    TlsVersion "tls-version" "TLS version too old":
        "Client and server have no TLS version or cipher in common; TLS 1.2 or newer is needed.";
        "Switch TLS 1.2 or 1.3 on at the server, with an RSA key of at least 2048 bits or an elliptic curve of at least 256.";
    /// Plain text on a TLS port.
    NotTls "not-tls" "The port doesn't speak TLS":
        "The tenant URL begins with https, but the server on that port answers in something else.";
        "Use the port that speaks https, 443 as a rule; http is only for an endpoint on this machine.";
    /// Other TLS trouble.
    Tls "tls" "TLS handshake failed":
        "The server was reached, but no secure connection could be agreed on.";
        "Test the server's certificate and TLS settings with a public TLS checker, or with `openssl s_client`.";
    /// 401.
    Unauthorized "unauthorized" "Token refused":
        "The target answered 401: it doesn't know this secret token, or it was revoked.";
        "Generate a new token at the target and store it; look whether it belongs to this tenant URL.";
    /// 401 with a doubled prefix.
    DoubledBearer "doubled-bearer" "`Bearer` is sent twice":
        "The target answered 401, and the stored token begins with `Bearer `, which is sent in front of it anyway.";
        "Store the token without the word `Bearer`.";
    /// 401 with an expired JWT.
    TokenExpired "token-expired" "Token expired":
        "The target answered 401, and the token is a JWT whose time has run out.";
        "Generate a new token at the target, one that lasts: the service doesn't renew it.";
    /// 401 with blanks or quotation marks.
    TokenMangled "token-mangled" "Token copied wrongly":
        "The target answered 401, and the token holds blanks or stands in quotation marks, which are sent too.";
        "Copy the token again in one piece, without quotation marks.";
    /// 403.
    Forbidden "forbidden" "Not allowed":
        "The target answered 403: it knows the token, but its account may not manage users.";
        "Give the account that the token belongs to Admin permissions at the target (WEDO: the token must be made by an account with Admin permissions).";
    /// 403 as a web page.
    Blocked "blocked" "Blocked before the endpoint":
        "A web page with 403 came instead of a SCIM error; it is from a firewall or gateway, not from the endpoint.";
        "Let the path through at the firewall. Some refuse requests without a User-Agent, which the service doesn't send: exempt the SCIM path from that rule.";
    /// 404 that isn't SCIM.
    WrongTenantUrl "wrong-tenant-url" "Wrong tenant URL":
        "Nothing is at `/Users` below the tenant URL: the 404 doesn't come from a SCIM endpoint.";
        "Compare the tenant URL with the target's documentation; it ends before `/Users`, often in `/scim` or `/scim/v2`.";
    /// 404 from SCIM.
    EmptyIsNotFound "empty-is-not-found" "Answered with 404":
        "The endpoint answers 404 with a SCIM error: either there is nothing at `/Users` below this tenant URL, or it answers so when a filter matches nobody. The service takes both for a failure and won't start.";
        "Compare the tenant URL with the target's documentation (it ends before `/Users`). If it is right, have the endpoint answer 200 with a ListResponse and `totalResults` 0 when nobody matches.";
    /// 400, about the filter.
    FilterRefused "filter-refused" "Filter refused":
        "The endpoint refuses to filter on the matching attribute.";
        "Match on an attribute that can be filtered on (`userName` as a rule), or have the endpoint support `eq` on this one.";
    /// 400, about something else.
    BadRequest "bad-request" "Request refused":
        "The target answered 400 to the test query.";
        "Read its explanation. Endpoints that don't decode `+` as a blank in queries, or need a header, do this.";
    /// 405.
    MethodNotAllowed "method-not-allowed" "GET not allowed":
        "The target answered 405: the path exists, but can't be read.";
        "Check the tenant URL; it must not end in `/Users`, nor in a path for single sign-on.";
    /// 406, 415.
    MediaType "media-type" "Media type refused":
        "The target answered 406 or 415. The service sends GETs without a Content-Type and accepts anything.";
        "Have the endpoint accept requests without Content-Type, and `application/scim+json; charset=utf-8` on writes.";
    /// 429.
    TooManyRequests "too-many-requests" "Too many requests":
        "The target throttles already the test query.";
        "Wait, or lower `rate` under [target]; endpoints are expected to take 25 requests a second.";
    /// 5xx.
    ServerError "server-error" "Error inside the target":
        "The target answered with a server error.";
        "Read the endpoint's own log at this moment. A filter on an attribute that it doesn't expect often does this.";
    /// 501.
    NotImplemented "not-implemented" "Not implemented":
        "The target answered 501: it doesn't support filter queries on users.";
        "Have the endpoint support `filter=<matching attribute> eq \"value\"`; nothing works without it.";
    /// Any other status.
    OtherStatus "other-status" "Unexpected status":
        "The target answered with a status that a test query doesn't give.";
        "Check the tenant URL, and what stands between this machine and the endpoint.";
    /// A page with 200.
    WebPage "web-page" "A web page came instead of JSON":
        "A login page, firewall or proxy answered in place of the SCIM endpoint.";
        "Check the tenant URL (it is the SCIM address, not the web application's), and exempt it from login and from inspecting proxies.";
    /// Not JSON.
    NotJson "not-json" "The answer isn't JSON":
        "The target answered 200, but its body can't be read as JSON.";
        "Look at the body: the endpoint is cut short, or something else answers at this address.";
    /// Other JSON.
    NotListResponse "not-a-list-response" "Not a ListResponse":
        "The target answered 200 with JSON that isn't a SCIM ListResponse.";
        "Have the endpoint answer queries with `schemas` `urn:ietf:params:scim:api:messages:2.0:ListResponse`, `totalResults` and `Resources`; check that the tenant URL isn't that of another interface.";
    /// 200 with nothing.
    EmptyAnswer "empty-answer" "Empty answer":
        "The target answered with success but without a body.";
        "Have the endpoint answer a filter query with a ListResponse even when nobody is found.";
    /// Users came back.
    FilterIgnored "filter-ignored" "Filter ignored":
        "A query for a random value that nobody has gave users: the endpoint ignores the filter. Matching would link the wrong accounts.";
        "Have the endpoint apply `filter`, or refuse with 400 what it can't; check that it decodes `+` and `%22` in queries.";
    /// http to https.
    RedirectToHttps "redirect-to-https" "Redirected to https":
        "The target redirects to https. The token isn't sent to another origin, so this isn't followed.";
        "Write the tenant URL with https.";
    /// Elsewhere.
    Redirected "redirected" "Redirected elsewhere":
        "The target redirects to another host, port or scheme, to nowhere, or in circles; often to a login page. The token isn't sent there.";
        "Use the address that really serves SCIM as the tenant URL, and exempt it from login.";
}

impl Verdict {
    /// Whether the credentials are at fault.
    pub const fn is_credentials(self) -> bool {
        matches!(
            self,
            Self::Unauthorized | Self::DoubledBearer | Self::TokenExpired | Self::TokenMangled | Self::Forbidden
        )
    }

    /// Whether the target answers a look-up of nobody with 404, which a dry run can live with.
    pub const fn is_not_found(self) -> bool {
        matches!(self, Self::EmptyIsNotFound | Self::WrongTenantUrl)
    }
}

/// Says what the outcome of a test query means; what is suspicious about the token explains a 401.
pub fn judge(result: Result<(), &Failure>, token: &[TokenWarning]) -> Verdict {
    match result {
        Ok(()) => Verdict::Good,
        Err(Failure::Transport { kind, .. }) => match kind {
            TransportKind::Dns => Verdict::UnknownHost,
            TransportKind::Refused => Verdict::Refused,
            TransportKind::ConnectTimeout => Verdict::ConnectTimeout,
            TransportKind::Timeout => Verdict::Timeout,
            TransportKind::Reset => Verdict::ConnectionLost,
            TransportKind::Proxy => Verdict::Proxy,
            TransportKind::Other => Verdict::Unreachable,
            TransportKind::Tls(problem) => match problem {
                TlsProblem::Expired => Verdict::CertificateExpired,
                TlsProblem::NotYetValid => Verdict::CertificateNotYetValid,
                TlsProblem::UnknownIssuer => Verdict::CertificateUnknownIssuer,
                TlsProblem::WrongName => Verdict::CertificateWrongName,
                TlsProblem::Version => Verdict::TlsVersion,
                TlsProblem::NotTls => Verdict::NotTls,
                TlsProblem::Other => Verdict::Tls,
            },
        },
        Err(Failure::Status(answer)) => judge_status(answer, token),
        Err(Failure::Payload { .. }) => Verdict::NotJson,
        Err(Failure::Ended) => Verdict::Unreachable,
        Err(Failure::Unexpected { what, .. }) => match what {
            Unexpected::Html => Verdict::WebPage,
            Unexpected::Empty => Verdict::EmptyAnswer,
            Unexpected::FilterIgnored { .. } | Unexpected::CountWithoutResources { .. } => Verdict::FilterIgnored,
            Unexpected::Redirect { why: Refusal::ToHttps, .. } => Verdict::RedirectToHttps,
            Unexpected::Redirect { .. } => Verdict::Redirected,
            Unexpected::NotAList
            | Unexpected::NotAResource
            | Unexpected::ErrorBody
            | Unexpected::ListForResource { .. }
            | Unexpected::OtherResource { .. }
            | Unexpected::TooLarge
            | Unexpected::UnusableId { .. } => Verdict::NotListResponse,
        },
    }
}

fn judge_status(answer: &ErrorAnswer, token: &[TokenWarning]) -> Verdict {
    let suspicious = |wanted: fn(&TokenWarning) -> bool| token.iter().any(wanted);
    match answer.status {
        400 if about_filter(answer) => Verdict::FilterRefused,
        400 => Verdict::BadRequest,
        401 if suspicious(|warning| matches!(warning, TokenWarning::BearerPrefix)) => Verdict::DoubledBearer,
        401 if suspicious(|warning| matches!(warning, TokenWarning::Expired { .. })) => Verdict::TokenExpired,
        401 if suspicious(|warning| matches!(warning, TokenWarning::Blanks | TokenWarning::Quoted)) => {
            Verdict::TokenMangled
        }
        401 => Verdict::Unauthorized,
        403 if answer.kind == BodyKind::Html => Verdict::Blocked,
        403 => Verdict::Forbidden,
        404 | 410 if answer.kind == BodyKind::Scim => Verdict::EmptyIsNotFound,
        404 | 410 => Verdict::WrongTenantUrl,
        405 => Verdict::MethodNotAllowed,
        406 | 415 => Verdict::MediaType,
        407 => Verdict::Proxy,
        408 => Verdict::Timeout,
        429 => Verdict::TooManyRequests,
        501 => Verdict::NotImplemented,
        500..=599 => Verdict::ServerError,
        _ => Verdict::OtherStatus,
    }
}

fn about_filter(answer: &ErrorAnswer) -> bool {
    answer.body.scim_type == Some(ScimType::InvalidFilter) || answer.detail().to_ascii_lowercase().contains("filter")
}

#[cfg(test)]
mod tests;
