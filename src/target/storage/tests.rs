use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::target::Kind;

fn stores() -> (tempfile::TempDir, [Storage; 2]) {
    let directory = tempfile::tempdir().unwrap();
    let file = Storage::file(&directory.path().join("data.db")).unwrap();
    (directory, [Storage::memory(), file])
}

fn record(id: &str, key: &str) -> Record {
    made(Kind::User, key, json!({"id": id, "userName": key, "meta": {}}))
}

fn group(id: &str, key: &str) -> Record {
    made(Kind::Group, key, json!({"id": id, "displayName": key, "meta": {}}))
}

fn made(kind: Kind, key: &str, document: Value) -> Record {
    let Value::Object(members) = document else { panic!("an object") };
    let id = members["id"].as_str().unwrap().to_owned();
    Record::new(kind, id, key.to_owned(), members, None)
}

fn walk(storage: &Storage, kind: Kind, cursor: &mut Cursor) -> Vec<String> {
    storage.read(|reader| reader.walk(kind, cursor, Extent::WHOLE)).unwrap().iter().map(Stored::id).collect()
}

fn page(storage: &Storage, kind: Kind, offset: u64, limit: usize) -> (u64, Vec<String>) {
    let (total, page) = storage.read(|reader| reader.page(kind, offset, limit, Extent::WHOLE)).unwrap();
    (total, page.iter().map(Stored::id).collect())
}

fn found(storage: &Storage, kind: Kind, lookup: Lookup<'_>) -> Vec<String> {
    let (mut cursor, mut found) = (Cursor::default(), Vec::new());
    while !cursor.is_at_end() {
        let step = storage.read(|reader| reader.find(kind, lookup, &mut cursor, Extent::WHOLE)).unwrap();
        assert!(step.len() <= 1000, "not all at once");
        found.extend(step.iter().map(Stored::id));
    }
    found
}

fn ids(storage: &Storage, kind: Kind) -> Vec<String> {
    let (mut cursor, mut ids) = (Cursor::default(), Vec::new());
    loop {
        let page = walk(storage, kind, &mut cursor);
        if page.is_empty() {
            break;
        }
        ids.extend(page);
    }
    assert_eq!(page(storage, kind, 0, 10_000), (ids.len() as u64, ids.clone()));
    for id in &ids {
        assert_eq!(found(storage, kind, Lookup::Id(id)), [id.as_str()]);
    }
    ids
}

#[derive(Debug, PartialEq)]
enum Failure {
    Wanted,
    Storage(String),
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        Self::Storage(error.to_string())
    }
}

/// Adds users, and fails if it is told to.
fn adding(
    names: &'static [&'static str],
    failing: bool,
) -> impl FnMut(&mut Transaction<'_>) -> Result<usize, Failure> + Send + 'static {
    move |transaction| {
        for name in names {
            assert_eq!(transaction.insert(Kind::User, &record(name, name))?, Ok(()));
            assert!(transaction.by_id(Kind::User, name, Extent::BODY)?.is_some(), "what was written is read");
        }
        if failing { Err(Failure::Wanted) } else { Ok(names.len()) }
    }
}

#[test]
fn a_unit_of_work_stands_or_falls_as_a_whole() {
    let (_directory, stores) = stores();
    for storage in stores {
        assert_eq!(storage.write_now(adding(&["a", "b", "c"], false)), Ok(3));
        let mixed = |transaction: &mut Transaction<'_>| -> Result<(), Failure> {
            assert!(transaction.delete(Kind::User, "b")?);
            assert!(!transaction.delete(Kind::User, "b")?);
            assert_eq!(transaction.by_id(Kind::User, "b", Extent::BODY)?, None);
            assert_eq!(transaction.insert(Kind::User, &record("new", "b"))?, Ok(()), "its key is free");
            assert_eq!(transaction.update(Kind::User, &record("a", "renamed"))?, Ok(()));
            assert_eq!(transaction.update(Kind::User, &record("a", "c"))?, Err(Taken::Key));
            assert_eq!(transaction.insert(Kind::User, &record("c", "other"))?, Err(Taken::Id));
            assert_eq!(transaction.insert(Kind::User, &record("other", "c"))?, Err(Taken::Key));
            assert_eq!(transaction.insert(Kind::Group, &group("g", "team"))?, Ok(()));
            assert_eq!(transaction.insert(Kind::Group, &group("h", "team"))?, Ok(()), "groups may have one name");
            assert_eq!(transaction.hits(Kind::Group, Lookup::Key("team"), 9)?, 2);
            Ok(())
        };
        let fails = move |transaction: &mut Transaction<'_>| mixed(transaction).and(Err::<(), _>(Failure::Wanted));
        assert_eq!(storage.write_now(fails), Err(Failure::Wanted));
        assert_eq!(ids(&storage, Kind::User), ["a", "b", "c"]);
        assert!(ids(&storage, Kind::Group).is_empty());
        assert_eq!(found(&storage, Kind::User, Lookup::Key("a")), ["a"]);
        assert!(found(&storage, Kind::User, Lookup::Key("renamed")).is_empty());
        storage.write_now(mixed).unwrap();
        assert_eq!(ids(&storage, Kind::User), ["a", "c", "new"]);
        assert_eq!(ids(&storage, Kind::Group), ["g", "h"]);
        assert_eq!(found(&storage, Kind::User, Lookup::Key("renamed")), ["a"]);
    }
}

