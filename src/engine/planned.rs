//! A saved plan as a cycle is bound to it.

use rustc_hash::FxHashSet;

use super::references::ReferenceTask;
use crate::base::SourceId;
use crate::plan::{PlannedObject, Reason};

/// What a saved plan allows to be done.
#[derive(Debug, Clone, Default)]
pub struct Planned {
    /// Sorted by source id.
    objects: Vec<PlannedObject>,
    /// Owner and reason of each reference.
    references: FxHashSet<(SourceId, String)>,
}

impl Planned {
    /// Sorts out what a plan holds.
    pub fn new(objects: Vec<PlannedObject>) -> Self {
        let (references, mut objects): (Vec<_>, Vec<_>) =
            objects.into_iter().partition(|object| Reason::is_reference_code(&object.reason_code));
        objects.sort_by(|a, b| a.source_id.cmp(&b.source_id));
        let references = references.into_iter().map(|object| (object.source_id, object.reason)).collect();
        Self { objects, references }
    }

    /// What was planned for an object.
    pub fn object(&self, id: &SourceId) -> Option<&PlannedObject> {
        self.objects.binary_search_by(|planned| planned.source_id.cmp(id)).ok().map(|at| &self.objects[at])
    }

    /// How many objects were planned; references aren't counted.
    #[expect(clippy::len_without_is_empty, reason = "nobody asks")]
    pub fn len(&self) -> u64 {
        self.objects.len() as u64
    }

    pub(super) fn has_reference(&self, task: &ReferenceTask) -> bool {
        let (owner, reason) = task.key();
        if task.is_given_up() {
            return self.object(owner).is_some();
        }
        task.is_quiet() || self.references.contains(&(owner.clone(), reason))
    }
}
