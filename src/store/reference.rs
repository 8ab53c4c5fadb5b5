//! References that were sent: members of groups, managers of users.

use std::fmt;

use rusqlite::{Connection, params};

use super::{Store, StoreError, row};
use crate::base::SourceId;
use crate::plan::Sent;
use crate::schema::ObjectKind;

/// How what is remembered of one reference of an object changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceChange {
    /// `members` of a group, the target attribute of a user.
    pub attribute: Box<str>,
    /// The object that is referred to.
    pub referenced: SourceId,
    /// Whether it is at the target, as far as that is known; `None` forgets it.
    pub state: Option<Sent>,
}

/// Every reference that is remembered, in memory and read-only.
///
/// It takes 32 bytes for a reference, and 40 for each object and attribute that has any.
#[derive(Default)]
pub struct References {
    /// Sorted by kind, owner, attribute.
    owners: Vec<Owner>,
    /// Those of one owner and attribute stand together, sorted by id.
    entries: Vec<(SourceId, Sent)>,
    attributes: Vec<Box<str>>,
}

struct Owner {
    id: SourceId,
    kind: ObjectKind,
    /// Index of its name.
    attribute: u16,
    start: u32,
    end: u32,
}

/// The references in one attribute of one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReferencesOf<'a> {
    /// Kind of the object.
    pub kind: ObjectKind,
    /// The object.
    pub owner: &'a SourceId,
    /// The attribute.
    pub attribute: &'a str,
    /// What it refers to, sorted by id.
    pub referenced: &'a [(SourceId, Sent)],
}

impl References {
    /// What an attribute of an object refers to, sorted by id.
    pub fn of(&self, kind: ObjectKind, owner: &SourceId, attribute: &str) -> &[(SourceId, Sent)] {
        let Some(attribute) = self.attributes.iter().position(|known| **known == *attribute) else { return &[] };
        let key = (kind.as_str(), owner, attribute);
        let found = self.owners.binary_search_by(|owner| owner.key().cmp(&key));
        found.map_or(&[], |at| self.entries_of(&self.owners[at]))
    }

    /// All of them: groups before users, each sorted by id.
    pub fn iter(&self) -> impl Iterator<Item = ReferencesOf<'_>> {
        self.owners.iter().map(|owner| ReferencesOf {
            kind: owner.kind,
            owner: &owner.id,
            attribute: &self.attributes[usize::from(owner.attribute)],
            referenced: self.entries_of(owner),
        })
    }

    /// How many references there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn entries_of(&self, owner: &Owner) -> &[(SourceId, Sent)] {
        &self.entries[owner.start as usize..owner.end as usize]
    }

    /// Adds a row; those of one owner and attribute come one after the other.
    fn push(&mut self, row: &rusqlite::Row<'_>) -> rusqlite::Result<()> {
        let id = row::source_id(row, 0)?;
        let kind = row::object_kind(row, 1)?;
        let attribute = self.attribute(row)?;
        let sent = match row.get(4)? {
            1 => Sent::Yes,
            0 => Sent::No,
            2 => Sent::Maybe,
            other => return Err(row::unreadable(4, "the state of a reference", i64::to_string(&other))),
        };
        let end = u32::try_from(self.entries.len()).expect("fewer than four billion");
        let same = |owner: &Owner| owner.key() == (kind.as_str(), &id, usize::from(attribute));
        if !self.owners.last().is_some_and(same) {
            self.owners.push(Owner { id, kind, attribute, start: end, end });
        }
        self.entries.push((row::source_id(row, 3)?, sent));
        self.owners.last_mut().expect("there is one now").end = end + 1;
        Ok(())
    }

    fn attribute(&mut self, row: &rusqlite::Row<'_>) -> rusqlite::Result<u16> {
        let name = row.get_ref(2)?.as_str().map_err(|_| row::unreadable(2, "an attribute", "no text"))?;
        let known = self.attributes.iter().position(|known| **known == *name);
        let index = known.unwrap_or_else(|| {
            self.attributes.push(name.into());
            self.attributes.len() - 1
        });
        u16::try_from(index).map_err(|_| row::unreadable(2, "one attribute more", name))
    }

    fn sort(&mut self) {
        for owner in &self.owners {
            self.entries[owner.start as usize..owner.end as usize].sort_unstable();
        }
        self.owners.sort_unstable_by(|a, b| a.key().cmp(&b.key()));
    }
}

impl Owner {
    fn key(&self) -> (&'static str, &SourceId, usize) {
        (self.kind.as_str(), &self.id, usize::from(self.attribute))
    }
}

/// Says how many there are.
impl fmt::Debug for References {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "References({} of {} attributes of objects)", self.len(), self.owners.len())
    }
}

impl Store {
    /// Every reference that is remembered.
    pub fn references(&self) -> Result<References, StoreError> {
        let select = "SELECT owner, kind, attribute, referenced, sent FROM reference
                      ORDER BY owner, kind, attribute, referenced";
        self.try_sql(|sql| {
            let mut references = References::default();
            let mut statement = sql.prepare(select)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                references.push(row)?;
            }
            references.sort();
            Ok(references)
        })
    }
}

/// Writes how the references of an object change.
pub(super) fn apply(
    sql: &Connection,
    kind: ObjectKind,
    owner: &str,
    changes: &[ReferenceChange],
) -> rusqlite::Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    let mut put = sql.prepare_cached(
        "INSERT INTO reference (owner, kind, attribute, referenced, sent) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET sent = ?5",
    )?;
    let mut remove = sql.prepare_cached(
        "DELETE FROM reference WHERE owner = ?1 AND kind = ?2 AND attribute = ?3 AND referenced = ?4",
    )?;
    for ReferenceChange { attribute, referenced, state } in changes {
        let referenced = referenced.to_string();
        match state {
            Some(sent) => {
                let sent = match sent {
                    Sent::No => 0,
                    Sent::Yes => 1,
                    Sent::Maybe => 2,
                };
                put.execute(params![owner, kind.as_str(), attribute, referenced, sent])?
            }
            None => remove.execute(params![owner, kind.as_str(), attribute, referenced])?,
        };
    }
    Ok(())
}

/// Forgets the references of an object, and those to it: whatever it is linked to now, they are sent again. Whether a
/// user or a group is referred to isn't kept: ids are unique in a directory.
pub(super) fn forget(sql: &Connection, kind: ObjectKind, id: &str) -> rusqlite::Result<()> {
    forget_own(sql, kind, id)?;
    sql.prepare_cached("DELETE FROM reference WHERE referenced = ?1")?.execute([id]).map(drop)
}

/// Forgets the references of an object that is gone. Those to it have gone from the target with its account, and are
/// remembered as references to an object without one.
pub(super) fn lose(sql: &Connection, kind: ObjectKind, id: &str) -> rusqlite::Result<()> {
    forget_own(sql, kind, id)?;
    sql.prepare_cached("UPDATE reference SET sent = 0 WHERE referenced = ?1")?.execute([id]).map(drop)
}

fn forget_own(sql: &Connection, kind: ObjectKind, id: &str) -> rusqlite::Result<()> {
    sql.prepare_cached("DELETE FROM reference WHERE owner = ?1 AND kind = ?2")?.execute((id, kind.as_str())).map(drop)
}
