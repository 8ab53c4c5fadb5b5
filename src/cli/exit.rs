//! The exit codes, which scripts rely on.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: done; for `plan --detailed-exitcode`: nothing to do.
    Done,
    /// 1: unexpected failure.
    Unexpected,
    /// 2: usage, configuration or export is wrong.
    Usage,
    /// 3: `plan --detailed-exitcode`: there are changes.
    Changes,
    /// 4: finished, but some objects failed, or `discover --fail-on` found some.
    ObjectsFailed,
    /// 5: job quarantined, disabled or paused, or changes were held back.
    JobHeld,
    /// 6: target unreachable or credentials refused.
    Unreachable,
    /// 7: `check`: a mandatory check failed.
    CheckFailed,
    /// 8: another run holds the job's lock.
    Locked,
    /// 130: Ctrl-C.
    Interrupted,
    /// 143: SIGTERM.
    Terminated,
}

impl Exit {
    /// The number.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Unexpected => 1,
            Self::Usage => 2,
            Self::Changes => 3,
            Self::ObjectsFailed => 4,
            Self::JobHeld => 5,
            Self::Unreachable => 6,
            Self::CheckFailed => 7,
            Self::Locked => 8,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_a_contract() {
        for (exit, code) in [
            (Exit::Done, 0),
            (Exit::Unexpected, 1),
            (Exit::Usage, 2),
            (Exit::Changes, 3),
            (Exit::ObjectsFailed, 4),
            (Exit::JobHeld, 5),
            (Exit::Unreachable, 6),
            (Exit::CheckFailed, 7),
            (Exit::Locked, 8),
            (Exit::Interrupted, 130),
            (Exit::Terminated, 143),
        ] {
            assert_eq!(exit.code(), code, "{exit:?}");
        }
    }
}
