//! The secret token, the client secret and the password of the mail server, from where the config says that they are.

use std::fmt;
use std::fs;
use std::path::Path;

use super::{ConfigError, TokenSource};
use crate::base::{Diagnostic, Secret};

/// Longest token file that is read.
const LONGEST_FILE: u64 = 64 * 1024;
/// Longest name of a variable; what is longer is rather a token.
const LONGEST_VARIABLE: usize = 64;

/// What a secret is, for messages about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretKind {
    /// The token that is sent to the target.
    SecretToken,
    /// What access tokens are asked for with.
    ClientSecret,
    /// What one signs in at the mail server with.
    SmtpPassword,
}

impl SecretKind {
    /// The key that names its file, where it may be in one.
    pub(super) const fn file_key(self) -> Option<&'static str> {
        match self {
            Self::SecretToken => Some("secret_token_file"),
            Self::ClientSecret => Some("client_secret_file"),
            Self::SmtpPassword => None,
        }
    }

    /// A short word for it, and a variable that could hold it.
    pub(super) const fn example(self) -> (&'static str, &'static str) {
        match self {
            Self::SecretToken => ("token", "WEDO_SECRET_TOKEN"),
            Self::ClientSecret => ("secret", "WEDO_CLIENT_SECRET"),
            Self::SmtpPassword => ("password", "SMTP_PASSWORD"),
        }
    }
}

impl fmt::Display for SecretKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SecretToken => "secret token",
            Self::ClientSecret => "client secret",
            Self::SmtpPassword => "password of the mail server",
        })
    }
}

/// Answers with environment variables.
pub trait Environment {
    /// The value of a variable; `None` when it isn't set or isn't Unicode.
    fn variable(&self, name: &str) -> Option<String>;
}

/// The environment of this process.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProcessEnvironment;

impl Environment for ProcessEnvironment {
    #[expect(clippy::disallowed_methods, reason = "this is where the environment is read")]
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }
}

impl<F: Fn(&str) -> Option<String>> Environment for F {
    fn variable(&self, name: &str) -> Option<String> {
        self(name)
    }
}

/// A token that was read, with what is odd about where it is.
#[derive(Debug, Clone)]
pub struct Token {
    /// The token; `None` when the config names no place for it.
    pub secret: Option<Secret>,
    /// For instance a file that others may read.
    pub warnings: Vec<Diagnostic>,
}

/// Reads the secret token. Line ends at the end of a file are cut off; everything else is kept as
/// it is, so that blanks and a doubled `Bearer` can be diagnosed.
pub fn token(source: &TokenSource, environment: &dyn Environment) -> Result<Token, ConfigError> {
    secret(source, SecretKind::SecretToken, environment)
}

/// Reads the client secret, likewise.
pub fn client_secret(source: &TokenSource, environment: &dyn Environment) -> Result<Token, ConfigError> {
    secret(source, SecretKind::ClientSecret, environment)
}

/// Reads the password of the mail server, likewise.
pub fn smtp_password(source: &TokenSource, environment: &dyn Environment) -> Result<Token, ConfigError> {
    secret(source, SecretKind::SmtpPassword, environment)
}

fn secret(source: &TokenSource, kind: SecretKind, environment: &dyn Environment) -> Result<Token, ConfigError> {
    let mut warnings = Vec::new();
    let (text, place) = match source {
        TokenSource::None => return Ok(Token { secret: None, warnings }),
        TokenSource::Env(name) if !is_variable_name(name) => return Err(ConfigError::TokenName(kind)),
        TokenSource::Env(name) => {
            let text = environment.variable(name).ok_or_else(|| ConfigError::TokenUnset(kind, name.clone()))?;
            (text, format!("the environment variable {name}"))
        }
        TokenSource::File(path) => {
            let text = read(path, kind, &mut warnings)?;
            (text.trim_end_matches(['\r', '\n']).to_owned(), path.display().to_string())
        }
    };
    if text.trim().is_empty() {
        return Err(ConfigError::TokenEmpty(kind, place));
    }
    Ok(Token { secret: Some(Secret::new(text)), warnings })
}

/// Several tokens that are let in, with what is odd about where they are.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// The tokens in their order; at least one.
    pub secrets: Vec<Secret>,
    /// For instance a file that others may read.
    pub warnings: Vec<Diagnostic>,
}

/// Reads a file of tokens, one a line. Empty lines and those that begin with `#` are left out, and blanks around a
/// token.
pub fn tokens(path: &Path) -> Result<Tokens, ConfigError> {
    let mut warnings = Vec::new();
    let text = read(path, SecretKind::SecretToken, &mut warnings)?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let secrets: Vec<_> = lines.map(Secret::new).collect();
    if secrets.is_empty() {
        return Err(ConfigError::TokenEmpty(SecretKind::SecretToken, path.display().to_string()));
    }
    Ok(Tokens { secrets, warnings })
}

