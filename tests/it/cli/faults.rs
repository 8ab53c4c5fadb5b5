//! What runs make of each fault of `serve`: an initial cycle, another one of the same, one with changes of every kind,
//! and what is mended by a restart once the endpoint is good again.

#![expect(clippy::unwrap_used, reason = "a test that can't be set up fails")]

mod relay;
mod tenant;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::LazyLock;

use scimulate::target::Fault;
use serde_json::Value;

use crate::support::process::{Ended, Sandbox, Server};
use relay::Relay;
use tenant::{Content, Names};

/// A fault, what else is needed for it to be seen, and the flags of the tenant URL.
struct Play {
    fault: &'static str,
    beside: &'static str,
    flags: &'static str,
}

const fn play(fault: &'static str) -> Play {
    Play { fault, beside: "", flags: "" }
}

/// Errors look odd, so there has to be one: the creation of Ann is refused at first.
const fn with_an_error(fault: &'static str) -> Play {
    Play { fault, beside: "400,method=POST,user=ann@contoso.com,times=1", flags: "" }
}

const fn compliant(fault: &'static str) -> Play {
    Play { fault, beside: "", flags: "?aadOptscim062020" }
}

/// What came of a play.
struct Outcome {
    /// What was told of the three cycles.
    told: [String; 3],
    /// What the endpoint holds after them, and after a restart against a good endpoint.
    left: [Content; 2],
}

/// Without any fault.
static GOOD: LazyLock<Outcome> = LazyLock::new(|| perform(&play("")));

fn perform(play: &Play) -> Outcome {
    let (sandbox, relay) = (Sandbox::empty(), Relay::start());
    tenant::set_up(&sandbox, &format!("http://127.0.0.1:{}/scim/v2{}", relay.port, play.flags));
    let faults = [play.fault, play.beside].into_iter().filter(|fault| !fault.is_empty());
    let faults: Vec<_> = faults.map(|fault| format!("--fault {fault}")).collect();
    let serve = "--profile scim --data target.db";
    let bad = Server::start_in(&sandbox, &format!("{serve} --load accounts.json {}", faults.join(" ")));
    relay.lead_to(bad.port);
    let run = || sandbox.run("run -q --verify --output jsonl");
    let (first, second) = (run(), run());
    tenant::change(&sandbox);
    let third = run();
    bad.terminate().with(0);
    let (content, names) = Content::read(&sandbox.path("target.db"));
    let told = [first, second, third].map(|ended| tell(&ended, &names, &relay));
    let good = Server::start_in(&sandbox, serve);
    relay.lead_to(good.port);
    sandbox.run("restart").with(0);
    let mended = run();
    assert!(matches!(mended.code, Some(0 | 4)), "{}: {}\n{}", play.fault, mended.stdout, mended.stderr);
    good.terminate().with(0);
    let (after, _) = Content::read(&sandbox.path("target.db"));
    Outcome { told, left: [content, after] }
}

/// How a cycle ended, and what was said.
fn tell(ended: &Ended, names: &Names, relay: &Relay) -> String {
    let code = ended.code.expect("a run ends by itself");
    assert!(matches!(code, 0 | 4 | 5 | 6), "exit code {code}\n{}\n{}", ended.stdout, ended.stderr);
    let events = ended.json_lines();
    let mut text = format!("exit {code}");
    if let Some(end) = events.iter().find(|event| event["type"] == "cycleEnded") {
        for (what, count) in end["summary"].as_object().unwrap() {
            if count != 0 {
                write!(text, ", {what} {count}").unwrap();
            }
        }
    }
    text.push('\n');
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for event in &events {
        let of = |name: &str| event[name].as_str().unwrap_or_default();
        let what = match of("type") {
            "object" if event["action"] == "fail" => {
                let error = |name: &str| event["error"][name].as_str().unwrap_or_default().to_owned();
                let reason = if error("message").is_empty() { of("reason").to_owned() } else { error("message") };
                format!("{}: {}", error("code"), reason.lines().next().unwrap_or_default())
            }
            "deviation" => {
                let attribute =
                    of("attribute").replace("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:", "");
                format!("{} {attribute}", of("kind"))
            }
            _ => continue,
        };
        let who = of("name").trim_end_matches("@contoso.com").to_owned();
        match groups.iter_mut().find(|(known, _)| *known == what) {
            Some((_, names)) => names.push(who),
            None => groups.push((what, vec![who])),
        }
    }
    for (what, who) in groups {
        writeln!(text, "    {}: {what}", who.join(", ")).unwrap();
    }
    for line in ended.stderr.lines().filter(|line| line.starts_with("error")) {
        writeln!(text, "    | {line}").unwrap();
    }
    masked(&names.put_into(&text.replace(&format!("127.0.0.1:{}", relay.port), "TARGET")))
}

