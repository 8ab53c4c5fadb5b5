//! `scimulate schema show`.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::super::context::Context;
use super::super::error::Error;
use super::super::exit::Exit;
use super::super::job::{document, read_schema};
use super::super::table::{Align, table};
use super::open;
use crate::config::Mapping;
use crate::report::{FORMAT_VERSION, dim, heading};
use crate::schema::{self, Actions, Document, FlowType, MappingRow, ObjectKind, ObjectMapping};

/// Shows the mapping as a table, and what differs from the default one
///
/// Marks: `+` isn't in the default mapping, `~` is another one there, `-` is only there.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Schema file; `-` is standard input [default: the mapping in force]
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// What to compare with: `wedo`, `scim` or a schema file [default: the defaults that the schema keeps, else
    /// the built-in mapping that is nearest]
    #[arg(long, value_name = "MAPPING")]
    pub(crate) against: Option<String>,
}

/// Runs the command.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Error> {
    let (shown, options) = open(args.file.as_deref(), context)?;
    let against = Against::choose(args.against.as_deref(), &shown)?;
    let rules = schema::check(&shown, &options).rules;
    let objects = [ObjectKind::User, ObjectKind::Group].map(|kind| {
        let compiled = rules.as_ref().and_then(|rules| match kind {
            ObjectKind::User => Some(&rules.users),
            ObjectKind::Group => rules.groups.as_ref(),
        });
        Shown { kind, compiled, rows: compare(schema::rows(&shown, kind), &against.rows(&shown, kind)) }
    });
    let objects: Vec<_> =
        objects.into_iter().filter(|object| object.rows.iter().any(|row| row.change != Change::Removed)).collect();
    let printer = &context.printer;
    if printer.is_human() {
        printer.line(format_args!("{} {}, compared with {}", heading("Mapping"), shown.file(), against.name))?;
        for object in &objects {
            printer.text(&object.text(terminal_width()))?;
        }
        if rules.is_none() {
            printer.talk("The schema has errors: `scimulate schema check` names them.");
        }
    } else {
        let objects: Vec<_> = objects.iter().map(Shown::json).collect();
        printer.json(&json!({
            "formatVersion": FORMAT_VERSION,
            "file": shown.file(),
            "against": against.name,
            "objects": objects,
        }))?;
    }
    Ok(Exit::Done)
}

/// What a schema is compared with.
struct Against {
    name: String,
    /// None for the defaults that the schema itself keeps.
    document: Option<Document>,
}

impl Against {
    fn choose(wanted: Option<&str>, shown: &Document) -> Result<Self, Error> {
        let template = |name: &str| document(&Mapping::Template(name.to_owned())).map(|(_, document)| document);
        let is_template = |name: &str| schema::template(name).is_some();
        match wanted {
            Some(name) if is_template(name) => Ok(Self { name: name.to_owned(), document: Some(template(name)?) }),
            Some(path) => Ok(Self { name: path.to_owned(), document: Some(read_schema(path.as_ref())?) }),
            None if schema::default_rows(shown, ObjectKind::User).is_some() => {
                Ok(Self { name: "the defaults that it keeps".to_owned(), document: None })
            }
            None => {
                let own = schema::rows(shown, ObjectKind::User);
                let distance = |document: &Document| {
                    let rows = compare(own.clone(), &schema::rows(document, ObjectKind::User));
                    rows.iter().filter(|row| row.change != Change::None).count()
                };
                let (wedo, scim) = (template("wedo")?, template("scim")?);
                let is_wedo = distance(&wedo) < distance(&scim);
                let (name, document) = if is_wedo { ("wedo", wedo) } else { ("scim", scim) };
                Ok(Self { name: name.to_owned(), document: Some(document) })
            }
        }
    }

    fn rows(&self, shown: &Document, kind: ObjectKind) -> Vec<MappingRow> {
        match &self.document {
            Some(document) => schema::rows(document, kind),
            None => schema::default_rows(shown, kind).unwrap_or_default(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    None,
    Added,
    Changed,
    Removed,
}

impl Change {
    const fn mark(self) -> &'static str {
        match self {
            Self::None => " ",
            Self::Added => "+",
            Self::Changed => "~",
            Self::Removed => "-",
        }
    }

    const fn as_str(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Added => Some("added"),
            Self::Changed => Some("changed"),
            Self::Removed => Some("removed"),
        }
    }
}

struct Row {
    mapping: MappingRow,
    change: Change,
}

/// Marks rows by what they are in another mapping; those that are only there come last.
fn compare(rows: Vec<MappingRow>, others: &[MappingRow]) -> Vec<Row> {
    let same = |a: &MappingRow, b: &MappingRow| a.target.eq_ignore_ascii_case(&b.target);
    let removed: Vec<_> = others.iter().filter(|other| !rows.iter().any(|row| same(row, other))).cloned().collect();
    let kept = rows.into_iter().map(|mapping| {
        let change = match others.iter().find(|other| same(&mapping, other)) {
            None => Change::Added,
            Some(other) if MappingRow { target: mapping.target.clone(), ..other.clone() } != mapping => Change::Changed,
            Some(_) => Change::None,
        };
        Row { mapping, change }
    });
    kept.chain(removed.into_iter().map(|mapping| Row { mapping, change: Change::Removed })).collect()
}

/// One kind of object.
struct Shown<'r> {
    kind: ObjectKind,
    compiled: Option<&'r ObjectMapping>,
    rows: Vec<Row>,
}

