//! The checks against the embedded endpoint: all green, and each fault turns exactly its checks red.

mod faults;
mod green;
mod groups;
mod lifecycle;

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::*;
use crate::base::{Random, Secret};
use crate::client::{Client, ClientOptions, Rate, Token};
use crate::clock::Clock;
use crate::schema::{CompileOptions, compile};
use crate::scim::{ResourceSchema, TenantUrl};
use crate::target::{Endpoint, EndpointOptions, Fault, FaultRule, Storage};

/// What the endpoint is like, and how it is asked.
pub(super) struct World {
    pub(super) profile: &'static str,
    pub(super) flags: &'static str,
    pub(super) faults: Vec<&'static str>,
    pub(super) only: Vec<String>,
    pub(super) skip: Vec<String>,
    pub(super) read_only: bool,
    pub(super) concurrency: usize,
    /// The admin's schema, which the endpoint's users follow too.
    pub(super) schema: Option<String>,
}

impl World {
    pub(super) fn new(profile: &'static str) -> Self {
        Self {
            profile,
            flags: "",
            faults: Vec::new(),
            only: Vec::new(),
            skip: Vec::new(),
            read_only: false,
            concurrency: 4,
            schema: None,
        }
    }

    pub(super) fn with_fault(self, fault: &'static str) -> Self {
        Self { faults: vec![fault], ..self }
    }

    /// The endpoint and what the checks say of it.
    pub(super) async fn check(&self) -> (Endpoint, CheckReport) {
        let (endpoint, options, connect, clock) = self.begin();
        let report = run(options, connect, clock, CancellationToken::new(), &mut |_| {}).await.unwrap();
        (endpoint, report)
    }

    /// The endpoint, and all that checks of it need. Time is virtual: nothing waits.
    pub(super) fn begin(&self) -> (Endpoint, CheckOptions, Rc<Connect>, Clock) {
        let clock = Clock::starting_at("2026-03-01T10:00:00Z".parse().unwrap());
        let tokens = vec![Secret::new("secret-token")];
        let document = self.schema.as_deref().map(|text| crate::schema::read(text, "schema.json").unwrap());
        let options = match self.profile {
            _ if document.is_some() => {
                let users = crate::schema::target_definition(document.as_ref().unwrap()).unwrap();
                EndpointOptions::scim(users, tokens, clock.clone(), Random::seeded(1))
            }
            "wedo" => EndpointOptions::wedo(tokens, clock.clone(), Random::seeded(1)),
            _ => {
                let users = ResourceSchema::user().with_extension(ResourceSchema::enterprise_user());
                EndpointOptions::scim(users, tokens, clock.clone(), Random::seeded(1))
            }
        };
        let endpoint = Endpoint::new(options, Storage::memory()).unwrap();
        let rules = self.faults.iter().map(|fault| FaultRule::new(Fault::parse(fault).unwrap()));
        endpoint.set_faults(rules.collect());
        let url = TenantUrl::parse(&format!("http://localhost/scim/v2{}", self.flags), false).unwrap();
        let mut client = ClientOptions::new(url, Token::from_text("secret-token").unwrap());
        client.rate = Rate::Unlimited;
        let mut options = CheckOptions::new(client);
        options.only.clone_from(&self.only);
        options.skip.clone_from(&self.skip);
        options.read_only = self.read_only;
        options.concurrency = self.concurrency;
        options.load_seconds = 1;
        options.rules = document.map(|document| {
            let options = CompileOptions { name: "custom".to_owned(), ..CompileOptions::default() };
            Arc::new(compile(&document, &options).unwrap())
        });
        let (router, time) = (endpoint.router(), clock.clone());
        let connect = Rc::new(move |options: ClientOptions| Client::in_process(router.clone(), options, time.clone()));
        (endpoint, options, connect, clock)
    }
}

/// Ids of the checks that are red: failed or warned.
pub(super) fn red(report: &CheckReport) -> BTreeSet<&'static str> {
    let is_red = |result: &&CheckResult| matches!(result.status, Status::Failed | Status::Warned);
    report.results.iter().filter(is_red).map(|result| result.check.id).collect()
}

/// What is wrong, for the message of a test that fails.
pub(super) fn told(report: &CheckReport) -> String {
    let lines = report.results.iter().flat_map(|result| {
        let skipped = result.skipped.iter().map(|why| format!("skipped: {}", why.text()));
        let findings = result.findings.iter().map(|finding| format!("[{}] {}", finding.cause, finding.observed));
        skipped.chain(findings).map(|line| format!("{}: {line}", result.check.id))
    });
    lines.collect::<Vec<_>>().join("\n")
}
