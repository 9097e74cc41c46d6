//! Which route of a listener takes a request.

use std::sync::Arc;

use crate::discovery::Gone;
use crate::route::{Origin, Route};

/// More prefixes than that nobody reads.
const PREFIXES_SHOWN: usize = 32;

/// The routes of one listener.
#[derive(Clone)]
pub(crate) struct Table {
    routes: Arc<[Arc<Route>]>,
    /// There if discovery names routes of this listener.
    fed: Option<Fed>,
}

/// What discovery adds to the routes that it names.
#[derive(Clone)]
struct Fed {
    has_answered: bool,
    gone: Arc<[Gone]>,
}

/// What the path alone decides.
pub(crate) enum ByPath {
    /// The only route, and the path does not name it: it stays as it is.
    Alone(Arc<Route>),
    /// `/<route>/…`: the prefix is taken off. Of the only route's paths too, where an API follows, so
    /// that adding and removing others changes nothing for its clients.
    Prefix(Arc<Route>, String),
    /// `/<route>/…` of a route that discovery named until lately.
    Gone(String),
    /// Only the model in the body can tell.
    Unknown,
}

/// Why no route takes a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoRoute {
    /// There is none, for good.
    None,
    /// Discovery has not answered yet, and nothing is configured.
    NotYet,
    /// Discovery names none at this moment, and nothing is configured.
    NoneNow,
    /// The one that it is for was there until lately.
    Gone,
    /// Several routes may be meant, or none of them.
    Unclear,
}

impl Table {
    pub(crate) fn new(routes: Vec<Arc<Route>>) -> Self {
        Self { routes: routes.into(), fed: None }
    }

    /// The routes of a listener for which discovery names some, whether it has answered yet, and which
    /// it names no more.
    pub(crate) fn fed(routes: Vec<Arc<Route>>, has_answered: bool, gone: Vec<Gone>) -> Self {
        Self { routes: routes.into(), fed: Some(Fed { has_answered, gone: gone.into() }) }
    }

    pub(crate) fn routes(&self) -> &[Arc<Route>] {
        &self.routes
    }

    /// `target` is the path with its query.
    pub(crate) fn by_path(&self, target: &str) -> ByPath {
        let path = target.strip_prefix('/').unwrap_or(target);
        let name = path.split(['/', '?']).next().unwrap_or_default();
        let rest = &path[name.len()..];
        let rest = || if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") };
        if let Some(route) = self.routes.iter().find(|route| route.config.name == name) {
            let rest = rest();
            // How many routes discovery names must not change what a path means.
            let may_be_several = self.routes.len() > 1 || self.fed.is_some();
            if may_be_several || rest.starts_with("/v1/") || rest.starts_with("/v2/") {
                return ByPath::Prefix(Arc::clone(route), rest);
            }
        }
        if self.gone().iter().any(|gone| gone.is_called(name) && gone.is_missed()) {
            return ByPath::Gone(rest());
        }
        // The newest stands last.
        let is_any_missed = self.gone().last().is_some_and(Gone::is_missed);
        match &*self.routes {
            // The request may be for one that is missed.
            [only] if !is_any_missed => ByPath::Alone(Arc::clone(only)),
            _ => ByPath::Unknown,
        }
    }

    /// The one route that serves `model`; none where several do. What is configured goes before what
    /// discovery names: switching that on leaves everything where it was.
    pub(crate) fn by_model(&self, model: &str) -> Option<Arc<Route>> {
        let serving = |origin| {
            let of_origin = self.routes.iter().filter(move |route| route.origin == origin);
            of_origin.filter(|route| route.serves(model))
        };
        let mut configured = serving(Origin::Configured);
        let mut discovered = serving(Origin::Discovered);
        let (found, another) = match configured.next() {
            Some(found) => (found, configured.next()),
            None => (discovered.next()?, discovered.next()),
        };
        another.is_none().then(|| Arc::clone(found))
    }

    /// The route for what neither its path nor its model sends anywhere: the only one, unless the
    /// request is for one that is missed.
    pub(crate) fn by_default(&self, model: Option<&str>) -> Option<Arc<Route>> {
        match &*self.routes {
            [only] if !self.misses(model) => Some(Arc::clone(only)),
            _ => None,
        }
    }

    /// Why no route takes a request for this model, whose path names none.
    pub(crate) fn why_none(&self, model: Option<&str>) -> NoRoute {
        match (&self.fed, &*self.routes) {
            (None, []) => NoRoute::None,
            (Some(fed), []) if !fed.has_answered => NoRoute::NotYet,
            (Some(_), []) => NoRoute::NoneNow,
            _ if self.misses(model) => NoRoute::Gone,
            _ => NoRoute::Unclear,
        }
    }

    /// For the answer to a request that no route takes.
    pub(crate) fn prefixes(&self) -> String {
        let shown = self.routes.iter().take(PREFIXES_SHOWN);
        let prefixes: Vec<_> = shown.map(|route| format!("/{}/", route.config.name)).collect();
        let more = self.routes.len() - prefixes.len();
        let more = if more > 0 { format!(" ({more} more)") } else { String::new() };
        prefixes.join(", ") + &more
    }

    /// Routes that discovery names no more, those of long ago first.
    fn gone(&self) -> &[Gone] {
        self.fed.as_ref().map_or(&[], |fed| &fed.gone)
    }

    /// Whether the only routes that serve a model, as far as is known, are missed.
    fn misses(&self, model: Option<&str>) -> bool {
        let Some(model) = model else { return false };
        !self.routes.iter().any(|route| route.serves(model))
            && self.gone().iter().any(|gone| gone.served(model) && gone.is_missed())
    }
}
