//! What is a secret by its name: members, form fields, headers, all by the same words.

/// What names of secrets have in them, in lower case and without separators.
const WORDS: [&str; 13] = [
    "apikey",
    "assertion",
    "credential",
    "jwt",
    "passwd",
    "password",
    "privatekey",
    "pwd",
    "secret",
    "session",
    "signature",
    "subscriptionkey",
    "token",
];

/// Names that end so tell of a secret, but hold none: `token_type`, `tokenEndpoint`, `lastPasswordChangeDateTime`,
/// `passwordPolicies`.
const HARMLESS: [&str; 4] = ["type", "endpoint", "datetime", "policies"];

/// Names that are secrets in a query alone: elsewhere they mean something else.
const IN_QUERIES: [&str; 3] = ["code", "sig", "key"];

/// Whether what has this name is a secret.
pub(crate) fn is_secret_name(name: &str) -> bool {
    is_secret(name.as_bytes())
}

/// The same of bytes; without a copy, since it is asked for every header and every member.
pub(super) fn is_secret(name: &[u8]) -> bool {
    let may_begin = |at: usize| matches!(name[at] | 0x20, b'a' | b'c' | b'j' | b'p' | b's' | b't');
    let has_word = |at: usize| may_begin(at) && WORDS.iter().any(|word| begins(&name[at..], word.as_bytes()).is_some());
    (0..name.len()).any(has_word) && !HARMLESS.iter().any(|end| ends(name, end.as_bytes()))
}

/// Whether what has this name in a query is a secret.
pub(super) fn is_secret_in_query(name: &str) -> bool {
    is_secret_name(name) || IN_QUERIES.iter().any(|known| known.eq_ignore_ascii_case(name.trim()))
}

/// Where a word ends that begins here, whatever separators are in it.
fn begins(name: &[u8], word: &[u8]) -> Option<usize> {
    let mut at = 0;
    for (index, letter) in word.iter().enumerate() {
        while index > 0 && name.get(at).is_some_and(|byte| matches!(byte, b'-' | b'_')) {
            at += 1;
        }
        if !name.get(at)?.eq_ignore_ascii_case(letter) {
            return None;
        }
        at += 1;
    }
    Some(at)
}

fn ends(name: &[u8], word: &[u8]) -> bool {
    (0..name.len()).any(|at| begins(&name[at..], word) == Some(name.len() - at))
}

/// Whether the path of a PATCH operation, of a filter, or the name of a member leads to a secret: `password`, with or
/// without its URN and what is chosen in it.
pub(super) fn leads_to_secret(path: &str) -> bool {
    let bare = match (path.find('['), path.rfind(']')) {
        (Some(start), Some(end)) if start < end => (&path[..start], &path[end + 1..]),
        (Some(start), _) => (&path[..start], ""),
        _ => (path, ""),
    };
    let name = bare.0.rsplit(':').next().unwrap_or_default();
    [name, bare.1].into_iter().flat_map(|part| part.split('.')).any(is_secret_name)
}

/// Whether a filter compares a secret.
pub(super) fn compares_secret(filter: &str) -> bool {
    // Every other piece is a literal.
    let mut is_literal = false;
    let mut escaped = false;
    let outside = |c: char| {
        let was = is_literal;
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = is_literal,
            '"' => is_literal = !is_literal,
            _ => {}
        }
        if was || c == '"' { ' ' } else { c }
    };
    let names: String = filter.chars().map(outside).collect();
    names.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '[' | ']')).any(leads_to_secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets() {
        for (name, expected) in [
            ("password", true),
            ("newPassword", true),
            ("auth_token", true),
            ("bearerToken", true),
            ("secretKey", true),
            ("private_key", true),
            ("PRIVATE-KEY-2", true),
            ("jwt", true),
            ("ext_token", true),
            ("Ocp-Apim-Subscription-Key", true),
            ("x-amz-signature", true),
            ("client_assertion", true),
            ("token_type", false),
            ("issued_token_type", false),
            ("client_assertion_type", false),
            ("token_endpoint", false),
            ("tokenEndpoint", false),
            ("lastPasswordChangeDateTime", false),
            ("passwordPolicies", false),
            ("code", false),
            ("key", false),
            ("userName", false),
            ("to_ken_", true),
            ("", false),
            ("_", false),
        ] {
            assert_eq!(is_secret_name(name), expected, "{name}");
        }
        for (name, expected) in [("code", true), ("sig", true), ("KEY", true), ("keys", false), ("filter", false)] {
            assert_eq!(is_secret_in_query(name), expected, "{name}");
        }
    }

    #[test]
    fn paths_and_filters() {
        for (path, expected) in [
            ("password", true),
            ("urn:ietf:params:scim:schemas:core:2.0:User:password", true),
            ("password[type eq \"x\"]", true),
            ("logins[type eq \"a:b\"].password", true),
            ("urn:example:secret:2.0:User:title", false),
            ("emails[password eq \"x\"].value", false),
            ("name.familyName", false),
        ] {
            assert_eq!(leads_to_secret(path), expected, "{path}");
        }
        for (filter, expected) in [
            ("password eq \"x\"", true),
            ("userName eq \"a\" and (urn:ietf:params:scim:schemas:core:2.0:User:password sw \"x\")", true),
            ("logins[password eq \"x\"]", true),
            ("userName eq \"password\"", false),
            (r#"userName eq "a \" password eq""#, false),
            ("title pr", false),
        ] {
            assert_eq!(compares_secret(filter), expected, "{filter}");
        }
    }
}
