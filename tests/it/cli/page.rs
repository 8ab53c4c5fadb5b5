//! `serve`'s page: named at the start, there unless it isn't wanted, never with the token.

use std::net::{TcpListener, TcpStream};

use crate::support::process::{Sandbox, Server, TOKEN, exchange, until};

fn get(port: u16, path: &str, headers: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n");
    String::from_utf8_lossy(&exchange(port, request.as_bytes()).expect("an answer")).into_owned()
}

#[test]
fn it_is_there_unless_it_is_not_wanted() {
    let sandbox = Sandbox::empty();
    let with = Server::start_in(&sandbox, "");
    let local = format!("Host: 127.0.0.1:{}\r\n", with.port);
    let page = get(with.port, "/", &local);
    assert!(page.starts_with("HTTP/1.1 200 ") && page.contains(&with.url.replace('/', "&#x2f;")), "{page}");
    assert!(!page.contains(TOKEN), "{page}");
    for headers in ["Host: evil.example\r\n", "", &format!("{local}X-Forwarded-For: 203.0.113.9\r\n")] {
        let page = get(with.port, "/", headers);
        assert!(page.starts_with("HTTP/1.1 4") && !page.contains("scim/v2"), "{headers}: {page}");
    }
    assert!(get(with.port, "/scim/v2/Users", &local).starts_with("HTTP/1.1 401 "), "the endpoint needs its token");

    let without = Server::start_in(&sandbox, "--no-page");
    for path in ["/", "/page/users", "/page/style.css"] {
        let answer = get(without.port, path, &local);
        assert!(answer.starts_with("HTTP/1.1 401 ") && answer.contains("scim:api:messages"), "{path}: {answer}");
    }
}

#[test]
fn the_line_of_the_start_names_it() {
    for (flag, named) in [("", true), ("--no-page", false)] {
        let sandbox = Sandbox::empty();
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        let started = sandbox.start(&format!("serve --listen 127.0.0.1:{port} --token-env TOKEN {flag}"));
        until("it listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        started.signal("TERM");
        let ended = started.wait().with(0);
        let page = format!("  page http://127.0.0.1:{port}/\n");
        assert_eq!(ended.stdout.ends_with(&page), named, "{}", ended.stdout);
        assert!(!ended.stdout.contains(TOKEN), "{}", ended.stdout);
    }
}
