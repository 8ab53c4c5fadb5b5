//! Accounts as a table for spreadsheets.

use std::io::{self, Write};

use super::words::difference;
use crate::event::discovery::{DiscoveredAccount, Discovery, Flag};
use crate::report::log::harmless;

/// Without it spreadsheets take UTF-8 for something else.
const BYTE_ORDER_MARK: &str = "\u{feff}";

const HEADINGS: [&str; 12] = [
    "objectType",
    "id",
    "name",
    "active",
    "category",
    "flags",
    "ownerId",
    "ownerName",
    "matchedBy",
    "reason",
    "collisions",
    "drift",
];

/// Writes a row for each account: UTF-8 with a byte order mark, commas, a heading. What a spreadsheet would take for
/// a formula gets an apostrophe before it.
pub fn discovery_csv(discovery: &Discovery, mut to: impl Write) -> io::Result<()> {
    to.write_all(BYTE_ORDER_MARK.as_bytes())?;
    let mut writer = ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(to);
    writer.write_record(HEADINGS)?;
    for account in &discovery.accounts {
        writer.write_record(cells(account).iter().map(|cell| harmless(cell)))?;
    }
    writer.flush()
}

fn cells(account: &DiscoveredAccount) -> [String; HEADINGS.len()] {
    let owner = account.owner.as_ref();
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let joined = |texts: Vec<String>| texts.join("; ");
    [
        account.kind.as_str().to_owned(),
        account.id.as_str().to_owned(),
        account.name.to_string(),
        account.active.map_or_else(String::new, |active| active.to_string()),
        account.category.as_str().to_owned(),
        account.flags.iter().map(Flag::as_str).collect::<Vec<_>>().join(" "),
        owner.map_or_else(String::new, |owner| owner.id.to_string()),
        owner.map_or_else(String::new, |owner| owner.name.to_string()),
        text(account.matched_by.as_deref()),
        text(account.reason.as_deref()),
        joined(account.collisions.iter().map(ToString::to_string).collect()),
        joined(account.drift.iter().map(difference).collect()),
    ]
}
