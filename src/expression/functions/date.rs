//! `CDate`, `DateAdd`, `DateDiff`, `DateFromNum`, `NumFromDate`, `FormatDateTime`, `Now`. All dates are in UTC.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;
use jiff::{SignedDuration, Span};

use crate::expression::date::{self, Layout, Moment, Styles, Zone, in_range};
use crate::expression::evaluate::{Call, Evaluated, EvaluationError, Stop, cut};
use crate::expression::value::{Number, Value};

/// The units that `DateAdd` and `DateDiff` count in. `q`, `y` and `w` are documented for Entra Connect
/// alone.
pub(in crate::expression) const INTERVALS: [&str; 10] = ["yyyy", "q", "m", "y", "d", "w", "ww", "h", "n", "s"];

/// Ticks of 100 ns in a second; file times count them.
const TICKS: i64 = 10_000_000;

/// `CDate(expression)`: the date that a text names, in UTC; null for null and for `""`.
pub(super) fn to_date<'a>(call: &Call<'a>) -> Evaluated<'a> {
    let value = call.value(0)?;
    if let Value::DateTime(_) = value {
        return Ok(value);
    }
    match call.single(value)? {
        Some(text) if !text.trim().is_empty() => parsed(call, &text).map(Value::DateTime),
        _ => Ok(Value::Null),
    }
}

/// The day that counts where a text names no year or no day.
fn today(call: &Call<'_>) -> Date {
    Offset::UTC.to_datetime(call.environment.now).date()
}

fn parsed(call: &Call<'_>, text: &str) -> Result<DateTime, Stop> {
    date::parse(text, today(call)).ok_or_else(|| EvaluationError::NotADate { value: cut(text) }.into())
}

/// An argument that must be a date; `None` for null.
fn argument(call: &Call<'_>, index: usize) -> Result<Option<DateTime>, Stop> {
    match call.value(index)? {
        Value::DateTime(at) => Ok(Some(at)),
        value if value.is_null_or_empty() => Ok(None),
        _ => Err(EvaluationError::NeedsDate { function: call.function.name() }.into()),
    }
}

/// `DateAdd(interval, value, dateTime)`: the date so many units later; a day that a month lacks becomes its
/// last one.
pub(super) fn add<'a>(call: &Call<'a>) -> Evaluated<'a> {
    let interval = interval(call)?;
    let count = call.integer(1, "value")?;
    let Some(at) = argument(call, 2)? else { return Ok(Value::Null) };
    let out_of_range = || Stop::from(EvaluationError::DateOutOfRange { function: call.function.name() });
    let months = |count: Option<i64>| {
        let months = count.filter(|months| months.unsigned_abs() <= 12 * 10_000).ok_or_else(out_of_range)?;
        at.checked_add(Span::new().months(months)).map_err(|_| out_of_range())
    };
    let seconds = |unit: i64| {
        let seconds = count.checked_mul(unit).ok_or_else(out_of_range)?;
        at.checked_add(SignedDuration::from_secs(seconds)).map_err(|_| out_of_range())
    };
    let moved = match interval {
        "yyyy" => months(count.checked_mul(12)),
        "q" => months(count.checked_mul(3)),
        "m" => months(Some(count)),
        "ww" => seconds(7 * 86_400),
        "h" => seconds(3_600),
        "n" => seconds(60),
        "s" => seconds(1),
        _ => seconds(86_400),
    }?;
    in_range(moved).map(Value::DateTime).ok_or_else(out_of_range)
}

/// `DateDiff(interval, date1, date2)`: how much later the second date is. Years, quarters and months count
/// the calendar's fields alone, `ww` counts Sundays, the others whole units that passed.
pub(super) fn difference<'a>(call: &Call<'a>) -> Evaluated<'a> {
    let interval = interval(call)?;
    let (Some(first), Some(second)) = (argument(call, 1)?, argument(call, 2)?) else { return Ok(Value::Null) };
    let field = |of: fn(DateTime) -> i64| of(second) - of(first);
    let passed = |unit: i64| first.duration_until(second).as_secs() / unit;
    let difference = match interval {
        "yyyy" => field(|at| i64::from(at.year())),
        "q" => field(|at| i64::from(at.year()) * 4 + i64::from(at.month() - 1) / 3),
        "m" => field(|at| i64::from(at.year()) * 12 + i64::from(at.month())),
        "ww" => {
            let days = sunday(first).duration_until(sunday(second)).as_secs() / 86_400;
            days / 7
        }
        "w" => passed(7 * 86_400),
        "h" => passed(3_600),
        "n" => passed(60),
        "s" => passed(1),
        _ => passed(86_400),
    };
    Ok(Value::Number(Number::Integer(difference)))
}

