//! Operations on `schemas`, which follows from what a resource has.

use serde_json::Value;

use super::PatchError;
use super::apply::Patcher;
use super::place::Verb;
use crate::scim::document::misfit;
use crate::scim::filter::each;
use crate::scim::{AttributePath, Leniency, ScimType};

impl Patcher<'_> {
    /// Naming an extension changes nothing until the resource has an attribute of it; one that isn't named any more
    /// goes with its attributes.
    pub(super) fn set_schemas(&mut self, verb: Verb, path: &AttributePath, value: &Value) -> Result<(), PatchError> {
        if path.filter.is_some() || path.sub_attribute.is_some() {
            return Err(PatchError::new(ScimType::InvalidPath, format!("`{path}` can't be set, `schemas` can")));
        }
        let mut names = Vec::new();
        for name in each(value) {
            let Some(id) = name.as_str() else { return Err(misfit("schemas", "URNs", name)) };
            let known = id.eq_ignore_ascii_case(&self.schema.id) || self.schema.extension(id).is_some();
            if !known && !self.leniencies.allow(Leniency::LooseSchemas) {
                let detail = format!("a {} has no schema {name}", self.schema.name);
                return Err(PatchError::new(ScimType::InvalidValue, detail));
            }
            names.push(id);
        }
        let named = |id: &str| names.iter().any(|name| name.eq_ignore_ascii_case(id));
        if verb == Verb::Add {
            return Ok(());
        }
        self.drop_schemas(&|id| !named(id))
    }

    pub(super) fn remove_schemas(&mut self, path: &AttributePath, value: Option<&Value>) -> Result<(), PatchError> {
        let listed = value.filter(|_| self.leniencies.allow(Leniency::ValueListRemoval));
        let is_it = |id: &str| match (&path.filter, listed) {
            (Some(filter), _) => filter.matches_entry(&Value::from(id), self.schema.attribute("schemas")),
            (None, Some(listed)) => each(listed).any(|name| name.as_str().is_some_and(|name| name == id)),
            (None, None) => true,
        };
        let dropped: Vec<_> = self.schema.ids().filter(|id| is_it(id)).map(str::to_owned).collect();
        self.drop_schemas(&|id| dropped.iter().any(|dropped| dropped == id))
    }

    fn drop_schemas(&mut self, is_dropped: &dyn Fn(&str) -> bool) -> Result<(), PatchError> {
        if is_dropped(&self.schema.id) {
            let detail = format!("`schemas` is required, and {} can't be removed from it", self.schema.id);
            return Err(PatchError::new(ScimType::Mutability, detail));
        }
        for extension in self.schema.extensions.iter().filter(|extension| is_dropped(&extension.id)) {
            self.drop_extension(&extension.id)?;
        }
        Ok(())
    }
}
