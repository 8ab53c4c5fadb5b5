//! From .NET's syntax to that of the engine.

use std::fmt::Write as _;

use super::PatternError;
use super::class;

/// A pattern in the engine's syntax.
#[derive(Debug, Clone)]
pub(super) struct Translated {
    pub(super) pattern: String,
    /// The same where `$` and `\Z` also match before a line feed at the end.
    pub(super) before_line_feed: String,
    /// Groups by their number in .NET; the first is the whole match.
    pub(super) groups: Vec<Group>,
    /// Whether the engine has to backtrack.
    pub(super) backtracks: bool,
}

/// One group of .NET.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) name: String,
    /// Its numbers in the engine; several where groups share a name.
    pub(super) indices: Vec<usize>,
}

/// How deep groups may nest.
const MAX_DEPTH: usize = 50;

/// A piece of the output; references to groups are resolved once all groups are known.
enum Piece {
    Text(String),
    /// `$` or `\Z`.
    End,
    /// `\k<name>` or `\1`, with its place in the pattern.
    Reference {
        name: String,
        offset: usize,
    },
    /// `\10` and more: a reference where there is such a group, else the octal character.
    ReferenceOrOctal {
        digits: String,
        offset: usize,
    },
    /// `(?(name)`.
    Condition {
        name: String,
        offset: usize,
    },
}

/// Options that change how a pattern is read; the others are handed on to the engine.
#[derive(Clone, Copy, Default)]
struct Options {
    /// `x`: blanks and comments don't count.
    blanks: bool,
    /// `n`: only named groups capture.
    explicit: bool,
    /// `m`: `$` matches at the end of each line.
    lines: bool,
}

struct Translator<'p> {
    pattern: &'p str,
    at: usize,
    pieces: Vec<Piece>,
    options: Options,
    /// What to go back to at the end of each open group, with the place of its bracket.
    open: Vec<(Options, usize)>,
    /// Name (empty for none) of each group of the engine, from 1.
    captured: Vec<String>,
    backtracks: bool,
    /// Whether something is there that a quantifier can repeat.
    repeatable: bool,
}

pub(super) fn translate(pattern: &str) -> Result<Translated, PatternError> {
    let mut translator = Translator {
        pattern,
        at: 0,
        pieces: Vec::new(),
        options: Options::default(),
        open: Vec::new(),
        captured: Vec::new(),
        backtracks: false,
        repeatable: false,
    };
    while let Some(next) = translator.peek() {
        translator.step(next)?;
    }
    if let Some((_, offset)) = translator.open.last() {
        return Err(error("the group has no closing `)`", *offset));
    }
    let Translator { pieces, captured, backtracks, .. } = translator;
    let groups = number(&captured);
    let (mut plain, mut before_line_feed) = (String::new(), String::new());
    for piece in &pieces {
        let text = match piece {
            Piece::Text(text) => text.clone(),
            Piece::End => {
                plain.push_str("\\z");
                before_line_feed.push_str("(?=\\n?\\z)");
                continue;
            }
            Piece::Reference { name, offset } => format!("(?:\\{})", resolve(&groups, name, *offset)?),
            Piece::ReferenceOrOctal { digits, offset } => {
                if groups.iter().any(|group| group.name == *digits) {
                    format!("(?:\\{})", resolve(&groups, digits, *offset)?)
                } else {
                    octal(digits, *offset)?
                }
            }
            Piece::Condition { name, offset } => format!("(?({})", resolve(&groups, name, *offset)?),
        };
        plain.push_str(&text);
        before_line_feed.push_str(&text);
    }
    Ok(Translated { pattern: plain, before_line_feed, groups, backtracks })
}

/// Numbers groups as .NET does: those without a name first, then the others as their names first occur.
fn number(captured: &[String]) -> Vec<Group> {
    let mut groups = vec![Group { name: "0".to_owned(), indices: vec![0] }];
    let indexed = || (1..).zip(captured);
    for (index, _) in indexed().filter(|(_, name)| name.is_empty()) {
        groups.push(Group { name: groups.len().to_string(), indices: vec![index] });
    }
    for (index, name) in indexed().filter(|(_, name)| !name.is_empty()) {
        match groups.iter_mut().find(|group| group.name == *name) {
            Some(group) => group.indices.push(index),
            None => groups.push(Group { name: name.clone(), indices: vec![index] }),
        }
    }
    groups
}

/// The engine's number of a group that is referred to.
fn resolve(groups: &[Group], name: &str, offset: usize) -> Result<usize, PatternError> {
    let by_name = groups.iter().find(|group| group.name == name);
    let group = by_name.or_else(|| name.parse::<usize>().ok().and_then(|number| groups.get(number)));
    match group.map(|group| group.indices.as_slice()) {
        Some([index]) if *index > 0 => Ok(*index),
        Some([_, _, ..]) => {
            Err(error(format!("two groups share the name `{name}`, which can't be referred to"), offset))
        }
        _ => Err(error(format!("there is no group `{name}`"), offset)),
    }
}

