use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, Stream};

use super::*;
use crate::client::stub::{clock, options};
use crate::client::{Client, OAuth, TokenFailure, UnusableToken, get_request};
use crate::scim::TokenEndpoint;

const GOOD: &str = include_str!("testdata/good.pem");
const EXPIRED: &str = include_str!("testdata/expired.pem");
const FUTURE: &str = include_str!("testdata/future.pem");

/// Answers one request over TLS with 204; gives the port.
fn serve_tls(pem: &str) -> u16 {
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem.as_bytes()).map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut connection = ServerConnection::new(Arc::new(config)).unwrap();
        let mut stream = Stream::new(&mut connection, &mut socket);
        // A client that refuses the certificate ends the handshake here.
        if stream.read(&mut [0; 4096]).is_ok() {
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").ok();
        }
    });
    port
}

/// Answers the first bytes of one connection with these.
fn serve_bytes(bytes: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        assert!(socket.read(&mut [0; 4096]).unwrap() > 0);
        socket.write_all(bytes).unwrap();
        socket.read_to_end(&mut Vec::new()).ok();
    });
    port
}

fn authority() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/client/transport/testdata/authority.pem")
}

async fn problem(host: &str, port: u16, trusted: bool) -> Option<TlsProblem> {
    let mut options = options(&format!("https://{host}:{port}/scim"));
    options.ca_file = trusted.then(authority);
    match Client::http(options, clock()).unwrap().call(&get_request("/Users", "1")).await.result {
        Ok(_) => None,
        Err(Failure::Transport { kind: TransportKind::Tls(problem), .. }) => Some(problem),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn certificates_are_told_apart() {
    assert_eq!(problem("localhost", serve_tls(GOOD), true).await, None);
    assert_eq!(problem("localhost", serve_tls(GOOD), false).await, Some(TlsProblem::UnknownIssuer));
    assert_eq!(problem("127.0.0.1", serve_tls(GOOD), true).await, Some(TlsProblem::WrongName));
    assert_eq!(problem("localhost", serve_tls(EXPIRED), true).await, Some(TlsProblem::Expired));
    assert_eq!(problem("localhost", serve_tls(FUTURE), true).await, Some(TlsProblem::NotYetValid));
}

/// A token endpoint at this port; the failure of a call for want of a token from there.
async fn token_failure(port: u16, change: impl FnOnce(&mut ClientOptions)) -> TokenFailure {
    let mut options = options("http://127.0.0.1:9/scim");
    let endpoint = TokenEndpoint::parse(&format!("https://localhost:{port}/token"), false).unwrap();
    options.credentials = OAuth::new(endpoint, "id", "s3cret").into();
    change(&mut options);
    let outcome = Client::http(options, clock()).unwrap().call(&get_request("/Users", "1")).await;
    let Err(Failure::Token(failure)) = outcome.result else { panic!("{:?}", outcome.result) };
    *failure
}

#[tokio::test]
async fn token_endpoints_are_held_to_the_same_rules() {
    let broken = |kind| move |failure| matches!(failure, TokenFailure::Transport { kind: met, .. } if met == kind);
    let untrusted = token_failure(serve_tls(GOOD), |_| ()).await;
    assert!(broken(TransportKind::Tls(TlsProblem::UnknownIssuer))(untrusted));
    let trusting = |options: &mut ClientOptions| options.ca_file = Some(authority());
    assert!(broken(TransportKind::Tls(TlsProblem::Expired))(token_failure(serve_tls(EXPIRED), trusting).await));
    let trusted = token_failure(serve_tls(GOOD), trusting).await;
    assert_eq!(trusted, TokenFailure::Unusable { status: 204, what: UnusableToken::NotJson });
    let proxy = serve_bytes(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
    let proxied = |options: &mut ClientOptions| options.proxy = Some(format!("http://127.0.0.1:{proxy}"));
    assert!(broken(TransportKind::Proxy)(token_failure(1, proxied).await));
}

#[tokio::test]
async fn old_servers_and_plain_ports_are_told_apart() {
    // A fatal alert `protocol_version` and a fatal `handshake_failure`, as TLS 1.0 servers send them.
    for alert in [b"\x15\x03\x01\x00\x02\x02\x46", b"\x15\x03\x01\x00\x02\x02\x28"] {
        assert_eq!(problem("localhost", serve_bytes(alert), true).await, Some(TlsProblem::Version));
    }
    let plain = serve_bytes(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    assert_eq!(problem("localhost", plain, true).await, Some(TlsProblem::NotTls));
}

#[tokio::test]
async fn connections_are_used_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        for _ in 0..3 {
            assert!(socket.read(&mut [0; 4096]).unwrap() > 0);
            socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").unwrap();
        }
    });
    let client = Client::http(options(&format!("http://127.0.0.1:{port}/scim")), clock()).unwrap();
    for _ in 0..3 {
        client.call(&get_request("/Users", "1")).await.result.unwrap();
    }
    server.join().unwrap();
}

#[tokio::test]
async fn a_proxy_that_refuses_the_tunnel_is_to_blame() {
    let port = serve_bytes(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
    let mut options = options("https://h.example/scim");
    options.proxy = Some(format!("http://127.0.0.1:{port}"));
    let outcome = Client::http(options, clock()).unwrap().call(&get_request("/Users", "1")).await;
    let Err(Failure::Transport { kind: TransportKind::Proxy, message }) = outcome.result else {
        panic!("{:?}", outcome.result)
    };
    assert_eq!(message, "tunnel error: proxy authorization required");
}
