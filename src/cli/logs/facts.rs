//! What is the same for every entry of a job's log.

use crate::base::JobId;
use crate::cli::error::Error;
use crate::cli::job::{compile_options, document};
use crate::config::Settings;
use crate::report::LogFacts;
use crate::schema;
use crate::store::Store;

/// Of a job with these settings. A mapping that can't be read any more keeps nobody from reading the log.
pub(crate) fn facts(settings: &Settings, store: Option<&Store>) -> Result<LogFacts, Error> {
    let rules = document(&settings.provisioning.mapping)
        .ok()
        .and_then(|(name, document)| schema::compile(&document, &compile_options(settings, name)).ok());
    let groups = rules.as_ref().and_then(|rules| rules.groups.as_ref());
    let object = |mapping: Option<&schema::ObjectMapping>, plain: &str| {
        mapping.map_or_else(|| plain.to_owned(), |mapping| mapping.target_object.clone())
    };
    let binding = store.map(Store::binding).transpose()?.flatten();
    Ok(LogFacts {
        job_id: binding.map_or_else(String::new, |binding| JobId::to_string(&binding.job_id)),
        application: settings.job.clone(),
        user_object: object(rules.as_ref().map(|rules| &rules.users), "User"),
        group_object: object(groups, "Group"),
    })
}
