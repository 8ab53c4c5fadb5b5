//! `groups.paging`: groups page by page.

use crate::check::definition::{Category, Check, Need, Turn};
use crate::check::family::paging;
use crate::schema::ObjectKind;

pub(super) const CHECKS: &[Check] = &[Check {
    id: "groups.paging",
    category: Category::Recommended,
    holds: "startIndex and count give pages of the groups that follow each other, with the same totalResults on each",
    reference: "RFC 7644 section 3.4.2.4; Microsoft, gallery validation: SCIM_Group_Pagination (optional)",
    effect: "the service doesn't list groups; whoever reads all of them page by page misses some, sees some twice, or never comes \
             to the end",
    remedy: "order groups in a way that doesn't change between requests, begin with the startIndex-th (from 1), give count of them \
             at most, and count all of them in totalResults",
    needs: &[Need::Group],
    // Others that make and remove groups meanwhile would move the pages.
    turn: Turn::Alone,
    run: |probe| Box::pin(paging::judge(probe, ObjectKind::Group)),
}];
