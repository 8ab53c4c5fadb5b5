//! An endpoint that misbehaves: it stands before a good one and spoils some of its answers.

#![expect(clippy::unwrap_used, reason = "a test that can't be set up fails")]

use std::io::{BufRead, BufReader, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::process::{Server, exchange, until};

/// A request as the endpoint sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// Path and query, as sent.
    pub(crate) path: String,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Seen {
    /// The query that every cycle begins with asks for a random GUID.
    pub(crate) fn is_test_query(&self) -> bool {
        self.method == "GET" && self.path.contains("filter=userName") && !self.path.contains("%40")
    }

    pub(crate) fn is_lookup(&self) -> bool {
        self.method == "GET" && self.path.contains("filter=userName") && self.path.contains("%40")
    }
}

/// What the stub does with a request.
#[derive(Debug, Clone)]
pub(crate) enum Deed {
    /// Hands it to the good endpoint.
    Pass,
    /// Answers by itself: status line, further headers (each with its line end) and body.
    Answer(&'static str, &'static str, String),
    /// Answers with exactly these bytes.
    Bytes(&'static [u8]),
    /// Hands it on, and answers something else.
    PassAndAnswer(&'static str),
    /// Hands it on, and closes the connection in the middle of the answer.
    PassAndCut,
    /// Closes the connection without a word.
    Cut,
    /// Hands it on after a while.
    Late(Duration),
    /// Hands it on once the stub is told to behave in another way.
    Held,
}

type Behaviour = Arc<dyn Fn(&Seen) -> Deed + Send + Sync>;

struct Inner {
    /// Where the good endpoint is.
    port: AtomicU16,
    behaviour: Mutex<Behaviour>,
    seen: Mutex<Vec<Seen>>,
    under_way: AtomicUsize,
}

/// The stub; it listens as long as the test process runs.
pub(crate) struct Stub {
    inner: Arc<Inner>,
    pub(crate) url: String,
}

impl Stub {
    /// Stands before a good endpoint.
    pub(crate) fn before(server: &Server, behaviour: impl Fn(&Seen) -> Deed + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/scim/v2", listener.local_addr().unwrap());
        let inner = Arc::new(Inner {
            port: AtomicU16::new(server.port),
            behaviour: Mutex::new(Arc::new(behaviour)),
            seen: Mutex::new(Vec::new()),
            under_way: AtomicUsize::new(0),
        });
        let serving = Arc::clone(&inner);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let inner = Arc::clone(&serving);
                // A client that hangs up is part of the game.
                inner.under_way.fetch_add(1, Ordering::SeqCst);
                thread::spawn(move || {
                    drop(inner.serve(&stream));
                    inner.under_way.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self { inner, url }
    }

    /// Stands before a good endpoint and holds the requests with this method.
    pub(crate) fn holding(method: &'static str, server: &Server) -> Self {
        let stub = Self::before(server, |_| Deed::Pass);
        stub.hold(method);
        stub
    }

    /// From now on it stands before this one.
    pub(crate) fn move_before(&self, server: &Server) {
        self.inner.port.store(server.port, Ordering::SeqCst);
    }

    /// From now on it does this.
    pub(crate) fn behave(&self, behaviour: impl Fn(&Seen) -> Deed + Send + Sync + 'static) {
        *self.inner.behaviour.lock().unwrap() = Arc::new(behaviour);
    }

    /// From now on it holds the requests with this method.
    pub(crate) fn hold(&self, method: &'static str) {
        self.behave(move |seen| if seen.method == method { Deed::Held } else { Deed::Pass });
    }

    /// From now on it is good.
    pub(crate) fn mend(&self) {
        self.behave(|_| Deed::Pass);
    }

    /// What was seen since the last time, in order of arrival.
    pub(crate) fn take_seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.inner.seen.lock().unwrap())
    }

    /// Waits until nothing is under way any more.
    pub(crate) fn wait_until_idle(&self) {
        until("no request is under way", || self.inner.under_way.load(Ordering::SeqCst) == 0);
    }

    /// How many requests with this method were seen so far.
    pub(crate) fn count(&self, method: &str) -> usize {
        self.inner.seen.lock().unwrap().iter().filter(|seen| seen.method == method).count()
    }
}

impl Inner {
    fn pass(&self, raw: &[u8]) -> std::io::Result<Vec<u8>> {
        exchange(self.port.load(Ordering::SeqCst), raw)
    }

    fn serve(&self, stream: &TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream);
        let Some((seen, raw)) = read_request(&mut reader)? else { return Ok(()) };
        let behaviour = Arc::clone(&self.behaviour.lock().unwrap());
        self.seen.lock().unwrap().push(seen.clone());
        let mut out = stream;
        match behaviour(&seen) {
            Deed::Pass => out.write_all(&self.pass(&raw)?),
            Deed::Answer(status, headers, body) => out.write_all(answer(status, headers, &body).as_bytes()),
            Deed::Bytes(bytes) => out.write_all(bytes),
            Deed::PassAndAnswer(status) => {
                self.pass(&raw)?;
                out.write_all(answer(status, "", "").as_bytes())
            }
            Deed::PassAndCut => {
                let answer = self.pass(&raw)?;
                out.write_all(&answer[..answer.len() - 10])?;
                stream.shutdown(Shutdown::Both)
            }
            Deed::Cut => stream.shutdown(Shutdown::Both),
            Deed::Late(time) => {
                thread::sleep(time);
                out.write_all(&self.pass(&raw)?)
            }
            Deed::Held => {
                until("held requests go on", || !Arc::ptr_eq(&behaviour, &self.behaviour.lock().unwrap()));
                out.write_all(&self.pass(&raw)?)
            }
        }
    }
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

/// Reads one request; the second part is what goes to the good endpoint. Every connection is closed
/// after one answer, which keeps this simple.
fn read_request(reader: &mut impl BufRead) -> std::io::Result<Option<(Seen, Vec<u8>)>> {
    let mut head = String::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        if line == "\r\n" {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().expect("a length");
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let mut words = head.split_whitespace().map(ToOwned::to_owned);
    let (method, path) = (words.next().expect("a method"), words.next().expect("a path"));
    let mut raw = format!("{head}Connection: close\r\n\r\n").into_bytes();
    raw.extend_from_slice(&body);
    Ok(Some((Seen { method, path, head, body: String::from_utf8(body).expect("UTF-8") }, raw)))
}
