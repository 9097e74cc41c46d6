//! What is known of a request only by seeing it at both hops: what the gateway between them added.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::families::HopFamilies;
use crate::labels::{CrossedLabels, CrossingLabels, ModelLabels, PhaseLabels, RouteLabels};

/// Whether a request at the edge was found again at an engine; the value of the `result` label of
/// `llm_hop_requests_total`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HopResult {
    /// It was.
    Joined,
    /// It was answered well, and no engine was seen to be asked for it: the gateway does not pass on what joins them,
    /// it asked an engine that is not behind this proxy, or it had the answer already.
    Unjoined,
    /// It did not end well, and no engine was seen to be asked for it: nothing says that one should have been.
    Failed,
    /// It was not looked for: too many were under way.
    Untracked,
}

impl HopResult {
    /// Every result.
    pub const ALL: [Self; 4] = [Self::Joined, Self::Unjoined, Self::Failed, Self::Untracked];

    /// The value of the `result` label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Joined => "joined",
            Self::Unjoined => "unjoined",
            Self::Failed => "failed",
            Self::Untracked => "untracked",
        }
    }
}

/// A part of a request's way; the value of the `phase` label. They do not overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HopPhase {
    /// Last byte of the request handed on at the edge → head of the first request read at the engine.
    BeforeUpstream,
    /// First content event at the engine → first content event at the edge.
    FirstToken,
    /// By how much a gap between content events is longer at the edge, on average over the answer.
    PerEvent,
    /// End at the engine → end at the edge.
    After,
}

impl HopPhase {
    /// Every phase, in the order of time.
    pub const ALL: [Self; 4] =
        [Self::BeforeUpstream, Self::FirstToken, Self::PerEvent, Self::After];

    /// The value of the `phase` label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BeforeUpstream => "before_upstream",
            Self::FirstToken => "first_token",
            Self::PerEvent => "per_event",
            Self::After => "after",
        }
    }
}

/// What the gateway added to one request. What is not known, or does not apply, is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HopAdded {
    /// See [`HopPhase::BeforeUpstream`].
    pub before_upstream: Option<Duration>,
    /// See [`HopPhase::FirstToken`].
    pub first_token: Option<Duration>,
    /// See [`HopPhase::PerEvent`].
    pub per_event: Option<Duration>,
    /// See [`HopPhase::After`].
    pub after: Option<Duration>,
}

impl HopAdded {
    fn of(&self, phase: HopPhase) -> Option<Duration> {
        match phase {
            HopPhase::BeforeUpstream => self.before_upstream,
            HopPhase::FirstToken => self.first_token,
            HopPhase::PerEvent => self.per_event,
            HopPhase::After => self.after,
        }
    }
}

/// What came of looking for a request of the edge at the engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crossing {
    /// Whether it was found.
    pub result: HopResult,
    /// How often an engine was asked for it: retries and fallbacks of the gateway.
    pub attempts: u64,
    /// What the gateway added.
    pub added: HopAdded,
    /// Whether the gateway held events back that came one by one.
    pub is_buffered: bool,
}

/// Which routes have written under which model: with the last of them its series go.
#[derive(Default)]
pub(crate) struct Crossers {
    by_model: Mutex<HashMap<Arc<str>, HashSet<RouteLabels>>>,
}

impl HopFamilies {
    /// Call it while the name of the model can't be forgotten.
    pub(crate) fn write(&self, of: &ModelLabels, crossing: &Crossing) {
        // Held while it is written: else the series could be taken out and come back without an owner.
        let mut by_model = self.crossers.by_model.lock();
        let has_written = by_model.get(&of.model).is_some_and(|routes| routes.contains(&of.route));
        if !has_written {
            by_model.entry(Arc::clone(&of.model)).or_default().insert(of.route.clone());
        }
        let model = CrossedLabels { model: Arc::clone(&of.model) };
        let result = crossing.result.as_str();
        self.requests.get_or_create(&CrossingLabels { model: Arc::clone(&of.model), result }).inc();
        if crossing.result != HopResult::Joined {
            return;
        }
        self.attempts.get_or_create(&model).inc_by(crossing.attempts);
        // It is there at 0: that nothing was buffered is known.
        self.buffering.get_or_create(&model).inc_by(u64::from(crossing.is_buffered));
        for phase in HopPhase::ALL {
            if let Some(time) = crossing.added.of(phase) {
                let labels = PhaseLabels { model: Arc::clone(&of.model), phase: phase.as_str() };
                self.added.get_or_create(&labels).observe(time.as_secs_f64());
            }
        }
    }

    /// The route forgets the model, or is gone.
    pub(crate) fn forget(&self, of: &ModelLabels) {
        let mut by_model = self.crossers.by_model.lock();
        let Some(routes) = by_model.get_mut(&of.model) else { return };
        routes.remove(&of.route);
        if !routes.is_empty() {
            return;
        }
        by_model.remove(&of.model);
        let model = CrossedLabels { model: Arc::clone(&of.model) };
        self.attempts.remove(&model);
        self.buffering.remove(&model);
        for result in HopResult::ALL {
            let labels = CrossingLabels { model: Arc::clone(&of.model), result: result.as_str() };
            self.requests.remove(&labels);
        }
        for phase in HopPhase::ALL {
            self.added.remove(&PhaseLabels { model: Arc::clone(&of.model), phase: phase.as_str() });
        }
    }
}
