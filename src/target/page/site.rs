//! The page's routes, and who is let in to them.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, LOCATION, SET_COOKIE, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::IntoResponse as _;
use axum::routing::{get, post};
use minijinja::Environment;
use minijinja::value::Serde;
use percent_encoding::percent_decode_str;
use serde::Serialize;
use tokio::sync::Semaphore;

use super::assets::{FILES, templates};
use super::form::Form;
use super::guard::{Guard, Place};
use super::html;
use super::log::Log;
use super::sessions::Sessions;
use super::views::{self, Frame};
use crate::base::{Digest, Fingerprint, Secret, Timestamp};
use crate::scim::{HttpExchange, Masking};
use crate::target::observe::Packed;
use crate::target::{Endpoint, FaultRule, StorageError};

/// What a page says of its endpoint, and whom it trusts.
#[derive(Debug)]
pub struct PageOptions {
    /// The tenant URL that clients are given.
    pub tenant_url: String,
    /// Which endpoint it behaves like, in a few words.
    pub profile: String,
    /// Where its resources are kept, in a few words.
    pub data: String,
    /// Whether the listener can be reached from this machine only. Then no token is needed by whoever asks for this
    /// machine by name.
    pub local: bool,
    /// Makes secrets that can't be guessed, of letters and digits.
    pub new_secret: fn() -> Secret,
}

/// A page to watch an endpoint. Clones are the same page.
#[derive(Clone)]
pub struct Page(Arc<Inner>);

pub(super) struct Inner {
    pub(super) endpoint: Endpoint,
    pub(super) options: PageOptions,
    pub(super) log: Arc<Log>,
    masking: Mutex<Masking>,
    pub(super) started: Timestamp,
    /// The faults that were in force when the page was made.
    pub(super) given: Arc<[FaultRule]>,
    templates: Environment<'static>,
    guard: Guard,
    sessions: Sessions,
    /// What a change has to bring.
    secret: Secret,
    /// Searches at one time; whoever waits and goes away costs nothing.
    searches: Arc<Semaphore>,
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page").field("options", &self.0.options).finish_non_exhaustive()
    }
}

/// One look at the page.
pub(super) struct Visit {
    pub(super) form: Form,
    /// The last segment of the path, decoded.
    pub(super) last: String,
    /// What tells whether there is anything new.
    pub(super) version: String,
    pub(super) now: Timestamp,
    /// Whether it is by the token that the visitor is let in, and not by the listener.
    signed_in: bool,
}

/// Why there is nothing to show.
pub(super) struct Trouble {
    pub(super) status: StatusCode,
    pub(super) title: &'static str,
    pub(super) text: String,
}

pub(super) type Answer = Result<Response<Body>, Trouble>;

impl Trouble {
    pub(super) fn missing(text: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, title: "Not found", text: text.into() }
    }

    fn refused(text: impl Into<String>) -> Self {
        Self { status: StatusCode::FORBIDDEN, title: "Refused", text: text.into() }
    }

    fn broken() -> Self {
        let text = "The page couldn't be made; the program's log says why.".to_owned();
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, title: "Something went wrong", text }
    }
}

impl From<StorageError> for Trouble {
    fn from(error: StorageError) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "the endpoint's data can't be read");
        let text = "The endpoint's data can't be read; the program's log says why.".to_owned();
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, title: "Something went wrong", text }
    }
}

/// Searches at one time.
const SEARCHES: usize = 2;
/// Where those who aren't known go in.
const LOGIN: &str = "/page/login";

impl Page {
    /// Makes a page that watches an endpoint from now on. Make it when the faults are in force that the endpoint
    /// begins with.
    pub fn new(endpoint: &Endpoint, options: PageOptions) -> Self {
        let log = Arc::new(Log::default());
        endpoint.watch(Arc::<Log>::clone(&log));
        endpoint.changes().watch();
        let secure = options.tenant_url.starts_with("https:");
        let mark = Digest::of((options.new_secret)().expose().as_bytes()).to_string();
        Self(Arc::new(Inner {
            endpoint: endpoint.clone(),
            log,
            masking: Mutex::new(Masking::new(endpoint.secrets())),
            started: endpoint.now(),
            given: endpoint.faults().into_iter().map(|status| status.rule).collect(),
            templates: templates(),
            guard: Guard::new(options.local, secure, &mark[..8]),
            sessions: Sessions::default(),
            secret: (options.new_secret)(),
            searches: Arc::new(Semaphore::new(SEARCHES)),
            options,
        }))
    }

