//! An incomplete read must never look like everybody having left.

use super::{EngineError, Index, Policy};
use crate::base::Diagnostic;
use crate::store::{KnownSet, Watermark};

/// Fewer missing objects than this never stop a run.
const LEAST: usize = 10;

/// Stops when the export lacks too many of the users, assignments or memberships that the last
/// cycle knew.
pub(crate) fn check(policy: &Policy, watermark: &Watermark, index: &Index) -> Result<(), EngineError> {
    for (what, known, now) in [
        ("users", &watermark.users, &index.users),
        ("assignments", &watermark.assignments, &index.assignments),
        ("memberships", &watermark.memberships, &index.memberships),
    ] {
        let missing = known.missing_in(now);
        if too_many(policy, known, missing) {
            let diagnostic = Diagnostic::error(format!(
                "the export lacks {missing} of {} {what} known from the last cycle ({:.0} %, allowed are {:.0} %); \
                 nothing was sent",
                known.len(),
                share(known, missing) * 100.0,
                policy.max_missing * 100.0
            ));
            let hint = format!(
                "check that the export is complete; if they have really left, repeat with --accept-missing {missing}, \
                 or raise source.max_missing"
            );
            return Err(EngineError::Incomplete(Box::new(diagnostic.with_hint(hint))));
        }
    }
    Ok(())
}

fn too_many(policy: &Policy, known: &KnownSet, missing: usize) -> bool {
    let accepted = policy.accept_missing.is_some_and(|accepted| missing as u64 <= accepted);
    missing >= LEAST && share(known, missing) > policy.max_missing && !accepted
}

#[expect(clippy::cast_precision_loss, reason = "a share of less than 2⁵² objects")]
fn share(known: &KnownSet, missing: usize) -> f64 {
    missing as f64 / known.len().max(1) as f64
}
