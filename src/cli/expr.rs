//! `scimulate expr`.

use std::borrow::Cow;
use std::io::{IsTerminal as _, Read as _};
use std::ops::ControlFlow;

use anyhow::Context as _;
use serde_json::{Value, json};
use uuid::Uuid;

use super::args::instant;
use super::context::Context;
use super::error::Error;
use super::exit::Exit;
use super::job::{Job, Narrowed};
use crate::base::{Diagnostic, Severity, Snippet, SourceId, Timestamp, nearest};
use crate::clock::Clock;
use crate::directory::{
    AppRole, AttributeNames, AttributeValue, User, canonical_name, is_known_attribute, known_attributes,
};
use crate::engine::fill_computed;
use crate::expression::{self, Environment, Expression, Node, NodeKind, Value as Result_, parse};
use crate::report::{dim, heading, public_error, result_texts, source_tree, tree_text, type_name};
use crate::scoping::decide;

/// Tries an expression: the result, its type, the parse tree, warnings
///
/// What the portal's expression builder does. Attributes come from a user of the configured export
/// (`--user`) or from `--set`, which wins; one that nobody gives is null. Ends with 2 if the expression can't
/// be read, with 4 if it can't be evaluated.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The expression; left out or `-`: from standard input
    #[arg(value_name = "EXPRESSION")]
    pub(crate) expression: Option<String>,
    /// Take the attributes of this user: userPrincipalName, object id or mail
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Option<String>,
    /// Set an attribute; again for several values, `attribute=` for an empty text
    #[arg(long = "set", value_name = "ATTRIBUTE=VALUE", value_parser = assignment)]
    pub(crate) set: Vec<(String, String)>,
    /// What `Now()` is [default: now]
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    pub(crate) now: Option<Timestamp>,
    /// What `Guid()` and `RandomString()` start from
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub(crate) seed: u64,
}

fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((canonical_name(name).to_owned(), value.to_owned())),
        _ => Err("write it as attribute=value, such as mail=ann@contoso.com".to_owned()),
    }
}

/// Runs the command.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Error> {
    let text = expression(args)?;
    let mut names = AttributeNames::default();
    let compiled = parse(&text).and_then(|node| Ok((node, Expression::compile(&text, &mut names)?)));
    let (node, compiled) = match compiled {
        Ok(compiled) => compiled,
        Err(error) if context.printer.is_human() => return Err((*error).into()),
        Err(error) => {
            let message = placed(&error);
            let tree = parse(&text).ok().map(|node| source_tree(&node));
            let document = answer(tree.as_ref(), None, Some(&public_error("InvalidExpression", &message)), &[]);
            context.printer.json(&document)?;
            return Ok(Exit::Usage);
        }
    };
    let mut warnings = compiled.warnings().to_vec();
    let job = job(args, context)?;
    let mut values = match (&args.user, &job) {
        (Some(user), Some(job)) => values_of(user, job, &names, context)?,
        _ => vec![AttributeValue::Null; names.len()],
    };
    for (slot, name) in names.iter() {
        let set = || args.set.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let here = &mut values[usize::from(slot.0)];
        match (name, set().count()) {
            (_, 0) => {}
            ("appRoleAssignments", _) => *here = AttributeValue::Roles(set().map(role).collect()),
            (_, 1) => *here = AttributeValue::String(set().next().unwrap_or_default().to_owned().into()),
            _ => *here = AttributeValue::Strings(set().map(|value| Cow::Owned(value.to_owned())).collect()),
        }
        if args.user.is_none() && set().next().is_none() && !is_known_attribute(name) {
            warnings.push(unknown_attribute(&text, &node, name, args));
        }
    }
    for (name, _) in args.set.iter().filter(|(name, _)| names.get(name).is_none()) {
        let warning = Diagnostic::warning(format!("`--set {name}` isn't looked at by the expression"));
        let near = nearest(name, names.iter().map(|(_, name)| name));
        warnings.push(match near {
            Some(near) => warning.with_hint(format!("did you mean `{near}`?")),
            None => warning,
        });
    }
    let clock = args.now.map_or_else(Clock::real, Clock::starting_at);
    let default_domain = job.as_ref().and_then(|job| job.settings.source.default_domain.as_deref());
    let environment = Environment { values: &values, default_domain, now: clock.now(), seed: args.seed };
    let result = compiled.evaluate(&environment);
    if context.printer.is_human() {
        for warning in &warnings {
            context.printer.finding(warning);
        }
        print(&node, &result, &names, &values, context)?;
        return match result {
            Ok(_) => Ok(Exit::Done),
            Err(error) => Err(Error::new(Exit::ObjectsFailed, Diagnostic::error(error.to_string()))),
        };
    }
    let tree = source_tree(&node);
    let error = result.as_ref().err().map(|error| public_error("EvaluationFailed", &error.to_string()));
    context.printer.json(&answer(Some(&tree), result.as_ref().ok(), error.as_ref(), &warnings))?;
    Ok(if result.is_ok() { Exit::Done } else { Exit::ObjectsFailed })
}

