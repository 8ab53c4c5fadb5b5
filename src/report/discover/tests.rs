//! Accounts in every form.

use std::sync::Arc;

use serde_json::{Value, json};

use super::words::{difference, sentence};
use super::*;
use crate::base::{SourceId, TargetId, Timestamp};
use crate::event::discovery::{
    Category, Collision, CollisionKind, Counts, DiscoveredAccount, Discovery, DriftCheck, Flag, Flags, Mark, Owner,
};
use crate::plan::AttributeChange;
use crate::schema::ObjectKind;

fn account(name: &str, category: Category, flags: &[Flag]) -> DiscoveredAccount {
    let mut set = Flags::default();
    for flag in flags {
        set.set(*flag);
    }
    DiscoveredAccount {
        id: TargetId::new(format!("id-{name}")),
        kind: ObjectKind::User,
        name: name.into(),
        active: Some(true),
        category,
        flags: set,
        owner: None,
        matched_by: None,
        reason: None,
        collisions: Vec::new(),
        drift: Vec::new(),
    }
}

fn owned(account: DiscoveredAccount, owner: &str) -> DiscoveredAccount {
    let owner = Owner { id: SourceId::parse("7").unwrap(), name: owner.into() };
    DiscoveredAccount { owner: Some(Arc::new(owner)), ..account }
}

fn because(account: DiscoveredAccount, reason: &str) -> DiscoveredAccount {
    DiscoveredAccount { reason: Some(reason.into()), ..account }
}

fn change(attribute: &str, old: Option<Value>, new: Option<Value>) -> AttributeChange {
    AttributeChange { attribute: attribute.into(), old, new }
}

fn discovery(accounts: Vec<DiscoveredAccount>) -> Discovery {
    Discovery {
        at: Timestamp::UNIX_EPOCH,
        target: "https://target.example/scim".to_owned(),
        kinds: vec![ObjectKind::User, ObjectKind::Group],
        drift: DriftCheck::NotAsked,
        summary: Counts::of(&accounts),
        shown: Vec::new(),
        accounts,
        warnings: Vec::new(),
    }
}

#[test]
fn accounts_in_a_sentence() {
    let check = |account: DiscoveredAccount, expected: &str| assert_eq!(sentence(&account), expected);
    let ann = |category, flags: &[Flag]| account("ann", category, flags);
    check(ann(Category::Local, &[]), "");
    check(ann(Category::Local, &[Flag::Orphaned]), "stays active");
    check(owned(ann(Category::Assigned, &[Flag::Linked]), "ANN"), "linked");
    check(owned(ann(Category::Assigned, &[Flag::Linked]), "anna"), "linked to anna (7)");
    check(owned(ann(Category::Assigned, &[Flag::Adoptable]), "anna"), "would be adopted for anna (7)");
    check(
        because(owned(ann(Category::Unassigned, &[Flag::Orphaned]), "anna"), "not assigned"),
        "matches anna (7); stays active: not assigned",
    );
    check(
        because(ann(Category::Unassigned, &[Flag::Linked, Flag::Pending]), "not assigned"),
        "linked; about to be deactivated or deleted: not assigned",
    );
    check(ann(Category::Assigned, &[Flag::Linked, Flag::Pending]), "linked; changes are yet to be sent");
    check(because(ann(Category::Unsorted, &[]), "no column city"), "no column city");
    check(owned(ann(Category::Gone, &[]), "anna"), "was linked to anna (7); its owner is in scope");
    check(because(ann(Category::Gone, &[]), "not assigned"), "was linked: not assigned");
    let active = change("active", Some(json!(true)), Some(json!(false)));
    let mut switched = ann(Category::Assigned, &[Flag::Linked, Flag::Reactivated, Flag::Drifted]);
    switched.drift = vec![active];
    check(switched.clone(), "linked; activated again at the target");
    switched.drift.push(change("title", None, Some(json!("Chief"))));
    check(switched, "linked; activated again at the target; not as it was exported");
    let mut colliding = ann(Category::Assigned, &[Flag::Colliding]);
    colliding.collisions =
        vec![Collision { kind: CollisionKind::LinkedElsewhere, with: vec!["id-2".to_owned()], more: 0 }];
    check(colliding, "its object is linked to another account: id-2");
}

#[test]
fn differences_in_words() {
    let check = |old, new, expected: &str| assert_eq!(difference(&change("title", old, new)), expected);
    check(Some(json!("Boss")), Some(json!("Chief")), "title is \"Boss\", exported was \"Chief\"");
    check(None, Some(json!("Chief")), "title has no value, exported was \"Chief\"");
}

