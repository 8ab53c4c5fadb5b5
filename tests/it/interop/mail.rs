//! Notifications at a mail server of others: `aiosmtpd`.

use std::fs;
use std::io::Read as _;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};

use super::peer;
use crate::support::process::{Sandbox, users};

const PASSWORD: &str = "s3cret-of-mail";
/// The password as the wire has it: with the user name, and alone.
const ENCODED: [&str; 2] = ["AHNjaW11bGF0ZQBzM2NyZXQtb2YtbWFpbA==", "czNjcmV0LW9mLW1haWw="];

/// A mail server that runs; it ends with this value.
struct MailServer {
    port: u16,
    folder: tempfile::TempDir,
    process: Child,
}

impl MailServer {
    /// Starts it with these modes; `None` if it can't be had here.
    fn start(modes: &str) -> Option<Self> {
        static INSTALLED: OnceLock<Option<PathBuf>> = OnceLock::new();
        let installed = INSTALLED.get_or_init(|| peer::installed("aiosmtpd")).as_ref()?;
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder under target/");
        certify(folder.path());
        let port = peer::free_port();
        let mut process = Command::new("python3")
            .arg(peer::scripts().join("aiosmtpd/serve.py"))
            .arg(port.to_string())
            .arg(folder.path())
            .args(modes.split_whitespace())
            .env("PYTHONPATH", installed.join("packages"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("python3 runs, it has installed the server");
        for _ in 0..300 {
            if folder.path().join("ready").exists() {
                return Some(Self { port, folder, process });
            }
            if process.try_wait().expect("a child").is_some() {
                break;
            }
            thread::sleep(Duration::from_millis(50));
        }
        drop(process.kill());
        let mut told = String::new();
        process.stderr.take().expect("it is piped").read_to_string(&mut told).expect("text");
        panic!("aiosmtpd doesn't start: {told}")
    }

    fn ca_file(&self) -> String {
        format!("smtp_ca_file = \"{}\"", self.folder.path().join("authority.pem").display())
    }

    /// What has arrived, oldest first.
    fn messages(&self) -> Vec<Value> {
        let read = |number: u32| fs::read_to_string(self.folder.path().join(format!("{number}.json"))).ok();
        let texts = (1..).map_while(read);
        texts.map(|text| serde_json::from_str(&text).expect("a line of JSON")).collect()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// An authority, and a certificate of it for `localhost`.
fn certify(folder: &std::path::Path) {
    let authority_key = KeyPair::generate().expect("a key");
    let mut authority = CertificateParams::new([]).expect("no names");
    // Authorities are told apart by their names.
    authority.distinguished_name = DistinguishedName::new();
    authority.distinguished_name.push(DnType::CommonName, folder.display().to_string());
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let pem = authority.self_signed(&authority_key).expect("a certificate").pem();
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate().expect("a key");
    let mut server = CertificateParams::new(["localhost".to_owned()]).expect("a name");
    server.use_authority_key_identifier_extension = true;
    let certificate = server.signed_by(&key, &issuer).expect("a certificate");
    for (name, text) in
        [("authority.pem", pem), ("certificate.pem", certificate.pem()), ("key.pem", key.serialize_pem())]
    {
        fs::write(folder.join(name), text).expect("a writable folder");
    }
}

/// A job that has something to tell: a user has left, and no deletion is let through.
fn job(smtp: &str) -> Sandbox {
    let sandbox = Sandbox::with_users(3, "embedded");
    sandbox.run("run").with(0);
    sandbox.write("users.csv", users(1..=2));
    let config = sandbox.read("scimulate.toml");
    let more = "prevent_accidental_deletions = 0\n\n[notification]\nemail = \"it@contoso.com\"\n";
    sandbox.write("scimulate.toml", format!("{config}{more}{smtp}\n"));
    sandbox
}

const LOGIN: &str = "smtp_username = \"scimulate\"\nsmtp_password_env = \"SMTP_PASSWORD\"\n";

/// Runs a cycle with this password; what became of the mail changes no exit code, and the password is nowhere to be
/// seen. Gives what was told, on one line.
#[track_caller]
fn run(sandbox: &Sandbox, password: &str) -> String {
    let output = sandbox.command("run -vvv").env("SMTP_PASSWORD", password).output().expect("the program runs");
    let told = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(5), "{told}");
    let is_secret = |bytes: &[u8]| {
        let has = |secret: &str| bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
        has(password) || ENCODED.iter().any(|encoded| has(encoded))
    };
    assert!(!is_secret(told.as_bytes()) && !is_secret(&output.stdout), "{told}");
    for (path, content) in sandbox.tree("") {
        assert!(!is_secret(&content), "{}", path.display());
    }
    told.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn outbox(sandbox: &Sandbox) -> usize {
    sandbox.tree(".scimulate/outbox").into_keys().filter(|path| path.extension().is_some()).count()
}

#[test]
fn a_message_arrives_as_it_should() {
    let Some(server) = MailServer::start("") else { return };
    let sandbox = job(&format!("smtp = \"smtp://localhost:{}\"\nfrom = \"no-reply@contoso.com\"", server.port));
    let told = run(&sandbox, PASSWORD);
    assert!(
        told.contains(&format!("localhost:{} has taken the notification to it@contoso.com.", server.port)),
        "{told}"
    );
    assert_eq!(outbox(&sandbox), 0, "it is delivered");
    let [message] = &server.messages()[..] else { panic!("one message") };
    let envelope = json!([message["from"], message["to"], message["tls"], message["user"], message["defects"]]);
    assert_eq!(envelope, json!(["no-reply@contoso.com", ["it@contoso.com"], false, null, []]));
    assert_eq!(message["subject"], "Provisioning job test holds deletions back");
    for (part, media_type, end) in [(0, "text/plain", "scimulate.toml.\n"), (1, "text/html", "</html>\n")] {
        let part = &message["parts"][part];
        let text = part[1].as_str().expect("a text");
        assert_eq!(part[0], media_type);
        assert!(
            text.contains("1 account would be disabled or deleted") && text.trim_end().ends_with(end.trim_end()),
            "{text}"
        );
        assert!(text.contains("scimulate allow-deletes"), "{text}");
    }
}

#[test]
fn encrypted_and_signed_in() {
    for (modes, scheme, checks) in
        [("starttls auth", "smtp", true), ("starttls auth", "smtp", false), ("tls auth", "smtps", true)]
    {
        let Some(server) = MailServer::start(modes) else { return };
        let ca_file = if checks { server.ca_file() } else { String::new() };
        let sandbox = job(&format!("smtp = \"{scheme}://localhost:{}\"\n{LOGIN}{ca_file}", server.port));
        let told = run(&sandbox, PASSWORD);
        assert_eq!(outbox(&sandbox), 0, "{modes}: {told}");
        let [message] = &server.messages()[..] else { panic!("{modes}: {told}") };
        assert_eq!((&message["tls"], &message["user"]), (&json!(true), &json!("scimulate")), "{modes}");
    }
}

#[test]
fn nothing_is_sent_to_a_server_that_is_not_trusted() {
    // Nobody on the way can take STARTTLS out, and no other certificate is taken.
    for (modes, scheme, expected) in [
        ("", "smtp", "the server doesn't offer STARTTLS, so nothing was sent to it"),
        ("starttls", "smtp", "no encrypted connection: invalid peer certificate: UnknownIssuer"),
        ("tls", "smtps", "no encrypted connection: invalid peer certificate: UnknownIssuer"),
    ] {
        let Some(server) = MailServer::start(modes) else { return };
        let other = tempfile::tempdir().expect("a temporary folder");
        certify(other.path());
        let ca_file = other.path().join("authority.pem").display().to_string();
        let sandbox =
            job(&format!("smtp = \"{scheme}://localhost:{}\"\n{LOGIN}smtp_ca_file = \"{ca_file}\"", server.port));
        let told = run(&sandbox, PASSWORD);
        assert!(told.contains(expected), "{modes}: {told}");
        assert_eq!((server.messages().len(), outbox(&sandbox)), (0, 1), "{modes}");
        if modes.is_empty() {
            continue;
        }
        // Once that is mended, what had to wait goes out, although no cycle runs before its time.
        sandbox.edit("scimulate.toml", &ca_file, &server.folder.path().join("authority.pem").display().to_string());
        sandbox.edit("scimulate.toml", LOGIN, "");
        let told = run(&sandbox, PASSWORD);
        assert!(told.contains("The mail server has now taken 1 notification that had to wait."), "{told}");
        assert_eq!((server.messages().len(), outbox(&sandbox)), (1, 0), "{modes}");
    }
}

#[test]
fn refusals_are_told_with_their_cause() {
    for (modes, password, expected) in [
        ("auth", "wrong-password", "the server refuses the sign-in: 535 5.7.8 Authentication credentials invalid"),
        ("refuse", PASSWORD, "the server refuses the message: 550 5.1.1 nobody of this name"),
    ] {
        let Some(server) = MailServer::start(modes) else { return };
        let login = if modes == "auth" { LOGIN } else { "" };
        let sandbox = job(&format!("smtp = \"smtp://localhost:{}\"\n{login}", server.port));
        let told = run(&sandbox, password);
        assert!(told.contains(expected), "{told}");
        assert_eq!((server.messages().len(), outbox(&sandbox)), (0, 1), "{modes}");
    }
}

#[test]
fn a_server_that_hangs_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let hanging = thread::spawn(move || listener.accept().expect("a connection").0.read_to_end(&mut Vec::new()));
    let sandbox = job(&format!("smtp = \"smtp://127.0.0.1:{port}\""));
    let told = run(&sandbox, PASSWORD);
    assert!(told.contains("no answer within 10 s: connecting"), "{told}");
    assert_eq!(outbox(&sandbox), 1);
    drop(hanging.join().expect("it ends with the connection"));
}
