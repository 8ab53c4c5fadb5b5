//! Look-ups at the rate of the service.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::{Tally, WANTED, allowed, unpaced};
use crate::base::{SignedDuration, Timestamp};
use crate::check::finding::{of_failure, remedy_of_failure};
use crate::check::probe::{Answer, Probe, Stop};
use crate::check::result::Load;
use crate::client::{Failure, RawExchange, find_request};
use crate::schema::ObjectKind;

/// Look-ups that may wait for their answers at once: four seconds' worth.
const UNDER_WAY: usize = 100;
/// 95 of 100 answers should be faster.
const GOOD_TIME: Duration = Duration::from_secs(1);

/// What became of the look-ups.
#[derive(Default)]
struct Outcome {
    tally: Tally,
    /// How many failed in one way, with the first of them.
    troubles: BTreeMap<String, (usize, RawExchange)>,
    /// Look-ups that weren't sent because too many were waiting.
    left_out: usize,
    is_interrupted: bool,
    /// When the first and the last whole answer had come.
    answered: Option<(Timestamp, Timestamp)>,
}

impl Outcome {
    fn add(&mut self, sent: RawExchange) {
        if matches!(sent.failure, Some(Failure::Ended)) {
            self.is_interrupted = true;
            return;
        }
        self.tally.add(&sent.exchange, sent.failure.is_some());
        let took = SignedDuration::try_from(sent.exchange.duration).unwrap_or_default();
        if let Some(end) = sent.exchange.started.checked_add(took).ok().filter(|_| sent.failure.is_none()) {
            let (first, last) = self.answered.unwrap_or((end, end));
            self.answered = Some((first.min(end), last.max(end)));
        }
        let key = match (&sent.failure, sent.exchange.status) {
            (Some(failure), _) => of_failure(&sent.exchange, failure).0,
            (None, Some(status @ (429 | 500..))) => status.to_string(),
            (None, _) => return,
        };
        self.troubles.entry(key).or_insert((0, sent)).0 += 1;
    }
}

pub(super) async fn rate(probe: &Probe) -> Result<(), Stop> {
    let bench = &probe.bench;
    let seconds = bench.options.load_seconds;
    if seconds == 0 {
        return Err(Stop::NotApplicable("it was given no time".to_owned()));
    }
    let rate = allowed(probe);
    if rate < WANTED {
        probe.note(format!("only {rate} requests a second were sent, as they were limited to that"));
    }
    let outcome = look_up(probe, rate, seconds).await?;
    bench.requests.set(bench.requests.get() + outcome.tally.statuses.values().sum::<usize>() as u64);
    let Outcome { tally, troubles, left_out, is_interrupted, answered } = outcome;
    let all: usize = tally.statuses.values().sum();
    let strange = tally.statuses.keys().find(|status| !matches!(status, 0 | 200..300 | 404 | 429 | 500..)).copied();
    let is_answered = tally.statuses.keys().any(|status| matches!(status, 200..300 | 404));
    let span = answered
        .map_or(SignedDuration::ZERO, |(first, last)| last.duration_since(first).saturating_add(interval(rate)));
    let load = tally.measured("filter", Some(rate), span.try_into().unwrap_or_default());
    for (count, sent) in troubles.into_values() {
        trouble(probe, &sent, count, all, rate);
    }
    if left_out > 0 {
        let draft = probe.finding("slow-answers").observed(format!(
            "{left_out} look-ups couldn't be sent at {rate} a second, because {UNDER_WAY} others were still waiting for \
             their answers"
        ));
        draft.expected(format!("{rate} look-ups a second are answered as fast as they come")).fail();
    }
    if let Some(load) = load {
        slow(probe, &load);
        *probe.load.borrow_mut() = Some(load);
    }
    match strange {
        _ if is_interrupted || bench.cancel.is_cancelled() => Err(Stop::Interrupted),
        Some(status) if !is_answered => {
            let why = format!("look-ups are answered with {status}, which says nothing about load");
            Err(Stop::Blocked { by: "connect.test-connection", why })
        }
        _ => Ok(()),
    }
}

