//! Golden files: compared, or rewritten with `SCIMULATE_BLESS=1`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

/// Rewrites golden files instead of comparing them when it is `1`.
const BLESS: &str = "SCIMULATE_BLESS";

/// Lines shown around a difference.
const CONTEXT: usize = 3;

/// Lines shown of either side of a difference.
const LONGEST: usize = 40;

/// The golden files of one scenario; differences are collected and told together.
pub(crate) struct Golden {
    folder: PathBuf,
    bless: bool,
    seen: BTreeSet<String>,
    differences: Vec<String>,
}

impl Golden {
    /// Over a folder, which may not exist yet.
    pub(crate) fn in_folder(folder: PathBuf) -> Self {
        let bless = std::env::var_os(BLESS).is_some_and(|value| value == "1");
        Self { folder, bless, seen: BTreeSet::new(), differences: Vec::new() }
    }

    /// Compares one file, or writes it.
    pub(crate) fn check(&mut self, name: &str, actual: &str) {
        self.seen.insert(name.to_owned());
        let path = self.folder.join(name);
        let expected = fs::read_to_string(&path).unwrap_or_default();
        if expected == actual && path.exists() {
            return;
        }
        if self.bless {
            fs::create_dir_all(&self.folder).expect("a folder for golden files");
            fs::write(&path, actual).expect("a written golden file");
        } else {
            self.differences.push(format!("{}\n{}", path.display(), difference(&expected, actual)));
        }
    }

    /// Fails if something differed, or if a file is there that nothing was compared with.
    pub(crate) fn finish(mut self) {
        for entry in fs::read_dir(&self.folder).into_iter().flatten() {
            let entry = entry.expect("a readable entry");
            if self.seen.contains(&*entry.file_name().to_string_lossy()) {
                continue;
            }
            if self.bless {
                fs::remove_file(entry.path()).expect("a removed golden file");
            } else {
                self.differences.push(format!("{} belongs to nothing", entry.path().display()));
            }
        }
        assert!(
            self.differences.is_empty(),
            "{}\nIf this is right: {BLESS}=1 cargo test --test it scenarios, then read what git diff shows\n",
            self.differences.join("\n")
        );
    }
}

/// What lies between the first and the last line that differ.
fn difference(expected: &str, actual: &str) -> String {
    let (old, new): (Vec<_>, Vec<_>) = (expected.lines().collect(), actual.lines().collect());
    let same = |(a, b): &(&&str, &&str)| a == b;
    let before = old.iter().zip(&new).take_while(same).count();
    let after = old[before..].iter().rev().zip(new[before..].iter().rev()).take_while(same).count();
    let mut text = String::new();
    let mut show = |sign: char, lines: &[&str]| {
        for line in lines.iter().take(LONGEST) {
            let _infallible = writeln!(text, "{sign} {line}");
        }
        if lines.len() > LONGEST {
            let _infallible = writeln!(text, "{sign} … and {} more lines", lines.len() - LONGEST);
        }
    };
    show(' ', &old[before.saturating_sub(CONTEXT)..before]);
    show('-', &old[before..old.len() - after]);
    show('+', &new[before..new.len() - after]);
    let rest = &old[old.len() - after..];
    show(' ', &rest[..rest.len().min(CONTEXT)]);
    if old == new {
        text.push_str("only the end of the last line differs\n");
    }
    text
}

#[test]
fn a_difference_shows_its_surroundings() {
    let difference = difference("a\nb\nc\nd\ne\nf\n", "a\nb\nc\nd\nE\nE\nf\n");
    assert_eq!(difference, "  b\n  c\n  d\n- e\n+ E\n+ E\n  f\n");
}
