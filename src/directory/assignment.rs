//! Who is assigned to the application, directly or through a group, with which roles.

use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

use super::{AppRoles, Group, GroupIndex, Known, RoleIndex};
use crate::base::{Fingerprint, SourceId};

/// One assignment of a principal to the application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// User or group.
    pub principal: SourceId,
    /// The app role.
    pub role: RoleIndex,
}

/// A set of roles, interned: there are few different ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleSet(u32);

/// One way in which a user is assigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// Assigned directly with these roles.
    Direct(RoleSet),
    /// Immediate member of an assigned group that carries these roles.
    Group(GroupIndex, RoleSet),
}

/// Roles, groups and assignments of the export, indexed by principal.
///
/// Memory: about 40 bytes for each direct assignment, 56 for each membership in an assigned group.
#[derive(Debug, Clone, Default)]
pub struct Entitlements {
    roles: AppRoles,
    sets: Vec<Vec<RoleIndex>>,
    direct: FxHashMap<SourceId, RoleSet>,
    groups: Vec<Group>,
    group_ids: FxHashMap<SourceId, GroupIndex>,
    through: FxHashMap<SourceId, Vec<(GroupIndex, RoleSet)>>,
}

impl Entitlements {
    /// Indexes what was read. Memberships count for groups that are assigned and not known to be
    /// without security; members of groups nested in them don't, nor is a nested group assigned by
    /// them. A member that a group names twice is its member once.
    pub fn new(roles: AppRoles, mut groups: Vec<Group>, assignments: impl IntoIterator<Item = Assignment>) -> Self {
        let mut all = Self { roles, ..Self::default() };
        let mut interned = FxHashMap::default();
        for Assignment { principal, role } in assignments {
            let set = all.direct.get(&principal).map_or_else(Vec::new, |set| all.sets[set.0 as usize].clone());
            let set = all.intern(&mut interned, with_role(set, role));
            all.direct.insert(principal, set);
        }
        for group in &mut groups {
            let mut seen = FxHashSet::with_capacity_and_hasher(group.members.len(), FxBuildHasher);
            let is_new: Vec<bool> = group.members.iter().map(|member| seen.insert(member)).collect();
            if seen.len() < is_new.len() {
                let mut is_new = is_new.into_iter();
                group.members.retain(|_| is_new.next() == Some(true));
            }
        }
        all.group_ids = groups.iter().map(|group| group.id.clone()).zip((0..).map(GroupIndex)).collect();
        for (index, group) in (0..).map(GroupIndex).zip(&groups) {
            if group.security_enabled == Known::Known(false) {
                continue;
            }
            if let Some(set) = all.direct.get(&group.id) {
                for member in group.members.iter().filter(|member| !all.group_ids.contains_key(*member)) {
                    all.through.entry(member.clone()).or_default().push((index, *set));
                }
            }
        }
        all.groups = groups;
        all
    }

    fn intern(&mut self, known: &mut FxHashMap<Vec<RoleIndex>, RoleSet>, set: Vec<RoleIndex>) -> RoleSet {
        *known.entry(set).or_insert_with_key(|set| {
            self.sets.push(set.clone());
            RoleSet(u32::try_from(self.sets.len() - 1).expect("role sets are few"))
        })
    }

    /// Every way in which a user or a group is assigned: direct first, then by group in the export's order.
    pub fn evidence(&self, principal: &SourceId) -> impl Iterator<Item = Evidence> {
        let direct = self.direct.get(principal).map(|set| Evidence::Direct(*set));
        let through = self.through.get(principal).into_iter().flatten();
        direct.into_iter().chain(through.map(|(group, set)| Evidence::Group(*group, *set)))
    }

    /// The roles of a set, in ascending order.
    pub fn roles_of(&self, set: RoleSet) -> &[RoleIndex] {
        &self.sets[set.0 as usize]
    }

    /// The application's roles.
    pub fn roles(&self) -> &AppRoles {
        &self.roles
    }

