//! The server's side of TLS: a certificate and its key, and whether clients will take them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, InconsistentKeys, RootCertStore, ServerConfig};

use crate::base::Timestamp;

/// A certificate with its key, ready to serve with: TLS 1.2 and 1.3, HTTP/1.1 within.
#[derive(Debug, Clone)]
pub struct Tls {
    config: Arc<ServerConfig>,
    warnings: Vec<String>,
}

/// Says why a certificate can't be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file can't be read.
    #[error("{}: it can't be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Something in it isn't PEM.
    #[error("{}: it isn't PEM, text with `-----BEGIN …-----`", .0.display())]
    NotPem(PathBuf),
    /// There is no certificate in it.
    #[error("{}: there is no certificate in it, no `-----BEGIN CERTIFICATE-----`", .0.display())]
    NoCertificate(PathBuf),
    /// There is no private key in it.
    #[error("{}: there is no private key in it, no `-----BEGIN PRIVATE KEY-----`", .0.display())]
    NoKey(PathBuf),
    /// The private key needs a password.
    #[error("{}: the private key is encrypted; decrypt it with `openssl pkey -in FILE -out NEW`", .0.display())]
    EncryptedKey(PathBuf),
    /// The private key is of a kind that isn't supported.
    #[error("{}: the private key can't be used: RSA of 2048 bits or more, ECDSA on P-256 or P-384, or Ed25519 is needed", .0.display())]
    Key(PathBuf),
    /// Certificate and key have nothing to do with each other.
    #[error("{}: the private key isn't that of the first certificate in {}", key.display(), certificate.display())]
    Mismatch {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
    },
    /// The certificate can't be read.
    #[error("{}: the certificate can't be used: {reason}", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// In the words of the library.
        reason: String,
    },
    /// A name can't stand in a certificate.
    #[error("`{0}` is neither a host name nor an IP address")]
    Name(String),
    /// The system gives no randomness, or something else that doesn't happen.
    #[error("no certificate can be made: {0}")]
    Made(String),
}

impl Tls {
    /// Reads a chain of certificates, the server's own one first, and its key, both PEM.
    pub fn from_files(certificate: &Path, key: &Path, now: Timestamp) -> Result<Self, TlsError> {
        let chain = pem_file(certificate)?;
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&chain)
            .collect::<Result<_, _>>()
            .map_err(|_| TlsError::NotPem(certificate.to_owned()))?;
        let [first, ..] = chain.as_slice() else { return Err(TlsError::NoCertificate(certificate.to_owned())) };
        let warnings = warnings(first, now).into_iter().map(|what| format!("{}: {what}", certificate.display()));
        let warnings = warnings.collect();
        let text = pem_file(key)?;
        // The older form, which looks like a broken one to what comes next.
        if contains(&text, b"Proc-Type: 4,ENCRYPTED") {
            return Err(TlsError::EncryptedKey(key.to_owned()));
        }
        let secret = PrivateKeyDer::from_pem_slice(&text).map_err(|error| match error {
            rustls::pki_types::pem::Error::NoItemsFound if contains(&text, b"BEGIN ENCRYPTED PRIVATE KEY") => {
                TlsError::EncryptedKey(key.to_owned())
            }
            rustls::pki_types::pem::Error::NoItemsFound => TlsError::NoKey(key.to_owned()),
            _ => TlsError::NotPem(key.to_owned()),
        })?;
        if ring::sign::any_supported_type(&secret).is_err() {
            return Err(TlsError::Key(key.to_owned()));
        }
        let config = config(chain, secret).map_err(|error| match error {
            rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                TlsError::Mismatch { certificate: certificate.to_owned(), key: key.to_owned() }
            }
            error => TlsError::Certificate { path: certificate.to_owned(), reason: error.to_string() },
        })?;
        Ok(Self { config, warnings })
    }

    pub(super) fn made(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<Self, TlsError> {
        let config = config(chain, key).map_err(|error| TlsError::Made(error.to_string()))?;
        Ok(Self { config, warnings: Vec::new() })
    }

    /// Why clients may refuse the certificate, one sentence each without a full stop.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    pub(super) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }
}

fn config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<ServerConfig>, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn pem_file(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|source| TlsError::Unreadable { path: path.to_owned(), source })
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// Why clients will refuse a certificate. It is checked as a client that trusts it would: its dates and its purpose come
/// before its issuer.
fn warnings(certificate: &CertificateDer<'_>, now: Timestamp) -> Option<String> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone().into_owned()).ok()?;
    let provider = Arc::new(ring::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().ok()?;
    let name = ServerName::try_from("localhost").expect("a host name");
    let since_1970 = Duration::from_secs(u64::try_from(now.as_second()).unwrap_or_default());
    let now = UnixTime::since_unix_epoch(since_1970);
    let checked = verifier.verify_server_cert(certificate, &[], &name, &[], now);
    let Err(rustls::Error::InvalidCertificate(error)) = checked else { return None };
    let at = |time: UnixTime| {
        let second = i64::try_from(time.as_secs()).ok();
        second.and_then(|second| Timestamp::from_second(second).ok()).map_or_else(String::new, |at| format!(" at {at}"))
    };
    match error {
        CertificateError::Expired => Some("the certificate has expired".to_owned()),
        CertificateError::ExpiredContext { not_after, .. } => Some(format!("the certificate expired{}", at(not_after))),
        CertificateError::NotValidYet => Some("the certificate isn't valid yet".to_owned()),
        CertificateError::NotValidYetContext { not_before, .. } => {
            Some(format!("the certificate isn't valid yet, it begins{}", at(not_before)))
        }
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => Some(
            "the certificate is that of an authority (`CA:TRUE`); many clients refuse it as a server's own".to_owned(),
        ),
        _ => None,
    }
}
