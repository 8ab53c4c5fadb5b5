//! Account discovery: every account of the target, sorted by whose it is, and what a cycle would make of it.
//!
//! After Microsoft, *Account discovery*: local, unassigned and assigned accounts. Scope, mapping, matching and links
//! are those of the cycles. Nothing but GETs is sent, and nothing is remembered. A list that may lack somebody is an
//! error.
//!
//! Memory: about 350 bytes for each account (id, name, hashes, flags) and what `directory` keeps of each object;
//! accounts as JSON only for one page at a time.

mod directory;
mod listing;
mod sorting;
mod wanted;

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream;
use tokio_util::sync::CancellationToken;

pub use listing::{ListFlaw, ListProblem};

use self::directory::{Directory, Reading, keys_of};
use self::listing::{Listing, is_past_the_end};
use self::sorting::{Listed, Sorting, blank, note_same_names};
use super::cycle::Remembered;
use super::inputs::Inputs;
use super::{EngineError, Policy, guard};
use crate::base::{TargetId, Timestamp};
use crate::client::{Client, Failure};
use crate::clock::Clock;
use crate::config::Duplicates;
use crate::event::discovery::{Category, Counts, DiscoveredAccount, Discovery, DriftCheck, Flag};
use crate::plan::truth;
use crate::schema::{CompiledSchema, ObjectKind, ObjectMapping};
use crate::scim::Resource;
use crate::source::Export;
use crate::store::Store;

/// More of a name isn't kept, whatever the target sends.
const LONGEST_NAME: usize = 256;

/// How the target is read.
#[derive(Debug, Clone)]
pub struct DiscoverOptions {
    /// The target for people.
    pub target: String,
    /// Accounts that a page is asked for, at least 1.
    pub page_size: u64,
    /// Whether linked accounts are compared with what was exported.
    pub drift: bool,
    /// Ends it early: nothing is told then.
    pub cancel: CancellationToken,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiscoverProgress {
    /// A page was read.
    Listed {
        /// Users or groups.
        kind: ObjectKind,
        /// So many so far.
        listed: u64,
        /// So many in all.
        total: u64,
    },
    /// Accounts are asked for once more, by their ids.
    AskedAgain {
        /// Users or groups.
        kind: ObjectKind,
        /// So many so far.
        done: u64,
        /// So many in all.
        total: u64,
    },
}

/// Why accounts can't be told.
#[derive(Debug, thiserror::Error)]
pub enum DiscoverError {
    /// The export or the state can't be used, or somebody interrupted it.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The target didn't answer as it should.
    #[error("{}: {failure}", what_failed(*.kind, .what))]
    Failed {
        /// Users or groups.
        kind: ObjectKind,
        /// What was asked for.
        what: Asked,
        /// Why not.
        failure: Box<Failure>,
    },
    /// The pages don't make up a list.
    #[error(transparent)]
    List(#[from] ListProblem),
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// The first page of all, the first request that was sent.
    First,
    /// The page from here on, counted from 1.
    Page(u64),
    /// This account.
    Account(TargetId),
}

fn what_failed(kind: ObjectKind, what: &Asked) -> String {
    let kind = listing::plural(kind);
    match what {
        Asked::First | Asked::Page(1) => format!("the {kind} can't be listed"),
        Asked::Page(start) => format!("the {kind} from startIndex={start} on can't be listed"),
        Asked::Account(id) => format!("one of the {kind}, {id}, can't be read"),
    }
}

/// Discovers the accounts of a target whose owners nobody knows: there is no export.
pub async fn discover_unsorted(
    client: &Client,
    clock: &Clock,
    options: &DiscoverOptions,
    each: &mut dyn FnMut(DiscoverProgress),
) -> Result<Discovery, DiscoverError> {
    let mut reader = Reader { client, options, each, has_answered: false };
    let kind = ObjectKind::User;
    let mut accounts = Vec::new();
    reader.list(kind, &mut |id, resource| accounts.push(described(id, kind, None, resource))).await?;
    note_same_names(&mut accounts);
    let warning = "without an export nobody can tell whose these accounts are: they aren't sorted";
    Ok(concluded(clock.now(), options, vec![kind], DriftCheck::NotAsked, accounts, vec![warning.to_owned()]))
}

/// What accounts are sorted by.
pub struct Discover {
    /// Settings.
    pub policy: Arc<Policy>,
    /// Mapping and filters.
    pub rules: Arc<CompiledSchema>,
    /// The export.
    pub export: Arc<Export>,
    /// The target.
    pub client: Client,
    /// Time.
    pub clock: Clock,
    /// How the target is read.
    pub options: DiscoverOptions,
}

/// What is known before the target is asked.
struct Known {
    /// Kinds that are provisioned, with their objects.
    directories: Vec<(ObjectKind, Directory)>,
    drift: DriftCheck,
    warnings: Vec<String>,
}

impl Discover {
    /// Reads the export and then every account, and sorts these. Without a state nothing is linked.
    pub async fn run(
        &self,
        store: Option<Store>,
        each: &mut dyn FnMut(DiscoverProgress),
    ) -> Result<Discovery, DiscoverError> {
        let remembered = Remembered::read(&self.rules, store.as_ref())?;
        let Known { directories, drift, mut warnings } = self.known(&remembered).await?;
        // What is remembered makes room for the accounts.
        drop((remembered, store));
        let mut reader = Reader { client: &self.client, options: &self.options, each, has_answered: false };
        let mut accounts = Vec::new();
        for (kind, directory) in &directories {
            if let Some((mapping, _)) = self.rules.mapping(*kind) {
                accounts.extend(self.sorted(&mut reader, mapping, directory).await?);
            }
        }
        let kinds = directories.iter().map(|(kind, _)| *kind).collect();
        warnings.extend(unlisted_warning(&accounts));
        Ok(concluded(self.clock.now(), &self.options, kinds, drift, accounts, warnings))
    }

