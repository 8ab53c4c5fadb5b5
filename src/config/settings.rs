//! What a config file means: plain data with every default filled in.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;
use uuid::Uuid;

use crate::base::Diagnostic;
use crate::schema::Actions;
use crate::scim::{ClientAuthentication, Dialect, TenantUrl, TokenEndpoint};
pub use crate::scoping::{DefaultAccess, Scope};

/// One config file, validated; paths are resolved against the file's folder.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Name of the job, under which its state is kept: letters, digits, `-`, `_`, `.`.
    pub job: String,
    /// Folder of the config file.
    pub config_dir: PathBuf,
    /// Folder of the state; `.scimulate` beside the file unless it was given.
    pub state_dir: PathBuf,
    /// `[target]`.
    pub target: TargetSettings,
    /// `[source]`.
    pub source: SourceSettings,
    /// `[provisioning]`.
    pub provisioning: ProvisioningSettings,
    /// `[quarantine]`.
    pub quarantine: QuarantineSettings,
    /// `[escrow]`.
    pub escrow: EscrowSettings,
    /// `[notification]`.
    pub notification: NotificationSettings,
    /// `[log]`.
    pub log: LogSettings,
    /// What is allowed but probably not meant.
    pub warnings: Vec<Diagnostic>,
}

/// What is kept of what was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogSettings {
    /// How long entries are kept, 30 days unless it was given; `None` keeps them for good.
    pub keep: Option<Duration>,
    /// Whether names and values of people are kept.
    pub personal_data: bool,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { keep: Some(Duration::from_hours(30 * 24)), personal_data: true }
    }
}

/// Where to: the SCIM endpoint and how it is talked to.
#[derive(Debug, Clone)]
pub struct TargetSettings {
    /// The built-in endpoint or another one.
    pub tenant: Tenant,
    /// Where the secret token is.
    pub token: TokenSource,
    /// `[target.oauth]`: access tokens are asked for instead.
    pub oauth: Option<OAuthSettings>,
    /// What the endpoint is expected to be, where the file says it; else the mapping decides.
    pub profile: Option<Profile>,
    /// Requests per second; `None` is unlimited. 25 for a remote endpoint unless it was given.
    pub rate: Option<f64>,
    /// Requests under way at once, at least 1.
    pub concurrency: usize,
    /// How long one request may take.
    pub timeout: Duration,
    /// PEM file of further certificate authorities.
    pub ca_file: Option<PathBuf>,
    /// HTTP proxy; the usual environment variables apply where it is `None`.
    pub proxy: Option<Url>,
    /// Headers that are added to every request, or replace what is sent by default.
    pub headers: Vec<(String, String)>,
    /// `User-Agent`; the service sends none.
    pub user_agent: Option<String>,
    /// Whether plain http to other machines was allowed.
    pub allow_http: bool,
    /// Whether a 429 waits as long as the endpoint asks for.
    pub honour_retry_after: bool,
    /// Whether the endpoint can deactivate accounts; otherwise leavers are deleted.
    pub soft_delete: bool,
}

/// How access tokens are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthSettings {
    /// Where.
    pub token_endpoint: TokenEndpoint,
    /// As whom.
    pub client_id: String,
    /// Where the client secret is; never `None`.
    pub client_secret: TokenSource,
    /// For what, blanks between several.
    pub scope: Option<String>,
    /// How id and secret are sent.
    pub client_authentication: ClientAuthentication,
}

/// The endpoint: built in or remote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tenant {
    /// The endpoint inside this process.
    Embedded {
        /// Dialect that the flags chose.
        dialect: Dialect,
        /// Flags that nobody knows, each with the known one that it resembles.
        misspelt_flags: Vec<(String, &'static str)>,
    },
    /// An endpoint behind a URL.
    Remote(TenantUrl),
}

impl Tenant {
    /// The dialect that the tenant URL's flags chose.
    pub fn dialect(&self) -> Dialect {
        match self {
            Self::Embedded { dialect, .. } => *dialect,
            Self::Remote(url) => url.dialect(),
        }
    }

    /// Flags that nobody knows, each with the known one that it resembles.
    pub fn misspelt_flags(&self) -> Vec<(String, &'static str)> {
        match self {
            Self::Embedded { misspelt_flags, .. } => misspelt_flags.clone(),
            Self::Remote(url) => url.misspelt_flags().map(|(flag, known)| (flag.to_owned(), known)).collect(),
        }
    }
}

/// The tenant URL without flags, or `embedded`.
impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded { .. } => f.write_str("embedded"),
            Self::Remote(url) => url.fmt(f),
        }
    }
}

/// Where the secret token is; never the token itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenSource {
    /// Name of an environment variable.
    Env(String),
    /// A file that holds nothing else.
    File(PathBuf),
    /// No token: only the built-in endpoint can be the target.
    None,
}

/// What kind of endpoint the target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// WEDO's documented endpoint: users only, `userName` alone is filterable.
    Wedo,
    /// Any SCIM endpoint.
    Scim,
}

impl Profile {
    /// As in the file: `wedo`, `scim`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wedo => "wedo",
            Self::Scim => "scim",
        }
    }
}

