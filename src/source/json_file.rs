//! JSON files object by object: a Graph page, a bare array, NDJSON, a single object.
//!
//! The text is held in one buffer of about a megabyte, which only grows for an object that is longer
//! than that. An object is parsed where it lies; when the buffer ends inside it, more is read and it
//! is parsed again.

use std::io::Read;
use std::ops::ControlFlow;

use serde::de::{Deserialize, DeserializeSeed, IgnoredAny};
use serde_json::Deserializer;

use super::SourceError;
use super::files::InputFile;
use super::text::Text;
use crate::base::{Diagnostic, Snippet};

const FIRST_BUFFER: usize = 1 << 20;
const LONGEST_OBJECT: usize = 1 << 30;

/// What a file turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Page,
    Array,
    Lines,
    Object,
}

impl Shape {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Page => "Graph JSON",
            Self::Array => "JSON array",
            Self::Lines => "NDJSON",
            Self::Object => "JSON object",
        }
    }
}

/// What was found behind the last object.
#[derive(Debug, Clone)]
pub(super) struct Ending {
    pub(super) shape: Shape,
    pub(super) encoding: &'static str,
    pub(super) objects: u64,
    /// `@odata.nextLink` of the last page.
    pub(super) next_link: Option<String>,
}

/// Tells the line of the object in hand.
#[derive(Clone, Copy)]
pub(super) struct Place<'b> {
    before: &'b [u8],
    drained_lines: usize,
}

impl Place<'_> {
    pub(super) fn line(&self) -> usize {
        1 + self.drained_lines + count_lines(self.before)
    }
}

/// What the handler of an object says: how many bytes it took, and whether to go on.
pub(super) type Handled = Result<(usize, ControlFlow<()>), serde_json::Error>;

/// Parses one value at the start of `bytes`; returns it with its length.
pub(super) fn parse<'b, S: DeserializeSeed<'b>>(
    seed: S,
    bytes: &'b [u8],
) -> Result<(S::Value, usize), serde_json::Error> {
    let mut deserializer = Deserializer::from_slice(bytes);
    let value = seed.deserialize(&mut deserializer)?;
    Ok((value, deserializer.into_iter::<IgnoredAny>().byte_offset()))
}

/// Hands every object of the file to `handle`, which may be called again for the same object, with
/// more bytes, after it answered with an error.
pub(super) fn each_object(
    input: &InputFile,
    handle: &mut dyn FnMut(&[u8], Place<'_>) -> Handled,
) -> Result<Ending, SourceError> {
    let text = Text::open(input)?;
    let encoding = text.encoding().name();
    let buffer = Buffer {
        text,
        name: &input.name,
        bytes: vec![0; FIRST_BUFFER],
        at: 0,
        end: 0,
        complete: false,
        drained_lines: 0,
        drained_columns: 0,
    };
    let ending = Ending { shape: Shape::Lines, encoding, objects: 0, next_link: None };
    Reading { buffer, ending, handle }.read()
}

struct Buffer<'a> {
    text: Text,
    name: &'a str,
    bytes: Vec<u8>,
    at: usize,
    end: usize,
    /// Whether the file was read to its end.
    complete: bool,
    drained_lines: usize,
    /// Bytes of the current line that were drained.
    drained_columns: usize,
}

struct Reading<'a> {
    buffer: Buffer<'a>,
    ending: Ending,
    handle: &'a mut dyn FnMut(&[u8], Place<'_>) -> Handled,
}

