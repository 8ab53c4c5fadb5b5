//! What the templates are given.

use serde::Serialize;

use crate::base::grouped;
use crate::event::discovery::{Category, DiscoveredAccount, Discovery, DriftCheck, Flag, Mark};
use crate::plan::AttributeChange;
use crate::report::discover::text::is_quiet;
use crate::report::discover::words::{activity, advice, meaning, sentence, state, summed, title};
use crate::report::page::{Bar, ChangeView, Facet, Frame, Key, Listed, ObjectList, ObjectsView, Row};
use crate::report::prose::one_line;
use crate::schema::ObjectKind;

/// With more accounts than this, those of which there is nothing to say have no row.
const MANY: usize = 20_000;
/// More rows aren't written.
const MOST: usize = 50_000;
/// What is told beside the list, in the order in which it is looked at.
const FINDINGS: [Mark; 9] = [
    Mark::Flag(Flag::Orphaned),
    Mark::Flag(Flag::Colliding),
    Mark::Category(Category::Gone),
    Mark::Flag(Flag::Reactivated),
    Mark::Flag(Flag::Deactivated),
    Mark::Flag(Flag::Drifted),
    Mark::Flag(Flag::Unlisted),
    Mark::Flag(Flag::Adoptable),
    Mark::Flag(Flag::Pending),
];

