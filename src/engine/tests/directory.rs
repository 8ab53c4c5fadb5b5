//! Groups and managers of the directory, and what is sent in few words.

use std::path::PathBuf;

use serde_json::json;

use super::*;
use crate::base::{SignedDuration, TargetId, Timestamp};
use crate::plan::PriorState;
use crate::schema::ObjectKind;
use crate::scoping::Scope;

/// A group of the directory.
#[derive(Debug, Clone)]
pub(super) struct Team {
    pub(super) name: String,
    pub(super) members: Vec<SourceId>,
    pub(super) assigned: bool,
}

/// What the export has of groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TeamFiles {
    None,
    /// Graph JSON with members.
    Groups,
    /// The same with a row that can't be used.
    Broken,
    /// Graph JSON without members.
    Memberless,
    /// A list of memberships alone.
    Members,
}

pub(super) fn team_id(number: u32) -> SourceId {
    SourceId::parse(&format!("0b4d5a6e-0002-4000-8000-{number:012}")).unwrap()
}

/// The rules of the template `scim`.
pub(super) fn scim_rules(actions: Option<Actions>, without_groups: bool) -> Arc<CompiledSchema> {
    let options = CompileOptions { name: "scim".to_owned(), actions, without_groups, ..CompileOptions::default() };
    compiled(template("scim").unwrap().text, &options)
}

impl World {
    /// A directory with groups `t1` … of these members, and an endpoint that keeps groups. All are in scope, assigned or not.
    pub(super) fn scim(people: u32, teams: &[&[u32]]) -> Self {
        let mut world = Self::with(people, generic, scim_rules(None, false));
        world.team_files = TeamFiles::Groups;
        world.policy.scope.scope = Scope::All;
        for (number, members) in (1..).zip(teams) {
            let members = members.iter().map(|member| id(*member)).collect();
            world.teams.insert(number, Team { name: format!("t{number}"), members, assigned: false });
        }
        world
    }

    pub(super) fn team(&mut self, number: u32) -> &mut Team {
        self.teams.get_mut(&number).unwrap()
    }

    /// From now on assignments count, and all groups have one.
    pub(super) fn assign_teams(&mut self) {
        self.policy.scope.scope = Scope::Assigned;
        self.teams.values_mut().for_each(|team| team.assigned = true);
    }

    pub(super) fn set_members(&mut self, number: u32, members: &[u32]) {
        self.team(number).members = members.iter().map(|member| id(*member)).collect();
    }

    pub(super) fn assignments(&self, mut assigned: String) -> String {
        for (number, _) in self.teams.iter().filter(|(_, team)| team.assigned) {
            let one = json!({"id": format!("t{number}"), "appRoleId": self.role, "principalId": team_id(*number).to_string(),
                             "principalType": "Group", "resourceId": "11111111-0000-4000-8000-000000000000"});
            write!(assigned, "{}{one}", if assigned.is_empty() { "" } else { "," }).unwrap();
        }
        format!("{{\"value\":[{assigned}]}}")
    }

    pub(super) fn team_paths(&self, write: &dyn Fn(&str, &str) -> PathBuf) -> SourcePaths {
        let mut paths = SourcePaths::default();
        if self.team_files == TeamFiles::None {
            return paths;
        }
        let mut managers = "userId,managerId\n".to_owned();
        for (number, person) in &self.people {
            if let Some(manager) = person.manager {
                writeln!(managers, "{},{}", id(*number), id(manager)).unwrap();
            }
        }
        paths.managers = Some(write("managers.csv", &managers));
        let members = |team: &Team| team.members.iter().map(|id| json!({"id": id.to_string()})).collect::<Value>();
        if self.team_files == TeamFiles::Members {
            let mut rows = "groupId,group,memberId\n".to_owned();
            for (number, team) in &self.teams {
                for member in &team.members {
                    writeln!(rows, "{},{},{member}", team_id(*number), team.name).unwrap();
                }
            }
            paths.members = Some(write("members.csv", &rows));
            return paths;
        }
        let broken = (self.team_files == TeamFiles::Broken).then(|| json!({"id": "", "members": []}));
        let groups = self.teams.iter().map(|(number, team)| {
            let id = team_id(*number).to_string();
            match self.team_files {
                TeamFiles::Memberless => json!({"id": id, "displayName": team.name, "securityEnabled": true}),
                _ => json!({"id": id, "displayName": team.name, "securityEnabled": true, "members": members(team)}),
            }
        });
        paths.groups =
            Some(write("groups.json", &json!({"value": groups.chain(broken).collect::<Value>()}).to_string()));
        paths
    }

