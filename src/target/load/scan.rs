//! Takes a file of SCIM resources apart, one after the other, so that only one of them is in memory.

use std::io::{self, BufRead};

use crate::target::Kind;

/// The longest resource, in bytes: as long as the largest group may be.
const LONGEST: usize = Kind::Group.max_size();

/// The text of one resource.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) text: Vec<u8>,
    /// Where it begins, from 1.
    pub(super) line: usize,
    pub(super) column: usize,
    /// What the list around it is called.
    pub(super) within: Option<Kind>,
}

/// Why the file can't be taken apart.
#[derive(Debug)]
pub(super) enum ScanError {
    Unreadable(io::Error),
    Syntax { line: usize, column: usize, what: String },
}

impl From<io::Error> for ScanError {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(error)
    }
}

impl ScanError {
    /// A mistake in a resource that begins on a line before: there it is looked for, the more so where each has a line.
    fn begun(self, begin: usize, at: usize) -> Self {
        match self {
            Self::Syntax { line, column, what } if line != begin => {
                Self::Syntax { line: begin, column: at, what: format!("{what}, on line {line}, column {column}") }
            }
            other => other,
        }
    }
}

/// Reads a JSON array, objects with `Users`, `Groups` or `Resources`, or resources one after the other.
pub(super) struct Scanner<R> {
    input: R,
    line: usize,
    column: usize,
    around: Vec<Around>,
}

/// What is around the place where reading goes on.
enum Around {
    List {
        within: Option<Kind>,
        is_empty: bool,
    },
    /// An object: its text so far, unless it is one that holds lists.
    Object {
        text: Vec<u8>,
        line: usize,
        column: usize,
        holds_lists: bool,
        is_empty: bool,
    },
}

type Step<T> = Result<T, ScanError>;

impl<R: BufRead> Scanner<R> {
    pub(super) fn new(mut input: R) -> Step<Self> {
        if input.fill_buf()?.starts_with("\u{feff}".as_bytes()) {
            input.consume("\u{feff}".len());
        }
        Ok(Self { input, line: 1, column: 1, around: Vec::new() })
    }

    /// The next resource; `None` at the end of the file.
    pub(super) fn next(&mut self) -> Step<Option<Found>> {
        loop {
            let next = self.next_byte()?;
            match (self.around.pop(), next) {
                (None, None) => return Ok(None),
                (None, Some(b'[')) => {
                    self.take();
                    self.around.push(Around::List { within: None, is_empty: true });
                }
                (None, Some(b'{')) => self.open(),
                (Some(Around::List { .. }), None) => return Err(self.ends()),
                (Some(Around::Object { line, column, holds_lists, .. }), None) => {
                    let error = self.ends();
                    return Err(if holds_lists { error } else { error.begun(line, column) });
                }
                (Some(Around::List { .. }), Some(b']')) => self.take(),
                (Some(Around::List { within, is_empty }), Some(byte)) => {
                    if !is_empty {
                        self.expect(b',', "`,` or `]`")?;
                    }
                    if (is_empty && byte != b'{') || self.next_byte()? != Some(b'{') {
                        return Err(self.wrong("a resource has to be a JSON object"));
                    }
                    let (line, column, mut text) = (self.line, self.column, Vec::new());
                    self.value(&mut text).map_err(|error| error.begun(line, column))?;
                    self.around.push(Around::List { within, is_empty: false });
                    return Ok(Some(Found { text, line, column, within }));
                }
                (Some(Around::Object { mut text, line, column, holds_lists, .. }), Some(b'}')) => {
                    self.take();
                    if !holds_lists {
                        text.push(b'}');
                        return Ok(Some(Found { text, line, column, within: None }));
                    }
                }
                (Some(Around::Object { text, line, column, holds_lists, is_empty }), Some(_)) => {
                    let object = Around::Object { text, line, column, holds_lists, is_empty };
                    let outcome = self.member(object);
                    outcome.map_err(|error| if holds_lists { error } else { error.begun(line, column) })?;
                }
                (None, Some(_)) => return Err(self.wrong("expected a JSON array or object")),
            }
        }
    }

