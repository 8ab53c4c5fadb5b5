//! The text of a file as UTF-8, whatever Windows made of it.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};

use super::SourceError;
use super::files::InputFile;

/// How the bytes of a file stand for characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Utf16LittleEndian,
    Utf16BigEndian,
}

impl Encoding {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf16LittleEndian => "UTF-16 LE",
            Self::Utf16BigEndian => "UTF-16 BE",
        }
    }
}

/// Reads a file as UTF-8 without its byte order mark. UTF-16 is decoded on the way; what isn't a
/// character there becomes the byte FF, which UTF-8 never has, so that readers see it as a bad byte.
#[derive(Debug)]
pub(super) struct Text {
    file: File,
    encoding: Encoding,
    decoded: Vec<u8>,
    at: usize,
    raw: Vec<u8>,
    odd_byte: Option<u8>,
    high_surrogate: Option<u16>,
}

const CHUNK: usize = 1 << 16;

impl Text {
    pub(super) fn open(input: &InputFile) -> Result<Self, SourceError> {
        Self::try_open(input).map_err(|error| SourceError::io(&input.path, input.kind.key(), &error))
    }

    fn try_open(input: &InputFile) -> io::Result<Self> {
        let mut file = File::open(&input.path)?;
        let mut head = Vec::with_capacity(4);
        Read::by_ref(&mut file).take(4).read_to_end(&mut head)?;
        let (encoding, mark) = match head.as_slice() {
            [0xEF, 0xBB, 0xBF, ..] => (Encoding::Utf8, 3),
            [0xFF, 0xFE, ..] => (Encoding::Utf16LittleEndian, 2),
            [0xFE, 0xFF, ..] => (Encoding::Utf16BigEndian, 2),
            [first, 0, ..] if *first != 0 => (Encoding::Utf16LittleEndian, 0),
            [0, second, ..] if *second != 0 => (Encoding::Utf16BigEndian, 0),
            _ => (Encoding::Utf8, 0),
        };
        file.seek(SeekFrom::Start(mark))?;
        Ok(Self { file, encoding, decoded: Vec::new(), at: 0, raw: Vec::new(), odd_byte: None, high_surrogate: None })
    }

    pub(super) fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Decodes the next chunk; at the end of the file `decoded` stays empty.
    fn decode(&mut self) -> io::Result<()> {
        self.decoded.clear();
        self.at = 0;
        self.raw.resize(CHUNK, 0);
        while self.decoded.is_empty() {
            let read = match self.file.read(&mut self.raw) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            if read == 0 {
                if self.odd_byte.take().is_some() || self.high_surrogate.take().is_some() {
                    self.decoded.push(0xFF);
                }
                return Ok(());
            }
            for index in 0..read {
                let byte = self.raw[index];
                let Some(first) = self.odd_byte.take() else {
                    self.odd_byte = Some(byte);
                    continue;
                };
                let unit = match self.encoding {
                    Encoding::Utf16BigEndian => u16::from_be_bytes([first, byte]),
                    _ => u16::from_le_bytes([first, byte]),
                };
                self.push(unit);
            }
        }
        Ok(())
    }

    fn push(&mut self, unit: u16) {
        if let Some(high) = self.high_surrogate.take() {
            if let Some(Ok(character)) = char::decode_utf16([high, unit]).next() {
                self.push_character(character);
                return;
            }
            self.decoded.push(0xFF);
        }
        match char::decode_utf16([unit]).next() {
            Some(Ok(character)) => self.push_character(character),
            _ if (0xD800..0xDC00).contains(&unit) => self.high_surrogate = Some(unit),
            _ => self.decoded.push(0xFF),
        }
    }

    fn push_character(&mut self, character: char) {
        self.decoded.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

impl Read for Text {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.encoding == Encoding::Utf8 {
            return self.file.read(buffer);
        }
        if self.at == self.decoded.len() {
            self.decode()?;
        }
        let count = buffer.len().min(self.decoded.len() - self.at);
        buffer[..count].copy_from_slice(&self.decoded[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}
