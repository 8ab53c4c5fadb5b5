//! `explain --all`: everybody by the rule that decides.

use serde_json::{Value, json};

use crate::base::{Diagnostic, grouped, nearest};
use crate::cli::context::Context;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::engine::{IN_SCOPE, RuleGroup};
use crate::report::{FORMAT_VERSION, dim, heading};

/// Names that are shown of one rule.
const NAMED: usize = 10;

/// Shows the groups, the largest first within each code.
pub(super) fn show(mut groups: Vec<RuleGroup>, reason: Option<&str>, context: &Context) -> Result<Exit, Error> {
    if let Some(reason) = reason {
        let known: Vec<_> = groups.iter().map(|group| group.code).collect();
        if !known.iter().any(|code| code.eq_ignore_ascii_case(reason)) {
            return nobody(reason, &known, context);
        }
        groups.retain(|group| group.code.eq_ignore_ascii_case(reason));
    }
    groups.sort_by_key(|group| (group.code, std::cmp::Reverse(group.objects.len())));
    let printer = &context.printer;
    if !printer.is_human() {
        let groups: Vec<_> = groups.iter().map(group_json).collect();
        printer.json(&json!({ "formatVersion": FORMAT_VERSION, "groups": groups }))?;
        return Ok(Exit::Done);
    }
    for (at, group) in groups.iter().enumerate() {
        let gap = if at == 0 { "" } else { "\n" };
        let count = group.objects.len();
        let what = group.kind.as_str().to_lowercase();
        let what = if count == 1 { what } else { format!("{what}s") };
        let rule = if group.code == IN_SCOPE { "in scope" } else { &group.rule };
        let title = heading(format_args!("{} {what}: {rule}", grouped(count as u64)));
        printer.sentences(&format!("{gap}{title}  {}", dim(group.code)))?;
        let names: Vec<_> = group.objects.iter().take(NAMED).map(|(_, name)| &**name).collect();
        let more = count.saturating_sub(NAMED);
        let more = if more == 0 { String::new() } else { format!(" and {} more", grouped(more as u64)) };
        printer.sentences(&format!("  {}{more}", names.join(", ")))?;
    }
    Ok(Exit::Done)
}

/// Nobody has such a reason; what else could have been meant.
fn nobody(reason: &str, known: &[&'static str], context: &Context) -> Result<Exit, Error> {
    const CODES: [&str; 5] =
        [IN_SCOPE, "NotEffectivelyEntitled", "ImportSkipped", "DuplicateSourceEntries", "AttributeValidationFailed"];
    if CODES.iter().any(|code| code.eq_ignore_ascii_case(reason)) {
        context.printer.talk(format_args!("{reason} applies to nobody."));
        if !context.printer.is_human() {
            context.printer.json(&json!({ "formatVersion": FORMAT_VERSION, "groups": [] }))?;
        }
        return Ok(Exit::Done);
    }
    let codes = CODES.join(", ");
    let hint = nearest(reason, CODES).map_or_else(
        || format!("a cycle's scope gives these: {codes}"),
        |near| format!("did you mean {near}? A cycle's scope gives these: {codes}"),
    );
    let text = format!("there is no reason {reason:?} here; this export has {}", known.join(", "));
    Err(Diagnostic::error(text).with_hint(hint).into())
}

fn group_json(group: &RuleGroup) -> Value {
    let objects: Vec<_> =
        group.objects.iter().map(|(id, name)| json!({ "sourceId": id.to_string(), "name": name })).collect();
    json!({
        "reasonCode": group.code,
        "rule": (!group.rule.is_empty()).then_some(&group.rule),
        "objectType": group.kind.as_str(),
        "count": objects.len(),
        "objects": objects,
    })
}
