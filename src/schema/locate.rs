//! Line and column of a value in a JSON text.

/// The line and column, both from 1, where the value of a JSON pointer (RFC 6901) begins. The text is
/// valid JSON; `None` where there is no such value.
pub(super) fn locate(text: &str, pointer: &str) -> Option<(usize, usize)> {
    let mut scanner = Scanner { text, at: 0 };
    scanner.skip_blanks();
    for step in pointer.split('/').skip(1) {
        scanner.enter(&step.replace("~1", "/").replace("~0", "~"))?;
    }
    let before = &text[..scanner.at];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    Some((before.matches('\n').count() + 1, before[line_start..].chars().count() + 1))
}

struct Scanner<'t> {
    text: &'t str,
    at: usize,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    /// Goes from a container to the member or element of a name.
    fn enter(&mut self, step: &str) -> Option<()> {
        let object = match self.peek()? {
            b'{' => true,
            b'[' => false,
            _ => return None,
        };
        self.at += 1;
        let mut found = None;
        for index in 0_usize.. {
            self.skip_blanks();
            if matches!(self.peek()?, b'}' | b']') {
                break;
            }
            let here = if object {
                let start = self.at;
                self.skip_value()?;
                let key = serde_json::from_str::<String>(&self.text[start..self.at]).ok()?;
                self.skip_blanks();
                self.at += 1;
                self.skip_blanks();
                key == step
            } else {
                step.parse() == Ok(index)
            };
            if here {
                found = Some(self.at);
                // Of members with one name the last counts, as for the parser.
                if !object {
                    break;
                }
            }
            self.skip_value()?;
            self.skip_blanks();
            if self.peek()? == b',' {
                self.at += 1;
            }
        }
        self.at = found?;
        Some(())
    }

    /// Goes past one value.
    fn skip_value(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    while self.peek()? != b'"' {
                        self.at += if self.peek()? == b'\\' { 2 } else { 1 };
                    }
                    self.at += 1;
                }
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.at += 1;
                }
                b',' | b':' | b' ' | b'\t' | b'\r' | b'\n' if depth > 0 => {
                    self.at += 1;
                    continue;
                }
                _ => {
                    while self.peek().is_some_and(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)) {
                        self.at += 1;
                    }
                }
            }
            if depth == 0 {
                return Some(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::locate;

    #[test]
    fn values_are_found() {
        let text = "{\n  \"a\": [1, {\"b\\\"\": \"]ü\",\n \"c/d\": -1.5e3, \"c/d\": null}],\n  \"e\": {}\n}";
        for (pointer, expected) in [
            ("", Some((1, 1))),
            ("/a", Some((2, 8))),
            ("/a/0", Some((2, 9))),
            ("/a/1/b\"", Some((2, 20))),
            ("/a/1/c~1d", Some((3, 24))),
            ("/e", Some((4, 8))),
            ("/a/2", None),
            ("/x", None),
            ("/a/0/x", None),
        ] {
            assert_eq!(locate(text, pointer), expected, "{pointer}");
        }
    }
}
