//! The least that a server with axum can do: it answers every request with the bytes of a file,
//! `cargo run --release --example bare -- FILE CONTENT-TYPE`, and prints its address.
//!
//! `benches/endpoint.sh` compares the endpoint with it.

use std::io::{self, Write as _};
use std::process::ExitCode;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Response};
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(file), Some(kind)) = (arguments.next(), arguments.next()) else {
        drop(writeln!(io::stderr(), "usage: bare FILE CONTENT-TYPE"));
        return ExitCode::from(2);
    };
    // as many threads as `scimulate serve` has
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(scimulate::threads::workers()).enable_all().build();
    match runtime.and_then(|runtime| runtime.block_on(serve(&file, &kind))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            drop(writeln!(io::stderr(), "{error}"));
            ExitCode::FAILURE
        }
    }
}

async fn serve(file: &str, kind: &str) -> io::Result<()> {
    let body = Bytes::from(std::fs::read(file)?);
    let kind = HeaderValue::from_str(kind).map_err(io::Error::other)?;
    let answer = move || {
        let (body, kind) = (body.clone(), kind.clone());
        async move {
            let mut response = Response::new(Body::from(body));
            response.headers_mut().insert(CONTENT_TYPE, kind);
            response
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    writeln!(io::stdout(), "http://{}", listener.local_addr()?)?;
    let listener = listener.tap_io(|stream| {
        let _slower: io::Result<()> = stream.set_nodelay(true);
    });
    axum::serve(listener, Router::new().fallback(answer)).await
}
