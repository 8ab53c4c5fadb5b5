//! The notifications of a run: made of what the engine says, delivered, and what became of them told.

use std::path::PathBuf;

use crate::base::{Diagnostic, JobId, Timestamp};
use crate::cli::args::Global;
use crate::cli::context::Context;
use crate::cli::error::Error;
use crate::cli::job::Job;
use crate::cli::progress::Progress;
use crate::cli::runtime::Interrupt;
use crate::config::{self, MailServer, MailTls, NotificationSettings, ProcessEnvironment, Tenant};
use crate::notify::{Delivery, Happened, Login, Mailer, MailerOptions, Notice, Posted, Smtp, SmtpTls};
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
    /// In the outbox, and not delivered yet.
    posted: Vec<Posted>,
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
        Ok(Self { job, context, to: to.unwrap_or_default(), mailer, posted: Vec::new(), is_simulated })
    }

    /// Writes what a cycle had to tell into the outbox. The state says already that it was told, so this comes before
    /// anything that takes time or may fail. What can't be read of the state isn't in the message.
    pub(crate) async fn post(
        &mut self,
        view: &mut Progress<'_>,
        job_id: &JobId,
        state: Option<JobState>,
        now: Timestamp,
    ) {
        let Some(mailer) = &self.mailer else { return };
        for (reason, message) in view.take_notifications() {
            let notice = Notice {
                happened: happened(&reason, state.as_ref(), self.job),
                reason,
                message,
                job: self.job.settings.job.clone(),
                job_id: job_id.clone(),
                target: host(&self.job.settings.target.tenant),
                at: now,
                cycle: view.cycle().cloned(),
                program: program(&self.context.global),
                in_any_folder: self.context.global.config.is_some(),
                is_simulated: self.is_simulated,
            };
            self.posted.push(mailer.post(&notice).await);
        }
    }

    /// Delivers what was written. Whatever becomes of it is said, and changes nothing else.
    pub(crate) async fn deliver(&mut self) {
        let Some(mailer) = &mut self.mailer else { return };
        for posted in self.posted.drain(..) {
            let delivery = mailer.deliver(posted).await;
            tell(&delivery, &self.to, mailer.server().as_deref(), self.is_simulated, self.context);
        }
    }

    /// Delivers what waits for the mail server since an earlier cycle, whether another one may run or not. A signal
    /// ends it.
    pub(crate) async fn deliver_waiting(&mut self, now: Timestamp, interrupt: &Interrupt) {
        let Some(mailer) = &mut self.mailer else { return };
        let taken = tokio::select! {
            taken = mailer.deliver_waiting(&self.job.settings.job, now) => taken,
            () = interrupt.token().cancelled_owned() => return,
        };
        if taken > 0 {
            let notifications = count(taken as u64, "notification");
            self.context.printer.talk(format_args!("The mail server has now taken {notifications} that had to wait."));
        }
    }
}

fn happened(reason: &str, state: Option<&JobState>, job: &Job) -> Happened {
    let Some(state) = state else {
        return if reason == DISABLED { Happened::Disabled } else { Happened::Unknown };
    };
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

/// How the program is called so that it means this job.
fn program(global: &Global) -> String {
    let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone()).display().to_string();
    let arguments = [
        ("--config", global.config.as_ref().map(absolute)),
        ("--state", global.state.as_ref().map(absolute)),
        ("--job", global.job.clone()),
    ];
    let given = arguments.into_iter().filter_map(|(name, value)| Some(format!(" {name} {}", quoted(&value?))));
    std::iter::once("scimulate".to_owned()).chain(given).collect()
}

/// An argument as a shell takes it for one.
fn quoted(argument: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./:@%+,=".contains(c) || (cfg!(windows) && c == '\\');
    if !argument.is_empty() && argument.chars().all(is_plain) {
        argument.to_owned()
    } else if cfg!(windows) {
        format!("\"{argument}\"")
    } else {
        format!("'{}'", argument.replace('\'', r"'\''"))
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
                Ok(path) => {
                    format!("it waits in {}; runs try it again, before their cycles and between them", path.display())
                }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn arguments_as_a_shell_takes_them() {
        for (argument, expected) in [
            ("/etc/wedo.toml", "/etc/wedo.toml"),
            ("/home/ann/my job/scimulate.toml", "'/home/ann/my job/scimulate.toml'"),
            ("it's; rm $HOME", r"'it'\''s; rm $HOME'"),
            ("Zürich-人事", "Zürich-人事"),
            ("~ann", "'~ann'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(argument), expected);
        }
    }
}