#[test]
fn what_is_as_it_should_be_is_only_counted() {
    let linked = |name: &str| account(name, Category::Assigned, &[Flag::Linked]);
    let told = account("bob", Category::Assigned, &[Flag::Adoptable]);
    let groups = discovery_groups(&discovery(vec![linked("ann"), told, linked("eve")]), false);
    assert_eq!(groups.len(), 1);
    assert_eq!(groups[0].rows, [["bob".to_owned(), "active".to_owned(), "would be adopted".to_owned()]]);
    assert_eq!(groups[0].remark.as_deref(), Some("and 2 more that are linked, with nothing else to say"));
    let all = discovery_groups(&discovery(vec![linked("ann"), linked("eve")]), true);
    assert_eq!((all[0].rows.len(), all[0].remark.clone()), (2, None));
    let waiting = because(linked("ann"), "same matching value as bob");
    assert_eq!(discovery_groups(&discovery(vec![waiting]), false)[0].rows.len(), 1, "a reason is told");
}

#[test]
fn the_summary_says_what_is_there() {
    let text = |accounts| anstream::adapter::strip_str(&discovery_summary(&discovery(accounts))).to_string();
    assert_eq!(
        text(Vec::new()),
        "Found: 0 users and 0 groups at https://target.example/scim: 0 local, 0 unassigned, 0 assigned."
    );
    let mut group = account("Design", Category::Assigned, &[Flag::Adoptable]);
    group.kind = ObjectKind::Group;
    let gone = account("eve", Category::Gone, &[]);
    assert_eq!(
        text(vec![account("ann", Category::Local, &[Flag::Orphaned]), group, gone]),
        "Found: 1 user and 1 group at https://target.example/scim: 1 local, 0 unassigned, 1 assigned.\n\
         1 would be adopted, 1 stay active with nobody in scope who owns them, 1 gone though linked."
    );
    let unsorted = text(vec![account("ann", Category::Unsorted, &[])]);
    assert_eq!(unsorted, "Found: 1 user and 0 groups at https://target.example/scim: 1 unsorted.");
}

