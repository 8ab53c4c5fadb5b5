//! `scimulate serve`.

mod access;
mod faults;
mod limits;
mod page;
mod storage;
mod strict;
mod tls;

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::json;
use tokio::net::TcpListener;

use access::{Access, AccessArgs};
use limits::LimitArgs;
use tls::TlsArgs;

use super::args::address;
use super::context::Context;
use super::error::Error;
use super::exit::Exit;
use super::job::{document, read_schema, seed};
use super::recording::RecordArgs;
use super::runtime::{Interrupt, block_on};
use crate::base::{Diagnostic, Random, Secret};
use crate::clock::Clock;
use crate::config::Mapping;
use crate::report::{self, RecordingOf, Side};
use crate::schema;
use crate::scim::{Leniencies, ResourceSchema};
use crate::target::{self, Endpoint, EndpointOptions, Scheme, Storage, StorageError, TOKEN_PATH};
use strict::Strict;

/// Serves the embedded SCIM endpoint
///
/// Prints the tenant URL and the token, unless one was given, in one line when it is ready, with
/// `--output json` as {"tenantUrl":"…","token":"…"}, and with "tokenEndpoint" where a client may
/// fetch tokens. Ctrl-C and SIGTERM let requests under way finish and end it with exit code 0.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Address and port; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080", value_parser = address)]
    pub(crate) listen: SocketAddr,
    /// Which endpoint it behaves like
    #[arg(long, value_enum, default_value_t = Profile::Wedo)]
    pub(crate) profile: Profile,
    /// Take the attributes of users from this synchronization schema; implies `--profile scim`
    #[arg(long, value_name = "FILE")]
    pub(crate) mapping: Option<PathBuf>,
    #[command(flatten)]
    storage: storage::StorageArgs,
    #[command(flatten)]
    strict: Strict,
    #[command(flatten)]
    faults: faults::FaultArgs,
    #[command(flatten)]
    page: page::PageArgs,
    #[command(flatten)]
    record: RecordArgs,
    #[command(flatten)]
    access: AccessArgs,
    #[command(flatten)]
    tls: TlsArgs,
    #[command(flatten)]
    limits: LimitArgs,
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
    if args.faults.list_faults {
        return faults::list(context);
    }
    let clock = Clock::real();
    let faults = args.faults.rules(clock.origin())?;
    let mut random = Random::seeded(seed(clock.origin()) ^ u64::from(std::process::id()));
    let access = args.access.read(context, args.tls.scheme())?;
    let storage = args.storage.open()?;
    let users = match (&args.mapping, args.profile) {
        (Some(path), _) => Some(schema::target_definition(&read_schema(path)?)?),
        (None, Profile::Wedo) => None,
        (None, Profile::Scim) => Some(schema::target_definition(&document(&Mapping::Template("scim".to_owned()))?.1)?),
    };
    let mut options = options(users, access.tokens.clone(), &clock, &mut random);
    options.access = access.options.clone();
    options.leniencies = args.strict.leniencies();
    let endpoint = Endpoint::new(options, storage)?;
    endpoint.claim_attributes()?;
    args.storage.load(&endpoint, context)?;
    faults::put_in_force(&endpoint, faults, &args.faults, context);
    let ended = block_on(serve(args, &endpoint, access, &clock, context));
    endpoint.close()?;
    ended
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
    let origin = format!("{scheme}://{address}");
    let tenant_url = format!("{origin}/scim/v2");
    let of = RecordingOf { command: "serve", side: Side::Server, tenant_url: tenant_url.clone(), started: clock.now() };
    let recorder = args.record.record(of, endpoint.secrets(), context)?;
    recorder.observer().into_iter().for_each(|observer| endpoint.observe(observer));
    let page = page::page(args, endpoint, address, &tenant_url);
    ready(&origin, &access, page.is_some(), context)?;
    access.follow(endpoint.clone());
    let router = page.map_or_else(|| endpoint.router(), |page| page.around(endpoint.router()));
    let end = interrupt.token().cancelled_owned();
    let cut_off = target::serve(listener, router, tls, args.limits.limits(), end).await;
    if cut_off > 0 {
        let text = format!("{} cut off", report::count(cut_off as u64, "request"));
        context.printer.diagnostic(&Diagnostic::warning(text));
    }
    Ok(recorder.end(Exit::Done))
}

/// Says where the endpoint and its page are, and how one gets in.
fn ready(origin: &str, access: &Access, has_page: bool, context: &Context) -> Result<(), Error> {
    let url = format!("{origin}/scim/v2");
    let token = access.tokens.first().map_or("", Secret::expose);
    let token_endpoint = access.options.oauth.as_ref().map(|_| format!("{origin}{TOKEN_PATH}"));
    let printer = &context.printer;
    if printer.is_human() {
        // A token that the user gave isn't shown again.
        let shown = if access.is_given { "(as given)" } else { token };
        let fetched = token_endpoint.map_or_else(String::new, |url| format!("  token endpoint {url}"));
        let page = if has_page { format!("  page {origin}/") } else { String::new() };
        printer.line(format_args!("Tenant URL {url}  token {shown}{fetched}{page}"))?;
        printer.flush()?;
        printer.talk("Ctrl-C ends it.");
    } else {
        let mut line = json!({ "tenantUrl": url });
        if !access.is_given {
            line["token"] = token.into();
        }
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
    leniencies: Leniencies,
    storage: Storage,
    clock: &Clock,
    random: &mut Random,
) -> Result<Endpoint, StorageError> {
    let options = options(users, tokens, clock, random);
    Endpoint::new(EndpointOptions { leniencies, ..options }, storage)
}

fn options(users: Option<ResourceSchema>, tokens: Vec<Secret>, clock: &Clock, random: &mut Random) -> EndpointOptions {
    let ids = Random::seeded(random.guid().as_u64_pair().0);
    match users {
        Some(users) => EndpointOptions::scim(users, tokens, clock.clone(), ids),
        None => EndpointOptions::wedo(tokens, clock.clone(), ids),
    }
}
