//! What the endpoint is like that writes a file, and what becomes of the file where another one opens it.

use rusqlite::{OptionalExtension, Row, params};
use serde_json::Value;

use super::StorageError;
use super::sql::{Sql, table};
use crate::scim::get;
use crate::target::Kind;

/// How many attributes a message names.
const NAMED: usize = 5;

impl Sql<'_> {
    /// Makes the keys of a kind anew where they were made by another rule, which `rule` is the name of.
    pub(super) fn rekey(&self, kind: Kind, rule: &str, key_of: &dyn Fn(&str) -> String) -> Result<(), StorageError> {
        let (table, name) = (table(kind), format!("{}.key", table(kind)));
        if self.setting(&name)?.as_deref() == Some(rule) {
            return Ok(());
        }
        let connection = self.connection();
        let next = format!("SELECT seq, key, body FROM {table} WHERE seq > ?1 ORDER BY seq LIMIT 1");
        let mut next = connection.prepare(&next)?;
        let mut other =
            connection.prepare(&format!("SELECT body FROM {table} WHERE key = ?1 AND seq <> ?2 LIMIT 1"))?;
        let mut update = connection.prepare(&format!("UPDATE {table} SET key = ?2 WHERE seq = ?1"))?;
        let read = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?));
        let mut last = 0;
        while let Some((seq, before, body)) = next.query_row([last], read).optional()? {
            last = seq;
            let key = key_of(&name_of(kind, &body));
            if key == before {
                continue;
            }
            let taken = other.query_row(params![key, seq], |row| row.get::<_, String>(0)).optional()?;
            if let Some(other) = taken.filter(|_| kind.has_unique_key()) {
                let (first, second) = (name_of(kind, &other), name_of(kind, &body));
                return Err(StorageError::Collision { attribute: kind.key(), first, second });
            }
            update.execute(params![seq, key])?;
        }
        self.set(&name, rule)
    }

    /// Notes which attributes resources of a kind may have. Those that they had before have to be among them.
    pub(super) fn claim(&self, kind: Kind, attributes: &[String]) -> Result<(), StorageError> {
        let name = format!("{}.attributes", table(kind));
        let value = attributes.join("\n");
        let before = self.setting(&name)?.unwrap_or_default();
        if before == value {
            return Ok(());
        }
        let is_known = |name: &&str| attributes.iter().any(|known| known.eq_ignore_ascii_case(name));
        let unknown: Vec<&str> = before.lines().filter(|name| !is_known(name)).collect();
        if unknown.is_empty() {
            return self.set(&name, &value);
        }
        let mut attributes = unknown[..unknown.len().min(NAMED)].join(", ");
        if unknown.len() > NAMED {
            attributes.push_str(", …");
        }
        Err(StorageError::Attributes { noun: kind.noun(), attributes })
    }

    fn setting(&self, name: &str) -> Result<Option<String>, StorageError> {
        let select = "SELECT value FROM settings WHERE name = ?1";
        Ok(self.connection().query_row(select, [name], |row| row.get(0)).optional()?)
    }

    fn set(&self, name: &str, value: &str) -> Result<(), StorageError> {
        let set = "INSERT INTO settings (name, value) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value";
        self.connection().execute(set, [name, value])?;
        Ok(())
    }
}

/// What people call a resource.
fn name_of(kind: Kind, body: &str) -> String {
    let document: Value = serde_json::from_str(body).unwrap_or_default();
    let name = document.as_object().and_then(|members| get(members, kind.key())?.as_str());
    name.unwrap_or_default().to_owned()
}