impl Reading<'_> {
    fn read(mut self) -> Result<Ending, SourceError> {
        let mut first = true;
        loop {
            match self.buffer.peek()? {
                None if first => {
                    let found = Diagnostic::error("the file is empty").in_file(self.buffer.name);
                    return Err(SourceError::Empty(Box::new(found.with_hint("export it again"))));
                }
                None => return Ok(self.ending),
                Some(b'[') if first => {
                    self.ending.shape = Shape::Array;
                    if self.array()?.is_break() {
                        return Ok(self.ending);
                    }
                }
                Some(b'{') if first && self.buffer.is_page()? => {
                    self.ending.shape = Shape::Page;
                    if self.page()?.is_break() {
                        return Ok(self.ending);
                    }
                }
                // Pages one behind the other, as a shell's `>>` makes them.
                Some(b'{') if self.ending.shape == Shape::Page => {
                    if self.page()?.is_break() {
                        return Ok(self.ending);
                    }
                }
                Some(b'{') if matches!(self.ending.shape, Shape::Lines | Shape::Object) => {
                    self.ending.shape = if first { Shape::Object } else { Shape::Lines };
                    if self.object()?.is_break() {
                        return Ok(self.ending);
                    }
                }
                Some(_) if first => {
                    return Err(self.buffer.error(0, "this is neither a JSON object nor an array"));
                }
                Some(_) => return Err(self.buffer.error(0, "nothing more is expected here")),
            }
            first = false;
        }
    }

    /// An object in an array, a page or a line.
    fn object(&mut self) -> Result<ControlFlow<()>, SourceError> {
        loop {
            let Buffer { bytes, at, end, drained_lines, .. } = &self.buffer;
            let place = Place { before: &bytes[..*at], drained_lines: *drained_lines };
            match (self.handle)(&bytes[*at..*end], place) {
                Ok((length, flow)) => {
                    self.buffer.at += length;
                    self.ending.objects += 1;
                    return Ok(flow);
                }
                Err(error) if error.is_eof() && !self.buffer.complete => self.buffer.fill()?,
                Err(error) => return Err(self.buffer.invalid(&error)),
            }
        }
    }

    fn array(&mut self) -> Result<ControlFlow<()>, SourceError> {
        self.buffer.at += 1;
        let mut first = true;
        loop {
            match self.buffer.need()? {
                b']' => {
                    self.buffer.at += 1;
                    return Ok(ControlFlow::Continue(()));
                }
                b',' if !first => {
                    self.buffer.at += 1;
                    if self.buffer.need()? != b'{' {
                        return Err(self.buffer.error(0, "an object is expected here"));
                    }
                }
                b'{' if first => {}
                _ if first => return Err(self.buffer.error(0, "an object is expected here")),
                _ => return Err(self.buffer.error(0, "a comma or the end of the array is expected here")),
            }
            first = false;
            if self.object()?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
    }

    fn page(&mut self) -> Result<ControlFlow<()>, SourceError> {
        self.buffer.at += 1;
        self.ending.next_link = None;
        let mut first = true;
        loop {
            match self.buffer.need()? {
                b'}' => {
                    self.buffer.at += 1;
                    return Ok(ControlFlow::Continue(()));
                }
                b',' if !first => {
                    self.buffer.at += 1;
                    self.buffer.need()?;
                }
                _ if first => {}
                _ => return Err(self.buffer.error(0, "a comma or the end of the page is expected here")),
            }
            first = false;
            let key: String = self.buffer.value()?;
            if self.buffer.need()? != b':' {
                return Err(self.buffer.error(0, "a colon is expected here"));
            }
            self.buffer.at += 1;
            let opening = self.buffer.need()?;
            if key == "value" && opening == b'[' {
                if self.array()?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            } else if key == "@odata.nextLink" || key == "odata.nextLink" {
                let link: Option<String> = self.buffer.value()?;
                self.ending.next_link = link.filter(|link| !link.is_empty());
            } else {
                self.buffer.value::<IgnoredAny>()?;
            }
        }
    }
}

