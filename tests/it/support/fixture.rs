//! Fixture folders, copied to where they may be written.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A copy of `fixtures/NAME` that goes away with the value.
pub(crate) struct Fixture {
    origin: PathBuf,
    copy: TempDir,
}

impl Fixture {
    /// Copies the files of the first cycle.
    pub(crate) fn copy(name: &str) -> Self {
        let origin = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name);
        let copy = tempfile::Builder::new()
            .prefix(&format!("{name}-"))
            .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
            .expect("a folder under target/");
        lay_over(&origin, copy.path());
        Self { origin, copy }
    }

    /// Lays the files of a later cycle over the copy.
    pub(crate) fn go_to_cycle(&self, number: u32) {
        lay_over(&self.origin.join(format!("cycle-{number}")), self.folder());
    }

    pub(crate) fn folder(&self) -> &Path {
        self.copy.path()
    }
}

/// Copies the files of a folder, not its sub-folders.
fn lay_over(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
        let path = entry.expect("a readable entry").path();
        if path.is_file() {
            fs::copy(&path, to.join(path.file_name().expect("a file has a name"))).expect("a copied file");
        }
    }
}
