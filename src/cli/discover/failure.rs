//! From a discovery that failed to what is said of it and the exit code.

use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::run::{ended, remedy};
use crate::cli::runtime::Interrupt;
use crate::client::Failure;
use crate::engine::{Asked, DiscoverError};

/// What is said of a discovery that failed, and the exit code.
pub(super) fn told(error: DiscoverError, interrupt: &Interrupt) -> Error {
    match error {
        DiscoverError::Engine(error) => ended(error, interrupt),
        DiscoverError::List(problem) => {
            let hint = problem.hint();
            Error::new(Exit::Unexpected, problem).with_hint(hint)
        }
        DiscoverError::Failed { kind, what, failure } => {
            let exit = match what {
                Asked::First if is_unreachable(&failure) => Exit::Unreachable,
                _ => Exit::Unexpected,
            };
            let hint = hint(&failure);
            Error::new(exit, DiscoverError::Failed { kind, what, failure }).with_hint(hint)
        }
    }
}

/// Whether nobody answered, nobody is there, or the credentials were refused.
fn is_unreachable(failure: &Failure) -> bool {
    match failure {
        Failure::Transport { .. } | Failure::Token(_) | Failure::Ended => true,
        Failure::Status(answer) => matches!(answer.status, 401 | 403 | 404 | 407 | 410),
        Failure::Unexpected { .. } | Failure::Payload { .. } => false,
    }
}

/// What to do about it. What a target says to a list isn't what it says to a look-up.
fn hint(failure: &Failure) -> String {
    match failure.status() {
        Some(400 | 405 | 413 | 501) => {
            "have the endpoint list its users and groups by `startIndex` and `count`, without \
                                        a filter (RFC 7644 section 3.4.2); a smaller --page-size may help"
                .to_owned()
        }
        Some(404 | 410) => "a list without anybody is answered with 200 and `totalResults` 0: check the tenant URL, \
                            which ends before `/Users`"
            .to_owned(),
        Some(429 | 500..=599) => {
            "try again later; `retries` under [provisioning] has what may pass tried again at once".to_owned()
        }
        _ => remedy(failure),
    }
}
