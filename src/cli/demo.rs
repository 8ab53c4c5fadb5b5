//! `scimulate demo`.

mod script;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Parser as _;

use super::args::{Cli, Command, Global};
use super::context::Context;
use super::error::Error;
use super::exit::Exit;
use super::job::{Connection, Job, Narrowed, seed};
use super::main::dispatch;
use super::plan::{dry_run, planned};
use super::progress::Progress;
use super::run::{Work, ended, one_cycle, refuse};
use super::runtime::{Interrupt, block_on};
use super::scenario;
use crate::base::{Diagnostic, Random};
use crate::client::test_connection;
use crate::clock::Clock;
use crate::config::{self, FILE_NAME, Overrides, Tenant};
use crate::engine::{Processed, Sink, Verify};
use crate::event::{CycleKind, Event, Summary};
use crate::plan::ActionKind;
use crate::report::{self, count, dim, heading, status_text};
use crate::schema::ObjectKind;
use crate::scim::Resource;
use crate::target::{Endpoint, Storage};
use script::Script;

/// Shows everything once: endpoint, test connection, plan and two cycles
///
/// Plays the Contoso scenario that is compiled into the program, in a temporary folder: no file, no
/// network and no config is needed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Play the scenario in this folder instead, in virtual time: a config with its export, `cycle-2` and so on
    #[arg(value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}

/// The Contoso scenario.
const CONTOSO: &[(&str, &str)] = &[
    (FILE_NAME, include_str!("../../fixtures/contoso/scimulate.toml")),
    ("users.json", include_str!("../../fixtures/contoso/users.json")),
    ("deleted.json", include_str!("../../fixtures/contoso/deleted.json")),
    ("groups.json", include_str!("../../fixtures/contoso/groups.json")),
    ("application.json", include_str!("../../fixtures/contoso/application.json")),
    ("appRoleAssignedTo.json", include_str!("../../fixtures/contoso/appRoleAssignedTo.json")),
    ("cycle-2/users.json", include_str!("../../fixtures/contoso/cycle-2/users.json")),
    ("cycle-2/deleted.json", include_str!("../../fixtures/contoso/cycle-2/deleted.json")),
    ("cycle-2/groups.json", include_str!("../../fixtures/contoso/cycle-2/groups.json")),
    ("cycle-2/appRoleAssignedTo.json", include_str!("../../fixtures/contoso/cycle-2/appRoleAssignedTo.json")),
];

/// Objects of a plan that are shown in full.
const SHOWN: usize = 3;

/// Runs the command.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Error> {
    let folder = tempfile::Builder::new().prefix("scimulate-demo-").tempdir().context("no temporary folder")?;
    match &args.dir {
        Some(dir) => copy_scenario(dir, folder.path())?,
        None => write_contoso(folder.path())?,
    }
    let exit = play(args, folder.path(), context)?;
    folder.close().context("the temporary folder can't be removed")?;
    Ok(exit)
}

fn write_contoso(folder: &Path) -> Result<(), Error> {
    std::fs::create_dir(folder.join("cycle-2")).context("the scenario can't be written")?;
    for (name, text) in CONTOSO {
        std::fs::write(folder.join(name), text).context("the scenario can't be written")?;
    }
    Ok(())
}

/// Copies the scenario, so that the demo leaves nothing behind in its folder.
fn copy_scenario(from: &Path, to: &Path) -> Result<(), Error> {
    if !from.join(FILE_NAME).is_file() {
        let text = format!("there is no {FILE_NAME} in {}", from.display());
        return Err(Diagnostic::error(text)
            .with_hint("name the folder of a scenario, such as fixtures/leavers")
            .into());
    }
    copy(from, to).with_context(|| format!("the scenario {} can't be copied", from.display()))?;
    Ok(())
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            let name = entry.file_name();
            if name == "expected" || name == config::STATE_DIR {
                continue;
            }
            std::fs::create_dir_all(&target)?;
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn play(args: &Args, folder: &Path, context: &Context) -> Result<Exit, Error> {
    let settings = config::load(&folder.join(FILE_NAME), &Overrides::default())?;
    if let Tenant::Remote(url) = &settings.target.tenant {
        let text = format!("the scenario's target is {url}, but a demo only writes to the built-in endpoint");
        return Err(Diagnostic::error(text).with_hint("leave tenant_url out of its config").into());
    }
    let narrowed = Narrowed { verify: Verify::On, ..Narrowed::default() };
    let job = Job::from_settings(settings, narrowed, context)?;
    let script = args.dir.as_ref().map(|_| Script::read(folder)).transpose()?;
    if let (Some(dir), Some(period)) = (&args.dir, script.as_ref().and_then(|script| script.simulate.as_ref())) {
        return simulate(dir, &period.command(), folder, context);
    }
    let clock = script.as_ref().map_or_else(Clock::real, |script| Clock::starting_at(script.start()));
    let connection = job.connect_embedded(Storage::memory(), &clock)?;
    if let Some(endpoint) = &connection.endpoint {
        scenario::prepare(endpoint, folder)?;
    }
    let stage = Stage { job, script, clock, connection, context };
    block_on(stage.play(args, folder))
}

/// Plays a scenario over a timeline: months of cycles in virtual time, as the command does that is named.
fn simulate(dir: &Path, line: &str, folder: &Path, context: &Context) -> Result<Exit, Error> {
    let printer = &context.printer;
    printer.sentences(&format!("This is the scenario {}. Nothing leaves this machine.\n", dir.display()))?;
    printer.sentences(&format!("$ scimulate {line}"))?;
    printer.flush()?;
    let context = context_of(folder, context);
    let ended = dispatch(parse(line)?, &context);
    context.printer.flush()?;
    match ended? {
        // A job that stands still, and objects that fail, are part of the story.
        Exit::JobHeld | Exit::ObjectsFailed => Ok(Exit::Done),
        exit => Ok(exit),
    }
}

/// What the demo plays with.
struct Stage<'a> {
    job: Job,
    /// None for Contoso, which is played in the present.
    script: Option<Script>,
    clock: Clock,
    connection: Connection,
    context: &'a Context,
}