    /// The page's routes, `/` and those below `/page`; everything else is the endpoint's.
    pub fn around(&self, endpoint: Router) -> Router {
        let files = FILES.into_iter().fold(Router::new(), |router, (path, kind, text)| {
            router.route(path, get(move || async move { ([(CONTENT_TYPE, kind)], text) }))
        });
        let pages = files
            .route("/", get(overview))
            .route("/page/users", get(users))
            .route("/page/users/{id}", get(user))
            .route("/page/groups", get(groups))
            .route("/page/groups/{id}", get(group))
            .route("/page/requests", get(requests))
            .route("/page/requests/clear", post(clear))
            .route("/page/requests/{number}", get(request_))
            .route("/page/faults", get(faults).post(faults_off))
            .route("/page/faults/{name}", post(fault))
            .route("/page/rules", post(rule))
            .route(LOGIN, post(login))
            .route("/page/logout", post(logout))
            .route("/page", get(|| async { see_other("/") }))
            .route("/page/", get(|| async { see_other("/") }))
            .route("/page/{*rest}", get(nothing_here))
            .method_not_allowed_fallback(nothing_here)
            .layer(from_fn_with_state(self.clone(), guarded))
            .with_state(self.clone());
        if self.0.endpoint.base_path().is_empty() {
            // both have something at `/`
            pages.fallback_service(endpoint)
        } else {
            // one tree of routes: a request of the protocol takes no detour
            pages.merge(endpoint)
        }
    }

    async fn admit(&self, mut request: Request, next: Next) -> Response<Body> {
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let guard = &self.0.guard;
        match guard.place(&method, &uri, request.headers()) {
            Place::Here => {}
            Place::Link if uri.path() == "/" && uri.query().is_none() => {}
            // a link may open the page, but not choose what it searches for
            Place::Link => return see_other("/"),
            Place::Elsewhere => {
                let text = "Another site's page asked for this. Open the page by its address.";
                return self.trouble(&Trouble::refused(text), None);
            }
        }
        let path = uri.path();
        if path == LOGIN || FILES.iter().any(|(file, ..)| *file == path) {
            return next.run(request).await;
        }
        let session = self.has_session(request.headers());
        if !session && !guard.is_local(request.version(), &uri, request.headers()) && !self.has_token(request.headers())
        {
            return self.strangers(uri.path_and_query().map_or("/", |path| path.as_str()), "");
        }
        if method == Method::POST {
            if !guard.is_own(&uri, request.headers()) {
                let text = "The browser doesn't say that this page sent the change, so nothing was changed. Over plain \
                            HTTP from another machine that takes a browser with script.";
                return self.trouble(&Trouble::refused(text), None);
            }
            let body = std::mem::take(request.body_mut());
            let form = Form::read(body).await.unwrap_or_default();
            let given = Digest::of(form.get("secret").unwrap_or_default().as_bytes());
            if given != Digest::of(self.0.secret.expose().as_bytes()) {
                let text = "The change came without the secret of this page, which is made anew whenever the endpoint \
                            starts. Open the page again and repeat it.";
                return self.trouble(&Trouble::refused(text), None);
            }
            request.extensions_mut().insert(Arc::new(form));
        }
        request.extensions_mut().insert(SignedIn(session));
        next.run(request).await
    }

    fn has_session(&self, headers: &HeaderMap) -> bool {
        let now = self.0.endpoint.now();
        self.0.guard.session(headers).is_some_and(|secret| {
            self.0.sessions.token(secret, now).is_some_and(|token| self.0.endpoint.door().is_still_master(&token))
        })
    }

    fn has_token(&self, headers: &HeaderMap) -> bool {
        self.0.endpoint.door().lets_watch(headers)
    }

