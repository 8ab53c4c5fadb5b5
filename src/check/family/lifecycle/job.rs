//! A provisioning job of the made-up directory, and what its cycles come to.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use uuid::Uuid;

use super::directory::{Directory, Employee, Place, Team};
use super::wire::{HeldBack, Pending, Wire};
use crate::base::{Random, SourceId};
use crate::check::family::change::SUCCESS;
use crate::check::finding::{Draft, shown_path};
use crate::check::probe::{Answer, Probe, Stop, name_attribute};
use crate::client::Client;
use crate::engine::{Cycle, CycleOptions, Demand, EngineError, Mode, NamedObject, OnDemand, Policy, Sink, Verify};
use crate::event::{Event, ObjectError, ObjectRecord};
use crate::plan::verify::{Deviation, DeviationKind};
use crate::plan::{ActionKind, Reason};
use crate::schema::{CompiledSchema, ObjectKind};
use crate::store::Store;

/// Name of the job's state.
const JOB: &str = "check";

const NO_DELETION: &str = "answer DELETE with 204; where nothing is ever deleted, switch Delete off under Target Object \
                           Actions of the mapping";

/// One step in the life of an object.
#[derive(Clone, Copy)]
pub(super) struct Step {
    /// `in the cycle that creates the user`.
    pub(super) when: &'static str,
    /// What is so while it fails: `the user has no account`.
    pub(super) otherwise: &'static str,
    /// What is done to the object.
    pub(super) action: ActionKind,
}

/// The engine with a made-up directory on one side and the endpoint on the other.
pub(super) struct Job<'p> {
    probe: &'p Probe,
    rules: Arc<CompiledSchema>,
    policy: Arc<Policy>,
    client: Client,
    wire: Arc<Wire>,
    pending: Pending,
    store: Option<Store>,
    random: Random,
    /// Causes that were told: an endpoint that drops an attribute does so in each step.
    told: BTreeSet<String>,
    /// Last, since its folder goes with it.
    pub(super) directory: Directory,
}

/// What was done to one object, or to its references.
struct Outcome {
    kind: ObjectKind,
    id: Uuid,
    action: ActionKind,
    reason: Option<Reason>,
    error: Option<ObjectError>,
    target: Option<String>,
    deviations: Vec<Deviation>,
    /// Its exchanges among those of the check.
    exchanges: Range<usize>,
}

impl<'p> Job<'p> {
    /// A job that has no state yet, for at most `objects` users and groups.
    pub(super) fn new(probe: &'p Probe, with_groups: bool, objects: usize) -> Result<Self, Stop> {
        let bench = &probe.bench;
        let room = bench.options.max_objects.saturating_sub(bench.made.count());
        if room < objects {
            let why = format!("it makes {objects} objects, and only {room} more may be made");
            return Err(Stop::NotApplicable(why));
        }
        let rules = Arc::new(bench.open_rules(with_groups));
        let directory = Directory::new(Arc::clone(&rules), bench.options.values.clone(), || bench.guid())
            .map_err(|error| unable(format!("there is no temporary folder: {error}")))?;
        let policy = Policy {
            dialect: probe.dialect(),
            verify: Verify::On,
            default_domain: Some("example.com".to_owned()),
            // That everybody leaves is part of it.
            max_missing: 1.0,
            ..Policy::default()
        };
        let wire = Arc::new(Wire::new(&bench.prefix, room));
        let client = bench.watched(&wire).map_err(unable)?;
        Ok(Self {
            probe,
            directory,
            rules,
            policy: Arc::new(policy),
            client,
            wire,
            pending: Pending::default(),
            store: None,
            random: Random::seeded(bench.guid().as_u64_pair().0),
            told: BTreeSet::new(),
        })
    }

    /// Somebody new in the directory.
    pub(super) fn hire(&mut self) -> Uuid {
        let id = self.probe.bench.guid();
        self.directory.users.push(Employee::new(id, self.probe.person()));
        id
    }

