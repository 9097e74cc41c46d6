//! One container, or one engine named by hand, over its life.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::address::Address;
use crate::asked::{Asked, Phase};
use crate::config::EngineConfig;
use crate::container::{Container, Health, Status};
use crate::gpu;
use crate::recognize::{self, Recognition, Role};
use crate::watch::Subject;

/// A container, or an engine named by hand.
#[derive(Debug, Default)]
pub struct Member {
    /// The label `container`.
    pub name: String,
    /// As it was last; none for engines named by hand.
    pub container: Option<Container>,
    /// What the container is.
    pub recognition: Option<Recognition>,
    /// GPUs that it was given: the labels `source` and `gpus`.
    pub gpus: Option<(&'static str, String)>,
    /// What is known through asking it.
    pub asked: Arc<Mutex<Asked>>,
    /// Loads that ended before the engine had answered.
    pub load_failures: u64,
    /// How often the kernel killed it for its use of memory.
    pub oom_kills: u64,
    /// The container of an engine named by hand, found by its address.
    pub container_id: Option<String>,
    /// The engine named by hand that stands for this container, after its end as well.
    pub(super) claimed_by: Option<String>,
    /// Whether it has ended and somebody else has its address since.
    pub(crate) is_replaced: bool,
    /// The name of its route.
    pub route: Option<String>,
    /// Whether the proxy is to have a route to it.
    pub is_routed: bool,
    /// Where its own metrics are, if it asks to be scraped.
    pub scraped: Option<Scraped>,
    /// What is to be watched; none while it does not run, and for what is no engine.
    pub(crate) subject: Option<Subject>,
    /// Where it was to be reached when it ran last.
    pub(crate) last_subject: Option<Subject>,
    /// Since when it does not run.
    ended: Option<Instant>,
    /// Whether it has run since it is known: that it does not is news then.
    was_there: bool,
    removed: bool,
}

/// Where a container that asks to be scraped has its metrics.
#[derive(Clone, Debug, PartialEq)]
pub struct Scraped {
    /// Address and port.
    pub address: Address,
    /// The path.
    pub path: String,
}

/// What a container does; the label `state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// Made and not started yet.
    Created,
    /// It runs, and the engine in it has not answered since its start.
    Loading,
    /// It runs; an engine has answered.
    Running,
    /// It runs, and its health check says that it is not well.
    Unhealthy,
    /// Halted.
    Paused,
    /// It ended, and is about to be started again.
    Restarting,
    /// It ended.
    Exited,
    /// It is being taken away, or could not be.
    Dead,
    /// It is no more.
    Removed,
}

impl Life {
    /// Every value of the label.
    pub const ALL: [Self; 9] = [
        Self::Created,
        Self::Loading,
        Self::Running,
        Self::Unhealthy,
        Self::Paused,
        Self::Restarting,
        Self::Exited,
        Self::Dead,
        Self::Removed,
    ];

    /// As it stands in the label `state`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Loading => "loading",
            Self::Running => "running",
            Self::Unhealthy => "unhealthy",
            Self::Paused => "paused",
            Self::Restarting => "restarting",
            Self::Exited => "exited",
            Self::Dead => "dead",
            Self::Removed => "removed",
        }
    }
}

impl Member {
    /// What the runtime says of it now.
    pub(super) fn is_now(&mut self, container: &Container, now: Instant) {
        if self.container.as_ref() == Some(container) && !self.removed {
            return;
        }
        let started = self.container.as_ref().and_then(|known| known.state.started_at);
        let ran = self.container.as_ref().is_some_and(Container::is_running);
        if ran && (!container.is_running() || started != container.state.started_at) {
            self.has_ended();
        }
        self.load_failures += self.unseen_starts(container);
        self.ended = if container.is_running() { None } else { self.ended.or(Some(now)) };
        self.was_there |= container.is_running() || container.state.status == Status::Restarting;
        self.removed = false;
        self.name.clone_from(&container.name);
        self.is_routed = true;
        self.recognition = Some(recognize::recognize(container));
        self.gpus = gpu::gpus(container).map(|grant| (grant.source.as_str(), grant.shown()));
        self.container = Some(container.clone());
    }

    /// Starts since the last look that were over before this one: what fails at once is seldom seen running.
    fn unseen_starts(&self, now: &Container) -> u64 {
        let Some(before) = &self.container else { return 0 };
        if before.state.started_at == now.state.started_at || !self.is_engine() {
            return 0;
        }
        let starts = now.restarts.saturating_sub(before.restarts).max(1);
        starts - u64::from(now.is_running())
    }

