//! `[notification]`: who is told.

use super::NotificationSettings;
use super::document::Section;

/// Reads the section; without an address nobody is told.
pub(super) fn read(section: Option<Section<'_, '_>>) -> NotificationSettings {
    let Some(mut section) = section else { return NotificationSettings::default() };
    let address = section.text("email");
    if let Some(found) = address.as_ref().filter(|found| !is_address(found.value)) {
        section.report.error(
            found.span.clone(),
            format!("`email` \"{}\" isn't an e-mail address", found.value),
            "one address and nothing else, for instance email = \"it@contoso.com\"",
        );
    }
    let on_failure = section.boolean("on_failure");
    if on_failure == Some(true) && section.is_absent("email") {
        section.report.warning(
            section.span.clone(),
            "`on_failure` without `email` tells nobody",
            "name the address: email = \"it@contoso.com\"",
        );
    }
    let email = address.map(|found| found.value.to_owned());
    section.finish();
    NotificationSettings { on_failure: on_failure.unwrap_or(email.is_some()), email }
}

/// Whether a text looks like one address, and can't be taken for more in a header.
fn is_address(text: &str) -> bool {
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"<>()[],;:\\\"@".contains(c);
    text.split_once('@').is_some_and(|(name, domain)| {
        !name.is_empty() && !domain.is_empty() && name.chars().all(plain) && domain.chars().all(plain)
    })
}