/// The Sunday at or before a date, at the same time of day.
fn sunday(at: DateTime) -> DateTime {
    let back = i64::from(at.date().weekday().to_sunday_zero_offset());
    at.checked_sub(SignedDuration::from_hours(24 * back)).unwrap_or(at)
}

fn interval(call: &Call<'_>) -> Result<&'static str, Stop> {
    let written = call.text(0)?.unwrap_or_default();
    let known = INTERVALS.into_iter().find(|known| known.eq_ignore_ascii_case(&written));
    known
        .ok_or_else(|| EvaluationError::UnknownInterval { function: call.function.name(), value: cut(&written) }.into())
}

/// `DateFromNum(value)`: the date of an AD file time, 100 ns units since 1601; null for null.
pub(super) fn from_file_time<'a>(call: &Call<'a>) -> Evaluated<'a> {
    let value = call.value(0)?;
    if value.is_null_or_empty() {
        return Ok(Value::Null);
    }
    let ticks = call.whole(&value, "value")?;
    let nanoseconds = i32::try_from(ticks.rem_euclid(TICKS) * 100).unwrap_or_default();
    epoch()
        .checked_add(SignedDuration::new(ticks.div_euclid(TICKS), nanoseconds))
        .ok()
        .and_then(in_range)
        .filter(|_| ticks >= 0)
        .map(Value::DateTime)
        .ok_or_else(|| EvaluationError::DateOutOfRange { function: call.function.name() }.into())
}

/// `NumFromDate(value)`: the AD file time of a date or of a text that names one; null for null.
pub(super) fn to_file_time<'a>(call: &Call<'a>) -> Evaluated<'a> {
    let Value::DateTime(at) = to_date(call)? else { return Ok(Value::Null) };
    let since = epoch().duration_until(at);
    if since.is_negative() {
        return Err(EvaluationError::DateOutOfRange { function: call.function.name() }.into());
    }
    let ticks = since.as_secs() * TICKS + i64::from(since.subsec_nanos() / 100);
    Ok(Value::Number(Number::Integer(ticks)))
}

fn epoch() -> DateTime {
    DateTime::from_parts(Date::constant(1601, 1, 1), Time::midnight())
}

/// `FormatDateTime(source, [dateTimeStyles], inputFormat, outputFormat)`, also without the styles: a text of
/// one form in another. Null for null and for `""`.
///
/// An offset in the source is applied, so that the result is in UTC, the zone that the service runs in.
pub(super) fn format<'a>(call: &Call<'a>) -> Evaluated<'a> {
    let (styles, input, output) = if call.arguments.len() == 3 { (None, 1, 2) } else { (Some(1), 2, 3) };
    let layout = |text: &str| -> Result<Layout, Stop> {
        Layout::new(text).map_err(|reason| EvaluationError::BadDateFormat { reason }.into())
    };
    let output = layout(&call.text(output)?.unwrap_or_default())?;
    let source = call.value(0)?;
    let moment = if let Value::DateTime(at) = source {
        Moment { at, zone: Zone::Utc }
    } else {
        let input_text = call.text(input)?.unwrap_or_default();
        let input = layout(&input_text)?;
        let styles = match styles {
            Some(index) => Styles::parse(&call.text(index)?.unwrap_or_default())
                .map_err(|error| Stop::from(EvaluationError::BadDateFormat { reason: error.to_string() }))?,
            None => Styles::DEFAULT,
        };
        let Some(text) = call.single(source)?.filter(|text| !text.is_empty()) else { return Ok(Value::Null) };
        input.parse(&text, styles, today(call)).ok_or_else(|| {
            Stop::from(EvaluationError::DateOfAnotherForm { value: cut(&text), format: cut(&input_text) })
        })?
    };
    let text = output.print(moment);
    call.check_length(text.len())?;
    Ok(Value::String(text.into()))
}

/// `Now()`: the cycle's beginning.
pub(super) fn now<'a>(call: &Call<'a>) -> Evaluated<'a> {
    let now = Offset::UTC.to_datetime(call.environment.now);
    in_range(now)
        .map(Value::DateTime)
        .ok_or_else(|| EvaluationError::DateOutOfRange { function: call.function.name() }.into())
}
