//! Compiling mappings.

use serde_json::{Value, json};

use super::*;
use crate::scim::{AttributeType, Mutability, urn};

/// A piece of the user mapping.
fn edit<'v>(json: &'v mut Value, pointer: &str) -> &'v mut Value {
    json.pointer_mut(&format!("{MAPPING}{pointer}")).unwrap()
}

fn source(expression: &str) -> Value {
    json!({ "type": "Function", "expression": expression, "name": "" })
}

#[test]
fn wedo_has_the_nine_attributes_of_the_tutorial() {
    let document = read(template("wedo").unwrap().text, "wedo").unwrap();
    let schema = compile(&document, &options()).unwrap();
    let users = &schema.users;
    let rows: Vec<(&str, &str)> =
        users.attributes.iter().map(|mapping| (mapping.target.name.as_str(), mapping.text.as_str())).collect();
    assert_eq!(
        rows,
        [
            ("userName", "[userPrincipalName]"),
            ("displayName", "[displayName]"),
            ("title", "[jobTitle]"),
            ("emails[type eq \"work\"].value", "[mail]"),
            ("name.givenName", "[givenName]"),
            ("name.familyName", "[surname]"),
            ("active", "Switch([IsSoftDeleted], , \"False\", \"True\", \"True\", \"False\")"),
            ("preferredLanguage", "[preferredLanguage]"),
            ("userType", "[userType]"),
        ]
    );
    assert_eq!((users.matching.as_slice(), users.active), ([0].as_slice(), Some(6)));
    assert_eq!(users.target_object, urn::ENTERPRISE_USER);
    assert_eq!((users.actions, users.filters.len()), (Actions::ALL, 0));
    assert_eq!(schema.notices, []);
    assert_eq!((schema.name.as_str(), schema.version.as_str()), ("wedo", "1.0"));
    assert!(users.attributes[0].target.required && !users.attributes[0].target.case_exact);
    assert_eq!(users.attributes[6].target.kind, AttributeType::Boolean);
    assert_eq!(users.attributes[3].target.path.sub_attribute.as_deref(), Some("value"));
    assert!(matches!(users.attributes[0].source, AttributeSource::Direct(Slot(0))));
    assert!(matches!(users.attributes[6].source, AttributeSource::Expression(_)));
    assert_eq!(schema.attributes.name(users.attributes[6].slots[0]), "IsSoftDeleted");
    assert_eq!(schema.attributes.len(), 9);
}

#[test]
fn what_is_wrong_is_named() {
    type Change = fn(&mut Value);
    let table: &[(Change, &str)] = &[
        (
            |json| *edit(json, "/attributeMappings/0/matchingPriority") = json!(0),
            "schema.json:25:9: the mapping `Provision Azure Active Directory Users` has no matching attribute",
        ),
        (
            |json| *edit(json, "/attributeMappings/1/matchingPriority") = json!(2),
            "displayName: the target can't filter on the matching attribute `displayName`",
        ),
        (
            |json| *edit(json, "/attributeMappings/0/source") = Value::Null,
            "userName: the matching attribute `userName` has no source",
        ),
        (
            |json| *edit(json, "/attributeMappings/1/targetAttributeName") = json!("ID"),
            "ID: `ID` is given by the target and can't be mapped",
        ),
        (
            |json| *edit(json, "/attributeMappings/2/targetAttributeName") = json!("displayname"),
            "displayname: `displayname` is the target of two mappings",
        ),
        (
            |json| *edit(json, "/attributeMappings/2/targetAttributeName") = Value::Null,
            "an attribute mapping has no `targetAttributeName`",
        ),
        (
            |json| *edit(json, "/attributeMappings/2/targetAttributeName") = json!("emails[type eq].value"),
            "emails[type eq].value: the target attribute isn't a SCIM path: ",
        ),
        (
            |json| *edit(json, "/attributeMappings/1/source") = source("Swicth([mail], , \"a\", \"b\")"),
            "displayName: there is no function `Swicth`",
        ),
        (
            |json| *edit(json, "/attributeMappings/1/source") = source("Append([mail]"),
            "displayName: the call of `Append` has no closing `)`",
        ),
        (
            |json| *edit(json, "/enabled") = json!(false),
            "the schema has no enabled mapping of users from Entra to a target",
        ),
        (
            |json| json["synchronizationRules"][0]["sourceDirectoryName"] = json!("WEDO"),
            "the schema has no enabled mapping of users from Entra to a target",
        ),
        (
            |json| json["synchronizationRules"] = json!([]),
            "the schema has no enabled mapping of users from Entra to a target",
        ),
    ];
    for (change, expected) in table {
        let found = compile(&wedo(change), &options()).unwrap_err();
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].to_string().contains(expected), "{} should contain {expected}", found[0]);
        assert!(found[0].hint.is_some() && found[0].line.is_some(), "{:?}", found[0]);
    }
}

