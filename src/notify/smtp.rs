//! Hands a message to a mail server.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lettre::address::Envelope;
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tokio::time::{Instant, timeout, timeout_at};

use super::words::line;
use crate::base::{Secret, causes, innermost};
use crate::scim::Needles;

/// How long all of it may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the farewell may take; the message is delivered by then.
const FAREWELL: Duration = Duration::from_secs(1);
/// Beyond it, what a server says is cut off.
const LONGEST: usize = 300;

/// A mail server.
#[derive(Debug, Clone)]
pub struct Smtp {
    /// Name or address, of IPv6 without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
    /// When the connection is encrypted.
    pub tls: SmtpTls,
    /// PEM file of further certificate authorities.
    pub ca_file: Option<PathBuf>,
    /// How to sign in, if one does.
    pub login: Option<Login>,
}

/// When the connection to a mail server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpTls {
    /// Before anything is said.
    FromStart,
    /// By STARTTLS, before anything is sent.
    Required,
    /// By STARTTLS if the server has it, whatever its certificate. For a server on this machine, to which plain text
    /// may go as well.
    IfOffered,
}

/// How to sign in at a mail server.
#[derive(Debug, Clone)]
pub struct Login {
    /// User name.
    pub username: String,
    /// Password.
    pub password: Secret,
}

impl Login {
    /// The password, and whole what AUTH PLAIN and AUTH LOGIN make of it: of a short one no other Base64 is looked for.
    fn needles(&self) -> Needles {
        let password = self.password.expose();
        let plain = format!("\0{}\0{password}", self.username);
        let encoded = [plain.as_str(), password].map(|text| Secret::new(STANDARD.encode(text)));
        Needles::new(encoded.iter().chain([&self.password]))
    }
}

/// Why a message wasn't taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SmtpError {
    /// The file of authorities can't be read, or none is in it.
    #[error("{}: {cause}", path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// No connection came about.
    #[error("can't connect: {0}")]
    Connect(String),
    /// TLS failed.
    #[error("no encrypted connection: {0}")]
    Tls(String),
    /// The server doesn't offer STARTTLS.
    #[error("the server doesn't offer STARTTLS, so nothing was sent to it")]
    NoStartTls,
    /// The server doesn't let anybody sign in, or not in a way that is known.
    #[error("the server doesn't offer to sign in with a password (AUTH PLAIN or LOGIN)")]
    NoSignIn,
    /// The server refuses user name or password.
    #[error("the server refuses the sign-in: {0}")]
    SignIn(String),
    /// The server refuses the message, its sender or its recipient.
    #[error("the server refuses the message: {0}")]
    Refused(String),
    /// The connection broke, or the server says what isn't SMTP.
    #[error("{stage}: {cause}")]
    Broken {
        /// What was going on.
        stage: &'static str,
        /// What came instead.
        cause: String,
    },
    /// The server took too long.
    #[error("no answer within {} s: {stage}", PATIENCE.as_secs())]
    TimedOut {
        /// What was going on.
        stage: &'static str,
    },
}

impl SmtpError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::CaFile { .. } => "name a PEM file with certificates in `smtp_ca_file`",
            Self::Connect(_) | Self::TimedOut { .. } | Self::Broken { .. } => {
                "check host and port of `smtp`, and that the server is running and can be reached from here"
            }
            Self::Tls(_) => {
                "name the server as its certificate does; an authority of your own goes into `smtp_ca_file`; smtps:// is \
                 for ports where TLS begins at once, smtp:// for STARTTLS"
            }
            Self::NoStartTls => "name its port with TLS in `smtp`, such as smtps://mail.contoso.com:465",
            Self::NoSignIn => {
                "leave `smtp_username` out if the server needs no sign-in from here, or name the port where it has one"
            }
            Self::SignIn(_) => "check `smtp_username`, and the variable that `smtp_password_env` names",
            Self::Refused(_) => "check `email` and `from`, and that the server takes messages from here",
        }
    }
}

/// What is going on, for messages.
const CONNECTING: &str = "connecting";
const ENCRYPTING: &str = "agreeing on TLS";
const SIGNING_IN: &str = "signing in";
const SENDING: &str = "sending the message";

