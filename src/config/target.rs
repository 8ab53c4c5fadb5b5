//! `[target]`: where to.

use std::path::Path;
use std::time::Duration;

use url::Url;

use super::document::{Located, Section};
use super::token::is_variable_name;
use super::{Profile, TargetSettings, Tenant, TokenSource, oauth, parse_duration};
use crate::base::Diagnostic;
use crate::scim::{TenantUrl, TenantUrlError};

/// Stands for the built-in endpoint.
const EMBEDDED: &str = "embedded";
/// Requests a second that the service expects an endpoint to take.
const REMOTE_RATE: f64 = 25.0;

impl TargetSettings {
    /// The defaults for an endpoint, as where there is no config file.
    pub fn new(tenant: Tenant, token: TokenSource) -> Self {
        Self {
            rate: default_rate(&tenant),
            tenant,
            token,
            oauth: None,
            profile: None,
            concurrency: 8,
            timeout: Duration::from_secs(30),
            ca_file: None,
            proxy: None,
            headers: Vec::new(),
            user_agent: None,
            allow_http: false,
            honour_retry_after: true,
            soft_delete: true,
        }
    }
}

fn default_rate(tenant: &Tenant) -> Option<f64> {
    match tenant {
        Tenant::Embedded { .. } => None,
        Tenant::Remote(_) => Some(REMOTE_RATE),
    }
}

/// Reads a tenant URL, or `embedded` with the flags that a tenant URL may carry.
pub fn tenant(text: &str, allow_http: bool) -> Result<Tenant, TenantUrlError> {
    let text = text.trim();
    let (name, flags) = text.split_once('?').unwrap_or((text, ""));
    if name != EMBEDDED {
        return TenantUrl::parse(text, allow_http).map(Tenant::Remote);
    }
    let url = TenantUrl::parse(&format!("http://localhost/?{flags}"), false)?;
    let misspelt_flags = url.misspelt_flags().map(|(flag, known)| (flag.to_owned(), known)).collect();
    Ok(Tenant::Embedded { dialect: url.dialect(), misspelt_flags })
}

/// What to say about a tenant URL that isn't one, without a place; never the URL's password.
pub fn tenant_error(error: &TenantUrlError) -> Diagnostic {
    let (message, hint) = match error {
        TenantUrlError::Invalid(text, cause) if text.contains('@') => {
            (format!("the tenant URL isn't a URL: {cause}"), "write it as https://host/scim/v2".to_owned())
        }
        TenantUrlError::Invalid(text, _) if !text.contains("://") => {
            (error.to_string(), format!("write it with its scheme: https://{text}"))
        }
        TenantUrlError::Invalid(..) => (error.to_string(), "write it as https://host/scim/v2".to_owned()),
        TenantUrlError::Scheme(_) => (error.to_string(), "the tenant URL begins with https://".to_owned()),
        TenantUrlError::Credentials => (
            error.to_string(),
            "take the user name and password out and name the token in `secret_token_env`".to_owned(),
        ),
        TenantUrlError::PlainHttp(_) => {
            (error.to_string(), "use https; if it has to be, set `allow_http = true` in [target]".to_owned())
        }
    };
    Diagnostic::error(message).with_hint(hint)
}

/// Reads the section; an absent one means the built-in endpoint.
pub(super) fn read(section: Option<Section<'_, '_>>, config_dir: &Path) -> TargetSettings {
    let embedded = tenant(EMBEDDED, false).expect("the built-in endpoint has no URL to get wrong");
    let mut settings = TargetSettings::new(embedded, TokenSource::None);
    let Some(mut section) = section else { return settings };
    settings.allow_http = section.boolean("allow_http").unwrap_or(false);
    let url = section.text("tenant_url");
    if let Some(url) = &url {
        match tenant(url.value, settings.allow_http) {
            Ok(tenant) => settings.tenant = tenant,
            Err(error) => {
                let problem = tenant_error(&error);
                let hint = problem.hint.unwrap_or_default();
                if url.value.contains('@') {
                    section.report.secret_error(url.span.clone(), problem.message, hint);
                } else {
                    section.report.error(url.span.clone(), problem.message, hint);
                }
            }
        }
        for (flag, known) in settings.tenant.misspelt_flags() {
            section.report.warning(
                url.span.clone(),
                format!("the tenant URL's flag `{flag}` isn't known and changes nothing"),
                format!("did you mean `{known}`? Everything after the `?` is taken as flags"),
            );
        }
    }
    settings.token = read_token(&mut section, config_dir);
    let remote = matches!(settings.tenant, Tenant::Remote(_));
    let oauth = section.section("oauth");
    if let (true, TokenSource::None, Some(url), None) = (remote, &settings.token, &url, &oauth) {
        section.report.warning(
            url.span.clone(),
            "no secret token: nothing can be sent to this target",
            "name the variable that holds it, `secret_token_env = \"WEDO_SECRET_TOKEN\"`, or use [target.oauth]",
        );
    }
    if let Some(oauth) = oauth {
        if settings.token != TokenSource::None {
            section.report.error(
                oauth.span.clone(),
                "a secret token and [target.oauth] exclude each other",
                "keep `secret_token_env` or `secret_token_file` for a token that lasts, or this section to ask for tokens",
            );
        }
        if !remote {
            section.report.warning(
                oauth.span.clone(),
                "[target.oauth] isn't used: the target is the built-in endpoint",
                "name the target in `tenant_url`",
            );
        }
        settings.oauth = oauth::read(oauth, config_dir, settings.allow_http);
    }
    if let Some(profile) = section.word("profile", &[("wedo", Profile::Wedo), ("scim", Profile::Scim)]) {
        settings.profile = Some(profile.value);
    }
    settings.rate = read_rate(&mut section, default_rate(&settings.tenant));
    if let Some(concurrency) = section.whole("concurrency", 1..=1024) {
        settings.concurrency = usize::try_from(concurrency).unwrap_or(1024);
    }
    if let Some(timeout) = duration(&mut section, "timeout") {
        settings.timeout = timeout;
    }
    settings.ca_file = section.text("ca_file").map(|path| config_dir.join(path.value));
    settings.proxy = read_proxy(&mut section);
    if let Some(headers) = section.section("headers") {
        settings.headers = read_headers(headers);
    }
    settings.user_agent = section.text("user_agent").and_then(|agent| {
        let fine = agent.value.bytes().all(|byte| byte == b'\t' || (b' '..0x7f).contains(&byte));
        if !fine {
            section.report.error(agent.span, "`user_agent` can't be sent in a header", "use ASCII letters only");
        }
        fine.then(|| agent.value.to_owned())
    });
    settings.honour_retry_after = section.boolean("honour_retry_after").unwrap_or(true);
    settings.soft_delete = section.boolean("soft_delete").unwrap_or(true);
    section.finish();
    settings
}

