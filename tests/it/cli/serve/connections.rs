//! Clients that are slow, many, rude or gone, and the end of the server.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::support::get_json;
use crate::support::process::{Ended, Sandbox, Server, TOKEN, until};

fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(("127.0.0.1", server.port)).expect("a connection")
}

fn read(mut stream: &TcpStream) -> String {
    let mut answer = String::new();
    // A connection may end with a reset where something was left unread.
    drop(stream.read_to_string(&mut answer));
    answer
}

const USER: &str = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"late"}"#;

/// A request whose body is awaited by the server for sure: it has said so.
fn half_a_request(server: &Server) -> TcpStream {
    let mut stream = connect(server);
    let head = format!(
        "POST /scim/v2/Users HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\n\
         Content-Type: application/scim+json\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        USER.len()
    );
    stream.write_all(head.as_bytes()).expect("a head is sent");
    let mut answer = [0; 25];
    stream.read_exact(&mut answer).expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream
}

fn until_nobody_listens(server: &Server) {
    until("nobody listens any more", || TcpStream::connect(("127.0.0.1", server.port)).is_err());
}

#[test]
fn a_request_under_way_finishes_after_a_signal() {
    for signal in ["TERM", "INT"] {
        let sandbox = Sandbox::empty();
        let server = Server::start_in(&sandbox, "--data accounts.db");
        let idle = connect(&server);
        let mut stream = half_a_request(&server);
        server.signal(signal);
        until_nobody_listens(&server);
        stream.write_all(USER.as_bytes()).expect("a body is sent");
        let answer = read(&stream);
        assert!(answer.starts_with("HTTP/1.1 201 ") && answer.contains("connection: close"), "{answer}");
        let ended = server.wait().with(0);
        assert_eq!(ended.stderr, "");
        drop(idle);
        let server = Server::start_in(&sandbox, "--data accounts.db");
        assert_eq!(server.user_names(), ["late"]);
    }
}

#[test]
fn a_request_that_takes_too_long_is_cut_off_at_the_end() {
    let server = Server::start_in(&Sandbox::empty(), "--time-limit drain=50ms");
    let stream = half_a_request(&server);
    let ended = server.terminate().with(0);
    assert!(ended.stderr.contains("1 request cut off"), "{}", ended.stderr);
    assert_eq!(read(&stream), "");
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let server = Server::start_in(&Sandbox::empty(), "--time-limit drain=10m --time-limit body=10m");
    let stream = half_a_request(&server);
    server.signal("TERM");
    until_nobody_listens(&server);
    server.terminate().with(0);
    assert_eq!(read(&stream), "");
}

#[test]
fn slow_requests_are_told_so() {
    // Each limit alone, so that a slow test meets none but the one that is meant.
    let limited = |limit: &str| Server::start_in(&Sandbox::empty(), &format!("--time-limit {limit}=50ms"));
    let server = limited("head");
    let mut stream = connect(&server);
    stream.write_all(b"GET /scim/v2/Users HTTP/1.1\r\nHos").expect("half a head is sent");
    let answer = read(&stream);
    assert!(
        answer.starts_with("HTTP/1.1 408 ") && answer.contains("urn:ietf:params:scim:api:messages:2.0:Error"),
        "{answer}"
    );
    silent(server.terminate());
    let server = limited("body");
    let answer = read(&half_a_request(&server));
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("the body comes too slowly"), "{answer}");
    silent(server.terminate());
    let server = limited("idle");
    assert_eq!(read(&connect(&server)), "", "idle");
    silent(server.terminate());
}

#[test]
fn too_much_is_refused() {
    let server = Server::start();
    let answer = |headers: &str| {
        let mut stream = connect(&server);
        let head = format!(
            "GET /scim/v2/Users HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n{headers}\r\n"
        );
        // It may be refused before all of it was sent.
        drop(stream.write_all(head.as_bytes()));
        read(&stream)
    };
    assert!(answer("").starts_with("HTTP/1.1 200 "));
    assert!(answer(&"X: 1\r\n".repeat(70)).starts_with("HTTP/1.1 431 "));
    assert!(answer(&format!("X: {}\r\n", "x".repeat(33 * 1024))).starts_with("HTTP/1.1 431 "));
    let announced = answer("Content-Length: 9999999999\r\n");
    assert!(announced.starts_with("HTTP/1.1 200 "), "a GET's body is nobody's business: {announced}");
    let mut stream = connect(&server);
    let head = format!(
        "POST /scim/v2/Users HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 9999999999\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("a head is sent");
    assert!(read(&stream).starts_with("HTTP/1.1 413 "));
    silent(server.terminate());
}

#[test]
fn more_connections_than_there_is_room_for_wait_their_turn() {
    let server = Server::start_in(&Sandbox::empty(), "--max-connections 4");
    let request = format!("GET /scim/v2/Users HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {TOKEN}\r\n\r\n");
    let streams: Vec<_> = (0..12)
        .map(|_| {
            let mut stream = connect(&server);
            stream.write_all(request.as_bytes()).expect("a request is sent");
            stream
        })
        .collect();
    for mut stream in streams {
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).expect("an answer");
        assert_eq!(&answer, b"HTTP/1.1 200");
    }
    silent(server.terminate());
}

#[test]
fn running_out_of_files_is_survived() {
    let sandbox = Sandbox::empty();
    let program = sandbox.command("").get_program().to_owned();
    let mut shell = std::process::Command::new("sh");
    shell.env_clear().env("TOKEN", TOKEN).current_dir(sandbox.folder());
    shell.args(["-c", "ulimit -n 30; exec \"$0\" serve --listen 127.0.0.1:0 --token-env TOKEN --output json"]);
    let server = Server::start_with(shell.arg(program));
    let idle: Vec<_> = (0..50).map(|_| connect(&server)).collect();
    get_json(server.port, "/scim/v2/Users", TOKEN).expect("an answer");
    drop(idle);
    let ended = server.terminate().with(0);
    assert_eq!(ended.stderr.matches("no connection can be accepted").count(), 1, "{}", ended.stderr);
}

#[test]
fn clients_that_go_away_leave_no_trace() {
    let server = Server::start();
    for bytes in [
        &b""[..],
        b"GET /scim/v2/Us",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"nonsense\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"POST /scim/v2/Users HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"POST /scim/v2/Users HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ] {
        let mut stream = connect(&server);
        stream.write_all(bytes).expect("bytes are sent");
        drop(stream);
        // One that has seen the answer, or half of it.
        let mut stream = connect(&server);
        stream.write_all(bytes).expect("bytes are sent");
        stream.shutdown(std::net::Shutdown::Write).expect("a half-closed connection");
        drop(stream.read(&mut [0; 8]));
    }
    drop(half_a_request(&server));
    assert_eq!(server.accounts(), Vec::<serde_json::Value>::new());
    silent(server.terminate());
}

#[track_caller]
fn silent(ended: Ended) {
    let ended = ended.with(0);
    assert_eq!(ended.stderr, "");
}
