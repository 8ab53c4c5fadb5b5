//! Evaluates compiled expressions.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::ast::Relation;
use super::compile::{Code, Expression};
use super::functions;
use super::library::Function;
use super::pattern::{MatchError, Pattern};
use super::value::{Number, Value, bool_text, date_text, role_name};
use crate::base::Timestamp;
use crate::directory::AttributeValue;

/// How many bytes of text a function may produce, all its values together: no expression can fill
/// the memory.
pub const MAX_TEXT: usize = 1 << 20;

/// What an evaluation looks at.
#[derive(Debug, Clone, Copy)]
pub struct Environment<'a> {
    /// The object's values by slot. Unknown values count as null: who must tell them apart looks at
    /// [`Expression::slots`] first.
    pub values: &'a [AttributeValue<'a>],
    /// The tenant's default verified domain, for `DefaultDomain()`.
    pub default_domain: Option<&'a str>,
    /// The cycle's beginning, for `Now()`.
    pub now: Timestamp,
    /// What `Guid()` and `RandomString()` start from: one number for each object and cycle.
    pub seed: u64,
}

impl<'a> Environment<'a> {
    /// Values alone; at the epoch, with seed 0 and without a default domain.
    pub const fn new(values: &'a [AttributeValue<'a>]) -> Self {
        Self { values, default_domain: None, now: Timestamp::UNIX_EPOCH, seed: 0 }
    }
}

/// Why an expression has no result for one object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvaluationError {
    /// A number is needed.
    #[error("`{function}` needs a whole number as `{parameter}`, the value isn't one")]
    NotANumber {
        /// Function name.
        function: &'static str,
        /// Parameter name.
        parameter: &'static str,
    },
    /// A single value is needed.
    #[error("`{function}` needs one value and got {count}; use `Join` or `Item`")]
    SeveralValues {
        /// Function name.
        function: &'static str,
        /// How many values there are.
        count: usize,
    },
    /// `Item` past the end, or index 0.
    #[error("`Item` has no value number {index}, there are {count} and the first is 1")]
    ItemOutOfRange {
        /// Index asked for.
        index: i64,
        /// How many values there are.
        count: usize,
    },
    /// `InStr` before the first character.
    #[error("`InStr` can't start at {start}, the first character is 1")]
    StartOutOfRange {
        /// Start asked for.
        start: i64,
    },
    /// The tenant has no default verified domain, as far as is known.
    #[error("`DefaultDomain` has no value: the tenant's default domain isn't configured")]
    NoDefaultDomain,
    /// A text names no date.
    #[error("`{value}` isn't a date; forms such as `2020-03-16T07:00:00-07:00` and `3/16/2020 7:00 AM` are read")]
    NotADate {
        /// The text, shortened.
        value: String,
    },
    /// A text where a date is needed.
    #[error("`{function}` needs a date; put `CDate(…)` around the text")]
    NeedsDate {
        /// Function name.
        function: &'static str,
    },
    /// No unit of time.
    #[error("`{function}` doesn't know the interval `{value}`; it is one of yyyy, m, d, ww, h, n, s")]
    UnknownInterval {
        /// Function name.
        function: &'static str,
        /// What is written, shortened.
        value: String,
    },
    /// Before the year 1 or after the year 9999, for file times before 1601.
    #[error("`{function}` leaves the range of dates")]
    DateOutOfRange {
        /// Function name.
        function: &'static str,
    },
    /// A format string or style that .NET doesn't have.
    #[error("`FormatDateTime`: {reason}")]
    BadDateFormat {
        /// What is wrong.
        reason: String,
    },
    /// A text that doesn't have the input format.
    #[error("`FormatDateTime`: `{value}` isn't a date of the form `{format}`")]
    DateOfAnotherForm {
        /// The text, shortened.
        value: String,
        /// The input format, shortened.
        format: String,
    },
    /// A pattern from an attribute that can't be read.
    #[error("`{pattern}` isn't a regular expression: {reason}")]
    BadPattern {
        /// The pattern, shortened.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A pattern that can't be matched within its limits.
    #[error("`{function}`: {error}")]
    Pattern {
        /// Function name.
        function: &'static str,
        /// Which limit.
        error: MatchError,
    },
    /// A group that the pattern doesn't have.
    #[error("`Replace`: the regular expression has no group `{group}`")]
    NoSuchGroup {
        /// The name asked for, shortened.
        group: String,
    },
    /// No base64, or not of that encoding.
    #[error("`ConvertFromBase64`: the value isn't base64 of {encoding} text")]
    NotBase64 {
        /// Encoding asked for.
        encoding: String,
    },
    /// Neither a boolean nor a number.
    #[error("`CBool`: `{value}` is neither a boolean nor a number")]
    NotABoolean {
        /// The value, shortened.
        value: String,
    },
    /// Limits of `RandomString`.
    #[error("`RandomString`: {reason}")]
    RandomString {
        /// Which one.
        reason: String,
    },
    /// A culture that has no such form.
    #[error("`{culture}` isn't the name of a culture such as `en-US`")]
    UnknownCulture {
        /// The name, shortened.
        culture: String,
    },
    /// Something else than the attribute `appRoleAssignments`.
    #[error("`{function}` takes `[appRoleAssignments]` and nothing else")]
    NoRoles {
        /// Function name.
        function: &'static str,
    },
    /// More than [`MAX_TEXT`].
    #[error("`{function}` produced more than {MAX_TEXT} bytes")]
    TooLong {
        /// Function name.
        function: &'static str,
    },
}

