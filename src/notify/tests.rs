use std::net::TcpListener;
use std::path::Path;

use super::message::{Parties, message};
use super::*;
use crate::base::{CycleId, JobId, Secret, Timestamp};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn notice(reason: &str, happened: Happened) -> Notice {
    Notice {
        happened,
        reason: reason.to_owned(),
        message: "Unauthorized: status 401: the token is expired".to_owned(),
        job: "wedo".to_owned(),
        job_id: JobId::new("wedo.27b24fce9b9b553ba89a6305f78c3e09.0a9f1d52-00aa-4000-8000-00000000a002"),
        target: Some("api.wedo.example".to_owned()),
        at: at("2026-11-27T02:45:02.123Z"),
        cycle: Some(CycleId::new("ff133c7d-a5bc-4ed5-a422-be48634a82cb")),
        program: "scimulate".to_owned(),
        in_any_folder: false,
        is_simulated: false,
    }
}

fn quarantined(again: bool) -> Happened {
    let (next_attempt, disabled_at) = (at("2026-11-27T03:25:02Z"), at("2026-12-25T02:45:02Z"));
    Happened::Quarantined { again, next_attempt, disabled_at }
}

fn parties() -> Parties {
    Parties::read("scimulate@contoso.com", "it@contoso.com").unwrap()
}

fn text(notice: &Notice) -> String {
    String::from_utf8(message(notice, &parties())).expect("mail is ASCII").replace("\r\n", "\n")
}

/// The headers alone, unfolded.
fn headers(message: &str) -> Vec<String> {
    let (head, _) = message.split_once("\n\n").expect("a head and a body");
    head.replace("\n ", " ").lines().map(str::to_owned).collect()
}

#[test]
fn a_quarantine_that_began() {
    insta::assert_snapshot!(text(&notice("EncounteredQuarantineException", quarantined(false))));
}

#[test]
fn every_reason_has_its_words() {
    let mut all = String::new();
    for (reason, happened) in [
        ("EncounteredEscrowProportionThreshold", quarantined(true)),
        ("TooManyDeletes", quarantined(false)),
        ("TooManyDeletes", Happened::Paused),
        ("Disabled", Happened::Disabled),
        ("TooManyDeletes", Happened::Unknown),
    ] {
        let program = "scimulate --config '/etc/wedo 1.toml' --job wedo".to_owned();
        let built_in = Notice { target: None, program, in_any_folder: true, ..notice(reason, happened) };
        let text = text(&built_in);
        let subject = headers(&text).into_iter().find(|header| header.starts_with("Subject: ")).unwrap();
        let plain = text.split("\n\n").skip(2).take_while(|part| !part.starts_with("--=_")).collect::<Vec<_>>();
        all.extend([&subject, "\n", &plain.join("\n\n"), "\n\n"]);
    }
    insta::assert_snapshot!(all);
}

#[test]
fn nobody_adds_a_header_or_markup() {
    let mut odd = notice("EncounteredQuarantineException\r\nBcc: a@evil.example", quarantined(false));
    odd.message = "</blockquote><script>alert(1)</script>\r\n.\r\nRCPT TO:<b@evil.example>\u{1b}[2J".to_owned();
    odd.job = "wedo\r\nBcc: c@evil.example\n\nbody".to_owned();
    odd.target = Some("<b>host</b>\n".to_owned());
    let text = text(&odd);
    let names: Vec<_> = headers(&text).iter().map(|header| header.split(':').next().unwrap().to_owned()).collect();
    let expected = [
        "Date",
        "From",
        "To",
        "Subject",
        "Message-ID",
        "Auto-Submitted",
        "X-Auto-Response-Suppress",
        "MIME-Version",
        "Content-Type",
    ];
    assert_eq!(names, expected, "{text}");
    let html = text.split("text/html").nth(1).expect("an HTML part");
    assert!(!html.contains("<script") && !html.contains("<b>host") && html.contains("&lt;script&gt;"), "{html}");
    assert!(!text.contains('\u{1b}'), "{text}");
    for address in ["a\r\nBcc: b@evil.example", "it@contoso.com\nBcc: x@y", "<it@contoso.com>", ""] {
        assert!(Parties::read("scimulate@contoso.com", address).is_err(), "{address:?}");
    }
}

#[test]
fn names_and_answers_in_any_script_arrive() {
    let mut odd = notice("EncounteredQuarantineException", quarantined(false));
    odd.job = "Zürich-人事".to_owned();
    odd.message = "Das Geheimnis ist abgelaufen — 期限切れ".repeat(60);
    let text = text(&odd);
    assert!(text.is_ascii() && text.lines().all(|line| line.len() <= 998), "{text}");
    let subject = headers(&text).into_iter().find(|header| header.starts_with("Subject: ")).unwrap();
    assert!(subject.contains("=?utf-8?b?"), "{subject}");
    assert!(text.lines().take_while(|line| !line.is_empty()).all(|line| line.len() <= 78), "{text}");
}

