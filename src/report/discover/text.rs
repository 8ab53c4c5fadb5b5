//! Accounts as text for people.

use super::words::{activity, difference, meaning, sentence, summed, title};
use crate::base::{grouped, visible};
use crate::event::discovery::{Category, DiscoveredAccount, Discovery, Flag};
use crate::report::{bad, counted, dim, doubtful, heading};
use crate::schema::ObjectKind;

/// The accounts of one category: a heading and a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscoveryGroup {
    /// What they are, and how many.
    pub heading: String,
    /// Name, activity, and what is to be known; a row for a difference has only the last.
    pub rows: Vec<[String; 3]>,
    /// What isn't in the table.
    pub remark: Option<String>,
}

/// The accounts that are shown, by category. Unless `all`, linked ones of which nothing else is to be said are only
/// counted.
pub fn discovery_groups(discovery: &Discovery, all: bool) -> Vec<DiscoveryGroup> {
    let group = |category: Category| {
        let accounts = discovery.accounts.iter().filter(|account| account.category == category);
        let (quiet, told): (Vec<&DiscoveredAccount>, Vec<_>) = accounts.partition(|account| !all && is_quiet(account));
        let mut rows = Vec::with_capacity(told.len());
        for account in &told {
            rows.push(row(account));
            let differences = account.drift.iter().map(difference);
            rows.extend(differences.map(|text| [String::new(), String::new(), visible(&text).into_owned()]));
        }
        let remark = (!quiet.is_empty()).then(|| match told.len() {
            0 => "all are linked, with nothing else to say (`--category linked` lists them)".to_owned(),
            _ => format!("and {} more that are linked, with nothing else to say", grouped(quiet.len() as u64)),
        });
        let count = told.len() + quiet.len();
        let title = format!("{} ({})", title(category), grouped(count as u64));
        let heading = format!("{} {}", heading(title), dim(meaning(category)));
        (count > 0).then_some(DiscoveryGroup { heading, rows, remark })
    };
    Category::ALL.into_iter().filter_map(group).collect()
}

/// Whether it is linked to an object in scope, and that is all.
pub(super) fn is_quiet(account: &DiscoveredAccount) -> bool {
    account.category == Category::Assigned && account.reason.is_none() && account.flags.iter().eq([Flag::Linked])
}

fn row(account: &DiscoveredAccount) -> [String; 3] {
    let sentence = visible(&sentence(account)).into_owned();
    let has = |flags: &[Flag]| flags.iter().any(|flag| account.flags.has(*flag));
    let told = if has(&[Flag::Orphaned, Flag::Colliding]) || account.category == Category::Gone {
        bad(sentence)
    } else if has(&[Flag::Drifted, Flag::Deactivated, Flag::Reactivated, Flag::Unlisted]) {
        doubtful(sentence)
    } else {
        sentence
    };
    let name = visible(account.shown_name()).into_owned();
    let name = if account.kind == ObjectKind::Group { format!("{name} {}", dim("(group)")) } else { name };
    [name, activity(account).to_owned(), told]
}

/// The lines below the accounts: how many there are, whatever is shown.
pub fn discovery_summary(discovery: &Discovery) -> String {
    let summary = &discovery.summary;
    let mut kinds = vec![counted(summary.users, "user")];
    if discovery.kinds.contains(&ObjectKind::Group) {
        kinds.push(counted(summary.groups, "group"));
    }
    let count = |category| (summary.category(category), category);
    let categories: Vec<_> = Category::ALL
        .into_iter()
        .map(count)
        .filter(|(count, category)| {
            *count > 0 || matches!(category, Category::Local | Category::Unassigned | Category::Assigned)
        })
        .filter(|(_, category)| *category != Category::Gone)
        .filter(|(count, _)| *count > 0 || summary.category(Category::Unsorted) == 0)
        .map(|(count, category)| format!("{} {}", grouped(count), category.as_str()))
        .collect();
    let gone = summary.category(Category::Gone);
    let flags = Flag::ALL.into_iter().filter(|flag| summary.flag(*flag) > 0);
    let mut flags: Vec<_> = flags.map(|flag| format!("{} {}", grouped(summary.flag(flag)), summed(flag))).collect();
    if gone > 0 {
        flags.push(format!("{} gone though linked", grouped(gone)));
    }
    let flags = if flags.is_empty() { String::new() } else { format!("\n{}.", flags.join(", ")) };
    let (kinds, target) = (kinds.join(" and "), visible(&discovery.target));
    format!("{} {kinds} at {target}: {}.{flags}", heading("Found:"), categories.join(", "))
}
