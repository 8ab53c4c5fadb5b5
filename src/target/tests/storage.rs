use super::*;

fn people() -> Vec<Resource> {
    [
        json!({"id": "b/1", "userName": "Bob", "meta": {"created": "2020-01-01T00:00:00Z"}}),
        json!({"id": 42, "userName": "ann"}),
    ]
    .into_iter()
    .map(|user| Resource::from_value(user).unwrap())
    .collect()
}

#[tokio::test]
async fn loads_and_lists_resources() {
    let directory = tempfile::tempdir().unwrap();
    for storage in [Storage::memory(), Storage::file(&directory.path().join("data.db")).unwrap()] {
        let endpoint = Endpoint::new(options(&clock()), storage).unwrap();
        assert_eq!(endpoint.load(people()).unwrap(), 2);
        let names: Vec<_> =
            endpoint.resources().unwrap().iter().map(|user| user.get("userName").cloned().unwrap()).collect();
        assert_eq!(names, [json!("ann"), json!("Bob")]);
        let bob = get(&endpoint, "/Users/b%2F1").await.body;
        assert_eq!(bob["meta"]["created"], "2020-01-01T00:00:00Z");
        assert_eq!(bob["meta"]["location"], "http://scim.example:8080/scim/v2/Users/b%2F1");
        assert_eq!(get(&endpoint, "/Users/42").await.body["userName"], "ann");
        let twice = vec![json!({"id": "new", "userName": "new"}), json!({"id": "x", "userName": "BOB"})];
        let twice = twice.into_iter().map(|user| Resource::from_value(user).unwrap()).collect();
        let error = endpoint.load(twice).unwrap_err();
        assert_eq!(error.to_string(), "resource 2 has the userName of another one; each has to be unique");
        assert_eq!(endpoint.resources().unwrap().len(), 2, "all or none");
        let error = endpoint.load(vec![Resource::default()]).unwrap_err();
        assert_eq!(error.to_string(), "resource 1 isn't a valid user: `userName` is required");
    }
}

#[tokio::test]
async fn a_file_survives() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data.db");
    let first = Endpoint::new(options(&clock()), Storage::file(&path).unwrap()).unwrap();
    let ann_id = create(&first, "ann").await;
    let bob = create(&first, "bob").await;
    send(&first, request(Method::DELETE, &format!("/Users/{bob}"), None)).await;
    #[cfg(unix)]
    for name in ["data.db", "data.db-wal", "data.db-shm"] {
        let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(directory.path().join(name)).unwrap());
        assert_eq!(mode & 0o777, 0o600, "{name} is about people");
    }
    // not dropped: as after a kill, the write-ahead log is still there
    let second = Endpoint::new(options(&clock()), Storage::file(&path).unwrap()).unwrap();
    assert_eq!(get(&second, &format!("/Users/{ann_id}")).await.body["userName"], "ann");
    assert_eq!(get(&second, "/Users?filter=userName+eq+%22ANN%22").await.body["totalResults"], 1);
    assert_eq!(get(&second, "/Users?filter=userName+sw+%22a%22").await.body["totalResults"], 1);
    assert_eq!(get(&second, "/Users").await.body["totalResults"], 1);
    let carl = create(&second, "carl").await;
    assert!(carl != ann_id && carl != bob, "ids aren't given again");
    let path = format!("/Users/{carl}");
    let rename = patch_body(&json!([{"op": "Replace", "path": "userName", "value": "ANN"}]));
    assert_eq!(call(&second, Method::PATCH, &path, rename).await.status, StatusCode::CONFLICT);
    let title = patch_body(&json!([{"op": "Add", "path": "title", "value": "x"}]));
    assert_eq!(call(&second, Method::PATCH, &path, title).await.body["title"], "x");
    assert_eq!(
        call(&second, Method::POST, "/Users", json!({"schemas": [urn::USER], "userName": "Carl"})).await.status,
        StatusCode::CONFLICT
    );
}

