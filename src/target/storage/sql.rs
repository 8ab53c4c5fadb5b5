//! What is asked of a `SQLite` file, by readers and by the writer alike.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};
use serde_json::Value;

use super::StorageError;
use super::members::{self, entries, value_of};
use super::milestones::{DISTANCE, Milestones};
use super::reader::{Lookup, PAGE_BYTES, Reader, STEP, STEP_BYTES, Within, memberships};
use super::record::{Cursor, Extent, Members, Record, Stored, Taken};
use super::terms::{Term, member_term, terms_of};
use crate::target::Kind;

/// A connection and what it can be asked.
pub(super) struct Sql<'c> {
    connection: &'c Connection,
    milestones: Option<&'c Milestones>,
}

/// The table of a kind.
pub(super) const fn table(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "users",
        Kind::Group => "groups",
    }
}

/// What is read of a resource.
const fn columns(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "r.seq, r.body, NULL",
        Kind::Group => "r.seq, r.body, r.members_at",
    }
}

/// A row of these.
struct Found {
    seq: i64,
    body: Arc<str>,
    members_at: Option<u32>,
}

/// Some of what is read in steps.
struct Read {
    found: Vec<Stored>,
    is_last: bool,
}

fn found(row: &Row<'_>) -> rusqlite::Result<Found> {
    Ok(Found { seq: row.get(0)?, body: text(row, 1)?, members_at: row.get(2)? })
}

fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<Arc<str>> {
    row.get_ref(column)?.as_str().map(Arc::from).map_err(Into::into)
}

impl<'c> Sql<'c> {
    pub(super) fn new(connection: &'c Connection) -> Self {
        Self { connection, milestones: None }
    }

    /// With marks that make pages quick to find.
    pub(super) fn with(connection: &'c Connection, milestones: &'c Milestones) -> Self {
        Self { connection, milestones: Some(milestones) }
    }

    pub(super) fn connection(&self) -> &Connection {
        self.connection
    }

    #[cfg(test)]
    pub(super) fn limit(&self, pages: u32) {
        let count: u32 = self.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        let limit = format!("PRAGMA max_page_count = {}", count + pages);
        self.connection.query_row(&limit, [], |_| Ok(())).unwrap();
    }

    fn execute(&self, sql: &str, values: impl rusqlite::Params) -> Result<usize, StorageError> {
        Ok(self.connection.prepare_cached(sql)?.execute(values)?)
    }

    fn stored(&self, kind: Kind, found: Found, extent: Extent) -> Result<Stored, StorageError> {
        let members = match found.members_at.filter(|_| extent.members) {
            Some(at) => Some((at, Pieces::of(self, found.seq).texts()?)),
            None => None,
        };
        let mut stored = Stored::new(found.body, members);
        if kind == Kind::User && extent.groups {
            stored.groups = memberships(self, &stored.id())?;
        }
        Ok(stored)
    }

    /// Reads rows in their order until they are as many as can be held at once; the cursor is at the last one.
    fn step(
        &self,
        kind: Kind,
        rest: &str,
        values: &[&dyn ToSql],
        cursor: &mut Cursor,
        extent: Extent,
    ) -> Result<Read, StorageError> {
        let select = format!("SELECT {} FROM {rest} LIMIT {STEP}", columns(kind));
        let mut select = self.connection.prepare_cached(&select)?;
        let (mut read, mut bytes) = (Vec::new(), 0);
        for row in select.query_map(values, found)? {
            let row = row?;
            cursor.0 = row.seq.unsigned_abs();
            let stored = self.stored(kind, row, extent)?;
            bytes += stored.len();
            read.push(stored);
            if bytes > STEP_BYTES {
                return Ok(Read { found: read, is_last: false });
            }
        }
        Ok(Read { is_last: read.len() < STEP, found: read })
    }

    /// How many of a kind there are, and how many were deleted ever.
    fn totals(&self, kind: Kind) -> Result<(u64, u64), StorageError> {
        let select = "SELECT live, deleted FROM totals WHERE name = ?1";
        let read = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
        let (live, deleted) = self.connection.prepare_cached(select)?.query_row([table(kind)], read)?;
        Ok((live.unsigned_abs(), deleted.unsigned_abs()))
    }