#[test]
fn units_that_are_committed_together_fail_alone() {
    let (_directory, [_, storage]) = stores();
    let storage = Arc::new(storage);
    // Held until all of the others wait.
    let (release, held) = mpsc::channel::<()>();
    let (ready, is_held) = mpsc::channel::<()>();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let outcomes = runtime.block_on(async {
        let spawn = |names, failing| {
            let storage = Arc::clone(&storage);
            tokio::spawn(async move { storage.write(adding(names, failing)).await })
        };
        let holding = {
            let storage = Arc::clone(&storage);
            tokio::spawn(async move {
                let unit = move |_: &mut Transaction<'_>| -> Result<(), Failure> {
                    ready.send(()).unwrap();
                    held.recv().unwrap();
                    Ok(())
                };
                storage.write(unit).await
            })
        };
        tokio::task::yield_now().await;
        is_held.recv().unwrap();
        let panics = {
            let storage = Arc::clone(&storage);
            tokio::spawn(async move {
                let unit = |transaction: &mut Transaction<'_>| -> Result<usize, Failure> {
                    adding(&["p"], false)(transaction)?;
                    panic!("this is what the test is about")
                };
                storage.write(unit).await
            })
        };
        let units = [
            spawn(&["a"], false),
            spawn(&["b1", "b2"], true),
            panics,
            spawn(&["c"], false),
            spawn(&["d"], true),
            spawn(&["b1", "b2"], false),
        ];
        tokio::task::yield_now().await;
        release.send(()).unwrap();
        holding.await.unwrap().unwrap();
        let mut outcomes = Vec::new();
        for unit in units {
            outcomes.push(unit.await.unwrap());
        }
        outcomes
    });
    let broken = Failure::Storage("the write was broken off".to_owned());
    assert_eq!(outcomes, [Ok(1), Err(Failure::Wanted), Err(broken), Ok(1), Err(Failure::Wanted), Ok(2)]);
    assert_eq!(ids(&storage, Kind::User), ["a", "c", "b1", "b2"]);
}

#[test]
fn a_panic_in_memory_undoes_what_was_written() {
    let storage = Storage::memory();
    storage.write_now(adding(&["a"], false)).unwrap();
    let unit = |transaction: &mut Transaction<'_>| -> Result<(), Failure> {
        transaction.delete(Kind::User, "a")?;
        transaction.insert(Kind::User, &record("b", "b"))?.unwrap();
        panic!("this is what the test is about")
    };
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| storage.write_now(unit)));
    assert!(outcome.is_err());
    assert_eq!(ids(&storage, Kind::User), ["a"]);
}

#[test]
fn closing_does_what_waits_and_leaves_one_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data.db");
    let storage = Storage::file(&path).unwrap();
    storage.write_now(adding(&["a"], false)).unwrap();
    assert_eq!(ids(&storage, Kind::User), ["a"]);
    storage.close().unwrap();
    storage.close().unwrap();
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "no log is left");
    let closed = Failure::Storage("the endpoint's data was closed".to_owned());
    assert_eq!(storage.write_now(adding(&["b"], false)), Err(closed));
    assert_eq!(ids(&storage, Kind::User), ["a"], "reading goes on");
    drop(storage);
    assert_eq!(ids(&Storage::file(&path).unwrap(), Kind::User), ["a"]);
}

