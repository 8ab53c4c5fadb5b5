//! From settings to what a command works with: rules, policy, export, client, state.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use uuid::Uuid;

use super::context::Context;
use super::credentials::credentials;
use super::error::{Error, Problems};
use super::runtime::Interrupt;
use super::scenario;
use crate::base::{Diagnostic, JobId, Random, Secret, SignedDuration, Timestamp};
use crate::client::{Client, ClientOptions, Credentials, Rate, Token};
use crate::clock::Clock;
use crate::config::{
    EscrowSettings, LateReferences, Mapping, Profile, QuarantineSettings, Scope, Settings, Tenant, Vanished,
};
use crate::engine::{self, Cycle, Policy, QuarantineIntervals, Verify};
use crate::plan::EscrowSchedule;
use crate::plan::quarantine::Thresholds;
use crate::schema::{self, CompileOptions, CompiledSchema, Document, ExtraFilter, ObjectKind, template};
use crate::scim::{Leniencies, Observer, ResourceSchema, TenantUrl};
use crate::scoping::ScopePolicy;
use crate::source::{Export, SourcePaths, Timeline};
use crate::store::{Binding, CycleLock, Holder, Store, StoreError};
use crate::target::Endpoint;

/// File of the in-process endpoint in the state folder.
const TARGET_FILE: &str = "target.db";
/// Tenant URL of the in-process endpoint.
const EMBEDDED_URL: &str = "http://localhost/scim/v2";

/// A job as configured, its rules compiled.
pub(crate) struct Job {
    pub(crate) settings: Settings,
    pub(crate) rules: Arc<CompiledSchema>,
    pub(crate) policy: Arc<Policy>,
    /// The export and the endpoint's faults over time, where they change.
    pub(crate) timeline: Option<Timeline>,
    /// Is shown what goes over the wire.
    pub(crate) observer: Option<Arc<dyn Observer>>,
    /// What the built-in endpoint keeps of users; none for WEDO's. Other targets don't need what the schema may
    /// lack for it.
    users: Result<Option<ResourceSchema>, Box<Diagnostic>>,
}

/// Flags of the commands that evaluate an export.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub(crate) struct Reading {
    /// Go on although this many known objects are missing from the export
    #[arg(long, value_name = "N")]
    pub(crate) accept_missing: Option<u64>,
    /// Regular expressions of scoping filters must match the whole value
    #[arg(long)]
    pub(crate) anchor_scope_regex: bool,
}

/// What flags say beyond the config file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Narrowed {
    pub(crate) only: Vec<String>,
    pub(crate) reading: Reading,
    /// Whether what is written is read back.
    pub(crate) verify: Verify,
}

impl Job {
    /// Reads the config and compiles the mapping; notices are printed.
    pub(crate) fn load(context: &Context, narrowed: Narrowed) -> Result<Self, Error> {
        Self::from_settings(context.settings()?, narrowed, context)
    }

