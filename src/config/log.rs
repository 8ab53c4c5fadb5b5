//! `[log]`: how long the provisioning log is kept, and what of people is in it.

use super::LogSettings;
use super::document::Section;
use super::target::duration_of;

/// Keeps entries for good.
const UNLIMITED: &str = "unlimited";

/// Reads the section.
pub(super) fn read(section: Option<Section<'_, '_>>) -> LogSettings {
    let defaults = LogSettings::default();
    let Some(mut section) = section else { return defaults };
    let keep = match section.text("keep") {
        None => defaults.keep,
        Some(found) if found.value == UNLIMITED => None,
        Some(found) => duration_of(&section, &found),
    };
    let personal_data = section.boolean("pii").unwrap_or(defaults.personal_data);
    section.finish();
    LogSettings { keep, personal_data }
}