    /// After which row the page of an offset begins, and how many rows further on.
    fn start(&self, kind: Kind, offset: u64, deleted: u64) -> Result<(i64, u64), StorageError> {
        let Some(milestones) = self.milestones else { return Ok((0, offset)) };
        let mut known = milestones.known(kind, deleted);
        let wanted = usize::try_from(offset / DISTANCE).unwrap_or(usize::MAX);
        let next = format!(
            "SELECT max(seq), count(*) FROM (SELECT seq FROM {} WHERE seq > ?1 ORDER BY seq LIMIT {DISTANCE})",
            table(kind)
        );
        let mut next = self.connection.prepare_cached(&next)?;
        let had = known.len();
        while known.len() < wanted {
            let read = |row: &Row<'_>| Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, i64>(1)?));
            let (seq, count) = next.query_row([known.last().copied().unwrap_or_default()], read)?;
            match seq {
                Some(seq) if count.unsigned_abs() == DISTANCE => known.push(seq),
                _ => break,
            }
        }
        let reached = known.len().min(wanted);
        let start = reached.checked_sub(1).map_or(0, |last| known[last]);
        if known.len() > had {
            milestones.learn(kind, deleted, known);
        }
        Ok((start, offset - reached as u64 * DISTANCE))
    }

    fn seq(&self, kind: Kind, id: &str) -> Result<Option<i64>, StorageError> {
        let select = format!("SELECT seq FROM {} WHERE id = ?1", table(kind));
        Ok(self.connection.prepare_cached(&select)?.query_row([id], |row| row.get(0)).optional()?)
    }
}

