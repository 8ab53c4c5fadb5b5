//! References, as outcomes leave them.

use super::*;
use crate::plan::Sent;

fn change(attribute: &str, referenced: usize, state: Option<Sent>) -> ReferenceChange {
    ReferenceChange { attribute: attribute.into(), referenced: id(referenced), state }
}

fn send(store: Store, kind: ObjectKind, number: usize, state: StateChange, references: Vec<ReferenceChange>) -> Store {
    let writer = store.writer().unwrap();
    writer.send_blocking(Outcome { references, ..outcome(kind, &id(number), state, None) }).unwrap();
    writer.finish().unwrap()
}

/// `kind owner attribute: referenced…`, a `-` behind those that were not sent, a `?` where that isn't known.
fn lines(store: &Store) -> Vec<String> {
    let number = |id: &SourceId| id.to_string().trim_start_matches("0b4d5a6e-0001-4000-8000-").parse::<u32>().unwrap();
    let references = store.references().unwrap();
    let line = |of: ReferencesOf<'_>| {
        let sign = |sent: &Sent| match sent {
            Sent::Yes => "",
            Sent::Maybe => "?",
            Sent::No => "-",
        };
        let ids: Vec<_> = of.referenced.iter().map(|(id, sent)| format!("{}{}", number(id), sign(sent))).collect();
        format!("{} {} {}: {}", of.kind.as_str(), number(of.owner), of.attribute, ids.join(" "))
    };
    references.iter().map(line).collect()
}

/// A group 9 with members 1 to 3, and 1 as the manager of 2 and 3.
fn filled(folder: &TempDir) -> Store {
    let mut store = open(folder);
    for number in [1, 2, 3] {
        let manager = (number > 1).then(|| change("manager", 1, Some(Sent::Yes)));
        let state = StateChange::Put(linked(number as u64));
        store = send(store, ObjectKind::User, number, state, manager.into_iter().collect());
    }
    let members = [1, 2, 3].map(|member| change("members", member, Some(Sent::Yes))).to_vec();
    send(store, ObjectKind::Group, 9, StateChange::Put(linked(9)), members)
}

#[test]
fn references_are_found_by_owner_and_attribute() {
    let folder = folder();
    let store = filled(&folder);
    let references = store.references().unwrap();
    let check = |kind, owner: usize, attribute: &str, expected: &[usize]| {
        let expected: Vec<_> = expected.iter().map(|number| (id(*number), Sent::Yes)).collect();
        assert_eq!(references.of(kind, &id(owner), attribute), expected, "{owner} {attribute}");
    };
    check(ObjectKind::Group, 9, "members", &[1, 2, 3]);
    check(ObjectKind::User, 9, "members", &[]);
    check(ObjectKind::Group, 9, "manager", &[]);
    check(ObjectKind::Group, 9, "owner", &[]);
    check(ObjectKind::User, 2, "manager", &[1]);
    check(ObjectKind::User, 1, "manager", &[]);
    assert_eq!((references.len(), references.is_empty()), (5, false));
    assert!(References::default().of(ObjectKind::User, &id(1), "manager").is_empty());
}

#[test]
fn they_change_with_the_object() {
    let check = |kind, number, state, changes: &[ReferenceChange], expected: &[&str]| {
        let folder = folder();
        let store = send(filled(&folder), kind, number, state, changes.to_vec());
        assert_eq!(lines(&store), expected);
    };
    let (group, users) = ("Group 9 members: 1 2 3", ["User 2 manager: 1", "User 3 manager: 1"]);
    let moved = |number: u64| StateChange::Put(PriorState { target: Some(TargetId::new("new")), ..linked(number) });
    check(ObjectKind::Group, 9, StateChange::Keep, &[], &[group, users[0], users[1]]);
    let changes = [
        change("members", 1, None),
        change("members", 2, Some(Sent::No)),
        change("members", 4, Some(Sent::Maybe)),
        change("members", 5, None),
        change("owner", 1, Some(Sent::Yes)),
    ];
    let expected = ["Group 9 members: 2- 3 4?", "Group 9 owner: 1", users[0], users[1]];
    check(ObjectKind::Group, 9, StateChange::Put(linked(9)), &changes, &expected);
    // Who is removed refers to nobody any more; references to who is removed are left without an account.
    check(
        ObjectKind::User,
        1,
        StateChange::Remove,
        &[],
        &["Group 9 members: 1- 2 3", "User 2 manager: 1-", "User 3 manager: 1-"],
    );
    check(ObjectKind::User, 2, StateChange::Remove, &changes, &["Group 9 members: 1 2- 3", users[1]]);
    check(ObjectKind::Group, 9, StateChange::Remove, &[], &users);
    // What was sent to another account is to be sent again.
    check(ObjectKind::User, 1, StateChange::Put(linked(1)), &[], &[group, users[0], users[1]]);
    check(ObjectKind::User, 1, moved(1), &[], &["Group 9 members: 2 3"]);
    check(ObjectKind::Group, 9, moved(9), &changes[1..2], &["Group 9 members: 2-", users[0], users[1]]);
}

#[test]
fn a_first_link_keeps_references() {
    let folder = folder();
    let unlinked = || StateChange::Put(PriorState { target: None, ..linked(1) });
    let store = send(open(&folder), ObjectKind::User, 1, unlinked(), vec![]);
    let members = vec![change("members", 1, Some(Sent::No))];
    let store = send(store, ObjectKind::Group, 9, StateChange::Put(linked(9)), members);
    let store = send(store, ObjectKind::User, 1, StateChange::Put(linked(1)), vec![]);
    assert_eq!(lines(&store), ["Group 9 members: 1-"]);
}