#[derive(Serialize)]
pub(super) struct Page {
    title: String,
    target: String,
    lead: &'static str,
    bar: Bar,
    facts: Vec<(&'static str, String)>,
    warnings: Vec<String>,
    findings: Vec<Finding>,
    shown: Option<String>,
    /// What is said of accounts that have no row.
    left_out: Option<String>,
    objects_title: &'static str,
    objects: ObjectsView,
    without_script: &'static str,
}

/// A flag or category that is worth a look.
#[derive(Serialize)]
struct Finding {
    /// What follows the `#` of the link to its accounts; none where none of them has a row.
    link: Option<String>,
    class: &'static str,
    count: String,
    title: &'static str,
    advice: &'static str,
}

/// What `account.html` is given.
#[derive(Serialize)]
struct Inside {
    collisions: Vec<String>,
    drift: Vec<ChangeView>,
    facts: Vec<(&'static str, String)>,
}

/// Everything that the page shows.
pub(super) fn page(discovery: &Discovery, frame: &Frame) -> Page {
    let summary = &discovery.summary;
    let (rows, left_out) = listed(discovery);
    let mut objects = objects(&rows, frame);
    let words: Vec<_> = discovery.shown.iter().map(|mark| mark.as_str()).collect();
    Page {
        title: format!("{} accounts", grouped(summary.total())),
        target: one_line(&discovery.target),
        lead: match discovery.drift {
            DriftCheck::Compared => {
                "Whose they are, and whether linked ones are as they were exported. Nothing was changed."
            }
            DriftCheck::NotAsked | DriftCheck::Impossible => {
                "Whose they are, and what a cycle would make of them. Nothing was changed."
            }
        },
        bar: bar(discovery),
        facts: facts(discovery),
        warnings: discovery.warnings.iter().map(|text| format!("{}.", one_line(text))).collect(),
        findings: FINDINGS.into_iter().filter_map(|mark| finding(discovery, mark, &mut objects)).collect(),
        shown: (!words.is_empty()).then(|| words.join(", ")),
        objects_title: "Accounts",
        left_out,
        objects: objects.view(),
        without_script: "`scimulate discover --output json` has everything.",
    }
}

fn bar(discovery: &Discovery) -> Bar {
    let key = |category: Category| {
        let has_pattern = matches!(category, Category::Local | Category::Unassigned | Category::Unsorted);
        Key::new((category.as_str(), category.as_str()), discovery.summary.category(category), has_pattern)
            .meaning(meaning(category))
    };
    Bar::new("Accounts by category", Category::ALL.into_iter().map(key))
}

fn facts(discovery: &Discovery) -> Vec<(&'static str, String)> {
    let summary = &discovery.summary;
    let mut facts = vec![("Read", format!("{:.0}", discovery.at)), ("Users", grouped(summary.users))];
    if discovery.kinds.contains(&ObjectKind::Group) {
        facts.push(("Groups", grouped(summary.groups)));
    }
    facts.push(("Linked", grouped(summary.flag(Flag::Linked))));
    facts.push((
        "Compared with what was exported",
        match discovery.drift {
            DriftCheck::NotAsked => "no (--drift does)",
            DriftCheck::Compared => "yes",
            DriftCheck::Impossible => "no, nobody knows what was exported",
        }
        .to_owned(),
    ));
    facts.push(("Written by", format!("scimulate {}", env!("CARGO_PKG_VERSION"))));
    facts
}

fn finding(discovery: &Discovery, mark: Mark, objects: &mut Listed) -> Option<Finding> {
    let count = discovery.summary.count(mark);
    if count == 0 {
        return None;
    }
    let (title, class) = match mark {
        Mark::Category(category) => (meaning(category), "bad"),
        Mark::Flag(flag @ (Flag::Orphaned | Flag::Colliding | Flag::Reactivated)) => (summed(flag), "bad"),
        Mark::Flag(flag @ (Flag::Drifted | Flag::Deactivated | Flag::Unlisted)) => (summed(flag), "warn"),
        Mark::Flag(flag) => (summed(flag), "plain"),
    };
    let link = objects.link(&[match mark {
        Mark::Category(category) => ("action", self::title(category)),
        Mark::Flag(flag) => ("flag", flag.as_str()),
    }]);
    Some(Finding { link, class, count: grouped(count), title, advice: advice(mark) })
}

/// The accounts that have a row, and what is said of those that don't.
fn listed(discovery: &Discovery) -> (Vec<&DiscoveredAccount>, Option<String>) {
    let all = discovery.accounts.len();
    let mut listed: Vec<_> = discovery.accounts.iter().filter(|account| all <= MANY || !is_quiet(account)).collect();
    listed.sort_by_key(|account| account.category);
    listed.truncate(MOST);
    let without = all - listed.len();
    let text = format!(
        "A page with {} rows would be slow, so {} accounts have none here: those that are linked with nothing else to \
         say, and what is beyond {} rows. `scimulate discover --report csv=FILE` has all.",
        grouped(all as u64),
        grouped(without as u64),
        grouped(MOST as u64)
    );
    (listed, (without > 0).then_some(text))
}

fn objects(ordered: &[&DiscoveredAccount], frame: &Frame) -> Listed {
    let flags = Flag::ALL.iter().map(|flag| flag.as_str().to_owned());
    let flags = Facet::ordered("Flag", "flag", flags);
    let mut list = ObjectList::of(ordered.len()).titled(["Category", "Kind", "State"]).and_by(flags);
    for account in ordered {
        let source = account.owner.as_ref().map_or_else(String::new, |owner| owner.id.to_string());
        let flags: Vec<_> = account.flags.iter().map(Flag::as_str).collect();
        let row = Row {
            class: account.category.as_str(),
            action: title(account.category),
            name: account.shown_name(),
            kind: match account.kind {
                ObjectKind::User => "user",
                ObjectKind::Group => "group",
            },
            reason: &sentence(account),
            rule: state(account),
            note: activity(account),
            ids: &[account.id.as_str(), &source],
            failed: [Flag::Orphaned, Flag::Colliding].iter().any(|flag| account.flags.has(*flag)),
        };
        list.push_with(&row, &[&flags], &frame.render("account.html", inside(account, source.clone())));
    }
    list.finish()
}

fn inside(account: &DiscoveredAccount, source: String) -> Inside {
    let change = |change: &AttributeChange| ChangeView::new(&change.attribute, [&change.new, &change.old]);
    let owner = account.owner.as_ref().map(|owner| ("Belongs to", one_line(&owner.name)));
    let facts = [
        Some(("Account", one_line(account.id.as_str()))),
        owner,
        (!source.is_empty()).then_some(("Source object", source)),
        account.matched_by.as_ref().map(|attribute| ("Matches by", one_line(attribute))),
        account.reason.as_ref().map(|reason| ("Decided by", one_line(reason))),
    ];
    Inside {
        collisions: account.collisions.iter().map(|collision| one_line(&collision.to_string())).collect(),
        drift: account.drift.iter().map(change).collect(),
        facts: facts.into_iter().flatten().collect(),
    }
}
