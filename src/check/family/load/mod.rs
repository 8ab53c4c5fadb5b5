//! `load.*`: does the endpoint keep up, and keep what arrives at the same time?

mod concurrent;
mod rate;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::check::definition::{Category, Check, Need, Turn};
use crate::check::measure;
use crate::check::probe::Probe;
use crate::check::result::Load;
use crate::client::{Client, ClientError, Rate};
use crate::scim::HttpExchange;

/// Requests a second that an endpoint has to take.
const WANTED: f64 = 25.0;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "load.rate",
        category: Category::Recommended,
        holds: "25 look-ups a second are answered in good time, none of them with 429 or 5xx",
        reference: "Microsoft, Develop a SCIM endpoint: at least 25 requests a second for each tenant",
        effect: "cycles take longer, and what was refused waits for a later one: changes of the directory arrive late, people \
                 who leave among them",
        remedy: "let one tenant send 25 requests a second or more, and let an index find accounts by the matching attribute",
        needs: &[],
        turn: Turn::Alone,
        run: |probe| Box::pin(rate::rate(probe)),
    },
    Check {
        id: "load.concurrent",
        category: Category::Recommended,
        holds: "changes of one resource that arrive at the same time all take effect: attributes of a user, members of a group",
        reference: "RFC 7644 section 3.5.2: a PATCH takes effect as a whole; the service adds members with many requests at a time",
        effect: "the service believes each success and doesn't look again: what is lost stays lost",
        remedy: "let changes of one resource wait for each other: reading, changing and writing it must be one transaction, or \
                 the write must notice that somebody else was faster, and begin again",
        needs: &[Need::Writes, Need::User],
        turn: Turn::Alone,
        run: |probe| Box::pin(concurrent::concurrent(probe)),
    },
];

/// A client that starts requests at once, for those who keep the rate themselves.
fn unpaced(probe: &Probe, concurrency: usize) -> Result<Client, ClientError> {
    let bench = &probe.bench;
    let mut options = bench.options.client.clone();
    options.rate = Rate::Unlimited;
    options.concurrency = concurrency;
    Ok((bench.connect)(options)?.ended_by(bench.cancel.clone()))
}

/// Requests a second that may be sent: what an endpoint has to take, or less where the user says so.
fn allowed(probe: &Probe) -> f64 {
    match probe.bench.options.client.rate {
        Rate::PerSecond(rate) => rate.min(WANTED),
        Rate::Unlimited => WANTED,
    }
}

/// How answers came.
#[derive(Default)]
struct Tally {
    times: Vec<Duration>,
    statuses: BTreeMap<u16, usize>,
}

impl Tally {
    fn add(&mut self, exchange: &HttpExchange, is_lost: bool) {
        let status = exchange.status.filter(|_| !is_lost);
        if status.is_some() {
            self.times.push(exchange.duration);
        }
        *self.statuses.entry(status.unwrap_or_default()).or_default() += 1;
    }

    /// What was measured in so much time; nothing where nothing was answered.
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2⁵² answers")]
    fn measured(self, of: &'static str, wanted_rate: Option<f64>, within: Duration) -> Option<Load> {
        // A virtual clock may stand still.
        let rate = self.times.len() as f64 / within.as_secs_f64().max(0.001);
        let latencies = measure::summary(of, self.times)?;
        Some(Load { wanted_rate, rate, statuses: self.statuses.into_iter().collect(), latencies })
    }
}
