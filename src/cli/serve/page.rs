//! The page at `/`: whether there is one, and what it says of the endpoint.

use std::net::SocketAddr;

use super::{Args, Profile};
use crate::target::{Endpoint, Page, PageOptions, random_token};

/// Whether there is a page.
#[derive(Debug, clap::Args)]
pub(crate) struct PageArgs {
    /// Serve no page at `/` to watch the endpoint
    #[arg(long)]
    pub(crate) no_page: bool,
}

/// The page over an endpoint that listens at an address; `None` where none is wanted.
pub(super) fn page(args: &Args, endpoint: &Endpoint, address: SocketAddr, tenant_url: &str) -> Option<Page> {
    let profile = match (&args.mapping, args.profile) {
        (Some(path), _) => format!("Attributes of {}, and groups", path.display()),
        (None, Profile::Wedo) => "Profile wedo: users only, filters on userName".to_owned(),
        (None, Profile::Scim) => "Profile scim: users and groups, filters on everything".to_owned(),
    };
    let data = match args.storage.data() {
        Some(path) => format!("kept in {}", path.display()),
        None => "kept in memory until it ends".to_owned(),
    };
    let options = PageOptions {
        tenant_url: tenant_url.to_owned(),
        profile,
        data,
        local: address.ip().is_loopback(),
        new_secret: random_token,
    };
    (!args.page.no_page).then(|| Page::new(endpoint, options))
}
