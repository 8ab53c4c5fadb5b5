//! `report`: a page about the job, a ticket, JSON, from its state alone.

use serde_json::Value;

use crate::support::cycles::two_cycles;
use crate::support::process::{Sandbox, Server, TOKEN, user_name};
use crate::support::stub::{Deed, Stub};

const ALL: &str = "--report html=job.html --report markdown=job.md --report json=job.json";

fn document(sandbox: &Sandbox, flags: &str) -> Value {
    sandbox.run(&format!("report --report json=- {flags}")).with(0).json()
}

#[test]
fn a_job_is_reported_in_every_form_and_nothing_is_asked() {
    let (sandbox, stub) = two_cycles();
    stub.take_seen();
    let ended = sandbox.run(&format!("report {ALL}")).with(0);
    assert!(ended.stderr.contains("3 reports written: job.html, job.md, job.json"), "{}", ended.stderr);
    assert_eq!((ended.stdout.as_str(), stub.take_seen()), ("", Vec::new()));
    let (html, markdown) = (sandbox.read("job.html"), sandbox.read("job.md"));
    for part in ["<h1>Active", "1 create, 1 skip, 1 fail", "1 update, 1 fail", "&quot;Chief&quot;", "EntryImportAdd"] {
        assert!(html.contains(part), "{part}: {html}");
    }
    assert!(markdown.starts_with("## ⚠️ Provisioning job "), "{markdown}");
    for text in [&html, &markdown, &sandbox.read("job.json")] {
        assert!(text.contains("there is one already") && !text.contains(TOKEN), "{text}");
    }
    let written: Value = serde_json::from_str(&sandbox.read("job.json")).unwrap();
    assert_eq!(written["objects"], document(&sandbox, "")["objects"]);
}

#[test]
fn it_agrees_with_status_and_logs() {
    let (sandbox, _stub) = two_cycles();
    let report = document(&sandbox, "");
    let status = sandbox.run("status --output json").with(0).json();
    for key in ["id", "name", "state", "target", "failing", "failingSince", "staged", "watermark", "nextCycle"] {
        assert_eq!(report["job"][key], status["job"][key], "{key}");
    }
    assert_eq!(report["job"]["linkedUsers"], status["job"]["linked"]);
    for (of_report, of_status) in report["cycles"].as_array().unwrap().iter().zip(status["cycles"].as_array().unwrap())
    {
        for key in ["id", "startedAt", "durationMs", "actions", "requests", "quarantine"] {
            assert_eq!(of_report[key], of_status[key], "{key}");
        }
    }
    let records = sandbox.run("logs --format ndjson").with(0).json_lines();
    assert_eq!(report["job"]["entries"], records.len());
    let mut entries: Vec<Value> = report["objects"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|object| object["entries"].as_array().unwrap().clone())
        .collect();
    entries.sort_by_key(|entry| entry["activityDateTime"].to_string());
    let failures = entries.iter().filter(|entry| entry["provisioningStatusInfo"]["status"] == "failure").count();
    assert_eq!(report["failures"][0]["count"], failures);
    for (entry, record) in entries.iter_mut().zip(&records) {
        let requests = entry.as_object_mut().unwrap().remove("requests").unwrap();
        assert!(requests.is_array());
        assert_eq!(entry, record);
    }
    let latencies = report["latencies"].as_array().unwrap();
    let sent = |method: &str| latencies.iter().find(|row| row["method"] == method).unwrap()["count"].as_u64();
    assert_eq!((sent("POST"), sent("PATCH")), (Some(3), Some(1)));
}

#[test]
fn who_is_in_scope_is_asked_of_the_export_or_else_of_the_log() {
    let (sandbox, _stub) = two_cycles();
    let told = |report: &Value| {
        let groups = report["scope"]["groups"].as_array().unwrap().iter();
        groups.map(|group| format!("{} {}", group["reasonCode"], group["count"]).replace('"', "")).collect::<Vec<_>>()
    };
    let by_export = document(&sandbox, "");
    assert_eq!(by_export["scope"]["source"], "export");
    assert_eq!(told(&by_export), ["InScope 2", "NotEffectivelyEntitled 1"]);
    std::fs::remove_file(sandbox.path("users.csv")).unwrap();
    let ended = sandbox.run("report --report json=-").with(0);
    let by_log = ended.json();
    assert_eq!((&by_log["scope"]["source"], told(&by_log)), (&"log".into(), told(&by_export)));
    assert!(by_log["scope"]["because"].as_str().unwrap().contains("users.csv"), "{}", by_log["scope"]);
    assert!(ended.stderr.contains("the export can't be read"), "{}", ended.stderr);
}