impl Reader for Sql<'_> {
    fn high_water(&self) -> Result<u64, StorageError> {
        let select = "SELECT sum(live + deleted) FROM totals";
        let made: i64 = self.connection.query_row(select, [], |row| row.get(0))?;
        Ok(made.unsigned_abs())
    }

    fn find(
        &self,
        kind: Kind,
        lookup: Lookup<'_>,
        cursor: &mut Cursor,
        extent: Extent,
    ) -> Result<Vec<Stored>, StorageError> {
        let (table, after) = (table(kind), signed(cursor.0));
        let mut last = *cursor;
        let step = match lookup {
            Lookup::Id(id) => self.step(kind, &format!("{table} r WHERE r.id = ?1"), &[&id], &mut last, extent),
            Lookup::Key(key) => {
                let rest = format!("{table} r WHERE r.key = ?1 AND r.seq > ?2 ORDER BY r.seq");
                self.step(kind, &rest, &[&key, &after], &mut last, extent)
            }
            Lookup::Field(field, text) => {
                let rest = format!(
                    "{table}_terms t JOIN {table} r ON r.seq = t.seq WHERE t.term = ?1 AND t.seq > ?2 ORDER BY t.seq"
                );
                self.step(kind, &rest, &[&number(field.term(text)), &after], &mut last, extent)
            }
            Lookup::Member(member) => {
                let rest = "groups r WHERE r.seq IN (SELECT m.seq FROM memberships m
                            JOIN pieces p ON p.seq = m.seq AND p.number = m.number
                            WHERE m.term = ?1 AND m.seq > ?2 AND instr(p.entries, ?3) > 0) ORDER BY r.seq";
                let values: [&dyn ToSql; 3] = [&number(member_term(member)), &after, &members::mark(member)];
                self.step(kind, rest, &values, &mut last, extent)
            }
        }?;
        *cursor = if step.is_last { Cursor::END } else { last };
        Ok(step.found)
    }

    fn hits(&self, kind: Kind, lookup: Lookup<'_>, limit: usize) -> Result<usize, StorageError> {
        let table = table(kind);
        let limit = signed(limit as u64);
        let count = |rest: &str, value: &dyn ToSql| -> Result<usize, StorageError> {
            let count = format!("SELECT count(*) FROM (SELECT 1 FROM {rest} = ?1 LIMIT ?2)");
            let read = |row: &Row<'_>| row.get::<_, u32>(0);
            Ok(self.connection.prepare_cached(&count)?.query_row(params![value, limit], read)? as usize)
        };
        match lookup {
            Lookup::Id(id) => count(&format!("{table} WHERE id"), &id),
            Lookup::Key(key) => count(&format!("{table} WHERE key"), &key),
            Lookup::Field(field, text) => count(&format!("{table}_terms WHERE term"), &number(field.term(text))),
            Lookup::Member(member) => count("memberships WHERE term", &number(member_term(member))),
        }
    }

    fn page(&self, kind: Kind, offset: u64, limit: usize, extent: Extent) -> Result<(u64, Vec<Stored>), StorageError> {
        let (live, deleted) = self.totals(kind)?;
        if offset >= live || limit == 0 {
            return Ok((live, Vec::new()));
        }
        let (start, offset) = self.start(kind, offset, deleted)?;
        let (columns, table) = (columns(kind), table(kind));
        let page = format!("SELECT {columns} FROM {table} r WHERE r.seq > ?1 ORDER BY r.seq LIMIT ?2 OFFSET ?3");
        let mut page = self.connection.prepare_cached(&page)?;
        let (mut stored, mut bytes) = (Vec::new(), 0);
        for row in page.query_map(params![start, signed(limit as u64), signed(offset)], found)? {
            let one = self.stored(kind, row?, extent)?;
            bytes += one.len();
            stored.push(one);
            if bytes >= PAGE_BYTES {
                break;
            }
        }
        Ok((live, stored))
    }

    fn walk(&self, kind: Kind, cursor: &mut Cursor, extent: Extent) -> Result<Vec<Stored>, StorageError> {
        let rest = format!("{} r WHERE r.seq > ?1 ORDER BY r.seq", table(kind));
        let after = signed(cursor.0);
        Ok(self.step(kind, &rest, &[&after], cursor, extent)?.found)
    }

    fn by_key_part(
        &self,
        kind: Kind,
        part: &str,
        within: Within,
        offset: u64,
        limit: usize,
        extent: Extent,
    ) -> Result<Vec<Stored>, StorageError> {
        // no text that begins with the part sorts behind the part and the last of all characters
        let condition = match within {
            Within::Beginning => "r.key >= ?1 AND r.key < ?1 || char(1114111)",
            Within::Further => "instr(r.key, ?1) > 1",
        };
        let (columns, table) = (columns(kind), table(kind));
        let select =
            format!("SELECT {columns} FROM {table} r WHERE {condition} ORDER BY r.key, r.seq LIMIT ?2 OFFSET ?3");
        let mut select = self.connection.prepare_cached(&select)?;
        let rows = select.query_map(params![part, signed(limit as u64), signed(offset)], found)?;
        rows.map(|found| self.stored(kind, found?, extent)).collect()
    }

    fn members(&self, group: &str) -> Result<Vec<String>, StorageError> {
        let Some(seq) = self.seq(Kind::Group, group)? else { return Ok(Vec::new()) };
        let texts = Pieces::of(self, seq).texts()?;
        let entries = texts.iter().flat_map(|text| entries(text));
        Ok(entries.filter_map(|entry| value_of(&entry).map(str::to_owned)).collect())
    }

    fn members_size(&self, group: &str) -> Result<usize, StorageError> {
        let select = "SELECT members_size FROM groups WHERE id = ?1";
        let size = self.connection.prepare_cached(select)?.query_row([group], |row| row.get::<_, u32>(0)).optional()?;
        Ok(size.unwrap_or_default() as usize)
    }

    fn groups_with(&self, member: &str) -> Result<Vec<(String, Option<String>)>, StorageError> {
        let (mut cursor, mut names) = (Cursor::default(), Vec::new());
        while !cursor.is_at_end() {
            let groups = self.find(Kind::Group, Lookup::Member(member), &mut cursor, Extent::BODY)?;
            names.extend(groups.iter().map(Stored::name));
        }
        Ok(names)
    }
}

/// What a row is before it changes.
struct Current {
    seq: i64,
    key: Arc<str>,
    body: Arc<str>,
}

