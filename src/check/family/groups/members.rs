//! `groups.members.*`: who belongs to a group.

use serde_json::json;

use super::fixture::{GROUP, has_member, has_members, looked_up};
use crate::check::definition::{Category, Check, Need, Turn};
use crate::check::family::change::SUCCESS;
use crate::check::probe::{Answer, Object, Probe, Stop};
use crate::client::reference_request;
use crate::plan::verify::SentMembers;
use crate::scim::{Dialect, Resource};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "groups.members.add",
        category: Category::Capability,
        holds: "PATCH adds members to a group, one or several at once, and those who were in it stay; somebody who is a member \
                already can be added again",
        reference: "RFC 7644 section 3.5.2.1; Microsoft, gallery validation: Add_Member",
        effect: "people who join a group in the directory don't get its access here, or others lose theirs",
        remedy: "let `add` on the path `members` add every value of the list that isn't in the group yet, keep all others, and \
                 answer with 200 or 204",
        needs: &[Need::User, Need::Group],
        turn: Turn::Together,
        run: |probe| Box::pin(add(probe)),
    },
    Check {
        id: "groups.members.remove",
        category: Category::Capability,
        holds: "PATCH takes members out of a group, one, several at once and the last one, and all others stay",
        reference: "Microsoft, known issues with SCIM compliance: how members are removed; gallery validation: Remove_Member; RFC \
                    7644 section 3.5.2.2",
        effect: "people who leave a group in the directory keep its access here, or everybody else loses theirs",
        remedy: "take out exactly those who are named: by the list of values of a Remove on `members`, as the service writes it by \
                 default, and by a path such as members[value eq \"…\"], as it does with ?aadOptscim062020",
        needs: &[Need::User, Need::Group],
        turn: Turn::Together,
        run: |probe| Box::pin(remove(probe)),
    },
];

/// Adds and removes members in a dialect, as the service does: everything that it writes of them.
pub(in crate::check) async fn members_in_dialect(probe: &Probe, dialect: Dialect) -> Result<(), Stop> {
    let (group, users) = (probe.group().await?, users::<3>(probe).await?);
    let [ann, bob, cid] = ids(&users);
    let round = Round { probe, group: &group, dialect };
    round.add(&[ann], &[]).await?;
    round.add(&[bob, cid], &[ann]).await?;
    round.remove(&[ann], &[bob, cid]).await?;
    round.remove(&[bob, cid], &[]).await
}

async fn add(probe: &Probe) -> Result<(), Stop> {
    let (group, users) = (probe.group().await?, users::<4>(probe).await?);
    let [ann, bob, cid, dot] = ids(&users);
    let round = Round { probe, group: &group, dialect: probe.dialect() };
    round.add(&[ann], &[]).await?;
    round.add(&[bob, cid], &[ann]).await?;
    round.add_again(ann, &[bob, cid]).await?;
    // What follows the service can do without, or doesn't send.
    probe.soften();
    round.add_nobody(&[ann, bob, cid]).await?;
    round.add_group(&[ann, bob, cid]).await?;
    round.query(ann, dot).await?;
    round.both_at_once(dot, bob, cid, ann).await
}

async fn remove(probe: &Probe) -> Result<(), Stop> {
    let (group, users) = (probe.group().await?, users::<5>(probe).await?);
    let all @ [ann, bob, cid, dot, eve] = ids(&users);
    let round = Round { probe, group: &group, dialect: probe.dialect() };
    round.fill(&all).await?;
    round.remove(&[ann], &[bob, cid, dot, eve]).await?;
    round.remove(&[bob, cid], &[dot, eve]).await?;
    round.remove_again(ann, &[dot, eve]).await?;
    round.remove(&[dot], &[eve]).await?;
    round.remove(&[eve], &[]).await
}

async fn users<const COUNT: usize>(probe: &Probe) -> Result<[Object; COUNT], Stop> {
    let mut users = Vec::with_capacity(COUNT);
    for _ in 0..COUNT {
        users.push(probe.user().await?);
    }
    Ok(users.try_into().expect("as many users were made as there are places"))
}

