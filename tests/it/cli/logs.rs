//! The provisioning log in its forms.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::support::cycles::two_cycles;
use crate::support::process::{Sandbox, user_id, user_name};

fn records(sandbox: &Sandbox, flags: &str) -> Vec<Value> {
    sandbox.run(&format!("logs --format ndjson {flags}")).with(0).json_lines()
}

/// Instants, ids and durations of a run, made alike.
fn alike(text: &str) -> String {
    let mut alike = String::new();
    for line in text.lines() {
        let line = match line.split_once("Z  ") {
            Some((_, rest)) if line.starts_with("20") => format!("INSTANT  {rest}"),
            _ => line.to_owned(),
        };
        alike += line.trim_end();
        alike.push('\n');
    }
    alike
}

#[test]
fn every_object_that_was_looked_at() {
    let (sandbox, _stub) = two_cycles();
    let table = sandbox.run("logs").with(0);
    insta::assert_snapshot!("logs_table", alike(&table.stdout));
    let records = records(&sandbox, "");
    let told: Vec<_> = records
        .iter()
        .map(|record| {
            let status = &record["provisioningStatusInfo"];
            let code = &status["errorInformation"]["errorCode"];
            format!("{} {} {code}", record["provisioningAction"], status["status"]).replace('"', "")
        })
        .collect();
    assert_eq!(
        told,
        [
            "create success null",
            "create failure SystemForCrossDomainIdentityManagementServiceIncompatibleFiltering",
            "other skipped EntrySynchronizationSkipped",
            "update success null",
            "create failure SystemForCrossDomainIdentityManagementServiceIncompatibleFiltering",
        ]
    );
    // What joins: one id for each change, one cycle for each run.
    let ids = |key: &str| records.iter().map(|record| record[key].to_string()).collect::<BTreeSet<_>>().len();
    assert_eq!((ids("id"), ids("changeId"), ids("cycleId"), ids("jobId")), (5, 5, 2, 1));
    let document = sandbox.run("logs --output json").with(0).json();
    assert_eq!(document["value"], Value::Array(records));
}

#[test]
fn the_shape_of_graph() {
    let (sandbox, _stub) = two_cycles();
    let records = records(&sandbox, "");
    let keys: Vec<_> = records[0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "id",
            "activityDateTime",
            "tenantId",
            "jobId",
            "cycleId",
            "changeId",
            "provisioningAction",
            "durationInMilliseconds",
            "servicePrincipal",
            "sourceSystem",
            "targetSystem",
            "initiatedBy",
            "sourceIdentity",
            "targetIdentity",
            "provisioningStatusInfo",
            "provisioningSteps",
            "modifiedProperties",
        ]
    );
    let steps = |record: &Value| {
        let steps = record["provisioningSteps"].as_array().unwrap().iter();
        let step = |step: &Value| {
            format!("{} {} {}", step["name"], step["provisioningStepType"], step["status"]).replace('"', "")
        };
        steps.map(step).collect::<Vec<_>>()
    };
    assert_eq!(
        steps(&records[0]),
        [
            "EntryImportAdd import success",
            "EntrySynchronizationScoping scoping success",
            "EntryImportObjectNotFound matching success",
            "EntrySynchronizationAdd matching success",
            "EntryExportAdd export success",
        ]
    );
    // The creation was refused, and so was everything that was found then.
    assert_eq!(steps(&records[1]).last().unwrap(), "EntrySynchronizationSkip processing failure");
    assert!(steps(&records[1]).contains(&"EntryExportAdd export failure".to_owned()), "{:?}", steps(&records[1]));
    assert_eq!(
        steps(&records[2]),
        [
            "EntryImportAdd import success",
            "EntrySynchronizationScoping scoping skipped",
            "EntrySynchronizationSkip processing skipped",
        ]
    );
    // The linked account is read before the scope is told.
    assert_eq!(
        steps(&records[3])[..3],
        [
            "EntryImportUpdate import success",
            "EntryImport matching success",
            "EntrySynchronizationScoping scoping success"
        ]
    );
    // A retried object begins with its escrow, and has no scoping step.
    assert_eq!(steps(&records[4])[0], "EntryEscrowRetry import success");
    assert!(steps(&records[4]).iter().all(|step| !step.contains("scoping")));
    let skip = &records[2]["provisioningSteps"][2]["details"];
    assert_eq!(skip, &json!({ "SkipReason": "NotEffectivelyEntitled", "ReportableIdentifier": user_name(3) }));
    assert_eq!(
        records[3]["modifiedProperties"],
        json!([{ "displayName": "title", "oldValue": "Engineer", "newValue": "Chief" }])
    );
    assert_eq!(records[0]["modifiedProperties"][0]["oldValue"], json!(null));
    let retry = records[4]["provisioningStatusInfo"]["errorInformation"]["additionalDetails"].as_str().unwrap();
    assert!(retry.starts_with("This operation was retried 1 time. It will be retried again after 20"), "{retry}");
    let target = &records[0]["targetIdentity"];
    assert_eq!(target["identityType"], "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User");
    assert_eq!(records[1]["targetIdentity"]["id"], "");
}

