//! Markup that a page carries packed, until its script is asked for it.
//!
//! Tens of thousands of objects with all their attributes and requests would be a page of a hundred megabytes, which no
//! browser shows at once. So each [`CHUNK`] of them is compressed on its own, as the page is made: in memory is one chunk
//! and what is packed already.

use std::fmt::Write as _;
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;

/// Pieces that are packed together: few enough to be unpacked before anybody notices.
pub(super) const CHUNK: usize = 250;

/// Takes pieces of markup, each one element, and packs them.
#[derive(Debug, Default)]
pub(super) struct Packer {
    chunk: String,
    packed: String,
    count: usize,
}

impl Packer {
    /// Packs a piece; gives its number.
    pub(super) fn push(&mut self, piece: &str) -> usize {
        let number = self.count;
        self.chunk.push_str(piece);
        self.count += 1;
        if self.count.is_multiple_of(CHUNK) {
            self.pack();
        }
        number
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The blocks for the page: gzip in base64, which no browser takes for a script.
    pub(super) fn finish(mut self) -> String {
        if !self.chunk.is_empty() {
            self.pack();
        }
        self.packed
    }

    fn pack(&mut self) {
        let chunk = (self.count - 1) / CHUNK;
        let mut encoder = GzEncoder::new(Vec::with_capacity(self.chunk.len() / 8), Compression::default());
        let written = encoder.write_all(self.chunk.as_bytes()).and_then(|()| encoder.finish());
        let bytes = written.expect("memory can be written to");
        self.chunk.clear();
        let _infallible = write!(self.packed, "<script type=\"text/plain\" id=\"chunk-{chunk}\">");
        STANDARD.encode_string(bytes, &mut self.packed);
        self.packed.push_str("</script>\n");
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;

    use super::*;

    #[test]
    fn chunks_are_unpacked_as_they_were() {
        let pieces: Vec<_> = (0..CHUNK + 3).map(|number| format!("<p>{number} é</p>")).collect();
        let mut packer = Packer::default();
        for (number, piece) in pieces.iter().enumerate() {
            assert_eq!(packer.push(piece), number);
        }
        assert_eq!(packer.count(), CHUNK + 3);
        let mut unpacked = Vec::new();
        for (number, line) in packer.finish().lines().enumerate() {
            let text = line.strip_prefix(&format!("<script type=\"text/plain\" id=\"chunk-{number}\">")).unwrap();
            let bytes = STANDARD.decode(text.strip_suffix("</script>").unwrap()).unwrap();
            let mut chunk = String::new();
            GzDecoder::new(&bytes[..]).read_to_string(&mut chunk).unwrap();
            unpacked.push(chunk);
        }
        assert_eq!(unpacked, [pieces[..CHUNK].concat(), pieces[CHUNK..].concat()]);
        assert_eq!(Packer::default().finish(), "");
    }
}
