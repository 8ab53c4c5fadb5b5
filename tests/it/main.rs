//! The integration tests: one binary, one module for each boundary.

#[cfg(unix)]
mod cli;
#[cfg(unix)]
mod interop;
mod support;
mod tidy;
