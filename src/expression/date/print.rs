//! Prints dates by a format string.

use std::fmt::{self, Write as _};

use super::layout::{Layout, Piece};
use super::{DAYS, MONTHS, Moment, Zone};

impl Layout {
    /// The date as text, at the offset that .NET gives on a machine in UTC.
    pub(in crate::expression) fn print(&self, moment: Moment) -> String {
        let mut text = String::new();
        for piece in &self.0 {
            print(&mut text, piece, moment).expect("writing to a string doesn't fail");
        }
        text
    }
}

fn print(text: &mut String, piece: &Piece, Moment { at, zone }: Moment) -> fmt::Result {
    let name = |name: &'static str, full: bool| if full { name } else { &name[..3] };
    match *piece {
        Piece::Year(digits @ 1..=2) => write!(text, "{:0digits$}", at.year() % 100),
        Piece::Year(digits) => write!(text, "{:0digits$}", at.year()),
        Piece::Month(digits) => write!(text, "{:0digits$}", at.month()),
        Piece::MonthName { full } => text.write_str(name(MONTHS[usize::from(at.month().unsigned_abs()) - 1], full)),
        Piece::Day(digits) => write!(text, "{:0digits$}", at.day()),
        Piece::DayName { full } => {
            let day = at.date().weekday().to_sunday_zero_offset();
            text.write_str(name(DAYS[usize::from(day.unsigned_abs())], full))
        }
        Piece::Hour24(digits) => write!(text, "{:0width$}", at.hour(), width = digits.min(2)),
        Piece::Hour12(digits) => {
            let hour = if at.hour() % 12 == 0 { 12 } else { at.hour() % 12 };
            write!(text, "{hour:0width$}", width = digits.min(2))
        }
        Piece::Minute(digits) => write!(text, "{:0width$}", at.minute(), width = digits.min(2)),
        Piece::Second(digits) => write!(text, "{:0width$}", at.second(), width = digits.min(2)),
        Piece::Fraction { digits, optional } => {
            let ticks = format!("{:07}", at.subsec_nanosecond() / 100);
            let shown = &ticks[..digits];
            let shown = if optional { shown.trim_end_matches('0') } else { shown };
            // The point before decimals that are left out goes with them.
            if shown.is_empty() && text.ends_with('.') {
                text.pop();
            }
            text.write_str(shown)
        }
        Piece::Half { full } => {
            let half = if at.hour() < 12 { "AM" } else { "PM" };
            text.write_str(if full { half } else { &half[..1] })
        }
        Piece::Offset(1) => text.write_str("+0"),
        Piece::Offset(2) => text.write_str("+00"),
        Piece::Offset(_) => text.write_str("+00:00"),
        Piece::Kind => text.write_str(match zone {
            Zone::Unspecified => "",
            Zone::Utc => "Z",
            Zone::Local => "+00:00",
        }),
        Piece::Era => text.write_str("A.D."),
        Piece::Literal(letter) => text.write_char(letter),
    }
}
