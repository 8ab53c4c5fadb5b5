//! `run --metrics`: what Prometheus and whoever watches over the process are told.

use std::net::TcpListener;

use serde_json::{Value, json};

use crate::support::process::{Sandbox, Server, Started, exchange, until};
use crate::support::stub::{Deed, Stub};

/// Where a run says that its metrics are.
#[track_caller]
fn port(run: &mut Started) -> u16 {
    run.until_told("/metrics, health at ");
    let told = run.told();
    let rest = told.split_once("Metrics are at http://127.0.0.1:").expect("an address").1;
    rest.split_once('/').expect("a path").0.parse().expect("a port")
}

/// Status line, headers and body of an answer.
fn ask(port: u16, line: &str, host: &str) -> (u16, String, String) {
    let request = format!("{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    let answer = String::from_utf8(exchange(port, request.as_bytes()).expect("an answer")).expect("text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, head.to_lowercase(), body.to_owned())
}

fn health(port: u16) -> (u16, Value) {
    let (status, _, body) = ask(port, "GET /healthz", "localhost");
    (status, serde_json::from_str(&body).expect("JSON"))
}

/// The value of a sample.
#[track_caller]
fn value(port: u16, sample: &str) -> f64 {
    let (status, _, page) = ask(port, "GET /metrics", &format!("127.0.0.1:{port}"));
    assert_eq!(status, 200);
    value_in(&page, sample).unwrap_or_else(|| panic!("no {sample}\n{page}"))
}

fn value_in(page: &str, sample: &str) -> Option<f64> {
    let value = page.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '))?;
    Some(value.parse().expect("a number"))
}

#[test]
fn a_run_tells_how_it_gets_on() {
    let server = Server::start();
    let stub = Stub::holding("POST", &server);
    let sandbox = Sandbox::with_users(3, &stub.url);
    let mut run = sandbox.start("run --interval 1h --metrics localhost:0");
    let port = port(&mut run);
    until("it writes", || stub.count("POST") > 0);
    let (status, document) = health(port);
    assert_eq!((status, &document["status"], &document["lastCycle"]), (200, &json!("starting"), &Value::Null));
    for (sample, expected) in [
        ("scimulate_cycle_running{kind=\"initial\"}", 1.0),
        ("scimulate_cycle_due_objects", 3.0),
        ("scimulate_cycle_done_objects", 0.0),
        ("scimulate_requests_total{method=\"GET\",status=\"2xx\"}", 4.0),
        ("scimulate_job_state{state=\"not-run\"}", 1.0),
    ] {
        until(sample, || value(port, sample).to_string() == expected.to_string());
    }
    stub.mend();
    until("the cycle ended", || health(port).1["nextCycle"] != Value::Null);
    let (status, document) = health(port);
    assert_eq!((status, &document["status"], &document["state"]), (200, &json!("ok"), &json!("active")));
    assert_eq!((&document["lastCycle"]["kind"], &document["lastCycle"]["failed"]), (&json!("initial"), &json!(0)));
    for (sample, expected) in [
        ("scimulate_cycles_total{kind=\"initial\",outcome=\"completed\"}", 1.0),
        ("scimulate_cycle_running{kind=\"initial\"}", 0.0),
        ("scimulate_objects_total{type=\"User\",action=\"create\"}", 3.0),
        ("scimulate_requests_total{method=\"POST\",status=\"2xx\"}", 3.0),
        ("scimulate_request_duration_seconds_count{method=\"POST\"}", 3.0),
        ("scimulate_request_duration_seconds_bucket{method=\"POST\",le=\"+Inf\"}", 3.0),
        ("scimulate_linked_objects{type=\"User\"}", 3.0),
        ("scimulate_job_state{state=\"active\"}", 1.0),
    ] {
        assert_eq!(value(port, sample).to_string(), expected.to_string(), "{sample}");
    }
    assert!(
        value(port, "scimulate_next_cycle_timestamp_seconds")
            > value(port, "scimulate_last_cycle_end_timestamp_seconds")
    );
    let (_, head, page) = ask(port, "GET /metrics", "127.0.0.1");
    assert!(head.contains("content-type: text/plain; version=0.0.4; charset=utf-8"), "{head}");
    assert!(!page.contains("contoso.com"), "nobody is named: {page}");

    // Nobody else's pages read it, and nothing else is there.
    for (line, host, expected) in [
        ("GET /metrics", "evil.example", 421),
        ("GET /healthz", &format!("evil.example:{port}"), 421),
        ("GET http://evil.example/metrics", "localhost", 421),
        ("GET /", "localhost", 404),
        ("POST /metrics", "localhost", 405),
    ] {
        assert_eq!(ask(port, line, host).0, expected, "{line} {host}");
    }
    run.signal("INT");
    run.wait().with(130);

    // The next run knows of the cycle before it, from the start: it may be that none gets through any more.
    let before = value_in(&page, "scimulate_last_completed_cycle_end_timestamp_seconds").expect("it got through");
    stub.hold("GET");
    let mut run = sandbox.start("run --interval 1h --metrics localhost:0");
    let port = self::port(&mut run);
    until("a cycle is under way", || value(port, "scimulate_cycle_running{kind=\"incremental\"}") > 0.0);
    for sample in ["scimulate_last_completed_cycle_end_timestamp_seconds", "scimulate_last_cycle_end_timestamp_seconds"]
    {
        assert_eq!(value(port, sample).to_string(), before.to_string(), "{sample}");
    }
    let (_, document) = health(port);
    assert_eq!((&document["status"], &document["lastCycle"]["kind"]), (&json!("starting"), &json!("initial")));
    stub.mend();
    until("the next cycle ended", || health(port).1["lastCycle"]["kind"] == "incremental");
    run.signal("INT");
    run.wait().with(130);
}

