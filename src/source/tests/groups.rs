//! Groups with the attributes that mappings see.

use super::*;

const USERS: (&str, &str) = ("users.csv", "id,userPrincipalName\n1,ann@x.ch\n");

fn open(others: &[(&str, &str)]) -> (Files, Export) {
    let mut all = vec![USERS];
    all.extend(others);
    let files = Files::new(&all);
    let names: Vec<_> = all.iter().map(|(name, _)| *name).collect();
    let export = files.open(&names).unwrap();
    assert_eq!(export.diagnostic_count(), 0);
    (files, export)
}

/// Each group as `id name | values`.
fn groups_of(export: &Export, list: &[&str]) -> Vec<String> {
    let mut groups = Vec::new();
    export.each_group(&names(list), &mut |group| {
        assert_eq!((group.account_enabled, group.deletion), (Known::Known(true), Deletion::None));
        let values: Vec<_> = group.values.iter().map(show).collect();
        groups.push(format!("{} {} | {}", group.id, group.name, values.join(" | ")));
        ControlFlow::Continue(())
    });
    groups
}

fn check(files: &[(&str, &str)], list: &[&str], expected: &[&str]) {
    let (_files, export) = open(files);
    assert_eq!(groups_of(&export, list), expected, "{files:?}");
}

#[test]
fn what_a_file_lacks_is_unknown_and_what_a_group_lacks_is_null() {
    let list = ["objectId", "displayName", "mail", "mailNickname", "description", "securityEnabled"];
    let json = r##"{"value":[
        {"@odata.type":"#microsoft.graph.group","id":"0B4D5A6E-0001-4000-8000-0000000000AB","displayName":"Design",
         "mail":"design@x.ch","description":null,"securityEnabled":true,"members@odata.context":"c"},
        {"id":"g2","displayName":"","mail":"","description":"News","securityEnabled":null},
        {"id":"g3","displayName":null}]}"##;
    let id = "0b4d5a6e-0001-4000-8000-0000000000ab";
    check(
        &[("groups.json", json)],
        &list,
        &[
            &format!("{id} Design | {id} | Design | design@x.ch | ? | - | T"),
            "g2  | g2 | - |  | ? | News | ?",
            "g3  | g3 | - | - | ? | - | ?",
        ],
    );
    check(
        &[("groups.csv", "Object Id;Name;Mail;Description;Security Enabled\ng1;Design;design@x.ch;;yes\ng2;;;News;\n")],
        &list,
        &["g1 Design | g1 | Design | design@x.ch | ? | - | T", "g2  | g2 | - | - | ? | News | ?"],
    );
    // Beside a list of groups, one that only memberships name isn't a group to provision.
    check(
        &[("members.csv", "groupId,memberId\ng1,1\n"), ("groups.csv", "id,mail\ng2,news@x.ch\n")],
        &list,
        &["g2  | g2 | ? | news@x.ch | ? | ? | ?"],
    );
    check(&[("members.csv", "groupId,memberId\ng1,1\n")], &list, &["g1  | g1 | ? | ? | ? | ? | ?"]);
    check(&[("members.csv", "group,member\nDesign,1\n")], &list, &["Design Design | Design | Design | ? | ? | ? | ?"]);
}

#[test]
fn values_of_every_kind() {
    let json = r#"[{"Id":"g1","DisplayName":"Design","SecurityEnabled":"False","mailEnabled":false,"size":7,
        "proxyAddresses":["SMTP:a@x.ch",null,1],"groupTypes":[],"owners":[{"id":"1"}],"onPremisesSyncEnabled":true,
        "onPremisesExtensionAttributes":{"extensionAttribute1":"x"},"extension_0f_Shoe":"43","ext":{"a":{"b":"deep"}},
        "displayname":"second"}]"#;
    check(
        &[("groups.json", json)],
        &[
            "securityEnabled",
            "mailEnabled",
            "size",
            "proxyAddresses",
            "groupTypes",
            "owners",
            "dirSyncEnabled",
            "extensionAttribute1",
            "extension_0f_Shoe",
            "ext.a.b",
        ],
        &["g1 Design | F | F | 7 | [SMTP:a@x.ch 1] | [] | ? | T | x | 43 | deep"],
    );
}

#[test]
fn pages_belong_together_and_files_of_rows_stand_alone() {
    let files = Files::new(&[
        USERS,
        ("groups/1.json", r#"[{"id":"g1","mail":"a@x.ch"}]"#),
        ("groups/2.csv", "id,description\ng2,Two\n"),
        ("groups/3.json", r#"[{"id":"g3","visibility":"Private"}]"#),
    ]);
    let export = files.open(&["users.csv", "groups"]).unwrap();
    assert_eq!(
        groups_of(&export, &["mail", "visibility", "description"]),
        ["g1  | a@x.ch | - | ?", "g2  | ? | ? | Two", "g3  | - | Private | ?"]
    );
}

#[test]
fn members_and_computed_attributes_have_no_value() {
    check(
        &[("groups.json", r#"[{"id":"g1","members":[{"id":"1"}],"manager":"1","IsSoftDeleted":true}]"#)],
        &["members", "manager", "IsSoftDeleted", "appRoleAssignments"],
        &["g1  | ? | ? | ? | ?"],
    );
}

#[test]
fn columns_are_there_or_not() {
    let named = ["objectId", "displayName", "mail", "members", "IsSoftDeleted"];
    for (files, expected) in [
        (&[][..], [false; 5]),
        (&[("groups.json", r#"[{"id":"g1","displayName":"A"}]"#)], [true, true, false, false, false]),
        (&[("groups.json", r#"[{"id":"g1","mail":null,"members":[]}]"#)], [true, false, true, true, false]),
        (&[("groups.csv", "id,name,mail,members\ng1,,,3\n")], [true, true, true, false, false]),
        (&[("members.csv", "groupId,memberId\n")], [false, false, false, true, false]),
    ] {
        let (_files, export) = open(files);
        assert_eq!(named.map(|name| export.group_has(name)), expected, "{files:?}");
    }
}

#[test]
fn whoever_receives_groups_can_break_off() {
    let (_files, export) = open(&[("groups.csv", "id,mail\ng1,\ng2,\n")]);
    let mut met = 0;
    export.each_group(&names(&[]), &mut |_| {
        met += 1;
        ControlFlow::Break(())
    });
    assert_eq!(met, 1);
}