#[test]
fn everything_wrong_comes_at_once_with_its_place() {
    let document = wedo(|json| {
        *edit(json, "/attributeMappings/1/source") = source("ToLwoer([mail])");
        *edit(json, "/attributeMappings/2/targetAttributeName") = json!("id");
    });
    let found = compile(&document, &options()).unwrap_err();
    assert_eq!(found.len(), 2);
    let (line, text) = serde_json::to_string_pretty(document.json())
        .unwrap()
        .lines()
        .enumerate()
        .find(|(_, line)| line.contains("ToLwoer"))
        .map(|(index, line)| (index + 1, line.to_owned()))
        .unwrap();
    assert_eq!((found[0].line, found[0].column), (Some(line), text.find(": ").map(|at| at + 3)));
    let snippet = found[0].snippet.as_ref().unwrap();
    assert_eq!((&snippet.text[snippet.span.clone()], snippet.first_line), ("ToLwoer", line));
    assert_eq!(found[0].hint.as_deref(), Some("did you mean `ToLower`?"));
}

#[test]
fn a_flood_of_attributes_and_findings_is_stopped() {
    let document = wedo(|json| {
        let mappings = edit(json, "/attributeMappings").as_array_mut().unwrap();
        mappings.extend((0..120).map(|index| {
            let names: Vec<String> = (0..900).map(|name| format!("[a{}]", index * 900 + name)).collect();
            let expression = if index < 12 { format!("Join(\"\", {})", names.join(",")) } else { "[mail]".to_owned() };
            json!({ "targetAttributeName": format!("t{index}"), "source": { "expression": expression } })
        }));
    });
    let found = compile(&document, &options()).unwrap_err();
    assert_eq!(found.len(), 100);
    assert!(found[0].message.ends_with("the mappings name more than 10000 source attributes"));
}

#[test]
fn what_is_odd_is_noted() {
    type Change = fn(&mut Value);
    let table: &[(Change, Severity, &str)] = &[
        (
            |json| {
                let group = json!({ "sourceObjectName": "Contact", "name": "Contacts", "targetObjectName": "Group" });
                json["synchronizationRules"][0]["objectMappings"].as_array_mut().unwrap().push(group);
            },
            Severity::Note,
            "mapping `Contacts` is skipped: only users and groups are provisioned",
        ),
        (
            |json| {
                let second = edit(json, "").clone();
                json["synchronizationRules"][0]["objectMappings"].as_array_mut().unwrap().push(second);
            },
            Severity::Note,
            "mapping `Provision Azure Active Directory Users` is skipped: another user mapping comes first",
        ),
        (
            |json| {
                let inbound = json!({ "name": "IN", "sourceDirectoryName": "WEDO", "priority": 0 });
                json["synchronizationRules"].as_array_mut().unwrap().push(inbound);
            },
            Severity::Note,
            "rule `IN` is skipped: its source is `WEDO`, not Entra",
        ),
        (
            |json| *edit(json, "/attributeMappings/2/source") = source("[JobTitle]"),
            Severity::Warning,
            "title: there is no source attribute `JobTitle`; `jobTitle` is taken",
        ),
        (
            |json| *edit(json, "/attributeMappings/2/source") = source("ToLower([jobTitel])"),
            Severity::Warning,
            "title: the source directory has no attribute `jobTitel`",
        ),
        (
            |json| *edit(json, "/attributeMappings/2/source") = source("toLower([jobTitle])"),
            Severity::Warning,
            "title: `toLower` is documented as `ToLower`, and the documentation calls names case-sensitive",
        ),
        (
            |json| *edit(json, "/attributeMappings/2/source/name") = json!("mail"),
            Severity::Warning,
            "title: `expression` and `name` differ: `[jobTitle]` is written, `name` says `mail`",
        ),
        (
            |json| *edit(json, "/attributeMappings/2/targetAttributeName") = json!("titel"),
            Severity::Warning,
            "titel: the target's `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User` has no attribute `titel`",
        ),
        (
            |json| json["directories"][1]["objects"][0]["attributes"][3]["type"] = json!("Reference"),
            Severity::Warning,
            "title: the target's reference `title` isn't provisioned",
        ),
        (
            |json| *edit(json, "/attributeMappings/2/source") = source("[appRoleAssignments]"),
            Severity::Warning,
            "title: the roles are sent as a list of their names",
        ),
        (
            |json| *edit(json, "/targetObjectName") = json!("Account"),
            Severity::Warning,
            "the schema doesn't define the target object `Account` of directory `WEDO`",
        ),
        (
            |json| *edit(json, "/scope") = json!({ "inputFilterGroups": [{ "name": "x" }] }),
            Severity::Warning,
            "`inputFilterGroups` and `categoryFilterGroups` aren't evaluated",
        ),
        (
            |json| json["directories"][1]["objects"][0]["attributes"][3]["mutability"] = json!("readOnly"),
            Severity::Warning,
            "title: the target declares `title` as read-only",
        ),
    ];
    for (change, severity, expected) in table {
        let schema = compile(&wedo(change), &options()).unwrap();
        let [notice] = schema.notices.as_slice() else { panic!("{expected}: {:?}", schema.notices) };
        assert_eq!(notice.severity, *severity, "{expected}");
        assert!(notice.to_string().ends_with(expected), "{notice} should end with {expected}");
        assert!(notice.hint.is_some() && notice.line.is_some(), "{notice:?}");
    }
}

