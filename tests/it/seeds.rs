//! The fuzzers' seeds, run through what the fuzzers do.

#[path = "../../fuzz/targets.rs"]
mod targets;

use std::fs;
use std::path::Path;

fn each_seed(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let mut count = 0;
    for entry in fs::read_dir(&folder).expect("seeds") {
        let path = entry.expect("a readable entry").path();
        run(&fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())));
        count += 1;
    }
    assert!(count > 0, "{} has no seeds", folder.display());
}

#[test]
fn expressions() {
    each_seed("expression", targets::expression);
}

#[test]
fn schemas() {
    each_seed("schema", targets::schema);
}

#[test]
fn filters() {
    each_seed("filter", targets::filter);
}

#[test]
fn scim() {
    each_seed("scim", targets::scim);
}