#[test]
fn a_run_that_waits_notices_what_others_do_to_the_job() {
    let server = Server::start();
    let stub = Stub::before(&server, |request| {
        if request.method == "POST" {
            return Deed::Answer("400 Bad Request", "", String::new());
        }
        Deed::Pass
    });
    let sandbox = Sandbox::with_users(3, &stub.url);
    let mut run = sandbox.start("run --interval 1h --metrics localhost:0");
    let port = port(&mut run);
    until("a cycle ended", || health(port).1["nextCycle"] != Value::Null);
    assert_eq!(value(port, "scimulate_escrow_objects{part=\"export\"}").to_string(), "3");
    sandbox.run("pause").with(0);
    until("it is told that the job is paused", || health(port).0 == 503);
    let (_, document) = health(port);
    assert_eq!((&document["state"], &document["nextCycle"]), (&json!("paused"), &Value::Null));
    let (_, _, page) = ask(port, "GET /metrics", "localhost");
    assert!(!page.contains("scimulate_next_cycle_timestamp_seconds"), "none is to come: {page}");
    sandbox.run("start").with(0);
    until("the next cycle is due again", || health(port).1["nextCycle"] != Value::Null);
    // The state of the job is the same before and after.
    sandbox.run("restart --reset-scope Escrows").with(0);
    until("nothing waits any more", || value(port, "scimulate_escrow_objects{part=\"export\"}") == 0.0);
    run.signal("INT");
    run.wait().with(130);
}

#[test]
fn a_job_in_quarantine_is_not_healthy() {
    let server = Server::start();
    let stub = Stub::before(&server, |_| Deed::Pass);
    let sandbox = Sandbox::with_users(1, &stub.url);
    sandbox.edit("scimulate.toml", "[provisioning]", "[quarantine]\nfirst_interval = \"1h\"\n\n[provisioning]");
    let mut run = sandbox.start("run --interval 1s --metrics 127.0.0.1:0 --record recorded");
    let port = port(&mut run);
    until("a cycle got through", || health(port).1["status"] == "ok");
    stub.behave(|_| Deed::Answer("401 Unauthorized", "", String::new()));
    until("the job is in quarantine", || health(port).0 == 503);
    let (_, document) = health(port);
    let expected = json!(["failing", "quarantine", "EncounteredQuarantineException"]);
    assert_eq!(json!([document["status"], document["state"], document["reason"]]), expected);
    assert!(document["message"].as_str().is_some_and(|text| text.contains("401")), "{document}");
    assert!(value(port, "scimulate_cycles_total{kind=\"incremental\",outcome=\"quarantined\"}") > 0.0);
    assert!(value(port, "scimulate_requests_total{method=\"GET\",status=\"4xx\"}") > 0.0);
    // Somebody mends it and lifts the quarantine: the run notices, and goes on.
    stub.mend();
    sandbox.run("start").with(0);
    until("it is well again", || health(port).0 == 200);
    run.signal("TERM");
    run.wait().with(143);
    let recorded = sandbox.tree("recorded").into_values().map(|bytes| bytes.len()).sum::<usize>();
    assert!(recorded > 1_000, "the recording is shown the exchanges as well");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let sandbox = Sandbox::with_users(1, "embedded");
    let refused = sandbox.run("run --metrics 127.0.0.1:0").with(2);
    assert!(refused.stderr.contains("--metrics needs a run that goes on"), "{}", refused.stderr);
    for arguments in ["run --metrics 9464 --interval", "run --dry-run --metrics 127.0.0.1:0"] {
        sandbox.run(arguments).with(2);
    }
    sandbox.run("run --simulate-clock --cycles 1 --metrics 127.0.0.1:0").with(2);
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address");
    let refused = sandbox.run(&format!("run --interval 1h --metrics {address}")).with(2);
    assert!(refused.stderr.contains(&format!("can't listen on {address} for --metrics")), "{}", refused.stderr);
    assert!(!sandbox.path(".scimulate").exists(), "nothing was made");
}
