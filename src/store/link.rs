//! Links: which account belongs to which object.

use rusqlite::params;

use super::{Store, StoreError, object, reference, row};
use crate::base::{SourceId, TargetId};
use crate::schema::ObjectKind;

/// An object and its account; Microsoft calls it an object connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The object.
    pub source_id: SourceId,
    /// Users or groups.
    pub kind: ObjectKind,
    /// User principal name or display name when it was last seen.
    pub name: String,
    /// The account.
    pub target_id: TargetId,
}

impl Store {
    /// The links of all objects, or of one kind, by name.
    pub fn links(&self, kind: Option<ObjectKind>) -> Result<Vec<Link>, StoreError> {
        self.select("?1 IS NULL OR kind = ?1", params![kind.map(ObjectKind::as_str)])
    }

    /// The links with this source id, target id or name (ASCII letters in any case), by name.
    pub fn find_link(&self, text: &str) -> Result<Vec<Link>, StoreError> {
        // Ids are kept as they are printed: GUIDs in lower case.
        let id = SourceId::parse(text).map_or_else(|_| text.to_owned(), |id| id.to_string());
        self.select("source_id = ?1 OR target_id = ?2 OR name = ?2 COLLATE NOCASE", params![id, text])
    }

    /// Forgets an object with its account and its references; nothing happens where that is so already. The next
    /// cycle that looks at it matches it afresh.
    pub fn delete_link(&mut self, link: &Link) -> Result<(), StoreError> {
        let id = link.source_id.to_string();
        self.transaction(|sql| {
            sql.execute(object::REMOVE, (&id, link.kind.as_str()))?;
            reference::forget(sql, link.kind, &id)
        })
    }

    fn select(&self, condition: &str, values: &[&dyn rusqlite::ToSql]) -> Result<Vec<Link>, StoreError> {
        let select = format!(
            "SELECT source_id, kind, name, target_id FROM object WHERE target_id IS NOT NULL AND ({condition})
             ORDER BY name COLLATE NOCASE, source_id, kind"
        );
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Link {
                source_id: row::source_id(row, 0)?,
                kind: row::object_kind(row, 1)?,
                name: row.get(2)?,
                target_id: TargetId::new(row.get::<_, String>(3)?),
            })
        };
        self.try_sql(|sql| sql.prepare(&select)?.query_map(values, read)?.collect())
    }
}
