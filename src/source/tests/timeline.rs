//! Timelines: which entries there are, and which files are in force when.

use super::*;
use crate::base::Timestamp;
use crate::source::Timeline;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A timeline `t` with these files, and the folder that it is in.
fn timeline(entries: &[&str]) -> (Files, Timeline) {
    let files = Files::new(&[]);
    for entry in entries {
        files.write(&format!("t/{entry}"), b"");
    }
    let timeline = Timeline::open(&files.path("t")).unwrap();
    (files, timeline)
}

const NAMES: &str = "name the folders `cycle-1`, `cycle-2` … by the cycle, or `2026-03-02`, `2026-03-02T09-00` … by the \
                     time in UTC, from which on their files are in force";

#[test]
fn what_cannot_be_a_timeline_is_named() {
    let neither = "the name of this folder is neither a cycle nor an instant";
    for (folders, message, hint) in [
        (&["cycle-0"][..], format!("t/cycle-0: {neither}"), NAMES),
        (&["cycle-1", "cycle-two"], format!("t/cycle-two: {neither}"), NAMES),
        (&["cycle-"], format!("t/cycle-: {neither}"), NAMES),
        (&["cycle-+1"], format!("t/cycle-+1: {neither}"), NAMES),
        (&["cycle-99999999999999999999"], format!("t/cycle-99999999999999999999: {neither}"), NAMES),
        (&["Cycle-1"], format!("t/Cycle-1: {neither}"), NAMES),
        (&["2026-02-30"], format!("t/2026-02-30: {neither}"), NAMES),
        (&["2026-03-02T24-00"], format!("t/2026-03-02T24-00: {neither}"), NAMES),
        (&["2026-03-02T09"], format!("t/2026-03-02T09: {neither}"), NAMES),
        (&["2026-3-2"], format!("t/2026-3-2: {neither}"), NAMES),
        (&["٢٠٢٦-03-02"], format!("t/٢٠٢٦-03-02: {neither}"), NAMES),
        (
            &["2026-03-02", "cycle-2"],
            "t/2026-03-02: the timeline has cycles and instants, such as `cycle-2`".to_owned(),
            "name all its folders by cycles, or all by instants",
        ),
        (
            &["cycle-02", "cycle-2"],
            "t/cycle-2: this folder means the same as `cycle-02`".to_owned(),
            "put their files into one of them",
        ),
        (
            &["2026-03-02", "2026-03-02T00-00"],
            "t/2026-03-02T00-00: this folder means the same as `2026-03-02`".to_owned(),
            "put their files into one of them",
        ),
        (&[], "t: the timeline has no folder".to_owned(), NAMES),
    ] {
        let files = Files::new(&[("t/README.md", ""), ("t/.git/config", "")]);
        for folder in folders {
            std::fs::create_dir(files.path("t").join(folder)).unwrap();
        }
        let error = Timeline::open(&files.path("t")).unwrap_err();
        assert_eq!(files.shorten(&error.to_string()), message);
        assert_eq!(error.diagnostic().hint.as_deref(), Some(hint), "{folders:?}");
    }
    let files = Files::new(&[]);
    let error = Timeline::open(&files.path("t")).unwrap_err();
    assert_eq!(files.shorten(&error.to_string()), "t: there is no such file or folder");
    let hint = "check `timeline` under [source]; paths are relative to the configuration file";
    assert_eq!(error.diagnostic().hint.as_deref(), Some(hint));
}

/// Checks where `users` lies at a cycle.
fn check_users_at(entries: &[&str], users: &str, cycle: u64, expected: &str) {
    let (files, timeline) = timeline(entries);
    let base = files.paths(&[users]);
    let paths = timeline.paths(&base, files.0.path(), cycle, Timestamp::UNIX_EPOCH);
    assert_eq!(paths.users, files.path(expected), "{entries:?} {users} at {cycle}");
}

