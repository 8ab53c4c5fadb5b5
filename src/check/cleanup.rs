//! Removes what the checks made.

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream;

use super::bench::Bench;
use super::made::Made;
use super::probe::{Answer, is_named, name_attribute};
use super::result::Leftover;
use crate::client::{Client, RawRequest, delete_request, find_request};
use crate::schema::ObjectKind;
use crate::scim::Resource;

/// Removes everything that is still there, groups before users. What can't be removed is given back.
///
/// It goes on after a signal: a second one ends the process.
pub(super) async fn clean_up(bench: &Bench) -> Vec<Leftover> {
    let left = bench.made.left();
    if bench.options.keep {
        let kept = left.into_iter().filter(|made| made.id.is_some());
        return kept.map(|made| leftover(made, "it was to be kept".to_owned())).collect();
    }
    let mut leftovers = Vec::new();
    for kind in [ObjectKind::Group, ObjectKind::User] {
        let of_kind = left.iter().filter(|made| made.kind == kind).cloned();
        let removals = stream::iter(of_kind.map(|made| remove(bench, &bench.client, made)));
        let outcomes: Vec<_> = removals.buffered(bench.options.concurrency.max(1)).collect().await;
        leftovers.extend(outcomes.into_iter().flatten());
    }
    leftovers
}

fn leftover(made: Made, why: String) -> Leftover {
    Leftover { kind: made.kind.as_str(), id: made.id, name: made.name, why }
}

/// Removes one object; gives it back where that can't be done.
async fn remove(bench: &Bench, client: &Client, made: Made) -> Option<Leftover> {
    let ids = match (&made.id, &made.unclaimed) {
        (Some(id), _) => vec![id.clone()],
        (None, Some(id)) => {
            let why =
                "it was made, but nothing in the answer shows that the id is really its own, so it was left alone";
            return Some(leftover(Made { id: Some(id.clone()), ..made }, why.to_owned()));
        }
        // Its creation wasn't answered: it may be there, beside another of its name.
        (None, None) => match look_up(bench, client, &made).await {
            Ok(ids) => ids,
            Err(why) => return Some(leftover(made, format!("nobody knows whether it was made: {why}"))),
        },
    };
    for id in ids {
        let why = match send(bench, client, delete_request(made.kind.endpoint(), &id).into()).await {
            Ok(answer) if answer.is_success() || matches!(answer.status, 404 | 410) => continue,
            Ok(answer) => format!("DELETE was answered with {}", answer.told()),
            Err(why) => why,
        };
        return Some(leftover(Made { id: Some(id), ..made }, why));
    }
    None
}

/// Ids of everything that has the name, which begins with the prefix: all of it was made here.
async fn look_up(bench: &Bench, client: &Client, made: &Made) -> Result<Vec<String>, String> {
    let request = find_request(made.kind.endpoint(), name_attribute(made.kind), &made.name);
    let answer = send(bench, client, request.into()).await?;
    if matches!(answer.status, 404 | 410) {
        return Ok(Vec::new());
    }
    let list = answer.list().filter(|_| answer.is_success());
    let list = list.ok_or_else(|| format!("the look-up was answered with {}", answer.told()))?;
    let found = list.resources.iter().filter(|resource| is_named(made.kind, resource, &made.name));
    Ok(found.filter_map(Resource::id).collect())
}

async fn send(bench: &Bench, client: &Client, request: RawRequest) -> Result<Answer, String> {
    let sent = client.exchange(request).await;
    bench.requests.set(bench.requests.get() + 1);
    match sent.failure {
        None => Ok(Answer::new(0, Arc::clone(&sent.exchange))),
        Some(failure) => Err(failure.to_string()),
    }
}