/// The expression from the command line or standard input, without the line break at its end.
fn expression(args: &Args) -> Result<String, Error> {
    match args.expression.as_deref() {
        Some(text) if text != "-" => Ok(text.to_owned()),
        given => {
            if given.is_none() && std::io::stdin().is_terminal() {
                let error = Diagnostic::error("there is no expression");
                let hint = "write it in quotes: scimulate expr 'ToLower([mail])' --set mail=Ann@contoso.com";
                return Err(error.with_hint(hint).into());
            }
            let mut text = String::new();
            // Far more than an expression may have.
            let read = std::io::stdin().take(1 << 20).read_to_string(&mut text);
            read.context("the expression can't be read from standard input")?;
            Ok(text.trim_end_matches(['\r', '\n']).to_owned())
        }
    }
}

/// The configured job: needed for `--user`, welcome otherwise for the default domain.
fn job(args: &Args, context: &Context) -> Result<Option<Job>, Error> {
    let settings = match context.settings() {
        Err(error) if args.user.is_none() && context.global.config.is_none() && error.is_no_config() => {
            return Ok(None);
        }
        settings => settings?,
    };
    Job::from_settings(settings, Narrowed::default(), context).map(Some)
}

/// The values of a user of the export, the computed ones among them.
fn values_of(
    wanted: &str,
    job: &Job,
    names: &AttributeNames,
    context: &Context,
) -> Result<Vec<AttributeValue<'static>>, Error> {
    let export = job.open_export(context)?;
    // Scope and search look at more than the expression does.
    let mut all = job.rules.attributes.clone();
    let own: Vec<_> = names.iter().map(|(_, name)| all.slot(name)).collect();
    let mail = all.slot("mail");
    let mut found = None;
    let mut known = Vec::new();
    let entitlements = export.entitlements();
    export.each_user(&all, &mut |user| {
        let mut user: User<'_> = user;
        let has_mail = matches!(&user.values[usize::from(mail.0)],
            AttributeValue::String(mail) if mail.eq_ignore_ascii_case(wanted));
        let is_it =
            user.name.eq_ignore_ascii_case(wanted) || SourceId::parse(wanted).is_ok_and(|id| id == user.id) || has_mail;
        if !is_it {
            known.push(user.name.to_string());
            return ControlFlow::Continue(());
        }
        let decision = decide(job.policy.scope, entitlements, &job.rules.users.filters, &user);
        fill_computed(&mut user, &all, &decision, entitlements);
        let mut values = user.into_owned().values;
        found = Some(own.iter().map(|slot| std::mem::take(&mut values[usize::from(slot.0)])).collect());
        ControlFlow::Break(())
    })?;
    found.ok_or_else(|| {
        let error = Diagnostic::error(format!("the export has no user `{wanted}`"));
        let near = nearest(wanted, known.iter().map(String::as_str));
        let hint = near.map_or_else(
            || "name a user by userPrincipalName, object id or mail".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        error.with_hint(hint).into()
    })
}