#[test]
fn the_latest_entry_in_force_that_holds_a_path_counts() {
    let entries = ["cycle-2/users.csv", "cycle-3/deleted.json", "cycle-10/users.csv", "cycle-10/export/users.csv"];
    for (cycle, expected) in [
        (0, "users.csv"),
        (1, "users.csv"),
        (2, "t/cycle-2/users.csv"),
        (9, "t/cycle-2/users.csv"),
        (10, "t/cycle-10/users.csv"),
        (u64::MAX, "t/cycle-10/users.csv"),
    ] {
        check_users_at(&entries, "users.csv", cycle, expected);
    }
    // By the path from the config's folder first, then by the name.
    let (files, timeline) = timeline(&entries);
    let base = SourcePaths { users: files.path("export/users.csv"), ..SourcePaths::default() };
    let users = |cycle| timeline.paths(&base, files.0.path(), cycle, Timestamp::UNIX_EPOCH).users;
    assert_eq!([2, 10].map(users), ["t/cycle-2/users.csv", "t/cycle-10/export/users.csv"].map(|path| files.path(path)));
}

#[test]
fn patterns_and_folders_of_pages() {
    for (entries, users, expected) in [
        (&["cycle-1/users-2.csv"], "users-*.csv", "t/cycle-1/users-*.csv"),
        (&["cycle-1/users.csv"], "users-*.csv", "users-*.csv"),
        (&["cycle-1/users/page-1.json"], "users", "t/cycle-1/users"),
        (&["cycle-1/users/notes.txt"], "users", "users"),
        (&["cycle-1/users/page-1.json"], "users/*.json", "t/cycle-1/users/*.json"),
        // Other files fit this one too.
        (&["cycle-1/target.json"], "users/*.json", "users/*.json"),
    ] {
        check_users_at(entries, users, 1, expected);
    }
}

#[test]
fn each_path_is_looked_for_on_its_own() {
    let (files, timeline) = timeline(&["cycle-2/groups.json", "cycle-3/users.csv", "cycle-3/members.csv"]);
    let base = files.paths(&["users.csv", "groups.json", "assignments.csv"]);
    let paths = timeline.paths(&base, files.0.path(), 3, Timestamp::UNIX_EPOCH);
    assert_eq!(
        paths,
        SourcePaths {
            users: files.path("t/cycle-3/users.csv"),
            groups: Some(files.path("t/cycle-2/groups.json")),
            assignments: base.assignments.clone(),
            ..SourcePaths::default()
        }
    );
    assert_eq!(timeline.file("groups.json", 3, Timestamp::UNIX_EPOCH), Some(files.path("t/cycle-2/groups.json")));
    assert_eq!(timeline.file("groups.json", 1, Timestamp::UNIX_EPOCH), None);
}

#[test]
fn names_that_two_paths_share_and_paths_outside_need_care() {
    let (files, timeline) = timeline(&["cycle-1/all.json", "cycle-1/users.csv"]);
    let base = SourcePaths {
        users: files.path("users/all.json"),
        groups: Some(files.path("groups/all.json")),
        ..SourcePaths::default()
    };
    assert_eq!(timeline.paths(&base, files.0.path(), 1, Timestamp::UNIX_EPOCH), base);
    let base = SourcePaths { users: files.path("../shared/users.csv"), ..SourcePaths::default() };
    let paths = timeline.paths(&base, files.0.path(), 1, Timestamp::UNIX_EPOCH);
    assert_eq!(paths.users, files.path("t/cycle-1/users.csv"));
}

#[test]
fn the_folder_of_a_bare_config_file() {
    let (files, timeline) = timeline(&["cycle-1/export/users.csv"]);
    for users in ["export/users.csv", "./export/users.csv"] {
        let base = SourcePaths { users: users.into(), ..SourcePaths::default() };
        let paths = timeline.paths(&base, Path::new("."), 1, Timestamp::UNIX_EPOCH);
        assert_eq!(paths.users, files.path("t/cycle-1/export/users.csv"));
    }
}

#[test]
fn instants_are_utc() {
    let (files, timeline) =
        timeline(&["2026-03-02/users.csv", "2026-03-02T09-00/target.json", "2026-03-02T09-00-30/users.csv"]);
    let base = files.paths(&["users.csv"]);
    for (now, users, target) in [
        ("2026-03-01T23:59:59Z", "users.csv", false),
        ("2026-03-02T00:00:00Z", "t/2026-03-02/users.csv", false),
        ("2026-03-02T09:00:29Z", "t/2026-03-02/users.csv", true),
        ("2026-03-02T10:00:30+01:00", "t/2026-03-02T09-00-30/users.csv", true),
    ] {
        let paths = timeline.paths(&base, files.0.path(), 1, at(now));
        assert_eq!(paths.users, files.path(users), "{now}");
        assert_eq!(timeline.file("target.json", 1, at(now)).is_some(), target, "{now}");
    }
}
