//! `scimulate serve`.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::context::Context;
use super::error::Error;
use super::exit::Exit;

/// Serves the embedded SCIM endpoint
///
/// Prints the tenant URL and the token in one line when it is ready, with `--output json` as
/// {"tenantUrl":"…","token":"…"}. Ctrl-C and SIGTERM end it with exit code 0.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Address and port; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    /// Environment variable that holds the token [default: a random token, printed]
    #[arg(long, value_name = "NAME")]
    pub(crate) token_env: Option<String>,
    /// Which endpoint it behaves like
    #[arg(long, value_enum, default_value_t = Profile::Wedo)]
    pub(crate) profile: Profile,
    /// Keep accounts in this file [default: in memory]
    #[arg(long, value_name = "FILE")]
    pub(crate) data: Option<PathBuf>,
    /// Accounts to begin with: a JSON array of SCIM users
    #[arg(long, value_name = "FILE")]
    pub(crate) load: Option<PathBuf>,
}

/// Which endpoint the server behaves like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Profile {
    /// WEDO: users only, userName alone is filterable
    Wedo,
}

/// Runs the command.
pub(crate) fn run(_args: Args, _context: &Context) -> Result<Exit, Error> {
    Err(anyhow::anyhow!("`serve` is still missing").into())
}
