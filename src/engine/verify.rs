//! Reads back what was written, and says where it isn't as it was sent.
//!
//! The service doesn't do this: it takes a success for what it says. What is found here fails no object.

use serde_json::json;

use super::lookup::{Trail, Worker};
use super::references::{ReferenceTask, ReferenceWorker, Send};
use crate::base::TargetId;
use crate::client::CallOutcome;
use crate::matching::Candidates;
use crate::plan::verify::{self, Deviation, Sent, SentMembers};
use crate::plan::{Action, Answer, Effect, Subject};
use crate::schema::ObjectMapping;
use crate::scim::{ChangeOp, Resource};

/// Whether what was written is read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verify {
    /// A success is believed, as the service does.
    #[default]
    Off,
    /// Each write is followed by a GET.
    On,
}

impl From<bool> for Verify {
    fn from(on: bool) -> Self {
        if on { Self::On } else { Self::Off }
    }
}

/// The most that is said about one request: one that empties a large group needs no deviation for each member.
const MOST: usize = 20;

impl Worker<'_> {
    /// Reads an account back after an action that succeeded; `target` is what it was done to.
    pub(super) async fn verify(
        &self,
        subject: &Subject,
        action: &Action,
        target: Option<&TargetId>,
        trail: &mut Trail,
    ) -> Vec<Deviation> {
        let endpoint = self.context.mapping.kind.endpoint();
        let (target, before) = match (&action.effect, target) {
            (Effect::Delete(target), _) => {
                return match trail.add(self.client.get(endpoint, target).await) {
                    Ok(_) => vec![Deviation::still_there()],
                    Err(failure) if failure.is_not_found() => Vec::new(),
                    Err(failure) => vec![Deviation::unreadable(failure.to_string())],
                };
            }
            (Effect::Create(_), Some(target)) => (target, None),
            (Effect::Patch(..), Some(target)) => (target, account(&trail.answers).cloned()),
            _ => return Vec::new(),
        };
        let read = self.client.get(endpoint, target).await;
        compare(read, trail, |after| verify::action(&self.context, subject, action, before.as_ref(), after))
    }
}

impl ReferenceWorker<'_> {
    /// Reads the owner of a reference back after a PATCH that succeeded.
    pub(super) async fn verify(&self, task: &ReferenceTask, trail: &mut Trail) -> Vec<Deviation> {
        let Some((mapping, _)) = self.rules.mapping(task.kind) else { return Vec::new() };
        let read = match &task.send {
            Send::Nothing | Send::LeftOut(_) | Send::GivenUp => return Vec::new(),
            Send::Manager { .. } | Send::NoManager { .. } => self.client.get(task.kind.endpoint(), &task.target).await,
            Send::AddMembers(_) | Send::RemoveMembers(_) => {
                self.client.get_whole(task.kind.endpoint(), &task.target).await
            }
        };
        compare(read, trail, |after| reference(mapping, task, after))
    }
}

fn reference(mapping: &ObjectMapping, task: &ReferenceTask, after: &Resource) -> Vec<Deviation> {
    let one = |op, id: &str| {
        let target = mapping.reference.map(|index| &mapping.attributes[index].target);
        let value = json!(id);
        let sent: Vec<_> = target.map(|attribute| Sent { attribute, op, value: &value }).into_iter().collect();
        verify::attributes(&sent, None, after)
    };
    let ids = |members: &[(TargetId, String)]| members.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>();
    let several = |added: &[TargetId], removed: &[TargetId]| {
        let [added, removed, kept] =
            [added, removed, &task.kept].map(|ids| ids.iter().map(TargetId::as_str).collect::<Vec<_>>());
        verify::members(&SentMembers { added: &added, removed: &removed, kept: &kept }, after)
    };
    match &task.send {
        Send::Nothing | Send::LeftOut(_) | Send::GivenUp => Vec::new(),
        Send::Manager { op, new, .. } => one(*op, new.as_str()),
        Send::NoManager { .. } => one(ChangeOp::Replace, ""),
        Send::AddMembers(members) => several(&ids(members), &[]),
        Send::RemoveMembers(members) => several(&[], &ids(members)),
    }
}

fn compare(
    read: CallOutcome<Resource>,
    trail: &mut Trail,
    deviations: impl FnOnce(&Resource) -> Vec<Deviation>,
) -> Vec<Deviation> {
    match trail.add(read) {
        Ok(after) => {
            let mut deviations = deviations(&after);
            deviations.truncate(MOST);
            deviations
        }
        Err(failure) => vec![Deviation::unreadable(failure.to_string())],
    }
}

/// The account as the last answer had it.
pub(super) fn account(answers: &[Answer]) -> Option<&Resource> {
    answers.iter().rev().find_map(|answer| match answer {
        Answer::Read(account) | Answer::Matched(Candidates::One(account)) => Some(account),
        _ => None,
    })
}
