//! The fingerprint of compiled rules.

use std::fmt::Write as _;

use super::compiled::{AttributeSource, ClauseOperator, FilterClause, ObjectMapping};
use crate::base::Digest;
use crate::directory::AttributeNames;
use crate::expression::parse;

/// Digests everything that decides what is sent for whom. Names, ids and versions don't, nor does the
/// layout of an expression.
pub(super) fn digest(users: Side<'_>, groups: Option<Side<'_>>) -> Digest {
    let mut text = String::from("rules 1\n");
    let written = canonical(&mut text, users).and_then(|()| match groups {
        Some(groups) => text.write_str("groups\n").and_then(|()| canonical(&mut text, groups)),
        None => Ok(()),
    });
    written.expect("writing to a string doesn't fail");
    Digest::of(text.as_bytes())
}

/// A mapping and the source attributes that it looks at.
type Side<'a> = (&'a ObjectMapping, &'a AttributeNames);

fn canonical(text: &mut String, (mapping, names): Side<'_>) -> std::fmt::Result {
    writeln!(text, "target {:?} actions {:?}", mapping.target_object, mapping.actions)?;
    writeln!(text, "active {:?}", mapping.active.map(|index| &mapping.attributes[index].target.name))?;
    for index in &mapping.matching {
        writeln!(text, "match {:?}", mapping.attributes[*index].target.name)?;
    }
    for attribute in &mapping.attributes {
        let target = &attribute.target;
        writeln!(
            text,
            "map {:?} {:?} {} {} {} {:?}",
            target.name, target.kind, target.multivalued, target.case_exact, target.required, target.mutability
        )?;
        match &attribute.source {
            AttributeSource::None => writeln!(text, "from nothing")?,
            AttributeSource::Direct(slot) => writeln!(text, "from attribute {:?}", names.name(*slot))?,
            AttributeSource::Constant(constant) => writeln!(text, "from constant {constant:?}")?,
            AttributeSource::Expression(expression) => {
                let spelling =
                    parse(expression.text()).map_or_else(|_| expression.text().to_owned(), |node| node.to_string());
                writeln!(text, "from expression {spelling:?}")?;
            }
        }
        writeln!(text, "default {:?} {:?} {}", attribute.default, attribute.flow, attribute.flow_always)?;
    }
    for group in &mapping.filters {
        writeln!(text, "any")?;
        group.clauses.iter().try_for_each(|clause| canonical_clause(text, clause))?;
    }
    Ok(())
}

fn canonical_clause(text: &mut String, clause: &FilterClause) -> std::fmt::Result {
    write!(text, "all {:?} {:?} {:?}", clause.attribute, clause.operator.name(), clause.values)?;
    match &clause.operator {
        ClauseOperator::RegexMatch(patterns) | ClauseOperator::NotRegexMatch(patterns) => {
            patterns.iter().try_for_each(|pattern| write!(text, " {:?}", pattern.canonical()))?;
        }
        _ => {}
    }
    writeln!(text)
}
