//! What is kept in memory is what the file holds, whoever has changed that.

use std::sync::Arc;

use super::*;
use crate::plan::Sent;

fn filled(folder: &TempDir) -> Store {
    let writer = open(folder).writer().unwrap();
    for number in 1..4 {
        writer.send_blocking(put(number, linked(number as u64))).unwrap();
    }
    let members = vec![ReferenceChange { attribute: "members".into(), referenced: id(3), state: Some(Sent::Yes) }];
    let group = outcome(ObjectKind::Group, &id(9), StateChange::Put(linked(9)), None);
    writer.send_blocking(Outcome { references: members, ..group }).unwrap();
    let mut store = writer.finish().unwrap();
    end(&mut store, watermark());
    store
}

fn end(store: &mut Store, watermark: Watermark) {
    store.end_cycle(&report("c", true), Some(watermark), &JobMemory::default(), false).unwrap();
}

fn ended(second: i64) -> Watermark {
    Watermark { ended: at(second), ..watermark() }
}

/// Whether the objects are the ones that were read before.
fn is_kept(store: &Store, before: &Snapshot) -> bool {
    let now = store.snapshot().unwrap();
    let same = Arc::ptr_eq(&now.users, &before.users);
    assert_eq!(Arc::ptr_eq(&now.groups, &before.groups), same);
    assert_eq!(Arc::ptr_eq(&now.references, &before.references), same);
    assert_eq!(now.watermark.as_deref(), store.watermark().unwrap().as_ref(), "as the file says");
    assert_eq!(
        [FailedPart::Export, FailedPart::Reference].map(|part| store.failing(part).unwrap()).iter().sum::<u64>(),
        store.totals().unwrap().failing
    );
    let totals = store.totals().unwrap();
    assert_eq!(store.linked().unwrap(), [totals.linked - totals.linked_groups, totals.linked_groups]);
    let held_back = store.staged().unwrap().iter().filter(|object| !object.staged.is_allowed(at(5))).count();
    assert_eq!(store.held_back(at(5)).unwrap(), held_back as u64);
    assert_eq!(now.users.len(), store.objects(ObjectKind::User).unwrap().len());
    assert_eq!(now.references.len(), store.references().unwrap().len());
    same
}

#[test]
fn the_end_of_a_cycle_leaves_it_true() {
    let folder = folder();
    let mut store = filled(&folder);
    let before = store.snapshot().unwrap();
    assert!(is_kept(&store, &before));
    for second in 8..10 {
        end(&mut store, ended(second));
        assert!(is_kept(&store, &before));
    }
    let grown = Watermark { users: KnownSet::from_unsorted(vec![1, 2]), ..ended(10) };
    end(&mut store, grown.clone());
    assert!(is_kept(&store, &before));
    store.end_cycle(&report("c", false), None, &JobMemory::default(), false).unwrap();
    assert!(is_kept(&store, &before));
    assert_eq!(store.snapshot().unwrap().watermark.as_deref(), Some(&grown));
}

#[test]
fn whatever_else_was_written_is_read_again() {
    type Change = fn(Store) -> Store;
    let put_one: Change = |store| {
        let writer = store.writer().unwrap();
        writer.send_blocking(put(1, failed())).unwrap();
        writer.finish().unwrap()
    };
    let restart: Change = |mut store| {
        store.restart(&"full".parse().unwrap(), at(1)).unwrap();
        store
    };
    let delete_link: Change = |mut store| {
        let link = store.find_link("account-1").unwrap().remove(0);
        store.delete_link(&link).unwrap();
        store
    };
    let clear: Change = |mut store| {
        store.restart(&"watermark".parse().unwrap(), at(1)).unwrap();
        store
    };
    let outdate: Change = |mut store| {
        store.outdate_watermark().unwrap();
        store
    };
    for (what, change) in
        [("put", put_one), ("restart", restart), ("link", delete_link), ("clear", clear), ("outdate", outdate)]
    {
        // Through this connection, and through another one.
        let ours = folder();
        let store = filled(&ours);
        let before = store.snapshot().unwrap();
        let store = change(store);
        assert!(!is_kept(&store, &before), "{what}, ours");

        let theirs = folder();
        let mut store = filled(&theirs);
        let before = store.snapshot().unwrap();
        change(open(&theirs)).close().unwrap();
        assert!(!is_kept(&store, &before), "{what}, theirs");

        // In the middle of a cycle: what it ends with is written in full, and the objects are read again.
        let before = store.snapshot().unwrap();
        change(filled(&theirs)).close().unwrap();
        end(&mut store, ended(20));
        assert_eq!(store.watermark().unwrap(), Some(ended(20)), "{what}");
        assert!(!is_kept(&store, &before), "{what}, in the middle of a cycle");
    }
}

#[test]
fn a_job_that_is_paused_meanwhile_stays_so() {
    let folder = folder();
    let mut store = filled(&folder);
    let before = store.snapshot().unwrap();
    open(&folder).set_job_state(&JobState::Paused).unwrap();
    end(&mut store, ended(20));
    assert_eq!(store.job_state().unwrap(), JobState::Paused);
    assert!(!is_kept(&store, &before));
}

#[test]
fn it_is_of_one_moment() {
    let folder = folder();
    let writer = filled(&folder).writer().unwrap();
    (10..2000).for_each(|number| writer.send_blocking(put(number, linked(1))).unwrap());
    let store = writer.finish().unwrap();
    let other = open(&folder);
    let write = move |round: usize| {
        let together = format!(
            "BEGIN IMMEDIATE; UPDATE object SET name = '{round}' WHERE source_id IN ('{}', '{}');
             UPDATE watermark SET scope = '{round}'; COMMIT",
            id(1),
            id(9)
        );
        other.connection.execute_batch(&together).unwrap();
    };
    write(0);
    let writing = std::thread::spawn(move || (1..1000).for_each(write));
    while !writing.is_finished() {
        let Snapshot { users, groups, watermark, .. } = store.snapshot().unwrap();
        let user = users.view(&id(1)).unwrap().name();
        assert_eq!((user, user), (groups.view(&id(9)).unwrap().name(), &*watermark.unwrap().scope));
    }
    writing.join().unwrap();
}