/// What only the writer does.
impl Sql<'_> {
    pub(super) fn insert(&self, kind: Kind, record: &Record) -> Result<Result<(), Taken>, StorageError> {
        let table = table(kind);
        let Record { id, key, body, .. } = record;
        // an id is unique among all resources (RFC 7643 section 3.1)
        let insert = format!(
            "INSERT INTO {table} (id, key, body) SELECT ?1, ?2, ?3 WHERE NOT EXISTS (SELECT 1 FROM {} WHERE id = ?1)
             ON CONFLICT DO NOTHING",
            self::table(kind.other())
        );
        if self.execute(&insert, params![id, key, body])? == 0 {
            let has_id = self.seq(kind, id)?.is_some() || self.seq(kind.other(), id)?.is_some();
            return Ok(Err(if has_id { Taken::Id } else { Taken::Key }));
        }
        let seq = self.connection.last_insert_rowid();
        self.execute("UPDATE totals SET live = live + 1 WHERE name = ?1", [table])?;
        self.add_terms(kind, seq, &record.terms)?;
        if kind == Kind::Group {
            self.rewrite(seq, record)?;
        }
        Ok(Ok(()))
    }

    pub(super) fn update(&self, kind: Kind, record: &Record) -> Result<Result<(), Taken>, StorageError> {
        let table = table(kind);
        let Some(Current { seq, key, body }) = self.current(kind, &record.id)? else { return Ok(Ok(())) };
        // Setting the key writes its index even where it stays the same.
        if *key != record.key {
            if kind.has_unique_key() {
                let other = format!("SELECT 1 FROM {table} WHERE key = ?1");
                if self.connection.prepare_cached(&other)?.exists([&record.key])? {
                    return Ok(Err(Taken::Key));
                }
            }
            self.execute(&format!("UPDATE {table} SET key = ?2 WHERE seq = ?1"), params![seq, record.key])?;
        }
        let before = terms_of(kind, &body);
        let is_new = |term: &&Term| !before.contains(term);
        self.remove_terms(kind, seq, before.iter().filter(|term| !record.terms.contains(term)))?;
        self.add_terms(kind, seq, record.terms.iter().filter(is_new))?;
        match kind {
            Kind::User => {
                self.execute("UPDATE users SET body = ?2 WHERE seq = ?1", params![seq, record.body])?;
            }
            Kind::Group => self.rewrite(seq, record)?,
        }
        Ok(Ok(()))
    }

    pub(super) fn delete(&self, kind: Kind, id: &str) -> Result<bool, StorageError> {
        let table = table(kind);
        let Some(Current { seq, body, .. }) = self.current(kind, id)? else { return Ok(false) };
        if kind == Kind::Group {
            members::write(&mut Pieces::of(self, seq), &Members::All(Vec::new()))?;
        }
        self.remove_terms(kind, seq, &terms_of(kind, &body))?;
        self.execute(&format!("DELETE FROM {table} WHERE seq = ?1"), [seq])?;
        self.execute("UPDATE totals SET live = live - 1, deleted = deleted + 1 WHERE name = ?1", [table])?;
        Ok(true)
    }

    pub(super) fn named_members(&self, group: &str, values: &[String]) -> Result<Vec<Value>, StorageError> {
        match self.seq(Kind::Group, group)? {
            Some(seq) => members::named(&Pieces::of(self, seq), values),
            None => Ok(Vec::new()),
        }
    }

    /// Writes the body of a group that is there, and its members.
    pub(super) fn rewrite(&self, seq: i64, record: &Record) -> Result<(), StorageError> {
        let update = "UPDATE groups SET body = ?2, members_at = ?3 WHERE seq = ?1";
        self.execute(update, params![seq, record.body, record.members_at])?;
        members::write(&mut Pieces::of(self, seq), &record.members)
    }

    pub(super) fn add_terms<'t>(
        &self,
        kind: Kind,
        seq: i64,
        terms: impl IntoIterator<Item = &'t Term>,
    ) -> Result<(), StorageError> {
        let insert = format!("INSERT OR IGNORE INTO {}_terms (term, seq) VALUES (?1, ?2)", table(kind));
        terms.into_iter().try_for_each(|term| self.execute(&insert, params![number(*term), seq]).map(drop))
    }

    fn remove_terms<'t>(
        &self,
        kind: Kind,
        seq: i64,
        terms: impl IntoIterator<Item = &'t Term>,
    ) -> Result<(), StorageError> {
        let delete = format!("DELETE FROM {}_terms WHERE term = ?1 AND seq = ?2", table(kind));
        terms.into_iter().try_for_each(|term| self.execute(&delete, params![number(*term), seq]).map(drop))
    }

    fn current(&self, kind: Kind, id: &str) -> Result<Option<Current>, StorageError> {
        let select = format!("SELECT seq, key, body FROM {} WHERE id = ?1", table(kind));
        let read = |row: &Row<'_>| Ok(Current { seq: row.get(0)?, key: text(row, 1)?, body: text(row, 2)? });
        Ok(self.connection.prepare_cached(&select)?.query_row([id], read).optional()?)
    }
}

