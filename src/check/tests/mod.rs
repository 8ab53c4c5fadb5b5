//! The checks against the embedded endpoint: all green, and each fault turns exactly its checks red.

mod green;
mod lifecycle;

use std::collections::BTreeSet;
use std::rc::Rc;

use tokio_util::sync::CancellationToken;

use super::*;
use crate::base::{Random, Secret};
use crate::client::{Client, ClientOptions, Rate, Token};
use crate::clock::Clock;
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
        }
    }

    pub(super) fn with_fault(self, fault: &'static str) -> Self {
        Self { faults: vec![fault], ..self }
    }

    /// The endpoint and what the checks say of it. Time is virtual: nothing waits.
    pub(super) async fn check(&self) -> (Endpoint, CheckReport) {
        let clock = Clock::starting_at("2026-03-01T10:00:00Z".parse().unwrap());
        let tokens = vec![Secret::new("secret-token")];
        let options = match self.profile {
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
        let (router, time) = (endpoint.router(), clock.clone());
        let connect = Rc::new(move |options: ClientOptions| Client::in_process(router.clone(), options, time.clone()));
        let report = run(options, connect, clock, CancellationToken::new(), &mut |_| {}).await.unwrap();
        (endpoint, report)
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