#[test]
fn walks_and_pages_survive_deletions() {
    let (_directory, stores) = stores();
    for storage in stores {
        let name = |number: usize| format!("{number:05}");
        storage
            .write_now(move |transaction| -> Result<(), Failure> {
                for number in 0..3000 {
                    transaction.insert(Kind::User, &record(&name(number), &name(number)))?.unwrap();
                }
                Ok(())
            })
            .unwrap();
        let mut cursor = Cursor::default();
        let first = walk(&storage, Kind::User, &mut cursor);
        storage
            .write_now(move |transaction| -> Result<(), Failure> {
                for number in (0..2900).filter(|number| number % 100 != 50) {
                    assert!(transaction.delete(Kind::User, &name(number))?);
                }
                transaction.insert(Kind::User, &record("last", "last"))?.unwrap();
                Ok(())
            })
            .unwrap();
        let rest = walk(&storage, Kind::User, &mut cursor);
        assert_eq!((first.len(), rest.len()), (1000, 19 + 100 + 1), "nobody is met twice or missed");
        let left = ids(&storage, Kind::User);
        assert_eq!((left.len(), left[28].as_str(), left[29].as_str()), (130, "02850", "02900"));
        assert_eq!(page(&storage, Kind::User, 28, 2), (130, vec!["02850".to_owned(), "02900".to_owned()]));
        assert_eq!(page(&storage, Kind::User, 130, 10), (130, Vec::new()));
    }
}

#[test]
fn a_full_disk_is_told_and_loses_nothing() {
    let (_directory, [_, storage]) = stores();
    storage
        .write_now(|transaction| -> Result<(), Failure> {
            transaction.limit(10);
            Ok(())
        })
        .unwrap();
    let add = |number: usize| {
        storage.write_now(move |transaction| -> Result<(), Failure> {
            let id = format!("{number:03}");
            let document = json!({"id": id, "userName": id, "title": "x".repeat(2000), "meta": {}});
            transaction.insert(Kind::User, &made(Kind::User, &id, document))?.unwrap();
            Ok(())
        })
    };
    let kept = (0..100).take_while(|number| add(*number).is_ok()).count();
    assert!((1..50).contains(&kept), "{kept}");
    let full = Failure::Storage("the disk that holds the endpoint's data is full; make room".to_owned());
    assert_eq!(add(kept), Err(full));
    assert_eq!(ids(&storage, Kind::User).len(), kept);
    storage
        .write_now(|transaction| -> Result<(), Failure> {
            transaction.limit(100);
            Ok(())
        })
        .unwrap();
    assert_eq!(add(kept), Ok(()), "with room it goes on");
    assert_eq!(ids(&storage, Kind::User).len(), kept + 1);
}

/// Adds a user of a few kilobytes.
fn adding_large(number: usize) -> impl FnMut(&mut Transaction<'_>) -> Result<(), Failure> + Send + 'static {
    move |transaction| {
        let id = format!("{number:06}");
        let document = json!({"id": id, "userName": id, "title": "x".repeat(5000), "meta": {}});
        transaction.insert(Kind::User, &made(Kind::User, &id, document))?.unwrap();
        Ok(())
    }
}

#[test]
fn what_found_no_room_is_done_again_after_folding() {
    let (_directory, [_, storage]) = stores();
    let mut runs = 0;
    let unit = move |transaction: &mut Transaction<'_>| -> Result<usize, Failure> {
        runs += 1;
        transaction.limit(if runs == 1 { 0 } else { 1000 });
        for number in 0..20 {
            adding_large(number)(transaction)?;
        }
        Ok(runs)
    };
    assert_eq!(storage.write_now(unit), Ok(2));
    assert_eq!(ids(&storage, Kind::User).len(), 20);
}

#[test]
fn the_log_of_a_new_file_is_folded_early() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data.db");
    let storage = Storage::file(&path).unwrap();
    for number in 0..512 {
        storage.write_now(adding_large(number)).unwrap();
    }
    let has_pages = || std::fs::metadata(&path).unwrap().len() > 1 << 20;
    let is_folded = (0..2000).any(|_| {
        std::thread::sleep(Duration::from_millis(5));
        has_pages()
    });
    assert!(is_folded);
}