    /// The runtime does not know it any more.
    pub(super) fn is_removed(&mut self, now: Instant) {
        if !self.removed && self.container.as_ref().is_some_and(Container::is_running) {
            self.has_ended();
        }
        self.removed = true;
        self.ended.get_or_insert(now);
    }

    /// It is named by hand.
    pub(super) fn is_by_hand(&mut self, engine: &EngineConfig) {
        let places = self.subject.as_ref().map(|subject| subject.places.as_slice());
        if places.is_some_and(|places| places != engine.url.as_slice()) {
            // Elsewhere it is another one.
            self.asked = Arc::default();
        }
        self.name.clone_from(&engine.name);
        self.is_routed = engine.route;
    }

    fn has_ended(&mut self) {
        let asked = self.asked.lock();
        if asked.phase == Phase::Loading && self.is_certain() {
            self.load_failures += 1;
        }
        let left = asked.after_its_end();
        drop(asked);
        // Another one: whoever still asks the old one writes to nobody.
        self.asked = Arc::new(Mutex::new(left));
    }

    /// Whether it ended longer than `tombstone` ago and is no more.
    pub(super) fn is_forgotten(&self, now: Instant, tombstone: Duration) -> bool {
        let is_target = self.scraped.is_some()
            || [Role::Vllm, Role::Litellm, Role::Weir].iter().any(|role| self.is(*role));
        self.removed && !(is_target && self.is_kept(now, tombstone))
    }

    /// Whether it runs, or ended less than `tombstone` ago.
    pub fn is_kept(&self, now: Instant, tombstone: Duration) -> bool {
        let is_news = |ended| self.was_there && now.duration_since(ended) < tombstone;
        self.ended.is_none_or(is_news)
    }

    /// Whether it runs. Of engines named by hand nothing else is known.
    pub fn runs(&self) -> bool {
        self.ended.is_none()
    }

    /// Whether it is said to be what it is recognised as; otherwise it has to show it.
    fn is_certain(&self) -> bool {
        self.recognition.as_ref().is_none_or(|recognition| recognition.certain)
    }

    /// Whether it is recognised as that, by what is certain or by its own answers.
    pub fn is(&self, role: Role) -> bool {
        match &self.recognition {
            None => role == Role::Vllm,
            Some(recognition) => {
                recognition.role == role
                    && recognition.skip.is_none()
                    && (recognition.certain || self.asked.lock().is_confirmed)
            }
        }
    }

    /// Why it can't be reached from here.
    pub fn unreachable(&self) -> Option<&str> {
        self.subject.as_ref()?.unreachable.as_deref()
    }

    /// Whether its certificate is checked.
    pub fn is_verified(&self) -> bool {
        self.subject
            .as_ref()
            .or(self.last_subject.as_ref())
            .is_some_and(|subject| subject.tls_verify)
    }

    /// Whether it is an engine.
    pub fn is_engine(&self) -> bool {
        self.is(Role::Vllm)
    }

    /// What it is: the label `role`.
    pub fn role(&self) -> Role {
        let role = self.recognition.as_ref().map_or(Role::Vllm, |recognition| recognition.role);
        if self.is(role) { role } else { Role::Other }
    }

    /// Names of its models, that in its metrics first: what it says, else what its command line says.
    pub fn models(&self) -> Vec<String> {
        let said = self.asked.lock().models.clone();
        let known = || self.recognition.as_ref().map(|known| known.models.clone());
        said.filter(|models| !models.is_empty()).or_else(known).unwrap_or_default()
    }

    /// Its version: what it says, else what its image's tag says.
    pub fn version(&self) -> Option<String> {
        let said = self.asked.lock().version.clone();
        said.or_else(|| self.recognition.as_ref()?.version.clone())
    }

    /// The id of its container.
    pub fn id(&self) -> &str {
        let of_container = self.container.as_ref().map(|container| container.id.as_str());
        of_container.or(self.container_id.as_deref()).unwrap_or("")
    }

    /// What its container does; `None` for engines named by hand.
    pub fn life(&self) -> Option<Life> {
        let state = &self.container.as_ref()?.state;
        if self.removed {
            return Some(Life::Removed);
        }
        let phase = self.asked.lock().phase;
        let loads = self.is_engine() && matches!(phase, Phase::Unknown | Phase::Loading);
        Some(match state.status {
            Status::Created => Life::Created,
            Status::Running if state.health == Some(Health::Unhealthy) => Life::Unhealthy,
            Status::Running if loads => Life::Loading,
            Status::Running | Status::Other => Life::Running,
            Status::Paused => Life::Paused,
            Status::Restarting => Life::Restarting,
            Status::Exited => Life::Exited,
            Status::Removing | Status::Dead => Life::Dead,
        })
    }
}