/// The text of a file that holds secrets, without the mark at its beginning.
fn read(path: &Path, kind: SecretKind, warnings: &mut Vec<Diagnostic>) -> Result<String, ConfigError> {
    let unreadable = |error| ConfigError::TokenUnreadable(kind, path.to_owned(), error);
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if metadata.len() > LONGEST_FILE {
        let message = format!("it is too long to be a {}", kind.example().0);
        return Err(unreadable(std::io::Error::new(std::io::ErrorKind::FileTooLarge, message)));
    }
    warnings.extend(open_to_others(path, &metadata, kind));
    let text = fs::read_to_string(path).map_err(unreadable)?;
    Ok(text.strip_prefix('\u{feff}').map_or_else(|| text.clone(), ToOwned::to_owned))
}

/// Whether a text can name an environment variable; most tokens can't.
pub(super) fn is_variable_name(text: &str) -> bool {
    (1..=LONGEST_VARIABLE).contains(&text.len())
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(unix)]
fn open_to_others(path: &Path, metadata: &fs::Metadata, kind: SecretKind) -> Option<Diagnostic> {
    use std::os::unix::fs::PermissionsExt as _;
    (metadata.permissions().mode() & 0o077 != 0).then(|| {
        Diagnostic::warning(format!("other users of this machine can read the {kind}"))
            .in_file(path.display().to_string())
            .with_hint(format!("chmod 600 {}", path.display()))
    })
}

#[cfg(not(unix))]
fn open_to_others(_: &Path, _: &fs::Metadata, _: SecretKind) -> Option<Diagnostic> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(name: &str) -> Option<String> {
        match name {
            "TOKEN" => Some("Bearer a b\n".to_owned()),
            "BLANK" => Some("  ".to_owned()),
            _ => None,
        }
    }

    #[test]
    fn a_client_secret_is_called_so() {
        let of = |source: &TokenSource| {
            let problem = client_secret(source, &environment).unwrap_err().diagnostics().remove(0);
            format!("{}\n{}", problem.message, problem.hint.unwrap())
        };
        assert_eq!(
            of(&TokenSource::Env("NOPE".to_owned())),
            "the environment variable NOPE, which should hold the client secret, isn't set\n\
             set it in the shell, `export NOPE=…`, or name a file with `client_secret_file`"
        );
        assert_eq!(
            of(&TokenSource::Env("BLANK".to_owned())),
            "the client secret in the environment variable BLANK is empty\nput the client secret there, and nothing else"
        );
        assert!(of(&TokenSource::Env("a.b".to_owned())).contains("such as WEDO_CLIENT_SECRET, not the secret"));
        assert!(of(&TokenSource::File("/nonexistent/secret".into())).contains("the file of the client secret can't"));
    }

    fn from_env(name: &str) -> Result<Token, ConfigError> {
        token(&TokenSource::Env(name.to_owned()), &environment)
    }

    #[test]
    fn a_variable_is_taken_as_it_is() {
        assert_eq!(from_env("TOKEN").unwrap().secret.unwrap().expose(), "Bearer a b\n");
        assert!(token(&TokenSource::None, &environment).unwrap().secret.is_none());
    }

    #[test]
    fn a_missing_or_empty_token_names_its_place_and_the_remedy() {
        let problem = from_env("NOPE").unwrap_err().diagnostics().remove(0);
        assert_eq!(problem.message, "the environment variable NOPE, which should hold the secret token, isn't set");
        assert!(problem.hint.unwrap().contains("export NOPE=…"));
        assert_eq!(
            from_env("BLANK").unwrap_err().to_string(),
            "the secret token in the environment variable BLANK is empty"
        );
        let token_for_name = from_env("eyJ0.s3cret").unwrap_err();
        assert!(
            matches!(token_for_name, ConfigError::TokenName(_)) && !format!("{token_for_name:?}").contains("s3cret")
        );
        let missing = TokenSource::File("/nonexistent/token".into());
        let problem = token(&missing, &environment).unwrap_err().diagnostics().remove(0);
        assert!(problem.to_string().starts_with("/nonexistent/token: the file of the secret token can't be read: "));
    }

    #[test]
    fn a_file_of_tokens_has_one_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens");
        fs::write(&path, "\u{feff}# old, until March\n one \r\n\ntwo\n").unwrap();
        let found: Vec<_> = tokens(&path).unwrap().secrets.iter().map(|secret| secret.expose().to_owned()).collect();
        assert_eq!(found, ["one", "two"]);
        fs::write(&path, "# none\n").unwrap();
        assert!(matches!(tokens(&path), Err(ConfigError::TokenEmpty(..))));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_is_trimmed_and_its_permissions_are_looked_at() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, "\u{feff}s3cret\r\n").unwrap();
        let read = |mode| {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            token(&TokenSource::File(path.clone()), &environment).unwrap()
        };
        assert_eq!(read(0o600).secret.unwrap().expose(), "s3cret");
        assert!(read(0o600).warnings.is_empty());
        let warnings = read(0o644).warnings;
        assert_eq!(warnings[0].message, "other users of this machine can read the secret token");
        fs::write(&path, "\n").unwrap();
        assert!(matches!(token(&TokenSource::File(path.clone()), &environment), Err(ConfigError::TokenEmpty(..))));
    }
}
