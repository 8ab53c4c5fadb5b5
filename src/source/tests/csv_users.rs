//! Users from CSV.

use super::*;

const ANN: &str = "0b4d5a6e-0001-4000-8000-0000000000ab";
const LIST: &[&str] = &["userPrincipalName", "displayName", "mobile", "accountEnabled", "mailNickname"];

#[test]
fn spellings_of_the_file() {
    let plain = format!(
        "id,userPrincipalName,displayName,mobilePhone,accountEnabled\r\n{ANN},ann@x.ch,\"Zoë, 東 😀\",,True\r\n"
    );
    let expected = format!("{ANN} ann@x.ch on | ann@x.ch | Zoë, 東 😀 | - | T | ?");
    let semicolons = plain.replace("\"Zoë, 東 😀\"", "\u{1}").replace(',', ";").replace('\u{1}', "\"Zoë, 東 😀\"");
    let tabs = semicolons.replace(';', "\t");
    let unix = plain.replace("\r\n", "\n");
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("CRLF", plain.clone().into()),
        ("LF", unix.clone().into()),
        ("no line end", unix.trim_end().into()),
        ("mark", format!("\u{feff}{plain}").into()),
        ("version line", format!("\u{feff}version:v1.0\r\n{plain}").into()),
        ("version line with separators", format!("version:v1.0,,,,\n{unix}").into()),
        ("PowerShell type line", format!("#TYPE Selected.User\r\n{plain}").into()),
        ("semicolons", semicolons.into()),
        ("tabs", tabs.into()),
        ("UTF-16 LE", utf16(&plain, false, true)),
        ("UTF-16 BE", utf16(&plain, true, true)),
        ("UTF-16 LE without mark", utf16(&plain, false, false)),
        ("old names", unix.replacen("id,", "objectId,", 1).replace("mobilePhone", "mobile").into()),
        ("quoted names", unix.replacen("id,userPrincipalName", "\"Id\",\"User Principal Name\"", 1).into()),
        ("template names", unix.replacen("displayName", "Name [displayName] Required", 1).into()),
        ("upper-case id", unix.replacen(ANN, &ANN.to_uppercase(), 1).into()),
        ("blank lines", format!("\n{unix}\n\n").into()),
        ("spare cells", unix.replace("True\n", "True,,\n").into()),
    ];
    for (case, content) in cases {
        println!("{case}");
        check_users("users.csv", &content, LIST, &[&expected], &[]);
    }
}

#[test]
fn values() {
    check_users(
        "users.csv",
        b"id,userPrincipalName,blockCredential,deletedDateTime,extension_0f_Shoe,otherMails\n\
          1,ann_fabrikam.com#EXT#@contoso.onmicrosoft.com,False,,42,a@x;b@x\n\
          2,,TRUE,2026-03-01T10:00:00Z,,\n\
          3,cid@x.ch,,yesterday,,\n",
        &[
            "objectId",
            "userPrincipalName",
            "originalUserPrincipalName",
            "accountEnabled",
            "extension_0f_Shoe",
            "otherMails",
            "IsSoftDeleted",
        ],
        &[
            "1 ann_fabrikam.com#EXT#@contoso.onmicrosoft.com on | 1 | ann@fabrikam.com | \
             ann_fabrikam.com#EXT#@contoso.onmicrosoft.com | T | 42 | a@x;b@x | ?",
            "2  off deleted 2026-03-01T10:00:00Z | 2 | - | - | F | - | - | ?",
            "3 cid@x.ch ? deleted | 3 | cid@x.ch | cid@x.ch | ? | - | - | ?",
        ],
        &[],
    );
}

