//! The profile of WEDO: users only, the attributes of its provisioning tutorial.

use crate::base::{Random, Secret};
use crate::clock::Clock;
use crate::scim::{Leniencies, ResourceSchema};

use super::{AccessOptions, EndpointOptions};

const ATTRIBUTES: [&str; 10] = [
    "userName",
    "displayName",
    "title",
    "emails",
    "name.givenName",
    "name.familyName",
    "name.formatted",
    "active",
    "preferredLanguage",
    "userType",
];

/// The attributes of a WEDO user; `id`, `meta` and `schemas` go without saying.
pub fn wedo() -> ResourceSchema {
    ResourceSchema::user().keeping(&ATTRIBUTES)
}

impl EndpointOptions {
    /// An endpoint like WEDO's under `/scim/v2`: only `userName` can be filtered on.
    pub fn wedo(tokens: Vec<Secret>, clock: Clock, random: Random) -> Self {
        Self {
            users: wedo(),
            groups: None,
            filterable: vec!["userName".to_owned()],
            tokens,
            access: AccessOptions::default(),
            clock,
            random,
            base_path: "/scim/v2".to_owned(),
            leniencies: Leniencies::ALL,
        }
    }
}
