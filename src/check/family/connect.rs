//! `connect.*`: does the service get in, and nobody else?

use crate::check::definition::{Category, Check, Turn};
use crate::check::finding::shortened;
use crate::check::probe::{Answer, Probe, Stop};
use crate::client::{RawCredentials, RawRequest, find_request, judge};
use crate::schema::ObjectKind;
use crate::scim::is_loopback;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "connect.test-connection",
        category: Category::Mandatory,
        holds: "a look-up of somebody who doesn't exist is answered with 200 and an empty list",
        reference: "Microsoft, Develop a SCIM endpoint: \"Test connection\" asks for a random GUID by the matching attribute",
        effect: "Test Connection in the portal fails, and every cycle ends in quarantine before anybody is provisioned",
        remedy: "answer GET /Users?filter=userName eq \"…\" with 200 and {\"schemas\": \
                 [\"urn:ietf:params:scim:api:messages:2.0:ListResponse\"], \"totalResults\": 0, \"Resources\": []} when \
                 nobody matches",
        needs: &[],
        turn: Turn::Connect,
        run: |probe| Box::pin(test_connection(probe)),
    },
    Check {
        id: "connect.tls",
        category: Category::Mandatory,
        holds: "the endpoint is reached by https, with TLS 1.2 or later and a certificate that is trusted for its host",
        reference: "Microsoft, Develop a SCIM endpoint: TLS 1.2 and a certificate of a public authority are required",
        effect: "the service doesn't connect: it speaks neither plain http nor TLS below 1.2, and trusts no private authority",
        remedy: "serve the endpoint by https with TLS 1.2 or 1.3 and a certificate of a public authority, its chain complete, \
                 RSA keys of 2048 bits or more",
        needs: &[],
        turn: Turn::Connect,
        run: |probe| Box::pin(tls(probe)),
    },
    Check {
        id: "connect.auth-required",
        category: Category::Mandatory,
        holds: "a request without a token, or with a wrong one, is answered with 401 and WWW-Authenticate",
        reference: "RFC 7644 section 2, RFC 7235 section 3.1",
        effect: "anybody could read and change accounts; and when the secret token expires, the service can't tell it from \
                 a failure of the endpoint",
        remedy: "answer every request without a valid bearer token with 401 and the header WWW-Authenticate: Bearer, before \
                 anything else is looked at",
        needs: &[],
        turn: Turn::Connect,
        run: |probe| Box::pin(auth_required(probe)),
    },
    Check {
        id: "connect.token",
        category: Category::Mandatory,
        holds: "the credentials are accepted: the secret token, or an access token of the token endpoint that lives long enough",
        reference: "Microsoft, gallery validation: Validate_Credentials",
        effect: "the admin credentials can't be saved in the portal, and no cycle runs",
        remedy: "give out a secret token that lasts, or let the token endpoint give bearer tokens that are valid for 60 to \
                 360 minutes, and accept them in the Authorization header",
        needs: &[],
        turn: Turn::Connect,
        run: |probe| Box::pin(token(probe)),
    },
];

/// A look-up of nobody.
fn nobody(probe: &Probe) -> RawRequest {
    let guid = probe.bench.guid().hyphenated().to_string();
    find_request("/Users", &matching_attribute(probe), &guid).into()
}

fn matching_attribute(probe: &Probe) -> String {
    // Before anything is known of the endpoint, both templates match by the user name.
    probe.bench.options.rules.as_ref().map_or_else(
        || "userName".to_owned(),
        |rules| rules.users.attributes[rules.users.matching[0]].target.name.clone(),
    )
}

async fn test_connection(probe: &Probe) -> Result<(), Stop> {
    let answer = probe.send(nobody(probe)).await?;
    match answer.status {
        200 => probe.expect_empty_list(&answer, ObjectKind::User),
        401 | 403 => {
            let text = "the credentials that were given are accepted";
            let remedy = "check that the token is the endpoint's own, whole and not expired";
            probe.refused(&answer, text).remedy(remedy).fail();
        }
        404 => {
            let is_scim = answer.object().is_some_and(|members| members.contains_key("schemas"));
            let remedy = if is_scim {
                "answer a look-up that finds nobody with 200 and an empty list: 404 is for ids"
            } else {
                "check the tenant URL: /Users is appended to it, and nothing is there"
            };
            probe.refused(&answer, "200 with an empty list").remedy(remedy).fail();
        }
        300..=399 => {
            let remedy = "use the address that it redirects to as the tenant URL: only a GET would follow";
            probe.refused(&answer, "200 with an empty list").remedy(remedy).fail();
        }
        _ => probe.refused(&answer, "200 with an empty list").fail(),
    }
    Ok(())
}

