//! The integration tests: one binary, one module for each boundary.

#[cfg(unix)]
mod interop;
mod readme;
mod support;
mod tidy;
