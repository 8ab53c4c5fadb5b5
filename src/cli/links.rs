//! `scimulate links`: which account belongs to which object.

use serde_json::json;

use super::context::Context;
use super::error::Error;
use super::exit::Exit;
use super::job::holder;
use super::lever::{existing, held, known, object_json};
use super::table::{Align, table};
use crate::base::Diagnostic;
use crate::clock::Clock;
use crate::report::FORMAT_VERSION;
use crate::schema::ObjectKind;
use crate::store::{JobState, Link};

/// Shows and deletes links between objects and accounts
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    Get(GetArgs),
    List(ListArgs),
    Delete(DeleteArgs),
}

/// Shows the link of an object
#[derive(Debug, clap::Args)]
pub(crate) struct GetArgs {
    /// User principal name, display name of a group, id of the object or of the account
    #[arg(value_name = "NAME|ID")]
    pub(crate) name: String,
}

/// Lists links by name
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// Only those of users
    #[arg(long, conflicts_with = "groups")]
    pub(crate) users: bool,
    /// Only those of groups
    #[arg(long)]
    pub(crate) groups: bool,
}

/// Forgets a link; source and target stay as they are
///
/// The job has to be paused or disabled. The next cycle matches the object afresh. Deleting a link
/// that isn't there is no failure.
#[derive(Debug, clap::Args)]
pub(crate) struct DeleteArgs {
    /// User principal name, display name of a group, id of the object or of the account
    #[arg(value_name = "NAME|ID")]
    pub(crate) name: String,
}

/// Runs the command.
pub(crate) fn run(command: &Command, context: &Context) -> Result<Exit, Error> {
    match command {
        Command::Get(args) => get(args, context),
        Command::List(args) => list(args, context),
        Command::Delete(args) => delete(args, context),
    }
}

fn get(args: &GetArgs, context: &Context) -> Result<Exit, Error> {
    let settings = context.settings()?;
    let store = known(&settings)?;
    let links = store.map_or_else(|| Ok(Vec::new()), |store| store.find_link(&args.name))?;
    if links.is_empty() {
        let error = Diagnostic::error(format!("nothing is linked that is called {:?}", args.name));
        return Err(error.with_hint("`scimulate links list` shows what is").into());
    }
    show(&links, context)
}

fn list(args: &ListArgs, context: &Context) -> Result<Exit, Error> {
    let settings = context.settings()?;
    let kind = match (args.users, args.groups) {
        (true, _) => Some(ObjectKind::User),
        (false, true) => Some(ObjectKind::Group),
        (false, false) => None,
    };
    let store = known(&settings)?;
    let links = store.map_or_else(|| Ok(Vec::new()), |store| store.links(kind))?;
    if links.is_empty() {
        context.printer.talk("Nothing is linked.");
    }
    show(&links, context)
}

fn show(links: &[Link], context: &Context) -> Result<Exit, Error> {
    let printer = &context.printer;
    if printer.is_human() {
        let row = |link: &Link| {
            [link.kind.as_str().to_owned(), link.name.clone(), link.source_id.to_string(), link.target_id.to_string()]
        };
        printer.text(&table(&[Align::Left; 4], &links.iter().map(row).collect::<Vec<_>>()))?;
    } else {
        let links: Vec<_> = links.iter().map(link_json).collect();
        printer.json(&json!({ "formatVersion": FORMAT_VERSION, "links": links }))?;
    }
    Ok(Exit::Done)
}

fn delete(args: &DeleteArgs, context: &Context) -> Result<Exit, Error> {
    let settings = context.settings()?;
    let mut deleted = None;
    if let Some(mut store) = existing(&settings)? {
        let state = store.job_state()?;
        if !matches!(state, JobState::Paused | JobState::Disabled) {
            let stands = state.described();
            let text = format!("the job is {stands}: links are deleted only while it is paused or disabled");
            return Err(held(text, "`scimulate pause`, delete the link, then `scimulate start`"));
        }
        let lock = store.lock(&holder(Clock::real().now()))?;
        let mut links = store.find_link(&args.name)?;
        if links.len() > 1 {
            let ids: Vec<_> = links.iter().map(|link| link.source_id.to_string()).collect();
            let text = format!("{:?} names {} links: {}", args.name, links.len(), ids.join(", "));
            return Err(Diagnostic::error(text).with_hint("name one of them by its id").into());
        }
        if let Some(link) = links.pop() {
            store.delete_link(&link)?;
            deleted = Some(link);
        }
        drop(lock);
    }
    let printer = &context.printer;
    if !printer.is_human() {
        let links: Vec<_> = deleted.iter().map(link_json).collect();
        printer.json(&json!({ "formatVersion": FORMAT_VERSION, "deleted": links }))?;
    }
    match &deleted {
        Some(Link { name, target_id, .. }) => printer.talk(format_args!(
            "The link between {name} and the account {target_id} is deleted; both stay as they are."
        )),
        None => printer.talk(format_args!("Nothing is linked that is called {:?}.", args.name)),
    }
    Ok(Exit::Done)
}

fn link_json(link: &Link) -> serde_json::Value {
    object_json(&link.name, link.kind, &link.source_id, Some(&link.target_id))
}
