//! What decided, the same for all that it decided.

use std::borrow::Cow;
use std::cmp::Reverse;

use rustc_hash::FxHashMap;

use crate::plan::PlannedObject;

/// Objects that one rule decided.
pub(super) struct Group<'r> {
    pub(super) rule: Cow<'r, str>,
    pub(super) code: &'r str,
    pub(super) objects: Vec<&'r PlannedObject>,
}

/// The rule behind a reason: the reason itself, without what varies from object to object.
pub(in crate::report) fn rule<'r>(code: &str, reason: &'r str) -> Cow<'r, str> {
    Cow::Borrowed(match code {
        "NotEffectivelyEntitled" => reason.strip_prefix("not effectively entitled: ").unwrap_or(reason),
        "TooManyDeletes" => reason.strip_prefix("too many would go at once: ").unwrap_or(reason),
        "DuplicateSourceEntries" => "another object has the same matching value",
        "DuplicateTargetEntries" => "several accounts match",
        "InvalidAnchor" => "the linked account is gone from the target",
        "ServiceIncompatible" => "the endpoint’s answer can’t be used",
        "AttributeValidationFailed" => "a value can’t be had or used",
        "TargetMoved" => "the account isn’t any more as it was",
        "RequestFailed" => "a request failed",
        "ReferenceSet" => "references added",
        "ReferenceFound" => "references that are there already",
        "ReferenceRemoved" => "references removed",
        "UnableToResolveReferenceAttributeValue" => "references left out, without an account in scope",
        _ => reason,
    })
}

/// Objects by what decided, the rule with the most of them first.
pub(super) fn by_rule<'r>(objects: impl Iterator<Item = &'r PlannedObject>) -> Vec<Group<'r>> {
    let mut places: FxHashMap<Cow<'r, str>, usize> = FxHashMap::default();
    let mut groups: Vec<Group<'r>> = Vec::new();
    for object in objects {
        let rule = rule(&object.reason_code, &object.reason);
        let place = *places.entry(rule.clone()).or_insert_with(|| {
            groups.push(Group { rule, code: &object.reason_code, objects: Vec::new() });
            groups.len() - 1
        });
        groups[place].objects.push(object);
    }
    groups.sort_by_key(|group| Reverse(group.objects.len()));
    groups
}
