//! How the endpoint misbehaves: `serve --fault` and `serve --list-faults`.

use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};

use crate::base::{Diagnostic, Timestamp};
use crate::cli::args::Output;
use crate::cli::context::Context;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::table::wrap;
use crate::report::FORMAT_VERSION;
use crate::target::{Endpoint, Fault, FaultRule};

/// From so many columns on names, explanations and sources stand side by side.
const WIDE: usize = 120;

/// Flags about misbehaving.
#[derive(Debug, clap::Args)]
pub(crate) struct FaultArgs {
    /// Misbehave: NAME[:RATE][,user=…][,method=…][,from=…][,until=…][,after=N][,times=N], repeatable
    ///
    /// RATE is a share of the requests, 5% or 0.05. `user` names a user, group or id, `from` and `until` are instants
    /// or times after the start such as +10m, `after` spares the first requests, `times` is how often at most. Several
    /// in one value, as in the variable, are separated by `;`.
    #[arg(long = "fault", value_name = "FAULT", value_delimiter = ';')]
    pub(crate) faults: Vec<String>,
    /// Say what faults there are, and serve nothing
    #[arg(long)]
    pub(crate) list_faults: bool,
}

impl FaultArgs {
    /// The rules that were given.
    pub(crate) fn rules(&self, start: Timestamp) -> Result<Vec<FaultRule>, Error> {
        let rule = |text: &String| {
            FaultRule::parse(text, start).map_err(|error| {
                let diagnostic = Diagnostic::error(format!("--fault {text}: {error}"));
                Error::from(diagnostic.with_hint("`scimulate serve --list-faults` says what faults there are"))
            })
        };
        self.faults.iter().map(rule).collect()
    }
}

/// Lets the endpoint misbehave, and says so.
pub(crate) fn put_in_force(endpoint: &Endpoint, rules: Vec<FaultRule>, args: &FaultArgs, context: &Context) {
    for (rule, text) in rules.iter().zip(&args.faults) {
        context.printer.talk(format_args!("Fault {}: {}", text.trim(), rule.fault.explanation()));
    }
    endpoint.set_faults(rules);
}

/// Says what faults there are.
pub(crate) fn list(context: &Context) -> Result<Exit, Error> {
    let printer = &context.printer;
    let faults = Fault::all();
    match printer.output() {
        Output::Human => printer.text(&text(&faults, printer.width()))?,
        Output::Json => printer.json(&json!({
            "formatVersion": FORMAT_VERSION,
            "faults": faults.iter().map(document).collect::<Vec<_>>(),
        }))?,
        Output::Jsonl => faults.iter().try_for_each(|fault| printer.json_line(&document(fault)))?,
    }
    Ok(Exit::Done)
}

fn document(fault: &Fault) -> Value {
    json!({
        "name": fault.name(),
        "pattern": fault.shape(),
        "theme": fault.theme(),
        "explanation": fault.explanation(),
        "source": fault.source(),
        "methods": fault.methods().iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

/// The faults by theme. Without a terminal each stands on a line of its own.
fn text(faults: &[Fault], width: Option<usize>) -> String {
    let (bold, dim) = (Style::new().bold(), AnsiColor::BrightBlack.on_default());
    let longest = faults.iter().map(|fault| fault.name().len()).max().unwrap_or_default();
    // the name of an issue isn't broken
    let words = faults.iter().flat_map(|fault| fault.source().split_whitespace());
    let longest_word = words.map(str::len).max().unwrap_or_default();
    let mut text = String::new();
    let mut theme = "";
    for fault in faults {
        if fault.theme() != theme {
            text.push_str(if theme.is_empty() { "" } else { "\n" });
            theme = fault.theme();
            text.extend([&format!("{bold}{theme}{bold:#}"), "\n"]);
        }
        let (name, explanation, source) = (fault.name(), fault.explanation(), fault.source());
        match width {
            None => text.extend([&format!("  {name:longest$}  {explanation}  ({source})"), "\n"]),
            Some(width) if width < WIDE => {
                text.extend([&format!("  {name}"), "\n"]);
                for line in wrap(&explanation, width - 6) {
                    text.extend(["      ", &line, "\n"]);
                }
                for line in wrap(source, width - 6) {
                    text.extend([&format!("      {dim}{line}{dim:#}"), "\n"]);
                }
            }
            Some(width) => {
                let room = width - longest - 6;
                let right = (room * 2 / 5).max(longest_word);
                let left = room - right;
                let (explanations, sources) = (wrap(&explanation, left), wrap(source, right));
                for row in 0..explanations.len().max(sources.len()) {
                    let cell = |lines: &[String]| lines.get(row).cloned().unwrap_or_default();
                    let (name, source) = (if row == 0 { name } else { "" }, cell(&sources));
                    let line = format!("  {name:longest$}  {:left$}  ", cell(&explanations));
                    let line = if source.is_empty() { line } else { format!("{line}{dim}{source}{dim:#}") };
                    text.extend([line.trim_end(), "\n"]);
                }
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::table::seen_width;

    #[test]
    fn the_list_reads_well_at_any_width() {
        let faults = Fault::all();
        for width in [40, 80, 119, 120, 140, 200] {
            let text = text(&faults, Some(width));
            for line in text.lines() {
                // An address without blanks can't be broken.
                let words = line.split_whitespace().count();
                assert!(seen_width(line) <= width || words == 1, "{width}: {line}");
            }
            for fault in &faults {
                assert!(text.contains(&format!("  {}", fault.name())), "{width}: {fault}");
            }
        }
        let text = text(&faults, None);
        let of = |name: &str| text.lines().find(|line| line.starts_with(&format!("  {name} "))).map(str::to_owned);
        assert_eq!(text.lines().filter(|line| line.starts_with("  ")).count(), faults.len());
        assert!(of("empty-list-404").is_some_and(|line| line.ends_with("(jelhub/scimgateway#18)")));
    }
}
