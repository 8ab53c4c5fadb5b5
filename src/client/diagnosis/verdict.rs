//! The verdicts: one for each cause that can be told apart, with what happened and what to do.

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
    /// 401 with an expired JWT, or with an answer that says so.
    TokenExpired "token-expired" "Token expired":
        "The target answered 401, and the token's time has run out: it is a JWT that says so, or the answer does.";
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
    /// 401 to a fresh access token.
    AccessTokenRefused "access-token-refused" "Access token refused":
        "The token endpoint gave an access token, and the target answered 401 to it: it doesn't accept tokens of this issuer, for this audience or with this scope.";
        "Compare issuer, `aud` and scope of the token with what the target's documentation asks for, and set `scope` under [target.oauth] accordingly. The token endpoint must be the one that belongs to this tenant URL.";
    /// 401 to a token that is outside of its own time.
    AccessTokenOutOfTime "access-token-out-of-time" "Access token out of its time":
        "The target answered 401, and the access token is a JWT whose time is over or hasn't begun, although it was asked for just now.";
        "Set the clocks of the token endpoint and of this machine: one of them is wrong.";
    /// 403 to a fresh access token.
    AccessTokenForbidden "access-token-forbidden" "Access token without permission":
        "The target answered 403: it accepts the access token, but what the token stands for may not manage users.";
        "Give the client (the application that the client id names) the permission or app role to manage users at the target, or ask for the `scope` that contains it under [target.oauth].";
    /// The name of the token endpoint doesn't resolve.
    TokenEndpointUnknownHost "token-endpoint-unknown-host" "Unknown host of the token endpoint":
        "The host name in the token endpoint doesn't resolve to an address.";
        "Look for a typing error in `token_endpoint` under [target.oauth]. If the name exists only inside your network, run this from there; the service itself needs a public name.";
    /// Nobody listens there.
    TokenEndpointRefused "token-endpoint-connection-refused" "Token endpoint: connection refused":
        "The host of the token endpoint exists, but nothing listens on that port.";
        "Check the port in `token_endpoint`, that the authorization server is running, and that no firewall rejects the connection.";
    /// Packets vanish.
    TokenEndpointConnectTimeout "token-endpoint-connect-timeout" "Token endpoint: no connection":
        "No connection to the token endpoint came about in time; usually a firewall drops the packets.";
        "Open the port for this machine, and for the addresses of the service tag AzureActiveDirectory when the real service is to connect.";
    /// Too slow.
    TokenEndpointTimeout "token-endpoint-timeout" "Token endpoint: time-out":
        "The token endpoint was connected, but its answer wasn't complete in time.";
        "Read the authorization server's own log at this moment. `timeout` under [target] sets how long is waited.";
    /// Closed halfway.
    TokenEndpointLost "token-endpoint-connection-lost" "Token endpoint: connection lost":
        "The token endpoint, or something in front of it, closed the connection before the answer was complete.";
        "Read the authorization server's own log at this moment; a crash, a load balancer's limit, or a port that doesn't speak HTTP does this.";
    /// The proxy failed.
    TokenEndpointProxy "token-endpoint-proxy" "Token endpoint: proxy failure":
        "The proxy can't be reached, wants credentials, or refused to connect to the token endpoint.";
        "Check `proxy` under [target] or the variables HTTPS_PROXY and NO_PROXY, and that the proxy lets the token endpoint's host through too.";
    /// Anything else before an answer.
    TokenEndpointUnreachable "token-endpoint-unreachable" "Token endpoint can't be reached":
        "No connection to the token endpoint could be made.";
        "Check this machine's network and `token_endpoint` under [target.oauth].";
    /// Out of date, or in the future.
    TokenEndpointCertificateDate "token-endpoint-certificate-date" "Token endpoint: certificate out of its time":
        "The certificate of the token endpoint's server is past its last day, or begins in the future.";
        "Renew the certificate on that server; check this machine's clock if it is valid today.";
    /// Untrusted.
    TokenEndpointCertificateIssuer "token-endpoint-certificate-unknown-issuer" "Token endpoint: certificate not trusted":
        "The certificate of the token endpoint's server is self-signed, comes from an authority that isn't trusted, or its intermediate certificates aren't sent.";
        "Use a certificate of a public authority there too and send the whole chain. For a trial, name the authority's PEM file in `ca_file` under [target]; it counts for both.";
    /// For somebody else.
    TokenEndpointCertificateName "token-endpoint-certificate-wrong-name" "Token endpoint: certificate for another host":
        "The certificate of the token endpoint's server doesn't name the host in `token_endpoint`.";
        "Use the host name that the certificate names, or have the certificate issued for this one.";
    /// Other TLS trouble.
    TokenEndpointTls "token-endpoint-tls" "Token endpoint: TLS handshake failed":
        "The token endpoint's server was reached, but no secure connection could be agreed on.";
        "Use the port that speaks https and switch TLS 1.2 or 1.3 on there; `openssl s_client` shows what the server offers.";
    /// 404, 405, 410.
    TokenEndpointNotFound "token-endpoint-not-found" "Wrong token endpoint":
        "Nothing gives tokens at this address: the answer was 404, 405 or 410.";
        "Compare `token_endpoint` under [target.oauth] with the documentation. An authorization server names it as `token_endpoint` in its metadata, `/.well-known/openid-configuration` or `/.well-known/oauth-authorization-server`.";
    /// A redirect.
    TokenEndpointRedirected "token-endpoint-redirected" "Token endpoint redirects":
        "The token endpoint redirects. The client secret isn't sent anywhere else, so this isn't followed.";
        "Write the address that it redirects to as `token_endpoint`, with https, if it is the authorization server's own; a redirect to a sign-in page means that the address is wrong.";
    /// A page instead of JSON.
    TokenEndpointWebPage "token-endpoint-web-page" "A web page came from the token endpoint":
        "A sign-in page, firewall or proxy answered in place of the token endpoint.";
        "Check `token_endpoint` (it ends in `/token` as a rule, not in `/authorize` or `/login`), and exempt it from login, from inspecting proxies and from rules against requests without a User-Agent.";
    /// No JSON, or too much of it.
    TokenEndpointNotJson "token-endpoint-not-json" "The token endpoint's answer isn't JSON":
        "The token endpoint answered with success, but not with the JSON object that RFC 6749 section 5.1 asks for.";
        "Check `token_endpoint`; have the authorization server answer requests with `Accept: application/json` in JSON.";
    /// 429.
    TokenEndpointThrottled "token-endpoint-throttled" "Token endpoint: too many requests":
        "The token endpoint throttles the client, and asks for a longer wait than there is patience for, or for none.";
        "Wait. A token is asked for once and kept until shortly before it runs out; tokens that last for an hour at least keep the requests few.";
    /// 5xx.
    TokenEndpointServerError "token-endpoint-server-error" "Error inside the token endpoint":
        "The token endpoint answered with a server error: nobody looked at the credentials.";
        "Read the authorization server's own log at this moment, and try again later.";
    /// 401 or 403 without an error of OAuth.
    TokenEndpointBlocked "token-endpoint-blocked" "Token endpoint: access denied":
        "The token endpoint answered 401 or 403 without an error of OAuth: something in front of it denies access, or it wants the credentials sent in another way.";
        "Try `client_authentication = \"header\"` (or \"body\") under [target.oauth], which is *How credentials are sent* in the portal; let the path through at the firewall.";
    /// Any other status.
    TokenEndpointOtherStatus "token-endpoint-other-status" "Token endpoint: unexpected answer":
        "The token endpoint answered with an error that isn't one of OAuth's.";
        "Read its explanation; check `token_endpoint` and `scope` under [target.oauth], and what stands between this machine and the endpoint.";
    /// `invalid_client`.
    InvalidClient "invalid-client" "Client id or secret refused":
        "The token endpoint answered `invalid_client`: it doesn't know the client id, the secret is wrong or has expired, or it wants them sent in another way.";
        "Check `client_id`, make a new client secret and store it. If both are right, try `client_authentication = \"header\"` (or \"body\") under [target.oauth], which is *How credentials are sent* in the portal.";
    /// AADSTS7000215.
    ClientSecretWrong "client-secret-wrong" "Wrong client secret":
        "Microsoft Entra ID answered AADSTS7000215: the client secret isn't one of this application's.";
        "Store the secret's *value*, which is shown once when it is made, not its *Secret ID*; make a new one under Certificates & secrets of the app registration if it is lost.";
    /// AADSTS7000222.
    ClientSecretExpired "client-secret-expired" "Client secret expired":
        "Microsoft Entra ID answered AADSTS7000222: the client secret's time has run out.";
        "Make a new secret under Certificates & secrets of the app registration and store its value; note when it runs out.";
    /// AADSTS700016, AADSTS7000112 and the like.
    ClientUnknown "client-unknown" "Unknown application":
        "Microsoft Entra ID doesn't find the client id among the applications of the tenant in the token endpoint, or the application is disabled there.";
        "Check `client_id` (the *Application (client) ID* of the app registration, not an object id) and the tenant in `token_endpoint`; the application needs an enabled service principal in that tenant.";
    /// AADSTS90002, AADSTS900023.
    TenantUnknown "tenant-unknown" "Unknown tenant":
        "Microsoft Entra ID doesn't know the tenant in the token endpoint.";
        "Write the tenant's id or a verified domain into `token_endpoint`: https://login.microsoftonline.com/<tenant>/oauth2/v2.0/token. National clouds have hosts of their own.";
    /// `unauthorized_client`.
    UnauthorizedClient "unauthorized-client" "Client may not use this grant":
        "The token endpoint answered `unauthorized_client`: it knows the client, but doesn't allow it the client credentials grant.";
        "Switch the client credentials grant on for this client (*service account*, *machine to machine*), or use a client that is made for it.";
    /// `invalid_scope`.
    InvalidScope "invalid-scope" "Scope refused":
        "The token endpoint answered `invalid_scope`: it doesn't know the scope, wants one where there is none, or doesn't grant it to this client.";
        "Set `scope` under [target.oauth] to what the target's documentation says, blanks between several; leave it out if none is needed.";
    /// AADSTS70011, AADSTS1002012.
    ScopeWithoutDefault "scope-without-default" "Scope without `/.default`":
        "Microsoft Entra ID refuses the scope: for the client credentials grant it has to be the application ID URI of one API with `/.default` behind it.";
        "Set `scope` under [target.oauth] to `api://<application id of the API>/.default`; single permissions can't be asked for in this grant.";
    /// `invalid_resource`, `invalid_target`, AADSTS500011.
    ResourceUnknown "resource-unknown" "Unknown API":
        "The token endpoint doesn't know the API that the scope names, or it isn't set up in this tenant.";
        "Check the part of `scope` before `/.default` (the *Application ID URI* of the API), and that the API has a service principal in the tenant of the token endpoint.";
    /// `unsupported_grant_type`.
    UnsupportedGrantType "unsupported-grant-type" "Grant not supported":
        "The token endpoint answered `unsupported_grant_type`: it doesn't offer the client credentials grant, the only one that can be used without people.";
        "Switch the grant `client_credentials` on at the authorization server, or check that `token_endpoint` is the right one.";
    /// `invalid_request` and AADSTS900144.
    InvalidTokenRequest "invalid-token-request" "Token request refused":
        "The token endpoint answered `invalid_request`: something is missing from the request, or is there twice.";
        "Read its explanation. Usually `scope` is missing, or the credentials are wanted in another place: `client_authentication` under [target.oauth] is \"body\", \"header\" or \"both\". An endpoint that wants more than that, such as `audience`, can't be used by the service either.";
    /// Another error of OAuth.
    TokenRefused "token-refused" "No access token given":
        "The token endpoint answered with an error: there is no access token.";
        "Read its explanation, and the log of the authorization server at this moment.";
    /// Success without a token.
    NoAccessToken "no-access-token" "No access token in the answer":
        "The token endpoint answered with success, but its JSON has no `access_token`.";
        "Check `token_endpoint`: an address for introspection or metadata answers like this. RFC 6749 section 5.1 wants `access_token`, `token_type` and `expires_in`.";
    /// Another kind of token, or one that can't be sent.
    NotBearerToken "not-a-bearer-token" "Not a bearer token":
        "The token endpoint gives tokens of a kind that can't be sent as `Authorization: Bearer`.";
        "Have the authorization server issue bearer tokens to this client (`\"token_type\":\"Bearer\"`, ASCII, on one line); the service can't use others.";
    /// `expires_in` isn't above zero.
    TokenRanOut "token-ran-out" "Access token has run out already":
        "The token endpoint says itself that the token that it gives lasts for no time at all.";
        "Look at the lifetime of tokens at the authorization server and at its clock; the service wants between one hour and six.";
}

impl Verdict {
    /// Whether the credentials are at fault.
    pub const fn is_credentials(self) -> bool {
        matches!(
            self,
            Self::Unauthorized
                | Self::DoubledBearer
                | Self::TokenExpired
                | Self::TokenMangled
                | Self::Forbidden
                | Self::AccessTokenRefused
                | Self::AccessTokenOutOfTime
                | Self::AccessTokenForbidden
                | Self::InvalidClient
                | Self::ClientSecretWrong
                | Self::ClientSecretExpired
                | Self::ClientUnknown
                | Self::UnauthorizedClient
        )
    }

    /// Whether the target answers a look-up of nobody with 404, which a dry run can live with.
    pub const fn is_not_found(self) -> bool {
        matches!(self, Self::EmptyIsNotFound | Self::WrongTenantUrl)
    }
}
