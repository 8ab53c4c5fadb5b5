//! Creates users at an endpoint at a fixed rate and says how long that took:
//! `BENCH_TOKEN=… cargo run --release --example load -- --url http://127.0.0.1:8080/scim/v2 --rate 2500
//! [--seconds 10] [--connections 32] [--prefix NAME]`.
//!
//! The loop is open: a request has its moment, whatever became of those before, and its time is taken from that moment
//! on. A server that stops for a second makes every request of that second late, not one. Prints a JSON object.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const USAGE: &str = "usage: load --url URL --rate N [--seconds N] [--connections N] [--prefix NAME]";

struct Options {
    address: String,
    path: String,
    rate: f64,
    seconds: f64,
    connections: usize,
    prefix: String,
    token: String,
}

fn main() -> ExitCode {
    let outcome =
        options(std::env::args().skip(1)).and_then(|options| run(&options).map_err(|error| error.to_string()));
    match outcome {
        Ok(report) => {
            drop(writeln!(io::stdout(), "{report}"));
            ExitCode::SUCCESS
        }
        Err(message) => {
            drop(writeln!(io::stderr(), "{message}"));
            ExitCode::from(2)
        }
    }
}

fn options(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    #[expect(clippy::disallowed_methods, reason = "secrets are for the environment")]
    let token = std::env::var("BENCH_TOKEN").unwrap_or_default();
    let mut options = Options {
        address: String::new(),
        path: String::new(),
        rate: 0.0,
        seconds: 10.0,
        connections: 32,
        prefix: "load".to_owned(),
        token,
    };
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{name} needs a value\n{USAGE}"))?;
        let wrong = || format!("{name} can't be \"{value}\"\n{USAGE}");
        match name.as_str() {
            "--url" => {
                let rest = value.strip_prefix("http://").ok_or_else(wrong)?;
                let (address, path) = rest.split_once('/').unwrap_or((rest, ""));
                address.clone_into(&mut options.address);
                options.path.push_str(format!("/{path}").trim_end_matches('/'));
            }
            "--rate" => options.rate = value.parse().map_err(|_| wrong())?,
            "--seconds" => options.seconds = value.parse().map_err(|_| wrong())?,
            "--connections" => options.connections = value.parse().map_err(|_| wrong())?,
            "--prefix" => options.prefix = value,
            _ => return Err(format!("unknown option {name}\n{USAGE}")),
        }
    }
    if options.address.is_empty() || options.rate <= 0.0 || options.seconds <= 0.0 || options.connections == 0 {
        return Err(USAGE.to_owned());
    }
    Ok(options)
}

fn run(options: &Options) -> io::Result<String> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive number of requests")]
    let count = (options.rate * options.seconds) as u32;
    let next = AtomicU32::new(0);
    let connections: Vec<_> =
        (0..options.connections).map(|_| TcpStream::connect(&options.address)).collect::<Result<_, _>>()?;
    #[expect(clippy::disallowed_methods, reason = "this measures")]
    let begun = Instant::now();
    let outcomes = std::thread::scope(|scope| {
        let workers: Vec<_> = connections
            .into_iter()
            .map(|connection| scope.spawn(|| work(options, connection, begun, &next, count)))
            .collect();
        workers.into_iter().map(|worker| worker.join().expect("a worker doesn't panic")).collect::<Vec<_>>()
    });
    let took = begun.elapsed();
    let (mut times, mut failed) = (Vec::new(), 0);
    for outcome in outcomes {
        let (more, failures) = outcome?;
        times.extend(more);
        failed += failures;
    }
    times.sort_unstable();
    let at = |per_mille: usize| {
        let time = times.get((times.len() * per_mille / 1000).min(times.len().saturating_sub(1)));
        time.copied().unwrap_or_default().as_secs_f64() * 1000.0
    };
    Ok(format!(
        "{{\"requests\":{},\"failed\":{failed},\"rate\":{:.0},\"p50Ms\":{:.2},\"p90Ms\":{:.2},\"p99Ms\":{:.2},\
         \"p999Ms\":{:.2},\"maxMs\":{:.2}}}",
        times.len(),
        f64::from(count) / took.as_secs_f64(),
        at(500),
        at(900),
        at(990),
        at(999),
        at(1000),
    ))
}

/// Sends what comes next at its moment, until nothing does.
fn work(
    options: &Options,
    connection: TcpStream,
    begun: Instant,
    next: &AtomicU32,
    count: u32,
) -> io::Result<(Vec<Duration>, u64)> {
    connection.set_nodelay(true)?;
    let mut answers = BufReader::new(connection.try_clone()?);
    let mut requests = connection;
    let (mut times, mut failed) = (Vec::new(), 0);
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= count {
            return Ok((times, failed));
        }
        let moment = Duration::from_secs_f64(f64::from(number) / options.rate);
        std::thread::sleep(moment.saturating_sub(begun.elapsed()));
        requests.write_all(request(options, number).as_bytes())?;
        let status = read_answer(&mut answers)?;
        times.push(begun.elapsed().saturating_sub(moment));
        failed += u64::from(status != 201);
    }
}

fn request(options: &Options, number: u32) -> String {
    let Options { address, path, prefix, token, .. } = options;
    let user = format!(
        "{{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],\"active\":true,\"displayName\":\"Ann Huber \
         {number}\",\"title\":\"Engineer\",\"emails\":[{{\"primary\":true,\"type\":\"work\",\"value\":\
         \"{prefix}.{number}@contoso.com\"}}],\"preferredLanguage\":\"de-CH\",\"name\":{{\"givenName\":\"Ann\",\
         \"familyName\":\"Huber\",\"formatted\":\"Ann Huber\"}},\"userName\":\"{prefix}.{number}@contoso.com\",\
         \"externalId\":\"{prefix}.{number}\",\"meta\":{{\"resourceType\":\"User\"}}}}"
    );
    format!(
        "POST {path}/Users HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/scim+json; charset=utf-8\r\nContent-Length: {}\r\n\r\n{user}",
        user.len()
    )
}

/// Reads an answer to its end; what it says is its status.
fn read_answer(answers: &mut BufReader<TcpStream>) -> io::Result<u16> {
    let mut line = String::new();
    answers.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| io::Error::other(format!("no answer but {line:?}")))?;
    let mut length = 0;
    loop {
        line.clear();
        answers.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap_or_default();
        }
    }
    io::copy(&mut answers.by_ref().take(length), &mut io::sink())?;
    Ok(status)
}
