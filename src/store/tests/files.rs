//! Files as they may be found: of others, of older versions, damaged.

use super::*;

#[test]
fn files_of_others_are_refused_and_left_alone() {
    let check = |prepare: &dyn Fn(&Path), expected: &str| {
        let folder = folder();
        let path = folder.path().join("wedo.db");
        prepare(&path);
        let before = fs::read(&path).unwrap_or_default();
        for error in [
            Store::open(folder.path(), "wedo").unwrap_err(),
            Store::open_existing(folder.path(), "wedo").map(|store| store.is_some()).unwrap_err(),
        ] {
            assert!(error.to_string().contains(expected), "{error}");
            assert!(error.to_string().contains("wedo.db"), "{error}");
            assert!(error.is_usage());
        }
        assert_eq!(fs::read(&path).unwrap_or_default(), before);
    };
    let sql = |path: &Path, batch: &str| Connection::open(path).unwrap().execute_batch(batch).unwrap();
    let ours = |path: &Path| Store::open(path.parent().unwrap(), "wedo").unwrap().close().unwrap();
    check(&|path| fs::create_dir(path).unwrap(), "is a folder");
    check(&|path| fs::write(path, "id;userPrincipalName\n".repeat(100)).unwrap(), "isn't state of scimulate");
    check(&|path| sql(path, "CREATE TABLE song (title TEXT)"), "isn't state of scimulate");
    check(&|path| sql(path, "PRAGMA user_version = 3"), "isn't state of scimulate");
    let newer = "PRAGMA user_version = 99; UPDATE meta SET value = '9.8.7'";
    check(
        &|path| {
            ours(path);
            sql(path, newer);
        },
        "was written by scimulate 9.8.7 (format 99; this version reads up to 3)",
    );
    check(
        &|path| {
            ours(path);
            sql(path, "PRAGMA user_version = 99; DROP TABLE meta");
        },
        "of a later version",
    );
}

#[test]
fn damage_is_noticed() {
    let check = |damage: &str, expected: &str| {
        let folder = folder();
        let mut store = open(&folder);
        store.begin_cycle(&start("c")).unwrap();
        let writer = store.writer().unwrap();
        writer.send_blocking(put(1, failed())).unwrap();
        let mut store = writer.finish().unwrap();
        store.end_cycle(&report("c", true), Some(watermark()), &JobMemory::default(), false).unwrap();
        store.connection.execute_batch(damage).unwrap();
        let found = [
            store.watermark().err(),
            store.objects(ObjectKind::User).err(),
            all_records(&store).err(),
            store.cycles(9).err(),
            store.job_state().err(),
            store.references().err(),
        ];
        let errors: Vec<_> = found.into_iter().flatten().collect();
        let [error @ StoreError::Corrupt { .. }] = &errors[..] else { panic!("{damage}: {errors:?}") };
        assert!(error.to_string().contains(expected), "{error}");
    };
    check("UPDATE watermark SET users = x'00'", "a known set can't be \"1 bytes\"");
    check("UPDATE watermark SET rules = 'x'", "a digest can't be \"x\"");
    check("UPDATE watermark SET attributes = '{'", "a list of attributes");
    check("UPDATE object SET fingerprints = x'0100'", "fingerprints can't be");
    check("UPDATE object SET standing = 'lying'", "a standing can't be \"lying\"");
    check("UPDATE object SET failed_first = NULL", "Null");
    check("UPDATE object SET failed_part = 'half'", "a part of an export can't be \"half\"");
    check("UPDATE object SET failed_action = 'sing'", "an action can't be \"sing\"");
    check("UPDATE object SET deleted_since = 9223372036854775807", "an instant can't be");
    check(
        "INSERT INTO object (source_id, kind, name, standing, fingerprints)
         SELECT upper(source_id), kind, name, standing, fingerprints FROM object",
        "a second source id",
    );
    check("UPDATE log SET action = 'sing'", "an action can't be \"sing\"");
    check("UPDATE log SET changes = '[1]'", "a list of changes");
    check("UPDATE log SET duration = -1", "a duration can't be \"-1\"");
    check("UPDATE cycle SET requests = NULL", "counts of requests");
    check("INSERT INTO reference VALUES ('a', 'User', 'manager', 'b', 3)", "the state of a reference can't be \"3\"");
    check("INSERT INTO reference VALUES ('a', 'Dog', 'manager', 'b', 1)", "an object kind can't be \"Dog\"");
    check("UPDATE job SET state = 'bored'", "a job state can't be \"bored\"");
}

#[test]
fn damaged_pages_are_noticed() {
    let folder = folder();
    let writer = open(&folder).writer().unwrap();
    for number in 0..2000 {
        writer.send_blocking(put(number, linked(1))).unwrap();
    }
    let store = writer.finish().unwrap();
    store.close().unwrap();
    let path = folder.path().join("wedo.db");
    let mut bytes = fs::read(&path).unwrap();
    bytes[32 * 4096..].fill(0xa5);
    fs::write(&path, bytes).unwrap();
    let store = open(&folder);
    assert!(matches!(store.objects(ObjectKind::User), Err(StoreError::Corrupt { .. })));
}

#[test]
fn names_and_folders_are_checked() {
    let folder = folder();
    let name = |job: &str| Store::open(folder.path(), job).map(drop);
    for bad in ["", " ", "../up", "a/b", "a\\b", ".hidden", "a\0b", "Target", &"x".repeat(101)] {
        assert!(matches!(name(bad), Err(StoreError::JobName { .. })), "{bad:?}");
    }
    for good in ["wedo", "wedo.test-2", "Zürich 3"] {
        name(good).unwrap();
    }
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    for dir in [file.clone(), file.join("below")] {
        let error = Store::open(&dir, "wedo").unwrap_err();
        assert!(matches!(error, StoreError::NotAFolder { .. }), "{error:?}");
        let error = Store::open_existing(&dir, "wedo").map(|_| ()).unwrap_err();
        assert!(matches!(error, StoreError::NotAFolder { .. }), "{error:?}");
    }
    assert!(Store::open_existing(&folder.path().join("nowhere"), "wedo").unwrap().is_none());
    fs::write(folder.path().join("begun.db"), "").unwrap();
    assert!(Store::open_existing(folder.path(), "begun").unwrap().is_none(), "made, but never filled");
}

