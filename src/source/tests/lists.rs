//! Applications, groups, memberships, assignments.

use super::*;
use crate::directory::Entitlements;

const USERS: &str = "id,userPrincipalName,mail,displayName\n\
    1,ann@x.ch,ann.a@x.ch,Ann\n\
    2,bob@x.ch,,Same Name\n\
    3,cid_y.com#EXT#@x.ch,,Same Name\n\
    0b4d5a6e-0001-4000-8000-0000000000ab,dot@x.ch,dot@x.ch,Dot\n";
const DESIGNER: &str = "dddddddd-0000-4000-8000-000000000001";
const REVIEWER: &str = "dddddddd-0000-4000-8000-000000000002";
const APPLICATION: &str = r#"{"id":"aaaaaaaa-0000-4000-8000-000000000001","appId":"aaaaaaaa-0000-4000-8000-000000000002",
  "displayName":"WEDO","appOwnerOrganizationId":"aaaaaaaa-0000-4000-8000-000000000003","appRoles":[
  {"id":"dddddddd-0000-4000-8000-000000000001","value":"designer","displayName":"Designer","isEnabled":true,"allowedMemberTypes":["User"]},
  {"id":"dddddddd-0000-4000-8000-000000000002","value":null,"displayName":"Reviewer","isEnabled":false},
  {"displayName":"broken"}]}"#;

/// Direct assignments as `principal: roles`, by principal.
fn direct(all: &Entitlements) -> Vec<String> {
    let role_names = |roles: &[_]| {
        let names: Vec<_> = roles.iter().map(|role| all.roles().get(*role).display_name.as_str()).collect();
        names.join(" + ")
    };
    let mut shown: Vec<_> = all.assignments().map(|(id, roles)| format!("{id}: {}", role_names(roles))).collect();
    shown.sort();
    shown
}

fn groups(all: &Entitlements) -> Vec<String> {
    let members =
        |members: &[crate::base::SourceId]| members.iter().map(|id| format!(" {id}")).collect::<Vec<_>>().concat();
    all.groups()
        .iter()
        .map(|it| format!("{} \"{}\" {:?}:{}", it.id, it.display_name, it.security_enabled, members(&it.members)))
        .collect()
}

/// Opens an export of the users above and other files; returns it with its findings.
fn open(others: &[(&str, &str)]) -> (Files, Export, Vec<String>) {
    let mut all = vec![("users.csv", USERS)];
    all.extend(others);
    let files = Files::new(&all);
    let names: Vec<_> = all.iter().map(|(name, _)| *name).collect();
    let export = files.open(&names).unwrap();
    let findings = export.diagnostics().iter().map(|found| files.shorten(&found.to_string())).collect();
    (files, export, findings)
}

