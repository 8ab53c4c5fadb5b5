//! What all checks of one run share.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::features::Features;
use super::made::Registry;
use super::options::{CheckOptions, Connect};
use super::snapshot::Snapshot;
use crate::base::Random;
use crate::client::{Client, ClientError, Gate};
use crate::clock::Clock;
use crate::schema::{Actions, CompileOptions, CompiledSchema, ObjectKind, ObjectMapping, compile, read, template};
use crate::scim::{HttpExchange, Observer};

/// What all checks of one run share.
pub(super) struct Bench {
    pub(super) options: CheckOptions,
    pub(super) client: Client,
    pub(super) connect: Rc<Connect>,
    pub(super) clock: Clock,
    pub(super) cancel: CancellationToken,
    /// Begins the names of everything that is made.
    pub(super) prefix: String,
    pub(super) made: Registry,
    /// Indices of attributes with which no user can be made: other checks leave them out.
    pub(super) left_out: RefCell<Vec<usize>>,
    /// Ids of nobody, made up to see what a write to them is answered with.
    pub(super) unknown_ids: RefCell<Vec<String>>,
    pub(super) snapshot: OnceCell<Snapshot>,
    features: OnceCell<Features>,
    rules: OnceCell<Arc<CompiledSchema>>,
    /// The mapping of groups where the mapping in force has none.
    fallback: Arc<CompiledSchema>,
    random: RefCell<Random>,
    number: Cell<u32>,
    /// Everything that went over the wire, with the check that sent it.
    pub(super) wire: RefCell<Vec<(&'static str, Arc<HttpExchange>)>>,
    /// Requests, those of load checks and of the engine among them.
    pub(super) requests: Cell<u64>,
}

impl Bench {
    pub(super) fn new(
        options: CheckOptions,
        connect: Rc<Connect>,
        clock: Clock,
        cancel: CancellationToken,
    ) -> Result<Self, ClientError> {
        let client = connect(options.client.clone())?;
        let mut random = Random::seeded(options.seed);
        let prefix = format!("scimulate-{}", &random.guid().simple().to_string()[..6]);
        let rules = OnceCell::new();
        if let Some(given) = &options.rules {
            drop(rules.set(Arc::clone(given)));
        }
        Ok(Self {
            options,
            client,
            connect,
            clock,
            cancel,
            prefix,
            made: Registry::default(),
            left_out: RefCell::default(),
            unknown_ids: RefCell::default(),
            snapshot: OnceCell::new(),
            features: OnceCell::new(),
            rules,
            fallback: built_in("scim"),
            random: RefCell::new(random),
            number: Cell::new(0),
            wire: RefCell::default(),
            requests: Cell::new(0),
        })
    }

    /// The mapping in force: the given one, or the template that fits what the endpoint says about itself.
    pub(super) fn rules(&self) -> &Arc<CompiledSchema> {
        self.rules.get_or_init(|| match self.snapshot.get() {
            Some(snapshot) if snapshot.is_plain() => built_in("wedo"),
            _ => Arc::clone(&self.fallback),
        })
    }

    /// The mapping of users, or that of groups: the admin's, or else the one of applications without a gallery entry.
    pub(super) fn mapping(&self, kind: ObjectKind) -> &ObjectMapping {
        let rules = self.rules();
        match kind {
            ObjectKind::User => &rules.users,
            ObjectKind::Group => rules
                .groups
                .as_ref()
                .or(self.fallback.groups.as_ref())
                .expect("the template `scim` maps groups, which a test holds it to"),
        }
    }

    /// The rules in force for somebody whom no scoping filter keeps out, with every action of the target switched on; the
    /// mapping of groups is that of [`Self::mapping`], or left out.
    pub(super) fn open_rules(&self, with_groups: bool) -> CompiledSchema {
        let mut rules = CompiledSchema::clone(self.rules());
        if rules.groups.is_none() {
            rules.groups.clone_from(&self.fallback.groups);
            rules.group_attributes.clone_from(&self.fallback.group_attributes);
        }
        rules.groups = rules.groups.filter(|_| with_groups);
        for mapping in std::iter::once(&mut rules.users).chain(&mut rules.groups) {
            mapping.filters.clear();
            mapping.actions = Actions::ALL;
        }
        rules
    }

    /// What can be checked.
    pub(super) fn features(&self) -> &Features {
        self.features.get_or_init(|| Features::new(self))
    }

    /// The next number of something that is made up.
    pub(super) fn next_number(&self) -> u32 {
        self.number.set(self.number.get() + 1);
        self.number.get()
    }

    /// An id that nobody has, to which a write may go.
    pub(super) fn unknown_id(&self) -> String {
        let id = self.guid().hyphenated().to_string();
        self.unknown_ids.borrow_mut().push(id.clone());
        id
    }

    /// A GUID that nobody has.
    pub(super) fn guid(&self) -> uuid::Uuid {
        self.random.borrow_mut().guid()
    }

    /// Takes an exchange up.
    pub(super) fn note(&self, check: &'static str, exchange: &Arc<HttpExchange>) {
        self.requests.set(self.requests.get() + 1);
        self.wire.borrow_mut().push((check, Arc::clone(exchange)));
    }

    /// A client of its own, which asks somebody before it sends anything, and shows them what came of it. A signal ends
    /// what it waits for.
    pub(super) fn watched<W>(&self, watcher: &Arc<W>) -> Result<Client, ClientError>
    where
        W: Observer + Gate + 'static,
    {
        let mut options = self.options.client.clone();
        options.observer = Some(Arc::<W>::clone(watcher));
        options.gate = Some(Arc::<W>::clone(watcher));
        Ok((self.connect)(options)?.ended_by(self.cancel.clone()))
    }
}

/// The rules of a built-in template.
pub(super) fn built_in(name: &str) -> Arc<CompiledSchema> {
    let text = template(name).expect("a built-in template has this name").text;
    let document = read(text, name).unwrap_or_else(|error| panic!("a built-in template is sound: {error:?}"));
    let options = CompileOptions { name: name.to_owned(), ..CompileOptions::default() };
    Arc::new(compile(&document, &options).unwrap_or_else(|errors| panic!("a built-in template compiles: {errors:?}")))
}
