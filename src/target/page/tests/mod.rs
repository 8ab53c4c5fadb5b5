mod faults;
mod find;
mod pages;
mod requests;
mod security;

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::*;
use crate::base::{Random, Secret};
use crate::clock::Clock;
use crate::scim::{ResourceSchema, urn};
use crate::target::{Endpoint, EndpointOptions, Storage};

const TOKEN: &str = "t0ken-that-nobody-sees";
const HOST: &str = "127.0.0.1:8080";

/// An endpoint with its page.
struct Site {
    endpoint: Endpoint,
    router: axum::Router,
}

/// What came back.
struct Shown {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

fn endpoint(storage: Storage) -> Endpoint {
    let users = ResourceSchema::user().with_extension(ResourceSchema::enterprise_user());
    let clock = Clock::starting_at("2026-03-01T10:00:00Z".parse().unwrap());
    let options = EndpointOptions::scim(users, vec![Secret::new(TOKEN)], clock, Random::seeded(1));
    Endpoint::new(options, storage).unwrap()
}

fn options(local: bool) -> PageOptions {
    PageOptions {
        tenant_url: format!("http://{HOST}/scim/v2"),
        profile: "Profile scim".to_owned(),
        data: "kept in memory".to_owned(),
        local,
        new_secret: || Secret::new(Random::seeded(7).guid().simple().to_string()),
    }
}

impl Site {
    fn local() -> Self {
        Self::over(endpoint(Storage::memory()), true)
    }

    /// One that can be reached from elsewhere.
    fn open() -> Self {
        Self::over(endpoint(Storage::memory()), false)
    }

    fn over(endpoint: Endpoint, local: bool) -> Self {
        let router = Page::new(&endpoint, options(local)).around(endpoint.router());
        Self { endpoint, router }
    }

    async fn send(&self, request: Request<Body>) -> Shown {
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Shown { status: parts.status, headers: parts.headers, text }
    }

    /// A GET as a browser on this machine sends it.
    async fn get(&self, path: &str) -> Shown {
        self.get_with(path, &[("host", HOST)]).await
    }

    async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Shown {
        self.send(request("GET", path, headers, "")).await
    }

    /// A form as the page itself sends it.
    async fn post(&self, path: &str, form: &str) -> Shown {
        let form = format!("secret={}&{form}", self.secret().await);
        self.send(request("POST", path, &own(), &form)).await
    }

    /// What the page's forms carry.
    async fn secret(&self) -> String {
        let page = self.get_with("/page/faults", &[("host", HOST), ("authorization", &bearer())]).await.text;
        between(&page, "name=\"secret\" value=\"", "\"").to_owned()
    }

    /// A request of the protocol.
    async fn call(&self, method: &str, path: &str, body: &Value) -> Shown {
        let headers = [("host", HOST), ("authorization", &bearer()), ("content-type", "application/scim+json")];
        self.send(request(method, &format!("/scim/v2{path}"), &headers, &body.to_string())).await
    }

    async fn create(&self, user_name: &str, display_name: &str) -> String {
        let user = json!({"schemas": [urn::USER], "userName": user_name, "displayName": display_name});
        id(&self.call("POST", "/Users", &user).await)
    }

    async fn create_group(&self, name: &str, members: &[&str]) -> String {
        let members: Vec<_> = members.iter().map(|id| json!({"value": id})).collect();
        let group = json!({"schemas": [urn::GROUP], "displayName": name, "members": members});
        id(&self.call("POST", "/Groups", &group).await)
    }
}

fn bearer() -> String {
    format!("Bearer {TOKEN}")
}

/// Headers of a form that the page itself sends.
fn own() -> Vec<(&'static str, &'static str)> {
    vec![("host", HOST), ("sec-fetch-site", "same-origin"), ("origin", "http://127.0.0.1:8080")]
}

fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Request<Body> {
    let builder = Request::builder().method(method).uri(path);
    let builder = headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, *value));
    builder.body(Body::from(body.to_owned())).unwrap()
}

fn id(shown: &Shown) -> String {
    assert_eq!(shown.status, StatusCode::CREATED, "{}", shown.text);
    let body: Value = serde_json::from_str(&shown.text).unwrap();
    body["id"].as_str().unwrap().to_owned()
}

#[track_caller]
fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let start = text.find(before).unwrap_or_else(|| panic!("no {before} in {text}")) + before.len();
    &text[start..start + text[start..].find(after).unwrap()]
}

/// The text of HTML, a blank where a line or a cell ends.
fn plain(html: &str) -> String {
    const INLINE: [&str; 7] = ["a", "b", "bdi", "code", "q", "span", "time"];
    let mut text = String::new();
    for (index, piece) in html.split('<').enumerate() {
        let (tag, rest) = if index == 0 { ("a", piece) } else { piece.split_once('>').unwrap_or_default() };
        let name = tag.trim_start_matches('/').split_whitespace().next().unwrap_or_default();
        if !INLINE.contains(&name) {
            text.push(' ');
        }
        text.push_str(rest);
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
