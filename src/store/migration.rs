//! Numbered steps from one format of the file to the next.
//!
//! `PRAGMA user_version` counts the steps that a file has been through. A step is never changed once
//! it has been released: another one is added. `meta.written_by` is there in every format, so that an
//! older version can say which newer one it has met.

use rusqlite::{Connection, TransactionBehavior};

/// `PRAGMA application_id`, which marks the file as ours: "scim" in ASCII.
pub(super) const APPLICATION_ID: i64 = 0x7363_696d;

/// The steps, in order.
pub(super) const STEPS: &[&str] =
    &[include_str!("001-start.sql"), include_str!("002-groups-and-levers.sql"), include_str!("003-steps.sql")];

/// What a file is, before anything is done to it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Nothing is in it yet.
    Empty,
    /// Ours, after this many steps.
    Ours(i64),
    /// A database of another program.
    Foreign,
}

/// Looks at a file without changing it, all at one moment: another process may be making it.
pub(super) fn format(connection: &Connection) -> rusqlite::Result<Format> {
    let connection = connection.unchecked_transaction()?;
    let application: i64 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let things: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(match (application, version, things) {
        (APPLICATION_ID, _, _) => Format::Ours(version),
        (0, 0, 0) => Format::Empty,
        _ => Format::Foreign,
    })
}

/// Takes a file through the steps that it lacks, all of them or none.
pub(super) fn migrate(connection: &mut Connection, steps: &[&str], written_by: &str) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Read again under the write lock: another process may have been faster.
    let done: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let done = usize::try_from(done).unwrap_or(steps.len());
    if done < steps.len() {
        for step in &steps[done..] {
            transaction.execute_batch(step)?;
        }
        transaction.execute("INSERT OR REPLACE INTO meta (name, value) VALUES ('written_by', ?1)", [written_by])?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", i64::try_from(steps.len()).unwrap_or(i64::MAX))?;
    }
    transaction.commit()
}

/// Which version of the program wrote the format, as far as the file says.
pub(super) fn written_by(connection: &Connection) -> Option<String> {
    connection.query_row("SELECT value FROM meta WHERE name = 'written_by'", [], |row| row.get(0)).ok()
}
