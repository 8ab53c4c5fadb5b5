//! Characters that do something to whoever shows them.

use std::borrow::Cow;

/// Controls, marks and overrides of the writing direction, invisible separators, tags. Joiners stay: scripts and
/// emoji need them.
pub fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

/// A text of others for a message: no character of it moves a cursor, or turns what stands around it. Line ends and
/// tabs stay, other controls become blanks.
pub fn visible(text: &str) -> Cow<'_, str> {
    let stays = |c: char| !is_hidden(c) || matches!(c, '\n' | '\t');
    if text.chars().all(stays) {
        return Cow::Borrowed(text);
    }
    let shown = |c: char| match c {
        c if stays(c) => c,
        c if c.is_control() => ' ',
        _ => '\u{fffd}',
    };
    Cow::Owned(text.chars().map(shown).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_is_unseen() {
        for (given, expected) in [
            ("Zoë 👩\u{200d}🚀\n\tשלום", "Zoë 👩\u{200d}🚀\n\tשלום"),
            ("\u{1b}[2J\u{9b}2Ja\r\nb\u{7}", " [2J 2Ja \nb "),
            ("a\u{202e}b\u{feff}", "a\u{fffd}b\u{fffd}"),
            ("", ""),
        ] {
            assert_eq!(visible(given), expected, "{given:?}");
        }
    }
}