    /// The accounts of one kind, sorted.
    async fn sorted(
        &self,
        reader: &mut Reader<'_>,
        mapping: &ObjectMapping,
        directory: &Directory,
    ) -> Result<Vec<DiscoveredAccount>, DiscoverError> {
        let mut accounts =
            Accounts { mapping, directory, listed: Vec::new(), places: vec![None; directory.objects.len()] };
        reader.list(mapping.kind, &mut |id, resource| accounts.add(id, resource)).await?;
        let mut gone = vec![false; directory.objects.len()];
        let again = accounts.doubtful();
        reader
            .ask_again(mapping.kind, again, &mut |object, found| match found {
                Some(resource) => accounts.look_again(object, resource),
                None => gone[object as usize] = true,
            })
            .await?;
        directory.tell_sharers(&mut gone);
        let listed = accounts.without(&gone);
        let may_share = self.policy.duplicates == Duplicates::Link && mapping.kind == ObjectKind::User;
        let rematches = self.policy.rematch_vanished;
        Ok(Sorting { directory, mapping, may_share, rematches, gone: &gone }.sort(listed))
    }

    /// Evaluates the export, on a thread of its own.
    async fn known(&self, remembered: &Remembered) -> Result<Known, EngineError> {
        let now = self.clock.now();
        let (policy, scope_warning) = remembered.policy_in_force(&self.policy);
        let inputs = Inputs {
            watermark: remembered.watermark.clone(),
            ..Inputs::new(policy, &self.rules, &self.export, remembered, now)
        };
        let outdated = remembered.outdated.clone();
        let drift = match (self.options.drift, &inputs.watermark) {
            (false, _) => DriftCheck::NotAsked,
            (true, Some(_)) => DriftCheck::Compared,
            (true, None) => DriftCheck::Impossible,
        };
        let mut warnings = Vec::from_iter(scope_warning);
        if drift == DriftCheck::Impossible {
            warnings.push(
                "nothing can be compared with what was exported: the next cycle is an initial one, which compares \
                 everything itself (`scimulate plan` shows what it would change)"
                    .to_owned(),
            );
        }
        let evaluated = tokio::task::spawn_blocking(move || evaluate(inputs, outdated.as_deref(), drift)).await;
        let (directories, finding) = evaluated.map_err(|error| EngineError::Worker(error.to_string()))??;
        warnings.extend(finding.map(|finding| format!("{finding}; accounts of these look local")));
        Ok(Known { directories, drift, warnings })
    }
}

type Directories = Vec<(ObjectKind, Directory)>;

/// Reads the objects of every kind; also says which rows couldn't be used.
fn evaluate(
    mut inputs: Inputs,
    outdated: Option<&crate::store::Watermark>,
    drift: DriftCheck,
) -> Result<(Directories, Option<String>), EngineError> {
    let index = |kind| inputs.evaluator(kind).map(|evaluator| evaluator.index()).transpose();
    let (users, groups) = (index(ObjectKind::User)?.unwrap_or_default(), index(ObjectKind::Group)?);
    let known = guard::Known {
        watermark: inputs.watermark.as_deref().or(outdated),
        users: &inputs.users,
        groups: groups.as_ref().map(|_| &*inputs.groups),
        references: &inputs.references,
    };
    guard::check(&inputs.policy, known, &users)?;
    let leaving = users.leaving + groups.as_ref().map_or(0, |groups| groups.leaving);
    inputs.hold_back = inputs.policy.deletion_threshold.is_some_and(|threshold| leaving > threshold);
    let finding = users.findings();
    let mut directories = Vec::new();
    for (kind, index) in [(ObjectKind::User, Some(&users)), (ObjectKind::Group, groups.as_ref())] {
        let (Some(evaluator), Some(index)) = (inputs.evaluator(kind), index) else { continue };
        let mut context = inputs.policy.context(evaluator.mapping, inputs.watermark.is_none());
        context.hold_back = inputs.hold_back;
        let compares = drift == DriftCheck::Compared;
        directories.push((kind, Directory::read(&Reading { evaluator, index, context, compares })?));
    }
    Ok((directories, finding))
}

/// The accounts of one kind while they come in.
struct Accounts<'a> {
    mapping: &'a ObjectMapping,
    directory: &'a Directory,
    listed: Vec<Listed>,
    /// Of every object where the account that it is linked to stands.
    places: Vec<Option<u32>>,
}

impl Accounts<'_> {
    fn add(&mut self, id: String, resource: &Resource) {
        let object = self.directory.linked(&id);
        let mut account = described(id, self.mapping.kind, Some(self.mapping), resource);
        if let Some(object) = object {
            self.places[object as usize] = Some(directory::index_of(self.listed.len()));
            self.compare(object, &mut account, resource);
        }
        let keys = keys_of(self.mapping, resource).into();
        self.listed.push(Listed { account, object, keys });
    }

