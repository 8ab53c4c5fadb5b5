//! Actions so specific that nothing is left to decide when they are executed.

use serde_json::Value;

use super::{ActionKind, Reason};
use crate::base::TargetId;

/// One attribute of an account, before and after.
#[derive(Debug, Clone, PartialEq)]
pub struct AttributeChange {
    /// Target attribute as the mapping names it.
    pub attribute: Box<str>,
    /// Value that the target had; `None` for no value.
    pub old: Option<Value>,
    /// Value that is sent.
    pub new: Option<Value>,
}

impl AttributeChange {
    /// `{"attribute", "old", "new"}`, null for no value.
    pub fn to_json(&self) -> Value {
        serde_json::json!({ "attribute": &*self.attribute, "old": self.old, "new": self.new })
    }
}

/// The one request that an action sends, if any.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Nothing is sent, nothing is remembered anew.
    Nothing,
    /// Nothing is sent; the account is linked, or stays linked.
    Link(TargetId),
    /// `POST` of this resource.
    Create(Value),
    /// `PATCH` of this account with this body.
    Patch(TargetId, Value),
    /// `DELETE` of this account; the link goes.
    Delete(TargetId),
}

/// What is to be done to one object.
#[derive(Debug, Clone, PartialEq)]
pub struct Action {
    /// Its kind, as counted and logged.
    pub kind: ActionKind,
    /// Why.
    pub reason: Reason,
    /// Attributes that change, in the order of the mappings.
    pub changes: Vec<AttributeChange>,
    /// What is sent.
    pub effect: Effect,
}

impl Action {
    /// An action that sends nothing.
    pub fn quiet(kind: ActionKind, reason: Reason) -> Self {
        Self { kind, reason, changes: Vec::new(), effect: Effect::Nothing }
    }
}
