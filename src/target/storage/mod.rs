//! Where resources are kept: in memory, or in a `SQLite` file.
//!
//! Everything that writes is a unit of work, a closure that gets a [`Transaction`]: all that it did stands, or nothing
//! where it returned an error. In memory it runs at once, under the lock. A file has one thread that writes: it takes
//! the units that wait, runs each in a savepoint of one transaction, commits, and only then answers all of them. So many
//! clients at once share the cost of a commit, and what was answered survives. Reading has connections of its own, which
//! see what was committed.

//!
//! Indexes are kept of ids, keys, the attributes in `terms.rs`, and of who is a member of which group. The members of a
//! group are kept apart from it, so that one among many costs what one among few does, and so that whoever doesn't want
//! to see them doesn't pay for them.

mod backend;
mod checkpoint;
mod error;
mod file;
mod format;
mod members;
mod memory;
mod milestones;
mod reader;
mod record;
mod settings;
mod sql;
mod table;
mod terms;
#[cfg(test)]
mod tests;
mod transaction;
mod writer;

pub use backend::Storage;
pub use error::StorageError;
pub use file::Durability;
pub(super) use reader::{Lookup, PAGE_BYTES, Reader, STEP, STEP_BYTES, Within};
pub(super) use record::{Cursor, Extent, Record, Stored, Taken};
pub(super) use terms::Field;
pub(super) use transaction::Transaction;
