//! A route while the proxy runs: its configuration, its series and what was learnt of its upstream.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use serde_json::{Value, json};
use weir_ledger::{Ledger, ModelOrigin, Route as Series};
use weir_wire::{Limits, Outcome, Policy, Status, UsagePolicy};

use crate::config::RouteConfig;

/// What came of asking the upstream for its models.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Poll {
    /// It is not asked.
    Off,
    /// No answer has come yet, good or bad.
    Asking,
    /// It has answered.
    Answered,
    /// Why the last answer is none; never text of the upstream.
    Failed(String),
}

/// Who names a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Configured,
    Discovered,
}

/// A live route.
pub(crate) struct Route {
    pub(crate) config: RouteConfig,
    pub(crate) origin: Origin,
    pub(crate) series: Series,
    max_event: usize,
    learnt: Arc<Learnt>,
}

/// What was learnt of an upstream: it outlives a reload.
struct Learnt {
    /// It refused `stream_options`: it is not asked for usage any more.
    refuses_usage: AtomicBool,
    models_poll: Mutex<Poll>,
    last_error: Mutex<Option<(Instant, Value)>>,
}

impl Route {
    /// `alike` has the same upstream: what was learnt of that holds here too.
    pub(crate) fn new(
        config: RouteConfig,
        origin: Origin,
        ledger: &Ledger,
        max_event: usize,
        alike: Option<&Self>,
    ) -> Self {
        let learnt = alike.map_or_else(|| Arc::new(Learnt::new()), |old| Arc::clone(&old.learnt));
        learnt.is_polled(config.poll_models.is_some());
        let configured = if origin == Origin::Configured { &*config.models } else { &[] };
        let series = ledger.route(&config.name, config.hop, configured);
        let route = Self { series, config, origin, max_event, learnt };
        route.learn_again();
        route
    }

    /// Whether a route of this configuration would have the same upstream, by the same name.
    pub(crate) fn has_the_upstream_of(&self, config: &RouteConfig) -> bool {
        let own = &self.config;
        (&own.name, own.hop, own.upstream.url())
            == (&config.name, config.hop, config.upstream.url())
    }

    /// What a request of this route may have done to it.
    pub(crate) fn policy(&self) -> Policy {
        let usage = match self.config.usage {
            UsagePolicy::Exact if self.learnt.refuses_usage.load(Ordering::Relaxed) => {
                UsagePolicy::Observe
            }
            usage => usage,
        };
        Policy { usage, limits: Limits { event_bytes: self.max_event, ..Limits::default() } }
    }

    /// Whether this is the live route of a configuration.
    pub(crate) fn is(&self, config: &RouteConfig, origin: Origin, max_event: usize) -> bool {
        self.origin == origin && self.config == *config && self.max_event == max_event
    }

    /// Discovery still names its models, if it was discovery.
    pub(crate) fn learn_again(&self) {
        if self.origin == Origin::Discovered {
            self.series.learn(&self.config.models);
        }
    }

    /// The upstream has answered, or failed to answer, which models it has. Returns whether that
    /// is news.
    pub(crate) fn polled(&self, poll: Poll) -> bool {
        let mut known = self.learnt.models_poll.lock();
        let is_news = *known != poll;
        *known = poll;
        is_news
    }

    /// Whether the names of the upstream's models are known, if they can be. An engine that discovery
    /// has just found makes nothing that works unready; its models it brings along.
    pub(crate) fn is_ready(&self) -> bool {
        self.origin == Origin::Discovered || *self.learnt.models_poll.lock() != Poll::Asking
    }

    /// From now on requests of this route are observed. Returns whether that is new.
    pub(crate) fn observe_from_now_on(&self) -> bool {
        !self.learnt.refuses_usage.swap(true, Ordering::Relaxed)
    }

    /// Whether a request that names `model` is one for this route. What discovery says now overrules
    /// what the upstream has said before: another container may have taken its place.
    pub(crate) fn serves(&self, model: &str) -> bool {
        if self.origin == Origin::Discovered && !self.config.models.is_empty() {
            return self.config.models.iter().any(|name| name == model);
        }
        let origin = self.series.model_origin(model);
        origin.is_some_and(|origin| origin != ModelOrigin::Earned)
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
        *self.learnt.last_error.lock() = Some((Instant::now(), note));
    }

    /// The route as `/status` shows it.
    pub(crate) fn status(&self) -> Value {
        let last_error = self.learnt.last_error.lock().as_ref().map(|(at, note)| {
            let mut note = note.clone();
            note["seconds_ago"] = at.elapsed().as_secs().into();
            note
        });
        let models_poll = match &*self.learnt.models_poll.lock() {
            Poll::Off => "off".to_owned(),
            Poll::Asking => "asking".to_owned(),
            Poll::Answered => "ok".to_owned(),
            Poll::Failed(why) => why.clone(),
        };
        let usage = match self.policy().usage {
            UsagePolicy::Exact => "exact",
            UsagePolicy::Observe => "observe",
        };
        json!({
            "name": self.config.name,
            "hop": self.config.hop.as_str(),
            "named_by": match self.origin {
                Origin::Configured => "configuration",
                Origin::Discovered => "discovery",
            },
            "upstream": self.config.upstream.url(),
            "usage": usage,
            "models": self.series.models().len(),
            "models_poll": models_poll,
            "last_error": last_error,
        })
    }
}

impl Learnt {
    fn new() -> Self {
        Self {
            refuses_usage: AtomicBool::new(false),
            models_poll: Mutex::new(Poll::Off),
            last_error: Mutex::new(None),
        }
    }

    /// Whether the upstream is asked for its models from now on.
    fn is_polled(&self, polled: bool) {
        let mut poll = self.models_poll.lock();
        *poll = match (polled, &*poll) {
            (false, _) => Poll::Off,
            (true, Poll::Off) => Poll::Asking,
            (true, known) => known.clone(),
        };
    }
}
