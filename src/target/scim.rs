//! The profile of any SCIM endpoint: the attributes of a schema, and groups.

use crate::base::{Random, Secret};
use crate::clock::Clock;
use crate::scim::{Leniencies, ResourceSchema};

use super::endpoint::all_attributes;
use super::{AccessOptions, EndpointOptions};

impl EndpointOptions {
    /// An endpoint under `/scim/v2` whose users have the attributes of a schema, and tell their groups; and core groups.
    /// All attributes can be filtered on.
    pub fn scim(mut users: ResourceSchema, tokens: Vec<Secret>, clock: Clock, random: Random) -> Self {
        if users.attribute("groups").is_none() {
            users.attributes.extend(ResourceSchema::user().attribute("groups").cloned());
        }
        Self {
            filterable: all_attributes(&users),
            users,
            groups: Some(ResourceSchema::group()),
            tokens,
            access: AccessOptions::default(),
            clock,
            random,
            base_path: "/scim/v2".to_owned(),
            leniencies: Leniencies::ALL,
        }
    }
}