    /// Shows what a view makes, which may take a while.
    async fn show(
        self,
        request: Request,
        view: impl FnOnce(&Inner, &Visit) -> Answer + Send + 'static,
    ) -> Response<Body> {
        let visit = Visit::of(&self.0, &request);
        if visit.form.get("poll") == Some(visit.version.as_str()) {
            return StatusCode::NO_CONTENT.into_response();
        }
        let permit = match visit.form.get("q") {
            Some(_) => Arc::clone(&self.0.searches).acquire_owned().await.ok(),
            None => None,
        };
        let inner = Arc::clone(&self.0);
        let work = tokio::task::spawn_blocking(move || {
            let answer = view(&inner, &visit);
            drop(permit);
            answer.unwrap_or_else(|trouble| Self(inner).trouble(&trouble, Some(&visit)))
        });
        work.await.unwrap_or_else(|_| self.trouble(&Trouble::broken(), None))
    }

    /// A page that says what is wrong.
    fn trouble(&self, trouble: &Trouble, visit: Option<&Visit>) -> Response<Body> {
        #[derive(Serialize)]
        struct Message<'t> {
            title: &'t str,
            text: &'t str,
            known: bool,
        }
        let Trouble { status, title, text } = trouble;
        let message = Message { title, text, known: visit.is_some() };
        match visit {
            Some(visit) => self.0.page(*status, "message.html", "", visit, message),
            None => self.0.render(*status, "message.html", message),
        }
    }

    /// A page that asks for the token and says nothing of the endpoint.
    fn strangers(&self, next: &str, problem: &str) -> Response<Body> {
        #[derive(Serialize)]
        struct Login<'t> {
            next: &'t str,
            problem: &'t str,
        }
        let login = Login { next: own_path(next), problem };
        let mut response = self.0.render(StatusCode::UNAUTHORIZED, "login.html", login);
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        response
    }
}

/// Whether the visitor has a session.
#[derive(Clone, Copy)]
struct SignedIn(bool);

impl Visit {
    fn of(page: &Inner, request: &Request) -> Self {
        let last = request.uri().path().rsplit('/').next().unwrap_or_default();
        Self {
            form: Form::query(request.uri().query()),
            last: percent_decode_str(last).decode_utf8_lossy().into_owned(),
            version: page.version(),
            now: page.endpoint.now(),
            signed_in: request.extensions().get().is_some_and(|SignedIn(session)| *session),
        }
    }
}

impl Inner {
    /// An exchange of the log without its secrets.
    pub(super) fn masked(&self, packed: &Packed) -> HttpExchange {
        self.masking.lock().unwrap_or_else(PoisonError::into_inner).masked(&packed.unpack())
    }

    /// The same without headers and bodies.
    pub(super) fn masked_line(&self, exchange: &HttpExchange) -> HttpExchange {
        self.masking.lock().unwrap_or_else(PoisonError::into_inner).masked_line(exchange)
    }

    /// Changes with everything that a page shows by itself.
    fn version(&self) -> String {
        let faults = Fingerprint::of(0, views::version(self).as_bytes());
        format!("{}.{}.{}.{:x}", self.log.counts().all, self.log.len(), self.endpoint.changes().version(), faults.0)
    }

    /// A view in the frame that all pages have.
    pub(super) fn page(
        &self,
        status: StatusCode,
        template: &str,
        place: &'static str,
        visit: &Visit,
        view: impl Serialize,
    ) -> Response<Body> {
        let frame = Frame {
            view,
            place,
            version: &visit.version,
            secret: self.secret.expose(),
            signed_in: visit.signed_in,
            has_groups: views::has_groups(self),
            faults_on: views::faults_on(&self.endpoint.faults()),
        };
        self.render(status, template, frame)
    }

    pub(super) fn render(&self, status: StatusCode, template: &str, view: impl Serialize) -> Response<Body> {
        let rendered = self.templates.get_template(template).and_then(|template| template.render(Serde(view)));
        match rendered {
            Ok(html) => {
                let mut response = Response::new(Body::from(html));
                *response.status_mut() = status;
                let html = HeaderValue::from_static("text/html; charset=utf-8");
                response.headers_mut().insert(CONTENT_TYPE, html);
                response
            }
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, template, "a page can't be made");
                (StatusCode::INTERNAL_SERVER_ERROR, "the page can't be made; see the program's log\n").into_response()
            }
        }
    }
}

fn see_other(path: &str) -> Response<Body> {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let location = HeaderValue::try_from(path).unwrap_or(HeaderValue::from_static("/"));
    response.headers_mut().insert(LOCATION, location);
    response
}

