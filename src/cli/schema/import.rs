//! `scimulate schema import`.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::json;

use super::super::context::Context;
use super::super::error::{Error, Problems};
use super::super::exit::Exit;
use super::super::job::{compile_options, read_schema};
use super::{Counts, read_stdin};
use crate::base::{Diagnostic, Severity};
use crate::config::{self, FILE_NAME, Mapping, Overrides};
use crate::report::FORMAT_VERSION;
use crate::schema;

/// Puts a downloaded schema beside the config and makes it the mapping
///
/// The file is checked first; errors stop the import. A wrapping template or job is left off, the schema
/// itself is kept as it is, properties that aren't known here included.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Schema file from the portal or Graph; `-` is standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Name of the copy beside the config [default: that of FILE]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Overwrite another file of that name
    #[arg(long)]
    pub(crate) force: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Error> {
    let settings = context.settings()?;
    let from_stdin = args.file == Path::new("-");
    let document = if from_stdin { read_stdin()? } else { read_schema(&args.file)? };
    let mut options = compile_options(&settings, "mapping".to_owned());
    if settings.target.profile.is_none() {
        options.filterable = None;
    }
    let checked = schema::check(&document, &options);
    let counts = Counts::of(&checked.findings);
    if checked.rules.is_none() || counts.errors > 0 {
        let errors = checked.findings.into_iter().filter(|finding| finding.severity == Severity::Error).collect();
        return Err(Problems(errors).into());
    }
    let config = context.global.config.clone().unwrap_or_else(|| settings.config_dir.join(FILE_NAME));
    let name = name(args, from_stdin)?;
    let target = settings.config_dir.join(&name);
    let text = document.schema_text();
    let exists = fs::read(&target).ok();
    let is_same = exists.as_deref() == Some(text.as_bytes());
    let is_itself =
        fs::canonicalize(&target).ok().is_some_and(|known| fs::canonicalize(&args.file).ok() == Some(known));
    if exists.is_some() && !is_same && !is_itself && !args.force {
        let error = Diagnostic::error(format!("{} is there already and holds something else", target.display()));
        let hint = "choose another name with --name, or overwrite it with --force";
        return Err(error.with_hint(hint).into());
    }
    let old = fs::read_to_string(&config).with_context(|| format!("{} can't be read", config.display()))?;
    let new = switch(&old, &name);
    // The new config is read as a file beside the old one before anything is changed.
    let written = beside(&config, new.as_bytes())?;
    let loaded = config::load(written.path(), &Overrides::default())?;
    let Mapping::File(mapping) = &loaded.provisioning.mapping else { return Err(by_hand(&config, &name)) };
    if mapping.file_name() != Path::new(&name).file_name() {
        return Err(by_hand(&config, &name));
    }
    if !is_same {
        let copy = beside(&target, text.as_bytes())?;
        copy.persist(&target).with_context(|| format!("{} can't be written", target.display()))?;
    }
    let is_switched = new == old;
    if !is_switched {
        written.persist(&config).with_context(|| format!("{} can't be written", config.display()))?;
    }
    let printer = &context.printer;
    if printer.is_human() {
        printer.line(if is_same {
            format!("{} is there already", target.display())
        } else {
            format!("wrote {}", target.display())
        })?;
        printer.line(if is_switched {
            format!("{} names it already", config.display())
        } else {
            format!("{}: mapping = \"./{name}\"", config.display())
        })?;
        printer.talk(format_args!("{}; `scimulate schema check` lists them.", counts.text()));
        printer.talk("The next cycle is an initial one, since the mapping changed.");
    } else {
        printer.json(&json!({
            "formatVersion": FORMAT_VERSION,
            "schema": target.display().to_string(),
            "config": config.display().to_string(),
            "summary": counts.json(),
        }))?;
    }
    Ok(Exit::Done)
}