#[test]
fn sources_of_every_kind() {
    for (json, expected, text) in [
        (json!({ "expression": "[mail]" }), "direct", "[mail]"),
        (json!({ "name": "mail", "type": "attribute" }), "direct", "[mail]"),
        (json!({ "expression": " \"Con \\\"toso\" ", "type": "Constant" }), "constant Con \"toso", "\"Con \\\"toso\""),
        (json!({ "name": "Con \"toso", "type": "Constant" }), "constant Con \"toso", "\"Con \\\"toso\""),
        (json!({ "expression": "Contoso", "type": "Constant" }), "constant Contoso", "\"Contoso\""),
        (json!({ "name": "", "type": "Constant" }), "constant ", "\"\""),
        (json!(null), "none", ""),
        (json!({}), "none", ""),
        (json!({ "type": "Attribute", "name": null }), "none", ""),
        (
            json!({ "name": "Append", "type": "Function", "parameters": [
                { "key": "source", "value": { "name": "mail" } },
                { "key": "suffix", "value": { "expression": "\"x\"", "type": "Constant" } },
            ] }),
            "expression",
            "Append([mail], \"x\")",
        ),
    ] {
        let document = wedo(|wedo| *edit(wedo, "/attributeMappings/2/source") = json.clone());
        let schema = compile(&document, &options()).unwrap();
        let mapping = &schema.users.attributes[2];
        let found = match &mapping.source {
            AttributeSource::None => "none".to_owned(),
            AttributeSource::Direct(_) => "direct".to_owned(),
            AttributeSource::Constant(constant) => format!("constant {constant}"),
            AttributeSource::Expression(_) => "expression".to_owned(),
        };
        assert_eq!((found.as_str(), mapping.text.as_str()), (expected, text), "{json}");
        assert_eq!(mapping.slots.len(), usize::from(text.contains('[')), "{json}");
    }
}

#[test]
fn settings_of_a_mapping() {
    let document = wedo(|json| {
        *edit(json, "/flowTypes") = json!("update,Add");
        *edit(json, "/attributeMappings/2/flowType") = json!("objectAddOnly");
        *edit(json, "/attributeMappings/2/flowBehavior") = json!("FlowAlways");
        *edit(json, "/attributeMappings/2/defaultValue") = json!("none");
        *edit(json, "/attributeMappings/1/defaultValue") = json!("");
        *edit(json, "/attributeMappings/1/matchingPriority") = json!("1");
        *edit(json, "/attributeMappings/0/matchingPriority") = json!(5);
        json["directories"][1]["objects"][0]["attributes"][3] = json!({ "name": "Title", "type": "integer", "multivalued": true, "caseExact": "True", "mutability": "Immutable" });
    });
    let free = CompileOptions { filterable: None, ..options() };
    let schema = compile(&document, &free).unwrap();
    let users = &schema.users;
    assert_eq!(users.actions, Actions { create: true, update: true, delete: false });
    assert_eq!(users.matching, [1, 0]);
    let title = &users.attributes[2];
    assert_eq!(
        (title.flow, title.flow_always, title.default.as_deref()),
        (FlowType::ObjectAddOnly, true, Some("none"))
    );
    assert_eq!(users.attributes[1].default, None);
    let target = &title.target;
    assert_eq!((target.kind, target.mutability), (AttributeType::Integer, Mutability::Immutable));
    assert_eq!((target.multivalued, target.case_exact, target.required), (true, true, false));
    let actions = Actions { create: false, ..Actions::ALL };
    let given = compile(&document, &CompileOptions { actions: Some(actions), ..free }).unwrap();
    assert_eq!(given.users.actions, actions);
}

#[test]
fn the_account_enabled_property_is_the_targets() {
    let document = wedo(|json| {
        json["directories"][1]["objects"][0]["metadata"][0]["value"] = json!("userType");
    });
    assert_eq!(compile(&document, &options()).unwrap().users.active, Some(8));
    let document = wedo(|json| {
        edit(json, "/attributeMappings").as_array_mut().unwrap().remove(6);
    });
    assert_eq!(compile(&document, &options()).unwrap().users.active, None);
}

