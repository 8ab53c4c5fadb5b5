//! The endpoint: its options, its routes, and ways in for tests and demos.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{Response, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::get;
use serde_json::{Map, Value, json};

use super::answer::{Problem, not_allowed};
use super::authorise::{Tokens, authorise};
use super::storage::{Cursor, Record, Taken};
use super::{Storage, StorageError, discovery, users};
use crate::base::{Random, Secret, Timestamp};
use crate::clock::Clock;
use crate::scim::{Filter, PatchError, PatchOptions, Resource, ResourceSchema, Returned};

/// What an endpoint is like.
#[derive(Debug)]
pub struct EndpointOptions {
    /// Attributes of users, with the extensions that they may have.
    pub users: ResourceSchema,
    /// Attributes that a filter may name (`userName`, `name.givenName`); others are 400 `invalidFilter`.
    pub filterable: Vec<String>,
    /// Tokens that are let in; without any, nobody is.
    pub tokens: Vec<Secret>,
    /// Tells `created` and `lastModified`.
    pub clock: Clock,
    /// Makes ids.
    pub random: Random,
    /// Path before `/Users`: `/scim/v2`, or empty.
    pub base_path: String,
    /// Liberties that are taken in PATCH and in documents.
    pub patch: PatchOptions,
}

/// Why resources can't be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A resource isn't a valid user.
    #[error("resource {number} isn't a valid user: {source}")]
    Invalid {
        /// Its place, from 1.
        number: usize,
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
    /// The storage fails.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// A SCIM endpoint. Clones are the same endpoint.
#[derive(Debug, Clone)]
pub struct Endpoint(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    users: ResourceSchema,
    filterable: Vec<String>,
    tokens: Tokens,
    clock: Clock,
    random: Mutex<Random>,
    base_path: String,
    patch: PatchOptions,
    storage: Storage,
    exact_key: bool,
    on_request: bool,
}

impl Endpoint {
    /// Makes an endpoint over what the storage holds.
    pub fn new(options: EndpointOptions, storage: Storage) -> Result<Self, StorageError> {
        let EndpointOptions { users, filterable, tokens, clock, mut random, base_path, patch } = options;
        // a file that is opened again mustn't begin with the ids that it was given before
        let used = storage.high_water()?;
        if used > 0 {
            let (high, low) = random.guid().as_u64_pair();
            random = Random::seeded(high ^ low ^ used);
        }
        let requested = |attribute: &crate::scim::Attribute| attribute.returned == Returned::Request;
        Ok(Self(Arc::new(Inner {
            exact_key: users.attribute("userName").is_some_and(|attribute| attribute.case_exact),
            on_request: users.attributes.iter().any(|a| requested(a) || a.sub_attributes.iter().any(requested)),
            users,
            filterable,
            tokens: Tokens::new(&tokens),
            clock,
            random: Mutex::new(random),
            base_path: base_path.trim_end_matches('/').to_owned(),
            patch,
            storage,
        })))
    }

    /// The routes, to be served or called in process.
    pub fn router(&self) -> Router {
        let nobody = |allowed| move || async move { not_allowed(allowed) };
        let routes = Router::new()
            .route("/Users", get(users::list).post(users::create).fallback(nobody("GET, POST")))
            .route("/Users/", get(users::list).post(users::create).fallback(nobody("GET, POST")))
            .route(
                "/Users/{id}",
                get(users::read)
                    .put(users::replace)
                    .patch(users::patch)
                    .delete(users::delete)
                    .fallback(nobody("GET, PUT, PATCH, DELETE")),
            )
            .route("/ServiceProviderConfig", get(discovery::configuration).fallback(nobody("GET")))
            .route("/ResourceTypes", get(discovery::resource_types).fallback(nobody("GET")))
            .route("/ResourceTypes/{name}", get(discovery::resource_type).fallback(nobody("GET")))
            .route("/Schemas", get(discovery::schemas).fallback(nobody("GET")))
            .route("/Schemas/{id}", get(discovery::schema).fallback(nobody("GET")));
        let routes = if self.base_path().is_empty() { routes } else { Router::new().nest(self.base_path(), routes) };
        routes.fallback(nothing_here).layer(from_fn_with_state(self.clone(), authorise)).with_state(self.clone())
    }

    /// Adds users with the ids that they have, all or none. One without an id is given one.
    pub fn load(&self, resources: Vec<Resource>) -> Result<usize, LoadError> {
        let now = self.now();
        let mut records = Vec::with_capacity(resources.len());
        for (index, resource) in resources.into_iter().enumerate() {
            let id = resource.id().unwrap_or_else(|| self.new_id());
            let stamp = |name| {
                let meta = resource.get("meta").and_then(Value::as_object)?;
                meta.get(name)?.as_str()?.parse::<Timestamp>().ok()
            };
            let created = stamp("created").unwrap_or(now);
            let modified = stamp("lastModified").unwrap_or(created);
            let Value::Object(document) = resource.into_value() else { continue };
            let resource = self
                .users()
                .admit(document, &self.0.patch)
                .map_err(|source| LoadError::Invalid { number: index + 1, source })?;
            records.push(self.record(id, resource, created, modified));
        }
        let count = records.len();
        match self.storage().insert(records)? {
            Ok(()) => Ok(count),
            Err((index, taken)) => {
                let what = if taken == Taken::Id { "id" } else { "userName" };
                Err(LoadError::Taken { number: index + 1, what })
            }
        }
    }

    /// All users, sorted by `userName`.
    pub fn resources(&self) -> Result<Vec<Resource>, StorageError> {
        let (mut cursor, mut users) = (Cursor::default(), Vec::new());
        loop {
            let page = self.storage().walk(&mut cursor)?;
            if page.is_empty() {
                break;
            }
            users.extend(page.iter().map(|body| parse(body)));
        }
        users.sort_by_cached_key(|user| self.key(user));
        Ok(users)
    }

    pub(super) fn users(&self) -> &ResourceSchema {
        &self.0.users
    }

    pub(super) fn storage(&self) -> &Storage {
        &self.0.storage
    }

    pub(super) fn tokens(&self) -> &Tokens {
        &self.0.tokens
    }

    pub(super) fn base_path(&self) -> &str {
        &self.0.base_path
    }

    pub(super) fn patch_options(&self) -> &PatchOptions {
        &self.0.patch
    }

    pub(super) fn filterable(&self) -> &[String] {
        &self.0.filterable
    }

    /// Whether some attribute is only returned when it is asked for.
    pub(super) fn has_attributes_on_request(&self) -> bool {
        self.0.on_request
    }

    /// The current instant, in milliseconds.
    pub(super) fn now(&self) -> Timestamp {
        let now = self.0.clock.now();
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }

    pub(super) fn new_id(&self) -> String {
        self.0.random.lock().unwrap_or_else(PoisonError::into_inner).guid().to_string()
    }

    /// The key of a `userName` in the index.
    pub(super) fn key_of(&self, user_name: &str) -> String {
        if self.0.exact_key { user_name.to_owned() } else { Filter::fold(user_name) }
    }

    pub(super) fn key(&self, user: &Resource) -> String {
        self.key_of(user.get("userName").and_then(Value::as_str).unwrap_or_default())
    }

    /// A user as it is kept: `id` first, `meta` last, without what is never returned.
    pub(super) fn record(&self, id: String, user: Resource, created: Timestamp, modified: Timestamp) -> Record {
        let key = self.key(&user);
        let mut members = Map::new();
        members.insert("id".to_owned(), Value::String(id.clone()));
        for (name, value) in user.into_value().as_object_mut().into_iter().flatten() {
            let never = self.users().attribute(name).is_some_and(|attribute| attribute.returned == Returned::Never);
            if !never && name != "id" && name != "meta" {
                members.insert(name.clone(), value.take());
            }
        }
        let meta = json!({
            "resourceType": self.users().name,
            "created": created.to_string(),
            "lastModified": modified.to_string(),
        });
        members.insert("meta".to_owned(), meta);
        Record { id, key, body: Value::Object(members).to_string() }
    }
}

/// A kept user as a resource.
pub(super) fn parse(body: &str) -> Resource {
    serde_json::from_str(body).ok().and_then(Resource::from_value).unwrap_or_default()
}

async fn nothing_here(request: Request) -> Response<Body> {
    let detail = format!("there is nothing at `{}`", request.uri().path());
    Problem::new(StatusCode::NOT_FOUND, detail).into_response()
}