#[test]
fn the_shape_of_azure_monitor() {
    let (sandbox, _stub) = two_cycles();
    let lines = sandbox.run("logs --format azure-monitor").with(0).json_lines();
    let graph = records(&sandbox, "");
    assert_eq!(lines.len(), graph.len());
    for (line, record) in lines.iter().zip(&graph) {
        assert_eq!((&line["correlationId"], &line["identity"]), (&record["changeId"], &record["id"]));
        assert_eq!((&line["category"], &line["Level"]), (&json!("ProvisioningLogs"), &json!(4)));
    }
    let result =
        |at: usize| (lines[at]["resultType"].as_str().unwrap(), &lines[at]["properties"]["statusInfo"]["Status"]);
    assert_eq!(result(0), ("Success", &json!(0)));
    assert_eq!(result(1), ("Failure", &json!(1)));
    assert_eq!(result(2), ("Skipped", &json!(2)));
    let properties = &lines[0]["properties"];
    assert_eq!((&properties["action"], &properties["provisioningAction"]), (&json!("Create"), &json!("create")));
    let types: Vec<_> =
        properties["provisioningSteps"].as_array().unwrap().iter().map(|step| &step["provisioningStepType"]).collect();
    assert_eq!(types, [0, 1, 2, 2, 5]);
    assert_eq!(properties["sourceIdentity"]["Id"], json!(user_id(1)));
}

#[test]
fn three_files_that_join() {
    let (sandbox, _stub) = two_cycles();
    let told = sandbox.run("logs --format csv --out log.csv").with(0);
    assert!(told.stderr.contains("wrote log_ProvisioningSteps.csv"), "{}", told.stderr);
    let rows = |name: &str| {
        let mut reader = csv::Reader::from_path(sandbox.path(name)).unwrap();
        reader.deserialize::<BTreeMap<String, String>>().collect::<Result<Vec<_>, _>>().unwrap()
    };
    let (main, steps, properties) =
        (rows("log.csv"), rows("log_ProvisioningSteps.csv"), rows("log_ModifiedProperties.csv"));
    let graph = records(&sandbox, "");
    assert_eq!(main.len(), 5);
    for (row, record) in main.iter().zip(&graph) {
        let of = |rows: &[BTreeMap<String, String>]| {
            rows.iter().filter(|joined| joined["ChangeId"] == row["ChangeId"] && joined["Id"] == row["Id"]).count()
        };
        assert_eq!(row["ChangeId"], record["changeId"].as_str().unwrap());
        assert_eq!(of(&steps), record["provisioningSteps"].as_array().unwrap().len());
        assert_eq!(of(&properties), record["modifiedProperties"].as_array().unwrap().len());
        assert_eq!(row["Status"], record["provisioningStatusInfo"]["status"].as_str().unwrap());
    }
    assert_eq!((main[0]["Action"].as_str(), main[2]["Action"].as_str()), ("Create", "Other"));
    let details: Value = serde_json::from_str(&steps[0]["Details"]).unwrap();
    assert_eq!(details["userPrincipalName"], json!(user_name(1)));
    sandbox.is_private(&["log.csv", "log_ProvisioningSteps.csv", "log_ModifiedProperties.csv"]);
}

#[test]
fn a_spreadsheet_takes_no_value_for_a_formula() {
    let sandbox = Sandbox::with_users(1, "embedded");
    sandbox.edit("users.csv", ",Engineer,", ",=1+2,");
    sandbox.run("run").with(0);
    sandbox.run("logs --format csv --out log.csv").with(0);
    assert!(sandbox.read("log_ModifiedProperties.csv").contains(",title,,'=1+2"));
}

#[test]
fn filters() {
    let (sandbox, _stub) = two_cycles();
    let count = |flags: &str| records(&sandbox, flags).len();
    assert_eq!(count(&user_name(1)), 2);
    assert_eq!(count(&user_id(2)), 2);
    assert_eq!(count("--action create"), 3);
    assert_eq!(count("--action update,other"), 2);
    assert_eq!(count("--status failure"), 2);
    assert_eq!(count("--status skipped,success"), 3);
    assert_eq!(count("--cycle last"), 2);
    assert_eq!(count("--since 1h"), 5);
    assert_eq!(count("--since 2099-01-01"), 0);
    assert_eq!(count("--until 1h"), 0);
    assert_eq!(count("--text CHIEF"), 1);
    assert_eq!(count("--text NOTEFFECTIVELYENTITLED"), 1);
    assert_eq!(count("--text entryexportupdate"), 1);
    assert_eq!(count("--limit 2"), 2);
    let change = records(&sandbox, "--limit 1")[0]["changeId"].as_str().unwrap().to_owned();
    assert_eq!(count(&format!("--change {change}")), 1);
    let last = sandbox.run("logs --limit 1").with(0);
    assert!(last.stderr.contains("Earlier entries aren't shown"), "{}", last.stderr);
    let wrong = sandbox.run("logs --since yesterday").with(2);
    assert!(wrong.stderr.contains("2h"), "{}", wrong.stderr);
    let endless = sandbox.run("logs -f --format graph").with(2);
    assert!(endless.stderr.contains("ndjson"), "{}", endless.stderr);
}

