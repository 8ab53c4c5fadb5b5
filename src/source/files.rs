//! Which files a configured path means: a file, a folder of pages, or a pattern.

use std::cmp::Ordering;
use std::fmt;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::SourceError;
use crate::base::{Diagnostic, Digester};

/// What a file of the export holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SourceKind {
    /// Users.
    Users,
    /// Users in the recycle bin.
    DeletedUsers,
    /// Groups, with their members where JSON has them.
    Groups,
    /// The application's manifest or service principal.
    Application,
    /// Who is assigned to the application.
    Assignments,
    /// Memberships of groups.
    Members,
    /// Who is whose manager.
    Managers,
}

impl SourceKind {
    /// Its key under `[source]` in the configuration.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::DeletedUsers => "deleted_users",
            Self::Groups => "groups",
            Self::Application => "application",
            Self::Assignments => "assignments",
            Self::Members => "members",
            Self::Managers => "managers",
        }
    }
}

/// Prints the kind in words: `deleted users`.
impl fmt::Display for SourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::DeletedUsers { "deleted users" } else { self.key() })
    }
}

/// One source of the export as `inspect` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSummary {
    /// What it holds.
    pub kind: SourceKind,
    /// The configured path.
    pub path: PathBuf,
    /// How many files it means: pages of a folder or pattern.
    pub files: usize,
    /// What was recognised, in words: `CSV, UTF-8, separated by ","`.
    pub format: String,
    /// Rows or objects in all files; `None` for a CSV of users before it was read to its end.
    pub rows: Option<u64>,
}

/// A configured path with the files that it means.
#[derive(Debug, Clone)]
pub(super) struct Input {
    pub(super) kind: SourceKind,
    pub(super) path: PathBuf,
    pub(super) files: Vec<InputFile>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InputFile {
    pub(super) path: PathBuf,
    /// The path as diagnostics show it.
    pub(super) name: String,
    pub(super) kind: SourceKind,
    length: u64,
    modified: Option<SystemTime>,
}

impl Input {
    pub(super) fn find(kind: SourceKind, path: &Path) -> Result<Self, SourceError> {
        Ok(Self { kind, path: path.to_owned(), files: find_files(kind, path)? })
    }

    /// Fails when the files aren't those that were found first.
    pub(super) fn check_unchanged(&self) -> Result<(), SourceError> {
        let now = find_files(self.kind, &self.path).ok();
        if now.as_ref() == Some(&self.files) {
            return Ok(());
        }
        let changed = self.files.iter().find(|file| now.as_ref().is_none_or(|now| !now.contains(file)));
        let name = changed.map_or_else(|| self.path.display().to_string(), |file| file.name.clone());
        Err(SourceError::Changed(Box::new(
            Diagnostic::error("it was changed while it was being read")
                .in_file(name)
                .with_hint("wait until the export is written completely, then start again"),
        )))
    }

    pub(super) fn digest(&self, digester: &mut Digester) -> Result<(), SourceError> {
        let mut buffer = vec![0; 1 << 18];
        for input in &self.files {
            // The kind and the length keep the files apart.
            digester.update(self.kind.key().as_bytes());
            digester.update(&input.length.to_le_bytes());
            let failed = |error: &io::Error| SourceError::io(&input.path, self.kind.key(), error);
            let mut file = fs::File::open(&input.path).map_err(|error| failed(&error))?;
            loop {
                match file.read(&mut buffer) {
                    Ok(0) => break,
                    Ok(read) => digester.update(&buffer[..read]),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(failed(&error)),
                }
            }
        }
        Ok(())
    }
}

pub(super) fn find_files(kind: SourceKind, path: &Path) -> Result<Vec<InputFile>, SourceError> {
    let failed = |path: &Path, error: &io::Error| SourceError::io(path, kind.key(), error);
    let pattern = path.file_name().and_then(|name| name.to_str()).filter(|name| name.contains('*'));
    match (fs::metadata(path), pattern) {
        (Ok(found), _) if found.is_dir() => {
            let files = list(path, &is_readable_name).map_err(|error| failed(path, &error))?;
            if files.is_empty() {
                return Err(nothing(path, "the folder has no .csv, .json, .ndjson or .jsonl file"));
            }
            files.into_iter().map(|path| stamp(kind, path)).collect()
        }
        (Ok(_), _) => Ok(vec![stamp(kind, path.to_owned())?]),
        (Err(_), Some(pattern)) => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let files = list(folder, &|name| fits(pattern, name)).map_err(|error| failed(folder, &error))?;
            if files.is_empty() {
                return Err(nothing(path, "no file fits the pattern"));
            }
            files.into_iter().map(|path| stamp(kind, path)).collect()
        }
        (Err(error), None) => Err(failed(path, &error)),
    }
}

