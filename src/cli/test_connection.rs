//! `scimulate test-connection`.

use std::path::PathBuf;

use super::context::Context;
use super::error::Error;
use super::exit::Exit;

/// Does what the portal's Test Connection button does, and explains a failure
///
/// Sends one query for a user that cannot exist. Good is exactly: HTTP 200, a `ListResponse`,
/// `totalResults` 0. Everything else gets its own diagnosis and what to do about it; exit code 6.
/// With `--tenant-url` no config file is needed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Tenant URL, instead of the config file's
    #[arg(long, value_name = "URL")]
    pub(crate) tenant_url: Option<String>,
    /// Environment variable that holds the secret token
    #[arg(long, value_name = "NAME", conflicts_with = "secret_token_file")]
    pub(crate) secret_token_env: Option<String>,
    /// File that holds the secret token
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_token_file: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(_args: Args, _context: &Context) -> Result<Exit, Error> {
    Err(anyhow::anyhow!("`test-connection` is still missing").into())
}