    /// Compares an account with what it was given. What may be from somebody else who shares it is no difference.
    fn compare(&self, object: u32, account: &mut DiscoveredAccount, resource: &Resource) {
        let compared = |object: u32| {
            let wanted = self.directory.object(object).wanted.as_ref();
            wanted.map(|wanted| wanted.compare(self.mapping, resource)).unwrap_or_default()
        };
        let mut differences = compared(object);
        for sharer in self.directory.sharers(object) {
            let known = compared(sharer);
            let differs = |index| known.iter().any(|other| other.index == index && !other.is_pending);
            differences.retain(|difference| difference.is_pending || differs(difference.index));
        }
        (account.flags, account.drift) = wanted::told(self.mapping, differences);
    }

    /// Linked accounts that are asked for by id too: those that the list lacks, and those of which it may show less
    /// than there is. One that several objects share is asked for once.
    fn doubtful(&self) -> Vec<(u32, TargetId)> {
        let objects = (0..).zip(&self.directory.objects).zip(&self.places);
        let doubtful = objects.filter_map(|((index, object), place)| {
            let target = object.target.as_ref()?;
            let is_doubtful = place.is_none_or(|place| !self.listed[place as usize].account.drift.is_empty());
            (is_doubtful && self.directory.speaks(index, target)).then(|| (index, target.clone()))
        });
        doubtful.collect()
    }

    /// Takes a linked account as it is when it is asked for by its id.
    fn look_again(&mut self, object: u32, resource: &Resource) {
        let Some(id) = self.directory.object(object).target.as_ref().map(ToString::to_string) else { return };
        let Some(place) = self.places[object as usize] else {
            self.add(id, resource);
            if let Some(added) = self.listed.last_mut() {
                added.account.flags.set(Flag::Unlisted);
            }
            return;
        };
        let mut account = described(id, self.mapping.kind, Some(self.mapping), resource);
        self.compare(object, &mut account, resource);
        self.listed[place as usize].account = account;
    }

    /// The accounts, without those that vanished after they were listed.
    fn without(self, gone: &[bool]) -> Vec<Listed> {
        let is_there = |listed: &Listed| listed.object.is_none_or(|object| !gone[object as usize]);
        self.listed.into_iter().filter(is_there).collect()
    }
}

/// Reads from the target.
struct Reader<'a> {
    client: &'a Client,
    options: &'a DiscoverOptions,
    each: &'a mut dyn FnMut(DiscoverProgress),
    /// Whether the target has ever answered as it should.
    has_answered: bool,
}

