//! The endpoint: its options, its routes, and ways in for tests and demos.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, Response, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::{any, get, post};

use super::access::{AccessOptions, Credentials, Door, TOKEN_PATH, token};
use super::answer::{Problem, not_allowed};
use super::base_path::BasePath;
use super::changes::Changes;
use super::collection::{Collection, Definition};
use super::fault::Faults;
use super::gate::{gate, inner_gate};
use super::observe::{Audience, Observer, Watcher};
use super::{Kind, Storage, StorageError, bulk, discovery, resources, search};
use crate::base::{Random, Secret, Timestamp};
use crate::clock::Clock;
use crate::scim::{Attribute, KnownSecrets, Leniencies, Mutability, PatchError, Resource, ResourceSchema};

/// What an endpoint is like.
#[derive(Debug)]
pub struct EndpointOptions {
    /// Attributes of users, with the extensions that they may have.
    pub users: ResourceSchema,
    /// Attributes of groups, all of which can be filtered on; without them there is no `/Groups`.
    pub groups: Option<ResourceSchema>,
    /// Attributes of users that a filter may name (`userName`, `name.givenName`); others are 400 `invalidFilter`.
    pub filterable: Vec<String>,
    /// Tokens that may do everything; without any, and without those of `access`, nobody is let in.
    pub tokens: Vec<Secret>,
    /// Who else is let in, and how often.
    pub access: AccessOptions,
    /// Tells `created` and `lastModified`.
    pub clock: Clock,
    /// Makes ids.
    pub random: Random,
    /// Path before `/Users`: `/scim/v2`, or empty.
    pub base_path: String,
    /// Liberties that clients may take.
    pub leniencies: Leniencies,
}

/// Why resources can't be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A resource isn't valid.
    #[error("resource {number} isn't a valid {kind}: {source}")]
    Invalid {
        /// Its place, from 1.
        number: usize,
        /// `user` or `group`.
        kind: &'static str,
        /// What is wrong.
        source: PatchError,
    },
    /// A resource has an id or userName that another one has.
    #[error("resource {number} has the {what} of another one; each has to be unique")]
    Taken {
        /// Its place, from 1.
        number: usize,
        /// `id` or `userName`.
        what: &'static str,
    },
    /// A resource has an id or userName that stands in the same file before.
    #[error("resource {number} has the {what} of the one on line {line}; each has to be unique")]
    Twice {
        /// Its place, from 1.
        number: usize,
        /// `id` or `userName`.
        what: &'static str,
        /// Where the other one begins.
        line: usize,
    },
    /// A resource has an id that means something else in a URL.
    #[error("resource {number} has the id `{id}`, by which nobody can ask for it")]
    Id {
        /// Its place, from 1.
        number: usize,
        /// Its id.
        id: String,
    },
    /// A resource has a date that isn't one.
    #[error("`meta.{name}` of resource {number} isn't a date with a time: {value}")]
    Date {
        /// Its place, from 1.
        number: usize,
        /// `created` or `lastModified`.
        name: &'static str,
        /// What stands there.
        value: String,
    },
    /// A resource is longer than one that the endpoint takes otherwise.
    #[error("resource {number} is a {kind} of {size} bytes, at most {limit} are kept")]
    TooLarge {
        /// Its place, from 1.
        number: usize,
        /// `user` or `group`.
        kind: &'static str,
        /// How long it would be.
        size: usize,
        /// How long it may be.
        limit: usize,
    },
    /// The endpoint keeps no groups.
    #[error("the endpoint keeps users only, so it can't hold groups; choose the profile `scim`")]
    NoGroups,
    /// A resource says that it is something else than the list that it is in.
    #[error("resource {number} is a {kind}, but stands among the {within}s")]
    Misplaced {
        /// Its place, from 1.
        number: usize,
        /// `user` or `group`.
        kind: &'static str,
        /// What the list is for.
        within: &'static str,
    },
    /// The file isn't JSON.
    #[error("invalid JSON: {0}")]
    Json(String),
    /// The file can't be read.
    #[error("the file can't be read")]
    Unreadable(#[source] std::io::Error),
    /// Any of these, at a place in a file.
    #[error("{source}")]
    At {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: Option<usize>,
        /// What is wrong there.
        source: Box<LoadError>,
    },
    /// The storage fails.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl LoadError {
    pub(super) fn at(self, line: usize, column: Option<usize>) -> Self {
        Self::At { line, column, source: Box::new(self) }
    }
}

/// A SCIM endpoint. Clones are the same endpoint.
#[derive(Clone)]
pub struct Endpoint(Arc<Inner>);

struct Inner {
    users: Arc<Definition>,
    groups: Option<Arc<Definition>>,
    door: Door,
    clock: Clock,
    random: Mutex<Random>,
    base_path: BasePath,
    leniencies: Leniencies,
    storage: Storage,
    faults: Faults,
    audience: RwLock<Arc<Audience>>,
    changes: Changes,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("base_path", &&*self.0.base_path)
            .field("storage", &self.0.storage)
            .finish_non_exhaustive()
    }
}

