use proptest::prelude::*;
use serde_json::{Value, json};

use super::order::{Step, order};
use super::references::{detach, each, each_in_path, replace, replaced};

#[test]
fn operations_come_after_what_they_refer_to() {
    let steps = |references: &[&[usize]]| -> Vec<(usize, Vec<usize>)> {
        let references: Vec<_> = references.iter().map(|references| references.to_vec()).collect();
        order(&references).into_iter().map(|Step { operation, detached }| (operation, detached)).collect()
    };
    assert_eq!(steps(&[&[], &[], &[]]), [(0, vec![]), (1, vec![]), (2, vec![])]);
    assert_eq!(steps(&[&[2], &[], &[]]), [(1, vec![]), (2, vec![]), (0, vec![])]);
    assert_eq!(steps(&[&[1], &[2], &[]]), [(2, vec![]), (1, vec![]), (0, vec![])]);
    assert_eq!(
        steps(&[&[3], &[0, 2], &[], &[], &[1]]),
        [(2, vec![]), (3, vec![]), (0, vec![]), (1, vec![]), (4, vec![])]
    );
    assert_eq!(
        steps(&[&[1], &[0], &[], &[1, 2], &[2]]),
        [(2, vec![]), (4, vec![]), (1, vec![0]), (0, vec![]), (3, vec![])]
    );
    assert_eq!(steps(&[&[0]]), [(0, vec![0])]);
    assert_eq!(steps(&[&[1], &[0]]), [(1, vec![0]), (0, vec![])]);
    assert_eq!(steps(&[&[1, 2], &[0, 2], &[0, 1]]), [(2, vec![0, 1]), (1, vec![0]), (0, vec![])]);
    let chain: Vec<Vec<usize>> = (0..1000).map(|index| vec![(index + 1) % 1000]).collect();
    assert_eq!(order(&chain).len(), 1000);
}

proptest! {
    #[test]
    fn every_operation_is_done_once_and_refers_to_nothing_later_but_what_is_detached(
        references in proptest::collection::vec(proptest::collection::btree_set(0_usize..8, 0..4), 8),
    ) {
        let references: Vec<Vec<usize>> = references.into_iter().map(|set| set.into_iter().collect()).collect();
        let steps = order(&references);
        let mut done = Vec::new();
        for Step { operation, detached } in steps {
            for other in &references[operation] {
                prop_assert_eq!(done.contains(other), !detached.contains(other));
            }
            prop_assert!(!done.contains(&operation));
            done.push(operation);
        }
        prop_assert_eq!(done.len(), references.len());
    }
}

fn known(id: &str) -> bool {
    ["a", "b/c", "q\"t"].contains(&id)
}

fn id_of(id: &str) -> Option<String> {
    known(id).then(|| format!("<{id}>"))
}

#[test]
fn references_in_texts() {
    for (text, expected) in [
        ("bulkId:a", "<a>"),
        ("bulkId:b/c", "<b/c>"),
        ("bulkId:q\"t", "<q\"t>"),
        ("bulkId:z", "bulkId:z"),
        ("/Users/bulkId:a", "/Users/<a>"),
        ("https://x/Users/bulkId:a?y#z", "https://x/Users/<a>?y#z"),
        ("members[value eq \"bulkId:a\"].value", "members[value eq \"<a>\"].value"),
        ("/Users/bulkId:z", "/Users/bulkId:z"),
        ("mybulkId:a", "mybulkId:a"),
        ("says bulkId:a", "says bulkId:a"),
        ("/bulkId:a/bulkId:a", "/<a>/<a>"),
        ("bulkid:a", "bulkid:a"),
        ("", ""),
    ] {
        assert_eq!(replaced(text, &id_of), expected, "{text}");
    }
    let mut document = json!({"x": ["bulkId:a", {"bulkId:a": "bulkId:a", "n": 1}], "y": null});
    replace(&mut document, &id_of);
    assert_eq!(document, json!({"x": ["<a>", {"bulkId:a": "<a>", "n": 1}], "y": null}));
}

#[test]
fn unknown_references_are_found_where_they_can_be_nothing_else() {
    let in_document = |document: &Value| {
        let mut found = Vec::new();
        each(document, &known, &mut |id| found.push(id.to_owned()));
        found
    };
    assert_eq!(in_document(&json!(["bulkId:z", "/Users/bulkId:z", "x bulkId:z", "/Users/bulkId:a"])), ["z", "a"]);
    let in_path = |path: &str| {
        let mut found = Vec::new();
        each_in_path(path, &known, &mut |id| found.push(id.to_owned()));
        found
    };
    assert_eq!(in_path("/Users/bulkId:z"), ["z"]);
    assert_eq!(in_path("/Users/bulkId:a"), ["a"]);
    assert_eq!(in_path("/Users/1"), [""; 0]);
}

#[test]
fn what_refers_is_taken_out_as_a_whole() {
    let mut document = json!({
        "members": [{"value": "bulkId:a", "type": "Group"}, {"value": "1"}],
        "manager": {"value": "x", "$ref": "/Users/bulkId:a"},
        "name": {"givenName": "A"},
        "plain": "bulkId:a",
        "urn:x:y:2.0:User": {"manager": "bulkId:a", "department": "D"},
    });
    let detached = detach(&mut document, &known, &|id| id == "a");
    assert_eq!(detached, ["members", "manager", "plain", "urn:x:y:2.0:User:manager"]);
    assert_eq!(
        document,
        json!({"members": [{"value": "1"}], "name": {"givenName": "A"}, "urn:x:y:2.0:User": {"department": "D"}})
    );
}
