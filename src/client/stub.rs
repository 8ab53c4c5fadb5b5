//! A server for tests that answers with exactly the bytes it is given.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::{Client, ClientOptions, Rate, Token};
use crate::clock::Clock;
use crate::scim::TenantUrl;

/// What one connection gets.
pub(super) enum Reply {
    /// Bytes, then the end of the connection.
    Close(String),
    /// Bytes, then nothing until the client goes.
    Hang(String),
}

/// A whole answer with a body and further header lines.
pub(super) fn answer(status: u16, headers: &[&str], body: &str) -> Reply {
    let headers: String = headers.iter().flat_map(|line| [*line, "\r\n"]).collect();
    let length = body.len();
    Reply::Close(format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}"))
}

/// A running server: one connection for each reply, in order, then none.
pub(super) struct Stub {
    pub(super) port: u16,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Stub {
    pub(super) fn start(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        thread::spawn(move || {
            for reply in replies {
                let Ok((mut stream, _)) = listener.accept() else { return };
                // Whoever looks at what was seen doesn't wait for a request.
                let request = read_request(&mut stream);
                seen.lock().unwrap().push(request);
                let (Reply::Close(text) | Reply::Hang(text)) = &reply;
                stream.write_all(text.as_bytes()).unwrap();
                if matches!(reply, Reply::Hang(_)) {
                    let mut rest = Vec::new();
                    stream.read_to_end(&mut rest).ok();
                }
            }
        });
        Self { port, requests }
    }

    /// The requests so far, as they came.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// Options of a client for this server.
    pub(super) fn options(&self) -> ClientOptions {
        options(&format!("http://127.0.0.1:{}/scim", self.port))
    }

    /// A client of this server on a virtual clock.
    pub(super) fn client(&self) -> Client {
        Client::http(self.options(), clock()).unwrap()
    }
}

pub(super) fn options(tenant_url: &str) -> ClientOptions {
    let mut options =
        ClientOptions::new(TenantUrl::parse(tenant_url, false).unwrap(), Token::from_text("s3cr3t").unwrap());
    options.rate = Rate::Unlimited;
    options.timeout = Duration::from_secs(5);
    options
}

pub(super) fn clock() -> Clock {
    Clock::starting_at("2026-03-01T10:00:00Z".parse().unwrap())
}

fn read_request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer).unwrap();
        bytes.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&bytes).to_ascii_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
            if body.len() >= length {
                return String::from_utf8(bytes).unwrap();
            }
        }
        assert!(count > 0, "the request ended early: {text}");
    }
}
