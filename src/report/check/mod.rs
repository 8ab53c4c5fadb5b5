//! What came of checks, in every form: text for people, JSON, `JUnit`, TAP, Markdown and one page of HTML. Beside them the
//! baseline of known failures, and the pages about the checks themselves.
//!
//! Everything is made from a [`CheckReport`](crate::check::CheckReport), in which secrets and personal data are masked.
//! What an endpoint said is taken for nothing but text: each form escapes it as its readers need it.

mod baseline;
mod causes;
mod explain;
mod html;
mod json;
mod junit;
mod markdown;
mod microsoft;
mod plain;
mod tap;
mod text;
mod words;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;

pub use baseline::Baseline;
pub use explain::{UnknownCheck, check_list, check_list_json, explain_check, explain_check_json};
pub use html::check_html;
pub use json::{check_event_json, check_json};
pub use junit::check_junit;
pub use markdown::check_markdown;
pub use tap::check_tap;
pub use text::{CheckText, check_text};
