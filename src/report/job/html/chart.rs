//! Cycles as bars: what they did, stacked, and how long they took.

use serde::Serialize;

use crate::base::grouped;
use crate::plan::ActionKind;
use crate::report::page::{Key, LONGEST, has_pattern};
use crate::report::plan::{BY_WEIGHT, word};
use crate::report::prose::{instant, time};

use super::super::document::ReportedCycle;

/// So many cycles are drawn.
const DRAWN: usize = 60;
/// Width of the widest bar, so that a few don't look like walls.
const WIDEST: f64 = 60.0;
/// Height of a strip, in the units of its drawing.
const HEIGHT: f64 = 100.0;
/// What there is at all can be seen.
const SEEN: f64 = 1.5;

/// What the page draws of cycles.
#[derive(Serialize)]
pub(super) struct Chart {
    bars: Vec<Bar>,
    /// Actions that occur.
    legend: Vec<Key>,
    most: String,
    longest: String,
    first: String,
    last: String,
    text: String,
}

#[derive(Serialize)]
struct Bar {
    title: String,
    at: f64,
    width: f64,
    parts: Vec<Part>,
    duration_title: String,
    duration_y: f64,
    duration_height: f64,
    is_cut_off: bool,
    is_quarantined: bool,
}

#[derive(Serialize)]
struct Part {
    action: &'static str,
    has_pattern: bool,
    y: f64,
    height: f64,
}

/// Cycles that come with the latest first; `None` for fewer than two, of which nothing is seen over time.
#[expect(clippy::cast_precision_loss, reason = "it is drawn, not counted")]
pub(super) fn chart(cycles: &[ReportedCycle]) -> Option<Chart> {
    let drawn: Vec<_> = cycles.iter().take(DRAWN).rev().collect();
    let ([first, .., last], ends) = (drawn.as_slice(), drawn.iter().filter_map(|cycle| cycle.end.as_ref())) else {
        return None;
    };
    let most = ends.clone().map(super::super::ReportedEnd::total).max().unwrap_or(0);
    let longest = ends.clone().map(|end| end.duration).max().unwrap_or_default();
    let slot = LONGEST / drawn.len() as f64;
    let width = (slot * 0.8).min(WIDEST);
    let bar = |(number, cycle): (usize, &&ReportedCycle)| {
        let mut y = HEIGHT;
        let mut parts = Vec::new();
        let end = cycle.end.as_ref();
        // What needs the most attention lies at the bottom, where it is compared best.
        for action in BY_WEIGHT {
            let count = end.map_or(0, |end| end.count(action));
            if count > 0 {
                let height = (count as f64 * HEIGHT / most.max(1) as f64).max(SEEN).min(y);
                y -= height;
                parts.push(Part { action: action.as_str(), has_pattern: has_pattern(action), y, height });
            }
        }
        let share = end.map_or(0.0, |end| end.duration.as_secs_f64() / longest.as_secs_f64().max(f64::MIN_POSITIVE));
        let height = if end.is_some() { (share * HEIGHT).max(SEEN) } else { 0.0 };
        let begun = instant(cycle.started);
        Bar {
            title: format!("{begun}: {}", cycle.outcome()),
            at: slot * (number as f64 + 0.5) - width / 2.0,
            width,
            parts,
            duration_title: end.map_or_else(|| begun.clone(), |end| format!("{begun}: {}", time(end.duration))),
            duration_y: HEIGHT - height,
            duration_height: height,
            is_cut_off: end.is_none(),
            is_quarantined: end.is_some_and(|end| end.quarantine.is_some()),
        }
    };
    let key = |action: ActionKind| {
        let count: u64 = ends.clone().map(|end| end.count(action)).sum();
        (count > 0).then(|| Key::new((action.as_str(), word(action)), count, has_pattern(action)))
    };
    Some(Chart {
        bars: drawn.iter().enumerate().map(bar).collect(),
        legend: BY_WEIGHT.into_iter().filter_map(key).collect(),
        most: grouped(most),
        longest: time(longest),
        first: instant(first.started),
        last: instant(last.started),
        text: format!(
            "{} cycles from {} to {}; at most {} objects and {} each. The table below has the numbers.",
            grouped(drawn.len() as u64),
            instant(first.started),
            instant(last.started),
            grouped(most),
            time(longest)
        ),
    })
}
