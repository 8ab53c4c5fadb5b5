//! Schemas that come with the program.

/// A built-in synchronizationSchema, as an export of a job would have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Template {
    /// The name that a config's `mapping` gives.
    pub name: &'static str,
    /// The document.
    pub text: &'static str,
}

const TEMPLATES: &[Template] = &[
    Template { name: "wedo", text: include_str!("templates/wedo.json") },
    Template { name: "scim", text: include_str!("templates/scim.json") },
];

/// The built-in schema of a name: `wedo` has the nine attributes of Microsoft's tutorial for WEDO, `scim` the
/// default mappings of users and groups that an application without a gallery entry begins with (*Tutorial:
/// Develop and plan provisioning for a SCIM endpoint*).
pub fn template(name: &str) -> Option<Template> {
    TEMPLATES.iter().copied().find(|template| template.name == name)
}
