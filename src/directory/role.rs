//! App roles of the enterprise application.

use uuid::Uuid;

/// The app role *Default Access*: the all-zero id.
pub const DEFAULT_ACCESS: Uuid = Uuid::nil();

/// Index into [`AppRoles`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleIndex(pub u16);

/// One app role, from the application's manifest or service principal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppRole {
    /// `id`.
    pub id: Uuid,
    /// `value`, what a token or `SingleAppRoleAssignment` carries.
    pub value: Option<String>,
    /// `displayName`.
    pub display_name: String,
    /// `isEnabled`.
    pub enabled: bool,
    /// `allowedMemberTypes`: `User`, `Application`.
    pub allowed_member_types: Vec<String>,
}

/// The roles that assignments may carry. Index 0 is always *Default Access*.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppRoles(Vec<AppRole>);

impl Default for AppRoles {
    fn default() -> Self {
        Self(vec![AppRole {
            id: DEFAULT_ACCESS,
            value: None,
            display_name: "Default Access".to_owned(),
            enabled: true,
            allowed_member_types: vec!["User".to_owned()],
        }])
    }
}

impl AppRoles {
    /// Index of *Default Access*.
    pub const DEFAULT_ACCESS: RoleIndex = RoleIndex(0);

    /// Adds a role; one with a known id replaces what was there.
    pub fn add(&mut self, role: AppRole) -> RoleIndex {
        let index = self.0.iter().position(|known| known.id == role.id).unwrap_or(self.0.len());
        if index == self.0.len() {
            self.0.push(role);
        } else {
            self.0[index] = role;
        }
        RoleIndex(u16::try_from(index).expect("an application has fewer than 65,536 roles"))
    }

    /// Finds a role by id, by `value`, or by display name without regard to letter case, in that
    /// order. `Default Access` as hand-made lists write it is found by its name.
    pub fn find(&self, text: &str) -> Option<RoleIndex> {
        let text = text.trim();
        let position = match Uuid::try_parse(text) {
            Ok(id) => self.0.iter().position(|role| role.id == id),
            Err(_) => self
                .0
                .iter()
                .position(|role| role.value.as_deref() == Some(text))
                .or_else(|| self.0.iter().position(|role| role.display_name.eq_ignore_ascii_case(text))),
        }?;
        u16::try_from(position).ok().map(RoleIndex)
    }

    /// The role at an index.
    pub fn get(&self, index: RoleIndex) -> &AppRole {
        &self.0[usize::from(index.0)]
    }

    /// All roles, *Default Access* first.
    pub fn iter(&self) -> impl Iterator<Item = (RoleIndex, &AppRole)> {
        (0..).map(RoleIndex).zip(&self.0)
    }

    /// Whether the application has no enabled role for users but *Default Access*: nobody could be
    /// provisioned then, unless *Default Access* counts.
    pub fn only_default_access(&self) -> bool {
        self.0[1..].iter().all(|role| {
            !role.enabled || !role.allowed_member_types.iter().any(|kind| kind.eq_ignore_ascii_case("User"))
        })
    }
}