    /// All groups that were read.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The groups that can be provisioned themselves.
    pub fn listed_groups(&self) -> impl Iterator<Item = &Group> {
        self.groups.iter().filter(|group| group.is_listed)
    }

    /// One group.
    pub fn group(&self, index: GroupIndex) -> &Group {
        &self.groups[index.0 as usize]
    }

    /// A group by its id.
    pub fn find_group(&self, id: &SourceId) -> Option<GroupIndex> {
        self.group_ids.get(id).copied()
    }

    /// How many principals are assigned directly, groups included.
    pub fn direct_count(&self) -> usize {
        self.direct.len()
    }

    /// Every direct assignment, in no particular order.
    pub fn assignments(&self) -> impl Iterator<Item = (&SourceId, &[RoleIndex])> {
        self.direct.iter().map(|(principal, set)| (principal, self.roles_of(*set)))
    }

    /// What to compare with in the next cycle: changes when a user's assignments, roles or
    /// memberships in assigned groups change.
    pub fn fingerprint(&self, user: &SourceId) -> Fingerprint {
        self.evidence(user).fold(Fingerprint::of(4, b""), |all, evidence| {
            let (way, set) = match evidence {
                Evidence::Direct(set) => (Fingerprint::of(5, b""), set),
                Evidence::Group(group, set) => (Fingerprint::of(6, self.group(group).id.to_string().as_bytes()), set),
            };
            let roles = self.roles_of(set).iter();
            all.then(roles.fold(way, |way, role| way.then(Fingerprint::of(7, self.roles.get(*role).id.as_bytes()))))
        })
    }
}

fn with_role(mut set: Vec<RoleIndex>, role: RoleIndex) -> Vec<RoleIndex> {
    if let Err(at) = set.binary_search(&role) {
        set.insert(at, role);
    }
    set
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::GroupAttributes;

    fn id(text: &str) -> SourceId {
        SourceId::parse(text).unwrap()
    }

    fn group(name: &str, security_enabled: Known<bool>, members: &[&str]) -> Group {
        Group {
            id: id(name),
            display_name: name.to_owned(),
            is_listed: true,
            security_enabled,
            members: members.iter().map(|name| id(name)).collect(),
            attributes: GroupAttributes::default(),
        }
    }

    #[test]
    fn immediate_members_of_assigned_security_groups_count() {
        let role = AppRoles::DEFAULT_ACCESS;
        let groups = vec![
            group("design", Known::Known(true), &["ann", "nested"]),
            group("nested", Known::Known(true), &["bob"]),
            group("mail-only", Known::Known(false), &["cid"]),
            group("unknown", Known::Unknown, &["dot", "dot"]),
        ];
        let assigned = ["design", "mail-only", "unknown", "ann"];
        let all = Entitlements::new(
            AppRoles::default(),
            groups,
            assigned.map(|name| Assignment { principal: id(name), role }),
        );
        let ways = |name: &str| all.evidence(&id(name)).count();
        assert_eq!(["design", "nested"].map(ways), [1, 0], "a nested group isn't assigned by the one around it");
        assert_eq!(["ann", "bob", "cid", "dot", "eve"].map(ways), [2, 0, 0, 1, 0]);
        assert_eq!(all.groups()[3].members, [id("dot")], "whoever is named twice is a member once");
        assert_ne!(all.fingerprint(&id("ann")), all.fingerprint(&id("dot")));
        assert_eq!(all.fingerprint(&id("bob")), all.fingerprint(&id("eve")));
    }

    #[test]
    fn roles_gather_per_principal() {
        let assignments = [1, 0, 1].map(|role| Assignment { principal: id("ann"), role: RoleIndex(role) });
        let all = Entitlements::new(AppRoles::default(), Vec::new(), assignments);
        let Some(Evidence::Direct(set)) = all.evidence(&id("ann")).next() else { panic!("assigned") };
        assert_eq!(all.roles_of(set), [RoleIndex(0), RoleIndex(1)]);
        assert_eq!(all.direct_count(), 1);
    }
}