    /// A new group of these users.
    pub(super) fn team_up(&mut self, members: &[Uuid]) -> Uuid {
        let id = self.probe.bench.guid();
        self.directory.teams.push(Team::new(id, self.probe.person(), members.to_vec()));
        id
    }

    pub(super) fn user(&mut self, id: Uuid) -> &mut Employee {
        self.directory.users.iter_mut().find(|user| user.id == id).expect("only those who were hired are asked for")
    }

    pub(super) fn team(&mut self, id: Uuid) -> &mut Team {
        self.directory.teams.iter_mut().find(|team| team.id == id).expect("only groups that were made are asked for")
    }

    pub(super) fn move_all(&mut self, place: Place) {
        self.directory.users.iter_mut().for_each(|user| user.place = place);
    }

    fn cycle(&self) -> Result<Cycle, Stop> {
        if self.probe.bench.cancel.is_cancelled() {
            return Err(Stop::Interrupted);
        }
        let clock = self.probe.bench.clock.clone();
        let export = self.directory.export(clock.now()).map_err(unable)?;
        let (policy, rules) = (Arc::clone(&self.policy), Arc::clone(&self.rules));
        Ok(Cycle { policy, rules, export, client: self.client.clone(), clock })
    }

    fn store(&mut self) -> Result<Store, Stop> {
        let opened = self.store.take().map_or_else(|| Store::open(&self.directory.folder(), JOB), Ok);
        opened.map_err(|error| unable(error.to_string()))
    }

    /// Runs a cycle and holds it to doing this to objects of one kind. What becomes of others blocks the check where
    /// it fails.
    pub(super) async fn run(&mut self, kind: ObjectKind, step: Step, whom: &[Uuid]) -> Result<(), Stop> {
        let (cycle, store) = (self.cycle()?, self.store()?);
        let options = CycleOptions {
            mode: Mode::Run,
            concurrency: 1,
            planned: None,
            whole: true,
            evaluated_at: None,
            cancel: self.probe.bench.cancel.clone(),
        };
        let mut recorder = Recorder { wire: Arc::clone(&self.wire), begun: 0, outcomes: Vec::new() };
        let running = cycle.run(Some(store), &options, &mut self.random, &mut recorder);
        let (store, result) = Box::pin(running).await;
        self.store = store;
        let from = self.settle();
        match result {
            Err(EngineError::Quarantine { error, .. }) if !self.probe.bench.cancel.is_cancelled() => {
                let effect = format!(
                    "the whole job goes into quarantine with {}: nobody is provisioned, attempts get as rare as one a \
                     day, and after four weeks the job is disabled",
                    error.code
                );
                return Err(self.unreachable(step, from, &error, effect));
            }
            ended => self.ended(ended.map(drop))?,
        }
        for outcome in &mut recorder.outcomes {
            outcome.exchanges = outcome.exchanges.start + from..outcome.exchanges.end + from;
        }
        self.judge(kind, step, whom, recorder.outcomes)
    }

    /// Provisions one object on demand, of a group these members with it.
    pub(super) async fn provision(
        &mut self,
        kind: ObjectKind,
        step: Step,
        whom: Uuid,
        members: &[Uuid],
    ) -> Result<(), Stop> {
        let (cycle, store) = (self.cycle()?, self.store()?);
        let named = |kind, id: &Uuid| NamedObject { kind, id: SourceId::from_guid(*id), name: id.to_string() };
        let members = members.iter().map(|id| named(ObjectKind::User, id)).collect();
        let demand = Demand::new(&cycle.export, named(kind, &whom), members, cycle.clock.now());
        let demand = demand.map_err(|error| unable(error.to_string()))?;
        let cancel = self.probe.bench.cancel.clone();
        let provisioning = cycle.provision(store, &demand, &mut self.random, &cancel);
        let result = Box::pin(provisioning).await;
        let from = self.settle();
        let until = self.probe.exchanges.borrow().len();
        let done = match result {
            Ok(done) => done,
            Err(error) => return self.ended(Err(error)),
        };
        self.ended(Ok(()))?;
        if let (Some(_), Some(error)) = (&done.unreachable, &done.error) {
            let effect = format!("the portal shows {} and provisions nothing", error.code);
            return Err(self.unreachable(step, from, error, effect));
        }
        let OnDemand { action, reason, error, target_id, deviations, .. } = done;
        let target = target_id.map(|id| id.to_string());
        let deviations = deviations.unwrap_or_default();
        let outcome = Outcome { kind, id: whom, action, reason, error, target, deviations, exchanges: from..until };
        self.judge(kind, step, &[whom], vec![outcome])
    }

