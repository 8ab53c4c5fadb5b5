//! Signs and colours. Every sign can be told apart without its colour.

use std::fmt;

use anstyle::{AnsiColor, Style};

use crate::plan::ActionKind;

const HEADING: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const BAD: Style = AnsiColor::Red.on_default().bold();
const DOUBTFUL: Style = AnsiColor::Yellow.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default().bold();

/// A heading.
pub fn heading(text: impl fmt::Display) -> String {
    format!("{HEADING}{text}{HEADING:#}")
}

/// A text that matters less.
pub fn dim(text: impl fmt::Display) -> String {
    format!("{DIM}{text}{DIM:#}")
}

/// A text about something that is wrong.
pub fn bad(text: impl fmt::Display) -> String {
    format!("{BAD}{text}{BAD:#}")
}

/// A text about something that is worth a look.
pub fn doubtful(text: impl fmt::Display) -> String {
    format!("{DOUBTFUL}{text}{DOUBTFUL:#}")
}

/// A text about something that is as it should be.
pub fn good(text: impl fmt::Display) -> String {
    format!("{GOOD}{text}{GOOD:#}")
}

/// The sign of an action.
pub const fn symbol(action: ActionKind) -> &'static str {
    match action {
        ActionKind::Create => "+",
        ActionKind::Update => "~",
        ActionKind::Disable => "-",
        ActionKind::Delete => "x",
        ActionKind::StagedDelete => "!",
        ActionKind::None => "=",
        ActionKind::Skip => ".",
        ActionKind::Fail => "E",
    }
}

/// The colour of an action.
pub const fn style(action: ActionKind) -> Style {
    match action {
        ActionKind::Create => AnsiColor::Green.on_default(),
        ActionKind::Update => AnsiColor::Yellow.on_default(),
        ActionKind::Disable | ActionKind::Delete => AnsiColor::Red.on_default(),
        ActionKind::StagedDelete => AnsiColor::Magenta.on_default(),
        ActionKind::None | ActionKind::Skip => Style::new().dimmed(),
        ActionKind::Fail => AnsiColor::Red.on_default().bold(),
    }
}

/// The sign of an action in its colour.
pub fn sign(action: ActionKind) -> String {
    let style = style(action);
    format!("{style}{}{style:#}", symbol(action))
}
