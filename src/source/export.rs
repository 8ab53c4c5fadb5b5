//! The export as a whole.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::OnceLock;

use super::files::{FileSummary, Input, SourceKind};
use super::findings::Findings;
use super::groups::GroupList;
use super::managers::{self, Managers};
use super::principals::NameIndex;
use super::roles::RoleBook;
use super::users::{Pass, ReadSummary, UserSource};
use super::{Application, SourceError, application, assignments};
use crate::base::{Diagnostic, Digest, Digester, SourceId};
use crate::directory::{Assignment, AttributeNames, AttributeValue, Deletion, Entitlements, Known, Slot, User};

/// The attribute that a list of managers gives.
const MANAGER: &str = "manager";

/// Where the export lies. Each path is a file, a folder of pages, or a pattern with `*` in its last
/// part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourcePaths {
    /// Users: the portal's CSV, or Graph JSON.
    pub users: PathBuf,
    /// Users in the recycle bin: Graph's `directory/deletedItems`, or a CSV with `deletedDateTime`.
    pub deleted_users: Option<PathBuf>,
    /// Groups: Graph JSON, best with `members` expanded.
    pub groups: Option<PathBuf>,
    /// The application's manifest or service principal.
    pub application: Option<PathBuf>,
    /// Graph's `appRoleAssignedTo`, or a CSV.
    pub assignments: Option<PathBuf>,
    /// Memberships as a CSV `groupId,memberId`.
    pub members: Option<PathBuf>,
    /// Managers as a CSV `userId,managerId`.
    pub managers: Option<PathBuf>,
}

/// A readable export: everything but the users indexed, the users ready to be streamed.
#[derive(Debug)]
pub struct Export {
    users: UserSource,
    deleted: Option<UserSource>,
    /// Everything else, for the digest and the list of files.
    others: Vec<Input>,
    summaries: Vec<FileSummary>,
    entitlements: Entitlements,
    application: Option<Application>,
    managers: Option<Managers>,
    findings: Findings,
    /// How many of them are about groups and their members.
    group_findings: u64,
    /// Numbers of the rows that repeat an id, known after the first complete reading.
    duplicates: OnceLock<Vec<u64>>,
}

impl Export {
    /// Reads everything but the users, and checks that those can be read: a CSV's header, JSON to
    /// its end.
    ///
    /// Fails on whatever makes the export unreliable; rows that can't be used are in
    /// [`Export::diagnostics`].
    pub fn open(paths: &SourcePaths) -> Result<Self, SourceError> {
        let find = |kind, path: &Option<PathBuf>| path.as_deref().map(|path| Input::find(kind, path)).transpose();
        let users = UserSource::open(Input::find(SourceKind::Users, &paths.users)?)?;
        let deleted = find(SourceKind::DeletedUsers, &paths.deleted_users)?.map(UserSource::open).transpose()?;
        let mut export = Self {
            users,
            deleted,
            others: Vec::new(),
            summaries: Vec::new(),
            entitlements: Entitlements::default(),
            application: None,
            managers: None,
            findings: Findings::default(),
            group_findings: 0,
            duplicates: OnceLock::new(),
        };
        let mut roles = RoleBook::default();
        if let Some(input) = find(SourceKind::Application, &paths.application)? {
            let (found, summary) = application::read(&input, &mut roles, &mut export.findings)?;
            export.application = Some(found);
            export.add(input, summary);
        }
        let before_groups = export.findings.total;
        let mut groups = GroupList::default();
        if let Some(input) = find(SourceKind::Groups, &paths.groups)? {
            let summary = groups.read_groups(&input, &mut export.findings)?;
            export.add(input, summary);
        }
        if let Some(input) = find(SourceKind::Members, &paths.members)? {
            let summary = groups.read_members(&input, &mut export.findings)?;
            export.add(input, summary);
        }
        export.group_findings = export.findings.total - before_groups;
        if let Some(input) = find(SourceKind::Managers, &paths.managers)? {
            let (found, summary) = managers::read(&input, &mut export.findings)?;
            export.managers = Some(found);
            export.add(input, summary);
        }
        let mut list = assignments::AssignmentList::default();
        if let Some(input) = find(SourceKind::Assignments, &paths.assignments)? {
            let resource = export.application.as_ref().and_then(|application| application.service_principal_id);
            let summary;
            (list, summary) = assignments::read(&input, &mut roles, resource, &mut export.findings)?;
            export.add(input, summary);
        }
        if let (Some(application), Some(resource)) = (&mut export.application, list.resource) {
            application.service_principal_id.get_or_insert(resource);
        }
        export.resolve_names(&mut groups, &mut list)?;
        export.entitlements = Entitlements::new(roles.into_roles(), groups.groups, list.assignments);
        Ok(export)
    }

