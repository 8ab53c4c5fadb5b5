//! `[quarantine]`, `[escrow]`, `[notification]`.

use super::*;

const fn days(days: u64) -> Duration {
    Duration::from_hours(days * 24)
}

#[test]
fn left_out_they_are_the_services() {
    for text in [MINIMAL.to_owned(), format!("[quarantine]\n[escrow]\n[notification]\n{MINIMAL}")] {
        let settings = read(&text).unwrap();
        assert_eq!(
            settings.quarantine,
            QuarantineSettings {
                min_failures: 5_000,
                proportion: 0.4,
                max_failures: 40_000,
                max_all: 60_000,
                first_interval: None,
                longest_interval: days(1),
                disable_after: days(28),
            }
        );
        let schedule = [6, 12, 24].map(Duration::from_hours).to_vec();
        assert_eq!(settings.escrow, EscrowSettings { schedule, prune_after: days(28) });
        assert_eq!(settings.notification, NotificationSettings::default());
    }
}

#[test]
fn each_can_be_set() {
    let settings = read(EVERYTHING).unwrap();
    assert_eq!(
        settings.quarantine,
        QuarantineSettings {
            min_failures: 0,
            proportion: 1.0,
            max_failures: 4,
            max_all: 6,
            first_interval: Some(Duration::from_mins(1)),
            longest_interval: Duration::from_hours(2),
            disable_after: days(3),
        }
    );
    let schedule = vec![Duration::from_mins(1), Duration::from_mins(90)];
    assert_eq!(settings.escrow, EscrowSettings { schedule, prune_after: days(2) });
    let email = Some("it@contoso.com".to_owned());
    let smtp = MailServer {
        host: "mail.contoso.com".to_owned(),
        port: 2525,
        tls: MailTls::Required,
        ca_file: Some("conf/mail-ca.pem".into()),
        login: Some(("scimulate".to_owned(), TokenSource::Env("SMTP_PASSWORD".to_owned()))),
    };
    let from = Some("no-reply@contoso.com".to_owned());
    let given = NotificationSettings { email: email.clone(), on_failure: false, from, smtp: Some(smtp) };
    assert_eq!(settings.notification, given);
    let settings = read(&format!("[notification]\nemail = \"it@contoso.com\"\n{MINIMAL}")).unwrap();
    assert_eq!(settings.notification, NotificationSettings { email, on_failure: true, from: None, smtp: None });
}

#[test]
fn keys_and_ranges() {
    check(
        "[quarantine]\nproportion = 40\nmin_failure = 1\nmax_all = -1",
        &[
            "conf/scimulate.toml:2:14: `proportion` is 40, which isn't a share",
            "proportion = 40",
            "             ^^",
            "= take a number from 0 to 1; 0.30 is 30 %",
            "conf/scimulate.toml:3:1: unknown key `min_failure` in [quarantine]",
            "min_failure = 1",
            "^^^^^^^^^^^",
            "= did you mean `min_failures`?",
            "conf/scimulate.toml:4:11: `max_all` is -1, which is out of range",
            "max_all = -1",
            "          ^^",
            "= take a number from 0 to 4294967295",
        ],
    );
    check(
        "[escrows]\n[notifications]",
        &[
            "conf/scimulate.toml:1:2: unknown section `escrows`",
            "[escrows]",
            " ^^^^^^^",
            "= did you mean `escrow`?",
            "conf/scimulate.toml:2:2: unknown section `notifications`",
            "[notifications]",
            " ^^^^^^^^^^^^^",
            "= did you mean `notification`?",
        ],
    );
}

#[test]
fn schedules_ascend() {
    for (schedule, message) in [
        ("[]", "`schedule` is empty"),
        ("[\"0\", \"6h\"]", "`schedule` isn't ascending"),
        ("[\"6h\", \"6h\"]", "`schedule` isn't ascending"),
        ("[\"12h\", \"6h\"]", "`schedule` isn't ascending"),
        (
            "[\"6\"]",
            "`schedule`: `6` isn't a duration; write a number and a unit, such as `500ms`, `30s`, `40m`, `1h30m` or `30d`",
        ),
    ] {
        check(
            &format!("[escrow]\nschedule = {schedule}"),
            &[
                &format!("conf/scimulate.toml:2:12: {message}"),
                &format!("schedule = {schedule}"),
                &format!("           {}", "^".repeat(schedule.len())),
                "= times after the first failure, each later than the one before: [\"6h\", \"12h\", \"24h\"]",
            ],
        );
    }
    check(
        "[escrow]\nschedule = \"6h\"",
        &[
            "conf/scimulate.toml:2:12: `schedule` is a text, expected a list of texts",
            "schedule = \"6h\"",
            "           ^^^^",
            "= write a list of texts",
        ],
    );
}

#[test]
fn addresses() {
    for address in
        ["contoso.com", "@contoso.com", "it@", "it@a@b", "it @contoso.com", "IT <it@contoso.com>", "a@b, c@d", "a@b..c"]
    {
        let line = format!("email = \"{address}\"");
        check(
            &format!("[notification]\n{line}"),
            &[
                &format!("conf/scimulate.toml:2:9: `email` \"{address}\" isn't an e-mail address"),
                &line,
                &format!("        {}", "^".repeat(address.len() + 2)),
                "= one address and nothing else, for instance email = \"it@contoso.com\"",
            ],
        );
    }
    let settings = read(&format!("[notification]\non_failure = true\n{MINIMAL}")).unwrap();
    assert_eq!(
        show(&settings.warnings),
        "conf/scimulate.toml:1:1: `on_failure` without `email` tells nobody\n[notification]\n^^^^^^^^^^^^^^\n\
         = name the address: email = \"it@contoso.com\"\n"
    );
}

