//! Character classes and the escapes that stand for one character or a set of them.

use super::PatternError;
use super::translate::{error, push_literal};

/// `\w` of .NET: letters, marks that take no room, decimal digits, connectors.
const WORD: &str = "\\p{L}\\p{Mn}\\p{Nd}\\p{Pc}";

/// Named blocks of characters, as far as they are known here.
const BLOCKS: &[(&str, &str)] = &[
    ("IsBasicLatin", "\\x{0}-\\x{7F}"),
    ("IsLatin-1Supplement", "\\x{80}-\\x{FF}"),
    ("IsLatinExtended-A", "\\x{100}-\\x{17F}"),
    ("IsLatinExtended-B", "\\x{180}-\\x{24F}"),
    ("IsCombiningDiacriticalMarks", "\\x{300}-\\x{36F}"),
    ("IsGreek", "\\x{370}-\\x{3FF}"),
    ("IsGreekandCoptic", "\\x{370}-\\x{3FF}"),
    ("IsCyrillic", "\\x{400}-\\x{4FF}"),
    ("IsHebrew", "\\x{590}-\\x{5FF}"),
    ("IsArabic", "\\x{600}-\\x{6FF}"),
    ("IsThai", "\\x{E00}-\\x{E7F}"),
    ("IsLatinExtendedAdditional", "\\x{1E00}-\\x{1EFF}"),
    ("IsGeneralPunctuation", "\\x{2000}-\\x{206F}"),
    ("IsHiragana", "\\x{3040}-\\x{309F}"),
    ("IsKatakana", "\\x{30A0}-\\x{30FF}"),
    ("IsCJKUnifiedIdeographs", "\\x{4E00}-\\x{9FFF}"),
    ("IsHangulSyllables", "\\x{AC00}-\\x{D7AF}"),
];

/// How deep classes may be subtracted from each other.
const MAX_DEPTH: usize = 10;

/// Translates a class that begins the text; also says how long it is.
pub(super) fn translate(text: &str) -> Result<(String, usize), PatternError> {
    nested(text, 0)
}

fn nested(text: &str, depth: usize) -> Result<(String, usize), PatternError> {
    if depth > MAX_DEPTH {
        return Err(error(format!("classes nest deeper than {MAX_DEPTH} levels"), 0));
    }
    let unclosed = || error("the class has no closing `]`", 0);
    let negated = text[1..].starts_with('^');
    let mut at = 1 + usize::from(negated);
    let mut out = String::new();
    let mut subtracted = None;
    let mut first = true;
    loop {
        let next = text[at..].chars().next().ok_or_else(unclosed)?;
        // A bracket that comes first is a character.
        if next == ']' && !first {
            at += 1;
            break;
        }
        if next == '-' && text[at + 1..].starts_with('[') && !first {
            let (class, length) = nested(&text[at + 1..], depth + 1).map_err(|mut error| {
                error.offset = error.offset.map(|offset| offset + at + 1);
                error
            })?;
            at += 1 + length;
            if !text[at..].starts_with(']') {
                return Err(error("a subtracted class must be the last thing in a class", at));
            }
            at += 1;
            subtracted = Some(class);
            break;
        }
        first = false;
        let (from, single, length) = item(&text[at..]).map_err(|mut error| {
            error.offset = Some(at);
            error
        })?;
        let start = at;
        at += length;
        out.push_str(&from);
        let ranges = single.is_some() && text[at..].starts_with('-') && !text[at + 1..].starts_with([']', '[']);
        if ranges && at + 1 < text.len() {
            let (to, end, length) = item(&text[at + 1..]).map_err(|mut error| {
                error.offset = Some(at + 1);
                error
            })?;
            match (single, end) {
                (Some(low), Some(high)) if low > high => {
                    return Err(error("the range runs backwards", start));
                }
                (_, None) => return Err(error("a set of characters can't end a range", start)),
                _ => {}
            }
            at += 1 + length;
            out.push('-');
            out.push_str(&to);
        }
    }
    let sign = if negated { "^" } else { "" };
    Ok((
        match subtracted {
            Some(class) => format!("[[{sign}{out}]--{class}]"),
            None => format!("[{sign}{out}]"),
        },
        at,
    ))
}