#[test]
fn rows_that_cannot_be_used() {
    for newline in ["\n", "\r\n"] {
        let mut content = b"id,userPrincipalName,displayName,accountEnabled,city\n\
            ,nobody@x.ch,N,True,\n\
            1,ann@x.ch,Ann,maybe,\n\
            2,bob@x.ch,B\xFFb,True,\n\
            1,ann2@x.ch,Ann 2,True,\n\
            3,cid@x.ch,Cid\n\
            4,dot@x.ch,Dot,True,Bern, Switzerland\n\
            \"5\n\",eve@x.ch,Eve,False,\xFF\n"
            .to_vec();
        if newline == "\r\n" {
            let text: Vec<u8> = content.split(|byte| *byte == b'\n').collect::<Vec<_>>().join(&b"\r\n"[..]);
            content = text;
        }
        check_users(
            "users.csv",
            &content,
            &["displayName"],
            &["1 ann@x.ch ? | Ann", "5 eve@x.ch off | Eve"],
            &[
                "users.csv:2: id: the id is empty, so the row is left out",
                "users.csv:3: accountEnabled: neither true nor false, so it counts as unknown",
                "users.csv:4: displayName: the cell isn't valid UTF-8, so the row is left out",
                "users.csv:5: id: the id 1 was met before, so this row is left out",
                "users.csv:6: the row has 3 of 5 cells and is left out",
                "users.csv:7: the row has 6 cells instead of 5 and is left out",
            ],
        );
    }
}

#[test]
fn a_bad_unit_of_utf16_spoils_its_row_only() {
    let mut content = utf16("id,userPrincipalName,displayName\n1,ann@x.ch,A", false, true);
    content.extend([0x00, 0xD8]);
    content.extend(utf16("nn\n2,bob@x.ch,Bob\n", false, false));
    check_users(
        "users.csv",
        &content,
        &["displayName"],
        &["2 bob@x.ch ? | Bob"],
        &["users.csv:2: displayName: the cell isn't valid UTF-8, so the row is left out"],
    );
}

#[test]
fn deleted_users_follow() {
    let files = Files::new(&[
        ("users.csv", "id,userPrincipalName,city\n1,ann@x.ch,Bern\n2,bob@x.ch,\n"),
        (
            "deleted.csv",
            "id,userPrincipalName,deletedDateTime\n3,cid@x.ch,2026-03-01T10:00:00Z\n1,ann@x.ch,\n4,dot@x.ch,\n",
        ),
    ]);
    let export = files.open(&["users.csv", "deleted.csv"]).unwrap();
    assert!(export.has_deleted_users());
    assert_eq!(export.columns(), ["objectId", "userPrincipalName", "city"]);
    let (users, summary) = users_of(&export, &["city"]);
    assert_eq!(
        users,
        [
            "1 ann@x.ch ? | Bern",
            "2 bob@x.ch ? | -",
            "3 cid@x.ch ? deleted 2026-03-01T10:00:00Z | ?",
            "4 dot@x.ch ? deleted | ?"
        ]
    );
    assert_eq!((summary.rows, summary.users, summary.deleted, summary.diagnostic_count), (5, 4, 2, 1));
    let shown: Vec<_> = export.files().iter().map(|it| format!("{} {} {:?}", it.kind, it.format, it.rows)).collect();
    assert_eq!(
        shown,
        ["users CSV, UTF-8, separated by \",\" Some(2)", "deleted users CSV, UTF-8, separated by \",\" Some(3)"]
    );
}

#[test]
fn a_receiver_may_stop() {
    let files = Files::new(&[("users.csv", "id,userPrincipalName\n1,a\n2,b\n3,c\n1,d\n")]);
    let export = files.open(&["users.csv"]).unwrap();
    let summary = export.each_user(&names(&[]), &mut |_| ControlFlow::Break(())).unwrap();
    assert!(summary.stopped);
    assert_eq!(summary.users, 1);
    assert_eq!(export.files()[0].rows, None);
    // The pass that was broken off didn't see the double, the next ones do.
    assert_eq!(users_of(&export, &[]).1.diagnostic_count, 1);
    assert_eq!(users_of(&export, &[]).1.diagnostic_count, 1);
}

#[test]
fn parts_in_a_folder() {
    let files = Files::new(&[
        ("users/part-2.csv", "id,userPrincipalName\n2,bob@x.ch\n"),
        ("users/part-10.csv", "id;userPrincipalName;city\n10;jan@x.ch;Bern\n"),
        ("users/notes.txt", "not read"),
    ]);
    let export = files.open(&["users"]).unwrap();
    assert_eq!(users_of(&export, &["city"]).0, ["2 bob@x.ch ? | ?", "10 jan@x.ch ? | Bern"]);
    assert_eq!(export.files()[0].files, 2);
    assert!(export.has("city") && !export.has("mail"));
}
