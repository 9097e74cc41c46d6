//! How each source does: shown as `weir_source_up`, and said once in the log when it changes.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::SystemTime;

use parking_lot::Mutex;
use tracing::{info, warn};

/// A kind of source; the label `source`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SourceKind {
    /// The container runtime's API, Docker's or podman's.
    Docker,
    /// An engine.
    Engine,
    /// A LiteLLM proxy.
    Litellm,
    /// A project of a LangFuse server.
    Langfuse,
}

impl SourceKind {
    /// As it stands in the label `source`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Engine => "engine",
            Self::Litellm => "litellm",
            Self::Langfuse => "langfuse",
        }
    }
}

/// How a source does.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SourceState {
    /// Why it can't be read, in words for the operator; `None`: it can.
    pub error: Option<String>,
    /// When it was last read.
    pub last_success: Option<SystemTime>,
}

/// All sources, by kind and name.
#[derive(Debug, Default)]
pub struct Sources(Mutex<BTreeMap<(SourceKind, String), SourceState>>);

impl Sources {
    /// It was read.
    pub fn up(&self, kind: SourceKind, name: &str, now: SystemTime) {
        let mut sources = self.0.lock();
        let known = sources.entry((kind, name.to_owned())).or_default();
        let is_news = known.last_success.is_none() || known.error.is_some();
        *known = SourceState { error: None, last_success: Some(now) };
        drop(sources);
        if is_news {
            info!(source = kind.as_str(), name, "The source can be read.");
        }
    }

    /// It could not be read. `error` says what was tried and what was found; never a secret or text of the
    /// other side.
    pub fn down(&self, kind: SourceKind, name: &str, error: &dyn Display) {
        let error = error.to_string();
        let mut sources = self.0.lock();
        let known = sources.entry((kind, name.to_owned())).or_default();
        let is_news = known.error.is_none();
        known.error = Some(error.clone());
        drop(sources);
        if is_news {
            warn!(source = kind.as_str(), name, error, "The source can't be read.");
        }
    }

    /// It is no source any more.
    pub fn forget(&self, kind: SourceKind, name: &str) {
        self.0.lock().remove(&(kind, name.to_owned()));
    }

    /// Those of a kind that are not wanted are no sources any more. To be said again and again: a task that is
    /// ended may be in the middle of saying something.
    pub fn keep(&self, kind: SourceKind, is_wanted: impl Fn(&str) -> bool) {
        self.0.lock().retain(|(known, name), _| *known != kind || is_wanted(name));
    }

    /// All, by kind and name.
    pub fn all(&self) -> BTreeMap<(SourceKind, String), SourceState> {
        self.0.lock().clone()
    }
}
