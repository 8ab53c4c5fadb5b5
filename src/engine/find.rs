//! What a name on the command line means: a user or a group of the export, or one that has an account only.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::EngineError;
use crate::base::{Diagnostic, SourceId, nearest};
use crate::directory::{AttributeNames, AttributeValue, Deletion};
use crate::schema::ObjectKind;
use crate::source::Export;
use crate::store::Store;

/// Names that a message lists, at most.
const SUGGESTED: usize = 3;

/// An object that was found by a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedObject {
    /// Users or groups.
    pub kind: ObjectKind,
    /// Its id.
    pub id: SourceId,
    /// User principal name or display name; the id where there is none.
    pub name: String,
}

/// How well an object fits a name; of several the best count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Id,
    Name,
    Mail,
    /// As [`Fit::Name`] or [`Fit::Mail`], but in the recycle bin: somebody else may have the name by now.
    Deleted,
}

/// Finds the one object that each name means: users by user principal name, object id or mail, groups by display
/// name or object id, letter case aside. Who isn't in the export is looked for among the links.
///
/// A name that means nothing or several things is an error that says what could have been meant.
pub fn find_objects(
    export: &Export,
    store: Option<&Store>,
    kind: Option<ObjectKind>,
    wanted: &[&str],
) -> Result<Vec<NamedObject>, EngineError> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let mut found: Vec<Vec<(Fit, NamedObject)>> = vec![Vec::new(); wanted.len()];
    each_object(export, kind, &mut |object, mail, deleted| {
        for (name, found) in wanted.iter().zip(&mut found) {
            if let Some(fit) = fit(name, object, mail, deleted) {
                found.push((fit, object.clone()));
            }
        }
    })?;
    wanted.iter().zip(found).map(|(name, found)| choose(export, store, kind, name, found)).collect()
}

fn fit(name: &str, object: &NamedObject, mail: Option<&str>, deleted: bool) -> Option<Fit> {
    let is = |other: &str| crate::matching::same_ignoring_case(other, name);
    match deleted {
        _ if SourceId::parse(name).is_ok_and(|id| id == object.id) => Some(Fit::Id),
        true => (is(&object.name) || mail.is_some_and(is)).then_some(Fit::Deleted),
        false if is(&object.name) => Some(Fit::Name),
        false => mail.is_some_and(is).then_some(Fit::Mail),
    }
}

/// Hands out every object with its mail and whether it is deleted.
fn each_object(
    export: &Export,
    kind: Option<ObjectKind>,
    each: &mut dyn FnMut(&NamedObject, Option<&str>, bool),
) -> Result<(), EngineError> {
    let named = |kind, id: &SourceId, name: &str| {
        let name = if name.is_empty() { id.to_string() } else { name.to_owned() };
        NamedObject { kind, id: id.clone(), name }
    };
    if kind != Some(ObjectKind::Group) {
        let mut names = AttributeNames::default();
        let mail = names.slot("mail");
        export.each_user(&names, &mut |user| {
            let mail = match &user.values[usize::from(mail.0)] {
                AttributeValue::String(mail) => Some(mail.as_ref()),
                _ => None,
            };
            each(&named(ObjectKind::User, &user.id, &user.name), mail, user.deletion != Deletion::None);
            ControlFlow::Continue(())
        })?;
    }
    if kind != Some(ObjectKind::User) {
        for group in export.entitlements().listed_groups() {
            each(&named(ObjectKind::Group, &group.id, &group.display_name), None, false);
        }
    }
    Ok(())
}

fn choose(
    export: &Export,
    store: Option<&Store>,
    kind: Option<ObjectKind>,
    name: &str,
    mut found: Vec<(Fit, NamedObject)>,
) -> Result<NamedObject, EngineError> {
    let best = found.iter().map(|(fit, _)| *fit).min();
    found.retain(|(fit, _)| Some(*fit) == best);
    let mut found: Vec<_> = found.into_iter().map(|(_, object)| object).collect();
    if found.is_empty()
        && let Some(store) = store
    {
        let links = store.find_link(name)?.into_iter().filter(|link| kind.is_none_or(|kind| kind == link.kind));
        found.extend(links.map(|link| NamedObject { kind: link.kind, id: link.source_id, name: link.name }));
    }
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(unknown(export, kind, name)?),
        _ => {
            let objects = found.iter().map(|object| format!("{} {} ({})", word(object.kind), object.name, object.id));
            let text = format!("{name:?} can mean {}", objects.collect::<Vec<_>>().join(", "));
            Err(EngineError::Name(Box::new(Diagnostic::error(text).with_hint("name one of them by its object id"))))
        }
    }
}

fn unknown(export: &Export, kind: Option<ObjectKind>, name: &str) -> Result<EngineError, EngineError> {
    let mut known = BTreeSet::new();
    each_object(export, kind, &mut |object, _, _| {
        known.insert(object.name.clone());
    })?;
    let what = match kind {
        Some(ObjectKind::User) => "user",
        Some(ObjectKind::Group) => "group",
        None => "user or group",
    };
    let error = Diagnostic::error(format!("the export has no {what} {name:?}"));
    let begins = |known: &&String| known.to_lowercase().starts_with(&name.to_lowercase());
    let mut meant: Vec<&str> = known.iter().filter(begins).map(String::as_str).take(SUGGESTED).collect();
    if meant.is_empty() || name.is_empty() {
        meant = nearest(name, known.iter().map(String::as_str)).into_iter().collect();
    }
    let hint = if meant.is_empty() {
        "users are named by userPrincipalName, object id or mail, groups by display name or object id".to_owned()
    } else {
        format!("did you mean {}?", meant.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or "))
    };
    Ok(EngineError::Name(Box::new(error.with_hint(hint))))
}

const fn word(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::User => "the user",
        ObjectKind::Group => "the group",
    }
}
