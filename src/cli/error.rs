//! From whatever went wrong to what is printed and the exit code.

use super::exit::Exit;
use super::printer::OutputError;
use crate::base::Diagnostic;
use crate::client::{ClientError, TokenError};
use crate::config::ConfigError;
use crate::engine::EngineError;
use crate::source::SourceError;
use crate::store::StoreError;
use crate::target::StorageError;

/// Why a command didn't finish: the cause, and the exit code where the cause alone doesn't tell.
#[derive(Debug)]
pub(crate) struct Error {
    cause: anyhow::Error,
    exit: Option<Exit>,
    hint: Option<String>,
}

/// Several findings that stop a command; exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{} problems in the files", .0.len())]
pub(crate) struct Problems(pub(crate) Vec<Diagnostic>);

impl<E: Into<anyhow::Error>> From<E> for Error {
    fn from(cause: E) -> Self {
        Self { cause: cause.into(), exit: None, hint: None }
    }
}

impl Error {
    /// An error with its exit code.
    pub(crate) fn new(exit: Exit, cause: impl Into<anyhow::Error>) -> Self {
        Self { cause: cause.into(), exit: Some(exit), hint: None }
    }

    /// The cause of this kind, if there is one.
    pub(crate) fn find<E: std::error::Error + Send + Sync + 'static>(&self) -> Option<&E> {
        self.cause.chain().find_map(|cause| cause.downcast_ref())
    }

    /// Whether the cause is that there is no config file.
    pub(crate) fn is_no_config(&self) -> bool {
        self.find::<ConfigError>().is_some_and(|error| matches!(error, ConfigError::NotFound { .. }))
    }

    /// Says what to do about it.
    #[must_use]
    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The exit code: the given one, or what the innermost known cause stands for.
    pub(crate) fn exit(&self) -> Exit {
        self.exit.unwrap_or_else(|| self.cause.chain().find_map(classify).unwrap_or(Exit::Unexpected))
    }

    /// What to print; nothing when the reader of stdout has gone.
    pub(crate) fn diagnostics(&self) -> Vec<Diagnostic> {
        let mut diagnostics = self.cause.chain().find_map(findings).unwrap_or_else(|| {
            let mut message = self.cause.to_string();
            for cause in self.cause.chain().skip(1).map(ToString::to_string) {
                // Some libraries repeat their cause in their own text.
                if !message.contains(&cause) {
                    message.extend([": ", &cause]);
                }
            }
            vec![Diagnostic::error(message)]
        });
        if let (Some(hint), Some(last)) = (&self.hint, diagnostics.last_mut()) {
            last.hint = Some(hint.clone());
        }
        diagnostics
    }
}

fn classify(cause: &(dyn std::error::Error + 'static)) -> Option<Exit> {
    if let Some(output) = cause.downcast_ref::<OutputError>() {
        return output.is_broken_pipe().then_some(Exit::Done);
    }
    if let Some(store) = cause.downcast_ref::<StoreError>() {
        return match store {
            StoreError::Held { .. } => Some(Exit::Locked),
            store => store.is_usage().then_some(Exit::Usage),
        };
    }
    match cause.downcast_ref::<EngineError>() {
        Some(EngineError::Source(_) | EngineError::Settings(_) | EngineError::Incomplete(_) | EngineError::Name(_)) => {
            return Some(Exit::Usage);
        }
        Some(EngineError::Store(store)) => return classify(store),
        Some(EngineError::Quarantine { .. }) => return Some(Exit::Unreachable),
        Some(EngineError::Interrupted | EngineError::Worker(_)) | None => {}
    }
    let usage = cause.is::<ConfigError>()
        || cause.is::<Diagnostic>()
        || cause.is::<Box<Diagnostic>>()
        || cause.is::<Problems>()
        || cause.is::<SourceError>()
        || cause.is::<ClientError>()
        || cause.is::<TokenError>()
        || cause.is::<StorageError>();
    usage.then_some(Exit::Usage)
}

fn findings(cause: &(dyn std::error::Error + 'static)) -> Option<Vec<Diagnostic>> {
    if let Some(output) = cause.downcast_ref::<OutputError>() {
        return output.is_broken_pipe().then(Vec::new);
    }
    if let Some(config) = cause.downcast_ref::<ConfigError>() {
        return Some(config.diagnostics());
    }
    if let Some(Problems(diagnostics)) = cause.downcast_ref() {
        return Some(diagnostics.clone());
    }
    if let Some(source) = cause.downcast_ref::<SourceError>() {
        return Some(vec![source.diagnostic().clone()]);
    }
    match cause.downcast_ref::<EngineError>() {
        Some(EngineError::Source(source)) => return Some(vec![source.diagnostic().clone()]),
        Some(
            EngineError::Settings(diagnostic) | EngineError::Incomplete(diagnostic) | EngineError::Name(diagnostic),
        ) => {
            return Some(vec![(**diagnostic).clone()]);
        }
        _ => {}
    }
    let boxed = || cause.downcast_ref::<Box<Diagnostic>>().map(AsRef::as_ref);
    cause.downcast_ref::<Diagnostic>().or_else(boxed).map(|diagnostic| vec![diagnostic.clone()])
}

#[cfg(test)]
mod tests {
    use std::io;

    use anyhow::Context as _;

    use super::*;
    use crate::config::SecretKind;

    fn check(error: &Error, exit: Exit, messages: &[&str]) {
        let printed: Vec<_> = error.diagnostics().iter().map(ToString::to_string).collect();
        assert_eq!((error.exit(), printed), (exit, messages.iter().map(|&text| text.to_owned()).collect()));
    }

    fn output(kind: io::ErrorKind) -> OutputError {
        OutputError::from(io::Error::from(kind))
    }

    #[test]
    fn causes_have_their_exit_codes() {
        check(&anyhow::anyhow!("odd").into(), Exit::Unexpected, &["odd"]);
        check(&Diagnostic::error("bad").in_file("a.csv").into(), Exit::Usage, &["a.csv: bad"]);
        check(&Box::new(Diagnostic::error("bad")).into(), Exit::Usage, &["bad"]);
        let problems = Problems(vec![Diagnostic::error("one"), Diagnostic::error("two")]);
        check(&problems.into(), Exit::Usage, &["one", "two"]);
        check(&Error::new(Exit::Locked, anyhow::anyhow!("held")), Exit::Locked, &["held"]);
        let unset = ConfigError::TokenUnset(SecretKind::SecretToken, "TOKEN".to_owned());
        check(
            &anyhow::Error::from(unset).context("while connecting").into(),
            Exit::Usage,
            &["the environment variable TOKEN, which should hold the secret token, isn't set"],
        );
    }

    #[test]
    fn a_broken_pipe_is_success_and_a_full_disk_is_not() {
        check(&output(io::ErrorKind::BrokenPipe).into(), Exit::Done, &[]);
        check(
            &output(io::ErrorKind::StorageFull).into(),
            Exit::Unexpected,
            &["the output can't be written: no storage space"],
        );
    }

    #[test]
    fn causes_are_told_once() {
        let cause: io::Result<()> = Err(io::Error::other("disk on fire"));
        let error = cause.context("saving failed").unwrap_err();
        check(&error.into(), Exit::Unexpected, &["saving failed: disk on fire"]);
    }

    #[test]
    fn a_hint_is_kept() {
        let error = Error::from(anyhow::anyhow!("odd")).with_hint("even it out");
        assert_eq!(error.diagnostics()[0].hint.as_deref(), Some("even it out"));
    }
}
