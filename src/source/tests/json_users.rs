//! Users from JSON.

use super::*;

const LIST: &[&str] = &[
    "userPrincipalName",
    "mobile",
    "telephoneNumber",
    "otherMails",
    "extensionAttribute1",
    "employeeOrgData.costCenter",
    "manager",
    "mail",
];

const ANN: &str = r##"{"id":"1","userPrincipalName":"ann@x.ch","accountEnabled":true,"mobilePhone":"1 \u0026 2",
  "businessPhones":["+41 1","+41 2"],"otherMails":["a@x","b@x"],
  "onPremisesExtensionAttributes":{"extensionAttribute1":"E1","extensionAttribute2":null},
  "employeeOrgData":{"costCenter":42},"manager":{"@odata.type":"#microsoft.graph.user","id":"9","city":"Bern"}}"##;
const BOB: &str = r#"{"@odata.id":"x","accountEnabled":false,"businessPhones":[],"otherMails":[],"employeeOrgData":null,
  "userPrincipalName":"bob@x.ch","id":"2","assignedPlans":[{"service":"x"}]}"#;
const EXPECTED: &[&str] = &[
    "1 ann@x.ch on | ann@x.ch | 1 & 2 | +41 1 | [a@x b@x] | E1 | 42 | 9 | ?",
    "2 bob@x.ch off | bob@x.ch | - | - | [] | - | - | - | ?",
];

#[test]
fn shapes_of_the_file() {
    let line = |text: &str| text.replace('\n', "");
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("page", format!(r#"{{"@odata.context":"c","value":[{ANN},{BOB}]}}"#).into()),
        ("page with last link null", format!(r#"{{"value":[{ANN} , {BOB}], "@odata.nextLink": null}}"#).into()),
        ("delta page", format!(r#"{{"value":[{ANN},{BOB}],"@odata.deltaLink":"d"}}"#).into()),
        ("array", format!("\n [ {ANN}\n,\n{BOB} ] \n").into()),
        ("lines", format!("{}\n{}\n", line(ANN), line(BOB)).into()),
        ("pretty objects in a row", format!("{ANN}\n{BOB}").into()),
        ("mark", format!("\u{feff}[{ANN},{BOB}]").into()),
        ("UTF-16", utf16(&format!("[{ANN},{BOB}]"), false, true)),
        ("pages in a row", format!(r#"{{"@odata.nextLink":"n","value":[{ANN}]}}{{"value":[{BOB}]}}"#).into()),
    ];
    for (case, content) in cases {
        println!("{case}");
        check_users("users.json", &content, LIST, EXPECTED, &[]);
    }
}

#[test]
fn a_single_object_and_an_empty_page() {
    check_users("users.json", ANN.as_bytes(), LIST, &EXPECTED[..1], &[]);
    check_users("users.json", br#"{"value":[]}"#, LIST, &[], &[]);
    check_users("users.json", b"[]", LIST, &[], &[]);
}

#[test]
fn pages_in_a_folder_or_pattern() {
    let first = format!(r#"{{"@odata.nextLink":"https://graph/next","value":[{ANN}]}}"#);
    let second = format!(r#"{{"value":[{BOB}]}}"#);
    let files = Files::new(&[("users/page-9.json", &first), ("users/page-10.json", &second)]);
    for name in ["users", "users/page-*.json", "users/*"] {
        let export = files.open(&[name]).unwrap();
        assert_eq!(users_of(&export, LIST).0, EXPECTED);
        let shown = export.files().remove(0);
        assert_eq!((shown.files, shown.format.as_str(), shown.rows), (2, "Graph JSON, UTF-8", Some(2)));
    }
}

#[test]
fn columns_are_what_any_user_has() {
    let files = Files::new(&[("users.json", &format!("[{ANN},{BOB}]"))]);
    let export = files.open(&["users.json"]).unwrap();
    assert_eq!(
        export.columns(),
        [
            "objectId",
            "userPrincipalName",
            "accountEnabled",
            "mobile",
            "telephoneNumber",
            "otherMails",
            "extensionAttribute1",
            "extensionAttribute2",
            "employeeOrgData.costCenter",
            "manager",
        ]
    );
    // Null as a whole is null in each part; what no object has is unknown.
    check_users(
        "users.json",
        br#"[{"id":"1","userPrincipalName":"a","onPremisesExtensionAttributes":null,"employeeOrgData":null}]"#,
        &["extensionAttribute1", "employeeOrgData.division", "passwordProfile.password"],
        &["1 a ? | - | - | ?"],
        &[],
    );
}

#[test]
fn removed_in_delta_pages() {
    let page = r#"{"value":[
        {"id":"1","userPrincipalName":"ann@x.ch","mail":"ann@x.ch"},
        {"id":"2","userPrincipalName":"bob@x.ch","mail":null},
        {"id":"3","userPrincipalName":"cid@x.ch"},
        {"id":"4","@removed":{"reason":"changed"}},
        {"id":"1","@removed":{"reason":"changed"}},
        {"id":"2","@removed":{"reason":"deleted"}},
        {"id":"3","@removed":{"reason":"changed"}},
        {"id":"3","userPrincipalName":"cid@x.ch"}
    ],"@odata.deltaLink":"d"}"#;
    check_users(
        "users.json",
        page.as_bytes(),
        &["userPrincipalName", "mail"],
        &["3 cid@x.ch ? | cid@x.ch | -", "4  ? deleted | ? | ?", "1  ? deleted | ? | ?"],
        &["users.json:9: id: the id 3 was met before, so this row is left out"],
    );
}

#[test]
fn objects_that_cannot_be_used() {
    check_users(
        "users.json",
        b"[{\"id\":\"1\",\"userPrincipalName\":\"ann@x.ch\"},\n{\"userPrincipalName\":\"bob@x.ch\"},\n\n{\"id\":\"1\"},{\"id\":\" \"}]",
        &["userPrincipalName"],
        &["1 ann@x.ch ? | ann@x.ch"],
        &[
            "users.json:2: id: the id is empty, so the row is left out",
            "users.json:4: id: the id 1 was met before, so this row is left out",
            "users.json:4: id: the id is empty, so the row is left out",
        ],
    );
}

#[test]
fn objects_across_the_end_of_the_buffer() {
    let long = "x".repeat(700_000);
    let object =
        |id: usize| format!("{{\"id\":\"{id}\",\"userPrincipalName\":\"u{id}\",\"note\":\"{}\"}}\n", &long[id..]);
    let content = (1..=5).map(object).collect::<Vec<_>>().concat();
    let huge =
        format!("{{\"id\":\"6\",\"userPrincipalName\":\"u6\",\"note\":\"{}\"}}\n{{\"id\":\"\"}}", long.repeat(4));
    let expected = [
        "1 u1 ? | 699999",
        "2 u2 ? | 699998",
        "3 u3 ? | 699997",
        "4 u4 ? | 699996",
        "5 u5 ? | 699995",
        "6 u6 ? | 2800000",
    ];
    let files = Files::new(&[("users.ndjson", &(content + &huge))]);
    let export = files.open(&["users.ndjson"]).unwrap();
    let mut found = Vec::new();
    let summary = export.each_user(&names(&["note"]), &mut |user| {
        let AttributeValue::String(note) = &user.values[0] else { panic!("a text") };
        found.push(format!("{} {} ? | {}", user.id, user.name, note.len()));
        ControlFlow::Continue(())
    });
    assert_eq!(found, expected);
    let finding = summary.unwrap().diagnostics.remove(0).to_string();
    assert_eq!(files.shorten(&finding), "users.ndjson:7: id: the id is empty, so the row is left out");
}
