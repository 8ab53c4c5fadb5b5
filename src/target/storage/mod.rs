//! Where resources are kept: in memory, or in a `SQLite` file.

mod file;
mod kind;
mod memory;

pub(super) use kind::{Change, Cursor, Record, Taken, Update};
pub use kind::{Storage, StorageError};
