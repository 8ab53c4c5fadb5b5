//! What a notification says: what happened, what it means, what to do.

use super::{Happened, Notice};
use crate::base::{Timestamp, visible};

/// Beyond it, what a target said is cut off.
const LONGEST: usize = 1_000;

/// Reason of deletions that are held back.
const TOO_MANY_DELETES: &str = "TooManyDeletes";
/// Reason of a target that can't be used at all.
const EXCEPTION: &str = "EncounteredQuarantineException";

const PLACE: &str = "Commands are run in the folder of scimulate.toml.";

/// A notification in words.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Words {
    /// The subject, and the heading.
    pub(super) title: String,
    /// What happened: a sentence of ours, and what brought it about.
    pub(super) happened: String,
    pub(super) cause: String,
    /// What it means.
    pub(super) meaning: String,
    /// What to do, in this order.
    pub(super) steps: Vec<Step>,
    /// Where commands are run, if that matters.
    pub(super) place: Option<&'static str>,
    /// Facts, by name.
    pub(super) facts: Vec<(&'static str, String)>,
}

/// One thing to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) text: String,
    pub(super) command: Option<String>,
}

impl Words {
    pub(super) fn of(notice: &Notice) -> Self {
        let target = notice.target.as_deref().map_or("the built-in endpoint".to_owned(), line);
        Self {
            title: title(notice),
            happened: happened(notice, &target),
            cause: cut(&visible(&notice.message)),
            meaning: meaning(notice, &target),
            steps: steps(notice),
            place: (!notice.in_any_folder).then_some(PLACE),
            facts: facts(notice, target),
        }
    }
}

fn title(notice: &Notice) -> String {
    let job = line(&notice.job);
    let what = match (notice.happened, notice.reason.as_str()) {
        (Happened::Disabled, _) => "is disabled",
        (_, TOO_MANY_DELETES) => "holds deletions back",
        (Happened::Quarantined { again: true, .. }, _) => "stays in quarantine, for another reason",
        (Happened::Quarantined { again: false, .. }, _) => "is in quarantine",
        (Happened::Paused, _) => "is paused",
        (Happened::Unknown, _) => "needs attention",
    };
    let simulated = if notice.is_simulated { " (simulated)" } else { "" };
    format!("Provisioning job {job} {what}{simulated}")
}

fn happened(notice: &Notice, target: &str) -> String {
    match (notice.happened, notice.reason.as_str()) {
        (Happened::Disabled, _) => "The job was given up:".to_owned(),
        (_, TOO_MANY_DELETES) => {
            "A cycle found more to disable or delete than accidental deletion prevention allows:".to_owned()
        }
        (_, EXCEPTION) => format!("No cycle can run, because {target} can't be used:"),
        _ => format!("Too many objects failed at {target}:"),
    }
}

fn meaning(notice: &Notice, target: &str) -> String {
    let held = "None of these accounts and groups was disabled or deleted. Everything else was sent as usual.";
    match (notice.happened, notice.reason.as_str()) {
        (Happened::Disabled, _) => {
            format!(
                "No further cycle runs, so nothing is created, changed or disabled at {target} until somebody starts the job again."
            )
        }
        (Happened::Paused, TOO_MANY_DELETES) => {
            format!("{held} The job is paused as well, because too many objects failed in its initial cycle.")
        }
        (Happened::Paused, _) => {
            "Somebody has paused the job meanwhile: no further cycle runs until it is started again.".to_owned()
        }
        (Happened::Unknown, TOO_MANY_DELETES) => format!("{held} How the job stands now can't be read from its state."),
        (Happened::Unknown, _) => "How the job stands now can't be read from its state.".to_owned(),
        (Happened::Quarantined { next_attempt, disabled_at, .. }, reason) => {
            let so_far = match reason {
                TOO_MANY_DELETES => held.to_owned(),
                EXCEPTION => format!("Nothing is created, changed or disabled at {target} until a cycle gets through."),
                _ => "What went well stays as it is. Objects that failed are tried again.".to_owned(),
            };
            format!(
                "{so_far} Attempts come further and further apart: the next one is due at {}. If none has got \
                 through by {}, the job is disabled.",
                when(next_attempt),
                when(disabled_at)
            )
        }
    }
}

fn steps(notice: &Notice) -> Vec<Step> {
    let command = |text: &str, command: &str| Step {
        text: text.to_owned(),
        command: Some(format!("{} {command}", notice.program)),
    };
    let plain = |text: &str| Step { text: text.to_owned(), command: None };
    let start = match notice.happened {
        Happened::Quarantined { .. } => "Lift the quarantine, or let the next attempt do it:",
        Happened::Paused | Happened::Disabled | Happened::Unknown => "Start the job again:",
    };
    let mut steps = match notice.reason.as_str() {
        TOO_MANY_DELETES => vec![
            command("See who is held back, and why they would go:", "plan"),
            command("If they are to go, let exactly these through, in the next cycle:", "allow-deletes"),
            command("If not, mend the export or the scope, and start over:", "restart"),
        ],
        EXCEPTION => vec![
            command("Find the cause; this says what is wrong and what to change:", "test-connection"),
            plain("Mend it."),
            command(start, "start"),
        ],
        _ => vec![
            command("See what failed, and why:", "logs --cycle last --status failure"),
            command("Check that the target answers as it should:", "test-connection"),
            plain("Mend the cause."),
            command(start, "start"),
        ],
    };
    if notice.happened == Happened::Unknown {
        steps.insert(0, command("See how the job stands:", "status"));
    }
    if notice.happened == Happened::Paused && notice.reason == TOO_MANY_DELETES {
        steps.push(command(start, "start"));
    }
    steps
}

fn facts(notice: &Notice, target: String) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("Job", line(&notice.job)),
        ("Job id", line(notice.job_id.as_str())),
        ("Target", target),
        ("When", when(notice.at)),
        ("Reason", line(&notice.reason)),
    ];
    facts.extend(notice.cycle.as_ref().map(|cycle| ("Activity id", line(cycle.as_str()))));
    if let Happened::Quarantined { next_attempt, .. } = notice.happened {
        facts.push(("Next attempt", when(next_attempt)));
    }
    if notice.is_simulated {
        facts.push(("Time", "simulated: nothing of this has happened to anybody".to_owned()));
    }
    facts
}

/// An instant for people, to the minute.
fn when(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// A text of others on one line, with nothing in it that does something.
pub(super) fn line(text: &str) -> String {
    let words: Vec<_> = visible(text).split_whitespace().map(str::to_owned).collect();
    words.join(" ")
}

fn cut(text: &str) -> String {
    let text = line(text);
    match text.char_indices().nth(LONGEST) {
        None => text,
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}