    /// Compiles the mapping of given settings.
    pub(crate) fn from_settings(mut settings: Settings, narrowed: Narrowed, context: &Context) -> Result<Self, Error> {
        settings.provisioning.anchor_scope_regex |= narrowed.reading.anchor_scope_regex;
        let (name, document) = document(&settings.provisioning.mapping)?;
        let mut options = compile_options(&settings, name);
        options.without_groups |= settings.source.groups.is_none() && settings.source.members.is_none();
        let rules = schema::compile(&document, &options).map_err(Problems)?;
        let users = match profile(&settings) {
            Profile::Wedo => Ok(None),
            Profile::Scim => schema::target_definition(&document).map(Some),
        };
        rules.notices.iter().for_each(|notice| context.printer.diagnostic(notice));
        if settings.provisioning.scope == Scope::All && rules.attributes.get("appRoleAssignments").is_some() {
            let text = "the mapping has app roles, which the service doesn't combine with `scope = \"all\"`";
            let hint = "set scope = \"assigned\"; who isn't assigned has no role";
            context.printer.diagnostic(&Diagnostic::warning(text).with_hint(hint));
        }
        if settings.provisioning.groups == Some(true) && rules.groups.is_none() {
            let (text, hint) = if options.without_groups {
                ("no groups are provisioned: the export has none", "name their file in [source] groups")
            } else {
                ("no groups are provisioned: the mapping has none", "take a mapping with groups, such as \"scim\"")
            };
            let text = format!("`groups = true`, but {text}");
            context.printer.diagnostic(&Diagnostic::warning(text).with_hint(hint));
        }
        let provisioning = &settings.provisioning;
        let policy = Policy {
            scope: ScopePolicy { scope: provisioning.scope, default_access: provisioning.default_access },
            dialect: settings.target.tenant.dialect(),
            soft_delete: settings.target.soft_delete,
            skip_out_of_scope_deletions: provisioning.skip_out_of_scope_deletions,
            rematch_vanished: provisioning.vanished == Vanished::Rematch,
            duplicates: provisioning.duplicates,
            max_missing: settings.source.max_missing,
            accept_missing: narrowed.reading.accept_missing,
            default_domain: settings.source.default_domain.clone(),
            only: narrowed.only,
            escrow: escrow(&settings),
            thresholds: thresholds(&settings),
            quarantine: quarantine_intervals(&settings),
            deletion_threshold: provisioning.prevent_accidental_deletions,
            resolve_late_references: provisioning.late_references == LateReferences::Resolve,
            members_per_patch: provisioning.members_per_patch,
            reference_queries: provisioning.reference_queries,
            verify: narrowed.verify,
            notify: settings.notification.email.clone().filter(|_| settings.notification.on_failure),
        };
        let timeline = settings.source.timeline.as_deref().map(Timeline::open).transpose()?;
        Ok(Self { settings, rules: Arc::new(rules), policy: Arc::new(policy), timeline, observer: None, users })
    }

    /// Opens the export as the next cycle would find it now; what it lacks is said.
    pub(crate) fn open_export(&self, context: &Context) -> Result<Arc<Export>, Error> {
        self.open_export_at(Clock::real().now(), context)
    }

    /// The same at another instant.
    pub(crate) fn open_export_at(&self, now: Timestamp, context: &Context) -> Result<Arc<Export>, Error> {
        self.open_paths(&self.paths_at(self.next_cycle()?, now), context)
    }

    /// The number of the next cycle, where a timeline makes it matter.
    fn next_cycle(&self) -> Result<u64, Error> {
        let known = match self.timeline {
            Some(_) => Store::open_existing(&self.settings.state_dir, &self.settings.job)?,
            None => None,
        };
        Ok(known.map_or(Ok(0), |store| store.cycle_count())? + 1)
    }

    /// Where the timeline says how the built-in endpoint misbehaves in a cycle of this number at this instant.
    pub(crate) fn faults_at(&self, cycle: u64, now: Timestamp) -> Option<PathBuf> {
        self.timeline.as_ref()?.file(scenario::TARGET, cycle, now)
    }

    /// Where the files of the export lie for a cycle of this number at this instant.
    pub(crate) fn paths_at(&self, cycle: u64, now: Timestamp) -> SourcePaths {
        let paths = self.source_paths();
        match &self.timeline {
            Some(timeline) => timeline.paths(&paths, &self.settings.config_dir, cycle, now),
            None => paths,
        }
    }

    /// Opens these files; what they lack is said.
    pub(crate) fn open_paths(&self, paths: &SourcePaths, context: &Context) -> Result<Arc<Export>, Error> {
        let export = Export::open(paths)?;
        self.lacks(&export)?.iter().for_each(|warning| context.printer.diagnostic(warning));
        Ok(Arc::new(export))
    }

    /// What the rules need and an export lacks, as warnings.
    pub(crate) fn lacks(&self, export: &Export) -> Result<Vec<Diagnostic>, Error> {
        let missing = engine::missing_columns(&self.rules, export)?;
        let mut warnings: Vec<_> = missing.iter().map(missing_column).collect();
        if !export.has("accountEnabled") {
            let text = "the export has no column accountEnabled: every user is taken for active, so disabled users \
                        are provisioned too";
            let hint = "download the users with all columns, or add accountEnabled to Graph's $select";
            warnings.push(Diagnostic::warning(text).with_hint(hint));
        }
        Ok(warnings)
    }