/// The members of a group.
struct Pieces<'s, 'c> {
    sql: &'s Sql<'c>,
    seq: i64,
}

impl<'s, 'c> Pieces<'s, 'c> {
    fn of(sql: &'s Sql<'c>, seq: i64) -> Self {
        Self { sql, seq }
    }

    fn texts(&self) -> Result<Vec<Arc<str>>, StorageError> {
        let select = "SELECT entries FROM pieces WHERE seq = ?1 ORDER BY number";
        let mut select = self.sql.connection.prepare_cached(select)?;
        Ok(select.query_map([self.seq], |row| text(row, 0))?.collect::<Result<_, _>>()?)
    }

    fn some_numbers(&self, sql: &str, values: impl rusqlite::Params) -> Result<Vec<u32>, StorageError> {
        let mut select = self.sql.connection.prepare_cached(sql)?;
        Ok(select.query_map(values, |row| row.get(0))?.collect::<Result<_, _>>()?)
    }
}

impl members::Pieces for Pieces<'_, '_> {
    fn numbers(&self) -> Result<Vec<u32>, StorageError> {
        self.some_numbers("SELECT number FROM pieces WHERE seq = ?1 ORDER BY number", [self.seq])
    }

    fn last(&self) -> Result<Option<u32>, StorageError> {
        let last = "SELECT number FROM pieces WHERE seq = ?1 ORDER BY number DESC LIMIT 1";
        Ok(self.some_numbers(last, [self.seq])?.pop())
    }

    fn with(&self, term: Term) -> Result<Vec<u32>, StorageError> {
        let select = "SELECT number FROM memberships WHERE term = ?1 AND seq = ?2";
        self.some_numbers(select, [number(term), self.seq])
    }

    fn text(&self, number: u32) -> Result<Option<Arc<str>>, StorageError> {
        let select = "SELECT entries FROM pieces WHERE seq = ?1 AND number = ?2";
        let mut select = self.sql.connection.prepare_cached(select)?;
        Ok(select.query_row(params![self.seq, number], |row| text(row, 0)).optional()?)
    }

    fn put(&mut self, number: u32, text: Option<String>) -> Result<(), StorageError> {
        let before = self.text(number)?;
        let (was, is) = (members::terms_of(before.as_deref()), members::terms_of(text.as_deref()));
        let forget = "DELETE FROM memberships WHERE term = ?1 AND seq = ?2 AND number = ?3";
        for term in was.difference(&is) {
            self.sql.execute(forget, params![self::number(*term), self.seq, number])?;
        }
        let note = "INSERT INTO memberships (term, seq, number) VALUES (?1, ?2, ?3)";
        for term in is.difference(&was) {
            self.sql.execute(note, params![self::number(*term), self.seq, number])?;
        }
        let size = |text: Option<&str>| text.map_or(0, |text| signed(text.len() as u64 + 1));
        let grows = size(text.as_deref()) - size(before.as_deref());
        match text {
            Some(text) => {
                let put = "INSERT INTO pieces (seq, number, entries) VALUES (?1, ?2, ?3)
                           ON CONFLICT DO UPDATE SET entries = excluded.entries";
                self.sql.execute(put, params![self.seq, number, text])?;
            }
            None => {
                self.sql.execute("DELETE FROM pieces WHERE seq = ?1 AND number = ?2", params![self.seq, number])?;
            }
        }
        self.sql.execute("UPDATE groups SET members_size = members_size + ?2 WHERE seq = ?1", [self.seq, grows])?;
        Ok(())
    }
}

fn number(term: Term) -> i64 {
    term.0.cast_signed()
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
