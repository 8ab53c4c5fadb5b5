use super::*;
use crate::scim::Resource;
use crate::target::Kind;
use crate::target::collection::Collection;
use crate::target::page::find::{contains_ignoring_case, groups_of, search, search_within};

fn filled(storage: Storage) -> Endpoint {
    let endpoint = endpoint(storage);
    let user = |name: &str, display: &str, email: &str| {
        let user = json!({
            "schemas": [urn::USER], "id": format!("id-{name}"), "userName": name, "displayName": display,
            "externalId": format!("x-{}", display.len()), "title": "Ann of all trades",
            "emails": [{"type": "work", "value": email}],
        });
        Resource::from_value(user).unwrap()
    };
    let users = vec![
        user("joann@contoso.com", "Jo", "jo@contoso.com"),
        user("bob@contoso.com", "Annabel \"Bob\" Meyer", "bob@contoso.com"),
        user("Ann.Lee@contoso.com", "Lee", "lee@contoso.com"),
        user("zoe@contoso.com", "ZOË Grün", "annex@contoso.com"),
        user("ann.abe@contoso.com", "Abe", "abe@contoso.com"),
        user("carl@contoso.com", "Carl", "carl@contoso.com"),
        user("100%_sure@contoso.com", "Percent", "p@contoso.com"),
    ];
    endpoint.load(users).unwrap();
    let group = |name: &str, members: &[&str]| {
        let members: Vec<_> = members.iter().map(|id| json!({"value": id})).collect();
        Resource::from_value(json!({"schemas": [urn::GROUP], "id": name, "displayName": name, "members": members}))
    };
    let groups =
        [group("Ann's", &["id-bob@contoso.com"]), group("Design", &["id-bob@contoso.com2"]), group("Joann", &[])];
    endpoint.load_groups(groups.into_iter().flatten().collect()).unwrap();
    endpoint
}

fn both() -> Vec<Endpoint> {
    let folder = tempfile::tempdir().unwrap();
    let file = filled(Storage::file(&folder.path().join("target.db")).unwrap());
    // the file stays open: on Unix it may lose its name meanwhile
    drop(folder);
    vec![filled(Storage::memory()), file]
}

fn names(collection: &Collection, text: &str, offset: u64, count: usize) -> (Vec<String>, bool, Option<u64>) {
    let found = search(collection, text, offset, count).unwrap();
    let name = |body: &std::sync::Arc<str>| {
        let body: Value = serde_json::from_str(body).unwrap();
        body[collection.kind().key()].as_str().unwrap().split('@').next().unwrap().to_owned()
    };
    (found.bodies.iter().map(name).collect(), found.more, found.total)
}

#[test]
fn names_that_begin_with_a_text_come_first_then_those_that_have_it_then_the_rest() {
    for endpoint in both() {
        let users = endpoint.collection(Kind::User).unwrap();
        for (text, expected) in [
            ("ann", &["ann.abe", "Ann.Lee", "joann", "bob", "zoe"][..]),
            ("ANN.", &["ann.abe", "Ann.Lee"]),
            ("zoë", &["zoe"]),
            ("GRÜN", &["zoe"]),
            ("ë", &["zoe"]),
            ("\"bob\"", &["bob"]),
            ("annex@", &["zoe"]),
            ("x-7", &["100%_sure"]),
            ("id-carl@contoso.com", &["carl"]),
            ("%_", &["100%_sure"]),
            ("_", &["100%_sure"]),
            ("trades", &[]),
            ("*", &[]),
            ("nobody", &[]),
        ] {
            let (found, more, total) = names(&users, text, 0, 10);
            assert_eq!((found.as_slice(), more), (expected.map_names().as_slice(), false), "{text}");
            assert_eq!(total, Some(expected.len() as u64), "{text}");
        }
        let groups = endpoint.collection(Kind::Group).unwrap();
        assert_eq!(names(&groups, "ann", 0, 10).0, ["Ann's", "Joann"]);
    }
}

trait Names {
    fn map_names(&self) -> Vec<String>;
}

impl Names for &[&str] {
    fn map_names(&self) -> Vec<String> {
        self.iter().map(|name| (*name).to_owned()).collect()
    }
}

#[test]
fn pages_of_a_search_follow_each_other_without_gap_or_double() {
    for endpoint in both() {
        let users = endpoint.collection(Kind::User).unwrap();
        let (all, ..) = names(&users, "ann", 0, 10);
        for size in 1..=all.len() {
            let mut pages = Vec::new();
            loop {
                let (page, more, total) = names(&users, "ann", pages.len() as u64, size);
                pages.extend(page);
                assert_eq!(total.is_some(), !more, "the end tells how many there are");
                if !more {
                    assert_eq!(total, Some(all.len() as u64), "pages of {size}");
                    break;
                }
            }
            assert_eq!(pages, all, "pages of {size}");
        }
        assert_eq!(names(&users, "ann", 99, 10), (Vec::new(), false, Some(5)), "behind the end");
    }
}

#[test]
fn a_search_that_costs_too_much_is_given_up_and_says_so() {
    let users = filled(Storage::memory()).collection(Kind::User).unwrap();
    let found = search_within(&users, "ann", 0, 10, 1).unwrap();
    assert_eq!((found.bodies.len(), found.total), (3, None), "what the index has is found in any case");
    assert_eq!(found.given_up, Some(1));
}

#[test]
fn groups_of_a_user_are_found_by_the_whole_id() {
    for endpoint in both() {
        let groups = endpoint.collection(Kind::Group).unwrap();
        let found = groups_of(&groups, "id-bob@contoso.com", 0, 10).unwrap();
        assert_eq!((found.bodies.len(), found.total, found.more), (1, Some(1), false));
        assert!(found.bodies[0].contains("Ann's"));
        assert_eq!(groups_of(&groups, "id-bob@contoso.com", 1, 10).unwrap().bodies.len(), 0);
    }
}

#[test]
fn ascii_is_found_in_any_letter_case() {
    for (text, part, expected) in [
        ("", "", true),
        ("abc", "", true),
        ("aab", "ab", true),
        ("xAbC", "abc", true),
        ("ab", "abc", false),
        ("aBaBaC", "abac", true),
        ("é@X", "@x", true),
    ] {
        assert_eq!(contains_ignoring_case(text.as_bytes(), part.as_bytes()), expected, "{text} {part}");
    }
}
