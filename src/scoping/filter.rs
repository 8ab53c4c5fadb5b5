//! Scoping filters: clauses AND, filters OR, and a null makes a clause false.

use crate::directory::AttributeValue;
use crate::expression::{MatchError, Pattern};
use crate::schema::{ClauseOperator, FilterClause, FilterGroup};

/// What a clause says about one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClauseVerdict {
    /// It holds.
    True,
    /// It doesn't, or the attribute is null or empty.
    False,
    /// The export doesn't contain the attribute.
    Unknown,
    /// Its pattern takes too long for the value.
    Undecided,
}

/// Judges one clause.
pub fn evaluate_clause(clause: &FilterClause, values: &[AttributeValue<'_>]) -> ClauseVerdict {
    let value = &values[usize::from(clause.slot.0)];
    if *value == AttributeValue::Unknown {
        return ClauseVerdict::Unknown;
    }
    let empty = value.is_null_or_empty();
    let holds = match &clause.operator {
        ClauseOperator::IsNull => empty,
        ClauseOperator::IsNotNull => !empty,
        _ if empty => false,
        operator => {
            // A value that a pattern takes too long for can't be decided on.
            let mut undecided = false;
            let holds = every_text(value, |text| {
                holds(operator, &clause.values, text).unwrap_or_else(|_| {
                    undecided = true;
                    true
                })
            });
            if holds && undecided {
                return ClauseVerdict::Undecided;
            }
            holds
        }
    };
    if holds { ClauseVerdict::True } else { ClauseVerdict::False }
}

/// A multi-valued attribute must satisfy a clause with all of its values.
fn every_text(value: &AttributeValue<'_>, mut test: impl FnMut(&str) -> bool) -> bool {
    match value {
        AttributeValue::String(text) => test(text),
        AttributeValue::Bool(value) => test(if *value { "True" } else { "False" }),
        AttributeValue::Strings(values) => values.iter().all(|text| test(text)),
        // What can't be filtered on is refused when the filter is compiled.
        AttributeValue::Null | AttributeValue::Unknown | AttributeValue::Roles(_) => false,
    }
}

fn holds(operator: &ClauseOperator, operands: &[String], text: &str) -> Result<bool, MatchError> {
    let number = || text.trim().parse::<i64>().ok();
    Ok(match operator {
        ClauseOperator::Equals => operands.iter().any(|operand| operand == text),
        ClauseOperator::NotEquals => operands.iter().all(|operand| operand != text),
        ClauseOperator::IsTrue => text.eq_ignore_ascii_case("true"),
        ClauseOperator::IsFalse => text.eq_ignore_ascii_case("false"),
        ClauseOperator::RegexMatch(patterns) => any_matches(patterns, text)?,
        ClauseOperator::NotRegexMatch(patterns) => !any_matches(patterns, text)?,
        ClauseOperator::GreaterThan(limit) => number().is_some_and(|number| number > *limit),
        ClauseOperator::GreaterThanOrEquals(limit) => number().is_some_and(|number| number >= *limit),
        ClauseOperator::Includes => operands.iter().any(|operand| text.contains(operand.as_str())),
        ClauseOperator::EndsWith => operands.iter().any(|operand| text.ends_with(operand.as_str())),
        ClauseOperator::BitAnd => operands.iter().any(|operand| contains_or_shares_bit(operand, text)),
        ClauseOperator::NotBitAnd => operands.iter().all(|operand| !contains_or_shares_bit(operand, text)),
        ClauseOperator::IsNull | ClauseOperator::IsNotNull => false,
    })
}

fn any_matches(patterns: &[Pattern], text: &str) -> Result<bool, MatchError> {
    for pattern in patterns {
        if pattern.is_match(text)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn contains_or_shares_bit(operand: &str, text: &str) -> bool {
    match (operand.trim().parse::<i64>(), text.trim().parse::<i64>()) {
        (Ok(operand), Ok(value)) => operand & value != 0,
        _ => operand.contains(text),
    }
}

/// Index of the first filter that lets the object through; `Ok(None)` where there is no filter.
/// `Err` names the clause that decided against it: of the filter that got furthest, the first
/// clause that doesn't hold, as indices.
pub fn evaluate_filters(
    filters: &[FilterGroup],
    values: &[AttributeValue<'_>],
) -> Result<Option<usize>, (usize, usize, ClauseVerdict)> {
    if filters.is_empty() {
        return Ok(None);
    }
    let mut furthest: Option<(usize, usize, ClauseVerdict)> = None;
    for (index, filter) in filters.iter().enumerate() {
        let stopped = filter.clauses.iter().enumerate().find_map(|(at, clause)| {
            let verdict = evaluate_clause(clause, values);
            (verdict != ClauseVerdict::True).then_some((index, at, verdict))
        });
        match stopped {
            None => return Ok(Some(index)),
            Some(stop) => {
                // A clause that can't be judged might let the object through: that outranks a false one.
                let rank = |(_, at, verdict): (usize, usize, ClauseVerdict)| (verdict != ClauseVerdict::False, at);
                if furthest.is_none_or(|known| rank(stop) > rank(known)) {
                    furthest = Some(stop);
                }
            }
        }
    }
    Err(furthest.expect("there was at least one filter and none held"))
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::directory::Slot;

    fn clause(operator: ClauseOperator, values: &[&str]) -> FilterClause {
        FilterClause {
            slot: Slot(0),
            attribute: "department".to_owned(),
            operator,
            values: values.iter().map(|&value| value.to_owned()).collect(),
        }
    }

    fn text(value: &str) -> AttributeValue<'_> {
        AttributeValue::String(Cow::Borrowed(value))
    }

    fn regex(pattern: &str) -> Vec<Pattern> {
        vec![Pattern::new(pattern).unwrap()]
    }

    #[test]
    fn every_operator() {
        use ClauseOperator as Op;
        use ClauseVerdict::{False, True, Undecided};
        let check = |operator, operands: &[&str], value: &AttributeValue<'_>, expected| {
            let clause = clause(operator, operands);
            let name = clause.operator.name();
            assert_eq!(
                evaluate_clause(&clause, std::slice::from_ref(value)),
                expected,
                "{value:?} {name} {operands:?}"
            );
        };
        check(Op::Equals, &["Sales"], &text("Sales"), True);
        check(Op::Equals, &["Sales"], &text("sales"), False);
        check(Op::Equals, &["Sales"], &AttributeValue::Null, False);
        check(Op::NotEquals, &["Sales"], &text("sales"), True);
        check(Op::NotEquals, &["Sales"], &AttributeValue::Null, False);
        check(Op::NotEquals, &["Sales"], &text(""), False);
        check(Op::IsTrue, &[], &AttributeValue::Bool(true), True);
        check(Op::IsTrue, &[], &text("True"), True);
        check(Op::IsTrue, &[], &AttributeValue::Null, False);
        check(Op::IsFalse, &[], &AttributeValue::Bool(false), True);
        check(Op::IsFalse, &[], &AttributeValue::Null, False);
        check(Op::IsNull, &[], &AttributeValue::Null, True);
        check(Op::IsNull, &[], &text(""), True);
        check(Op::IsNull, &[], &text("x"), False);
        check(Op::IsNotNull, &[], &text("x"), True);
        check(Op::IsNotNull, &[], &AttributeValue::Null, False);
        check(Op::RegexMatch(regex("[1-9][0-9]")), &["[1-9][0-9]"], &text("x42y"), True);
        check(Op::RegexMatch(regex("Eng.*")), &["Eng.*"], &text("engineering"), False);
        check(Op::NotRegexMatch(regex("x")), &["x"], &text("y"), True);
        check(Op::RegexMatch(regex("(x+x+)+\\1y")), &["…"], &text(&"x".repeat(60)), Undecided);
        check(Op::NotRegexMatch(regex("(x+x+)+\\1y")), &["…"], &text(&"x".repeat(60)), Undecided);
        check(Op::NotRegexMatch(regex("x")), &["x"], &AttributeValue::Null, False);
        check(Op::GreaterThan(10), &["10"], &text("11"), True);
        check(Op::GreaterThan(10), &["10"], &text("10"), False);
        check(Op::GreaterThan(10), &["10"], &text("many"), False);
        check(Op::GreaterThanOrEquals(10), &["10"], &text("10"), True);
        check(Op::Includes, &["ale"], &text("Sales"), True);
        check(Op::Includes, &["ALE"], &text("Sales"), False);
        check(Op::EndsWith, &["es"], &text("Sales"), True);
        check(Op::EndsWith, &["Sal"], &text("Sales"), False);
        check(Op::BitAnd, &["6"], &text("2"), True);
        check(Op::BitAnd, &["6"], &text("8"), False);
        check(Op::BitAnd, &["Sales,HR"], &text("HR"), True);
        check(Op::NotBitAnd, &["Sales,HR"], &text("IT"), True);
        check(Op::NotBitAnd, &["Sales,HR"], &AttributeValue::Null, False);
    }

    #[test]
    fn clauses_and_filters_or() {
        let group = |operands: &[&str]| FilterGroup {
            title: String::new(),
            clauses: operands.iter().map(|operand| clause(ClauseOperator::Includes, &[operand])).collect(),
        };
        let sales = [text("Sales")];
        assert_eq!(evaluate_filters(&[], &sales), Ok(None));
        assert_eq!(evaluate_filters(&[group(&["x"]), group(&["S", "s"])], &sales), Ok(Some(1)));
        assert_eq!(
            evaluate_filters(&[group(&["x"]), group(&["S", "y"])], &sales),
            Err((1, 1, ClauseVerdict::False)),
            "the filter that got furthest is named"
        );
        assert_eq!(evaluate_filters(&[group(&["x"])], &[AttributeValue::Unknown]), Err((0, 0, ClauseVerdict::Unknown)));
        assert_eq!(evaluate_filters(&[group(&[])], &sales), Ok(Some(0)), "an empty filter lets everything through");
    }
}