/// From one look-up to the next.
fn interval(rate: f64) -> SignedDuration {
    SignedDuration::try_from_secs_f64(rate.recip()).unwrap_or(SignedDuration::MAX)
}

/// Looks nobody up, so many times a second, whether answers come or not.
async fn look_up(probe: &Probe, rate: f64, seconds: u32) -> Result<Outcome, Stop> {
    let bench = &probe.bench;
    let client = unpaced(probe, UNDER_WAY).map_err(|error| Stop::NotApplicable(error.to_string()))?;
    let mapping = probe.mapping(ObjectKind::User);
    let attribute = &mapping.attributes[mapping.matching[0]].target.name;
    let mut due = bench.clock.now();
    let end = due.checked_add(SignedDuration::from_secs(seconds.into())).unwrap_or(due);
    let mut outcome = Outcome::default();
    let mut running = FuturesUnordered::new();
    while due < end && !bench.cancel.is_cancelled() {
        if running.len() < UNDER_WAY {
            let guid = bench.guid().hyphenated().to_string();
            let request = find_request(ObjectKind::User.endpoint(), attribute, &guid);
            running.push(client.exchange(request.into()));
        } else {
            outcome.left_out += 1;
        }
        due = due.checked_add(interval(rate)).unwrap_or(end);
        // A virtual clock doesn't wait for what others do meanwhile.
        tokio::task::yield_now().await;
        let wait = bench.clock.sleep_until(due.min(end));
        tokio::pin!(wait);
        loop {
            tokio::select! {
                biased;
                Some(sent) = running.next() => outcome.add(sent),
                () = bench.cancel.cancelled() => break,
                () = &mut wait => break,
            }
        }
    }
    while let Some(sent) = running.next().await {
        outcome.add(sent);
    }
    Ok(outcome)
}

/// Tells one way in which look-ups failed, by the first that did.
fn trouble(probe: &Probe, sent: &RawExchange, count: usize, all: usize, rate: f64) {
    let at = probe.keep(std::sync::Arc::clone(&sent.exchange));
    let many = format!("{count} of {all} look-ups, {rate} a second,");
    let taken = format!("{rate} look-ups a second are answered");
    if let Some(failure) = &sent.failure {
        let (cause, _) = of_failure(&sent.exchange, failure);
        let draft = probe.finding(cause).observed(format!("{many} have no complete answer: {failure}"));
        return draft.expected(taken).remedy(remedy_of_failure(failure)).at(at).fail();
    }
    let answer = Answer::new(at, std::sync::Arc::clone(&sent.exchange));
    let draft = probe.refused(&answer, &taken).observed(format!("{many} were answered with {}", answer.told()));
    if answer.status == 429 {
        let effect = match answer.header("retry-after") {
            Some(_) => "the service waits as long as it is told to, and cycles take longer",
            None => {
                "without Retry-After the service doesn't know how long to wait: what was refused fails, and waits \
                     for a later cycle"
            }
        };
        let remedy = "take 25 requests a second or more from one tenant; where there must be a limit, answer 429 with \
                      Retry-After";
        draft.effect(effect).remedy(remedy).fail();
    } else {
        draft.effect("each such answer fails a user, who waits for a later cycle").fail();
    }
}

/// Tells answers that take long.
fn slow(probe: &Probe, load: &Load) {
    let p95 = load.latencies.p95;
    if p95 <= GOOD_TIME {
        return;
    }
    let draft = probe.finding("slow-answers");
    draft
        .observed(format!(
            "half of the look-ups took up to {:.1} seconds, and 5 of 100 took {:.1} seconds or longer",
            load.latencies.p50.as_secs_f64(),
            p95.as_secs_f64()
        ))
        .expected("95 of 100 look-ups are answered within a second")
        .effect(
            "the service looks everybody up before it creates or changes anything, and waits for the answer: the first \
             cycle of a large directory takes many hours, and later ones may not end before the next is due",
        )
        .remedy("let an index find accounts by the matching attribute, and see what else a filter waits for")
        .fail();
}