impl Reader<'_> {
    /// Hands out every resource of the list, in its order.
    async fn list(&mut self, kind: ObjectKind, each: &mut dyn FnMut(String, &Resource)) -> Result<(), DiscoverError> {
        let count = self.options.page_size;
        let mut listing = Listing::new(kind);
        while !listing.is_complete() {
            let start = listing.start();
            let outcome = self.client.page(kind.endpoint(), start, count).await;
            let page = outcome.result.map_err(|failure| self.failed(kind, start, failure))?;
            self.has_answered = true;
            for (id, resource) in listing.take(page)? {
                each(id, &resource);
            }
            (self.each)(DiscoverProgress::Listed { kind, listed: listing.seen(), total: listing.total() });
            self.check_interrupt()?;
        }
        if listing.seen() > 0 {
            let start = listing.start();
            match self.client.page(kind.endpoint(), start, count).await.result {
                Ok(page) => listing.confirm(&page)?,
                Err(failure) if is_past_the_end(&failure) => {}
                Err(failure) => return Err(self.failed(kind, start, failure)),
            }
        }
        Ok(self.check_interrupt()?)
    }

    /// Asks for accounts by their ids, several at a time; hands out what each is, or that it isn't there.
    async fn ask_again(
        &mut self,
        kind: ObjectKind,
        accounts: Vec<(u32, TargetId)>,
        each: &mut dyn FnMut(u32, Option<&Resource>),
    ) -> Result<(), DiscoverError> {
        let total = accounts.len() as u64;
        let mut done = 0;
        let client = self.client;
        let ask = |(object, id): (u32, TargetId)| async move {
            let outcome = client.get(kind.endpoint(), &id).await;
            (object, id, outcome.result)
        };
        let mut answers = stream::iter(accounts).map(ask).buffer_unordered(client.options().concurrency.max(1));
        while let Some((object, id, result)) = answers.next().await {
            self.check_interrupt()?;
            match result {
                Ok(resource) => each(object, Some(&resource)),
                Err(failure) if failure.is_not_found() => each(object, None),
                Err(failure) => {
                    let what = Asked::Account(id);
                    return Err(DiscoverError::Failed { kind, what, failure: Box::new(failure) });
                }
            }
            done += 1;
            (self.each)(DiscoverProgress::AskedAgain { kind, done, total });
        }
        Ok(())
    }

    fn failed(&self, kind: ObjectKind, start: u64, failure: Failure) -> DiscoverError {
        if self.options.cancel.is_cancelled() {
            return EngineError::Interrupted.into();
        }
        let what = if self.has_answered { Asked::Page(start) } else { Asked::First };
        DiscoverError::Failed { kind, what, failure: Box::new(failure) }
    }

    fn check_interrupt(&self) -> Result<(), EngineError> {
        if self.options.cancel.is_cancelled() { Err(EngineError::Interrupted) } else { Ok(()) }
    }
}

/// What is told of an account as it is.
fn described(id: String, kind: ObjectKind, mapping: Option<&ObjectMapping>, resource: &Resource) -> DiscoveredAccount {
    let name = match kind {
        ObjectKind::User => "userName",
        ObjectKind::Group => "displayName",
    };
    let mapped = mapping.and_then(|mapping| Some(&mapping.attributes[mapping.active?].target.path));
    let active = mapped.map_or_else(|| resource.get("active"), |path| path.get(resource));
    let mut account = blank(TargetId::new(id), kind);
    let name = resource.get(name).and_then(|name| name.as_str()).unwrap_or_default();
    account.name = name[..name.floor_char_boundary(LONGEST_NAME)].into();
    account.active = active.and_then(truth).filter(|_| kind == ObjectKind::User);
    account
}

/// Says that the list isn't all there is.
fn unlisted_warning(accounts: &[DiscoveredAccount]) -> Option<String> {
    let count = accounts.iter().filter(|account| account.flags.has(Flag::Unlisted)).count();
    (count > 0).then(|| {
        format!(
            "the list lacks {count} linked accounts that are there when they are asked for by id: the endpoint hides \
             accounts, so that others may be missing here too"
        )
    })
}

fn concluded(
    at: Timestamp,
    options: &DiscoverOptions,
    kinds: Vec<ObjectKind>,
    drift: DriftCheck,
    mut accounts: Vec<DiscoveredAccount>,
    mut warnings: Vec<String>,
) -> Discovery {
    accounts.sort_by(|a, b| (a.kind, &a.name, &a.id).cmp(&(b.kind, &b.name, &b.id)));
    let is_silent = |account: &&DiscoveredAccount| {
        account.kind == ObjectKind::User && account.active.is_none() && account.category != Category::Gone
    };
    let silent = accounts.iter().filter(is_silent).count();
    if silent > 0 {
        let text = "the target doesn't say whether they are active: they are taken for active";
        warnings.push(format!("of {silent} accounts {text}"));
    }
    Discovery {
        at,
        target: options.target.clone(),
        kinds,
        drift,
        summary: Counts::of(&accounts),
        shown: Vec::new(),
        accounts,
        warnings,
    }
}
