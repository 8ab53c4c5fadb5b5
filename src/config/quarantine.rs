//! `[quarantine]`: how many failures are too many, and what follows.

use std::time::Duration;

use super::QuarantineSettings;
use super::document::Section;
use super::target::duration;

/// The service's figures.
impl Default for QuarantineSettings {
    fn default() -> Self {
        Self {
            min_failures: 5_000,
            proportion: 0.40,
            max_failures: 40_000,
            max_all: 60_000,
            first_interval: None,
            longest_interval: Duration::from_hours(24),
            disable_after: Duration::from_hours(28 * 24),
        }
    }
}

/// Reads the section; an absent one means the service's figures.
pub(super) fn read(section: Option<Section<'_, '_>>) -> QuarantineSettings {
    let mut settings = QuarantineSettings::default();
    let Some(mut section) = section else { return settings };
    let mut count = |key, default| section.whole(key, 0..=u32::MAX).map_or(default, u64::from);
    settings.min_failures = count("min_failures", settings.min_failures);
    settings.max_failures = count("max_failures", settings.max_failures);
    settings.max_all = count("max_all", settings.max_all);
    settings.proportion = section.share("proportion").unwrap_or(settings.proportion);
    settings.first_interval = duration(&mut section, "first_interval");
    settings.longest_interval = duration(&mut section, "longest_interval").unwrap_or(settings.longest_interval);
    settings.disable_after = duration(&mut section, "disable_after").unwrap_or(settings.disable_after);
    section.finish();
    settings
}