fn ids<const COUNT: usize>(users: &[Object; COUNT]) -> [&str; COUNT] {
    users.each_ref().map(|user| user.id.as_str())
}

/// The changes of one group's members.
struct Round<'p> {
    probe: &'p Probe,
    group: &'p Object,
    dialect: Dialect,
}

impl Round<'_> {
    async fn add(&self, added: &[&str], kept: &[&str]) -> Result<(), Stop> {
        let answer = self.probe.patch(self.group, self.dialect.add_members(added)).await?;
        self.probe.expect_success(&answer, SUCCESS)?;
        self.expect(&SentMembers { added, kept, ..SentMembers::default() }).await
    }

    async fn remove(&self, removed: &[&str], kept: &[&str]) -> Result<(), Stop> {
        let answer = self.probe.patch(self.group, self.dialect.remove_members(removed)).await?;
        if !answer.is_success() {
            return Err(self.refused_removal(&answer));
        }
        self.expect(&SentMembers { removed, kept, ..SentMembers::default() }).await
    }

    fn refused_removal(&self, answer: &Answer) -> Stop {
        let draft = self.probe.refused(answer, SUCCESS);
        match self.dialect {
            Dialect::Scim => draft
                .effect("people who leave a group in the directory keep its access here")
                .remedy(
                    "accept a Remove on `members` whose value lists who goes, as the service writes it by default, and take out \
                     nobody else; or have admins end the tenant URL with ?aadOptscim062020, which makes it name them in the path",
                )
                .stop(),
            Dialect::Compliant => draft
                .effect("people who leave a group in the directory keep its access here")
                .remedy("accept a remove whose path is members[value eq \"…\"], also several of them in one PATCH")
                .stop(),
        }
    }

    /// Holds the group to having these members. Where it hasn't, what follows would be about something else.
    async fn expect(&self, sent: &SentMembers<'_>) -> Result<(), Stop> {
        let probe = self.probe;
        let (read, group) = probe.read(self.group).await?;
        let lost = sent.kept.iter().filter(|id| !has_member(&group, id)).count();
        if lost > 0 {
            let (cause, observed) = match (sent.removed, has_members(&group)) {
                ([], _) => (
                    "members-lost-by-add",
                    format!("a PATCH that adds members took out {lost} of those who were in the group"),
                ),
                (_, true) => (
                    "members-lost-by-removal",
                    format!("a PATCH that removes members took out {lost} of those who weren't named"),
                ),
                (_, false) => (
                    "group-emptied-by-removal",
                    "a PATCH that names who goes out of a group took everybody out".to_owned(),
                ),
            };
            let draft = probe.finding(cause).observed(observed).at(read.at);
            return Err(draft.expected("everybody who wasn't named stays in the group").stop());
        }
        let before = probe.findings.borrow().len();
        probe.compare_members(sent, &group, read.at);
        if probe.findings.borrow().len() == before { Ok(()) } else { Err(Stop::Failed) }
    }

    /// Puts members in for a check that is about something else.
    async fn fill(&self, added: &[&str]) -> Result<(), Stop> {
        let blocked = |why: String| Stop::Blocked {
            by: "groups.members.add",
            why: format!("nobody could be added to a group: {why}"),
        };
        for id in added {
            match self.probe.quietly(self.probe.patch(self.group, self.dialect.add_members(&[id]))).await {
                Ok(answer) if answer.is_success() => {}
                Ok(answer) => return Err(blocked(format!("PATCH was answered with {}", answer.told()))),
                Err(Stop::Failed) => return Err(blocked("PATCH wasn't answered".to_owned())),
                Err(stop) => return Err(stop),
            }
        }
        let (_, group) = self.probe.read(self.group).await?;
        if added.iter().all(|id| has_member(&group, id)) {
            return Ok(());
        }
        Err(blocked("PATCH was answered with success, but the group doesn't show all who were added".to_owned()))
    }

    /// After a restart of provisioning the service adds all members again.
    async fn add_again(&self, member: &str, kept: &[&str]) -> Result<(), Stop> {
        let answer = self.probe.patch(self.group, self.dialect.add_members(&[member])).await?;
        if !answer.is_success() {
            let observed = format!("adding somebody who is a member already was answered with {}", answer.told());
            let draft = self.probe.finding("repeated-member-refused").observed(observed);
            draft
                .expected("200 or 204, and the group stays as it is")
                .effect("a request that is sent again after a lost answer fails for good, and after a restart of provisioning all \
                         memberships do")
                .remedy("take an add of somebody who is a member already for done")
                .at(answer.at)
                .fail();
        }
        self.expect(&SentMembers { added: &[member], kept, ..SentMembers::default() }).await
    }

    /// The service removes again who was removed already where an answer was lost, or where somebody else did it.
    async fn remove_again(&self, gone: &str, kept: &[&str]) -> Result<(), Stop> {
        let answer = self.probe.patch(self.group, self.dialect.remove_members(&[gone])).await?;
        if !answer.is_success() {
            let observed = format!("removing somebody who isn't in the group was answered with {}", answer.told());
            let draft = self.probe.finding("removal-of-nobody-refused").observed(observed);
            let draft = draft
                .expected("200 or 204, and the group stays as it is")
                .remedy("take a removal of somebody who isn't a member for done")
                .at(answer.at);
            if answer.status < 500 {
                draft.effect("the service doesn't need it in daily use; after a lost answer the removal fails in every cycle").warn();
            } else {
                draft.effect("the service takes it for a failure of the endpoint, and sends the removal again in every cycle").fail();
            }
        }
        self.expect(&SentMembers { removed: &[gone], kept, ..SentMembers::default() }).await
    }

    /// Whoever was removed behind the service's back is still added by it.
    async fn add_nobody(&self, kept: &[&str]) -> Result<(), Stop> {
        let nobody = self.probe.bench.guid().hyphenated().to_string();
        let answer = self.probe.patch(self.group, self.dialect.add_members(&[&nobody])).await?;
        if answer.status >= 500 {
            let observed = format!("adding an id that nobody has was answered with {}", answer.told());
            let draft = self.probe.finding("unknown-member-is-5xx").observed(observed);
            draft
                .expected("a refusal with 400 or 404, or success")
                .effect("it looks like an outage of the endpoint, where one account is missing")
                .remedy("look members up before they are written, and answer 400 where one isn't there")
                .at(answer.at)
                .fail();
        }
        self.expect(&SentMembers { kept, ..SentMembers::default() }).await
    }

    /// A group in a group is added by its id, like anybody.
    async fn add_group(&self, kept: &[&str]) -> Result<(), Stop> {
        let inner = self.probe.group().await?;
        let answer = self.probe.patch(self.group, self.dialect.add_members(&[&inner.id])).await?;
        let (read, group) = self.probe.read(self.group).await?;
        let draft = if answer.status >= 500 {
            let observed = format!("adding a group to a group was answered with {}", answer.told());
            self.probe.finding("nested-group-is-5xx").observed(observed).at(answer.at)
        } else if !answer.is_success() {
            self.probe.note(format!(
                "a group as the member of another is refused with {}: nested groups stay out",
                answer.status
            ));
            return self.expect(&SentMembers { kept, ..SentMembers::default() }).await;
        } else if !has_member(&group, &inner.id) {
            let observed = "adding a group to a group was answered with success, but it isn't in there";
            self.probe.finding("nested-group-dropped").observed(observed).at(read.at)
        } else {
            return self.expect(&SentMembers { kept, ..SentMembers::default() }).await;
        };
        draft
            .expected("the group is a member, or is refused with 400")
            .effect("groups in groups don't arrive; those who have none don't notice")
            .remedy("take groups as members, or refuse them with 400")
            .fail();
        Ok(())
    }

    /// Whether somebody is a member, as older versions of the service asked.
    async fn query(&self, member: &str, stranger: &str) -> Result<(), Stop> {
        let probe = self.probe;
        // A filter that doesn't work at all is another check's question.
        let found = looked_up(probe, &self.group.name).await?;
        if probe.features().meets(Need::AndFilter).is_err() || found.is_none_or(|list| list.len() != 1) {
            return Ok(());
        }
        for (id, is_member) in [(member, true), (stranger, false)] {
            let answer = probe.send(reference_request(GROUP.endpoint(), &self.group.id, "members", id)).await?;
            let is_it = |resource: &Resource| resource.id().as_deref() == Some(&self.group.id);
            let found = match answer.status {
                200 => answer.list().map(|list| list.resources.iter().any(is_it)),
                // The service takes it for no.
                404 => Some(false),
                _ => None,
            };
            let (cause, observed) = match found {
                Some(found) if found == is_member => continue,
                Some(false) => (
                    "membership-query-finds-nothing",
                    "a look-up of a group by its id and a member found nothing".to_owned(),
                ),
                Some(true) => (
                    "membership-query-ignores-member",
                    "a look-up of a group by its id and somebody who isn't in it found the group".to_owned(),
                ),
                None => (
                    "membership-query-refused",
                    format!("a look-up of a group by its id and a member was answered with {}", answer.told()),
                ),
            };
            let draft = probe.finding(cause).observed(observed);
            draft
                .expected("the group if somebody with this id is in it, otherwise an empty list")
                .effect("the service asked so before it added a member until 2019; today's doesn't")
                .remedy("support filter=id eq \"…\" and members eq \"…\" on /Groups")
                .at(answer.at)
                .fail();
            break;
        }
        Ok(())
    }

    /// Adding and removing in one PATCH, which takes effect in order. The group has `leaving`, `passing` and `staying`.
    async fn both_at_once(&self, joining: &str, leaving: &str, passing: &str, staying: &str) -> Result<(), Stop> {
        let probe = self.probe;
        if !self.removes(passing, &[leaving, staying]).await? {
            probe.note("adding and removing in one PATCH wasn't tried: removing alone doesn't work");
            return Ok(());
        }
        let both = |added: &[&str], removed: &[&str]| {
            let bodies = [self.dialect.add_members(added), self.dialect.remove_members(removed)];
            let operations = bodies.iter().filter_map(|body| body["Operations"].as_array()).flatten();
            json!({ "schemas": bodies[0]["schemas"], "Operations": operations.collect::<Vec<_>>() })
        };
        let refused = |answer: &Answer| {
            let observed = format!("a PATCH that adds a member and removes one was answered with {}", answer.told());
            let draft = probe.refused(answer, SUCCESS).observed(observed);
            draft
                .effect("the service sends one kind of change at a time; Microsoft's SCIM Validator tries both at once")
                .remedy("apply the operations of a PATCH one after the other")
                .stop()
        };
        let answer = probe.patch(self.group, both(&[joining], &[leaving])).await?;
        if !answer.is_success() {
            return Err(refused(&answer));
        }
        self.expect(&SentMembers { added: &[joining], removed: &[leaving], kept: &[staying] }).await?;
        let answer = probe.patch(self.group, both(&[passing], &[passing, joining])).await?;
        if !answer.is_success() {
            return Err(refused(&answer));
        }
        let (read, group) = probe.read(self.group).await?;
        if has_member(&group, passing) {
            let observed = "a PATCH that adds somebody and then removes the same one left them in the group";
            let draft = probe.finding("operations-out-of-order").observed(observed);
            draft
                .expected("operations take effect in their order: whoever is removed last isn't in the group")
                .effect("somebody who joined and left keeps the access")
                .remedy("apply the operations of a PATCH in the order in which they stand (RFC 7644 section 3.5.2)")
                .at(read.at)
                .fail();
        }
        Ok(())
    }

    /// Whether a member can be removed, without a word about it.
    async fn removes(&self, member: &str, kept: &[&str]) -> Result<bool, Stop> {
        let body = self.dialect.remove_members(&[member]);
        let is_done = match self.probe.quietly(self.probe.patch(self.group, body)).await {
            Ok(answer) => answer.is_success(),
            Err(Stop::Failed) => false,
            Err(stop) => return Err(stop),
        };
        let (_, group) = self.probe.read(self.group).await?;
        Ok(is_done && !has_member(&group, member) && kept.iter().all(|id| has_member(&group, id)))
    }
}