impl Stage<'_> {
    async fn play(&self, args: &Args, folder: &Path) -> Result<Exit, Error> {
        let interrupt = Interrupt::listen()?;
        let mut random = Random::seeded(seed(self.clock.origin()));
        let what = match &args.dir {
            Some(dir) => format!("the scenario {}", dir.display()),
            None => {
                "Contoso, a tenant of 64 people and a SCIM endpoint like WEDO's, both inside this program".to_owned()
            }
        };
        self.say(&format!("This is {what}. Nothing leaves this machine.\n"))?;

        self.title("1. Test connection")?;
        let attribute = &self.job.rules.users.attributes[self.job.rules.users.matching[0]].target.name;
        let report = test_connection(&self.connection.client, attribute, random.guid()).await;
        for exchange in &report.exchanges {
            let status = status_text(exchange.status);
            self.say(&format!("{} {} → {status}", exchange.request.method, exchange.request.path))?;
        }
        self.say(&format!("{}. {}\n", report.verdict.title(), report.verdict.explanation()))?;

        self.title("2. Plan: what a first cycle would do, and why")?;
        self.plan(&interrupt, &mut random).await?;

        let mut number = 1;
        loop {
            let (kind, when) = match (number, &self.script) {
                (1, None) => ("Initial cycle", String::new()),
                (_, None) => ("Incremental cycle, over the next export", String::new()),
                (1, Some(_)) => ("Initial cycle", format!(", {:.0}", self.clock.now())),
                (_, Some(_)) => ("Next cycle", format!(", {:.0}", self.clock.now())),
            };
            self.title(&format!("{}. {kind}{when}", number + 2))?;
            self.pull_levers(number, folder)?;
            let exit = self.cycle(&interrupt, &mut random).await?;
            self.say("")?;
            if let Some(exit) = exit {
                return Ok(exit);
            }
            number += 1;
            let next = folder.join(format!("cycle-{number}"));
            if !next.is_dir() {
                break;
            }
            copy(&next, folder).context("the next export can't be copied")?;
            if let Some(endpoint) = &self.connection.endpoint {
                scenario::prepare(endpoint, &next)?;
            }
            if let Some(script) = &self.script {
                self.clock.sleep_until(script.instant(number)?).await;
            }
        }
        if let Some(endpoint) = &self.connection.endpoint {
            self.say(&format!("{}\n", holdings(endpoint)?))?;
        }
        self.title("What to try next")?;
        self.say("scimulate init my-job        a commented config and a sample export")?;
        self.say("scimulate plan --offline     who would be provisioned, and why others aren't")?;
        self.say("scimulate serve              the endpoint on a port, for `scimulate run`")?;
        self.say("scimulate test-connection    before go-live, against the real endpoint")?;
        Ok(Exit::Done)
    }

    async fn plan(&self, interrupt: &Interrupt, random: &mut Random) -> Result<(), Error> {
        let export = self.job.open_export(self.context)?;
        let cycle = self.job.cycle(export, self.connection.client.clone(), &self.clock);
        let options = dry_run(&self.job, &self.clock, interrupt);
        let mut excerpt = Excerpt::default();
        let (_, result) = cycle.run(None, &options, random, &mut excerpt).await;
        match result.map_err(|error| ended(error, interrupt)) {
            Ok(_) => {}
            Err(error) if is_told(&error) => {
                self.tell(&error);
                return self.say("");
            }
            Err(error) => return Err(error),
        }
        self.context.printer.text(&excerpt.text)?;
        match excerpt.left_out {
            0 => self.say("")?,
            more => self.say(&dim(format_args!("… and {more} more\n")))?,
        }
        self.say(&report::plan_summary(&excerpt.summary))?;
        if let Some(estimate) = report::plan_estimate(CycleKind::Initial, &excerpt.summary) {
            self.say(&estimate)?;
        }
        self.say("")
    }

    async fn cycle(&self, interrupt: &Interrupt, random: &mut Random) -> Result<Option<Exit>, Error> {
        let export = self.job.open_export(self.context)?;
        let mut store = self.job.open_store(&export)?;
        self.job.bind(&mut store, &export)?;
        let work = Work {
            job: &self.job,
            export,
            client: self.connection.client.clone(),
            clock: &self.clock,
            planned: None,
            whole: true,
            concurrency: self.job.settings.target.concurrency,
            evaluated_at: None,
        };
        // A job that stands still is part of the story.
        if let Err(error) = refuse(&self.job, &store, self.clock.now()) {
            self.tell(&error);
            return Ok(interrupt.exit());
        }
        let mut view = Progress::new(self.context, &self.clock);
        match one_cycle(&work, store, interrupt, random, &mut view, None).await?.1 {
            Ok(ended) => ended.notice.iter().for_each(|notice| self.context.printer.diagnostic(notice)),
            Err(error) if is_told(&error) => self.tell(&error),
            Err(error) => return Err(error),
        }
        Ok(interrupt.exit())
    }

    /// Runs the commands that the scenario has before a cycle.
    fn pull_levers(&self, number: usize, folder: &Path) -> Result<(), Error> {
        for line in self.script.iter().flat_map(|script| script.before(number)) {
            self.say(&format!("$ scimulate {line}"))?;
            self.context.printer.flush()?;
            let mut command = parse(line)?;
            if let Command::AllowDeletes(args) = &mut command {
                args.now.get_or_insert_with(|| self.clock.now());
            }
            let context = context_of(folder, self.context);
            let ended = tokio::task::block_in_place(|| dispatch(command, &context));
            context.printer.flush()?;
            if let Err(error) = ended {
                self.tell(&error);
            }
        }
        Ok(())
    }

    fn tell(&self, error: &Error) {
        error.diagnostics().iter().for_each(|diagnostic| self.context.printer.diagnostic(diagnostic));
    }

    fn title(&self, text: &str) -> Result<(), Error> {
        self.say(&heading(text))
    }

    fn say(&self, text: &str) -> Result<(), Error> {
        Ok(self.context.printer.sentences(text)?)
    }
}

