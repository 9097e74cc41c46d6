//! What discovery has found so far: the routes that it names, and those that it names no more.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::access::RouteAccess;
use crate::config::{Config, Discovery, RouteConfig};
use crate::upstream::Upstream;
use weir_ledger::Hop;

/// How often the engines are asked for their models; less than any `idle_series`.
const POLL_MODELS: Duration = Duration::from_secs(30);

/// An engine that is started anew is back within this time: it loads its weights for minutes.
const GONE: Duration = Duration::from_secs(15 * 60);

/// So many routes that are gone keep their series.
const MOST_GONE: usize = 256;

/// A route as discovery names it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FoundRoute {
    pub(crate) name: String,
    pub(crate) upstream: Arc<Upstream>,
    pub(crate) models: Vec<String>,
}

impl FoundRoute {
    /// It as it would have been configured, with the defaults of a route.
    pub(crate) fn config(&self, config: &Config, discovery: &Discovery) -> RouteConfig {
        RouteConfig {
            name: self.name.clone(),
            hop: Hop::Engine,
            upstream: Arc::clone(&self.upstream),
            usage: discovery.usage,
            models: self.models.clone(),
            poll_models: Some(POLL_MODELS),
            models_key_file: None,
            pass_accept_encoding: false,
            allow_half_close: false,
            access: RouteAccess { needs_key: !config.keys.is_empty(), ..RouteAccess::default() },
        }
    }
}

/// A route that discovery names no more.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Gone {
    name: String,
    models: Vec<String>,
    since: Instant,
}

impl Gone {
    /// Whether it may well come back.
    pub(crate) fn is_missed(&self) -> bool {
        self.since.elapsed() < GONE
    }

    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name == name
    }

    pub(crate) fn served(&self, model: &str) -> bool {
        self.models.iter().any(|name| name == model)
    }
}

/// What discovery has found so far.
#[derive(Default)]
pub(crate) struct Found {
    /// `None`: it has not answered yet.
    routes: Option<Vec<FoundRoute>>,
    /// Those that have gone longest ago come first.
    gone: Vec<Gone>,
}

impl Found {
    pub(crate) fn has_answered(&self) -> bool {
        self.routes.is_some()
    }

    pub(crate) fn routes(&self) -> &[FoundRoute] {
        self.routes.as_deref().unwrap_or_default()
    }

    pub(crate) fn gone(&self) -> Vec<Gone> {
        self.gone.clone()
    }

    /// These are all routes from now on. Returns whether that changes anything.
    pub(crate) fn take(&mut self, routes: Vec<FoundRoute>) -> bool {
        if self.routes.as_ref() == Some(&routes) {
            return false;
        }
        let is_named = |name: &str| routes.iter().any(|route| route.name == name);
        self.gone.retain(|gone| !is_named(&gone.name));
        let since = Instant::now();
        for FoundRoute { name, models, .. } in self.routes.take().into_iter().flatten() {
            if !is_named(&name) {
                self.gone.push(Gone { name, models, since });
            }
        }
        self.routes = Some(routes);
        true
    }

    /// Discovery is not asked any more.
    pub(crate) fn end(&mut self) {
        self.take(Vec::new());
        self.routes = None;
    }

    /// Forgets the routes that are gone for good: those beyond the number that is kept, and those that
    /// have been gone for `idle`. `forget` takes their series away, if it can.
    pub(crate) fn forget(&mut self, idle: Option<Duration>, forget: impl Fn(&str) -> bool) {
        let mut beyond = self.gone.len().saturating_sub(MOST_GONE);
        self.gone.retain(|gone| {
            let is_idle = idle.is_some_and(|idle| gone.since.elapsed() >= idle.max(GONE));
            let goes = (beyond > 0 || is_idle) && forget(&gone.name);
            beyond -= usize::from(goes && beyond > 0);
            !goes
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(name: &str) -> FoundRoute {
        let upstream = Arc::new(Upstream::parse("http://127.0.0.1:1", false, true).unwrap());
        FoundRoute { name: name.to_owned(), upstream, models: vec![format!("of-{name}")] }
    }

    fn gone(found: &Found) -> Vec<String> {
        found.gone().into_iter().map(|gone| gone.name).collect()
    }

    #[test]
    fn what_comes_back_is_not_gone() {
        let mut found = Found::default();
        assert!(!found.has_answered() && found.take(Vec::new()), "an answer is news");
        assert!(found.take(vec![route("a"), route("b")]));
        assert!(!found.take(vec![route("a"), route("b")]));
        assert!(found.take(vec![route("b")]));
        assert_eq!(gone(&found), ["a"]);
        assert!(found.gone()[0].served("of-a") && found.gone()[0].is_missed());
        found.end();
        assert_eq!((gone(&found), found.has_answered()), (vec!["a".into(), "b".into()], false));
        assert!(found.take(vec![route("a")]));
        assert_eq!(gone(&found), ["b"]);
    }

    #[test]
    fn the_longest_gone_are_forgotten_unless_they_are_in_use() {
        let mut found = Found::default();
        for number in 0..MOST_GONE + 3 {
            found.take(vec![route(&format!("r{number}"))]);
        }
        found.take(Vec::new());
        found.forget(Some(Duration::ZERO), |name| name != "r1");
        assert_eq!(gone(&found).len(), MOST_GONE);
        assert_eq!(gone(&found)[..2], ["r1", "r4"], "r0, r2 and r3 went: r1 is in use");
    }
}