#[test]
fn with_every_step() {
    let (sandbox, _stub) = two_cycles();
    let told = sandbox.run(&format!("logs {} --steps", user_name(1))).with(0).stdout;
    for part in [
        "EntryExportAdd User 'user1@contoso.com' was created in customappsso",
        "Assigned to the application       True  scope sync all",
        "\"Engineer\" → \"Chief\"",
        "POST /Users → 201 in ",
        "\"userName\":\"user1@contoso.com\"",
        "\"path\":\"title\"",
    ] {
        assert!(told.contains(part), "{part} in\n{told}");
    }
}

#[test]
fn a_job_that_never_ran() {
    let sandbox = Sandbox::with_users(1, "embedded");
    let told = sandbox.run("logs").with(0);
    assert_eq!((told.stdout.as_str(), told.stderr.as_str()), ("", "The job \"test\" has not run yet.\n"));
    assert_eq!(sandbox.run("logs --output json").with(0).json()["value"], json!([]));
    assert!(!sandbox.path(".scimulate").exists(), "reading makes no file");
}

#[cfg(unix)]
#[test]
fn following_shows_what_comes() {
    let sandbox = Sandbox::with_users(2, "embedded");
    let mut follow = sandbox.start("logs -f --format ndjson");
    sandbox.run("run").with(0);
    follow.until_shown("durationInMilliseconds");
    sandbox.edit("users.csv", &format!("{},Engineer", user_name(1)), &format!("{},Chief", user_name(1)));
    sandbox.run("run").with(0);
    follow.until_shown("\"newValue\":\"Chief\"");
    follow.signal("INT");
    let ended = follow.wait().with(130);
    assert_eq!(ended.json_lines().len(), 3, "{}", ended.stdout);
}

#[cfg(unix)]
#[test]
fn following_from_now_on_shows_nothing_older() {
    let sandbox = Sandbox::with_users(2, "embedded");
    sandbox.run("run").with(0);
    let mut follow = sandbox.start("logs -f --limit 0");
    follow.until_told("Earlier entries aren't shown");
    sandbox.edit("users.csv", &format!("{},Engineer", user_name(1)), &format!("{},Chief", user_name(1)));
    sandbox.run("run").with(0);
    follow.until_shown("update");
    follow.signal("INT");
    let shown = follow.wait().with(130).stdout;
    assert_eq!((shown.lines().count(), shown.contains("create")), (1, false), "{shown}");
}

#[test]
fn what_others_wrote_moves_no_cursor() {
    let sandbox = Sandbox::with_users(1, "embedded");
    sandbox.edit("users.csv", ",Engineer,", ",Eng\u{1b}[2Jineer\u{202e},");
    sandbox.run("run").with(0);
    for command in ["logs", "logs --steps"] {
        let told = sandbox.run(command).with(0).stdout;
        assert!(told.contains("user1@contoso.com") && !told.contains(['\u{1b}', '\u{202e}']), "{told:?}");
    }
}

#[test]
fn where_it_goes_and_what_there_is() {
    let sandbox = Sandbox::with_users(1, "embedded");
    sandbox.run("run").with(0);
    let lines = sandbox.run("logs --format ndjson --out -").with(0).json_lines();
    assert_eq!(lines.len(), 1);
    assert!(!sandbox.path("-").exists());
    for command in ["logs --cycle nothing", "report --report json=- --cycle nothing"] {
        let told = sandbox.run(command).with(2).stderr;
        assert!(
            told.contains("has no cycle \"nothing\"") && told.contains("`last` is the latest"),
            "{command}: {told}"
        );
    }
    let endless = sandbox.run("logs -f --until 2099-01-01").with(2).stderr;
    assert!(endless.contains("--until"), "{endless}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_names_the_file() {
    let sandbox = Sandbox::with_users(1, "embedded");
    sandbox.run("run").with(0);
    for format in ["table", "graph", "ndjson"] {
        let told = sandbox.run(&format!("logs --format {format} --out /dev/full")).with(1).stderr;
        assert!(told.contains("/dev/full can't be written"), "{format}: {told}");
    }
}

#[test]
fn without_names_and_values_of_people() {
    let sandbox = Sandbox::with_users(3, "embedded");
    let config = sandbox.read("scimulate.toml");
    sandbox.write("scimulate.toml", config + "\n[log]\npii = false\n");
    sandbox.run("run").with(0);
    let log = sandbox.run("logs --output json").with(0);
    for personal in ["user1", "Given 1", "Engineer", "contoso.com"] {
        assert!(!log.stdout.contains(personal), "{personal} in {}", log.stdout);
    }
    let record = &log.json()["value"][0];
    assert_eq!(record["sourceIdentity"]["id"], json!(user_id(1)));
    assert_eq!(record["provisioningSteps"][0]["details"]["userPrincipalName"], "[Hidden]");
    assert_eq!(record["provisioningStatusInfo"]["status"], "success");
    let human = sandbox.run("logs --steps").with(0).stdout;
    assert!(!human.contains("user1@") && human.contains("[Hidden]"), "{human}");
}
