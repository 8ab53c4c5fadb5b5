//! `groups.patch`: groups whose attributes change.

use super::fixture::{GROUP, has_members, looked_up, populated};
use crate::check::definition::{Category, Check, Need, Turn};
use crate::check::family::change::{Edit, expect_others_unchanged, held, read_back, write};
use crate::check::probe::{Object, Probe, Stop};
use crate::schema::TargetAttribute;
use crate::scim::Resource;

pub(super) const CHECKS: &[Check] = &[Check {
    id: "groups.patch",
    category: Category::Capability,
    holds: "PATCH gives a group another displayName, and another externalId where it is mapped, keeps its members, and the group \
            is found under its new name",
    reference: "RFC 7644 section 3.5.2.3; Microsoft, gallery validation: Update_Group, SCIM_Group_Update",
    effect: "groups keep their old names: they fail in every cycle, or the log says success and nothing changes",
    remedy: "support `replace` with a path, and without one where the value is an object; answer with 200 and the group, or with \
             204; change nothing that isn't named",
    needs: &[Need::Group],
    turn: Turn::Together,
    run: |probe| Box::pin(patch(probe)),
}];

async fn patch(probe: &Probe) -> Result<(), Stop> {
    let all = populated(probe).await?;
    let attributes = &probe.mapping(GROUP).attributes;
    let mut group = all.group;
    // First the name alone, then everything at once, which the two dialects write differently.
    for (round, only_name) in [(1, true), (2, false)] {
        let person = probe.person();
        let values: Vec<_> = probe
            .values(GROUP, &person, round)
            .into_iter()
            .map(|(index, value)| (index, &attributes[index].target, value))
            .filter(|(_, target, _)| !only_name || target.name.eq_ignore_ascii_case("displayName"))
            .collect();
        let (_, before) = probe.read(&group).await?;
        let edits: Vec<_> = values
            .iter()
            .filter(|(_, target, value)| held(target, &before) != Some(value))
            .map(|(_, target, value)| Edit::new(target, value, &before))
            .collect();
        if edits.is_empty() {
            continue;
        }
        write(probe, &group, &edits).await?;
        let (read, after) = read_back(probe, &group, &edits, Some(&before)).await?;
        let sent: Vec<&TargetAttribute> = edits.iter().map(|edit| edit.target).collect();
        expect_others_unchanged(probe, &group, &sent, &before, &after, read.at);
        expect_members_kept(probe, &before, &after, read.at);
        if !probe.is_clean() {
            return Ok(());
        }
        for (index, _, value) in &values {
            group.values.retain(|(known, _)| known != index);
            group.values.push((*index, value.clone()));
        }
        let former = std::mem::replace(&mut group.name, probe.name_in(GROUP, &group.values));
        expect_renamed(probe, &group, &former).await?;
    }
    Ok(())
}

fn expect_members_kept(probe: &Probe, before: &Resource, after: &Resource, at: usize) {
    if has_members(before) && !has_members(after) {
        probe
            .finding("members-lost-by-replace")
            .observed("a PATCH of other attributes took all members out of the group")
            .expected("the members stay: the PATCH doesn't name them")
            .effect("when a group is renamed everybody loses access, and the service doesn't add them again")
            .remedy(
                "change only the attributes that a PATCH names; an object without `members` says nothing about members",
            )
            .at(at)
            .fail();
    }
}

/// Holds a look-up to going by the present name.
async fn expect_renamed(probe: &Probe, group: &Object, former: &str) -> Result<(), Stop> {
    let mapping = probe.mapping(GROUP);
    let is_matched =
        mapping.matching.iter().any(|index| mapping.attributes[*index].target.name.eq_ignore_ascii_case("displayName"));
    if !is_matched || former == group.name {
        return Ok(());
    }
    let nobody = format!("{}-nobody-{}", probe.bench.prefix, probe.bench.guid().simple());
    // A filter that doesn't work at all is another check's question.
    if looked_up(probe, &nobody).await?.is_none_or(|found| !found.is_empty()) {
        return Ok(());
    }
    let is_it = |found: &Resource| found.id().as_deref() == Some(&group.id);
    for (name, is_there) in [(group.name.as_str(), true), (former, false)] {
        let Some(found) = looked_up(probe, name).await? else { return Ok(()) };
        if found.iter().any(is_it) == is_there {
            continue;
        }
        let (cause, observed) = if is_there {
            (
                "not-found-displayName",
                "after its displayName was changed, a look-up of the new one doesn't find the group",
            )
        } else {
            (
                "found-under-old-name",
                "after its displayName was changed, a look-up of the old one still finds the group",
            )
        };
        let at = probe.exchanges.borrow().len() - 1;
        probe
            .finding(cause)
            .observed(observed)
            .expected("only the present name counts")
            .effect("the group isn't found any more, or another one that gets its old name is taken for it")
            .remedy("look groups up by their present name")
            .at(at)
            .fail();
    }
    Ok(())
}
