//! As much of a Rust reader as the rules need: it blanks comments and strings, sets test items apart
//! and lists the paths that are left.

/// What is overwritten with blanks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blank {
    Comments,
    CommentsAndStrings,
}

/// The text with comments, and strings if wanted, blanked; lines stay where they are.
pub(crate) fn blank(text: &str, what: Blank) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let (end, keep) = match chars[at] {
            '/' if chars.get(at + 1) == Some(&'/') => (find(&chars, at, |c| c == '\n'), false),
            '/' if chars.get(at + 1) == Some(&'*') => (block_comment(&chars, at), false),
            '"' => (string(&chars, at), what == Blank::Comments),
            'r' if !word_before(&chars, at) && raw_hashes(&chars, at + 1).is_some() => {
                (raw_string(&chars, at + 1), what == Blank::Comments)
            }
            '\'' => match char_literal(&chars, at) {
                Some(end) => (end, what == Blank::Comments),
                None => (at + 1, true),
            },
            _ => (at + 1, true),
        };
        out.extend(chars[at..end].iter().map(|&c| if keep || c == '\n' { c } else { ' ' }));
        at = end;
    }
    out
}

fn find(chars: &[char], from: usize, wanted: impl Fn(char) -> bool) -> usize {
    chars[from..].iter().position(|&c| wanted(c)).map_or(chars.len(), |length| from + length)
}