/// A path of the page; anything else, another host above all, becomes `/`.
fn own_path(path: &str) -> &str {
    let plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let own = path.strip_prefix('/').is_some_and(|rest| rest.is_empty() || rest.starts_with("page/"));
    if plain && own { path } else { "/" }
}

fn sent(request: &Request) -> Arc<Form> {
    request.extensions().get::<Arc<Form>>().cloned().unwrap_or_default()
}

async fn guarded(State(page): State<Page>, request: Request, next: Next) -> Response<Body> {
    let local = page.0.guard.is_local(request.version(), request.uri(), request.headers());
    let mut response = page.admit(request, next).await;
    page.0.guard.seal(response.headers_mut(), local);
    response
}

async fn overview(State(page): State<Page>, request: Request) -> Response<Body> {
    page.show(request, views::overview).await
}

async fn users(State(page): State<Page>, request: Request) -> Response<Body> {
    page.show(request, views::users).await
}

async fn user(State(page): State<Page>, request: Request) -> Response<Body> {
    page.show(request, views::user).await
}

async fn groups(State(page): State<Page>, request: Request) -> Response<Body> {
    page.show(request, views::groups).await
}

async fn group(State(page): State<Page>, request: Request) -> Response<Body> {
    page.show(request, views::group).await
}

async fn requests(State(page): State<Page>, request: Request) -> Response<Body> {
    page.show(request, |page, visit| Ok(views::requests(page, visit))).await
}

async fn request_(State(page): State<Page>, request: Request) -> Response<Body> {
    page.show(request, views::request).await
}

async fn faults(State(page): State<Page>, request: Request) -> Response<Body> {
    page.show(request, |page, visit| Ok(views::faults(page, visit, None))).await
}

async fn nothing_here(State(page): State<Page>, request: Request) -> Response<Body> {
    page.show(request, |_, _| Err(Trouble::missing("There is nothing at this address."))).await
}

/// Switches a fault.
async fn fault(State(page): State<Page>, request: Request) -> Response<Body> {
    let form = sent(&request);
    let name = request.uri().path().rsplit('/').next().unwrap_or_default();
    let name = percent_decode_str(name).decode_utf8_lossy();
    if !views::switch(&page.0, &name, form.get("to").unwrap_or_default()) {
        let text = "There is no such fault, or no such position of its switch.";
        return page.trouble(&Trouble::missing(text), None);
    }
    see_other(own_path(form.get("back").unwrap_or("/page/faults")))
}

/// Puts a rule in force.
async fn rule(State(page): State<Page>, request: Request) -> Response<Body> {
    let form = sent(&request);
    let text = form.get("rule").unwrap_or_default().to_owned();
    let Err(problem) = views::add(&page.0, &text) else {
        return see_other(own_path(form.get("back").unwrap_or("/page/faults")));
    };
    let refused = views::Refused { rule: text, problem: html::with_code(&problem) };
    page.show(request, |page, visit| Ok(views::faults(page, visit, Some(refused)))).await
}

/// Switches all faults off.
async fn faults_off(State(page): State<Page>, request: Request) -> Response<Body> {
    page.0.endpoint.set_faults(Vec::new());
    see_other(own_path(sent(&request).get("back").unwrap_or("/page/faults")))
}

async fn clear(State(page): State<Page>) -> Response<Body> {
    page.0.log.clear();
    see_other("/page/requests")
}

/// Begins a session for whoever knows a token.
async fn login(State(page): State<Page>, request: Request) -> Response<Body> {
    let form = Form::read(request.into_body()).await.unwrap_or_default();
    let next = own_path(form.get("next").unwrap_or("/"));
    let inner = &page.0;
    let Some(token) = form.get("token").and_then(|token| inner.endpoint.door().master(token)) else {
        return page.strangers(next, "This token isn't known here.");
    };
    let secret = (inner.options.new_secret)();
    inner.sessions.begin(&secret, token, inner.endpoint.now());
    let mut response = see_other(next);
    response.headers_mut().insert(SET_COOKIE, inner.guard.cookie(Some(secret.expose())));
    response
}

async fn logout(State(page): State<Page>, request: Request) -> Response<Body> {
    if let Some(secret) = page.0.guard.session(request.headers()) {
        page.0.sessions.end(secret);
    }
    let mut response = see_other("/");
    response.headers_mut().insert(SET_COOKIE, page.0.guard.cookie(None));
    response
}
