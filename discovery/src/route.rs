//! Routes for the proxy, which asks for them every second.

use std::collections::BTreeSet;
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
/// Of their names as they are written, in bytes: the proxy reads no more than twice as much.
const MOST_BYTES: usize = 512 * 1024;

/// `{"version":1,"routes":[…]}`. The route of an engine that has ended stays for `tombstone`: requests for it
/// then fail as they would directly, and are not said to be for nobody.
pub fn routes(fleet: &Fleet, now: Instant, tombstone: Duration) -> Value {
    let mut engines = fleet.reached(Role::Vllm, now, tombstone);
    engines.sort_by(|(one, _), (other, _)| one.route.cmp(&other.route));
    let served: BTreeSet<String> = engines
        .iter()
        .filter(|(member, _)| member.runs())
        .flat_map(|(member, _)| member.models())
        .collect();
    let mut room = Room { models: MOST_MODELS, bytes: MOST_BYTES };
    let routes = engines.iter().filter_map(|(member, url)| route(member, url, &served, &mut room));
    let routes: Vec<_> = routes.take(MOST_ROUTES).collect();
    json!({"version": 1, "routes": routes})
}

/// What tells versions of a page apart.
pub fn etag(page: &Value) -> String {
    let mut hasher = DefaultHasher::new();
    page.to_string().hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// What the proxy still takes.
struct Room {
    models: usize,
    bytes: usize,
}

impl Room {
    fn take(&mut self, model: &str) -> bool {
        let bytes = Value::from(model).to_string().len();
        let fits = self.models > 0 && bytes <= self.bytes;
        if fits {
            self.models -= 1;
            self.bytes -= bytes;
        }
        fits
    }
}

fn route(member: &Member, url: &Url, served: &BTreeSet<String>, room: &mut Room) -> Option<Value> {
    let name = member.route.as_ref()?;
    // Paths go through as clients send them, so there is no room for another in front.
    if !matches!(url.path(), "" | "/") {
        return None;
    }
    let models = member.models();
    // The proxy gives a model that two routes serve to neither: what has ended is in nobody's way.
    if !member.runs() && models.iter().any(|model| served.contains(model)) {
        return None;
    }
    let models: Vec<_> = models.into_iter().take_while(|model| room.take(model)).collect();
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
