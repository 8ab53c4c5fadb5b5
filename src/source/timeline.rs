//! The export over time: a folder of later states, each with the files that differ.

use std::ffi::OsStr;
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::files::{SourceKind, find_files};
use super::{SourceError, SourcePaths};
use crate::base::{Diagnostic, Timestamp};

const KEY: &str = "timeline";
const HINT: &str = "name the folders `cycle-1`, `cycle-2` … by the cycle, or `2026-03-02`, `2026-03-02T09-00` … by the \
                    time in UTC, from which on their files are in force";

/// A folder whose folders say which files of the export change, and when.
///
/// Entries are named by cycles, `cycle-2`, or by instants in UTC, `2026-03-02`, `2026-03-02T09-00`,
/// `2026-03-02T09-00-30`. Files beside them and hidden entries don't count.
#[derive(Debug, PartialEq, Eq)]
pub struct Timeline(Entries);

/// Folders in ascending order.
#[derive(Debug, PartialEq, Eq)]
enum Entries {
    Cycles(Vec<(u64, PathBuf)>),
    Instants(Vec<(Timestamp, PathBuf)>),
}

impl Timeline {
    /// Reads the names in the folder.
    ///
    /// Fails on a folder with another name, on two for one cycle or instant, on cycles beside
    /// instants, and where there is none at all.
    pub fn open(dir: &Path) -> Result<Self, SourceError> {
        let mut paths = Vec::new();
        let failed = |error: &_| SourceError::io(dir, KEY, error);
        for entry in fs::read_dir(dir).map_err(|error| failed(&error))? {
            let path = entry.map_err(|error| failed(&error))?.path();
            if path.is_dir() && !name(&path).starts_with('.') {
                paths.push(path);
            }
        }
        // Whatever the order in the folder is, the same entry is complained about.
        paths.sort();
        let (mut cycles, mut instants) = (Vec::new(), Vec::new());
        for path in paths {
            if let Some(cycle) = cycle(&name(&path)) {
                cycles.push((cycle, path));
            } else if let Some(instant) = instant(&name(&path)) {
                instants.push((instant, path));
            } else {
                return Err(wrong(&path, "the name of this folder is neither a cycle nor an instant", HINT));
            }
        }
        match (cycles.first(), instants.first()) {
            (None, None) => Err(SourceError::Empty(Box::new(
                Diagnostic::error("the timeline has no folder").in_file(dir.display().to_string()).with_hint(HINT),
            ))),
            (Some((_, cycle)), Some((_, instant))) => {
                let message = format!("the timeline has cycles and instants, such as `{}`", name(cycle));
                Err(wrong(instant, &message, "name all its folders by cycles, or all by instants"))
            }
            (Some(_), None) => Ok(Self(Entries::Cycles(ascending(cycles)?))),
            (None, Some(_)) => Ok(Self(Entries::Instants(ascending(instants)?))),
        }
    }

    /// Where the export lies at a cycle, counted from 1, or at an instant.
    ///
    /// For each path of `base`, the latest entry in force that holds it counts, under its path from
    /// `config_dir` or under its name alone. The name alone is not enough where two paths share it,
    /// nor for a pattern that begins with `*`, which other files would fit as well.
    pub fn paths(&self, base: &SourcePaths, config_dir: &Path, cycle: u64, now: Timestamp) -> SourcePaths {
        let entries = self.in_force(cycle, now);
        let all = [
            Some(&base.users),
            base.deleted_users.as_ref(),
            base.groups.as_ref(),
            base.application.as_ref(),
            base.assignments.as_ref(),
            base.members.as_ref(),
            base.managers.as_ref(),
        ];
        let is_shared = |name: &OsStr| all.iter().flatten().filter(|path| path.file_name() == Some(name)).count() > 1;
        let overlay = |kind, path: &Path| {
            let name = path.file_name().filter(|name| !is_shared(name) && !name.as_encoded_bytes().starts_with(b"*"));
            let places = [inside(path, config_dir), name.map(Path::new)];
            let places = entries.iter().flat_map(|entry| places.into_iter().flatten().map(|place| entry.join(place)));
            places.into_iter().find(|place| holds(kind, place)).unwrap_or_else(|| path.to_owned())
        };
        let optional = |kind, path: &Option<PathBuf>| path.as_deref().map(|path| overlay(kind, path));
        SourcePaths {
            users: overlay(SourceKind::Users, &base.users),
            deleted_users: optional(SourceKind::DeletedUsers, &base.deleted_users),
            groups: optional(SourceKind::Groups, &base.groups),
            application: optional(SourceKind::Application, &base.application),
            assignments: optional(SourceKind::Assignments, &base.assignments),
            members: optional(SourceKind::Members, &base.members),
            managers: optional(SourceKind::Managers, &base.managers),
        }
    }

