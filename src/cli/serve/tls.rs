//! TLS of `serve`: a certificate from files, or one that is made for the occasion.

use std::net::IpAddr;
use std::path::PathBuf;

use anyhow::Context as _;

use crate::base::{Diagnostic, Timestamp};
use crate::cli::context::Context;
use crate::cli::error::Error;
use crate::target::{Scheme, SelfSigned, Tls, TlsError};

/// Flags that say how TLS is spoken.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "TLS")]
pub(crate) struct TlsArgs {
    /// PEM file with the certificate and its chain, the server's own first
    #[arg(long = "tls-cert", value_name = "FILE", requires = "key", conflicts_with = "self_signed")]
    pub(crate) cert: Option<PathBuf>,
    /// PEM file with the certificate's private key
    #[arg(long = "tls-key", value_name = "FILE", requires = "cert")]
    pub(crate) key: Option<PathBuf>,
    /// Make a certificate for localhost and the address that is listened on, for this run
    #[arg(long = "tls-self-signed")]
    pub(crate) self_signed: bool,
    /// Another host name or address for the made certificate, repeatable
    #[arg(long = "tls-name", value_name = "NAME", requires = "self_signed")]
    pub(crate) name: Vec<String>,
    /// Write the authority of the made certificate to this PEM file, for `ca_file` of a client
    #[arg(long = "tls-ca-out", value_name = "FILE", requires = "self_signed")]
    pub(crate) ca_out: Option<PathBuf>,
}

impl TlsArgs {
    /// What the endpoint's URLs begin with.
    pub(crate) const fn scheme(&self) -> Scheme {
        if self.self_signed || self.cert.is_some() { Scheme::Https } else { Scheme::Http }
    }

    /// The certificate, if TLS is wanted; warnings are printed.
    pub(crate) fn read(&self, address: IpAddr, now: Timestamp, context: &Context) -> Result<Option<Tls>, Error> {
        let wrong = |error: TlsError| Error::from(Diagnostic::error(error.to_string()));
        match (&self.cert, &self.key) {
            (Some(certificate), Some(key)) => {
                let tls = Tls::from_files(certificate, key, now).map_err(wrong)?;
                for warning in tls.warnings() {
                    context.printer.diagnostic(&Diagnostic::warning(warning.clone()));
                }
                Ok(Some(tls))
            }
            _ if self.self_signed => {
                let mut names: Vec<_> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
                names.extend(std::iter::once(address.to_string()).chain(self.name.iter().cloned()));
                names.sort();
                names.dedup();
                let made = SelfSigned::new(&names, now).map_err(wrong)?;
                if let Some(path) = &self.ca_out {
                    let write = std::fs::write(path, &made.authority);
                    write.with_context(|| format!("{} can't be written", path.display()))?;
                }
                Ok(Some(made.tls))
            }
            _ => Ok(None),
        }
    }
}
