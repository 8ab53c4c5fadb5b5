//! Format strings, split into what each letter means.

use std::borrow::Cow;

/// One piece of a format string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// `y`, `yy`, `yyyy` …
    Year(usize),
    /// `M`, `MM`.
    Month(usize),
    /// `MMM` (abbreviated) and `MMMM`.
    MonthName { full: bool },
    /// `d`, `dd`.
    Day(usize),
    /// `ddd` (abbreviated) and `dddd`.
    DayName { full: bool },
    /// `H`, `HH`.
    Hour24(usize),
    /// `h`, `hh`.
    Hour12(usize),
    /// `m`, `mm`.
    Minute(usize),
    /// `s`, `ss`.
    Second(usize),
    /// `f` to `fffffff`; `F` leaves zeros at the end out.
    Fraction { digits: usize, optional: bool },
    /// `t` (one letter) and `tt`.
    Half { full: bool },
    /// `z`, `zz`, `zzz`.
    Offset(usize),
    /// `K`.
    Kind,
    /// `g`.
    Era,
    /// Anything else.
    Literal(char),
}

/// A format string of .NET, standard or custom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::expression) struct Layout(pub(super) Vec<Piece>);

impl Layout {
    /// Reads a format string; the error says what is wrong with it.
    pub(in crate::expression) fn new(format: &str) -> Result<Self, String> {
        let mut chars = format.chars();
        let custom = match (chars.next(), chars.next()) {
            (None, _) => return Err("the date format is empty".to_owned()),
            (Some(only), None) => {
                Cow::Borrowed(standard(only).ok_or_else(|| format!("`{only}` isn't a standard date format"))?)
            }
            // `%d` is the custom format of one letter.
            (Some('%'), Some(only)) if chars.next().is_none() => Cow::Owned(only.to_string()),
            _ => Cow::Borrowed(format),
        };
        split(&custom).map(Self)
    }
}

/// The custom format behind a standard one.
const fn standard(letter: char) -> Option<&'static str> {
    Some(match letter {
        'd' => "MM/dd/yyyy",
        'D' => "dddd, dd MMMM yyyy",
        'f' => "dddd, dd MMMM yyyy HH:mm",
        'F' | 'U' => "dddd, dd MMMM yyyy HH:mm:ss",
        'g' => "MM/dd/yyyy HH:mm",
        'G' => "MM/dd/yyyy HH:mm:ss",
        'M' | 'm' => "MMMM dd",
        'O' | 'o' => "yyyy'-'MM'-'dd'T'HH':'mm':'ss'.'fffffffK",
        'R' | 'r' => "ddd, dd MMM yyyy HH':'mm':'ss 'GMT'",
        's' => "yyyy'-'MM'-'dd'T'HH':'mm':'ss",
        't' => "HH:mm",
        'T' => "HH:mm:ss",
        'u' => "yyyy'-'MM'-'dd HH':'mm':'ss'Z'",
        'Y' | 'y' => "yyyy MMMM",
        _ => return None,
    })
}

fn split(format: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut chars = format.chars().peekable();
    while let Some(letter) = chars.next() {
        match letter {
            '\'' | '"' => {
                loop {
                    match chars.next() {
                        None => return Err(format!("the date format has no closing `{letter}`")),
                        Some(end) if end == letter => break,
                        Some('\\') => {
                            let escaped = chars.next().ok_or("the date format ends with a backslash")?;
                            pieces.push(Piece::Literal(escaped));
                        }
                        Some(other) => pieces.push(Piece::Literal(other)),
                    }
                }
                continue;
            }
            '\\' => {
                pieces.push(Piece::Literal(chars.next().ok_or("the date format ends with a backslash")?));
                continue;
            }
            '%' => {
                if matches!(chars.peek(), None | Some('%')) {
                    return Err("a `%` in the date format has no letter after it".to_owned());
                }
                continue;
            }
            _ => {}
        }
        let mut count = 1;
        while "yMdHhmsfFtzg".contains(letter) && chars.peek() == Some(&letter) {
            chars.next();
            count += 1;
        }
        pieces.push(match letter {
            'y' => Piece::Year(count),
            'M' if count < 3 => Piece::Month(count),
            'M' => Piece::MonthName { full: count > 3 },
            'd' if count < 3 => Piece::Day(count),
            'd' => Piece::DayName { full: count > 3 },
            'H' => Piece::Hour24(count),
            'h' => Piece::Hour12(count),
            'm' => Piece::Minute(count),
            's' => Piece::Second(count),
            'f' | 'F' if count > 7 => return Err(format!("a second has at most 7 decimals, not {count}")),
            'f' | 'F' => Piece::Fraction { digits: count, optional: letter == 'F' },
            't' => Piece::Half { full: count > 1 },
            'z' => Piece::Offset(count),
            'K' => Piece::Kind,
            'g' => Piece::Era,
            other => Piece::Literal(other),
        });
    }
    Ok(pieces)
}