fn csv(accounts: Vec<DiscoveredAccount>) -> String {
    let mut bytes = Vec::new();
    discovery_csv(&discovery(accounts), &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn cells_are_no_formulas() {
    for (name, expected) in [
        ("=1+1", "'=1+1"),
        ("+41 44", "'+41 44"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("Zoë, \"Ann\"", "\"Zoë, \"\"Ann\"\"\""),
        ("a=b", "a=b"),
    ] {
        let text = csv(vec![account(name, Category::Local, &[])]);
        let row = text.lines().nth(1).unwrap();
        assert!(row.contains(&format!(",{expected},true,local,")), "{name}: {row}");
    }
    let text = csv(vec![because(account("ann", Category::Local, &[]), "two\nlines")]);
    let rows: Vec<_> = ::csv::Reader::from_reader(text.as_bytes()).into_records().map(Result::unwrap).collect();
    assert_eq!((rows.len(), &rows[0][9]), (1, "two\nlines"));
}

#[test]
fn documents_have_every_account() {
    let mut ann = owned(account("ann", Category::Assigned, &[Flag::Linked, Flag::Drifted]), "ann");
    ann.drift = vec![change("title", Some(json!("Boss")), Some(json!("Chief")))];
    let mut discovery = discovery(vec![ann, account("bob", Category::Local, &[])]);
    discovery.show_only(&[Mark::Flag(Flag::Linked)]);
    let document = serde_json::to_value(DiscoveryJson(&discovery)).unwrap();
    let keys: Vec<_> = document.as_object().unwrap().keys().collect();
    let expected = ["formatVersion", "at", "tenantUrl", "driftCheck", "summary", "shown", "warnings", "accounts"];
    assert_eq!(keys, expected);
    assert_eq!((&document["summary"]["accounts"], &document["shown"]), (&json!(2), &json!(["linked"])));
    assert_eq!(document["accounts"][0]["drift"], json!([{"attribute": "title", "exported": "Chief", "found": "Boss"}]));
    assert_eq!(document["accounts"].as_array().unwrap().len(), 1);
}

#[test]
fn a_page_has_nothing_of_others_in_it_but_text() {
    let hostile = "<script>alert(1)</script>\u{202e}&\"'";
    let mut ann = because(owned(account(hostile, Category::Unassigned, &[Flag::Orphaned]), hostile), hostile);
    ann.drift = vec![change("title", Some(json!(hostile)), None)];
    ann.collisions = vec![Collision { kind: CollisionKind::SameName, with: vec![hostile.to_owned()], more: 0 }];
    let mut discovery = discovery(vec![ann]);
    hostile.clone_into(&mut discovery.target);
    discovery.warnings = vec![hostile.to_owned()];
    let page = discovery_html(&discovery);
    assert!(!page.contains("<script>alert") && !page.contains('\u{202e}'));
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(page.contains("default-src 'none'"));
    assert_eq!(page.matches("stays active").count(), 1, "in its row; its flag is another word");
}

#[test]
fn a_finding_leads_to_its_accounts_and_to_no_others() {
    let page = discovery_html(&discovery(vec![
        account("gone-fishing", Category::Assigned, &[Flag::Linked]),
        account("pending@contoso.com", Category::Local, &[Flag::Orphaned]),
        account("ann", Category::Gone, &[]),
        account("bob", Category::Unassigned, &[Flag::Linked, Flag::Pending]),
        account("eve", Category::Unassigned, &[Flag::Linked, Flag::Pending]),
    ]));
    let after = |text: &str, start: &str, end: &str| {
        let rest = text.split_once(start).unwrap_or_else(|| panic!("no {start} in {text}")).1;
        rest.split_once(end).unwrap().0.to_owned()
    };
    // The number by which the rows name the value of a chip.
    let number = |facet: &str, value: &str| {
        let chip = page.split("<input").find(|input| {
            input.contains(&format!("name=\"{facet}\"")) && input.contains(&format!("value=\"{value}\""))
        });
        after(chip.unwrap_or_else(|| panic!("no chip for {value}")), "data-number=\"", "\"")
    };
    let rows: Vec<_> = page.split("<li id=\"o-").skip(1).collect();
    for (link, expected) in
        [("action=Gone", &["ann"][..]), ("flag=pending", &["bob", "eve"]), ("flag=orphaned", &["pending@contoso.com"])]
    {
        let finding = page.split("<b class=\"tally").find(|finding| finding.contains(&format!("href=\"#{link}\"")));
        let count = after(finding.unwrap_or_else(|| panic!("no link {link}")), ">", "<");
        assert_eq!(count, expected.len().to_string(), "{link}");
        let (facet, value) = link.split_once('=').unwrap();
        let number = number(facet, value);
        let fits = |row: &&&str| after(row, &format!("data-{facet}=\""), "\"").split(' ').any(|value| value == number);
        let found: Vec<_> = rows.iter().filter(fits).map(|row| after(row, "<b class=\"name\">", "<")).collect();
        assert_eq!(found, expected, "{link}");
    }
    assert_eq!(page.matches("\">show</a>").count(), 3);
}

#[test]
fn accounts_are_filtered_by_who_can_sign_in() {
    let ann = |category| account("ann", category, &[]);
    let mut group = ann(Category::Local);
    group.kind = ObjectKind::Group;
    let with = |active| DiscoveredAccount { active, ..ann(Category::Local) };
    let accounts = vec![group, ann(Category::Gone), with(Some(true)), with(Some(false)), with(None), with(None)];
    let page = discovery_html(&discovery(accounts));
    for (state, count) in [("a group", 1), ("gone", 1), ("active", 1), ("inactive", 1), ("not said", 2)] {
        let chip = page
            .split("<label")
            .find(|chip| chip.contains("name=\"reason\"") && chip.contains(&format!("value=\"{state}\"")));
        assert!(chip.is_some_and(|chip| chip.contains(&format!("<b>{count}</b>"))), "{state}: {chip:?}");
    }
}

#[test]
fn a_finding_without_rows_leads_nowhere() {
    let mut discovery =
        discovery(vec![account("ann", Category::Local, &[Flag::Orphaned]), account("bob", Category::Gone, &[])]);
    discovery.show_only(&[Mark::Category(Category::Gone)]);
    let page = discovery_html(&discovery);
    assert!(page.contains("href=\"#action=Gone\"") && !page.contains("href=\"#flag=orphaned\""), "{page}");
}

#[test]
fn a_page_says_what_it_leaves_out() {
    let linked = |number: usize| account(&format!("u{number}"), Category::Assigned, &[Flag::Linked]);
    let mut accounts: Vec<_> = (0..20_000).map(linked).collect();
    let page = discovery_html(&discovery(accounts.clone()));
    assert_eq!((page.matches("<li id=\"o-").count(), page.contains("would be slow")), (20_000, false));
    accounts.push(account("bob", Category::Local, &[Flag::Orphaned]));
    let page = discovery_html(&discovery(accounts));
    assert_eq!(page.matches("<li id=\"o-").count(), 1);
    assert!(page.contains("A page with 20,001 rows would be slow, so 20,000 accounts have none here"));
}