#[test]
fn an_application_and_graph_assignments() {
    let assignments = r#"{"@odata.context":"c","value":[
        {"principalId":"1","principalType":"User","appRoleId":"dddddddd-0000-4000-8000-000000000001","resourceId":"aaaaaaaa-0000-4000-8000-000000000001"},
        {"principalId":"1","principalType":"User","appRoleId":"DDDDDDDD-0000-4000-8000-000000000002"},
        {"principalId":"2","principalType":"User","appRoleId":"00000000-0000-0000-0000-000000000000"},
        {"principalId":"2","appRoleId":"dddddddd-0000-4000-8000-00000000ffff"},
        {"principalId":"3","appRoleId":"dddddddd-0000-4000-8000-000000000001","resourceId":"bbbbbbbb-0000-4000-8000-000000000001"},
        {"principalId":null,"appRoleId":null},
        {"principalId":"sp","principalType":"ServicePrincipal","appRoleId":null},
        {"principalId":"7","appRoleId":null}]}"#;
    let (_files, export, findings) = open(&[("application.json", APPLICATION), ("assignments.json", assignments)]);
    assert_eq!(direct(export.entitlements()), ["1: Designer + Reviewer", "2: Default Access", "7: Default Access"]);
    assert_eq!(
        findings,
        [
            "application.json: appRoles: an app role without a GUID as `id` is left out",
            "assignments.json:3: the app role \"Reviewer\" is disabled and still assigned; the assignment counts",
            "assignments.json:5: the app role \"dddddddd-0000-4000-8000-00000000ffff\" is unknown, so the assignment is left out",
            "assignments.json:6: resourceId: an assignment to another application \
             (bbbbbbbb-0000-4000-8000-000000000001) is left out",
            "assignments.json:7: the principal is empty, so the assignment is left out",
            "assignments.json: 1 assignments of service principals or devices are left out",
        ]
    );
    assert_eq!(export.diagnostic_count(), 6);
    let application = export.application().unwrap();
    assert_eq!(application.display_name.as_deref(), Some("WEDO"));
    assert_eq!(application.tenant_id.unwrap().to_string(), "aaaaaaaa-0000-4000-8000-000000000003");
    assert_eq!(application.service_principal_id.unwrap().to_string(), "aaaaaaaa-0000-4000-8000-000000000001");
    let known = |id: &crate::base::SourceId| ["1", "2", "3"].contains(&id.to_string().as_str());
    assert_eq!(format!("{:?}", export.unknown_principals(&known)), "[7]");
}

#[test]
fn a_manifest_has_no_service_principal() {
    let manifest = format!(
        r#"{{"id":"aaaaaaaa-0000-4000-8000-000000000009","appId":"aaaaaaaa-0000-4000-8000-000000000002","name":"WEDO",
        "AppRoles":{{"id":"{DESIGNER}","value":"designer","displayName":"Designer"}}}}"#
    );
    let (_files, export, findings) = open(&[("application.json", &manifest)]);
    let application = export.application().unwrap();
    assert_eq!((application.service_principal_id, application.tenant_id), (None, None));
    assert_eq!(application.display_name.as_deref(), Some("WEDO"));
    assert_eq!(export.entitlements().roles().find("designer"), export.entitlements().roles().find(DESIGNER));
    assert!(export.entitlements().roles().find("designer").is_some());
    assert_eq!(findings, [""; 0]);
    // PowerShell's list of one, and Graph's page of one.
    for text in [format!("[{APPLICATION}]"), format!(r#"{{"value":[{APPLICATION}]}}"#)] {
        let (_files, export, _) = open(&[("application.json", &text)]);
        assert!(export.entitlements().roles().find("Designer").is_some());
    }
}

#[test]
fn without_an_application_role_ids_are_believed() {
    let assignments = format!("principalId,role\n1,{DESIGNER}\n2,Default Access\n3,\n2,Designer\n");
    let (_files, export, findings) = open(&[("assignments.csv", &assignments)]);
    assert_eq!(direct(export.entitlements()), [&format!("1: {DESIGNER}"), "2: Default Access", "3: Default Access"]);
    assert_eq!(findings, ["assignments.csv:5: the app role \"Designer\" is unknown, so the assignment is left out"]);
    assert!(!export.entitlements().roles().only_default_access());
    assert_eq!(export.application(), None);
}

#[test]
fn assignments_by_name() {
    let group_json = r#"[{"id":"g1","displayName":"Design","securityEnabled":true,"members":[{"id":"2"}]}]"#;
    let assignments = "User Principal Name;Principal Type;App Role\n\
        ANN@x.ch;User;designer\n\
        ann.a@x.ch;;Reviewer\n\
        cid@y.com;User;designer\n\
        design;Group;designer\n\
        design;User;designer\n\
        Same Name;User;designer\n\
        0B4D5A6E-0001-4000-8000-0000000000AB;User;designer\n\
        2;User;designer\n\
        ;User;designer\n";
    let (_files, export, findings) =
        open(&[("application.json", APPLICATION), ("groups.json", group_json), ("assignments.csv", assignments)]);
    assert_eq!(
        direct(export.entitlements()),
        [
            "0b4d5a6e-0001-4000-8000-0000000000ab: Designer",
            "1: Designer + Reviewer",
            "2: Designer",
            "3: Designer",
            "g1: Designer"
        ]
    );
    assert_eq!(
        findings[1..],
        [
            "assignments.csv:3: the app role \"Reviewer\" is disabled and still assigned; the assignment counts",
            "assignments.csv:10: the principal is empty, so the assignment is left out",
            "assignments.csv:6: no user of the export is named \"design\", so the row is left out",
            "assignments.csv:7: \"Same Name\" means more than one object, so the row is left out",
        ]
    );
}