/// A role for `--set appRoleAssignments=admin`.
fn role(value: &str) -> Cow<'static, AppRole> {
    Cow::Owned(AppRole {
        id: Uuid::new_v5(&Uuid::NAMESPACE_URL, value.as_bytes()),
        value: Some(value.to_owned()),
        display_name: value.to_owned(),
        enabled: true,
        allowed_member_types: vec!["User".to_owned()],
    })
}

/// Says that an attribute exists nowhere, with the one that was probably meant.
fn unknown_attribute(text: &str, node: &Node, name: &str, args: &Args) -> Diagnostic {
    let canonical = canonical_name(name);
    if canonical != name {
        let warning = Diagnostic::warning(format!("schemas call the attribute `{name}` `{canonical}`; it is null"));
        return placed_at(warning.with_hint(format!("write `[{canonical}]`")), text, node, name);
    }
    let mut names: Vec<&str> = known_attributes().collect();
    names.extend(args.set.iter().map(|(name, _)| name.as_str()));
    let near = nearest(name, names);
    let hint =
        near.map_or_else(|| format!("give it a value: --set {name}=…"), |near| format!("did you mean `{near}`?"));
    let warning = Diagnostic::warning(format!("there is no source attribute `{name}`; it is null")).with_hint(hint);
    placed_at(warning, text, node, name)
}

fn placed_at(warning: Diagnostic, text: &str, node: &Node, attribute: &str) -> Diagnostic {
    match place_of(node, attribute) {
        Some(span) => {
            warning.with_snippet(Snippet { text: text.to_owned(), first_line: 1, span, label: String::new() })
        }
        None => warning,
    }
}

fn place_of(node: &Node, attribute: &str) -> Option<std::ops::Range<usize>> {
    match &node.kind {
        NodeKind::Attribute(name) => (name == attribute).then(|| node.span.clone()),
        NodeKind::Call { arguments, .. } => arguments.iter().flatten().find_map(|node| place_of(node, attribute)),
        NodeKind::Condition { left, right, .. } => place_of(left, attribute).or_else(|| place_of(right, attribute)),
        _ => None,
    }
}

fn print(
    node: &Node,
    result: &Result<Result_<'_>, expression::EvaluationError>,
    names: &AttributeNames,
    values: &[AttributeValue<'_>],
    context: &Context,
) -> Result<(), Error> {
    let printer = &context.printer;
    if let Ok(value) = result {
        let texts = result_texts(value);
        if texts.is_empty() {
            printer.line("null")?;
        }
        for text in texts {
            printer.line(Value::String(text))?;
        }
        printer.line(dim(format_args!("  {}", type_name(value))))?;
    }
    printer.line(format_args!("\n{}", heading("Parse tree")))?;
    let shown = |name: &str| {
        let name = expression::source_attribute(name).name();
        let value = names.get(name).map_or(Result_::Null, |slot| Result_::from_attribute(&values[usize::from(slot.0)]));
        let texts: Vec<_> = result_texts(&value).into_iter().map(|text| Value::String(text).to_string()).collect();
        if texts.is_empty() { "null".to_owned() } else { texts.join(", ") }
    };
    printer.text(&tree_text(node, &shown))?;
    Ok(())
}

/// Graph's answer to `parseExpression`, with the warnings.
fn answer(tree: Option<&Value>, result: Option<&Result_<'_>>, error: Option<&Value>, warnings: &[Diagnostic]) -> Value {
    let warnings: Vec<_> = warnings
        .iter()
        .map(|warning| {
            json!({
                "severity": if warning.severity == Severity::Note { "note" } else { "warning" },
                "message": warning.message,
                "column": warning.column,
                "hint": warning.hint,
            })
        })
        .collect();
    json!({
        "parsingSucceeded": tree.is_some(),
        "evaluationSucceeded": result.is_some(),
        "evaluationResult": result.map(result_texts).unwrap_or_default(),
        "error": error,
        "parsedExpression": tree,
        "warnings": warnings,
    })
}

/// Message, column and remedy of an error in one line.
fn placed(error: &Diagnostic) -> String {
    let mut text = error.message.clone();
    if let Some(column) = error.column {
        text = format!("column {column}: {text}");
    }
    match &error.hint {
        Some(hint) => format!("{text} ({hint})"),
        None => text,
    }
}
