//! The notifications of a run: made of what the engine says, delivered, and what became of them told.

use crate::base::{Diagnostic, JobId, Timestamp};
use crate::cli::context::Context;
use crate::cli::error::Error;
use crate::cli::job::Job;
use crate::cli::progress::Progress;
use crate::config::{self, MailServer, MailTls, NotificationSettings, ProcessEnvironment, Tenant};
use crate::notify::{Delivery, Happened, Login, Mailer, MailerOptions, Notice, Smtp, SmtpTls};
use crate::report::count;
use crate::store::JobState;

/// Folder of the outbox in the state folder.
const OUTBOX: &str = "outbox";
/// Reason of a job that was disabled.
const DISABLED: &str = "Disabled";

/// Delivers the notifications of a job, if anybody is to be told.
pub(crate) struct Notifications<'a> {
    job: &'a Job,
    context: &'a Context,
    to: String,
    mailer: Option<Mailer>,
    /// Whether time is virtual: then nothing is mailed.
    is_simulated: bool,
}

impl<'a> Notifications<'a> {
    /// Reads the password of the mail server; nothing is contacted.
    pub(crate) fn new(job: &'a Job, is_simulated: bool, context: &'a Context) -> Result<Self, Error> {
        let settings = &job.settings.notification;
        let to = settings.email.clone().filter(|_| settings.on_failure);
        let options = match &to {
            None => None,
            Some(to) => {
                let server = settings.smtp.as_ref().filter(|_| !is_simulated);
                let smtp = server.map(|server| smtp(server, context)).transpose()?;
                let outbox = job.settings.state_dir.join(OUTBOX);
                Some(MailerOptions { from: from(settings, to), to: to.clone(), smtp, outbox })
            }
        };
        let mailer = options.map(Mailer::new).transpose().map_err(|error| {
            Diagnostic::error(error.to_string())
                .with_hint(format!("set `{}` in [notification] to one address and nothing else", error.key()))
        })?;
        Ok(Self { job, context, to: to.unwrap_or_default(), mailer, is_simulated })
    }

    /// Delivers what a cycle had to tell. Whatever becomes of it is said, and changes nothing else.
    pub(crate) async fn deliver(&mut self, view: &mut Progress<'_>, job_id: &JobId, state: &JobState, now: Timestamp) {
        let Some(mailer) = &mut self.mailer else { return };
        for (reason, message) in view.take_notifications() {
            let notice = Notice {
                happened: happened(&reason, state, self.job),
                reason,
                message,
                job: self.job.settings.job.clone(),
                job_id: job_id.clone(),
                target: host(&self.job.settings.target.tenant),
                at: now,
                cycle: view.cycle().cloned(),
                program: match &self.context.global.job {
                    Some(name) => format!("scimulate --job {name}"),
                    None => "scimulate".to_owned(),
                },
                is_simulated: self.is_simulated,
            };
            let delivery = mailer.deliver(&notice).await;
            tell(&delivery, &self.to, mailer.server().as_deref(), self.is_simulated, self.context);
        }
    }

    /// Delivers what waits for the mail server since an earlier cycle.
    pub(crate) async fn deliver_waiting(&mut self, now: Timestamp) {
        let Some(mailer) = &mut self.mailer else { return };
        let taken = mailer.deliver_waiting(&self.job.settings.job, now).await;
        if taken > 0 {
            let notifications = count(taken as u64, "notification");
            self.context.printer.talk(format_args!("The mail server has now taken {notifications} that had to wait."));
        }
    }
}

fn happened(reason: &str, state: &JobState, job: &Job) -> Happened {
    match state {
        JobState::Quarantine { since, attempts, next_attempt, .. } => Happened::Quarantined {
            again: *attempts > 1,
            next_attempt: *next_attempt,
            disabled_at: since.checked_add(job.policy.quarantine.disable_after).unwrap_or(Timestamp::MAX),
        },
        JobState::Disabled => Happened::Disabled,
        _ if reason == DISABLED => Happened::Disabled,
        JobState::NotRun | JobState::Active | JobState::Paused => Happened::Paused,
    }
}

fn host(tenant: &Tenant) -> Option<String> {
    match tenant {
        Tenant::Embedded { .. } => None,
        Tenant::Remote(url) => url.url().host_str().map(str::to_owned),
    }
}

/// Whom messages are from: as configured, else the program at the domain of who is told.
fn from(settings: &NotificationSettings, to: &str) -> String {
    let domain = to.rsplit_once('@').map_or(to, |(_, domain)| domain);
    settings.from.clone().unwrap_or_else(|| format!("scimulate@{domain}"))
}

fn smtp(server: &MailServer, context: &Context) -> Result<Smtp, Error> {
    let login = match &server.login {
        None => None,
        Some((username, source)) => {
            let password = config::smtp_password(source, &ProcessEnvironment)?;
            password.warnings.iter().for_each(|warning| context.printer.diagnostic(warning));
            password.secret.map(|password| Login { username: username.clone(), password })
        }
    };
    let tls = match server.tls {
        MailTls::FromStart => SmtpTls::FromStart,
        MailTls::Required => SmtpTls::Required,
        MailTls::IfOffered => SmtpTls::IfOffered,
    };
    Ok(Smtp { host: server.host.clone(), port: server.port, tls, ca_file: server.ca_file.clone(), login })
}

fn tell(delivery: &Delivery, to: &str, server: Option<&str>, is_simulated: bool, context: &Context) {
    let printer = &context.printer;
    let server = server.unwrap_or("the mail server");
    let warning = match delivery {
        Delivery::Sent => return printer.detail(format_args!("{server} has taken the notification to {to}.")),
        Delivery::Kept(path) if is_simulated => {
            return printer.detail(format_args!("The notification to {to} is in {}.", path.display()));
        }
        Delivery::Kept(path) => return printer.talk(format_args!("The notification is in {}.", path.display())),
        Delivery::Failed { error, kept } => {
            let kept = match kept {
                Ok(path) => format!("it waits in {} and is tried again after the next cycles", path.display()),
                Err(error) => format!("nor could it be written to the outbox ({error}): what it says stands above"),
            };
            Diagnostic::warning(format!("the notification to {to} couldn't be sent by {server}: {error}"))
                .with_hint(format!("{}; {kept}", error.hint()))
        }
        Delivery::Lost(error) => {
            Diagnostic::warning(format!("the notification to {to} can't be written to the outbox: {error}"))
                .with_hint("what it says stands above; make room in the state folder, or let it be written to")
        }
    };
    printer.diagnostic(&warning);
}
