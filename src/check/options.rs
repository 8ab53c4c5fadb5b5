//! What checks are told.

use std::sync::Arc;

use super::Values;
use crate::client::{Client, ClientError, ClientOptions};
use crate::schema::CompiledSchema;
use crate::scim::KnownSecrets;

/// Makes a client of the target from what it is told.
pub type Connect = dyn Fn(ClientOptions) -> Result<Client, ClientError>;

/// What checks are told.
pub struct CheckOptions {
    /// Where, as whom, how fast.
    pub client: ClientOptions,
    /// Tenant URL as given, with its flags.
    pub tenant_url: String,
    /// The mapping that says what is checked; `None` lets the endpoint's discovery choose a template.
    pub rules: Option<Arc<CompiledSchema>>,
    /// Values that the endpoint has rules for.
    pub values: Values,
    /// Checks to try, ids or what they lie under; empty means all.
    pub only: Vec<String>,
    /// Checks to leave out.
    pub skip: Vec<String>,
    /// Whether nothing may be written.
    pub read_only: bool,
    /// Whether what was made stays.
    pub keep: bool,
    /// Whether groups must be there, as Microsoft's gallery asks.
    pub gallery: bool,
    /// Users and groups that may be made in all.
    pub max_objects: usize,
    /// How long the rate is held.
    pub load_seconds: u32,
    /// Checks under way at once, at least 1; with 1 the order of requests is fixed.
    pub concurrency: usize,
    /// Secrets that are masked wherever they stand.
    pub secrets: KnownSecrets,
    /// Seeds the prefix and everything else that is random.
    pub seed: u64,
}

impl CheckOptions {
    /// Everything is tried, with the mapping that fits.
    pub fn new(client: ClientOptions) -> Self {
        Self {
            tenant_url: client.tenant_url.to_string(),
            client,
            rules: None,
            values: Values::default(),
            only: Vec::new(),
            skip: Vec::new(),
            read_only: false,
            keep: false,
            gallery: false,
            max_objects: 250,
            load_seconds: 10,
            concurrency: 8,
            secrets: KnownSecrets::default(),
            seed: 0,
        }
    }
}
