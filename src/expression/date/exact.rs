//! Reads dates that must have exactly the form of a format string.

use jiff::civil::{Date, DateTime, Time};

use super::layout::{Layout, Piece};
use super::{DAYS, MONTHS, Moment, Styles, Zone, century, to_utc};

/// What was read so far.
#[derive(Debug, Default)]
struct Found {
    year: Option<i16>,
    month: Option<i8>,
    day: Option<i8>,
    weekday: Option<i8>,
    hour: Option<i8>,
    twelve: bool,
    afternoon: Option<bool>,
    minute: Option<i8>,
    second: Option<i8>,
    ticks: i32,
    zone: Option<(Zone, i32)>,
}

impl Layout {
    /// Reads a date of this form; `today` stands in for a date that the form doesn't have. `None` where the
    /// text has another form or names no date.
    ///
    /// An offset is applied: the result is in UTC, as on a service that runs in that zone.
    pub(in crate::expression) fn parse(&self, text: &str, styles: Styles, today: Date) -> Option<Moment> {
        let text = if styles.leading_white { text.trim_start() } else { text };
        let text = if styles.trailing_white { text.trim_end() } else { text };
        let mut reader = Reader { rest: text, inner_white: styles.inner_white };
        let mut found = Found::default();
        for (index, piece) in self.0.iter().enumerate() {
            if reader.inner_white {
                reader.rest = reader.rest.trim_start();
            }
            reader.read(piece, self.0.get(index + 1), &mut found)?;
        }
        if reader.inner_white {
            reader.rest = reader.rest.trim_start();
        }
        reader.rest.is_empty().then_some(())?;
        found.moment(styles, today)
    }
}

struct Reader<'t> {
    rest: &'t str,
    inner_white: bool,
}

impl<'t> Reader<'t> {
    fn read(&mut self, piece: &Piece, next: Option<&Piece>, found: &mut Found) -> Option<()> {
        // `set` fails where the same thing was read before with another value.
        match *piece {
            Piece::Year(digits) => {
                let year = match digits {
                    1 => self.number(1, 2)?,
                    2 => self.number(2, 2)?,
                    3 => self.number(3, 4)?,
                    more => self.number(more, more)?,
                };
                let year = i16::try_from(year).ok()?;
                set(&mut found.year, if digits < 3 { century(year) } else { year })
            }
            Piece::Month(digits) => set(&mut found.month, self.small(digits)?),
            Piece::MonthName { full } => set(&mut found.month, self.name(&MONTHS, full)? + 1),
            Piece::Day(digits) => set(&mut found.day, self.small(digits)?),
            Piece::DayName { full } => set(&mut found.weekday, self.name(&DAYS, full)?),
            Piece::Hour24(digits) => set(&mut found.hour, self.small(digits)?),
            Piece::Hour12(digits) => {
                found.twelve = true;
                set(&mut found.hour, self.small(digits)?)
            }
            Piece::Minute(digits) => set(&mut found.minute, self.small(digits)?),
            Piece::Second(digits) => set(&mut found.second, self.small(digits)?),
            Piece::Fraction { digits, optional } => {
                let written = self.digits(if optional { 0 } else { digits }, digits)?;
                let mut ticks: i32 = if written.is_empty() { 0 } else { written.parse().ok()? };
                for _ in written.len()..7 {
                    ticks *= 10;
                }
                found.ticks = ticks;
                Some(())
            }
            Piece::Half { full } => self.half(full, found),
            Piece::Offset(digits) => {
                let offset = self.offset(digits)?;
                set(&mut found.zone, (Zone::Local, offset))
            }
            Piece::Kind => match self.rest.chars().next() {
                Some('Z' | 'z') => {
                    self.rest = &self.rest[1..];
                    set(&mut found.zone, (Zone::Utc, 0))
                }
                Some('+' | '-') => {
                    let offset = self.offset(3)?;
                    set(&mut found.zone, (Zone::Local, offset))
                }
                _ => Some(()),
            },
            Piece::Era => self.literal("A.D.").or_else(|| self.literal("AD")),
            Piece::Literal(' ') if self.inner_white => Some(()),
            Piece::Literal(letter) => {
                if let Some(rest) = self.rest.strip_prefix(letter) {
                    self.rest = rest;
                    return Some(());
                }
                // The point goes with decimals that may be left out.
                (letter == '.' && matches!(next, Some(Piece::Fraction { optional: true, .. }))).then_some(())
            }
        }
    }

