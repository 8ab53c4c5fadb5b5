//! `groups.get` and `groups.filter`: groups by their id and by what the service matches them by, without their members.

use super::fixture::{GROUP, has_members, populated};
use crate::check::Severity;
use crate::check::definition::{Category, Check, Need, Turn};
use crate::check::family::found::{expect_found, text_of};
use crate::check::probe::{Answer, Object, Probe, Stop, is_named};
use crate::client::{find_request, get_request};
use crate::scim::{Request, Resource};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "groups.get",
        category: Category::Capability,
        holds: "GET /Groups/{id}?excludedAttributes=members is answered with 200 and that group without its members, and with \
                404 when nobody has the id",
        reference: "RFC 7644 sections 3.4.1 and 3.9; Microsoft, Develop a SCIM endpoint: groups are read without members",
        effect: "the service reads a group before it changes it: without that, neither its name nor its members are kept up to \
                 date",
        remedy: "answer GET /Groups/{id} with 200 and the group, leave out what excludedAttributes names, and answer 404 when \
                 there is no such group",
        needs: &[Need::Group],
        turn: Turn::Together,
        run: |probe| Box::pin(get(probe)),
    },
    Check {
        id: "groups.filter",
        category: Category::Capability,
        holds: "a look-up by each matching attribute finds exactly the group that has the value, in any letter case and without \
                its members, and nothing where there is none",
        reference: "RFC 7644 section 3.4.2.2; RFC 7643 section 8.7.1: displayName isn't case-exact; Microsoft, SCIM Validator",
        effect: "the service doesn't find the group that is there: it makes a second one, or fails in every cycle",
        remedy: "support filter=attribute eq \"value\" and excludedAttributes=members on /Groups, compare displayName without \
                 regard to letter case, and answer with 200 and an empty list when nothing matches",
        needs: &[Need::Group],
        turn: Turn::Together,
        run: |probe| Box::pin(filter(probe)),
    },
];

async fn get(probe: &Probe) -> Result<(), Stop> {
    let all = populated(probe).await?;
    let answer = probe.get(&all.group).await?;
    if probe.expect_status(&answer, &[200], "200 with the group") {
        judge_group(probe, &answer, &all.group)?;
        match (&all.member, answer.resource()) {
            (None, _) => note_no_member(probe),
            (Some(_), Some(group)) => expect_without_members(probe, &group, &answer),
            (Some(_), None) => {}
        }
    }
    let nobody = probe.bench.guid().hyphenated().to_string();
    let missing = probe.send(get_request(GROUP.endpoint(), &nobody)).await?;
    if missing.status != 404 {
        let draft = probe.refused(&missing, "404 with a SCIM error");
        let draft = draft.observed(format!("GET of a group that doesn't exist was answered with {}", missing.told()));
        let draft = draft
            .effect("the service can't tell a group that is gone from a failure of the endpoint")
            .remedy("answer with 404 and a SCIM error when no group has the id, whatever the id looks like");
        // An endpoint whose ids look different may say that this can't be one.
        if (400..500).contains(&missing.status) { draft.warn() } else { draft.fail() }
    }
    Ok(())
}

/// Holds an answer to being this group.
fn judge_group(probe: &Probe, answer: &Answer, group: &Object) -> Result<(), Stop> {
    let Some(resource) = answer.resource() else {
        let observed = "the answer isn't a group: it is no JSON object, a list or an error";
        return Err(probe.finding("get-not-a-resource").observed(observed).at(answer.at).stop());
    };
    match resource.id() {
        Some(id) if id == group.id => {}
        Some(id) => {
            let observed = format!("the group that came has the id `{id}`, not `{}`", group.id);
            probe.finding("other-resource").observed(observed).at(answer.at).fail();
        }
        None => probe.finding("no-id").observed("the group that came has no `id`").at(answer.at).fail(),
    }
    if !is_named(GROUP, &resource, &group.name) {
        let observed = "the group that came doesn't have the displayName that it was made with";
        probe.finding("other-resource").observed(observed).at(answer.at).fail();
    }
    Ok(())
}

