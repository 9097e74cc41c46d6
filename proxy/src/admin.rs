//! What the admin endpoints show of the proxy.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use weir_daemon::admin::{AdminAccess, Pages};

use crate::shared::Shared;

/// The proxy's pages.
pub(crate) struct ProxyPages {
    pub(crate) shared: Arc<Shared>,
    pub(crate) draining: Arc<AtomicBool>,
}

impl Pages for ProxyPages {
    fn metrics(&self) -> String {
        self.shared.ledger.encode()
    }

    fn metrics_with_native(&self) -> String {
        self.shared.ledger.encode_native()
    }

    fn ready(&self) -> Result<(), String> {
        if self.draining.load(Ordering::SeqCst) {
            return Err("draining: no new connections are taken".to_owned());
        }
        if self.shared.waits_for_discovery() {
            return Err(self.shared.discovery.waiting_for());
        }
        // Until then requests for a model that is not configured would be counted as `other`.
        match self.shared.routes().iter().find(|route| !route.is_ready()) {
            Some(route) => {
                Err(format!("asking the upstream of route {} for its models", route.config.name))
            }
            None => Ok(()),
        }
    }

    fn status(&self) -> Value {
        let in_force = self.shared.in_force();
        let routes: Vec<_> = in_force.routes().iter().map(|route| route.status()).collect();
        json!({
            "draining": self.draining.load(Ordering::SeqCst),
            "requests_in_flight": self.shared.in_flight(),
            "routes": routes,
            "discovery": self.shared.discovery.status(&in_force.overruled),
        })
    }

    fn models(&self) -> Option<Value> {
        let mut models = Vec::new();
        for route in self.shared.routes() {
            for (name, origin) in route.series.models() {
                models.push(json!({
                    "model": name,
                    "route": route.config.name,
                    "hop": route.config.hop.as_str(),
                    "known_from": origin.as_str(),
                }));
            }
        }
        Some(json!({ "models": models }))
    }

    fn access(&self) -> Arc<AdminAccess> {
        Arc::clone(&self.shared.in_force().admin_access)
    }
}