    fn digits(&mut self, least: usize, most: usize) -> Option<&'t str> {
        let count = self.rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
        (count >= least).then_some(())?;
        let (digits, rest) = self.rest.split_at(count);
        self.rest = rest;
        Some(digits)
    }

    fn number(&mut self, least: usize, most: usize) -> Option<i32> {
        self.digits(least, most)?.parse().ok()
    }

    /// One or two digits where the letter stands once, else exactly two.
    fn small(&mut self, letters: usize) -> Option<i8> {
        i8::try_from(self.number(letters.min(2), 2)?).ok()
    }

    fn literal(&mut self, text: &str) -> Option<()> {
        let head = self.rest.get(..text.len())?;
        head.eq_ignore_ascii_case(text).then_some(())?;
        self.rest = &self.rest[text.len()..];
        Some(())
    }

    /// The index of a name.
    fn name(&mut self, names: &[&str], full: bool) -> Option<i8> {
        let index = names.iter().position(|name| self.literal(if full { name } else { &name[..3] }).is_some())?;
        i8::try_from(index).ok()
    }

    fn half(&mut self, full: bool, found: &mut Found) -> Option<()> {
        for (half, afternoon) in [("AM", false), ("PM", true)] {
            if self.literal(if full { half } else { &half[..1] }).is_some() {
                return set(&mut found.afternoon, afternoon);
            }
        }
        None
    }

    /// Minutes east of UTC.
    fn offset(&mut self, letters: usize) -> Option<i32> {
        let sign = match self.rest.chars().next()? {
            '+' => 1,
            '-' => -1,
            _ => return None,
        };
        self.rest = &self.rest[1..];
        let hours = self.number(if letters == 1 { 1 } else { 2 }, 2)?;
        let minutes = if letters > 2 {
            self.rest = self.rest.strip_prefix(':').unwrap_or(self.rest);
            self.number(2, 2)?
        } else {
            0
        };
        (hours <= 14 && minutes < 60).then(|| sign * (hours * 60 + minutes))
    }
}

fn set<T: PartialEq>(place: &mut Option<T>, value: T) -> Option<()> {
    if place.as_ref().is_some_and(|known| *known != value) {
        return None;
    }
    *place = Some(value);
    Some(())
}

impl Found {
    fn moment(self, styles: Styles, today: Date) -> Option<Moment> {
        let (year, month, day) = match (self.year, self.month, self.day) {
            (None, None, None) if styles.no_current_date => (1, 1, 1),
            (None, None, None) => (today.year(), today.month(), today.day()),
            (year, month, day) => {
                let this_year = if styles.no_current_date { 1 } else { today.year() };
                (year.unwrap_or(this_year), month.unwrap_or(1), day.unwrap_or(1))
            }
        };
        let hour = match (self.hour.unwrap_or(0), self.twelve, self.afternoon) {
            // `hh` without AM or PM means the morning.
            (hour, true, afternoon) => {
                (0..=12).contains(&hour).then_some(())?;
                hour % 12 + if afternoon == Some(true) { 12 } else { 0 }
            }
            (hour, false, Some(afternoon)) if (hour >= 12) != afternoon => return None,
            (hour, false, _) => hour,
        };
        let date = Date::new(year, month, day).ok().filter(|_| year > 0)?;
        let time = Time::new(hour, self.minute.unwrap_or(0), self.second.unwrap_or(0), self.ticks * 100).ok()?;
        if self.weekday.is_some_and(|weekday| weekday != date.weekday().to_sunday_zero_offset()) {
            return None;
        }
        let at = DateTime::from_parts(date, time);
        let (at, zone) = match self.zone {
            None if styles.assume => (at, if styles.adjust_to_universal { Zone::Utc } else { Zone::Local }),
            None => (at, Zone::Unspecified),
            Some((Zone::Utc, _)) if styles.round_trip => (at, Zone::Utc),
            Some((_, offset)) => {
                (to_utc(at, offset)?, if styles.adjust_to_universal { Zone::Utc } else { Zone::Local })
            }
        };
        Some(Moment { at, zone })
    }
}