fn note_no_member(probe: &Probe) {
    probe.note("whether excludedAttributes=members is honoured wasn't tried: nobody could be added to a group");
}

fn expect_without_members(probe: &Probe, group: &Resource, answer: &Answer) {
    if has_members(group) {
        probe
            .finding("excluded-attributes-ignored")
            .observed("the request has excludedAttributes=members, but the answer holds the group's members")
            .expected("the group without its members")
            .effect("the service takes several values for several results and fails with MultipleEntriesInResponse; large groups \
                     come over slowly, or not at all")
            .remedy("leave out of the answer what excludedAttributes names, in look-ups and by id")
            .at(answer.at)
            .fail();
    }
}

async fn filter(probe: &Probe) -> Result<(), Stop> {
    let all = populated(probe).await?;
    let mapping = probe.mapping(GROUP);
    for index in &mapping.matching {
        let name = &mapping.attributes[*index].target.name;
        let Some(value) = text_of(&all.group, *index) else { continue };
        let answer = probe.find(GROUP, name, &value).await?;
        let found = expect_found(probe, &answer, &all.group, name);
        if answer.status != 200 {
            return Ok(());
        }
        if let Some(found) = found.filter(|_| all.member.is_some()) {
            expect_without_members(probe, &found, &answer);
        }
        if probe.is_clean() {
            whole(probe, &all.group, name, &value).await?;
        }
        let nobody = format!("{}-nobody-{}", probe.bench.prefix, probe.bench.guid().simple());
        let answer = probe.find(GROUP, name, &nobody).await?;
        if answer.status == 200 {
            probe.expect_empty_list(&answer, GROUP);
        } else {
            let draft = probe.refused(&answer, "200 with no result");
            draft
                .observed(format!("a look-up that finds nothing was answered with {}", answer.told()))
                .effect("the service takes anything but 200 for a failure: no new group is provisioned")
                .remedy("answer with 200, totalResults 0 and an empty list of Resources")
                .fail();
        }
    }
    if all.member.is_none() {
        note_no_member(probe);
    }
    letter_case(probe, &all.group).await
}

/// The same look-up without `excludedAttributes`, which the service doesn't send.
async fn whole(probe: &Probe, group: &Object, name: &str, value: &str) -> Result<(), Stop> {
    let request = find_request(GROUP.endpoint(), name, value);
    let path = request.path.replace("excludedAttributes=members&", "");
    let answer = probe.send(Request { path, ..request }).await?;
    let before = probe.findings.borrow().len();
    expect_found(probe, &answer, group, name);
    for finding in &mut probe.findings.borrow_mut()[before..] {
        finding.severity = Severity::Warning;
        "the service always asks without members; Microsoft's SCIM Validator asks in both ways"
            .clone_into(&mut finding.effect);
    }
    Ok(())
}

async fn letter_case(probe: &Probe, group: &Object) -> Result<(), Stop> {
    let mapping = probe.mapping(GROUP);
    let is_name = |index: &&usize| {
        let target = &mapping.attributes[**index].target;
        target.name.eq_ignore_ascii_case("displayName") && !target.case_exact
    };
    let Some(index) = mapping.matching.iter().find(is_name) else { return Ok(()) };
    let Some(value) = text_of(group, *index).filter(|value| probe.is_clean() && value.to_uppercase() != *value) else {
        return Ok(());
    };
    let answer = probe.find(GROUP, "displayName", &value.to_uppercase()).await?;
    if answer.status == 200 && answer.list().is_some_and(|list| list.resources.is_empty()) {
        let observed =
            "a look-up of displayName in capitals found nothing, though a group has that name in another letter case";
        let draft = probe.finding("filter-is-case-sensitive").observed(observed);
        draft
            .expected("the group: displayName isn't case-exact")
            .effect("a group whose name changes its letter case isn't found any more: a second one is made")
            .remedy("compare displayName without regard to letter case")
            .at(answer.at)
            .fail();
    } else {
        expect_found(probe, &answer, group, "displayName");
    }
    Ok(())
}
