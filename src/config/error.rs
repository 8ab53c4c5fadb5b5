//! Why there are no settings or no token.

use std::io;
use std::path::PathBuf;

use super::FILE_NAME;
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
    /// What should name the token's environment variable can't; it may be the token itself.
    #[error("what was given isn't the name of an environment variable")]
    TokenName,
    /// The environment variable of the token isn't set.
    #[error("the environment variable {0}, which should hold the secret token, isn't set")]
    TokenUnset(String),
    /// The environment variable or file of the token has nothing in it.
    #[error("the secret token in {0} is empty")]
    TokenEmpty(String),
    /// The file of the token can't be read.
    #[error("the file of the secret token can't be read")]
    TokenUnreadable(PathBuf, #[source] io::Error),
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
            Self::Unreadable(path, cause) | Self::TokenUnreadable(path, cause) => {
                (Some(path), Some(cause), readable_hint(cause))
            }
            Self::TokenUnset(name) => {
                (None, None, format!("set it in the shell, `export {name}=…`, or name a file with `secret_token_file`"))
            }
            Self::TokenName => (
                None,
                None,
                "it names the variable that holds the token, such as WEDO_SECRET_TOKEN, not the token".to_owned(),
            ),
            Self::TokenEmpty(_) => (None, None, "put the secret token there, and nothing else".to_owned()),
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
