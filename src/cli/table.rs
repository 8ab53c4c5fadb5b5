//! Tables and paragraphs for terminals, by the width that is seen.

use unicode_width::UnicodeWidthStr as _;

/// Which side of its column a cell keeps to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    /// Texts.
    Left,
    /// Numbers.
    Right,
}

/// Lays out rows, two blanks between columns, without blanks at the end of a line. A row may be
/// shorter than the list of columns; ANSI styles in cells take no room.
pub(crate) fn table<R: AsRef<[String]>>(columns: &[Align], rows: &[R]) -> String {
    let mut widths = vec![0; columns.len()];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row.as_ref()) {
            *width = (*width).max(seen_width(cell));
        }
    }
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for ((cell, align), width) in row.as_ref().iter().zip(columns).zip(&widths) {
            let padding = " ".repeat(width - seen_width(cell));
            match align {
                Align::Left => line.extend([cell.as_str(), &padding, "  "]),
                Align::Right => line.extend([&padding, cell.as_str(), "  "]),
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Breaks a text at blanks into lines of at most so many columns; a longer word has a line of its own.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if seen_width(line) + 1 + seen_width(word) <= width => line.extend([" ", word]),
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Breaks a line at blanks where it takes more columns; what follows is indented. Blanks between words stay.
pub(crate) fn fold(line: &str, width: usize, indent: usize) -> String {
    let mut text = String::new();
    let (mut used, mut has_words) = (0, false);
    for word in line.split_inclusive(' ') {
        let seen = seen_width(word.trim_end());
        if has_words && used + seen > width {
            text.truncate(text.trim_end().len());
            text.push('\n');
            text.extend(std::iter::repeat_n(' ', indent));
            (used, has_words) = (indent, false);
        }
        text.push_str(word);
        used += seen_width(word);
        has_words |= seen > 0;
    }
    text
}

/// How many columns of a terminal a text takes.
pub(crate) fn seen_width(text: &str) -> usize {
    anstream::adapter::strip_str(text).to_string().width()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_line_up_by_the_width_that_is_seen() {
        let rows = [["a", "1", "x"], ["Zürich", "22", ""], ["東京", "333", "y"], ["\u{1b}[1mbold\u{1b}[0m", "4", "z"]];
        let rows = rows.map(|row| row.map(str::to_owned));
        assert_eq!(
            table(&[Align::Left, Align::Right, Align::Left], &rows),
            "a         1  x\n\
             Zürich   22\n\
             東京    333  y\n\
             \u{1b}[1mbold\u{1b}[0m      4  z\n"
        );
    }

    #[test]
    fn paragraphs_are_broken_at_blanks() {
        let check = |text: &str, width, expected: &[&str]| assert_eq!(wrap(text, width), expected, "{text}");
        check("", 9, &[]);
        check("one two  three", 9, &["one two", "three"]);
        check("one two three", 7, &["one two", "three"]);
        check("one extraordinary\nday", 7, &["one", "extraordinary", "day"]);
        check("東京 東京", 8, &["東京", "東京"]);
    }

    #[test]
    fn lines_are_folded_only_where_they_are_too_long() {
        let check = |line: &str, expected: &str| assert_eq!(fold(line, 12, 2), expected, "{line}");
        check("", "");
        check("a  line that", "a  line that");
        check("a  line  that is longer", "a  line\n  that is\n  longer");
        check("  extraordinarily long", "  extraordinarily\n  long");
        check("\u{1b}[1ma line\u{1b}[0m that is", "\u{1b}[1ma line\u{1b}[0m that\n  is");
    }

    #[test]
    fn rows_may_be_short_or_missing() {
        assert_eq!(table(&[Align::Left, Align::Left], &[vec!["a".to_owned()], vec![]]), "a\n\n");
        assert_eq!(table::<Vec<String>>(&[], &[]), "");
    }
}
