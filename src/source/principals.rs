//! Hand-made lists name users and groups instead of giving their ids.

use rustc_hash::FxHashMap;

use crate::base::{Diagnostic, SourceId};
use crate::directory::{Group, User, guest_name};

/// What kind of principal a list says that it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PrincipalKind {
    User,
    Group,
    /// Service principals and devices.
    Other,
    Any,
}

impl PrincipalKind {
    pub(super) fn parse(text: &str) -> Self {
        let text = text.trim();
        let is = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
        if is(&["User", "#microsoft.graph.user"]) {
            Self::User
        } else if is(&["Group", "#microsoft.graph.group"]) {
            Self::Group
        } else if is(&["ServicePrincipal", "Service principal", "Device", "Application"]) {
            Self::Other
        } else {
            Self::Any
        }
    }
}

/// A principal given by name, with its place.
#[derive(Debug, Clone)]
pub(super) struct NamedPrincipal {
    pub(super) name: String,
    pub(super) kind: PrincipalKind,
    pub(super) file: String,
    pub(super) line: usize,
}

#[derive(Debug, Clone, Default)]
enum Match {
    #[default]
    None,
    One(SourceId),
    Several,
}

impl Match {
    fn add(&mut self, id: &SourceId) {
        *self = match self {
            Self::None => Self::One(id.clone()),
            Self::One(known) if known == id => return,
            _ => Self::Several,
        };
    }
}

/// What one name may mean, best first.
#[derive(Debug, Default)]
struct Candidates {
    principal_name: Match,
    id: Match,
    mail: Match,
    display_name: Match,
    group: Match,
}

/// The names that lists use, and whom they mean.
#[derive(Debug, Default)]
pub(super) struct NameIndex(FxHashMap<String, Candidates>);

impl NameIndex {
    pub(super) fn want(&mut self, name: &str) {
        self.0.entry(fold(name)).or_default();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Looks at a user whose mail and display name are given as they were read.
    pub(super) fn see_user(&mut self, user: &User<'_>, mail: Option<&str>, display_name: Option<&str>) {
        let mut see = |name: &str, pick: fn(&mut Candidates) -> &mut Match| {
            if !name.is_empty()
                && let Some(candidates) = self.0.get_mut(&fold(name))
            {
                pick(candidates).add(&user.id);
            }
        };
        see(&user.name, |it| &mut it.principal_name);
        let guest = guest_name(&user.name);
        if guest != user.name {
            see(&guest, |it| &mut it.mail);
        }
        if user.id.guid().is_none() {
            see(&user.id.to_string(), |it| &mut it.id);
        }
        see(mail.unwrap_or_default(), |it| &mut it.mail);
        see(display_name.unwrap_or_default(), |it| &mut it.display_name);
    }

    pub(super) fn see_groups(&mut self, groups: &[Group]) {
        for group in groups {
            for name in [group.display_name.clone(), group.id.to_string()] {
                if let Some(candidates) = self.0.get_mut(&fold(&name)) {
                    candidates.group.add(&group.id);
                }
            }
        }
    }

    /// The principal that is meant, or why nobody can say.
    pub(super) fn resolve(&self, named: &NamedPrincipal) -> Result<SourceId, Box<Diagnostic>> {
        let candidates = self.0.get(&fold(&named.name));
        let found = candidates.into_iter().flat_map(|it| {
            let users = [&it.principal_name, &it.id, &it.mail, &it.display_name];
            let (users, groups): (&[_], &[_]) = match named.kind {
                PrincipalKind::User => (&users, &[]),
                PrincipalKind::Group => (&[], &[&it.group]),
                PrincipalKind::Any | PrincipalKind::Other => (&users, &[&it.group]),
            };
            users.iter().chain(groups).copied().collect::<Vec<_>>()
        });
        let complain = |message: String| Diagnostic::warning(message).in_file(&named.file).at_line(named.line);
        for found in found {
            match found {
                Match::None => {}
                Match::One(id) => return Ok(id.clone()),
                Match::Several => {
                    let message = format!("\"{}\" means more than one object, so the row is left out", named.name);
                    return Err(Box::new(complain(message).with_hint("give the object id instead")));
                }
            }
        }
        let what = match named.kind {
            PrincipalKind::User => "user",
            PrincipalKind::Group => "group",
            PrincipalKind::Any | PrincipalKind::Other => "user or group",
        };
        let message = format!("no {what} of the export is named \"{}\", so the row is left out", named.name);
        let hint = "give the user principal name or the object id, or complete the export";
        Err(Box::new(complain(message).with_hint(hint)))
    }
}

fn fold(name: &str) -> String {
    name.trim().to_lowercase()
}
