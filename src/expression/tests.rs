//! Tables over parsing, compiling and evaluating.

use super::*;

mod evaluating;
mod functions;
mod parsing;
