//! Filters (RFC 7644 section 3.4.2.2): read, print, evaluate.

mod ast;
mod check;
mod eval;
mod parser;
mod pinned;
#[cfg(test)]
mod tests;

pub use ast::{Comparison, Filter, Literal};
pub use check::FilterError;
pub(super) use eval::each;
pub(super) use parser::parse_path;
