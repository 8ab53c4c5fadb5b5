//! Fills an endpoint from a file of SCIM resources, however large, all of it or nothing.

mod scan;

use std::io::BufRead;
use std::mem::take;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use serde_json::Value;

use self::scan::{Found, ScanError, Scanner};
use super::storage::{Cursor, Extent, Lookup, Record, Stored, Taken, Transaction};
use super::{Endpoint, Kind, LoadError, StorageError};
use crate::base::Fingerprint;
use crate::scim::Resource;

/// How many resources go from one thread to the other together, and how many bytes of them are enough.
const BATCH: usize = 256;
const BATCH_BYTES: usize = 1024 * 1024;
/// How many batches wait.
const WAITING: usize = 4;

/// What was loaded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Users.
    pub users: u64,
    /// Groups.
    pub groups: u64,
}

/// A resource that is ready to be written, and where it stands in the file.
struct Ready {
    kind: Kind,
    record: Record,
    number: usize,
    line: usize,
}

/// What goes from one thread to the other. Where none says that it is the last, the other thread has broken off.
struct Batch {
    resources: Vec<Ready>,
    is_last: bool,
}

impl Endpoint {
    /// Adds the users and groups of a file with the ids that they have, all or none: a JSON array, a `ListResponse`, an
    /// object with `Users` and `Groups`, or one resource after the other. One without an id is given one. What is read is
    /// checked on a thread of its own; a few thousand resources are in memory at once.
    pub fn load_from(&self, input: impl BufRead + Send + 'static) -> Result<Loaded, LoadError> {
        let (sender, batches) = sync_channel(WAITING);
        let endpoint = self.clone();
        std::thread::Builder::new()
            .name("load".to_owned())
            .spawn(move || read(&endpoint, input, &sender))
            .map_err(LoadError::Unreadable)?;
        let mut has_run = false;
        self.storage().write_now(move |transaction| {
            // what was read is gone
            if std::mem::replace(&mut has_run, true) {
                return Err(StorageError::Full.into());
            }
            transaction.with_large_cache(|transaction| write(transaction, &batches))
        })
    }
}

fn write(transaction: &mut Transaction<'_>, batches: &Receiver<Result<Batch, LoadError>>) -> Result<Loaded, LoadError> {
    let mut loaded = Loaded::default();
    let mut lines = Vec::new();
    loop {
        let Batch { resources, is_last } = batches.recv().map_err(|_| StorageError::Interrupted)??;
        for Ready { kind, record, number, line } in resources {
            if let Err(taken) = transaction.insert(kind, &record)? {
                let what = if taken == Taken::Id { "id" } else { kind.key() };
                let other = other(transaction, kind, &record, taken)?;
                let earlier = other.and_then(|id| lines.iter().find(|(known, _)| *known == mark(&id)));
                let error = match earlier {
                    Some((_, line)) => LoadError::Twice { number, what, line: *line },
                    None => LoadError::Taken { number, what },
                };
                return Err(error.at(line, None));
            }
            lines.push((mark(&record.id), line));
            match kind {
                Kind::User => loaded.users += 1,
                Kind::Group => loaded.groups += 1,
            }
        }
        if is_last {
            return Ok(loaded);
        }
    }
}

/// The id of the one that stands in the way.
fn other(
    transaction: &Transaction<'_>,
    kind: Kind,
    record: &Record,
    taken: Taken,
) -> Result<Option<String>, StorageError> {
    if taken == Taken::Id {
        return Ok(Some(record.id.clone()));
    }
    let found = transaction.find(kind, Lookup::Key(&record.key), &mut Cursor::default(), Extent::BODY)?;
    Ok(found.first().map(Stored::id))
}

/// What is remembered of an id.
fn mark(id: &str) -> Fingerprint {
    Fingerprint::of(0, id.as_bytes())
}