#[test]
fn foreign_and_newer_files_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    rusqlite::Connection::open(path("newer")).unwrap().pragma_update(None, "user_version", 7).unwrap();
    rusqlite::Connection::open(path("other")).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    std::fs::write(path("text"), "x".repeat(5000)).unwrap();
    let error = |name: &str| Storage::file(&path(name)).unwrap_err().to_string();
    let folder = directory.path().display();
    assert_eq!(
        error("newer"),
        format!("`{folder}/newer` has format 7, this version reads up to 4; use the newer version that wrote it")
    );
    assert_eq!(error("other"), format!("`{folder}/other` isn't an endpoint's data; name another file"));
    assert_eq!(error("text"), format!("`{folder}/text` isn't an endpoint's data; name another file"));
    assert!(error("missing/data.db").contains("can't be opened"));
}

#[tokio::test]
async fn a_file_without_groups_is_brought_up_to_date() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE users (
                seq  INTEGER PRIMARY KEY AUTOINCREMENT,
                id   TEXT NOT NULL UNIQUE,
                key  TEXT NOT NULL UNIQUE,
                body TEXT NOT NULL
            ) STRICT;
            INSERT INTO users (id, key, body) VALUES ('7', 'ann', '{\"id\":\"7\",\"userName\":\"Ann\",\"meta\":{\"resourceType\":\"User\"}}');
            PRAGMA user_version = 1;",
        )
        .unwrap();
    drop(connection);
    for _ in 0..2 {
        let endpoint = scim(Storage::file(&path).unwrap());
        assert_eq!(get(&endpoint, "/Users/7").await.body["userName"], "Ann");
        create_group(&endpoint, "Design").await;
    }
    let endpoint = scim(Storage::file(&path).unwrap());
    assert_eq!(get(&endpoint, "/Groups?filter=displayName+eq+%22design%22").await.body["totalResults"], 2);
    let version: i64 =
        rusqlite::Connection::open(&path).unwrap().pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, 4);
}

/// The file of a released version.
const FORMAT_2: &str = "CREATE TABLE users (
        seq  INTEGER PRIMARY KEY AUTOINCREMENT,
        id   TEXT NOT NULL UNIQUE,
        key  TEXT NOT NULL UNIQUE,
        body TEXT NOT NULL
    ) STRICT;
    CREATE TABLE groups (
        seq  INTEGER PRIMARY KEY AUTOINCREMENT,
        id   TEXT NOT NULL UNIQUE,
        key  TEXT NOT NULL,
        body TEXT NOT NULL
    ) STRICT;
    CREATE INDEX groups_by_key ON groups (key, seq);
    PRAGMA user_version = 2;";

#[tokio::test]
async fn members_and_attributes_of_an_older_file_are_indexed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute_batch(FORMAT_2).unwrap();
    let ann = json!({
        "id": "7", "schemas": [urn::USER], "userName": "Ann", "externalId": "A-7", "displayName": "Ann Lee",
        "emails": [{"type": "work", "value": "Ann@Contoso.com"}], "meta": {"resourceType": "User"},
    });
    let members: Vec<_> = (0..300).map(|number| json!({"value": number.to_string(), "display": "x"})).collect();
    let design = json!({
        "id": "g", "schemas": [urn::GROUP], "displayName": "Design", "members": members,
        "externalId": "D", "meta": {"resourceType": "Group", "created": "2020-01-01T00:00:00Z"},
    });
    let bare = json!({"id": "h", "schemas": [urn::GROUP], "displayName": "Bare", "meta": {"resourceType": "Group"}});
    connection.execute("INSERT INTO users (id, key, body) VALUES ('7', 'ann', ?1)", [ann.to_string()]).unwrap();
    for (id, group) in [("g", &design), ("h", &bare)] {
        let insert = "INSERT INTO groups (id, key, body) VALUES (?1, lower(?1), ?2)";
        connection.execute(insert, [id, &group.to_string()]).unwrap();
    }
    drop(connection);
    let endpoint = scim(Storage::file(&path).unwrap());
    let whole = get(&endpoint, "/Groups/g").await.body;
    assert_eq!(whole["members"], design["members"]);
    assert_eq!(get(&endpoint, "/Groups/h").await.body["members"], Value::Null);
    for filter in [
        "externalId eq \"A-7\"",
        "displayName eq \"ANN LEE\"",
        "emails eq \"ann@contoso.com\"",
        "emails[type eq \"work\" and value eq \"ann@contoso.com\"]",
        "groups.value eq \"g\"",
    ] {
        assert_eq!(total(&endpoint, "/Users", filter).await, 1, "{filter}");
    }
    assert_eq!(total(&endpoint, "/Groups", "members.value eq \"299\"").await, 1);
    assert_eq!(get(&endpoint, "/Users/7").await.body["groups"][0]["display"], "Design");
    assert_eq!(get(&endpoint, "/Groups?count=0").await.body["totalResults"], 2);
}

