//! Categories, flags and accounts in words. An admin reads them who knows none of ours.

use crate::event::discovery::{Category, DiscoveredAccount, Flag, Mark};
use crate::plan::AttributeChange;
use crate::schema::ObjectKind;

/// What a category means.
pub(super) const fn meaning(category: Category) -> &'static str {
    match category {
        Category::Local => "nobody in the directory matches",
        Category::Unassigned => "their user or group isn't in scope",
        Category::Assigned => "their user or group is in scope",
        Category::Unsorted => "nobody can tell whose they are",
        Category::Gone => "linked, but not there any more",
    }
}

/// What a flag means, of several accounts: `3 would be adopted`.
pub(super) const fn summed(flag: Flag) -> &'static str {
    match flag {
        Flag::Linked => "linked",
        Flag::Adoptable => "would be adopted",
        Flag::Colliding => "collide",
        Flag::Orphaned => "stay active with nobody in scope who owns them",
        Flag::Unlisted => "missing in the list",
        Flag::Drifted => "not as they were exported",
        Flag::Deactivated => "deactivated at the target",
        Flag::Reactivated => "activated again at the target",
        Flag::Pending => "about to be changed by the next cycle",
    }
}

/// What is to be done about accounts with a mark; plain sentences.
pub(super) const fn advice(mark: Mark) -> &'static str {
    match mark {
        Mark::Category(Category::Gone) => {
            "Exports of their objects fail with `InvalidAnchor`. Delete the link (`scimulate links delete NAME`) or restart \
             with `--reset-scope ConnectorDataStore`, and the object is matched again."
        }
        Mark::Category(_) => "",
        Mark::Flag(Flag::Orphaned) => {
            "The service leaves these alone: they were never linked, or are no longer managed. Deactivate those at the \
             target that nobody needs, or assign their owners."
        }
        Mark::Flag(Flag::Colliding) => {
            "Several accounts or several objects claim each other, so the service can't link them all. Rename or remove \
             the others until one is left of each."
        }
        Mark::Flag(Flag::Adoptable) => {
            "The next cycle links these to their owners, and changes what differs. See that they are the right ones."
        }
        Mark::Flag(Flag::Unlisted) => "The endpoint hides these from its list, so that others may be missing here too.",
        Mark::Flag(Flag::Drifted) => {
            "Somebody changed these at the target. The service doesn't look, and leaves them so until a restart compares \
             everything again."
        }
        Mark::Flag(Flag::Deactivated) => {
            "Their owners are in scope and can't sign in. The service doesn't notice before a restart."
        }
        Mark::Flag(Flag::Reactivated) => "Their owners have left, and can sign in again. The service doesn't notice.",
        Mark::Flag(Flag::Pending) => "Nothing is wrong with these: the next cycle is still to do something about them.",
        Mark::Flag(Flag::Linked) => "These belong to an object, and the service addresses them by their ids.",
    }
}

/// Whether somebody can sign in with an account, in words that many share.
pub(super) fn state(account: &DiscoveredAccount) -> &'static str {
    match account.active {
        _ if account.category == Category::Gone => "gone",
        _ if account.kind == ObjectKind::Group => "a group",
        Some(true) => "active",
        Some(false) => "inactive",
        None => "not said",
    }
}

/// The name of a category as a heading.
pub(super) const fn title(category: Category) -> &'static str {
    match category {
        Category::Local => "Local",
        Category::Unassigned => "Unassigned",
        Category::Assigned => "Assigned",
        Category::Unsorted => "Unsorted",
        Category::Gone => "Gone",
    }
}

/// `active`, `inactive`, `?` where the target doesn't say; nothing for groups and for what is gone.
pub(super) fn activity(account: &DiscoveredAccount) -> &'static str {
    match account.active {
        _ if account.kind == ObjectKind::Group || account.category == Category::Gone => "",
        Some(true) => "active",
        Some(false) => "inactive",
        None => "?",
    }
}

/// Everything that is to be known of an account, in one sentence without a full stop.
pub(super) fn sentence(account: &DiscoveredAccount) -> String {
    let has = |flag| account.flags.has(flag);
    let owner = account.owner.as_ref().filter(|owner| !owner.name.eq_ignore_ascii_case(&account.name));
    let named = |text: &str, link: &str| match owner {
        Some(owner) => format!("{text} {link} {owner}"),
        None => text.to_owned(),
    };
    let mut parts: Vec<String> = Vec::new();
    match account.category {
        Category::Gone => {
            parts.push(named("was linked", "to"));
            parts.extend(account.reason.is_none().then(|| "its owner is in scope".to_owned()));
        }
        _ if has(Flag::Linked) => parts.push(named("linked", "to")),
        _ if has(Flag::Adoptable) => parts.push(named("would be adopted", "for")),
        _ => parts.extend(owner.map(|owner| format!("matches {owner}"))),
    }
    let switched = has(Flag::Deactivated) || has(Flag::Reactivated);
    let pending = match account.category {
        Category::Assigned => "changes are yet to be sent",
        _ => "about to be deactivated or deleted",
    };
    for (is_so, text) in [
        (has(Flag::Unlisted), "missing in the list"),
        (has(Flag::Deactivated), "deactivated at the target"),
        (has(Flag::Reactivated), "activated again at the target"),
        (has(Flag::Drifted) && account.drift.len() > usize::from(switched), "not as it was exported"),
        (has(Flag::Pending), pending),
        (has(Flag::Orphaned), "stays active"),
    ] {
        if is_so {
            parts.push(text.to_owned());
        }
    }
    parts.extend(account.collisions.iter().map(ToString::to_string));
    let parts = parts.join("; ");
    match &account.reason {
        None => parts,
        Some(reason) if parts.is_empty() => reason.to_string(),
        Some(reason) => format!("{parts}: {reason}"),
    }
}

/// `title is "Boss", exported was "Engineer"`.
pub(super) fn difference(change: &AttributeChange) -> String {
    let exported = change.new.as_ref().map_or_else(|| "no value".to_owned(), ToString::to_string);
    let found = change.old.as_ref().map_or_else(|| "has no value".to_owned(), |found| format!("is {found}"));
    format!("{} {found}, exported was {exported}", change.attribute)
}