/// Where from: the files of the export. Each is a file, a folder of pages, or a glob.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceSettings {
    /// Users.
    pub users: PathBuf,
    /// Users in the recycle bin.
    pub deleted_users: Option<PathBuf>,
    /// Groups.
    pub groups: Option<PathBuf>,
    /// Manifest or service principal of the application.
    pub application: Option<PathBuf>,
    /// Assignments to the application; always there for [`Scope::Assigned`].
    pub assignments: Option<PathBuf>,
    /// Group members as a list of their own.
    pub members: Option<PathBuf>,
    /// Managers of users as a list.
    pub managers: Option<PathBuf>,
    /// Folder of the export's later states, each with the files that differ.
    pub timeline: Option<PathBuf>,
    /// Default domain of the tenant.
    pub default_domain: Option<String>,
    /// The tenant.
    pub tenant_id: Option<Uuid>,
    /// Share of known objects, from 0 to 1, that a read may lack before the run stops.
    pub max_missing: f64,
}

/// How: mapping, scope and behaviour.
#[derive(Debug, Clone, PartialEq)]
pub struct ProvisioningSettings {
    /// Where the synchronization schema comes from.
    pub mapping: Mapping,
    /// Who is looked at.
    pub scope: Scope,
    /// Whether *Default Access* alone entitles.
    pub default_access: DefaultAccess,
    /// Whether those who leave the scope are left alone.
    pub skip_out_of_scope_deletions: bool,
    /// *Target object actions*; `None` leaves them to the mapping.
    pub actions: Option<Actions>,
    /// Whether groups and their memberships are provisioned; `None` leaves it to the mapping.
    pub groups: Option<bool>,
    /// How many members one PATCH of a group adds or removes, at least 1.
    pub members_per_patch: usize,
    /// References whose object is linked only later.
    pub late_references: LateReferences,
    /// Whether the target is asked for a reference before it is written.
    pub reference_queries: bool,
    /// *Prevent accidental deletion*: disables and deletes of a cycle above this number are held
    /// back; `None` is off.
    pub prevent_accidental_deletions: Option<u64>,
    /// Retries of a failed request within the cycle.
    pub retries: u32,
    /// Source objects that share a matching value.
    pub duplicates: Duplicates,
    /// Linked accounts that are gone from the target.
    pub vanished: Vanished,
    /// Whether regular expressions of scoping filters have to match the whole value.
    pub anchor_scope_regex: bool,
    /// Time from the start of one cycle to the next.
    pub interval: Duration,
    /// Scoping filters on top of the mapping's own.
    pub scoping_filters: Vec<ScopingFilter>,
}

/// Where the synchronization schema comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mapping {
    /// A built-in template by name.
    Template(String),
    /// A schema file downloaded from the portal or Graph.
    File(PathBuf),
}

/// What happens to source objects that share a matching value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duplicates {
    /// All but the first fail.
    Fail,
    /// The later ones are linked to the same account.
    Link,
}

/// What happens when a linked account is gone from the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vanished {
    /// The object fails with `InvalidAnchor`, as in the service.
    Fail,
    /// The link is dropped and the object matched again.
    Rematch,
}

/// What happens to a reference whose object gets its link only after the referring one was
/// provisioned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LateReferences {
    /// It stays away until a restart or a change of the referring object, as in the service.
    Restart,
    /// It is sent as soon as the object is linked.
    Resolve,
}

/// When failures slow a job down, and when they end it.
///
/// Nothing happens below `min_failures`. (Microsoft, *Application provisioning in quarantine
/// status*.)
#[derive(Debug, Clone, PartialEq)]
pub struct QuarantineSettings {
    /// Failures that it takes for the other thresholds to count.
    pub min_failures: u64,
    /// Share of events, from 0 to 1, above which failures quarantine the job.
    pub proportion: f64,
    /// Number of failures, those of references aside, above which the job is quarantined.
    pub max_failures: u64,
    /// Number of failures of every kind above which the job is quarantined.
    pub max_all: u64,
    /// Time from the first cycle in quarantine to the next; `None` is the job's interval.
    pub first_interval: Option<Duration>,
    /// The time that intervals in quarantine grow up to.
    pub longest_interval: Duration,
    /// Time in quarantine after which the job is disabled.
    pub disable_after: Duration,
}

/// When failed objects are tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EscrowSettings {
    /// Times after the first failure, ascending, at least one; the last one repeats. The next cycle
    /// is a try of its own before all of them.
    pub schedule: Vec<Duration>,
    /// Time after the first failure at which the object is given up.
    pub prune_after: Duration,
}

/// Who is told when a job goes into quarantine, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NotificationSettings {
    /// *Notification Email*.
    pub email: Option<String>,
    /// *Send an email notification when a failure occurs*.
    pub on_failure: bool,
    /// Whom messages are from, where the file says it: in `from`, or by a user name that is an address.
    pub from: Option<String>,
    /// The mail server; without one messages are files in the outbox.
    pub smtp: Option<MailServer>,
}

/// A mail server that takes messages by SMTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailServer {
    /// Name or address, of IPv6 without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
    /// When the connection is encrypted.
    pub tls: MailTls,
    /// PEM file of further certificate authorities.
    pub ca_file: Option<PathBuf>,
    /// User name, and where the password is.
    pub login: Option<(String, TokenSource)>,
}

/// When the connection to a mail server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailTls {
    /// Before anything is said: `smtps://`.
    FromStart,
    /// By STARTTLS, before anything is sent.
    Required,
    /// By STARTTLS if the server has it: on this machine alone.
    IfOffered,
}

/// One `[[provisioning.scoping_filter]]`: all clauses hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopingFilter {
    /// *Scoping Filter Title*.
    pub title: String,
    /// Clauses, AND-ed; at least one.
    pub clauses: Vec<Clause>,
}

/// One clause of a scoping filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// Source attribute in the schema's spelling.
    pub attribute: String,
    /// Operator in the documented spelling: `EQUALS`, `REGEX MATCH` …
    pub operator: &'static str,
    /// Operand; none for unary operators.
    pub value: Option<String>,
}
