//! What matches are replaced by.

use std::borrow::Cow;

use super::{Match, MatchError, Pattern};

/// A replacement pattern: text with `$1`, `${name}`, `$&`, `$$` …
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::expression) struct Replacement(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Group(usize),
    /// `` $` ``: what stands before the match.
    Before,
    /// `$'`: what stands behind it.
    Behind,
    /// `$_`: the whole text.
    All,
}

impl Replacement {
    /// Reads a replacement. What names no group of the pattern stays as it is written.
    pub(in crate::expression) fn new(text: &str, pattern: &Pattern) -> Self {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            push(&mut parts, &rest[..at]);
            rest = &rest[at..];
            let (part, length) = substitution(rest, pattern).unwrap_or((Part::Text("$".to_owned()), 1));
            match part {
                Part::Text(text) => push(&mut parts, &text),
                part => parts.push(part),
            }
            rest = &rest[length..];
        }
        push(&mut parts, rest);
        Self(parts)
    }
}

fn push(parts: &mut Vec<Part>, text: &str) {
    match parts.last_mut() {
        Some(Part::Text(last)) => last.push_str(text),
        _ if text.is_empty() => {}
        _ => parts.push(Part::Text(text.to_owned())),
    }
}

/// What a `$` stands for, and how long it is.
fn substitution(text: &str, pattern: &Pattern) -> Option<(Part, usize)> {
    let rest = &text[1..];
    let numbered = |digits: &str| digits.parse().ok().filter(|number| *number < pattern.group_count());
    Some(match rest.chars().next()? {
        '$' => (Part::Text("$".to_owned()), 2),
        '&' => (Part::Group(0), 2),
        '`' => (Part::Before, 2),
        '\'' => (Part::Behind, 2),
        '_' => (Part::All, 2),
        '+' => (Part::Group(pattern.group_count() - 1), 2),
        '{' => {
            let end = rest.find('}')?;
            let name = &rest[1..end];
            (Part::Group(pattern.group(name).or_else(|| numbered(name))?), end + 2)
        }
        '0'..='9' => {
            // As many digits as still name a group.
            let most = rest.bytes().take_while(u8::is_ascii_digit).count();
            (1..=most.min(4))
                .rev()
                .find_map(|length| numbered(&rest[..length]).map(|number| (Part::Group(number), 1 + length)))?
        }
        _ => return None,
    })
}

impl Pattern {
    /// Replaces every match. `None` where the result would have more than `most` bytes.
    pub(in crate::expression) fn replace<'t>(
        &self,
        text: &'t str,
        replacement: &Replacement,
        most: usize,
    ) -> Result<Option<Cow<'t, str>>, MatchError> {
        let whole = |one: &Match, out: &mut String| {
            let range = one.range();
            for part in &replacement.0 {
                match part {
                    Part::Text(text) => out.push_str(text),
                    Part::Group(number) => out.push_str(&text[one.group(*number).unwrap_or_default()]),
                    Part::Before => out.push_str(&text[..range.start]),
                    Part::Behind => out.push_str(&text[range.end..]),
                    Part::All => out.push_str(text),
                }
            }
        };
        self.rewrite(text, 0, most, whole)
    }

    /// Replaces what a group captured in every match by a text as it is.
    pub(in crate::expression) fn replace_group<'t>(
        &self,
        text: &'t str,
        group: usize,
        replacement: &str,
        most: usize,
    ) -> Result<Option<Cow<'t, str>>, MatchError> {
        self.rewrite(text, group, most, |_, out| out.push_str(replacement))
    }

    fn rewrite<'t>(
        &self,
        text: &'t str,
        group: usize,
        most: usize,
        mut write: impl FnMut(&Match, &mut String),
    ) -> Result<Option<Cow<'t, str>>, MatchError> {
        let matches = self.matches(text)?;
        if matches.is_empty() {
            return Ok(Some(Cow::Borrowed(text)));
        }
        let mut out = String::with_capacity(text.len());
        let mut copied = 0;
        for one in &matches {
            // A group in a look-around may stand before what was copied already.
            let Some(range) = one.group(group).filter(|range| range.start >= copied) else { continue };
            out.push_str(&text[copied..range.start]);
            write(one, &mut out);
            copied = range.end;
            if out.len() > most {
                return Ok(None);
            }
        }
        out.push_str(&text[copied..]);
        Ok((out.len() <= most).then_some(Cow::Owned(out)))
    }
}