#[test]
fn the_log_begins_anew_although_somebody_always_reads() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data.db");
    let storage = Storage::file(&path).unwrap();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for number in 0..3 {
            let (storage, is_over) = (&storage, &is_over);
            scope.spawn(move || {
                std::thread::sleep(Duration::from_millis(3 * number));
                while !is_over.load(Ordering::Relaxed) {
                    storage
                        .read(|reader| {
                            reader.page(Kind::User, 0, 1, Extent::BODY)?;
                            std::thread::sleep(Duration::from_millis(9));
                            Ok(())
                        })
                        .unwrap();
                }
            });
        }
        for number in 0..4000 {
            storage.write_now(adding_large(number)).unwrap();
        }
        is_over.store(true, Ordering::Relaxed);
    });
    let log = std::fs::metadata(directory.path().join("data.db-wal")).unwrap().len();
    assert!(log < 16 << 20, "{log}");
}

#[test]
fn what_an_index_has_comes_in_steps() {
    let (_directory, stores) = stores();
    for storage in stores {
        storage
            .write_now(|transaction| -> Result<(), Failure> {
                for number in 0..2500 {
                    let id = format!("{number:05}");
                    let user = json!({"id": id, "userName": id, "displayName": "Same", "meta": {}});
                    transaction.insert(Kind::User, &made(Kind::User, &id, user))?.unwrap();
                    let id = format!("g{number:05}");
                    let group = json!({"id": id, "displayName": "same", "members": [{"value": "7"}], "meta": {}});
                    transaction.insert(Kind::Group, &made(Kind::Group, "same", group))?.unwrap();
                }
                Ok(())
            })
            .unwrap();
        for (kind, prefix, lookup) in [
            (Kind::User, "", Lookup::Field(Field::DisplayName, "SAME")),
            (Kind::Group, "g", Lookup::Key("same")),
            (Kind::Group, "g", Lookup::Member("7")),
        ] {
            let all: Vec<_> = (0..2500).map(|number| format!("{prefix}{number:05}")).collect();
            assert_eq!(found(&storage, kind, lookup), all, "{lookup:?}");
            let hits = |limit| storage.read(|reader| reader.hits(kind, lookup, limit)).unwrap();
            assert_eq!((hits(33), hits(9999)), (33, 2500), "{lookup:?}");
        }
        assert_eq!(storage.read(|reader| reader.groups_with("7")).unwrap().len(), 2500);
        assert_eq!(found(&storage, Kind::User, Lookup::Key("00007")), ["00007"]);
    }
}

#[test]
fn a_page_ends_where_it_has_bytes_enough() {
    let (_directory, stores) = stores();
    for storage in stores {
        storage
            .write_now(|transaction| -> Result<(), Failure> {
                for id in ["a", "b", "c", "d"] {
                    let title = "x".repeat(900 << 10);
                    let group = json!({"id": id, "displayName": title, "meta": {}});
                    transaction.insert(Kind::Group, &made(Kind::Group, id, group))?.unwrap();
                }
                Ok(())
            })
            .unwrap();
        assert_eq!(page(&storage, Kind::Group, 0, 10), (4, vec!["a".to_owned(), "b".to_owned(), "c".to_owned()]));
        assert_eq!(page(&storage, Kind::Group, 3, 10), (4, vec!["d".to_owned()]));
    }
}

#[test]
#[cfg(target_os = "linux")]
fn many_who_read_at_once_share_a_few_connections() {
    let (directory, [_, storage]) = stores();
    storage.write_now(adding(&["a"], false)).unwrap();
    let folder = directory.path();
    let most = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..60 {
            let (storage, most) = (&storage, &most);
            scope.spawn(move || {
                for _ in 0..20 {
                    let reading = storage.read(|reader| {
                        reader.page(Kind::User, 0, 1, Extent::BODY)?;
                        std::thread::sleep(Duration::from_millis(1));
                        let files = std::fs::read_dir("/proc/self/fd").unwrap();
                        let names = files.filter_map(|file| std::fs::read_link(file.ok()?.path()).ok());
                        Ok(names.filter(|name| name.starts_with(folder)).count())
                    });
                    most.fetch_max(reading.unwrap(), Ordering::Relaxed);
                }
            });
        }
    });
    let most = most.into_inner();
    assert!(most < 50, "{most}");
}
