//! References between objects: a user's manager, a group's members. They are sent once both ends have an account.
//!
//! What the target has is never read for members: what was sent is remembered instead. A reference to an object
//! without an account, or out of scope, is left out, and the service doesn't notice by itself when that object gets
//! one later (Microsoft, *Known issues for provisioning in Microsoft Entra ID*).

use crate::base::{SourceId, TargetId};
use crate::scim::ChangeOp;

/// Whether a reference reached the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sent {
    /// It did.
    Yes,
    /// It may have: the connection broke, or the target failed, while it was sent.
    Maybe,
    /// The referenced object had no account, or was out of scope.
    No,
}

/// What holds for every reference of a cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReferenceContext {
    /// Everything is sent, whatever was sent before: the cycle is initial.
    pub compare_all: bool,
    /// References that were left out are sent once that is possible, which the service doesn't do.
    pub resolve_late: bool,
}

/// How the referenced object stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Referenced {
    /// It has this account and is in scope.
    Linked(TargetId),
    /// It is to get an account, but its own export failed so far: the reference waits for it.
    Waiting,
    /// No account, or out of scope.
    Unlinked,
}

/// What is to be done about one reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReferenceStep {
    /// Nothing.
    Keep,
    /// Nothing is sent; this is remembered.
    Remember(Sent),
    /// Nothing is sent; it is forgotten.
    Forget,
    /// It is added, or takes the place of another one.
    Set(ChangeOp, TargetId),
    /// It is taken away.
    Remove(TargetId),
}

/// Decides about the one value of a single-valued reference of an object that changed, or is looked at for another
/// reason: one that was left out before is sent now, if that is possible.
///
/// `desired` is the object that the source names now, `remembered` the one that was dealt with last, `held` the
/// value that the account has.
pub fn plan_single(
    context: ReferenceContext,
    desired: Option<(&SourceId, &Referenced)>,
    remembered: Option<(&SourceId, Sent)>,
    held: Option<&str>,
) -> ReferenceStep {
    let Some((id, referenced)) = desired else {
        return match (remembered, held) {
            // What the account has may be the one before, who had to give way to somebody without an account.
            (Some(_), Some(held)) => ReferenceStep::Remove(TargetId::new(held)),
            (Some((_, Sent::Yes | Sent::Maybe)), None) => ReferenceStep::Remove(TargetId::new("")),
            (Some((_, Sent::No)), None) => ReferenceStep::Forget,
            (None, _) => ReferenceStep::Keep,
        };
    };
    let before = remembered.filter(|(before, _)| *before == id).map(|(_, sent)| sent);
    if before == Some(Sent::Yes) && !context.compare_all {
        return ReferenceStep::Keep;
    }
    match referenced {
        Referenced::Waiting => ReferenceStep::Keep,
        Referenced::Unlinked if before == Some(Sent::No) => ReferenceStep::Keep,
        Referenced::Unlinked => ReferenceStep::Remember(Sent::No),
        Referenced::Linked(target) => match held {
            Some(held) if held == target.as_str() => ReferenceStep::Remember(Sent::Yes),
            Some(_) => ReferenceStep::Set(ChangeOp::Replace, target.clone()),
            None => ReferenceStep::Set(ChangeOp::Add, target.clone()),
        },
    }
}

/// Whether a single-valued reference of an object that didn't change needs something all the same: what it refers to
/// had to wait for its account, or the cycle that saw the change was cut off before it came to the references.
pub fn is_single_open(
    context: ReferenceContext,
    desired: Option<&SourceId>,
    remembered: Option<(&SourceId, Sent)>,
    referenced: impl FnOnce(&SourceId) -> Referenced,
) -> bool {
    let Some(desired) = desired else { return remembered.is_some() };
    let before = remembered.filter(|(before, _)| *before == desired).map(|(_, sent)| sent);
    if is_settled(context, before) {
        return false;
    }
    match referenced(desired) {
        Referenced::Linked(_) => true,
        Referenced::Waiting => false,
        Referenced::Unlinked => before.is_none(),
    }
}

