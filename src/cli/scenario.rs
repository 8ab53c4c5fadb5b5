//! `target.json` of a scenario or a timeline: what the built-in endpoint holds, and how it misbehaves.

use std::path::Path;

use serde_json::Value;

use super::error::Error;
use crate::base::{Diagnostic, nearest};
use crate::scim::Resource;
use crate::target::{Endpoint, FaultRule, LoadError};

/// Its name in the folder.
pub(crate) const TARGET: &str = "target.json";

/// What the file says.
#[derive(Debug, Default)]
struct TargetFile {
    /// Names of accounts and groups that go.
    delete: Vec<String>,
    users: Vec<Resource>,
    groups: Vec<Resource>,
    /// None where the faults stay as they were.
    faults: Option<Vec<FaultRule>>,
}

fn read(path: &Path) -> Result<TargetFile, Error> {
    let place = |diagnostic: Diagnostic| diagnostic.in_file(path.display().to_string());
    let text = std::fs::read_to_string(path)
        .map_err(|error| place(Diagnostic::error(format!("it can't be read: {error}"))))?;
    parse(&text).map_err(|diagnostic| place(*diagnostic).into())
}

/// Does to the endpoint what the file in a scenario's folder says, if there is one: what `delete` names goes, `Users`
/// and `Groups` are added, `faults` take the place of those before.
pub(crate) fn prepare(endpoint: &Endpoint, folder: &Path) -> Result<(), Error> {
    let path = folder.join(TARGET);
    if !path.is_file() {
        return Ok(());
    }
    let file = read(&path)?;
    let place = |text: String| Diagnostic::error(text).in_file(path.display().to_string());
    let failed = |error: LoadError| place(error.to_string());
    for name in &file.delete {
        if !endpoint.remove(name)? {
            return Err(place(format!("the endpoint has nothing called {name} to delete")).into());
        }
    }
    endpoint.load(file.users).map_err(failed)?;
    if !file.groups.is_empty() {
        endpoint.load_groups(file.groups).map_err(failed)?;
    }
    if let Some(faults) = file.faults {
        endpoint.set_faults(faults);
    }
    Ok(())
}

/// Lets the target misbehave as a timeline's file says, not at all without one. Only the built-in endpoint can.
pub(crate) fn misbehave(endpoint: Option<&Endpoint>, path: Option<&Path>) -> Result<(), Error> {
    let wrong = |path: &Path, message: &str, hint: &str| {
        Error::from(Diagnostic::error(message).in_file(path.display().to_string()).with_hint(hint))
    };
    let faults = match (endpoint, path) {
        (None, Some(path)) => {
            let hint = "leave tenant_url out of [target], or remove the file";
            return Err(wrong(path, "only the built-in endpoint can be told to misbehave", hint));
        }
        (_, Some(path)) => {
            let file = read(path)?;
            if !(file.delete.is_empty() && file.users.is_empty() && file.groups.is_empty()) {
                let hint = "accounts and groups are taken from the `target.json` of a scenario, which `demo` plays";
                return Err(wrong(path, "in a timeline only `faults` count", hint));
            }
            file.faults.unwrap_or_default()
        }
        (_, None) => Vec::new(),
    };
    if let Some(endpoint) = endpoint {
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
                        .map_err(|error| Box::new(Diagnostic::error(format!("fault {}: {error}", index + 1))))
                };
                file.faults = Some(list.iter().enumerate().map(rule).collect::<Result<_, _>>()?);
            }
            "delete" => {
                let name = |value: Value| match value {
                    Value::String(name) => Ok(name),
                    other => Err(wrong(format!("`delete` has {other}"), "write user or group names".to_owned())),
                };
                file.delete = list.into_iter().map(name).collect::<Result<_, _>>()?;
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
        let text = r#"{ "Users": [{ "userName": "ann" }], "faults": [{ "name": "503" }] }"#;
        let file = parse(text).unwrap();
        assert_eq!((file.users.len(), file.groups.len(), file.faults.map(|faults| faults.len())), (1, 0, Some(1)));
        assert_eq!(parse("{}").unwrap().faults, None);
        assert_eq!(parse(r#"{ "delete": ["ann"] }"#).unwrap().delete, ["ann"]);
    }

    #[test]
    fn mistakes_are_named() {
        let check = |text: &str, message: &str, hint: &str| {
            let error = parse(text).unwrap_err();
            assert!(error.message.contains(message), "{text}: {error}");
            assert!(error.hint.as_deref().unwrap_or_default().contains(hint), "{text}: {error:?}");
        };
        check("[", "invalid JSON", "");
        check("[]", "isn't a JSON object", "Users, Groups, faults");
        check(r#"{ "Faults": [] }"#, "unknown member `Faults`", "`faults`");
        check(r#"{ "Users": {} }"#, "isn't a list", "");
        check(r#"{ "delete": [1] }"#, "`delete` has 1", "names");
        check(r#"{ "Users": [1] }"#, "number 1", "SCIM resource");
        check(r#"{ "faults": [{ "name": "token-expird" }] }"#, "fault 1", "");
    }
}
