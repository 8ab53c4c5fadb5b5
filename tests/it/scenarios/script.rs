//! `scenario.toml`: what a scenario says beside its config.

use std::fs;
use std::path::Path;

use scimulate::base::{SignedDuration, Timestamp};
use serde::Deserialize;

/// When the first cycle begins, unless `scenario.toml` says otherwise.
const FIRST: &str = "2026-03-01T10:00:00Z";

/// From one cycle to the next, as with the service.
const INTERVAL: SignedDuration = SignedDuration::from_mins(40);

/// All of it may be missing.
#[derive(Debug, Default)]
pub(super) struct Script {
    now: Vec<Timestamp>,
    /// Commands that are run before each cycle.
    before: Vec<Vec<String>>,
    /// Whether `status` is shown after each cycle.
    pub(super) status: bool,
    /// From when until when virtual time passes, instead of cycle by cycle.
    pub(super) simulate: Option<(String, String)>,
    /// Why another initial cycle at the end isn't idle.
    pub(super) does_not_converge: Option<String>,
    /// Where the requests of plan and run differ.
    pub(super) plan_differs: PlanDiffers,
}

/// Cycles in which a plan announces other requests than are sent, and why.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlanDiffers {
    pub(super) cycles: Vec<usize>,
    pub(super) reason: String,
}

impl Script {
    pub(super) fn read(folder: &Path) -> Self {
        let Ok(text) = fs::read_to_string(folder.join("scenario.toml")) else { return Self::default() };
        let mut table: toml::Table = text.parse().expect("scenario.toml is TOML");
        let mut take = |key: &str| table.remove(key);
        let reason = |value: toml::Value| value.as_str().expect("a reason is a text").to_owned();
        let differs = |value: toml::Value| value.try_into().expect("`plan_differs` has `cycles` and `reason`");
        let instants = |list: toml::Value| {
            list.try_into::<Vec<String>>().expect("`now` is a list of instants").iter().map(instant).collect()
        };
        let commands = |list: toml::Value| list.try_into().expect("`before` is a list of lists of commands");
        let period = |period: toml::Value| {
            let of = |key: &str| period.get(key).and_then(toml::Value::as_str).map(str::to_owned);
            of("now").zip(of("until")).expect("`simulate` has `now` and `until`")
        };
        let script = Self {
            simulate: take("simulate").map(period),
            now: take("now").map(instants).unwrap_or_default(),
            before: take("before").map(commands).unwrap_or_default(),
            status: take("status").is_some_and(|status| status.as_bool().expect("`status` is true or false")),
            does_not_converge: take("does_not_converge").map(reason),
            plan_differs: take("plan_differs").map(differs).unwrap_or_default(),
        };
        assert!(table.is_empty(), "scenario.toml has keys that nobody knows: {table}");
        script
    }

    /// When cycle `number` begins.
    pub(super) fn instant(&self, number: usize) -> Timestamp {
        if self.now.is_empty() {
            let later = INTERVAL * i32::try_from(number - 1).expect("few cycles");
            return instant(FIRST) + later;
        }
        *self.now.get(number - 1).unwrap_or_else(|| panic!("scenario.toml has no instant for cycle {number}"))
    }

    /// What is run before cycle `number`.
    pub(super) fn before(&self, number: usize) -> &[String] {
        self.before.get(number - 1).map_or(&[], Vec::as_slice)
    }
}

fn instant(text: impl AsRef<str>) -> Timestamp {
    text.as_ref().parse().expect("an instant")
}
