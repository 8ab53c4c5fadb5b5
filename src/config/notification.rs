//! `[notification]`: who is told, and by which mail server.

use std::ops::Range;
use std::path::Path;

use url::{Host, Url};

use super::document::{Located, Section};
use super::token::is_variable_name;
use super::{MailServer, MailTls, NotificationSettings, TokenSource};

const EXAMPLE: &str = "write it as smtp://mail.contoso.com:587, or smtps://mail.contoso.com where TLS begins at once";
/// Where mail servers take messages from programs, with STARTTLS or with TLS from the start.
const PORTS: [(&str, u16); 2] = [("smtp", 587), ("smtps", 465)];

/// Reads the section; without an address nobody is told.
pub(super) fn read(section: Option<Section<'_, '_>>, config_dir: &Path) -> NotificationSettings {
    let Some(mut section) = section else { return NotificationSettings::default() };
    let email = address(&mut section, "email", "it@contoso.com");
    let on_failure = section.boolean("on_failure");
    if on_failure == Some(true) && section.is_absent("email") {
        section.report.warning(
            section.span.clone(),
            "`on_failure` without `email` tells nobody",
            "name the address: email = \"it@contoso.com\"",
        );
    }
    let from = address(&mut section, "from", "scimulate@contoso.com");
    let user_as_sender =
        |login: &(Located<&str>, TokenSource)| is_address(login.0.value).then(|| login.0.value.to_owned());
    let ca_file = section.text("smtp_ca_file");
    let server = section.text("smtp");
    let mut smtp = server.as_ref().and_then(|found| read_server(&section, found, ca_file.is_some()));
    let login = read_login(&mut section);
    if section.is_absent("smtp") {
        let unused = ca_file.iter().chain(login.iter().map(|(user, _)| user));
        for Located { key, span, .. } in unused {
            let text = format!("`{key}` isn't used: without `smtp` nothing is mailed");
            section.report.warning(span.clone(), text, "name the mail server: smtp = \"smtp://mail.contoso.com:587\"");
        }
    }
    let from = from.or_else(|| login.as_ref().filter(|_| smtp.is_some()).and_then(user_as_sender));
    if let Some(smtp) = &mut smtp {
        smtp.ca_file = ca_file.map(|path| config_dir.join(path.value));
        smtp.login = login.map(|(user, password)| (user.value.to_owned(), password));
    }
    section.finish();
    NotificationSettings { on_failure: on_failure.unwrap_or(email.is_some()), email, from, smtp }
}

fn address(section: &mut Section<'_, '_>, key: &'static str, example: &str) -> Option<String> {
    let found = section.text(key)?;
    if !is_address(found.value) {
        section.report.error(
            found.span.clone(),
            format!("`{key}` \"{}\" isn't an e-mail address", found.value),
            format!("one address and nothing else, for instance {key} = \"{example}\""),
        );
    }
    Some(found.value.to_owned())
}

/// Whether a text is one address, and can't be taken for more in a header.
fn is_address(text: &str) -> bool {
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"<>()[],;:\\\"@".contains(c);
    let has_parts = text.split_once('@').is_some_and(|(name, domain)| {
        !name.is_empty() && !domain.is_empty() && name.chars().all(plain) && domain.chars().all(plain)
    });
    has_parts && text.parse::<lettre::Address>().is_ok()
}

fn read_server(section: &Section<'_, '_>, found: &Located<&str>, has_authority: bool) -> Option<MailServer> {
    if found.value.contains('@') {
        section.report.secret_error(
            found.span.clone(),
            "`smtp` names the server alone, without user name and password",
            "the user name is `smtp_username`, the password is named by `smtp_password_env`",
        );
        return None;
    }
    let server = server_of(found.value, has_authority);
    if server.is_none() {
        let text = format!("`smtp` \"{}\" isn't the URL of a mail server", found.value);
        section.report.error(found.span.clone(), text, EXAMPLE);
    }
    server
}

/// Reads `smtp://host:port` or `smtps://host:port`.
fn server_of(text: &str, has_authority: bool) -> Option<MailServer> {
    let url = Url::parse(text).ok()?;
    let (scheme, usual) = PORTS.into_iter().find(|(scheme, _)| *scheme == url.scheme())?;
    // Of a scheme that isn't the web's nothing but the syntax was looked at.
    let host = Host::parse(url.host_str()?).ok()?;
    let nothing_else = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    let is_loopback = match &host {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    let tls = match scheme {
        "smtps" => MailTls::FromStart,
        _ if is_loopback && !has_authority => MailTls::IfOffered,
        _ => MailTls::Required,
    };
    let host = match host {
        Host::Ipv6(address) => address.to_string(),
        host => host.to_string(),
    };
    let port = url.port().unwrap_or(usual);
    (nothing_else && port > 0).then_some(MailServer { host, port, tls, ca_file: None, login: None })
}

/// User name and where the password is; both or neither.
fn read_login<'r>(section: &mut Section<'r, '_>) -> Option<(Located<&'r str>, TokenSource)> {
    const NAME: &str = "name the variable that holds it: smtp_password_env = \"SMTP_PASSWORD\"";
    if let Some(span) = section.refused("smtp_password") {
        section.report.error(
            span,
            "a password must not be written into the config file",
            format!("put it into an environment variable and {NAME}; one that was in a shared file should be replaced"),
        );
        return None;
    }
    let user = section.text("smtp_username");
    let variable = section.text("smtp_password_env");
    let missing = |span: Range<usize>, text: &str, hint: &str| section.report.error(span, text, hint);
    match (user, variable) {
        (None, None) => None,
        (Some(user), None) => {
            missing(user.span, "`smtp_username` without `smtp_password_env`: nobody could sign in", NAME);
            None
        }
        (None, Some(variable)) => {
            missing(variable.span, "`smtp_password_env` without `smtp_username`", "name the user in `smtp_username`");
            None
        }
        (Some(_), Some(variable)) if !is_variable_name(variable.value) => {
            section.report.secret_error(
                variable.span,
                "`smtp_password_env` isn't the name of an environment variable",
                "it names the variable that holds the password, not the password: \
                 smtp_password_env = \"SMTP_PASSWORD\"",
            );
            None
        }
        (Some(user), Some(variable)) => Some((user, TokenSource::Env(variable.value.to_owned()))),
    }
}
