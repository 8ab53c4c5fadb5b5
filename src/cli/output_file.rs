//! A file that is whole or isn't there: written beside its place and moved into it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::error::Error;
use crate::base::Diagnostic;

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Whoever the user's own mask lets: other programs read it, often as somebody else.
    ByMask,
    /// The user alone: it holds personal data.
    UserAlone,
}

impl Readers {
    #[cfg(unix)]
    const fn mode(self) -> u32 {
        match self {
            Self::ByMask => 0o666,
            Self::UserAlone => 0o600,
        }
    }
}

/// A file that will be written.
#[derive(Debug)]
pub(crate) struct OutputFile {
    /// As the user named it.
    path: PathBuf,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// A file beside the one that it becomes.
    Beside(NamedTempFile, PathBuf),
    /// A device or a pipe, which isn't replaced.
    There(File),
}

impl OutputFile {
    /// Makes sure that it can be written; what is there stays until then.
    pub(crate) fn create(path: &Path, readers: Readers) -> Result<Self, Error> {
        let place = place(path, readers).map_err(|error| {
            let text = format!("{} can't be written: {error}", path.display());
            Diagnostic::error(text).with_hint("name a file in a folder that is there and can be written to")
        })?;
        Ok(Self { path: path.to_owned(), place })
    }

    /// Its name for people.
    pub(crate) fn shown(&self) -> String {
        self.path.display().to_string()
    }

    /// Writes all of it.
    pub(crate) fn write(mut self, text: &str) -> io::Result<()> {
        self.write_all(text.as_bytes())?;
        self.finish()
    }

    /// Puts what was written in its place.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.flush()?;
        if let Place::Beside(file, path) = self.place {
            file.as_file().sync_all()?;
            file.persist(path)?;
        }
        Ok(())
    }
}

/// Piece by piece; nothing is in its place before [`OutputFile::finish`].
impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.place {
            Place::There(file) => file.write(bytes),
            Place::Beside(file, _) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.place {
            Place::There(file) => file.flush(),
            Place::Beside(file, _) => file.flush(),
        }
    }
}

fn place(path: &Path, readers: Readers) -> io::Result<Place> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        // A link stays, what it leads to is replaced.
        Ok(found) if found.is_file() => {
            OpenOptions::new().append(true).open(path)?;
            beside(&fs::canonicalize(path)?, readers)
        }
        Ok(_) => Ok(Place::There(OpenOptions::new().write(true).open(path)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => beside(path, readers),
        Err(error) => Err(error),
    }
}

#[cfg_attr(not(unix), expect(unused_variables, reason = "no modes here"))]
fn beside(path: &Path, readers: Readers) -> io::Result<Place> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    fs::metadata(folder)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".scimulate-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(readers.mode()));
    // Nobody asked for the name that such an error has.
    let file = builder.tempfile_in(folder).map_err(|error| io::Error::from(error.kind()))?;
    Ok(Place::Beside(file, path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_stays_until_it_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.xml");
        let names = || fs::read_dir(folder.path()).unwrap().count();
        drop(OutputFile::create(&path, Readers::ByMask).unwrap());
        assert_eq!(names(), 0, "nothing is left of one that wasn't written");
        OutputFile::create(&path, Readers::ByMask).unwrap().write("one").unwrap();
        let second = OutputFile::create(&path, Readers::ByMask).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "one");
        second.write("two").unwrap();
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), names()), ("two", 1));
    }

    #[test]
    fn what_cannot_be_written_is_found_at_once() {
        let folder = tempfile::tempdir().unwrap();
        assert!(OutputFile::create(folder.path(), Readers::ByMask).is_err());
        assert!(OutputFile::create(&folder.path().join("nowhere/report.xml"), Readers::ByMask).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn links_and_devices_stay_what_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        OutputFile::create(&link, Readers::ByMask).unwrap().write("new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        OutputFile::create(Path::new("/dev/null"), Readers::UserAlone).unwrap().write("x").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }

    #[cfg(unix)]
    #[test]
    fn personal_data_is_for_the_user_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan.html");
        // Also where others could read what was there before.
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        OutputFile::create(&path, Readers::UserAlone).unwrap().write("new").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
