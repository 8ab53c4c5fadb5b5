//! Categories, flags and accounts in words. An admin reads them who knows none of ours.

use crate::event::discovery::{Category, DiscoveredAccount, Flag};
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
        Flag::Colliding => "in collisions",
        Flag::Orphaned => "left active",
        Flag::Unlisted => "missing in the list",
        Flag::Drifted => "not as they were exported",
        Flag::Deactivated => "deactivated at the target",
        Flag::Reactivated => "activated again at the target",
        Flag::Pending => "to be changed by the next cycle",
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
    let to = owner.map(|owner| owner.to_string());
    let named = |text: &str, link: &str| to.as_ref().map_or_else(|| text.to_owned(), |to| format!("{text} {link} {to}"));
    let mut parts: Vec<String> = Vec::new();
    match account.category {
        Category::Gone => parts.push(named("was linked", "to")),
        _ if has(Flag::Linked) => parts.push(named("linked", "to")),
        _ if has(Flag::Adoptable) => parts.push(named("would be adopted", "for")),
        _ => parts.extend(to.as_ref().map(|to| format!("matches {to}"))),
    }
    let is_in_scope = account.category == Category::Assigned;
    for (flag, text) in [
        (Flag::Orphaned, "left active"),
        (Flag::Unlisted, "missing in the list"),
        (Flag::Deactivated, "deactivated at the target"),
        (Flag::Reactivated, "activated again at the target"),
        (Flag::Drifted, "not as it was exported"),
        (Flag::Pending, if is_in_scope { "changes are yet to be sent" } else { "the next cycle takes care of it" }),
    ] {
        if has(flag) {
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