/// Without what differs from run to run: GUIDs, instants, what follows on some words.
fn masked(text: &str) -> String {
    const CUT: [&str; 2] = ["the connection was closed before the answer was complete", "the filter can't be read"];
    let fits = |text: &str, pattern: &str| {
        let is = |(c, p)| if p == 'x' { char::is_ascii_hexdigit(&c) } else { c == p };
        text.chars().count() == pattern.len() && text.chars().zip(pattern.chars()).all(is)
    };
    let patterns = [("xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", "<guid>"), ("xxxx-xx-xxTxx:xx:xxZ", "<instant>")];
    let mut masked = String::new();
    let mut rest = text;
    'text: while let Some(c) = rest.chars().next() {
        for (pattern, shown) in patterns {
            if rest.get(..pattern.len()).is_some_and(|text| fits(text, pattern)) {
                masked.push_str(shown);
                rest = &rest[pattern.len()..];
                continue 'text;
            }
        }
        masked.push(c);
        rest = &rest[c.len_utf8()..];
    }
    let cut = |line: &str| {
        let ends = CUT.iter().filter_map(|end| line.find(end).map(|at| at + end.len()));
        line[..ends.min().unwrap_or(line.len())].to_owned()
    };
    masked.lines().map(cut).fold(String::new(), |text, line| text + &line + "\n")
}

fn fault_of(play: &Play) -> Fault {
    Fault::parse(play.fault.split(',').next().unwrap()).unwrap()
}

/// Plays all of a theme and compares what came of it with what is known.
fn check(name: &str, plays: &[Play]) {
    let mut text = String::new();
    for play in plays {
        let outcome = perform(play);
        let fault = fault_of(play);
        let beside = if play.beside.is_empty() { String::new() } else { format!(" (beside {})", play.beside) };
        writeln!(text, "# {}{}{beside}\n# {}", play.fault, play.flags, fault.explanation()).unwrap();
        for (when, (told, right)) in ["initial", "again", "changed"].iter().zip(outcome.told.iter().zip(&GOOD.told)) {
            if told == right {
                writeln!(text, "  {when}: as without it").unwrap();
            } else {
                write!(text, "  {when}: {told}").unwrap();
            }
        }
        for (when, (left, right)) in ["endpoint", "mended"].iter().zip(outcome.left.iter().zip(&GOOD.left)) {
            let differences = left.differences(right);
            if differences.is_empty() {
                writeln!(text, "  {when}: as without it").unwrap();
            } else {
                writeln!(text, "  {when}:\n    {}", differences.join("\n    ")).unwrap();
            }
            for known in ["dan@contoso.com", "eva@contoso.com", "other@contoso.com"] {
                assert!(left.names().contains(&known), "{}: {known} is lost", play.fault);
            }
        }
        text.push('\n');
    }
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(name, text) });
}

const STATUSES: &[Play] = &[
    play("503"),
    play("500,method=PATCH"),
    play("403,method=POST"),
    play("accept-any-token"),
    play("token-expired"),
    // The last of the users: who else would be sent meanwhile is a matter of chance.
    play("token-expires-mid-run,after=18"),
    play("429-with-retry-after-1s,times=2"),
    play("429-without-retry-after,method=POST"),
    play("503-with-retry-date-1s,times=2"),
    play("503-on-list"),
    play("refuse-create"),
    play("conflict-on-create"),
    play("delete-unsupported"),
    play("no-discovery"),
];

const CONNECTIONS: &[Play] = &[
    play("slow-10ms"),
    play("trickled-body-50ms"),
    play("drop-connection"),
    play("drop-connection,method=PATCH"),
    play("drop-after-write"),
    play("500-after-write"),
    play("half-body"),
    play("half-body,method=POST"),
    play("half-json"),
    play("half-json,method=POST,method=PATCH"),
    play("connection-close"),
];

const HEADERS: &[Play] = &[
    play("406-without-content-type"),
    play("403-without-user-agent"),
    play("415-on-charset"),
    play("application/json-content-type"),
    play("text/html-content-type"),
    play("relative-location"),
    play("redirect-to-slash"),
    play("redirect-to-login"),
];

const QUERIES: &[Play] = &[
    play("empty-list-404"),
    play("hide-inactive"),
    play("case-sensitive-username"),
    play("ignore-filter-return-all"),
    play("ignore-filter-return-all,after=2"),
    play("reject-externalid-filter"),
    play("reject-and-filters"),
    play("no-plus-decoding"),
    play("ignore-excluded-attributes"),
    play("truncated-list-at-0"),
    play("total-results-of-page"),
    play("total-results-lies"),
    play("total-results-as-text"),
    play("lowercase-resources"),
    play("null-resources"),
    play("repeat-last-page"),
    play("ignore-paging"),
    play("stale-read"),
    play("forget-on-read"),
    play("html"),
    play("html,method=POST,method=PATCH"),
];

