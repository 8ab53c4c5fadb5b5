use std::io::Cursor;

use super::*;

fn stores() -> (tempfile::TempDir, [Storage; 2]) {
    let directory = tempfile::tempdir().unwrap();
    let file = Storage::file(&directory.path().join("data.db")).unwrap();
    (directory, [Storage::memory(), file])
}

/// What went wrong: line, column, and the sentence.
fn failure(endpoint: &Endpoint, text: &str) -> String {
    match endpoint.load_from(Cursor::new(text.to_owned())) {
        Err(LoadError::At { line, column, source }) => {
            let column = column.map_or_else(String::new, |column| format!(":{column}"));
            format!("{line}{column}: {source}")
        }
        Err(error) => error.to_string(),
        Ok(loaded) => format!("{loaded:?}"),
    }
}

#[tokio::test]
async fn users_and_groups_are_told_apart() {
    let user = json!({"schemas": [urn::USER], "id": "u", "userName": "ann"});
    let group = json!({
        "schemas": [urn::GROUP], "id": "g", "displayName": "Design", "members": [{"value": "u"}],
        "meta": {"resourceType": "Group", "created": "2020-01-01T00:00:00Z", "lastModified": "2021-01-01T00:00:00Z"},
    });
    let list = json!({"schemas": [urn::LIST_RESPONSE], "totalResults": 2, "Resources": [user, group], "startIndex": 1});
    let (bare_user, bare_group) = (json!({"id": "u", "userName": "ann"}), json!({"id": "g", "displayName": "Design"}));
    for (text, users, groups) in [
        (json!([user, group]).to_string(), 1, 1),
        (list.to_string(), 1, 1),
        (serde_json::to_string_pretty(&list).unwrap(), 1, 1),
        (json!({"Users": [bare_user], "Groups": [bare_group]}).to_string(), 1, 1),
        (format!("{user}\n\n{group}\n"), 1, 1),
        (format!("\u{feff}{group}\r\n{user}\r\n"), 1, 1),
        (format!("{}\n{}", json!([user]), json!({"Groups": [group]})), 1, 1),
        (json!([{"userName": "ann"}, {"displayName": "Design", "members": []}]).to_string(), 1, 1),
        (json!([bare_user]).to_string(), 1, 0),
        (" \n".to_owned(), 0, 0),
        ("[]".to_owned(), 0, 0),
    ] {
        let (_directory, stores) = stores();
        for storage in stores {
            let endpoint = scim(storage);
            let loaded =
                endpoint.load_from(Cursor::new(text.clone())).unwrap_or_else(|error| panic!("{error}: {text}"));
            assert_eq!((loaded.users, loaded.groups), (users, groups), "{text}");
            assert_eq!(
                (endpoint.resources().unwrap().len() as u64, endpoint.groups().unwrap().len() as u64),
                (users, groups)
            );
        }
    }
    let endpoint = scim(Storage::memory());
    endpoint.load_from(Cursor::new(list.to_string())).unwrap();
    let found = get(&endpoint, "/Groups/g").await.body;
    assert_eq!(
        (&found["meta"]["created"], &found["meta"]["lastModified"]),
        (&json!("2020-01-01T00:00:00Z"), &json!("2021-01-01T00:00:00Z"))
    );
    assert_eq!(get(&endpoint, "/Users/u").await.body["groups"][0]["value"], "g");
}

