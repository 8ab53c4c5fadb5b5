//! Changes of one resource that arrive at the same time.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::Value;

use super::{Tally, allowed, unpaced};
use crate::check::definition::Need;
use crate::check::finding::{of_failure, remedy_of_failure};
use crate::check::probe::{Answer, Object, Probe, Stop, name_attribute};
use crate::client::{Client, Failure, patch_request};
use crate::plan::verify::{self, DeviationKind, Sent, SentMembers};
use crate::schema::{AttributeMapping, ObjectKind, ObjectMapping};
use crate::scim::{Change, ChangeOp, Mutability, Resource};

/// Attributes that are changed at the same time.
const ATTRIBUTES: usize = 8;
/// How often they are.
const ROUNDS: u32 = 2;
/// Members that are added at the same time.
const MEMBERS: usize = 12;

/// Sends at the same time.
struct Together<'p> {
    probe: &'p Probe,
    client: Client,
    tally: Tally,
    /// Time in which they were under way.
    busy: Duration,
    /// Requests a second that may be sent.
    rate: f64,
}

pub(super) async fn concurrent(probe: &Probe) -> Result<(), Stop> {
    let client = unpaced(probe, MEMBERS.max(ATTRIBUTES)).map_err(|error| Stop::NotApplicable(error.to_string()))?;
    let mut together = Together { probe, client, tally: Tally::default(), busy: Duration::ZERO, rate: allowed(probe) };
    let result = both(&mut together).await;
    let Together { tally, busy, .. } = together;
    *probe.load.borrow_mut() = tally.measured("patch", None, busy);
    result
}

async fn both(together: &mut Together<'_>) -> Result<(), Stop> {
    let attributes = attributes(together).await;
    if matches!(attributes, Err(Stop::Interrupted)) || together.probe.features().meets(Need::Groups).is_err() {
        return attributes;
    }
    let members = members(together).await;
    attributes.and(members)
}

/// Different attributes of one user, each with a PATCH of its own.
async fn attributes(together: &mut Together<'_>) -> Result<(), Stop> {
    let probe = together.probe;
    let (mapping, person) = (probe.mapping(ObjectKind::User), probe.person());
    let [before, first] = [0, 1].map(|round| probe.values(ObjectKind::User, &person, round));
    let moves = |(old, new): &(&(usize, Value), &(usize, Value))| old.1 != new.1 && is_free(mapping, old.0);
    let chosen: Vec<usize> = before.iter().zip(&first).filter(moves).map(|(old, _)| old.0).take(ATTRIBUTES).collect();
    if chosen.len() < 2 {
        probe.note("no attributes of a user were changed at the same time: the mapping has fewer than two that can be");
        return Ok(());
    }
    let user = probe.object_of(ObjectKind::User, &person, before).await?;
    let mut lost = Vec::new();
    for round in 1..=ROUNDS {
        let values = probe.values(ObjectKind::User, &person, round);
        let wanted: Vec<_> = values.into_iter().filter(|(index, _)| chosen.contains(index)).collect();
        let body = |index: usize, value: &Value| {
            let target = &mapping.attributes[index].target;
            let value = Cow::Borrowed(value);
            let change = Change { name: &target.name, path: &target.path, op: ChangeOp::Replace, value };
            probe.dialect().patch(&[change])
        };
        let answers = together.send(&user, wanted.iter().map(|(index, value)| body(*index, value))).await?;
        let done: Vec<_> =
            wanted.iter().zip(&answers).filter(|(_, answer)| is_done(answer.as_ref())).map(|(one, _)| one).collect();
        together.refusals(&user, &answers, done.is_empty(), "users.patch.replace")?;
        let (_, after) = probe.read(&user).await?;
        for (index, value) in
            done.into_iter().filter(|(index, value)| !is_stored(&mapping.attributes[*index], value, &after))
        {
            // What is dropped anyway is for another check.
            probe.patch(&user, body(*index, value)).await?;
            let (answer, after) = probe.read(&user).await?;
            if is_stored(&mapping.attributes[*index], value, &after) {
                lost.push((mapping.attributes[*index].target.name.as_str(), answer.at));
            }
        }
    }
    let Some((_, at)) = lost.last() else { return Ok(()) };
    let names: Vec<_> = lost.iter().map(|(name, _)| format!("`{name}`")).collect();
    let draft = probe.finding("lost-update").observed(format!(
        "{} attributes of one user were changed at the same time, each with a PATCH that was answered with success, and \
         {} didn't change: {}; sent alone, the same PATCH works",
        chosen.len(),
        names.len(),
        names.join(", ")
    ));
    draft.expected("each PATCH changes its attribute and leaves the others as they are by then").at(*at).fail();
    Ok(())
}

/// Members of one group, each with a PATCH of its own, as the service adds them.
async fn members(together: &mut Together<'_>) -> Result<(), Stop> {
    let probe = together.probe;
    let room = probe.bench.options.max_objects.saturating_sub(probe.bench.made.count());
    let count = MEMBERS.min(room.saturating_sub(1));
    if count < 2 {
        probe.note("no members were added at the same time: too few objects may be made");
        return Ok(());
    }
    let mut users = Vec::with_capacity(count);
    for _ in 0..count {
        users.push(probe.user().await?);
    }
    let group = probe.group().await?;
    let body = |user: &Object| probe.dialect().add_members(&[&user.id]);
    let answers = together.send(&group, users.iter().map(body)).await?;
    let done: Vec<_> =
        users.iter().zip(&answers).filter(|(_, answer)| is_done(answer.as_ref())).map(|(user, _)| user).collect();
    together.refusals(&group, &answers, done.is_empty(), "groups.members.add")?;
    let (_, after) = probe.read(&group).await?;
    let (mut lost, mut shown) = (0, 0);
    for user in done.iter().filter(|user| !is_member(user, &after)) {
        probe.patch(&group, body(user)).await?;
        let (answer, after) = probe.read(&group).await?;
        if is_member(user, &after) {
            lost += 1;
            shown = answer.at;
        }
    }
    if lost > 0 {
        let draft = probe.finding("lost-update").observed(format!(
            "{} members were added to one group at the same time, each with a PATCH that was answered with success, and \
             {lost} of them weren't in the group afterwards; added alone, they are",
            done.len()
        ));
        let effect = "the service adds members in just this way and believes each success: whoever is lost lacks the \
                      access that the group gives, and isn't sent again";
        draft.expected("all of them are members").effect(effect).at(shown).fail();
    }
    Ok(())
}