impl Smtp {
    /// For people: host and port.
    pub fn shown(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// Hands a message over; gives up after ten seconds.
    pub(super) async fn send(&self, envelope: &Envelope, message: &[u8]) -> Result<(), SmtpError> {
        let end = Instant::now() + PATIENCE;
        let hello = ClientId::default();
        let parameters = self.tls_parameters().await?;
        let from_start = (self.tls == SmtpTls::FromStart).then(|| parameters.clone());
        let server = (self.host.as_str(), self.port);
        let connecting = AsyncSmtpConnection::connect_tokio1(server, None, &hello, from_start, None);
        let mut connection = self.step(CONNECTING, end, connecting).await?;
        if connection.can_starttls() {
            self.step(ENCRYPTING, end, connection.starttls(parameters, &hello)).await?;
        } else if self.tls == SmtpTls::Required {
            return Err(SmtpError::NoStartTls);
        }
        if let Some(Login { username, password }) = &self.login {
            if connection.server_info().get_auth_mechanism(DEFAULT_MECHANISMS).is_none() {
                return Err(SmtpError::NoSignIn);
            }
            let credentials = Credentials::new(username.clone(), password.expose().to_owned());
            self.step(SIGNING_IN, end, connection.auth(DEFAULT_MECHANISMS, &credentials)).await?;
        }
        self.step(SENDING, end, connection.send(envelope, message)).await?;
        // It is delivered, however the server takes its leave.
        drop(timeout(FAREWELL, connection.quit()).await);
        Ok(())
    }

    async fn step<T>(
        &self,
        stage: &'static str,
        end: Instant,
        step: impl Future<Output = Result<T, smtp::Error>>,
    ) -> Result<T, SmtpError> {
        match timeout_at(end, step).await {
            Ok(outcome) => outcome.map_err(|error| self.failed(&error, stage)),
            Err(_) => Err(SmtpError::TimedOut { stage }),
        }
    }

    /// How TLS is spoken; the files of authorities are read aside.
    async fn tls_parameters(&self) -> Result<TlsParameters, SmtpError> {
        let (host, tls, ca_file) = (self.host.clone(), self.tls, self.ca_file.clone());
        let built = tokio::task::spawn_blocking(move || tls_parameters(host, tls, ca_file)).await;
        built.unwrap_or_else(|error| Err(SmtpError::Tls(error.to_string())))
    }

    fn failed(&self, error: &smtp::Error, stage: &'static str) -> SmtpError {
        let answer = || {
            let code = error.status().map_or_else(String::new, |code| format!("{code} "));
            self.masked(&format!("{code}{}", innermost(error)))
        };
        if causes(error).any(<dyn Error>::is::<rustls::Error>) || error.is_tls() {
            return SmtpError::Tls(answer());
        }
        match stage {
            SIGNING_IN if error.status().is_some() => SmtpError::SignIn(answer()),
            SENDING if error.status().is_some() || error.is_client() => SmtpError::Refused(answer()),
            CONNECTING if causes(error).any(<dyn Error>::is::<io::Error>) => SmtpError::Connect(answer()),
            stage => SmtpError::Broken { stage, cause: answer() },
        }
    }

    /// What a server said, without the password, which it may say again in any form, on one line and not too long.
    pub(super) fn masked(&self, said: &str) -> String {
        let needles = self.login.as_ref().map_or_else(Needles::default, Login::needles);
        let text = line(&needles.masked_text(said));
        match text.char_indices().nth(LONGEST) {
            None => text,
            Some((end, _)) => format!("{}…", &text[..end]),
        }
    }
}

fn tls_parameters(host: String, tls: SmtpTls, ca_file: Option<PathBuf>) -> Result<TlsParameters, SmtpError> {
    let failed = |error: smtp::Error| SmtpError::Tls(innermost(&error));
    let mut builder = TlsParameters::builder(host);
    if let Some(path) = ca_file {
        for certificate in authorities(&path).map_err(|cause| SmtpError::CaFile { path, cause })? {
            builder = builder.add_root_certificate(Certificate::from_der(certificate.to_vec()).map_err(failed)?);
        }
    }
    if tls == SmtpTls::IfOffered {
        builder = builder.dangerous_accept_invalid_certs(true).dangerous_accept_invalid_hostnames(true);
    }
    builder.build().map_err(failed)
}

fn authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let pem = std::fs::read(path).map_err(|error| error.to_string())?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match certificates {
        Ok(certificates) if certificates.is_empty() => Err("it holds no certificate in PEM".to_owned()),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(error.to_string()),
    }
}