async fn tls(probe: &Probe) -> Result<(), Stop> {
    let url = probe.bench.options.client.tenant_url.url();
    match url.scheme() {
        "https" => {
            probe.send(nobody(probe)).await?;
            if probe.bench.options.client.ca_file.is_some() {
                let text = "the certificate is trusted because of the file of authorities that was given";
                probe.note(format!("{text}; the service trusts public ones alone"));
            }
        }
        _ if is_loopback(url) => probe.note("plain http is fine on this machine; the real service asks for https"),
        _ => probe
            .finding("plain-http")
            .observed("the tenant URL begins with http: tokens and people's data go in the clear")
            .fail(),
    }
    Ok(())
}

async fn auth_required(probe: &Probe) -> Result<(), Stop> {
    let wrong = format!("wrong-{}", probe.bench.guid().simple());
    for (credentials, who) in
        [(RawCredentials::None, "without a token"), (RawCredentials::Bearer(wrong), "with a wrong token")]
    {
        let answer = probe.send(RawRequest { credentials, ..nobody(probe) }).await?;
        let told = answer.told();
        match answer.status {
            401 => expect_bearer(probe, &answer, who),
            200..=299 => probe
                .finding("open-to-anybody")
                .observed(format!("a request {who} was answered with {told}: anybody gets in"))
                .expected("401")
                .at(answer.at)
                .fail(),
            status => probe
                .finding(format!("unauthorized-is-{status}"))
                .observed(format!("a request {who} was answered with {told}"))
                .expected("401")
                .at(answer.at)
                .fail(),
        }
    }
    Ok(())
}

async fn token(probe: &Probe) -> Result<(), Stop> {
    let report =
        crate::client::test_connection(&probe.bench.client, &matching_attribute(probe), probe.bench.guid()).await;
    for exchange in &report.exchanges {
        probe.bench.requests.set(probe.bench.requests.get() + 1);
        tracing::debug!(status = exchange.status, "credentials tried");
    }
    for warning in &report.warnings {
        let cause = match warning.as_str() {
            // Where a look-up is redirected to is for the one that tries it to say.
            text if text.starts_with("the target redirects") => continue,
            text if text.starts_with("the flag") => "misspelt-flag",
            _ => "suspicious-credentials",
        };
        probe.finding(cause).observed(warning.clone()).warn();
    }
    let Some(failure) = &report.failure else { return Ok(()) };
    let is_refused = matches!(failure.status(), Some(401 | 403)) || matches!(failure, crate::client::Failure::Token(_));
    if is_refused {
        let verdict = judge(Err(failure), &[]);
        return Err(probe
            .finding(format!("credentials-{}", verdict.code()))
            .observed(format!("{}: {failure}", verdict.title()))
            .remedy(verdict.remedy())
            .stop());
    }
    Ok(())
}

/// Holds a 401 to saying how to authenticate.
fn expect_bearer(probe: &Probe, answer: &Answer, who: &str) {
    let asks = answer.header("www-authenticate");
    let observed = match asks {
        Some(asks) if asks.to_ascii_lowercase().contains("bearer") => return,
        Some(asks) => format!("a request {who} was answered with 401 and WWW-Authenticate: {}", shortened(asks)),
        None => format!("a request {who} was answered with 401 but without WWW-Authenticate"),
    };
    let draft = probe.finding("no-www-authenticate").observed(observed);
    draft
        .expected("401 says with WWW-Authenticate: Bearer how to authenticate")
        .effect("the service doesn't look at it; other clients and gateways do")
        .remedy("add the header WWW-Authenticate: Bearer to every 401")
        .at(answer.at)
        .warn();
}