#[test]
fn users_and_groups_are_removed_by_name() {
    let directory = tempfile::tempdir().unwrap();
    for storage in [Storage::memory(), Storage::file(&directory.path().join("data.db")).unwrap()] {
        let endpoint = scim(storage);
        endpoint.load(people()).unwrap();
        let team = |id: &str| Resource::from_value(json!({"id": id, "displayName": "Design"})).unwrap();
        endpoint.load_groups(vec![team("1"), team("2")]).unwrap();
        assert!(endpoint.remove("ANN").unwrap());
        assert_eq!(endpoint.resources().unwrap().iter().filter_map(Resource::id).collect::<Vec<_>>(), ["b/1"]);
        assert!(!endpoint.remove("ANN").unwrap());
        assert!(endpoint.remove("DESIGN").unwrap());
        let ids: Vec<_> = endpoint.groups().unwrap().iter().filter_map(Resource::id).collect();
        assert_eq!(ids, ["2"]);
    }
    assert!(!endpoint().remove("Design").unwrap());
}

#[tokio::test]
async fn groups_are_loaded_and_listed() {
    let directory = tempfile::tempdir().unwrap();
    for storage in [Storage::memory(), Storage::file(&directory.path().join("data.db")).unwrap()] {
        let endpoint = scim(storage);
        let groups = [
            json!({"id": "2", "displayName": "Sales", "members": [{"value": "7"}]}),
            json!({"id": "1", "displayName": "design"}),
            json!({"id": "3", "displayName": "Design"}),
        ];
        let groups = groups.into_iter().map(|group| Resource::from_value(group).unwrap()).collect();
        assert_eq!(endpoint.load_groups(groups).unwrap(), 3, "names need not be unique");
        let ids: Vec<_> = endpoint.groups().unwrap().iter().map(|group| group.id().unwrap()).collect();
        assert_eq!(ids, ["1", "3", "2"]);
        assert!(endpoint.resources().unwrap().is_empty());
        let nameless = vec![Resource::default()];
        let error = endpoint.load_groups(nameless).unwrap_err().to_string();
        assert_eq!(error, "resource 1 isn't a valid group: `displayName` is required");
    }
    let error = endpoint().load_groups(Vec::new()).unwrap_err().to_string();
    assert_eq!(error, "the endpoint keeps users only, so it can't hold groups; choose the profile `scim`");
    assert!(endpoint().groups().unwrap().is_empty());
}

/// An endpoint whose user names differ by letter case, or don't.
fn with_exact_names(is_exact: bool, path: &std::path::Path) -> Result<Endpoint, StorageError> {
    let mut options = scim_options(&clock());
    let name = options.users.attributes.iter_mut().find(|attribute| attribute.name == "userName").unwrap();
    name.case_exact = is_exact;
    Endpoint::new(options, Storage::file(path)?)
}

