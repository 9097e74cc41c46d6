//! A route while the proxy runs: its configuration, its series and what was learnt of its upstream.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use weir_ledger::{Ledger, Route as Series};
use weir_wire::{Limits, Outcome, Policy, Status, UsagePolicy};

use crate::config::RouteConfig;

/// A live route.
pub(crate) struct Route {
    pub(crate) config: RouteConfig,
    pub(crate) series: Series,
    max_event: usize,
    /// The upstream refused `stream_options`: it is not asked for usage any more.
    refuses_usage: AtomicBool,
    /// The upstream has been asked for its models, whatever came of it.
    asked: AtomicBool,
    last_error: Mutex<Option<(Instant, Value)>>,
}

impl Route {
    pub(crate) fn new(config: RouteConfig, ledger: &Ledger, max_event: usize) -> Self {
        Self {
            series: ledger.route(&config.name, config.hop, &config.models),
            asked: AtomicBool::new(config.poll_models.is_none()),
            config,
            max_event,
            refuses_usage: AtomicBool::new(false),
            last_error: Mutex::new(None),
        }
    }

    /// What a request of this route may have done to it.
    pub(crate) fn policy(&self) -> Policy {
        let usage = match self.config.usage {
            UsagePolicy::Exact if self.refuses_usage.load(Ordering::Relaxed) => {
                UsagePolicy::Observe
            }
            usage => usage,
        };
        Policy { usage, limits: Limits { event_bytes: self.max_event, ..Limits::default() } }
    }

    /// The upstream has answered, or failed to answer, which models it has.
    pub(crate) fn was_asked(&self) {
        self.asked.store(true, Ordering::Relaxed);
    }

    /// Whether the names of the upstream's models are known, if they can be.
    pub(crate) fn is_ready(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// From now on requests of this route are observed. Returns whether that is new.
    pub(crate) fn observe_from_now_on(&self) -> bool {
        !self.refuses_usage.swap(true, Ordering::Relaxed)
    }

    /// Whether a request that names `model` is one for this route.
    pub(crate) fn serves(&self, model: &str) -> bool {
        self.series.models().iter().any(|(name, origin)| {
            name == model && !matches!(origin, weir_ledger::ModelOrigin::Earned)
        })
    }

    /// Keeps the last error for `/status`: outcome and code, never text of the upstream.
    pub(crate) fn note(&self, outcome: &Outcome) {
        if outcome.kind.status() != Status::Error {
            return;
        }
        let at = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let note = json!({
            "outcome": outcome.kind.as_str(),
            "endpoint": outcome.endpoint.as_str(),
            "http_status": outcome.http_status,
            "unix_seconds": at,
        });
        if let Ok(mut last) = self.last_error.lock() {
            *last = Some((Instant::now(), note));
        }
    }

    /// The route as `/status` shows it.
    pub(crate) fn status(&self) -> Value {
        let last_error = self.last_error.lock().ok().and_then(|last| {
            last.as_ref().map(|(at, note)| {
                let mut note = note.clone();
                note["seconds_ago"] = at.elapsed().as_secs().into();
                note
            })
        });
        let usage = match self.policy().usage {
            UsagePolicy::Exact => "exact",
            UsagePolicy::Observe => "observe",
        };
        json!({
            "name": self.config.name,
            "hop": self.config.hop.as_str(),
            "upstream": self.config.upstream.url(),
            "usage": usage,
            "models": self.series.models().len(),
            "last_error": last_error,
        })
    }
}
