//! What discovery answers, read with suspicion: what is wrong with a route leaves out that route, what
//! is wrong with the whole leaves everything as it was. Members that are not known are passed over.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::FoundRoute;
use crate::config::may_name_a_route;
use crate::upstream::Upstream;

/// The form of the answer that is understood.
const VERSION: u64 = 1;

/// More routes, more models of a route and more models of all routes are a mistake of somebody's.
const MOST_ROUTES: usize = 256;
const MOST_MODELS: usize = 1_000;
const MOST_MODELS_OF_ALL: usize = 4_096;

const LONGEST_URL: usize = 512;

/// A whole answer that can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unusable {
    #[error("the answer is no JSON object with a \"version\" and a list of \"routes\"")]
    Shape,
    #[error(
        "the answer is of a version other than {VERSION}, which is all that is understood here"
    )]
    Version,
    #[error("the answer names more than {MOST_ROUTES} routes")]
    Routes,
    #[error("the answer names more than {MOST_MODELS_OF_ALL} models")]
    Models,
}

/// What discovery names, in the order of the names.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Listing {
    pub(crate) routes: Vec<FoundRoute>,
    pub(crate) left_out: Vec<LeftOut>,
}

/// A route that can't be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LeftOut {
    /// Its name if it has a good one, else where it stands: nothing else of what was sent is shown.
    pub(crate) route: String,
    pub(crate) reason: String,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.route, self.reason)
    }
}

pub(crate) fn read(body: &[u8]) -> Result<Listing, Unusable> {
    let answer: Map<String, Value> = serde_json::from_slice(body).map_err(|_| Unusable::Shape)?;
    match answer.get("version").map(Value::as_u64) {
        Some(Some(VERSION)) => {}
        Some(Some(_)) => return Err(Unusable::Version),
        _ => return Err(Unusable::Shape),
    }
    let written = answer.get("routes").and_then(Value::as_array).ok_or(Unusable::Shape)?;
    if written.len() > MOST_ROUTES {
        return Err(Unusable::Routes);
    }
    let mut listing = Listing::default();
    for (index, written) in written.iter().enumerate() {
        let name = name(written);
        let read = match name {
            Ok(name) if listing.routes.iter().any(|route| route.name == name) => {
                Err("another route has the same name".to_owned())
            }
            Ok(name) => route(name, written),
            Err(reason) => Err(reason.to_owned()),
        };
        match read {
            Ok(route) => listing.routes.push(route),
            Err(reason) => {
                let route = name.map_or_else(|_| format!("routes[{index}]"), str::to_owned);
                listing.left_out.push(LeftOut { route, reason });
            }
        }
    }
    if listing.routes.iter().map(|route| route.models.len()).sum::<usize>() > MOST_MODELS_OF_ALL {
        return Err(Unusable::Models);
    }
    listing.routes.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(listing)
}

fn name(written: &Value) -> Result<&str, &'static str> {
    if !written.is_object() {
        return Err("it is no object");
    }
    let name = written.get("name").and_then(Value::as_str).ok_or("it has no name")?;
    if !may_name_a_route(name) {
        return Err("its name is not 1 to 64 letters, digits, '-', '_' or '.', or it is \
                    \"unrouted\", \"v1\" or \"v2\"");
    }
    Ok(name)
}

fn route(name: &str, written: &Value) -> Result<FoundRoute, String> {
    if written.get("listener").and_then(Value::as_str) != Some("engine") {
        return Err("its listener is not \"engine\", the only one that takes discovered routes: \
                    the others are published"
            .to_owned());
    }
    if written.get("hop").is_some_and(|hop| hop.as_str() != Some("engine")) {
        return Err("its hop is not \"engine\"".to_owned());
    }
    let url = written.get("upstream").and_then(Value::as_str).ok_or("it has no upstream")?;
    if url.len() > LONGEST_URL {
        return Err(format!("its upstream is longer than {LONGEST_URL} bytes"));
    }
    let is_https = url.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:"));
    let tls_verify = match written.get("tls_verify") {
        None => true,
        Some(verify) => verify.as_bool().ok_or("its tls_verify is neither true nor false")?,
    };
    let upstream = Upstream::parse(url, is_https, tls_verify)
        .map_err(|expected| format!("its upstream is not {expected}"))?;
    let models = written.get("models").map_or(Ok(Vec::new()), models)?;
    Ok(FoundRoute { name: name.to_owned(), upstream: Arc::new(upstream), models })
}

fn models(written: &Value) -> Result<Vec<String>, String> {
    let names = written.as_array().ok_or("its models are no list")?;
    if names.len() > MOST_MODELS {
        return Err(format!("it has more than {MOST_MODELS} models"));
    }
    let longest = weir_wire::Limits::default().model_bytes;
    let name = |name: &Value| match name.as_str() {
        Some(name) if (1..=longest).contains(&name.len()) => Ok(name.to_owned()),
        _ => Err(format!("a name of its models is not text of 1 to {longest} bytes")),
    };
    names.iter().map(name).collect()
}

#[cfg(test)]
mod tests;
