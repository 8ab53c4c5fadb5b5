//! `scimulate init`.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::json;

use super::context::Context;
use super::error::Error;
use super::exit::Exit;
use crate::config::FILE_NAME;
use crate::report::heading;

/// Writes a commented config, a small sample export and a .gitignore
///
/// What is written can be used at once: `scimulate plan --offline`. Existing files are never
/// overwritten.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder, made where it doesn't exist
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) dir: PathBuf,
}

/// What is written, in this order.
const FILES: &[(&str, &str)] = &[
    (FILE_NAME, include_str!("init/scimulate.toml")),
    ("export/users.csv", include_str!("init/users.csv")),
    ("export/application.json", include_str!("init/application.json")),
    ("export/appRoleAssignedTo.csv", include_str!("init/appRoleAssignedTo.csv")),
    (".gitignore", include_str!("init/gitignore")),
];

/// Runs the command.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Error> {
    let written = write(&args.dir)?;
    let printer = &context.printer;
    if printer.is_human() {
        for path in &written {
            printer.line(format_args!("wrote {}", path.display()))?;
        }
        printer.talk(next_steps(&args.dir));
    } else {
        let document = json!({
            "formatVersion": "1.0",
            "files": written.iter().map(|path| path.display().to_string()).collect::<Vec<_>>(),
        });
        match printer.output() {
            super::args::Output::Jsonl => printer.json_line(&document)?,
            super::args::Output::Human | super::args::Output::Json => printer.json(&document)?,
        }
    }
    Ok(Exit::Done)
}

/// Writes all files or none: what exists is looked for first.
fn write(dir: &Path) -> Result<Vec<PathBuf>, Error> {
    let place = |name: &str| if dir == Path::new(".") { PathBuf::from(name) } else { dir.join(name) };
    let existing: Vec<_> =
        FILES.iter().map(|(name, _)| place(name)).filter(|path| path.symlink_metadata().is_ok()).collect();
    if !existing.is_empty() {
        let names: Vec<_> = existing.iter().map(|path| path.display().to_string()).collect();
        let cause = anyhow::anyhow!(
            "{} already there: {}",
            if names.len() == 1 { "a file is" } else { "files are" },
            names.join(", ")
        );
        return Err(Error::new(Exit::Usage, cause)
            .with_hint("nothing was written; name another folder, `scimulate init DIR`, or move them away"));
    }
    let mut written = Vec::new();
    for (name, text) in FILES {
        let path = place(name);
        write_one(&path, text).with_context(|| format!("{} can't be written", path.display()))?;
        written.push(path);
    }
    Ok(written)
}

fn write_one(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    File::create_new(path)?.write_all(text.as_bytes())
}

fn next_steps(dir: &Path) -> String {
    let enter = if dir == Path::new(".") { String::new() } else { format!("  cd {}\n", dir.display()) };
    format!(
        "\n{}\n{enter}  \
         scimulate inspect          what the sample export holds\n  \
         scimulate plan --offline   what would be provisioned, and why; nothing is contacted\n  \
         scimulate run              do it, against the built-in endpoint\n\n\
         Then put your own export into `export` and your tenant URL into `{FILE_NAME}`.",
        heading("Next")
    )
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::*;
    use crate::config::{Mapping, Overrides, Scope, Tenant, load, parse};
    use crate::directory::{AttributeNames, User};
    use crate::source::{Export, SourcePaths};

    #[test]
    fn what_is_written_loads_without_a_warning() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("new/tenant");
        let written = write(&dir).unwrap();
        assert_eq!(written.len(), FILES.len());
        let settings = load(&dir.join(FILE_NAME), &Overrides::default()).unwrap();
        assert_eq!(settings.warnings, []);
        assert_eq!(settings.provisioning.scope, Scope::Assigned);
        assert_eq!(settings.provisioning.mapping, Mapping::Template("wedo".to_owned()));
        assert!(matches!(settings.target.tenant, Tenant::Embedded { .. }));
        for file in
            [Some(&settings.source.users), settings.source.application.as_ref(), settings.source.assignments.as_ref()]
        {
            assert!(file.is_some_and(|file| file.is_file()), "{file:?}");
        }
    }

    /// The config with every comment that is a line of it, but for those that begin so.
    fn with_comments(without: &[&str]) -> String {
        let mut text = String::new();
        for line in include_str!("init/scimulate.toml").lines() {
            let code = line.strip_prefix("# ").filter(|code| {
                let key = code.split_once(" = ").map_or("", |(key, _)| key);
                let is_key = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
                is_key || code.starts_with('[') || code.starts_with("    {") || *code == "]"
            });
            let kept = code.filter(|code| !without.iter().any(|start| code.starts_with(start))).unwrap_or(line);
            text.extend([kept, "\n"]);
        }
        text
    }

    #[test]
    fn every_commented_key_is_a_valid_one() {
        // The ways to say where a secret is exclude each other.
        let oauth = ["[target.oauth]", "token_endpoint", "client_", "scope = \"api"];
        for without in [&["secret_token_", "client_secret_file"][..], &[&["secret_token_file"], &oauth[..]].concat()] {
            let settings = parse(&with_comments(without), Path::new(FILE_NAME), &Overrides::default()).unwrap();
            assert_eq!(settings.warnings, []);
            assert_eq!(settings.target.oauth.is_some(), without[0] == "secret_token_");
            assert_eq!(settings.target.headers, [("X-Environment".to_owned(), "test".to_owned())]);
            assert_eq!(settings.provisioning.scoping_filters[0].clauses.len(), 2);
            assert!(settings.source.tenant_id.is_some() && settings.log.keep.is_some());
        }
    }

    #[test]
    fn existing_files_are_named_and_nothing_is_written() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(".gitignore"), "mine").unwrap();
        let error = write(folder.path()).unwrap_err();
        assert_eq!(error.exit(), Exit::Usage);
        let message = error.diagnostics()[0].message.clone();
        assert_eq!(message, format!("a file is already there: {}", folder.path().join(".gitignore").display()));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn the_sample_is_read_without_a_finding() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path()).unwrap();
        let source = load(&folder.path().join(FILE_NAME), &Overrides::default()).unwrap().source;
        let export = Export::open(&SourcePaths {
            users: source.users,
            deleted_users: source.deleted_users,
            groups: source.groups,
            application: source.application,
            assignments: source.assignments,
            members: source.members,
            managers: None,
        });
        let export = export.unwrap();
        let mut ids = Vec::new();
        let mut collect = |user: User<'_>| {
            ids.push(user.id);
            ControlFlow::Continue(())
        };
        let summary = export.each_user(&AttributeNames::default(), &mut collect).unwrap();
        assert_eq!(export.diagnostics(), []);
        assert_eq!(summary.diagnostics, []);
        assert_eq!(ids.len(), 7);
        assert_eq!(export.unknown_principals(&|id| ids.contains(id)), []);
        assert_eq!(export.entitlements().assignments().count(), 6);
    }
}