#[test]
fn without_definitions_active_is_still_a_boolean() {
    let document = wedo(|json| {
        json.as_object_mut().unwrap().remove("directories");
    });
    let schema = compile(&document, &options()).unwrap();
    let kinds: Vec<AttributeType> = schema.users.attributes.iter().map(|mapping| mapping.target.kind).collect();
    assert_eq!((kinds[0], kinds[6]), (AttributeType::String, AttributeType::Boolean));
}

#[test]
fn the_digest_follows_what_decides() {
    type Change = fn(&mut Value);
    let digest = |change: Change| compile(&wedo(change), &options()).unwrap().digest;
    let plain = digest(|_| {});
    let same: &[Change] = &[
        |json| json["version"] = json!("Date:2026"),
        |json| json["id"] = json!("x"),
        |json| *edit(json, "/name") = json!("renamed"),
        |json| {
            *edit(json, "/attributeMappings/6/source") =
                source("Switch( [IsSoftDeleted],,\"False\",\"True\",\"True\",\"False\" )");
        },
        |json| *edit(json, "/attributeMappings/2/source/type") = Value::Null,
    ];
    for (index, change) in same.iter().enumerate() {
        assert_eq!(digest(*change), plain, "change {index}");
    }
    let other: &[Change] = &[
        |json| *edit(json, "/attributeMappings/2/source") = source("[department]"),
        |json| *edit(json, "/attributeMappings/2/source") = source("\"jobTitle\""),
        |json| *edit(json, "/attributeMappings/2/defaultValue") = json!("x"),
        |json| *edit(json, "/attributeMappings/2/flowType") = json!("ObjectAddOnly"),
        |json| *edit(json, "/flowTypes") = json!("Add"),
        |json| edit(json, "/attributeMappings").as_array_mut().unwrap().swap(1, 2),
        |json| json["directories"][1]["objects"][0]["attributes"][3]["caseExact"] = json!(true),
        |json| *edit(json, "/scope") = json!({ "groups": [{ "clauses": [] }] }),
    ];
    let mut digests: Vec<_> = other.iter().map(|change| digest(*change).to_string()).collect();
    digests.push(plain.to_string());
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), other.len() + 1);
}

#[test]
fn the_target_definition_of_wedo() {
    let schema = target_definition(&wedo(|_| {})).unwrap();
    assert_eq!(schema.id, urn::USER);
    let names: Vec<&str> = schema.attributes.iter().map(|attribute| attribute.name.as_ref()).collect();
    assert_eq!(
        names,
        ["userName", "displayName", "title", "emails", "name", "active", "preferredLanguage", "userType"]
    );
    let user_name = schema.find("userName").unwrap();
    assert!(user_name.required && !user_name.case_exact);
    assert_eq!(schema.find("active").unwrap().kind, AttributeType::Boolean);
    let name = schema.attribute("name").unwrap();
    assert_eq!((name.kind, name.multi_valued, name.sub_attributes.len()), (AttributeType::Complex, false, 2));
    assert!(schema.attribute("emails").unwrap().multi_valued);
    for path in ["emails[type eq \"work\"].value", "emails.type", "emails.primary", "name.givenName"] {
        assert!(schema.find(path).is_some(), "{path}");
    }
    assert!(schema.find("name.formatted").is_none());
    let [enterprise] = schema.extensions.as_slice() else { panic!() };
    assert_eq!((enterprise.id.as_str(), enterprise.attributes.len()), (urn::ENTERPRISE_USER, 0));
}

#[test]
fn the_target_definition_has_what_the_document_adds() {
    let schema = target_definition(&wedo(|json| {
        let attributes = json["directories"][1]["objects"][0]["attributes"].as_array_mut().unwrap();
        attributes.extend([
            json!({ "name": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "caseExact": true }),
            json!({ "name": "urn:example:ext:2.0:User:badge.color", "type": "String" }),
            json!({ "name": "cards[type eq \"door\"].number", "type": "Integer" }),
            json!({ "name": "shoeSize", "type": "Integer", "multivalued": true }),
            json!({ "name": "meta.created", "type": "DateTime" }),
            json!({ "name": "[not a path" }),
        ]);
    }))
    .unwrap();
    let department = schema.find("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department").unwrap();
    assert!(department.case_exact);
    assert!(schema.find("urn:example:ext:2.0:User:badge.color").is_some());
    assert_eq!(schema.find("cards[type eq \"door\"].number").unwrap().kind, AttributeType::Integer);
    assert!(schema.attribute("cards").unwrap().multi_valued && schema.find("cards.type").is_some());
    let size = schema.find("shoeSize").unwrap();
    assert_eq!((size.kind, size.multi_valued), (AttributeType::Integer, true));
    assert_eq!(schema.attributes.len(), 10);
}
