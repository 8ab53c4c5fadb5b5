//! The fingerprint of compiled rules.

use std::fmt::Write as _;

use super::compiled::{AttributeSource, ClauseOperator, FilterClause, ObjectMapping};
use crate::base::Digest;
use crate::directory::AttributeNames;
use crate::expression::parse;

/// Digests everything that decides what is sent for whom. Names, ids and versions don't, nor does the
/// layout of an expression.
pub(super) fn digest(users: &ObjectMapping, names: &AttributeNames) -> Digest {
    Digest::of(canonical(users, names).expect("writing to a string doesn't fail").as_bytes())
}

fn canonical(users: &ObjectMapping, names: &AttributeNames) -> Result<String, std::fmt::Error> {
    let mut text = String::from("rules 1\n");
    writeln!(text, "target {:?} actions {:?}", users.target_object, users.actions)?;
    writeln!(text, "active {:?}", users.active.map(|index| &users.attributes[index].target.name))?;
    for index in &users.matching {
        writeln!(text, "match {:?}", users.attributes[*index].target.name)?;
    }
    for attribute in &users.attributes {
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
    for group in &users.filters {
        writeln!(text, "any")?;
        group.clauses.iter().try_for_each(|clause| canonical_clause(&mut text, clause))?;
    }
    Ok(text)
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
