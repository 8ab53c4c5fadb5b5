//! Connections over a pipe in memory, on a clock that jumps: what takes too long takes no time here.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::Response;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use futures_util::{StreamExt as _, stream};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::super::connection::{Mood, Shared};
use crate::target::answer::NoAnswer;
use crate::target::body::read_bytes;
use crate::target::server::*;

const SECOND: Duration = Duration::from_secs(1);

struct Connected {
    client: DuplexStream,
    mood: watch::Sender<Mood>,
    task: JoinHandle<()>,
    gate: Arc<Notify>,
    begun: Instant,
}

/// A connection to a server with a few routes.
fn connect() -> Connected {
    let gate = Arc::new(Notify::new());
    let opened = Arc::clone(&gate);
    let router = Router::new()
        .route("/", get(async || "here"))
        .route("/large", get(async || "x".repeat(1024 * 1024)))
        .route("/body", post(body))
        .route("/silent", get(silent))
        .route(
            "/held",
            get(async move || {
                opened.notified().await;
                "let go"
            }),
        );
    let shared = Shared::new(router, None, Limits::default());
    let (client, server) = duplex(64 * 1024);
    let (mood, moods) = watch::channel(Mood::Open);
    let task = tokio::spawn(async move { shared.serve(server, moods).await });
    Connected { client, mood, task, gate, begun: Instant::now() }
}

async fn body(request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    match read_bytes(&parts.headers, body, usize::MAX).await {
        Ok(bytes) => bytes.len().to_string().into_response(),
        Err(problem) => problem.into_response(),
    }
}

async fn silent() -> Response<Body> {
    let mut response = "never seen".into_response();
    response.extensions_mut().insert(NoAnswer);
    response
}

async fn endless() -> Body {
    let first = stream::once(async { Ok::<_, std::io::Error>("first") });
    Body::from_stream(first.chain(stream::pending()))
}

impl Connected {
    async fn send(&mut self, text: &str) {
        self.client.write_all(text.as_bytes()).await.unwrap();
    }

    /// One answer with this body.
    async fn answer(&mut self, body: &str) -> String {
        let mut text = String::new();
        while !text.ends_with(&format!("\r\n\r\n{body}")) {
            let mut bytes = [0; 4096];
            let count = self.client.read(&mut bytes).await.unwrap();
            assert!(count > 0, "{text}");
            text.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
        }
        text
    }

    /// All that still comes, and how long after the beginning the connection was closed.
    async fn rest(mut self) -> (String, Duration) {
        let mut bytes = Vec::new();
        self.client.read_to_end(&mut bytes).await.unwrap();
        let elapsed = self.begun.elapsed();
        drop(self.client);
        self.task.await.unwrap();
        (String::from_utf8(bytes).unwrap(), elapsed)
    }
}

const GET: &str = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

#[track_caller]
fn about(elapsed: Duration, expected: Duration) {
    let tolerance = Duration::from_millis(50);
    assert!(elapsed >= expected && elapsed < expected + tolerance, "{elapsed:?} for {expected:?}");
}

#[tokio::test(start_paused = true)]
async fn a_head_that_stops_halfway_is_408() {
    let mut connected = connect();
    sleep(10 * SECOND).await;
    connected.send("GET / HTTP/1.1\r\nHos").await;
    let (answer, elapsed) = connected.rest().await;
    assert!(answer.starts_with("HTTP/1.1 408 Request Timeout\r\n") && answer.contains("too slowly"), "{answer}");
    about(elapsed, 25 * SECOND);
}

/// Whoever keeps a connection busy doesn't keep it from others.
#[tokio::test(start_paused = true)]
async fn in_a_crowd_each_connection_ends_with_its_next_answer() {
    let mut connected = connect();
    connected.send(GET).await;
    assert!(!connected.answer("here").await.contains("connection: close"));
    connected.send("GET /held HTTP/1.1\r\nHost: h\r\n\r\n").await;
    sleep(SECOND).await;
    connected.mood.send_replace(Mood::Crowded);
    sleep(SECOND).await;
    connected.gate.notify_one();
    let (answer, elapsed) = connected.rest().await;
    assert!(answer.contains("connection: close") && answer.ends_with("let go"), "{answer}");
    about(elapsed, 2 * SECOND);
    // Once there is room again, connections are kept.
    let mut connected = connect();
    connected.mood.send_replace(Mood::Crowded);
    sleep(SECOND / 2).await;
    connected.mood.send_replace(Mood::Open);
    sleep(SECOND / 2).await;
    connected.send(GET).await;
    assert!(!connected.answer("here").await.contains("connection: close"));
}