    /// Takes up what went over the wire; gives where it begins.
    fn settle(&mut self) -> usize {
        let from = self.probe.exchanges.borrow().len();
        for exchange in self.wire.take() {
            self.pending.settle(&self.wire, &exchange, self.probe);
            let is_put_off = exchange.status == Some(429) && exchange.response_header("retry-after").is_some();
            if is_put_off && self.told.insert("429".to_owned()) {
                self.probe.note("429 was waited out for as long as Retry-After says, as the service does");
            }
        }
        from
    }

    /// Whether the engine came to its end.
    fn ended(&self, result: Result<(), EngineError>) -> Result<(), Stop> {
        match result {
            _ if self.probe.bench.cancel.is_cancelled() => Err(Stop::Interrupted),
            Err(error) => Err(unable(error.to_string())),
            Ok(()) => Ok(()),
        }
    }

    fn judge(&mut self, kind: ObjectKind, step: Step, whom: &[Uuid], outcomes: Vec<Outcome>) -> Result<(), Stop> {
        self.held_back(kind, step)?;
        let mut stop = None;
        for outcome in outcomes {
            if outcome.kind != kind {
                member(&outcome)?;
                continue;
            }
            if let Some(error) = &outcome.error {
                stop = Some(self.failed(step, &outcome, error)?);
                continue;
            }
            if let Some(target) = outcome.target.as_deref().filter(|target| !self.wire.owns(kind, target))
                && outcome.action != ActionKind::Delete
            {
                let target = target.to_owned();
                return Err(self.stranger(kind, step, Some(&target)));
            }
            for deviation in &outcome.deviations {
                self.deviates(step, &outcome, deviation);
            }
            let is_object = outcome.reason.as_ref().is_none_or(|reason| !reason.is_reference());
            if is_object && whom.contains(&outcome.id) && outcome.action != step.action {
                stop = Some(self.mistaken(step, &outcome));
            }
        }
        stop.map_or(Ok(()), Err)
    }

    /// Ends the check where something wasn't sent because of what it would have reached.
    fn held_back(&mut self, kind: ObjectKind, step: Step) -> Result<(), Stop> {
        match self.wire.held_back() {
            None => Ok(()),
            Some(HeldBack::Full) => Err(Stop::NotApplicable("as many objects were made as may be".to_owned())),
            Some(HeldBack::Unnamed(name)) => {
                let attribute = name_attribute(kind);
                let why = format!(
                    "`{attribute}` would be \"{name}\", which doesn't say that it was made here, and others may have it \
                     too; let the mapping keep what is unique, or write {{unique}} into the value that is given"
                );
                Err(Stop::NotApplicable(why))
            }
            Some(HeldBack::Stranger(kind)) => Err(self.stranger(kind, step, None)),
        }
    }

    /// The endpoint leads to something that wasn't made here.
    fn stranger(&mut self, kind: ObjectKind, step: Step, id: Option<&str>) -> Stop {
        let (noun, attribute) = (noun(kind), name_attribute(kind));
        let id = id.map_or_else(|| "the id".to_owned(), |id| format!("the id `{id}`"));
        let draft = self.probe.finding(format!("id-of-another-{noun}"));
        draft
            .observed(format!(
                "{}, {id} that the endpoint gave for the {noun} isn't shown with the `{attribute}` that was sent, so \
                 nothing was written to it",
                step.when
            ))
            .expected(format!("the id leads to the {noun} that was just made, with its `{attribute}`"))
            .effect(format!("the service goes on to change whatever {noun} the id leads to"))
            .remedy(format!("answer POST and GET with the resource that was made: its own id and its `{attribute}`"))
            .stop()
    }

