//! What asking an engine has brought so far.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use reqwest::Url;

use crate::engine_metrics::EngineMetrics;

/// What is known of an engine through asking it. What was learnt of models and version outlives its end, as
/// the best guess.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Where it is in its life.
    pub phase: Phase,
    /// Whether it was asked at all since its start.
    pub was_asked: bool,
    /// Whether it has shown that it is an engine.
    pub is_confirmed: bool,
    /// Where it answered last.
    pub reached: Option<Url>,
    /// As `/version` says.
    pub version: Option<String>,
    /// As `/v1/models` lists them, the name in its metrics first.
    pub models: Option<Vec<String>>,
    /// From its container's start to its first answer; unknown if that was before we looked.
    pub load: Option<Duration>,
    /// Its metrics as they were read last; `None` as soon as they can't be read.
    pub metrics: Option<Arc<EngineMetrics>>,
    /// How reading them goes.
    pub scrapes: Scrapes,
}

/// Where an engine is in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Not known, or it has ended.
    #[default]
    Unknown,
    /// It has not answered since its start.
    Loading,
    /// It answers.
    Up,
    /// It has answered, and does not any more.
    Down,
    /// What answers there is no engine.
    Foreign,
}

/// How reading an engine's metrics goes.
#[derive(Clone, Debug, Default)]
pub struct Scrapes {
    /// They were read.
    pub success: u64,
    /// They were not, or could not be made sense of.
    pub error: u64,
    /// Not within the time that is given.
    pub timeout: u64,
    /// How long the last one took.
    pub took: Option<Duration>,
    /// When they were last read.
    pub last_success: Option<SystemTime>,
}

impl Phase {
    /// In one word, for pages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Loading => "loading",
            Self::Up => "up",
            Self::Down => "down",
            Self::Foreign => "foreign",
        }
    }
}

impl Asked {
    /// What is left when its container has ended, or is about to start again.
    pub fn after_its_end(&self) -> Self {
        Self {
            is_confirmed: self.is_confirmed,
            version: self.version.clone(),
            models: self.models.clone(),
            reached: self.reached.clone(),
            scrapes: Scrapes { took: None, ..self.scrapes.clone() },
            ..Self::default()
        }
    }
}