fn nothing(path: &Path, message: &str) -> SourceError {
    SourceError::Empty(Box::new(
        Diagnostic::error(message)
            .in_file(path.display().to_string())
            .with_hint("name a file, a folder of pages, or a pattern such as `export/users-*.json`"),
    ))
}

fn stamp(kind: SourceKind, path: PathBuf) -> Result<InputFile, SourceError> {
    let found = fs::metadata(&path).map_err(|error| SourceError::io(&path, kind.key(), &error))?;
    let name = path.display().to_string();
    if !found.is_file() {
        return Err(SourceError::Unreadable(Box::new(
            Diagnostic::error("it is neither a file nor a folder")
                .in_file(name)
                .with_hint("the export is read more than once, so pipes can't be used: save it to a file"),
        )));
    }
    Ok(InputFile { path, name, kind, length: found.len(), modified: found.modified().ok() })
}

/// The files of a folder whose names are wanted, page 2 before page 10. Hidden files never count.
fn list(folder: &Path, wanted: &dyn Fn(&str) -> bool) -> io::Result<Vec<PathBuf>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| !name.starts_with('.') && wanted(name)) && !entry.path().is_dir() {
            names.push(entry.path());
        }
    }
    names.sort_by(|a, b| natural_order(&a.to_string_lossy(), &b.to_string_lossy()));
    Ok(names)
}

fn is_readable_name(name: &str) -> bool {
    let extension = Path::new(name).extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    ["csv", "json", "ndjson", "jsonl"].iter().any(|known| known.eq_ignore_ascii_case(extension))
}

/// Whether a name fits a pattern in which `*` stands for any characters.
fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let mut parts: Vec<_> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// Compares names with their numbers by value.
fn natural_order(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.as_bytes(), b.as_bytes());
    loop {
        match (left.first(), right.first()) {
            (None, None) => return a.cmp(b),
            (None, _) => return Ordering::Less,
            (_, None) => return Ordering::Greater,
            (Some(x), Some(y)) if x.is_ascii_digit() && y.is_ascii_digit() => {
                let (x, rest_of_left) = number(left);
                let (y, rest_of_right) = number(right);
                let order = x.len().cmp(&y.len()).then_with(|| x.cmp(y));
                if order != Ordering::Equal {
                    return order;
                }
                (left, right) = (rest_of_left, rest_of_right);
            }
            (Some(x), Some(y)) => {
                let order = x.to_ascii_lowercase().cmp(&y.to_ascii_lowercase());
                if order != Ordering::Equal {
                    return order;
                }
                (left, right) = (&left[1..], &right[1..]);
            }
        }
    }
}

/// The digits at the start, without leading zeros, and what follows them.
fn number(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let zeros = text[..end].iter().take_while(|byte| **byte == b'0').count();
    (&text[zeros..end], &text[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_in_order() {
        let mut names = ["page-10.json", "page-2.json", "Page-1.json", "page-02b.json", "page.json"];
        names.sort_by(|a, b| natural_order(a, b));
        assert_eq!(names, ["Page-1.json", "page-2.json", "page-02b.json", "page-10.json", "page.json"]);
    }

    #[test]
    fn patterns() {
        for (pattern, name, expected) in [
            ("users-*.json", "users-1.json", true),
            ("users-*.json", "users-.json", true),
            ("users-*.json", "users.json", false),
            ("*", "anything", true),
            ("a*a", "a", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c", false),
            ("users*", "old-users", false),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }
}
