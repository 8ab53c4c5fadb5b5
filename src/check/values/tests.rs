//! Values look real, differ from round to round, and follow the file.

use super::*;
use crate::check::bench::built_in;

#[test]
fn neighbouring_rounds_differ() {
    for name in ["wedo", "scim"] {
        let rules = built_in(name);
        for person in [1, 2, 37].map(|number| Person::new("scimulate-abc123", number)) {
            let rounds = [0, 1, 2].map(|round| Values::default().of(&rules.users, &person, round));
            for pair in rounds.windows(2) {
                for ((index, old), (_, new)) in pair[0].iter().zip(&pair[1]) {
                    assert_ne!(old, new, "{}", rules.users.attributes[*index].target.name);
                }
            }
        }
    }
}

#[test]
fn a_file_overrides_what_is_made_up() {
    let values =
        Values::parse("[users]\nuserName = \"{unique}@corp.example\"\ntitle = [\"A\", \"B\"]", "v.toml").unwrap();
    let rules = built_in("wedo");
    let person = Person::new("scimulate-abc123", 4);
    let of = |round: u32, name: &str| {
        let all = values.of(&rules.users, &person, round);
        let found = all.into_iter().find(|(index, _)| rules.users.attributes[*index].target.name == name);
        found.unwrap().1
    };
    assert_eq!(of(0, "userName"), "scimulate-abc123-4@corp.example");
    assert_eq!((of(0, "title"), of(1, "title")), ("A".into(), "B".into()));
    for (text, expected) in [
        ("[user]\nx = 1", "did you mean `users`?"),
        ("users = 1", "`users` is a table"),
        ("[users]\nx = []", "`x` has no value"),
        ("[users]\nx = {}", "`x` is a text"),
        ("[users", "line 1: unclosed table"),
        ("[users]\nUserName = \"ann@contoso.com\"", "each value of `UserName` has to hold `{unique}`"),
        ("[groups]\ndisplayName = [\"{unique} A\", \"B\"]", "each value of `displayName` has to hold `{unique}`"),
    ] {
        let error = Values::parse(text, "v.toml").unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}
