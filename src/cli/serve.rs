//! `scimulate serve`.

mod page;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use axum::serve::ListenerExt as _;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use uuid::Uuid;

use super::context::Context;
use super::error::Error;
use super::exit::Exit;
use super::job::{document, read_schema, seed};
use super::runtime::{Interrupt, block_on};
use crate::base::{Diagnostic, Random, Secret};
use crate::clock::Clock;
use crate::config::{Mapping, TokenSource};
use crate::report;
use crate::schema;
use crate::scim::{Resource, ResourceSchema};
use crate::target::{Endpoint, EndpointOptions, Storage, StorageError};

/// Serves the embedded SCIM endpoint
///
/// Prints the tenant URL and the token in one line when it is ready, with `--output json` as
/// {"tenantUrl":"…","token":"…"}. Ctrl-C and SIGTERM end it with exit code 0.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Address and port; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    /// Environment variable that holds the token [default: a random token, printed]
    #[arg(long, value_name = "NAME")]
    pub(crate) token_env: Option<String>,
    /// Which endpoint it behaves like
    #[arg(long, value_enum, default_value_t = Profile::Wedo)]
    pub(crate) profile: Profile,
    /// Take the attributes of users from this synchronization schema; implies `--profile scim`
    #[arg(long, value_name = "FILE")]
    pub(crate) mapping: Option<PathBuf>,
    /// Keep accounts in this file [default: in memory]
    #[arg(long, value_name = "FILE")]
    pub(crate) data: Option<PathBuf>,
    /// Accounts to begin with: a JSON array of SCIM users
    #[arg(long, value_name = "FILE")]
    pub(crate) load: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) page: page::PageArgs,
}

/// Which endpoint the server behaves like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Profile {
    /// WEDO: users only, userName alone is filterable
    Wedo,
    /// Any endpoint: users with the attributes of the default mapping, or of `--mapping`, and groups
    Scim,
}

/// Runs the command.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Error> {
    let clock = Clock::real();
    let mut random = Random::seeded(seed(clock.origin()) ^ u64::from(std::process::id()));
    let token = match &args.token_env {
        Some(name) => context.token(&TokenSource::Env(name.clone()))?.unwrap_or_else(|| Secret::new("")),
        None => Secret::new(random_token()),
    };
    let storage = match &args.data {
        Some(path) => Storage::file(path)?,
        None => Storage::memory(),
    };
    let users = match (&args.mapping, args.profile) {
        (Some(path), _) => Some(schema::target_definition(&read_schema(path)?)?),
        (None, Profile::Wedo) => None,
        (None, Profile::Scim) => Some(schema::target_definition(&document(&Mapping::Template("scim".to_owned()))?.1)?),
    };
    let endpoint = endpoint(users, vec![token.clone()], storage, &clock, &mut random)?;
    if let Some(path) = &args.load {
        let count = load(&endpoint, path)?;
        context.printer.talk(format_args!("Loaded {}.", report::count(count as u64, "user")));
    }
    block_on(serve(args, &endpoint, &token, context))
}

async fn serve(args: &Args, endpoint: &Endpoint, token: &Secret, context: &Context) -> Result<Exit, Error> {
    let interrupt = Interrupt::listen()?;
    let listener = TcpListener::bind(args.listen).await.map_err(|error| {
        let diagnostic = Diagnostic::error(format!("can't listen on {}: {error}", args.listen));
        Error::new(Exit::Usage, diagnostic.with_hint("choose another port with --listen 127.0.0.1:0"))
    })?;
    let address = listener.local_addr().context("the address can't be told")?;
    if !address.ip().is_loopback() {
        let text = format!("{address} can be reached from other machines, without TLS");
        context.printer.diagnostic(&Diagnostic::warning(text));
    }
    let url = format!("http://{address}/scim/v2");
    let page = page::page(args, endpoint, address, &url, vec![token.clone()]);
    let printer = &context.printer;
    if printer.is_human() {
        // A token that the user gave isn't shown again.
        let shown = if args.token_env.is_some() { "(as given)" } else { token.expose() };
        let page = if page.is_some() { format!("  page http://{address}/") } else { String::new() };
        printer.line(format_args!("Tenant URL {url}  token {shown}{page}"))?;
        printer.flush()?;
        printer.talk("Ctrl-C ends it.");
    } else {
        printer.json_line(&json!({ "tenantUrl": url, "token": token.expose() }))?;
    }
    let listener = listener.tap_io(|stream| {
        // Small answers go out at once; where that can't be set they are merely slower.
        let _slower: std::io::Result<()> = stream.set_nodelay(true);
    });
    let router = page.map_or_else(|| endpoint.router(), |page| page.around(endpoint.router()));
    axum::serve(listener, router)
        .with_graceful_shutdown(interrupt.token().cancelled_owned())
        .await
        .context("the endpoint stopped")?;
    Ok(Exit::Done)
}

/// The built-in endpoint over a storage; WEDO's where no other attributes are given.
pub(crate) fn endpoint(
    users: Option<ResourceSchema>,
    tokens: Vec<Secret>,
    storage: Storage,
    clock: &Clock,
    random: &mut Random,
) -> Result<Endpoint, StorageError> {
    let ids = Random::seeded(random.guid().as_u64_pair().0);
    let options = match users {
        Some(users) => EndpointOptions::scim(users, tokens, clock.clone(), ids),
        None => EndpointOptions::wedo(tokens, clock.clone(), ids),
    };
    Endpoint::new(options, storage)
}

/// A token that can't be guessed: 244 random bits from the system, as hex.
fn random_token() -> String {
    #[expect(clippy::disallowed_methods, reason = "a secret must not follow from a seed")]
    let guid = || Uuid::new_v4().simple();
    format!("{}{}", guid(), guid())
}

/// Loads SCIM users: a JSON array, an object with `Users` or `Resources`, or one user a line.
pub(crate) fn load(endpoint: &Endpoint, path: &Path) -> Result<usize, Error> {
    let place = |diagnostic: Diagnostic| diagnostic.in_file(path.display().to_string());
    let text = std::fs::read_to_string(path)
        .map_err(|error| place(Diagnostic::error(format!("the accounts can't be read: {error}"))))?;
    let users = users(&text).map_err(|diagnostic| place(*diagnostic))?;
    let hint =
        "accounts that the endpoint holds already can't be loaded again: leave --load out, or name another --data";
    endpoint.load(users).map_err(|error| place(Diagnostic::error(error.to_string())).with_hint(hint).into())
}

fn users(text: &str) -> Result<Vec<Resource>, Box<Diagnostic>> {
    let mut users = Vec::new();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for document in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        let document = document.map_err(|error| {
            let diagnostic = Diagnostic::error(format!("invalid JSON: {error}"));
            Box::new(diagnostic.at_line(error.line()).at_column(error.column()))
        })?;
        let list = match document {
            Value::Array(list) => list,
            Value::Object(mut object) => match object.remove("Users").or_else(|| object.remove("Resources")) {
                Some(Value::Array(list)) => list,
                _ => vec![Value::Object(object)],
            },
            other => vec![other],
        };
        for user in list {
            let number = users.len() + 1;
            users.push(Resource::from_value(user).ok_or_else(|| {
                let diagnostic = Diagnostic::error(format!("resource {number} isn't a JSON object"));
                Box::new(diagnostic.with_hint("the file is a JSON array of SCIM users, or one user a line"))
            })?);
        }
    }
    Ok(users)
}