    /// A request failed, or its answer can't be used.
    fn failed(&mut self, step: Step, outcome: &Outcome, error: &ObjectError) -> Result<Stop, Stop> {
        let reason = outcome.reason.as_ref();
        if let Some(Reason::InvalidValue(_) | Reason::ImportSkipped(_) | Reason::DuplicateSourceEntries(_)) = reason {
            let why = format!("the mapping can't be tried with made-up values: {}", error.message);
            return Err(Stop::NotApplicable(why));
        }
        let otherwise = match reason {
            Some(reason) if reason.is_reference() && outcome.kind == ObjectKind::User => "the account has no manager",
            Some(reason) if reason.is_reference() => "the members of the group aren't those of the directory",
            _ => step.otherwise,
        };
        let effect = format!(
            "the provisioning log shows {}; the service tries again at longer and longer intervals, and until a try \
             succeeds {otherwise}",
            error.code
        );
        let draft = self.trouble(&outcome.exchanges, error).when(step.when).effect(effect);
        self.tell(if step.action == ActionKind::Delete { draft.remedy(NO_DELETION) } else { draft });
        Ok(Stop::Failed)
    }

    /// The test query failed, with which everything begins.
    fn unreachable(&mut self, step: Step, from: usize, error: &ObjectError, effect: String) -> Stop {
        let exchanges = from..self.probe.exchanges.borrow().len();
        let draft = self.trouble(&exchanges, error).when("when the service tries the connection");
        self.tell(draft.when(step.when).effect(effect));
        Stop::Failed
    }

    /// What went wrong in these exchanges: the last of them that didn't go well.
    fn trouble(&self, exchanges: &Range<usize>, error: &ObjectError) -> Draft<'p> {
        let probe = self.probe;
        let answers = || {
            let of = |at| Answer::new(at, Arc::clone(&probe.exchanges.borrow()[at]));
            exchanges.clone().rev().map(of)
        };
        let is_whole = |answer: &Answer| answer.exchange.status.is_some() && answer.exchange.remarks.is_empty();
        let culprit = answers().find(|answer| !answer.is_success() || !is_whole(answer)).or_else(|| answers().next());
        let Some(answer) = culprit else { return probe.finding("unusable-answer").observed(&error.message) };
        let (method, path) = (answer.exchange.method.as_str(), shown_path(&answer.exchange));
        let expected = match method {
            "POST" => "201, with what was created",
            "PATCH" => SUCCESS,
            "DELETE" => "204",
            _ if path.contains("filter=") => "200 with a ListResponse of those who match",
            _ => "200, with what was asked for",
        };
        let draft = if !is_whole(&answer) {
            let cause = if error.code == "Timeout" { "no-answer-in-time" } else { "connection-lost" };
            probe.finding(cause).observed(format!("{method} {path} has no complete answer: {}", error.message))
        } else if !answer.is_success() {
            probe.refused(&answer, expected)
        } else {
            probe.finding(unusable(&answer)).observed(&error.message)
        };
        draft.expected(expected).at(answer.at)
    }

    /// Takes something up that isn't stored as it was sent.
    fn deviates(&mut self, step: Step, outcome: &Outcome, deviation: &Deviation) {
        let (noun, at) = (noun(outcome.kind), outcome.exchanges.clone().last());
        let draft = if deviation.kind == DeviationKind::Unreadable {
            let message = deviation.to_string();
            self.trouble(&outcome.exchanges, &ObjectError { code: String::new(), message })
        } else {
            let draft = self.probe.deviation(deviation.kind, std::slice::from_ref(deviation));
            if let Some(at) = at { draft.at(at) } else { draft }
        };
        let effect = match (deviation.kind, step.action) {
            (DeviationKind::CaseChanged | DeviationKind::StringForBoolean, _) => {
                format!("whoever reads the {noun} finds something else than the directory has")
            }
            (_, ActionKind::Disable | ActionKind::Delete) => {
                format!("the service believes the success and doesn't look again: {}", step.otherwise)
            }
            _ => format!(
                "the service believes the success: what is lost isn't sent again before it changes in the directory, so \
                 the {noun} stays wrong"
            ),
        };
        self.tell(draft.when(step.when).effect(effect));
    }

    /// Something else was done than it takes.
    fn mistaken(&mut self, step: Step, outcome: &Outcome) -> Stop {
        // What wasn't stored before is what the service goes by now.
        if !self.probe.is_clean() {
            return Stop::Failed;
        }
        let noun = noun(outcome.kind);
        let (did, due) = (doing(outcome.action), doing(step.action));
        let reason = outcome.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
        let draft = self.probe.finding(format!("{}-instead-of-{}", outcome.action.as_str(), step.action.as_str()));
        let draft = draft
            .observed(format!(
                "the service goes by what the endpoint shows, {did} the {noun} instead of {due} it{reason}"
            ))
            .expected(format!("filters and GET show the {noun} as it is stored"))
            .effect(format!("the service believes what it is shown: {}", step.otherwise))
            .remedy(format!("let filters and GET show at once what is stored of the {noun}"))
            .when(step.when);
        self.tell(match outcome.exchanges.clone().last() {
            Some(at) => draft.at(at),
            None => draft,
        });
        Stop::Failed
    }

    /// Takes a finding up, once for each cause.
    fn tell(&mut self, draft: Draft<'_>) {
        if self.told.insert(draft.cause().to_owned()) {
            draft.fail();
        }
    }
}