/// Name of the copy: a file name that ends with `.json`.
fn name(args: &Args, from_stdin: bool) -> Result<String, Error> {
    let name = match &args.name {
        Some(name) => name.clone(),
        None if from_stdin => "schema.json".to_owned(),
        None => args.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
    };
    let is_plain = !name.contains(['/', '\\', '"']) && !name.chars().any(char::is_control) && !name.starts_with('.');
    if !is_plain || name.is_empty() {
        let error = Diagnostic::error(format!("`{}` can't be the name of the copy", name.escape_debug()));
        return Err(error.with_hint("give it a plain name: --name schema.json").into());
    }
    let is_json = Path::new(&name).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
    Ok(if is_json { name } else { format!("{name}.json") })
}

/// A new file with these bytes beside another one, with its permissions.
fn beside(path: &Path, bytes: &[u8]) -> Result<tempfile::NamedTempFile, Error> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let unwritable = || format!("nothing can be written into {}", folder.display());
    let mut file = tempfile::Builder::new().prefix(".scimulate-").tempfile_in(folder).with_context(unwritable)?;
    file.write_all(bytes).and_then(|()| file.flush()).with_context(unwritable)?;
    if let Ok(known) = fs::metadata(path) {
        file.as_file().set_permissions(known.permissions()).with_context(unwritable)?;
    }
    Ok(file)
}

fn by_hand(config: &Path, name: &str) -> Error {
    let error = Diagnostic::error("the mapping can't be switched in this config file; nothing was changed");
    let hint = format!("write mapping = \"./{name}\" into [provisioning] yourself");
    error.in_file(config.display().to_string()).with_hint(hint).into()
}

/// The config with another mapping; everything else stays as it is.
fn switch(config: &str, name: &str) -> String {
    let value = format!("\"./{name}\"");
    let (mut section, mut header_end, mut at) = ("", None, 0);
    for line in config.split_inclusive('\n') {
        let trimmed = line.trim();
        if trimmed.starts_with('[') {
            section = trimmed.split('#').next().unwrap_or_default().trim();
            if section == "[provisioning]" {
                header_end = Some(at + line.len());
            }
        } else if section == "[provisioning]"
            && let Some((key, rest)) = line.split_once('=')
            && key.trim() == "mapping"
        {
            let start = at + key.len() + 1;
            let blanks = rest.len() - rest.trim_start().len();
            let written = rest.trim_start();
            let length = written
                .chars()
                .next()
                .filter(|quote| "\"'".contains(*quote))
                .and_then(|quote| written[1..].find(quote).map(|end| end + 2))
                .unwrap_or_else(|| written.trim_end().len());
            let span = start + blanks..start + blanks + length;
            return format!("{}{value}{}", &config[..span.start], &config[span.end..]);
        }
        at += line.len();
    }
    let end_of_line = |text: &str| if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    let Some(at) = header_end else {
        return format!("{config}{}\n[provisioning]\nmapping = {value}\n", end_of_line(config));
    };
    let before = &config[..at];
    format!("{before}{}mapping = {value}\n{}", end_of_line(before), &config[at..])
}

#[cfg(test)]
mod tests {
    use super::switch;

    #[test]
    fn only_the_mapping_changes() {
        for (config, expected) in [
            (
                "[provisioning]\r\n  mapping  = 'wedo' # mine\r\nscope = \"all\"\n",
                "[provisioning]\r\n  mapping  = \"./s.json\" # mine\r\nscope = \"all\"\n",
            ),
            (
                "[source]\nmapping = 1\n[provisioning] # x\nscope = \"all\"",
                "[source]\nmapping = 1\n[provisioning] # x\nmapping = \"./s.json\"\nscope = \"all\"",
            ),
            ("[provisioning]", "[provisioning]\nmapping = \"./s.json\"\n"),
            ("job = \"a\"", "job = \"a\"\n\n[provisioning]\nmapping = \"./s.json\"\n"),
            (
                "[provisioning]\n# mapping = \"x\"\nmapping = \"a#b.json\"\n",
                "[provisioning]\n# mapping = \"x\"\nmapping = \"./s.json\"\n",
            ),
        ] {
            assert_eq!(switch(config, "s.json"), expected);
        }
    }
}
