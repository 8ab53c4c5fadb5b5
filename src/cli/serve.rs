//! `scimulate serve`.

mod access;
mod limits;
mod tls;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use access::{Access, AccessArgs};
use limits::LimitArgs;
use tls::TlsArgs;

use super::context::Context;
use super::error::Error;
use super::exit::Exit;
use super::job::{document, read_schema, seed};
use super::runtime::{Interrupt, block_on};
use crate::base::{Diagnostic, Random, Secret};
use crate::clock::Clock;
use crate::config::Mapping;
use crate::report;
use crate::schema;
use crate::scim::{Resource, ResourceSchema};
use crate::target::{self, Endpoint, EndpointOptions, Scheme, Storage, StorageError, TOKEN_PATH};

/// Serves the embedded SCIM endpoint
///
/// Prints the tenant URL and the token in one line when it is ready, with `--output json` as
/// {"tenantUrl":"…","token":"…"}, and with "tokenEndpoint" where a client may fetch tokens. Ctrl-C
/// and SIGTERM let requests under way finish and end it with exit code 0.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Address and port; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
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
    pub(crate) access: AccessArgs,
    #[command(flatten)]
    pub(crate) tls: TlsArgs,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
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
    let access = args.access.read(context, args.tls.scheme())?;
    let storage = match &args.data {
        Some(path) => Storage::file(path)?,
        None => Storage::memory(),
    };
    let users = match (&args.mapping, args.profile) {
        (Some(path), _) => Some(schema::target_definition(&read_schema(path)?)?),
        (None, Profile::Wedo) => None,
        (None, Profile::Scim) => Some(schema::target_definition(&document(&Mapping::Template("scim".to_owned()))?.1)?),
    };
    let mut options = options(users, access.tokens.clone(), &clock, &mut random);
    options.access = access.options.clone();
    let endpoint = Endpoint::new(options, storage)?;
    if let Some(path) = &args.load {
        let count = load(&endpoint, path)?;
        context.printer.talk(format_args!("Loaded {}.", report::count(count as u64, "user")));
    }
    block_on(serve(args, &endpoint, access, &clock, context))
}

async fn serve(
    args: &Args,
    endpoint: &Endpoint,
    access: Access,
    clock: &Clock,
    context: &Context,
) -> Result<Exit, Error> {
    let interrupt = Interrupt::listen_to_end()?;
    let listener = TcpListener::bind(args.listen).await.map_err(|error| {
        let diagnostic = Diagnostic::error(format!("can't listen on {}: {error}", args.listen));
        Error::new(Exit::Usage, diagnostic.with_hint("choose another port with --listen 127.0.0.1:0"))
    })?;
    let address = listener.local_addr().context("the address can't be told")?;
    let tls = args.tls.read(address.ip(), clock.now(), context)?;
    let scheme = args.tls.scheme();
    if scheme == Scheme::Http && !address.ip().is_loopback() {
        let text = format!("{address} can be reached from other machines, without TLS");
        context.printer.diagnostic(&Diagnostic::warning(text));
    }
    ready(&format!("{scheme}://{address}"), &access, context)?;
    access.follow(endpoint.clone());
    let end = interrupt.token().cancelled_owned();
    let cut_off = target::serve(listener, endpoint.router(), tls, args.limits.limits(), end).await;
    if cut_off > 0 {
        let text = format!("{} cut off", report::count(cut_off as u64, "request"));
        context.printer.diagnostic(&Diagnostic::warning(text));
    }
    Ok(Exit::Done)
}

/// Says where the endpoint is, and how one gets in.
fn ready(origin: &str, access: &Access, context: &Context) -> Result<(), Error> {
    let url = format!("{origin}/scim/v2");
    let token = access.tokens.first().map_or("", Secret::expose);
    let token_endpoint = access.options.oauth.as_ref().map(|_| format!("{origin}{TOKEN_PATH}"));
    let printer = &context.printer;
    if printer.is_human() {
        // A token that the user gave isn't shown again.
        let shown = if access.is_given { "(as given)" } else { token };
        let fetched = token_endpoint.map_or_else(String::new, |url| format!("  token endpoint {url}"));
        printer.line(format_args!("Tenant URL {url}  token {shown}{fetched}"))?;
        printer.flush()?;
        printer.talk("Ctrl-C ends it.");
    } else {
        let mut line = json!({ "tenantUrl": url, "token": token });
        if let Some(url) = token_endpoint {
            line["tokenEndpoint"] = url.into();
        }
        printer.json_line(&line)?;
    }
    Ok(())
}

/// The built-in endpoint over a storage; WEDO's where no other attributes are given.
pub(crate) fn endpoint(
    users: Option<ResourceSchema>,
    tokens: Vec<Secret>,
    storage: Storage,
    clock: &Clock,
    random: &mut Random,
) -> Result<Endpoint, StorageError> {
    Endpoint::new(options(users, tokens, clock, random), storage)
}

fn options(users: Option<ResourceSchema>, tokens: Vec<Secret>, clock: &Clock, random: &mut Random) -> EndpointOptions {
    let ids = Random::seeded(random.guid().as_u64_pair().0);
    match users {
        Some(users) => EndpointOptions::scim(users, tokens, clock.clone(), ids),
        None => EndpointOptions::wedo(tokens, clock.clone(), ids),
    }
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
