//! What all pages of HTML share: the frame with its policy, the style sheet, bars, requests and
//! their answers, the list of objects.
//!
//! A page is one file with nothing outside of it: no request leaves it, and its policy forbids any. It is whole without
//! its script, light or dark as the reader's system, printable, and as narrow as a phone. What others said stands in it
//! escaped, with what can't be seen replaced.

mod bar;
mod changes;
mod exchange;
mod frame;
mod objects;
mod pack;
mod rules;

pub(super) use bar::{Bar, Key};
pub(super) use changes::ChangeView;
pub(super) use exchange::ExchangeView;
pub(super) use frame::{ACTIONS, Frame, OBJECTS, Parts};
pub(super) use objects::{Facet, Listed, ObjectList, ObjectsView, PRINTED, Row};
pub(super) use rules::{LONGEST, NAMED, RuleView, has_pattern};
