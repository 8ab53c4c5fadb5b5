//! Certificates of all kinds, and a handshake with each kind of client.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;

use crate::base::Timestamp;
use crate::target::server::*;

fn now() -> Timestamp {
    "2026-03-01T10:00:00Z".parse().unwrap()
}

/// PEM files of a certificate between two years, and of its key.
fn files(folder: &TempDir, from: i32, to: i32, is_ca: IsCa) -> (PathBuf, PathBuf) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(to, 1, 1));
    params.is_ca = is_ca;
    let certificate = params.self_signed(&key).unwrap();
    let paths = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    fs::write(&paths.0, certificate.pem()).unwrap();
    fs::write(&paths.1, key.serialize_pem()).unwrap();
    paths
}

#[test]
fn what_clients_will_refuse_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let check = |from, to, is_ca, expected: Option<&str>| {
        let (certificate, key) = files(&folder, from, to, is_ca);
        let tls = Tls::from_files(&certificate, &key, now()).unwrap();
        let told = tls.warnings().first().map(|warning| warning.split_once(": ").unwrap().1);
        assert_eq!(told, expected);
    };
    check(2020, 2030, IsCa::NoCa, None);
    check(2020, 2026, IsCa::NoCa, Some("the certificate expired at 2026-01-01T00:00:00Z"));
    check(2027, 2030, IsCa::NoCa, Some("the certificate isn't valid yet, it begins at 2027-01-01T00:00:00Z"));
    let ca = IsCa::Ca(BasicConstraints::Unconstrained);
    check(
        2020,
        2030,
        ca,
        Some("the certificate is that of an authority (`CA:TRUE`); many clients refuse it as a server's own"),
    );
}

#[test]
fn what_is_wrong_with_files_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = files(&folder, 2020, 2030, IsCa::NoCa);
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let other_key = write("other.pem", &KeyPair::generate().unwrap().serialize_pem());
    let empty = write("empty.pem", "");
    let cut = write("cut.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n");
    let odd = write("odd.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
    let locked =
        write("locked.pem", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n");
    let older = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nMIIB\n";
    let older = write("older.pem", &format!("{older}-----END RSA PRIVATE KEY-----\n"));
    let unusable = write("unusable.pem", "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n");
    let missing = folder.path().join("missing.pem");
    let check = |certificate: &Path, key: &Path, expected: &str| {
        let told = Tls::from_files(certificate, key, now()).unwrap_err().to_string();
        assert!(told.contains(expected), "{told}");
        assert!(!told.contains("MII"), "{told}");
    };
    check(&missing, &key, "missing.pem: it can't be read: ");
    check(&empty, &key, "empty.pem: there is no certificate in it");
    check(&key, &key, "key.pem: there is no certificate in it");
    check(&cut, &key, "cut.pem: it isn't PEM");
    check(&odd, &key, "odd.pem: the certificate can't be used: ");
    check(&certificate, &missing, "missing.pem: it can't be read: ");
    check(&certificate, &certificate, "cert.pem: there is no private key in it");
    check(&certificate, &locked, "locked.pem: the private key is encrypted");
    check(&certificate, &older, "older.pem: the private key is encrypted");
    check(&certificate, &unusable, "unusable.pem: the private key can't be used");
    check(&certificate, &other_key, "other.pem: the private key isn't that of the first certificate in ");
}

#[test]
fn names_are_checked_one_by_one() {
    let made = |name: &str| SelfSigned::new(&["localhost".to_owned(), name.to_owned()], now());
    for name in ["scim.example", "*.example", "10.0.0.1", "::1"] {
        made(name).unwrap();
    }
    for name in ["", "zürich", "a b", "https://h", "h:443"] {
        assert!(made(name).unwrap_err().to_string().starts_with(&format!("`{name}` is neither")), "{name}");
    }
}

/// A server with a made certificate; gives its port and the authority.
async fn serve_made(limits: Limits) -> (u16, String) {
    let names = ["localhost", "127.0.0.1"].map(str::to_owned);
    #[expect(clippy::disallowed_methods, reason = "the client looks at the real clock")]
    let made = SelfSigned::new(&names, Timestamp::now()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let router = Router::new().route("/", get(async || "here"));
    tokio::spawn(serve(listener, router, Some(made.tls), limits, std::future::pending()));
    (port, made.authority)
}

fn client(authority: Option<&str>, protocols: &[&[u8]]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(authority.unwrap_or_default().as_bytes()) {
        roots.add(certificate.unwrap()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    TlsConnector::from(Arc::new(config))
}

#[tokio::test]
async fn who_trusts_the_made_authority_is_served() {
    let (port, authority) = serve_made(Limits::default()).await;
    let get = async |connector: TlsConnector, name: &'static str| -> Result<String, std::io::Error> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        let mut stream = connector.connect(ServerName::try_from(name).unwrap(), stream).await?;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").await?;
        let mut answer = String::new();
        // Without the alert `close_notify` at the end this would be an error.
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    };
    let trusting = |protocols| client(Some(&authority), protocols);
    assert!(get(trusting(&[]), "localhost").await.unwrap().ends_with("here"));
    assert!(get(trusting(&[b"h2", b"http/1.1"]), "127.0.0.1").await.unwrap().ends_with("here"));
    assert!(get(trusting(&[b"h2"]), "localhost").await.is_err(), "HTTP/2 alone isn't spoken");
    assert!(get(trusting(&[]), "other.example").await.is_err(), "another host");
    assert!(get(client(None, &[]), "localhost").await.is_err(), "nobody is trusted");
    // None of this keeps the server from going on.
    assert!(get(trusting(&[]), "localhost").await.unwrap().ends_with("here"));
}

#[tokio::test]
async fn who_speaks_no_tls_is_told_or_left() {
    let limits = Limits { handshake_timeout: Duration::from_millis(50), ..Limits::default() };
    let (port, _) = serve_made(limits).await;
    let say = async |bytes: &[u8]| {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = String::new();
        // What isn't HTTP is closed over what it sent, which may show as a reset.
        stream.read_to_string(&mut answer).await.ok();
        answer
    };
    let answer = say(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n") && answer.contains("https://"), "{answer}");
    assert_eq!(say(b"\x00\x01\x02").await, "");
    assert_eq!(say(b"").await, "", "a handshake that never begins");
    assert_eq!(say(b"\x16\x03\x01").await, "", "a handshake that stops halfway");
}