    /// Notes what ids of the target stand for.
    pub(super) fn learn(&mut self) {
        let users = self.endpoint.resources().unwrap().into_iter().map(|user| (user, "userName"));
        let groups = self.endpoint.groups().unwrap().into_iter().map(|group| (group, "displayName"));
        let known = users.chain(groups).map(|(resource, key)| {
            let name = resource.get(key).and_then(Value::as_str).unwrap();
            (resource.id().unwrap(), name.trim_end_matches("@contoso.com").to_owned())
        });
        self.known.extend(known);
    }

    /// Requests after the test queries, in few words.
    pub(super) fn short(&self, requests: &[String]) -> Vec<String> {
        let tests = 1 + usize::from(self.rules.groups.is_some());
        requests.iter().skip(tests).flat_map(|line| self.in_words(line)).collect()
    }

    fn named(&self, id: &str) -> String {
        self.known.get(id).cloned().unwrap_or_else(|| id.to_owned())
    }

    fn in_words(&self, line: &str) -> Vec<String> {
        let mut parts = line.splitn(3, ' ');
        let (method, path) = (parts.next().unwrap(), parts.next().unwrap());
        let body: Value = parts.next().map_or(Value::Null, |body| serde_json::from_str(body).unwrap());
        if let Some((_, value)) = path.split_once("+eq+%22") {
            return vec![format!("FIND {}", value.trim_end_matches("%22").trim_end_matches("%40contoso.com"))];
        }
        let resource = self.named(path.rsplit('/').next().unwrap().split('?').next().unwrap());
        let text = |value: &Value| self.named(value.as_str().unwrap_or_default());
        let operation = |operation: &Value| {
            let path = operation["path"].as_str().unwrap_or_default().rsplit(':').next().unwrap();
            let value = match &operation["value"] {
                Value::Array(values) => values.iter().map(|value| text(&value["value"])).collect::<Vec<_>>().join(","),
                value => text(value),
            };
            format!("PATCH {resource} {} {path} {value}", operation["op"].as_str().unwrap()).trim_end().to_owned()
        };
        match method {
            "POST" => {
                let name = body.get("userName").unwrap_or(&body["displayName"]).as_str().unwrap();
                vec![format!("POST {}", name.trim_end_matches("@contoso.com"))]
            }
            "PATCH" => body["Operations"].as_array().unwrap().iter().map(operation).collect(),
            _ => vec![format!("{method} {resource}")],
        }
    }

    /// Names of the members that a group has at the target.
    pub(super) fn members_there(&self, name: &str) -> Vec<String> {
        let groups = self.endpoint.groups().unwrap();
        let group = groups.iter().find(|group| group.get("displayName").unwrap() == name).unwrap();
        let members = group.get("members").and_then(Value::as_array).into_iter().flatten();
        let mut names: Vec<_> = members.map(|member| self.named(member["value"].as_str().unwrap())).collect();
        names.sort();
        names
    }

    /// Id of what has this name at the target.
    pub(super) fn target_of(&self, name: &str) -> TargetId {
        let (id, _) = self.known.iter().rfind(|(_, known)| *known == name).unwrap();
        TargetId::new(id.clone())
    }

    /// Takes an account away behind the service's back.
    pub(super) async fn lose(&mut self, endpoint: &'static str, name: &str) {
        let target = self.target_of(name);
        self.client.delete(endpoint, &target).await.result.unwrap();
        self.known.remove(target.as_str());
    }

    pub(super) async fn advance(&self, hours: i64) {
        self.clock.sleep(Duration::from_hours(hours.unsigned_abs())).await;
    }

    /// What is remembered of a user or a group.
    pub(super) fn state(&self, kind: ObjectKind, id: &SourceId) -> Option<PriorState> {
        let store = self.store();
        let state = store.objects(kind).unwrap().get(id);
        store.close().unwrap();
        state
    }

    /// Does something to the store between cycles.
    pub(super) fn with_store<T>(&self, change: impl FnOnce(&mut Store, Timestamp) -> T) -> T {
        let mut store = self.store();
        let given = change(&mut store, self.clock.now());
        store.close().unwrap();
        given
    }

    /// An instant so many hours from now.
    pub(super) fn in_hours(&self, hours: i64) -> Timestamp {
        self.clock.now() + SignedDuration::from_hours(hours)
    }
}