/// One member of a class: its translation, its character where it is a single one, its length.
fn item(text: &str) -> Result<(String, Option<char>, usize), PatternError> {
    let next = text.chars().next().ok_or_else(|| error("the class has no closing `]`", 0))?;
    if next != '\\' {
        let mut out = String::new();
        push_literal(&mut out, next);
        return Ok((out, Some(next), next.len_utf8()));
    }
    // In a class `\b` is the backspace.
    if text[1..].starts_with('b') {
        return Ok(("\\x{8}".to_owned(), Some('\u{8}'), 2));
    }
    let (escaped, length) = escape(text)?;
    let single = match text[1..].chars().next() {
        Some('w' | 'W' | 's' | 'S' | 'd' | 'D' | 'p' | 'P') => None,
        _ => character(text)?.map(|(letter, _)| letter),
    };
    Ok((escaped, single, length))
}

/// Translates an escape, inside a class or outside; also says how long it is.
pub(super) fn escape(text: &str) -> Result<(String, usize), PatternError> {
    let letter = text[1..].chars().next().ok_or_else(|| error("the pattern ends with a backslash", 0))?;
    match letter {
        'w' => return Ok((format!("[{WORD}]"), 2)),
        'W' => return Ok((format!("[^{WORD}]"), 2)),
        's' | 'S' | 'd' | 'D' => return Ok((format!("\\{letter}"), 2)),
        'p' | 'P' => return property(text, letter == 'P'),
        _ => {}
    }
    let Some((character, length)) = character(text)? else {
        return Err(error(format!("`\\{letter}` isn't an escape"), 0));
    };
    let mut out = String::new();
    push_literal(&mut out, character);
    Ok((out, length))
}

/// The character of an escape and the escape's length; `None` where it stands for none.
fn character(text: &str) -> Result<Option<(char, usize)>, PatternError> {
    let rest = &text[1..];
    let letter = rest.chars().next().ok_or_else(|| error("the pattern ends with a backslash", 0))?;
    let hex = |count: usize| {
        let digits = rest.get(1..=count).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let found = code.and_then(char::from_u32);
        found
            .map(|found| Some((found, 2 + count)))
            .ok_or_else(|| error(format!("`\\{letter}` needs {count} hex digits"), 0))
    };
    Ok(Some(match letter {
        'a' => ('\u{7}', 2),
        't' => ('\t', 2),
        'r' => ('\r', 2),
        'v' => ('\u{b}', 2),
        'f' => ('\u{c}', 2),
        'n' => ('\n', 2),
        'e' => ('\u{1b}', 2),
        'x' => return hex(2),
        'u' => return hex(4),
        'c' => {
            let control =
                rest[1..].chars().next().filter(|control| ('@'..='_').contains(&control.to_ascii_uppercase()));
            let control = control.ok_or_else(|| error("`\\c` needs a letter", 0))?;
            (char::from(control.to_ascii_uppercase() as u8 - 64), 3)
        }
        '0'..='7' => {
            let length = rest.bytes().take(3).take_while(|digit| (b'0'..b'8').contains(digit)).count();
            let code = u8::from_str_radix(&rest[..length], 8).unwrap_or_default();
            (char::from(code), 1 + length)
        }
        letter if letter.is_alphanumeric() || letter == '_' => return Ok(None),
        letter => (letter, 1 + letter.len_utf8()),
    }))
}

/// `\p{L}` and `\P{IsGreek}`.
fn property(text: &str, negated: bool) -> Result<(String, usize), PatternError> {
    let end = text.find('}').filter(|_| text[2..].starts_with('{'));
    let end = end.ok_or_else(|| error("write a Unicode category as `\\p{L}`", 0))?;
    let name = &text[3..end];
    let sign = if negated { "^" } else { "" };
    if let Some((_, block)) = BLOCKS.iter().find(|(known, _)| *known == name) {
        return Ok((format!("[{sign}{block}]"), end + 1));
    }
    // Categories have one letter, or a second one in lower case.
    let mut letters = name.chars();
    let is_category = letters.next().is_some_and(|first| "LMNPSZC".contains(first))
        && letters.next().is_none_or(|second| second.is_ascii_lowercase())
        && letters.next().is_none();
    if !is_category {
        return Err(error(format!("the Unicode category or block `{name}` isn't known"), 0));
    }
    let mark = if negated { 'P' } else { 'p' };
    Ok((format!("\\{mark}{{{name}}}"), end + 1))
}
