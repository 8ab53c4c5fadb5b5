//! Streams users from CSV and JSON files.

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::sync::OnceLock;

use csv::ByteRecord;
use rustc_hash::{FxHashMap, FxHashSet};

use super::SourceError;
use super::columns::{Basics, Fill, UserColumns, bad_cell, boolean, deleted_since, fills};
use super::csv_file::CsvFile;
use super::files::{FileSummary, Input, InputFile, SourceKind};
use super::findings::Findings;
use super::json_file::{Ending, each_object, parse};
use super::keys::Keys;
use super::text::Text;
use super::users_json::{Removal, UserObject, UserReading, UserSeed};
use crate::base::{Diagnostic, SourceId};
use crate::directory::{AttributeNames, AttributeValue, Deletion, Known, User};

/// What one reading of the users came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadSummary {
    /// Users that were handed out, deleted ones included.
    pub users: u64,
    /// How many of them are in the recycle bin.
    pub deleted: u64,
    /// Rows and objects that were looked at, skipped ones included.
    pub rows: u64,
    /// What was found, in the order of the files; no more than [`super::DIAGNOSTIC_LIMIT`].
    pub diagnostics: Vec<Diagnostic>,
    /// How many findings there were.
    pub diagnostic_count: u64,
    /// Whether the receiver ended the reading early.
    pub stopped: bool,
}

/// Users of one configured path.
#[derive(Debug)]
pub(super) struct UserSource {
    input: Input,
    formats: Vec<Format>,
    keys: Keys,
    /// Objects that a delta page removes and no later one brings back.
    removed: FxHashMap<SourceId, Removal>,
    columns: Vec<String>,
    /// Learnt by the first complete reading.
    rows: OnceLock<u64>,
}

#[derive(Debug, Clone)]
enum Format {
    Csv { columns: UserColumns, text: String },
    Json(Ending),
}

/// The ids that were met.
#[derive(Debug, Default)]
struct Met {
    guids: FxHashSet<u128>,
    texts: FxHashSet<SourceId>,
}

impl Met {
    fn add(&mut self, id: &SourceId) -> bool {
        match id.guid() {
            Some(guid) => self.guids.insert(guid.as_u128()),
            None => self.texts.insert(id.clone()),
        }
    }
}

/// What goes through one reading of all users.
pub(super) struct Pass<'a> {
    met: Met,
    findings: Findings,
    summary: ReadSummary,
    /// Numbers of the rows that repeat an id, ascending, where an earlier pass found them.
    duplicates: Option<&'a [u64]>,
    new_duplicates: Vec<u64>,
    f: &'a mut dyn FnMut(User<'_>) -> ControlFlow<()>,
}

impl<'a> Pass<'a> {
    pub(super) fn new(duplicates: Option<&'a [u64]>, f: &'a mut dyn FnMut(User<'_>) -> ControlFlow<()>) -> Self {
        Self {
            met: Met::default(),
            findings: Findings::default(),
            summary: ReadSummary::default(),
            duplicates,
            new_duplicates: Vec::new(),
            f,
        }
    }

    /// Ends the pass; the second part are the numbers of rows that repeat an id.
    pub(super) fn finish(self) -> (ReadSummary, Vec<u64>) {
        let Findings { kept, total } = self.findings;
        let summary = ReadSummary { diagnostics: kept, diagnostic_count: total, ..self.summary };
        (summary, self.new_duplicates)
    }

    /// Whether the row in hand is the first with this id.
    fn is_first(&mut self, id: &SourceId) -> bool {
        let row = self.summary.rows;
        if let Some(duplicates) = self.duplicates {
            return duplicates.binary_search(&row).is_err();
        }
        let first = self.met.add(id);
        if !first {
            self.new_duplicates.push(row);
        }
        first
    }

    fn hand_out(&mut self, user: User<'_>) -> ControlFlow<()> {
        self.summary.users += 1;
        self.summary.deleted += u64::from(user.deletion != Deletion::None);
        let flow = (self.f)(user);
        self.summary.stopped |= flow.is_break();
        flow
    }
}

impl UserSource {
    pub(super) fn open(input: Input) -> Result<Self, SourceError> {
        let mut formats = Vec::with_capacity(input.files.len());
        let mut learning = UserReading::learning(Keys::default());
        let mut removed = FxHashMap::default();
        let mut columns: Vec<String> = Vec::new();
        let mut add = |name: &str| {
            if !columns.iter().any(|known| known == name) {
                columns.push(name.to_owned());
            }
        };
        for (index, file) in input.files.iter().enumerate() {
            if is_json(file)? {
                let ending = learn(file, &mut learning, &mut removed)?;
                check_next_link(file, &ending, index + 1 == input.files.len())?;
                formats.push(Format::Json(ending));
            } else {
                let csv = CsvFile::open(file)?;
                let columns = UserColumns::of(&csv.name, &csv.header, input.kind == SourceKind::Users)?;
                columns.names().for_each(&mut add);
                formats.push(Format::Csv { columns, text: csv.format() });
            }
        }
        let keys = learning.keys;
        keys.iter().filter(|(_, key)| key.is_column()).for_each(|(_, key)| add(&key.attribute));
        let source = Self { input, formats, keys, removed, columns, rows: OnceLock::new() };
        source.check_members()?;
        Ok(source)
    }

