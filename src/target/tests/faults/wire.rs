//! What the wire shows of each fault: the same requests without it and with it.

use std::collections::BTreeSet;

use axum::response::Response;
use futures_util::StreamExt as _;

use super::*;
use crate::target::answer::NoAnswer;

/// Requests, what is looked at in the answer to the last of them, and what it is without and with the fault.
pub(super) struct Case {
    fault: &'static str,
    steps: &'static [&'static str],
    look: &'static str,
    right: &'static str,
    wrong: &'static str,
}

/// A step is a method, a path and perhaps a body; `{ann}`, `{bob}` and `{design}` stand for ids, and in the place of
/// the operations of a PATCH stands their list alone. `stranger: ` before it leaves the token out. Looked at is a JSON pointer, `header NAME`, `text`, `sent` (how
/// the answer came), `time` or nothing, which leaves the status.
pub(super) const fn case(
    fault: &'static str,
    steps: &'static [&'static str],
    look: &'static str,
    right: &'static str,
    wrong: &'static str,
) -> Case {
    Case { fault, steps, look, right, wrong }
}

struct World {
    clock: Clock,
    endpoint: Endpoint,
    names: Vec<(&'static str, String)>,
}

/// Ann with everything, Bob who is disabled and has no addresses, and the group Design with Ann in it.
async fn world() -> World {
    let clock = clock();
    let endpoint = scim_at(&clock, Storage::memory());
    let mut document = ann();
    document["title"] = json!("Boss");
    document["externalId"] = json!("x-ann");
    let ann = post(&endpoint, "/Users", &document).await;
    let bob = json!({ "schemas": [urn::USER], "userName": "bob@contoso.com", "active": false });
    let bob = post(&endpoint, "/Users", &bob).await;
    let design = json!({ "schemas": [urn::GROUP], "displayName": "Design", "members": [{ "value": ann }] });
    let design = post(&endpoint, "/Groups", &design).await;
    World { clock, endpoint, names: vec![("{ann}", ann), ("{bob}", bob), ("{design}", design)] }
}

async fn post(endpoint: &Endpoint, path: &str, document: &Value) -> String {
    let reply = call(endpoint, Method::POST, path, document.clone()).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.body);
    reply.body["id"].as_str().unwrap().to_owned()
}

impl World {
    async fn play(&self, case: &Case) -> String {
        let mut shown = String::new();
        for step in case.steps {
            let step = self.names.iter().fold((*step).to_owned(), |step, (name, id)| step.replace(name, id));
            let before = self.clock.now();
            let response = self.endpoint.router().oneshot(Self::request(&step)).await.unwrap();
            shown = show(response, case.look).await;
            if case.look == "time" {
                shown = format!("{shown} {} ms", self.clock.now().duration_since(before).as_millis());
            }
        }
        self.names.iter().fold(shown, |shown, (name, id)| shown.replace(id, name))
    }

    fn request(step: &str) -> Request<Body> {
        let (step, is_stranger) = step.strip_prefix("stranger: ").map_or((step, false), |step| (step, true));
        let mut parts = step.splitn(3, ' ');
        let method: Method = parts.next().unwrap().parse().unwrap();
        let path = parts.next().unwrap();
        let body = parts.next().map(|body| {
            let value: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"));
            if method == Method::PATCH { patch_body(&value) } else { value }
        });
        let mut request = request(method, path, body.as_ref());
        if is_stranger {
            request.headers_mut().remove("authorization");
        }
        request
    }
}

async fn show(response: Response<Body>, look: &str) -> String {
    let (parts, body) = response.into_parts();
    let status = parts.status.as_u16();
    let is_answered = parts.extensions.get::<NoAnswer>().is_none();
    let announced = parts.headers.get("content-length").map(|length| length.to_str().unwrap().to_owned());
    let (mut bytes, mut pieces, mut is_whole) = (Vec::new(), 0, true);
    let mut stream = body.into_data_stream();
    while let Some(piece) = stream.next().await {
        match piece {
            Ok(piece) => {
                bytes.extend_from_slice(&piece);
                pieces += 1;
            }
            Err(_) => is_whole = false,
        }
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    match look {
        "" | "time" => status.to_string(),
        "sent" if !is_answered => "nothing".to_owned(),
        "sent" => {
            let half = announced.is_some_and(|length| length.parse::<usize>().unwrap() / 2 == bytes.len());
            let json = if serde_json::from_str::<Value>(&text).is_ok() { "JSON" } else { "no JSON" };
            format!("{status} {pieces} {is_whole} {half} {json}")
        }
        "text" => format!("{status} {}", text.chars().take(6).collect::<String>()),
        _ if look.starts_with('/') => {
            let body: Value = serde_json::from_str(&text).unwrap_or_default();
            format!("{status} {}", body.pointer(look).unwrap_or(&Value::Null))
        }
        _ => {
            let value = parts.headers.get(look.trim_start_matches("header ")).map(|value| value.to_str().unwrap());
            format!("{status} {}", value.unwrap_or("none"))
        }
    }
}

#[tokio::test]
async fn every_fault_shows_on_the_wire() {
    let cases = || refusing::CASES.iter().chain(answering::CASES);
    let mut wrong = Vec::new();
    for case in cases() {
        let (good, bad) = (world().await, world().await);
        let rule = FaultRule::parse(case.fault, bad.clock.now()).unwrap();
        bad.endpoint.set_faults(vec![rule]);
        let found = (good.play(case).await, bad.play(case).await);
        if (found.0.as_str(), found.1.as_str()) != (case.right, case.wrong) || case.right == case.wrong {
            wrong.push(format!("{} {:?} {}: {:?}, {:?}", case.fault, case.steps, case.look, found.0, found.1));
        }
        assert!(bad.endpoint.faults()[0].befell > 0, "{} isn't counted", case.fault);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Those with a number in their name count as one.
    let key = |fault: &Fault| fault.shape().unwrap_or(fault.name()).to_owned();
    let parse = |case: &Case| Fault::parse(case.fault.split(',').next().unwrap()).unwrap();
    let shown: BTreeSet<_> = cases().map(|case| key(&parse(case))).collect();
    let missing: Vec<_> = Fault::all().into_iter().filter(|fault| !shown.contains(&key(fault))).collect();
    assert!(missing.is_empty(), "without a case: {missing:?}");
}
