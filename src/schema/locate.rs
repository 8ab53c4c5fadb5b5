//! Where the values of a JSON text stand.

use std::hash::{Hash as _, Hasher as _};
use std::ops::Range;

use rustc_hash::{FxHashMap, FxHasher};

/// The places of all values of a JSON text, found in one go.
#[derive(Debug, Clone)]
pub(super) struct Places {
    /// Byte ranges by the hash of the JSON pointer. Of members with one name the last counts, as for the
    /// parser.
    ranges: FxHashMap<u64, (u32, u32)>,
    lines: Vec<u32>,
}

impl Places {
    /// Looks through a text, which is valid JSON.
    pub(super) fn new(text: &str) -> Self {
        let mut scanner = Scanner { text, at: 0, ranges: FxHashMap::default() };
        scanner.skip_blanks();
        // A text that isn't JSON has the places up to where it ends to be.
        let _complete = scanner.value(0);
        let lines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| offset(at + 1));
        Self { ranges: scanner.ranges, lines: std::iter::once(0).chain(lines).collect() }
    }

    /// The bytes of the value at a JSON pointer (RFC 6901).
    pub(super) fn range(&self, pointer: &str) -> Option<Range<usize>> {
        let hash = pointer.split('/').skip(1).fold(0, |parent, step| {
            if step.contains('~') {
                child(parent, &step.replace("~1", "/").replace("~0", "~"))
            } else {
                child(parent, step)
            }
        });
        self.ranges.get(&hash).map(|(start, end)| *start as usize..*end as usize)
    }

    /// The line and column, both from 1, where the value at a JSON pointer begins in `text`.
    pub(super) fn find(&self, text: &str, pointer: &str) -> Option<(usize, usize)> {
        let start = self.range(pointer)?.start;
        let line = self.lines.partition_point(|line| *line as usize <= start);
        let line_start = self.lines[line - 1] as usize;
        Some((line, text[line_start..start].chars().count() + 1))
    }
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// The hash of a step below the value of another hash.
fn child(parent: u64, step: &str) -> u64 {
    let mut hasher = FxHasher::default();
    parent.hash(&mut hasher);
    step.hash(&mut hasher);
    hasher.finish()
}

struct Scanner<'t> {
    text: &'t str,
    at: usize,
    ranges: FxHashMap<u64, (u32, u32)>,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    /// Goes past a value and notes what is in it. The parser has limited how deep it is.
    fn value(&mut self, hash: u64) -> Option<()> {
        let start = self.at;
        match self.peek()? {
            open @ (b'{' | b'[') => {
                self.at += 1;
                for index in 0_usize.. {
                    self.skip_blanks();
                    if matches!(self.peek()?, b'}' | b']') {
                        self.at += 1;
                        break;
                    }
                    let inner = if open == b'{' {
                        let start = self.at;
                        self.string()?;
                        let name = &self.text[start..self.at];
                        self.skip_blanks();
                        self.at += 1;
                        self.skip_blanks();
                        if name.contains('\\') {
                            child(hash, &serde_json::from_str::<String>(name).ok()?)
                        } else {
                            child(hash, name.trim_matches('"'))
                        }
                    } else {
                        child(hash, &index.to_string())
                    };
                    self.value(inner)?;
                    self.skip_blanks();
                    if self.peek()? == b',' {
                        self.at += 1;
                    }
                }
            }
            b'"' => self.string()?,
            _ => {
                while self.peek().is_some_and(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)) {
                    self.at += 1;
                }
                // Nothing at all is no value.
                (self.at > start).then_some(())?;
            }
        }
        self.ranges.insert(hash, (offset(start), offset(self.at)));
        Some(())
    }

    fn string(&mut self) -> Option<()> {
        (self.peek()? == b'"').then_some(())?;
        self.at += 1;
        while self.peek()? != b'"' {
            self.at += if self.peek()? == b'\\' { 2 } else { 1 };
        }
        self.at += 1;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::Places;

    #[test]
    fn values_are_found() {
        let text = "{\n  \"a\": [1, {\"b\\\"\": \"]ü\",\n \"c/d\": -1.5e3, \"c/d\": null}],\n  \"e\": {}\n}";
        let places = Places::new(text);
        for (pointer, expected) in [
            ("", Some((1, 1))),
            ("/a", Some((2, 8))),
            ("/a/0", Some((2, 9))),
            ("/a/1/b\"", Some((2, 20))),
            ("/a/1/c~1d", Some((3, 24))),
            ("/e", Some((4, 8))),
            ("/a/2", None),
            ("/x", None),
            ("/a/0/x", None),
        ] {
            assert_eq!(places.find(text, pointer), expected, "{pointer}");
        }
        assert_eq!(places.range("/a/1/b\"").map(|range| &text[range]), Some("\"]ü\""));
        assert_eq!(places.range("").map(|range| range.len()), Some(text.len()));
    }
}
