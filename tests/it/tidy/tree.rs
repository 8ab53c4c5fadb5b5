//! The tree of modules, found as the compiler finds it: by following `mod` from `lib.rs`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use super::paths;

/// One file of the library.
pub(crate) struct Module {
    /// Names from the crate root down; empty for `lib.rs`.
    pub(crate) segments: Vec<String>,
    pub(crate) path: PathBuf,
    /// Declared under `#[cfg(test)]`, itself or further up.
    pub(crate) test: bool,
    /// The paths in its code: comments, strings and items under `#[cfg(test)]` aside.
    pub(crate) paths: Vec<Vec<String>>,
}

impl Module {
    /// The module below the crate root that it belongs to.
    pub(crate) fn name(&self) -> &str {
        self.segments.first().map_or("", String::as_str)
    }

    pub(crate) fn show(&self) -> String {
        show(&self.path)
    }
}

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The path as seen from the root, with slashes.
pub(crate) fn show(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

/// Every file of the library, tests included.
pub(crate) fn library() -> &'static [Module] {
    static LIBRARY: LazyLock<Vec<Module>> = LazyLock::new(|| {
        let mut found = Vec::new();
        visit(root().join("src/lib.rs"), Vec::new(), false, &mut found);
        assert!(found.len() > 20, "the walk found only {} modules", found.len());
        found
    });
    &LIBRARY
}

fn visit(path: PathBuf, segments: Vec<String>, test: bool, found: &mut Vec<Module>) {
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    // Attributes name files in strings, so they are looked for before strings go.
    let commentless = paths::blank(&text, paths::Blank::Comments);
    let (code, tests) = paths::split_tests(&paths::blank(&text, paths::Blank::CommentsAndStrings));
    for (part, test) in [(&code, test), (&tests, true)] {
        for name in paths::declared_modules(part) {
            let child = locate(&path, segments.is_empty(), &name, &commentless);
            let segments = [&segments[..], &[name]].concat();
            visit(child, segments, test, found);
        }
    }
    // Nothing is asked about the code of tests.
    let paths = if test { Vec::new() } else { paths::paths(&code) };
    found.push(Module { segments, path, test, paths });
}

fn locate(parent: &Path, is_root: bool, name: &str, text: &str) -> PathBuf {
    let folder = parent.parent().expect("a file has a folder");
    if let Some(file) = paths::path_attribute(text, name) {
        return folder.join(file);
    }
    let folder = if is_root || parent.ends_with("mod.rs") { folder.to_owned() } else { parent.with_extension("") };
    let flat = folder.join(format!("{name}.rs"));
    if flat.exists() { flat } else { folder.join(name).join("mod.rs") }
}
