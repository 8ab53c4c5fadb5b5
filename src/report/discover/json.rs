//! Accounts as JSON for programs. The keys are a contract.

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::{Map, Value, json};

use crate::event::discovery::{Collision, Counts, DiscoveredAccount, Discovery, Flag, Mark};
use crate::plan::AttributeChange;
use crate::report::FORMAT_VERSION;

/// Writes a discovery as one document, account by account: `formatVersion`, `at`, `tenantUrl`, `driftCheck`,
/// `summary`, `shown`, `warnings`, `accounts`.
pub struct DiscoveryJson<'d>(pub &'d Discovery);

impl Serialize for DiscoveryJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let discovery = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("formatVersion", FORMAT_VERSION)?;
        map.serialize_entry("at", &discovery.at.to_string())?;
        map.serialize_entry("tenantUrl", &discovery.target)?;
        map.serialize_entry("driftCheck", discovery.drift.as_str())?;
        map.serialize_entry("summary", &discovery_summary_json(&discovery.summary))?;
        map.serialize_entry("shown", &words(&discovery.shown))?;
        map.serialize_entry("warnings", &discovery.warnings)?;
        map.serialize_entry("accounts", &Accounts(&discovery.accounts))?;
        map.end()
    }
}

struct Accounts<'d>(&'d [DiscoveredAccount]);

impl Serialize for Accounts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(discovered_account_json))
    }
}

/// Counts by category and flag; `accounts`, `users` and `groups` count what is there.
pub fn discovery_summary_json(counts: &Counts) -> Value {
    let whole = [("accounts", counts.total()), ("users", counts.users), ("groups", counts.groups)];
    let marks = Mark::all().map(|mark| (mark.as_str(), counts.count(mark)));
    whole.into_iter().chain(marks).map(|(key, count)| (key.to_owned(), json!(count))).collect::<Map<_, _>>().into()
}

/// One account: `id`, `objectType`, `name`, `active`, `category`, `flags`, `owner`, `matchedBy`, `reason`,
/// `collisions`, `drift`.
pub fn discovered_account_json(account: &DiscoveredAccount) -> Value {
    let owner = account.owner.as_ref().map(|owner| json!({ "sourceId": owner.id.to_string(), "name": &*owner.name }));
    let flags: Vec<_> = account.flags.iter().map(Flag::as_str).collect();
    json!({
        "id": account.id.as_str(),
        "objectType": account.kind.as_str(),
        "name": &*account.name,
        "active": account.active,
        "category": account.category.as_str(),
        "flags": flags,
        "owner": owner,
        "matchedBy": account.matched_by.as_deref(),
        "reason": account.reason.as_deref(),
        "collisions": account.collisions.iter().map(collision).collect::<Value>(),
        "drift": account.drift.iter().map(difference).collect::<Value>(),
    })
}

fn collision(collision: &Collision) -> Value {
    json!({
        "kind": collision.kind.as_str(),
        "with": collision.with,
        "more": collision.more,
        "message": collision.to_string(),
    })
}

fn difference(change: &AttributeChange) -> Value {
    json!({ "attribute": &*change.attribute, "exported": change.new, "found": change.old })
}

fn words(marks: &[Mark]) -> Vec<&'static str> {
    marks.iter().map(|mark| mark.as_str()).collect()
}
