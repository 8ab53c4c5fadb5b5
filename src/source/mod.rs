//! Reads what was exported from the directory: users, deleted users, groups with their members, the
//! application with its roles, assignments.
//!
//! Everything but the users is read once and kept indexed by principal ([`Export::open`]); users are
//! streamed as often as they are needed ([`Export::each_user`]), so memory doesn't grow with the
//! size of their files beyond some bytes for each assignment, membership and user id.
//!
//! An export that can't be relied on (missing, cut off, invalid) is a [`SourceError`]; a row that
//! can't be used is a diagnostic, is left out, and the reading goes on.

mod application;
mod assignments;
mod columns;
mod csv_file;
mod error;
mod export;
mod files;
mod findings;
mod group_attributes;
mod groups;
mod json_file;
mod keys;
mod managers;
mod principals;
mod roles;
mod text;
mod timeline;
mod users;
mod users_json;

#[cfg(test)]
mod tests;

pub use application::Application;
pub use error::SourceError;
pub use export::{Export, SourcePaths};
pub use files::{FileSummary, SourceKind};
pub use findings::DIAGNOSTIC_LIMIT;
pub use timeline::Timeline;
pub use users::ReadSummary;