#[test]
fn a_notice_is_always_the_same_message() {
    let first = notice("TooManyDeletes", quarantined(false));
    let other = Notice { cycle: Some(CycleId::new("another")), ..first.clone() };
    assert_eq!(text(&first), text(&first));
    let id =
        |notice: &Notice| headers(&text(notice)).into_iter().find(|header| header.starts_with("Message-ID")).unwrap();
    assert_ne!(id(&first), id(&other));
}

fn mailer(folder: &Path, port: Option<u16>) -> Mailer {
    let login = Login { username: "it".to_owned(), password: Secret::new("hunter2") };
    let smtp = port.map(|port| Smtp {
        host: "127.0.0.1".to_owned(),
        port,
        tls: SmtpTls::IfOffered,
        ca_file: None,
        login: Some(login),
    });
    let (from, to) = ("scimulate@contoso.com".to_owned(), "it@contoso.com".to_owned());
    Mailer::new(MailerOptions { from, to, smtp, outbox: folder.join("state/outbox") }).unwrap()
}

async fn delivered(mailer: &mut Mailer, notice: &Notice) -> Delivery {
    let posted = mailer.post(notice).await;
    mailer.deliver(posted).await
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder.join("state/outbox")).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn without_a_mail_server_messages_are_files_for_their_owner() {
    let folder = tempfile::tempdir().unwrap();
    let mut mailer = mailer(folder.path(), None);
    let first = notice("TooManyDeletes", quarantined(false));
    for _ in 0..2 {
        assert!(matches!(delivered(&mut mailer, &first).await, Delivery::Kept(_)));
    }
    let stem = "2026-11-27T02-45-02Z-wedo-TooManyDeletes";
    assert_eq!(names(folder.path()), [format!("{stem}.2.eml"), format!("{stem}.eml")]);
    assert_eq!(mailer.deliver_waiting("wedo", first.at).await, 0);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |name: &str| std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("state/outbox"), mode(&format!("state/outbox/{stem}.eml"))), (0o700, 0o600));
    }
}

#[tokio::test]
async fn what_a_mail_server_does_not_take_waits() {
    let folder = tempfile::tempdir().unwrap();
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let mut mailer = mailer(folder.path(), Some(port));
    let notice = notice("TooManyDeletes", quarantined(false));
    let posted = mailer.post(&notice).await;
    assert_eq!(names(folder.path()).len(), 1, "it is there before anybody is asked");
    let Delivery::Failed { error, kept } = mailer.deliver(posted).await else { panic!("nobody listens") };
    assert!(error.to_string().starts_with("can't connect: Connection refused"), "{error}");
    let name = "2026-11-27T02-45-02Z-wedo-TooManyDeletes.waiting.eml";
    assert_eq!(
        (kept.unwrap().file_name().unwrap().to_str(), names(folder.path())),
        (Some(name), vec![name.to_owned()])
    );
    // What was simulated is nobody's business.
    let simulated = Notice { is_simulated: true, ..notice };
    assert!(matches!(delivered(&mut mailer, &simulated).await, Delivery::Kept(_)));
    assert_eq!(names(folder.path()).len(), 2);
}

#[tokio::test]
async fn a_message_that_can_not_be_written_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("state"), "in the way").unwrap();
    let delivery = delivered(&mut mailer(folder.path(), None), &notice("Disabled", Happened::Disabled)).await;
    assert!(matches!(delivery, Delivery::Lost(_)), "{delivery:?}");
}

#[test]
fn a_server_that_says_the_password_again_is_not_quoted() {
    let login = Login { username: "it".to_owned(), password: Secret::new("hunter2") };
    let (host, tls) = ("::1".to_owned(), SmtpTls::IfOffered);
    let smtp = Smtp { host, port: 25, tls, ca_file: None, login: Some(login) };
    for said in ["hunter2", "AGl0AGh1bnRlcjI=", "aHVudGVyMg=="] {
        assert_eq!(smtp.masked(&format!("535 no:\r\n {said}\u{7}")), "535 no: [secret]");
    }
    // However it is written, and before whitespace is folded and what can't be seen is replaced.
    let password = "pass  w\"ord\u{7}\tß";
    let login = Login { username: "it".to_owned(), password: Secret::new(password) };
    let spaced = Smtp { login: Some(login), ..smtp.clone() };
    for said in [
        "pass  w\"ord\u{7}\tß",
        r#"pass  w\"ord\u0007\u0009\u00df"#,
        "pass%20%20w%22ord%07%09%C3%9F",
        "pass  w&quot;ord\u{7}\tß",
        // With a character before it, as a part of something longer.
        "eHBhc3MgIHcib3JkBwnDn",
    ] {
        let masked = spaced.masked(&format!("535 no: {said}"));
        assert!(masked.contains("[secret]") && !masked.contains("pass") && !masked.contains("BhcMg"), "{masked}");
    }
    assert_eq!(smtp.masked(&"x".repeat(1_000)).chars().count(), 301);
    assert!(!format!("{smtp:?}").contains("hunter2"));
    assert_eq!(smtp.shown(), "[::1]:25");
}
