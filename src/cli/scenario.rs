//! `target.json` of a scenario or a timeline: what the built-in endpoint holds, and how it misbehaves.

use std::path::Path;

use serde_json::Value;

use super::error::Error;
use crate::base::{Diagnostic, nearest};
use crate::scim::Resource;
use crate::target::{Endpoint, FaultRule};

/// Its name in the folder.
pub(crate) const TARGET: &str = "target.json";

/// What the file says.
#[derive(Debug, Default)]
pub(crate) struct TargetFile {
    pub(crate) users: Vec<Resource>,
    pub(crate) groups: Vec<Resource>,
    /// None where the file doesn't say.
    pub(crate) faults: Option<Vec<FaultRule>>,
    /// Names of accounts and groups that go behind the service's back.
    delete: Vec<String>,
}

/// Reads the file: an object with any of `Users`, `Groups`, `faults` and `delete`.
pub(crate) fn read(path: &Path) -> Result<TargetFile, Error> {
    let place = |diagnostic: Diagnostic| diagnostic.in_file(path.display().to_string());
    let text = std::fs::read_to_string(path)
        .map_err(|error| place(Diagnostic::error(format!("it can't be read: {error}"))))?;
    parse(&text).map_err(|diagnostic| place(*diagnostic).into())
}

/// Does what the file in a folder says, if there is one: what `delete` names goes, users and groups are added,
/// and faults, where given, take the place of those before.
pub(crate) fn apply(endpoint: &Endpoint, folder: &Path) -> Result<(), Error> {
    let path = folder.join(TARGET);
    if !path.is_file() {
        return Ok(());
    }
    let file = read(&path)?;
    let place = |error: String| Diagnostic::error(error).in_file(path.display().to_string());
    for name in &file.delete {
        if !endpoint.remove(name)? {
            return Err(place(format!("the endpoint has nothing called {name}")).into());
        }
    }
    endpoint.load(file.users).map_err(|error| place(error.to_string()))?;
    if !file.groups.is_empty() {
        endpoint.load_groups(file.groups).map_err(|error| place(error.to_string()))?;
    }
    if let Some(faults) = file.faults {
        endpoint.set_faults(faults);
    }
    Ok(())
}

fn parse(text: &str) -> Result<TargetFile, Box<Diagnostic>> {
    const KEYS: [&str; 4] = ["Users", "Groups", "faults", "delete"];
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let document: Value = serde_json::from_str(text).map_err(|error| {
        let diagnostic = Diagnostic::error(format!("invalid JSON: {error}"));
        Box::new(diagnostic.at_line(error.line()).at_column(error.column()))
    })?;
    let wrong = |message: String, hint: String| Box::new(Diagnostic::error(message).with_hint(hint));
    let Value::Object(members) = document else {
        return Err(wrong("it isn't a JSON object".to_owned(), format!("it takes the members {}", KEYS.join(", "))));
    };
    let mut file = TargetFile::default();
    for (key, value) in members {
        let Value::Array(list) = value else {
            return Err(wrong(format!("`{key}` isn't a list"), "write `[ … ]`".to_owned()));
        };
        let resource = |(index, value)| {
            let message = format!("`{key}` number {} isn't a JSON object", index + 1);
            Resource::from_value(value).ok_or_else(|| wrong(message, "write a SCIM resource".to_owned()))
        };
        match key.as_str() {
            "Users" => file.users = list.into_iter().enumerate().map(resource).collect::<Result<_, _>>()?,
            "Groups" => file.groups = list.into_iter().enumerate().map(resource).collect::<Result<_, _>>()?,
            "faults" => {
                let rule = |(index, value): (usize, &Value)| {
                    FaultRule::from_json(value)
                        .map_err(|error| wrong(format!("fault {}: {error}", index + 1), String::new()))
                };
                file.faults = Some(list.iter().enumerate().map(rule).collect::<Result<_, _>>()?);
            }
            "delete" => {
                let name = |value: Value| value.as_str().map(str::to_owned);
                let hint = "name accounts by userName, groups by displayName";
                let names: Option<_> = list.into_iter().map(name).collect();
                file.delete =
                    names.ok_or_else(|| wrong("`delete` isn't a list of names".to_owned(), hint.to_owned()))?;
            }
            _ => {
                let near = nearest(&key, KEYS);
                let hint = near.map_or_else(
                    || format!("it takes the members {}", KEYS.join(", ")),
                    |near| format!("did you mean `{near}`?"),
                );
                return Err(wrong(format!("unknown member `{key}`"), hint));
            }
        }
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_may_say() {
        let text = r#"{ "Users": [{ "userName": "ann" }], "faults": [{ "name": "unavailable" }] }"#;
        let file = parse(text).unwrap();
        assert_eq!((file.users.len(), file.groups.len(), file.faults.map(|faults| faults.len())), (1, 0, Some(1)));
        assert!(parse("{}").unwrap().faults.is_none());
    }

    #[test]
    fn mistakes_are_named() {
        let check = |text: &str, message: &str, hint: &str| {
            let error = parse(text).unwrap_err();
            assert!(error.message.contains(message), "{text}: {error}");
            assert!(error.hint.as_deref().unwrap_or_default().contains(hint), "{text}: {error:?}");
        };
        check("[", "invalid JSON", "");
        check("[]", "isn't a JSON object", "Users, Groups, faults, delete");
        check(r#"{ "Faults": [] }"#, "unknown member `Faults`", "`faults`");
        check(r#"{ "Users": {} }"#, "isn't a list", "");
        check(r#"{ "Users": [1] }"#, "number 1", "SCIM resource");
        check(r#"{ "faults": [{ "name": "unavailabel" }] }"#, "fault 1", "");
    }
}