    fn open(&mut self) {
        let (line, column) = (self.line, self.column);
        self.take();
        self.around.push(Around::Object { text: vec![b'{'], line, column, holds_lists: false, is_empty: true });
    }

    /// Reads a member of an object, or enters the list that it is.
    fn member(&mut self, object: Around) -> Step<()> {
        let Around::Object { mut text, line, column, mut holds_lists, is_empty } = object else { return Ok(()) };
        if !is_empty {
            self.expect(b',', "`,` or `}`")?;
            text.push(b',');
        }
        if self.next_byte()? != Some(b'"') {
            return Err(self.wrong("expected a member's name"));
        }
        let start = text.len();
        self.value(&mut text)?;
        let within = match &text[start..] {
            b"\"Users\"" => Some(Some(Kind::User)),
            b"\"Groups\"" => Some(Some(Kind::Group)),
            b"\"Resources\"" => Some(None),
            _ => None,
        };
        self.expect(b':', "`:`")?;
        text.push(b':');
        let list = within.filter(|_| !is_resource(&text[..start]));
        if let (Some(within), Some(b'[')) = (list, self.next_byte()?) {
            self.take();
            holds_lists = true;
            text.truncate(1);
            self.around.push(Around::Object { text, line, column, holds_lists, is_empty: false });
            self.around.push(Around::List { within, is_empty: true });
            return Ok(());
        }
        self.next_byte()?;
        self.value(&mut text)?;
        if holds_lists {
            // what else a list says of itself isn't needed
            text.truncate(1);
        }
        self.around.push(Around::Object { text, line, column, holds_lists, is_empty: false });
        Ok(())
    }

    /// Copies one value, whatever is in it.
    fn value(&mut self, text: &mut Vec<u8>) -> Step<()> {
        let (mut depth, mut in_string, mut is_escaped, mut is_done) = (0_usize, false, false, false);
        let start = text.len();
        while !is_done {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                return if text.len() > start && depth == 0 && !in_string { Ok(()) } else { Err(self.ends()) };
            }
            let mut used = 0;
            for &byte in buffer {
                let is_plain = !in_string && depth == 0;
                if is_plain
                    && text.len() + used > start
                    && matches!(byte, b',' | b']' | b'}' | b' ' | b'\t' | b'\r' | b'\n')
                {
                    is_done = true;
                    break;
                }
                if byte == b'\n' && in_string {
                    return Err(self.wrong("a text ends with its line"));
                }
                used += 1;
                if byte == b'\n' {
                    (self.line, self.column) = (self.line + 1, 1);
                } else {
                    self.column += 1;
                }
                match byte {
                    _ if is_escaped => is_escaped = false,
                    b'\\' if in_string => is_escaped = true,
                    b'"' => in_string = !in_string,
                    b'{' | b'[' if !in_string => depth += 1,
                    b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
                    _ => continue,
                }
                if matches!(byte, b'"' | b'}' | b']') && !in_string && depth == 0 && !is_escaped {
                    is_done = true;
                    break;
                }
            }
            text.extend_from_slice(&buffer[..used]);
            self.input.consume(used);
            if text.len() - start > LONGEST {
                return Err(self.wrong(&format!("a resource has more than {LONGEST} bytes")));
            }
        }
        Ok(())
    }

    /// The next byte that isn't blank, not taken yet.
    fn next_byte(&mut self) -> Step<Option<u8>> {
        loop {
            match self.input.fill_buf()?.first() {
                Some(b' ' | b'\t' | b'\r' | b'\n') => self.take(),
                other => return Ok(other.copied()),
            }
        }
    }

    /// Takes the byte that was looked at.
    fn take(&mut self) {
        let is_newline = self.input.fill_buf().is_ok_and(|buffer| buffer.first() == Some(&b'\n'));
        (self.line, self.column) = if is_newline { (self.line + 1, 1) } else { (self.line, self.column + 1) };
        self.input.consume(1);
    }

    fn expect(&mut self, wanted: u8, what: &str) -> Step<()> {
        match self.next_byte()? {
            Some(found) if found == wanted => {
                self.take();
                Ok(())
            }
            Some(_) => Err(self.wrong(&format!("expected {what}"))),
            None => Err(self.ends()),
        }
    }

    fn wrong(&self, what: &str) -> ScanError {
        ScanError::Syntax { line: self.line, column: self.column, what: what.to_owned() }
    }

    fn ends(&self) -> ScanError {
        self.wrong("the file ends too early")
    }
}

