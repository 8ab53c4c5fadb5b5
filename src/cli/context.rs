//! What every command is given: the global flags and the printer.

use std::sync::Arc;

use anyhow::Context as _;

use super::args::Global;
use super::error::Error;
use super::printer::Printer;
use crate::base::Secret;
use crate::config::{self, Overrides, ProcessEnvironment, Settings, TokenSource};

/// Goes into every command.
pub(crate) struct Context {
    /// The global flags.
    pub(crate) global: Global,
    /// Where everything is printed.
    pub(crate) printer: Arc<Printer>,
}

impl Context {
    /// Starts with the global flags.
    pub(crate) fn new(global: Global) -> Self {
        let printer = Arc::new(Printer::new(&global));
        Self { global, printer }
    }

    /// Reads the config file that `--config` names, or the nearest one; its warnings are printed.
    pub(crate) fn settings(&self) -> Result<Settings, Error> {
        let path = if let Some(path) = &self.global.config {
            path.clone()
        } else {
            let here = std::env::current_dir().context("the current folder can't be told")?;
            let found = config::discover(&here)?;
            found.strip_prefix(&here).map_or_else(|_| found.clone(), ToOwned::to_owned)
        };
        let overrides = Overrides { job: self.global.job.clone(), state_dir: self.global.state.clone() };
        let settings = config::load(&path, &overrides)?;
        settings.warnings.iter().for_each(|warning| self.printer.diagnostic(warning));
        Ok(settings)
    }

    /// Reads the secret token, if there is a place for it; warnings are printed.
    pub(crate) fn token(&self, source: &TokenSource) -> Result<Option<Secret>, Error> {
        let token = config::token(source, &ProcessEnvironment)?;
        token.warnings.iter().for_each(|warning| self.printer.diagnostic(warning));
        Ok(token.secret)
    }

    /// Reads the client secret, if there is a place for it; warnings are printed.
    pub(crate) fn client_secret(&self, source: &TokenSource) -> Result<Option<Secret>, Error> {
        let secret = config::client_secret(source, &ProcessEnvironment)?;
        secret.warnings.iter().for_each(|warning| self.printer.diagnostic(warning));
        Ok(secret.secret)
    }
}