/// The beginning of a text, for messages.
pub(super) fn cut(text: &str) -> String {
    const MOST: usize = 60;
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// Why evaluation stops early.
pub(super) enum Stop {
    NoFlow,
    Failed(EvaluationError),
}

impl From<EvaluationError> for Stop {
    fn from(error: EvaluationError) -> Self {
        Self::Failed(error)
    }
}

pub(super) type Evaluated<'a> = Result<Value<'a>, Stop>;

impl Expression {
    /// Evaluates for one object. Constants and attribute values are borrowed, so that direct values and
    /// `Switch` allocate nothing.
    pub fn evaluate<'a>(&'a self, environment: &Environment<'a>) -> Result<Value<'a>, EvaluationError> {
        match self.code.evaluate(environment) {
            Ok(value) => Ok(value),
            Err(Stop::NoFlow) => Ok(Value::NoFlow),
            Err(Stop::Failed(error)) => Err(error),
        }
    }
}

impl Code {
    pub(super) fn evaluate<'a>(&'a self, environment: &Environment<'a>) -> Evaluated<'a> {
        Ok(match self {
            Self::Omitted => Value::Null,
            Self::Text(text) => Value::borrowed(text),
            Self::Number(number) => Value::Number(*number),
            Self::Bool(value) => Value::Bool(*value),
            Self::Slot(slot) => environment.values.get(usize::from(slot.0)).map_or(Value::Null, Value::from_attribute),
            Self::Condition(operands, relation, null_is_false) => {
                Value::Bool(condition(&operands.0, *relation, &operands.1, environment, *null_is_false)?)
            }
            Self::Pattern(pattern) => Value::borrowed(pattern.as_str()),
            Self::Call(function, arguments, site) => {
                functions::call(&Call { function: *function, arguments, environment: *environment, site: *site })?
            }
        })
    }

    const fn is_literal(&self) -> bool {
        matches!(self, Self::Text(_) | Self::Number(_) | Self::Bool(_))
    }
}

/// Compares two operands. A missing or empty one makes the condition false whatever the operator,
/// except where it is a literal. Numbers compare as numbers where one side is a number of the language
/// or the operator asks for an order; texts compare by their characters, letter case included.
fn condition<'a>(
    left: &'a Code,
    relation: Relation,
    right: &'a Code,
    environment: &Environment<'a>,
    null_is_false: bool,
) -> Result<bool, Stop> {
    let (a, b) = (left.evaluate(environment)?, right.evaluate(environment)?);
    if !null_is_false && (a.is_null() || b.is_null()) {
        let both = a.is_null() && b.is_null();
        return Ok(both == (relation == Relation::Equal) && matches!(relation, Relation::Equal | Relation::NotEqual));
    }
    if null_is_false && ((a.is_null_or_empty() && !left.is_literal()) || (b.is_null_or_empty() && !right.is_literal()))
    {
        return Ok(false);
    }
    let orders = !matches!(relation, Relation::Equal | Relation::NotEqual);
    let typed = |kind: fn(&Value<'_>) -> bool| kind(&a) || kind(&b);
    let ordering = if let (Value::DateTime(a), Value::DateTime(b)) = (&a, &b) {
        Some(a.cmp(b))
    } else if orders || typed(|value| matches!(value, Value::Number(_))) {
        number(&a).zip(number(&b)).map(|(a, b)| a.compare(b))
    } else if typed(|value| matches!(value, Value::Bool(_))) {
        boolean(&a).zip(boolean(&b)).map(|(a, b)| a.cmp(&b))
    } else {
        None
    };
    let ordering = if let Some(ordering) = ordering {
        ordering
    } else {
        let (Some(a), Some(b)) = (a.to_text(), b.to_text()) else {
            let count = [&a, &b].into_iter().map(functions::count).max().unwrap_or_default();
            return Err(EvaluationError::SeveralValues { function: Function::Iif.name(), count }.into());
        };
        a.cmp(&b)
    };
    Ok(match relation {
        Relation::Equal => ordering == Ordering::Equal,
        Relation::NotEqual => ordering != Ordering::Equal,
        Relation::GreaterOrEqual => ordering != Ordering::Less,
        Relation::LessOrEqual => ordering != Ordering::Greater,
        Relation::Greater => ordering == Ordering::Greater,
        Relation::Less => ordering == Ordering::Less,
    })
}

fn number(value: &Value<'_>) -> Option<Number> {
    match value {
        Value::Number(number) => Some(*number),
        value => Number::parse(&value.to_text()?),
    }
}

/// The boolean that a value stands for, if it does.
pub(super) fn boolean(value: &Value<'_>) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        value => {
            let text = value.to_text()?;
            let is = |expected: bool| text.eq_ignore_ascii_case(bool_text(expected));
            if is(true) { Some(true) } else { is(false).then_some(false) }
        }
    }
}

