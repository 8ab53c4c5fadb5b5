//! TLS between the program and itself.

use std::fs;

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use serde_json::json;

use crate::support::process::{Sandbox, Server, config, users};

fn trusting(sandbox: &Sandbox, url: &str) {
    sandbox.write("scimulate.toml", config(url).replace("rate =", "ca_file = \"ca.pem\"\nrate ="));
    sandbox.write("users.csv", users(1..=3));
}

#[test]
fn a_run_trusts_the_made_certificate_and_nobody_else_does() {
    let sandbox = Sandbox::empty();
    let server = Server::start_in(&sandbox, "--tls-self-signed --tls-ca-out ca.pem");
    assert!(server.url.starts_with("https://127.0.0.1:"), "{}", server.url);
    assert!(!sandbox.read("ca.pem").contains("PRIVATE"), "{}", sandbox.read("ca.pem"));
    trusting(&sandbox, &server.url);
    let good = sandbox.run("test-connection").with(0);
    assert!(!good.stderr.contains("warning"), "{}", good.stderr);
    let summary = sandbox.run("run --output json").with(0).json()["cycles"][0]["summary"].take();
    assert_eq!(summary["create"], json!(3), "{summary}");
    let summary = sandbox.run("run --output json").with(0).json()["cycles"][0]["summary"].take();
    assert_eq!(summary["create"], json!(0), "{summary}");
    // By name, too.
    sandbox.edit("scimulate.toml", "127.0.0.1", "localhost");
    sandbox.run("test-connection --job by-name").with(0);
    sandbox.edit("scimulate.toml", "localhost", "127.0.0.1");

    sandbox.edit("scimulate.toml", "ca_file = \"ca.pem\"\n", "");
    for command in ["test-connection", "run"] {
        let ended = sandbox.run(command).with(6);
        let said = format!("{}{}", ended.stdout, ended.stderr);
        assert!(said.contains("trusted") && said.contains("ca_file"), "{command}: {said}");
    }
    let ended = server.terminate().with(0);
    assert_eq!(ended.stderr, "");
}

#[test]
fn a_given_certificate_is_served_and_its_faults_are_told() {
    let sandbox = Sandbox::empty();
    let make = |last: i32| {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).expect("names");
        params.not_after = date_time_ymd(last, 1, 1);
        let certificate = params.self_signed(&key).expect("a certificate");
        sandbox.write("ca.pem", certificate.pem());
        sandbox.write("key.pem", key.serialize_pem());
    };
    make(2090);
    let server = Server::start_in(&sandbox, "--tls-cert ca.pem --tls-key key.pem");
    trusting(&sandbox, &server.url);
    sandbox.run("run").with(0);
    assert_eq!(server.terminate().with(0).stderr, "");

    make(2020);
    let server = Server::start_in(&sandbox, "--tls-cert ca.pem --tls-key key.pem");
    trusting(&sandbox, &server.url);
    let ended = sandbox.run("test-connection").with(6);
    assert!(format!("{}{}", ended.stdout, ended.stderr).contains("Certificate expired"), "{}", ended.stdout);
    let ended = server.terminate().with(0);
    assert!(ended.stderr.contains("the certificate expired at 2020-01-01T00:00:00Z"), "{}", ended.stderr);

    fs::copy(sandbox.path("key.pem"), sandbox.path("old-key.pem")).expect("a copied file");
    make(2090);
    let wrong = |arguments: &str, expected: &str| {
        let ended = sandbox.run(&format!("serve --listen 127.0.0.1:0 {arguments}")).with(2);
        assert!(ended.stderr.contains(expected), "{arguments}: {}", ended.stderr);
    };
    wrong("--tls-cert ca.pem --tls-key old-key.pem", "the private key isn't that of the first certificate in ca.pem");
    wrong("--tls-cert nope.pem --tls-key key.pem", "nope.pem: it can't be read");
    wrong("--tls-cert ca.pem", "--tls-key");
    wrong("--tls-cert ca.pem --tls-key key.pem --tls-self-signed", "--tls-self-signed");
    wrong("--tls-self-signed --tls-name https://h", "neither a host name nor an IP address");
    wrong("--tls-ca-out ca.pem", "--tls-self-signed");
}

#[test]
fn only_an_open_port_without_tls_is_warned_of() {
    for (arguments, warned) in [("", true), ("--tls-self-signed", false)] {
        let arguments = format!("serve --listen 0.0.0.0:0 --token-env TOKEN --output json {arguments}");
        let server = Server::start_with(&mut Sandbox::empty().command(&arguments));
        let ended = server.terminate().with(0);
        assert_eq!(ended.stderr.contains("without TLS"), warned, "{}", ended.stderr);
    }
}