    fn source_paths(&self) -> SourcePaths {
        let source = &self.settings.source;
        SourcePaths {
            users: source.users.clone(),
            deleted_users: source.deleted_users.clone(),
            groups: source.groups.clone(),
            application: source.application.clone(),
            assignments: source.assignments.clone(),
            members: source.members.clone(),
            managers: source.managers.clone(),
        }
    }

    /// The job's id: mapping, tenant and service principal, the latter two from the application
    /// file or else derived from the job's name.
    pub(crate) fn id(&self, export: &Export) -> JobId {
        let derived =
            |part: &str| Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{part}:{}", self.settings.job).as_bytes());
        let tenant = self.tenant(export).unwrap_or_else(|| derived("tenant"));
        let principal = export
            .application()
            .and_then(|application| application.service_principal_id.or(application.app_id))
            .unwrap_or_else(|| derived("servicePrincipal"));
        JobId::new(format!("{}.{}.{}", self.rules.name, tenant.simple(), principal))
    }

    fn tenant(&self, export: &Export) -> Option<Uuid> {
        self.settings.source.tenant_id.or_else(|| export.application().and_then(|application| application.tenant_id))
    }

    /// What the state is bound to.
    pub(crate) fn binding(&self, export: &Export) -> Binding {
        Binding {
            job_id: self.id(export),
            target: self.settings.target.tenant.to_string(),
            tenant: self.tenant(export).map(|tenant| tenant.to_string()),
        }
    }

    /// Opens the state for writing and checks that it may belong to this job. It is bound to it under
    /// the lock, with [`Self::bind`].
    pub(crate) fn open_store(&self, export: &Export) -> Result<Store, Error> {
        let mut store = Store::open(&self.settings.state_dir, &self.settings.job)?;
        if !self.settings.log.personal_data {
            store.hide_personal_data();
        }
        store.check(&self.binding(export))?;
        Ok(store)
    }

    /// Binds the state to this job's target and tenant, or checks that it is bound to them.
    pub(crate) fn bind(&self, store: &mut Store, export: &Export) -> Result<(), Error> {
        Ok(store.bind(&self.binding(export))?)
    }

