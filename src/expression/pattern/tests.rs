use proptest::prelude::*;

use super::{MatchError, Pattern, PatternError, Replacement};

fn replaced(pattern: &str, replacement: &str, text: &str) -> String {
    let pattern = Pattern::new(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
    let replacement = Replacement::new(replacement, &pattern);
    pattern.replace(text, &replacement, 10_000).unwrap().unwrap().into_owned()
}

#[test]
fn matches_are_replaced() {
    let check = |pattern: &str, replacement: &str, text: &str, expected: &str| {
        assert_eq!(replaced(pattern, replacement, text), expected, "{pattern} → {replacement} in {text}");
    };
    check("[()\\s-]+", "", "+1 (999) 888-7777", "+19998887777");
    check("[a-zA-Z_]*", "", "john_doe72", "72");
    check("(.*?)(?<id>.{0,8})$", "${id}", "0000000012345", "00012345");
    check("(?<firstName>[a-zA-Z]+ )(?<lastName>[a-zA-Z]+)", "${lastName}", "John Smith", "Smith");
    // An empty match may follow right after another one.
    check("x*", "-", "axb", "-a--b-");
    check("b*", "<$&>", "abc", "<>a<b><>c<>");
    check("", "-", "äb", "-ä-b-");
    check("(a)b", "$1x", "ab", "ax");
    check("(a)(b)", "$2$1", "ab", "ba");
    check("(a)", "$10", "a", "a0");
    check("(a)", "$2|${2}|${b}|$|$x|${", "a", "$2|${2}|${b}|$|$x|${");
    check("b", "[$`|$'|$_|$$|$0]", "abc", "a[a|c|abc|$|b]c");
    check("(a)|(b)", "<$+>", "ab", "<><b>");
    // Groups without a name are numbered first.
    check("(?<name>a)(b)", "$1$2", "ab", "ba");
    check("(?'q'a)\\k'q'", "${q}!", "aa", "a!");
    check("(a)(?<n>b)\\2\\1", "$&", "abba", "abba");
    check("(?<d>a)|(?<d>b)", "${d}${d}", "ab", "aabb");
    check("(?n)(a)(?<n>b)", "$1", "ab", "b");
    check("(?<=@).*", "", "ann@contoso.com", "ann@");
    check("(?<=(a|bb))c", "-", "ac bbc c", "a- bb- c");
    check("(?>a+)b", "-", "aab", "-");
    check("(?i)STRASSE", "-", "Strasse", "-");
    check("(?i:a)b", "-", "Ab AB", "- AB");
    check("a(?i)b|c", "-", "aB C c", "- - -");
    check("(?x) a  b # comment\n c", "-", "abc", "-");
    check("a(?#comment)b", "-", "ab", "-");
    check("(a)?(?(1)b|c)", "-", "ab c", "- -");
    check("[a-z-[aeiou]]+", "-", "hello", "-e-o");
    check("[^a-c-[^a-z]]", "-", "abxX", "ab-X");
    check("[]a]", "-", "a]", "--");
    check("[a&&b]", "-", "a&b", "---");
    check("[\\w-]", "", "a-b!", "!");
    check("[\\]\\\\^-]", ".", "]\\^-", "....");
    check("[+--]", ".", "+,-", "...");
    check("\\u0041\\x42\\103\\e?", "-", "ABC", "-");
    check("\\cA", "-", "\u{1}", "-");
    check("\\p{Lu}\\P{Lu}", "-", "Ab", "-");
    check("\\p{IsCyrillic}+", "-", "aж", "a-");
    check("\\w+", "-", "é_1·", "-·");
    check("a{2}b{,3}c{", "-", "aab{,3}c{", "-");
    check("a{2,}?", "-", "aaaa", "--");
    check("a.c", "-", "abc a\nc", "- a\nc");
    check("(?s)a.c", "-", "a\nc", "-");
    // `$` and `\Z` match before a line feed at the end.
    check("c$", "-", "abc\n", "ab-\n");
    check("c\\Z", "-", "abc\n", "ab-\n");
    check("c\\z", "-", "abc\n", "abc\n");
    check("(?m)^.*$", "<$&>", "a\nb", "<a>\n<b>");
    check("\\bfoo\\b", "-", "foo food", "- food");
    check("\\.\\/\\-", "-", "./-", "-");
}

#[test]
fn what_a_group_captured_is_replaced() {
    let check = |pattern: &str, group: &str, text: &str, expected: &str| {
        let pattern = Pattern::new(pattern).unwrap();
        let group = pattern.group(group).unwrap();
        assert_eq!(pattern.replace_group(text, group, "$1", 10_000).unwrap().unwrap(), expected);
    };
    check("(?<Suffix>@(.)*)", "Suffix", "jsmith@contoso.com", "jsmith$1");
    check("(?<a>x)?y", "a", "y xy", "y $1y");
}

#[test]
fn whole_texts_and_parts() {
    let check = |pattern: &str, text: &str, anywhere: bool, whole: bool| {
        assert_eq!(Pattern::new(pattern).unwrap().is_match(text), Ok(anywhere), "{pattern} in {text}");
        assert_eq!(Pattern::anchored(pattern).unwrap().is_match(text), Ok(whole), "{pattern} is {text}");
    };
    check("[1-9][0-9]", "1000", true, false);
    check("[1-9][0-9]", "10", true, true);
    check("a|bc", "bc", true, true);
    check("a|bc", "ab", true, false);
    check("^a$", "a\n", true, false);
}

#[test]
fn what_is_wrong_is_said() {
    let check = |pattern: &str, message: &str, offset: Option<usize>| {
        let error = Pattern::new(pattern).map(|pattern| pattern.as_str().to_owned()).unwrap_err();
        assert_eq!(error, PatternError { message: message.to_owned(), offset }, "{pattern}");
    };
    check("a(b", "the group has no closing `)`", Some(1));
    check("a)", "`)` closes no group", Some(1));
    check("a[b", "the class has no closing `]`", Some(1));
    check("*a", "`*` has nothing to repeat", Some(0));
    check("a**", "`*` has nothing to repeat", Some(2));
    check("a++", "`+` has nothing to repeat", Some(2));
    check("a\\", "the pattern ends with a backslash", Some(1));
    check("a\\_", "`\\_` isn't an escape", Some(1));
    check("(?<a-b>x)", "balancing groups aren't supported", Some(0));
    check("(?(a|b)x|y)", "a condition that is an expression isn't supported", Some(0));
    check("\\1", "there is no group `1`", Some(0));
    check("\\k<x>", "there is no group `x`", Some(0));
    check("\\89", "there is no group `89`", Some(0));
    check("(?<a>x)(?<a>y)\\k<a>", "two groups share the name `a`, which can't be referred to", Some(14));
    check("[z-a]", "the range runs backwards", Some(1));
    check("[a-\\d]", "a set of characters can't end a range", Some(1));
    check("\\p{Klingon}", "the Unicode category or block `Klingon` isn't known", Some(0));
    check("(?y)", "`(?y` isn't known", Some(0));
    check(&"(".repeat(60), "groups nest deeper than 50 levels", Some(50));
    check("((a{1000}){1000}){1000}", "the regular expression is too large", None);
}

#[test]
fn nothing_runs_away() {
    let check = |pattern: &str, text: &str, expected: MatchError| {
        assert_eq!(Pattern::new(pattern).unwrap().matches(text), Err(expected), "{pattern}");
    };
    check("(x+x+)+\\1y", &"x".repeat(60), MatchError::TooHard);
    check("(?=a)", &"a".repeat(2_000), MatchError::TooHard);
    check("a", &"a".repeat(40_000), MatchError::TooLong);
    // Without look-around the time is linear.
    assert_eq!(Pattern::new("(a+)+$").unwrap().is_match(&format!("{}!", "a".repeat(30_000))), Ok(false));
}

proptest! {
    #[test]
    fn no_pattern_panics(
        pattern in "([a-c.]|[*+?]|\\(\\?[<=!:>]?|[()|^$\\[\\]{}\\\\-]|\\\\[wdsbkpxu1-9]|[0-9,]|é){0,14}",
        replacement in "([a-c]|\\$[0-9&`'+_$]?|\\$\\{[a-c1]\\}){0,5}",
        text in "[a-cé \n]{0,20}",
    ) {
        if let Ok(compiled) = Pattern::new(&pattern) {
            let replacement = Replacement::new(&replacement, &compiled);
            if let Ok(Some(result)) = compiled.replace(&text, &replacement, 1_000) {
                prop_assert!(result.len() <= 1_000);
            }
        }
        let _anchored = Pattern::anchored(&pattern);
    }
}