fn block_comment(chars: &[char], from: usize) -> usize {
    let (mut depth, mut at) = (0, from);
    while at + 1 < chars.len() {
        match (chars[at], chars[at + 1]) {
            ('/', '*') => (depth, at) = (depth + 1, at + 2),
            ('*', '/') => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    chars.len()
}

fn string(chars: &[char], from: usize) -> usize {
    let mut at = from + 1;
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    chars.len()
}

fn word_before(chars: &[char], at: usize) -> bool {
    // `br"…"` is a raw string too.
    let before = if at > 0 && chars[at - 1] == 'b' { at - 1 } else { at };
    before > 0 && (chars[before - 1].is_alphanumeric() || chars[before - 1] == '_')
}

/// How many `#` open a raw string here.
fn raw_hashes(chars: &[char], from: usize) -> Option<usize> {
    let quote = find(chars, from, |c| c != '#');
    (chars.get(quote) == Some(&'"')).then_some(quote - from)
}

fn raw_string(chars: &[char], from: usize) -> usize {
    let hashes = raw_hashes(chars, from).expect("the caller looked");
    let mut at = from + hashes + 1;
    while at < chars.len() {
        let close = chars.len().min(at + 1 + hashes);
        if chars[at] == '"' && close == at + 1 + hashes && chars[at + 1..close].iter().all(|&c| c == '#') {
            return close;
        }
        at += 1;
    }
    chars.len()
}

/// The end of a character literal; a lifetime has none.
fn char_literal(chars: &[char], from: usize) -> Option<usize> {
    match chars.get(from + 1)? {
        '\\' => Some((find(chars, from + 3, |c| c == '\'') + 1).min(chars.len())),
        _ => (chars.get(from + 2) == Some(&'\'')).then_some(from + 3),
    }
}

/// Separates the items under `#[cfg(test)]` from the rest. The text must be blanked.
pub(crate) fn split_tests(text: &str) -> (String, String) {
    const MARK: &str = "#[cfg(test)]";
    let (mut code, mut tests, mut rest) = (String::new(), String::new(), text);
    while let Some(start) = rest.find(MARK) {
        code.push_str(&rest[..start]);
        let item = &rest[start + MARK.len()..];
        let end = item_end(item);
        tests.push_str(&item[..end]);
        rest = &item[end..];
    }
    code.push_str(rest);
    (code, tests)
}

/// Where an item ends: at its `;`, its `,` or its closing brace.
fn item_end(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' | '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            ';' | ',' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Words and signs; `::` is one sign.
pub(crate) fn tokens(code: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let (mut word, mut colon) = (false, false);
    for c in code.chars() {
        let in_word = c.is_alphanumeric() || c == '_';
        match tokens.last_mut() {
            Some(last) if (in_word && word) || (c == ':' && colon && last == ":") => last.push(c),
            _ if c.is_whitespace() => {}
            _ => tokens.push(c.to_string()),
        }
        (word, colon) = (in_word, c == ':');
    }
    tokens
}

/// Names of `mod name;` declarations.
pub(crate) fn declared_modules(code: &str) -> Vec<String> {
    let tokens = tokens(code);
    tokens.windows(3).filter(|three| three[0] == "mod" && three[2] == ";").map(|three| three[1].clone()).collect()
}

/// The file of `#[path = "…"] mod name;`. The text must still have its strings.
pub(crate) fn path_attribute(text: &str, name: &str) -> Option<String> {
    let declaration = text.find(&format!("mod {name};"))?;
    let before = text[..declaration].trim_end();
    let before = before.strip_suffix("pub(crate)").or(before.strip_suffix("pub")).unwrap_or(before).trim_end();
    let before = before.strip_suffix("\"]")?;
    let (attribute, file) = before.rsplit_once('"')?;
    attribute.trim_end().strip_suffix('=')?.trim_end().ends_with("#[path").then(|| file.to_owned())
}

/// Every path, segment by segment; the groups of `use` are spread out, `crate::{a, b::c}` gives
/// `crate::a` and `crate::b::c`.
pub(crate) fn paths(code: &str) -> Vec<Vec<String>> {
    let tokens = tokens(code);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let starts = is_word(&tokens[at]) && (at == 0 || tokens[at - 1] != "::");
        at = if starts { spread(&tokens, at, &[], &mut found) } else { at + 1 };
    }
    found
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Reads one path from `at` and returns where it ends.
fn spread(tokens: &[String], mut at: usize, prefix: &[String], found: &mut Vec<Vec<String>>) -> usize {
    let mut path = prefix.to_vec();
    while let Some(token) = tokens.get(at) {
        match token.as_str() {
            "{" => {
                at += 1;
                while at < tokens.len() && tokens[at] != "}" {
                    at = match tokens[at].as_str() {
                        "as" => at + 2,
                        token if is_word(token) || token == "*" || token == "{" => spread(tokens, at, &path, found),
                        _ => at + 1,
                    };
                }
                return at + 1;
            }
            _ => path.push(token.clone()),
        }
        at += 1;
        let goes_on = tokens.get(at).is_some_and(|token| token == "::")
            && tokens.get(at + 1).is_some_and(|token| is_word(token) || token == "{" || token == "*");
        if !goes_on {
            break;
        }
        at += 1;
    }
    found.push(path);
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(code: &str) -> Vec<String> {
        paths(code).into_iter().map(|path| path.join("::")).filter(|path| path.contains("::")).collect()
    }

    #[test]
    fn paths_are_found_where_they_are_used() {
        let check = |code: &str, expected: &[&str]| assert_eq!(shown(code), expected, "{code}");
        check("use crate::plan::Action;", &["crate::plan::Action"]);
        check("use crate::{event, store::{self, Job}};", &["crate::event", "crate::store::self", "crate::store::Job"]);
        check("use std::{fs, io::Read as _};", &["std::fs", "std::io::Read"]);
        check("pub use super::super::client::*;", &["super::super::client::*"]);
        check("let x: Vec<crate::scim::Path> = f::<crate::base::Id>();", &["crate::scim::Path", "crate::base::Id"]);
        check("match x { crate::a::B { c } => tokio::spawn(d), }", &["crate::a::B", "tokio::spawn"]);
    }

    #[test]
    fn comments_and_strings_are_no_code() {
        let check = |code: &str, expected: &[&str]| {
            assert_eq!(shown(&blank(code, Blank::CommentsAndStrings)), expected, "{code}");
        };
        check("/// [x](crate::store::Job)\nfn a() {}", &[]);
        check("/* crate::a /* crate::b */ crate::c */ crate::d::E", &["crate::d::E"]);
        check(r#"let a = "crate::\"a::b"; crate::c::d"#, &["crate::c::d"]);
        check("let a = r#\"crate::\"a::b\"#; crate::c::d", &["crate::c::d"]);
        check("let a = br\"crate::a\\\"; crate::c::d", &["crate::c::d"]);
        check("let a = '\"'; let b = '\\''; crate::c::d", &["crate::c::d"]);
        check("fn f<'a>(x: &'a crate::b::C<'a>) -> &'a str", &["crate::b::C"]);
    }

    #[test]
    fn test_items_are_set_apart() {
        let (code, tests) = split_tests("mod a;\n#[cfg(test)]\n#[x]\nmod b;\n#[cfg(test)]\nfn c() { d(e); }\nmod f;");
        assert_eq!(declared_modules(&code), ["a", "f"]);
        assert_eq!(declared_modules(&tests), ["b"]);
        assert!(tests.contains("d(e)") && !code.contains("d(e)"), "{code} | {tests}");
    }

    #[test]
    fn a_path_attribute_names_the_file() {
        let text = "#[cfg(test)]\n#[path = \"a_tests.rs\"]\nmod tests;\nmod b;";
        assert_eq!(path_attribute(text, "tests").as_deref(), Some("a_tests.rs"));
        assert_eq!(path_attribute(text, "b"), None);
    }
}
