//! How the provisioning service writes bodies: POST in one way, PATCH in two.
//!
//! Shapes after Microsoft, *Develop a SCIM endpoint for user provisioning* and *Known issues with
//! SCIM 2.0 protocol compliance*.

mod creation;
mod patch;
mod reference;

pub use creation::creation;
pub use patch::{Change, ChangeOp, Dialect};