impl Buffer<'_> {
    /// Reads more; what lies before `at` is dropped.
    fn fill(&mut self) -> Result<(), SourceError> {
        let drained = &self.bytes[..self.at];
        self.drained_lines += count_lines(drained);
        match drained.iter().rposition(|byte| *byte == b'\n') {
            Some(last) => self.drained_columns = self.at - last - 1,
            None => self.drained_columns += self.at,
        }
        self.bytes.copy_within(self.at..self.end, 0);
        self.end -= self.at;
        self.at = 0;
        if self.end == self.bytes.len() {
            if self.end >= LONGEST_OBJECT {
                return Err(self.error(0, "this object is longer than a gigabyte"));
            }
            self.bytes.resize(self.end * 2, 0);
        }
        while self.end < self.bytes.len() {
            match self.text.read(&mut self.bytes[self.end..]) {
                Ok(0) => {
                    self.complete = true;
                    break;
                }
                Ok(read) => self.end += read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(SourceError::unreadable(self.name, &error)),
            }
        }
        Ok(())
    }

    /// The next byte that isn't a blank, without taking it.
    fn peek(&mut self) -> Result<Option<u8>, SourceError> {
        loop {
            let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
            if let Some(blanks) = self.bytes[self.at..self.end].iter().position(|byte| !blank(byte)) {
                self.at += blanks;
                return Ok(Some(self.bytes[self.at]));
            }
            self.at = self.end;
            if self.complete {
                return Ok(None);
            }
            self.fill()?;
        }
    }

    fn need(&mut self) -> Result<u8, SourceError> {
        match self.peek()? {
            Some(byte) => Ok(byte),
            None => Err(self.cut_off()),
        }
    }

    fn value<T: for<'de> Deserialize<'de>>(&mut self) -> Result<T, SourceError> {
        loop {
            match parse(std::marker::PhantomData::<T>, &self.bytes[self.at..self.end]) {
                Ok((value, length)) if self.at + length < self.end || self.complete => {
                    self.at += length;
                    return Ok(value);
                }
                Err(error) if !error.is_eof() || self.complete => return Err(self.invalid(&error)),
                _ => self.fill()?,
            }
        }
    }

    /// Whether the object at hand has a member `value` that is an array, looking no further than
    /// the buffer.
    fn is_page(&mut self) -> Result<bool, SourceError> {
        if self.end < self.bytes.len() && !self.complete {
            self.fill()?;
        }
        let mut rest = &self.bytes[self.at + 1..self.end];
        loop {
            rest = rest.trim_ascii_start();
            let Ok((key, length)) = parse(std::marker::PhantomData::<String>, rest) else { return Ok(false) };
            let Some(value) = rest[length..].trim_ascii_start().strip_prefix(b":") else { return Ok(false) };
            let value = value.trim_ascii_start();
            if key == "value" {
                return Ok(value.first() == Some(&b'['));
            }
            let Ok((_, length)) = parse(std::marker::PhantomData::<IgnoredAny>, value) else { return Ok(false) };
            let Some(next) = value[length..].trim_ascii_start().strip_prefix(b",") else { return Ok(false) };
            rest = next;
        }
    }

    fn invalid(&self, error: &serde_json::Error) -> SourceError {
        if error.is_eof() {
            return self.cut_off();
        }
        // The position inside the text that was parsed, as an offset from `at`.
        let text = &self.bytes[self.at..self.end];
        let line_start = (1..error.line())
            .try_fold(0, |start, _| text[start..].iter().position(|byte| *byte == b'\n').map(|at| start + at + 1))
            .unwrap_or(0);
        let offset = (line_start + error.column().saturating_sub(1)).min(text.len());
        let message = error.to_string();
        let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
        self.error(offset, message)
    }

    fn cut_off(&self) -> SourceError {
        SourceError::cut_off(
            self.locate(self.end - self.at, "the JSON ends here, before it is complete")
                .with_hint("the file looks cut off: export it again"),
        )
    }

    fn error(&self, offset: usize, message: &str) -> SourceError {
        SourceError::json(
            self.locate(offset, &format!("invalid JSON: {message}"))
                .with_hint("export the file again, or mend it at this place"),
        )
    }

    /// A finding `offset` bytes behind `at`, with the part of its line that is at hand.
    fn locate(&self, offset: usize, message: &str) -> Diagnostic {
        let position = self.at + offset;
        let before = &self.bytes[..position];
        let line = 1 + self.drained_lines + count_lines(before);
        let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let drained = if line_start == 0 { self.drained_columns } else { 0 };
        let characters = |bytes: &[u8]| bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count();
        let found = Diagnostic::error(message).in_file(self.name);
        let from = line_start.max(position.saturating_sub(60));
        let rest = &self.bytes[position..self.end];
        let to = position + rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len()).min(20);
        let shown = String::from_utf8_lossy(&self.bytes[from..position]).into_owned();
        let start = shown.len();
        let text = shown + &String::from_utf8_lossy(&self.bytes[position..to]);
        let span = start..text[start..].chars().next().map_or(start, |c| start + c.len_utf8());
        let mut found = found.with_snippet(Snippet { text, first_line: line, span, label: String::new() });
        found.line = Some(line);
        found.column = Some(drained + characters(&before[line_start..]) + 1);
        found
    }
}

fn count_lines(bytes: &[u8]) -> usize {
    // Sums of bytes in blocks: the compiler makes wide instructions of it.
    bytes.chunks(255).map(|block| usize::from(block.iter().map(|byte| u8::from(*byte == b'\n')).sum::<u8>())).sum()
}
