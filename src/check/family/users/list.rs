//! `users.list.*`: accounts page by page.

use crate::check::definition::{Category, Check, Need, Turn};
use crate::check::family::paging;
use crate::schema::ObjectKind;

pub(super) const CHECKS: &[Check] = &[Check {
    id: "users.list.paging",
    category: Category::Mandatory,
    holds: "startIndex and count give pages of the accounts that follow each other, with the same totalResults on each",
    reference: "RFC 7644 section 3.4.2.4; Microsoft, gallery validation: SCIM_User_Pagination",
    effect: "the gallery validation fails; whoever reads all accounts page by page misses some, sees some twice, or never comes \
             to the end",
    remedy: "order accounts in a way that doesn't change between requests, begin with the startIndex-th (from 1), give count of \
             them at most, and count all of them in totalResults",
    needs: &[Need::Writes],
    // Others that make and remove accounts meanwhile would move the pages.
    turn: Turn::Alone,
    run: |probe| Box::pin(paging::judge(probe, ObjectKind::User)),
}];
