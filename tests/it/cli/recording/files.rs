//! Recordings as they lie in a folder.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::support::process::Sandbox;

/// The files of one recording.
#[derive(Debug, Clone)]
pub(super) struct Recorded {
    pub(super) name: String,
    pub(super) har_path: PathBuf,
    pub(super) har_text: String,
    pub(super) transcript: String,
    pub(super) script_path: PathBuf,
    pub(super) script: String,
}

impl Recorded {
    /// Mends an archive whose last line was cut off, as the README says.
    pub(super) fn mend(&mut self) {
        if serde_json::from_str::<Value>(&self.har_text).is_ok() {
            return;
        }
        let (whole, _) = self.har_text.rsplit_once('\n').expect("several lines");
        self.har_text = format!("{}\n]}}}}\n", whole.trim_end_matches(','));
        fs::write(&self.har_path, &self.har_text).expect("the archive can be written");
    }

    /// The entries of the archive, which has to be whole.
    pub(super) fn entries(&self) -> Vec<Value> {
        let archive: Value =
            serde_json::from_str(&self.har_text).unwrap_or_else(|error| panic!("{}: {error}", self.har_path.display()));
        archive["log"]["entries"].as_array().expect("a list of entries").clone()
    }
}

/// Every recording in a folder, by name.
pub(super) fn recorded(sandbox: &Sandbox, folder: &str) -> Vec<Recorded> {
    let folder = sandbox.path(folder);
    let names = fs::read_dir(&folder).expect("a folder with recordings");
    let mut names: Vec<_> = names
        .filter_map(|entry| entry.expect("an entry").file_name().to_str()?.strip_suffix(".har").map(str::to_owned))
        .collect();
    names.sort();
    let of = |name: String| {
        let (har_path, script_path) = (folder.join(format!("{name}.har")), folder.join(format!("{name}.replay.sh")));
        let read =
            |path: &PathBuf| fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let (har_text, script) = (read(&har_path), read(&script_path));
        Recorded {
            transcript: read(&folder.join(format!("{name}.http"))),
            name,
            har_path,
            har_text,
            script_path,
            script,
        }
    };
    names.into_iter().map(of).collect()
}

/// Has Python, which knows nothing of this program, read the archives and hold them to the format.
#[track_caller]
pub(super) fn checked_by_python(all: &[Recorded]) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/cli/recording/har.py");
    let Ok(output) = Command::new("python3").arg(script).args(all.iter().map(|one| &one.har_path)).output() else {
        // The test's own reading is left.
        return;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let counts: Vec<usize> =
        String::from_utf8_lossy(&output.stdout).lines().map(|line| line.parse().expect("a count")).collect();
    assert_eq!(counts, all.iter().map(|one| one.entries().len()).collect::<Vec<_>>());
}
