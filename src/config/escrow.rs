//! `[escrow]`: when failed objects are tried again.

use std::time::Duration;

use super::document::Section;
use super::target::duration;
use super::{EscrowSettings, parse_duration};

/// The service's schedule.
impl Default for EscrowSettings {
    fn default() -> Self {
        Self { schedule: [6, 12, 24].map(Duration::from_hours).into(), prune_after: Duration::from_hours(28 * 24) }
    }
}

/// Reads the section; an absent one means the service's schedule.
pub(super) fn read(section: Option<Section<'_, '_>>) -> EscrowSettings {
    let mut settings = EscrowSettings::default();
    let Some(mut section) = section else { return settings };
    settings.schedule = read_schedule(&mut section).unwrap_or(settings.schedule);
    settings.prune_after = duration(&mut section, "prune_after").unwrap_or(settings.prune_after);
    section.finish();
    settings
}

fn read_schedule(section: &mut Section<'_, '_>) -> Option<Vec<Duration>> {
    const HINT: &str = "times after the first failure, each later than the one before: [\"6h\", \"12h\", \"24h\"]";
    let found = section.texts("schedule")?;
    let times: Result<Vec<_>, _> = found.value.iter().map(|text| parse_duration(text)).collect();
    let problem = match &times {
        Err(error) => format!("`schedule`: {error}"),
        Ok(times) if times.is_empty() => "`schedule` is empty".to_owned(),
        Ok(times) if times[0].is_zero() || !times.is_sorted_by(|before, after| before < after) => {
            "`schedule` isn't ascending".to_owned()
        }
        Ok(_) => return times.ok(),
    };
    section.report.error(found.span, problem, HINT);
    None
}