const CREATIONS: &[Play] = &[
    play("201-without-body"),
    play("201-without-id"),
    play("200-on-create"),
    play("integer-ids"),
    play("odd-ids"),
    play("409-on-create-existing-externalid"),
    play("deleted-names-stay-taken"),
];

const PATCHES: &[Play] = &[
    play("reject-capital-ops"),
    play("ignore-capital-ops"),
    play("reject-string-bool"),
    play("reject-op-add-active"),
    play("other-id-on-patch"),
    play("reject-null"),
    play("immutable-username"),
    play("notarget-on-missing-work-email"),
    play("reject-whole-patch-on-unknown-path"),
    play("manager-must-be-object"),
    play("reorders-patch-ops"),
    play("400-on-noop-patch"),
    play("204-on-patch"),
];

const GROUPS: &[Play] = &[
    play("remove-members-wipes-group"),
    compliant("pathless-replace-wipes-group"),
    compliant("noop-200-on-filtered-remove"),
    play("reject-value-list-removal"),
    play("409-on-repeat-member-add"),
    play("duplicate-members"),
    play("drop-members"),
    play("lost-update"),
];

const STORING: &[Play] = &[
    play("string-bool-truthy"),
    play("string-booleans"),
    compliant("literal-dotted-keys"),
    play("split-urn-on-dot"),
    play("drop-attribute"),
    play("change-case"),
    play("one-entry-per-list"),
    play("ascii-only"),
];

const DOCUMENTS: &[Play] = &[
    play("byte-order-mark"),
    play("capitalised-attributes"),
    play("active-as-text"),
    play("active-as-number"),
    play("no-active-when-disabled"),
    play("emails-as-object"),
    play("extra-attributes"),
    play("no-meta"),
    play("no-schemas"),
    with_an_error("html-errors"),
    with_an_error("text-errors"),
    with_an_error("empty-errors"),
    with_an_error("numeric-status-in-errors"),
    with_an_error("200-on-errors"),
];

#[test]
fn statuses() {
    check("statuses", STATUSES);
}

#[test]
fn connections() {
    check("connections", CONNECTIONS);
}

#[test]
fn headers() {
    check("headers", HEADERS);
}

#[test]
fn queries() {
    check("queries", QUERIES);
}

#[test]
fn creations() {
    check("creations", CREATIONS);
}

#[test]
fn patches() {
    check("patches", PATCHES);
}

#[test]
fn groups() {
    check("groups", GROUPS);
}

#[test]
fn storing() {
    check("storing", STORING);
}

#[test]
fn documents() {
    check("documents", DOCUMENTS);
}

#[test]
fn every_fault_is_played() {
    let key = |fault: &Fault| fault.shape().unwrap_or(fault.name()).to_owned();
    let plays = [STATUSES, CONNECTIONS, HEADERS, QUERIES, CREATIONS, PATCHES, GROUPS, STORING, DOCUMENTS];
    let played: BTreeSet<_> = plays.into_iter().flatten().map(|play| key(&fault_of(play))).collect();
    let missing: Vec<_> = Fault::all().into_iter().filter(|fault| !played.contains(&key(fault))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn wrong_faults_are_refused() {
    let sandbox = Sandbox::empty();
    let check = |fault: &str, expected: &str| {
        let ended = sandbox.run_with(&["serve", "--listen", "127.0.0.1:0", "--fault", fault]).with(2);
        assert!(ended.stderr.contains(expected), "{fault}: {}", ended.stderr);
    };
    check("slow", "there is no fault `slow`, did you mean `slow-600ms`?");
    check("503:500%", "the rate of `503` is a share like 5% or 0.05");
    check("503,from=noon", "`from` of `503` is an instant like");
}

#[test]
fn the_list_is_for_programs_too() {
    let sandbox = Sandbox::empty();
    let document = sandbox.run("serve --list-faults --output json").with(0).json();
    let faults = document["faults"].as_array().unwrap();
    assert_eq!(faults.len(), Fault::all().len());
    let of = |name: &str| faults.iter().find(|fault| fault["name"] == name).unwrap();
    assert_eq!(of("slow-600ms")["pattern"], "slow-TIME");
    assert_eq!(of("204-on-patch")["pattern"], Value::Null);
    assert_eq!(of("204-on-patch")["methods"], serde_json::json!(["PATCH"]));
    assert_eq!(sandbox.run("serve --list-faults --output jsonl").with(0).json_lines(), *faults);
    let text = sandbox.run("serve --list-faults").with(0).stdout;
    assert!(faults.iter().all(|fault| text.contains(fault["explanation"].as_str().unwrap())), "{text}");
}
