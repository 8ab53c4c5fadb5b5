//! Where `serve` keeps its accounts, and what it begins with.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use crate::base::Diagnostic;
use crate::cli::context::Context;
use crate::cli::error::Error;
use crate::report::count;
use crate::target::{Durability, Endpoint, LoadError, Storage, StorageError};

/// How much of a file is read at once.
const BUFFER: usize = 256 * 1024;

/// Flags of the storage.
#[derive(Debug, clap::Args)]
pub(crate) struct StorageArgs {
    /// Keep accounts and groups in this file [default: in memory]
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// What an answered write survives, with `--data`
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = Sync::Normal, requires = "data")]
    sync: Sync,
    /// Users and groups to begin with: SCIM resources as a JSON array, a list or one a line
    #[arg(long, value_name = "FILE")]
    load: Option<PathBuf>,
}

/// What an answered write survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Sync {
    /// The end of the process, whatever ends it
    Normal,
    /// A power failure too; each commit waits for the disk
    Full,
}

impl StorageArgs {
    /// The file that is kept.
    pub(crate) fn data(&self) -> Option<&Path> {
        self.data.as_deref()
    }

    /// Opens what they name.
    pub(crate) fn open(&self) -> Result<Storage, StorageError> {
        let durability = match self.sync {
            Sync::Normal => Durability::Process,
            Sync::Full => Durability::Power,
        };
        self.data.as_ref().map_or_else(|| Ok(Storage::memory()), |path| Storage::durable_file(path, durability))
    }

    /// Loads the file that they name, and says so.
    pub(crate) fn load(&self, endpoint: &Endpoint, context: &Context) -> Result<(), Error> {
        let Some(path) = &self.load else { return Ok(()) };
        let place = |diagnostic: Diagnostic| diagnostic.in_file(path.display().to_string());
        let file = File::open(path)
            .map_err(|error| place(Diagnostic::error(format!("the accounts can't be read: {error}"))))?;
        let loaded = endpoint.load_from(BufReader::with_capacity(BUFFER, file)).map_err(|error| failed(error, path))?;
        let groups = match loaded.groups {
            0 => String::new(),
            groups => format!(" and {}", count(groups, "group")),
        };
        context.printer.talk(format_args!("Loaded {}{groups}.", count(loaded.users, "user")));
        Ok(())
    }
}

fn failed(error: LoadError, path: &Path) -> Error {
    let (error, line, column) = match error {
        LoadError::At { line, column, source } => (*source, Some(line), column),
        other => (other, None, None),
    };
    if let LoadError::Storage(error) = error {
        return error.into();
    }
    let hint = match &error {
        LoadError::Taken { .. } => {
            "what the endpoint holds already can't be loaded again: leave --load out, or name another --data"
        }
        LoadError::NoGroups => "nothing was loaded",
        LoadError::Json(_) => {
            "the file is a JSON array of SCIM users and groups, a list response, an object with Users and Groups, or one \
             resource a line; nothing was loaded"
        }
        _ => "mend the file; nothing was loaded",
    };
    let mut text = error.to_string();
    if let Some(cause) = std::error::Error::source(&error).filter(|_| matches!(error, LoadError::Unreadable(_))) {
        text = format!("{text}: {cause}");
    }
    let mut diagnostic = Diagnostic::error(text).in_file(path.display().to_string());
    (diagnostic.line, diagnostic.column) = (line, column);
    Error::from(diagnostic.with_hint(hint))
}
