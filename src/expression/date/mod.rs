//! Dates as .NET reads and prints them in its invariant culture.
//!
//! A date is a [`jiff::civil::DateTime`] in UTC, of the years 1 to 9999. Microsoft, *Custom date and
//! time format strings*, *Standard date and time format strings*, *`DateTimeStyles` enum*.

mod exact;
mod general;
mod layout;
mod print;

#[cfg(test)]
mod tests;

pub(super) use general::parse;
pub(super) use layout::Layout;

use jiff::civil::DateTime;

/// What .NET remembers of a date's zone; it decides how `K` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Zone {
    /// None was written.
    Unspecified,
    /// It was written as UTC.
    Utc,
    /// It had an offset and was brought into the service's zone, which is UTC.
    Local,
}

/// A date with its zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) at: DateTime,
    pub(super) zone: Zone,
}

/// `DateTimeStyles` as far as they decide anything here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Styles {
    pub(super) leading_white: bool,
    pub(super) trailing_white: bool,
    pub(super) inner_white: bool,
    pub(super) no_current_date: bool,
    pub(super) adjust_to_universal: bool,
    pub(super) assume: bool,
    pub(super) round_trip: bool,
}

impl Styles {
    /// `RoundtripKind`, `AllowLeadingWhite`, `AllowTrailingWhite`: what counts where none are named.
    pub(super) const DEFAULT: Self = Self { leading_white: true, trailing_white: true, round_trip: true, ..Self::NONE };

    const NONE: Self = Self {
        leading_white: false,
        trailing_white: false,
        inner_white: false,
        no_current_date: false,
        adjust_to_universal: false,
        assume: false,
        round_trip: false,
    };

    /// The names that [`Self::parse`] knows.
    pub(super) const NAMES: [&'static str; 10] = [
        "None",
        "AllowLeadingWhite",
        "AllowTrailingWhite",
        "AllowInnerWhite",
        "AllowWhiteSpaces",
        "NoCurrentDateDefault",
        "AdjustToUniversal",
        "AssumeLocal",
        "AssumeUniversal",
        "RoundtripKind",
    ];

    /// Reads names separated by commas, in any letter case.
    pub(super) fn parse(text: &str) -> Result<Self, StylesError> {
        let mut styles = Self::NONE;
        if text.trim().is_empty() {
            return Ok(Self::DEFAULT);
        }
        let (mut local, mut universal) = (false, false);
        for name in text.split(',').map(str::trim) {
            match name.to_ascii_lowercase().as_str() {
                "none" => {}
                "allowleadingwhite" => styles.leading_white = true,
                "allowtrailingwhite" => styles.trailing_white = true,
                "allowinnerwhite" => styles.inner_white = true,
                "allowwhitespaces" => {
                    (styles.leading_white, styles.trailing_white, styles.inner_white) = (true, true, true);
                }
                "nocurrentdatedefault" => styles.no_current_date = true,
                "adjusttouniversal" => styles.adjust_to_universal = true,
                "assumelocal" => local = true,
                "assumeuniversal" => universal = true,
                "roundtripkind" => styles.round_trip = true,
                _ => return Err(StylesError::Unknown(name.to_owned())),
            }
        }
        styles.assume = local || universal;
        let conflicts = [
            (local && universal, "AssumeLocal", "AssumeUniversal"),
            (styles.round_trip && local, "RoundtripKind", "AssumeLocal"),
            (styles.round_trip && universal, "RoundtripKind", "AssumeUniversal"),
            (styles.round_trip && styles.adjust_to_universal, "RoundtripKind", "AdjustToUniversal"),
        ];
        if let Some((_, one, other)) = conflicts.into_iter().find(|(both, ..)| *both) {
            return Err(StylesError::Conflict(one, other));
        }
        Ok(styles)
    }
}

/// Why date styles can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum StylesError {
    #[error("`{0}` isn't one of the date styles")]
    Unknown(String),
    #[error("the date styles `{0}` and `{1}` exclude each other")]
    Conflict(&'static str, &'static str),
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// The whole year of one written with two digits: 00 to 49 are after 2000.
const fn century(year: i16) -> i16 {
    if year < 50 { 2000 + year } else { 1900 + year }
}

/// A date less its offset; `None` outside the years 1 to 9999.
fn to_utc(at: DateTime, offset_minutes: i32) -> Option<DateTime> {
    let moved = at.checked_sub(jiff::SignedDuration::from_mins(i64::from(offset_minutes))).ok()?;
    in_range(moved)
}

/// The date, if .NET has it.
pub(super) fn in_range(at: DateTime) -> Option<DateTime> {
    (1..=9999).contains(&at.year()).then_some(at)
}
