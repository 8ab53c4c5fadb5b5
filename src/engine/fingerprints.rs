//! What is compared with the last export: a hash for each attribute and fact of an object.

use std::borrow::Cow;

use crate::base::{Fingerprint, SourceId};
use crate::matching;
use crate::schema::{CompiledSchema, TargetAttribute};

/// Facts beside the attributes that make an object change.
pub(crate) const FACTS: &[&str] = &["@assignments", "@accountEnabled", "@deletion"];

/// Names of the fingerprints in their order: those of users, then those of groups.
pub(crate) fn fingerprint_names(rules: &CompiledSchema) -> Vec<String> {
    let users = rules.attributes.iter().map(|(_, name)| name).chain(FACTS.iter().copied()).map(str::to_owned);
    let groups = rules.groups.iter().flat_map(|_| rules.group_attributes.iter().map(|(_, name)| name));
    users.chain(groups.map(|name| format!("Group.{name}"))).collect()
}

/// Fingerprint of an id, as known sets keep it.
pub(crate) fn id_fingerprint(id: &SourceId) -> Fingerprint {
    match id.guid() {
        Some(guid) => Fingerprint::of(10, guid.as_bytes()),
        None => Fingerprint::of(11, id.to_string().as_bytes()),
    }
}

/// Fingerprint of a value that accounts are matched by; `index` is that of the mapping.
pub(crate) fn matching_fingerprint(index: usize, attribute: &TargetAttribute, value: Cow<'_, str>) -> Fingerprint {
    let kind = u8::try_from(index % 200).unwrap_or(0);
    Fingerprint::of(20 + kind, matching::folded(attribute, value).as_bytes())
}

pub(super) fn enabled_fingerprint(enabled: bool) -> Fingerprint {
    Fingerprint::of(30, &[u8::from(enabled)])
}

/// Fingerprint of being in the recycle bin or not.
pub(super) fn deletion_fingerprint(deleted: bool) -> Fingerprint {
    Fingerprint::of(31, &[u8::from(deleted)])
}

/// For each fingerprint, whether it is another one than before. What is unknown now isn't a change.
pub(super) fn changed<'f>(
    old: &'f [Option<Fingerprint>],
    new: &'f [Option<Fingerprint>],
) -> impl Iterator<Item = bool> + 'f {
    new.iter().enumerate().map(|(at, new)| new.is_some() && old.get(at).copied().flatten() != *new)
}

pub(super) fn any_changed(old: impl Iterator<Item = Option<Fingerprint>>, new: &[Option<Fingerprint>]) -> bool {
    let mut old = old.fuse();
    new.iter().any(|new| {
        let old = old.next().flatten();
        new.is_some() && old != *new
    })
}

/// The new fingerprints, with the old one where the export lacks the attribute now.
pub(super) fn carry(old: &[Option<Fingerprint>], new: Vec<Option<Fingerprint>>) -> Vec<Option<Fingerprint>> {
    new.into_iter().enumerate().map(|(at, new)| new.or_else(|| old.get(at).copied().flatten())).collect()
}

/// One fingerprint for everything that was looked at: an object in escrow is tried before its time when this changes.
pub(super) fn all_of(fingerprints: &[Option<Fingerprint>], in_scope: bool) -> Fingerprint {
    let start = Fingerprint::of(32, &[u8::from(in_scope)]);
    fingerprints.iter().flatten().fold(start, |all, fingerprint| all.then(*fingerprint))
}