impl Shown<'_> {
    fn text(&self, width: Option<usize>) -> String {
        let mut lines = vec![String::new(), heading(format_args!("{}s", self.kind))];
        if let Some(mapping) = self.compiled {
            let actions: Vec<_> = actions(mapping.actions).collect();
            let actions = if actions.is_empty() { "none".to_owned() } else { actions.join(", ") };
            lines.push(format!("  {}  to {}", mapping.name, mapping.target_object));
            lines.push(format!("  target object actions: {actions}"));
            for filter in &mapping.filters {
                let clauses: Vec<_> = filter.clauses.iter().map(clause).collect();
                lines.push(format!("  scoping filter {}: {}", filter.title, clauses.join(" and ")));
            }
        }
        lines.push(String::new());
        let head = ["", "target", "source", "type", "when", "default", "match"].map(dim);
        let cells = self.rows.iter().map(|row| {
            let [kind, when, default, precedence] = details(&row.mapping);
            [row.change.mark().to_owned(), row.mapping.target.clone(), arrow(row), kind, when, default, precedence]
        });
        let wide = table(&[Align::Left; 7], &std::iter::once(head).chain(cells).collect::<Vec<_>>());
        let seen = |line: &str| anstream::adapter::strip_str(line).to_string().chars().count();
        if width.is_none_or(|width| wide.lines().all(|line| seen(line) <= width)) {
            return format!("{}\n{wide}", lines.join("\n"));
        }
        for row in &self.rows {
            let [kind, when, default, precedence] = details(&row.mapping);
            let default = if default.is_empty() { default } else { format!("default {default}") };
            let precedence = if precedence.is_empty() { precedence } else { format!("matches {precedence}") };
            let details = [kind, when, default, precedence].into_iter().filter(|detail| !detail.is_empty());
            lines.push(format!("{} {}", row.change.mark(), row.mapping.target));
            if !row.mapping.source.is_empty() {
                lines.push(format!("    {}", arrow(row)));
            }
            lines.push(format!("    {}", dim(details.collect::<Vec<_>>().join(", "))));
        }
        lines.join("\n") + "\n"
    }

    fn json(&self) -> Value {
        let mappings: Vec<_> = self
            .rows
            .iter()
            .map(|row| {
                let MappingRow { target, source, kind, flow, flow_always, default, matching_priority } = &row.mapping;
                json!({
                    "target": target,
                    "source": source,
                    "type": kind,
                    "flowType": flow_type(*flow),
                    "flowBehavior": if *flow_always { "FlowAlways" } else { "FlowWhenChanged" },
                    "defaultValue": default,
                    "matchingPriority": matching_priority,
                    "change": row.change.as_str(),
                })
            })
            .collect();
        let filters = self.compiled.iter().flat_map(|mapping| &mapping.filters);
        let filters: Vec<_> = filters
            .map(|filter| json!({ "title": filter.title, "clauses": filter.clauses.iter().map(clause).collect::<Vec<_>>() }))
            .collect();
        json!({
            "objectType": self.kind.as_str(),
            "name": self.compiled.map(|mapping| &mapping.name),
            "targetObject": self.compiled.map(|mapping| &mapping.target_object),
            "actions": self.compiled.map(|mapping| actions(mapping.actions).collect::<Vec<_>>()),
            "scopingFilters": filters,
            "mappings": mappings,
        })
    }
}

/// The source behind an arrow; nothing where there is none.
fn arrow(row: &Row) -> String {
    if row.mapping.source.is_empty() { String::new() } else { format!("← {}", row.mapping.source) }
}

/// Type, when it flows, default and matching precedence, as a table shows them.
fn details(row: &MappingRow) -> [String; 4] {
    let when = match (row.flow, row.flow_always) {
        (FlowType::Always, false) => "Always",
        (FlowType::Always, true) => "Always (FlowAlways)",
        (FlowType::ObjectAddOnly, _) => "Only during object creation",
        (other, _) => flow_type(other),
    };
    let default = row.default.as_ref().map(|default| Value::from(default.as_str()).to_string()).unwrap_or_default();
    let precedence = if row.matching_priority > 0 { row.matching_priority.to_string() } else { String::new() };
    [row.kind.to_owned(), when.to_owned(), default, precedence]
}

const fn flow_type(flow: FlowType) -> &'static str {
    match flow {
        FlowType::Always => "Always",
        FlowType::ObjectAddOnly => "ObjectAddOnly",
        FlowType::MultiValueAddOnly => "MultiValueAddOnly",
        FlowType::ValueAddOnly => "ValueAddOnly",
        FlowType::AttributeAddOnly => "AttributeAddOnly",
    }
}

fn actions(actions: Actions) -> impl Iterator<Item = &'static str> {
    let all = [("create", actions.create), ("update", actions.update), ("delete", actions.delete)];
    all.into_iter().filter(|(_, on)| *on).map(|(name, _)| name)
}

fn clause(clause: &schema::FilterClause) -> String {
    let values: Vec<_> = clause.values.iter().map(|value| format!("'{value}'")).collect();
    format!("{} {} {}", clause.attribute, clause.operator.name(), values.join(" or ")).trim_end().to_owned()
}

/// How wide the terminal is; none where stdout is none.
fn terminal_width() -> Option<usize> {
    terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| usize::from(width.0))
}