impl Endpoint {
    /// Makes an endpoint over what the storage holds.
    pub fn new(options: EndpointOptions, storage: Storage) -> Result<Self, StorageError> {
        let EndpointOptions { users, groups, filterable, tokens, access, clock, mut random, base_path, leniencies } =
            options;
        // a file that is opened again mustn't begin with the ids that it was given before
        let used = storage.read(|reader| reader.high_water())?;
        if used > 0 {
            let (high, low) = random.guid().as_u64_pair();
            random = Random::seeded(high ^ low ^ used);
        }
        let with_groups = groups.is_some();
        let groups = groups.map(|schema| {
            let filterable = all_attributes(&schema);
            Arc::new(Definition::new(Kind::Group, schema, filterable, with_groups))
        });
        let users = Arc::new(Definition::new(Kind::User, users, filterable, with_groups));
        for definition in [Some(&users), groups.as_ref()].into_iter().flatten() {
            definition.fit(&storage)?;
        }
        Ok(Self(Arc::new(Inner {
            users,
            groups,
            base_path: BasePath::new(access.scheme, &base_path),
            door: Door::new(tokens, access),
            clock,
            random: Mutex::new(random),
            leniencies,
            storage,
            faults: Faults::default(),
            audience: RwLock::default(),
            changes: Changes::default(),
        })))
    }

    /// Notes in the file which attributes resources may have. Fails where it was written with others than these: they would
    /// be told although no schema has them.
    pub fn claim_attributes(&self) -> Result<(), StorageError> {
        for collection in self.collections() {
            let attributes = all_attributes(collection.schema());
            self.storage().write_now(move |transaction| transaction.claim(collection.kind(), &attributes))?;
        }
        Ok(())
    }

    /// The routes, to be served or called in process.
    pub fn router(&self) -> Router {
        let mut routes = self.routes();
        if self.door().issues_tokens() {
            let nobody = |method: Method| async move { not_allowed(&method, "POST, OPTIONS") };
            routes = routes.route(TOKEN_PATH, post(token).fallback(nobody).with_state(self.clone()));
        }
        routes.layer(from_fn_with_state(self.clone(), gate))
    }

    /// The routes with their faults, for requests that were let in already.
    pub(super) fn inner(&self) -> Router {
        self.routes().layer(from_fn_with_state(self.clone(), inner_gate))
    }

    fn routes(&self) -> Router {
        const READ: &str = "GET, HEAD, OPTIONS";
        const SEARCH: &str = "POST, OPTIONS";
        let nobody = |allowed| move |method: Method| async move { not_allowed(&method, allowed) };
        let whole = || get(search::all).fallback(nobody(READ));
        // Routes that are nested would have each request's URL made anew.
        let base = self.base_path();
        let at = |path: &str| format!("{base}{path}");
        let mut routes = Router::new()
            .route(&at("/ServiceProviderConfig"), get(discovery::configuration).fallback(nobody(READ)))
            .route(&at("/ResourceTypes"), get(discovery::resource_types).fallback(nobody(READ)))
            .route(&at("/ResourceTypes/{name}"), get(discovery::resource_type).fallback(nobody(READ)))
            .route(&at("/Schemas"), get(discovery::schemas).fallback(nobody(READ)))
            .route(&at("/Schemas/{id}"), get(discovery::schema).fallback(nobody(READ)))
            .route(&at("/Me"), any(discovery::me))
            .route(&at("/.search"), post(search::everywhere).fallback(nobody(SEARCH)))
            .route(&at("/Bulk"), post(bulk::bulk).fallback(nobody(SEARCH)))
            .route(&at("/"), whole());
        if !base.is_empty() {
            routes = routes.route(base, whole());
        }
        let routes = self.collections().into_iter().fold(routes.with_state(self.clone()), |routes, collection| {
            let path = at(collection.kind().path());
            let all = || get(resources::query).post(resources::create).fallback(nobody("GET, HEAD, POST, OPTIONS"));
            let one = get(resources::read)
                .put(resources::replace)
                .patch(resources::patch)
                .delete(resources::delete)
                .fallback(nobody("GET, HEAD, PUT, PATCH, DELETE, OPTIONS"));
            let added = Router::new()
                .route(&path, all())
                .route(&format!("{path}/"), all())
                .route(&format!("{path}/.search"), post(search::in_collection).fallback(nobody(SEARCH)))
                .route(&format!("{path}/{{id}}"), one);
            routes.merge(added.with_state(collection))
        });
        routes.fallback(nothing_here)
    }

    /// Adds users with the ids that they have, all or none. One without an id is given one.
    pub fn load(&self, users: Vec<Resource>) -> Result<usize, LoadError> {
        self.users().load(users)
    }

    /// Adds groups likewise.
    pub fn load_groups(&self, groups: Vec<Resource>) -> Result<usize, LoadError> {
        self.collection(Kind::Group).ok_or(LoadError::NoGroups)?.load(groups)
    }

