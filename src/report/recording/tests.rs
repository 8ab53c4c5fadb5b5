use std::time::Duration;

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::scim::Content;

const TENANT: &str = "https://api.wedo.example/scim/v2";
const JSON: (&str, &str) = ("content-type", "application/scim+json");

fn of(side: Side) -> RecordingOf {
    RecordingOf {
        command: "run",
        side,
        tenant_url: TENANT.to_owned(),
        started: "2026-03-01T10:00:00Z".parse().unwrap(),
    }
}

fn pairs(headers: &[(&str, &str)]) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// An exchange at the tenant's origin, half a second after the last one began.
struct Exchanges(Vec<HttpExchange>);

impl Exchanges {
    fn add(&mut self, method: &str, target: &str, body: &[u8], status: u16, answer: &[u8]) -> &mut HttpExchange {
        let started = "2026-03-01T10:00:00Z".parse::<Timestamp>().unwrap();
        let after = Duration::from_millis(500) * u32::try_from(self.0.len()).unwrap();
        let mut request_headers = vec![
            ("accept", "*/*"),
            ("authorization", "Bearer [secret]"),
            ("adscimversion", "1.0"),
            ("host", "api.wedo.example"),
        ];
        let length = body.len().to_string();
        if !body.is_empty() {
            request_headers.extend([JSON, ("content-length", &length)]);
        }
        self.0.push(HttpExchange {
            started: started + after,
            duration: Duration::from_micros(12_345),
            version: "HTTP/1.1",
            method: method.to_owned(),
            origin: "https://api.wedo.example".to_owned(),
            target: target.to_owned(),
            request_headers: pairs(&request_headers),
            request_body: Content::from(body),
            status: Some(status),
            response_headers: if answer.is_empty() { Vec::new() } else { pairs(&[JSON]) },
            response_body: Content::from(answer),
            ..HttpExchange::default()
        });
        self.0.last_mut().unwrap()
    }
}

