//! Reads dates in any of the forms that .NET's `DateTime.Parse` knows in the invariant culture.

use jiff::civil::{Date, DateTime, Time};

use super::{DAYS, MONTHS, century, to_utc};

/// Reads a date with an optional time and offset; the result is in UTC, which also counts where there is no
/// offset.
///
/// Forms: ISO 8601 (`2020-03-16`, `2009-06-15T01:45:30.5-07:00`, `2020-03-16-07:00`, `…Z`), month first
/// (`3/16/2020 7:00:00 AM`), names (`16 March 2020`, `Mar 16, 2020`, `Mon, 16 Mar 2020 07:00:00 GMT`), with
/// `4 PM` and offsets such as `-8`. Where the year is missing (`3/16`, `March 16`) or the whole date (`16:05`),
/// it is `today`'s; a missing day is the first (`2020-03`). `16 March` depends on the culture and is refused.
pub(in crate::expression) fn parse(text: &str, today: Date) -> Option<DateTime> {
    let tokens = tokens(text)?;
    let mut reader = Reader { tokens: &tokens, today };
    let weekday = reader.word(|word| name(&DAYS, word));
    if weekday.is_some() {
        reader.mark(',');
    }
    let date = reader.date()?;
    if weekday.is_some_and(|weekday| weekday != date.weekday().to_sunday_zero_offset()) {
        return None;
    }
    let time = reader.time()?;
    let offset = reader.offset()?;
    reader.tokens.is_empty().then_some(())?;
    to_utc(DateTime::from_parts(date, time), offset)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'t> {
    Number(&'t str),
    Word(&'t str),
    Mark(char),
}

/// More are in no date.
const MAX_TOKENS: usize = 24;

fn tokens(text: &str) -> Option<Vec<Token<'_>>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim();
    while let Some(first) = rest.chars().next() {
        let run = |of: fn(&u8) -> bool| rest.bytes().take_while(of).count();
        let length = match first {
            '0'..='9' => run(u8::is_ascii_digit),
            _ if first.is_ascii_alphabetic() => run(u8::is_ascii_alphabetic),
            _ => first.len_utf8(),
        };
        let (head, tail) = rest.split_at(length);
        rest = tail;
        match first {
            '0'..='9' => tokens.push(Token::Number(head)),
            _ if first.is_ascii_alphabetic() => tokens.push(Token::Word(head)),
            _ if first.is_whitespace() => {}
            _ => tokens.push(Token::Mark(first)),
        }
        if tokens.len() > MAX_TOKENS {
            return None;
        }
    }
    Some(tokens)
}

/// The index of a name, whole or its first three letters.
fn name(names: &[&str], word: &str) -> Option<i8> {
    let index = names.iter().position(|name| name.eq_ignore_ascii_case(word) || name[..3].eq_ignore_ascii_case(word));
    index.and_then(|index| i8::try_from(index).ok())
}

#[derive(Clone, Copy)]
struct Reader<'r, 't> {
    tokens: &'r [Token<'t>],
    today: Date,
}