/// Sends what is in the file, until its end or a mistake. Nobody is there to take it where writing has failed.
fn read(endpoint: &Endpoint, input: impl BufRead, sender: &SyncSender<Result<Batch, LoadError>>) {
    let (mut batch, mut bytes) = (Vec::new(), 0);
    let outcome = each(endpoint, input, |ready, size| {
        batch.push(ready);
        bytes += size;
        if batch.len() < BATCH && bytes < BATCH_BYTES {
            return true;
        }
        bytes = 0;
        sender.send(Ok(Batch { resources: take(&mut batch), is_last: false })).is_ok()
    });
    let last = outcome.map(|()| Batch { resources: batch, is_last: true });
    drop(sender.send(last));
}

fn each(endpoint: &Endpoint, input: impl BufRead, mut each: impl FnMut(Ready, usize) -> bool) -> Result<(), LoadError> {
    let mut scanner = Scanner::new(input).map_err(LoadError::from)?;
    let mut number = 0;
    while let Some(found) = scanner.next()? {
        number += 1;
        let (line, size) = (found.line, found.text.len());
        let (kind, record) = prepare(endpoint, found, number)?;
        if !each(Ready { kind, record, number, line }, size) {
            break;
        }
    }
    Ok(())
}

fn prepare(endpoint: &Endpoint, found: Found, number: usize) -> Result<(Kind, Record), LoadError> {
    let Found { text, line, column, within } = found;
    let document: Value = serde_json::from_slice(&text).map_err(|error| {
        let column = if error.line() == 1 { column + error.column() - 1 } else { error.column() };
        LoadError::Json(error.to_string()).at(line + error.line() - 1, Some(column))
    })?;
    drop(text);
    let resource = Resource::from_value(document).unwrap_or_default();
    let told = kind_of(endpoint, &resource);
    if let (Some(told), Some(within)) = (told, within)
        && told != within
    {
        return Err(LoadError::Misplaced { number, kind: told.noun(), within: within.noun() }.at(line, None));
    }
    let kind = told.or(within).unwrap_or(Kind::User);
    let collection = endpoint.collection(kind).ok_or(LoadError::NoGroups).map_err(|error| error.at(line, None))?;
    let record = collection.to_load(resource, number).map_err(|error| error.at(line, None))?;
    let (size, limit) = (record.size(), kind.max_size());
    if size > limit {
        return Err(LoadError::TooLarge { number, kind: kind.noun(), size, limit }.at(line, None));
    }
    Ok((kind, record))
}

/// What a resource says that it is, or is by what it has; `None` where nothing tells.
fn kind_of(endpoint: &Endpoint, resource: &Resource) -> Option<Kind> {
    let told = resource.get("meta").and_then(|meta| meta.get("resourceType")?.as_str());
    let by_type = |name: &str| Kind::ALL.into_iter().find(|kind| kind.resource_type().eq_ignore_ascii_case(name));
    if let Some(kind) = told.and_then(by_type) {
        return Some(kind);
    }
    let by_schema = |id: &str| {
        let is_it = |kind: &Kind| {
            let own =
                endpoint.collection(*kind).is_some_and(|collection| collection.schema().id.eq_ignore_ascii_case(id));
            own || kind.schema().eq_ignore_ascii_case(id)
        };
        Kind::ALL.into_iter().find(is_it)
    };
    let mut schemas = resource.get("schemas").and_then(Value::as_array).into_iter().flatten();
    schemas.find_map(|id| by_schema(id.as_str()?)).or_else(|| {
        let looks_like_group = resource.get("userName").is_none() && resource.get("members").is_some();
        looks_like_group.then_some(Kind::Group)
    })
}

impl From<ScanError> for LoadError {
    fn from(error: ScanError) -> Self {
        match error {
            ScanError::Unreadable(error) => Self::Unreadable(error),
            ScanError::Syntax { line, column, what } => Self::Json(what).at(line, Some(column)),
        }
    }
}