    fn add(&mut self, input: Input, summary: FileSummary) {
        self.others.push(input);
        self.summaries.push(summary);
    }

    /// Replaces names in lists by ids; reads the users only when a list has names.
    fn resolve_names(
        &mut self,
        groups: &mut GroupList,
        list: &mut assignments::AssignmentList,
    ) -> Result<(), SourceError> {
        let mut index = NameIndex::default();
        let wanted = groups.named.iter().map(|(named, _)| named).chain(list.named.iter().map(|(named, _)| named));
        wanted.for_each(|named| index.want(&named.name));
        if index.is_empty() {
            return Ok(());
        }
        let mut names = AttributeNames::default();
        let (mail, display_name) = (names.slot("mail"), names.slot("displayName"));
        self.each_user(&names, &mut |user| {
            let text = |Slot(slot): Slot| match &user.values[usize::from(slot)] {
                AttributeValue::String(text) => Some(text.as_ref()),
                _ => None,
            };
            index.see_user(&user, text(mail), text(display_name));
            ControlFlow::Continue(())
        })?;
        index.see_groups(&groups.groups);
        for (named, group) in &groups.named {
            match index.resolve(named) {
                Ok(member) => groups.groups[*group].members.push(member),
                Err(found) => {
                    self.group_findings += 1;
                    self.findings.add(|| *found);
                }
            }
        }
        for (named, role) in &list.named {
            match index.resolve(named) {
                Ok(principal) => list.assignments.push(Assignment { principal, role: *role }),
                Err(found) => self.findings.add(|| *found),
            }
        }
        Ok(())
    }

    /// Roles, groups and assignments.
    pub fn entitlements(&self) -> &Entitlements {
        &self.entitlements
    }

    /// The application, where its file was given.
    pub fn application(&self) -> Option<&Application> {
        self.application.as_ref()
    }

    /// Canonical names of the attributes that the users have, in the order of the file. In JSON it is
    /// enough that one user has it. Anything else is unknown.
    pub fn columns(&self) -> &[String] {
        self.users.columns()
    }

    /// Whether the users have an attribute, named as the schema does.
    pub fn has(&self, name: &str) -> bool {
        self.users.has(name) || (name == MANAGER && self.managers.is_some())
    }

    /// Hands every user to `f`, then every deleted one, until it breaks off. May be called again and
    /// sees the same users each time; when a file was changed in between, it fails.
    ///
    /// Of users with the same id the first counts. Whether the file is cut off is only known at its
    /// end: what `f` was given doesn't count when this fails.
    pub fn each_user(
        &self,
        names: &AttributeNames,
        f: &mut dyn FnMut(User<'_>) -> ControlFlow<()>,
    ) -> Result<ReadSummary, SourceError> {
        let manager = self.managers.as_ref().zip(names.get(MANAGER));
        let mut with_manager = |mut user: User<'_>| {
            if let Some((managers, Slot(slot))) = manager {
                let found = managers.get(&user.id).map(|manager| AttributeValue::String(manager.to_string().into()));
                user.values[usize::from(slot)] = found.unwrap_or(AttributeValue::Null);
            }
            f(user)
        };
        let mut pass = Pass::new(self.duplicates.get().map(Vec::as_slice), &mut with_manager);
        let first = self.duplicates.get().is_none();
        let stopped = self.users.each(names, &mut pass)?.is_break();
        if let Some(deleted) = self.deleted.as_ref().filter(|_| !stopped) {
            let _ = deleted.each(names, &mut pass)?;
        }
        let (summary, duplicates) = pass.finish();
        if first && !summary.stopped {
            // Another thread may have been faster; it found the same.
            self.duplicates.get_or_init(|| duplicates);
        }
        Ok(summary)
    }

