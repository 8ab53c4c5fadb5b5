//! Which features a mapping or an endpoint has: what isn't there can't be checked.

use super::Need;
use super::bench::Bench;
use crate::schema::AttributeMapping;
use crate::scim::{AttributePath, urn};

/// What can be checked, each with the reason where it can't.
#[derive(Debug)]
pub(super) struct Features {
    groups: Feature,
    manager: Feature,
    enterprise: Feature,
    extension: Feature,
    multivalue: Feature,
    roles: Feature,
    and_filter: Feature,
}

/// There, or why not.
type Feature = Result<(), String>;

fn feature(is_there: bool, why_not: &str) -> Feature {
    if is_there { Ok(()) } else { Err(why_not.to_owned()) }
}

impl Features {
    pub(super) fn new(bench: &Bench) -> Self {
        let (rules, snapshot) = (bench.rules(), bench.snapshot.get());
        let users = &rules.users;
        let says = |asked: fn(&super::snapshot::Snapshot) -> bool| snapshot.is_some_and(asked);
        let extension_of = |mapping: &AttributeMapping| mapping.target.path.urn.clone().filter(|urn| !is_core(urn));
        let is_enterprise = |urn: &String| urn.eq_ignore_ascii_case(urn::ENTERPRISE_USER);
        let extensions: Vec<_> = users.attributes.iter().filter_map(extension_of).collect();
        Self {
            groups: feature(
                rules.groups.is_some() || says(super::snapshot::Snapshot::has_groups) || bench.options.gallery,
                "the mapping has no groups, and the endpoint doesn't say that it has",
            ),
            manager: feature(
                users.reference.is_some() || says(super::snapshot::Snapshot::has_manager),
                "the mapping has no manager, and the endpoint's schemas name none",
            ),
            enterprise: feature(
                extensions.iter().any(is_enterprise) || says(super::snapshot::Snapshot::has_enterprise),
                "the mapping has no enterprise attributes, and the endpoint's schemas name none",
            ),
            extension: feature(
                extensions.iter().any(|urn| !is_enterprise(urn)),
                "the mapping has no attributes of extensions beside the enterprise user",
            ),
            multivalue: feature(
                siblings(&users.attributes).is_some(),
                "the mapping has no attribute with values of two types, such as work and mobile phone numbers",
            ),
            roles: feature(users.attributes.iter().any(is_roles), "the mapping has no app roles"),
            and_filter: feature(rules.name != "wedo", "WEDO's filters have no `and`, and the service doesn't need it"),
        }
    }

    /// Whether a need is met; the reason why not.
    pub(super) fn meets(&self, need: Need) -> Result<(), &str> {
        let feature = match need {
            Need::Writes | Need::User => return Ok(()),
            Need::Groups | Need::Group => &self.groups,
            Need::Manager => &self.manager,
            Need::Enterprise => &self.enterprise,
            Need::Extension => &self.extension,
            Need::Multivalue => &self.multivalue,
            Need::Roles => &self.roles,
            Need::AndFilter => &self.and_filter,
        };
        feature.as_ref().copied().map_err(String::as_str)
    }
}

/// Whether a URN is that of a core schema, whose attributes are members of the resource itself.
pub(super) fn is_core(urn: &str) -> bool {
    [urn::USER, urn::GROUP].iter().any(|core| core.eq_ignore_ascii_case(urn))
}

/// Whether a mapping is of app roles.
pub(super) fn is_roles(mapping: &AttributeMapping) -> bool {
    mapping.target.path.attribute.eq_ignore_ascii_case("roles")
}

/// Two mappings of one attribute and sub-attribute that differ by their value filter alone.
pub(super) fn siblings(mappings: &[AttributeMapping]) -> Option<[&AttributeMapping; 2]> {
    let whole = |path: &AttributePath| {
        (path.urn.clone(), path.attribute.to_lowercase(), path.sub_attribute.as_deref().map(str::to_lowercase))
    };
    mappings.iter().enumerate().find_map(|(index, first)| {
        let path = &first.target.path;
        let is_sibling = |other: &&AttributeMapping| {
            let theirs = &other.target.path;
            theirs.filter.is_some() && theirs.filter != path.filter && whole(theirs) == whole(path)
        };
        path.filter.as_ref()?;
        mappings[index + 1..].iter().find(is_sibling).map(|second| [first, second])
    })
}