#[test]
fn an_existing_state_is_opened_for_reading_only() {
    let folder = folder();
    open(&folder).close().unwrap();
    let mut store = Store::open_existing(folder.path(), "wedo").unwrap().unwrap();
    assert!(matches!(store.set_job_state(&JobState::Paused), Err(StoreError::NotWritable { .. })));
    assert_eq!(store.job_state().unwrap(), JobState::NotRun);
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let parent = folder();
    let dir = parent.path().join("a/.scimulate");
    let store = Store::open(&dir, "wedo").unwrap();
    let lock = store.lock(&Holder { pid: 1, command: String::new(), since: at(0) }).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    for name in ["wedo.db", "wedo.db-wal", "wedo.db-shm", "wedo.lock"] {
        assert_eq!(mode(&dir.join(name)), 0o600, "{name}");
    }
    drop(lock);
}

#[test]
fn a_folder_without_permission_is_named() {
    use std::io;
    let check = |kind: io::ErrorKind| {
        let error = StoreError::of_io("opening", Path::new("/srv/state"), kind.into());
        assert!(error.to_string().starts_with("/srv/state can't be written: mend"), "{error}");
        assert!(error.is_usage());
    };
    check(io::ErrorKind::PermissionDenied);
    check(io::ErrorKind::ReadOnlyFilesystem);
}

#[test]
fn steps_are_taken_once_all_or_none() {
    let mut sql = Connection::open_in_memory().unwrap();
    let meta = "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID";
    let version = |sql: &Connection| sql.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(migration::format(&sql).unwrap(), migration::Format::Empty);
    migration::migrate(&mut sql, &[meta], "0.1.0").unwrap();
    assert_eq!(migration::format(&sql).unwrap(), migration::Format::Ours(1));
    migration::migrate(&mut sql, &[meta], "0.1.1").unwrap();
    assert_eq!(migration::written_by(&sql).as_deref(), Some("0.1.0"), "nothing was to be done");

    migration::migrate(&mut sql, &[meta, "CREATE TABLE a (x)", "no SQL"], "0.2.0").unwrap_err();
    assert_eq!(version(&sql), 1);
    migration::migrate(&mut sql, &[meta, "CREATE TABLE a (x)", "ALTER TABLE a ADD y"], "0.2.0").unwrap();
    assert_eq!((version(&sql), migration::written_by(&sql).as_deref()), (3, Some("0.2.0")));
    sql.execute("INSERT INTO a (x, y) VALUES (1, 2)", []).unwrap();
}

/// The file of a job that the first version has run.
fn first_format(path: &Path) {
    let mut sql = Connection::open(path).unwrap();
    migration::migrate(&mut sql, &migration::STEPS[..1], "0.1.0").unwrap();
    sql.execute_batch(
        "INSERT INTO object VALUES ('0b4d5a6e-0001-4000-8000-000000000001', 'User', 'ann', 'account-1', 'in-scope',
                                    x'00000000', NULL, NULL, NULL, NULL, NULL);
         INSERT INTO object VALUES ('0b4d5a6e-0001-4000-8000-000000000002', 'User', 'bob', NULL, 'in-scope',
                                    x'00000000', NULL, 3, 1772000000000000, 'InvalidAnchor', 'gone');
         UPDATE job SET state = 'quarantine', state_reason = 'A', state_message = 'b', state_since = 1772000005000000;
         INSERT INTO cycle (id, kind, started, duration, completed, actions, skipped, requests)
         VALUES ('old', 'initial', 1772000000000000, 5, 1, '{}', '{}', '{}');",
    )
    .unwrap();
}

#[test]
fn a_file_of_the_first_version_is_brought_up_to_date() {
    let folder = folder();
    first_format(&folder.path().join("wedo.db"));
    let store = open(&folder);
    let users = store.objects(ObjectKind::User).unwrap();
    let ann = users.get(&id(1)).unwrap();
    assert_eq!((ann.target, ann.failure, ann.staged), (Some(TargetId::new("account-1")), None, None));
    let failure = Failure {
        count: 3,
        first_at: at(0),
        last_at: at(0),
        code: "InvalidAnchor".into(),
        message: "gone".into(),
        seen: Fingerprint(0),
        part: FailedPart::Export,
        action: ActionKind::Update,
    };
    assert_eq!(users.get(&id(2)).unwrap().failure, Some(failure));
    let state = JobState::Quarantine {
        reason: "A".into(),
        message: "b".into(),
        since: at(5),
        attempts: 1,
        next_attempt: at(5),
    };
    assert_eq!(store.job().unwrap(), JobMemory { state, ..JobMemory::default() });
    let cycles = store.cycles(9).unwrap();
    assert_eq!((cycles[0].progress, cycles[0].end.as_ref().unwrap().references), (None, 0));
    assert!(store.references().unwrap().is_empty());
}

#[test]
fn a_file_that_is_being_made_is_none_yet_or_ours() {
    for _ in 0..60 {
        let folder = folder();
        std::thread::scope(|scope| {
            let reading = scope.spawn(|| while Store::open_existing(folder.path(), "wedo").unwrap().is_none() {});
            drop(open(&folder));
            reading.join().unwrap();
        });
    }
}
