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
        assert_eq!(settings.notification, NotificationSettings { email: None, on_failure: false });
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
    assert_eq!(settings.notification, NotificationSettings { email: email.clone(), on_failure: false });
    let settings = read(&format!("[notification]\nemail = \"it@contoso.com\"\n{MINIMAL}")).unwrap();
    assert_eq!(settings.notification, NotificationSettings { email, on_failure: true });
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
        ["contoso.com", "@contoso.com", "it@", "it@a@b", "it @contoso.com", "IT <it@contoso.com>", "a@b, c@d"]
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
