//! What an index is asked for: the texts that an attribute must have one of for a filter to hold.

use super::{Comparison, Filter, Literal};
use crate::scim::AttributePath;
use crate::scim::path::is_core;

impl Filter {
    /// The texts that `attribute` must equal one of for the filter to hold; `None` when the filter
    /// doesn't pin the attribute down.
    pub fn pinned(&self, attribute: &str) -> Option<Vec<&str>> {
        let is_it = |path: &AttributePath| {
            path.urn.as_deref().is_none_or(is_core)
                && path.filter.is_none()
                && path.sub_attribute.is_none()
                && path.attribute.eq_ignore_ascii_case(attribute)
        };
        self.pinned_by(&|part| match part {
            Self::Compare { path, comparison: Comparison::Eq, value: Literal::String(value) } if is_it(path) => {
                Some(vec![value])
            }
            _ => None,
        })
    }

    /// The same of the `value` of a complex attribute, however it is asked for: `emails eq "…"`, `emails.value eq "…"`,
    /// `emails[type eq "work"].value eq "…"`, `emails[value eq "…"]`. `is_it` says whether a path means the attribute.
    pub fn pinned_value(&self, is_it: &dyn Fn(&AttributePath) -> bool) -> Option<Vec<&str>> {
        let is_value = |name: &Option<String>| name.as_ref().is_none_or(|name| name.eq_ignore_ascii_case("value"));
        self.pinned_by(&|part| match part {
            Self::Compare { path, comparison: Comparison::Eq, value: Literal::String(value) }
                if is_it(path) && is_value(&path.sub_attribute) =>
            {
                Some(vec![value])
            }
            Self::Entry(path) if is_it(path) => path.filter.as_ref()?.pinned("value"),
            _ => None,
        })
    }

    fn pinned_by<'f>(&'f self, part: &dyn Fn(&'f Self) -> Option<Vec<&'f str>>) -> Option<Vec<&'f str>> {
        match self {
            Self::And(parts) => parts.iter().find_map(|inner| inner.pinned_by(part)),
            Self::Or(parts) => {
                let each: Option<Vec<_>> = parts.iter().map(|inner| inner.pinned_by(part)).collect();
                each.map(|values| values.concat())
            }
            other => part(other),
        }
    }
}
