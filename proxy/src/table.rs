//! Which route of a listener takes a request.

use std::sync::Arc;

use crate::route::Route;

/// The routes of one listener.
#[derive(Clone)]
pub(crate) struct Table {
    routes: Arc<[Arc<Route>]>,
}

/// What the path alone decides.
pub(crate) enum ByPath {
    /// The only route, and the path does not name it: it stays as it is.
    Alone(Arc<Route>),
    /// `/<route>/…`: the prefix is taken off. Of the only route's paths too, where an API follows, so
    /// that adding and removing others changes nothing for its clients.
    Prefix(Arc<Route>, String),
    /// Only the model in the body can tell.
    Unknown,
}

impl Table {
    pub(crate) fn new(routes: Vec<Arc<Route>>) -> Self {
        Self { routes: routes.into() }
    }

    pub(crate) fn routes(&self) -> &[Arc<Route>] {
        &self.routes
    }

    /// `target` is the path with its query.
    pub(crate) fn by_path(&self, target: &str) -> ByPath {
        let path = target.strip_prefix('/').unwrap_or(target);
        let name = path.split(['/', '?']).next().unwrap_or_default();
        if let Some(route) = self.routes.iter().find(|route| route.config.name == name) {
            let rest = &path[name.len()..];
            let rest = if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") };
            if self.routes.len() > 1 || rest.starts_with("/v1/") || rest.starts_with("/v2/") {
                return ByPath::Prefix(Arc::clone(route), rest);
            }
        }
        match &*self.routes {
            [only] => ByPath::Alone(Arc::clone(only)),
            _ => ByPath::Unknown,
        }
    }

    /// The one route that serves `model`; none where several do.
    pub(crate) fn by_model(&self, model: &str) -> Option<Arc<Route>> {
        let mut serving = self.routes.iter().filter(|route| route.serves(model));
        let found = serving.next()?;
        serving.next().is_none().then(|| Arc::clone(found))
    }

    /// For the answer to a request that no route takes.
    pub(crate) fn prefixes(&self) -> String {
        let prefixes: Vec<_> =
            self.routes.iter().map(|route| format!("/{}/", route.config.name)).collect();
        prefixes.join(", ")
    }
}