#[tokio::test]
async fn keys_follow_the_mapping_in_force() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data.db");
    let exact = with_exact_names(true, &path).unwrap();
    for name in ["Ann", "Bob"] {
        create(&exact, name).await;
    }
    let folded = with_exact_names(false, &path).unwrap();
    assert_eq!(total(&folded, "/Users", "userName eq \"ANN\"").await, 1);
    let twice = json!({"schemas": [urn::USER], "userName": "ANN"});
    assert_eq!(call(&folded, Method::POST, "/Users", twice).await.status, StatusCode::CONFLICT);
    let exact = with_exact_names(true, &path).unwrap();
    assert_eq!(total(&exact, "/Users", "userName eq \"Ann\"").await, 1);
    assert_eq!(total(&exact, "/Users", "userName eq \"ann\"").await, 0);
    create(&exact, "ANN").await;
    let error = with_exact_names(false, &path).unwrap_err().to_string();
    assert!(error.contains("`Ann` and `ANN` in the endpoint's data have the same userName"), "{error}");
    let exact = with_exact_names(true, &path).unwrap();
    assert_eq!(total(&exact, "/Users", "userName eq \"ANN\"").await, 1, "nothing was changed");
}

#[test]
fn a_file_keeps_to_the_attributes_that_it_was_written_with() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data.db");
    let with = |options| Endpoint::new(options, Storage::file(&path).unwrap()).unwrap().claim_attributes();
    with(options(&clock())).unwrap();
    with(options(&clock())).unwrap();
    with(scim_options(&clock())).unwrap();
    let error = with(options(&clock())).unwrap_err().to_string();
    assert!(error.contains("attributes of users that aren't known here (") && error.contains("externalId"), "{error}");
    with(scim_options(&clock())).unwrap();
}

#[test]
fn a_new_file_can_be_opened_by_several_at_once() {
    let directory = tempfile::tempdir().unwrap();
    for round in 0..20 {
        let path = directory.path().join(format!("{round}.db"));
        let start = std::sync::Barrier::new(4);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    start.wait();
                    scim(Storage::file(&path).unwrap());
                });
            }
        });
    }
}

#[test]
#[cfg(unix)]
fn a_file_at_the_end_of_a_link_is_private_too() {
    let directory = tempfile::tempdir().unwrap();
    let (link, path) = (directory.path().join("link.db"), directory.path().join("data.db"));
    std::os::unix::fs::symlink(&path, &link).unwrap();
    scim(Storage::file(&link).unwrap());
    let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(&path).unwrap());
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
#[cfg(unix)]
fn a_file_that_can_only_be_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data.db");
    scim(Storage::file(&path).unwrap()).close().unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o400)).unwrap();
    if std::fs::OpenOptions::new().write(true).open(&path).is_ok() {
        return; // whoever may do everything
    }
    let error = Storage::file(&path).unwrap_err().to_string();
    assert!(error.contains("can't be written; make the file writable"), "{error}");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn an_id_is_unique_among_users_and_groups() {
    let directory = tempfile::tempdir().unwrap();
    for storage in [Storage::memory(), Storage::file(&directory.path().join("data.db")).unwrap()] {
        let endpoint = scim(storage);
        endpoint.load(people()).unwrap();
        let group = resource(json!({"id": "42", "displayName": "Design"}));
        let error = endpoint.load_groups(vec![group.clone()]).unwrap_err().to_string();
        assert_eq!(error, "resource 1 has the id of another one; each has to be unique");
        assert!(endpoint.remove("ann").unwrap());
        assert_eq!(endpoint.load_groups(vec![group]).unwrap(), 1);
        let error = endpoint.load(vec![resource(json!({"id": "42", "userName": "x"}))]).unwrap_err().to_string();
        assert_eq!(error, "resource 1 has the id of another one; each has to be unique");
    }
}