    /// Takes the job's lock, waiting for it as long as `--lock-timeout` allows.
    pub(crate) async fn lock(&self, store: &Store, clock: &Clock, patience: Duration) -> Result<CycleLock, Error> {
        const STEP: Duration = Duration::from_millis(200);
        let holder = holder(clock.now());
        let mut left = patience;
        loop {
            match store.lock(&holder) {
                Ok(lock) => return Ok(lock),
                Err(error @ StoreError::Held { .. }) if left.is_zero() => {
                    return Err(Error::from(error).with_hint("add --lock-timeout 5m to wait for it"));
                }
                Err(error @ StoreError::Held { .. }) => {
                    if left == patience {
                        tracing::info!(%error, "waiting for the job's lock");
                    }
                    let step = STEP.min(left);
                    tokio::time::sleep(step).await;
                    left -= step;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The client for the configured target; the built-in endpoint comes with it where it is the
    /// target, and misbehaves as the timeline says for the next cycle. `writes` says whether it may make its file.
    pub(crate) fn connect(&self, context: &Context, clock: &Clock, writes: bool) -> Result<Connection, Error> {
        let connection = self.connect_as_it_is(context, clock, writes)?;
        let faults = self.faults_at(self.next_cycle()?, clock.now());
        scenario::misbehave(connection.endpoint.as_ref(), faults.as_deref())?;
        Ok(connection)
    }

    fn connect_as_it_is(&self, context: &Context, clock: &Clock, writes: bool) -> Result<Connection, Error> {
        match &self.settings.target.tenant {
            Tenant::Remote(url) => {
                let options = self.client_options(url.clone(), credentials(&self.settings.target, context)?);
                Ok(Connection { client: Client::http(options, clock.clone())?, endpoint: None })
            }
            Tenant::Embedded { .. } => {
                let file = self.settings.state_dir.join(TARGET_FILE);
                let storage = if writes || file.exists() {
                    if writes {
                        Store::open(&self.settings.state_dir, &self.settings.job)?.close()?;
                    }
                    crate::target::Storage::file(&file)?
                } else {
                    crate::target::Storage::memory()
                };
                self.connect_embedded(storage, clock)
            }
        }
    }

    /// The URL that requests go to, without a slash at its end.
    pub(crate) fn tenant_url(&self) -> String {
        match &self.settings.target.tenant {
            Tenant::Remote(url) => url.base().to_owned(),
            Tenant::Embedded { .. } => EMBEDDED_URL.to_owned(),
        }
    }

    /// A client of the built-in endpoint over this storage.
    pub(crate) fn connect_embedded(&self, storage: crate::target::Storage, clock: &Clock) -> Result<Connection, Error> {
        let mut random = Random::seeded(seed(clock.origin()));
        let token = Secret::new(random.guid().simple().to_string());
        let endpoint = super::serve::endpoint(
            self.users.clone()?,
            vec![token.clone()],
            Leniencies::ALL,
            storage,
            clock,
            &mut random,
        )?;
        let url = TenantUrl::parse(EMBEDDED_URL, false)?;
        let options = self.client_options(url, Token::from_text(token.expose())?.into());
        let router: Router = endpoint.router();
        let client = Client::in_process(router, options, clock.clone())?;
        Ok(Connection { client, endpoint: Some(endpoint) })
    }

    /// A cycle of this job.
    pub(crate) fn cycle(&self, export: Arc<Export>, client: Client, clock: &Clock) -> Cycle {
        let (policy, rules) = (Arc::clone(&self.policy), Arc::clone(&self.rules));
        Cycle { policy, rules, export, client, clock: clock.clone() }
    }

    fn client_options(&self, url: TenantUrl, credentials: Credentials) -> ClientOptions {
        let target = &self.settings.target;
        let mut options = ClientOptions::new(url, credentials);
        options.rate = target.rate.map_or(Rate::Unlimited, Rate::PerSecond);
        options.concurrency = target.concurrency;
        options.timeout = target.timeout;
        options.retries = self.settings.provisioning.retries;
        options.honour_retry_after = target.honour_retry_after;
        options.scim_version = Some(self.rules.version.clone());
        options.user_agent.clone_from(&target.user_agent);
        options.headers.clone_from(&target.headers);
        options.proxy = target.proxy.as_ref().map(ToString::to_string);
        options.ca_file.clone_from(&target.ca_file);
        options.observer.clone_from(&self.observer);
        options
    }
}

/// This process, as a lock names it.
pub(crate) fn holder(now: Timestamp) -> Holder {
    let command: Vec<String> = std::env::args().collect();
    Holder { pid: std::process::id(), command: command.join(" "), since: now }
}

/// A client, and the built-in endpoint where that is the target.
pub(crate) struct Connection {
    pub(crate) client: Client,
    pub(crate) endpoint: Option<Endpoint>,
}

impl Connection {
    /// A signal ends what the client waits for.
    pub(crate) fn ended_by(self, interrupt: &Interrupt) -> Self {
        Self { client: self.client.ended_by(interrupt.token()), ..self }
    }
}

/// The mapping's name and its document.
pub(crate) fn document(mapping: &Mapping) -> Result<(String, Document), Error> {
    match mapping {
        Mapping::Template(name) => {
            let found = template(name).ok_or_else(|| {
                let error = Diagnostic::error(format!("there is no built-in mapping `{name}`"));
                Error::from(error.with_hint("use `wedo` or `scim`"))
            })?;
            let document = schema::read(found.text, &format!("{name} (built in)")).map_err(|error| error.0)?;
            Ok((name.clone(), document))
        }
        Mapping::File(path) => {
            let name =
                path.file_stem().map_or_else(|| "mapping".to_owned(), |stem| stem.to_string_lossy().into_owned());
            Ok((name, read_schema(path)?))
        }
    }
}

/// Reads a schema file.
pub(crate) fn read_schema(path: &Path) -> Result<Document, Error> {
    let file = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|error| unreadable(path, &error))?;
    let text = schema::decode(&bytes).map_err(|error| error.in_file(&file))?;
    Ok(schema::read(&text, &file).map_err(|error| error.0)?)
}

/// What the settings say beside the schema.
pub(crate) fn compile_options(settings: &Settings, name: String) -> CompileOptions {
    let provisioning = &settings.provisioning;
    let clause = |clause: &crate::config::Clause| schema::ExtraClause {
        attribute: clause.attribute.clone(),
        operator: clause.operator.to_owned(),
        value: clause.value.clone(),
    };
    let filters = provisioning.scoping_filters.iter();
    CompileOptions {
        name,
        extra_filters: filters
            .map(|filter| ExtraFilter {
                title: filter.title.clone(),
                clauses: filter.clauses.iter().map(clause).collect(),
            })
            .collect(),
        actions: provisioning.actions,
        anchor_scope_regex: provisioning.anchor_scope_regex,
        without_groups: provisioning.groups == Some(false),
        filterable: match profile(settings) {
            Profile::Wedo => Some(vec!["userName".to_owned()]),
            Profile::Scim => None,
        },
    }
}

/// What kind of endpoint the target is: as configured, else as the mapping suggests.
pub(crate) fn profile(settings: &Settings) -> Profile {
    settings.target.profile.unwrap_or(match &settings.provisioning.mapping {
        Mapping::Template(name) if name == "wedo" => Profile::Wedo,
        _ => Profile::Scim,
    })
}

fn unreadable(path: &Path, error: &std::io::Error) -> Diagnostic {
    Diagnostic::error(format!("the mapping can't be read: {error}"))
        .in_file(path.display().to_string())
        .with_hint("name a built-in mapping (`wedo`, `scim`) or a schema file in [provisioning] mapping")
}

fn missing_column(missing: &engine::MissingColumn) -> Diagnostic {
    let mut consequences = Vec::new();
    if !missing.mappings.is_empty() {
        consequences.push(format!("{} is left out of create and compare", missing.mappings.join(", ")));
    }
    if !missing.filters.is_empty() {
        consequences.push(format!("the scoping filter {} can't be decided", missing.filters.join(", ")));
    }
    let (whose, hint) = match (missing.kind, missing.attribute.as_str()) {
        (ObjectKind::Group, "members") => (
            " of groups",
            "name a list of memberships in [source] members, or export the groups with Graph's $expand=members"
                .to_owned(),
        ),
        (kind, attribute) => (
            if kind == ObjectKind::Group { " of groups" } else { "" },
            format!("export it too, for instance with Graph's $select=…,{attribute}"),
        ),
    };
    let text = format!("the export has no column {}{whose}: {}", missing.attribute, consequences.join("; "));
    Diagnostic::warning(text).with_hint(hint)
}

/// A duration of the settings, as instants take it.
pub(crate) fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

fn escrow(settings: &Settings) -> EscrowSchedule {
    let EscrowSettings { schedule, prune_after } = &settings.escrow;
    EscrowSchedule { retries: schedule.iter().copied().map(signed).collect(), prune_after: signed(*prune_after) }
}

fn thresholds(settings: &Settings) -> Thresholds {
    let QuarantineSettings { min_failures, proportion, max_failures, max_all, .. } = settings.quarantine;
    Thresholds { min_failures, proportion, max_failures, max_all }
}

fn quarantine_intervals(settings: &Settings) -> QuarantineIntervals {
    let QuarantineSettings { first_interval, longest_interval, disable_after, .. } = settings.quarantine;
    QuarantineIntervals {
        first: signed(first_interval.unwrap_or(settings.provisioning.interval)),
        longest: signed(longest_interval),
        disable_after: signed(disable_after),
    }
}

/// Seeds what is random in a run; with a fixed clock every run is the same.
pub(crate) fn seed(now: Timestamp) -> u64 {
    u64::try_from(now.as_nanosecond().unsigned_abs() & u128::from(u64::MAX)).unwrap_or(0)
}
