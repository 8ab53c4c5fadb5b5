//! `[source]`: where from.

use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::SourceSettings;
use super::document::{Report, Section};

/// Share of known objects that a read may lack unless the file says otherwise.
const MAX_MISSING: f64 = 0.30;

/// Reads the section, which has to name the users.
pub(super) fn read(report: &Report<'_>, section: Option<Section<'_, '_>>, config_dir: &Path) -> SourceSettings {
    let hint = "name the file of users: users = \"export/users.csv\"";
    let mut settings = SourceSettings {
        users: PathBuf::new(),
        deleted_users: None,
        groups: None,
        application: None,
        assignments: None,
        members: None,
        managers: None,
        timeline: None,
        default_domain: None,
        tenant_id: None,
        max_missing: MAX_MISSING,
    };
    let Some(mut section) = section else {
        report.file_error("there is no [source] section", hint);
        return settings;
    };
    let mut path = |key| section.text(key).map(|path| config_dir.join(path.value));
    let users = path("users");
    settings.deleted_users = path("deleted_users");
    settings.groups = path("groups");
    settings.application = path("application");
    settings.assignments = path("assignments");
    settings.members = path("members");
    settings.managers = path("managers");
    settings.timeline = path("timeline");
    match users {
        Some(users) => settings.users = users,
        None if section.is_absent("users") => {
            report.error(section.span.clone(), "`users` is missing in [source]", hint);
        }
        // It is there and wrong, which was reported.
        None => {}
    }
    settings.default_domain = section.text("default_domain").and_then(|domain| {
        let fine = !domain.value.contains(['@', '/', ' ']);
        if !fine {
            section.report.error(
                domain.span,
                format!("`default_domain` \"{}\" isn't a domain", domain.value),
                "for instance default_domain = \"contoso.onmicrosoft.com\"",
            );
        }
        fine.then(|| domain.value.to_owned())
    });
    settings.tenant_id = section.text("tenant_id").and_then(|id| {
        let tenant = Uuid::try_parse(id.value).ok();
        if tenant.is_none() {
            section.report.error(
                id.span,
                format!("`tenant_id` \"{}\" isn't a GUID", id.value),
                "the portal shows it in the overview of the directory as Tenant ID",
            );
        }
        tenant
    });
    settings.max_missing = section.share("max_missing").unwrap_or(MAX_MISSING);
    section.finish();
    settings
}
