//! What stops the reading, with whole messages and hints.

use super::*;

/// Opens and reads an export that must fail; the message and the hint.
fn failure(files: &Files, names: &[&str]) -> (String, String, SourceError) {
    let outcome = files
        .open(names)
        .and_then(|export| export.each_user(&super::names(&["city"]), &mut |_| ControlFlow::Continue(())));
    let error = outcome.expect_err("this export can't be used");
    let hint = error.diagnostic().hint.clone().unwrap();
    (files.shorten(&error.to_string()), files.shorten(&hint), error)
}

fn check(files: &[(&str, &str)], expected: &str, hint: &str) {
    let mut all = vec![("users.csv", "id,userPrincipalName\n1,ann@x.ch\n")];
    all.retain(|(name, _)| !files.iter().any(|(other, _)| other.starts_with("users") && name.starts_with("users")));
    all.extend(files);
    let names: Vec<_> = all.iter().map(|(name, _)| *name).collect();
    let files = Files::new(&all);
    let (message, found_hint, _) = failure(&files, &names);
    assert_eq!((message.as_str(), found_hint.as_str()), (expected, hint));
}

#[test]
fn headers() {
    check(
        &[("users.csv", "version:v1.0\nuserPrincipalName\nann@x.ch\n")],
        "users.csv:2:1: no delimiter found in the header line",
        "columns are separated by commas, semicolons or tabs; is this the right file?",
    );
    check(
        &[("users.csv", "displayName,mail\nAnn,a@x.ch\n")],
        "users.csv:1:1: there is no column for the object id; found: displayName, mail",
        "the file needs a column `id` or `objectId`; use the portal's \"Download users\", or add the property to `$select`",
    );
    check(
        &[("users.csv", "id,mail\n1,a@x.ch\n")],
        "users.csv:1:1: there is no column for the user principal name; found: id, mail",
        "the file needs a column `userPrincipalName`; use the portal's \"Download users\", or add the property to `$select`",
    );
    check(
        &[("users.csv", "version:v1.0\nid,userPrincipalName,mobile,mobilePhone\n")],
        "users.csv:2:1: two columns mean the attribute mobile: \"mobile\" (column 3) and \"mobilePhone\" (column 4)",
        "remove or rename one of them",
    );
    check(
        &[("assignments.csv", "role,created\nx,y\n")],
        "assignments.csv:1:1: there is no column for the principal; found: role, created",
        "name it `principalId`, or `userPrincipalName` for users",
    );
    check(
        &[("assignments.csv", "principalId,created\nx,y\n")],
        "assignments.csv:1:1: there is no column for the app role; found: principalId, created",
        "name it `appRoleId`, or `role` for its value or display name; an empty cell is Default Access",
    );
    check(
        &[("members.csv", "groupId,x\n1,2\n")],
        "members.csv:1:1: there is no column for the member; found: groupId, x",
        "name it `memberId`, or `userPrincipalName` for users",
    );
    check(
        &[("members.csv", "memberId,x\n1,2\n")],
        "members.csv:1:1: there is no column for the group; found: memberId, x",
        "name it `groupId`, or `group` for its display name",
    );
    check(
        &[("groups.csv", "name,x\n1,2\n")],
        "groups.csv:1:1: there is no column for the object id; found: name, x",
        "the file needs a column `id` or `objectId`",
    );
}

#[test]
fn cut_off_csv() {
    check(
        &[("users.csv", "id,userPrincipalName,city\n1,ann@x.ch,Bern\n2,bob@x.ch\n")],
        "users.csv:3: the last row has 2 of 3 cells, the file looks cut off",
        "export it again",
    );
    for rows in ["2,bob@x.ch,\"Ber", "2,\"bob@x.ch,Bern\n3,cid@x.ch,Bern\n", "2,bob@x.ch,\"Bern\n"] {
        check(
            &[("users.csv", &format!("id,userPrincipalName,city\r\n1,ann@x.ch,Bern\r\n{rows}"))],
            "users.csv:3: a quoted cell of this row is never closed, the file looks cut off",
            "export it again; a quote inside a cell is doubled",
        );
    }
    check(
        &[("users.csv", "id,\"userPrinc")],
        "users.csv:1: the header line ends inside a quoted name",
        "the file looks cut off: export it again",
    );
}