#[tokio::test]
async fn a_mistake_is_placed_and_nothing_is_loaded() {
    let (_directory, stores) = stores();
    for storage in stores {
        let endpoint = scim(storage);
        create(&endpoint, "bob").await;
        let many: Vec<_> = (0..2000).map(|number| format!("{{\"userName\":\"user{number}\"}}\n")).collect();
        let many = many.concat();
        for (text, expected) in [
            (
                "[{\"userName\":\"ann\"},\n {\"userName\":\"BOB\"}]".to_owned(),
                "2: resource 2 has the userName of another one; each has to be unique",
            ),
            (
                "{\"userName\":\"ann\"}\n{\"userName\":\"Ann\"}".to_owned(),
                "2: resource 2 has the userName of the one on line 1; each has to be unique",
            ),
            (
                "{\"id\":\"1\",\"userName\":\"a\"}\n{\"id\":1,\"userName\":\"b\"}".to_owned(),
                "2: resource 2 has the id of the one on line 1; each has to be unique",
            ),
            (
                "{\"userName\":\"ann\"}\n{\"active\":true}".to_owned(),
                "2: resource 2 isn't a valid user: `userName` is required",
            ),
            (
                "[{\"userName\":\"ann\"},\n{\"userName\":nul}]".to_owned(),
                "2:16: invalid JSON: expected ident at line 1 column 16",
            ),
            ("[{\"userName\":\"ann\"},\n5]".to_owned(), "2:1: invalid JSON: a resource has to be a JSON object"),
            ("[{\"userName\":\"ann\"},\n{\"userName\":".to_owned(), "2:13: invalid JSON: the file ends too early"),
            (format!("{{\"Groups\":[\n{}]}}", ann()), "2: resource 1 is a user, but stands among the groups"),
            (
                format!("{many}{{\"userName\":\"user7\"}}"),
                "2001: resource 2001 has the userName of the one on line 8; each has to be unique",
            ),
            (
                "{\"id\":\"1\",\"userName\":\"a\"}\n\n{\"id\":\"1\",\"displayName\":\"b\",\"members\":[]}".to_owned(),
                "3: resource 2 has the id of the one on line 1; each has to be unique",
            ),
            (
                "{\"userName\":\"a\"}\n{\"id\":\".search\",\"userName\":\"b\"}".to_owned(),
                "2: resource 2 has the id `.search`, by which nobody can ask for it",
            ),
            (
                "{\"id\":\"..\",\"userName\":\"b\"}".to_owned(),
                "1: resource 1 has the id `..`, by which nobody can ask for it",
            ),
            (
                "{\"userName\":\"a\"}\n{\"userName\":\"b\",\"meta\":{\"created\":\"yesterday\"}}".to_owned(),
                "2: `meta.created` of resource 2 isn't a date with a time: \"yesterday\"",
            ),
        ] {
            assert_eq!(failure(&endpoint, &text), expected);
            assert_eq!(endpoint.resources().unwrap().len(), 1, "all or nothing: {expected}");
        }
        let loaded = endpoint.load_from(Cursor::new(many)).unwrap();
        assert_eq!(loaded.users, 2000);
        assert_eq!(total(&endpoint, "/Users", "userName eq \"USER1999\"").await, 1);
    }
    let group = json!({"schemas": [urn::GROUP], "displayName": "Design"});
    let expected = "1: the endpoint keeps users only, so it can't hold groups; choose the profile `scim`";
    assert_eq!(failure(&endpoint(), &group.to_string()), expected);
    let long = format!("[{{\"userName\":\"ann\"}},\n{{\"userName\":\"{}\"}}]", "x".repeat(1 << 20));
    let told = failure(&endpoint(), &long);
    assert!(told.starts_with("2: resource 2 is a user of ") && told.ends_with("at most 1048576 are kept"), "{told}");
    let huge = format!("[{{\"userName\":\"ann\",\"title\":\"{}\"}}]", "x".repeat(17 * 1024 * 1024));
    assert!(failure(&endpoint(), &huge).contains("a resource has more than 16777216 bytes"));
}

/// A file that is read on a thread that panics.
struct Broken(Cursor<Vec<u8>>);

impl std::io::Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        unreachable!("only lines are read")
    }
}

impl std::io::BufRead for Broken {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        let buffer = self.0.fill_buf()?;
        assert!(!buffer.is_empty(), "this is what the test is about");
        Ok(buffer)
    }

    fn consume(&mut self, amount: usize) {
        self.0.consume(amount);
    }
}

#[test]
fn half_a_file_is_not_loaded() {
    let (_directory, stores) = stores();
    for storage in stores {
        let endpoint = scim(storage);
        let many: Vec<_> = (0..1000).map(|number| format!("{{\"userName\":\"user{number}\"}}\n")).collect();
        let error = endpoint.load_from(Broken(Cursor::new(many.concat().into_bytes()))).unwrap_err();
        assert_eq!(error.to_string(), "the write was broken off");
        assert!(endpoint.resources().unwrap().is_empty());
    }
}