/// Decides about one value that a many-valued reference has in the source.
///
/// How the referenced object stands is only asked where it matters.
pub fn plan_member(
    context: ReferenceContext,
    referenced: impl FnOnce() -> Referenced,
    remembered: Option<Sent>,
) -> ReferenceStep {
    if is_settled(context, remembered) {
        return ReferenceStep::Keep;
    }
    match (referenced(), remembered) {
        (Referenced::Linked(target), _) => ReferenceStep::Set(ChangeOp::Add, target),
        (Referenced::Unlinked, None) => ReferenceStep::Remember(Sent::No),
        (Referenced::Unlinked | Referenced::Waiting, _) => ReferenceStep::Keep,
    }
}

/// Decides about one value that the source doesn't have any more. Whoever went to the recycle bin is missing from
/// the source without having left, and an account that is gone has left the group with it.
pub fn plan_gone_member(account: Option<&TargetId>, remembered: Sent) -> ReferenceStep {
    match (account, remembered) {
        (Some(target), Sent::Yes | Sent::Maybe) => ReferenceStep::Remove(target.clone()),
        (None, _) | (_, Sent::No) => ReferenceStep::Forget,
    }
}

/// Whether what was done before about a value that the source still has needs nothing more.
pub fn is_settled(context: ReferenceContext, remembered: Option<Sent>) -> bool {
    match remembered {
        Some(Sent::Yes) => !context.compare_all,
        Some(Sent::No) => !context.compare_all && !context.resolve_late,
        Some(Sent::Maybe) | None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVICE: ReferenceContext = ReferenceContext { compare_all: false, resolve_late: false };
    const RESOLVING: ReferenceContext = ReferenceContext { compare_all: false, resolve_late: true };
    const INITIAL: ReferenceContext = ReferenceContext { compare_all: true, resolve_late: false };

    fn id(name: &str) -> SourceId {
        SourceId::parse(name).unwrap()
    }

    fn linked(target: &str) -> Referenced {
        Referenced::Linked(TargetId::new(target))
    }

    fn set(op: ChangeOp, target: &str) -> ReferenceStep {
        ReferenceStep::Set(op, TargetId::new(target))
    }

    #[test]
    fn managers() {
        let check =
            |context, desired: Option<(&str, &Referenced)>, remembered: Option<(&str, Sent)>, held, expected| {
                let desired_id = desired.map(|(name, _)| id(name));
                let remembered_id = remembered.map(|(name, _)| id(name));
                let step = plan_single(
                    context,
                    desired_id.as_ref().zip(desired.map(|(_, referenced)| referenced)),
                    remembered_id.as_ref().zip(remembered.map(|(_, sent)| sent)),
                    held,
                );
                assert_eq!(step, expected, "{desired:?} after {remembered:?}, held {held:?}");
            };
        let (eve, unlinked) = (linked("T-eve"), Referenced::Unlinked);
        check(SERVICE, None, None, None, ReferenceStep::Keep);
        check(SERVICE, None, None, Some("T-bob"), ReferenceStep::Keep);
        check(SERVICE, None, Some(("eve", Sent::Yes)), Some("T-eve"), ReferenceStep::Remove(TargetId::new("T-eve")));
        check(SERVICE, None, Some(("eve", Sent::No)), None, ReferenceStep::Forget);
        check(SERVICE, None, Some(("eve", Sent::Maybe)), None, ReferenceStep::Remove(TargetId::new("")));
        check(SERVICE, Some(("eve", &eve)), Some(("eve", Sent::Maybe)), None, set(ChangeOp::Add, "T-eve"));
        // The one before had to give way to somebody without an account.
        check(SERVICE, None, Some(("eve", Sent::No)), Some("T-bob"), ReferenceStep::Remove(TargetId::new("T-bob")));
        check(SERVICE, Some(("eve", &eve)), None, None, set(ChangeOp::Add, "T-eve"));
        check(SERVICE, Some(("eve", &eve)), Some(("bob", Sent::Yes)), Some("T-bob"), set(ChangeOp::Replace, "T-eve"));
        check(SERVICE, Some(("eve", &eve)), Some(("eve", Sent::Yes)), Some("T-bob"), ReferenceStep::Keep);
        check(INITIAL, Some(("eve", &eve)), Some(("eve", Sent::Yes)), Some("T-bob"), set(ChangeOp::Replace, "T-eve"));
        check(INITIAL, Some(("eve", &eve)), None, Some("T-eve"), ReferenceStep::Remember(Sent::Yes));
        check(SERVICE, Some(("eve", &unlinked)), None, None, ReferenceStep::Remember(Sent::No));
        check(SERVICE, Some(("eve", &Referenced::Waiting)), None, None, ReferenceStep::Keep);
        check(SERVICE, Some(("eve", &eve)), Some(("eve", Sent::No)), None, set(ChangeOp::Add, "T-eve"));
        check(SERVICE, Some(("eve", &unlinked)), Some(("eve", Sent::No)), None, ReferenceStep::Keep);
        check(RESOLVING, Some(("eve", &eve)), Some(("eve", Sent::No)), None, set(ChangeOp::Add, "T-eve"));
        check(INITIAL, Some(("eve", &eve)), Some(("eve", Sent::No)), None, set(ChangeOp::Add, "T-eve"));
    }

    #[test]
    fn managers_of_users_who_did_not_change() {
        let eve = id("eve");
        let check = |context, desired: Option<&SourceId>, remembered: Option<(&str, Sent)>, referenced, expected| {
            let before = remembered.map(|(name, sent)| (id(name), sent));
            let before = before.as_ref().map(|(id, sent)| (id, *sent));
            let open = is_single_open(context, desired, before, |_| Referenced::clone(referenced));
            assert_eq!(open, expected, "{desired:?} after {remembered:?}, {referenced:?}");
        };
        let (account, unlinked, waiting) = (linked("T-eve"), Referenced::Unlinked, Referenced::Waiting);
        check(SERVICE, None, None, &unlinked, false);
        check(SERVICE, None, Some(("eve", Sent::Yes)), &account, true);
        check(SERVICE, None, Some(("eve", Sent::No)), &unlinked, true);
        for (referenced, expected) in [(&account, true), (&unlinked, true), (&waiting, false)] {
            check(SERVICE, Some(&eve), None, referenced, expected);
            check(SERVICE, Some(&eve), Some(("bob", Sent::Yes)), referenced, expected);
            check(SERVICE, Some(&eve), Some(("bob", Sent::No)), referenced, expected);
            check(SERVICE, Some(&eve), Some(("eve", Sent::Yes)), referenced, false);
            check(RESOLVING, Some(&eve), Some(("eve", Sent::Yes)), referenced, false);
            check(SERVICE, Some(&eve), Some(("eve", Sent::No)), referenced, false);
        }
        check(RESOLVING, Some(&eve), Some(("eve", Sent::No)), &account, true);
        check(RESOLVING, Some(&eve), Some(("eve", Sent::No)), &unlinked, false);
        check(RESOLVING, Some(&eve), Some(("eve", Sent::No)), &waiting, false);
    }

    #[test]
    fn members() {
        let check = |context, referenced: &Referenced, remembered, expected| {
            assert_eq!(
                plan_member(context, || referenced.clone(), remembered),
                expected,
                "{referenced:?} after {remembered:?}"
            );
        };
        let ann = linked("T-ann");
        check(SERVICE, &ann, None, set(ChangeOp::Add, "T-ann"));
        check(SERVICE, &ann, Some(Sent::Yes), ReferenceStep::Keep);
        check(INITIAL, &ann, Some(Sent::Yes), set(ChangeOp::Add, "T-ann"));
        check(SERVICE, &ann, Some(Sent::No), ReferenceStep::Keep);
        check(SERVICE, &ann, Some(Sent::Maybe), set(ChangeOp::Add, "T-ann"));
        check(RESOLVING, &ann, Some(Sent::No), set(ChangeOp::Add, "T-ann"));
        check(SERVICE, &Referenced::Unlinked, None, ReferenceStep::Remember(Sent::No));
        check(SERVICE, &Referenced::Waiting, None, ReferenceStep::Keep);
        check(INITIAL, &Referenced::Unlinked, Some(Sent::Yes), ReferenceStep::Keep);
    }

    #[test]
    fn members_who_left() {
        let target = TargetId::new("T-ann");
        let check = |account, sent, expected| assert_eq!(plan_gone_member(account, sent), expected);
        check(Some(&target), Sent::Yes, ReferenceStep::Remove(target.clone()));
        check(None, Sent::Yes, ReferenceStep::Forget);
        check(Some(&target), Sent::No, ReferenceStep::Forget);
        check(Some(&target), Sent::Maybe, ReferenceStep::Remove(target.clone()));
    }
}
