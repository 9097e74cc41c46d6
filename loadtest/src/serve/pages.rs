//! What the admin endpoints show of the page's daemon, and the page itself.

use std::sync::Arc;

use axum::Router;
use parking_lot::RwLock;
use serde_json::{Value, json};
use weir_daemon::admin::{AdminAccess, Pages};
use weir_daemon::reload::Reloads;

use super::overview::Overview;
use super::site::Site;
use super::{api, assets, guard, metrics};

/// Enough for some eighty people, so that `/health` answers beside them; fewer than the files that a process may open.
const CONNECTIONS: usize = 512;

pub(super) struct LoadtestPages {
    pub(super) site: Arc<Site>,
    pub(super) overview: Arc<Overview>,
    /// What a reload changes.
    pub(super) loaded: RwLock<LoadedAgain>,
}

/// What a reload changes.
#[derive(Clone, Debug)]
pub(super) struct LoadedAgain {
    pub(super) access: Arc<AdminAccess>,
    pub(super) reloads: Reloads,
}

impl Pages for LoadtestPages {
    fn metrics(&self) -> String {
        metrics::openmetrics(&self.overview.get()) + &self.loaded.read().reloads.openmetrics()
    }

    fn ready(&self) -> Result<(), String> {
        self.overview.get().known.as_ref().map(|_| ()).map_err(Clone::clone)
    }

    fn status(&self) -> Value {
        let overview = self.overview.get();
        let known = overview.known.as_ref();
        json!({
            "store": self.site.runs.path(),
            "error": known.err(),
            "runs": known.ok().map(|known| &known.by_status),
            "running": known.ok().map(|known| &known.running),
        })
    }

    fn models(&self) -> Option<Value> {
        None
    }

    fn access(&self) -> Arc<AdminAccess> {
        Arc::clone(&self.loaded.read().access)
    }

    fn connections(&self) -> usize {
        CONNECTIONS
    }

    fn routes(&self) -> Router {
        let site = Arc::clone(&self.site);
        let guarded = assets::routes().merge(api::routes(Arc::clone(&site)));
        guarded.layer(axum::middleware::from_fn_with_state(site, guard::check))
    }

    fn own_paths(&self) -> Vec<String> {
        let pages = ["/", "/benchmarks.html", "/view_results.html"].map(str::to_owned);
        pages.into_iter().chain(api::PATHS.map(str::to_owned)).collect()
    }
}