    /// The file of this name in the latest entry in force that holds one.
    pub fn file(&self, name: &str, cycle: u64, now: Timestamp) -> Option<PathBuf> {
        self.in_force(cycle, now).into_iter().map(|entry| entry.join(name)).find(|path| path.exists())
    }

    /// Entries in force, the latest first.
    fn in_force(&self, cycle: u64, now: Timestamp) -> Vec<&Path> {
        match &self.0 {
            Entries::Cycles(entries) => up_to(entries, cycle),
            Entries::Instants(entries) => up_to(entries, now),
        }
    }
}

fn up_to<T: Ord + Copy>(entries: &[(T, PathBuf)], last: T) -> Vec<&Path> {
    entries.iter().filter(|(at, _)| *at <= last).map(|(_, path)| path.as_path()).rev().collect()
}

/// Sorts entries; two at the same place are an error.
fn ascending<T: Ord + Copy>(mut entries: Vec<(T, PathBuf)>) -> Result<Vec<(T, PathBuf)>, SourceError> {
    entries.sort();
    match entries.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        Some(pair) => {
            let message = format!("this folder means the same as `{}`", name(&pair[0].1));
            Err(wrong(&pair[1].1, &message, "put their files into one of them"))
        }
        None => Ok(entries),
    }
}

fn wrong(entry: &Path, message: &str, hint: &str) -> SourceError {
    SourceError::Timeline(Box::new(Diagnostic::error(message).in_file(entry.display().to_string()).with_hint(hint)))
}

fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The number of `cycle-3`.
fn cycle(name: &str) -> Option<u64> {
    let number = name.strip_prefix("cycle-").filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()))?;
    number.parse().ok().filter(|number| *number > 0)
}

/// The instant of `2026-03-02`, `2026-03-02T09-00`, `2026-03-02T09-00-30`.
fn instant(name: &str) -> Option<Timestamp> {
    let shape: String = name.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let (date, time) = name.split_once('T').unwrap_or((name, ""));
    let time = time.replace('-', ":");
    match shape.as_str() {
        "0000-00-00" => format!("{date}T00:00:00Z"),
        "0000-00-00T00-00" => format!("{date}T{time}:00Z"),
        "0000-00-00T00-00-00" => format!("{date}T{time}Z"),
        _ => return None,
    }
    .parse()
    .ok()
}

/// A path from the config's folder on; none where it leads out of it.
fn inside<'p>(path: &'p Path, config_dir: &Path) -> Option<&'p Path> {
    // The folder of a bare file name is `.`, which isn't in the paths that start there.
    let here = config_dir == Path::new(".") && path.is_relative();
    let rest = path.strip_prefix(config_dir).ok().or_else(|| here.then_some(path))?;
    rest.components().all(|part| matches!(part, Component::Normal(_))).then_some(rest)
}

/// Whether there is something at this place. What is there and can't be read counts, so that
/// reading it says so.
fn holds(kind: SourceKind, path: &Path) -> bool {
    !matches!(find_files(kind, path), Err(SourceError::Missing(_) | SourceError::Empty(_)))
}
