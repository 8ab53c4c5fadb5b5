//! What the commands that move a job have in common.

use serde_json::{Value, json};

use super::context::Context;
use super::error::Error;
use super::exit::Exit;
use crate::base::{Diagnostic, JobId, SourceId, TargetId};
use crate::config::Settings;
use crate::report::FORMAT_VERSION;
use crate::schema::ObjectKind;
use crate::store::{JobState, Store};

/// The state for reading, where there is any. Links of another target or tenant are none of this job's; the tenant
/// counts where the config names it, since no export is read for this.
pub(crate) fn known(settings: &Settings) -> Result<Option<Store>, Error> {
    let store = Store::open_existing(&settings.state_dir, &settings.job)?;
    if let Some(store) = &store {
        let tenant = settings.source.tenant_id.map(|tenant| tenant.to_string());
        store.check_target(&settings.target.tenant.to_string(), tenant.as_deref())?;
    }
    Ok(store)
}

/// The same for writing: a name that was mistyped makes no file.
pub(crate) fn existing(settings: &Settings) -> Result<Option<Store>, Error> {
    match known(settings)? {
        Some(_) => Ok(Some(Store::open(&settings.state_dir, &settings.job)?)),
        None => Ok(None),
    }
}

/// Says how the job stands now: a sentence as talk, for programs `{"formatVersion", "job": {"id", "name", "state"}}`.
/// Without a state it has not run yet.
pub(crate) fn tell(store: Option<&Store>, name: &str, sentence: &str, context: &Context) -> Result<Exit, Error> {
    let printer = &context.printer;
    if !printer.is_human() {
        let id = store.map(Store::binding).transpose()?.flatten().map(|binding| binding.job_id);
        let state = store.map_or(Ok(JobState::NotRun), Store::job_state)?;
        let job = json!({
            "id": id.as_ref().map(JobId::as_str),
            "name": name,
            "state": state.as_str(),
        });
        printer.json(&json!({ "formatVersion": FORMAT_VERSION, "job": job }))?;
    }
    printer.talk(sentence);
    Ok(Exit::Done)
}

/// The job doesn't stand as it has to.
pub(crate) fn held(text: String, hint: &str) -> Error {
    Error::new(Exit::JobHeld, Diagnostic::error(text).with_hint(hint))
}

/// An object as the levers name it: `name`, `objectType`, `sourceId`, `targetId`.
pub(crate) fn object_json(name: &str, kind: ObjectKind, source: &SourceId, target: Option<&TargetId>) -> Value {
    let mut object = json!({ "name": name, "objectType": kind.as_str(), "sourceId": source.to_string() });
    if let Some(target) = target {
        object["targetId"] = json!(target.as_str());
    }
    object
}