    /// JSON users need an id and a name as the columns of a CSV do.
    fn check_members(&self) -> Result<(), SourceError> {
        let objects = self.formats.iter().map(|format| if let Format::Json(end) = format { end.objects } else { 0 });
        if objects.sum::<u64>() <= self.removed.len() as u64 {
            return Ok(());
        }
        let needed: &[&str] = match self.input.kind {
            SourceKind::Users => &["objectId", "userPrincipalName"],
            _ => &["objectId"],
        };
        let Some(missing) = needed.iter().find(|name| !self.keys.has(name)) else { return Ok(()) };
        let property = if *missing == "objectId" { "id" } else { missing };
        let found: Vec<_> = self.columns.iter().map(String::as_str).collect();
        Err(SourceError::json(
            Diagnostic::error(format!("no user object has `{property}`; found: {}", found.join(", ")))
                .in_file(self.input.path.display().to_string())
                .with_hint(format!("add `{property}` to `$select` and export again")),
        ))
    }

    pub(super) fn input(&self) -> &Input {
        &self.input
    }

    pub(super) fn columns(&self) -> &[String] {
        &self.columns
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.keys.has(name) || self.columns.iter().any(|known| known == name)
    }

    pub(super) fn summary(&self) -> FileSummary {
        let format = match self.formats.first() {
            Some(Format::Csv { text, .. }) => text.clone(),
            Some(Format::Json(ending)) => json_format(ending),
            None => String::new(),
        };
        let json = self.formats.iter().try_fold(0, |all, format| match format {
            Format::Json(ending) => Some(all + ending.objects),
            Format::Csv { .. } => None,
        });
        FileSummary {
            kind: self.input.kind,
            path: self.input.path.clone(),
            files: self.input.files.len(),
            format,
            rows: self.rows.get().copied().or(json),
        }
    }

    /// Hands out every user of the source.
    pub(super) fn each(&self, names: &AttributeNames, pass: &mut Pass<'_>) -> Result<ControlFlow<()>, SourceError> {
        self.input.check_unchanged()?;
        let before = pass.summary.rows;
        let mut reading = UserReading::of(&self.keys, names.len(), &|name| {
            names.get(name).filter(|_| self.keys.has(name)).map(|slot| usize::from(slot.0))
        });
        let json_fills = fills(names, &|name| self.keys.has(name), &|name| {
            names.get(name).map_or(usize::MAX, |slot| usize::from(slot.0))
        });
        for (file, format) in self.input.files.iter().zip(&self.formats) {
            match format {
                Format::Csv { columns, .. } => self.each_row(file, columns, &columns.fills(names), pass)?,
                Format::Json(_) => self.each_object(file, &mut reading, &json_fills, pass)?,
            }
            if pass.summary.stopped {
                return Ok(ControlFlow::Break(()));
            }
        }
        self.input.check_unchanged()?;
        self.rows.get_or_init(|| pass.summary.rows - before);
        Ok(ControlFlow::Continue(()))
    }

