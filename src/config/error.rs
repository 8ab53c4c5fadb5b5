//! Why there are no settings or no token.

use std::io;
use std::path::PathBuf;

use super::{FILE_NAME, SecretKind};
use crate::base::Diagnostic;

/// Says why the config or the token can't be had; every case is exit code 2.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// No config file in the folder or above it.
    #[error("no {FILE_NAME} in {} or above", .0.display())]
    NotFound(PathBuf),
    /// The config file can't be read.
    #[error("the config file can't be read")]
    Unreadable(PathBuf, #[source] io::Error),
    /// The config file is read, but wrong; at least one problem.
    #[error("{}", summary(.0))]
    Invalid(Vec<Diagnostic>),
    /// What should name the secret's environment variable can't; it may be the secret itself.
    #[error("what was given isn't the name of an environment variable")]
    TokenName(SecretKind),
    /// The environment variable of the secret isn't set.
    #[error("the environment variable {1}, which should hold the {0}, isn't set")]
    TokenUnset(SecretKind, String),
    /// The environment variable or file of the secret has nothing in it.
    #[error("the {0} in {1} is empty")]
    TokenEmpty(SecretKind, String),
    /// The file of the secret can't be read.
    #[error("the file of the {0} can't be read")]
    TokenUnreadable(SecretKind, PathBuf, #[source] io::Error),
}

fn summary(problems: &[Diagnostic]) -> String {
    match problems {
        [] => "the config is wrong".to_owned(),
        [only] => only.to_string(),
        [first, rest @ ..] => format!("{first} (and {} more)", rest.len()),
    }
}

impl ConfigError {
    /// What to print: every problem with its place and remedy.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let (file, cause, hint) = match self {
            Self::Invalid(problems) => return problems.clone(),
            Self::NotFound(_) => (None, None, "`scimulate init` writes one; `--config FILE` names another".to_owned()),
            Self::Unreadable(path, cause) | Self::TokenUnreadable(_, path, cause) => {
                (Some(path), Some(cause), readable_hint(cause))
            }
            Self::TokenUnset(kind, name) => {
                let or_file = kind.file_key().map(|key| format!(", or name a file with `{key}`")).unwrap_or_default();
                (None, None, format!("set it in the shell, `export {name}=…`{or_file}"))
            }
            Self::TokenName(kind) => {
                let (short, example) = kind.example();
                (
                    None,
                    None,
                    format!("it names the variable that holds the {short}, such as {example}, not the {short}"),
                )
            }
            Self::TokenEmpty(kind, _) => (None, None, format!("put the {kind} there, and nothing else")),
        };
        let message = cause.map_or_else(|| self.to_string(), |cause| format!("{self}: {cause}"));
        let mut diagnostic = Diagnostic::error(message).with_hint(hint);
        diagnostic.file = file.map(|path| path.display().to_string());
        vec![diagnostic]
    }
}

fn readable_hint(cause: &io::Error) -> String {
    match cause.kind() {
        io::ErrorKind::NotFound => "check the path; relative ones in a config file start at its folder".to_owned(),
        io::ErrorKind::IsADirectory => "this is a folder; name the file in it".to_owned(),
        io::ErrorKind::PermissionDenied => "give the user who runs this the right to read it".to_owned(),
        io::ErrorKind::InvalidData => "save it as UTF-8 text".to_owned(),
        _ => "check the path and its permissions".to_owned(),
    }
}
