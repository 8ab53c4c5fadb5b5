//! What everything else speaks in: ids, instants, seeded randomness, hashes, secrets, diagnostics.

mod backoff;
mod causes;
mod diagnostic;
mod hash;
mod hidden;
mod id;
mod number;
mod random;
mod secret;
mod suggest;

pub use backoff::Backoff;
pub use causes::{causes, innermost};
pub use diagnostic::{Diagnostic, Severity, Snippet};
pub use hash::{Digest, Digester, Fingerprint, guid_of};
pub use hidden::{is_hidden, visible};
pub use id::{CycleId, JobId, ParseIdError, SourceId, TargetId};
pub use jiff::{SignedDuration, Timestamp};
pub use number::grouped;
pub use random::Random;
pub use secret::Secret;
pub use suggest::nearest;
