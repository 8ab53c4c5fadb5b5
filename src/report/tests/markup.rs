//! As much of a reader of XML and HTML as the tests need.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::base::Digest;

/// Elements without an end.
const VOID: [&str; 6] = ["meta", "link", "input", "br", "img", "hr"];

/// Holds a document to being well-formed XML 1.0.
pub(in crate::report) fn check_xml(xml: &str) {
    for c in xml.chars() {
        let legal = matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
        assert!(legal, "{c:?} isn't a character of XML");
    }
    let rest = xml.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").expect("a declaration");
    walk(rest, true);
}

/// Holds a page to being whole, to loading nothing, and to its policy.
pub(in crate::report) fn check_html_page(html: &str) {
    let rest = html.strip_prefix("<!doctype html>\n").expect("a document type");
    let within = |tag: &str| {
        let (_, after) = html.split_once(&format!("<{tag}>")).expect("an element");
        after.split_once(&format!("</{tag}>")).expect("its end").0
    };
    let (style, script) = (within("style"), within("script"));
    for text in [style, script] {
        let hash = STANDARD.encode(Digest::of(text.as_bytes()).0);
        assert!(html.contains(&format!("sha256-{hash}")), "the policy hasn't {hash}");
    }
    // Beside the one that runs, there may be some that only carry text.
    let carriers = html.matches("<script type=\"text/plain\" id=\"chunk-").count();
    assert_eq!((html.matches("<script").count(), html.matches("<style").count()), (1 + carriers, 1));
    for forbidden in [" src=", "href=\"http", "@import", "url(http", " style=", " onclick", "javascript:"] {
        assert!(!html.contains(forbidden), "{forbidden}");
    }
    walk(&rest.replace(style, "").replace(script, ""), false);
}

/// Goes through all tags: each is closed by its own end, attributes are quoted, and ampersands begin references.
fn walk(text: &str, is_xml: bool) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        check_text(&rest[..at]);
        assert!(!open.is_empty() || rest[..at].trim().is_empty(), "text outside of the document");
        let end = tag_end(&rest[at..]);
        let tag = &rest[at + 1..at + end];
        rest = &rest[at + end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{tag}");
            continue;
        }
        let name = tag.split([' ', '/', '\n']).next().unwrap();
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "<{name}>");
        check_attributes(tag[name.len()..].trim_end_matches('/'), is_xml);
        if !tag.ends_with('/') && (is_xml || !VOID.contains(&name)) {
            open.push(name);
        }
    }
    assert_eq!(open, Vec::<&str>::new(), "not closed");
    assert_eq!(rest.trim(), "");
}

fn tag_end(text: &str) -> usize {
    let mut quoted = false;
    let end = text.char_indices().find(|(_, c)| {
        quoted ^= *c == '"';
        *c == '>' && !quoted
    });
    end.expect("the end of a tag").0
}

fn check_attributes(attributes: &str, is_xml: bool) {
    let mut names = Vec::new();
    let mut rest = attributes.trim();
    while !rest.is_empty() {
        let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-:".contains(*c)).collect();
        assert!(!name.is_empty(), "{attributes:?}");
        assert!(!names.contains(&name), "{name} twice: {attributes:?}");
        rest = &rest[name.len()..];
        if let Some(value) = rest.strip_prefix("=\"") {
            let (value, after) = value.split_once('"').expect("the end of a value");
            assert!(!value.contains('<'), "{value:?}");
            check_text(value);
            rest = after;
        } else {
            assert!(!is_xml, "{name} has no value: {attributes:?}");
        }
        names.push(name);
        rest = rest.trim_start();
    }
}

fn check_text(text: &str) {
    assert!(!text.contains("]]>"), "{text:?}");
    for (at, _) in text.match_indices('&') {
        let reference = text[at + 1..].split(';').next().unwrap();
        let known = ["amp", "lt", "gt", "quot", "apos"].contains(&reference)
            || reference.strip_prefix('#').is_some_and(|number| {
                number.chars().all(|c| c.is_ascii_digit())
                    || number.strip_prefix('x').is_some_and(|hex| hex.chars().all(|c| c.is_ascii_hexdigit()))
            });
        assert!(known, "&{reference};");
    }
}

/// A line of Markdown without its spans of code, whose texts are nothing but text.
pub(in crate::report) fn outside_of_code(line: &str) -> String {
    let mut outside = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('`') {
        outside.push_str(&rest[..at]);
        let fence: String = rest[at..].chars().take_while(|c| *c == '`').collect();
        let inside = &rest[at + fence.len()..];
        let ends = inside
            .match_indices(&fence)
            .map(|(end, _)| end)
            .find(|end| !inside[..*end].ends_with('`') && !inside[*end + fence.len()..].starts_with('`'));
        rest = &inside[ends.unwrap_or_else(|| panic!("a span without an end: {line}")) + fence.len()..];
    }
    outside.push_str(rest);
    outside
}
