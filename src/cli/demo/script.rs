//! `scenario.toml` of a scenario: when its cycles begin, and which commands are run before them.

use std::path::Path;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::base::{Diagnostic, SignedDuration, Timestamp};

const FILE: &str = "scenario.toml";

/// From one cycle to the next, as with the service.
const INTERVAL: SignedDuration = SignedDuration::from_mins(40);

/// All of it may be missing. What only the tests of scenarios go by isn't looked at.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Script {
    #[serde(default, deserialize_with = "instants")]
    now: Vec<Timestamp>,
    #[serde(default)]
    before: Vec<Vec<String>>,
    /// From when until when virtual time passes, instead of cycle by cycle.
    pub(super) simulate: Option<Period>,
}

/// From the first cycle to the last instant at which one may begin.
#[derive(Debug, Deserialize)]
pub(super) struct Period {
    now: String,
    until: String,
}

impl Period {
    /// The command that lets this time pass; a demo verifies.
    pub(super) fn command(&self) -> String {
        format!("run --simulate-clock --now {} --until {} --verify", self.now, self.until)
    }
}

impl Script {
    /// Reads the file in a scenario's folder, if there is one.
    pub(super) fn read(folder: &Path) -> Result<Self, Box<Diagnostic>> {
        let path = folder.join(FILE);
        if !path.exists() {
            return Ok(Self::default());
        }
        let place = |text: String| Box::new(Diagnostic::error(text).in_file(path.display().to_string()));
        let text = std::fs::read_to_string(&path).map_err(|error| place(format!("it can't be read: {error}")))?;
        toml::from_str(&text).map_err(|error| place(error.message().to_owned()))
    }

    /// When the first cycle begins.
    pub(super) fn start(&self) -> Timestamp {
        let usual = || "2026-03-01T10:00:00Z".parse().expect("an instant");
        self.now.first().copied().unwrap_or_else(usual)
    }

    /// When cycle `number` begins.
    pub(super) fn instant(&self, number: usize) -> Result<Timestamp, Box<Diagnostic>> {
        if self.now.is_empty() {
            let later = i32::try_from(number - 1).unwrap_or(i32::MAX);
            return Ok(self.start().checked_add(INTERVAL * later).unwrap_or(Timestamp::MAX));
        }
        self.now.get(number - 1).copied().ok_or_else(|| {
            Box::new(Diagnostic::error(format!("`now` has no instant for cycle {number}")).in_file(FILE))
        })
    }

    /// What is run before cycle `number`.
    pub(super) fn before(&self, number: usize) -> &[String] {
        self.before.get(number - 1).map_or(&[], Vec::as_slice)
    }
}

fn instants<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Timestamp>, D::Error> {
    let read = |text: String| text.parse().map_err(|_| D::Error::custom(format!("`{text}` isn't an instant")));
    Vec::<String>::deserialize(deserializer)?.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_cycles_begin() {
        let check = |text: &str, number, expected: &str| {
            let script: Script = toml::from_str(text).unwrap();
            let told = script.instant(number).map_or_else(|error| error.message, |at| at.to_string());
            assert_eq!(told, expected, "{text} {number}");
        };
        check("", 1, "2026-03-01T10:00:00Z");
        check("", 3, "2026-03-01T11:20:00Z");
        let given = r#"now = ["2026-03-01T10:00:00Z", "2026-03-02T10:00:00Z"]"#;
        check(given, 2, "2026-03-02T10:00:00Z");
        check(given, 3, "`now` has no instant for cycle 3");
    }
}
