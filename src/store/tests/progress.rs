//! How far a cycle is, by users and groups.

use super::*;
use crate::base::SignedDuration;

#[test]
fn groups_are_counted_once_they_have_begun() {
    let folder = folder();
    let mut store = open(&folder);
    let id_of = |name: &str| CycleId::new(name);
    assert_eq!(store.groups_done(&id_of("first")).unwrap(), 0, "nothing has run");
    assert_eq!(store.last_ended().unwrap(), None);
    store.begin_cycle(&start("first")).unwrap();
    let writer = store.writer().unwrap();
    let reader = Store::open_existing(folder.path(), "wedo").unwrap().unwrap();
    let send = |kind: ObjectKind, number: usize, reason: Reason| {
        let record = ObjectRecord { kind, reason, ..record(number) };
        writer.send_blocking(outcome(kind, &id(number), StateChange::Keep, Some(record))).unwrap();
    };
    let commit = || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(writer.flush()).unwrap();
        reader.groups_done(&id_of("first")).unwrap()
    };
    let manager = || Reason::ReferenceSet(Reference::Manager("bob".into()));
    (0..20).for_each(|number| send(ObjectKind::User, number, Reason::NoMatch));
    assert_eq!(commit(), 0);
    (20..23).for_each(|number| send(ObjectKind::Group, number, Reason::NoMatch));
    assert_eq!(commit(), 3);
    send(ObjectKind::User, 1, manager());
    send(ObjectKind::Group, 20, Reason::ReferenceSet(Reference::Members(2, "ann, bob".into())));
    assert_eq!(commit(), 3, "references aren't objects");
    assert_eq!(reader.groups_done(&id_of("second")).unwrap(), 0);
    let mut store = writer.finish().unwrap();
    store.end_cycle(&report("first", true), None, &JobMemory::default(), false).unwrap();
    let ended = store.last_ended().unwrap().unwrap();
    let expected = report("first", true);
    let end = expected.started + SignedDuration::try_from(expected.duration).unwrap();
    assert_eq!((ended.start.id.clone(), ended.start.kind, ended.ended()), (expected.id, expected.kind, Some(end)));
}

#[test]
fn the_last_cycle_that_got_through_is_no_other() {
    let folder = folder();
    let mut store = open(&folder);
    assert_eq!(store.last_through().unwrap(), None);
    let why = ObjectError { code: "TooManyDeletes".to_owned(), message: "3".to_owned() };
    for (name, completed, quarantine, expected) in [
        ("cut off at first", false, None, None),
        ("through", true, None, Some("through")),
        ("cut off", false, None, Some("through")),
        ("in quarantine at its end", true, Some(why.clone()), Some("through")),
        ("in quarantine at once", false, Some(why), Some("through")),
        ("through again", true, None, Some("through again")),
    ] {
        let report = CycleReport { quarantine, ..report(name, completed) };
        store.end_cycle(&report, None, &JobMemory::default(), false).unwrap();
        let found = store.last_through().unwrap().map(|cycle| cycle.start.id.to_string());
        assert_eq!(found.as_deref(), expected, "{name}");
        assert_eq!(store.last_ended().unwrap().unwrap().start.id.as_str(), name);
    }
    store.begin_cycle(&start("under way")).unwrap();
    assert_eq!(store.last_ended().unwrap().unwrap().start.id.as_str(), "through again");
}