#[test]
fn cut_off_json() {
    for (text, place) in [
        ("[{\"id\":\"1\",\"userPrincipalName\":\"ann\"}", "1:38"),
        ("[{\"id\":\"1\",\n\"userPrincipalName\":\"zoë", "2:25"),
        ("{\"value\":[{\"id\":\"1\",\"userPrincipalName\":\"ann\"}]", "1:48"),
        ("{\"value\":[{\"id\":\"1\",\"userPrincipalName\":\"ann\"},", "1:48"),
        ("{\"value\":[\n", "2:1"),
        ("{\"id\":\"1\",\"userPrincipalName\":\"ann\"}\n{\"id\":", "2:7"),
    ] {
        let expected = format!("users.json:{place}: the JSON ends here, before it is complete");
        check(&[("users.json", text)], &expected, "the file looks cut off: export it again");
    }
    check(
        &[("users.json", r#"{"value":[{"id":"1","userPrincipalName":"a"}],"@odata.nextLink":"https://x"}"#)],
        "users.json: @odata.nextLink: this page has an `@odata.nextLink` to a page that isn't there",
        "download the pages that follow too, put all into one folder, and name the folder",
    );
    check(
        &[("assignments.json", r#"{"@odata.nextLink":"https://x","value":[]}"#)],
        "assignments.json: @odata.nextLink: this page has an `@odata.nextLink` to a page that isn't there",
        "download the pages that follow too, put all into one folder, and name the folder",
    );
    check(
        &[("groups.json", r#"[{"id":"g","displayName":"All","members":[],"members@odata.nextLink":"https://x"}]"#)],
        "groups.json:1: members@odata.nextLink: the members of the group \"All\" go on at a next link",
        "list all memberships in a CSV `groupId,memberId` and name it as `members`",
    );
}

#[test]
fn invalid_json() {
    let hint = "export the file again, or mend it at this place";
    for (text, expected) in [
        ("[{\"id\":\"1\"\n \"x\":2}]", "2:2: invalid JSON: expected `,` or `}`"),
        ("[1]", "1:2: invalid JSON: an object is expected here"),
        ("[{\"id\":\"1\"} {}]", "1:13: invalid JSON: a comma or the end of the array is expected here"),
        ("[{\"id\":\"1\"},]", "1:13: invalid JSON: an object is expected here"),
        ("[{\"id\":\"1\"}] x", "1:14: invalid JSON: nothing more is expected here"),
        ("{\"id\":\"ö\",x}", "1:11: invalid JSON: key must be a string"),
        ("{\"value\":[]} 5", "1:14: invalid JSON: nothing more is expected here"),
    ] {
        check(&[("users.json", text)], &format!("users.json:{expected}"), hint);
    }
    check(
        &[("users.json", "[{\"id\":\"1\"},{\"id\":\"2\"}]")],
        "users.json: no user object has `userPrincipalName`; found: objectId",
        "add `userPrincipalName` to `$select` and export again",
    );
    check(
        &[("application.json", "{\"displayName\":\"x\"}")],
        "application.json: this is no application: it has neither `appRoles` nor `appId`",
        "use the manifest from the app registration, or `GET /servicePrincipals/{id}` of Graph",
    );
    check(
        &[("application.csv", "a,b\n")],
        "application.csv: the application must be a JSON object",
        "use the manifest from the app registration, or `GET /servicePrincipals/{id}` of Graph",
    );
}

#[test]
fn files_that_cannot_be_read() {
    let files = Files::new(&[("folder/notes.txt", "x"), ("empty.csv", " \n")]);
    let pattern_hint = "name a file, a folder of pages, or a pattern such as `export/users-*.json`";
    for (name, expected, hint) in [
        (
            "users.csv",
            "users.csv: there is no such file or folder",
            "check `users` under [source]; paths are relative to the configuration file",
        ),
        ("folder", "folder: the folder has no .csv, .json, .ndjson or .jsonl file", pattern_hint),
        ("folder/*.json", "folder/*.json: no file fits the pattern", pattern_hint),
        ("empty.csv", "empty.csv: the file is empty", "export it again"),
        (
            "nowhere/*.json",
            "nowhere: there is no such file or folder",
            "check `users` under [source]; paths are relative to the configuration file",
        ),
    ] {
        let paths = SourcePaths { users: files.path(name), ..SourcePaths::default() };
        let error = Export::open(&paths).unwrap_err();
        assert_eq!(files.shorten(&error.to_string()), expected);
        assert_eq!(error.diagnostic().hint.as_deref(), Some(hint));
    }
}

#[test]
fn a_file_that_changes_between_readings() {
    let files = Files::new(&[("users.csv", "id,userPrincipalName\n1,ann@x.ch\n")]);
    let export = files.open(&["users.csv"]).unwrap();
    let before = export.digest().unwrap();
    assert_eq!(files.open(&["users.csv"]).unwrap().digest().unwrap(), before);
    touch(&files.path("users.csv"), "id,userPrincipalName\n");
    let error = export.each_user(&names(&[]), &mut |_| ControlFlow::Continue(())).unwrap_err();
    assert_eq!(files.shorten(&error.to_string()), "users.csv: it was changed while it was being read");
    assert!(matches!(error, SourceError::Changed(_)));
    assert!(matches!(export.digest(), Err(SourceError::Changed(_))));
    assert_ne!(files.open(&["users.csv"]).unwrap().digest().unwrap(), before);
}