    /// Whether a file of groups was given: then a group that isn't in it is gone.
    pub fn has_group_list(&self) -> bool {
        self.was_given(SourceKind::Groups)
    }

    /// Whether the groups have an attribute, named as the schema does: it is enough that one group
    /// has it. For `members` that is so too where a list of memberships was given.
    pub fn group_has(&self, name: &str) -> bool {
        (name == "members" && self.was_given(SourceKind::Members))
            || self.entitlements.listed_groups().any(|group| group.has(name))
    }

    /// Hands every listed group to `f`, in the order of the export, until it breaks off.
    ///
    /// The [`User`] stands for a group here: its name is the display name, it is always enabled and
    /// never deleted. Members are in [`Export::entitlements`], so the slot of `members` is unknown.
    pub fn each_group(&self, names: &AttributeNames, f: &mut dyn FnMut(User<'_>) -> ControlFlow<()>) {
        for group in self.entitlements.listed_groups() {
            let flow = f(User {
                id: group.id.clone(),
                name: group.display_name.as_str().into(),
                account_enabled: Known::Known(true),
                deletion: Deletion::None,
                values: names.iter().map(|(_, name)| group.value(name)).collect(),
            });
            if flow.is_break() {
                break;
            }
        }
    }

    fn was_given(&self, kind: SourceKind) -> bool {
        self.summaries.iter().any(|summary| summary.kind == kind)
    }

    /// What was found in everything but the users; no more than [`super::DIAGNOSTIC_LIMIT`].
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.findings.kept
    }

    /// How many findings there were in everything but the users.
    pub fn diagnostic_count(&self) -> u64 {
        self.findings.total
    }

    /// How many of them are about rows of groups and of their members.
    pub fn group_finding_count(&self) -> u64 {
        self.group_findings
    }

    /// Principals with a direct assignment that are neither a group of the export nor a user that
    /// `known` knows, in ascending order.
    pub fn unknown_principals(&self, known: &dyn Fn(&SourceId) -> bool) -> Vec<SourceId> {
        let principals = self.entitlements.assignments().map(|(principal, _)| principal);
        let unknown = principals.filter(|id| self.entitlements.find_group(id).is_none() && !known(id));
        let mut unknown: Vec<_> = unknown.cloned().collect();
        unknown.sort_unstable();
        unknown
    }

    /// Digest of all bytes of all files, for telling that the export is the one a plan was made for.
    pub fn digest(&self) -> Result<Digest, SourceError> {
        let mut digester = Digester::default();
        let users = std::iter::once(&self.users).chain(&self.deleted).map(UserSource::input);
        for input in users.chain(&self.others) {
            input.check_unchanged()?;
            input.digest(&mut digester)?;
        }
        Ok(digester.finish())
    }

    /// Whether its files are still those that were read, as far as names, lengths and times tell.
    pub fn is_current(&self) -> bool {
        let users = std::iter::once(&self.users).chain(&self.deleted).map(UserSource::input);
        users.chain(&self.others).all(|input| input.check_unchanged().is_ok())
    }

    /// What was read from where. Rows of a CSV of users are known after the first complete reading.
    pub fn files(&self) -> Vec<FileSummary> {
        let users = std::iter::once(&self.users).chain(&self.deleted).map(UserSource::summary);
        users.chain(self.summaries.iter().cloned()).collect()
    }

    /// Whether a source of deleted users was given: then a user in neither list is gone for good.
    pub fn has_deleted_users(&self) -> bool {
        self.deleted.is_some()
    }
}