/// Whether what an object has said so far makes it a resource: `groups` of one may be spelt like a list's name.
fn is_resource(text: &[u8]) -> bool {
    let has = |name: &[u8]| text.windows(name.len()).any(|window| window == name);
    has(b"\"id\":") || has(b"\"userName\":") || has(b"\"displayName\":")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(text: &str) -> Result<Vec<(usize, Option<Kind>, String)>, String> {
        // in small pieces, as a file may come
        let input = io::BufReader::with_capacity(3, text.as_bytes());
        let mut scanner = Scanner::new(input).map_err(|error| format!("{error:?}"))?;
        let mut all = Vec::new();
        loop {
            match scanner.next() {
                Ok(Some(found)) => all.push((found.line, found.within, String::from_utf8(found.text).unwrap())),
                Ok(None) => return Ok(all),
                Err(ScanError::Syntax { line, column, what }) => return Err(format!("{line}:{column} {what}")),
                Err(ScanError::Unreadable(error)) => return Err(error.to_string()),
            }
        }
    }

    #[test]
    fn every_form_is_taken_apart() {
        let check = |text: &str, expected: &[(usize, Option<Kind>, &str)]| {
            let expected: Vec<_> = expected.iter().map(|&(line, kind, text)| (line, kind, text.to_owned())).collect();
            assert_eq!(scan(text), Ok(expected), "{text}");
        };
        check("", &[]);
        check("\u{feff} [ ]\n", &[]);
        check("[{\"a\":1},\n {\"b\":[{}]}]", &[(1, None, "{\"a\":1}"), (2, None, "{\"b\":[{}]}")]);
        check(
            "{\"a\": \"}\\\"\"}\n{\"b\":2}\n\n{}",
            &[(1, None, "{\"a\":\"}\\\"\"}"), (2, None, "{\"b\":2}"), (4, None, "{}")],
        );
        check(
            "{\"totalResults\":2,\n\"Resources\":[{\"a\":1}\n,{\"b\":2}],\"itemsPerPage\":2}",
            &[(2, None, "{\"a\":1}"), (3, None, "{\"b\":2}")],
        );
        check(
            "{\"Users\":[{}], \"Groups\":[ {\"x\":null} ]}",
            &[(1, Some(Kind::User), "{}"), (1, Some(Kind::Group), "{\"x\":null}")],
        );
        check("{\"Users\":[]}", &[]);
        check("{\"id\":\"7\",\"Groups\":[{}]}", &[(1, None, "{\"id\":\"7\",\"Groups\":[{}]}")]);
        check("{\"Users\":3}", &[(1, None, "{\"Users\":3}")]);
    }

    #[test]
    fn mistakes_have_a_place() {
        let check = |text: &str, expected: &str| assert_eq!(scan(text), Err(expected.to_owned()), "{text}");
        check("[{}\n,", "2:2 a resource has to be a JSON object");
        check("[{}\n", "2:1 the file ends too early");
        check("{\"a\":1", "1:7 the file ends too early");
        check("{\"a\":\"", "1:7 the file ends too early");
        check("[{} {}]", "1:5 expected `,` or `]`");
        check("[1]", "1:2 a resource has to be a JSON object");
        check("{\"a\" 1}", "1:6 expected `:`");
        check("{a:1}", "1:2 expected a member's name");
        check("hello", "1:1 expected a JSON array or object");
        check("{\"a\":1}\n{\"b\":2\n{\"c\":3}", "2:1 expected `,` or `}`, on line 3, column 1");
        check("{\"a\":1}\n{\"b\":\"2}\n{\"c\":3}\n", "2:9 a text ends with its line");
        check("{\"a\":1}\n{\"b\":[2}\n{\"c\":3}\n\n", "2:1 expected `,` or `}`, on line 3, column 1");
        check("[{\"a\":1},\n{\"b\":{2,\n{}]", "2:1 the file ends too early, on line 3, column 4");
        check("[{}]]", "1:5 expected a JSON array or object");
    }
}
