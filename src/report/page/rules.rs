//! What `rules.html` is given: rules, each with those whom it decided.

use serde::Serialize;

use crate::base::grouped;
use crate::plan::ActionKind;
use crate::report::prose::{one_line, sentence};

/// Length of the longest bar, in the units of its drawing.
pub(in crate::report) const LONGEST: f64 = 1000.0;
/// So many of those whom one rule decided are named beside it.
pub(in crate::report) const NAMED: usize = 20;

/// A rule with those whom it decided.
#[derive(Serialize)]
pub(in crate::report) struct RuleView {
    rule: String,
    code: String,
    count: String,
    width: f64,
    /// Those who are named, each with the number of its row where it has one.
    names: Vec<(String, Option<usize>)>,
    /// How many more there are; empty for none.
    more: String,
    /// The filter that shows them all; empty where the list doesn't have them.
    filter: String,
}

impl RuleView {
    /// A rule that decided `count`, where the one with the most decided `most`; of `names` the first are shown.
    #[expect(clippy::cast_precision_loss, reason = "it is drawn, not counted")]
    pub(in crate::report) fn new<'n>(
        (rule, code): (&str, &str),
        (count, most): (usize, usize),
        names: impl Iterator<Item = (&'n str, Option<usize>)>,
    ) -> Self {
        Self {
            rule: sentence(&one_line(rule)),
            code: one_line(code),
            count: grouped(count as u64),
            width: count as f64 * LONGEST / most.max(1) as f64,
            names: names.take(NAMED).map(|(name, row)| (one_line(name), row)).collect(),
            more: match count.saturating_sub(NAMED) {
                0 => String::new(),
                more => grouped(more as u64),
            },
            filter: String::new(),
        }
    }

    /// Leads to all of them in the list of objects, if it has them.
    pub(in crate::report) fn shown_by(mut self, link: Option<String>) -> Self {
        self.filter = link.unwrap_or_default();
        self
    }
}

/// Whether a bar of this action has a pattern, so that it isn't told from its neighbours by its colour alone.
pub(in crate::report) const fn has_pattern(action: ActionKind) -> bool {
    matches!(action, ActionKind::Update | ActionKind::Disable | ActionKind::StagedDelete | ActionKind::Skip)
}