/// A command of the scenario.
fn parse(line: &str) -> Result<Command, Error> {
    let words = ["scimulate"].into_iter().chain(line.split_whitespace());
    let typed =
        Cli::try_parse_from(words).map_err(|error| Diagnostic::error(format!("`{line}` of the scenario: {error}")))?;
    Ok(typed.command)
}

/// What a command of the scenario runs with.
fn context_of(folder: &Path, context: &Context) -> Context {
    let global = Global { config: Some(folder.join(FILE_NAME)), state: None, job: None, ..context.global.clone() };
    Context::new(global)
}

/// Whether a failure is what the scenario is about: a target that refuses, an export that lacks too much.
fn is_told(error: &Error) -> bool {
    matches!(error.exit(), Exit::Unreachable | Exit::Usage)
}

/// What the endpoint came to hold.
fn holdings(endpoint: &Endpoint) -> Result<String, Error> {
    let accounts = endpoint.resources()?;
    let is_inactive = |account: &&Resource| account.get("active") == Some(&serde_json::Value::Bool(false));
    let inactive = accounts.iter().filter(is_inactive).count();
    let groups = match endpoint.groups()?.len() {
        0 => String::new(),
        groups => format!(", and {}", count(groups as u64, "group")),
    };
    Ok(format!(
        "The endpoint now holds {}, {inactive} of them deactivated{groups}.",
        count(accounts.len() as u64, "account")
    ))
}

/// A few objects of a plan: the first creations of users and of groups, and one of each other kind.
#[derive(Default)]
struct Excerpt {
    text: String,
    left_out: u64,
    created: Vec<ObjectKind>,
    reasons: Vec<String>,
    summary: Summary,
}

impl Sink for Excerpt {
    fn event(&mut self, _: &Event) {}

    fn processed(&mut self, processed: &Processed) {
        let record = &processed.record;
        self.summary.add_record(record);
        let reason = record.reason.to_string();
        let is_creation = record.action == ActionKind::Create;
        let show = if is_creation {
            self.created.push(record.kind);
            self.created.iter().filter(|kind| **kind == record.kind).count() <= SHOWN
        } else {
            !self.reasons.contains(&reason)
        };
        if show {
            self.reasons.push(reason);
            let requests = is_creation && self.created.len() == 1;
            self.text.push_str(&report::planned_object(&planned(processed), requests));
        } else {
            self.left_out += 1;
        }
    }
}
