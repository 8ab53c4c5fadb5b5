//! The files of a recording. They are whole after each write, also when the disk is full. A process that is killed within
//! one may leave an entry cut off: the system stops it between two pages.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use crate::report::{HAR_END, RecordingTexts};

/// Recordings of one command at one instant; who starts more looks for trouble.
const SAME_NAME: u32 = 1_000;

/// What the files are called behind the recording's name, and with what they end.
const KINDS: [(&str, &str); 3] = [("har", HAR_END), ("http", ""), ("replay.sh", "")];

/// Why something can't be recorded, and where.
#[derive(Debug, thiserror::Error)]
pub(super) enum WriteError {
    #[error("{}: {source}", .path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("there are {SAME_NAME} recordings of the same name already")]
    Names,
}

/// The three files of the current part.
#[derive(Debug)]
pub(super) struct Files {
    folder: PathBuf,
    stem: String,
    part: u32,
    grown: [Grown; 3],
}

impl Files {
    /// Makes the folder, where it isn't there, and the files of the first part under a name that isn't taken.
    pub(super) fn create(folder: &Path, stem: &str, head: &RecordingTexts) -> Result<Self, WriteError> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder).map_err(|source| WriteError::File { path: folder.to_owned(), source })?;
        for number in 1..=SAME_NAME {
            let stem = if number == 1 { stem.to_owned() } else { format!("{stem}-{number}") };
            match create_part(folder, &stem, head) {
                Ok(grown) => return Ok(Self { folder: folder.to_owned(), stem, part: 1, grown }),
                Err(WriteError::File { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(WriteError::Names)
    }

    /// Goes on with new files.
    pub(super) fn next_part(&mut self, head: &RecordingTexts) -> Result<(), WriteError> {
        self.sync()?;
        self.grown = create_part(&self.folder, &format!("{}.part{}", self.stem, self.part + 1), head)?;
        self.part += 1;
        Ok(())
    }

    /// Appends to all files, or to none.
    pub(super) fn append(&mut self, texts: &RecordingTexts) -> Result<(), WriteError> {
        let before = self.grown.each_ref().map(|file| file.length);
        let written = self.grown.iter_mut().zip(parts(texts)).try_for_each(|(file, text)| file.append(text));
        if written.is_err() {
            for (file, length) in self.grown.iter_mut().zip(before) {
                file.cut(length);
            }
        }
        written
    }

    /// Waits until everything is on the disk; some file systems tell only then that it is full.
    pub(super) fn sync(&self) -> Result<(), WriteError> {
        self.grown.iter().try_for_each(|file| file.file.sync_data().map_err(|source| file.error(source)))
    }

    /// Length of the archive of this part.
    pub(super) fn archive_length(&self) -> u64 {
        self.grown[0].length
    }

    /// The archive of this part.
    pub(super) fn first(&self) -> &Path {
        &self.grown[0].path
    }

    /// All files, for people.
    pub(super) fn shown(&self) -> String {
        let [(har, _), (http, _), (script, _)] = KINDS;
        let more = if self.part > 1 { format!(", in {} parts", self.part) } else { String::new() };
        format!("{} (.{har}, .{http}, .{script}{more})", self.folder.join(&self.stem).display())
    }
}

/// Makes the files of a part, all or none. What is there already isn't touched.
fn create_part(folder: &Path, stem: &str, head: &RecordingTexts) -> Result<[Grown; 3], WriteError> {
    let mut files: Vec<Grown> = Vec::new();
    for ((extension, end), text) in KINDS.into_iter().zip(parts(head)) {
        let made = Grown::create(folder.join(format!("{stem}.{extension}")), end).and_then(|mut file| {
            let written = file.append(text);
            files.push(file);
            written
        });
        if let Err(error) = made {
            for file in files {
                // A file that can't be removed stays as it is: nothing says that it is a recording.
                let _stays: io::Result<()> = std::fs::remove_file(&file.path);
            }
            return Err(error);
        }
    }
    Ok(<[Grown; 3]>::try_from(files).expect("one file of each kind"))
}

fn parts(texts: &RecordingTexts) -> [&str; 3] {
    [&texts.har, &texts.transcript, &texts.script]
}

/// A file that grows before its end.
#[derive(Debug)]
struct Grown {
    path: PathBuf,
    file: File,
    end: &'static str,
    /// Without the end.
    length: u64,
}

impl Grown {
    /// Makes a file that only the user may read: exchanges hold personal data.
    fn create(path: PathBuf, end: &'static str) -> Result<Self, WriteError> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(&path) {
            Ok(file) => Ok(Self { path, file, end, length: 0 }),
            Err(source) => Err(WriteError::File { path, source }),
        }
    }

    /// Overwrites the end with a text and the end, in one go, so that as good as no moment is seen in between.
    fn append(&mut self, text: &str) -> Result<(), WriteError> {
        let whole = [text, self.end].concat();
        let written = self.file.seek(SeekFrom::Start(self.length)).and_then(|_| self.file.write_all(whole.as_bytes()));
        match written {
            Ok(()) => {
                self.length += text.len() as u64;
                Ok(())
            }
            Err(source) => Err(self.error(source)),
        }
    }

    /// Takes back what was appended since the file had this length. It was there before, so there is room for it.
    fn cut(&mut self, length: u64) {
        self.length = length;
        let restored = self
            .file
            .seek(SeekFrom::Start(length))
            .and_then(|_| self.file.write_all(self.end.as_bytes()))
            .and_then(|()| self.file.set_len(length + self.end.len() as u64));
        if let Err(error) = restored {
            tracing::debug!(path = %self.path.display(), %error, "what was written last can't be taken back");
        }
    }

    fn error(&self, source: io::Error) -> WriteError {
        WriteError::File { path: self.path.clone(), source }
    }
}

#[cfg(test)]
impl Files {
    /// Lets one of the files be written no more.
    pub(super) fn forbid(&mut self, index: usize) {
        self.grown[index].file = File::open(&self.grown[index].path).expect("a readable file");
    }
}
