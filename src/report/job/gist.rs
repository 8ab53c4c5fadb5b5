//! What messages about the same trouble have in common.

use crate::report::prose::{cut, one_line};

/// Stands for what varies from object to object.
const VARIES: &str = "…";
/// As much of a message tells it from others, in characters.
const LONGEST: usize = 200;

/// The message without what varies: what is quoted, addresses, ids and long numbers.
pub(super) fn gist(message: &str) -> String {
    let message = one_line(message);
    let mut gist: Vec<String> = Vec::new();
    let mut quote = None;
    for word in message.split(' ') {
        let is_inside = quote.is_some();
        let word = without_quoted(word, &mut quote);
        match word {
            None if is_inside => {}
            None => gist.push(VARIES.to_owned()),
            Some(word) if varies(&word) => gist.push(VARIES.to_owned()),
            Some(word) => gist.push(word),
        }
    }
    gist.dedup_by(|word, before| word == VARIES && before == VARIES);
    cut(&gist.join(" "), LONGEST)
}

/// A word with `…` for what is quoted in it; `None` for one that is all inside of quotes. A quote goes on in the next
/// words until its end.
fn without_quoted(word: &str, quote: &mut Option<char>) -> Option<String> {
    let mut text = String::new();
    let mut before = ' ';
    let was_inside = quote.is_some();
    for character in word.chars() {
        match *quote {
            Some(end) if character == end => {
                *quote = None;
            }
            Some(_) => {}
            // An apostrophe isn't a quote.
            None if character == '"' || (character == '\'' && !before.is_alphanumeric()) => {
                *quote = Some(character);
                text.push_str(VARIES);
            }
            None => text.push(character),
        }
        before = character;
    }
    if was_inside && text.is_empty() { None } else { Some(text) }
}

fn varies(word: &str) -> bool {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let is_address = word.trim_matches(|c: char| !c.is_alphanumeric()).contains('@');
    is_address || digits > 3
}

#[cfg(test)]
mod tests {
    use super::gist;

    #[test]
    fn what_varies_is_left_out() {
        for (message, expected) in [
            ("409: there is one already", "409: there is one already"),
            ("409: ann@contoso.com is taken", "409: … is taken"),
            ("400: \"Ann Lee\" isn't valid", "400: … isn't valid"),
            ("the value 'Ann von Lee' of userName can't be used", "the value … of userName can't be used"),
            ("no account 5f3a0c1e-0000-4000-8000-000000000007 at 2026", "no account … at …"),
            ("no account 12345 67890", "no account …"),
            ("429 after 3 tries", "429 after 3 tries"),
            ("it's \"open", "it's …"),
        ] {
            assert_eq!(gist(message), expected);
        }
        assert_eq!(gist(&"a ".repeat(300)).chars().count(), 201);
    }
}