    fn each_row(
        &self,
        file: &InputFile,
        columns: &UserColumns,
        fills: &[Fill],
        pass: &mut Pass<'_>,
    ) -> Result<(), SourceError> {
        let mut csv = CsvFile::open(file)?;
        while csv.advance(&mut pass.findings)? {
            pass.summary.rows += 1;
            match self.row(csv.record(), columns, fills, pass) {
                Ok(Some(user)) => {
                    if pass.hand_out(user).is_break() {
                        break;
                    }
                }
                Ok(None) => {}
                Err(problem) => {
                    let line = csv.line();
                    let header = |column: usize| csv.header.cells.get(column).map_or("", String::as_str);
                    pass.findings.add(|| problem.diagnostic(&file.name, line, header(problem.column())));
                }
            }
            if let Some(column) = pass_note(csv.record(), columns) {
                let (line, field) = (csv.line(), csv.header.cells[column].clone());
                pass.findings.add(|| {
                    bad_cell(&file.name, line, &field, "neither true nor false, so it counts as unknown")
                        .with_hint("write True or False")
                });
            }
        }
        Ok(())
    }

    fn row<'r>(
        &self,
        record: &'r ByteRecord,
        columns: &UserColumns,
        fills: &[Fill],
        pass: &mut Pass<'_>,
    ) -> Result<Option<User<'r>>, Problem> {
        // One look at the whole row is cheaper than one at each cell.
        let row = str::from_utf8(record.as_slice()).ok();
        let cell = |column: usize| {
            let text = row.zip(record.range(column)).and_then(|(row, range)| row.get(range));
            text.map_or_else(|| str::from_utf8(&record[column]).map_err(|_| Problem::BadBytes(column)), Ok)
        };
        let id_text = cell(columns.id)?.trim();
        let id = SourceId::parse(id_text).map_err(|_| Problem::NoId(columns.id))?;
        if !pass.is_first(&id) {
            return Err(Problem::Duplicate(columns.id, id));
        }
        let name = columns.name.map_or(Ok(""), cell)?;
        let since = columns.deleted.map_or(Ok(""), cell)?;
        let deletion = self.deletion(since, None);
        let basics = Basics {
            id,
            id_text: Cow::Borrowed(id_text),
            name: Cow::Borrowed(name),
            enabled: enabled(record, columns).unwrap_or(Known::Unknown),
            deletion,
            partial: false,
        };
        basics
            .user(fills, |column| {
                let text = cell(column)?;
                Ok(if text.is_empty() { AttributeValue::Null } else { AttributeValue::String(Cow::Borrowed(text)) })
            })
            .map(Some)
    }

    fn deletion(&self, since: &str, removed: Option<Removal>) -> Deletion {
        let is_bin = self.input.kind == SourceKind::DeletedUsers;
        match deleted_since(since) {
            Ok(None) if !is_bin && removed.is_none() => Deletion::None,
            Ok(since) => Deletion::Soft(since),
            Err(()) => Deletion::Soft(None),
        }
    }

    fn each_object(
        &self,
        file: &InputFile,
        reading: &mut UserReading,
        fills: &[Fill],
        pass: &mut Pass<'_>,
    ) -> Result<(), SourceError> {
        each_object(file, &mut |bytes, place| {
            let (object, length) = parse(UserSeed(reading), bytes)?;
            pass.summary.rows += 1;
            let flow = match self.object(object, fills, pass) {
                Ok(Some(user)) => pass.hand_out(user),
                Ok(None) => ControlFlow::Continue(()),
                Err(problem) => {
                    pass.findings.add(|| problem.diagnostic(&file.name, place.line(), "id"));
                    ControlFlow::Continue(())
                }
            };
            Ok((length, flow))
        })
        .map(drop)
    }

    fn object<'o>(
        &self,
        object: UserObject<'o>,
        fills: &[Fill],
        pass: &mut Pass<'_>,
    ) -> Result<Option<User<'o>>, Problem> {
        let id = SourceId::parse(&object.id).map_err(|_| Problem::NoId(0))?;
        if object.removed.is_some() || !self.removed.is_empty() {
            match (self.removed.get(&id), object.removed) {
                (Some(Removal::Soft), Some(_)) | (None, None) => {}
                // Removed for good, removed later on, or brought back later on.
                _ => return Ok(None),
            }
        }
        if !pass.is_first(&id) {
            return Err(Problem::Duplicate(0, id));
        }
        let deletion = self.deletion(&object.deleted, object.removed);
        let partial = object.removed.is_some();
        let mut values = object.values;
        let basics = Basics {
            id,
            id_text: object.id,
            name: object.name,
            enabled: object.enabled.map_or(Known::Unknown, Known::Known),
            deletion,
            partial,
        };
        basics
            .user(fills, |slot| {
                Ok(match std::mem::take(&mut values[slot]) {
                    AttributeValue::Unknown if !partial => AttributeValue::Null,
                    value => value,
                })
            })
            .map(Some)
    }
}

