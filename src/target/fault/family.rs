//! Faults that have a number, a time or a status in their name.

use std::sync::Arc;
use std::time::Duration;

use super::misbehaviour::Misbehaviour;

/// Faults of one kind that differ by what stands in their name.
pub(super) struct Family {
    /// The one that stands for all in lists.
    pub(super) usual: &'static str,
    /// What is written in the place of the number, as for people: `STATUS`, `truncated-list-at-N`.
    pub(super) shape: &'static str,
    /// Makes the fault of a name; `None` where the name is of something else, an error where the number is wrong.
    pub(super) make: fn(&str) -> Option<Made>,
}

/// A fault, or what is wrong with the number in its name.
pub(super) type Made = Result<Arc<dyn Misbehaviour>, String>;

/// Reads `600ms`, `2s`, `10m`, `1h`.
pub(super) fn read_time(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let number: u64 = text[..digits].parse().ok()?;
    let milliseconds = match &text[digits..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    // a day is more than anybody waits
    let time = Duration::from_millis(number.checked_mul(milliseconds)?);
    (Duration::ZERO < time && time <= Duration::from_hours(24)).then_some(time)
}

/// Makes a fault whose name is `prefix` and a time.
pub(super) fn timed<M: Misbehaviour + 'static>(
    name: &str,
    prefix: &str,
    make: impl FnOnce(Duration, String) -> M,
) -> Option<Made> {
    let time = name.strip_prefix(prefix)?;
    Some(match read_time(time) {
        Some(read) => Ok(Arc::new(make(read, time.to_owned()))),
        None => Err(format!("`{time}` in `{name}` isn't a time like 600ms, 2s or 1m, of a day at most")),
    })
}
