//! Regular expressions as .NET has them.
//!
//! A pattern is translated to the syntax of the engine behind it and matched there: in time linear in the
//! text where it can be, by backtracking with a limit where look-around, back-references or atomic groups
//! need it. Microsoft, *Regular expression language - quick reference*, *Substitutions in regular
//! expressions*.
//!
//! Groups are numbered as in .NET: first those without a name, then those with one. Refused are balancing
//! groups, conditions that are expressions, and names that two groups share where one of them is referred
//! to.

mod class;
mod replace;
mod translate;

#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::OnceLock;

use fancy_regex::{Captures, Regex, RegexBuilder};

use translate::{Translated, translate};

pub(super) use replace::Replacement;

/// How many bytes a text may have that a pattern is matched against.
pub const MAX_SUBJECT: usize = 32 * 1024;

/// How often one match may go back and try again.
const MAX_BACKTRACKS: usize = 100_000;

/// How many matches one text may have for a pattern that backtracks; together with the limit above no
/// pattern can run away.
const MAX_BACKTRACKING_MATCHES: usize = 1_000;

/// How many bytes the compiled form of a pattern may take.
const MAX_COMPILED: usize = 1 << 20;

/// A compiled pattern.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    translated: Translated,
    regex: Regex,
    /// The same for texts that end with a line feed, before which `$` matches too.
    before_line_feed: OnceLock<Option<Regex>>,
}

/// Why a pattern can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PatternError {
    /// What is wrong.
    pub message: String,
    /// Byte offset in the pattern, where it is known.
    pub offset: Option<usize>,
}

/// A text that a pattern can't be matched against within its limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MatchError {
    /// The pattern goes back and tries again too often.
    #[error("the regular expression takes too long for this text")]
    TooHard,
    /// More than [`MAX_SUBJECT`].
    #[error("the text is longer than {MAX_SUBJECT} bytes, too long for a regular expression")]
    TooLong,
}

/// A match: its place and the places of its groups by their number in .NET.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Match {
    groups: Vec<Option<Range<usize>>>,
}

impl Match {
    pub(super) fn range(&self) -> Range<usize> {
        self.groups[0].clone().unwrap_or_default()
    }

    pub(super) fn group(&self, number: usize) -> Option<Range<usize>> {
        self.groups.get(number).cloned().flatten()
    }
}

impl Pattern {
    /// Compiles a pattern.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        Self::compile(text, translate(text)?)
    }

    /// Compiles a pattern that must match the whole text.
    pub fn anchored(text: &str) -> Result<Self, PatternError> {
        let mut translated = translate(text)?;
        for form in [&mut translated.pattern, &mut translated.before_line_feed] {
            *form = format!("\\A(?:{form})\\z");
        }
        Self::compile(text, translated)
    }

    fn compile(text: &str, translated: Translated) -> Result<Self, PatternError> {
        let regex = build(&translated.pattern)?;
        Ok(Self { text: text.to_owned(), translated, regex, before_line_feed: OnceLock::new() })
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What is matched in the end, for telling patterns apart.
    pub fn canonical(&self) -> &str {
        &self.translated.pattern
    }

    /// Whether the pattern matches anywhere in the text.
    pub fn is_match(&self, text: &str) -> Result<bool, MatchError> {
        self.regex(text)?.is_match(text).map_err(|_| MatchError::TooHard)
    }

    /// The number of the group of a name.
    pub(super) fn group(&self, name: &str) -> Option<usize> {
        self.translated.groups.iter().position(|group| group.name == name)
    }

    /// How many groups there are, the whole match included.
    pub(super) fn group_count(&self) -> usize {
        self.translated.groups.len()
    }

    /// All matches from left to right. An empty one may follow right after another.
    pub(super) fn matches(&self, text: &str) -> Result<Vec<Match>, MatchError> {
        let regex = self.regex(text)?;
        let mut found = Vec::new();
        let mut at = 0;
        while at <= text.len() {
            let Some(captures) = regex.captures_from_pos(text, at).map_err(|_| MatchError::TooHard)? else { break };
            let one = self.one(&captures);
            let range = one.range();
            found.push(one);
            if self.translated.backtracks && found.len() > MAX_BACKTRACKING_MATCHES {
                return Err(MatchError::TooHard);
            }
            at = if range.is_empty() {
                range.end + text[range.end..].chars().next().map_or(1, char::len_utf8)
            } else {
                range.end
            };
        }
        Ok(found)
    }

    /// The first match.
    pub(super) fn first(&self, text: &str) -> Result<Option<Match>, MatchError> {
        let captures = self.regex(text)?.captures(text).map_err(|_| MatchError::TooHard)?;
        Ok(captures.map(|captures| self.one(&captures)))
    }

    fn one(&self, captures: &Captures<'_, str>) -> Match {
        let place = |index: usize| captures.get(index).map(|found| found.start()..found.end());
        let groups = self.translated.groups.iter();
        Match { groups: groups.map(|group| group.indices.iter().rev().find_map(|index| place(*index))).collect() }
    }

    fn regex(&self, text: &str) -> Result<&Regex, MatchError> {
        if text.len() > MAX_SUBJECT {
            return Err(MatchError::TooLong);
        }
        if !text.ends_with('\n') || self.translated.pattern == self.translated.before_line_feed {
            return Ok(&self.regex);
        }
        let other = self.before_line_feed.get_or_init(|| build(&self.translated.before_line_feed).ok());
        other.as_ref().ok_or(MatchError::TooHard)
    }
}

fn build(pattern: &str) -> Result<Regex, PatternError> {
    RegexBuilder::new(pattern)
        .backtrack_limit(MAX_BACKTRACKS)
        .delegate_size_limit(MAX_COMPILED)
        .delegate_dfa_size_limit(MAX_COMPILED)
        .build()
        .map_err(|error| PatternError { message: reason(&error), offset: None })
}

/// The engine draws the pattern with a caret over several lines; the last one says what is wrong.
fn reason(error: &fancy_regex::Error) -> String {
    let text = match error {
        fancy_regex::Error::ParseError(_, error) => error.to_string(),
        fancy_regex::Error::CompileError(error) => error.to_string(),
        error => error.to_string(),
    };
    let last = text.lines().last().unwrap_or_default();
    let last = last.trim_start_matches("error: ").trim_end_matches('.').to_owned();
    if last.contains("size limit") || last.contains("building NFA") {
        "the regular expression is too large".to_owned()
    } else {
        last
    }
}
