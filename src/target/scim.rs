//! The profile of any SCIM endpoint: the attributes of a schema.

use crate::base::{Random, Secret};
use crate::clock::Clock;
use crate::scim::{PatchOptions, ResourceSchema};

use super::EndpointOptions;

impl EndpointOptions {
    /// An endpoint under `/scim/v2` whose users have the attributes of a schema; all of them can be filtered
    /// on.
    pub fn scim(users: ResourceSchema, tokens: Vec<Secret>, clock: Clock, random: Random) -> Self {
        let core = users.attributes.iter().map(|attribute| attribute.name.to_string());
        let extensions = users.extensions.iter().flat_map(|extension| {
            extension.attributes.iter().map(move |attribute| format!("{}:{}", extension.id, attribute.name))
        });
        let filterable = std::iter::once("id".to_owned()).chain(core).chain(extensions).collect();
        Self {
            users,
            filterable,
            tokens,
            clock,
            random,
            base_path: "/scim/v2".to_owned(),
            patch: PatchOptions::default(),
        }
    }
}