    /// All users, sorted by `userName`.
    pub fn resources(&self) -> Result<Vec<Resource>, StorageError> {
        self.users().all()
    }

    /// All groups, sorted by `displayName`; none where the endpoint keeps users only.
    pub fn groups(&self) -> Result<Vec<Resource>, StorageError> {
        self.collection(Kind::Group).map_or_else(|| Ok(Vec::new()), |groups| groups.all())
    }

    /// Deletes the user of this `userName`, or else the group of this `displayName`, both as filters compare them; says
    /// whether there was one. Of groups of one name, one goes.
    pub fn remove(&self, name: &str) -> Result<bool, StorageError> {
        for collection in self.collections() {
            let name = name.to_owned();
            let found = self.0.storage.write_now(move |transaction| collection.delete_called(transaction, &name))?;
            if found {
                self.changes().touch();
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Ends writing: what waits is done, and folded into the file. Reading goes on.
    pub fn close(&self) -> Result<(), StorageError> {
        self.0.storage.close()
    }

    /// Shows every exchange from now on to an observer too.
    pub fn observe(&self, observer: Arc<dyn Observer>) {
        let mut audience = self.0.audience.write().unwrap_or_else(PoisonError::into_inner);
        Arc::make_mut(&mut audience).observers.push(observer);
    }

    /// Lets in with these secrets from now on instead of those before.
    pub fn set_credentials(&self, credentials: &Credentials) {
        self.door().set(credentials);
    }

    /// Everything that has ever let in, for those who mask: tokens that are issued or set later too.
    pub fn secrets(&self) -> KnownSecrets {
        self.door().secrets().clone()
    }

    /// Hands every exchange from now on to this watcher, instead of to the one before.
    pub(super) fn watch(&self, watcher: Arc<dyn Watcher>) {
        let mut audience = self.0.audience.write().unwrap_or_else(PoisonError::into_inner);
        Arc::make_mut(&mut audience).watcher = Some(watcher);
    }

    pub(super) fn audience(&self) -> Arc<Audience> {
        Arc::clone(&self.0.audience.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn faults_in_force(&self) -> &Faults {
        &self.0.faults
    }

    /// The resources of each kind that is kept here.
    pub(super) fn collections(&self) -> Vec<Collection> {
        Kind::ALL.into_iter().filter_map(|kind| self.collection(kind)).collect()
    }

    pub(super) fn collection(&self, kind: Kind) -> Option<Collection> {
        let definition = match kind {
            Kind::User => Some(&self.0.users),
            Kind::Group => self.0.groups.as_ref(),
        }?;
        Some(Collection::new(self.clone(), Arc::clone(definition)))
    }

    /// Whether users have a password that clients may set anew.
    pub(super) fn changes_passwords(&self) -> bool {
        let is_free = |it: &Attribute| matches!(it.mutability, Mutability::ReadWrite | Mutability::WriteOnly);
        self.users().schema().attribute("password").is_some_and(is_free)
    }

    fn users(&self) -> Collection {
        Collection::new(self.clone(), Arc::clone(&self.0.users))
    }

    pub(super) fn storage(&self) -> &Storage {
        &self.0.storage
    }

    pub(super) fn door(&self) -> &Door {
        &self.0.door
    }

    /// What changed last.
    pub(super) fn changes(&self) -> &Changes {
        &self.0.changes
    }

    pub(super) fn base_path(&self) -> &BasePath {
        &self.0.base_path
    }

    pub(super) fn leniencies(&self) -> Leniencies {
        self.0.leniencies
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// The current instant, in milliseconds.
    pub(super) fn now(&self) -> Timestamp {
        let now = self.0.clock.now();
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }

    pub(super) fn new_id(&self) -> String {
        self.0.random.lock().unwrap_or_else(PoisonError::into_inner).guid().to_string()
    }

    /// Whether something of this rate happens now. Nothing is drawn where that is certain.
    pub(super) fn happens(&self, rate: f64) -> bool {
        rate >= 1.0 || self.0.random.lock().unwrap_or_else(PoisonError::into_inner).fraction() < rate
    }
}

/// Every attribute of a schema, and those that every resource has, as a filter names them.
pub(super) fn all_attributes(schema: &ResourceSchema) -> Vec<String> {
    let common = ["id", "schemas", "meta"].map(str::to_owned);
    let core = schema.attributes.iter().map(|attribute| attribute.name.to_string());
    let extensions = schema.extensions.iter().flat_map(|extension| {
        extension.attributes.iter().map(move |attribute| format!("{}:{}", extension.id, attribute.name))
    });
    let whole = schema.ids().map(str::to_owned);
    common.into_iter().chain(core).chain(extensions).chain(whole).collect()
}

async fn nothing_here(request: Request) -> Response<Body> {
    let detail = format!("there is nothing at `{}`", request.uri().path());
    Problem::new(StatusCode::NOT_FOUND, detail).into_response()
}