#[test]
fn it_is_narrowed_to_a_cycle_or_a_time() {
    let (sandbox, _stub) = two_cycles();
    let all = document(&sandbox, "");
    let last = document(&sandbox, "--cycle last");
    assert_eq!((last["cycles"].as_array().unwrap().len(), &last["cycles"][0]), (1, &all["cycles"][0]));
    assert_eq!((&last["job"]["entries"], &last["job"]["cycle"]), (&2.into(), &all["cycles"][0]["id"]));
    let first = all["cycles"][1]["id"].as_str().unwrap();
    assert_eq!(document(&sandbox, &format!("--cycle {first}"))["job"]["entries"], 3);
    assert_eq!(document(&sandbox, "--since 1h")["job"]["entries"], 5);
    let later = document(&sandbox, "--since 2100-01-01");
    assert_eq!((&later["cycles"], &later["objects"]), (&Value::Array(Vec::new()), &Value::Array(Vec::new())));
    let ended = sandbox.run("report --report html=job.html --cycle nonsense").with(2);
    assert!(ended.stderr.contains("has no cycle \"nonsense\"") && !sandbox.path("job.html").exists(), "{ended:?}");
}

#[test]
fn a_job_that_never_ran_is_told() {
    let sandbox = Sandbox::with_users(1, "embedded");
    let ended = sandbox.run(&format!("report {ALL}")).with(0);
    assert!(ended.stderr.contains("has not run yet"), "{}", ended.stderr);
    for name in ["job.html", "job.md"] {
        assert!(sandbox.read(name).contains("No cycle of this job has begun yet"), "{name}");
    }
    assert_eq!(document(&sandbox, "--cycle last")["job"]["state"], "not-run");
}

#[test]
fn a_quarantine_stands_in_it() {
    let server = Server::start();
    let stub = Stub::before(&server, |_| Deed::Answer("401 Unauthorized", "", "{}".to_owned()));
    let sandbox = Sandbox::with_users(1, &stub.url);
    sandbox.run("run").with(6);
    sandbox.run(&format!("report {ALL}")).with(0);
    let (html, report) = (sandbox.read("job.html"), document(&sandbox, ""));
    assert!(html.contains("<h1>In quarantine") && html.contains("InvalidCredentials"), "{html}");
    let quarantine = &report["quarantines"][0];
    assert_eq!((&quarantine["ending"], &quarantine["cycles"]), (&"still".into(), &1.into()));
    let status = sandbox.run("status --output json").with(5).json();
    assert_eq!(report["job"]["quarantine"]["since"], status["job"]["quarantine"]["since"]);
}

#[test]
fn nobody_else_may_read_it() {
    let (sandbox, _stub) = two_cycles();
    sandbox.write("job.html", "of yesterday");
    sandbox.run(&format!("report {ALL}")).with(0);
    sandbox.is_private(&["job.html", "job.md", "job.json"]);
}

#[test]
fn names_that_the_log_does_not_keep_are_not_told() {
    let sandbox = Sandbox::with_users(2, "embedded");
    sandbox.edit("scimulate.toml", "[target]", "[log]\npii = false\n\n[target]");
    sandbox.run("run").with(0);
    std::fs::remove_file(sandbox.path("users.csv")).unwrap();
    sandbox.run(&format!("report {ALL}")).with(0);
    for name in ["job.html", "job.md", "job.json"] {
        let text = sandbox.read(name);
        assert!(!text.contains(&user_name(1)) && !text.contains("Engineer"), "{name}: {text}");
    }
    assert!(sandbox.read("job.html").contains("[Hidden]"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_said_with_the_place() {
    let (sandbox, _stub) = two_cycles();
    for form in ["html", "json", "markdown"] {
        let ended = sandbox.run(&format!("report --report {form}=/dev/full")).with(1);
        let said = ended.stderr.contains("/dev/full can't be written") && ended.stderr.contains("No space left");
        assert!(said, "{ended:?}");
    }
}

#[test]
fn what_is_wrong_is_said() {
    let sandbox = Sandbox::with_users(1, "embedded");
    for (flags, expected) in [
        ("", "--report <FORM=FILE>"),
        ("--report htm=a", "did you mean `html`?"),
        ("--report html=nowhere/job.html", "nowhere/job.html can't be written"),
        ("--report html=a --cycle last --since 1h", "cannot be used with"),
        ("--report html=a --since yesterday", "such as 2h"),
    ] {
        let ended = sandbox.run(&format!("report {flags}")).with(2);
        assert!(ended.stderr.contains(expected), "{flags}: {}", ended.stderr);
    }
}