impl<'t> Reader<'_, 't> {
    fn word<T>(&mut self, meaning: impl Fn(&str) -> Option<T>) -> Option<T> {
        let Some(Token::Word(word)) = self.tokens.first() else { return None };
        let meant = meaning(word)?;
        self.tokens = &self.tokens[1..];
        Some(meant)
    }

    fn mark(&mut self, mark: char) -> bool {
        let is_next = self.tokens.first() == Some(&Token::Mark(mark));
        if is_next {
            self.tokens = &self.tokens[1..];
        }
        is_next
    }

    fn number(&mut self) -> Option<&'t str> {
        let Some(Token::Number(digits)) = self.tokens.first() else { return None };
        self.tokens = &self.tokens[1..];
        Some(digits)
    }

    /// A number of one or two digits.
    fn small(&mut self) -> Option<i8> {
        self.number().filter(|digits| digits.len() < 3)?.parse().ok()
    }

    /// A year of four digits, or of two.
    fn year(&mut self) -> Option<i16> {
        let digits = self.number()?;
        let year = digits.parse().ok()?;
        match digits.len() {
            1 | 2 => Some(century(year)),
            3 | 4 => Some(year),
            _ => None,
        }
    }

    fn month_name(&mut self) -> Option<i8> {
        let month = self.word(|word| name(&MONTHS, word))?;
        self.mark('.');
        Some(month + 1)
    }

    fn separator(&mut self) -> Option<char> {
        ['/', '-', '.', ','].into_iter().find(|mark| self.mark(*mark))
    }

    /// Whether what follows begins a time of day.
    fn is_at_time(&self) -> bool {
        let is_half = |word: &str| ["A", "AM", "P", "PM"].iter().any(|half| half.eq_ignore_ascii_case(word));
        match self.tokens {
            [Token::Number(_), Token::Mark(':'), ..] => true,
            [Token::Number(_), Token::Word(word), ..] => is_half(word),
            _ => false,
        }
    }

    /// Takes a separator and what `part` reads behind it; nothing if there isn't both.
    fn after_separator<T>(&mut self, part: impl FnOnce(&mut Self, Option<char>) -> Option<T>) -> Option<T> {
        let mut ahead = *self;
        let mark = ahead.separator();
        if ahead.is_at_time() {
            return None;
        }
        let part = part(&mut ahead, mark)?;
        *self = ahead;
        Some(part)
    }

    fn date(&mut self) -> Option<Date> {
        if self.is_at_time() {
            return Some(self.today);
        }
        let (year, month, day) = if let Some(month) = self.month_name() {
            // March 16, 2020; March 2020; March 16.
            let day = self.after_separator(|reader, _| reader.small());
            let year = self.after_separator(|reader, _| reader.year());
            if year.is_none() && day.is_none() {
                return None;
            }
            (year, month, day)
        } else if matches!(self.tokens.first(), Some(Token::Number(digits)) if digits.len() > 2) {
            // 2020-03-16; 2020 March 16; 2020-03.
            let year = self.year()?;
            let mark = self.separator();
            let month = match self.month_name() {
                Some(month) => month,
                None => self.small().filter(|_| mark.is_some())?,
            };
            let day = self.after_separator(|reader, again| reader.small().filter(|_| again == mark));
            (Some(year), month, day)
        } else {
            let first = self.small()?;
            let mark = self.separator();
            if let Some(month) = self.month_name() {
                // 16 March 2020.
                self.separator();
                (Some(self.year()?), month, Some(first))
            } else if matches!(self.tokens.first(), Some(Token::Number(digits)) if digits.len() > 2) {
                // 03/2020.
                (Some(self.year().filter(|_| mark.is_some())?), first, None)
            } else {
                // 3/16/2020, 3/16: the month comes first.
                let day = self.small().filter(|_| mark.is_some())?;
                let year = self.after_separator(|reader, again| reader.year().filter(|_| again == mark));
                (year, first, Some(day))
            }
        };
        // Behind a dash could stand what is missing, or an offset.
        if (year.is_none() || day.is_none()) && self.tokens.first() == Some(&Token::Mark('-')) {
            return None;
        }
        let year = year.unwrap_or(self.today.year());
        Date::new(year, month, day.unwrap_or(1)).ok().filter(|_| year > 0)
    }

    /// The time; midnight where there is none.
    fn time(&mut self) -> Option<Time> {
        self.mark(',');
        let marked = self.word(|word| word.eq_ignore_ascii_case("T").then_some(())).is_some();
        let Some(Token::Number(_)) = self.tokens.first() else { return (!marked).then(Time::midnight) };
        let hour = self.small()?;
        let (mut minute, mut second, mut nanosecond) = (0, 0, 0);
        let has_minutes = self.mark(':');
        if has_minutes {
            minute = self.small()?;
            if self.mark(':') {
                second = self.small()?;
                if self.mark('.') || self.mark(',') {
                    nanosecond = fraction(self.number()?)?;
                }
            }
        }
        let half = self.word(|word| match word.to_ascii_uppercase().as_str() {
            "A" | "AM" => Some(0),
            "P" | "PM" => Some(12),
            _ => None,
        });
        let hour = match half {
            Some(half) => {
                (1..=12).contains(&hour).then_some(())?;
                hour % 12 + half
            }
            // A number alone is no time.
            None if !has_minutes => return None,
            None => hour,
        };
        Time::new(hour, minute, second, nanosecond).ok()
    }

    /// Minutes east of UTC; 0 where there is no offset.
    fn offset(&mut self) -> Option<i32> {
        let utc = |word: &str| ["Z", "GMT", "UTC"].iter().any(|name| name.eq_ignore_ascii_case(word)).then_some(());
        if self.word(utc).is_some() {
            return Some(0);
        }
        let sign = if self.mark('+') {
            1
        } else if self.mark('-') {
            -1
        } else {
            return Some(0);
        };
        let digits = self.number()?;
        let (hours, minutes): (i32, i32) = match digits.len() {
            1 | 2 if self.mark(':') => (digits.parse().ok()?, i32::from(self.small()?)),
            1 | 2 => (digits.parse().ok()?, 0),
            4 => (digits[..2].parse().ok()?, digits[2..].parse().ok()?),
            _ => return None,
        };
        (hours <= 14 && minutes < 60).then(|| sign * (hours * 60 + minutes))
    }
}

/// Nanoseconds of decimals; .NET keeps seven.
fn fraction(digits: &str) -> Option<i32> {
    let kept = &digits[..digits.len().min(7)];
    let mut nanoseconds: i32 = kept.parse().ok()?;
    for _ in kept.len()..9 {
        nanoseconds *= 10;
    }
    Some(nanoseconds)
}
