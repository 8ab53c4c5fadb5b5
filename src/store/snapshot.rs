//! What is remembered of all objects, read once and kept for as long as nobody changes it.

use std::sync::Arc;

use rusqlite::Connection;

use super::{ObjectStates, References, Store, StoreError, Watermark};
use crate::schema::ObjectKind;

/// Everything that a cycle goes on from, in memory and read-only.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The saved states of users.
    pub users: Arc<ObjectStates>,
    /// The saved states of groups.
    pub groups: Arc<ObjectStates>,
    /// The references that were sent.
    pub references: Arc<References>,
    /// What the source looked like; `None` means that the next cycle is initial.
    pub watermark: Option<Arc<Watermark>>,
}

/// Which content the file has: another one is another stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Is another number once another connection has committed something.
    others: i64,
    /// How many rows this connection has changed.
    own: u64,
}

impl Stamp {
    pub(super) fn of(sql: &Connection) -> rusqlite::Result<Self> {
        let others = sql.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
        Ok(Self { others, own: sql.total_changes() })
    }

    /// The same, after changes of this connection that left the snapshot true.
    pub(super) fn after_own(self, sql: &Connection) -> Self {
        Self { own: sql.total_changes(), ..self }
    }
}

impl Store {
    /// Which content the file has now, for somebody who wants to know later whether anything was written since.
    pub fn stamp(&self) -> Result<Stamp, StoreError> {
        self.try_sql(Stamp::of)
    }

    /// What is remembered now, all of one moment. It is read again only if something but a cycle's end was written since
    /// the last time, here or by another process.
    pub fn snapshot(&self) -> Result<Snapshot, StoreError> {
        if let Some(snapshot) = self.kept_snapshot()? {
            return Ok(snapshot);
        }
        let (stamp, snapshot) = self.reading(|| {
            let stamp = self.try_sql(Stamp::of)?;
            let snapshot = Snapshot {
                users: Arc::new(self.objects(ObjectKind::User)?),
                groups: Arc::new(self.objects(ObjectKind::Group)?),
                references: Arc::new(self.references()?),
                watermark: self.watermark()?.map(Arc::new),
            };
            Ok((stamp, snapshot))
        })?;
        self.kept.replace(Some((stamp, snapshot.clone())));
        Ok(snapshot)
    }

    /// The snapshot that was read last, if the file still says so; otherwise it is dropped.
    pub(super) fn kept_snapshot(&self) -> Result<Option<Snapshot>, StoreError> {
        let Some((stamp, snapshot)) = self.kept.take() else { return Ok(None) };
        if self.try_sql(Stamp::of)? != stamp {
            return Ok(None);
        }
        self.kept.replace(Some((stamp, snapshot.clone())));
        Ok(Some(snapshot))
    }
}
