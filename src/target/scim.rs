//! The profile of any SCIM endpoint: the attributes of a schema, and groups.

use crate::base::{Random, Secret};
use crate::clock::Clock;
use crate::scim::{PatchOptions, ResourceSchema};

use super::endpoint::all_attributes;
use super::{AccessOptions, EndpointOptions};

impl EndpointOptions {
    /// An endpoint under `/scim/v2` whose users have the attributes of a schema, and core groups; all
    /// attributes can be filtered on.
    pub fn scim(users: ResourceSchema, tokens: Vec<Secret>, clock: Clock, random: Random) -> Self {
        Self {
            filterable: all_attributes(&users),
            users,
            groups: Some(ResourceSchema::group()),
            tokens,
            access: AccessOptions::default(),
            clock,
            random,
            base_path: "/scim/v2".to_owned(),
            patch: PatchOptions::default(),
        }
    }
}