/// What occurs in cycles, and what shouldn't.
fn exchanges() -> Vec<HttpExchange> {
    const ANN: &str = "2819c223-7f76-453a-919d-413861904646";
    let mut all = Exchanges(Vec::new());
    let users = "/scim/v2/Users";
    all.add(
        "GET",
        &format!("{users}?filter=userName+eq+%22ann%40contoso.com%22"),
        b"",
        200,
        br#"{"totalResults":0,"Resources":[]}"#,
    );
    let created = format!(r#"{{"id":"{ANN}","userName":"ann@contoso.com","note":"{{{{$processEnv HOME}}}}"}}"#);
    all.add("POST", users, br#"{"userName":"ann@contoso.com","title":"{{token}} 'n'"}"#, 201, created.as_bytes())
        .response_headers
        .push(("location".to_owned(), format!("{TENANT}/Users/{ANN}")));
    all.add(
        "PATCH",
        &format!("{users}/{ANN}"),
        br#"{"Operations":[{"op":"Replace","path":"title","value":"Chief"}]}"#,
        204,
        b"",
    );
    all.add(
        "GET",
        "/scim/v2/Groups?filter=displayName+eq+%22Design%22",
        b"",
        200,
        br#"{"totalResults":1,"Resources":[{"displayName":"Design","id":"7"}]}"#,
    );
    all.add(
        "PATCH",
        "/scim/v2/Groups/7?x=7",
        format!(
            r#"{{"Operations":[{{"op":"Add","path":"members","value":[{{"value":"{ANN}"}}]}},{{"value":"7"}},7]}}"#
        )
        .as_bytes(),
        204,
        b"",
    );
    all.add("GET", &format!("/scim/v2/Groups?filter=id+eq+%227%22+and+members+eq+%22{ANN}%22"), b"", 200, b"{}");
    // No answer; half an answer; one in bytes; one that leads elsewhere.
    let late = all.add("GET", users, b"", 0, b"");
    (late.status, late.remarks) = (None, vec!["time-out: no complete answer within 30s".to_owned()]);
    let half = all.add("GET", users, b"", 200, br#"{"totalResults":"#);
    half.remarks.push("connection lost: status 200, then unexpected end".to_owned());
    all.add("GET", users, b"", 200, b"\xff\x00\xfe");
    let away = all.add("GET", users, b"", 302, b"");
    away.response_headers = pairs(&[("location", "/login?next=%2F")]);
    // Somebody else; something else at the same place.
    let other = all.add("POST", "/oauth/token", b"grant_type=client_credentials&client_secret=[secret]", 200, b"{}");
    other.origin = "https://login.example".to_owned();
    other.request_headers = pairs(&[("authorization", "Basic [secret]"), ("x-empty", ""), ("x-api-key", "[secret]")]);
    all.add("GET", "/health", b"", 200, b"fine\n@import ./evil.http\n### \nDELETE http://localhost/")
        .response_headers = pairs(&[("content-type", "text/plain")]);
    // What an editor or a shell could take for something else.
    all.add("POST", users, b"\n\n### \nDELETE {{tenantUrl}}/Users/1", 400, b"");
    all.add("POST", "/scim/v2/{{$processEnv HOME}}/'$(reboot)`reboot`", b"it's \"$(reboot)\" \\ `reboot`", 404, b"");
    let odd = all.add("BREW", users, b"\x00\xff", 405, b"");
    odd.request_headers = pairs(&[("###", "x"), ("x-brace", "{{token}}"), ("x-quote", "it's")]);
    all.add("OPTIONS", "*", b"", 404, b"");
    let long = all.add("POST", users, b"{}", 413, b"");
    long.request_body.length = 99;
    all.add("PUT", users, br#"{"a":1,"a":2.0,"b":"\u00e9"}"#, 400, br#"[1e2,"\/"]"#);
    all.0
}

/// The texts as they stand in the files of one part.
fn recorded(side: Side) -> RecordingTexts {
    let mut recording = Recording::new(of(side));
    let mut texts = recording.begin_part();
    for exchange in exchanges() {
        recording.add(&exchange, &mut texts);
    }
    texts.har.push_str(HAR_END);
    // The version would have to be changed with every release.
    let version = CREATOR.1;
    RecordingTexts {
        har: texts.har.replace(&format!("\"{version}\""), "\"[version]\""),
        transcript: texts.transcript.replace(version, "[version]"),
        script: texts
            .script
            .replace(version, "[version]")
            .split(replay::HEAD)
            .collect::<Vec<_>>()
            .join("[functions]\n"),
    }
}

#[test]
fn an_archive_for_tools() {
    let texts = recorded(Side::Client);
    let value: Value = serde_json::from_str(&texts.har).unwrap();
    insta::assert_snapshot!("har", format!("{value:#}"));
    assert_eq!(texts.har.lines().count(), 2 + exchanges().len(), "one line each");
}

#[test]
fn a_transcript_for_people_and_editors() {
    insta::assert_snapshot!("transcript", recorded(Side::Client).transcript);
}

#[test]
fn a_script_that_sends_it_again() {
    insta::assert_snapshot!("script", recorded(Side::Client).script);
}

#[test]
fn an_archive_is_whole_after_every_exchange() {
    let mut recording = Recording::new(of(Side::Client));
    let mut texts = recording.begin_part();
    for number in 0..4 {
        let value: Value = serde_json::from_str(&format!("{}{HAR_END}", texts.har)).unwrap();
        assert_eq!(value["log"]["entries"].as_array().unwrap().len(), number);
        recording.add(&exchanges()[number], &mut texts);
    }
}

#[test]
fn a_later_part_is_whole_by_itself() {
    let all = exchanges();
    let mut recording = Recording::new(of(Side::Client));
    let mut first = recording.begin_part();
    recording.add(&all[1], &mut first);
    let mut second = recording.begin_part();
    recording.add(&all[2], &mut second);
    let value: Value = serde_json::from_str(&format!("{}{HAR_END}", second.har)).unwrap();
    assert_eq!(value["log"]["entries"][0]["_number"], 2);
    // An editor knows the variables of one file; the script is handed the ids of the part before.
    assert!(second.transcript.contains("/Users/2819c223-"), "{}", second.transcript);
    assert!(second.script.contains("\"${id_1:-2819c223-"), "{}", second.script);
}

#[test]
fn a_server_sends_everything_here_but_no_token_that_was_wrong() {
    let mut all = Exchanges(Vec::new());
    all.add("GET", "http://somewhere.example/scim/v2/Users", b"", 200, b"").origin = "http://localhost".to_owned();
    all.add("GET", "/scim/v2/Users", b"", 200, b"").origin = "http://evil.example".to_owned();
    all.add("GET", "/scim/v2/Users", b"", 401, b"");
    all.add("GET", "/scim/v2/Users", b"", 401, b"").remarks.push("token-expired".to_owned());
    all.add("GET", "/scim/v20/Users", b"", 404, b"");
    let places: Vec<_> = all.0.iter().map(|exchange| Replayed::new(exchange, &of(Side::Server))).collect();
    let tenant = || Ok(request::Place::Tenant("/Users".to_owned()));
    let expected = [tenant(), tenant(), tenant(), tenant(), Ok(request::Place::Origin("/scim/v20/Users".to_owned()))];
    for (replayed, (expected, takes_token)) in
        places.iter().zip(expected.into_iter().zip([true, true, false, true, true]))
    {
        assert_eq!((&replayed.place, replayed.takes_token), (&expected, takes_token));
    }
}

#[test]
fn urls_are_split_for_archives() {
    let mut all = Exchanges(Vec::new());
    all.add("GET", "/scim/v2/Users?filter=a+eq+%22b%26c%22&count=1&count=2&x", b"", 200, b"");
    let entry: Value = serde_json::from_str(&har::entry(&all.0[0], 1)).unwrap();
    let pairs: Vec<_> = entry["request"]["queryString"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pair| format!("{}: {}", pair["name"].as_str().unwrap(), pair["value"].as_str().unwrap()))
        .collect();
    assert_eq!(pairs, ["filter: a eq \"b&c\"", "count: 1", "count: 2", "x: "]);
}

#[test]
fn short_ids_are_told_from_other_words() {
    let mut ids = Ids::default();
    ids.add("7", 1, 1);
    ids.add("2819c223-7f76", 2, 1);
    let shown = |text: &str| -> String {
        let show = |piece: ids::Piece<'_>| match piece {
            ids::Piece::Text(text) => text.to_owned(),
            ids::Piece::Id { number, .. } => format!("<{number}>"),
        };
        ids.pieces(text, 1).into_iter().map(show).collect()
    };
    for (text, expected) in [
        ("/Users/7", "/Users/<1>"),
        ("/Users/7?count=7", "/Users/<1>?count=7"),
        ("/Users?filter=id+eq+%227%22", "/Users?filter=id+eq+%22<1>%22"),
        (r#"{"value": "7", "n": 7, "s": "7 of 7"}"#, r#"{"value": "<1>", "n": 7, "s": "7 of 7"}"#),
        (r#"{"path":"members[value eq \"7\"]"}"#, r#"{"path":"members[value eq \"<1>\"]"}"#),
        ("2819c223-7f76 x2819c223-7f76", "<2> x2819c223-7f76"),
        ("ünï%222819c223-7f76%", "ünï%22<2>%"),
        ("", ""),
    ] {
        assert_eq!(shown(text), expected);
    }
}

/// What a line of an editor's file may begin with, and what may stand in it.
fn nasty() -> impl Strategy<Value = String> {
    let pieces =
        ["#", "##", "\n", "\r\n", "{{", "}}", "{", "@a = b", "<", "> {%", "//", "GET /x", " ", "\"", "7", "\u{1}", "x"];
    proptest::collection::vec(proptest::sample::select(pieces.to_vec()), 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn nothing_recorded_means_anything_to_an_editor(
        body in nasty(), answer in nasty(), json in nasty(), value in nasty(), as_json in any::<bool>(),
    ) {
        let mut all = Exchanges(Vec::new());
        let body = if as_json { serde_json::json!({ &json: &value }).to_string() } else { body };
        // Targets and headers can't hold whatever they like.
        let plain: String = value.chars().filter(|c| !c.is_control() && *c != ' ').collect();
        let exchange = all.add("POST", &format!("/scim/v2/{plain}"), body.as_bytes(), 200, answer.as_bytes());
        exchange.request_headers.push(("x-value".to_owned(), plain.clone()));
        exchange.request_headers.push((plain.replace([':', '"'], ""), "x".to_owned()));
        exchange.response_headers.push(("x-value".to_owned(), plain));
        exchange.remarks.push(answer);
        let mut recording = Recording::new(of(Side::Server));
        recording.begin_part();
        let mut texts = RecordingTexts::default();
        recording.add(&all.0[0], &mut texts);
        let lines: Vec<_> = texts.transcript.lines().map(str::trim_start).collect();
        let separators: Vec<_> = lines.iter().filter(|line| line.starts_with("##")).collect();
        prop_assert_eq!(separators, [&"### 1: 200 OK", &"### 1: answer"]);
        for line in lines.iter().filter(|line| !line.starts_with("# ")) {
            let without = line.replacen("{{tenantUrl}}", "", 1).replacen("Bearer {{token}}", "", 1);
            prop_assert!(!without.contains("{{"), "{}", line);
            let begins = ["@", "<", ">", "//", "# @", "HTTP/"].iter().any(|start| line.starts_with(start));
            prop_assert!(!begins, "{}", line);
        }
        prop_assert!(!texts.transcript.contains("\n# @"), "{}", texts.transcript);
    }
}

#[test]
fn json_is_indented_and_nothing_else() {
    for (json, expected) in [
        ("{}", "{}"),
        (" [ ] ", "[]"),
        ("7", "7"),
        ("\"a b\"", "\"a b\""),
        (
            r#"{"a":1,"a":2.0,"b":"\u00e9 {}[],: \"{{\" \\"}"#,
            "{\n  \"a\": 1,\n  \"a\": 2.0,\n  \"b\": \"\\u00e9 {}[],: \\\"{\\u007b\\\" \\\\\"\n}",
        ),
        (
            "{ \"a\" :\r\n [ { } , [ 1e2 , null ] ] }",
            "{\n  \"a\": [\n    {},\n    [\n      1e2,\n      null\n    ]\n  ]\n}",
        ),
    ] {
        let shown = transcript::json(json).unwrap();
        assert_eq!(shown, expected);
        let [before, after] = [json, &shown].map(|text| serde_json::from_str::<Value>(text).unwrap());
        assert_eq!(before, after);
    }
    for not_json in ["", "{", "{} {}", "nope", "{\"a\":\"\u{1}\"}"] {
        assert_eq!(transcript::json(not_json), None, "{not_json}");
    }
}
