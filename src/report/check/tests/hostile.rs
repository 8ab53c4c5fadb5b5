//! What an endpoint says is text, whatever it looks like.

use super::super::sample::{HOSTILE, hostile};
use super::*;

#[test]
fn in_the_terminal() {
    let shows = CheckText { gallery: true, validator: true, verbose: true };
    let coloured = check_text(&hostile(), shows);
    let text = strip_str(&coloured).to_string();
    for text in [coloured.as_str(), &text] {
        assert!(!text.contains("\u{1b}[2J") && !text.contains('\u{202e}') && !text.contains('\0'));
    }
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'));
    // No line of it looks like one of ours.
    assert!(!text.lines().any(|line| line.starts_with("# TAP") || line.starts_with("...")), "{text}");
}

#[test]
fn in_xml() {
    let xml = check_junit(&hostile());
    markup::check_xml(&xml);
    assert!(xml.contains("]]&gt; &lt;script&gt;alert(1)&lt;/script&gt;"), "{xml}");
}

#[test]
fn in_tap() {
    let tap = check_tap(&hostile());
    let mut numbers = 0;
    let mut inside = false;
    for line in tap.lines() {
        match line {
            "  ---" => inside = true,
            "  ..." => inside = false,
            line if inside => {
                // What is said is a string of JSON, so also one of YAML.
                let value = line.split_once(": ").map_or(line, |(_, value)| value).trim_start_matches([' ', '-']);
                if value.starts_with('"') {
                    assert!(serde_json::from_str::<String>(value).is_ok(), "{line}");
                }
                assert!(line.starts_with("  "), "{line}");
            }
            line => {
                numbers += usize::from(line.starts_with("ok ") || line.starts_with("not ok "));
                let known = ["TAP version 14", "1..", "# ", "ok ", "not ok "];
                assert!(known.iter().any(|known| line.starts_with(known)), "{line}");
            }
        }
    }
    assert_eq!((numbers, inside), (4, false));
    assert!(tap.contains("# SKIP ]]> <script>") && tap.contains("\\# TAP"), "{tap}");
}

#[test]
fn in_markdown() {
    let markdown = check_markdown(&hostile());
    let mut fence: Option<String> = None;
    for line in markdown.lines() {
        let ticks = line.chars().take_while(|c| *c == '`').collect::<String>();
        match &fence {
            Some(open) if line == open => fence = None,
            Some(open) => assert!(ticks.len() < open.len(), "{line}"),
            None if ticks.len() >= 3 => fence = Some(ticks),
            None => {
                let mut tags = line.to_owned();
                for tag in ["<details>", "</details>", "<summary>", "</summary>", "<code>", "</code>", "<i>", "</i>"] {
                    tags = tags.replace(tag, "");
                }
                assert!(!tags.contains(['<', '`']), "{line}");
                assert!(!line.starts_with("# ") && !line.starts_with("..."), "{line}");
            }
        }
    }
    assert_eq!(fence, None, "every block of code ends");
    assert!(!markdown.contains('\u{1b}') && !markdown.contains('\u{202e}'));
}

#[test]
fn in_html() {
    let html = check_html(&hostile());
    markup::check_html_page(&html);
    assert!(html.contains("&lt;script&gt;alert(1)"), "{html}");
    for unescaped in ["<script>alert", "\" onload", "\u{202e}", "\u{1b}", "<!-- &"] {
        assert!(!html.contains(unescaped), "{unescaped:?}");
    }
}

#[test]
fn in_json_it_is_as_it_was() {
    let json = check_json(&hostile());
    assert_eq!(json["results"][0]["findings"][0]["observed"], HOSTILE);
    let again: serde_json::Value = serde_json::from_str(&json.to_string()).unwrap();
    assert_eq!(again, json);
    let baseline = Baseline::default().updated(&hostile());
    assert_eq!(Baseline::parse(&baseline.to_text(), "b.json").unwrap(), baseline);
}
