//! Where resources are kept: in memory, or in a `SQLite` file.

mod backend;
mod file;
mod memory;

pub(super) use backend::{Change, Cursor, Record, Taken, Update, Within};
pub use backend::{Storage, StorageError};