impl Together<'_> {
    /// Changes one object in several ways at the same time, and then sends nothing for as long as that takes at the rate.
    /// Changes without a whole answer are a finding.
    async fn send(
        &mut self,
        object: &Object,
        bodies: impl Iterator<Item = Value>,
    ) -> Result<Vec<Option<Answer>>, Stop> {
        let bench = &self.probe.bench;
        if bench.cancel.is_cancelled() {
            return Err(Stop::Interrupted);
        }
        let request = |body| patch_request(object.kind.endpoint(), &object.id, body);
        let started = bench.clock.now();
        let sent = join_all(bodies.map(|body| self.client.exchange(request(body).into()))).await;
        self.busy += Duration::try_from(bench.clock.now().duration_since(started)).unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "a dozen of them")]
        bench.clock.sleep(Duration::try_from_secs_f64(sent.len() as f64 / self.rate).unwrap_or_default()).await;
        let all = sent.len();
        let mut lost: Option<(usize, usize, Failure)> = None;
        let mut answers = Vec::with_capacity(all);
        for sent in sent {
            if matches!(sent.failure, Some(Failure::Ended)) {
                return Err(Stop::Interrupted);
            }
            bench.note(self.probe.check.id, &sent.exchange);
            let at = self.probe.keep(Arc::clone(&sent.exchange));
            self.tally.add(&sent.exchange, sent.failure.is_some());
            answers.push(sent.failure.is_none().then(|| Answer::new(at, sent.exchange)));
            if let Some(failure) = sent.failure {
                lost.get_or_insert((0, at, failure)).0 += 1;
            }
        }
        if let Some((count, at, failure)) = lost {
            let exchange = Arc::clone(&self.probe.exchanges.borrow()[at]);
            let draft = self.probe.finding(of_failure(&exchange, &failure).0);
            let observed =
                format!("{count} of {all} PATCHes that came at the same time have no complete answer: {failure}");
            draft.observed(observed).remedy(remedy_of_failure(&failure)).at(at).fail();
        }
        Ok(answers)
    }

    /// Takes up what was refused because of the others. Where nothing was done, and for other reasons, it can't be
    /// tried.
    fn refusals(
        &self,
        object: &Object,
        answers: &[Option<Answer>],
        is_nothing_done: bool,
        by: &'static str,
    ) -> Result<(), Stop> {
        let mut refused: BTreeMap<u16, Vec<&Answer>> = BTreeMap::new();
        for answer in answers.iter().flatten().filter(|answer| !answer.is_success()) {
            refused.entry(answer.status).or_default().push(answer);
        }
        let noun = object.kind.as_str().to_lowercase();
        for (status, refused) in refused.iter().filter(|(status, _)| matches!(status, 409 | 412 | 423 | 429 | 500..)) {
            let first = refused[0];
            let draft = self.probe.refused(first, "each of them takes effect, one after the other if need be");
            let draft = draft.observed(format!(
                "{} of {} PATCHes of one {noun} that came at the same time were answered with {}",
                refused.len(),
                answers.len(),
                first.told()
            ));
            draft
                .effect(match status {
                    429 => "the service waits as long as Retry-After says; without it, what was refused waits for a later cycle",
                    _ => "the service takes what was refused for failed and tries again in a later cycle, at first 40 minutes later",
                })
                .fail();
        }
        match refused.values().next().filter(|_| is_nothing_done && self.probe.is_clean()) {
            Some(refused) => {
                let why = format!("PATCH of a {noun} is answered with {}", refused[0].told());
                Err(Stop::Blocked { by, why })
            }
            None => Ok(()),
        }
    }
}

fn is_done(answer: Option<&Answer>) -> bool {
    answer.is_some_and(Answer::is_success)
}

/// Whether an attribute can be changed without consequences.
fn is_free(mapping: &ObjectMapping, index: usize) -> bool {
    let target = &mapping.attributes[index].target;
    let is_special = [name_attribute(ObjectKind::User), "externalId", "password", "active"]
        .iter()
        .any(|name| target.path.attribute.eq_ignore_ascii_case(name));
    target.mutability == Mutability::ReadWrite && !is_special && !mapping.matching.contains(&index)
}

fn is_stored(mapping: &AttributeMapping, value: &Value, after: &Resource) -> bool {
    let sent = Sent { attribute: &mapping.target, op: ChangeOp::Replace, value };
    let deviations = verify::attributes(&[sent], None, after);
    let is_lost =
        |kind| matches!(kind, DeviationKind::Dropped | DeviationKind::Changed | DeviationKind::StoredLiterally);
    !deviations.iter().any(|deviation| is_lost(deviation.kind))
}

fn is_member(user: &Object, group: &Resource) -> bool {
    let sent = SentMembers { added: &[&user.id], ..SentMembers::default() };
    !verify::members(&sent, group).iter().any(|deviation| deviation.kind == DeviationKind::MemberMissing)
}
