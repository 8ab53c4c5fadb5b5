//! Compares what a session shows with what was printed.

use std::collections::HashSet;

use fancy_regex::Regex;

/// Stands for any number of lines.
const LINES: &str = "...";
/// Stands for any part of a line.
const PART: &str = "[..]";

/// Whether `expected` shows what was printed. A terminal shows both streams as they come, so each
/// line is the next one of either. Objects that a cycle worked on at the same time may come in any
/// order.
pub(super) fn compare(expected: &str, stdout: &str, stderr: &str) -> Result<(), String> {
    let [expected, stdout, stderr] = [expected, stdout, stderr].map(lines);
    let mut search = Search { expected: &expected, stdout: &stdout, stderr: &stderr, dead: HashSet::new(), best: 0 };
    if search.holds((0, 0, 0)) {
        return Ok(());
    }
    let place = expected.get(search.best).map_or("the end", String::as_str);
    Err(format!(
        "the session differs at: {place}\n--- shown\n{}\n--- stdout\n{}\n--- stderr\n{}",
        expected.join("\n"),
        stdout.join("\n"),
        stderr.join("\n")
    ))
}

/// Lines without what differs from run to run, objects of a cycle in order.
fn lines(text: &str) -> Vec<String> {
    let masks = [
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<guid>"),
        (r"\b[0-9a-f]{32,64}\b", "<hex>"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "<instant>"),
        (r"\b\d+(\.\d+)? (s|ms)\b", "<time>"),
        (r"127\.0\.0\.1:\d+", "127.0.0.1:<port>"),
    ];
    let mut text = text.to_owned();
    for (pattern, mask) in masks {
        let pattern = Regex::new(pattern).expect("a valid pattern");
        text = pattern.replace_all(&text, mask).into_owned();
    }
    let mut lines: Vec<String> = text.lines().map(|line| line.trim_end().to_owned()).collect();
    let done = Regex::new(r"^[+~x.=E-] \S+  (created|updated|disabled|deleted|failed): ").expect("a valid pattern");
    let is_done = |line: &String| done.is_match(line).unwrap_or(false);
    for run in lines.chunk_by_mut(|a, b| is_done(a) && is_done(b)) {
        run.sort();
    }
    lines
}

/// Looks for a way to read both streams as the session.
struct Search<'a> {
    expected: &'a [String],
    stdout: &'a [String],
    stderr: &'a [String],
    /// Where no way goes on.
    dead: HashSet<(usize, usize, usize)>,
    best: usize,
}

impl Search<'_> {
    fn holds(&mut self, at: (usize, usize, usize)) -> bool {
        let (line, out, err) = at;
        if self.dead.contains(&at) {
            return false;
        }
        self.best = self.best.max(line);
        let held = match self.expected.get(line).map(String::as_str) {
            None => out == self.stdout.len() && err == self.stderr.len(),
            Some(LINES) => {
                self.holds((line + 1, out, err))
                    || (out < self.stdout.len() && self.holds((line, out + 1, err)))
                    || (err < self.stderr.len() && self.holds((line, out, err + 1)))
            }
            Some(shown) => {
                let is_next = |stream: &[String], at: usize| stream.get(at).is_some_and(|line| fits(shown, line));
                (is_next(self.stdout, out) && self.holds((line + 1, out + 1, err)))
                    || (is_next(self.stderr, err) && self.holds((line + 1, out, err + 1)))
            }
        };
        if !held {
            self.dead.insert(at);
        }
        held
    }
}

/// Whether a line is as shown, `[..]` standing for any part.
fn fits(shown: &str, line: &str) -> bool {
    let mut parts = shown.split(PART);
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first) else { return false };
    let mut parts = parts.peekable();
    let mut exact = true;
    while let Some(part) = parts.next() {
        exact = false;
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    exact && rest.is_empty()
}

#[test]
fn sessions_are_compared_line_by_line() {
    let check = |shown: &str, stdout: &str, stderr: &str, expected: bool| {
        assert_eq!(compare(shown, stdout, stderr).is_ok(), expected, "{shown:?} {stdout:?} {stderr:?}");
    };
    check("a\nb\n", "a\nb\n", "", true);
    check("a\n", "a\nb\n", "", false);
    check("a\nb\n", "a\n", "", false);
    check("a\n...\nd\n", "a\nb\nc\nd\n", "", true);
    check("a\n...\nd\n", "a\nb\nc\n", "", false);
    check("a\n...\n", "a\n", "", true);
    check("w\na\nb\n", "a\nb\n", "w\n", true);
    check("a\nw\nb\n", "a\nb\n", "w\n", true);
    check("b\na\n", "a\nb\n", "", false);
    check("a\n", "a\n", "w\n", false);
    check("x [..] z\n", "x y z\n", "", true);
    check("x [..] z\n", "x y\n", "", false);
    check("[..]z\n", "xyz!\n", "", false);
    check("in 0.1 s.\n", "in 12.5 s.\n", "", true);
    check("in 0.1 s.\n", "in 12.5 m.\n", "", false);
    check("+ b  created: no\n+ a  created: no\n", "+ a  created: no\n+ b  created: no\n", "", true);
    check("+ b  created: no\n", "+ a  created: no\n", "", false);
}