#[tokio::test(start_paused = true)]
async fn a_head_that_drips_is_408() {
    let mut connected = connect();
    connected.send(GET).await;
    connected.answer("here").await;
    let begun = Instant::now();
    for byte in "GET / HTTP/1.1\r\nHost: a-rather-long-name.example".chars() {
        if connected.client.write_all(&[byte as u8]).await.is_err() {
            break;
        }
        sleep(SECOND).await;
    }
    let (answer, _) = connected.rest().await;
    assert!(answer.contains(" 408 "), "{answer}");
    assert!(begun.elapsed() < 20 * SECOND, "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_kept_for_a_while() {
    let mut connected = connect();
    for _ in 0..3 {
        connected.send(GET).await;
        connected.answer("here").await;
        sleep(74 * SECOND).await;
    }
    let (rest, elapsed) = connected.rest().await;
    assert_eq!(rest, "");
    about(elapsed, (2 * 74 + 75) * SECOND);
    let (rest, elapsed) = connect().rest().await;
    assert_eq!(rest, "", "nothing was ever sent");
    about(elapsed, 75 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn idle_connections_make_room_for_others() {
    let mut connected = connect();
    connected.send(GET).await;
    connected.answer("here").await;
    sleep(10 * SECOND).await;
    connected.mood.send_replace(Mood::Crowded);
    about(connected.rest().await.1, 10 * SECOND);
    // One that was made this moment is given the time to say something, once.
    let mut connected = connect();
    connected.mood.send_replace(Mood::Crowded);
    sleep(SECOND / 2).await;
    connected.send(GET).await;
    let (answer, elapsed) = connected.rest().await;
    assert!(answer.contains("connection: close") && answer.ends_with("here"), "{answer}");
    about(elapsed, SECOND / 2);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stops_or_drips_is_408_and_a_steady_one_is_taken() {
    let head = |length: usize| format!("POST /body HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n");
    let mut connected = connect();
    connected.send(&(head(100) + "half")).await;
    let (answer, elapsed) = connected.rest().await;
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("the body comes too slowly"), "{answer}");
    about(elapsed, 15 * SECOND);

    let mut connected = connect();
    connected.send(&head(100)).await;
    while connected.client.write_all(b"x").await.is_ok() && connected.begun.elapsed() < 99 * SECOND {
        sleep(SECOND).await;
    }
    let (answer, _) = connected.rest().await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");

    let mut connected = connect();
    connected.send(&head(60 * 16 * 1024)).await;
    for _ in 0..60 {
        connected.send(&"x".repeat(16 * 1024)).await;
        sleep(SECOND).await;
    }
    connected.answer("983040").await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_nothing_is_given_up() {
    let mut connected = connect();
    connected.send("GET /large HTTP/1.1\r\nHost: h\r\n\r\n").await;
    (&mut connected.task).await.unwrap();
    about(connected.begun.elapsed(), 30 * SECOND);
    // One that is merely slow gets everything.
    let mut connected = connect();
    connected.send("GET /large HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").await;
    let mut count = 0;
    let mut bytes = vec![0; 64 * 1024];
    loop {
        sleep(20 * SECOND).await;
        match connected.client.read(&mut bytes).await.unwrap() {
            0 => break,
            more => count += more,
        }
    }
    assert!(count > 1024 * 1024, "{count}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_may_take_its_time() {
    let mut connected = connect();
    connected.send("GET /held HTTP/1.1\r\nHost: h\r\n\r\n").await;
    sleep(1000 * SECOND).await;
    connected.gate.notify_one();
    connected.answer("let go").await;
    about(connected.rest().await.1, 1075 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn too_large_a_head_is_431() {
    let header = |number: usize| format!("X-{number}: 1\r\n");
    for (head, told) in [
        ((0..64).map(header).collect::<String>(), "at most 64"),
        ((0..200).map(header).collect(), ""),
        (format!("X: {}\r\n", "x".repeat(40 * 1024)), "at most 32768 bytes"),
        (format!("X: {}\r\n", "x".repeat(80 * 1024)), ""),
    ] {
        let mut connected = connect();
        let request = format!("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{head}\r\n");
        let (mut reader, mut writer) = tokio::io::split(connected.client);
        let sending = tokio::spawn(async move { writer.write_all(request.as_bytes()).await });
        let mut answer = String::new();
        reader.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n"), "{answer}");
        assert!(answer.contains(told), "{answer}");
        drop(reader);
        // All of it may have been taken, or not.
        let _taken: std::io::Result<()> = sending.await.unwrap();
        connected.client = duplex(1).0;
        connected.task.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn no_answer_is_no_answer() {
    let mut connected = connect();
    connected.send("GET /silent HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert_eq!(connected.rest().await.0, "");
}

#[tokio::test(start_paused = true)]
async fn at_the_end_requests_under_way_finish() {
    let mut connected = connect();
    connected.send("GET /held HTTP/1.1\r\nHost: h\r\n\r\n").await;
    sleep(SECOND).await;
    connected.mood.send_replace(Mood::Stopping);
    sleep(SECOND).await;
    connected.gate.notify_one();
    let (answer, _) = connected.rest().await;
    assert!(answer.ends_with("let go"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");

    let mut idle = connect();
    idle.send(GET).await;
    idle.answer("here").await;
    idle.mood.send_replace(Mood::Stopping);
    about(idle.rest().await.1, Duration::ZERO);

    let mut held = connect();
    held.send("GET /held HTTP/1.1\r\nHost: h\r\n\r\n").await;
    sleep(SECOND).await;
    held.mood.send_replace(Mood::Over);
    assert_eq!(held.rest().await.0, "");
}

#[tokio::test]
async fn an_answer_that_is_still_made_is_under_way() {
    let router = Router::new().route("/", get(endless));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let limits = Limits { drain_timeout: Duration::from_millis(20), ..Limits::default() };
    let end = Arc::new(Notify::new());
    let ending = Arc::clone(&end);
    let server = tokio::spawn(async move { serve(listener, router, None, limits, ending.notified()).await });
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(GET.as_bytes()).await.unwrap();
    let mut answer = String::new();
    while !answer.contains("first") {
        let mut bytes = [0; 1024];
        let count = client.read(&mut bytes).await.unwrap();
        answer.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
    }
    end.notify_one();
    assert_eq!(server.await.unwrap(), 1);
}

#[tokio::test]
async fn the_end_waits_for_requests_and_not_for_ever() {
    let entered = Arc::new(Notify::new());
    let entering = Arc::clone(&entered);
    let router = Router::new().route(
        "/",
        get(async move || {
            entering.notify_one();
            std::future::pending::<()>().await;
        }),
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let limits = Limits { drain_timeout: Duration::from_millis(20), ..Limits::default() };
    let end = async move { entered.notified().await };
    let server = tokio::spawn(async move { serve(listener, router, None, limits, end).await });
    let _idle = TcpStream::connect(address).await.unwrap();
    let mut stuck = TcpStream::connect(address).await.unwrap();
    stuck.write_all(GET.as_bytes()).await.unwrap();
    assert_eq!(server.await.unwrap(), 1);
    assert_eq!(stuck.read(&mut [0; 100]).await.unwrap_or_default(), 0);
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

#[test]
fn a_long_body_holds_up_nobody_else() {
    let (tell, told) = std::sync::mpsc::channel();
    let told = Arc::new(std::sync::Mutex::new(told));
    let reads = move || {
        let told = Arc::clone(&told);
        // as if it parsed the body until the other request was answered
        async move { told.lock().unwrap().recv_timeout(30 * SECOND).unwrap() }
    };
    let answers = move || {
        let tell = tell.clone();
        async move { tell.send("both").unwrap() }
    };
    let router = Router::new().route("/long", post(reads)).route("/other", get(answers));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let answer = runtime.block_on(async {
        let shared = Arc::new(Shared::new(router, None, Limits::default()));
        let (_mood, moods) = watch::channel(Mood::Open);
        let open = || {
            let (client, server) = duplex(1024);
            let (shared, moods) = (Arc::clone(&shared), moods.clone());
            tokio::spawn(async move { shared.serve(server, moods).await });
            client
        };
        let (mut long, mut other) = (open(), open());
        long.write_all(b"POST /long HTTP/1.1\r\nHost: h\r\nContent-Length: 300000\r\n\r\n").await.unwrap();
        other.write_all(b"GET /other HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
        let mut answer = [0; 15];
        long.read_exact(&mut answer).await.unwrap();
        answer
    });
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
}
