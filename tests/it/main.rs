//! The integration tests: one binary, one module for each boundary.

#[cfg(unix)]
mod browser;
#[cfg(unix)]
mod cli;
#[cfg(unix)]
mod interop;
mod readme;
mod scenarios;
mod schemas;
mod seeds;
mod support;
mod tidy;
mod wire;
