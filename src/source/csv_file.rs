//! CSV files as the portal, PowerShell and spreadsheets write them.

use std::io::{Chain, Cursor, Read};

use csv::ByteRecord;

use super::SourceError;
use super::files::InputFile;
use super::findings::Findings;
use super::text::{Encoding, Text};
use crate::base::{Diagnostic, Snippet};

/// Put behind the file: it comes back as a row of its own, unless a quote is still open.
const END: &[u8] = b"\n\x01end of the export\x01\n";
const END_CELL: &[u8] = b"\x01end of the export\x01";
/// How much of the file is looked at for the header line.
const HEAD: u64 = 1 << 16;

type Source = Chain<Chain<Cursor<Vec<u8>>, Text>, &'static [u8]>;

/// An open CSV file behind its header.
pub(super) struct CsvFile {
    pub(super) name: String,
    pub(super) header: Header,
    pub(super) encoding: Encoding,
    reader: csv::Reader<Source>,
    record: ByteRecord,
    /// A row with too few cells, which is only acceptable when another one follows.
    short: Option<(usize, usize)>,
    crlf: bool,
}

/// The first row.
#[derive(Debug, Clone)]
pub(super) struct Header {
    pub(super) cells: Vec<String>,
    pub(super) delimiter: u8,
    pub(super) line: usize,
    pub(super) text: String,
}

impl CsvFile {
    pub(super) fn open(input: &InputFile) -> Result<Self, SourceError> {
        let mut text = Text::open(input)?;
        let encoding = text.encoding();
        let mut head = Vec::new();
        Read::by_ref(&mut text)
            .take(HEAD)
            .read_to_end(&mut head)
            .map_err(|error| SourceError::unreadable(&input.name, &error))?;
        let (skipped_lines, skipped_bytes) = preamble(&head);
        head.drain(..skipped_bytes);
        let line = skipped_lines + 1;
        let first = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let crlf = first.ends_with(b"\r");
        let Ok(header_text) = str::from_utf8(first).map(|text| text.trim_end_matches('\r').to_owned()) else {
            let found = Diagnostic::error("the header line isn't valid UTF-8").in_file(&input.name).at_line(line);
            return Err(SourceError::header(found.with_hint("save the file as CSV UTF-8")));
        };
        let Some(delimiter) = delimiter(&header_text) else { return Err(no_delimiter(input, line, &header_text)) };
        let reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(1 << 17)
            .from_reader(Cursor::new(head).chain(text).chain(END));
        let header = Header { cells: Vec::new(), delimiter, line, text: header_text };
        let mut file =
            Self { name: input.name.clone(), header, encoding, reader, record: ByteRecord::new(), short: None, crlf };
        file.read()?;
        if file.at_end() || file.open_quote() {
            let found = Diagnostic::error("the header line ends inside a quoted name").in_file(&file.name);
            return Err(SourceError::cut_off(found.at_line(line).with_hint("the file looks cut off: export it again")));
        }
        file.header.cells =
            file.record.iter().map(|cell| clean_name(&String::from_utf8_lossy(cell)).to_owned()).collect();
        Ok(file)
    }

    fn read(&mut self) -> Result<bool, SourceError> {
        self.reader.read_byte_record(&mut self.record).map_err(|error| match error.into_kind() {
            csv::ErrorKind::Io(error) => SourceError::unreadable(&self.name, &error),
            other => SourceError::unreadable(&self.name, &std::io::Error::other(format!("{other:?}"))),
        })
    }

    fn at_end(&self) -> bool {
        self.record.len() == 1 && &self.record[0] == END_CELL
    }

    fn open_quote(&self) -> bool {
        self.record.iter().next_back().is_some_and(|last| last.ends_with(END))
    }

    /// Moves to the next complete row; `false` at the end of the file.
    pub(super) fn advance(&mut self, findings: &mut Findings) -> Result<bool, SourceError> {
        let expected = self.header.cells.len();
        loop {
            let more = self.read()?;
            let line = self.line();
            if !more || self.open_quote() {
                let found = Diagnostic::error("a quoted cell of this row is never closed, the file looks cut off");
                let found = found.in_file(&self.name).at_line(line);
                return Err(SourceError::cut_off(found.with_hint("export it again; a quote inside a cell is doubled")));
            }
            if self.at_end() {
                return match self.short.take() {
                    None => Ok(false),
                    Some((line, cells)) => Err(SourceError::cut_off(
                        Diagnostic::error(format!(
                            "the last row has {cells} of {expected} cells, the file looks cut off"
                        ))
                        .in_file(&self.name)
                        .at_line(line)
                        .with_hint("export it again"),
                    )),
                };
            }
            if let Some((line, cells)) = self.short.take() {
                self.complain(findings, line, format!("the row has {cells} of {expected} cells and is left out"));
            }
            let cells = self.record.len();
            if cells < expected {
                self.short = Some((line, cells));
            } else if self.record.iter().skip(expected).any(|cell| !cell.is_empty()) {
                self.complain(
                    findings,
                    line,
                    format!("the row has {cells} cells instead of {expected} and is left out"),
                );
            } else {
                return Ok(true);
            }
        }
    }

