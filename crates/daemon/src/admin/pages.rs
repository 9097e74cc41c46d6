//! The admin pages: what each path answers.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Map, Value, json};

use super::access::AdminAccess;
use super::guard;
use super::own_page::{self, OwnPage};
use super::timestamp::rfc3339;
use crate::build_info;
use crate::exposition::{self, Format};
use crate::process::ProcessReading;

/// What a daemon puts on its admin pages. Called on the admin thread, one call at a time: no call
/// may wait for the network or for a lock that is held for long.
pub trait Pages: Send + Sync + 'static {
    /// The daemon's metrics as OpenMetrics text, without `# EOF`; `process_*` and `weir_build_info`
    /// are added.
    fn metrics(&self) -> String;
    /// The same for a scraper that reads native histograms, for a daemon that has some: see
    /// [`exposition::to_protobuf`] for how it writes them.
    fn metrics_with_native(&self) -> String {
        self.metrics()
    }
    /// Whether the daemon can serve; if not, why, in words for the operator.
    fn ready(&self) -> Result<(), String>;
    /// Routes, devices or targets and last errors; an object, to which name, version and uptime are
    /// added.
    fn status(&self) -> Value;
    /// The models that were seen, for a daemon that knows of models.
    fn models(&self) -> Option<Value>;
    /// Who may see the pages other than `/health` and `/ready`; asked at each request, so that
    /// changed secrets count at once.
    fn access(&self) -> Arc<AdminAccess>;

    /// At most this many connections are open at once; more wait in the listen queue. A browser that looks at a page keeps
    /// up to six.
    fn connections(&self) -> usize {
        64
    }

    /// The page of the daemon's own at a path; `None`: there is none.
    fn own_page(&self, _path: &str) -> Option<OwnPage> {
        None
    }

    /// Pages that are more than JSON to be read: files, bodies, answers that others are waited for. Asked for once,
    /// at the start. They run on the admin thread, too: whatever blocks has to be done elsewhere. `access` counts for
    /// them as for all pages; no path may be one of the common ones.
    fn routes(&self) -> Router {
        Router::new()
    }

    /// The paths of all those pages, for whoever asks for one that is not there.
    fn own_paths(&self) -> Vec<String> {
        Vec::new()
    }
}

/// All that the pages need.
pub(super) struct Site {
    name: &'static str,
    version: &'static str,
    started: Instant,
    pages: Arc<dyn Pages>,
}

impl Site {
    pub(super) fn new(name: &'static str, version: &'static str, pages: Arc<dyn Pages>) -> Self {
        Self { name, version, started: Instant::now(), pages }
    }
}

/// The paths that the 404 page lists; `/prometheus` is another name of `/metrics`.
const ENDPOINTS: [&str; 6] = ["/metrics", "/prometheus", "/health", "/ready", "/status", "/models"];

/// The routes; `get` answers HEAD as well.
pub(super) fn router(site: Site) -> Router {
    let pages = Arc::clone(&site.pages);
    Router::new()
        .route("/metrics", get(metrics))
        .route("/prometheus", get(metrics))
        .route("/health", get(health))
        .route("/ready", get(ready))
        .route("/status", get(status))
        .route("/models", get(models))
        .fallback(own_page)
        .method_not_allowed_fallback(method_not_allowed)
        .merge(pages.routes().with_state(()))
        .layer(axum::middleware::from_fn_with_state(pages, guard::check))
        .with_state(Arc::new(site))
}

async fn metrics(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    let accept: Vec<&str> =
        headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    let accept = (!accept.is_empty()).then(|| accept.join(","));
    let format = Format::negotiate(accept.as_deref());

    let mut text = match format {
        Format::Protobuf => site.pages.metrics_with_native(),
        _ => site.pages.metrics(),
    };
    text.push_str(&ProcessReading::of_self().openmetrics());
    text.push_str(&build_info::openmetrics(site.version, build_info::REVISION));
    let body = match format {
        Format::Text => exposition::to_text(&text).into_bytes(),
        Format::OpenMetrics => (text + exposition::EOF).into_bytes(),
        Format::Protobuf => exposition::to_protobuf(&text),
    };
    ([(header::CONTENT_TYPE, format.content_type())], body).into_response()
}

async fn health() -> Response {
    page(StatusCode::OK, &json!({"status": "ok", "timestamp": rfc3339(SystemTime::now())}))
}

async fn ready(State(site): State<Arc<Site>>) -> Response {
    match site.pages.ready() {
        Ok(()) => page(StatusCode::OK, &json!({"status": "ready"})),
        Err(reason) => {
            let body = json!({"status": "not ready", "reason": reason});
            page(StatusCode::SERVICE_UNAVAILABLE, &body)
        }
    }
}

async fn status(State(site): State<Arc<Site>>) -> Response {
    let mut body = match site.pages.status() {
        Value::Object(body) => body,
        other => Map::from_iter([("status".to_owned(), other)]),
    };
    body.insert("name".to_owned(), site.name.into());
    body.insert("version".to_owned(), site.version.into());
    body.insert("uptime_seconds".to_owned(), site.started.elapsed().as_secs().into());
    page(StatusCode::OK, &body.into())
}

async fn models(State(site): State<Arc<Site>>) -> Response {
    match site.pages.models() {
        Some(models) => page(StatusCode::OK, &models),
        None => not_found(&site),
    }
}

async fn own_page(
    State(site): State<Arc<Site>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    match site.pages.own_page(uri.path()) {
        Some(_) if !own_page::is_read(&method) => {
            let answer = method_not_allowed().await;
            ([(header::ALLOW, "GET,HEAD")], answer).into_response()
        }
        Some(found) => found.answer(&headers),
        None => not_found(&site),
    }
}

fn not_found(site: &Site) -> Response {
    let own = site.pages.own_paths();
    let endpoints: Vec<_> = ENDPOINTS.into_iter().chain(own.iter().map(String::as_str)).collect();
    page(StatusCode::NOT_FOUND, &json!({"error": "not found", "endpoints": endpoints}))
}

/// axum sets `Allow`.
async fn method_not_allowed() -> Response {
    page(StatusCode::METHOD_NOT_ALLOWED, &json!({"error": "only GET and HEAD are answered here"}))
}

/// A page of JSON.
pub(super) fn page(status: StatusCode, body: &Value) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, format!("{body}\n")).into_response()
}