/// A call being evaluated.
pub(super) struct Call<'a> {
    pub(super) function: Function,
    pub(super) arguments: &'a [Code],
    pub(super) environment: Environment<'a>,
    /// Which call of the expression it is, counted from 0.
    pub(super) site: u32,
}

impl<'a> Call<'a> {
    /// An argument's value; null where it was left empty.
    pub(super) fn value(&self, index: usize) -> Evaluated<'a> {
        self.arguments.get(index).map_or(Ok(Value::Null), |code| code.evaluate(&self.environment))
    }

    /// A pattern that was compiled with the expression.
    pub(super) fn pattern(&self, index: usize) -> Option<&'a Pattern> {
        match self.arguments.get(index) {
            Some(Code::Pattern(pattern)) => Some(pattern),
            _ => None,
        }
    }

    /// Whether an argument was written.
    pub(super) fn is_given(&self, index: usize) -> bool {
        !matches!(self.arguments.get(index), None | Some(Code::Omitted))
    }

    /// An argument as one text; `None` for null.
    pub(super) fn text(&self, index: usize) -> Result<Option<Cow<'a, str>>, Stop> {
        self.single(self.value(index)?)
    }

    /// A value as one text; `None` for null, an error for several values.
    pub(super) fn single(&self, value: Value<'a>) -> Result<Option<Cow<'a, str>>, Stop> {
        Ok(match value {
            Value::Null | Value::NoFlow => None,
            Value::String(text) => Some(text),
            Value::Bool(value) => Some(Cow::Borrowed(bool_text(value))),
            Value::Number(number) => Some(Cow::Owned(number.to_string())),
            Value::DateTime(at) => Some(Cow::Owned(date_text(at))),
            Value::Roles(_, roles) => match roles.as_slice() {
                [] => None,
                [only] => Some(Cow::Owned(role_name(only).to_owned())),
                several => {
                    let count = several.len();
                    return Err(EvaluationError::SeveralValues { function: self.function.name(), count }.into());
                }
            },
            Value::Strings(mut values) => match values.len() {
                0 | 1 => values.pop(),
                count => return Err(EvaluationError::SeveralValues { function: self.function.name(), count }.into()),
            },
        })
    }

    /// An argument as a whole number, quoted or not.
    pub(super) fn integer(&self, index: usize, parameter: &'static str) -> Result<i64, Stop> {
        self.whole(&self.value(index)?, parameter)
    }

    /// A value as a whole number.
    pub(super) fn whole(&self, value: &Value<'_>, parameter: &'static str) -> Result<i64, Stop> {
        number(value)
            .and_then(Number::integer)
            .ok_or_else(|| EvaluationError::NotANumber { function: self.function.name(), parameter }.into())
    }

    /// Applies a function to each text of a value; null stays null.
    pub(super) fn map(
        &self,
        value: Value<'a>,
        mut change: impl FnMut(Cow<'a, str>) -> Result<Cow<'a, str>, Stop>,
    ) -> Evaluated<'a> {
        match value {
            Value::Strings(values) => {
                let mut length = 0;
                let mut changed = Vec::with_capacity(values.len());
                for text in values {
                    let text = change(text)?;
                    length += text.len();
                    self.check_length(length)?;
                    changed.push(text);
                }
                Ok(Value::Strings(changed))
            }
            value => match self.single(value)? {
                None => Ok(Value::Null),
                Some(text) => {
                    let text = change(text)?;
                    self.check_length(text.len())?;
                    Ok(Value::String(text))
                }
            },
        }
    }

    /// Fails where a result would be too long.
    pub(super) fn check_length(&self, bytes: usize) -> Result<(), Stop> {
        if bytes > MAX_TEXT {
            return Err(EvaluationError::TooLong { function: self.function.name() }.into());
        }
        Ok(())
    }
}