    fn complain(&self, findings: &mut Findings, line: usize, message: String) {
        findings.add(|| {
            Diagnostic::warning(message)
                .in_file(&self.name)
                .at_line(line)
                .with_hint("put cells that contain the separator into double quotes")
        });
    }

    pub(super) fn record(&self) -> &ByteRecord {
        &self.record
    }

    /// Line on which the current row begins.
    pub(super) fn line(&self) -> usize {
        let (line, byte) = self.record.position().map_or((1, 0), |at| (at.line(), at.byte()));
        // csv leaves the line feed of a CRLF to the next row.
        let pending = usize::from(self.crlf && byte > 0);
        usize::try_from(line).unwrap_or(usize::MAX).saturating_add(self.header.line - 1 + pending)
    }

    /// `CSV, UTF-8, separated by ","`.
    pub(super) fn format(&self) -> String {
        let separator = match self.header.delimiter {
            b'\t' => "tabs".to_owned(),
            other => format!("\"{}\"", char::from(other)),
        };
        format!("CSV, {}, separated by {separator}", self.encoding.name())
    }
}

impl Header {
    /// The column under one of these names, letter case aside; earlier names are preferred.
    pub(super) fn find(&self, names: &[&str]) -> Option<usize> {
        let plain = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
        let cells: Vec<_> = self.cells.iter().map(|cell| plain(cell)).collect();
        names.iter().find_map(|name| cells.iter().position(|cell| *cell == plain(name)))
    }

    /// The header line with nothing marked.
    pub(super) fn snippet(&self, span: std::ops::Range<usize>, label: &str) -> Snippet {
        Snippet { text: self.text.clone(), first_line: self.line, span, label: label.to_owned() }
    }

    /// An error about the whole line.
    pub(super) fn error(&self, file: &str, message: String, hint: &str) -> SourceError {
        let snippet = self.snippet(0..self.text.len(), "");
        SourceError::header(Diagnostic::error(message).in_file(file).with_snippet(snippet).with_hint(hint))
    }

    /// The names as a list for messages.
    pub(super) fn list(&self) -> String {
        let names: Vec<_> = self.cells.iter().filter(|cell| !cell.is_empty()).map(String::as_str).collect();
        names.join(", ")
    }
}

/// `User name [userPrincipalName] Required`, as templates of the portal have it, means the part in
/// brackets.
fn clean_name(cell: &str) -> &str {
    let cell = cell.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    match cell.split_once(" [").and_then(|(_, rest)| rest.split_once(']')) {
        Some((name, _)) if !name.is_empty() => name,
        _ => cell,
    }
}

/// Lines before the header: `version:v1.0` of the portal, `#TYPE …` of PowerShell, `sep=;` of
/// spreadsheets, blank ones. Returns how many lines and bytes.
fn preamble(head: &[u8]) -> (usize, usize) {
    let (mut lines, mut bytes) = (0, 0);
    for line in head.split_inclusive(|byte| *byte == b'\n') {
        let text = line.trim_ascii();
        let text = text.strip_prefix(b"\"").unwrap_or(text);
        let begins = |with: &[u8]| text.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
        if !(text.is_empty() || begins(b"version:") || begins(b"#TYPE") || begins(b"sep=")) {
            break;
        }
        lines += 1;
        bytes += line.len();
    }
    (lines, bytes)
}

/// The separator that occurs most in the header outside quotes.
fn delimiter(header: &str) -> Option<u8> {
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    let mut quoted = false;
    for byte in header.bytes() {
        match byte {
            b'"' => quoted = !quoted,
            _ if quoted => {}
            _ => {
                if let Some((_, count)) = counts.iter_mut().find(|(delimiter, _)| *delimiter == byte) {
                    *count += 1;
                }
            }
        }
    }
    // `max_by_key` takes the last of equals: a comma wins a tie.
    counts.into_iter().rev().max_by_key(|(_, count)| *count).filter(|(_, count)| *count > 0).map(|(byte, _)| byte)
}

fn no_delimiter(input: &InputFile, line: usize, header: &str) -> SourceError {
    let shown: String = header.chars().take(200).collect();
    let span = 0..shown.len();
    let snippet = Snippet { text: shown, first_line: line, span, label: String::new() };
    SourceError::header(
        Diagnostic::error("no delimiter found in the header line")
            .in_file(&input.name)
            .with_snippet(snippet)
            .with_hint("columns are separated by commas, semicolons or tabs; is this the right file?"),
    )
}
