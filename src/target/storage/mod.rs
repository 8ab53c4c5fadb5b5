//! Where resources are kept: in memory, or in a `SQLite` file.
//!
//! Everything that writes is a unit of work, a closure that gets a [`Transaction`]: all that it did stands, or nothing
//! where it returned an error. In memory it runs at once, under the lock. A file has one thread that writes: it takes
//! the units that wait, runs each in a savepoint of one transaction, commits, and only then answers all of them. So many
//! clients at once share the cost of a commit, and what was answered survives. Reading has connections of its own, which
//! see what was committed.

mod backend;
mod error;
mod file;
mod memory;
mod sql;
mod table;
mod transaction;
mod writer;

pub use backend::Storage;
pub(super) use backend::{Cursor, Record, Taken};
pub use error::StorageError;
pub(super) use transaction::Transaction;

#[cfg(test)]
mod tests;
