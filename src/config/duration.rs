//! Durations as people write them: `30s`, `40m`, `1h30m`, `500ms`, `30d`.

use std::time::Duration;

/// Says why a text isn't a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// No number, no unit, or a unit that nobody knows.
    #[error("`{0}` isn't a duration; write a number and a unit, such as `500ms`, `30s`, `40m`, `1h30m` or `30d`")]
    Syntax(String),
    /// More than ten years.
    #[error("`{0}` is longer than ten years")]
    TooLong(String),
}

const LONGEST: u64 = 10 * 366 * 86_400_000;

/// Reads a duration: whole numbers with the units `ms`, `s`, `m`, `h`, `d`, one after the other.
/// A bare `0` needs no unit.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let syntax = || DurationError::Syntax(text.to_owned());
    let mut rest = text.trim();
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    if rest.is_empty() {
        return Err(syntax());
    }
    let mut total = 0_u64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(syntax)?;
        if digits == 0 {
            return Err(syntax());
        }
        let (number, after) = rest.split_at(digits);
        let after = after.trim_start();
        let letters = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let milliseconds = match &after[..letters] {
            "ms" => 1,
            "s" => 1_000,
            "m" | "min" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(syntax()),
        };
        total = number
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(milliseconds))
            .and_then(|part| total.checked_add(part))
            .filter(|total| *total <= LONGEST)
            .ok_or_else(|| DurationError::TooLong(text.to_owned()))?;
        rest = after[letters..].trim_start();
    }
    Ok(Duration::from_millis(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        for (text, milliseconds) in [
            ("30s", 30_000),
            ("500ms", 500),
            ("40m", 2_400_000),
            ("40 min", 2_400_000),
            ("1h30m", 5_400_000),
            ("30d", 2_592_000_000),
            (" 0 ", 0),
            ("0s", 0),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
    }

    #[test]
    fn refuses_the_rest() {
        for text in ["", "30", "s", "-1s", "1.5h", "30 s x", "3ß", "1w", "PT40M"] {
            assert_eq!(parse_duration(text), Err(DurationError::Syntax(text.to_owned())), "{text}");
        }
        for text in ["4000d", "99999999999999999999s", "18446744073709551615d"] {
            assert_eq!(parse_duration(text), Err(DurationError::TooLong(text.to_owned())), "{text}");
        }
    }
}