#[test]
fn assignments_in_several_shapes() {
    let one = format!(r#"{{"principalId":"1","appRoleId":"{DESIGNER}"}}"#);
    let two = format!(r#"{{"PrincipalId":"2","AppRoleId":"{REVIEWER}"}}"#);
    let expected = [format!("1: {DESIGNER}"), format!("2: {REVIEWER}")];
    for (name, text) in [
        ("assignments.json", format!(r#"{{"value":[{one},{two}]}}"#)),
        ("assignments.json", format!("[{one},{two}]")),
        ("assignments.ndjson", format!("{one}\n{two}\n")),
        ("assignments.csv", format!("\"Principal ID\",\"App Role ID\"\n1,{DESIGNER}\n2,{REVIEWER}")),
        ("assignments.csv", format!("userId\troleId\n1\t{DESIGNER}\n2\t{REVIEWER}")),
    ] {
        let (_files, export, findings) = open(&[(name, &text)]);
        assert_eq!(direct(export.entitlements()), expected, "{text}");
        assert_eq!(findings, [""; 0]);
    }
}

#[test]
fn names_in_the_column_for_ids() {
    let csv = "principalId,principalType,role\nANN@x.ch,User,Designer\ncid@y.com,User,Designer\nDesign,Group,Designer\n\
        0B4D5A6E-0001-4000-8000-0000000000AB,User,Designer\n2,User,Designer\nDesign,User,Designer\n";
    let (_files, export, findings) = open(&[
        ("application.json", APPLICATION),
        ("groups.csv", "id,displayName,securityEnabled\ng1,Design,True\n"),
        ("assignments.csv", csv),
    ]);
    assert_eq!(
        direct(export.entitlements()),
        ["0b4d5a6e-0001-4000-8000-0000000000ab: Designer", "1: Designer", "2: Designer", "3: Designer", "g1: Designer"]
    );
    assert_eq!(
        findings.last().map(String::as_str),
        Some("assignments.csv:7: no user of the export is named \"Design\", so the row is left out")
    );
}

#[test]
fn groups_from_json_csv_and_members() {
    let json = r##"{"value":[
        {"id":"g1","displayName":"Design","securityEnabled":true,"members":[
            {"@odata.type":"#microsoft.graph.user","id":"1","displayName":"Ann"},{"id":"2"},{"id":"g2"}]},
        {"id":"g2","displayName":"News","securityEnabled":false,"members":["3"]},
        {"id":"g2","displayName":"Again"},
        {"id":"g3","@removed":{"reason":"deleted"}},
        {"id":"g4","members@delta":[{"id":"1"},{"id":"2","@removed":{"reason":"deleted"}}]},
        {"displayName":"Nameless"}]}"##;
    let (_files, export, findings) = open(&[("groups.json", json)]);
    assert_eq!(
        groups(export.entitlements()),
        ["g1 \"Design\" Known(true): 1 2 g2", "g2 \"News\" Known(false): 3", "g4 \"\" Unknown: 1"]
    );
    assert_eq!(
        findings,
        [
            "groups.json:5: id: the id g2 was met before, so this group is left out",
            "groups.json:8: id: the id is empty, so the group is left out"
        ]
    );

    let csv = "id,displayName,securityEnabled\ng1,Design,TRUE\ng2,News,False\n";
    let members = "groupId,group,memberId,userPrincipalName\n\
        g1,,1,\n,design,,bob@x.ch\ng3,Other,3,\n,Nobody,1,\ng1,,,\ng1,,,eve@x.ch\n,,1,\n";
    let (_files, export, findings) = open(&[("groups.csv", csv), ("members.csv", members)]);
    assert_eq!(
        groups(export.entitlements()),
        ["g1 \"Design\" Known(true): 1 2", "g2 \"News\" Known(false):", "g3 \"Other\" Unknown: 3"]
    );
    assert_eq!(
        findings,
        [
            "members.csv:5: no group of the export is named \"Nobody\", so the row is left out",
            "members.csv:6: the member is empty, so the row is left out",
            "members.csv:8: the group is empty, so the row is left out",
            "members.csv:7: no user or group of the export is named \"eve@x.ch\", so the row is left out",
        ]
    );
    assert_eq!(export.group_finding_count(), findings.len() as u64, "names that nobody has count too");
}

#[test]
fn a_members_list_alone_makes_groups() {
    let (_files, export, findings) = open(&[
        ("members.csv", "group;member\nDesign;ann@x.ch\nDesign;bob@x.ch\n"),
        ("assignments.csv", "principal;role\nDesign;Default Access\n"),
    ]);
    assert_eq!(groups(export.entitlements()), ["Design \"Design\" Unknown: 1 2"]);
    assert_eq!(direct(export.entitlements()), ["Design: Default Access"]);
    assert_eq!(findings, [""; 0]);
}

/// The manager of each user by id.
fn managers(export: &Export) -> Vec<String> {
    users_of(export, &["manager"]).0.iter().map(|user| user.replace(" True", "")).collect()
}

#[test]
fn managers_come_from_a_list() {
    let list = "userId,managerId\n1,2\n2,\n3,3\n,1\n1,3\n0b4d5a6e-0001-4000-8000-0000000000ab,1\n";
    let (_files, export, findings) = open(&[("managers.csv", list)]);
    assert!(export.has("manager"));
    let shown: Vec<_> =
        managers(&export).iter().filter_map(|user| user.split(" | ").nth(1).map(str::to_owned)).collect();
    assert_eq!(shown, ["2", "-", "-", "1"]);
    assert_eq!(
        findings,
        [
            "managers.csv:4: managerId: 3 can't be the manager of itself",
            "managers.csv:5: userId: the user is empty, so the row is left out",
            "managers.csv:6: userId: 1 has a manager already, so the row is left out",
        ]
    );
    let files = Files::new(&[("users.csv", USERS), ("managers.csv", "id,name\n1,2\n")]);
    let error = files.open(&["users.csv", "managers.csv"]).unwrap_err().to_string();
    assert!(error.contains("no column for the manager's object id"), "{error}");
}

#[test]
fn members_that_cannot_be_told_are_found() {
    let check = |json: &str, expected: &[&str]| {
        let (_files, export, findings) = open(&[("groups.json", json)]);
        assert_eq!(findings, expected, "{json}");
        assert_eq!(export.group_finding_count(), expected.len() as u64, "{json}");
    };
    let listed = r#"{"id":"g1","members":[{"id":"1"}]},"#;
    check(&format!("[{listed}\n{{\"id\":\"g2\",\"members\":[]}}]"), &[]);
    check("[{\"id\":\"g1\"},\n{\"id\":\"g2\"}]", &[]);
    check(
        r#"[{"id":"g1","members":[{"userPrincipalName":"ann@x.ch"},{"id":"1"}]}]"#,
        &["groups.json:1: members: a member has no id, so it is left out, and nobody is taken to have left a group"],
    );
    check(
        &format!("[{listed}\n{{\"id\":\"g2\"}}]"),
        &["groups.json:2: members: this group lists no members, others do: nobody is taken to have left a group"],
    );
    // A delta query says nothing of members where there are none, and names those who went.
    check("[{\"id\":\"g1\",\"members@delta\":[{\"id\":\"1\"},{\"@removed\":{}}]},\n{\"id\":\"g2\"}]", &[]);
}