#[test]
fn mail_servers() {
    let server = |lines: &str| {
        let settings = read(&format!("[notification]\n{lines}\n{MINIMAL}")).unwrap();
        assert_eq!(settings.warnings, [], "{lines}");
        settings.notification.smtp.map(|smtp| (smtp.host, smtp.port, smtp.tls))
    };
    for (url, host, port, tls) in [
        ("smtp://mail.contoso.com", "mail.contoso.com", 587, MailTls::Required),
        ("smtp://Mail.Contoso.com:25/", "mail.contoso.com", 25, MailTls::Required),
        ("smtps://mail.contoso.com", "mail.contoso.com", 465, MailTls::FromStart),
        ("smtp://localhost:1025", "localhost", 1025, MailTls::IfOffered),
        ("smtp://127.0.0.1:1025", "127.0.0.1", 1025, MailTls::IfOffered),
        ("smtp://[::1]:1025", "::1", 1025, MailTls::IfOffered),
        ("smtps://localhost:1465", "localhost", 1465, MailTls::FromStart),
        ("smtp://10.0.0.7", "10.0.0.7", 587, MailTls::Required),
        ("smtp://localhost.contoso.com", "localhost.contoso.com", 587, MailTls::Required),
    ] {
        assert_eq!(server(&format!("smtp = \"{url}\"")), Some((host.to_owned(), port, tls)), "{url}");
    }
    let checked = "smtp = \"smtp://localhost:1025\"\nsmtp_ca_file = \"ca.pem\"";
    assert_eq!(server(checked), Some(("localhost".to_owned(), 1025, MailTls::Required)));
    for url in
        ["mail.contoso.com", "http://mail.contoso.com", "smtp://", "smtp://mail/path", "smtp://mail:0", "smtp:25"]
    {
        let line = format!("smtp = \"{url}\"");
        check(
            &format!("[notification]\n{line}"),
            &[
                &format!("conf/scimulate.toml:2:8: `smtp` \"{url}\" isn't the URL of a mail server"),
                &line,
                &format!("       {}", "^".repeat(url.len() + 2)),
                "= write it as smtp://mail.contoso.com:587, or smtps://mail.contoso.com where TLS begins at once",
            ],
        );
    }
}

#[test]
fn signing_in_at_a_mail_server() {
    let hint = "name the variable that holds it: smtp_password_env = \"SMTP_PASSWORD\"";
    check(
        "[notification]\nsmtp_username = \"it\"",
        &[
            "conf/scimulate.toml:2:17: `smtp_username` without `smtp_password_env`: nobody could sign in",
            "smtp_username = \"it\"",
            "                ^^^^",
            &format!("= {hint}"),
        ],
    );
    check(
        "[notification]\nsmtp_password_env = \"P\"",
        &[
            "conf/scimulate.toml:2:21: `smtp_password_env` without `smtp_username`",
            "smtp_password_env = \"P\"",
            "                    ^^^",
            "= name the user in `smtp_username`",
        ],
    );
    // Neither is shown.
    check(
        "[notification]\nsmtp_password = \"hunter2\"",
        &[
            "conf/scimulate.toml:2:1: a password must not be written into the config file",
            "smtp_password =…",
            "^^^^^^^^^^^^^",
            &format!(
                "= put it into an environment variable and {hint}; one that was in a shared file should be replaced"
            ),
        ],
    );
    for (line, column, message) in [
        ("smtp = \"smtp://it:hunter2@mail\"", 8, "`smtp` names the server alone, without user name and password"),
        (
            "smtp_username = \"it\"\nsmtp_password_env = \"hunter-2\"",
            21,
            "`smtp_password_env` isn't the name of an environment variable",
        ),
    ] {
        let error = read(&format!("[notification]\n{line}\n{MINIMAL}")).expect_err(line);
        let shown = show(&error.diagnostics());
        assert!(shown.contains(&format!(":{column}: {message}\n")) && !shown.contains("hunter"), "{shown}");
    }
}

#[test]
fn messages_are_from_a_user_name_that_is_an_address() {
    for (user, from, expected) in [
        ("mail@contoso.com", "", Some("mail@contoso.com")),
        ("mail@contoso.com", "from = \"it@contoso.com\"\n", Some("it@contoso.com")),
        ("scimulate", "", None),
        (r"CONTOSO\svc@corp", "", None),
        ("a b@contoso.com", "", None),
        ("a@b@contoso.com", "", None),
    ] {
        let login = format!("smtp_username = '{user}'\nsmtp_password_env = \"P\"\n");
        let lines = format!("email = \"it@contoso.com\"\nsmtp = \"smtps://mail.contoso.com\"\n{login}{from}");
        let settings = read(&format!("[notification]\n{lines}{MINIMAL}")).unwrap();
        assert_eq!(settings.notification.from.as_deref(), expected, "{user}");
    }
}

#[test]
fn what_is_not_used_without_a_mail_server_is_said() {
    let lines = "smtp_username = \"it\"\nsmtp_password_env = \"P\"\nsmtp_ca_file = \"ca.pem\"";
    let settings = read(&format!("[notification]\n{lines}\n{MINIMAL}")).unwrap();
    let shown = show(&settings.warnings);
    for (place, key) in [("2:17", "smtp_username"), ("4:16", "smtp_ca_file")] {
        assert!(
            shown.contains(&format!(":{place}: `{key}` isn't used: without `smtp` nothing is mailed\n")),
            "{shown}"
        );
    }
}
