//! Routes for the proxy, which asks for them every second.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::{Duration, Instant};

use reqwest::Url;
use serde_json::{Value, json};

use crate::fleet::{Fleet, Member};
use crate::recognize::Role;

/// The proxy takes no more.
const MOST_ROUTES: usize = 256;
/// Of all routes together: the same.
const MOST_MODELS: usize = 4096;

/// `{"version":1,"routes":[…]}`. The route of an engine that has ended stays for `tombstone`: requests for it
/// then fail as they would directly, and are not said to be for nobody.
pub fn routes(fleet: &Fleet, now: Instant, tombstone: Duration) -> Value {
    let mut engines = fleet.reached(Role::Vllm, now, tombstone);
    engines.sort_by(|(one, _), (other, _)| one.route.cmp(&other.route));
    let mut room = MOST_MODELS;
    let routes = engines.iter().filter_map(|(member, url)| route(member, url, &mut room));
    let routes: Vec<_> = routes.take(MOST_ROUTES).collect();
    json!({"version": 1, "routes": routes})
}

/// What tells versions of a page apart.
pub fn etag(page: &Value) -> String {
    let mut hasher = DefaultHasher::new();
    page.to_string().hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

fn route(member: &Member, url: &Url, room: &mut usize) -> Option<Value> {
    let name = member.route.as_ref()?;
    // Paths go through as clients send them, so there is no room for another in front.
    if !matches!(url.path(), "" | "/") {
        return None;
    }
    let mut models = member.models();
    models.truncate(*room);
    *room -= models.len();
    let mut route = json!({
        "name": name,
        "listener": "engine",
        "hop": "engine",
        "upstream": url.as_str().trim_end_matches('/'),
        "models": models,
    });
    if url.scheme() == "https" && !member.is_verified() {
        route["tls_verify"] = false.into();
    }
    Some(route)
}