/// `\12` as the character of that octal number, as far as its digits are octal.
fn octal(digits: &str, offset: usize) -> Result<String, PatternError> {
    let length = digits.bytes().take(3).take_while(|digit| (b'0'..b'8').contains(digit)).count();
    let code = u32::from_str_radix(&digits[..length], 8)
        .map_err(|_| error(format!("there is no group `{digits}`"), offset))?;
    Ok(format!("\\x{{{:X}}}{}", code & 0xff, &digits[length..]))
}

pub(super) fn error(message: impl Into<String>, offset: usize) -> PatternError {
    PatternError { message: message.into(), offset: Some(offset) }
}

impl Translator<'_> {
    fn peek(&self) -> Option<char> {
        self.pattern[self.at..].chars().next()
    }

    fn rest(&self) -> &str {
        &self.pattern[self.at..]
    }

    fn text(&mut self, text: &str) {
        match self.pieces.last_mut() {
            Some(Piece::Text(last)) => last.push_str(text),
            _ => self.pieces.push(Piece::Text(text.to_owned())),
        }
    }

    fn literal(&mut self, letter: char) {
        let mut text = String::new();
        push_literal(&mut text, letter);
        self.text(&text);
        self.repeatable = true;
    }

    fn step(&mut self, next: char) -> Result<(), PatternError> {
        let start = self.at;
        self.at += next.len_utf8();
        match next {
            '(' => self.group(start)?,
            ')' => {
                let Some((options, _)) = self.open.pop() else { return Err(error("`)` closes no group", start)) };
                self.options = options;
                self.text(")");
                self.repeatable = true;
            }
            '[' => {
                let (class, length) = class::translate(&self.pattern[start..]).map_err(|mut error| {
                    error.offset = error.offset.map(|offset| offset + start);
                    error
                })?;
                self.at = start + length;
                self.text(&class);
                self.repeatable = true;
            }
            '\\' => self.escape(start)?,
            '*' | '+' | '?' => self.quantifier(next.encode_utf8(&mut [0; 4]), start)?,
            '{' => match counted(&self.pattern[start..]) {
                Some(length) => {
                    self.at = start + length;
                    self.quantifier(&self.pattern[start..self.at], start)?;
                }
                None => self.literal('{'),
            },
            '^' => {
                self.text("^");
                self.repeatable = true;
            }
            '$' => {
                if self.options.lines {
                    self.text("$");
                } else {
                    self.pieces.push(Piece::End);
                }
                self.repeatable = true;
            }
            '|' => {
                self.text("|");
                self.repeatable = false;
            }
            '.' => {
                self.text(".");
                self.repeatable = true;
            }
            '#' if self.options.blanks => {
                let length = self.rest().find('\n').unwrap_or(self.rest().len());
                self.at += length;
            }
            blank if self.options.blanks && blank.is_whitespace() => {}
            letter => self.literal(letter),
        }
        Ok(())
    }

    fn quantifier(&mut self, text: &str, start: usize) -> Result<(), PatternError> {
        if !self.repeatable {
            return Err(error(format!("`{text}` has nothing to repeat"), start));
        }
        self.text(text);
        if self.peek() == Some('?') {
            self.at += 1;
            self.text("?");
        }
        self.repeatable = false;
        Ok(())
    }

    fn open(&mut self, text: &str, start: usize) -> Result<(), PatternError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(error(format!("groups nest deeper than {MAX_DEPTH} levels"), start));
        }
        self.open.push((self.options, start));
        self.text(text);
        self.repeatable = false;
        Ok(())
    }

    fn capture(&mut self, name: &str, start: usize) -> Result<(), PatternError> {
        self.captured.push(name.to_owned());
        self.open("(", start)
    }

    fn group(&mut self, start: usize) -> Result<(), PatternError> {
        if !self.rest().starts_with('?') {
            return if self.options.explicit { self.open("(?:", start) } else { self.capture("", start) };
        }
        for (opening, backtracks) in
            [("?:", false), ("?=", true), ("?!", true), ("?<=", true), ("?<!", true), ("?>", true)]
        {
            if self.rest().starts_with(opening) {
                self.at += opening.len();
                self.backtracks |= backtracks;
                return self.open(&format!("({opening}"), start);
            }
        }
        if self.rest().starts_with("?#") {
            let end = self.rest().find(')').ok_or_else(|| error("the comment has no closing `)`", start))?;
            self.at += end + 1;
            return Ok(());
        }
        if self.rest().starts_with("?(") {
            self.at += 2;
            let end = self.rest().find(')').ok_or_else(|| error("the condition has no closing `)`", start))?;
            let name = self.rest()[..end].to_owned();
            if !is_name(&name) {
                return Err(error("a condition that is an expression isn't supported", start));
            }
            self.at += end + 1;
            self.backtracks = true;
            self.open("", start)?;
            self.pieces.push(Piece::Condition { name, offset: start });
            return Ok(());
        }
        for (opening, closing) in [("?<", '>'), ("?'", '\'')] {
            if !self.rest().starts_with(opening) {
                continue;
            }
            self.at += opening.len();
            let Some(end) = self.rest().find(closing) else {
                return Err(error(format!("the group's name has no closing `{closing}`"), start));
            };
            let name = self.rest()[..end].to_owned();
            if name.contains('-') {
                return Err(error("balancing groups aren't supported", start));
            }
            if !is_name(&name) || name == "0" {
                return Err(error(format!("`{name}` can't be the name of a group"), start));
            }
            self.at += end + 1;
            return self.capture(&name, start);
        }
        self.inline_options(start)
    }

    /// `(?i)` and `(?i-s:…)`.
    fn inline_options(&mut self, start: usize) -> Result<(), PatternError> {
        self.at += 1;
        let length = self.rest().find([':', ')']).unwrap_or(self.rest().len());
        let written = self.rest()[..length].to_owned();
        let closing = self.rest()[length..].chars().next();
        let (mut on, mut off, mut enable) = (String::new(), String::new(), true);
        let mut options = self.options;
        for letter in written.chars() {
            match letter {
                '-' => enable = false,
                'i' | 's' => if enable { &mut on } else { &mut off }.push(letter),
                'm' => {
                    options.lines = enable;
                    if enable { &mut on } else { &mut off }.push(letter);
                }
                'x' => options.blanks = enable,
                'n' => options.explicit = enable,
                _ => return Err(error(format!("`(?{letter}` isn't known"), start)),
            }
        }
        let flags = if off.is_empty() { on } else { format!("{on}-{off}") };
        self.at += length + 1;
        match closing {
            Some(')') => {
                self.options = options;
                if !flags.is_empty() {
                    self.text(&format!("(?{flags})"));
                }
                self.repeatable = false;
                Ok(())
            }
            Some(_) => {
                self.open(&format!("(?{flags}:"), start)?;
                self.options = options;
                Ok(())
            }
            None => {
                self.at = self.pattern.len();
                Err(error("the group has no closing `)`", start))
            }
        }
    }

    fn escape(&mut self, start: usize) -> Result<(), PatternError> {
        let Some(letter) = self.peek() else { return Err(error("the pattern ends with a backslash", start)) };
        match letter {
            'k' => {
                self.at += 1;
                let (name, length) = [("<", '>'), ("'", '\'')]
                    .into_iter()
                    .find_map(|(open, close)| {
                        let inner = self.rest().strip_prefix(open)?;
                        inner.find(close).map(|end| (inner[..end].to_owned(), end + 2))
                    })
                    .ok_or_else(|| error("`\\k` has no name", start))?;
                self.at += length;
                self.backtracks = true;
                self.pieces.push(Piece::Reference { name, offset: start });
            }
            '1'..='9' => {
                let digits: String = self.rest().chars().take_while(char::is_ascii_digit).take(3).collect();
                self.at += digits.len();
                self.backtracks = true;
                self.pieces.push(if digits.len() == 1 {
                    Piece::Reference { name: digits, offset: start }
                } else {
                    Piece::ReferenceOrOctal { digits, offset: start }
                });
            }
            'Z' => {
                self.at += 1;
                self.pieces.push(Piece::End);
            }
            'A' | 'z' | 'b' | 'B' | 'G' => {
                self.at += 1;
                self.backtracks |= letter == 'G';
                self.text(&format!("\\{letter}"));
            }
            _ => {
                let (text, length) = class::escape(&self.pattern[start..]).map_err(|mut error| {
                    error.offset = Some(start);
                    error
                })?;
                self.at = start + length;
                self.text(&text);
            }
        }
        self.repeatable = true;
        Ok(())
    }
}

/// Length of `{n}`, `{n,}` or `{n,m}`; anything else is a brace like any other character.
fn counted(text: &str) -> Option<usize> {
    let end = text.find('}')?;
    let (least, most) = text[1..end].split_once(',').unwrap_or((&text[1..end], "0"));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    (!least.is_empty() && digits(least) && digits(most)).then_some(end + 1)
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// Writes a character that means itself.
pub(super) fn push_literal(text: &mut String, letter: char) {
    let plain = letter.is_alphanumeric() || letter == '_' || !letter.is_ascii() && !letter.is_control();
    if plain {
        text.push(letter);
    } else {
        write!(text, "\\x{{{:X}}}", u32::from(letter)).expect("writing to a string doesn't fail");
    }
}
