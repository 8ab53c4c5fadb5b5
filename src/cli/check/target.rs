//! Which endpoint is checked, by which mapping, and as whom.

use std::rc::Rc;
use std::sync::Arc;

use super::{Args, COMMAND};
use crate::check::Connect;
use crate::cli::context::Context;
use crate::cli::error::{Error, Problems};
use crate::cli::job::{Job, Narrowed, document};
use crate::cli::recording::{RecordArgs, Recorder};
use crate::client::{Client, ClientOptions, Credentials, Rate};
use crate::clock::Clock;
use crate::config::{Mapping, Tenant};
use crate::report::{RecordingOf, Side};
use crate::schema::{self, CompileOptions, CompiledSchema};
use crate::scim::{Dialect, KnownSecrets, TenantUrl, is_loopback};

/// A built-in mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Profile {
    /// WEDO's: users with nine attributes
    Wedo,
    /// That of an application without a gallery entry: users with enterprise attributes and manager, groups
    Scim,
}

impl Profile {
    const fn name(self) -> &'static str {
        match self {
            Self::Wedo => "wedo",
            Self::Scim => "scim",
        }
    }
}

/// Reads a rate.
pub(super) fn rate(text: &str) -> Result<Rate, String> {
    let number = || text.parse().ok().filter(|rate: &f64| *rate > 0.0 && rate.is_finite());
    match text {
        "unlimited" => Ok(Rate::Unlimited),
        _ => number().map(Rate::PerSecond).ok_or_else(|| "write a number above 0, or `unlimited`".to_owned()),
    }
}

/// The endpoint that is checked.
pub(super) struct Target {
    named_by: NamedBy,
    /// The mapping; `None` lets the endpoint's own schemas choose.
    pub(super) rules: Option<Arc<CompiledSchema>>,
    /// The tenant URL for people.
    pub(super) shown: String,
    /// Whether it is on this machine, or in this process.
    pub(super) is_here: bool,
}

enum NamedBy {
    Flags(Box<ClientOptions>),
    Config(Box<Job>),
}

impl Target {
    /// What flags or the config file name; nothing is contacted.
    pub(super) fn read(args: &Args, context: &Context) -> Result<Self, Error> {
        let given = match (&args.mapping, args.profile) {
            (Some(path), _) => Some(Mapping::File(path.clone())),
            (None, Some(profile)) => Some(Mapping::Template(profile.name().to_owned())),
            (None, None) => None,
        };
        let given = given.map(|mapping| compiled(&mapping, context)).transpose()?;
        if let Some(options) = args.target.client_options(context)? {
            let url = &options.tenant_url;
            let (shown, is_here) = (url.to_string(), is_loopback(url.url()));
            return Ok(Self { named_by: NamedBy::Flags(Box::new(options)), rules: given, shown, is_here });
        }
        let job = Job::load(context, Narrowed::default())?;
        let is_here = match &job.settings.target.tenant {
            Tenant::Embedded { .. } => true,
            Tenant::Remote(url) => is_loopback(url.url()),
        };
        let shown = job.settings.target.tenant.to_string();
        let rules = given.unwrap_or_else(|| Arc::clone(&job.rules));
        Ok(Self { named_by: NamedBy::Config(Box::new(job)), rules: Some(rules), shown, is_here })
    }

    /// Begins to record what is sent, if that is wanted.
    pub(super) fn record(&mut self, args: &RecordArgs, clock: &Clock, context: &Context) -> Result<Recorder, Error> {
        match &mut self.named_by {
            NamedBy::Config(job) => args.record_job(job, COMMAND, clock, context),
            NamedBy::Flags(options) => {
                let (tenant_url, started) = (options.tenant_url.base().to_owned(), clock.now());
                let of = RecordingOf { command: COMMAND, side: Side::Client, tenant_url, started };
                let recorder = args.record(of, secrets(&options.credentials), context)?;
                options.observer = recorder.observer();
                Ok(recorder)
            }
        }
    }

    /// What clients are told, and what makes them.
    pub(super) fn connect(
        &self,
        args: &Args,
        clock: &Clock,
        context: &Context,
    ) -> Result<(ClientOptions, Rc<Connect>), Error> {
        let over_http = {
            let clock = clock.clone();
            Rc::new(move |options: ClientOptions| Client::http(options, clock.clone()))
        };
        let (mut options, connect): (ClientOptions, Rc<Connect>) = match &self.named_by {
            NamedBy::Flags(options) => {
                let rate = if self.is_here { Rate::Unlimited } else { Rate::DEFAULT };
                (ClientOptions { rate, ..(**options).clone() }, over_http)
            }
            NamedBy::Config(job) => {
                let connection = job.connect(context, clock, !args.read_only)?;
                let options = connection.client.options().clone();
                match (connection.endpoint, &job.settings.target.tenant) {
                    (Some(endpoint), Tenant::Embedded { dialect, .. }) => {
                        let flags = if *dialect == Dialect::Compliant { "?aadOptscim062020" } else { "" };
                        let tenant_url = TenantUrl::parse(&format!("{}{flags}", options.tenant_url.base()), false)?;
                        let (router, clock) = (endpoint.router(), clock.clone());
                        let connect =
                            move |options: ClientOptions| Client::in_process(router.clone(), options, clock.clone());
                        (ClientOptions { tenant_url, ..options }, Rc::new(connect))
                    }
                    _ => (options, over_http),
                }
            }
        };
        if let Some(rate) = args.rate {
            options.rate = rate;
        }
        if let Some(concurrency) = args.concurrency {
            options.concurrency = usize::from(concurrency);
        }
        // What fails is to be seen.
        options.retries = 0;
        Ok((options, connect))
    }
}

/// What is masked besides what a request was sent with.
pub(super) fn secrets(credentials: &Credentials) -> KnownSecrets {
    match credentials {
        Credentials::Token(_) => KnownSecrets::default(),
        Credentials::OAuth(oauth) => KnownSecrets::new(vec![oauth.client_secret.clone()]),
    }
}

fn compiled(mapping: &Mapping, context: &Context) -> Result<Arc<CompiledSchema>, Error> {
    let (name, document) = document(mapping)?;
    let rules = schema::compile(&document, &CompileOptions { name, ..CompileOptions::default() }).map_err(Problems)?;
    rules.notices.iter().for_each(|notice| context.printer.diagnostic(notice));
    Ok(Arc::new(rules))
}
