//! Finds the app role that an assignment names.

use rustc_hash::FxHashMap;
use uuid::Uuid;

use crate::directory::{AppRole, AppRoles, RoleIndex};

/// An application has far fewer.
const LIMIT: usize = 60_000;

/// The roles that are known so far, with a memory of how they were spelt.
#[derive(Debug, Default)]
pub(super) struct RoleBook {
    roles: AppRoles,
    count: usize,
    /// Whether an application file said which roles there are.
    declared: bool,
    spelt: FxHashMap<String, Found>,
    last: Option<(String, Found)>,
}

/// What a role's spelling leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Role(RoleIndex),
    /// A role that the application doesn't have.
    Unknown,
}

impl RoleBook {
    /// Says that an application file lists all roles.
    pub(super) fn declare(&mut self) {
        self.declared = true;
    }

    /// Adds a role; `None` when there are too many.
    pub(super) fn add(&mut self, role: AppRole) -> Option<RoleIndex> {
        if self.count >= LIMIT {
            return None;
        }
        self.count += 1;
        Some(self.roles.add(role))
    }

    /// The role by id, value or display name. Without an application file ids are believed.
    pub(super) fn find(&mut self, text: &str) -> Found {
        if let Some((last, found)) = &self.last
            && last == text
        {
            return *found;
        }
        let found = self.spelt.get(text).copied().unwrap_or_else(|| {
            let found = self.look_up(text.trim());
            if self.spelt.len() < LIMIT {
                self.spelt.insert(text.to_owned(), found);
            }
            found
        });
        self.last = Some((text.to_owned(), found));
        found
    }

    fn look_up(&mut self, text: &str) -> Found {
        if text.is_empty() {
            return Found::Role(AppRoles::DEFAULT_ACCESS);
        }
        if let Some(role) = self.roles.find(text) {
            return Found::Role(role);
        }
        match Uuid::try_parse(text) {
            Ok(id) if !self.declared => {
                let role = AppRole {
                    id,
                    value: None,
                    display_name: id.to_string(),
                    enabled: true,
                    allowed_member_types: vec!["User".to_owned()],
                };
                self.add(role).map_or(Found::Unknown, Found::Role)
            }
            _ => Found::Unknown,
        }
    }

    pub(super) fn get(&self, role: RoleIndex) -> &AppRole {
        self.roles.get(role)
    }

    pub(super) fn is_declared(&self) -> bool {
        self.declared
    }

    pub(super) fn into_roles(self) -> AppRoles {
        self.roles
    }
}