/// Why a row can't be used, with its column.
#[derive(Debug, PartialEq, Eq)]
enum Problem {
    NoId(usize),
    BadBytes(usize),
    Duplicate(usize, SourceId),
}

impl Problem {
    fn column(&self) -> usize {
        match self {
            Self::NoId(column) | Self::BadBytes(column) | Self::Duplicate(column, _) => *column,
        }
    }

    fn diagnostic(&self, file: &str, line: usize, field: &str) -> Diagnostic {
        match self {
            Self::NoId(_) => bad_cell(file, line, field, "the id is empty, so the row is left out"),
            Self::BadBytes(_) => bad_cell(file, line, field, "the cell isn't valid UTF-8, so the row is left out")
                .with_hint("export again, and save as UTF-8 when editing"),
            Self::Duplicate(_, id) => {
                bad_cell(file, line, field, &format!("the id {id} was met before, so this row is left out"))
            }
        }
    }
}

/// `accountEnabled` of a row; `None` where the cell says something else.
fn enabled(record: &ByteRecord, columns: &UserColumns) -> Option<Known<bool>> {
    let (column, inverted) = match (columns.enabled, columns.blocked) {
        (Some(column), _) => (column, false),
        (None, Some(column)) => (column, true),
        (None, None) => return Some(Known::Unknown),
    };
    match record[column].trim_ascii() {
        b"" => Some(Known::Unknown),
        b"True" => Some(Known::Known(!inverted)),
        b"False" => Some(Known::Known(inverted)),
        other => boolean(str::from_utf8(other).ok()?).map(|value| Known::Known(value != inverted)),
    }
}

/// The column of `accountEnabled` where its cell makes no sense.
fn pass_note(record: &ByteRecord, columns: &UserColumns) -> Option<usize> {
    enabled(record, columns).is_none().then(|| columns.enabled.or(columns.blocked)).flatten()
}

/// Reads a JSON file of users to its end to learn its members.
fn learn(
    file: &InputFile,
    learning: &mut UserReading,
    removed: &mut FxHashMap<SourceId, Removal>,
) -> Result<Ending, SourceError> {
    each_object(file, &mut |bytes, _| {
        let (object, length) = parse(UserSeed(learning), bytes)?;
        match object.removed {
            Some(removal) => {
                if let Ok(id) = SourceId::parse(&object.id) {
                    removed.insert(id, removal);
                }
            }
            None if removed.is_empty() => {}
            None => {
                if let Ok(id) = SourceId::parse(&object.id) {
                    removed.remove(&id);
                }
            }
        }
        Ok((length, ControlFlow::Continue(())))
    })
}

/// Whether a file is JSON, told by its first character.
pub(super) fn is_json(file: &InputFile) -> Result<bool, SourceError> {
    use std::io::Read as _;
    let mut head = Vec::new();
    let text = Text::open(file)?;
    text.take(4096).read_to_end(&mut head).map_err(|error| SourceError::unreadable(&file.name, &error))?;
    match head.trim_ascii_start().first() {
        None => Err(SourceError::Empty(Box::new(
            Diagnostic::error("the file is empty").in_file(&file.name).with_hint("export it again"),
        ))),
        Some(first) => Ok(matches!(first, b'{' | b'[')),
    }
}

/// Fails when the last page names another one.
pub(super) fn check_next_link(file: &InputFile, ending: &Ending, is_last: bool) -> Result<(), SourceError> {
    match &ending.next_link {
        Some(_) if is_last => Err(SourceError::cut_off(
            Diagnostic::error("this page has an `@odata.nextLink` to a page that isn't there")
                .in_file(&file.name)
                .in_field("@odata.nextLink")
                .with_hint("download the pages that follow too, put all into one folder, and name the folder"),
        )),
        _ => Ok(()),
    }
}

/// `Graph JSON, UTF-8`.
pub(super) fn json_format(ending: &Ending) -> String {
    format!("{}, {}", ending.shape.name(), ending.encoding)
}