/// A duration above zero.
pub(super) fn duration(section: &mut Section<'_, '_>, key: &'static str) -> Option<Duration> {
    let found = section.text(key)?;
    duration_of(section, &found)
}

/// The same of a text that was read already.
pub(super) fn duration_of(section: &Section<'_, '_>, found: &Located<&str>) -> Option<Duration> {
    let (key, span) = (found.key, found.span.clone());
    match parse_duration(found.value) {
        Ok(duration) if !duration.is_zero() => Some(duration),
        Ok(_) => {
            section.report.error(span, format!("`{key}` is zero"), "take a longer one, such as \"30s\"");
            None
        }
        Err(error) => {
            section.report.error(span, format!("`{key}`: {error}"), format!("for instance {key} = \"30s\""));
            None
        }
    }
}

fn read_token(section: &mut Section<'_, '_>, config_dir: &Path) -> TokenSource {
    if let Some(span) = section.refused("secret_token") {
        section.report.error(
            span,
            "a secret token must not be written into the config file",
            "put it into an environment variable and name that: secret_token_env = \"WEDO_SECRET_TOKEN\"; \
             a token that was in a shared file should be replaced",
        );
    }
    let variable = section.text("secret_token_env");
    let file = section.text("secret_token_file");
    if let (Some(_), Some(file)) = (&variable, &file) {
        section.report.error(
            file.span.clone(),
            "both `secret_token_env` and `secret_token_file` are set",
            "keep one of them",
        );
    }
    if let Some(Located { value, span, .. }) = variable {
        if !is_variable_name(value) {
            section.report.secret_error(
                span,
                "`secret_token_env` isn't the name of an environment variable",
                "it names the variable that holds the token, not the token: \
                 secret_token_env = \"WEDO_SECRET_TOKEN\"",
            );
        }
        return TokenSource::Env(value.to_owned());
    }
    file.map_or(TokenSource::None, |file| TokenSource::File(config_dir.join(file.value)))
}

fn read_rate(section: &mut Section<'_, '_>, default: Option<f64>) -> Option<f64> {
    let Some(found) = section.number_or_text("rate") else { return default };
    match found.value {
        Ok(rate) if rate > 0.0 && rate.is_finite() => Some(rate),
        Ok(rate) => {
            let message = format!("`rate` is {rate}; it has to be above 0");
            section.report.error(found.span, message, "requests per second, such as 25, or \"unlimited\"");
            default
        }
        Err("unlimited") => None,
        Err(text) => {
            section.unknown_word(&Located { key: "rate", value: text, span: found.span }, &["unlimited"]);
            default
        }
    }
}

fn read_proxy(section: &mut Section<'_, '_>) -> Option<Url> {
    let found = section.text("proxy")?;
    let proxy = Url::parse(found.value).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if proxy.is_none() {
        let message = "`proxy` isn't the URL of an HTTP proxy";
        section.report.secret_error(found.span, message, "write it as http://host:port");
    }
    proxy
}

fn read_headers(section: Section<'_, '_>) -> Vec<(String, String)> {
    let report = section.report;
    let mut headers = Vec::new();
    for (name, value, name_span, value_span) in section.free_texts() {
        let is_name = !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte));
        if !is_name {
            report.error(name_span, format!("`{name}` isn't the name of a header"), "letters, digits and `-`");
        } else if name.eq_ignore_ascii_case("authorization") {
            report.error(
                name_span,
                "the Authorization header must not be written into the config file",
                "name the variable that holds the token: secret_token_env = \"WEDO_SECRET_TOKEN\"",
            );
        } else if !value.bytes().all(|byte| byte == b'\t' || (b' '..0x7f).contains(&byte)) {
            report.secret_error(
                value_span,
                format!("the value of `{name}` can't be sent in a header"),
                "use ASCII letters only, on one line",
            );
        } else {
            headers.push((name, value));
        }
    }
    headers
}