/// Takes up a user who was sent only to be a member.
fn member(outcome: &Outcome) -> Result<(), Stop> {
    let Some(error) = &outcome.error else { return Ok(()) };
    let why = format!("the user who is to be a member can't be provisioned: {}: {}", error.code, error.message);
    Err(Stop::Blocked { by: "lifecycle.user", why })
}

const fn doing(action: ActionKind) -> &'static str {
    match action {
        ActionKind::Create => "creating",
        ActionKind::Update => "changing",
        ActionKind::Disable => "disabling",
        ActionKind::Delete => "deleting",
        ActionKind::None => "changing nothing of",
        ActionKind::StagedDelete | ActionKind::Skip | ActionKind::Fail => "leaving out",
    }
}

/// The cause behind an answer that says that all is well and can't be used.
fn unusable(answer: &Answer) -> &'static str {
    if !answer.exchange.target.contains("filter=") {
        return "unusable-answer";
    }
    match answer.list() {
        None => "not-a-list",
        Some(list) if list.total_results > 0 && list.resources.is_empty() => "unusable-answer",
        Some(_) => "filter-ignored",
    }
}

const fn noun(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::User => "user",
        ObjectKind::Group => "group",
    }
}

fn unable(why: impl std::fmt::Display) -> Stop {
    Stop::NotApplicable(format!("the engine can't be driven with this mapping: {why}"))
}

/// Takes down what the engine says of each object, with what it sent for it: one object is under way at a time.
struct Recorder {
    wire: Arc<Wire>,
    begun: usize,
    outcomes: Vec<Outcome>,
}

impl Sink for Recorder {
    fn event(&mut self, event: &Event) {
        match event {
            Event::Evaluated { .. } => self.begun = self.wire.len(),
            Event::Object(record) => {
                let begun = std::mem::replace(&mut self.begun, self.wire.len());
                self.outcomes.extend(Outcome::of(record, begun..self.begun));
            }
            Event::Deviation { deviation, .. } => {
                if let Some(outcome) = self.outcomes.last_mut() {
                    outcome.deviations.push(deviation.clone());
                }
            }
            _ => {}
        }
    }
}

impl Outcome {
    fn of(record: &ObjectRecord, exchanges: Range<usize>) -> Option<Self> {
        Some(Self {
            kind: record.kind,
            id: record.source_id.guid()?,
            action: record.action,
            reason: Some(record.reason.clone()),
            error: record.error.clone(),
            target: record.target_id.as_ref().map(ToString::to_string),
            deviations: Vec::new(),
            exchanges,
        })
    }
}
