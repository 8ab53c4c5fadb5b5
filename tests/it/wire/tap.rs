//! A tap on a line: passes bytes on and keeps those of the client.
//!
//! It is for one request after the other (concurrency 1), on however many connections: a client opens another one
//! when the last isn't free yet.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// A request as the bytes have it.
#[derive(Debug)]
pub(crate) struct Sent {
    /// Request line and headers as they were sent, but for the port.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Sent {
    pub(crate) fn method(&self) -> &str {
        self.head.split(' ').next().unwrap_or_default()
    }
}

/// What all connections brought, in the order in which it came.
type Bytes = Arc<Mutex<Vec<u8>>>;

/// Listens on a port of its own for as long as the test program runs.
pub(crate) struct Tap {
    address: SocketAddr,
    path: String,
    bytes: Bytes,
}

impl Tap {
    /// Taps what is sent to `http://HOST:PORT/PATH`.
    pub(crate) fn before(url: &str) -> Self {
        let (upstream, path) =
            url.strip_prefix("http://").and_then(|rest| rest.split_once('/')).expect("a plain URL with a path");
        let upstream: SocketAddr = upstream.parse().expect("an address");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let bytes = Bytes::default();
        let tap = Self { address, path: path.to_owned(), bytes: Arc::clone(&bytes) };
        thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.expect("a connection");
                let server = TcpStream::connect(upstream).expect("the endpoint listens");
                let (mut back_from, mut back_to) =
                    (server.try_clone().expect("a clone"), client.try_clone().expect("a clone"));
                thread::spawn(move || std::io::copy(&mut back_from, &mut back_to));
                let bytes = Arc::clone(&bytes);
                thread::spawn(move || pass_on(client, server, &bytes));
            }
        });
        tap
    }

    /// The tapped URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/{}", self.address, self.path)
    }

    /// Every request so far.
    pub(crate) fn sent(&self) -> Vec<Sent> {
        let bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        requests(&bytes, &format!("host: {}", self.address))
    }
}

/// Keeps bytes before it passes them on, so that an answer is never seen before its request.
fn pass_on(mut client: TcpStream, mut server: TcpStream, bytes: &Bytes) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = client.read(&mut buffer) {
        bytes.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&buffer[..count]);
        if server.write_all(&buffer[..count]).is_err() {
            return;
        }
    }
    // The other side may have closed first.
    let _closed: std::io::Result<()> = server.shutdown(Shutdown::Write);
}

fn requests(mut bytes: &[u8], host: &str) -> Vec<Sent> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("the end of the headers");
        let head = String::from_utf8(bytes[..end].to_vec()).expect("headers in UTF-8");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.map_or(0, |length| length.parse().expect("a length"));
        let body = bytes[end + 4..end + 4 + length].to_vec();
        bytes = &bytes[end + 4 + length..];
        all.push(Sent { head: head.replace(host, "host: [host]"), body });
    }
    all
}
